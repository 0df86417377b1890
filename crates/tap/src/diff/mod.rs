//! What the calls of two recordings differ in. IDs are matched first: which one of the second
//! recording stands for which of the first. Then calls are put side by side by their RPC and the
//! container or sandbox they are about, in the order in which they began there, and their requests,
//! statuses and answers are compared field by field. IDs and times are left aside.

mod order;
mod same;
mod shown;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::io::BufRead;

use agent_schema::{Message, Reflect, Schema, json};
use serde_json::{Map, Value};

use self::order::{blocks, key, moved};
use crate::calls::{Call, Calls, End, Told};
use crate::comparison::Comparison;
use crate::ids::{Ids, ids_of};
use crate::recorder::rpc_of;
use crate::recording::{ReadError, Reader, Status};

/// What two recordings differ in.
#[derive(Debug)]
pub struct Differences {
    /// The differences, in the order of the calls.
    pub list: Vec<Difference>,
    /// Whether the last line of each recording was cut off.
    pub is_cut: [bool; 2],
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The first recording has a call that the second one lacks.
    Missing(Named),
    /// The second recording has a call that the first one lacks.
    Added(Named),
    /// A call that both have differs in these places.
    Changed {
        /// The call in the first recording.
        call: Named,
        /// Where, and the two values; none where one of them has none.
        fields: Vec<Field>,
    },
}

/// Where two calls differ, and the two values.
type Field = (String, Option<Value>, Option<Value>);

/// A call's name, and which of a recording's it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// `service/method`.
    pub name: String,
    /// Counted from 1.
    pub number: usize,
    /// The kinds of the rules that were applied to it.
    pub faults: Vec<String>,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Named {
            name,
            number,
            faults,
        } = self;
        let name = agent_text::escape::line(name);
        write!(f, "call {number} {name}")?;
        match &faults[..] {
            [] => Ok(()),
            kinds => {
                let kinds = kinds.join(", ");
                write!(f, " (by a rule: {})", agent_text::escape::line(&kinds))
            }
        }
    }
}

/// The calls of a recording in the order in which they began.
struct Recorded {
    calls: Vec<Seen>,
    is_cut: bool,
}

/// A call, and the IDs that it is about.
struct Seen {
    call: Box<Call>,
    named: Named,
    /// Each with its field.
    ids: Vec<(&'static str, String)>,
}

/// What two recordings differ in.
///
/// # Errors
/// When one of them cannot be read; the number says which, 0 or 1.
pub fn diff(
    schema: &'static Schema,
    first: impl BufRead,
    second: impl BufRead,
    comparison: Comparison,
) -> Result<Differences, (usize, ReadError)> {
    let first = read(schema, first, comparison).map_err(|error| (0, error))?;
    let second = read(schema, second, comparison).map_err(|error| (1, error))?;
    let mut beside = Beside {
        schema,
        comparison,
        names: same::names(schema, &first.calls, &second.calls, comparison),
        known: all_ids(&first.calls),
        list: Vec::new(),
    };
    beside.all(&first.calls, &second.calls);
    Ok(Differences {
        list: beside.list,
        is_cut: [first.is_cut, second.is_cut],
    })
}

fn all_ids(calls: &[Seen]) -> BTreeSet<String> {
    let ids = calls.iter().flat_map(|seen| &seen.ids);
    ids.map(|(_, id)| id.clone()).collect()
}

/// Two recordings beside each other.
struct Beside {
    schema: &'static Schema,
    comparison: Comparison,
    /// The IDs of the second recording, and those of the first one that they stand for.
    names: Ids,
    /// The IDs of the first recording.
    known: BTreeSet<String>,
    list: Vec<Difference>,
}

impl Beside {
    /// Compares all calls.
    fn all(&mut self, first: &[Seen], second: &[Seen]) {
        let old: Vec<String> = first.iter().map(|seen| key(seen, str::to_owned)).collect();
        let new: Vec<String> = second
            .iter()
            .map(|seen| key(seen, |id| self.other(id).to_owned()))
            .collect();
        let blocks = blocks(&old, &new);
        let moved = moved(first, (&old, &new), &blocks);
        let came: HashSet<usize> = moved.values().copied().collect();
        for block in blocks {
            if block.is_equal {
                let old = first.get(block.old).unwrap_or_default();
                let new = second.get(block.new).unwrap_or_default();
                self.pairs(old.iter().zip(new));
                continue;
            }
            let others = block.old.clone().filter_map(|old| {
                let new = moved.get(&old)?;
                first.get(old).zip(second.get(*new))
            });
            self.pairs(others);
            let old = block.old.filter(|old| !moved.contains_key(old));
            let old: Vec<&Seen> = old.filter_map(|old| first.get(old)).collect();
            let new = block.new.filter(|new| !came.contains(new));
            let new: Vec<&Seen> = new.filter_map(|new| second.get(new)).collect();
            self.of_other_ids(&old, &new);
        }
    }

