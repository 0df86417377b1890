//! Carrying out one setter: working out from the types what its text does at the end
//! of the path, then walking there and doing it.

use std::borrow::Cow;

use super::error::{SetError, SetProblem};
use super::resolve::{Element, Resolved, Step, resolve};
use crate::descriptor::{Field, Label, Message, Scalar, Schema, Type};
use crate::dialect::Dialect;
use crate::explicit::Explicit;
use crate::json::string::JsonString;
use crate::json::{self, JsonError};
use crate::place;
use crate::reflect::{Reflect, ValueMut};
use crate::value::{Parsed, parse_enum, parse_scalar};
use crate::well_known::{WellKnown, null_is_value};

/// Carries out the setter `path=value`, the quoting of a command already taken
/// off. What is set is marked in `explicit`, along singular messages; what is
/// set to null is unmarked, and so are the other members of a oneof.
///
/// # Errors
/// When the path leads nowhere or the value does not fit. The message is then
/// valid, but may be changed in part.
pub fn set(
    message: &mut dyn Reflect,
    explicit: &mut Explicit,
    dialect: &dyn Dialect,
    schema: &'static Schema,
    path: &str,
    value: &str,
) -> Result<(), SetError> {
    let path = resolve(message.descriptor(), dialect, path)?;
    path.set(message, explicit, dialect, schema, value)
}

/// A setter that has been read, the file of its value too, to be carried out on any
/// number of messages of one type.
#[derive(Debug, Clone)]
pub struct Prepared {
    path: Resolved,
    change: Change<'static>,
}

impl Prepared {
    /// Reads the setter `path=value` for messages of a type.
    ///
    /// # Errors
    /// When the path leads nowhere or the value does not fit, as far as that can be
    /// told without a message.
    pub fn read(
        message: &'static Message,
        dialect: &dyn Dialect,
        path: &str,
        value: &str,
    ) -> Result<Prepared, SetError> {
        let path = resolve(message, dialect, path)?;
        let change = path.change(dialect, value)?.into_owned();
        Ok(Prepared { path, change })
    }

    /// Carries it out, as [`set`] does.
    ///
    /// # Errors
    /// As [`set`].
    pub fn set(
        &self,
        message: &mut dyn Reflect,
        explicit: &mut Explicit,
        dialect: &dyn Dialect,
        schema: &'static Schema,
    ) -> Result<(), SetError> {
        let change = self.change.clone();
        self.path
            .carry_out(change, message, explicit, dialect, schema)
    }
}

/// What is done at the end of a path.
#[derive(Debug, Clone)]
enum Change<'a> {
    /// The field is unset, or the map's entry removed.
    Clear,
    /// A JSON text is merged into the field as a document would.
    Merge(Cow<'a, str>),
    /// One value is set: the field's own, an element's, an entry's, or that of
    /// a new element when the path ends in a list.
    Value(One<'a>),
}

impl Change<'_> {
    fn into_owned(self) -> Change<'static> {
        match self {
            Change::Clear => Change::Clear,
            Change::Merge(text) => Change::Merge(Cow::Owned(text.into_owned())),
            Change::Value(one) => Change::Value(match one {
                One::Plain(value) => One::Plain(value),
                One::Json(text) => One::Json(Cow::Owned(text.into_owned())),
                One::Wrapped { index, value } => One::Wrapped { index, value },
            }),
        }
    }
}

/// A single value. JSON in it is not yet read.
#[derive(Debug, Clone)]
enum One<'a> {
    /// A scalar or enum.
    Plain(Parsed),
    /// JSON text of a message.
    Json(Cow<'a, str>),
    /// The one field of a wrapper such as `google.protobuf.UInt32Value`.
    Wrapped {
        /// The field's index in the wrapper.
        index: usize,
        /// What it holds.
        value: Parsed,
    },
}

impl Resolved {
    /// As [`set`], for a path that was resolved in the type of `message`.
    ///
    /// # Errors
    /// As [`set`].
    pub fn set(
        &self,
        message: &mut dyn Reflect,
        explicit: &mut Explicit,
        dialect: &dyn Dialect,
        schema: &'static Schema,
        text: &str,
    ) -> Result<(), SetError> {
        let change = self.change(dialect, text)?;
        self.carry_out(change, message, explicit, dialect, schema)
    }

