//! A guest whose init starts this project's binary as the agent.

use std::fs;
use std::ops::Deref;
use std::path::Path;

use test_support::vm::{Contents, LIMIT, Machine, Pieces, build};

use crate::tool::{Tool, connect, program};

/// The port of the agent that init starts.
pub(crate) const AGENT: u32 = 1024;

/// A guest, ended when it is dropped or when this process ends, however it does.
pub(crate) struct Guest(Machine);

impl Guest {
    /// Starts a guest, which has not booted yet. Its console is kept in a file
    /// below its name.
    pub(crate) fn start(pieces: &Pieces, name: &str) -> Result<Guest, String> {
        let folder = pieces.folder.join(name);
        let _ = fs::remove_dir_all(&folder);
        let contents = Contents {
            programs: &[(Path::new(program()), "kata-agent-ctl")],
            files: &[],
            start: START,
        };
        let image = build(pieces, &folder, &contents)?;
        Machine::start(pieces, &folder, &image).map(Guest)
    }

    /// The tool on this machine, with these arguments after the address of a
    /// port of the guest.
    pub(crate) fn connect(&self, port: u32, arguments: &[&str]) -> Tool {
        // Relative, as the path of a socket must be short.
        let address = format!("hvsock://./vm.sock:{port}");
        connect(&address, ["--connect-timeout", "200s"])
            .arguments(arguments)
            .folder(self.folder())
            .limit(LIMIT)
    }
}

impl Deref for Guest {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.0
    }
}

/// The agent, started again whenever it ends.
const START: &str = "\
while :; do
    kata-agent-ctl serve --address vsock://-1:1024 </dev/null >>/requests
    echo \"the agent ended: $?\"
done
";
