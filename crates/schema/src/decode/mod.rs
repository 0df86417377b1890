//! Decoding a message over its descriptor, exactly as protobuf's encoding says: a later
//! value of a field replaces the one before, and a message is merged into it; lists of
//! numbers may be packed or not; of a number that is too large for its type the low bits
//! count; and nothing that is cut off, nested too deep or not UTF-8 is taken.

mod required;
mod unknown;

use agent_wire::{Content, Fields, NumberKind, WireError};

use self::unknown::Notes;
use crate::descriptor::{Field, Label, Message, Scalar, Schema, Type};
use crate::place;
use crate::reflect::{Key, List, Map, Reflect, ValueMut};
use crate::well_known::{WellKnown, any_type};

pub use self::required::missing_required;
pub use self::unknown::{Unknown, UnknownField};

/// The fields of a map's entry.
const KEY: u32 = 1;
const VALUE: u32 = 2;

/// Why bytes are not an encoding of a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", if .path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct DecodeError {
    /// The path of the field that is wrong, or that of its message if the field is not in
    /// the table. Empty for the outermost message, and where the nesting is too deep.
    pub path: String,
    /// What is wrong with it.
    pub problem: DecodeProblem,
}

/// What is wrong with an encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeProblem {
    /// The bytes, at an offset.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A field that each such message has is not there.
    #[error("the required field is missing")]
    Missing,
}

/// Merges an encoded message into `message`. Fields that are not in the table, or that
/// have another wire type than theirs, are kept as unknown ones, but for groups, which
/// are skipped.
///
/// # Errors
/// When `encoded` is not an encoding of this type; the message is then merged in part.
pub fn decode(message: &mut dyn Reflect, encoded: &[u8]) -> Result<(), DecodeError> {
    Decoder { notes: None }.message(message, Fields::of(encoded), None)?;
    complete(message)
}

/// The same, and returns the first `limit` unknown fields, those within each `Any`
/// included whose type `schema` has.
///
/// # Errors
/// As [`decode`].
pub fn decode_noting<'a>(
    message: &mut dyn Reflect,
    encoded: &'a [u8],
    schema: &'static Schema,
    limit: usize,
) -> Result<Unknown<'a>, DecodeError> {
    let notes = Notes::new(schema, limit);
    let mut decoder = Decoder { notes: Some(notes) };
    decoder.message(message, Fields::of(encoded), None)?;
    complete(message)?;
    Ok(decoder.notes.map(|notes| notes.unknown).unwrap_or_default())
}

/// Refuses a message without a field that it must have.
fn complete(message: &dyn Reflect) -> Result<(), DecodeError> {
    match missing_required(message) {
        Some(path) => Err(DecodeError {
            path,
            problem: DecodeProblem::Missing,
        }),
        None => Ok(()),
    }
}

/// Where in a message a value stands.
struct Place<'p> {
    outer: Option<&'p Place<'p>>,
    field: &'static Field,
    element: Element<'p>,
}

#[derive(Clone, Copy)]
enum Element<'p> {
    /// The field's own value.
    None,
    Index(usize),
    Key(&'p Key<'p>),
}

impl Place<'_> {
    fn write(&self, path: &mut String) {
        if let Some(outer) = self.outer {
            outer.write(path);
        }
        place::push_field(self.field.name, path);
        match self.element {
            Element::None => {}
            Element::Index(index) => place::push_index(index, path),
            Element::Key(key) => place::push_key_excerpt(key, path),
        }
    }
}

fn path_of(place: Option<&Place<'_>>) -> String {
    let mut path = String::new();
    if let Some(place) = place {
        place.write(&mut path);
    }
    path
}

fn wrong(place: Option<&Place<'_>>, error: WireError) -> DecodeError {
    let path = match error {
        // It would have a hundred steps.
        WireError::TooDeep(_) => String::new(),
        _ => path_of(place),
    };
    let problem = error.into();
    DecodeError { path, problem }
}

