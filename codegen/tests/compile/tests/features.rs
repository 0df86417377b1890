//! What single features of proto3 come to, one by one and exactly.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod common;

use agent_schema::{Key, Label, Reflect, Schema, Type, ValueMut};
use common::{
    descriptor, encode, fill, get, get_mut, index, list_mut, map_mut, message, message_mut, show,
    show_value,
};
use fixtures::*;

fn set_string(value: ValueMut<'_>, text: &str) {
    match value {
        ValueMut::String(value) => text.clone_into(value),
        _ => unreachable!("not a string"),
    }
}

fn services(schema: &'static Schema) -> Vec<(&'static str, Vec<String>)> {
    let rpcs = |service: &&'static agent_schema::Service| {
        let rpcs = service.rpcs.iter().map(|rpc| {
            let stream = |streams| if streams { "stream " } else { "" };
            let (request, response) = (rpc.request.full_name, rpc.response.full_name);
            let (from, to) = (stream(rpc.client_streaming), stream(rpc.server_streaming));
            format!("{}({from}{request}) -> {to}{response}", rpc.name)
        });
        (service.full_name, rpcs.collect())
    };
    schema.services.iter().map(rpcs).collect()
}

fn names(message: &dyn Reflect) -> Vec<&'static str> {
    message
        .descriptor()
        .fields
        .iter()
        .map(|field| field.name)
        .collect()
}

#[test]
fn scalars_have_protobufs_wire_forms() {
    let mut singular = message(&scalars::SCHEMA, "scalars.Singular");
    let wire_forms: [(&str, &[u8]); 8] = [
        ("f_float", &[0x15, 0, 0, 0xc0, 0x3f]),
        (
            "f_int32",
            &[0x18, 0xe0, 255, 255, 255, 255, 255, 255, 255, 255, 1],
        ),
        ("f_uint32", &[0x28, 255, 255, 255, 255, 0x0f]),
        ("f_sint32", &[0x38, 63]),
        ("f_fixed32", &[0x4d, 255, 255, 255, 255]),
        ("f_sfixed32", &[0x5d, 0xe0, 255, 255, 255]),
        ("f_bool", &[0x68, 1]),
        ("f_bytes", &[0x7a, 3, 0, 255, 10]),
    ];
    for (name, bytes) in wire_forms {
        let at = index(&*singular, name);
        fill(singular.get_mut(at).unwrap(), 1);
        assert_eq!(encode(&*singular), bytes, "{name}");
        singular.clear(at);
    }
}

#[test]
fn lists_of_numbers_are_packed_unless_the_proto_says_otherwise() {
    let mut repeated = message(&scalars::SCHEMA, "scalars.Repeated");
    fill(get_mut(&mut *repeated, "f_sint32"), 1);
    assert_eq!(encode(&*repeated), [0x3a, 2, 63, 63]);
    list_mut(&mut *repeated, "f_sint32").truncate(0);
    fill(get_mut(&mut *repeated, "unpacked"), 1);
    assert_eq!(encode(&*repeated).len(), 2 * (2 + 10));
}

#[test]
fn an_optional_field_at_its_default_is_there() {
    let mut all = message(&optional::SCHEMA, "optional.All");
    assert!(all.descriptor().oneofs.is_empty());
    for name in names(&*all) {
        let at = index(&*all, name);
        all.get_mut(at).unwrap();
        let is_there = name != "plain";
        assert_eq!(!encode(&*all).is_empty(), is_there, "{name}");
        assert_eq!(
            all.descriptor().fields[at].label == Label::Optional,
            is_there,
            "{name}"
        );
        all.clear(at);
    }
    let mixed = descriptor(&optional::SCHEMA, "optional.Mixed");
    assert_eq!(
        mixed
            .oneofs
            .iter()
            .map(|oneof| oneof.name)
            .collect::<Vec<_>>(),
        ["kind"]
    );
    let of_oneof = mixed
        .fields
        .iter()
        .map(|field| field.oneof)
        .collect::<Vec<_>>();
    assert_eq!(of_oneof, [None, Some(0), Some(0), None]);
}

