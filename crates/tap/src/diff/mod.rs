//! What the calls of two recordings differ in. IDs are matched first: which one of the second
//! recording stands for which of the first. Then calls are put side by side by their RPC and the
//! container or sandbox they are about, in the order in which they began there, and their requests,
//! statuses and answers are compared field by field. IDs and times are left aside.

mod form;
mod order;
mod same;
mod shown;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::io::BufRead;

use agent_schema::{Reflect, Schema};
use serde_json::Value;

use self::form::{Form, metadata};
use self::order::{blocks, keys, moved};
use crate::calls::{Call, Calls, Told};
use crate::comparison::Comparison;
use crate::conversation::Direction;
use crate::ids::{Ids, ids_of};
use crate::recorder::rpc_of;
use crate::recording::{Kind, ReadError, Reader};

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

/// What was said on a stream, and by whom.
type Messages = Vec<(Direction, Vec<u8>)>;

/// The calls of a recording in the order in which they began.
struct Recorded {
    calls: Vec<Seen>,
    is_cut: bool,
}

/// A call, and the IDs that it is about.
struct Seen {
    call: Box<Call>,
    /// The messages of its stream.
    messages: Messages,
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
        let [old, new] = keys(first, second, &self.names);
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
        self.compare(old, new, &mut fields);
        for (id, other) in again {
            self.names.rename(id, &other);
        }
        fields
    }

    fn compare(&self, old: &Seen, new: &Seen, fields: &mut Vec<Field>) {
        let (schema, comparison) = (self.schema, self.comparison);
        let old_form = Form::of(schema, old, None, comparison);
        let new_form = Form::of(schema, new, Some(&self.names), comparison);
        let (old, new) = (&old.call, &new.call);
        values("request", &old_form.request, &new_form.request, fields);
        let ([old_sent, old_came], [new_sent, new_came]) = (&old_form.messages, &new_form.messages);
        values("sent", old_sent, new_sent, fields);
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
        values("received", old_came, new_came, fields);
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
    let mut open: HashMap<(u64, u32), Messages> = HashMap::new();
    let mut keep = |told| match told {
        Told::Call(call) => {
            let messages = open.remove(&(call.connection, call.stream));
            ended.push((call, messages.unwrap_or_default()));
        }
        Told::Else(record) => {
            if let (Kind::Data, Some(connection), Some(stream), Some(direction), Some(payload)) = (
                record.kind,
                record.connection,
                record.stream,
                record.direction,
                record.payload,
            ) {
                let messages = open.entry((connection, stream)).or_default();
                messages.push((direction, payload.0));
            }
        }
    };
    for record in &mut reader {
        calls.take(record?, &mut keep);
    }
    calls.finish(&mut keep);
    ended.sort_by_key(|(call, _)| call.begun);
    let calls = (1..).zip(ended).map(|(number, (call, messages))| Seen {
        messages,
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

#[cfg(test)]
mod tests;
