//! Reading the fields of an encoded message.

use std::str;

/// How many messages and groups may stand within each other.
pub const DEEPEST: usize = 100;

/// The longest varint, in bytes: 64 bits, seven in a byte.
const LONGEST_VARINT: usize = 10;
/// The longest varint that holds 32 bits, as tags and lengths are.
const LONGEST_VARINT_32: usize = 5;

/// Why bytes are not an encoded message. The offset is that of the field that is wrong, in
/// bytes from the beginning of the outermost message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The message ends before the field, or group, does.
    #[error("the field at offset {0} is cut off")]
    Truncated(usize),
    /// The tag has the field number 0, a wire type that does not exist, or too many bits.
    #[error("the field at offset {0} has a number or type that protobuf does not have")]
    BadTag(usize),
    /// A varint goes on after its tenth byte, or a length after its fifth.
    #[error("the field at offset {0} has a number of too many bytes")]
    LongVarint(usize),
    /// The end of a group stands where none is open.
    #[error("at offset {0} a group ends that has not begun")]
    StrayEnd(usize),
    /// The end of a group has the number of another one.
    #[error("the group at offset {0} is closed by the end of another one")]
    WrongEnd(usize),
    /// Messages and groups are nested deeper than [`DEEPEST`].
    #[error("at offset {0} it is nested more than {DEEPEST} levels deep")]
    TooDeep(usize),
    /// A string has bytes that are not UTF-8.
    #[error("the string at offset {0} is not UTF-8")]
    NotUtf8(usize),
}

/// What a field holds. The wire type tells the variant; which of a proto's types it is, the
/// field's number tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// Wire type 0: an integer of up to 64 bits, a `bool` or an enum's value.
    Varint(u64),
    /// Wire type 1: eight bytes, the lowest one first.
    Fixed64(u64),
    /// Wire type 2: a string, bytes, a message, or a packed list of numbers.
    Bytes(&'a [u8]),
    /// Wire types 3 and 4: all that stands between a group's start and its end.
    Group(&'a [u8]),
    /// Wire type 5: four bytes, the lowest one first.
    Fixed32(u32),
}

/// How a number is encoded, in a field of its own or in a packed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// As [`Content::Varint`].
    Varint,
    /// As [`Content::Fixed32`].
    Fixed32,
    /// As [`Content::Fixed64`].
    Fixed64,
}

/// The fields of a message, in the order in which they stand.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    /// How many of the bytes were read.
    position: usize,
    /// Where the bytes begin in the outermost message.
    start: usize,
    /// In how many messages this one stands.
    depth: usize,
}

/// A tag with what follows it, where that is not a group.
enum Part<'a> {
    Whole(Content<'a>),
    GroupStart,
    GroupEnd,
}

impl<'a> Fields<'a> {
    /// The fields of this message.
    pub fn of(message: &'a [u8]) -> Self {
        Fields {
            bytes: message,
            position: 0,
            start: 0,
            depth: 0,
        }
    }

