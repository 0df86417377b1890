//! What the agent tells about a container that has gone wrong.

use nix::errno::Errno;

use crate::fields;
use crate::refusal::{internal, invalid};
use agent_schema::Reflect;

use super::lookup::container_id;
use super::wording::{quoted, system};
use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[("grpc.AgentService/GetDiagnosticData", get_diagnostic_data)];

/// How many bytes of a container's last words are told.
const MOST: usize = 4096;

/// Tells a container's last words. There is one kind of data.
fn get_diagnostic_data(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    let kind = fields::string(request, "log_type");
    if kind != "termination_log" {
        let message = format!("unsupported diagnostic log_type: {kind}");
        return Err(invalid(quoted(message)));
    }
    let id = container_id(request);
    let found = context.state.containers.find(id);
    let container = found.map_err(|missing| internal(format!("{missing}: {id}")))?;
    let path = container.last_words.as_ref().map_err(internal)?;
    match context.state.files.read(path, MOST) {
        Ok(words) => fields::set_string(response, "data", &String::from_utf8_lossy(&words)),
        // It has said none.
        Err(Errno::ENOENT) => {}
        Err(error) => {
            let reason = format!("Failed to read termination log: {}", system(error));
            return Err(internal(reason));
        }
    }
    Ok(Outcome::Done)
}
