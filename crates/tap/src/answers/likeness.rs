//! Whether a request is a recorded one made again: all its fields are the same, but for IDs,
//! which may be others, and for what no two runs have in common.

use std::collections::HashMap;
use std::fmt;

use agent_schema::{Key, Reflect, Value};
use agent_text::excerpt::Excerpt;

use crate::ids::Ids;

/// Which IDs stand for recorded ones, as far as that is known.
#[derive(Debug)]
pub(super) struct Names {
    /// Each recorded ID with the one that stands for it now, or with itself.
    pub(super) ids: Ids,
    /// The IDs that were used, and the recorded ones that they stand for.
    used: HashMap<String, String>,
}

/// Where a request differs from a recorded one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unlike {
    path: String,
    recorded: String,
    now: String,
}

/// A comparison of a request with a recorded one, and the IDs that they are alike by.
pub(super) struct Likeness<'a> {
    names: &'a Names,
    /// Whether a recorded ID that something stands for may get another one.
    renames: bool,
    /// What stands for each recorded ID that was met.
    met: Vec<(String, String)>,
}

impl Names {
    /// Names for these recorded IDs, for each of which itself stands.
    pub(super) fn new(ids: Ids) -> Names {
        Names {
            ids,
            used: HashMap::new(),
        }
    }

    fn of(&self, recorded: &str) -> Option<&str> {
        let now = self.ids.other(recorded)?;
        self.used
            .get(now)
            .is_some_and(|of| of == recorded)
            .then_some(now)
    }

    /// Takes note of the IDs that a request was alike by. The recorded ones for which something
    /// else stood come back.
    pub(super) fn learn(&mut self, met: Vec<(String, String)>) -> Vec<String> {
        let mut renamed = Vec::new();
        for (recorded, now) in met {
            match self.of(&recorded).map(str::to_owned) {
                Some(before) if before == now => continue,
                Some(before) => {
                    self.used.remove(&before);
                    renamed.push(recorded.clone());
                }
                None => {}
            }
            self.ids.rename(&recorded, &now);
            self.used.insert(now, recorded);
        }
        renamed
    }

    /// Forgets what stands for which.
    pub(super) fn forget(&mut self) {
        for (_, recorded) in self.used.drain() {
            self.ids.rename(&recorded, &recorded);
        }
    }
}