    /// The fields of the message that is the content of the field read last. Their offsets
    /// go on counting from the beginning of the outermost message.
    ///
    /// # Errors
    /// [`WireError::TooDeep`] when that is more than [`DEEPEST`] levels deep.
    pub fn nested(&self, content: &'a [u8]) -> Result<Fields<'a>, WireError> {
        let start = self.content_offset(content);
        if self.depth == DEEPEST {
            return Err(WireError::TooDeep(start));
        }
        Ok(Fields {
            bytes: content,
            position: 0,
            start,
            depth: self.depth + 1,
        })
    }

    /// The numbers of the packed list that is the content of the field read last, for
    /// [`Fields::next_packed`].
    pub fn packed(&self, content: &'a [u8]) -> Fields<'a> {
        Fields {
            bytes: content,
            position: 0,
            start: self.content_offset(content),
            depth: self.depth,
        }
    }

    /// The next number of a packed list; `None` at its end.
    ///
    /// # Errors
    /// When it is cut off, or a varint is too long.
    pub fn next_packed(&mut self, kind: NumberKind) -> Result<Option<Content<'a>>, WireError> {
        if self.position == self.bytes.len() {
            return Ok(None);
        }
        let offset = self.offset();
        self.number(offset, kind).map(Some)
    }

    /// The content of the field read last, which is a string.
    ///
    /// # Errors
    /// [`WireError::NotUtf8`] when it is not UTF-8.
    pub fn text(&self, content: &'a [u8]) -> Result<&'a str, WireError> {
        str::from_utf8(content).map_err(|_| WireError::NotUtf8(self.content_offset(content)))
    }

    /// All that is still to be read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// The next field: its number and what it holds. `None` at the end of the message.
    ///
    /// # Errors
    /// When what follows is not a whole field. Nothing after it can be read then.
    pub fn next_field(&mut self) -> Result<Option<(u32, Content<'a>)>, WireError> {
        if self.position == self.bytes.len() {
            return Ok(None);
        }
        let offset = self.offset();
        let (number, part) = self.part()?;
        let content = match part {
            Part::Whole(content) => content,
            Part::GroupStart => Content::Group(self.group(number, offset)?),
            Part::GroupEnd => return Err(WireError::StrayEnd(offset)),
        };
        Ok(Some((number, content)))
    }

    /// The number of the next field, if its tag can be read.
    pub fn next_number(&self) -> Option<u32> {
        let mut ahead = *self;
        let (number, _) = ahead.tag(ahead.offset()).ok()?;
        Some(number)
    }

    fn offset(&self) -> usize {
        self.start + self.position
    }

    fn content_offset(&self, content: &[u8]) -> usize {
        self.offset().saturating_sub(content.len())
    }

    /// The content of a group that began at `offset`. Groups in it are skipped.
    fn group(&mut self, number: u32, offset: usize) -> Result<&'a [u8], WireError> {
        let content = self.rest();
        let mut open = vec![(number, offset)];
        loop {
            let before = self.offset();
            if open.len() + self.depth > DEEPEST {
                return Err(WireError::TooDeep(before));
            }
            if self.position == self.bytes.len() {
                return Err(WireError::Truncated(offset));
            }
            match self.part()? {
                (_, Part::Whole(_)) => {}
                (number, Part::GroupStart) => open.push((number, before)),
                (number, Part::GroupEnd) => {
                    match open.pop() {
                        Some((begun, _)) if begun == number => {}
                        Some((_, offset)) => return Err(WireError::WrongEnd(offset)),
                        None => return Err(WireError::StrayEnd(before)),
                    }
                    if open.is_empty() {
                        let length = content.len() - self.rest().len();
                        let tag = self.offset() - before;
                        return Ok(content.get(..length - tag).unwrap_or_default());
                    }
                }
            }
        }
    }

    fn part(&mut self) -> Result<(u32, Part<'a>), WireError> {
        let offset = self.offset();
        let (number, wire_type) = self.tag(offset)?;
        let part = match wire_type {
            0 => Part::Whole(self.number(offset, NumberKind::Varint)?),
            1 => Part::Whole(self.number(offset, NumberKind::Fixed64)?),
            2 => {
                let length = self.varint(offset, LONGEST_VARINT_32)?;
                // What does not fit a `usize` is longer than any message.
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Part::Whole(Content::Bytes(self.take(offset, length)?))
            }
            3 => Part::GroupStart,
            4 => Part::GroupEnd,
            5 => Part::Whole(self.number(offset, NumberKind::Fixed32)?),
            _ => return Err(WireError::BadTag(offset)),
        };
        Ok((number, part))
    }

    /// A field's number and its wire type.
    fn tag(&mut self, offset: usize) -> Result<(u32, u32), WireError> {
        let tag = match self.varint(offset, LONGEST_VARINT_32) {
            Err(WireError::LongVarint(_)) => return Err(WireError::BadTag(offset)),
            tag => u32::try_from(tag?).map_err(|_| WireError::BadTag(offset))?,
        };
        match tag >> 3 {
            0 => Err(WireError::BadTag(offset)),
            number => Ok((number, tag & 7)),
        }
    }

    fn number(&mut self, offset: usize, kind: NumberKind) -> Result<Content<'a>, WireError> {
        Ok(match kind {
            NumberKind::Varint => Content::Varint(self.varint(offset, LONGEST_VARINT)?),
            NumberKind::Fixed32 => Content::Fixed32(u32::from_le_bytes(self.array(offset)?)),
            NumberKind::Fixed64 => Content::Fixed64(u64::from_le_bytes(self.array(offset)?)),
        })
    }

