//! Reads a script command line by command line, by recursive descent over the
//! grammar of POSIX. How deep blocks may stand within one another is bounded,
//! as each takes some stack. It runs nothing.

use super::scan::name;
use super::syntax::{Command, Item, Kind, Link, Pipeline, Problem, Redirect, Target, Word};

/// How many blocks may stand within one another.
const MAX_DEPTH: u32 = 30;

/// The words that end a block, and so begin no command.
const CLOSERS: [&str; 7] = ["then", "else", "elif", "fi", "do", "done", "}"];

/// Makes a target of a word.
type MakeTarget = fn(Word) -> Target;

/// Reads a text.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    /// Where it goes on, in bytes.
    pub(super) at: usize,
    depth: u32,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Parser<'a> {
        Parser {
            text,
            at: 0,
            depth: 0,
        }
    }

    /// The next command line. `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Item>, Problem> {
        self.skip_lines();
        if self.peek().is_none() {
            return Ok(None);
        }
        let (item, ended) = self.item()?;
        match self.peek() {
            None => {}
            Some('\n') => self.skip(1),
            _ if ended => {}
            _ => return Err(self.unexpected()),
        }
        Ok(Some(item))
    }

    /// The command lines up to one of these words, or to this bracket.
    pub(super) fn list(&mut self, end: &[&str]) -> Result<Vec<Item>, Problem> {
        self.enter()?;
        let mut items = Vec::new();
        let mut separated = true;
        loop {
            separated |= self.skip_lines();
            if end.iter().any(|end| self.is_at(end)) {
                break;
            }
            if self.peek().is_none() {
                return Err(Problem::Incomplete);
            }
            if !separated {
                return Err(self.unexpected());
            }
            let item;
            (item, separated) = self.item()?;
            items.push(item);
        }
        self.depth -= 1;
        match items.is_empty() {
            true => Err(self.unexpected()),
            false => Ok(items),
        }
    }

    /// Goes one block deeper.
    pub(super) fn enter(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => Err(Problem::TooDeep),
            false => Ok(()),
        }
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// A command line, and whether the end of it was read too.
    fn item(&mut self) -> Result<(Item, bool), Problem> {
        let mut pipelines = vec![(Link::Always, self.pipeline()?)];
        loop {
            self.skip_blanks();
            let link = if self.take("&&") {
                Link::And
            } else if self.take("||") {
                Link::Or
            } else {
                break;
            };
            self.skip_lines();
            pipelines.push((link, self.pipeline()?));
        }
        let background = self.peek() == Some('&');
        let ended = background || (self.peek() == Some(';') && !self.rest().starts_with(";;"));
        if ended {
            self.skip(1);
        }
        let item = Item {
            pipelines,
            background,
        };
        Ok((item, ended))
    }

    fn pipeline(&mut self) -> Result<Pipeline, Problem> {
        self.skip_blanks();
        let negated = self.take_word("!");
        let mut commands = vec![self.command()?];
        loop {
            self.skip_blanks();
            if self.rest().starts_with("||") || !self.take("|") {
                return Ok(Pipeline { negated, commands });
            }
            self.skip_lines();
            commands.push(self.command()?);
        }
    }

    fn command(&mut self) -> Result<Command, Problem> {
        self.skip_blanks();
        let kind = if self.take_word("{") {
            let body = self.list(&["}"])?;
            self.expect("}")?;
            Kind::Group(body)
        } else if self.rest().starts_with("((") {
            return Err(Problem::Unknown("arithmetic"));
        } else if self.take("(") {
            let body = self.list(&[")"])?;
            self.expect(")")?;
            Kind::Subshell(body)
        } else if self.take_word("if") {
            self.branches()?
        } else if self.take_word("while") {
            self.repetition(false)?
        } else if self.take_word("until") {
            self.repetition(true)?
        } else if self.take_word("for") {
            self.enumeration()?
        } else if self.is_at("case") || self.is_at("function") {
            return Err(Problem::Unknown("such a block"));
        } else if CLOSERS.iter().any(|word| self.is_at(word)) {
            return Err(self.unexpected());
        } else {
            return self.simple();
        };
        let mut redirects = Vec::new();
        self.skip_blanks();
        while let Some(redirect) = self.redirect()? {
            redirects.push(redirect);
            self.skip_blanks();
        }
        Ok(Command { kind, redirects })
    }

    fn simple(&mut self) -> Result<Command, Problem> {
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            self.skip_blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            let name = name(self.rest());
            let after = self.rest().strip_prefix(name);
            let is_assignment = after.is_some_and(|after| after.starts_with('='));
            if words.is_empty() && is_assignment && !name.is_empty() {
                self.skip(name.len() + 1);
                let value = self.word()?.unwrap_or_default();
                assignments.push((name.to_owned(), value));
                continue;
            }
            match self.word()? {
                Some(word) => words.push(word),
                None => break,
            }
        }
        if self.peek() == Some('(') && words.len() == 1 {
            return Err(Problem::Unknown("a function"));
        }
        if assignments.is_empty() && words.is_empty() && redirects.is_empty() {
            return Err(self.unexpected());
        }
        Ok(Command {
            kind: Kind::Simple { assignments, words },
            redirects,
        })
    }

    fn redirect(&mut self) -> Result<Option<Redirect>, Problem> {
        let rest = self.rest();
        let (number, operator) = match rest.as_bytes() {
            [digit @ b'0'..=b'9', b'<' | b'>', ..] => {
                (Some(digit - b'0'), rest.get(1..).unwrap_or_default())
            }
            _ => (None, rest),
        };
        if !operator.starts_with(['<', '>']) {
            return Ok(None);
        }
        if operator.starts_with("<<") {
            return Err(Problem::Unknown("a text within the script"));
        }
        let kinds: [(&str, u8, MakeTarget); 7] = [
            (">>", 1, Target::Write),
            (">|", 1, Target::Write),
            (">&", 1, Target::Stream),
            ("<&", 0, Target::Stream),
            ("<>", 0, Target::Read),
            (">", 1, Target::Write),
            ("<", 0, Target::Read),
        ];
        let found = kinds.iter().find(|(text, ..)| operator.starts_with(text));
        let Some((text, stream, target)) = found else {
            return Ok(None);
        };
        self.skip(rest.len() - operator.len() + text.len());
        self.skip_blanks();
        let word = match self.word()? {
            Some(word) => word,
            None => return Err(self.unexpected()),
        };
        Ok(Some(Redirect {
            stream: number.unwrap_or(*stream),
            to: target(word),
        }))
    }
}
