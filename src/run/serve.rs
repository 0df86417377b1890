//! `serve`: makes what its options say, and serves it.

use std::sync::Arc;

use agent_sim::{Feature, GuestOptions, Policy, Root};

use crate::cli::Serve;
use crate::error::Error;
use crate::rules;
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
        policy: policy(schema, options)?,
        #[cfg(feature = "tap")]
        recorded: recorded(schema, options)?,
        #[cfg(not(feature = "tap"))]
        recorded: None,
        faults: Arc::new(rules::faults(schema, &options.rules)?),
    };
    serve::serve(options, schema)?;
    Ok(0)
}

/// The answers of a recording. What they lack is told, as it cannot be answered.
#[cfg(feature = "tap")]
fn recorded(
    schema: &'static Schema,
    options: &Serve,
) -> Result<Option<Box<dyn agent_sim::Recorded>>, Error> {
    use super::recordings::{COMPARISON, open, unreadable, warn_if_cut};
    use crate::log::say;

    let Some(path) = &options.from else {
        return Ok(None);
    };
    let answers = agent_tap::Answers::read(schema, open(path)?, COMPARISON);
    let answers = answers.map_err(|error| unreadable(path, &error))?;
    warn_if_cut(&format!("{path:?}"), answers.is_cut());
    if answers.lost() > 0 {
        say(format_args!(
            "warning: {path:?}: {} frames are missing in the recording",
            answers.lost()
        ));
    }
    Ok(Some(Box::new(serve::recorded::FromRecording(answers))))
}

#[cfg(feature = "policy")]
fn policy(schema: &'static Schema, options: &Serve) -> Result<Option<Box<dyn Policy>>, Error> {
    let engine = || Box::new(serve::policy::Engine::new(schema, super::policy::program)) as _;
    Ok(options.feature.contains(&Feature::Policy).then(engine))
}

#[cfg(not(feature = "policy"))]
fn policy(_: &'static Schema, options: &Serve) -> Result<Option<Box<dyn Policy>>, Error> {
    match options.feature.contains(&Feature::Policy) {
        true => Err(Error::usage(
            "--feature policy: this build has no engine for policies",
        )),
        false => Ok(None),
    }
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
