//! Commands that look at rules and change them while the agent runs.

use agent_schema::command::{self, Hash};
use agent_text::escape;

use super::{FaultError, FaultKind, Faults, Reader, Rule, grammar};

/// What `help` says.
const HELP: &str = "\
reply RPC json://{...} field=value ...   answers that; file:///path.json reads it
reply-with RPC field=value ...           changes fields of the real answer
fail RPC STATUS \"message\"                refuses: a status by name or number
delay RPC TIME                           waits first; other rules may follow
drop RPC                                 never answers
close RPC                                closes the connection instead of an answer
garbage RPC [hex:00ff | COUNT]           sends bytes that are not ttRPC instead of an answer
die RPC                                  ends all connections and forgets everything instead of an answer
truncate RPC [COUNT]                     cuts the answer after that many bytes, or in half, and closes
clear [RPC]                              removes the rules for an RPC, or all
oom CONTAINER_ID                         kills the container's processes, and makes GetOOMEvent report it
exit CONTAINER_ID [EXEC_ID] STATUS       ends a process with a status, 0 to 255
list                                     shows the rules, and how often each was applied
help                                     shows this
RPC[3], RPC[2..4], RPC[5..], RPC[10%]    some of the calls; * is every RPC
RPC[container_id=web]                    calls with such a field; RPC[container_id=web][2] the second";

/// The words that are not a kind of rule.
const WORDS: [&str; 5] = ["clear", "oom", "exit", "list", "help"];

/// Carries out what a line asks of an agent.
pub trait Orders {
    /// A container is short of memory: its processes are killed, and whoever
    /// waits for such events is told.
    ///
    /// # Errors
    /// Why nobody can be told, in words for a user.
    fn oom(&self, container_id: &str) -> Result<(), String>;

    /// A process ends with a status, 0 to 255. An empty ID is that of the
    /// container's first process.
    ///
    /// # Errors
    /// Why it cannot, in words for a user.
    fn exit(&self, container_id: &str, exec_id: &str, status: i32) -> Result<(), String>;
}

impl Faults {
    /// Carries out one line: a rule to add, `clear`, `list` or `help`, or one for
    /// `orders`. What there is to show comes back.
    ///
    /// # Errors
    /// When it is none of these; nothing has changed then.
    pub fn control(
        &self,
        line: &str,
        reader: &mut dyn Reader,
        orders: &dyn Orders,
    ) -> Result<Option<String>, FaultError> {
        let text = line.trim();
        let (name, end) = command::name(text);
        let form = match name {
            "clear" => "clear RPC, or only clear",
            "oom" => "oom CONTAINER_ID",
            "exit" => "exit CONTAINER_ID [EXEC_ID] STATUS",
            "list" => "only list",
            "help" => "only help",
            _ => return self.rule_line(name, text, reader),
        };
        let mut words = command::split_plain(text, end, Hash::Comment)?.into_iter();
        if name == "exit" {
            return exit(words.collect(), form, orders);
        }
        let first = words.next();
        let surplus = match name {
            "clear" | "oom" => words.next(),
            _ => first.clone(),
        };
        if let Some(word) = surplus {
            return Err(FaultError::Surplus { word, form });
        }
        match (name, first) {
            ("clear", None) => self.rules().list.clear(),
            ("clear", Some(name)) => {
                let target = grammar::named(self.schema, &name)?;
                let kept = |rule: &Rule| !rule.target.is(target);
                self.rules().list.retain(|(_, rule)| kept(rule));
            }
            ("oom", Some(id)) => {
                orders.oom(&id).map_err(FaultError::Order)?;
            }
            ("oom", None) => {
                let what = "the ID of a container";
                return Err(FaultError::Missing { what, form });
            }
            ("list", _) => return Ok(Some(self.list())),
            _ => return Ok(Some(HELP.to_owned())),
        }
        Ok(None)
    }

    fn rule_line(
        &self,
        name: &str,
        text: &str,
        reader: &mut dyn Reader,
    ) -> Result<Option<String>, FaultError> {
        match self.add_line(text, reader) {
            Err(FaultError::Kind { .. }) => {
                let kinds = FaultKind::ALL.into_iter().map(FaultKind::name);
                Err(super::unknown(name, kinds.chain(WORDS)))
            }
            other => other.map(|()| None),
        }
    }

    fn list(&self) -> String {
        let rules = self.rules();
        if rules.list.is_empty() {
            return "no rules".to_owned();
        }
        let lines: Vec<_> = rules.list.iter().map(|(_, rule)| shown(rule)).collect();
        lines.join("\n")
    }
}

fn exit(
    words: Vec<String>,
    form: &'static str,
    orders: &dyn Orders,
) -> Result<Option<String>, FaultError> {
    let (container_id, exec_id, status) = match words.as_slice() {
        [container_id, status] => (container_id, "", status),
        [container_id, exec_id, status] => (container_id, exec_id.as_str(), status),
        [_, _, _, word, ..] => {
            let word = word.clone();
            return Err(FaultError::Surplus { word, form });
        }
        _ => {
            let what = "a container's ID or a status";
            return Err(FaultError::Missing { what, form });
        }
    };
    let number = status.parse::<u8>();
    let number = number.map_err(|_| FaultError::Exit(status.clone()))?;
    let ended = orders.exit(container_id, exec_id, number.into());
    ended.map_err(FaultError::Order)?;
    Ok(None)
}

/// How much of a rule's text is shown, in characters.
const SHOWN: usize = 200;

fn shown(rule: &Rule) -> String {
    let text = &*rule.text;
    let (shown, dots) = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => (text.get(..end).unwrap_or(text), "..."),
        None => (text, ""),
    };
    let shown = escape::line(shown);
    format!("{shown}{dots}  # {} of {} calls", rule.applied, rule.seen)
}
