//! An agent's address: what is read is written as an address of the same
//! meaning, with and without hybrid vsock.

use kata_agent_ctl::transport::{AGENT_PORT, Address};

use crate::check::error_text;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match text.parse::<Address>() {
        Ok(address) => {
            reads_back(&address);
            match address.with_hybrid_vsock(AGENT_PORT) {
                Ok(hybrid) => reads_back(&hybrid),
                Err(error) => drop(error_text(&error)),
            }
        }
        Err(error) => drop(error_text(&error)),
    }
}

fn reads_back(address: &Address) {
    let written = address.to_string();
    assert_eq!(
        written.parse::<Address>().as_ref(),
        Ok(address),
        "{written}"
    );
}
