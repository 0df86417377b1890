//! The whole process `connect -c Check` over a Unix socket, beside a bare Rust
//! program that sends the same bytes and prints an answer as long: time, memory,
//! and instructions where valgrind is installed. Run with
//! `cargo bench --profile dist --bench process [-- ROUNDS]`.

mod support;

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use support::cpu::{self, pin};
use support::turns::{Variant, compare, rounds};
use support::{CHECK, HEADER_LENGTH, SERVING, memory, request_frame};

const USUAL_ROUNDS: usize = 500;
const BARE: &str = "bare";
const ANSWER_LENGTH: usize = HEADER_LENGTH + SERVING.len();
const PRINTED: &[u8] = b"{\n  \"status\": \"SERVING\"\n}\n";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, path] = arguments.as_slice()
        && role == BARE
    {
        return bare(Path::new(path));
    }
    for placement in cpu::placements()? {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("agent.sock");
        let listener = UnixListener::bind(&path)?;
        thread::spawn(move || pin(placement.server).and_then(|()| serve(&listener)));
        pin(placement.client)?;
        let this = std::env::current_exe()?;
        let address = format!("unix://{}", path.display());
        let bare = || {
            let mut command = Command::new(&this);
            command.arg(BARE).arg(&path);
            command
        };
        let tool = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kata-agent-ctl"));
            command.args(["connect", "--server-address", &address, "-c", "Check"]);
            command
        };
        let variants = vec![
            Variant::new("bare program", || run(&mut bare())),
            Variant::new("tool", || run(&mut tool())),
        ];
        let title = format!("whole processes, {}", placement.name);
        compare(&title, (1.0, "runs/s"), rounds(USUAL_ROUNDS), variants)?;
        if placement.client == placement.server {
            let [bare, tool] = [&bare, &tool as &dyn Fn() -> Command];
            compare_memory(bare, tool)?;
            compare_instructions(bare, tool)?;
        }
    }
    Ok(())
}

/// One connection, one frame each way, one write to standard output.
fn bare(path: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(path)?;
    stream.write_all(&request_frame(CHECK))?;
    let mut answer = [0; ANSWER_LENGTH];
    stream.read_exact(&mut answer)?;
    io::stdout().write_all(PRINTED)
}

fn serve(listener: &UnixListener) -> io::Result<()> {
    let mut answer = request_frame(SERVING);
    // The type of a response.
    answer[8] = 2;
    let mut request = [0; 4096];
    for stream in listener.incoming() {
        let mut stream = stream?;
        if stream.read(&mut request)? > 0 {
            stream.write_all(&answer)?;
        }
    }
    Ok(())
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.stdout != PRINTED {
        let printed = String::from_utf8_lossy(&output.stdout);
        return Err(io::Error::other(format!("unexpected output {printed:?}")));
    }
    Ok(())
}

fn compare_memory(bare: &dyn Fn() -> Command, tool: &dyn Fn() -> Command) -> io::Result<()> {
    const RUNS: usize = 15;
    let measure = |command: &dyn Fn() -> Command| {
        let runs = (0..RUNS).map(|_| memory::of(&mut command()));
        let mut runs = runs.collect::<io::Result<Vec<_>>>()?;
        runs.sort_unstable_by_key(|memory| memory.peak);
        Ok::<_, io::Error>(runs.get(RUNS / 2).copied().unwrap_or_default())
    };
    let (bare, tool) = (measure(bare)?, measure(tool)?);
    println!("\nmemory in KiB, median of {RUNS} runs");
    println!("{:<34} {:>11} {:>11} {:>11}", "", "peak", "of files", "own");
    for (name, memory) in [("bare program", bare), ("tool", tool)] {
        let memory::Memory {
            peak,
            of_files,
            own,
        } = memory;
        println!("{name:<34} {peak:>11} {of_files:>11} {own:>11}");
    }
    println!(
        "ratio of the peaks                 {:>11.2}",
        tool.peak as f64 / bare.peak as f64
    );
    Ok(())
}

fn compare_instructions(bare: &dyn Fn() -> Command, tool: &dyn Fn() -> Command) -> io::Result<()> {
    let (Some(bare), Some(tool)) = (instructions(&bare())?, instructions(&tool())?) else {
        println!("\ninstructions: skipped, as valgrind is not installed");
        return Ok(());
    };
    println!("\ninstructions, the dynamic linker's included");
    println!("{:<34} {bare:>11}", "bare program");
    println!("{:<34} {tool:>11}", "tool");
    println!("{:<34} {:>11.2}", "ratio", tool as f64 / bare as f64);
    Ok(())
}

/// How many instructions a program takes; `None` without valgrind.
fn instructions(program: &Command) -> io::Result<Option<u64>> {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null());
    let output = match command.output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        output => output?,
    };
    let report = String::from_utf8_lossy(&output.stderr);
    let mut lines = report.lines();
    let counted = lines.find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match counted {
        Some(count) => Ok(Some(count)),
        None => Err(io::Error::other(format!("no count in {report:?}"))),
    }
}
