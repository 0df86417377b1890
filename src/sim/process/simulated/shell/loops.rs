//! Runs blocks that choose and repeat: `if`, `while`, `until` and `for`. How a
//! command within them runs is not known here.

use super::Shell;
use super::flow::Flow;
use super::syntax::Item;
use crate::sim::process::simulated::streams::Io;

impl Shell {
    pub(super) async fn branch(
        &mut self,
        branches: &[(Vec<Item>, Vec<Item>)],
        otherwise: &[Item],
        io: &Io,
    ) -> Flow {
        for (condition, body) in branches {
            let flow = self.condition(condition, io).await;
            if flow != Flow::Next {
                return flow;
            }
            if self.status == 0 {
                return self.list(body, io).await;
            }
        }
        self.status = 0;
        self.list(otherwise, io).await
    }

    /// Runs commands whose failure says something.
    async fn condition(&mut self, items: &[Item], io: &Io) -> Flow {
        let strict = std::mem::take(&mut self.strict);
        let flow = self.list(items, io).await;
        self.strict = strict;
        flow
    }

    pub(super) async fn repeat(
        &mut self,
        until: bool,
        condition: &[Item],
        body: &[Item],
        io: &Io,
    ) -> Flow {
        let mut status = 0;
        loop {
            let flow = self.condition(condition, io).await;
            if let Some(flow) = flow.leaves() {
                return flow;
            }
            if (self.status == 0) == until {
                self.status = status;
                return Flow::Next;
            }
            if let Some(flow) = self.list(body, io).await.leaves() {
                return flow;
            }
            status = self.status;
        }
    }

    pub(super) async fn each(
        &mut self,
        name: &str,
        words: Vec<String>,
        body: &[Item],
        io: &Io,
    ) -> Flow {
        self.status = 0;
        for word in words {
            if self.variables.set(name, word).is_err() {
                return self.syntax_error("the variables are too long", io).await;
            }
            if let Some(flow) = self.list(body, io).await.leaves() {
                return flow;
            }
        }
        Flow::Next
    }
}
