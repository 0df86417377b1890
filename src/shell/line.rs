//! The line of a shell up to the cursor: the words of the command that is being
//! typed, without their quotes, and where in the line each byte of the last one
//! stands. What the words mean is not known here.

use super::Shell;

/// The name that the program goes by.
const PROGRAM: &str = "kata-agent-ctl";

/// What quotes a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    /// Nothing, or a backslash.
    None,
    /// `'`.
    Single,
    /// `"`.
    Double,
}

/// Where a byte of a word stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Offset in the line, that of the backslash where there is one.
    pub offset: usize,
    /// What it is quoted by.
    pub quote: Quote,
}

/// A command up to the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// All that is on the line.
    pub text: &'a str,
    /// The words between the program's name and the one at the cursor.
    pub words: Vec<String>,
    /// The word at the cursor, as far as it is typed.
    pub word: String,
    /// Where each byte of it stands, and at last the cursor.
    places: Vec<Place>,
    /// Where the word at the cursor begins.
    pub start: usize,
    /// For each byte of the line, whether it is quoted or a quote.
    pub quoted: Vec<bool>,
    /// Where the quote that is open at the cursor begins, behind its mark.
    pub open_from: Option<usize>,
    /// Whether that word is a file that input or output is redirected to.
    pub is_redirection: bool,
    /// The shell it is a line of.
    pub shell: Shell,
}

impl Line<'_> {
    /// Where in the line a byte of the word at the cursor stands.
    pub(super) fn place(&self, index: usize) -> Place {
        let end = Place {
            offset: self.text.len(),
            quote: Quote::None,
        };
        let last = self.places.last().copied().unwrap_or(end);
        self.places.get(index).copied().unwrap_or(last)
    }

    /// The quote that is open at the cursor.
    pub(super) fn open(&self) -> Quote {
        self.place(self.word.len()).quote
    }
}

/// A word as it is read.
#[derive(Default)]
struct Word {
    start: usize,
    text: String,
    places: Vec<Place>,
    begun: bool,
}

impl Word {
    fn push(&mut self, character: char, place: Place) {
        self.text.push(character);
        self.places
            .extend(std::iter::repeat_n(place, character.len_utf8()));
    }

    fn begin(&mut self, offset: usize) {
        if !self.begun {
            self.start = offset;
            self.begun = true;
        }
    }
}

/// Reads a line.
pub(super) fn read(text: &str, shell: Shell) -> Line<'_> {
    let mut quote = Quote::None;
    let mut words: Vec<String> = Vec::new();
    let mut word = Word::default();
    let mut quoted = vec![false; text.len()];
    let mut open_from = 0;
    let mut is_redirection = false;
    let mut characters = text.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        let place = Place { offset, quote };
        if let Some(here) = quoted.get_mut(offset) {
            *here = quote != Quote::None || matches!(character, '\'' | '"');
        }
        match (quote, character) {
            (Quote::None, ' ' | '\t' | '\n') => {
                let ended = std::mem::take(&mut word);
                if ended.begun && !std::mem::take(&mut is_redirection) {
                    words.push(ended.text);
                }
                // A new line begins a new command.
                if character == '\n' {
                    words.clear();
                    is_redirection = false;
                }
                continue;
            }
            (Quote::None, '<' | '>' | '&') if redirects(text.get(offset..)) => {
                let ended = std::mem::take(&mut word);
                // A number right before it says which file is meant.
                let is_number = ended.text.bytes().all(|byte| byte.is_ascii_digit());
                if ended.begun && !is_redirection && !is_number {
                    words.push(ended.text);
                }
                while characters
                    .next_if(|(_, next)| "<>&|".contains(*next))
                    .is_some()
                {}
                is_redirection = true;
                continue;
            }
            (Quote::None, ';' | '|' | '&' | '(' | ')') => {
                words.clear();
                word = Word::default();
                is_redirection = false;
                continue;
            }
            _ => word.begin(offset),
        }
        match (quote, character) {
            (Quote::None, '\'' | '"') => {
                open_from = offset + 1;
                quote = match character {
                    '"' => Quote::Double,
                    _ => Quote::Single,
                };
            }
            (Quote::Single, '\'') | (Quote::Double, '"') => quote = Quote::None,
            (_, '\\') => {
                let next = characters.peek().map(|(_, next)| *next);
                match next.filter(|next| is_escape(quote, *next, shell)) {
                    Some(next) => {
                        characters.next();
                        if let Some(here) = quoted.get_mut(offset + 1) {
                            *here = true;
                        }
                        if next != '\n' {
                            word.push(next, place);
                        }
                    }
                    // A backslash at the cursor: what it quotes is not typed yet.
                    None if next.is_none() && quote == Quote::None => {}
                    None => word.push(character, place),
                }
            }
            _ => word.push(character, place),
        }
    }
    word.begin(text.len());
    let mut places = word.places;
    places.push(Place {
        offset: text.len(),
        quote,
    });
    Line {
        text,
        words: arguments(words),
        word: word.text,
        places,
        start: word.start,
        quoted,
        is_redirection,
        open_from: (quote != Quote::None).then_some(open_from),
        shell,
    }
}

