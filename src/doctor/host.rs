//! The stages on the host: from a sandbox to its agent's address.

use agent_node::{Process, Sandbox, ShimAnswer};

use super::{Patient, Stages};
use crate::transport::Address;

/// Goes through them; gives the address, if there is one to go on with.
pub(super) fn examine(patient: &Patient<'_>, stages: &mut Stages) -> Option<Address> {
    match patient {
        Patient::Missing { found, advice } => {
            stages.failed(found.as_str(), advice.as_str());
            None
        }
        Patient::Address(address) => {
            for _ in 0..3 {
                stages.skipped("an address was given, and not a sandbox");
            }
            stages.ok(address.to_string());
            Some(address.clone())
        }
        Patient::Sandbox(_, sandbox) => of_sandbox(sandbox, stages),
    }
}

fn of_sandbox(sandbox: &Sandbox, stages: &mut Stages) -> Option<Address> {
    let pod = sandbox.pod.as_ref().map(|pod| format!(" of the pod {pod}"));
    let (id, runtime) = (&sandbox.id, sandbox.runtime.name());
    let containers = match sandbox
        .containers
        .iter()
        .filter(|it| !it.is_sandbox)
        .count()
    {
        1 => "1 container".to_owned(),
        count => format!("{count} containers"),
    };
    stages.ok(format!(
        "{id}{}, with {containers}, by the {runtime} runtime",
        pod.unwrap_or_default()
    ));
    process(sandbox, stages);
    monitor(sandbox, stages);
    match &sandbox.address {
        Some(address) if !sandbox.is_gone() => {
            stages.ok(address.to_string());
            Some(address.clone())
        }
        Some(address) => {
            stages.skipped(format!("it was {address}, and nobody is there any more"));
            None
        }
        None => {
            let advice = match sandbox.state() {
                agent_node::State::Running => {
                    "if the guest is still starting, try again in a few seconds; else see why it \
                     does not start in the log of the runtime"
                }
                _ => "do what is said of the stage before",
            };
            stages.failed(
                "neither the shim nor the runtime's state file tells it",
                advice,
            );
            None
        }
    }
}

fn process(sandbox: &Sandbox, stages: &mut Stages) {
    let name = sandbox.hypervisor.as_deref().unwrap_or("the hypervisor");
    match sandbox.process {
        None => stages.skipped("the runtime has not written down which it is"),
        Some(Process {
            id,
            is_alive: Some(true),
        }) => stages.ok(format!("{name} runs as process {id}")),
        Some(Process { id, is_alive: None }) => stages.skipped(format!(
            "whether {name} runs as process {id} cannot be seen from here"
        )),
        Some(process) => {
            let folder = sandbox.folder.display();
            let advice = match sandbox.state() {
                agent_node::State::LeftOver => {
                    format!("the sandbox is gone: have its pod deleted, and remove {folder}")
                }
                _ => "the guest has ended under its shim: have its pod deleted, and see why in \
                      the log of the runtime"
                    .to_owned(),
            };
            stages.failed(
                format!("{name}, process {}, does not run any more", process.id),
                advice,
            );
        }
    }
}

fn monitor(sandbox: &Sandbox, stages: &mut Stages) {
    let socket = sandbox.monitor();
    let socket = socket.display();
    match &sandbox.answer {
        ShimAnswer::Said { status: 200, .. } if sandbox.advice().is_none() => {
            stages.ok(format!("the shim answers on {socket}"));
        }
        ShimAnswer::Said { .. } => {
            let found = sandbox.advice().unwrap_or_default();
            // The address may still be known from the runtime's state file.
            match sandbox.address {
                Some(_) => stages.ok(found),
                None => stages.failed(
                    found,
                    "try again in a few seconds; if it stays so, see the log of the runtime",
                ),
            }
        }
        ShimAnswer::Silent => stages.failed(
            format!("the shim does not answer on {socket}"),
            "the shim hangs: see its log, and its stack by SIGUSR1",
        ),
        ShimAnswer::Denied => stages.failed(
            format!("permission denied for {socket}"),
            "run this as root",
        ),
        ShimAnswer::NobodyListens | ShimAnswer::NoSocket => stages.failed(
            format!("nobody listens on {socket}"),
            "the shim has ended: have the pod deleted, and see why in the log of the runtime",
        ),
        ShimAnswer::Garbled => stages.failed(
            format!("what answers on {socket} does not speak HTTP"),
            "find out which process listens there, as it is not a shim of Kata's",
        ),
        ShimAnswer::Failed(reason) => stages.failed(
            format!("{socket}: {reason}"),
            "see that the path is that of a shim's socket",
        ),
    }
}
