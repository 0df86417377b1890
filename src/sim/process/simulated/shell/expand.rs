//! Turns the words of a script into those that a command gets: values are put
//! in, and split where they are not quoted. Patterns for files match nothing,
//! as there are none. It runs commands for what they write, and no others.

use std::pin::Pin;

use super::Shell;
use super::syntax::{Expansion, Item, Part, Word};
use crate::sim::process::Pipe;
use crate::sim::process::simulated::streams::{Io, Output};

/// How long one word may become, in bytes: what execve(2) takes.
const WORD_LIMIT: usize = 131_072;

/// How many bytes all words of a command may have.
const WORDS_LIMIT: usize = 2 * 1024 * 1024;

/// The words are too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// Words that are being made.
#[derive(Debug, Default)]
struct Fields {
    done: Vec<String>,
    /// The one that goes on, if it has begun.
    current: Option<String>,
    size: usize,
}

impl Fields {
    fn push(&mut self, text: &str) -> Result<(), TooLong> {
        let current = self.current.get_or_insert_default();
        self.size += text.len();
        if current.len() + text.len() > WORD_LIMIT || self.size > WORDS_LIMIT {
            return Err(TooLong);
        }
        current.push_str(text);
        Ok(())
    }

    fn end(&mut self) {
        // Each word counts, empty ones too.
        self.size += size_of::<String>();
        self.done.extend(self.current.take());
    }

    /// Adds a value, which blanks split.
    fn split(&mut self, value: &str) -> Result<(), TooLong> {
        let is_blank = |one: char| matches!(one, ' ' | '\t' | '\n');
        if value.starts_with(is_blank) {
            self.end();
        }
        let mut words = value.split(is_blank).filter(|word| !word.is_empty());
        if let Some(first) = words.next() {
            self.push(first)?;
        }
        for word in words {
            self.end();
            self.push(word)?;
        }
        if value.ends_with(is_blank) {
            self.end();
        }
        Ok(())
    }
}

impl Shell {
    /// The words that these become.
    pub(super) async fn words(&mut self, words: &[Word], io: &Io) -> Result<Vec<String>, TooLong> {
        let mut fields = Fields::default();
        for word in words {
            self.expand(word, io, &mut fields, true).await?;
            fields.end();
        }
        Ok(fields.done)
    }

    /// The one word that this becomes: nothing splits it.
    pub(super) async fn text(&mut self, word: &Word, io: &Io) -> Result<String, TooLong> {
        let mut fields = Fields::default();
        self.expand(word, io, &mut fields, false).await?;
        Ok(fields.current.unwrap_or_default())
    }

    fn expand<'a>(
        &'a mut self,
        word: &'a Word,
        io: &'a Io,
        fields: &'a mut Fields,
        splits: bool,
    ) -> Pin<Box<dyn Future<Output = Result<(), TooLong>> + Send + 'a>> {
        Box::pin(async move {
            for part in &word.0 {
                let (quoted, what) = match part {
                    Part::Text(text) => {
                        fields.push(text)?;
                        continue;
                    }
                    Part::Expansion { quoted, what } => (*quoted, what),
                };
                let value = match what {
                    Expansion::Value(name) if name == "@" && quoted && splits => {
                        for (place, word) in self.arguments.iter().enumerate() {
                            if place > 0 {
                                fields.end();
                            }
                            fields.push(word)?;
                        }
                        continue;
                    }
                    Expansion::Value(name) => self.value(name).unwrap_or_default(),
                    Expansion::Length(name) => {
                        let value = self.value(name).unwrap_or_default();
                        value.chars().count().to_string()
                    }
                    Expansion::Default {
                        name,
                        or_empty,
                        word,
                    } => match self.value(name) {
                        Some(value) if !(*or_empty && value.is_empty()) => value,
                        _ => {
                            self.expand(word, io, fields, splits && !quoted).await?;
                            continue;
                        }
                    },
                    Expansion::Output(items) => self.output(items, io).await?,
                };
                match quoted || !splits {
                    true => fields.push(&value)?,
                    false => fields.split(&value)?,
                }
            }
            Ok(())
        })
    }

    /// What a name stands for.
    fn value(&self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "$" => Some(self.id.to_string()),
            "#" => Some(self.arguments.len().to_string()),
            "@" | "*" => Some(self.arguments.join(" ")),
            "!" => self.last_job.map(|id| id.to_string()),
            "0" => Some(self.name.clone()),
            name => match name.parse::<usize>() {
                Ok(number) => self.arguments.get(number.checked_sub(1)?).cloned(),
                Err(_) => self.variables.get(name).map(str::to_owned),
            },
        }
    }

    /// What commands write, without the ends of its last lines.
    async fn output(&mut self, items: &[Item], io: &Io) -> Result<String, TooLong> {
        let pipe = Pipe::default();
        let inner = Io {
            output: Output::Pipe(pipe.clone()),
            ..io.clone()
        };
        let mut shell = self.subshell();
        let run = async {
            let status = shell.run_alone(items, &inner).await;
            pipe.end();
            status
        };
        let read = async {
            let mut text = Vec::new();
            while let Some(bytes) = pipe.next(WORD_LIMIT).await {
                text.extend(bytes);
                if text.len() > WORD_LIMIT {
                    pipe.abandon();
                    return Err(TooLong);
                }
            }
            Ok(text)
        };
        let (status, text) = tokio::join!(run, read);
        self.status = status;
        let text = String::from_utf8_lossy(&text?).replace('\0', "");
        Ok(text.trim_end_matches('\n').to_owned())
    }
}
