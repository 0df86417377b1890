//! A request in its wire form, with room for the bytes of one field at its end:
//! they are read to where they are sent from, and the memory is used again.

use protobuf::CodedOutputStream;
use protobuf::rt::WireType;

use crate::schema::Reflect;

/// What memory is asked for in multiples of, in bytes.
const PAGE: usize = 4096;

/// Memory for one encoded request after the other.
#[derive(Debug, Default)]
pub(super) struct Payload {
    head: Vec<u8>,
    /// At least as long as the longest request so far: what is not in use is
    /// not cleared.
    buffer: Vec<u8>,
    length: usize,
}

impl Payload {
    /// Encodes `message`, followed by the field with this number, of `length`
    /// bytes, and hands out the place of those bytes. The message must not have
    /// that field set itself.
    ///
    /// # Errors
    /// When the message is larger than protobuf allows.
    pub(super) fn begin(
        &mut self,
        message: &dyn Reflect,
        field: u32,
        length: u32,
    ) -> protobuf::Result<&mut [u8]> {
        self.encode_head(message, field, length)?;
        let start = self.head.len();
        self.length = start + length as usize;
        if self.buffer.len() < self.length {
            // New zeros come from the system as they are; those added to a vector are
            // written one by one. What comes next may be a little longer.
            self.buffer = vec![0; self.length.next_multiple_of(PAGE)];
        }
        let (head, rest) = self.buffer.split_at_mut(start);
        head.copy_from_slice(&self.head);
        let (data, _) = rest.split_at_mut(length as usize);
        Ok(data)
    }

    /// How long the request would be.
    ///
    /// # Errors
    /// When the message is larger than protobuf allows.
    pub(super) fn measure(
        &mut self,
        message: &dyn Reflect,
        field: u32,
        length: u32,
    ) -> protobuf::Result<usize> {
        self.encode_head(message, field, length)?;
        Ok(self.head.len() + length as usize)
    }

    /// The request.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    fn encode_head(
        &mut self,
        message: &dyn Reflect,
        field: u32,
        length: u32,
    ) -> protobuf::Result<()> {
        self.head.clear();
        message.encode_into(&mut self.head)?;
        if length > 0 {
            let mut output = CodedOutputStream::vec(&mut self.head);
            output.write_tag(field, WireType::LengthDelimited)?;
            output.write_raw_varint32(length)?;
            output.flush()?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
mod tests {
    use super::*;
    use crate::schema::ValueMut;

    #[test]
    fn a_request_is_what_the_protobuf_library_writes() {
        let mut messages = crate::schema().messages.iter();
        let table = messages
            .find(|message| message.full_name == "grpc.CopyFileRequest")
            .unwrap();
        let place_of = |name| table.fields.iter().position(|field| field.name == name);
        let (path, data) = (place_of("path").unwrap(), place_of("data").unwrap());
        let number = table.fields.get(data).unwrap().number;

        let mut payload = Payload::default();
        for (text, content) in [("", "abc"), ("longer", ""), ("x", "de"), ("", "")] {
            let mut message = (table.new)();
            let Some(ValueMut::String(value)) = message.get_mut(path) else {
                panic!("no text");
            };
            *value = text.to_owned();
            let length = u32::try_from(content.len()).unwrap();
            let place = payload.begin(message.as_ref(), number, length).unwrap();
            place.copy_from_slice(content.as_bytes());
            let measured = payload.measure(message.as_ref(), number, length).unwrap();

            let Some(ValueMut::Bytes(value)) = message.get_mut(data) else {
                panic!("no bytes");
            };
            content.as_bytes().clone_into(value);
            let mut expected = Vec::new();
            message.encode_into(&mut expected).unwrap();
            assert_eq!(payload.bytes(), expected, "{text:?} {content:?}");
            assert_eq!(measured, expected.len());
        }
    }
}
