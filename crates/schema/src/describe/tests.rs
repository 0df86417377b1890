//! Whole pages of a small schema, and examples that are carried out.

use serde_json::Value;

use super::*;
use crate::fixture::{ALL, EMPTY, INNER, LEVEL, SCHEMA};
use crate::{
    Enum, EnumValue, Explicit, Field, FieldOptions, Label, Oneof, Plain, Scalar, Service, Type,
    json, lookup, path,
};

const fn field(name: &'static str, number: u32, label: Label, ty: Type) -> Field {
    Field {
        name,
        json_name: name,
        number,
        label,
        ty,
        oneof: None,
        doc: "",
        options: FieldOptions::NONE,
    }
}

static UNIT: Enum = Enum {
    full_name: "shop.Unit",
    file: "shop.proto",
    doc: "What an amount counts.",
    deprecated: false,
    values: &[
        EnumValue {
            name: "PIECE",
            number: 0,
            doc: "",
            deprecated: false,
        },
        EnumValue {
            name: "GRAM",
            number: -1,
            doc: "Weight.",
            deprecated: false,
        },
    ],
};

static ORDER: Message = Message {
    full_name: "shop.Order",
    file: "shop.proto",
    doc: "What is to be delivered.",
    deprecated: false,
    fields: &[
        Field {
            json_name: "orderId",
            doc: "Made up by the client: it is what every later call names the order by, and it \
                  must not be empty.\n\nUnique.",
            ..field("order_id", 1, Label::Singular, Type::Scalar(Scalar::String))
        },
        field("unit", 2, Label::Optional, Type::Enum(&UNIT)),
        Field {
            oneof: Some(0),
            doc: "Cash on delivery.",
            ..field("cash", 10, Label::Singular, Type::Scalar(Scalar::Uint32))
        },
        field("notes", 3, Label::Map(Scalar::Int32), Type::Message(&INNER)),
        Field {
            oneof: Some(0),
            ..field("card", 11, Label::Singular, Type::Scalar(Scalar::Bytes))
        },
        field("parts", 4, Label::Repeated, Type::Message(&ORDER)),
    ],
    oneofs: &[Oneof {
        name: "payment",
        doc: "How it is paid.",
    }],
    new: ALL.new,
};

static SHOP: Schema = Schema {
    services: &[
        &Service {
            full_name: "shop.Counter",
            file: "shop.proto",
            doc: "Sells.",
            deprecated: false,
            rpcs: &[
                Rpc {
                    service: "shop.Counter",
                    file: "shop.proto",
                    name: "Buy",
                    doc: "Orders\nand pays.",
                    deprecated: false,
                    request: &ORDER,
                    response: &EMPTY,
                    client_streaming: false,
                    server_streaming: false,
                },
                Rpc {
                    service: "shop.Counter",
                    file: "shop.proto",
                    name: "Converse",
                    doc: "",
                    deprecated: false,
                    request: &EMPTY,
                    response: &ORDER,
                    client_streaming: true,
                    server_streaming: true,
                },
            ],
        },
        &Service {
            full_name: "shop.Till",
            file: "till.proto",
            doc: "",
            deprecated: false,
            rpcs: &[],
        },
    ],
    messages: &[&ORDER, &EMPTY, &INNER],
    enums: &[&UNIT],
    files: &["shop.proto", "till.proto"],
    source: "tests",
    hash: "0000000000000000",
    changes: "",
};

struct Notes;

impl Annotations for Notes {
    fn automatic(
        &self,
        rpc: Option<&'static Rpc>,
        _: &'static Message,
        index: usize,
    ) -> Option<String> {
        (rpc.is_some_and(|rpc| rpc.name == "Buy") && index == 0).then(|| "a random ID".to_owned())
    }

    fn aliases(&self, message: &'static Message, index: usize) -> Vec<String> {
        if message.full_name == "shop.Order" && index == 0 {
            vec!["oid".to_owned(), "id".to_owned()]
        } else {
            Vec::new()
        }
    }

    fn call(&self, rpc: &'static Rpc) -> Option<Call> {
        (rpc.name == "Buy").then_some(Call {
            before: &["Open"],
            setters: &[
                // A message of this type is made as one of another.
                ("text", "a 1"),
                // It has no such field.
                ("colour", "red"),
                ("small", "5"),
            ],
            is_alone: false,
            limit: "",
            outcome: "answers nothing",
        })
    }

    fn lines(&self, example: &Example) -> Vec<String> {
        let lines = example.call.before.iter().map(|it| (*it).to_owned());
        let command = format!("tool call '{}'", example.command());
        let input = example.input.iter().map(|it| format!("input {it}"));
        lines.chain(input).chain([command]).collect()
    }

    fn describe_line(&self, name: &str) -> String {
        format!("tool describe {name}")
    }
}

fn page(name: &str) -> String {
    describe(&SHOP, lookup::item(&SHOP, name).unwrap(), &Notes)
}

