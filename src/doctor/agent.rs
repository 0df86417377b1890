//! The stages of an agent that is connected to: whether it answers, and what it can do. None of
//! the calls changes anything.

use std::time::Duration;

use agent_node::Sandbox;

use super::{Examination, Stages};
use crate::auto;
use crate::client::{Call, CallError, Connection};
use crate::error::Error;
use crate::probe::{Probe, Verdict, probe};
use crate::schema::{Rpc, Schema, history, lookup};
use crate::session::by_name::ByName;
use crate::text::excerpt::Excerpt;
use crate::transport::Address;

/// What is answered whatever state the agent is in.
const CHECK: &str = "grpc.Health/Check";
/// What is answered only while the agent's sandbox is not held by another call.
const NEEDS_SANDBOX: &str = "grpc.AgentService/StatsContainer";
/// What tells the agent's features.
const DETAILS: &str = "grpc.AgentService/GetGuestDetails";

/// Calls about a container that there is not, by which a policy shows: the agent asks it first.
const JUDGED: [&str; 5] = [
    "grpc.AgentService/ExecProcess",
    "grpc.AgentService/ReadStdout",
    "grpc.AgentService/WriteStdin",
    "grpc.AgentService/StatsContainer",
    "grpc.AgentService/GetMetrics",
];
/// Those of them that a policy answers with nothing instead of a status.
const WITHHELD: &str = "grpc.AgentService/ReadStdout";

/// The status of a call that a policy forbids.
const PERMISSION_DENIED: i32 = 7;

/// The feature of an agent that evaluates policies.
const POLICY: &str = "agent-policy";
/// Annotations by which a pod brings its policy.
const POLICY_ANNOTATIONS: [&str; 2] = [
    "io.katacontainers.config.hypervisor.cc_init_data",
    "io.katacontainers.config.agent.policy",
];

/// Goes through them.
pub(super) fn examine(
    connection: Connection,
    address: &Address,
    sandbox: Option<&Sandbox>,
    examination: &Examination,
    stages: &mut Stages,
) {
    let mut agent = Agent {
        connection,
        schema: examination.schema,
        patience: examination.patience,
    };
    if !agent.answers(stages) {
        return;
    }
    let is_free = agent.is_free(stages);
    let probed = probe(
        examination.schema,
        address,
        &examination.connect,
        examination.patience,
    );
    version(&probed, stages);
    // More calls would only wait behind the one that holds the sandbox.
    if !is_free {
        stages.skipped(NOT_FREE);
        rpcs(&probed, stages);
        stages.skipped(NOT_FREE);
        return;
    }
    let policy = agent.features(sandbox, stages);
    rpcs(&probed, stages);
    agent.policy(policy, stages);
}

/// Why a stage is not tried on a busy agent.
const NOT_FREE: &str = "not tried, as \"busy\" failed";

/// What an agent's features tell of its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    /// The agent may have one.
    Possible,
    /// It has one, which forbids to ask for the features.
    Denies,
    /// It cannot have one.
    None,
}

/// An agent that is asked.
struct Agent {
    connection: Connection,
    schema: &'static Schema,
    patience: Option<Duration>,
}

