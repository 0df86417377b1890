//! The table of automatic values and aliases. A row names RPCs and a field as text: one
//! that the protos do not have does nothing. How a row's value is put into a request is
//! in [`crate::Request`].

mod signal;

use agent_bundle::Part;

use agent_schema::{Field, Label, Rpc, Scalar, Type, json};
use agent_text::hex;

/// One automatic value: where it goes, where it comes from, how else the field
/// may be called.
#[derive(Debug)]
pub struct Row {
    /// The RPCs it applies to, as `service/method`, or `service/*` for all of a service.
    pub rpcs: &'static [&'static str],
    /// A field of the request itself.
    pub field: &'static str,
    /// Other names for the field, accepted where no field has that name.
    pub aliases: &'static [&'static str],
    /// Where the value comes from.
    pub rule: Rule,
    /// For `describe`: the rule in words.
    pub doc: &'static str,
}

/// Where an automatic value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A random ID, the same one for the rest of the run.
    RandomId,
    /// The ID of a new container's first process: that of the container, in this field.
    FirstProcess(&'static str),
    /// The same for another process of the container in this field; one that is given is
    /// remembered for the container.
    NewProcess(&'static str),
    /// The ID of the process that was given last for the container in this field, or else
    /// that of its first.
    LastProcess(&'static str),
    /// `true`.
    True,
    /// This signal's number; the field takes signal names as well.
    Signal(&'static str),
    /// A part of an OCI configuration; it fills a message that was given too.
    Config(Part),
}

/// Every RPC of an agent: the IDs of a run go through all of them.
const ALL: &[&str] = &["grpc.AgentService/*", "grpc.Health/*"];

/// The fields that hold an ID which is made for a run, and differs from one to the next.
pub static ID_FIELDS: [&str; 2] = ["container_id", "sandbox_id"];

/// Every row. One that takes another field's value stands after that field's row.
pub static ROWS: &[Row] = &[
    Row {
        rpcs: ALL,
        field: "container_id",
        aliases: &["cid"],
        rule: Rule::RandomId,
        doc: "64 random hex digits, then the same for the rest of the run",
    },
    Row {
        rpcs: ALL,
        field: "sandbox_id",
        aliases: &["sid"],
        rule: Rule::RandomId,
        doc: "64 random hex digits, then the same for the rest of the run",
    },
    Row {
        rpcs: &[
            "grpc.AgentService/CloseStdin",
            "grpc.AgentService/ReadStderr",
            "grpc.AgentService/ReadStdout",
            "grpc.AgentService/SignalProcess",
            "grpc.AgentService/TtyWinResize",
            "grpc.AgentService/WaitProcess",
            "grpc.AgentService/WriteStdin",
        ],
        field: "exec_id",
        aliases: &[],
        rule: Rule::LastProcess("container_id"),
        doc: "the one given last for this container, or else the container's ID",
    },
    Row {
        rpcs: &["grpc.AgentService/CreateContainer"],
        field: "exec_id",
        aliases: &[],
        rule: Rule::FirstProcess("container_id"),
        doc: "the container's ID",
    },
    Row {
        rpcs: &["grpc.AgentService/ExecProcess"],
        field: "exec_id",
        aliases: &[],
        rule: Rule::NewProcess("container_id"),
        doc: "the container's ID; one that is given is that of later commands too",
    },
    Row {
        rpcs: &["grpc.AgentService/CreateContainer"],
        field: "OCI",
        aliases: &[],
        rule: Rule::Config(Part::Spec),
        doc: "what the config.json of spec or --bundle-dir says, where the command says nothing",
    },
    Row {
        rpcs: &["grpc.AgentService/ExecProcess"],
        field: "process",
        aliases: &[],
        rule: Rule::Config(Part::Process),
        doc: "the process of the last container's config.json, else of --bundle-dir's, where the \
              command says nothing",
    },
    Row {
        rpcs: &["grpc.AgentService/GetGuestDetails"],
        field: "mem_block_size",
        aliases: &[],
        rule: Rule::True,
        doc: "true",
    },
    Row {
        rpcs: &["grpc.AgentService/GetGuestDetails"],
        field: "mem_hotplug_probe",
        aliases: &[],
        rule: Rule::True,
        doc: "true",
    },
    Row {
        rpcs: &["grpc.AgentService/SignalProcess"],
        field: "signal",
        aliases: &[],
        rule: Rule::Signal("SIGKILL"),
        doc: "SIGKILL (9); takes names such as usr1 and SIGUSR1 too",
    },
];

/// Whether a table's `service/method`, or `service/*`, means this RPC.
pub fn is_of(name: &str, rpc: &Rpc) -> bool {
    let parts = name.split_once('/');
    parts.is_some_and(|(service, method)| {
        service == rpc.service && (method == "*" || method == rpc.name)
    })
}

impl Row {
    /// Whether it applies to the RPC, whatever fields that has.
    pub fn is_for(&self, rpc: &Rpc) -> bool {
        self.rpcs.iter().any(|name| is_of(name, rpc))
    }

    /// The index of the field in the RPC's request, whatever its type, if the
    /// row applies to it and the proto has such a field: its aliases name it.
    pub fn named_in(&self, rpc: &Rpc) -> Option<usize> {
        if !self.is_for(rpc) {
            return None;
        }
        let mut fields = rpc.request.fields.iter();
        fields.position(|field| field.name == self.field)
    }

    /// The index of the field that the row fills: [`Row::named_in`], if the
    /// field is of a type that takes the row's value.
    pub fn index_in(&self, rpc: &Rpc) -> Option<usize> {
        let index = self.named_in(rpc)?;
        let fits = rpc
            .request
            .fields
            .get(index)
            .is_some_and(|field| self.rule.fits(field));
        fits.then_some(index)
    }
}

impl Rule {
    fn fits(self, field: &Field) -> bool {
        let is_one = matches!(field.label, Label::Singular | Label::Optional);
        is_one
            && match (self, field.ty) {
                (
                    Rule::RandomId
                    | Rule::FirstProcess(_)
                    | Rule::NewProcess(_)
                    | Rule::LastProcess(_),
                    Type::Scalar(Scalar::String),
                )
                | (Rule::True, Type::Scalar(Scalar::Bool))
                | (Rule::Signal(_), Type::Scalar(Scalar::Uint32)) => true,
                (Rule::Config(_), Type::Message(message)) => !json::has_special_form(message),
                _ => false,
            }
    }
}

/// The row for an alias in commands of the RPC, whether or not its request has the
/// field.
pub(crate) fn row_of_alias(rpc: &Rpc, alias: &str) -> Option<&'static Row> {
    let mut rows = ROWS.iter().filter(|row| row.is_for(rpc));
    rows.find(|row| row.aliases.contains(&alias))
}

/// An alias that commands of the RPC take, if `name` is one.
pub(crate) fn alias(rpc: &Rpc, name: &str) -> Option<&'static str> {
    let mut aliases = row_of_alias(rpc, name)?.aliases.iter();
    aliases.find(|alias| **alias == name).copied()
}

/// The row by which a field of the RPC's request takes signal names.
pub(crate) fn signal_row(rpc: &Rpc, index: usize) -> Option<&'static Row> {
    ROWS.iter()
        .find(|row| matches!(row.rule, Rule::Signal(_)) && row.index_in(rpc) == Some(index))
}

