//! The line of a shell up to the cursor: the words of the command that is being
//! typed, without their quotes, where in the line each byte of the last one
//! stands, and how a text is quoted there. What the words mean is not known here.

use crate::cli::Shell;

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

/// What stands for `text` on a line where `quote` is open.
pub(super) fn quoted(text: &str, quote: Quote, shell: Shell) -> String {
    let mut word = String::new();
    for character in text.chars() {
        match (quote, character) {
            (Quote::None, _) if is_plain(character) => word.push(character),
            (Quote::None, _) => word.extend(['\\', character]),
            (Quote::Single, '\'') if shell == Shell::Fish => word.push_str("\\'"),
            (Quote::Single, '\\') if shell == Shell::Fish => word.push_str("\\\\"),
            (Quote::Single, '\'') => word.push_str("'\\''"),
            (Quote::Double, '"' | '\\' | '$') => word.extend(['\\', character]),
            (Quote::Double, '`') if shell != Shell::Fish => word.push_str("\\`"),
            _ => word.push(character),
        }
    }
    word
}

/// What ends a word in which `quote` is open.
pub(super) fn close(quote: Quote) -> &'static str {
    match quote {
        Quote::None => " ",
        Quote::Single => "' ",
        Quote::Double => "\" ",
    }
}

/// Whether no shell makes anything of the character in the middle of a word.
fn is_plain(character: char) -> bool {
    !character.is_ascii() || character.is_ascii_alphanumeric() || "_-./:=@%+,".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line, an arrow, and how it is read: the words before the cursor, a slash with
    /// the quote that is open or `>` for a file of a redirection, and the word at the cursor.
    const LINES: &str = r#"
kata-agent-ctl con -> / con
kata-agent-ctl connect  -> connect /
A=b ./kata-agent-ctl x y -> x / y
sudo -u me kata-agent-ctl x -> / x
alias x y -> x / y
ls; kata-agent-ctl x -> / x
kata-agent-ctl -c 'a b -> -c /' a b
kata-agent-ctl -c "a \"b -> -c /" a "b
kata-agent-ctl -c "a\b -> -c /" a\b
kata-agent-ctl -c a\ b -> -c / a b
kata-agent-ctl 'a'"b"c -> / abc
kata-agent-ctl 'a\ -> /' a\
kata-agent-ctl a\ -> / a
kata-agent-ctl 'é; | -> /' é; |
kata-agent-ctl list >  -> list />
kata-agent-ctl list >fi -> list /> fi
kata-agent-ctl list 2> fi -> list /> fi
kata-agent-ctl list>>'a f -> list /'> a f
kata-agent-ctl list &>f -> list /> f
kata-agent-ctl list >| f -> list /> f
kata-agent-ctl list < f - -> list / -
kata-agent-ctl list >f 2>&1 - -> list / -
kata-agent-ctl list 2  -> list 2 /
kata-agent-ctl list \> '>'  -> list > > /
ls > x; kata-agent-ctl list  -> list /
ls > x & kata-agent-ctl list  -> list /
> x kata-agent-ctl list  -> list /
cat <(kata-agent-ctl list  -> list /
"#;

    fn check(text: &str, shell: Shell, expected: &str) {
        let line = read(text, shell);
        let mark = match line.open() {
            Quote::None => "",
            Quote::Single => "'",
            Quote::Double => "\"",
        };
        let file = if line.is_redirection { ">" } else { "" };
        let words: String = line.words.iter().map(|word| format!("{word} ")).collect();
        let found = format!("{words}/{mark}{file} {}", line.word);
        assert_eq!(found.trim_end(), expected, "{text}");
        assert_eq!(line.quoted.len(), text.len());
    }

    #[test]
    fn words_are_read_as_the_shell_reads_them() {
        for row in LINES.lines().filter(|row| !row.is_empty()) {
            let (text, expected) = row.split_once(" -> ").unwrap_or_default();
            check(text, Shell::Bash, expected);
        }
        check(r"kata-agent-ctl 'a\'b", Shell::Fish, "/' a'b");
        assert_eq!(read("kata-agent-ctl '' \"\" ", Shell::Bash).words, ["", ""]);
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

    #[test]
    fn quotes_are_kept() {
        for (text, quote, shell, expected) in [
            ("a b=[0].c", Quote::None, Shell::Bash, r"a\ b=\[0\].c"),
            ("it's \"x\"", Quote::Single, Shell::Bash, r#"it'\''s "x""#),
            ("it's \"x\"", Quote::Double, Shell::Zsh, r#"it's \"x\""#),
            ("$HOME`\\", Quote::Double, Shell::Bash, r"\$HOME\`\\"),
            ("it's", Quote::Single, Shell::Fish, r"it\'s"),
            ("é", Quote::None, Shell::Bash, "é"),
        ] {
            assert_eq!(quoted(text, quote, shell), expected);
        }
    }
}
