//! Runs one simple command: variables that are set, what the shell does itself,
//! or a program.

use super::Shell;
use super::expand::TooLong;
use super::flow::Flow;
use super::syntax::Word;
use crate::sim::process::simulated::programs::{self, Ended};
use crate::sim::process::simulated::streams::{Broken, Io};

impl Shell {
    pub(super) async fn simple(
        &mut self,
        assignments: &[(String, Word)],
        words: &[Word],
        io: &Io,
    ) -> Result<Flow, Broken> {
        let Ok(words) = self.words(words, io).await else {
            return Ok(self.too_long(io).await);
        };
        let mut given = Vec::new();
        // Without a command, the status is that of what was expanded.
        if !assignments.is_empty() && words.is_empty() {
            self.status = 0;
        }
        for (name, word) in assignments {
            match self.text(word, io).await {
                Ok(value) => given.push((name, value)),
                Err(TooLong) => return Ok(self.too_long(io).await),
            }
        }
        let Some(name) = words.first() else {
            for (name, value) in given {
                if self.variables.set(name, value).is_err() {
                    return Ok(self.too_long(io).await);
                }
            }
            return Ok(Flow::Next);
        };
        if let Some(flow) = self.built_in(name, &words, io).await? {
            return Ok(flow);
        }
        self.status = self.program(&words, &given, io).await?;
        Ok(Flow::Next)
    }

    async fn too_long(&mut self, io: &Io) -> Flow {
        self.syntax_error("the words or values are too long", io)
            .await
    }

    /// Runs a program with these variables on top.
    pub(super) async fn program(
        &mut self,
        words: &[String],
        given: &[(&String, String)],
        io: &Io,
    ) -> Ended {
        let mut place = self.place.clone();
        place.env = self.variables.env();
        for (name, value) in given {
            place.env.retain(|(known, _)| known != *name);
            place.env.push(((*name).clone(), value.clone()));
        }
        match words.first() {
            Some(name) if !programs::is_known(name) => {
                self.complain(&format!("{name}: not found"), io).await?;
                Ok(crate::sim::process::NOT_FOUND)
            }
            _ => programs::run(words, &place, io).await,
        }
    }
}
