//! `serve`: makes what its options say, and serves it.

use std::sync::Arc;

use agent_sim::{Feature, GuestOptions, Policy, Root};

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
        guest: guest(schema, options)?,
        faults: Arc::new(rules::faults(schema, &options.rules)?),
    };
    serve::serve(options, schema)?;
    Ok(0)
}

fn guest(schema: &'static Schema, options: &Serve) -> Result<GuestOptions, Error> {
    if options.run_processes && !options.allow_root && nix::unistd::geteuid().is_root() {
        let message = "--run-processes would let whoever calls the agent run programs as root on \
                       this machine: serve as another user, or add --allow-root if that is meant";
        return Err(Error::usage(message));
    }
    let root = options.root.as_deref().map(Root::open).transpose();
    let root = root.map_err(|error| Error::usage(format_args!("--root: {error}")))?;
    let mut guest = GuestOptions::new(options.feature.iter().copied(), root);
    guest.run_processes = options.run_processes;
    if guest.features.contains(&Feature::Policy) {
        guest.policy = Some(policy(schema)?);
    }
    Ok(guest)
}

/// What judges requests by a policy, where that is built in.
fn policy(schema: &'static Schema) -> Result<Arc<dyn Policy>, Error> {
    #[cfg(feature = "policy")]
    return Ok(Arc::new(crate::policy::Judged::new(schema)));
    #[cfg(not(feature = "policy"))]
    {
        let _ = schema;
        let message = "--feature policy: this build of the tool cannot evaluate policies";
        Err(Error::usage(message))
    }
}
