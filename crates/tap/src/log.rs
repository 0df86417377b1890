//! Where what passes is told: a thread decodes it, writes the recording, and hands each call to
//! whoever wants it. Nobody who passes bytes waits for the thread.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use agent_faults::Budget;
use agent_schema::Schema;
use rustix::process::{getpriority_process, setpriority_process};

use crate::calls::{Calls, Told};
use crate::conversation::Piece;
use crate::queue::{self, Loss, Receiver, Sender, Taken};
use crate::recorder::{Event, Recorder, What};
use crate::recording::Record;

/// How many bytes of frames that have come in part all connections may keep together.
const KEPT: usize = 16 << 20;
/// How many bytes of frames may wait to be decoded: a dozen of the largest frames and more.
const WAITING_FRAMES: usize = 48 << 20;
/// How many bytes of lines may wait for the reader of standard output.
const WAITING_LINES: usize = 16 << 20;
/// By how much the log's threads stand back: they get a tenth of a processor that others want.
const NICENESS: i32 = 10;
/// What an event takes beside its bytes, so that many small ones are bounded too.
const EVENT: usize = 200;

/// Takes what passes. Clones take it to the same place.
#[derive(Debug, Clone)]
pub struct Log {
    events: Sender<Event>,
    kept: Budget,
}

/// What of a log cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The recording's file takes no more.
    #[error("the recording cannot be written: {}", agent_text::reason(.0))]
    Recording(io::Error),
    /// The lines of calls go nowhere any more.
    #[error("the calls cannot be printed: {}", agent_text::reason(.0))]
    Lines(io::Error),
    /// There is no thread for it.
    #[error("no thread for the log: {}", agent_text::reason(.0))]
    Thread(io::Error),
}

/// The thread behind a [`Log`], and what it has to say in the end.
#[derive(Debug)]
pub struct LogThread {
    thread: JoinHandle<Result<(), LogError>>,
    lines: Option<JoinHandle<io::Result<Loss>>>,
    /// How many frames and other events were recorded.
    recorded: Arc<AtomicU64>,
    /// How many bytes of lines were printed.
    printed: Arc<AtomicU64>,
    lost: Arc<Mutex<Loss>>,
}

/// Where a log goes.
pub struct Sinks {
    /// The first line of the recording says that this was recorded.
    pub what: String,
    /// The recording's file.
    pub recording: Option<Box<dyn Write + Send>>,
    /// Told at once when the recording ends before its time. The calls are printed on.
    pub failed: fn(&LogError),
    /// Each call as a line of JSON, for people and scripts.
    pub lines: Option<Box<dyn Write + Send>>,
}

/// What a log has told in the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Frames that passed and are not in the log, as it could not be written fast enough or too
    /// many came in part.
    pub lost: Loss,
    /// Lines of calls that are in the recording and were not printed, as nobody read them.
    pub unread: Loss,
    /// Whether nobody read what was printed last, so that some of it was given up.
    pub is_cut: bool,
}

/// How long the end waits for a reader of the lines that reads nothing.
const STANDSTILL: Duration = Duration::from_secs(2);
/// How long it waits for whoever takes the recording and does not.
const UNREAD: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(5);

/// How many bytes of lines are written at once: less than a pipe holds, as one that is read at
/// all goes on then.
const PIECE: usize = 16 << 10;

/// Lets whoever passes bytes have the processor before this thread.
fn stand_back() {
    // The kernel keeps a priority for each thread. Where it refuses, the thread runs as others.
    let now = getpriority_process(None).unwrap_or(0);
    let _ = setpriority_process(None, (now + NICENESS).min(19));
}

impl Log {
    /// Starts the threads of a log.
    ///
    /// # Errors
    /// When the recording cannot be begun, or there is no room for another thread.
    pub fn start(schema: &'static Schema, sinks: Sinks) -> Result<(Log, LogThread), LogError> {
        let (events, received) = queue::queue(WAITING_FRAMES);
        let mut recording = sinks.recording;
        if let Some(file) = &mut recording {
            let first = Record::first(SystemTime::now(), &sinks.what);
            let written = line_of(&first).and_then(|line| write(file.as_mut(), &line));
            written.map_err(LogError::Recording)?;
        }
        let printed = Arc::new(AtomicU64::new(0));
        let (lines, line_thread) = match sinks.lines {
            None => (None, None),
            Some(mut out) => {
                let (lines, received) = queue::queue(WAITING_LINES);
                let count = Arc::clone(&printed);
                let thread = thread::Builder::new()
                    .name("lines".to_owned())
                    .spawn(move || {
                        stand_back();
                        write_lines(&received, out.as_mut(), &count)
                    })
                    .map_err(LogError::Thread)?;
                (Some(lines), Some(thread))
            }
        };
        let lost = Arc::new(Mutex::new(Loss::default()));
        let recorded = Arc::new(AtomicU64::new(0));
        let mut writer = Writer {
            recorded: Arc::clone(&recorded),
            recorder: Recorder::new(schema),
            recording,
            failed: sinks.failed,
            calls: Calls::default(),
            lines,
            lost: Arc::clone(&lost),
        };
        let thread = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                stand_back();
                writer.run(&received)
            })
            .map_err(LogError::Thread)?;
        let threads = LogThread {
            thread,
            recorded,
            lines: line_thread,
            printed,
            lost,
        };
        let kept = Budget::new(KEPT);
        Ok((Log { events, kept }, threads))
    }

    /// Takes an event, unless too much waits already.
    pub(crate) fn offer(&self, event: Event) {
        let bytes = match &event.what {
            What::Said(_, Piece::Frame(frame)) => frame.data.len(),
            What::Said(_, Piece::Other { bytes, .. }) => bytes.len(),
            _ => 0,
        };
        self.events.offer(EVENT + bytes, event);
    }

    /// Takes an event without which those behind it are hard to read, unless far too much waits.
    pub(crate) fn insist(&self, event: Event) {
        self.events.insist(EVENT, event);
    }

    /// What all connections that are told here may keep together.
    pub(crate) fn kept(&self) -> &Budget {
        &self.kept
    }
}