/// Whether a redirection begins here: `>`, `<`, or both outputs by `&>`.
fn redirects(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.starts_with(['<', '>']) || text.starts_with("&>"))
}

/// Whether a backslash quotes the character after it.
fn is_escape(quote: Quote, next: char, shell: Shell) -> bool {
    match quote {
        Quote::None => true,
        Quote::Single => shell == Shell::Fish && matches!(next, '\'' | '\\'),
        Quote::Double => {
            matches!(next, '"' | '\\' | '$' | '\n') || shell != Shell::Fish && next == '`'
        }
    }
}

/// The words after the program's name, before which variables may be set or a
/// program such as `sudo` may stand.
fn arguments(mut words: Vec<String>) -> Vec<String> {
    let is_program = |word: &String| word.rsplit('/').next() == Some(PROGRAM);
    let is_variable = |word: &String| word.contains('=');
    let named = words.iter().position(is_program);
    let first = named.or_else(|| words.iter().position(|word| !is_variable(word)));
    words.split_off(first.map_or(words.len(), |first| first + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_the_shell_reads_them() {
        use Shell::{Bash, Fish};
        for (shell, text, words, word, open) in [
            (Bash, "kata-agent-ctl con", &[][..], "con", Quote::None),
            (
                Bash,
                "kata-agent-ctl connect ",
                &["connect"],
                "",
                Quote::None,
            ),
            (Bash, "A=b ./kata-agent-ctl x y", &["x"], "y", Quote::None),
            (Bash, "sudo -u me kata-agent-ctl x", &[], "x", Quote::None),
            (Bash, "alias x y", &["x"], "y", Quote::None),
            (Bash, "ls; kata-agent-ctl x", &[], "x", Quote::None),
            (
                Bash,
                "kata-agent-ctl -c 'a b",
                &["-c"],
                "a b",
                Quote::Single,
            ),
            (
                Bash,
                "kata-agent-ctl -c \"a \\\"b",
                &["-c"],
                "a \"b",
                Quote::Double,
            ),
            (
                Bash,
                "kata-agent-ctl -c \"a\\b",
                &["-c"],
                "a\\b",
                Quote::Double,
            ),
            (Bash, "kata-agent-ctl -c a\\ b", &["-c"], "a b", Quote::None),
            (Bash, "kata-agent-ctl '' \"\" ", &["", ""], "", Quote::None),
            (Bash, "kata-agent-ctl 'a'\"b\"c", &[], "abc", Quote::None),
            (Bash, "kata-agent-ctl 'a\\", &[], "a\\", Quote::Single),
            (Bash, "kata-agent-ctl a\\", &[], "a", Quote::None),
            (Fish, "kata-agent-ctl 'a\\'b", &[], "a'b", Quote::Single),
            (Bash, "kata-agent-ctl 'é; |", &[], "é; |", Quote::Single),
        ] {
            let line = read(text, shell);
            assert_eq!(line.words, words, "{text}");
            assert_eq!((line.word.as_str(), line.open()), (word, open), "{text}");
            assert_eq!(line.quoted.len(), text.len());
        }
    }

    #[test]
    fn redirections_are_no_words_of_the_command() {
        for (text, words, word, is_redirection) in [
            ("kata-agent-ctl list > ", &["list"][..], "", true),
            ("kata-agent-ctl list >fi", &["list"], "fi", true),
            ("kata-agent-ctl list 2> fi", &["list"], "fi", true),
            ("kata-agent-ctl list>>'a f", &["list"], "a f", true),
            ("kata-agent-ctl list &>f", &["list"], "f", true),
            ("kata-agent-ctl list >| f", &["list"], "f", true),
            ("kata-agent-ctl list < f -", &["list"], "-", false),
            ("kata-agent-ctl list >f 2>&1 -", &["list"], "-", false),
            ("kata-agent-ctl list 2 ", &["list", "2"], "", false),
            (
                "kata-agent-ctl list \\> '>' ",
                &["list", ">", ">"],
                "",
                false,
            ),
            ("ls > x; kata-agent-ctl list ", &["list"], "", false),
            ("ls > x & kata-agent-ctl list ", &["list"], "", false),
            ("> x kata-agent-ctl list ", &["list"], "", false),
            ("cat <(kata-agent-ctl list ", &["list"], "", false),
        ] {
            let line = read(text, Shell::Bash);
            assert_eq!(line.words, words, "{text}");
            let found = (line.word.as_str(), line.is_redirection);
            assert_eq!(found, (word, is_redirection), "{text}");
        }
    }

    #[test]
    fn each_byte_of_the_word_has_its_place() {
        let line = read(r#"kata-agent-ctl a\ "b"#, Shell::Bash);
        assert_eq!(line.start, 15);
        let offsets: Vec<_> = (0..4).map(|index| line.place(index).offset).collect();
        assert_eq!(offsets, [15, 16, 19, 20]);
        assert_eq!(line.place(0).quote, Quote::None);
        assert_eq!(line.place(2).quote, Quote::Double);
    }
}