    /// Makes a change at the end of the path.
    fn carry_out(
        &self,
        change: Change<'_>,
        message: &mut dyn Reflect,
        explicit: &mut Explicit,
        dialect: &dyn Dialect,
        schema: &'static Schema,
    ) -> Result<(), SetError> {
        let clears = matches!(change, Change::Clear);
        let (mut message, mut explicit) = (message, explicit);
        // Takes the marks within lists and maps, which are not kept.
        let mut within_elements = Explicit::default();
        for step in &self.outer {
            // What is within an unset message is unset already.
            if clears && message.get(step.index).is_none() {
                return Ok(());
            }
            explicit = mark(step, explicit);
            if step.element.is_some() {
                explicit = &mut within_elements;
            }
            message = match self.slot(step, message, clears)? {
                Some(ValueMut::Message(inner)) => inner,
                None => return Ok(()),
                Some(_) => return Err(self.error(SetProblem::Table)),
            };
        }
        self.apply(change, message, explicit, dialect, schema)
    }

    /// What a step leads to, made present where it is not there; `None` for what is not
    /// there if the setter `clears`.
    fn slot<'m>(
        &self,
        step: &Step,
        message: &'m mut dyn Reflect,
        clears: bool,
    ) -> Result<Option<ValueMut<'m>>, SetError> {
        let slot = match (&step.element, message.get_mut(step.index)) {
            (None, slot) => slot,
            (Some(Element::Index(index)), Some(ValueMut::List(list))) => {
                let len = list.len();
                match *index {
                    index if index < len => list.get_mut(index),
                    index if index > len => {
                        let problem = SetProblem::BeyondEnd { len };
                        return Err(SetError::new(self.up_to(step), problem));
                    }
                    _ if clears => return Ok(None),
                    _ => Some(list.push()),
                }
            }
            (Some(Element::Key(key)), Some(ValueMut::Map(map))) => {
                if clears && map.get(key).is_none() {
                    return Ok(None);
                }
                map.get_mut(key)
            }
            _ => None,
        };
        match slot {
            Some(slot) => Ok(Some(slot)),
            None => Err(self.error(SetProblem::Table)),
        }
    }

    /// Makes the change in the message that the last step is in.
    fn apply(
        &self,
        change: Change<'_>,
        message: &mut dyn Reflect,
        explicit: &mut Explicit,
        dialect: &dyn Dialect,
        schema: &'static Schema,
    ) -> Result<(), SetError> {
        let step = &self.last;
        let one = match change {
            Change::Clear => {
                match &step.element {
                    None => {
                        message.clear(step.index);
                        explicit.unmark(step.index);
                    }
                    Some(element) => {
                        mark(step, explicit);
                        if let Some(ValueMut::Map(map)) = message.get_mut(step.index)
                            && let Element::Key(key) = element
                        {
                            map.remove(key);
                        }
                    }
                }
                return Ok(());
            }
            Change::Merge(text) => {
                mark(step, explicit);
                let outer = self.outer.last().map_or("", |step| self.up_to(step));
                let index = step.index;
                return json::merge_field(message, index, explicit, dialect, schema, outer, &text)
                    .map_err(|error| from_json(error, &self.path));
            }
            Change::Value(one) => one,
        };
        let within = mark(step, explicit);
        if let (One::Wrapped { index, .. }, None) = (&one, &step.element) {
            within.mark(*index);
        }
        let mut path = Cow::Borrowed(&self.path);
        let slot = match self.slot(step, message, false)? {
            Some(ValueMut::List(list)) => {
                place::push_index(list.len(), path.to_mut());
                Some(list.push())
            }
            slot => slot,
        };
        let is_stored = match (one, slot) {
            (One::Plain(value), Some(slot)) => value.store(slot),
            (One::Wrapped { index, value }, Some(ValueMut::Message(wrapper))) => {
                wrapper.get_mut(index).is_some_and(|slot| value.store(slot))
            }
            (One::Json(text), Some(slot)) => {
                return json::merge_value(slot, &step.field.ty, dialect, schema, &path, &text)
                    .map_err(|error| from_json(error, &path));
            }
            _ => false,
        };
        match is_stored {
            true => Ok(()),
            false => Err(self.error(SetProblem::Table)),
        }
    }

    /// Works out what `text` does at the end of the path.
    fn change<'t>(&self, dialect: &dyn Dialect, text: &'t str) -> Result<Change<'t>, SetError> {
        let Step {
            message,
            index,
            field,
            element,
            ..
        } = &self.last;
        let is_json = text.starts_with(['{', '[']);
        let is_null = text == "null";
        let is_text = matches!(field.ty, Type::Scalar(Scalar::String | Scalar::Bytes));
        let one = || Ok(Change::Value(self.one(dialect, text)?));
        match (field.label, field.ty) {
            (label, ty) if element.is_some() => match label {
                _ if !is_null || is_text => one(),
                Label::Repeated if null_is_value(&ty) => Ok(Change::Value(One::Json(text.into()))),
                Label::Repeated => Err(self.error(SetProblem::NullElement)),
                _ => Ok(Change::Clear),
            },
            (Label::Repeated | Label::Map(_), _) if is_null => Ok(Change::Clear),
            // An array replaces the list; an object is one more element.
            (Label::Repeated, _) if text.starts_with('[') => Ok(Change::Merge(text.into())),
            (Label::Repeated, _) if is_json => Ok(Change::Value(One::Json(text.into()))),
            (Label::Map(_), _) if is_json => Ok(Change::Merge(text.into())),
            (Label::Map(_), _) => Err(self.error(self.not_json(text))),
            (Label::Repeated, _) => one(),
            (_, _) if is_null && !is_text => Ok(Change::Clear),
            (_, Type::Message(_)) if is_json => Ok(Change::Merge(text.into())),
            (_, Type::Message(_)) => one(),
            (_, ty) => {
                let meant = dialect.value(message, *index, text);
                let value = self.plain(dialect, ty, meant.as_deref().unwrap_or(text))?;
                Ok(Change::Value(One::Plain(value)))
            }
        }
    }

    /// Reads a value for a slot of the last field's type.
    fn one<'t>(&self, dialect: &dyn Dialect, text: &'t str) -> Result<One<'t>, SetError> {
        let Type::Message(message) = self.last.field.ty else {
            let value = self.plain(dialect, self.last.field.ty, text)?;
            return Ok(One::Plain(value));
        };
        if text.starts_with(['{', '[']) {
            return Ok(One::Json(text.into()));
        }
        let quoted = || One::Json(JsonString(text).to_string().into());
        match WellKnown::of(message) {
            Some(
                WellKnown::Timestamp { .. }
                | WellKnown::Duration { .. }
                | WellKnown::FieldMask { .. },
            ) => Ok(quoted()),
            // What is not JSON is a string.
            Some(WellKnown::Value(_)) => {
                let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
                Ok(match is_json {
                    true => One::Json(text.into()),
                    false => quoted(),
                })
            }
            Some(WellKnown::Wrapper { value: index }) => match message.fields.get(index) {
                Some(field) => Ok(One::Wrapped {
                    index,
                    value: self.plain(dialect, field.ty, text)?,
                }),
                None => Err(self.error(SetProblem::Table)),
            },
            Some(
                WellKnown::Struct { .. } | WellKnown::ListValue { .. } | WellKnown::Any { .. },
            )
            | None => Err(self.error(self.not_json(text))),
        }
    }

    fn plain(&self, dialect: &dyn Dialect, ty: Type, text: &str) -> Result<Parsed, SetError> {
        let parsed = match ty {
            Type::Scalar(scalar) => parse_scalar(scalar, dialect, text),
            Type::Enum(enumeration) => parse_enum(enumeration, text),
            Type::Message(_) => return Err(self.error(SetProblem::Table)),
        };
        parsed.map_err(|error| self.error(error))
    }

    /// The error for plain text given to what has fields or elements.
    fn not_json(&self, text: &str) -> SetProblem {
        let field = self.last.field;
        let is_list_value = match field.ty {
            Type::Message(message) => {
                matches!(WellKnown::of(message), Some(WellKnown::ListValue { .. }))
            }
            _ => false,
        };
        let is_many = self.last.is_many();
        let (expected, key) = match field.label {
            Label::Map(_) if is_many => ("a JSON object", "[key]"),
            _ if is_list_value => ("a JSON list", if is_many { "[0]" } else { "" }),
            _ if is_many => ("a JSON object or array", "[0]"),
            _ => ("a JSON object", ""),
        };
        SetProblem::NotJson {
            text: text.to_owned(),
            expected,
            example: example(&format!("{}{key}", self.path), field),
        }
    }
}

