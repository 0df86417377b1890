//! `hex`: the bytes that go over the wire, as one line of hex digits.

use crate::Reflect;

/// Two hex digits for each byte.
pub fn digits(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    write(bytes, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

pub(super) fn print(message: &dyn Reflect, out: &mut Vec<u8>) -> protobuf::Result<()> {
    let mut bytes = Vec::new();
    message.encode_into(&mut bytes)?;
    write(&bytes, out);
    out.push(b'\n');
    Ok(())
}

/// Appends two hex digits for each byte.
pub(super) fn write(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 0xf] {
            out.extend(char::from_digit(digit.into(), 16).map(|digit| digit as u8));
        }
    }
}