    /// Compares calls that are about other IDs: one of the same RPC is still the same call.
    fn of_other_ids(&mut self, old: &[&Seen], new: &[&Seen]) {
        let names = |calls: &[&Seen]| -> Vec<String> {
            calls.iter().map(|seen| seen.named.name.clone()).collect()
        };
        for block in blocks(&names(old), &names(new)) {
            let old = old.get(block.old).unwrap_or_default();
            let new = new.get(block.new).unwrap_or_default();
            if block.is_equal {
                self.pairs(old.iter().copied().zip(new.iter().copied()));
                continue;
            }
            let missing = old.iter().map(|c| Difference::Missing(c.named.clone()));
            self.list.extend(missing);
            let added = new.iter().map(|c| Difference::Added(c.named.clone()));
            self.list.extend(added);
        }
    }

    fn pairs<'a>(&mut self, pairs: impl Iterator<Item = (&'a Seen, &'a Seen)>) {
        for (old, new) in pairs {
            let fields = self.pair(old, new);
            if !fields.is_empty() {
                let call = old.named.clone();
                self.list.push(Difference::Changed { call, fields });
            }
        }
    }

    /// The ID of the first recording that one of the second stands for, or itself.
    fn other<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.other(id).unwrap_or(id)
    }

    /// Where two calls differ.
    fn pair(&mut self, old: &Seen, new: &Seen) -> Vec<Field> {
        let mut fields = Vec::new();
        // What stands for what again after these calls.
        let mut again = Vec::new();
        for (field, id) in &new.ids {
            let Some((_, of)) = old.ids.iter().find(|(name, _)| name == field) else {
                continue;
            };
            let other = self.other(id);
            if other == of {
                continue;
            }
            let path = format!("request.{field}");
            let value = |id: &str| Some(Value::from(id));
            fields.push((path, value(of), value(id)));
            // One that stands for no other is told once: from here on it stands for this one.
            if other != id || self.known.contains(id) {
                again.push((id, other.to_owned()));
            }
            // Whatever else names it is no further difference.
            self.names.rename(id, of);
        }
        self.compare(&old.call, &new.call, &mut fields);
        for (id, other) in again {
            self.names.rename(id, &other);
        }
        fields
    }

    fn compare(&self, old: &Call, new: &Call, fields: &mut Vec<Field>) {
        let (schema, comparison) = (self.schema, self.comparison);
        let old_form = Form::of(schema, old, None, comparison);
        let new_form = Form::of(schema, new, Some(&self.names), comparison);
        values("request", &old_form.request, &new_form.request, fields);
        if !is_about_as_long(old.timeout_nano, new.timeout_nano) {
            fields.push((
                "timeout_nano".to_owned(),
                old.timeout_nano.map(Value::from),
                new.timeout_nano.map(Value::from),
            ));
        }
        values("metadata", &metadata(old), &metadata(new), fields);
        if old.faults != new.faults {
            let faults = |call: &Call| {
                let is_any = !call.faults.is_empty();
                is_any.then(|| Value::from(call.faults.clone()))
            };
            fields.push(("faults".to_owned(), faults(old), faults(new)));
            // No two agents were asked.
            if old.is_made_by_rule() || new.is_made_by_rule() {
                return;
            }
        }
        values("status", &old_form.status, &new_form.status, fields);
        values("message", &old_form.words, &new_form.words, fields);
        values("details", &old_form.details, &new_form.details, fields);
        values("response", &old_form.response, &new_form.response, fields);
    }
}

/// Whether two time limits are the same, but for what passed before a call was sent: some
/// runtimes tell what is left of a limit.
fn is_about_as_long(old: Option<i64>, new: Option<i64>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => {
            let (short, long) = (old.min(new), old.max(new));
            short >= long - long / 10
        }
        (old, new) => old == new,
    }
}

/// What traces are told apart by, which is another one for each call. (<https://www.w3.org/TR/trace-context/>)
const OF_TRACES: [&str; 2] = ["traceparent", "tracestate"];

/// Metadata by key.
fn metadata(call: &Call) -> Value {
    let mut by_key: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in &call.metadata {
        if !OF_TRACES.contains(&&key[..]) {
            by_key.entry(key).or_default().push(value);
        }
    }
    serde_json::json!(by_key)
}

/// Compares two values, and notes where they differ.
fn values(path: &str, old: &Value, new: &Value, fields: &mut Vec<Field>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let names: BTreeMap<&String, ()> = old
                .keys()
                .chain(new.keys())
                .map(|name| (name, ()))
                .collect();
            for name in names.into_keys() {
                let path = format!("{path}.{name}");
                match (old.get(name), new.get(name)) {
                    (Some(old), Some(new)) => values(&path, old, new, fields),
                    (old, new) => fields.push((path, old.cloned(), new.cloned())),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            for index in 0..old.len().max(new.len()) {
                let path = format!("{path}[{index}]");
                match (old.get(index), new.get(index)) {
                    (Some(old), Some(new)) => values(&path, old, new, fields),
                    (old, new) => fields.push((path, old.cloned(), new.cloned())),
                }
            }
        }
        _ if old == new => {}
        _ => fields.push((path.to_owned(), Some(old.clone()), Some(new.clone()))),
    }
}