impl Agent {
    /// The RPC of this name, if the build has it.
    fn rpc(&self, name: &str) -> Option<&'static Rpc> {
        let rpc = lookup::rpc(self.schema, name).ok()?;
        (!rpc.is_streaming()).then_some(rpc)
    }

    fn call(&mut self, rpc: &Rpc, request: &ByName) -> Result<Vec<u8>, Error> {
        let payload = request.payload()?;
        Ok(self.connection.call(&Call {
            service: rpc.service,
            method: rpc.name,
            payload: &payload,
            metadata: &[],
            timeout: self.patience,
        })?)
    }

    /// Whether it speaks ttRPC. A status is as good an answer as any.
    fn answers(&mut self, stages: &mut Stages) -> bool {
        let Some(rpc) = self.rpc(CHECK) else {
            stages.skipped(format!("this build has no {CHECK}"));
            return true;
        };
        let call = Call {
            service: rpc.service,
            method: rpc.name,
            payload: &[],
            metadata: &[],
            timeout: self.patience,
        };
        let error = match self.connection.call(&call) {
            Ok(_) => {
                stages.ok("Check is answered");
                return true;
            }
            Err(CallError::Status(status)) => {
                stages.ok(format!("Check is answered by the status {status}"));
                return true;
            }
            Err(error) => error,
        };
        let advice = match &error {
            CallError::Timeout { .. } => {
                "whoever listens there does not react: see the guest's console for whether the \
                 agent hangs"
            }
            CallError::Protocol(_) => {
                "whoever listens there is not an agent: see that port and address are an agent's (its \
                 port is 1024), and that a hypervisor's socket is written hvsock://"
            }
            _ => "see the guest's console for why the agent ended",
        };
        stages.failed(error.to_string(), advice);
        false
    }

    /// Whether calls that need the sandbox are answered: Check is, even if they are not.
    fn is_free(&mut self, stages: &mut Stages) -> bool {
        let Some(rpc) = self.rpc(NEEDS_SANDBOX) else {
            stages.skipped(format!("this build has no {NEEDS_SANDBOX}"));
            return true;
        };
        let mut request = ByName::request(rpc);
        let no_id = auto::random_id().unwrap_or_default();
        if request.set_text("container_id", &no_id).is_err() {
            stages.skipped("this build's request is another one");
            return true;
        }
        let payload = request.payload().unwrap_or_default();
        let call = Call {
            service: rpc.service,
            method: rpc.name,
            payload: &payload,
            metadata: &[],
            timeout: self.patience,
        };
        match self.connection.call(&call) {
            Err(CallError::Timeout { .. }) => {
                stages.failed(
                    format!(
                        "Check is answered, and {} is not within {:?}",
                        rpc.name,
                        self.patience.unwrap_or_default()
                    ),
                    "another call holds the sandbox, such as an exec on a paused container: end \
                     what made it, or its runtime",
                );
                return false;
            }
            Ok(_) | Err(CallError::Status(_)) => {
                stages.ok(format!("{} is answered", rpc.name));
            }
            Err(error) => stages.failed(
                error.to_string(),
                "see the guest's console for why the agent ended",
            ),
        }
        true
    }

    /// What the agent says that it can do; gives what that tells of its policy.
    fn features(&mut self, sandbox: Option<&Sandbox>, stages: &mut Stages) -> Policy {
        let Some(rpc) = self.rpc(DETAILS) else {
            stages.skipped(format!("this build has no {DETAILS}"));
            return Policy::Possible;
        };
        let answer = self.call(rpc, &ByName::request(rpc));
        let details = answer.and_then(|answer| ByName::answer(rpc, &answer));
        let details = match details {
            Ok(details) => details,
            Err(error) => {
                if denies(&error) {
                    stages.skipped("a policy forbids to ask for them");
                    return Policy::Denies;
                }
                stages.failed(
                    format!("{}: {error}", rpc.name),
                    "see the guest's console for what the agent says of it",
                );
                return Policy::Possible;
            }
        };
        let mut features = details.texts("agent_details", "extra_features");
        if details.is_true("agent_details", "supports_seccomp") {
            features.push("seccomp".to_owned());
        }
        features.sort_unstable();
        features.dedup();
        let has = |name: &str| features.iter().any(|feature| feature == name);
        let brings_policy = sandbox.is_some_and(|sandbox| {
            let mut names = POLICY_ANNOTATIONS.iter();
            names.any(|name| sandbox.annotation(name).is_some())
        });
        match (brings_policy && !has(POLICY), features.as_slice()) {
            (true, _) => stages.failed(
                "the pod brings a policy, and the agent does not evaluate any",
                "use a guest image whose agent is built with the feature agent-policy",
            ),
            (false, []) => stages.ok("none beyond the usual ones"),
            (false, features) => {
                let features: Vec<_> = features.iter().map(|it| Excerpt(it).to_string()).collect();
                stages.ok(features.join(", "));
            }
        }
        match has(POLICY) {
            true => Policy::Possible,
            false => Policy::None,
        }
    }

    /// Which calls a policy forbids.
    fn policy(&mut self, policy: Policy, stages: &mut Stages) {
        let no_id = auto::random_id().unwrap_or_default();
        let mut denied = Vec::new();
        let mut tried = 0;
        if policy == Policy::Denies {
            denied.push("GetGuestDetails");
        }
        for name in JUDGED {
            let Some(rpc) = self.rpc(name) else {
                continue;
            };
            let mut request = ByName::request(rpc);
            // Some of them are about the whole guest.
            for field in ["container_id", "exec_id"] {
                let _ = request.set_text(field, &no_id);
            }
            let outcome = self.call(rpc, &request);
            let is_denied = match &outcome {
                // There is nothing to read of a container that there is not.
                Ok(_) => name == WITHHELD && policy != Policy::None,
                Err(error) => denies(error),
            };
            if is_denied {
                denied.push(rpc.name);
            }
            tried += 1;
            if !self.connection.is_usable() {
                return stages.failed(
                    format!("the connection is lost at {}", rpc.name),
                    "see the guest's console for why the agent ended",
                );
            }
        }
        match (denied.as_slice(), tried) {
            ([], 0) => stages.skipped("this build has none of the calls that show it"),
            ([], _) => stages.ok("it forbids none of the calls that were tried, if there is one"),
            (denied, _) => stages.failed(
                format!("it forbids {}", denied.join(", ")),
                "set a policy that allows them, where the guest lets you",
            ),
        }
    }
}

