//! Which calls a policy allows in no form, whatever is asked.

use agent_schema::{Rpc, Schema};

use crate::agent::Agent;
use crate::judge::JudgeError;
use crate::request::{Request, is_asked};

/// The RPCs of which a policy allows no call: nothing of the request or of the state has a part
/// in the reasons for which it denies them.
///
/// # Errors
/// When the policy does not come to an answer.
pub fn never_allowed(
    agent: &mut Agent,
    schema: &'static Schema,
) -> Result<Vec<&'static Rpc>, JudgeError> {
    let mut never = Vec::new();
    let rpcs = schema.services.iter().flat_map(|service| service.rpcs);
    for rpc in rpcs.filter(|rpc| is_asked(rpc)) {
        let request = Request::of((rpc.request.new)().as_ref());
        let request = request.map_err(|error| JudgeError::Cannot(error.to_string()))?;
        if agent.would_allow(&request)? {
            continue;
        }
        match agent.reasons(&request) {
            Ok(reasons) => {
                let mut steps = reasons.iter().flat_map(|reason| &reason.steps);
                if steps.all(|step| step.is_fixed) {
                    never.push(rpc);
                }
            }
            // An evaluation that ends in an error may come to an end with another request.
            Err(JudgeError::Cannot(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(never)
}