/// The part of an OCI configuration that the RPC's request takes, and where.
pub fn config_row(rpc: &Rpc) -> Option<(Part, usize)> {
    config_of(rows_of(rpc))
}

/// As [`config_row`], of a request with these rows.
pub(crate) fn config_of(
    rows: impl IntoIterator<Item = (usize, &'static Row)>,
) -> Option<(Part, usize)> {
    rows.into_iter().find_map(|(index, row)| match row.rule {
        Rule::Config(part) => Some((part, index)),
        _ => None,
    })
}

/// The rows that fill a field of the RPC's request, each with the field's index.
pub(crate) fn rows_of(rpc: &Rpc) -> impl Iterator<Item = (usize, &'static Row)> {
    ROWS.iter()
        .filter_map(|row| Some((row.index_in(rpc)?, row)))
}

/// The number that a signal's name stands for.
pub(crate) fn signal_number(name: &str) -> Option<u32> {
    signal::number(name)
}

/// The names of all signals but the real-time ones, each with its number.
pub(crate) fn signal_names() -> impl Iterator<Item = (&'static str, u32)> {
    signal::names()
}

/// 64 hexadecimal digits from the operating system's random source, the form
/// that container managers use.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn random_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex::digits(&bytes))
}

#[cfg(test)]
mod tests {
    use super::{ROWS, Rule, random_id};

    #[test]
    fn names_are_unique_and_copies_come_after_their_source() {
        for service in agent_api::schema().services {
            for rpc in service.rpcs {
                let mut seen: Vec<&str> = Vec::new();
                for row in ROWS.iter().filter(|row| row.is_for(rpc)) {
                    if let Rule::FirstProcess(source)
                    | Rule::NewProcess(source)
                    | Rule::LastProcess(source) = row.rule
                    {
                        assert!(seen.contains(&source), "{} copies {source}", row.field);
                    }
                    for name in row.aliases.iter().chain([&row.field]) {
                        assert!(!seen.contains(name), "{name} is there twice");
                        seen.push(name);
                    }
                }
            }
        }
    }

    /// Each RPC with such a field knows what it is filled with.
    #[test]
    fn every_exec_id_has_a_row() {
        for service in agent_api::schema().services {
            for rpc in service.rpcs {
                let mut fields = rpc.request.fields.iter();
                if service.full_name == "grpc.AgentService" && fields.any(|it| it.name == "exec_id")
                {
                    let rows: Vec<_> = super::rows_of(rpc).map(|(_, row)| row.field).collect();
                    assert!(rows.contains(&"exec_id"), "{}", rpc.name);
                }
            }
        }
    }

    #[test]
    fn signals_of_the_table_exist() {
        for row in ROWS {
            if let Rule::Signal(name) = row.rule {
                assert!(super::signal_number(name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn ids_are_64_hexadecimal_digits_and_differ() {
        let (one, two) = (random_id(), random_id());
        let one = one.unwrap_or_default();
        assert_eq!(one.len(), 64);
        assert!(
            one.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        );
        assert_ne!(Ok(one), two);
    }
}
