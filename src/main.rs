//! `kata-agent-ctl`: arguments in, exit status out.

fn main() {}
