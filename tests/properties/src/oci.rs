//! The configuration of an OCI bundle: refused at a place in the text, or put
//! into the messages that the build has for it, which can then be sent and shown.

use agent_bundle::Config;
use kata_agent_ctl::auto::config_row;
use kata_agent_ctl::schema::ValueMut;

use crate::check::{encoded, error_text, json_again};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let config = match Config::parse("/bundle/config.json", text) {
        Ok(config) => config,
        Err(error) => return drop(error_text(&error)),
    };
    let schema = kata_agent_ctl::schema();
    for rpc in schema.services.iter().flat_map(|service| service.rpcs) {
        let Some((part, index)) = config_row(rpc) else {
            continue;
        };
        let mut request = (rpc.request.new)();
        let Some(ValueMut::Message(message)) = request.get_mut(index) else {
            continue;
        };
        match config.put(part, message, schema) {
            Ok(notes) => {
                let mut paths = notes.without_field.iter().chain(&notes.left_out);
                assert!(paths.all(|path| !path.is_empty()));
                encoded(message);
                json_again(message, schema);
            }
            Err(error) => drop(error_text(&error)),
        }
    }
}