/// Reads a recording's calls.
fn read(
    schema: &'static Schema,
    recording: impl BufRead,
    comparison: Comparison,
) -> Result<Recorded, ReadError> {
    let (mut reader, _) = Reader::new(recording)?;
    let mut calls = Calls::default();
    let mut ended = Vec::new();
    let mut keep = |told| {
        if let Told::Call(call) = told {
            ended.push(call);
        }
    };
    for record in &mut reader {
        calls.take(record?, &mut keep);
    }
    calls.finish(&mut keep);
    ended.sort_by_key(|call| call.begun);
    let calls = (1..).zip(ended).map(|(number, call)| Seen {
        named: Named {
            name: format!("{}/{}", call.service, call.method),
            number,
            faults: call.faults.clone(),
        },
        ids: ids_in(schema, &call, comparison),
        call,
    });
    Ok(Recorded {
        calls: calls.collect(),
        is_cut: reader.is_cut(),
    })
}

/// The IDs that a call is about, each with its field.
fn ids_in(schema: &Schema, call: &Call, comparison: Comparison) -> Vec<(&'static str, String)> {
    request_of(schema, call).map_or(Vec::new(), |request| {
        let ids = ids_of(&*request, comparison.ids);
        ids.map(|(field, id)| (field, id.to_owned())).collect()
    })
}

/// A call's request, if it is a message of its RPC's.
fn request_of(schema: &Schema, call: &Call) -> Option<Box<dyn Reflect>> {
    let rpc = rpc_of(schema, &call.service, &call.method)?;
    let mut request = (rpc.request.new)();
    agent_schema::decode(&mut *request, &call.request.as_ref()?.payload).ok()?;
    Some(request)
}

/// A call in the form that is compared.
struct Form {
    request: Value,
    status: Value,
    words: Value,
    details: Value,
    response: Value,
}

impl Form {
    /// The form of a call, with other IDs if there are `names` for them.
    fn of(
        schema: &'static Schema,
        call: &Call,
        names: Option<&Ids>,
        comparison: Comparison,
    ) -> Form {
        let measures = comparison.measures_of(&format!("{}/{}", call.service, call.method));
        let rpc = rpc_of(schema, &call.service, &call.method);
        let form = |payload: &[u8], message| form_of(schema, payload, message, names, measures);
        let request = call.request.as_ref().map_or(Value::Null, |said| {
            form(&said.payload, rpc.map(|rpc| rpc.request))
        });
        let (status, end, response) = match &call.end {
            End::Answered {
                status, response, ..
            } => {
                let response = response.as_ref().map_or(Value::Null, |said| {
                    form(&said.payload, rpc.map(|rpc| rpc.response))
                });
                (status.as_ref(), "not ttRPC", response)
            }
            End::Lost(_) | End::Open => (None, "no answer", Value::Null),
        };
        Form {
            request,
            status: match status {
                None => Value::from(end),
                Some(Status {
                    name: Some(name), ..
                }) => Value::from(name.clone()),
                Some(status) => Value::from(status.code),
            },
            words: Value::from(status.map_or(String::new(), |status| words_of(status, names))),
            details: details_of(schema, status, names),
            response,
        }
    }
}

/// An encoded message in the form that is compared: its fields, or its bytes.
fn form_of(
    schema: &'static Schema,
    payload: &[u8],
    message: Option<&'static Message>,
    names: Option<&Ids>,
    measures: &[&str],
) -> Value {
    let decoded = || {
        let mut value = (message?.new)();
        agent_schema::decode(&mut *value, payload).ok()?;
        if let Some(names) = names {
            names.replace(&mut *value);
        }
        let mut text = Vec::new();
        json::write(&*value, schema, json::Style::default(), &mut text).ok()?;
        serde_json::from_slice(&text).ok()
    };
    match decoded() {
        Some(value) => without(value, measures),
        None => Value::from(agent_text::hex::digits(payload)),
    }
}

/// What a status says, but for a backtrace: it has addresses, of which no two agents have the
/// same.
fn words_of(status: &Status, names: Option<&Ids>) -> String {
    let words = agent_text::escape::without_backtrace(&status.message);
    let replaced = names.and_then(|names| names.replaced(words, false));
    replaced.unwrap_or_else(|| words.to_owned())
}

/// What else a status says.
fn details_of(schema: &'static Schema, status: Option<&Status>, names: Option<&Ids>) -> Value {
    let details = status.iter().flat_map(|status| &status.details);
    let details = details.map(|detail| {
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        let message = schema.messages.iter().find(|it| it.full_name == name);
        let value = form_of(schema, &detail.value.0, message.copied(), names, &[]);
        serde_json::json!({"type_url": detail.type_url, "value": value})
    });
    details.collect::<Vec<_>>().into()
}

/// A message without some of its fields.
fn without(value: Value, fields: &[&str]) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(name, _)| !fields.contains(&&name[..]))
                .collect::<Map<_, _>>(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests;
