//! Reads what stands between the words of a block: `if`, `while`, `until` and
//! `for`, whose first word has been read.

use super::parse::Parser;
use super::scan::name;
use super::syntax::{Item, Kind, Problem};

impl Parser<'_> {
    pub(super) fn branches(&mut self) -> Result<Kind, Problem> {
        let mut branches = Vec::new();
        loop {
            let condition = self.list(&["then"])?;
            self.expect("then")?;
            branches.push((condition, self.list(&["elif", "else", "fi"])?));
            if !self.take_word("elif") {
                break;
            }
        }
        let otherwise = match self.take_word("else") {
            true => self.list(&["fi"])?,
            false => Vec::new(),
        };
        self.expect("fi")?;
        Ok(Kind::If {
            branches,
            otherwise,
        })
    }

    pub(super) fn repetition(&mut self, until: bool) -> Result<Kind, Problem> {
        let condition = self.list(&["do"])?;
        let body = self.body()?;
        Ok(Kind::While {
            until,
            condition,
            body,
        })
    }

    pub(super) fn enumeration(&mut self) -> Result<Kind, Problem> {
        self.skip_blanks();
        let name = name(self.rest()).to_owned();
        if name.is_empty() {
            return Err(self.unexpected());
        }
        self.skip(name.len());
        self.skip_lines();
        let words = match self.take_word("in") {
            true => {
                let mut words = Vec::new();
                self.skip_blanks();
                while let Some(word) = self.word()? {
                    words.push(word);
                    self.skip_blanks();
                }
                Some(words)
            }
            false => None,
        };
        self.skip_blanks();
        if self.peek() == Some(';') {
            self.skip(1);
        }
        self.skip_lines();
        let body = self.body()?;
        Ok(Kind::For { name, words, body })
    }

    fn body(&mut self) -> Result<Vec<Item>, Problem> {
        self.expect("do")?;
        let body = self.list(&["done"])?;
        self.expect("done")?;
        Ok(body)
    }
}
