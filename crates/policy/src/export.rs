//! Requests as test cases of genpolicy, with IDs that are the same each time.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as Json;

use crate::request::{Case, RequestError};

/// Fields that hold the ID of a sandbox, of a container or of a process.
const ID_FIELDS: [&str; 3] = ["container_id", "sandbox_id", "exec_id"];
/// How the keys of annotations end that hold one, or that of a pod.
const ID_KEYS: [&str; 4] = ["sandbox-id", "SandboxID", "sandbox-uid", "pod.uid"];
/// An ID that is shorter was given by somebody, and is left as it is.
const SHORTEST: usize = 32;

/// A case as genpolicy's tests read it.
#[derive(Serialize)]
struct Written<'a> {
    description: String,
    allowed: bool,
    kind: &'a str,
    request: Json,
}

/// The cases as a JSON document. One that does not say is meant to be allowed.
///
/// # Errors
/// When a request is not JSON, which none is that this crate made.
pub fn test_cases(cases: &[Case]) -> Result<String, RequestError> {
    let mut requests = Vec::new();
    for case in cases {
        requests.push(serde_json::from_str::<Json>(case.request.input.get())?);
    }
    let mut ids = Vec::new();
    requests
        .iter()
        .for_each(|request| find_ids(request, &mut ids));
    // An ID may be the beginning of another.
    let mut known = BTreeSet::new();
    ids.retain(|id| known.insert(id.clone()));
    let mut stable: Vec<_> = ids
        .into_iter()
        .zip(1..)
        .map(|(id, number)| {
            let stable = stable(&id, number);
            (id, stable)
        })
        .collect();
    // As the names of systemd's slices have the dashes of a pod's.
    let dashed = stable.iter().filter(|(id, _)| id.contains('-'));
    let slices: Vec<_> = dashed
        .map(|(id, stable)| (id.replace('-', "_"), stable.replace('-', "_")))
        .collect();
    stable.extend(slices);
    stable.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
    for request in &mut requests {
        replace(request, &stable);
    }
    let written: Vec<_> = (1..)
        .zip(cases)
        .zip(requests)
        .map(|((number, case), request)| Written {
            description: case
                .description
                .clone()
                .unwrap_or_else(|| format!("call {number}")),
            allowed: case.allowed.unwrap_or(true),
            kind: &case.request.rule,
            request,
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&written)?;
    text.push('\n');
    Ok(text)
}

fn find_ids(value: &Json, ids: &mut Vec<String>) {
    match value {
        Json::Object(members) => {
            for (name, value) in members {
                let is_id = ID_FIELDS.contains(&name.as_str())
                    || ID_KEYS.iter().any(|end| name.ends_with(end));
                match value {
                    Json::String(id) if is_id && is_random(id) => ids.push(id.clone()),
                    value => find_ids(value, ids),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| find_ids(item, ids)),
        _ => {}
    }
}

/// Whether an ID is one that was made up, by its length and its characters.
fn is_random(id: &str) -> bool {
    let is_of_id = |char: char| char.is_ascii_alphanumeric() || char == '-';
    let digits = id.chars().filter(char::is_ascii_alphanumeric).count();
    digits >= SHORTEST && id.chars().all(is_of_id)
}

/// Replaces IDs wherever they stand in a text, as in paths.
fn replace(value: &mut Json, ids: &[(String, String)]) {
    match value {
        Json::Object(members) => members.values_mut().for_each(|value| replace(value, ids)),
        Json::Array(items) => items.iter_mut().for_each(|item| replace(item, ids)),
        Json::String(text) => *text = replaced(text, ids),
        _ => {}
    }
}

/// A text with other IDs. What is put in place of one may be another one of them, so what was
/// put in is not looked at again.
fn replaced(text: &str, ids: &[(String, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let places = ids
            .iter()
            .filter_map(|(id, to)| Some((rest.find(id.as_str())?, id, to)));
        let Some((place, id, to)) = places.min_by_key(|(place, ..)| *place) else {
            return out + rest;
        };
        out.push_str(rest.get(..place).unwrap_or_default());
        out.push_str(to);
        rest = rest.get(place + id.len()..).unwrap_or_default();
    }
}

/// An ID of the same form: its number in hex digits, and dashes where they were.
fn stable(id: &str, number: usize) -> String {
    let digits = id.chars().filter(|char| *char != '-').count();
    let mut digits = format!("{number:0>digits$x}").into_bytes().into_iter();
    let next = |char| match char {
        '-' => '-',
        _ => digits.next().map_or('0', char::from),
    };
    id.chars().map(next).collect()
}
