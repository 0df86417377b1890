//! The list of all RPCs, by service.

use super::json::Json;
use super::layout::fitted;
use crate::descriptor::{Message, Rpc, Service};
use agent_text::escape;

/// Every RPC by service: its name and the first sentence of its comment, then its request's
/// and its response's type, with `stream` before the type of a side that streams.
pub fn list(services: &[&'static Service]) -> String {
    let mut out = String::new();
    for service in services {
        if !out.is_empty() {
            out.push('\n');
        }
        let mark = if service.deprecated {
            ", deprecated"
        } else {
            ""
        };
        out.push_str(&format!("{} ({}){mark}\n", service.full_name, service.file));
        for line in rpc_lines(service) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    escape::lines(&out).into_owned()
}

/// Two lines for each RPC of a service.
pub(super) fn rpc_lines(service: &Service) -> Vec<String> {
    let lines = service.rpcs.iter().map(|rpc| {
        let doc = match (rpc.deprecated, first_sentence(rpc.doc)) {
            (false, doc) => doc,
            (true, doc) if doc.is_empty() => "deprecated".to_owned(),
            (true, doc) => format!("deprecated: {doc}"),
        };
        let (request, response) = signature(rpc);
        [
            fitted(format!("  {}  {doc}", rpc.name).trim_end()),
            format!("      {request} → {response}"),
        ]
    });
    lines.flatten().collect()
}

/// The first sentence of a comment, on one line and without its end.
pub fn first_sentence(doc: &str) -> String {
    let lines = doc.trim().lines().map(str::trim);
    let paragraph: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join(" ");
    let sentence = text.split_once(". ").map_or(&*text, |(first, _)| first);
    sentence.trim_end_matches('.').to_owned()
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
pub fn list_json(services: &[&'static Service]) -> String {
    Json::array(services.iter().map(|service| {
        Json::Object(vec![
            ("name", service.full_name.into()),
            ("file", service.file.into()),
            ("doc", service.doc.into()),
            ("deprecated", service.deprecated.into()),
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
            ("deprecated", rpc.deprecated.into()),
        ])
    }))
}