    /// A varint of the field at `offset`. Bits beyond the 64th are dropped.
    fn varint(&mut self, offset: usize, longest: usize) -> Result<u64, WireError> {
        let mut number = 0;
        for (index, byte) in self.rest().iter().take(longest).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.position += index + 1;
                return Ok(number);
            }
        }
        Err(match self.rest().len() < longest {
            true => WireError::Truncated(offset),
            false => WireError::LongVarint(offset),
        })
    }

    fn array<const LENGTH: usize>(&mut self, offset: usize) -> Result<[u8; LENGTH], WireError> {
        let (array, _) = self
            .rest()
            .split_first_chunk()
            .ok_or(WireError::Truncated(offset))?;
        self.position += LENGTH;
        Ok(*array)
    }

    fn take(&mut self, offset: usize, length: usize) -> Result<&'a [u8], WireError> {
        let taken = self
            .rest()
            .get(..length)
            .ok_or(WireError::Truncated(offset))?;
        self.position += length;
        Ok(taken)
    }
}

#[cfg(test)]
#[expect(clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u32, Content<'_>)>, WireError> {
        let mut fields = Fields::of(bytes);
        let mut found = Vec::new();
        while let Some(field) = fields.next_field()? {
            found.push(field);
        }
        Ok(found)
    }

    #[test]
    fn every_kind_of_field() {
        let bytes = b"\x08\x96\x01\x11\x01\0\0\0\0\0\0\x80\x1a\x02hi\x25\x02\0\0\x80";
        let expected = vec![
            (1, Content::Varint(150)),
            (2, Content::Fixed64(1 << 63 | 1)),
            (3, Content::Bytes(b"hi")),
            (4, Content::Fixed32(1 << 31 | 2)),
        ];
        assert_eq!(all(bytes), Ok(expected));
        assert_eq!(all(b""), Ok(vec![]));
    }

    #[test]
    fn a_message_that_is_cut_anywhere_is_refused_where_the_field_begins() {
        // A field of each kind, the last one a group with a field and a group in it.
        let fields: [&[u8]; 5] = [
            b"\x08\x96\x01",
            b"\x11\x01\0\0\0\0\0\0\x80",
            b"\x9a\x01\x02hi",
            b"\x25\x02\0\0\0",
            b"\x2b\x08\x01\x33\x1a\x01x\x34\x2c",
        ];
        let whole = fields.concat();
        let mut begin = 0;
        for field in fields {
            let end = begin + field.len();
            for cut in begin + 1..end {
                let error = all(&whole[..cut]).err();
                // Within a group, a field in it may be what is cut.
                assert!(
                    matches!(error, Some(WireError::Truncated(at)) if (begin..cut).contains(&at)),
                    "{cut}: {error:?}"
                );
            }
            assert_eq!(all(&whole[..end]).map(drop), Ok(()), "{end}");
            begin = end;
        }
        assert_eq!(all(b"\x08\x01\x0a\x05hi"), Err(WireError::Truncated(2)));
        assert_eq!(all(b"\x08\x01\x0b\x10\x01"), Err(WireError::Truncated(2)));
        assert_eq!(all(b"\x0b\x0a\x05hi"), Err(WireError::Truncated(1)));
        // Longer than any memory.
        assert_eq!(
            all(b"\x0a\xff\xff\xff\xff\x7f"),
            Err(WireError::Truncated(0))
        );
    }

    #[test]
    fn numbers_of_many_bytes() {
        let longest = [&b"\x08"[..], &[0xff; 9], &[0x7f]].concat();
        assert_eq!(all(&longest), Ok(vec![(1, Content::Varint(u64::MAX))]));
        let too_long = [&b"\x08"[..], &[0x80; 10], &[0]].concat();
        assert_eq!(all(&too_long), Err(WireError::LongVarint(0)));
        // One that is longer than it has to be is the same number.
        assert_eq!(
            all(b"\x88\x80\x00\x81\x80\x00\x12\x81\x80\x80\x80\x00x"),
            Ok(vec![(1, Content::Varint(1)), (2, Content::Bytes(b"x"))])
        );
        assert_eq!(
            all(b"\x0a\x81\x80\x80\x80\x80\x00x"),
            Err(WireError::LongVarint(0))
        );
    }

    #[test]
    fn tags_that_do_not_exist() {
        let cases: [&[u8]; 6] = [
            // The number 0, the types 6 and 7.
            b"\x00\x01",
            b"\x02\x01x",
            b"\x0e",
            b"\x0f",
            // More than 32 bits, and more than five bytes.
            b"\xf8\xff\xff\xff\x1f\x01",
            b"\x88\x80\x80\x80\x80\x00\x01",
        ];
        for bytes in cases {
            assert_eq!(all(bytes), Err(WireError::BadTag(0)), "{bytes:?}");
            let later = [b"\x08\x01", bytes].concat();
            assert_eq!(all(&later), Err(WireError::BadTag(2)), "{bytes:?}");
        }
        // The largest number.
        assert_eq!(
            all(b"\xf8\xff\xff\xff\x0f\x01"),
            Ok(vec![((1 << 29) - 1, Content::Varint(1))])
        );
    }

    #[test]
    fn groups_end_where_they_began() {
        // Field 1 as a group with field 2 as a group in it, and a number in that.
        assert_eq!(
            all(b"\x0b\x13\x08\x01\x14\x0c\x08\x02"),
            Ok(vec![
                (1, Content::Group(b"\x13\x08\x01\x14")),
                (1, Content::Varint(2))
            ])
        );
        assert_eq!(
            all(b"\x83\x01\x84\x01"),
            Ok(vec![(16, Content::Group(b""))])
        );
        assert_eq!(all(b"\x0b\x14"), Err(WireError::WrongEnd(0)));
        assert_eq!(all(b"\x0b\x13\x0c\x14"), Err(WireError::WrongEnd(1)));
        assert_eq!(all(b"\x08\x01\x0c"), Err(WireError::StrayEnd(2)));
    }

    #[test]
    fn packed_numbers() {
        let bytes = b"\x0a\x04\x01\x96\x01\x02";
        let mut fields = Fields::of(bytes);
        let Ok(Some((1, Content::Bytes(list)))) = fields.next_field() else {
            panic!("no list in {bytes:?}");
        };
        let all = |kind| {
            let mut numbers = fields.packed(list);
            let mut found = Vec::new();
            while let Some(number) = numbers.next_packed(kind)? {
                found.push(number);
            }
            Ok(found)
        };
        let varints = [1, 150, 2].map(Content::Varint).to_vec();
        assert_eq!(all(NumberKind::Varint), Ok(varints));
        let fixed = vec![Content::Fixed32(0x0201_9601)];
        assert_eq!(all(NumberKind::Fixed32), Ok(fixed));
        assert_eq!(all(NumberKind::Fixed64), Err(WireError::Truncated(2)));
    }

    #[test]
    fn the_number_of_a_field_that_is_cut_off() {
        assert_eq!(Fields::of(b"\x9a\x01\x02h").next_number(), Some(19));
        assert_eq!(Fields::of(b"").next_number(), None);
        assert_eq!(Fields::of(b"\x9a").next_number(), None);
    }

    #[test]
    fn depth_is_bounded() {
        let groups = |depth| [b"\x0b".repeat(depth), b"\x0c".repeat(depth)].concat();
        assert_eq!(all(&groups(DEEPEST)).map(drop), Ok(()));
        assert_eq!(all(&groups(DEEPEST + 1)), Err(WireError::TooDeep(101)));
        assert_eq!(all(&groups(1_000_000)), Err(WireError::TooDeep(101)));

        let mut fields = Fields::of(b"");
        for _ in 0..DEEPEST {
            fields = fields.nested(b"").unwrap_or(fields);
        }
        assert_eq!(fields.depth, DEEPEST);
        assert_eq!(fields.nested(b"").err(), Some(WireError::TooDeep(0)));
        // A group in the deepest message is one level more.
        let mut fields = Fields {
            bytes: b"\x0b\x0c",
            ..fields
        };
        assert_eq!(fields.next_field(), Err(WireError::TooDeep(1)));
    }

    #[test]
    fn offsets_in_messages_within_messages() {
        // Field 1: a message whose field 2 is a message whose field 3 is cut off.
        let bytes = b"\x08\x01\x0a\x05\x12\x03\x1a\x05h";
        let mut outer = Fields::of(bytes);
        assert_eq!(outer.next_field(), Ok(Some((1, Content::Varint(1)))));
        let Ok(Some((1, Content::Bytes(middle)))) = outer.next_field() else {
            panic!("no message in {bytes:?}");
        };
        let Ok(mut middle) = outer.nested(middle) else {
            panic!("too deep");
        };
        let Ok(Some((2, Content::Bytes(inner)))) = middle.next_field() else {
            panic!("no message in {middle:?}");
        };
        assert_eq!(middle.text(b"\x1a\x05\xff"), Err(WireError::NotUtf8(6)));
        assert_eq!(middle.text(b"\x1a\x05h"), Ok("\x1a\x05h"));
        let inner = middle.nested(inner).map(|mut fields| fields.next_field());
        assert_eq!(inner, Ok(Err(WireError::Truncated(6))));
        assert_eq!(middle.next_field(), Ok(None));
    }
}
