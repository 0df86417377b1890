//! `SetPolicy policy_file=FILE`: the policy is the file's text.

use super::{Convenience, ConvenienceError, Draft, Given};
use agent_schema::Scalar;
use agent_schema::describe::Parameter;

const FILE: &str = "policy_file";
const POLICY: &str = "policy";

pub(super) const POLICY_FILE: Convenience = Convenience {
    rpc: "grpc.AgentService/SetPolicy",
    parameters: &[Parameter {
        name: FILE,
        ty: Scalar::String,
        value: "FILE",
        doc: "a file whose text is the policy; - for standard input",
    }],
    example: &[(FILE, "-")],
    input: "package agent_policy",
    needs: &[(POLICY, Scalar::String)],
    needs_config: false,
    apply,
};

fn apply(given: &Given, draft: &mut Draft<'_>) -> Result<(), ConvenienceError> {
    let Some(file) = given.text(FILE) else {
        return Ok(());
    };
    if !draft.takes(given, FILE, POLICY)? {
        return Ok(());
    }
    let text = draft.inputs.text(file);
    let text = text.map_err(|error| ConvenienceError::Input {
        parameter: FILE,
        error,
    })?;
    draft.set_text(POLICY, text);
    Ok(())
}