struct Decoder<'a> {
    /// What is noted of unknown fields, if anything.
    notes: Option<Notes<'a>>,
}

impl<'a> Decoder<'a> {
    /// Merges the fields of one message.
    fn message(
        &mut self,
        message: &mut dyn Reflect,
        mut fields: Fields<'a>,
        outer: Option<&Place<'_>>,
    ) -> Result<(), DecodeError> {
        let descriptor = message.descriptor();
        let any = match self.notes {
            Some(_) => WellKnown::of(descriptor).filter(|it| matches!(it, WellKnown::Any { .. })),
            None => None,
        };
        let mut any_value = None;
        let mut likely = 0;
        loop {
            let before = fields;
            let next = fields.next_field().map_err(|error| {
                let found = before
                    .next_number()
                    .and_then(|it| find(descriptor, it, likely));
                let field = found.map(|(_, field)| Place {
                    outer,
                    field,
                    element: Element::None,
                });
                wrong(field.as_ref().or(outer), error)
            });
            let Some((number, content)) = next? else {
                break;
            };
            let is_known = match find(descriptor, number, likely) {
                Some((index, field)) => {
                    likely = index + 1;
                    if let (Some(WellKnown::Any { value, .. }), Content::Bytes(bytes)) =
                        (any, content)
                        && value == index
                    {
                        any_value = Some(bytes);
                    }
                    let place = Place {
                        outer,
                        field,
                        element: Element::None,
                    };
                    self.field(message, index, content, &fields, &place)?
                }
                None => false,
            };
            if !is_known {
                if let Some(notes) = &mut self.notes {
                    notes.add(descriptor, None, number, content, outer);
                }
                unknown::keep(number, content, message.unknown_fields_mut());
            }
        }
        // What is within an `Any` is looked at for its unknown fields only.
        if let (Some(notes), Some(value)) = (&self.notes, any_value)
            && let Some(inner) = any_type(message, notes.schema)
            && let Ok(inner_fields) = fields.nested(value)
        {
            // Bytes of another type are shown as they are, which is not an error.
            let mut plain = Decoder { notes: None };
            if plain
                .message(&mut *(inner.new)(), inner_fields, outer)
                .is_ok()
            {
                self.message(&mut *(inner.new)(), inner_fields, outer)?;
            }
        }
        Ok(())
    }

    /// Merges what came for a field; `false` if that has another wire type.
    fn field(
        &mut self,
        message: &mut dyn Reflect,
        index: usize,
        content: Content<'a>,
        fields: &Fields<'a>,
        place: &Place<'_>,
    ) -> Result<bool, DecodeError> {
        let (descriptor, field) = (message.descriptor(), place.field);
        let kind = number_kind(field.ty);
        let is_packed = field.label == Label::Repeated
            && kind.is_some()
            && matches!(content, Content::Bytes(_));
        let is_entry = matches!(field.label, Label::Map(_)) && matches!(content, Content::Bytes(_));
        if !is_packed && !is_entry && !fits(field, content) {
            return Ok(false);
        }
        match (message.get_mut(index), content, kind) {
            (Some(ValueMut::List(list)), Content::Bytes(packed), Some(kind)) => {
                let mut numbers = fields.packed(packed);
                while let Some(number) = numbers
                    .next_packed(kind)
                    .map_err(|error| wrong(Some(place), error))?
                {
                    store(list.push(), field.ty, number, fields)
                        .map_err(|error| wrong(Some(place), error))?;
                }
            }
            (Some(ValueMut::List(list)), ..) => self.element(list, content, fields, place)?,
            (Some(ValueMut::Map(map)), Content::Bytes(entry), _) => {
                self.entry(descriptor, map, entry, fields, place)?;
            }
            (Some(slot), ..) => self.value(slot, content, fields, place)?,
            (None, ..) => return Ok(false),
        }
        Ok(true)
    }

