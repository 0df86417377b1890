//! Encodings of every kind of field, and what is wrong with others. How they compare
//! with another implementation's is tested where there are generated messages.

use super::*;
use crate::fixture::{ALL, All, Choice, Either, Inner, SCHEMA, Wrapped};
use crate::{FieldOptions, Wire as _};

fn decoded<M: Reflect + Default>(encoded: &[u8]) -> Result<M, String> {
    let mut message = M::default();
    match decode(&mut message, encoded) {
        Ok(()) => Ok(message),
        Err(error) => Err(error.to_string()),
    }
}

fn number_of(name: &str) -> u8 {
    let field = ALL.fields.iter().find(|field| field.name == name).unwrap();
    field.number as u8
}

/// A field with such a content, of fewer than 128 bytes.
fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = tag(number, 2);
    field.push(content.len() as u8);
    field.extend(content);
    field
}

fn tag(number: u8, wire_type: u8) -> Vec<u8> {
    let tag = u32::from(number) << 3 | u32::from(wire_type);
    match tag {
        0..0x80 => vec![tag as u8],
        _ => vec![tag as u8 & 0x7f | 0x80, (tag >> 7) as u8],
    }
}

#[test]
fn numbers_have_the_low_bits_of_what_came() {
    let all: All = decoded(
        b"\x08\x80\x80\x80\x80\x10\x10\x81\x80\x80\x80\x10\x19\x01\0\0\0\0\0\0\x80\
          \x25\0\0\x80\xbf\x38\x81\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    )
    .unwrap();
    assert!(all.flag);
    assert_eq!((all.small, all.large, all.ratio), (-1, 1 << 63 | 1, -1.0));
    assert_eq!(all.level.value(), 1);
}

#[test]
fn lists_of_numbers_are_packed_or_not() {
    let number = number_of("numbers");
    let single = [tag(number, 0), vec![7]].concat();
    let packed = bytes(number, b"\x01\x96\x01\x02");
    let empty = bytes(number, b"");
    let all: All = decoded(&[single.clone(), packed, empty, single].concat()).unwrap();
    assert_eq!(all.numbers, [7, 1, 150, 2, 7]);
    assert_eq!(
        decoded::<All>(&bytes(number, b"\x01\x96")).unwrap_err(),
        "numbers: the field at offset 3 is cut off"
    );
}

#[test]
fn a_message_that_comes_again_is_merged() {
    let number = number_of("inner");
    let encoded = [
        bytes(number, b"\x0a\x01n"),
        bytes(number, b"\x10\x07\x22\x01t"),
    ]
    .concat();
    let inner = decoded::<All>(&encoded).unwrap().inner.unwrap();
    assert_eq!((inner.name.as_str(), inner.group_id), ("n", 7));
    assert_eq!(inner.tags, ["t"]);

    let merged: Either = decoded(b"\x1a\x03\x0a\x01n\x1a\x02\x10\x07").unwrap();
    let expected = Inner {
        name: "n".to_owned(),
        group_id: 7,
        ..Inner::default()
    };
    assert_eq!(merged.choice, Some(Choice::Inner(expected)));
    // The last member of a oneof is the one that is set.
    let replaced: Either = decoded(b"\x1a\x03\x0a\x01n\x08\x05").unwrap();
    assert_eq!(replaced.choice, Some(Choice::Number(5)));
}

#[test]
fn entries_of_maps_lack_parts_and_come_in_any_order() {
    let names = number_of("names");
    let by_number = number_of("by_number");
    let encoded = [
        bytes(names, b""),
        bytes(names, b"\x12\x01v\x0a\x01k"),
        bytes(names, b"\x0a\x01a\x0a\x01k\x12\x01w"),
        bytes(
            by_number,
            b"\x12\x03\x0a\x01n\x08\xff\xff\xff\xff\x0f\x12\x02\x10\x07",
        ),
        // Replaces the whole entry.
        bytes(by_number, b"\x08\x01\x12\x03\x0a\x01n"),
        bytes(by_number, b"\x08\x01\x12\x02\x10\x07"),
    ];
    let all: All = decoded(&encoded.concat()).unwrap();
    assert_eq!(
        all.names,
        [
            ("".to_owned(), "".to_owned()),
            ("k".to_owned(), "w".to_owned())
        ]
        .into()
    );
    assert_eq!(
        (&*all.by_number[&-1].name, all.by_number[&-1].group_id),
        ("n", 7)
    );
    assert_eq!(
        (&*all.by_number[&1].name, all.by_number[&1].group_id),
        ("", 7)
    );
}

#[test]
fn errors_tell_the_field_and_the_offset() {
    let inners = number_of("inners");
    let names = number_of("names");
    for (encoded, expected) in [
        (
            b"\x2a\x05hi".to_vec(),
            "text: the field at offset 0 is cut off",
        ),
        (
            b"\x2a\x01\xff".to_vec(),
            "text: the string at offset 2 is not UTF-8",
        ),
        (
            [bytes(inners, b""), bytes(inners, b"\x10\x01\x0a\x09n")].concat(),
            "inners[1].name: the field at offset 6 is cut off",
        ),
        (
            bytes(inners, b"\xf8\x07"),
            "inners[0]: the field at offset 2 is cut off",
        ),
        (
            bytes(names, b"\x0a\x01k\x12\x01\xff"),
            "names[\"k\"]: the string at offset 7 is not UTF-8",
        ),
        (
            bytes(names, b"\x0a\x01\xff"),
            "names: the string at offset 4 is not UTF-8",
        ),
        (
            b"\x07".to_vec(),
            "the field at offset 0 has a number or type that protobuf does not have",
        ),
    ] {
        assert_eq!(decoded::<All>(&encoded).unwrap_err(), expected);
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth| {
        let mut encoded = Vec::new();
        for _ in 0..depth {
            let mut outer = Vec::new();
            agent_wire::put_bytes(3, &encoded, &mut outer);
            encoded = outer;
        }
        decoded::<Inner>(&encoded)
    };
    assert!(nested(100).is_ok());
    let error = nested(101).unwrap_err();
    assert!(error.starts_with("at offset "), "{error}");
    assert!(
        error.ends_with("nested more than 100 levels deep"),
        "{error}"
    );
    assert!(nested(10_000).is_err());
}

#[test]
fn unknown_fields_are_kept_and_noted_at_their_first_place() {
    let inner = number_of("inner");
    let wrapped = number_of("wrapped");
    let names = number_of("names");
    let encoded = [
        b"\xf8\x07\x05".to_vec(),
        // Two of a kind, the second one elsewhere.
        bytes(inner, b"\xf8\x07\x01\x1a\x03\xf8\x07\x02"),
        // A group, and a known field of another type.
        bytes(wrapped, b"\xfb\x07\x08\x01\xfc\x07\x0a\x01x"),
        [tag(names, 0), vec![1]].concat(),
    ]
    .concat();
    let mut all = All::default();
    let unknown = decode_noting(&mut all, &encoded, &SCHEMA, 16).unwrap();
    let found = unknown.fields.iter().map(|field| {
        let known = field.known().map(|field| field.name);
        (
            &*field.place,
            field.message.full_name,
            field.number,
            field.count,
            known,
        )
    });
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            (
                "wrapped",
                "google.protobuf.UInt32Value",
                1,
                1,
                Some("value")
            ),
            ("wrapped", "google.protobuf.UInt32Value", 127, 1, None),
            ("", "test.All", names.into(), 1, Some("names")),
            ("", "test.All", 127, 1, None),
            ("inner", "test.Inner", 127, 2, None),
        ]
    );
    assert!(!unknown.has_more);
    assert_eq!(all.unknown_fields_mut().iter().count(), 2);
    assert_eq!(
        all.wrapped,
        Some(Wrapped {
            unknown_fields: all.wrapped.as_ref().unwrap().unknown_fields.clone(),
            ..Wrapped::default()
        })
    );

    let few = decode_noting(&mut All::default(), &encoded, &SCHEMA, 2).unwrap();
    assert_eq!(few.fields.len(), 2);
    assert!(few.has_more);
}

#[test]
fn a_long_key_is_cut_where_an_unknown_field_is_noted() {
    let key = "k".repeat(100_000);
    let mut entry = Vec::new();
    agent_wire::put_bytes(1, key.as_bytes(), &mut entry);
    agent_wire::put_bytes(2, b"\xf8\x07\x05", &mut entry);
    // A map with such keys and messages as values.
    let field: &'static Field = Box::leak(Box::new(Field {
        name: "long",
        json_name: "long",
        number: 1,
        label: Label::Map(Scalar::String),
        ty: Type::Message(&ALL),
        oneof: None,
        doc: "",
        options: FieldOptions::NONE,
    }));
    let mut map = std::collections::BTreeMap::<String, All>::new();
    let mut decoder = Decoder {
        notes: Some(Notes::new(&SCHEMA, 16)),
    };
    let place = Place {
        outer: None,
        field,
        element: Element::None,
    };
    let fields = Fields::of(&entry);
    decoder
        .entry(&ALL, &mut map, &entry, &fields, &place)
        .unwrap();
    assert_eq!(map.len(), 1);
    let unknown = decoder.notes.unwrap().unknown;
    assert_eq!(
        unknown.fields[0].place,
        format!("long[\"{}...\"]", "k".repeat(60))
    );
}
