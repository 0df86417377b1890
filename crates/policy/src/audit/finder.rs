//! Every change of a request that is tried whatever its policy is, and in which places a policy's
//! own values are tried as well.

use agent_schema::{Field, Label, Message, Scalar, Schema, Type};
use serde_json::Value as Json;

use super::spot::{Spot, entry_path};
use super::values::{
    OTHER, Takes, default_of, others_of_bytes, others_of_number, others_of_text, regrouped,
};
use super::{Change, Kind, Step};
use crate::request::{has_own_form, message_of};

/// The changes of a request, and the places of its values.
pub(super) fn changes(
    schema: &'static Schema,
    rule: &str,
    input: &Json,
) -> (Vec<Change>, Vec<Spot>) {
    let mut finder = Finder::default();
    match message_of(schema, rule)
        .ok()
        .filter(|message| !has_own_form(message))
    {
        Some(message) => finder.message(message, input),
        None => finder.untyped(input),
    }
    (finder.changes, finder.spots)
}

#[derive(Default)]
pub(super) struct Finder {
    pub changes: Vec<Change>,
    pub spots: Vec<Spot>,
    place: Vec<Step>,
    path: String,
}

impl Finder {
    fn message(&mut self, message: &'static Message, value: &Json) {
        let Json::Object(members) = value else {
            return;
        };
        for (name, value) in members {
            let mut fields = message.fields.iter();
            let field = fields
                .find(|field| field.name == name || name.strip_suffix('_') == Some(field.name));
            let path = member(&self.path, name);
            self.within(Step::Name(name.clone()), &path, |finder| match field {
                Some(field) => finder.field(field, value),
                None => finder.untyped(value),
            });
        }
    }

    fn field(&mut self, field: &'static Field, value: &Json) {
        let new = || default_of(&field.ty);
        let takes = Takes::of_type(&field.ty);
        match (field.label, value) {
            (Label::Repeated, Json::Array(items)) => {
                self.list(items, new(), takes, |finder, item| {
                    finder.single(&field.ty, item);
                });
            }
            (Label::Map(_), Json::Object(entries)) => {
                self.map(entries, new(), takes, |finder, item| {
                    finder.single(&field.ty, item);
                });
            }
            (_, value) => {
                self.single(&field.ty, value);
                if matches!(field.ty, Type::Message(_)) && !value.is_null() {
                    self.change(Kind::Removed, Some(value.clone()), Some(Json::Null));
                }
            }
        }
    }

    fn single(&mut self, ty: &Type, value: &Json) {
        let begin = self.changes.len();
        match (ty, value) {
            (Type::Message(_), Json::Null) => {
                return self.change(Kind::Added, None, Some(default_of(ty)));
            }
            (Type::Message(message), value) => return self.message(message, value),
            (Type::Scalar(Scalar::Bytes), Json::Array(bytes)) => {
                for to in others_of_bytes(bytes) {
                    self.change(Kind::Changed, Some(value.clone()), Some(to));
                }
            }
            (ty, Json::Null) => self.change(Kind::Added, None, Some(default_of(ty))),
            (_, value) => self.scalar(value),
        }
        self.spot(begin, Kind::Changed, value, Takes::of_type(ty));
    }

    /// Changes a value by what it is.
    pub(super) fn untyped(&mut self, value: &Json) {
        let begin = self.changes.len();
        match value {
            Json::Array(items) => {
                let new = items.last().cloned().unwrap_or_else(|| OTHER.into());
                let takes = items.first().map_or(Some(Takes::Text), Takes::like);
                self.list(items, new, takes, Finder::untyped);
            }
            Json::Object(members) => {
                for (name, value) in members {
                    let path = member(&self.path, name);
                    self.within(Step::Name(name.clone()), &path, |finder| {
                        finder.untyped(value);
                    });
                }
            }
            value => {
                self.scalar(value);
                self.spot(begin, Kind::Changed, value, Takes::like(value));
            }
        }
    }

