//! Answers that are large or deep: the tool's memory and stack stay bounded.

use std::time::Duration;

use super::agent::{answers, check, check_call, field, payload, varint};
use crate::builds::frobnicate;
use crate::tool::connect;

/// A payload of exactly 4 MiB less some bytes, which is one string field.
fn string(content: &[u8]) -> Vec<u8> {
    let mut text = content.repeat((4 << 20) / content.len());
    text.truncate((4 << 20) - 16);
    payload(field(1, text))
}

/// Fields within each other, each with what opens it and what closes it.
fn nested(field_number: u32, depth: usize) -> Vec<u8> {
    // From the inside out, written backwards, so that nothing is moved.
    let mut reversed = Vec::new();
    for _ in 0..depth {
        let mut head = varint(u64::from(field_number) << 3 | 2);
        head.extend(varint(reversed.len() as u64));
        reversed.extend(head.iter().rev());
    }
    reversed.reverse();
    reversed
}

#[test]
fn depth() {
    // Where the 101st level begins, which each level takes as many bytes to.
    let too_deep = |message: &str, level: usize, bytes: &[u8], start: &str| {
        format!(
            "the {} bytes of the answer are not a {message} (at offset {} it is nested more than 100 \
             levels deep): {start} and {} more bytes",
            bytes.len(),
            101 * level,
            bytes.len() - 32
        )
    };
    let groups = b"\x9b\x06".repeat(10_000);
    let shown = ["9b 06"; 16].join(" ");
    check([
        answers("groups that nobody knows", payload(&groups))
            .fails(3, too_deep("grpc.VersionCheckResponse", 2, &groups, &shown)),
        answers("groups in the response itself", &groups).breaks(&format!(
            "the 20000 bytes of a response frame are not a response (at offset 202 it is nested more \
             than 100 levels deep): {shown} and 19968 more bytes"
        )),
    ]);

    // A message of its own type within itself: field 2 in field 1 in field 1.
    let frobnicate = |address: &str| frobnicate(&["connect", "--server-address", address]);
    let part = |depth| field(1, field(1, nested(2, depth)));
    let deepest = part(97);
    let json = format!(
        "{{\"done\":{{\"part\":{}{{}}{}}}}}\n",
        "{\"inner\":".repeat(97),
        "}".repeat(97)
    );
    let deeper = part(10_000);
    let start: Vec<String> = deeper[..32]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    check_call(
        [
            answers("as deep as it goes", payload(&deepest)).prints(json),
            answers("10,000 deep", payload(&deeper)).fails(
                3,
                too_deep("grpc.FrobnicateResponse", 4, &deeper, &start.join(" ")),
            ),
            answers("10,000 deep, shown as bytes", payload(&deeper))
                .with(&["-o", "hex"])
                .fails(
                    3,
                    too_deep("grpc.FrobnicateResponse", 4, &deeper, &start.join(" ")),
                ),
        ],
        &frobnicate,
        "Frobnicate",
    );
}

/// A few bytes of an answer become a whole message in memory, and a line of output:
/// the most that a frame can do.
#[test]
fn many_small_messages() {
    let message = b"\x0a\x00".repeat(2_000_000);
    let empty = vec!["{}"; 2_000_000].join(",");
    let row = answers("two million interfaces", payload(&message))
        .within(1 << 30)
        // All of it is work, which an unoptimised build on a busy machine does slowly.
        .in_time(Duration::from_secs(28))
        .prints(format!("{{\"Interfaces\":[{empty}]}}\n"));
    check_call(
        [row],
        &|address| connect(address, [""; 0]),
        "ListInterfaces",
    );
}

/// The most that was found: each message has an unknown field, and each of its fields
/// is a line. A tenth of a frame, which takes a tenth of the time and the memory.
#[test]
fn many_small_messages_with_unknown_fields_as_text() {
    let count = 100_000;
    let message = field(1, field(15, b"")).repeat(count);
    let fields = "\
:
  device:      \"\"
  name:        \"\"
  IPAddresses: []
  mtu:         0
  hwAddr:      \"\"
  devicePath:  \"\"
  type:        \"\"
  raw_flags:   0
";
    let text: String = (0..count)
        .map(|index| format!("Interfaces[{index}]{fields}"))
        .collect();
    let row = answers("interfaces", payload(&message))
        .with(&["-o", "text", "--emit-defaults"])
        .within(128 << 20)
        .in_time(Duration::from_secs(28))
        .prints(text)
        .warns(
            "ListInterfaces: Interfaces[0]: the answer has field 15, which types.Interface of this \
             build does not have",
        );
    check_call(
        [row],
        &|address| connect(address, [""; 0]),
        "ListInterfaces",
    );
}

#[test]
fn the_largest_string() {
    let plain = format!("{{\"grpc_version\":\"{}\"}}\n", "x".repeat((4 << 20) - 16));
    let escaped = format!(
        "{{\"grpc_version\":\"{}\"}}\n",
        "\\u001b".repeat((4 << 20) - 16)
    );
    check([
        answers("plain", string(b"x")).prints(&plain),
        answers("every character escaped", string(b"\x1b")).prints(escaped),
        answers("plain, over several lines", string(b"x"))
            .with(&["-o", "json"])
            .prints(
                plain
                    .replacen('{', "{\n  ", 1)
                    .replacen(':', ": ", 1)
                    .replace("\"}", "\"\n}"),
            ),
    ]);
}
