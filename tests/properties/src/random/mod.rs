//! Messages of any type with random content, the same for one seed: made from
//! the table alone, with a liking for values at the end of their range and for
//! text that needs quoting. All of them have a JSON form.

mod known;

use kata_agent_ctl::schema::{
    Enum, Field, Key, Label, Message, Reflect, Scalar, Schema, Type, ValueMut,
};

/// How many messages may be within each other.
const DEPTH: usize = 4;
/// What the name of a message with rules of its own begins with.
const PACKAGE: &str = "google.protobuf.";

const TEXTS: [&str; 16] = [
    "",
    "a",
    "null",
    "true",
    "0",
    "@file",
    "@@",
    "{",
    "[1]",
    "it's \"quoted\"",
    "a=b c#d",
    "\\n \\x41",
    "hex:00",
    "\u{e9}\u{1f980}",
    "]",
    "/run/kata: x",
];
/// Text that cannot be shown as it is, or takes several lines.
const ODD_TEXTS: [&str; 6] = [
    "a\nb",
    "\n",
    "a\n\n",
    "\u{1b}[2J\r",
    "\0\t",
    "\u{202e}x\u{ad}",
];

/// Makes messages.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
    schema: &'static Schema,
    odd_text: bool,
}

impl Random {
    /// Messages of an API, the same ones for one seed.
    pub fn new(seed: u64, schema: &'static Schema) -> Self {
        Self {
            state: seed,
            schema,
            odd_text: true,
        }
    }

    /// Without control characters and line ends in text.
    #[must_use]
    pub fn with_plain_text(mut self) -> Self {
        self.odd_text = false;
        self
    }

    /// A message of this type.
    pub fn message(&mut self, message: &Message) -> Box<dyn Reflect> {
        let mut made = (message.new)();
        self.fill(made.as_mut(), DEPTH);
        made
    }

    fn below(&mut self, limit: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(1);
        let high = usize::try_from(self.state >> 33).unwrap_or_default();
        high % limit.max(1)
    }

    fn bits(&mut self) -> u64 {
        (0..4).fold(0, |bits, _| bits << 16 | self.below(1 << 16) as u64)
    }

    fn fill(&mut self, message: &mut dyn Reflect, depth: usize) {
        let descriptor = message.descriptor();
        if let Some(name) = descriptor.full_name.strip_prefix(PACKAGE)
            && self.fill_known(name, message, depth)
        {
            return;
        }
        for (index, field) in descriptor.fields.iter().enumerate() {
            if self.below(2) == 0 {
                self.field(message, index, field, depth);
            }
        }
    }

    fn field(&mut self, message: &mut dyn Reflect, index: usize, field: &Field, depth: usize) {
        if depth == 0 && matches!(field.ty, Type::Message(_)) {
            return;
        }
        match (message.get_mut(index), field.label) {
            (Some(ValueMut::List(list)), _) => {
                for _ in 0..self.below(4) {
                    self.value(list.push(), field.ty, depth);
                }
            }
            (Some(ValueMut::Map(map)), Label::Map(key)) => {
                for _ in 0..self.below(4) {
                    let key = self.key(key);
                    if let Some(slot) = map.get_mut(&key) {
                        self.value(slot, field.ty, depth);
                    }
                }
            }
            (Some(slot), _) => self.value(slot, field.ty, depth),
            (None, _) => {}
        }
    }

    fn value(&mut self, slot: ValueMut<'_>, ty: Type, depth: usize) {
        match slot {
            ValueMut::Bool(slot) => *slot = self.below(2) == 0,
            ValueMut::Int32(slot) => *slot = self.signed() as i32,
            ValueMut::Int64(slot) => *slot = self.signed(),
            ValueMut::Uint32(slot) => *slot = self.signed() as u32,
            ValueMut::Uint64(slot) => *slot = self.signed() as u64,
            ValueMut::Float(slot) => *slot = self.float() as f32,
            ValueMut::Double(slot) => *slot = self.float(),
            ValueMut::String(slot) => *slot = self.text(),
            ValueMut::Bytes(slot) => *slot = self.bytes(),
            ValueMut::Enum(slot) => {
                if let Type::Enum(enumeration) = ty {
                    slot.set_number(self.number(enumeration));
                }
            }
            ValueMut::Message(inner) => self.fill(inner, depth.saturating_sub(1)),
            // A field of one value holds neither.
            ValueMut::List(_) | ValueMut::Map(_) => {}
        }
    }

    fn signed(&mut self) -> i64 {
        let bits = self.bits().cast_signed();
        match self.below(8) {
            0 => i64::MIN,
            1 => i64::MAX,
            2 => i64::from(i32::MIN),
            3 => i64::from(u32::MAX),
            4 => 0,
            5 => bits % 100,
            6 => bits >> 32,
            _ => bits,
        }
    }

    fn float(&mut self) -> f64 {
        match self.below(8) {
            0 => f64::INFINITY,
            1 => f64::NEG_INFINITY,
            2 => f64::NAN,
            _ => self.finite(),
        }
    }

    fn finite(&mut self) -> f64 {
        match self.below(6) {
            0 => 0.0,
            1 => -0.0,
            2 => f64::MIN_POSITIVE,
            3 => f64::from(f32::MAX),
            4 => self.signed() as f64 / 7.0,
            _ => Some(f64::from_bits(self.bits()))
                .filter(|number| number.is_finite())
                .unwrap_or(0.1),
        }
    }

    fn text(&mut self) -> String {
        let count = self.below(3);
        (0..count)
            .map(|_| match self.odd_text && self.below(4) == 0 {
                true => ODD_TEXTS[self.below(ODD_TEXTS.len())],
                false => TEXTS[self.below(TEXTS.len())],
            })
            .collect()
    }

    fn bytes(&mut self) -> Vec<u8> {
        match self.below(2) {
            0 => self.text().into_bytes(),
            _ => self.bits().to_le_bytes()[..self.below(9)].to_vec(),
        }
    }

    fn number(&mut self, enumeration: &Enum) -> i32 {
        // Its only value.
        if enumeration.full_name.starts_with(PACKAGE) {
            return 0;
        }
        match self.below(4) {
            0 => self.signed() as i32,
            _ => {
                let place = self.below(enumeration.values.len());
                let value = enumeration.values.get(place);
                value.map_or(0, |value| value.number)
            }
        }
    }

    fn key(&mut self, scalar: Scalar) -> Key<'static> {
        match scalar {
            Scalar::Bool => Key::Bool(self.below(2) == 0),
            Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => Key::Int32(self.signed() as i32),
            Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => Key::Int64(self.signed()),
            Scalar::Uint32 | Scalar::Fixed32 => Key::Uint32(self.signed() as u32),
            Scalar::Uint64 | Scalar::Fixed64 => Key::Uint64(self.signed() as u64),
            Scalar::String | Scalar::Bytes | Scalar::Float | Scalar::Double => {
                Key::String(self.text().into())
            }
        }
    }
}