#[test]
fn setting_a_member_clears_the_other_members_of_its_oneof_only() {
    let mut choice = message(&oneofs::SCHEMA, "oneofs.Choice");
    fill(get_mut(&mut *choice, "left"), 1);
    fill(get_mut(&mut *choice, "f_int32"), 1);
    get_mut(&mut *choice, "f_inner");
    assert_eq!(show(&*choice), r#"{ f_inner: { } left: "snow ☃" }"#);
    // A member at its default is set.
    get_mut(&mut *choice, "f_bool");
    assert_eq!(show(&*choice), r#"{ f_bool: false left: "snow ☃" }"#);
    // What is set stays when it is asked for again, and when others are cleared.
    fill(get_mut(&mut *choice, "f_bool"), 1);
    get_mut(&mut *choice, "f_bool");
    let at = index(&*choice, "f_int32");
    choice.clear(at);
    assert_eq!(show(&*choice), r#"{ f_bool: true left: "snow ☃" }"#);
    let at = index(&*choice, "f_bool");
    choice.clear(at);
    assert_eq!(show(&*choice), r#"{ left: "snow ☃" }"#);
}

#[test]
fn maps_take_keys_of_their_type_and_sort_them() {
    let mut keys = message(&maps::SCHEMA, "maps.Keys");
    let by_int32 = map_mut(&mut *keys, "by_sint32");
    for key in [5, -7, 0] {
        set_string(by_int32.get_mut(&Key::Int32(key)).unwrap(), "v");
    }
    assert!(by_int32.get_mut(&Key::Uint32(1)).is_none());
    assert!(by_int32.get_mut(&Key::String("1".into())).is_none());
    let sorted: Vec<Key<'_>> = by_int32.entries().map(|(key, _)| key).collect();
    assert_eq!(sorted, [Key::Int32(-7), Key::Int32(0), Key::Int32(5)]);
    assert!(by_int32.remove(&Key::Int32(0)) && !by_int32.remove(&Key::Int32(0)));
    assert_eq!(
        encode(&*keys),
        [0x2a, 5, 8, 13, 0x12, 1, b'v', 0x2a, 5, 8, 10, 0x12, 1, b'v']
    );
}

#[test]
fn recursive_messages_nest_through_every_kind_of_field() {
    let mut tree = message(&recursive::SCHEMA, "recursive.Tree");
    let mut inner = &mut *tree;
    for name in ["child", "maybe", "boxed"] {
        inner = message_mut(inner, name);
    }
    match list_mut(inner, "children").push() {
        ValueMut::Message(child) => set_string(get_mut(child, "leaf"), "deep"),
        _ => unreachable!(),
    }
    map_mut(inner, "by_name")
        .get_mut(&Key::String("k".into()))
        .unwrap();
    let text = show(&*tree);
    let inside = r#"{ children: [{ leaf: "deep" }] by_name: (String("k"): { }) }"#;
    assert_eq!(
        text,
        format!("{{ child: {{ maybe: {{ boxed: {inside} }} }} }}")
    );
    let mut decoded = message(&recursive::SCHEMA, "recursive.Tree");
    decoded.merge_from(&encode(&*tree)).unwrap();
    assert_eq!(show(&*decoded), text);
}

#[test]
fn names_are_the_protos_own_whatever_the_structs_are_called() {
    let keywords = &keywords::SCHEMA;
    let all = message(keywords, "crate.self.super.Self");
    assert_eq!(
        names(&*all)[..8],
        [
            "type", "type_", "self", "Self", "super", "crate", "fn", "async"
        ]
    );
    assert_eq!(keywords.enums[0].full_name, "crate.self.super.trait.impl");
    let values = keywords.enums[0].values.iter().map(|value| value.name);
    assert_eq!(
        values.take(5).collect::<Vec<_>>(),
        ["zero", "Self", "self", "super", "_"]
    );
    assert_eq!(
        services(keywords),
        [(
            "crate.self.super.crate",
            vec![
                "self(crate.self.super.Self) -> crate.self.super.self".to_owned(),
                "type(crate.self.super.type) -> crate.self.super.gen".to_owned(),
                "Self(stream crate.self.super._) -> stream crate.self.super.type.fn".to_owned(),
            ]
        )]
    );

    let letters = &letter_case::SCHEMA;
    let all = letters
        .messages
        .iter()
        .map(|message| message.full_name)
        .collect::<Vec<_>>();
    assert_eq!(
        all,
        [
            "letters.Beside",
            "letters.Beside.Value_2",
            "letters.FOO",
            "letters.FOO.bar",
            "letters.Fields",
            "letters.Foo",
            "letters.Foo.Bar",
            "letters.Foo.bar",
            "letters.deeper.foo",
            "letters.fOO",
            "letters.foo",
            "letters.foo.bar",
        ]
    );
    assert_eq!(
        names(&*message(letters, "letters.fOO")),
        ["value", "Value", "VALUE"]
    );
    let json_names = descriptor(letters, "letters.fOO")
        .fields
        .iter()
        .map(|field| field.json_name);
    assert_eq!(json_names.collect::<Vec<_>>(), ["value", "Value", "VALUE"]);
    assert_eq!(
        names(&*message(letters, "letters.Beside")),
        [
            "value", "Value", "v_alue_", "VALUE_5", "value_5", "values", "VALUES"
        ]
    );
}

#[test]
fn types_are_there_through_public_imports_of_public_imports() {
    let over = descriptor(&imports::SCHEMA, "imports.Over");
    let types = over.fields.iter().map(|field| match field.ty {
        Type::Message(message) => (message.full_name, message.file),
        Type::Enum(enumeration) => (enumeration.full_name, enumeration.file),
        Type::Scalar(_) => ("", ""),
    });
    assert_eq!(
        types.collect::<Vec<_>>(),
        [
            ("imports.deep.One", "deep/one.proto"),
            ("imports.deep.Two", "deep/two.proto"),
            ("imports.deep.Three", "deep/three.proto"),
            ("imports.deep.Kind", "deep/four.proto"),
        ]
    );
    let named = descriptor(&imports::SCHEMA, "imports.Named");
    assert_eq!(named.file, "n\u{e4}me, two.proto");
}

#[test]
fn services_of_all_files_are_there_by_file_name() {
    assert_eq!(
        services(&services::SCHEMA),
        [
            (
                "first.Health",
                vec!["Check(first.Request) -> first.Answer".to_owned()]
            ),
            (
                "first.Agent",
                vec![
                    "Check(first.Request) -> first.Answer".to_owned(),
                    "Version(first.Request) -> first.Answer".to_owned(),
                ]
            ),
            (
                "second.Health",
                vec![
                    "Check(second.Request) -> first.Answer".to_owned(),
                    "Watch(far.Request) -> far.through.Answer".to_owned(),
                ]
            ),
            ("second.Empty", vec![]),
            ("Health", vec!["Check(Request) -> Request".to_owned()]),
            (
                "far.through.Hidden",
                vec!["Check(far.through.Answer) -> far.through.Answer".to_owned()]
            ),
        ]
    );
    assert_eq!(
        services(&streams::SCHEMA),
        [(
            "streams.Streams",
            vec![
                "Plain(streams.Chunk) -> streams.Chunk".to_owned(),
                "Upload(stream streams.Chunk) -> streams.Chunk".to_owned(),
                "Download(streams.Chunk) -> stream streams.Chunk".to_owned(),
                "Both(stream streams.Chunk) -> stream streams.Chunk".to_owned(),
            ]
        )]
    );
}

#[test]
fn imported_options_leave_no_trace_and_imported_types_do() {
    let schema = &options::SCHEMA;
    let all = schema
        .messages
        .iter()
        .map(|message| message.full_name)
        .collect::<Vec<_>>();
    assert_eq!(all, ["grpc.Route", "old.Setting", "types.Address"]);
    assert_eq!(
        schema.files,
        [
            "agent.proto",
            "gogo/protobuf/gogoproto/gogo.proto",
            "old.proto",
            "types.proto",
        ]
    );
    let setting = message(schema, "old.Setting");
    let labels = setting.descriptor().fields.iter().map(|field| field.label);
    use Label::{Map, Optional, Repeated, Singular};
    assert_eq!(
        labels.collect::<Vec<_>>(),
        [
            Optional,
            Optional,
            Optional,
            Optional,
            Repeated,
            Repeated,
            Singular,
            Singular,
            Map(agent_schema::Scalar::String),
        ]
    );
    // A required field that is missing does not stop a message from being sent.
    assert_eq!(encode(&*setting), [0_u8; 0]);
}

#[test]
fn enums_are_open_and_may_have_aliases_and_negative_numbers() {
    let aliased = details::SCHEMA.enums[0];
    assert_eq!(aliased.full_name, "details.Aliased");
    let values = aliased
        .values
        .iter()
        .map(|value| (value.name, value.number));
    assert_eq!(
        values.collect::<Vec<_>>(),
        [
            ("ZERO", 0),
            ("NULL", 0),
            ("MINUS", -1),
            ("LOWEST", i32::MIN),
            ("HIGHEST", i32::MAX),
            ("ALSO_MINUS", -1),
        ]
    );
    let mut reserved = message(&details::SCHEMA, "details.Reserved");
    for number in [i32::MIN, -1, 0, 12345, i32::MAX] {
        match list_mut(&mut *reserved, "many").push() {
            ValueMut::Enum(value) => value.set_number(number),
            _ => unreachable!(),
        }
    }
    let mut decoded = message(&details::SCHEMA, "details.Reserved");
    decoded.merge_from(&encode(&*reserved)).unwrap();
    let numbers = get(&*decoded, "many").map(show_value).unwrap();
    assert_eq!(numbers, "[-2147483648, -1, 0, 12345, 2147483647]");
}

#[test]
fn well_known_types_are_messages_like_any_other() {
    let mut all = message(&well_known::SCHEMA, "well_known.All");
    set_string(get_mut(message_mut(&mut *all, "any"), "type_url"), "t/x.Y");
    fill(get_mut(message_mut(&mut *all, "duration"), "nanos"), 1);
    let fields = map_mut(message_mut(&mut *all, "struct"), "fields");
    for (key, text) in [("b", "2"), ("a", "1")] {
        match fields.get_mut(&Key::String(key.into())).unwrap() {
            ValueMut::Message(value) => set_string(get_mut(value, "string_value"), text),
            _ => unreachable!(),
        }
    }
    fill(get_mut(message_mut(&mut *all, "uint64_value"), "value"), 1);
    message_mut(&mut *all, "empty");
    let expected = concat!(
        r#"{ any: { type_url: "t/x.Y" } duration: { nanos: -32 } empty: { } "#,
        r#"struct: { fields: (String("a"): { string_value: "1" }, String("b"): { string_value: "2" }) } "#,
        r#"uint64_value: { value: 18446744073709551615 } }"#
    );
    assert_eq!(show(&*all), expected);
    let wait = &well_known::SCHEMA.services[0].rpcs[0];
    assert_eq!(wait.request.full_name, "google.protobuf.Duration");
    assert_eq!(wait.response.full_name, "google.protobuf.Empty");
    assert_eq!(wait.request.file, "google/protobuf/duration.proto");
}

#[test]
fn unknown_fields_are_kept() {
    let mut nothing = message(&scalars::SCHEMA, "scalars.Nothing");
    nothing.merge_from(&[0x08, 7]).unwrap();
    assert_eq!(nothing.unknown_fields_mut().iter().count(), 1);
    assert_eq!(encode(&*nothing), [0x08, 7]);
    assert!(nothing.merge_from(&[0x08]).is_err());
    assert!(nothing.get(0).is_none());
}
