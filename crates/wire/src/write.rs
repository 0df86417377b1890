//! Writing fields to the end of a message.

/// The wire types of what is written here.
const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

/// Appends a number as a varint.
pub fn put_varint(mut number: u64, message: &mut Vec<u8>) {
    while number >= 0x80 {
        message.push(number as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

/// Appends a field that holds a number of a type that is encoded as a varint. A negative one
/// is given as its 64-bit two's complement.
pub fn put_varint_field(field: u32, number: u64, message: &mut Vec<u8>) {
    put_varint(u64::from(field) << 3 | VARINT, message);
    put_varint(number, message);
}

/// Appends a field that holds a string, bytes or an encoded message.
pub fn put_bytes(field: u32, content: &[u8], message: &mut Vec<u8>) {
    put_length(field, content.len(), message);
    message.extend_from_slice(content);
}

/// Appends what stands before the content of such a field, which is `length` bytes long.
pub fn put_length(field: u32, length: usize, message: &mut Vec<u8>) {
    put_varint(u64::from(field) << 3 | LENGTH_DELIMITED, message);
    put_varint(length as u64, message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length() {
        for (number, expected) in [
            (0, &b"\x00"[..]),
            (0x7f, b"\x7f"),
            (0x80, b"\x80\x01"),
            (u64::from(u32::MAX), b"\xff\xff\xff\xff\x0f"),
            (u64::MAX, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ] {
            let mut message = Vec::new();
            put_varint(number, &mut message);
            assert_eq!(message, expected, "{number}");
        }
    }

    #[test]
    fn fields_of_every_number() {
        let mut message = Vec::new();
        put_varint_field(16, 1, &mut message);
        put_bytes((1 << 29) - 1, b"x", &mut message);
        assert_eq!(message, b"\x80\x01\x01\xfa\xff\xff\xff\x0f\x01x");
    }
}