/// A setter of a part of what `path` leads to, a value of the type of `field`.
fn example(path: &str, field: &Field) -> String {
    let Type::Message(message) = field.ty else {
        return format!("{path}=...");
    };
    match message.fields.first() {
        Some(first) => {
            let entry = match first.label {
                Label::Map(_) => "[key]",
                _ => "",
            };
            format!("{path}.{}{entry}=...", first.name)
        }
        None => format!("{path}={{}}"),
    }
}

/// Notes a step's field as given, and the other members of its oneof as not given.
fn mark<'a>(step: &Step, explicit: &'a mut Explicit) -> &'a mut Explicit {
    let Message { fields, .. } = step.message;
    let is_rival = |(other, field): &(usize, &Field)| {
        *other != step.index && step.field.oneof.is_some() && field.oneof == step.field.oneof
    };
    for (other, _) in fields.iter().enumerate().filter(is_rival) {
        explicit.unmark(other);
    }
    explicit.mark(step.index)
}

/// The error of JSON given for what is at `place`. Text that is not JSON at all
/// has no place of its own.
fn from_json(error: JsonError, place: &str) -> SetError {
    let path = error.path();
    SetError {
        path: if path.starts_with(place) { path } else { place }.to_owned(),
        problem: SetProblem::Json(error.into()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::fixture::{ALL, INNER};
    use crate::{FieldOptions, Plain};

    /// What a text given for a field of the type `google.protobuf.<name>` does.
    fn change_of(holder: &'static Message, text: &str) -> String {
        let path = resolve(holder, &Plain, "it").unwrap();
        match path.change(&Plain, text).unwrap() {
            Change::Value(One::Json(json)) => json.into_owned(),
            other => format!("{other:?}"),
        }
    }

    const fn field(name: &'static str, ty: Type) -> Field {
        Field {
            name,
            ty,
            label: Label::Singular,
            json_name: name,
            number: 1,
            oneof: None,
            doc: "",
            options: FieldOptions::NONE,
        }
    }

    macro_rules! holder {
        ($name:ident, $type:literal, $($field:literal)*) => {
            static $name: Message = Message {
                fields: &[field(
                    "it",
                    Type::Message(&Message {
                        full_name: $type,
                        fields: &[$(field($field, Type::Scalar(Scalar::Int64)),)*],
                        ..INNER
                    }),
                )],
                ..ALL
            };
        };
    }

    holder!(VALUE, "google.protobuf.Value",
        "null_value" "number_value" "string_value" "bool_value" "struct_value" "list_value");
    holder!(DURATION, "google.protobuf.Duration", "seconds" "nanos");
    holder!(STRUCT, "google.protobuf.Struct", "fields");

    #[test]
    fn any_value_is_json_or_a_string() {
        for (text, json) in [
            ("1.5", "1.5"),
            ("true", "true"),
            ("a b", r#""a b""#),
            ("\"", r#""\"""#),
            ("", r#""""#),
            ("1 2", r#""1 2""#),
        ] {
            assert_eq!(change_of(&VALUE, text), json, "{text}");
        }
        assert_eq!(change_of(&VALUE, "null"), "Clear");
        assert_eq!(change_of(&VALUE, "[1"), r#"Merge("[1")"#);
    }

    #[test]
    fn other_forms_are_strings_or_refused() {
        assert_eq!(change_of(&DURATION, "1.5s"), r#""1.5s""#);
        assert_eq!(change_of(&DURATION, "5"), r#""5""#);
        let path = resolve(&STRUCT, &Plain, "it").unwrap();
        assert_eq!(
            path.change(&Plain, "x").unwrap_err().to_string(),
            "it: \"x\" is not a JSON object; give one, or a part of it as in it.fields=..."
        );
    }
}
