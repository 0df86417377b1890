//! Programs that write text: `echo`, `cat`, `yes`. There are no files to read.

use super::printf;
use super::programs::Ended;
use super::streams::Io;

pub(super) async fn line(text: &str, io: &Io) -> Ended {
    io.output.write(format!("{text}\n").as_bytes()).await?;
    Ok(0)
}

/// `echo [-neE] WORD...`, as in bash and busybox.
pub(super) async fn echo(args: &[String], io: &Io) -> Ended {
    let (mut newline, mut escapes) = (true, false);
    let is_option = |arg: &&String| {
        let letters = arg.strip_prefix('-').filter(|letters| !letters.is_empty());
        letters.is_some_and(|letters| letters.chars().all(|letter| "neE".contains(letter)))
    };
    let options = args.iter().take_while(is_option).count();
    for letter in args.iter().take(options).flat_map(|arg| arg.chars()) {
        match letter {
            'n' => newline = false,
            'e' => escapes = true,
            'E' => escapes = false,
            _ => {}
        }
    }
    let words = args.get(options..).unwrap_or_default().join(" ");
    let mut bytes = words.into_bytes();
    if escapes {
        let (unescaped, ended) = printf::unescape(&bytes);
        bytes = unescaped;
        newline &= !ended;
    }
    if newline {
        bytes.push(b'\n');
    }
    io.output.write(&bytes).await?;
    Ok(0)
}

pub(super) async fn cat(args: &[String], io: &Io) -> Ended {
    let standard = ["-".to_owned()];
    let files = if args.is_empty() { &standard } else { args };
    let mut status = 0;
    for file in files {
        match file.as_str() {
            "-" | "/dev/stdin" => {
                while let Some(bytes) = io.input.chunk().await {
                    io.output.write(&bytes).await?;
                }
            }
            "-u" | "--" | "/dev/null" => {}
            file => {
                io.complain(&format!("cat: {file}: No such file or directory"))
                    .await?;
                status = 1;
            }
        }
    }
    Ok(status)
}

pub(super) async fn yes(args: &[String], io: &Io) -> Ended {
    let line = match args {
        [] => "y\n".to_owned(),
        words => format!("{}\n", words.join(" ")),
    };
    loop {
        io.output.write(line.as_bytes()).await?;
    }
}
