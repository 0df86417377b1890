//! What the agent tells about a container that has gone wrong.

use crate::schema::Reflect;
use crate::sim::fields;
use crate::sim::refusal::{internal, invalid};

use super::wording::quoted;
use super::{Answer, Context, Row};

pub(super) const ROWS: &[Row] = &[("GetDiagnosticData", get_diagnostic_data)];

/// Tells a container's last words. There is one kind of data.
fn get_diagnostic_data(_: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    let kind = fields::string(request, "log_type");
    if kind != "termination_log" {
        let message = format!("unsupported diagnostic log_type: {kind}");
        return Err(invalid(quoted(message)));
    }
    let container = fields::string(request, "container_id");
    Err(internal(format!("Invalid container id: {container}")))
}