impl Likeness<'_> {
    /// A comparison that begins. With `renames` it may find that an ID that is new has taken the
    /// place of one that was used before.
    pub(super) fn new(names: &Names, renames: bool) -> Likeness<'_> {
        Likeness {
            names,
            renames,
            met: Vec::new(),
        }
    }

    /// What stands for each recorded ID in the two messages.
    pub(super) fn into_met(self) -> Vec<(String, String)> {
        self.met
    }

    /// Compares two messages of one type, but for some fields of them.
    ///
    /// # Errors
    /// The first place where they differ.
    pub(super) fn messages(
        &mut self,
        recorded: &dyn Reflect,
        now: &dyn Reflect,
        but: &[&str],
    ) -> Result<(), Unlike> {
        for (index, field) in recorded.descriptor().fields.iter().enumerate() {
            if but.contains(&field.name) {
                continue;
            }
            let is_id = self.names.ids.fields.contain(field.name);
            let compared = match (recorded.get(index), now.get(index)) {
                (None, None) => Ok(()),
                (Some(recorded), Some(now)) => self.values(recorded, now, is_id),
                (recorded, now) => Err(Unlike::of(recorded, now)),
            };
            compared.map_err(|unlike| unlike.within(field.name))?;
        }
        Ok(())
    }

    fn values(&mut self, recorded: Value<'_>, now: Value<'_>, is_id: bool) -> Result<(), Unlike> {
        let same = match (recorded, now) {
            (Value::Message(recorded), Value::Message(now)) => {
                return self.messages(recorded, now, &[]);
            }
            (Value::List(one), Value::List(other)) => {
                for index in 0..one.len().max(other.len()) {
                    let compared = match (one.get(index), other.get(index)) {
                        (Some(one), Some(other)) => self.values(one, other, false),
                        (one, other) => Err(Unlike::of(one, other)),
                    };
                    compared.map_err(|unlike| unlike.within(&format!("[{index}]")))?;
                }
                true
            }
            (Value::Map(one), Value::Map(other)) => {
                let within = |unlike: Unlike, key: &Key<'_>| unlike.within(&format!("[{key}]"));
                let mut left: Vec<(Key<'_>, Value<'_>)> = other.entries().collect();
                for (key, value) in one.entries() {
                    // A key may have an ID in it too.
                    let place = left.iter().position(|(now, _)| *now == key).or_else(|| {
                        left.iter().position(|(now, _)| match (&key, now) {
                            (Key::String(key), Key::String(now)) => self.texts(key, now, false),
                            _ => false,
                        })
                    });
                    let compared = match place.map(|place| left.remove(place)) {
                        Some((_, now)) => self.values(value, now, false),
                        None => Err(Unlike::of(Some(value), None)),
                    };
                    compared.map_err(|unlike| within(unlike, &key))?;
                }
                let added = left.into_iter().next();
                if let Some((key, value)) = added {
                    return Err(within(Unlike::of(None, Some(value)), &key));
                }
                true
            }
            (Value::String(recorded), Value::String(now)) => self.texts(recorded, now, is_id),
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (Value::Int32(one), Value::Int32(other)) | (Value::Enum(one), Value::Enum(other)) => {
                one == other
            }
            (Value::Int64(one), Value::Int64(other)) => one == other,
            (Value::Uint32(one), Value::Uint32(other)) => one == other,
            (Value::Uint64(one), Value::Uint64(other)) => one == other,
            (Value::Float(one), Value::Float(other)) => one.to_bits() == other.to_bits(),
            (Value::Double(one), Value::Double(other)) => one.to_bits() == other.to_bits(),
            (Value::Bytes(one), Value::Bytes(other)) => one == other,
            // Both are of one type.
            _ => false,
        };
        match same {
            true => Ok(()),
            false => Err(Unlike::of(Some(recorded), Some(now))),
        }
    }

    /// Whether two texts are the same but for IDs in them, of which each stands for one other.
    fn texts(&mut self, recorded: &str, now: &str, is_id: bool) -> bool {
        let ids = &self.names.ids;
        if is_id && ids.other(recorded).is_some() {
            return self.stands_for(recorded, now);
        }
        let (mut from, mut rest) = (0, now);
        while let Some(found) = ids.find(recorded, from) {
            let place = &found.place;
            let before = recorded.get(from..place.start).unwrap_or_default();
            let Some(tail) = rest.strip_prefix(before) else {
                return false;
            };
            let next = ids.find(recorded, place.end);
            let next = next.map_or(recorded.len(), |next| next.place.start);
            let behind = recorded.get(place.end..next).unwrap_or_default();
            let named = self.name_of(found.id).map(|name| found.form_of(name));
            let length = match named {
                Some(name) if tail.starts_with(name) => Some(name.len()),
                _ if behind.is_empty() => Some(tail.len()),
                _ => tail.find(behind),
            };
            let Some((name, tail)) = length.and_then(|length| tail.split_at_checked(length)) else {
                return false;
            };
            let is_alike = match found.is_shortened() {
                // The begin of an ID does not tell the ID, which may be a new one too.
                true => self.may_begin(found.id, |known| found.form_of(known) == name),
                false => self.stands_for(found.id, name),
            };
            if !is_alike {
                return false;
            }
            (from, rest) = (place.end, tail);
        }
        recorded.get(from..) == Some(rest)
    }

    /// Whether what stands for a recorded ID is right, as far as that is known.
    fn may_begin(&self, recorded: &str, is_right: impl Fn(&str) -> bool) -> bool {
        match self.met.iter().find(|(of, _)| of == recorded) {
            Some((_, now)) => is_right(now),
            None => self.renames || self.names.of(recorded).is_none_or(is_right),
        }
    }

    fn name_of(&self, recorded: &str) -> Option<&str> {
        match self.met.iter().find(|(of, _)| of == recorded) {
            Some((_, now)) => Some(now),
            None => self.names.of(recorded),
        }
    }

    /// Whether `now` can stand for a recorded ID.
    fn stands_for(&mut self, recorded: &str, now: &str) -> bool {
        if let Some((_, name)) = self.met.iter().find(|(of, _)| of == recorded) {
            return name == now;
        }
        let is_free = || {
            let is_used = self.names.used.contains_key(now);
            !is_used && self.met.iter().all(|(_, name)| name != now)
        };
        let can = match self.names.of(recorded) {
            Some(name) if name == now => true,
            Some(_) if !self.renames => false,
            // Else a part of a path could become an ID.
            _ => (now == recorded || !now.is_empty() && !now.contains('/')) && is_free(),
        };
        if can {
            self.met.push((recorded.to_owned(), now.to_owned()));
        }
        can
    }
}

impl Unlike {
    fn of(recorded: Option<Value<'_>>, now: Option<Value<'_>>) -> Unlike {
        Unlike {
            path: String::new(),
            recorded: shown(recorded),
            now: shown(now),
        }
    }

    /// The same, told from one level further out.
    fn within(mut self, part: &str) -> Unlike {
        let dot = match self.path.chars().next() {
            None | Some('[') => "",
            _ => ".",
        };
        self.path = format!("{part}{dot}{}", self.path);
        self
    }
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unlike {
            path,
            recorded,
            now,
        } = self;
        write!(f, "{path} is {now}, and {recorded} was recorded")
    }
}

fn shown(value: Option<Value<'_>>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => Excerpt(text).to_string(),
        Some(Value::Bytes(bytes)) => format!("other {} bytes", bytes.len()),
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::Int32(value) | Value::Enum(value)) => value.to_string(),
        Some(Value::Int64(value)) => value.to_string(),
        Some(Value::Uint32(value)) => value.to_string(),
        Some(Value::Uint64(value)) => value.to_string(),
        Some(Value::Float(value)) => value.to_string(),
        Some(Value::Double(value)) => value.to_string(),
        Some(Value::Message(message)) => format!("a {}", message.descriptor().full_name),
        Some(Value::List(list)) => format!("a list of {}", list.len()),
        Some(Value::Map(map)) => format!("a map of {}", map.len()),
    }
}
