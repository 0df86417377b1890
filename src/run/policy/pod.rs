//! The policy that the pod of a sandbox on this host brought: its containers' bundles have the
//! pod's annotations.

use std::time::Duration;

use agent_node::Sandbox;
use agent_policy::source::{self, ANNOTATIONS};
use agent_policy::{Agent, JudgeError, Rego};

use crate::error::Error;
use crate::log::Logger;
use crate::run::sandboxes;
use crate::schema::Schema;

/// What its policy is called in messages: initdata has it by this name.
pub(super) const FILE: &str = "policy.rego";
/// How long it may take for one answer, where no option says.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The policy of the sandbox that is meant.
///
/// # Errors
/// When there is no such sandbox, or it has none.
pub(super) fn of_sandbox(
    which: &str,
    host_root: Option<&str>,
    logger: Logger,
) -> Result<String, Error> {
    let survey = sandboxes::survey(&sandboxes::host(host_root)?, logger);
    let sandbox = survey.sandbox(which)?;
    let within = |error: Error| error.within(format_args!("the sandbox {}", sandbox.id));
    let policy = source::in_annotations(|name| sandbox.annotation(name));
    policy.map_err(|error| within(error.into()))?.ok_or_else(|| {
        within(Error::usage(format_args!(
            "its pod brought no policy, so it has that of its guest: no bundle of a container has \
             the annotation {}",
            ANNOTATIONS.join(" or ")
        )))
    })
}

/// What is to be said of the policy that a pod brought, if it brought one: which calls it never
/// allows.
pub(in crate::run) fn said(schema: &'static Schema, sandbox: &Sandbox) -> Option<String> {
    let policy = match source::in_annotations(|name| sandbox.annotation(name)) {
        Ok(policy) => policy?,
        Err(error) => return Some(format!("the pod's policy cannot be read: {error}")),
    };
    let mut agent = Agent::new(super::program, TIMEOUT, &policy, Rego::V1);
    if let Err(JudgeError::NotTaken { is_v0: true, .. }) = &agent {
        agent = Agent::new(super::program, TIMEOUT, &policy, Rego::V0);
    }
    let never = agent.and_then(|mut agent| agent_policy::never_allowed(&mut agent, schema));
    Some(match never {
        Ok(never) if never.is_empty() => {
            "there is no call that the pod's policy never allows".to_owned()
        }
        Ok(never) => {
            let names: Vec<_> = never.iter().map(|rpc| rpc.name).collect();
            format!("the pod's policy never allows {}", names.join(", "))
        }
        Err(error) => format!("the pod's policy: {error}"),
    })
}
