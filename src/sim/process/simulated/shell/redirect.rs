//! Where the streams of a command go. There are no files but those of `/dev`
//! that are streams, so everything else is refused.

use super::Shell;
use super::syntax::{Redirect, Target};
use crate::sim::process::simulated::streams::{Broken, Input, Io, Output};

impl Shell {
    /// The streams of a command. `None` if one cannot be had.
    pub(super) async fn redirected(
        &mut self,
        redirects: &[Redirect],
        io: &Io,
    ) -> Result<Option<Io>, Broken> {
        let mut io = io.clone();
        for redirect in redirects {
            let (Target::Read(word) | Target::Write(word) | Target::Stream(word)) = &redirect.to;
            let Ok(target) = self.text(word, &io).await else {
                self.complain("a file's name is too long", &io).await?;
                return Ok(None);
            };
            let problem = self.redirect(redirect, &target, &mut io);
            if let Err(problem) = problem {
                self.complain(&problem, &io).await?;
                return Ok(None);
            }
        }
        Ok(Some(io))
    }

    fn redirect(&self, redirect: &Redirect, target: &str, io: &mut Io) -> Result<(), String> {
        let output = match (&redirect.to, target) {
            (Target::Read(_), "/dev/null") => {
                io.input = Input::Null;
                return Ok(());
            }
            (Target::Read(_), "/dev/stdin") => return Ok(()),
            (Target::Read(_), file) => {
                return Err(format!("can't open {file}: No such file or directory"));
            }
            (Target::Stream(_), "0") if redirect.stream == 0 => return Ok(()),
            (Target::Write(_), "/dev/null") | (Target::Stream(_), "-") => Output::Null,
            (Target::Write(_), "/dev/stdout") | (Target::Stream(_), "1") => io.output.clone(),
            (Target::Write(_), "/dev/stderr") | (Target::Stream(_), "2") => io.errors.clone(),
            (Target::Write(_), file) => {
                return Err(format!("can't create {file}: Read-only file system"));
            }
            (Target::Stream(_), stream) => return Err(format!("{stream}: bad file descriptor")),
        };
        match redirect.stream {
            0 => io.input = Input::Null,
            1 => io.output = output,
            2 => io.errors = output,
            // Streams beyond the three are not simulated, nor read by anyone.
            _ => {}
        }
        Ok(())
    }
}
