//! Lists, maps, and the values in them.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::super::descriptor::{Scalar, Type};
use super::super::explicit::Explicit;
use super::super::reflect::{Key, List, Map, ValueMut};
use super::context::{Merge, Spelling};
use super::error::Problem;
use super::found::refuse;
use super::given::Given;
use super::message::{KeySeed, MessageSeed};
use super::place::Step;
use super::scalar;

/// Reads one value: of a singular field, a list's element or a map's value.
pub(super) struct ValueSeed<'a, 'v, 'de, 'c> {
    pub(super) merge: &'a mut Merge<'de, 'c>,
    pub(super) target: ValueMut<'v>,
    pub(super) ty: Type,
    pub(super) explicit: Option<&'a mut Explicit>,
    pub(super) spelling: Spelling,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        match self.target {
            ValueMut::Message(message) => {
                MessageSeed::new(self.merge, message, self.explicit).deserialize(reader)
            }
            ValueMut::List(list) => ListSeed {
                merge: self.merge,
                list,
                ty: self.ty,
            }
            .deserialize(reader),
            target => scalar::read(self.merge, target, self.ty, self.spelling, reader),
        }
    }
}

/// Appends the elements of a JSON list to a list.
pub(super) struct ListSeed<'a, 'de, 'c> {
    pub(super) merge: &'a mut Merge<'de, 'c>,
    pub(super) list: &'a mut dyn List,
    pub(super) ty: Type,
}

impl ListSeed<'_, '_, '_> {
    fn refuse<E: de::Error>(self, found: String) -> E {
        let expected = format!("a list of {}", self.ty.name());
        self.merge.mismatch(found, &expected)
    }
}

impl<'de> DeserializeSeed<'de> for ListSeed<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", self.ty.name())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self { merge, list, ty } = self;
        let mut index = list.len();
        while elements
            .next_element_seed(ElementSeed {
                merge: &mut *merge,
                list: &mut *list,
                ty,
                index,
            })?
            .is_some()
        {
            index += 1;
        }
        Ok(())
    }

    refuse!(bool number string null object);
}

/// Appends one element. The list grows only when there is one to read.
struct ElementSeed<'a, 'de, 'c> {
    merge: &'a mut Merge<'de, 'c>,
    list: &'a mut dyn List,
    ty: Type,
    index: usize,
}

impl<'de> DeserializeSeed<'de> for ElementSeed<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        let Self {
            merge,
            list,
            ty,
            index,
        } = self;
        merge.at(Step::Index(index), |merge| {
            ValueSeed {
                merge,
                target: list.push(),
                ty,
                explicit: None,
                spelling: None,
            }
            .deserialize(reader)
        })
    }
}

/// Merges the entries of a JSON object into a map.
pub(super) struct MapSeed<'a, 'de, 'c> {
    pub(super) merge: &'a mut Merge<'de, 'c>,
    pub(super) map: &'a mut dyn Map,
    pub(super) key: Scalar,
    pub(super) ty: Type,
}

impl MapSeed<'_, '_, '_> {
    fn refuse<E: de::Error>(self, found: String) -> E {
        let expected = format!(
            "an object (map from {} to {})",
            self.key.name(),
            self.ty.name()
        );
        self.merge.mismatch(found, &expected)
    }
}

impl<'de> DeserializeSeed<'de> for MapSeed<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MapSeed<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self {
            merge,
            map,
            key: scalar,
            ty,
        } = self;
        // In a map that was empty, a key that is there already came from this document.
        let mut given = (!map.is_empty()).then(BTreeSet::new);
        while let Some(text) = entries.next_key_seed(KeySeed)? {
            let step = match scalar {
                Scalar::String => Step::Key(text.clone()),
                _ => Step::BareKey(text.clone()),
            };
            merge.at(step, |merge| {
                let key = key(scalar, &text).map_err(|problem| merge.fail(problem))?;
                if let Some(given) = &mut given {
                    if !given.insert(format!("{key:?}")) {
                        return Err(merge.fail(Problem::Duplicate));
                    }
                    map.remove(&key);
                }
                let before = map.len();
                // The borrow of the new value would outlast the look at the length.
                if map.get_mut(&key).is_none() {
                    return Err(merge.mismatch(Given::String(&text).to_string(), scalar.name()));
                }
                if map.len() == before {
                    return Err(merge.fail(Problem::Duplicate));
                }
                let Some(target) = map.get_mut(&key) else {
                    return Err(merge.fail(Problem::Duplicate));
                };
                entries.next_value_seed(ValueSeed {
                    merge,
                    target,
                    ty,
                    explicit: None,
                    spelling: None,
                })
            })?;
        }
        Ok(())
    }

    refuse!(bool number string null list);
}

/// The map key that a key of a JSON object stands for.
fn key(scalar: Scalar, text: &str) -> Result<Key<'_>, Problem> {
    let given = Given::String(text);
    Ok(match scalar {
        Scalar::String => Key::String(text),
        Scalar::Bool => match text {
            "true" => Key::Bool(true),
            "false" => Key::Bool(false),
            _ => return Err(given.mismatch("true or false")),
        },
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => Key::Int32(given.integer()?),
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => Key::Int64(given.integer()?),
        Scalar::Uint32 | Scalar::Fixed32 => Key::Uint32(given.integer()?),
        Scalar::Uint64 | Scalar::Fixed64 => Key::Uint64(given.integer()?),
        Scalar::Double | Scalar::Float | Scalar::Bytes => {
            return Err(given.mismatch("a map's key"));
        }
    })
}
