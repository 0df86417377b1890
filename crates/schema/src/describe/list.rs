//! The list of all RPCs, by service.

use super::json::Json;
use super::layout::columns;
use crate::descriptor::{Message, Rpc, Schema, Service};
use agent_text::escape;

/// Every RPC by service: its name, its request's and its response's type, with
/// `stream` before the type of a side that streams.
pub fn list(schema: &Schema) -> String {
    let mut out = String::new();
    for service in schema.services {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("{} ({})\n", service.full_name, service.file));
        for line in rpc_lines(service) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    escape::lines(&out).into_owned()
}

/// One line for each RPC of a service, in columns.
pub(super) fn rpc_lines(service: &Service) -> Vec<String> {
    let rows = service.rpcs.iter().map(|rpc| {
        let (request, response) = signature(rpc);
        vec![rpc.name.to_owned(), request, format!("→ {response}")]
    });
    columns(2, &rows.collect::<Vec<_>>())
}

/// The types of an RPC's two sides, with `stream` where a side streams.
pub(super) fn signature(rpc: &Rpc) -> (String, String) {
    let side = |streams: bool, message: &Message| {
        let mark = if streams { "stream " } else { "" };
        format!("{mark}{}", message.full_name)
    };
    (
        side(rpc.client_streaming, rpc.request),
        side(rpc.server_streaming, rpc.response),
    )
}

/// The same as a JSON array of services.
pub fn list_json(schema: &Schema) -> String {
    Json::array(schema.services.iter().map(|service| {
        Json::Object(vec![
            ("name", service.full_name.into()),
            ("file", service.file.into()),
            ("doc", service.doc.into()),
            ("rpcs", rpcs(service)),
        ])
    }))
    .pretty()
}

/// A service's RPCs as a JSON array.
pub(super) fn rpcs(service: &Service) -> Json {
    Json::array(service.rpcs.iter().map(|rpc| {
        Json::Object(vec![
            ("name", rpc.name.into()),
            ("path", rpc.path().into()),
            ("request", rpc.request.full_name.into()),
            ("response", rpc.response.full_name.into()),
            ("client_streaming", rpc.client_streaming.into()),
            ("server_streaming", rpc.server_streaming.into()),
            ("doc", rpc.doc.into()),
        ])
    }))
}
