//! The rules for calls that go wrong, of `serve` and of `proxy`.

use agent_faults::{FaultError, Faults, Reader, ReaderError};

use crate::cli::{RuleSource, Rules};
use crate::command::Hash;
use crate::error::Error;
use crate::input::{self, Inputs};
use crate::log::say;
use crate::schema::{Content, Dialect, Schema};

/// The rules that the options say.
///
/// # Errors
/// When one of them is wrong.
pub(crate) fn faults(schema: &'static Schema, options: &Rules) -> Result<Faults, Error> {
    let seed = match options.seed {
        Some(seed) => seed,
        None => getrandom::u64()?,
    };
    let faults = Faults::new(schema, seed);
    let mut files = Files(Inputs::default());
    for source in &options.in_order {
        match source {
            RuleSource::Flag(kind, text) => {
                let added = faults.add(*kind, text, Hash::Word, &mut files);
                added.map_err(|error| wrong_rule(format!("--{}", kind.name()), error))?;
            }
            RuleSource::File(name) => {
                for (number, line) in (1..).zip(files.0.text(name)?.lines()) {
                    let added = faults.add_line(line, &mut files);
                    added.map_err(|error| wrong_rule(format!("{name}:{number}"), error))?;
                }
            }
        }
    }
    Ok(faults)
}

fn wrong_rule(place: String, error: FaultError) -> Error {
    Error::usage(error).within(place)
}

/// Tells the seed where something happens by chance, so that it can be repeated.
pub(crate) fn tell_seed(faults: &Faults) -> bool {
    let seed = faults.seed_in_use();
    if let Some(seed) = seed {
        say(format_args!("seed {seed}"));
    }
    seed.is_some()
}

/// How the values of rules are written: the proto's own spellings, and files.
struct PlainWithFiles;

impl Dialect for PlainWithFiles {
    fn file(&self, path: &str) -> Content {
        Ok(input::value(path, None)?)
    }
}

/// The files that rules name.
#[derive(Debug, Default)]
pub struct Files(pub Inputs);

impl Reader for Files {
    fn text(&mut self, name: &str) -> Result<String, ReaderError> {
        Ok(self.0.text(name)?)
    }

    fn dialect(&self) -> &dyn Dialect {
        &PlainWithFiles
    }
}
