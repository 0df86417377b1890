//! A server in a process of its own that does no more than it must: it reads a
//! frame's length, takes the frame, and answers with bytes made beforehand, those of
//! several answers in turn.
//! A connection that begins with `RAW` has no frames at all: so many bytes are
//! read, then so many written.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use super::{HEADER_LENGTH, cpu};

const ROLE: &str = "serve";
/// No frame begins so: it would be too long.
const RAW: u8 = 0xff;
const LARGEST_FRAME: usize = HEADER_LENGTH + (4 << 20);
const HOW_LONG_IT_STARTS: Duration = Duration::from_secs(10);

/// The server's process. It ends with this.
pub(crate) struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts this program again as a server on a CPU, which gives these answers in turn.
    pub(crate) fn start(cpu: usize, answers: &[&[u8]]) -> io::Result<Server> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("s");
        for (number, answer) in answers.iter().enumerate() {
            fs::write(answer_file(&path, number), answer)?;
        }
        let child = Command::new(env::current_exe()?)
            .args([ROLE, &cpu.to_string()])
            .arg(&path)
            .stdin(Stdio::null())
            .spawn()?;
        let server = Server { child, folder };
        for _ in 0..HOW_LONG_IT_STARTS.as_millis() {
            if path.exists() {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(io::Error::other("the server did not start"))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    pub(crate) fn uri(&self) -> String {
        format!("unix://{}", self.path().display())
    }

    /// A connection for frames.
    pub(crate) fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(self.path())
    }

    /// A connection that takes `request` bytes and gives `answer` bytes in turn.
    pub(crate) fn connect_raw(&self, request: usize, answer: usize) -> io::Result<UnixStream> {
        let mut stream = self.connect()?;
        let mut greeting = vec![RAW];
        for length in [request, answer] {
            let length = u32::try_from(length).map_err(io::Error::other)?;
            greeting.extend_from_slice(&length.to_be_bytes());
        }
        stream.write_all(&greeting)?;
        Ok(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves for ever, if this process was started to.
pub(crate) fn serve_if_asked() -> io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let [_, role, cpu, path] = arguments.as_slice() else {
        return Ok(());
    };
    if role != ROLE {
        return Ok(());
    }
    cpu::pin(cpu.parse().map_err(io::Error::other)?)?;
    let path = Path::new(path);
    let mut answers = Vec::new();
    while let Ok(answer) = fs::read(answer_file(path, answers.len())) {
        answers.push(answer);
    }
    for stream in UnixListener::bind(path)?.incoming() {
        let (stream, answers) = (stream?, answers.clone());
        // A client that goes away ends its thread.
        thread::spawn(move || serve(stream, &answers));
    }
    Ok(())
}

/// Where the server on this path finds an answer.
fn answer_file(path: &Path, number: usize) -> PathBuf {
    path.with_file_name(format!("answer-{number}"))
}

fn serve(mut stream: UnixStream, answers: &[Vec<u8>]) -> io::Result<()> {
    let mut first = [0; HEADER_LENGTH - 1];
    stream.read_exact(&mut first)?;
    if first[0] == RAW {
        let number = |at: usize| {
            let bytes = first.get(at..at + 4).unwrap_or_default();
            bytes
                .iter()
                .fold(0, |number, &byte| number << 8 | usize::from(byte))
        };
        return move_bytes(stream, number(1), number(5));
    }
    answer_frames(stream, &first, answers)
}

fn move_bytes(mut stream: UnixStream, request: usize, answer: usize) -> io::Result<()> {
    let (mut request, answer) = (vec![0; request], vec![0; answer]);
    loop {
        stream.read_exact(&mut request)?;
        stream.write_all(&answer)?;
    }
}

/// Answers all frames that have come with one write.
fn answer_frames(mut stream: UnixStream, first: &[u8], answers: &[Vec<u8>]) -> io::Result<()> {
    let mut in_turn = answers.iter().cycle();
    let mut buffer = vec![0; 2 * LARGEST_FRAME];
    buffer[..first.len()].copy_from_slice(first);
    let (mut start, mut end) = (0, first.len());
    let mut frames = Vec::new();
    loop {
        frames.clear();
        while let Some(header) = buffer[start..end].first_chunk::<HEADER_LENGTH>() {
            let [l0, l1, l2, l3, s0, s1, s2, s3, ..] = *header;
            let size = HEADER_LENGTH + u32::from_be_bytes([l0, l1, l2, l3]) as usize;
            if end - start < size {
                break;
            }
            let answer = in_turn.next().map_or(&[][..], Vec::as_slice);
            let length = u32::try_from(answer.len()).unwrap_or(u32::MAX);
            frames.extend_from_slice(&length.to_be_bytes());
            frames.extend_from_slice(&[s0, s1, s2, s3, 2, 0]);
            frames.extend_from_slice(answer);
            start += size;
        }
        if !frames.is_empty() {
            stream.write_all(&frames)?;
        }
        if start == end {
            (start, end) = (0, 0);
        } else if buffer.len() - start < LARGEST_FRAME {
            buffer.copy_within(start..end, 0);
            (start, end) = (0, end - start);
        }
        match stream.read(&mut buffer[end..])? {
            0 => return Ok(()),
            count => end += count,
        }
    }
}