    /// Appends an element to a list.
    fn element(
        &mut self,
        list: &mut dyn List,
        content: Content<'a>,
        fields: &Fields<'a>,
        place: &Place<'_>,
    ) -> Result<(), DecodeError> {
        let place = Place {
            element: Element::Index(list.len()),
            ..*place
        };
        self.value(list.push(), content, fields, &place)
    }

    /// Puts an entry into a map of `message`. Its value replaces one that is there.
    fn entry(
        &mut self,
        message: &'static Message,
        map: &mut dyn Map,
        entry: &'a [u8],
        fields: &Fields<'a>,
        place: &Place<'_>,
    ) -> Result<(), DecodeError> {
        let Label::Map(scalar) = place.field.label else {
            return Ok(());
        };
        let failed = |error| wrong(Some(place), error);
        let entry = fields.nested(entry).map_err(failed)?;
        // The value may come first, and stands at the key that comes last.
        let mut key = key_of(scalar, None, &entry).map_err(failed)?;
        let mut rest = entry;
        while let Some((number, content)) = rest.next_field().map_err(failed)? {
            if number == KEY && scalar_fits(scalar, content) {
                key = key_of(scalar, Some(content), &rest).map_err(failed)?;
            }
        }
        map.remove(&key);
        let mut rest = entry;
        let place = Place {
            element: Element::Key(&key),
            ..*place
        };
        loop {
            let Some(slot) = map.get_mut(&key) else {
                return Ok(());
            };
            match rest
                .next_field()
                .map_err(|error| wrong(Some(&place), error))?
            {
                Some((VALUE, content)) if value_fits(place.field.ty, content) => {
                    self.value(slot, content, &rest, &place)?;
                }
                Some((KEY, content)) if scalar_fits(scalar, content) => {}
                Some((number, content)) => {
                    if let Some(notes) = &mut self.notes {
                        notes.add(message, Some(place.field), number, content, Some(&place));
                    }
                }
                None => return Ok(()),
            }
        }
    }

    /// Puts one value of the right wire type into its slot.
    fn value(
        &mut self,
        slot: ValueMut<'_>,
        content: Content<'a>,
        fields: &Fields<'a>,
        place: &Place<'_>,
    ) -> Result<(), DecodeError> {
        let failed = |error| wrong(Some(place), error);
        match (slot, content) {
            (ValueMut::Message(message), Content::Bytes(inner)) => {
                let inner = fields.nested(inner).map_err(failed)?;
                self.message(message, inner, Some(place))
            }
            (slot, content) => store(slot, place.field.ty, content, fields).map_err(failed),
        }
    }
}

/// The field with a number. `likely` is looked at first, as fields mostly come in the
/// order of declaration.
fn find(message: &'static Message, number: u32, likely: usize) -> Option<(usize, &'static Field)> {
    match message.fields.get(likely) {
        Some(field) if field.number == number => Some((likely, field)),
        _ => {
            let mut fields = message.fields.iter().enumerate();
            fields.find(|(_, field)| field.number == number)
        }
    }
}

/// How a number of this type is encoded; `None` for what is not a number.
fn number_kind(ty: Type) -> Option<NumberKind> {
    match ty {
        Type::Scalar(scalar) => scalar_kind(scalar),
        Type::Enum(_) => Some(NumberKind::Varint),
        Type::Message(_) => None,
    }
}

fn scalar_kind(scalar: Scalar) -> Option<NumberKind> {
    match scalar {
        Scalar::Int32
        | Scalar::Int64
        | Scalar::Uint32
        | Scalar::Uint64
        | Scalar::Sint32
        | Scalar::Sint64
        | Scalar::Bool => Some(NumberKind::Varint),
        Scalar::Float | Scalar::Fixed32 | Scalar::Sfixed32 => Some(NumberKind::Fixed32),
        Scalar::Double | Scalar::Fixed64 | Scalar::Sfixed64 => Some(NumberKind::Fixed64),
        Scalar::String | Scalar::Bytes => None,
    }
}

