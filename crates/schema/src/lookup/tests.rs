//! Lookup in a small schema with every kind of clash.

use crate::fixture::{ALL, INNER, SCHEMA};
use crate::{Dialect, Message, Plain};

use super::*;

/// The path of the RPC found, or the error's text.
fn rpc_named(name: &str) -> String {
    match rpc(&SCHEMA, name) {
        Ok(rpc) => rpc.path(),
        Err(error) => error.to_string(),
    }
}

fn item_named(name: &str) -> String {
    match item(&SCHEMA, name) {
        Ok(Item::Rpc(it)) => format!("RPC {}", it.path()),
        Ok(Item::Service(it)) => format!("service {}", it.full_name),
        Ok(Item::Message(it)) => format!("message {}", it.full_name),
        Ok(Item::Enum(it)) => format!("enum {}", it.full_name),
        Ok(it @ Item::Field(FieldItem { rpc, .. })) => {
            let of = rpc.map(|rpc| format!(" of {}", rpc.name));
            format!("field {}{}", it.full_name(), of.unwrap_or_default())
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_rpc_by_each_form_of_its_name() {
    for name in [
        "Both",
        "both",
        "AgentService.Both",
        "AgentService/Both",
        "grpc.AgentService/Both",
        "grpc.AgentService.Both",
        "GRPC.agentservice/BOTH",
        "/grpc.AgentService/Both",
        ".grpc.AgentService.Both",
    ] {
        assert_eq!(rpc_named(name), "grpc.AgentService/Both", "{name}");
    }
    assert_eq!(
        rpc_named("Service.Both"),
        "there is no RPC \"Service.Both\"; did you mean \"Both\"?"
    );
}

#[test]
fn a_field_by_the_path_to_it() {
    for (name, found) in [
        ("Both.inner", "field test.All.inner of Both"),
        (
            "grpc.AgentService.Both.inner",
            "field test.All.inner of Both",
        ),
        ("Both.inners[0].group_id", "field test.Inner.group_id"),
        ("Both.inner.child.child.name", "field test.Inner.name"),
        ("test.All.by_number.name", "field test.Inner.name"),
        ("all.by_number[\"a.b\"].tags", "field test.Inner.tags"),
        (
            "Both.inner.nam",
            "test.Inner has no field \"nam\"; did you mean \"name\"?",
        ),
        (
            "Both.text.x",
            "test.All.text is of type string, which has no fields",
        ),
        (
            "Twice.text",
            "\"Twice\" could be the RPC \"a.Other/Twice\" or \"b.Other/Twice\"",
        ),
        (
            "No.text",
            "there is no RPC, service, message or enum \"No.text\"; \"list\" shows the RPCs",
        ),
    ] {
        assert_eq!(item_named(name), found, "{name}");
    }
}

#[test]
fn services_by_name() {
    let named = |name: Option<&str>| match services(&SCHEMA, name) {
        Ok(services) => services
            .iter()
            .map(|it| it.full_name)
            .collect::<Vec<_>>()
            .join(" "),
        Err(error) => error.to_string(),
    };
    assert_eq!(named(None), "grpc.AgentService grpc.Health a.Other b.Other");
    assert_eq!(named(Some("health")), "grpc.Health");
    assert_eq!(
        named(Some("Other")),
        "\"Other\" could be the service \"a.Other\" or \"b.Other\""
    );
    assert_eq!(
        named(Some("x")),
        "there is no service \"x\"; did you mean \"grpc.AgentService\", \"grpc.Health\" or \
         \"a.Other\"?"
    );
}

#[test]
fn the_agents_own_rpcs_win() {
    assert_eq!(rpc_named("getiptables"), "grpc.AgentService/GetIPTables");
    assert_eq!(rpc_named("Check"), "grpc.Health/Check");
    assert_eq!(rpc_named("b.Other.check"), "b.Other/Check");
}

#[test]
fn other_clashes_list_the_qualified_names() {
    assert_eq!(
        rpc_named("Twice"),
        "\"Twice\" could be the RPC \"a.Other/Twice\" or \"b.Other/Twice\""
    );
    assert_eq!(
        rpc_named("Other.Twice"),
        "\"Other.Twice\" could be the RPC \"a.Other/Twice\" or \"b.Other/Twice\""
    );
    // Both services are the agent's own.
    assert_eq!(
        rpc_named("Version"),
        "\"Version\" could be the RPC \"grpc.AgentService/Version\" or \"grpc.Health/Version\""
    );
}

#[test]
fn case_decides_only_where_it_can() {
    assert_eq!(rpc_named("Case"), "a.Other/Case");
    assert_eq!(rpc_named("CASE"), "b.Other/CASE");
    assert_eq!(
        rpc_named("case"),
        "\"case\" could be the RPC \"a.Other/Case\" or \"b.Other/CASE\""
    );
}

#[test]
fn suggestions_are_near_or_absent() {
    assert_eq!(
        rpc_named("grpc.AgentService/GetIPTable"),
        "there is no RPC \"grpc.AgentService/GetIPTable\"; did you mean \"GetIPTables\"?"
    );
    for name in ["Frobnicate", "", ".", "é/é.é"] {
        assert_eq!(
            rpc_named(name),
            format!("there is no RPC \"{name}\"; \"list\" shows the RPCs")
        );
    }
    assert_eq!(
        item_named("Frobnicate"),
        "there is no RPC, service, message or enum \"Frobnicate\"; \
         \"list\" shows the RPCs"
    );
}

#[test]
fn a_request_by_its_rpc_or_its_own_name() {
    let named = |name| match request(&SCHEMA, name) {
        Ok(message) => message.full_name.to_owned(),
        Err(error) => error.to_string(),
    };
    let of_both = rpc(&SCHEMA, "Both").map(|rpc| rpc.request.full_name.to_owned());
    assert_eq!(Ok(named("both")), of_both);
    assert_eq!(named("test.All"), "test.All");
    assert_eq!(named("all"), "test.All");
    assert_eq!(
        named("Bothh"),
        "there is no RPC or message \"Bothh\"; did you mean \"Both\"?"
    );
    assert_eq!(
        named("health"),
        "\"grpc.Health\" is a service; give an RPC or a message"
    );
    assert_eq!(
        named("test.Level"),
        "\"test.Level\" is an enum; give an RPC or a message"
    );
    assert_eq!(
        named("test.Alll"),
        "there is no RPC or message \"test.Alll\"; did you mean \"test.All\"?"
    );
    assert_eq!(
        named("Frobnicate"),
        "there is no RPC or message \"Frobnicate\"; \"list\" shows the RPCs"
    );
    assert_eq!(
        named("Inner"),
        "\"Inner\" could be the message \"other.Inner\", \"outer.other.Inner\" or \"test.Inner\""
    );
}

#[test]
fn types_by_the_end_of_their_name() {
    assert_eq!(item_named("All"), "message test.All");
    assert_eq!(item_named("TEST.all"), "message test.All");
    // A whole name is not the end of another one.
    assert_eq!(item_named("other.Inner"), "message other.Inner");
    assert_eq!(
        item_named("Inner"),
        "\"Inner\" could be the message \"other.Inner\", \"outer.other.Inner\" or \"test.Inner\""
    );
    assert_eq!(
        item_named("ll"),
        "there is no RPC, service, message or enum \"ll\"; \"list\" shows the RPCs"
    );
    assert_eq!(item_named("Inner.Level"), "enum test.Inner.Level");
    assert_eq!(item_named("health"), "service grpc.Health");
}

#[test]
fn an_item_is_exact_before_it_is_an_rpc() {
    assert_eq!(item_named("both"), "RPC grpc.AgentService/Both");
    assert_eq!(item_named("Health"), "service grpc.Health");
    assert_eq!(item_named("empty"), "message test.Empty");
    assert_eq!(item_named(".test.Empty"), "message test.Empty");
    assert_eq!(item_named("/both"), "RPC grpc.AgentService/Both");
    assert_eq!(item_named("level"), "RPC a.Other/level");
    assert_eq!(
        item_named("Level"),
        "\"Level\" could be the enum \"test.Inner.Level\" or \"test.Level\""
    );
    assert_eq!(item_named("LEVEL"), "RPC a.Other/level");
    assert_eq!(
        item_named("Inne"),
        "there is no RPC, service, message or enum \"Inne\"; \
         did you mean \"other.Inner\", \"outer.other.Inner\" or \"test.Inner\"?"
    );
}

#[test]
fn a_field_by_each_spelling() {
    for name in ["group_id", "groupId", "GROUPID", "Group_ID"] {
        assert_eq!(field(&INNER, name, &Plain), Ok(1), "{name}");
    }
    assert_eq!(field(&ALL, "cLash", &Plain), Ok(16));
    assert_eq!(
        field(&ALL, "clash", &Plain).map_err(|error| error.to_string()),
        Err("\"clash\" could be the field \"Clash\" or \"cLash\"".to_owned())
    );
}

#[test]
fn a_dialect_is_asked_last() {
    struct Aliases;
    impl Dialect for Aliases {
        fn field(&self, _: &'static Message, name: &str) -> Option<usize> {
            matches!(name, "gid" | "name" | "clash").then_some(1)
        }
    }
    assert_eq!(field(&INNER, "gid", &Aliases), Ok(1));
    assert_eq!(field(&INNER, "NAME", &Aliases), Ok(0));
    assert_eq!(field(&ALL, "clash", &Aliases), Ok(1));
    assert!(field(&INNER, "GID", &Aliases).is_err());
}

#[test]
fn an_unknown_field_tells_what_there_is() {
    let error = |message, name| match field(message, name, &Plain) {
        Ok(index) => index.to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        error(&INNER, "grupid"),
        "test.Inner has no field \"grupid\"; did you mean \"group_id\"?"
    );
    assert_eq!(
        error(&INNER, "xyz"),
        "test.Inner has no field \"xyz\"; its fields are \"name\", \"group_id\", \"child\" and \"tags\""
    );
    assert_eq!(error(&ALL, "xyz"), "test.All has no field \"xyz\"");
}
