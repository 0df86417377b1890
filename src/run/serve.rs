//! `serve`: makes what its options say, and serves it.

use std::sync::Arc;

use agent_sim::{GuestOptions, Root};

use super::rules;
use crate::cli::Serve;
use crate::error::Error;
use crate::schema::Schema;
use crate::serve::{self, ServeOptions};

/// Serves the simulated agent until a signal ends it.
///
/// # Errors
/// When an option is wrong, or it cannot be served.
pub(super) fn run(schema: &'static Schema, options: &Serve) -> Result<u8, Error> {
    let options = ServeOptions {
        address: options.address.parse()?,
        guest: guest(options)?,
        faults: Arc::new(rules::faults(schema, &options.rules)?),
    };
    serve::serve(options, schema)?;
    Ok(0)
}

fn guest(options: &Serve) -> Result<GuestOptions, Error> {
    if options.run_processes && !options.allow_root && nix::unistd::geteuid().is_root() {
        let message = "--run-processes would let whoever calls the agent run programs as root on \
                       this machine: serve as another user, or add --allow-root if that is meant";
        return Err(Error::usage(message));
    }
    let root = options.root.as_deref().map(Root::open).transpose();
    let root = root.map_err(|error| Error::usage(format_args!("--root: {error}")))?;
    let mut guest = GuestOptions::new(options.feature.iter().copied(), root);
    guest.run_processes = options.run_processes;
    Ok(guest)
}
