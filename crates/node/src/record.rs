//! What the runtimes write down of a sandbox: its hypervisor and that one's process, and where
//! the agent listens. It is older than what the shim itself answers.

use std::path::Path;

use serde_json::Value;

use crate::host::{Host, Unread};
use crate::process;
use crate::runtime::Runtime;

/// What a state file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The hypervisor's name, as the runtime spells it.
    pub(crate) hypervisor: Option<String>,
    /// The hypervisor's process.
    pub(crate) process: Option<u32>,
    /// The agent's address, as the host's processes write it.
    pub(crate) address: Option<String>,
}

/// Where runtime-rs has a hypervisor's hybrid vsock socket; `ID` stands for the sandbox's.
const SOCKETS: [(&str, bool, &str); 5] = [
    ("cloud-hypervisor", false, "/run/kata/ID/ch-vm.sock"),
    ("dragonball", false, "/run/kata/ID/root/kata.hvsock"),
    ("firecracker", false, "/run/kata/ID/kata.hvsock"),
    (
        "firecracker",
        true,
        "/run/kata/firecracker/ID/root/kata.hvsock",
    ),
    ("openvmm", false, "/run/kata/ID/vsock.sock"),
];

impl Record {
    /// Reads the state file of a sandbox. Whatever is not there, or not as it should be, is
    /// unknown.
    pub(crate) fn read(
        host: &Host,
        runtime: Runtime,
        folder: &Path,
        id: &str,
        unread: &mut Vec<Unread>,
    ) -> Self {
        let document: Value = match host.json(&folder.join(runtime.state_file()), unread) {
            Some(document) => document,
            None => return Self::default(),
        };
        match runtime {
            Runtime::Go => Self::of_go(&document),
            Runtime::Rust => Self::of_rust(&document, host, id),
        }
    }

    fn of_go(document: &Value) -> Self {
        Self {
            hypervisor: text(document, "/HypervisorState/Type"),
            process: number(document, "/HypervisorState/Pid"),
            address: text(document, "/AgentState/URL"),
        }
    }

    /// This runtime does not write an address down: it follows from the hypervisor.
    fn of_rust(document: &Value, host: &Host, id: &str) -> Self {
        let hypervisor = text(document, "/hypervisor/hypervisor_type");
        let process = number(document, "/hypervisor/pid");
        let is_jailed = document.pointer("/hypervisor/jailed") == Some(&Value::Bool(true));
        let address = match hypervisor.as_deref() {
            Some("qemu") => process.and_then(|process| vsock_of(host, process, id)),
            Some(name) => socket_of(name, is_jailed, id),
            None => None,
        };
        Self {
            hypervisor,
            process,
            address,
        }
    }
}

fn socket_of(hypervisor: &str, is_jailed: bool, id: &str) -> Option<String> {
    let mut rows = SOCKETS.iter().filter(|(name, ..)| *name == hypervisor);
    let exact = rows.clone().find(|(_, jailed, _)| *jailed == is_jailed);
    let (.., path) = exact.or_else(|| rows.next())?;
    Some(format!("hvsock://{}:1024", path.replace("ID", id)))
}

/// QEMU's context ID stands in its arguments only.
fn vsock_of(host: &Host, process: u32, id: &str) -> Option<String> {
    let arguments = process::arguments(host, process).ok()?;
    let (_, rest) = arguments
        .split_once("guest-cid=")
        .filter(|_| arguments.contains(id))?;
    let digits = rest.find(|c: char| !c.is_ascii_digit());
    let context_id: u32 = rest.get(..digits.unwrap_or(rest.len()))?.parse().ok()?;
    Some(format!("vsock://{context_id}:1024"))
}

fn text(document: &Value, pointer: &str) -> Option<String> {
    let text = document.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn number(document: &Value, pointer: &str) -> Option<u32> {
    let number = document.pointer(pointer)?.as_u64()?;
    u32::try_from(number).ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_as_it_should_be_is_known() {
        let host = Host::new("/no/such/host");
        let document = json!({
            "HypervisorState": {"Type": "clh", "Pid": 7, "APISocket": "/x"},
            "AgentState": {"URL": "vsock://3:1024"},
        });
        let expected = Record {
            hypervisor: Some("clh".to_owned()),
            process: Some(7),
            address: Some("vsock://3:1024".to_owned()),
        };
        assert_eq!(Record::of_go(&document), expected);
        for wrong in [
            json!(null),
            json!({"HypervisorState": {"Type": 7, "Pid": "7"}, "AgentState": "x"}),
            json!({"HypervisorState": {"Type": "", "Pid": 0}, "AgentState": {"URL": ""}}),
            json!({"HypervisorState": {"Pid": -1}}),
            json!({"HypervisorState": {"Pid": 4_294_967_296_u64}}),
        ] {
            assert_eq!(Record::of_go(&wrong), Record::default(), "{wrong}");
            assert_eq!(
                Record::of_rust(&wrong, &host, "id"),
                Record::default(),
                "{wrong}"
            );
        }
        // The context ID of a process that is not there is not known.
        let qemu = json!({"hypervisor": {"hypervisor_type": "qemu", "pid": 7}});
        assert_eq!(Record::of_rust(&qemu, &host, "id").address, None);
    }

    proptest! {
        #[test]
        fn no_name_does_harm(hypervisor in ".*", is_jailed in any::<bool>(), id in ".*") {
            let _ = socket_of(&hypervisor, is_jailed, &id);
        }
    }
}
