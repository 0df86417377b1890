//! The manual page. Sub-commands and options come from the definition of the
//! command line, built-ins and examples from their tables; what only a manual
//! says is data in `text`.

mod text;

use std::io::{self, Write};

use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use crate::auto;
use crate::builtin::BUILT_INS;
use crate::cli;
use crate::examples::{self, Example, Topic};
use crate::schema::Schema;
use crate::statuses::EXIT_STATUSES;
use text::Row;

/// The page, ready for `man`.
///
/// # Errors
/// None that a growing buffer could have.
pub(crate) fn page(schema: &Schema) -> io::Result<Vec<u8>> {
    let command = cli::command();
    let mut page = Vec::new();
    let man = Man::new(command.clone())
        .title("KATA-AGENT-CTL")
        .source(format!("kata-agent-ctl {}", cli::VERSION));
    man.render_title(&mut page)?;
    // No word is hyphenated, as a name with a hyphen in it is another name.
    let mut roff = Roff::new();
    roff.control("nh", []).control("ad", ["l"]);
    roff.to_writer(&mut page)?;
    man.render_name_section(&mut page)?;
    synopsis(&command).to_writer(&mut page)?;
    paragraphs("DESCRIPTION", text::DESCRIPTION).to_writer(&mut page)?;
    sub_commands(&command, &mut page)?;
    let command = command.disable_help_flag(true).disable_version_flag(true);
    Man::new(command).render_options_section(&mut page)?;
    rows("ADDRESSES", text::ADDRESSES).to_writer(&mut page)?;
    rows("CALLS", text::CALLS).to_writer(&mut page)?;
    rows("SETTERS", text::SETTERS).to_writer(&mut page)?;
    automatic_values().to_writer(&mut page)?;
    let built_ins: Vec<Row<'_>> = BUILT_INS.iter().map(|row| (row.usage, row.doc)).collect();
    rows("BUILT-IN COMMANDS", &built_ins).to_writer(&mut page)?;
    rows("KEYS AT THE PROMPT", text::KEYS).to_writer(&mut page)?;
    rows("EXIT STATUS", EXIT_STATUSES).to_writer(&mut page)?;
    rows("ENVIRONMENT", text::ENVIRONMENT).to_writer(&mut page)?;
    rows("FILES", text::FILES).to_writer(&mut page)?;
    shown(schema).to_writer(&mut page)?;
    Ok(page)
}

fn synopsis(command: &clap::Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for (index, (name, sub_command)) in all(command).into_iter().enumerate() {
        if index > 0 {
            roff.control("br", []);
        }
        roff.text(usage(&name, &sub_command));
    }
    roff
}

/// How a sub-command is written: its name, the options that it needs, `[OPTIONS]` if it has
/// others, and what follows by position.
fn usage(name: &str, sub_command: &clap::Command) -> Vec<Inline> {
    let mut sub_command = sub_command.clone().disable_help_flag(true);
    sub_command.build();
    let mut inlines = vec![bold(format!("kata-agent-ctl {name}"))];
    let options = sub_command.get_arguments().filter(|it| !it.is_positional());
    let (needed, others): (Vec<_>, Vec<_>) = options.partition(|it| it.is_required_set());
    for option in needed {
        inlines.push(roman(" "));
        inlines.push(bold(format!("--{}", option.get_long().unwrap_or_default())));
        let value = option.get_value_names().and_then(<[_]>::first);
        inlines.push(roman(
            value.map_or(String::new(), |value| format!(" {value}")),
        ));
    }
    if !others.is_empty() {
        inlines.push(roman(" [OPTIONS]"));
    }
    for argument in sub_command.get_positionals() {
        let name = argument.get_id().as_str().to_uppercase();
        inlines.push(roman(match argument.is_required_set() {
            true => format!(" {name}"),
            false => format!(" [{name}]"),
        }));
    }
    inlines
}