fn document(name: &str) -> Value {
    let text = describe_json(&SHOP, lookup::item(&SHOP, name).unwrap(), &Notes);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_list_tells_what_each_rpc_does() {
    assert_eq!(
        list(SHOP.services),
        "\
shop.Counter (shop.proto)
  Buy  Orders and pays
      shop.Order → test.Empty
  Converse
      stream test.Empty → stream shop.Order

shop.Till (till.proto)
"
    );
}

#[test]
fn the_list_as_json() {
    let list: Value = serde_json::from_str(&list_json(SHOP.services)).unwrap();
    assert_eq!(
        list[1],
        serde_json::json!({
            "name": "shop.Till", "file": "till.proto", "doc": "", "deprecated": false, "rpcs": []
        })
    );
    assert_eq!(
        list[0]["rpcs"][1],
        serde_json::json!({
            "name": "Converse",
            "path": "shop.Counter/Converse",
            "request": "test.Empty",
            "response": "shop.Order",
            "client_streaming": true,
            "server_streaming": true,
            "doc": "",
            "deprecated": false,
        })
    );
}

#[test]
fn an_rpc_in_full() {
    assert_eq!(
        page("Buy"),
        r#"rpc shop.Counter/Buy (shop.proto)

Orders and pays.

Request: shop.Order
  What is to be delivered.

  order_id  string                  1   json: orderId
      Made up by the client: it is what every later call names the order by, and
      it must not be empty.

      Unique.
      Automatic: a random ID
      Alias: oid, id
  unit      optional shop.Unit      2
      PIECE = 0
      GRAM = -1
          Weight.
  oneof payment: at most one of
      How it is paid.
    cash    uint32                  10
        Cash on delivery.
    card    bytes                   11
  notes     map<int32, test.Inner>  3
  parts     repeated shop.Order     4

Response: test.Empty
  (no fields)

Types:
  tool describe shop.Order
  tool describe test.Inner

Examples:
  # fields by setters; answers nothing
  Open
  tool call 'Buy text="a 1" small=5'
  # a JSON document; answers nothing
  Open
  tool call 'Buy json://{"small":5,"text":"a 1"}'
  # a JSON document from a file, here standard input; answers nothing
  Open
  input {"small":5,"text":"a 1"}
  tool call 'Buy file://-'
  # a document, and setters on top of it; answers nothing
  Open
  tool call 'Buy json://{"text":"a 1"} small=5'
"#
    );
}

#[test]
fn an_rpc_that_streams_and_has_no_fields() {
    let page = page("converse");
    assert!(
        page.starts_with("rpc shop.Counter/Converse (shop.proto)\n\nRequest: stream test.Empty\n")
    );
    assert!(page.contains("\nResponse: stream shop.Order\n"));
    let examples = page.split_once("\nExamples:\n").unwrap().1;
    assert_eq!(
        examples,
        "  \
  The command gives the first message; each further line of standard input is
  one more, as JSON.
  # nothing given: defaults and automatic values
  tool call 'Converse'
  # a JSON document
  tool call 'Converse json://{}'
"
    );
}

#[test]
fn the_other_kinds() {
    assert_eq!(
        page("unit"),
        "\
enum shop.Unit (shop.proto)

What an amount counts.

Values:
  PIECE = 0
  GRAM = -1
      Weight.
"
    );
    assert_eq!(
        page("Counter"),
        "\
service shop.Counter (shop.proto)

Sells.

RPCs:
  Buy  Orders and pays
      shop.Order → test.Empty
  Converse
      stream test.Empty → stream shop.Order
"
    );
    let order = page("Order");
    assert!(order.starts_with(
        "message shop.Order (shop.proto)\n\nWhat is to be delivered.\n\nFields:\n  order_id "
    ));
    assert!(order.ends_with("\nRequest of:\n  Buy\n\nResponse of:\n  Converse\n"));
    assert!(order.contains("Alias: oid, id") && !order.contains("Automatic"));
}

#[test]
fn an_rpc_as_json() {
    let document = document("Buy");
    for (key, value) in [
        ("kind", "rpc"),
        ("full_name", "shop.Counter/Buy"),
        ("name", "Buy"),
        ("service", "shop.Counter"),
        ("file", "shop.proto"),
        ("doc", "Orders\nand pays."),
    ] {
        assert_eq!(document[key], value, "{key}");
    }
    assert_eq!(document["client_streaming"], false);
    assert_eq!(document["response"]["fields"], serde_json::json!([]));
    assert_eq!(document["request"]["full_name"], "shop.Order");
    let fields = &document["request"]["fields"];
    assert_eq!(fields[0]["automatic"], "a random ID");
    assert_eq!(fields[0]["aliases"], serde_json::json!(["oid", "id"]));
    assert_eq!(
        fields[2],
        serde_json::json!({
            "name": "cash", "json_name": "cash", "number": 10, "label": "singular", "type": "uint32",
            "key_type": null, "oneof": "payment", "doc": "Cash on delivery.", "automatic": null,
            "aliases": [], "since": null, "enum_values": null, "deprecated": false, "default": null,
        })
    );
    assert_eq!(fields[3]["label"], "map");
    assert_eq!(
        (&fields[3]["key_type"], &fields[3]["type"]),
        (&"int32".into(), &"test.Inner".into())
    );
    assert_eq!(
        fields[1]["enum_values"][1],
        serde_json::json!({"name": "GRAM", "number": -1, "doc": "Weight.", "deprecated": false})
    );
    let forms: Vec<_> = document["examples"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["form"])
        .collect();
    assert_eq!(
        forms,
        ["setters", "document", "file", "document_and_setters"]
    );
}

#[test]
fn the_other_kinds_as_json() {
    assert_eq!(document("Unit")["values"][0]["name"], "PIECE");
    assert_eq!(document("Till")["rpcs"], serde_json::json!([]));
    let order = document("Order");
    assert_eq!(order["request_of"], serde_json::json!(["shop.Counter/Buy"]));
    assert_eq!(
        order["response_of"],
        serde_json::json!(["shop.Counter/Converse"])
    );
    assert_eq!(
        order["oneofs"],
        serde_json::json!([{"name": "payment", "doc": "How it is paid."}])
    );
    assert_eq!(order["fields"][0]["automatic"], Value::Null);
    let text = describe_json(&SHOP, Item::Enum(&LEVEL), &Unannotated);
    let keys =
        ["kind", "full_name", "file", "doc", "values"].map(|key| text.find(&format!("\"{key}\"")));
    assert!(keys.is_sorted() && keys[0].is_some(), "{text}");
}

#[test]
fn names_in_examples_find_their_rpc() {
    for rpc in SCHEMA.services.iter().flat_map(|service| service.rpcs) {
        let name = &examples(&SCHEMA, rpc, &Unannotated)[0].name;
        assert_eq!(lookup::rpc(&SCHEMA, name).unwrap().path(), rpc.path());
        assert!(name.starts_with(|first: char| first.is_ascii_uppercase()) || name.contains('/'));
    }
}

static HOSTILE_DOC: &str = "red \u{1b}[31m\tand \u{7f}, \u{9b}2J, \u{202e}back";

static HOSTILE: Schema = Schema {
    services: &[&Service {
        full_name: "shop.Hostile",
        file: "a\u{1b}b.proto",
        doc: HOSTILE_DOC,
        deprecated: false,
        rpcs: &[],
    }],
    ..SHOP
};

#[test]
fn what_a_terminal_acts_on_is_escaped() {
    let item = Item::Service(HOSTILE.services[0]);
    assert_eq!(
        describe(&HOSTILE, item, &Unannotated),
        "service shop.Hostile (a\\x1bb.proto)\n\n\
         red \\x1b[31m and \\x7f, \\u{9b}2J, \\u{202e}back\n\nRPCs:\n"
    );
    assert_eq!(list(HOSTILE.services), "shop.Hostile (a\\x1bb.proto)\n");
    let shown = r#""doc": "red \u001b[31m\tand \u007f, \u009b2J, \u202eback""#;
    for text in [
        describe_json(&HOSTILE, item, &Unannotated),
        list_json(HOSTILE.services),
    ] {
        assert!(text.contains(shown), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        let doc = value.pointer("/doc").or(value.pointer("/0/doc"));
        assert_eq!(doc, Some(&Value::from(HOSTILE_DOC)));
    }
}

/// Carries out each example of each RPC, and tells how many there were.
fn run_examples(schema: &'static Schema) -> usize {
    let mut count = 0;
    for rpc in schema.services.iter().flat_map(|service| service.rpcs) {
        for example in examples(schema, rpc, &Unannotated) {
            let command = example.command();
            assert!(!command.contains(['\'', '\\', '\n']), "{command}");
            let mut message = (rpc.request.new)();
            let explicit = &mut Explicit::default();
            let inline = example.document.as_deref();
            let inline = inline.and_then(|it| it.strip_prefix("json://"));
            if let Some(text) = inline.or(example.input.as_deref()) {
                json::merge(&mut *message, explicit, &Plain, schema, text)
                    .map_err(|error| format!("{command}: {error}"))
                    .unwrap();
            }
            for (path, value) in &example.setters {
                let word = format!("{path}={value}");
                assert_eq!(
                    path::split_setter(&word),
                    Some((path.as_str(), value.as_str()))
                );
                let is_json = value.starts_with(['{', '[']);
                assert!(is_json || !value.contains([' ', '"']), "{command}");
                path::set(&mut *message, explicit, &Plain, schema, path, value)
                    .map_err(|error| format!("{command}: {error}"))
                    .unwrap();
            }
            if example.form == Form::Setters {
                assert_ne!(explicit, &Explicit::default(), "{command}");
            }
            count += 1;
        }
    }
    count
}

#[test]
fn every_example_can_be_carried_out() {
    assert_eq!(run_examples(&SCHEMA), 12 * 5);
}
