//! What the calls of two recordings differ in. Calls are put side by side by their RPC and the
//! container or sandbox they are about, in the order in which they began; then their requests,
//! statuses and answers are compared field by field. IDs and times are left aside.

use std::collections::BTreeMap;
use std::fmt;
use std::io::BufRead;

use agent_schema::{Schema, json};
use serde_json::{Map, Value};

use crate::calls::{Call, Calls, End, Told};
use crate::comparison::Comparison;
use crate::ids::Ids;
use crate::recorder::rpc_of;
use crate::recording::{ReadError, Reader, Status};

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
        fields: Vec<(String, Option<Value>, Option<Value>)>,
    },
}

/// A call's name, and which of a recording's it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// `service/method`.
    pub name: String,
    /// Counted from 1.
    pub number: usize,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} {}", self.number, self.name)
    }
}

/// A call as it is compared.
struct Compared {
    name: Named,
    /// What it is put beside another one by.
    key: String,
    request: Value,
    status: Option<Status>,
    end: &'static str,
    response: Value,
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
) -> Result<Vec<Difference>, (usize, ReadError)> {
    let first = calls_of(schema, first, comparison).map_err(|error| (0, error))?;
    let second = calls_of(schema, second, comparison).map_err(|error| (1, error))?;
    let keys =
        |calls: &[Compared]| -> Vec<String> { calls.iter().map(|call| call.key.clone()).collect() };
    let (first_keys, second_keys) = (keys(&first), keys(&second));
    let operations =
        similar::capture_diff_slices(similar::Algorithm::Myers, &first_keys, &second_keys);
    let mut differences = Vec::new();
    for operation in operations {
        match operation {
            similar::DiffOp::Equal {
                old_index,
                new_index,
                len,
            } => {
                let old = first.iter().skip(old_index).take(len);
                let new = second.iter().skip(new_index).take(len);
                differences.extend(old.zip(new).filter_map(|(old, new)| compared(old, new)));
            }
            _ => {
                let (old, new) = (operation.old_range(), operation.new_range());
                let missing = first.get(old).unwrap_or_default();
                differences.extend(missing.iter().map(|c| Difference::Missing(c.name.clone())));
                let added = second.get(new).unwrap_or_default();
                differences.extend(added.iter().map(|c| Difference::Added(c.name.clone())));
            }
        }
    }
    Ok(differences)
}

fn compared(old: &Compared, new: &Compared) -> Option<Difference> {
    let mut fields = Vec::new();
    values("request", &old.request, &new.request, &mut fields);
    let status = |call: &Compared| match &call.status {
        None => Value::from(call.end),
        Some(status) => match &status.name {
            Some(name) => Value::from(name.clone()),
            None => Value::from(status.code),
        },
    };
    values("status", &status(old), &status(new), &mut fields);
    let words = |call: &Compared| {
        // A backtrace has addresses, of which no two agents have the same.
        let message = call.status.as_ref();
        let message = message.map(|status| agent_text::escape::without_backtrace(&status.message));
        Value::from(message.unwrap_or_default())
    };
    values("message", &words(old), &words(new), &mut fields);
    values("response", &old.response, &new.response, &mut fields);
    (!fields.is_empty()).then(|| Difference::Changed {
        call: old.name.clone(),
        fields,
    })
}

/// Compares two values, and notes where they differ.
fn values(
    path: &str,
    old: &Value,
    new: &Value,
    fields: &mut Vec<(String, Option<Value>, Option<Value>)>,
) {
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

/// The calls of a recording in the order in which they began.
fn calls_of(
    schema: &'static Schema,
    recording: impl BufRead,
    comparison: Comparison,
) -> Result<Vec<Compared>, ReadError> {
    let (reader, _) = Reader::new(recording)?;
    let mut calls = Calls::default();
    let mut ended = Vec::new();
    let mut keep = |told| {
        if let Told::Call(call) = told {
            ended.push(call);
        }
    };
    for record in reader {
        calls.take(record?, &mut keep);
    }
    calls.finish(&mut keep);
    ended.sort_by_key(|call| call.begun);
    let mut ids = Ids::new(comparison.ids);
    // All of them first, as files are copied for a container before it is named.
    for call in &ended {
        if let Some(said) = &call.request
            && let Some(rpc) = rpc_of(schema, &call.service, &call.method)
        {
            let mut request = (rpc.request.new)();
            if agent_schema::decode(&mut *request, &said.payload).is_ok() {
                ids.learn(&*request, |field, count, _| {
                    format!("{field}-{}", count + 1)
                });
            }
        }
    }
    let numbered = (1..).zip(ended);
    Ok(numbered
        .map(|(number, call)| compared_form(schema, number, &call, &ids, comparison))
        .collect())
}

fn compared_form(
    schema: &'static Schema,
    number: usize,
    call: &Call,
    ids: &Ids,
    comparison: Comparison,
) -> Compared {
    let name = format!("{}/{}", call.service, call.method);
    let measures = comparison.measures_of(&name);
    let rpc = rpc_of(schema, &call.service, &call.method);
    let form = |payload: &[u8], message: Option<&'static agent_schema::Message>| {
        let raw = || Value::from(agent_text::hex::digits(payload));
        let Some(message) = message else {
            return raw();
        };
        let mut value = (message.new)();
        if agent_schema::decode(&mut *value, payload).is_err() {
            return raw();
        }
        ids.replace(&mut *value);
        let mut text = Vec::new();
        let written = json::write(&*value, schema, json::Style::default(), &mut text);
        match written
            .ok()
            .and_then(|()| serde_json::from_slice(&text).ok())
        {
            Some(value) => without(value, measures),
            None => raw(),
        }
    };
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
            (status.clone(), "not ttRPC", response)
        }
        End::Lost(_) => (None, "no answer", Value::Null),
        End::Open => (None, "no answer", Value::Null),
    };
    let status = status.map(|mut status| {
        if let Some(words) = ids.replaced(&status.message, false) {
            status.message = words;
        }
        status
    });
    let about: Vec<String> = comparison
        .ids
        .all()
        .filter_map(|field| Some(format!(" {}", request.get(field)?.as_str()?)))
        .collect();
    Compared {
        key: format!("{name}{}", about.concat()),
        name: Named { name, number },
        request,
        status,
        end,
        response,
    }
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
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_compared_by_their_leaves() {
        let old = json!({"a": 1, "b": [1, 2], "c": {"d": "x"}, "gone": true});
        let new = json!({"a": 1, "b": [1, 3, 4], "c": {"d": "y"}});
        let mut fields = Vec::new();
        values("request", &old, &new, &mut fields);
        let some = |value: Value| Some(value);
        let expected = [
            ("request.b[1]", some(json!(2)), some(json!(3))),
            ("request.b[2]", None, some(json!(4))),
            ("request.c.d", some(json!("x")), some(json!("y"))),
            ("request.gone", some(json!(true)), None),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(path, old, new)| (path.to_owned(), old, new))
            .collect();
        assert_eq!(fields, expected);
    }
}
