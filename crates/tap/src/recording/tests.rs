use std::time::Duration;

use super::*;

fn full() -> Record {
    Record {
        connection: Some(1),
        stream: Some(3),
        direction: Some(Direction::ToRuntime),
        service: Some("grpc.Health".to_owned()),
        method: Some("Check".to_owned()),
        metadata: vec![("k".to_owned(), "v".to_owned())],
        status: Some(Status {
            code: 5,
            name: Some("NOT_FOUND".to_owned()),
            message: "none".to_owned(),
            details: vec![Detail {
                type_url: "google.rpc.RetryInfo".to_owned(),
                message: None,
                value: Payload(vec![1]),
            }],
        }),
        faults: vec!["fail".to_owned()],
        kept_from_agent: Some(true),
        message: Some(RawValue::from_string(r#"{"a": 1}"#.to_owned()).unwrap()),
        lost: Some(Lost {
            frames: 1,
            bytes: 2,
        }),
        payload: Some(Payload(vec![0, 255])),
        ..Record::new(
            SystemTime::UNIX_EPOCH + Duration::from_nanos(1),
            Kind::Response,
        )
    }
}

fn text(records: &[Record]) -> Vec<u8> {
    records
        .iter()
        .flat_map(|record| record.line().unwrap())
        .collect()
}

fn read(text: &[u8]) -> Result<(Vec<Record>, bool), String> {
    let (mut reader, first) = Reader::new(text).map_err(|error| error.to_string())?;
    let mut all = vec![first];
    for record in &mut reader {
        all.push(record.map_err(|error| error.to_string())?);
    }
    Ok((all, reader.is_cut()))
}

#[test]
fn a_line_says_what_it_has_and_nothing_else() {
    assert_eq!(
        String::from_utf8(full().line().unwrap()).unwrap(),
        "{\"time\":\"1970-01-01T00:00:00.000000001Z\",\"kind\":\"response\",\"connection\":1,\
         \"stream\":3,\"direction\":\"to_runtime\",\"service\":\"grpc.Health\",\
         \"method\":\"Check\",\"metadata\":[[\"k\",\"v\"]],\
         \"status\":{\"code\":5,\"name\":\"NOT_FOUND\",\"message\":\"none\",\
         \"details\":[{\"type_url\":\"google.rpc.RetryInfo\",\"value\":\"AQ==\"}]},\
         \"faults\":[\"fail\"],\"kept_from_agent\":true,\"message\":{\"a\": 1},\"lost\":{\"frames\":1,\"bytes\":2},\"payload\":\"AP8=\"}\n"
    );
}

#[test]
fn what_was_written_is_read_again() {
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(5);
    let first = Record::first(before_1970, "a test");
    let text = text(&[first, full()]);
    let (records, is_cut) = read(&text).unwrap();
    assert!(!is_cut);
    let again: Vec<u8> = records.iter().flat_map(|r| r.line().unwrap()).collect();
    assert_eq!(again, text);
}

#[test]
fn after_a_crash_all_whole_lines_are_read() {
    let whole = text(&[Record::first(SystemTime::now(), ""), full()]);
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in first..whole.len() {
        let (records, is_cut) = read(&whole[..length]).unwrap();
        // A line that lacks its newline alone is whole.
        let expected = match length + 1 == whole.len() {
            true => (2, false),
            false => (1, length > first),
        };
        assert_eq!((records.len(), is_cut), expected, "{length} bytes");
    }
}

#[test]
fn other_files_are_told() {
    let not = "this is not a recording: its first line should say \"format\": \
               \"kata-agent-ctl recording\"";
    let plain = text(&[full()]);
    for other in [&b"hello"[..], b"hello\n", b"{}\n", &plain] {
        assert_eq!(read(other).unwrap_err(), not);
    }
    let mut later = Record::first(SystemTime::now(), "");
    later.version = Some(2);
    assert_eq!(
        read(&text(&[later])).unwrap_err(),
        "it has version 2 of the recordings' schema, and this tool reads 1"
    );
    let mut first = Record::first(SystemTime::now(), "");
    first.version = None;
    assert_eq!(
        read(&text(&[first])).unwrap_err(),
        "its first line should say \"version\": 1"
    );
    let worded = br#"{"time":"2026-01-31T12:00:00Z","kind":"recording","format":"kata-agent-ctl recording","version":"1"}"#;
    assert_eq!(
        read(&[worded, &b"\n"[..]].concat()).unwrap_err(),
        "\"version\" is \"1\"; it should be a whole number"
    );
    for empty in [&b""[..], b"\n"] {
        let error = read(empty).unwrap_err();
        assert_eq!(error, "this is not a recording: it is empty");
    }
    let packed = read(b"\x1f\x8b\x08\0\0\n").unwrap_err();
    assert_eq!(
        packed,
        "this is compressed: unpack it first, as in \"gzip -dc FILE | kata-agent-ctl show -\""
    );
}

/// Where a line is wrong, and how.
fn mistake(line: &[u8]) -> (u64, usize, String) {
    let mut broken = text(&[Record::first(SystemTime::now(), "")]);
    broken.extend_from_slice(line);
    broken.push(b'\n');
    let (mut reader, _) = Reader::new(&broken[..]).unwrap();
    match reader.next() {
        Some(Err(ReadError::Line {
            line,
            column,
            reason,
        })) => (line, column, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_line_that_is_no_record_is_told_by_its_place_and_what_would_be_right() {
    let open = r#""time": "2026-01-31T12:00:00Z", "kind": "open""#;
    for (line, column, reason) in [
        (
            r#"{"time": "yesterday", "kind": "open"}"#.to_owned(),
            10,
            r#""time" is "yesterday"; it should be a time such as "2026-01-31T12:00:00.5Z""#,
        ),
        (
            format!("{{{open}, \"connection\": \"1\"}}"),
            64,
            r#""connection" is "1"; it should be a whole number"#,
        ),
        (
            format!("{{{open}, \"payload\": \"?\"}}"),
            61,
            r#""payload" is "?"; it should be bytes in base64, such as "CgN3ZWI=""#,
        ),
        (
            format!("{{{open}, \"kind\": \"open\"}}"),
            58,
            r#""kind" is there twice"#,
        ),
        (r#"{"kind": "open"}"#.to_owned(), 1, r#""time" is missing"#),
        (
            "[1]".to_owned(),
            1,
            r#"this is [1]; a line of a recording is an object, as in {"time": …, "kind": …}"#,
        ),
        (
            format!("{{{open} x"),
            49,
            "this is no JSON: expected `,` or `}`",
        ),
    ] {
        let expected = (2, column, reason.to_owned());
        assert_eq!(mistake(line.as_bytes()), expected, "{line}");
    }
    let latin = mistake(b"{\"text\": \"caf\xe9\"}");
    assert_eq!(latin, (2, 14, "this is not UTF-8, as JSON is".to_owned()));
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let mut text = text(&[Record::first(SystemTime::now(), "")]);
    text.extend_from_slice(
        b"{\"time\":\"2026-01-01T00:00:00Z\",\"kind\":\"weather\",\"sun\":true}\n",
    );
    let (records, _) = read(&text).unwrap();
    assert_eq!(records[1].kind, Kind::Unknown);
}
