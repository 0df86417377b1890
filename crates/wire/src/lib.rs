//! Protobuf's wire form, field by field, for what the decoder skips without a word:
//! groups. It knows no messages, and leaves what is wrong in other ways to the decoder.

#![forbid(unsafe_code)]

/// A group is closed by the end of another field's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a group is closed by the end of another one")]
pub struct WrongEnd;

/// What a field holds, as far as anyone here asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// A number of any kind, as it came.
    Number(u64),
    /// Bytes: a string, a message, or several numbers.
    Bytes(&'a [u8]),
    /// All between a group's start and its end.
    Group(&'a [u8]),
}

/// The fields of a message, in the order in which they came.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// What may come next.
enum Part<'a> {
    Field(u32, Content<'a>),
    Start(u32),
    End(u32),
}

impl<'a> Fields<'a> {
    /// The fields that these bytes are.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// All that is still to come.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next field's number, and what it holds; `None` at the end, and where
    /// something follows that is no field.
    ///
    /// # Errors
    /// When it is a group that another one's end closes.
    pub fn next_field(&mut self) -> Result<Option<(u32, Content<'a>)>, WrongEnd> {
        match self.part() {
            Some(Part::Field(number, content)) => Ok(Some((number, content))),
            Some(Part::Start(number)) => Ok(self
                .group(number)?
                .map(|content| (number, Content::Group(content)))),
            Some(Part::End(_)) | None => Ok(None),
        }
    }

    /// What is in a group that has begun, groups in it included, however deep.
    fn group(&mut self, number: u32) -> Result<Option<&'a [u8]>, WrongEnd> {
        let start = self.rest;
        let mut open = vec![number];
        loop {
            let before = self.rest;
            match self.part() {
                Some(Part::Field(..)) => {}
                Some(Part::Start(number)) => open.push(number),
                Some(Part::End(number)) => {
                    if open.pop() != Some(number) {
                        return Err(WrongEnd);
                    }
                    if open.is_empty() {
                        return Ok(start.get(..start.len() - before.len()));
                    }
                }
                None => return Ok(None),
            }
        }
    }

    fn part(&mut self) -> Option<Part<'a>> {
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok()?;
        Some(match tag & 7 {
            0 => Part::Field(number, Content::Number(self.varint()?)),
            1 => Part::Field(number, Content::Number(self.fixed(8)?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Part::Field(number, Content::Bytes(self.take(length)?))
            }
            3 => Part::Start(number),
            4 => Part::End(number),
            5 => Part::Field(number, Content::Number(self.fixed(4)?)),
            _ => return None,
        })
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn fixed(&mut self, length: usize) -> Option<u64> {
        let bytes = self.take(length)?;
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(bytes.iter().rev().fold(0, join))
    }

    fn varint(&mut self) -> Option<u64> {
        // Most are one byte.
        if let Some((byte @ ..0x80, rest)) = self.rest.split_first() {
            self.rest = rest;
            return Some(u64::from(*byte));
        }
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

/// Checks the groups of a message, but not those of messages in it.
///
/// # Errors
/// When the end of another one closes a group.
pub fn check_groups(bytes: &[u8]) -> Result<(), WrongEnd> {
    let mut fields = Fields::of(bytes);
    while fields.next_field()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u32, Content<'_>)>, WrongEnd> {
        let mut fields = Fields::of(bytes);
        let mut found = Vec::new();
        while let Some(field) = fields.next_field()? {
            found.push(field);
        }
        Ok(found)
    }

    #[test]
    fn every_kind_of_field() {
        let bytes = b"\x08\x96\x01\x11\x01\0\0\0\0\0\0\x80\x1a\x02hi\x25\x02\0\0\0";
        let expected = vec![
            (1, Content::Number(150)),
            (2, Content::Number(1 << 63 | 1)),
            (3, Content::Bytes(b"hi")),
            (4, Content::Number(2)),
        ];
        assert_eq!(all(bytes), Ok(expected));
    }

    #[test]
    fn groups_end_where_they_began() {
        // Field 1 as a group with field 2 as a group in it, and a number in that.
        assert_eq!(
            all(b"\x0b\x13\x08\x01\x14\x0c\x08\x02"),
            Ok(vec![
                (1, Content::Group(b"\x13\x08\x01\x14")),
                (1, Content::Number(2))
            ])
        );
        assert_eq!(all(b"\x0b\x14"), Err(WrongEnd));
        assert_eq!(all(b"\x0b\x13\x0c\x14"), Err(WrongEnd));
        assert_eq!(check_groups(b"\x0b\x0c"), Ok(()));
        let deep = [b"\x0b".repeat(1_000_000), b"\x0c".repeat(1_000_000)].concat();
        assert_eq!(check_groups(&deep), Ok(()));
    }

    #[test]
    fn what_is_no_field_ends_it() {
        let cases: [&[u8]; 7] = [
            b"",
            b"\x0c",
            b"\x0b",
            b"\x0a\x05hi",
            b"\x0f",
            b"\x08",
            &[0xff; 20],
        ];
        for bytes in cases {
            assert_eq!(all(bytes), Ok(vec![]), "{bytes:?}");
        }
    }
}
