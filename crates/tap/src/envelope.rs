//! What a call's request frame says beside the message: ttRPC's `Request`, as the encoding
//! defines it. Of the answer's envelope the client knows all there is to know.

use std::ops::Range;

use agent_wire::{Content, Fields, WireError, put_bytes, put_varint_field};

/// The fields of `Request`, and of the `KeyValue` that metadata consists of.
const SERVICE: u32 = 1;
const METHOD: u32 = 2;
const PAYLOAD: u32 = 3;
const TIMEOUT_NANO: u32 = 4;
const METADATA: u32 = 5;
const KEY: u32 = 1;
const VALUE: u32 = 2;

/// A request's envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The service's full name.
    pub(crate) service: String,
    /// The RPC's name.
    pub(crate) method: String,
    /// Where in the frame's data the message stands.
    pub(crate) payload: Range<usize>,
    /// The time that the caller gives the call, 0 for no limit.
    pub(crate) timeout_nano: i64,
    /// Keys and values, in the order in which they came.
    pub(crate) metadata: Vec<(String, String)>,
}

impl Envelope {
    /// Reads the envelope out of a request frame's data.
    ///
    /// # Errors
    /// Where the data is not an encoding of a request.
    pub(crate) fn read(data: &[u8]) -> Result<Envelope, WireError> {
        let mut envelope = Envelope::default();
        let mut fields = Fields::of(data);
        while let Some(field) = fields.next_field()? {
            match field {
                (SERVICE, Content::Bytes(text)) => envelope.service = fields.text(text)?.to_owned(),
                (METHOD, Content::Bytes(text)) => envelope.method = fields.text(text)?.to_owned(),
                (PAYLOAD, Content::Bytes(content)) => {
                    let end = data.len() - fields.rest().len();
                    envelope.payload = end - content.len()..end;
                }
                (TIMEOUT_NANO, Content::Varint(time)) => envelope.timeout_nano = time as i64,
                (METADATA, Content::Bytes(pair)) => {
                    envelope.metadata.push(pair_of(fields.nested(pair)?)?);
                }
                _ => {}
            }
        }
        Ok(envelope)
    }

    /// The data of a request frame that has this envelope around an encoded message.
    pub(crate) fn write(&self, payload: &[u8]) -> Vec<u8> {
        let mut data = Vec::with_capacity(payload.len() + 200);
        put_bytes(SERVICE, self.service.as_bytes(), &mut data);
        put_bytes(METHOD, self.method.as_bytes(), &mut data);
        put_bytes(PAYLOAD, payload, &mut data);
        if self.timeout_nano != 0 {
            put_varint_field(TIMEOUT_NANO, self.timeout_nano.cast_unsigned(), &mut data);
        }
        for (key, value) in &self.metadata {
            let mut pair = Vec::new();
            put_bytes(KEY, key.as_bytes(), &mut pair);
            put_bytes(VALUE, value.as_bytes(), &mut pair);
            put_bytes(METADATA, &pair, &mut data);
        }
        data
    }
}

fn pair_of(mut fields: Fields<'_>) -> Result<(String, String), WireError> {
    let (mut key, mut value) = (String::new(), String::new());
    while let Some(field) = fields.next_field()? {
        match field {
            (KEY, Content::Bytes(text)) => key = fields.text(text)?.to_owned(),
            (VALUE, Content::Bytes(text)) => value = fields.text(text)?.to_owned(),
            _ => {}
        }
    }
    Ok((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_request_are_read() {
        let written = Envelope {
            service: "grpc.Health".to_owned(),
            method: "Check".to_owned(),
            timeout_nano: 5_000,
            metadata: vec![("key".to_owned(), "value".to_owned())],
            payload: 0..0,
        };
        let mut data = written.write(b"abc");
        let envelope = Envelope::read(&data).unwrap();
        assert_eq!(&data[envelope.payload.clone()], b"abc");
        let expected = Envelope {
            payload: envelope.payload.clone(),
            ..written
        };
        assert_eq!(envelope, expected);
        // The last of several counts.
        put_bytes(PAYLOAD, b"de", &mut data);
        put_bytes(METHOD, b"Version", &mut data);
        let envelope = Envelope::read(&data).unwrap();
        assert_eq!(&data[envelope.payload], b"de");
        assert_eq!(envelope.method, "Version");
    }

    #[test]
    fn what_is_cut_is_an_error() {
        let mut data = Vec::new();
        put_bytes(SERVICE, b"grpc.Health", &mut data);
        for length in 1..data.len() {
            assert!(Envelope::read(&data[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(Envelope::read(b"").unwrap(), Envelope::default());
    }
}
