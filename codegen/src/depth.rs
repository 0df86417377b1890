//! How deep a proto file nests. protox bounds that for messages, but not for the
//! values of options, where some hundred levels exhaust its stack.

/// Brackets within brackets.
pub(crate) const MAX_DEPTH: usize = 100;

/// The offset of the first bracket that is nested too deep. Those in comments
/// and strings do not count.
pub(crate) fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let mut step = 1;
        match byte {
            b'/' if rest.starts_with(b"//") => step = line_length(rest),
            b'/' if rest.starts_with(b"/*") => step = comment_length(rest),
            b'"' | b'\'' => step = string_length(rest, *byte),
            b'{' | b'<' | b'[' if depth == MAX_DEPTH => return Some(at),
            b'{' | b'<' | b'[' => depth += 1,
            b'}' | b'>' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += step;
    }
    None
}

fn line_length(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(text.len())
}

fn comment_length(text: &[u8]) -> usize {
    let mut ends = text.windows(2).skip(2);
    ends.position(|pair| pair == b"*/")
        .map_or(text.len(), |end| end + 4)
}

/// The length of the quoted string at the start of `text`; up to the line's end
/// if it is not closed.
fn string_length(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' => return at,
            _ if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, too_deep};

    #[test]
    fn the_first_bracket_beyond_the_limit() {
        assert_eq!(too_deep(&"{".repeat(MAX_DEPTH)), None);
        assert_eq!(too_deep(&"{".repeat(MAX_DEPTH + 1)), Some(MAX_DEPTH));
        assert_eq!(too_deep(&"{}".repeat(1000)), None);
    }

    #[test]
    fn what_is_in_comments_and_strings_is_no_bracket() {
        let open = "{".repeat(MAX_DEPTH);
        for text in ["// {{\n", "/* { \n ** {*/", "/**/", "\"{\\\"{\"", "'{\"{'"] {
            let nested = format!("{open}{text}{{");
            assert_eq!(too_deep(&nested), Some(nested.len() - 1), "{text}");
        }
        for unclosed in ["// {", "/* {", "/*/ {", "\"{\\"] {
            assert_eq!(too_deep(&format!("{open}{unclosed}")), None, "{unclosed}");
        }
        // A string ends with its line.
        assert_eq!(too_deep(&format!("{open}\"{{\n{{")), Some(MAX_DEPTH + 3));
    }
}
