//! The agent's policy, evaluated: how its engine's process is started, and what judges the
//! requests of a simulated agent that has one.

use std::io;
use std::process::Command;

#[cfg(feature = "sim")]
pub(crate) use judged::Judged;

/// How the process is started that evaluates a policy: this program, by a name that it has
/// even where another has taken its place.
///
/// # Errors
/// None; other programs may have some.
pub(crate) fn engine() -> io::Result<Command> {
    let mut command = Command::new("/proc/self/exe");
    command.arg("policy-engine");
    Ok(command)
}

#[cfg(feature = "sim")]
mod judged {
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::time::Duration;

    use agent_policy::{Judge, JudgeError, Rego, Request, Verdict};
    use agent_sim::Policy;

    use crate::schema::Schema;
    use crate::session;

    /// How long one answer may take.
    const TIMEOUT: Duration = Duration::from_secs(5);

    /// Judges the requests of a simulated agent.
    #[derive(Debug)]
    pub(crate) struct Judged {
        schema: &'static Schema,
        /// None as long as everything is allowed.
        judge: Mutex<Option<Judge>>,
    }

    impl Judged {
        /// What judges requests of these protos, and allows everything at first.
        pub(crate) fn new(schema: &'static Schema) -> Self {
            Self {
                schema,
                judge: Mutex::default(),
            }
        }

        fn judge(&self) -> MutexGuard<'_, Option<Judge>> {
            self.judge.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// The request of a call; none of an RPC that this build does not have.
        fn request(&self, service: &str, method: &str, request: &[u8]) -> Result<Request, String> {
            let mut rpcs = self.schema.services.iter().flat_map(|each| each.rpcs);
            let rpc = rpcs.find(|rpc| rpc.service == service && rpc.name == method);
            let rpc = rpc.ok_or("this build does not have the RPC")?;
            let message = session::decode(rpc.request, request);
            let message = message.map_err(|error| error.to_string())?;
            Request::of(message.as_ref()).map_err(|error| error.to_string())
        }
    }

    impl Policy for Judged {
        fn permit(&self, service: &str, method: &str, request: &[u8]) -> agent_sim::Verdict {
            let mut judge = self.judge();
            let Some(judge) = judge.as_mut() else {
                return agent_sim::Verdict::Allowed;
            };
            let request = match self.request(service, method, request) {
                Ok(request) => request,
                Err(error) => return agent_sim::Verdict::Failed(error),
            };
            if let Some(failure) = request.failure {
                return agent_sim::Verdict::Failed(failure.to_owned());
            }
            let rule = &request.rule;
            // An agent puts its messages in quotes.
            let quoted = |message: String| format!("{message:?}");
            match judge.allow(rule, &request.input) {
                Ok(Verdict::Allowed) => agent_sim::Verdict::Allowed,
                Ok(Verdict::Denied(prints)) => agent_sim::Verdict::Denied(quoted(format!(
                    "{rule} is blocked by policy: {prints}"
                ))),
                Ok(Verdict::Failed(message)) => agent_sim::Verdict::Failed(quoted(message)),
                Err(error) => {
                    agent_sim::Verdict::Failed(quoted(format!("{rule}: internal error {error}")))
                }
            }
        }

        fn replace(&self, text: &str) -> Result<(), String> {
            let mut judge = self.judge();
            let judge = judge.get_or_insert_with(|| Judge::new(super::engine, TIMEOUT));
            match judge.set_policy(text, Rego::V1) {
                Ok(_) => Ok(()),
                Err(JudgeError::NotTaken { error, .. }) => Err(error),
                Err(error) => Err(error.to_string()),
            }
        }

        fn begin_anew(&self) {
            *self.judge() = None;
        }
    }
}
