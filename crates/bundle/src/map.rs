//! From a configuration to a message, by the names of the message's fields:
//! the agent's protos write them in another case, and only those of [`RENAMED`] have
//! another name. A member without a field is left out, and so is one
//! in another style than the specification's, as it has not been checked.

use agent_schema::value::parse_key;
use agent_schema::{
    Field, Label, List, Map, Message, Plain, Reflect, Schema, Type, ValueMut, json,
};
use serde_json::Value;

use crate::path::{JsonPath, Step};

/// Members of a configuration that have another name in the agent's messages.
const RENAMED: [(&str, &str); 1] = [("ociVersion", "Version")];

/// Why a value does not fit.
#[derive(Debug, thiserror::Error)]
#[error("{path}{problem}")]
pub struct Wrong {
    path: String,
    problem: String,
}

/// Puts a value, which is the member `within` of its document, into a message.
/// Returns the paths of the members that the message has no field for.
pub(crate) fn put(
    value: &Value,
    within: Option<&str>,
    message: &mut dyn Reflect,
    schema: &'static Schema,
) -> Result<Vec<String>, Wrong> {
    let mut mapping = Mapping {
        schema,
        path: JsonPath::default(),
        left_out: Vec::new(),
    };
    match within {
        None => mapping.message(value, message)?,
        Some(name) => {
            let step = Step::Member(name.to_owned());
            mapping.within(step, |mapping| mapping.message(value, message))?;
        }
    }
    Ok(mapping.left_out)
}

struct Mapping {
    schema: &'static Schema,
    path: JsonPath,
    left_out: Vec<String>,
}

impl Mapping {
    fn message(&mut self, value: &Value, message: &mut dyn Reflect) -> Result<(), Wrong> {
        let Value::Object(members) = value else {
            return Err(self.mismatch(value, "an object"));
        };
        let descriptor = message.descriptor();
        let mut seen = Vec::new();
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            self.within(Step::Member(name.clone()), |mapping| {
                let Some((index, field)) = field(descriptor, name) else {
                    mapping.left_out.push(mapping.path.to_string());
                    return Ok(());
                };
                if seen.contains(&index) {
                    return Err(mapping.wrong("given twice, in another case".to_owned()));
                }
                seen.push(index);
                match message.get_mut(index) {
                    Some(target) => mapping.field(value, field, target),
                    None => Ok(()),
                }
            })?;
        }
        Ok(())
    }

    fn field(&mut self, value: &Value, field: &Field, target: ValueMut<'_>) -> Result<(), Wrong> {
        match (field.label, target) {
            (Label::Repeated, ValueMut::List(list)) => self.list(value, field, list),
            (Label::Map(_), ValueMut::Map(map)) => self.map(value, field, map),
            (_, target) => self.value(value, &field.ty, target),
        }
    }

    fn list(&mut self, value: &Value, field: &Field, list: &mut dyn List) -> Result<(), Wrong> {
        let Value::Array(values) = value else {
            return Err(self.mismatch(value, "a list"));
        };
        for (index, value) in values.iter().enumerate() {
            self.within(Step::Element(index), |mapping| {
                mapping.value(value, &field.ty, list.push())
            })?;
        }
        Ok(())
    }

    fn map(&mut self, value: &Value, field: &Field, map: &mut dyn Map) -> Result<(), Wrong> {
        let (Value::Object(entries), Label::Map(scalar)) = (value, field.label) else {
            return Err(self.mismatch(value, "an object"));
        };
        for (name, value) in entries {
            self.within(Step::Member(name.clone()), |mapping| {
                let key = parse_key(scalar, name);
                let key = key.map_err(|error| mapping.wrong(error.to_string()))?;
                match map.get_mut(&key) {
                    Some(target) => mapping.value(value, &field.ty, target),
                    None => Ok(()),
                }
            })?;
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, ty: &Type, target: ValueMut<'_>) -> Result<(), Wrong> {
        match target {
            ValueMut::Message(message) if !is_special(ty) => self.message(value, message),
            target => {
                let text = value.to_string();
                let merged = json::merge_value(target, ty, &Plain, self.schema, "", &text);
                merged.map_err(|error| self.wrong(error.problem().to_string()))
            }
        }
    }

    fn within(
        &mut self,
        step: Step,
        inner: impl FnOnce(&mut Self) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        self.path.enter(step);
        inner(self)?;
        self.path.leave();
        Ok(())
    }

    fn mismatch(&self, value: &Value, expected: &str) -> Wrong {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.wrong(format!("{found} is not {expected}"))
    }

    fn wrong(&self, problem: String) -> Wrong {
        Wrong {
            path: self.path.before(),
            problem,
        }
    }
}

fn is_special(ty: &Type) -> bool {
    matches!(ty, Type::Message(message) if json::has_special_form(message))
}

/// The field that a member's name stands for.
pub(crate) fn field(message: &'static Message, name: &str) -> Option<(usize, &'static Field)> {
    // As all names in the specification are.
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) || name.contains('_') {
        return None;
    }
    let renamed = RENAMED.iter().find(|(config, _)| is_same(config, name));
    let renamed = renamed.map(|(_, field)| *field);
    let find = |is_it: &dyn Fn(&Field) -> bool| {
        let mut fields = message.fields.iter().enumerate();
        fields.find(|(_, field)| is_it(field))
    };
    find(&|field| field.name == name || field.json_name == name)
        .or_else(|| find(&|field| is_same(field.name, name)))
        .or_else(|| find(&|field| renamed.is_some_and(|name| is_same(field.name, name))))
}

/// Whether two names differ in case and underscores at most.
fn is_same(one: &str, other: &str) -> bool {
    let letters = |name: &str| {
        let letters = name.bytes().filter(|byte| *byte != b'_');
        letters
            .map(|byte| byte.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    letters(one) == letters(other)
}
