//! Who runs a program, and why one cannot be run.

use std::io;

use nix::errno::Errno;

use super::{Process, Program, Runner, real, simulated};

/// How processes are run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Launcher {
    /// They are played: nothing of this machine runs.
    #[default]
    Simulated,
    /// They are run on this machine.
    Real,
}

/// Why a program cannot be run. The agent answers it as INTERNAL.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LaunchError {
    /// There is not even a name.
    #[error("the process has no arguments, and the first one names the program")]
    NoProgram,
    /// It is not there, as the real agent tells it.
    #[error("the file {0} was not found")]
    NotFound(String),
    /// It cannot start where it should. The real agent does not tell where that is.
    #[error("{}", Errno::from_raw(.0.raw_os_error().unwrap_or(0)))]
    Folder(io::Error),
    /// This machine starts no process.
    #[error("the program cannot be started: {}", agent_text::reason(.0))]
    Spawn(io::Error),
}

/// What is to be run, and by whom.
#[derive(Debug)]
pub(super) struct Runs {
    pub(super) launcher: Launcher,
    pub(super) program: Program,
}

impl Launcher {
    /// A process that does not run yet: [`Process::start`] starts it.
    ///
    /// # Errors
    /// When it is plain already that the program cannot be run.
    pub(crate) fn create(self, program: Program) -> Result<Process, LaunchError> {
        if program.args.first().is_none_or(String::is_empty) {
            return Err(LaunchError::NoProgram);
        }
        let launcher = match self {
            Launcher::Simulated => Launcher::Simulated,
            Launcher::Real => match real::check(&program) {
                // The program of a pod's own container is in no package.
                Err(LaunchError::NotFound(name)) if simulated::is_pause(&name) => {
                    Launcher::Simulated
                }
                checked => checked.map(|()| Launcher::Real)?,
            },
        };
        Ok(Process::new(Runs { launcher, program }))
    }

    /// Creates and starts a process.
    #[cfg(test)]
    pub(crate) fn launch(self, program: Program) -> Result<Process, LaunchError> {
        let process = self.create(program)?;
        process.start()?;
        Ok(process)
    }
}

impl Runs {
    pub(super) fn start(self, runner: Runner) -> Result<(), LaunchError> {
        match self.launcher {
            Launcher::Simulated => {
                simulated::start(self.program, runner);
                Ok(())
            }
            Launcher::Real => real::start(&self.program, runner),
        }
    }
}
