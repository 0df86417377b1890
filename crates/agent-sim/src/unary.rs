//! An RPC with one request and one response that the agent does nothing for.

use async_trait::async_trait;
use ttrpc::asynchronous::{MethodHandler, TtrpcContext};
use ttrpc::{Code, Error, Request, Response, get_status};

use agent_schema::Rpc;

/// The handler of an RPC: it answers the empty response.
pub(super) struct Unary(pub(super) &'static Rpc);

#[async_trait]
impl MethodHandler for Unary {
    async fn handler(&self, _: TtrpcContext, request: Request) -> ttrpc::Result<Response> {
        check(self.0, &request.payload)?;
        let mut response = Response::new();
        response.set_status(get_status(Code::OK, ""));
        Ok(response)
    }
}

/// Refuses bytes that are not a request of an RPC, as the typed handlers do.
///
/// # Errors
/// What is wrong with them.
pub(super) fn check(rpc: &Rpc, payload: &[u8]) -> ttrpc::Result<()> {
    let decoded = (rpc.request.new)().merge_from(payload);
    decoded.map_err(|error| Error::Others(format!("Unpack request error {error}")))
}
