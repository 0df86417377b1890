//! Bytes as hex digits.

/// Two lower-case hex digits for each byte.
pub fn digits(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        push(*byte, &mut text);
    }
    text
}

/// Appends the two digits of one byte.
pub(crate) fn push(byte: u8, text: &mut String) {
    for digit in [byte >> 4, byte & 0xf] {
        text.extend(char::from_digit(digit.into(), 16));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(digits(&[]), "");
        assert_eq!(digits(&[0x00, 0x0f, 0xa9, 0xff]), "000fa9ff");
    }
}