    fn scalar(&mut self, value: &Json) {
        let others: Vec<Json> = match value {
            Json::Null => return self.change(Kind::Added, None, Some(OTHER.into())),
            Json::Bool(flag) => vec![(!flag).into()],
            Json::Number(number) => others_of_number(number),
            Json::String(text) => {
                let others = others_of_text(text).into_iter();
                others.map(Json::from).collect()
            }
            Json::Array(_) | Json::Object(_) => return self.untyped(value),
        };
        for to in others {
            self.change(Kind::Changed, Some(value.clone()), Some(to));
        }
    }

    fn list(
        &mut self,
        items: &[Json],
        new: Json,
        takes: Option<Takes>,
        mut each: impl FnMut(&mut Self, &Json),
    ) {
        let begin = self.changes.len();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", self.path);
            self.within(Step::Index(index), &path, |finder| {
                each(finder, item);
                finder.change(Kind::Removed, Some(item.clone()), None);
            });
        }
        let path = format!("{}[{}]", self.path, items.len());
        self.within(Step::Index(items.len()), &path, |finder| {
            // What is permitted once may be permitted twice.
            let again = items.last().filter(|last| **last != new).cloned();
            let begin = finder.changes.len();
            finder.change(Kind::Added, None, Some(new));
            match again {
                Some(_) => finder.change(Kind::Added, None, again),
                // Else what is permitted shows where an element is changed.
                None if items.is_empty() => {
                    finder.spot(begin, Kind::Added, &Json::Null, takes.clone());
                }
                None => {}
            }
        });
        let reversed: Vec<_> = items.iter().rev().cloned().collect();
        if reversed != items {
            let to = Some(Json::Array(reversed));
            self.change(Kind::Reversed, Some(items.into()), to);
        }
        for regrouped in regrouped(items, " ") {
            self.change(Kind::Changed, Some(items.into()), Some(regrouped));
        }
        let takes = takes.map(|of| Takes::List(Box::new(of)));
        self.spot(begin, Kind::Changed, &items.into(), takes);
    }

    fn map(
        &mut self,
        entries: &serde_json::Map<String, Json>,
        new: Json,
        takes: Option<Takes>,
        mut each: impl FnMut(&mut Self, &Json),
    ) {
        for (key, item) in entries {
            let path = entry_path(&self.path, key);
            self.within(Step::Name(key.clone()), &path, |finder| {
                each(finder, item);
                finder.change(Kind::Removed, Some(item.clone()), None);
            });
        }
        let begin = self.changes.len();
        for (key, item) in entries {
            // A pattern may permit more keys that begin like this one.
            self.added(&format!("{key}-{OTHER}"), item.clone());
        }
        let entry = entries.values().next().unwrap_or(&new).clone();
        self.added(OTHER, new);
        self.spot(begin, Kind::Added, &entries.clone().into(), takes);
        if let Some(spot) = self
            .spots
            .last_mut()
            .filter(|spot| spot.changes.start == begin)
        {
            spot.entry = Some(entry);
        }
    }

    /// An entry is added to a map.
    fn added(&mut self, key: &str, to: Json) {
        let path = entry_path(&self.path, key);
        self.within(Step::Name(key.to_owned()), &path, |finder| {
            finder.change(Kind::Added, None, Some(to));
        });
    }

    fn within(&mut self, step: Step, path: &str, inner: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.path, path.to_owned());
        self.place.push(step);
        inner(self);
        self.place.pop();
        self.path = outer;
    }

    fn change(&mut self, change: Kind, from: Option<Json>, to: Option<Json>) {
        self.changes.push(Change {
            path: self.path.clone(),
            change,
            from,
            to,
            place: self.place.clone(),
        });
    }

    /// Notes the place of a value that was changed from `begin` on.
    fn spot(&mut self, begin: usize, change: Kind, from: &Json, takes: Option<Takes>) {
        let Some(takes) = takes else { return };
        self.spots.push(Spot {
            path: self.path.clone(),
            place: self.place.clone(),
            change: if from.is_null() { Kind::Added } else { change },
            from: Some(from.clone()).filter(|from| !from.is_null()),
            takes,
            entry: None,
            changes: begin..self.changes.len(),
        });
    }
}

fn member(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}
