//! Lines that control a simulated agent's faults: each is carried out whole or
//! refused, and the rules are listed in lines that are fit for a terminal.

use agent_faults::{Faults, Orders};
use kata_agent_ctl::input::Inputs;
use kata_agent_ctl::rules::Files;
use kata_agent_ctl::text::escape::is_unprintable;

use crate::check::error_text;

/// What happens by chance does not matter here.
const SEED: u64 = 1;

/// An agent that does all it is told to.
struct Anything;

impl Orders for Anything {
    fn oom(&self, _container_id: &str) -> Result<(), String> {
        Ok(())
    }

    fn exit(&self, _container_id: &str, _exec_id: &str, _status: i32) -> Result<(), String> {
        Ok(())
    }
}

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let faults = Faults::new(kata_agent_ctl::schema(), SEED);
    let mut inputs = Files(Inputs::without_standard_input());
    for line in text.split('\n') {
        // No files are read.
        if line.contains('@') || line.contains("file:") {
            continue;
        }
        let before = list(&faults, &mut inputs);
        match faults.control(line, &mut inputs, &Anything) {
            Ok(shown) => check_shown(&shown.unwrap_or_default()),
            Err(error) => {
                error_text(&error);
                assert_eq!(list(&faults, &mut inputs), before, "{line}");
            }
        }
    }
    faults.seed_in_use();
}

fn list(faults: &Faults, inputs: &mut Files) -> String {
    let list = faults.control("list", inputs, &Anything);
    let list = list.unwrap_or_else(|error| panic!("{error}"));
    let list = list.unwrap_or_else(|| panic!("nothing is listed"));
    check_shown(&list);
    list
}

fn check_shown(text: &str) {
    let bad = text.chars().find(|c| is_unprintable(*c) && *c != '\n');
    assert_eq!(bad, None, "{text:?}");
}
