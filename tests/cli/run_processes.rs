//! `serve --run-processes`: programs of this machine behind the processes of
//! containers.

use crate::tool::tool;

#[test]
fn the_superuser_must_mean_it() {
    tool(["serve", "--address", "unix://./agent.sock", "--allow-root"])
        .status(2)
        .stderr("error: the following required arguments were not provided: --run-processes\n")
        .test();
    if nix::unistd::geteuid().is_root() {
        tool([
            "serve",
            "--address",
            "unix://./agent.sock",
            "--run-processes",
        ])
        .status(2)
        .stderr(
            "error: --run-processes would let whoever calls the agent run programs as root on \
                 this machine: serve as another user, or add --allow-root if that is meant\n",
        )
        .test();
    }
}
