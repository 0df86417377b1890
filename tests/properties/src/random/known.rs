//! Random messages of `google.protobuf`: those whose JSON form does not have
//! room for every content are filled with what it has room for.

use kata_agent_ctl::schema::{Reflect, ValueMut};

use super::Random;
use crate::check::encoded;

/// Seconds of the last second that a `Timestamp` may name, and of a `Duration`.
const MOST_SECONDS: i64 = 253_402_300_799;

impl Random {
    /// Fills a message whose JSON form has no room for every content; tells
    /// whether it is one.
    pub(super) fn fill_known(
        &mut self,
        name: &str,
        message: &mut dyn Reflect,
        depth: usize,
    ) -> bool {
        match name {
            "Timestamp" | "Duration" => {
                let seconds = self.signed() % MOST_SECONDS;
                let nanos = i64::try_from(self.below(1_000_000_000)).unwrap_or_default();
                let (seconds, nanos) = match name {
                    "Timestamp" => (seconds.abs(), nanos),
                    _ => (seconds, nanos * seconds.signum()),
                };
                set(message, "seconds", |slot| {
                    if let ValueMut::Int64(slot) = slot {
                        *slot = seconds;
                    }
                });
                set(message, "nanos", |slot| {
                    if let ValueMut::Int32(slot) = slot {
                        *slot = nanos as i32;
                    }
                });
            }
            "FieldMask" => {
                let count = self.below(3);
                set(message, "paths", |slot| {
                    if let ValueMut::List(list) = slot {
                        for _ in 0..count {
                            if let ValueMut::String(slot) = list.push() {
                                "user.first_name".clone_into(slot);
                            }
                        }
                    }
                });
            }
            "Value" => self.fill_value(message, depth),
            "Any" => self.fill_any(message, depth),
            _ => return false,
        }
        true
    }

    fn fill_value(&mut self, message: &mut dyn Reflect, depth: usize) {
        let kinds = if depth == 0 { 4 } else { 6 };
        let kind = match self.below(kinds) {
            0 => "null_value",
            1 => {
                let number = self.finite();
                return set(message, "number_value", |slot| {
                    if let ValueMut::Double(slot) = slot {
                        *slot = number;
                    }
                });
            }
            2 => "string_value",
            3 => "bool_value",
            4 => "struct_value",
            _ => "list_value",
        };
        let mut fields = message.descriptor().fields.iter().enumerate();
        if let Some((index, field)) = fields.find(|(_, field)| field.name == kind) {
            self.field(message, index, field, depth);
        }
    }

    /// Packs a message of any type that the API has, or leaves it empty.
    fn fill_any(&mut self, message: &mut dyn Reflect, depth: usize) {
        let place = self.below(self.schema.messages.len());
        let Some(inner) = self.schema.messages.get(place).filter(|_| depth > 0) else {
            return;
        };
        let mut packed = (inner.new)();
        self.fill(packed.as_mut(), depth - 1);
        set(message, "type_url", |slot| {
            if let ValueMut::String(slot) = slot {
                *slot = format!("type.googleapis.com/{}", inner.full_name);
            }
        });
        set(message, "value", |slot| {
            if let ValueMut::Bytes(slot) = slot {
                *slot = encoded(packed.as_ref());
            }
        });
    }
}

fn set(message: &mut dyn Reflect, name: &str, change: impl FnOnce(ValueMut<'_>)) {
    let mut fields = message.descriptor().fields.iter();
    let index = fields.position(|field| field.name == name);
    if let Some(slot) = index.and_then(|index| message.get_mut(index)) {
        change(slot);
    }
}