/// Whether a policy forbids the call that failed so.
fn denies(error: &Error) -> bool {
    error
        .status()
        .is_some_and(|status| status.code == PERMISSION_DENIED)
}

/// The agent's release against that of this build.
fn version(probed: &Result<Probe, Error>, stages: &mut Stages) {
    let Ok(probed) = probed else {
        return stages.skipped("it could not be found out, see below");
    };
    let said = match &probed.version {
        Some(version) => Excerpt(version).to_string(),
        None => "none".to_owned(),
    };
    let Some(newest) = history::newest(probed.schema) else {
        return stages.skipped(format!(
            "the agent says {said}, and this build does not know of which release its protos are"
        ));
    };
    let number = probed
        .version
        .as_deref()
        .filter(|version| version.starts_with(|first: char| first.is_ascii_digit()));
    match number {
        None => stages.skipped(format!("the agent says {said}")),
        Some(version) if history::compare(version, newest).is_lt() => stages.failed(
            format!("the agent says {said}, and this build has what came up to {newest}"),
            "expect RPCs and fields to be missing, or build this tool from the protos of that \
             release",
        ),
        Some(_) => stages.ok(format!(
            "the agent says {said}, and has what came up to {newest}"
        )),
    }
}

/// The RPCs of this build that the agent lacks.
fn rpcs(probed: &Result<Probe, Error>, stages: &mut Stages) {
    let probed = match probed {
        Ok(probed) => probed,
        Err(error) => {
            return stages.failed(
                error.to_string(),
                "see the guest's console for what the agent does",
            );
        }
    };
    let with = |verdict: Verdict| {
        let rpcs = probed.rpcs.iter();
        rpcs.filter(move |(_, found)| *found == Some(verdict))
            .map(|(rpc, _)| *rpc)
    };
    let missing: Vec<String> = with(Verdict::Lacks)
        .map(|rpc| match history::of_rpc(probed.schema, rpc) {
            Some(release) => format!("{} (since {release})", rpc.name),
            None => rpc.name.to_owned(),
        })
        .collect();
    let silent = with(Verdict::NoAnswer).count();
    match (missing.as_slice(), silent) {
        ([], 0) => stages.ok("the agent has all that this build has"),
        ([], silent) => stages.failed(
            format!("{silent} RPCs were not answered in time"),
            "give the agent more time with --timeout",
        ),
        (missing, _) => stages.failed(
            format!("the agent lacks {}", missing.join(", ")),
            "do without them, or update the guest's agent",
        ),
    }
}
