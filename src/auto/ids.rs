//! Random container and sandbox IDs.

use crate::text::hex;

/// 64 hexadecimal digits from the operating system's random source, the form
/// that container managers use.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn random_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex::digits(&bytes))
}

#[cfg(test)]
mod tests {
    use super::random_id;

    #[test]
    fn ids_are_64_hexadecimal_digits_and_differ() {
        let (one, two) = (random_id(), random_id());
        let one = one.unwrap_or_default();
        assert_eq!(one.len(), 64);
        assert!(
            one.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        );
        assert_ne!(Ok(one), two);
    }
}