/// The fields that are filled in where a command leaves them out.
fn automatic_values() -> Roff {
    let rows = auto::ROWS.iter().map(|row| {
        let names = row.aliases.iter().map(|alias| format!(", {alias}"));
        let rpcs = row
            .rpcs
            .iter()
            .map(|rpc| rpc.rsplit('/').next().unwrap_or(rpc));
        let rpcs: Vec<_> = rpcs.filter(|rpc| *rpc != "*").collect();
        let place = if rpcs.is_empty() {
            String::new()
        } else {
            format!(" in {}", rpcs.join(", "))
        };
        (
            format!("{}{}{place}", row.field, names.collect::<String>()),
            match row.rule {
                auto::Rule::True => "The value is true.",
                _ => row.doc,
            },
        )
    });
    let rows: Vec<(String, &str)> = rows.collect();
    let rows: Vec<Row<'_>> = rows
        .iter()
        .map(|(term, doc)| (term.as_str(), *doc))
        .collect();
    self::rows("AUTOMATIC VALUES", &rows)
}

fn visible(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    command.get_subcommands().filter(|each| !each.is_hide_set())
}

/// Every sub-command that is shown, by the words that call it; in place of one that has some of
/// its own, those.
fn all(command: &clap::Command) -> Vec<(String, clap::Command)> {
    let mut found = Vec::new();
    for sub_command in visible(command) {
        let name = sub_command.get_name();
        // What it has is defined when it is built.
        let mut built = sub_command.clone().disable_help_subcommand(true);
        built.build();
        match built.has_subcommands() {
            true => {
                let inner = all(&built).into_iter();
                found.extend(inner.map(|(inner, each)| (format!("{name} {inner}"), each)));
            }
            false => found.push((name.to_owned(), sub_command.clone())),
        }
    }
    found
}

/// Every sub-command with its own options; those of all stand in a section of
/// their own.
fn sub_commands(command: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", ["SUB-COMMANDS"]);
    roff.to_writer(page)?;
    for (name, sub_command) in all(command) {
        let mut roff = Roff::new();
        roff.control("SS", [name.as_str()]);
        let about = sub_command.get_about().map(ToString::to_string);
        roff.text([roman(format!("{}.", about.unwrap_or_default()))]);
        roff.to_writer(page)?;

        let alone = sub_command.clone().disable_help_flag(true);
        let mut options = Vec::new();
        Man::new(alone).render_options_section(&mut options)?;
        // Under the sub-command's heading, not under some of their own.
        let options = String::from_utf8_lossy(&options);
        let mut lines = options.lines().filter(|line| !line.starts_with(".SH "));
        lines.try_for_each(|line| writeln!(page, "{line}"))?;
    }
    Ok(())
}

fn paragraphs(heading: &str, text: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (index, paragraph) in text.split("\n\n").enumerate() {
        if index > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(paragraph)]);
    }
    roff
}

fn rows(heading: &str, rows: &[Row<'_>]) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (term, meaning) in rows {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(sentence(meaning))]);
    }
    roff
}

/// A meaning as the page writes it: with a capital and a full stop.
fn sentence(meaning: &str) -> String {
    let first = meaning.chars().next();
    let rest = meaning.chars().skip(1);
    let mut text: String = first
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(rest)
        .collect();
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

/// The first topic's examples, and what other topics there are.
fn shown(schema: &Schema) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    let mut topics = examples::topics(schema);
    if let Some(first) = topics.next() {
        example_of(&mut roff, schema, first);
    }
    roff.control("PP", []);
    roff.text([
        roman("More of them, by situation, are shown by "),
        bold("kata-agent-ctl examples"),
        roman(" NAME:"),
    ]);
    for topic in examples::topics(schema) {
        roff.control("TP", []);
        roff.text([bold(topic.name)]);
        roff.text([roman(topic.title)]);
    }
    roff
}

fn example_of(roff: &mut Roff, schema: &Schema, topic: &Topic) {
    for Example { text, session, .. } in examples::examples(schema, topic) {
        roff.control("PP", []);
        roff.text([roman(*text)]);
        roff.control("PP", []);
        roff.control("RS", ["4"]);
        roff.control("nf", []);
        for command in examples::commands(session) {
            roff.text([bold(format!("$ {}", command.text))]);
            for line in command.prints.lines() {
                roff.text([roman(line)]);
            }
        }
        roff.control("fi", []);
        roff.control("RE", []);
    }
}