impl LogThread {
    /// Waits until all is written, once every [`Log`] is gone.
    ///
    /// # Errors
    /// When the recording, or the lines, could not be written.
    pub fn finish(self) -> Result<Summary, LogError> {
        let ended = |_| LogError::Thread(io::Error::other("it has ended before its time"));
        // A disk may stand still for a while; the reader of a pipe may for ever.
        if !goes_on(&self.recorded, UNREAD, || self.thread.is_finished()) {
            let error = io::Error::new(io::ErrorKind::TimedOut, "nobody reads what is written");
            return Err(LogError::Recording(error));
        }
        let recorded = self.thread.join().map_err(ended)?;
        let (unread, is_cut) = match self.lines {
            Some(lines) if goes_on(&self.printed, STANDSTILL, || lines.is_finished()) => {
                let unread = lines.join().map_err(ended)?.map_err(LogError::Lines)?;
                (unread, false)
            }
            lines => (Loss::default(), lines.is_some()),
        };
        recorded?;
        let lost = *self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Summary {
            lost,
            unread,
            is_cut,
        })
    }
}

/// Waits until something is finished, as long as what it counts goes on, but for standstills.
fn goes_on(count: &AtomicU64, standstill: Duration, is_finished: impl Fn() -> bool) -> bool {
    let mut last = (count.load(Ordering::Relaxed), Instant::now());
    while !is_finished() {
        let now = count.load(Ordering::Relaxed);
        if now != last.0 {
            last = (now, Instant::now());
        } else if last.1.elapsed() > standstill {
            return false;
        }
        thread::sleep(LOOK);
    }
    true
}

/// What the thread has.
struct Writer {
    recorded: Arc<AtomicU64>,
    recorder: Recorder,
    recording: Option<Box<dyn Write + Send>>,
    failed: fn(&LogError),
    calls: Calls,
    lines: Option<Sender<Vec<u8>>>,
    lost: Arc<Mutex<Loss>>,
}

impl Writer {
    fn run(&mut self, events: &Receiver<Event>) -> Result<(), LogError> {
        let mut failure = Ok(());
        loop {
            let mut ended = true;
            let mut text = Vec::new();
            let mut events = events.take().peekable();
            while let Some(taken) = events.next() {
                ended = false;
                self.recorded.fetch_add(1, Ordering::Relaxed);
                let record = match taken {
                    Taken::Item(event) => {
                        if let What::Said(_, Piece::LeftOut(bytes)) = event.what {
                            self.lose(Loss {
                                items: 1,
                                bytes: bytes as u64,
                            });
                        }
                        self.recorder.record(event)
                    }
                    Taken::Lost(loss) => {
                        self.lose(loss);
                        Recorder::lost(SystemTime::now(), loss)
                    }
                };
                if let Some(file) = &mut self.recording {
                    let is_last = events.peek().is_none();
                    let written = line_of(&record).and_then(|line| {
                        text.extend_from_slice(&line);
                        if !is_last && text.len() < MOST_TEXT {
                            return Ok(());
                        }
                        let written = write(file.as_mut(), &text);
                        text.clear();
                        written
                    });
                    if let Err(error) = written {
                        let error = LogError::Recording(error);
                        (self.failed)(&error);
                        failure = Err(error);
                        self.recording = None;
                    }
                }
                let lines = &self.lines;
                self.calls
                    .take(record, |told| put_line(lines.as_ref(), &told));
            }
            if ended {
                let lines = self.lines.take();
                let calls = std::mem::take(&mut self.calls);
                calls.finish(|told| put_line(lines.as_ref(), &told));
                return failure;
            }
        }
    }
}

impl Writer {
    fn lose(&self, loss: Loss) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.add(loss);
    }
}

fn line_of(record: &Record) -> io::Result<Vec<u8>> {
    Ok(record.line()?)
}

fn write(file: &mut (dyn Write + Send), text: &[u8]) -> io::Result<()> {
    file.write_all(text)?;
    file.flush()
}

/// What is written to the recording at once.
const MOST_TEXT: usize = 1 << 20;

fn put_line(lines: Option<&Sender<Vec<u8>>>, told: &Told) {
    if let (Some(lines), Told::Call(call)) = (lines, told)
        && let Ok(line) = call.line()
    {
        lines.offer(line.len(), line);
    }
}

/// Writes lines as they come, and tells how many had no room because nobody took them.
fn write_lines(
    lines: &Receiver<Vec<u8>>,
    out: &mut dyn Write,
    printed: &AtomicU64,
) -> io::Result<Loss> {
    let mut lost = Loss::default();
    loop {
        let mut ended = true;
        let mut text = Vec::new();
        for taken in lines.take() {
            ended = false;
            match taken {
                Taken::Item(line) => text.extend_from_slice(&line),
                Taken::Lost(loss) => lost.add(loss),
            }
        }
        if ended {
            return Ok(lost);
        }
        for piece in text.chunks(PIECE) {
            out.write_all(piece)?;
            printed.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        out.flush()?;
    }
}
