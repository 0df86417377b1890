//! The line discipline of a terminal, as termios(3) has it by default: what is
//! typed is echoed and edited in lines, and some keys are signals. It knows no
//! program.

use crate::sim::process::{Event, Pipe, Process};

use super::control::{SIGHUP, SIGINT, SIGQUIT, SIGTSTP};
use super::streams::{END_OF_INPUT, on_screen};

/// The longest line, in bytes: what is typed beyond it is lost, as in Linux.
const LINE_LIMIT: usize = 4095;

const ERASE: u8 = 0x7f;
const KILL_LINE: u8 = 0x15;

/// Turns what is written to the process's standard input into lines that its
/// programs read from `typed`, until that input ends, which hangs up.
pub(super) async fn type_in(process: &Process, typed: &Pipe) {
    let mut line = Vec::new();
    while let Some(bytes) = process.stdin().next(1024).await {
        for byte in bytes {
            let complete = key(process, &mut line, byte);
            if complete && !typed.write_all(&std::mem::take(&mut line)).await {
                return;
            }
        }
    }
    typed.end();
    process.send(Event::Signal(SIGHUP));
}

/// Takes one key. Whether the line is to be read now.
fn key(process: &Process, line: &mut Vec<u8>, byte: u8) -> bool {
    let signal = match byte {
        0x03 => Some(SIGINT),
        0x1c => Some(SIGQUIT),
        0x1a => Some(SIGTSTP),
        _ => None,
    };
    if let Some(signal) = signal {
        line.clear();
        echo(process, &[b'^', byte + b'@']);
        process.send(Event::Signal(signal));
        return false;
    }
    match byte {
        END_OF_INPUT => {
            // Ends a read, which finds no byte where the line is empty.
            line.push(END_OF_INPUT);
            true
        }
        b'\r' | b'\n' => {
            line.push(b'\n');
            echo(process, b"\n");
            true
        }
        ERASE => {
            erase(process, line);
            false
        }
        KILL_LINE => {
            while !line.is_empty() {
                erase(process, line);
            }
            false
        }
        byte => {
            if line.len() < LINE_LIMIT {
                line.push(byte);
                match byte {
                    b'\t' | b' '.. => echo(process, &[byte]),
                    byte => echo(process, &[b'^', byte + b'@']),
                }
            }
            false
        }
    }
}

/// Takes the last character back.
fn erase(process: &Process, line: &mut Vec<u8>) {
    if line.pop().is_some() {
        echo(process, b"\x08 \x08");
    }
}

/// Shows what was typed. A screen that nobody reads from loses it, as in Linux.
fn echo(process: &Process, bytes: &[u8]) {
    let _ = process.stdout().write(&on_screen(bytes));
}
