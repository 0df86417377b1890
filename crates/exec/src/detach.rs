//! The keys that leave a process alone: they are looked for in what is typed, and what turns out
//! to be something else is passed on.

use std::str::FromStr;

/// Keys that are pressed one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachKeys(Vec<u8>);

/// A text that names no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a key: write keys separated by commas, each a character or ctrl-X, where X is a \
     letter or one of @ [ \\ ] ^ _"
)]
pub struct DetachKeysError(String);

impl DetachKeys {
    /// No keys: nothing that is typed detaches.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }
}

impl Default for DetachKeys {
    fn default() -> Self {
        // ctrl-p, ctrl-q
        Self(vec![16, 17])
    }
}

impl FromStr for DetachKeys {
    type Err = DetachKeysError;

    /// Reads `ctrl-p,ctrl-q`; an empty text is no keys at all.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = text.split(',').filter(|_| !text.is_empty());
        let keys = names.map(|name| key(name).ok_or_else(|| DetachKeysError(name.to_owned())));
        keys.collect::<Result<_, _>>().map(Self)
    }
}

/// The byte that a terminal sends for a key.
fn key(name: &str) -> Option<u8> {
    if let [byte] = name.as_bytes() {
        return Some(*byte).filter(u8::is_ascii);
    }
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("ctrl-")?.as_bytes() {
        [letter @ (b'a'..=b'z' | b'@' | b'['..=b'_')] => Some(letter & 0x1f),
        _ => None,
    }
}

/// What is typed, looked through for the keys.
#[derive(Debug)]
pub(super) struct Watch {
    keys: Vec<u8>,
    /// How many of them were just typed.
    matched: usize,
}

impl Watch {
    pub(super) fn new(keys: &DetachKeys) -> Self {
        Self {
            keys: keys.0.clone(),
            matched: 0,
        }
    }

    /// What is to be passed on of this, and whether the keys were typed; what follows them then
    /// is dropped. Keys that may be the first of all are held back.
    pub(super) fn pass(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        if self.keys.is_empty() {
            return (typed.to_vec(), false);
        }
        let mut passed = Vec::with_capacity(typed.len());
        for &byte in typed {
            // What was held back is not a beginning any more, and may yet end in one.
            while self.matched > 0 && self.keys.get(self.matched) != Some(&byte) {
                let held = self.keys.get(..self.matched).unwrap_or_default();
                let begins = |length: &usize| held.ends_with(held.get(..*length).unwrap_or(held));
                let kept = (0..self.matched).rev().find(begins).unwrap_or(0);
                passed.extend(held.get(..self.matched - kept).unwrap_or_default());
                self.matched = kept;
            }
            match self.keys.get(self.matched) == Some(&byte) {
                true => self.matched += 1,
                false => passed.push(byte),
            }
            if self.matched == self.keys.len() {
                return (passed, true);
            }
        }
        (passed, false)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read() {
        for (text, keys) in [
            ("ctrl-p,ctrl-q", &[16, 17][..]),
            ("Ctrl-P,x", &[16, b'x']),
            ("ctrl-@,ctrl-],ctrl-\\,ctrl-^,ctrl-_", &[0, 29, 28, 30, 31]),
            ("", &[]),
        ] {
            assert_eq!(text.parse(), Ok(DetachKeys(keys.to_vec())), "{text}");
        }
        for text in ["ctrl-", "ctrl-1", "ctrl-pp", "é", ",", "alt-x"] {
            assert!(text.parse::<DetachKeys>().is_err(), "{text}");
        }
        assert_eq!(DetachKeys::default(), "ctrl-p,ctrl-q".parse().unwrap());
    }

    #[test]
    fn only_the_keys_in_a_row_detach() {
        let watch = |keys: &str, typed: &[&str]| {
            let mut watch = Watch::new(&keys.parse().unwrap());
            let mut all = String::new();
            for typed in typed {
                let (passed, is_detached) = watch.pass(typed.as_bytes());
                all.push_str(&String::from_utf8(passed).unwrap());
                if is_detached {
                    all.push('!');
                    return all;
                }
            }
            all
        };
        for (keys, typed, passed) in [
            ("a,b", &["xab"][..], "x!"),
            ("a,b", &["xa", "by"], "x!"),
            ("a,b", &["a", "c"], "ac"),
            ("a,b", &["aab"], "a!"),
            ("a,b", &["a"], ""),
            ("a,a,b", &["aaab"], "a!"),
            ("a,b,a,c", &["ababac"], "ab!"),
            ("x", &["abxc"], "ab!"),
            ("", &["a,b"], "a,b"),
        ] {
            assert_eq!(watch(keys, typed), passed, "{keys} {typed:?}");
        }
    }
}
