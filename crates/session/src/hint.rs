//! What to tell of a failed call beyond its error, where the reason is likely enough.

use super::Session;
use agent_client::transport::AGENT_PORT;
use agent_report::error::{Error, Kind};
use agent_request::Request;
use agent_request::conveniences;
use agent_schema::Reflect;

impl Session {
    /// The error of a call whose connection ended before anything was answered on it, with
    /// how the address is written if a hypervisor listens there.
    pub(super) fn hint_of_hybrid(&self, error: Error) -> Error {
        let address = self.options.settings.calls.address.as_ref();
        let hybrid = address.and_then(|address| address.clone().with_hybrid_vsock(AGENT_PORT).ok());
        match hybrid {
            Some(hybrid) if error.kind() == Kind::Connection && self.channel.is_unanswered() => {
                error.with_hint(format!(
                    "; if this is a hypervisor's hybrid vsock socket, write \"{hybrid}\""
                ))
            }
            _ => error,
        }
    }

    /// The error of a call that the agent refused, with how a request gets what this one
    /// lacks of an OCI configuration.
    pub(super) fn hint_of_config(
        &self,
        request: &Request,
        message: &dyn Reflect,
        error: Error,
    ) -> Error {
        let Some(field) = request
            .lacks_config(message)
            .filter(|_| error.status().is_some())
        else {
            return error;
        };
        let option = match self.options.prompt {
            true => "\"set bundle-dir DIR\"",
            false => "--bundle-dir DIR",
        };
        let parameters = conveniences::parameters(request.rpc);
        let sources = parameters.filter(|it| matches!(it.value, "FILE" | "REF"));
        let sources: String = sources
            .map(|it| format!(", {}={}", it.name, it.value))
            .collect();
        error.with_hint(format!(
            "; the request has no {field}, which comes from {option}{sources}"
        ))
    }
}
