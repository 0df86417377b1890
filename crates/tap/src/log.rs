//! Where what passes is told: a thread decodes it, writes the recording, and hands each call to
//! whoever wants it. Nobody who passes bytes waits for the thread.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    /// How the recording is written.
    recorded: Arc<Progress>,
    /// How the lines are.
    printed: Arc<Progress>,
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

/// How many bytes are written at once: less than a pipe holds, as one that is read at all goes
/// on then.
const PIECE: usize = 16 << 10;

/// How far a thread has come with what it writes.
#[derive(Debug, Default)]
struct Progress {
    pieces: AtomicU64,
    /// Whether it waits for a piece to be taken. Otherwise it works, however long that takes.
    is_writing: AtomicBool,
}

impl Progress {
    fn write(&self, to: &mut (dyn Write + Send), text: &[u8]) -> io::Result<()> {
        self.is_writing.store(true, Ordering::Relaxed);
        let mut pieces = text.chunks(PIECE);
        let written = pieces.try_for_each(|piece| {
            self.pieces.fetch_add(1, Ordering::Relaxed);
            to.write_all(piece)
        });
        let written = written.and_then(|()| to.flush());
        self.is_writing.store(false, Ordering::Relaxed);
        written
    }

    /// Waits until the thread has finished, unless a piece is not taken for so long.
    fn goes_on(&self, standstill: Duration, is_finished: impl Fn() -> bool) -> bool {
        let mut last = (0, Instant::now());
        while !is_finished() {
            let now = self.pieces.load(Ordering::Relaxed);
            if now != last.0 || !self.is_writing.load(Ordering::Relaxed) {
                last = (now, Instant::now());
            } else if last.1.elapsed() > standstill {
                return false;
            }
            thread::sleep(LOOK);
        }
        true
    }
}

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
            let line = line_of(&first).map_err(LogError::Recording)?;
            let written = file.write_all(&line).and_then(|()| file.flush());
            written.map_err(LogError::Recording)?;
        }
        let printed = Arc::new(Progress::default());
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
        let recorded = Arc::new(Progress::default());
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
        if !self.recorded.goes_on(UNREAD, || self.thread.is_finished()) {
            let error = io::Error::new(io::ErrorKind::TimedOut, "nobody reads what is written");
            return Err(LogError::Recording(error));
        }
        let recorded = self.thread.join().map_err(ended)?;
        let (unread, is_cut) = match self.lines {
            Some(lines) if self.printed.goes_on(STANDSTILL, || lines.is_finished()) => {
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

/// What the thread has.
struct Writer {
    recorded: Arc<Progress>,
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
                        let written = self.recorded.write(file.as_mut(), &text);
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
    out: &mut (dyn Write + Send),
    printed: &Progress,
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
        printed.write(out, &text)?;
    }
}
