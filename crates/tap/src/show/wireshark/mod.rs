//! A dissector that shows ttRPC in Wireshark, in Lua: tables of the protos, and what works on
//! them. It takes vsock captures, as a vsockmon device has them and as [`super::pcapng`] writes
//! them.

use std::fmt::Write as _;

use agent_client::Status;
use agent_schema::{Enum, Field, Label, Message, Schema, Type};

const DISSECTOR: &str = include_str!("dissector.lua");
/// The status codes that have names.
const CODES: std::ops::RangeInclusive<i32> = 0..=16;

/// The dissector of a schema.
pub fn dissector(schema: &Schema) -> String {
    let mut lua = format!(
        "-- Shows the ttRPC of Kata Containers agents in Wireshark and tshark, 4.0 and later.\n\
         -- Made by kata-agent-ctl from the protos {:?}, whose hash is {}.\n\n",
        schema.source, schema.hash
    );
    // Writing to a string does not fail.
    let _ = write(schema, &mut lua);
    lua.push_str(DISSECTOR);
    lua
}

fn write(schema: &Schema, lua: &mut String) -> std::fmt::Result {
    writeln!(lua, "local STATUS = {{")?;
    for code in CODES {
        let status = Status {
            code,
            ..Status::default()
        };
        if let Some(name) = status.name() {
            writeln!(lua, "  [{code}] = \"{name}\",")?;
        }
    }
    writeln!(lua, "}}\n\nlocal ENUMS = {{")?;
    for each in schema.enums {
        writeln!(lua, "  [\"{}\"] = {{ {} }},", each.full_name, values(each))?;
    }
    writeln!(lua, "}}\n\nlocal MESSAGES = {{")?;
    for message in schema.messages {
        writeln!(lua, "  [\"{}\"] = {{", message.full_name)?;
        for field in message.fields {
            writeln!(lua, "    [{}] = {},", field.number, described(field))?;
        }
        writeln!(lua, "  }},")?;
    }
    writeln!(
        lua,
        "}}\n\n-- The messages that each RPC takes and answers.\nlocal RPCS = {{"
    )?;
    let name = |message: &Message| message.full_name;
    for rpc in schema.services.iter().flat_map(|service| service.rpcs) {
        let (request, response) = (name(rpc.request), name(rpc.response));
        writeln!(
            lua,
            "  [\"{}\"] = {{ \"{request}\", \"{response}\" }},",
            rpc.path()
        )?;
    }
    writeln!(lua, "}}\n")
}

/// The values of an enum. Of two names of a number the first one is its name.
fn values(each: &Enum) -> String {
    let named = each.values.iter().filter(|value| {
        each.name_of(value.number)
            .is_some_and(|name| name == value.name)
    });
    let named: Vec<String> = named
        .map(|value| format!("[{}] = \"{}\"", value.number, value.name))
        .collect();
    named.join(", ")
}

fn described(field: &Field) -> String {
    let name = field.name;
    match field.label {
        Label::Map(key) => format!(
            "{{ name = \"{name}\", kind = \"map\", {{ kind = \"{}\" }}, {{ {} }} }}",
            key.name(),
            kind(field.ty)
        ),
        Label::Repeated => format!("{{ name = \"{name}\", {}, list = true }}", kind(field.ty)),
        Label::Singular | Label::Optional => {
            format!("{{ name = \"{name}\", {} }}", kind(field.ty))
        }
    }
}

fn kind(ty: Type) -> String {
    match ty {
        Type::Scalar(scalar) => format!("kind = \"{}\"", scalar.name()),
        Type::Enum(each) => format!("kind = \"enum\", of = \"{}\"", each.full_name),
        Type::Message(message) => format!("kind = \"message\", of = \"{}\"", message.full_name),
    }
}