/// Whether a content has the wire type of a field's single value.
fn fits(field: &Field, content: Content<'_>) -> bool {
    match field.label {
        Label::Map(_) => false,
        Label::Singular | Label::Optional | Label::Repeated => value_fits(field.ty, content),
    }
}

fn value_fits(ty: Type, content: Content<'_>) -> bool {
    kind_fits(number_kind(ty), content)
}

fn scalar_fits(scalar: Scalar, content: Content<'_>) -> bool {
    kind_fits(scalar_kind(scalar), content)
}

fn kind_fits(kind: Option<NumberKind>, content: Content<'_>) -> bool {
    match content {
        Content::Varint(_) => kind == Some(NumberKind::Varint),
        Content::Fixed32(_) => kind == Some(NumberKind::Fixed32),
        Content::Fixed64(_) => kind == Some(NumberKind::Fixed64),
        Content::Bytes(_) => kind.is_none(),
        Content::Group(_) => false,
    }
}

/// Puts a scalar or an enum's number into its slot.
fn store(
    slot: ValueMut<'_>,
    ty: Type,
    content: Content<'_>,
    fields: &Fields<'_>,
) -> Result<(), WireError> {
    let number = number(ty, content);
    match slot {
        ValueMut::Bool(slot) => *slot = number != 0,
        ValueMut::Int32(slot) => *slot = number as i32,
        ValueMut::Int64(slot) => *slot = number.cast_signed(),
        ValueMut::Uint32(slot) => *slot = number as u32,
        ValueMut::Uint64(slot) => *slot = number,
        ValueMut::Float(slot) => *slot = f32::from_bits(number as u32),
        ValueMut::Double(slot) => *slot = f64::from_bits(number),
        ValueMut::Enum(slot) => slot.set_number(number as i32),
        ValueMut::String(slot) => {
            if let Content::Bytes(text) = content {
                fields.text(text)?.clone_into(slot);
            }
        }
        ValueMut::Bytes(slot) => {
            if let Content::Bytes(bytes) = content {
                bytes.clone_into(slot);
            }
        }
        // Single values are none of these.
        ValueMut::Message(_) | ValueMut::List(_) | ValueMut::Map(_) => {}
    }
    Ok(())
}

/// The bits of a number, of which the low ones are those of its type. In the signed
/// zigzag types the lowest bit of the encoding is the sign.
fn number(ty: Type, content: Content<'_>) -> u64 {
    let bits = match content {
        Content::Varint(bits) | Content::Fixed64(bits) => bits,
        Content::Fixed32(bits) => bits.into(),
        Content::Bytes(_) | Content::Group(_) => 0,
    };
    match ty {
        Type::Scalar(Scalar::Sint32) => {
            let bits = bits as u32;
            ((bits >> 1) ^ (bits & 1).wrapping_neg()).into()
        }
        Type::Scalar(Scalar::Sint64) => (bits >> 1) ^ (bits & 1).wrapping_neg(),
        _ => bits,
    }
}

/// A map's key; the default one of its type without a content.
fn key_of(
    scalar: Scalar,
    content: Option<Content<'_>>,
    fields: &Fields<'_>,
) -> Result<Key<'static>, WireError> {
    let content = content.unwrap_or(Content::Bytes(&[]));
    let number = number(Type::Scalar(scalar), content);
    Ok(match scalar {
        Scalar::Bool => Key::Bool(number != 0),
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => Key::Int32(number as i32),
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => Key::Int64(number.cast_signed()),
        Scalar::Uint32 | Scalar::Fixed32 => Key::Uint32(number as u32),
        Scalar::Uint64 | Scalar::Fixed64 => Key::Uint64(number),
        // Protobuf allows no other type of key.
        Scalar::String | Scalar::Bytes | Scalar::Float | Scalar::Double => match content {
            Content::Bytes(text) => Key::String(fields.text(text)?.to_owned().into()),
            _ => Key::String("".into()),
        },
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;
