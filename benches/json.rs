//! Merging 100 KB of JSON into a request and printing it, beside serde_json's
//! parse into an untyped value and print of that. Run with
//! `cargo bench --profile dist --bench json [-- ROUNDS]`.

mod support;

use std::hint::black_box;
use std::io;

use kata_agent_ctl::schema::json::{self, Style};
use kata_agent_ctl::schema::{Explicit, Message, Plain};
use serde_json::{Value, json};
use support::cpu::{self, pin};
use support::turns::{Variant, compare, rounds};

const REQUEST: &str = "grpc.CreateContainerRequest";
const SIZE: usize = 100_000;
const REPEATS: u32 = 20;
const USUAL_ROUNDS: usize = 100;

fn main() -> io::Result<()> {
    if let Some(placement) = cpu::placements()?.first() {
        pin(placement.client)?;
    }
    let schema = kata_agent_ctl::schema();
    let mut messages = schema.messages.iter();
    let message = messages.find(|message| message.full_name == REQUEST);
    let message = *message.ok_or_else(|| io::Error::other("these protos have no such request"))?;
    let text = document().to_string();
    for (layout, pretty) in [("one line", false), ("over lines", true)] {
        let printed = merged_and_printed(message, &text, pretty)?;
        let reread: Value = serde_json::from_slice(&printed)?;
        if reread != document() {
            return Err(io::Error::other("what is printed is not what was merged"));
        }
        let variants = vec![
            Variant::new("serde_json, untyped", || {
                for _ in 0..REPEATS {
                    let value: Value = serde_json::from_str(black_box(&text))?;
                    let mut out = Vec::new();
                    match pretty {
                        true => serde_json::to_writer_pretty(&mut out, &value)?,
                        false => serde_json::to_writer(&mut out, &value)?,
                    }
                    black_box(out);
                }
                Ok(())
            }),
            Variant::new("merge and print", || {
                for _ in 0..REPEATS {
                    black_box(merged_and_printed(message, black_box(&text), pretty)?);
                }
                Ok(())
            }),
        ];
        let title = format!("{} bytes of JSON, printed {layout}", text.len());
        let amount = (f64::from(REPEATS), "documents/s");
        compare(&title, amount, rounds(USUAL_ROUNDS), variants)?;
    }
    Ok(())
}

fn merged_and_printed(message: &Message, text: &str, pretty: bool) -> io::Result<Vec<u8>> {
    let schema = kata_agent_ctl::schema();
    let mut message = (message.new)();
    let mut explicit = Explicit::default();
    json::merge(message.as_mut(), &mut explicit, &Plain, schema, text).map_err(io::Error::other)?;
    let style = Style {
        pretty,
        emit_defaults: false,
    };
    let mut out = Vec::new();
    json::write(message.as_ref(), schema, style, &mut out).map_err(io::Error::other)?;
    Ok(out)
}

/// A container's configuration with as much of each kind as makes the size.
fn document() -> Value {
    let of = |count: usize| {
        let mounts: Vec<Value> = (0..count)
            .map(|number| {
                json!({
                    "destination": format!("/var/lib/volumes/{number}"),
                    "source": format!("/run/kata-containers/shared/containers/volume-{number}"),
                    "type": "bind",
                    "options": ["rbind", "rprivate", "ro", "nosuid"],
                })
            })
            .collect();
        let devices: Vec<Value> = (0..count)
            .map(|number| {
                json!({
                    "Path": format!("/dev/device{number}"),
                    "Type": "c",
                    "Major": (number % 200 + 1).to_string(),
                    "Minor": (number + 1).to_string(),
                    "FileMode": 438,
                })
            })
            .collect();
        let variables: Vec<String> = (0..count)
            .map(|number| format!("VARIABLE_{number}=\"a value\"\twith number {number}"))
            .collect();
        let annotations: serde_json::Map<String, Value> = (0..count)
            .map(|number| (format!("io.kubernetes.{number:05}"), json!("an annotation")))
            .collect();
        json!({
            "container_id": "benchmark",
            "OCI": {
                "Process": {"Env": variables, "Cwd": "/"},
                "Mounts": mounts,
                "Annotations": annotations,
                "Linux": {"Devices": devices},
            },
        })
    };
    let size_of_hundred = of(100).to_string().len();
    of(100 * SIZE / size_of_hundred)
}
