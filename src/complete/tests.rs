//! What is offered where, over the agent's protos and over hand-written messages.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its input has failed"
)]

use super::{Candidate, Completion, complete};
use crate::conveniences;
use crate::request::RequestDialect;
use crate::schema::{Field, Label, Message, Rpc, Schema, Type, fixture, json, path};

/// What the text becomes with each candidate.
fn completed_in(schema: &'static Schema, text: &str) -> Vec<String> {
    let Completion { start, candidates } = complete(schema, text);
    let whole = |it: Candidate| {
        let end = if it.continues { "" } else { " " };
        format!("{}{}{end}", &text[..start], it.text)
    };
    candidates.into_iter().map(whole).collect()
}

fn completed(text: &str) -> Vec<String> {
    completed_in(crate::schema(), text)
}

#[track_caller]
fn only(text: &str, expected: &[&str]) {
    assert_eq!(completed(text), expected, "{text:?}");
}

#[test]
fn names_of_commands() {
    only("des", &["describe ", "DestroySandbox "]);
    only("Des", &["DestroySandbox "]);
    only("getip", &["GetIPTables "]);
    only("  Chec", &["  Check "]);
    only("AgentService.OnlineC", &["AgentService.OnlineCPUMem "]);
    only("grpc.Health/c", &["grpc.Health/Check "]);
    only("grpc.Health.c", &["grpc.Health.Check "]);
    only("grpc.", &["grpc.AgentService/", "grpc.Health/"]);
    only("xyz", &[]);
    assert!(completed("").contains(&"GetGuestDetails ".to_owned()));
    assert!(completed("").contains(&"quit ".to_owned()));
}

#[test]
fn names_that_clash_are_qualified() {
    let found = |text| completed_in(&fixture::SCHEMA, text);
    assert_eq!(found("Twi"), ["a.Other/Twice ", "b.Other/Twice "]);
    assert_eq!(found("geti"), ["GetIPTables ", "a.Other/GetIPTables "]);
    assert_eq!(found("cas"), ["Case ", "CASE "]);
    assert_eq!(
        found("describe inn"),
        [
            "describe other.Inner ",
            "describe outer.other.Inner ",
            "describe test.Inner ",
            "describe Inner.Level "
        ]
    );
    // The RPC comes first, and the enum is named so that it is another thing.
    assert_eq!(
        found("describe lev"),
        [
            "describe level ",
            "describe Inner.Level ",
            "describe test.Level "
        ]
    );
}

#[test]
fn words_of_built_in_commands() {
    only("describe stor", &["describe Storage "]);
    only("describe GetV", &["describe GetVolumeStats "]);
    only("describe grpc.Stor", &["describe grpc.Storage "]);
    only("describe agentse", &["describe AgentService "]);
    only("describe Storage x", &[]);
    only("list ", &[]);
    only("sleep ", &[]);
    only("echo cont", &[]);
}

#[test]
fn paths() {
    for (text, expected) in [
        (
            "CreateContainer OCI.Pro",
            &["CreateContainer OCI.Process."][..],
        ),
        (
            "CreateContainer oci.process.user.ui",
            &["CreateContainer oci.process.user.UID="],
        ),
        ("CreateContainer OC", &["CreateContainer OCI."]),
        (
            "CreateContainer OCI.Anno",
            &["CreateContainer OCI.Annotations["],
        ),
        (
            "CreateContainer OCI.Annotations[a.b",
            &["CreateContainer OCI.Annotations[a.b]="],
        ),
        (
            "CreateContainer OCI.Annotations[a.b]",
            &["CreateContainer OCI.Annotations[a.b]="],
        ),
        (r#"CreateContainer OCI.Annotations["a b"#, &[]),
        ("CreateSandbox sto", &["CreateSandbox storages[0]."]),
        (
            "CreateSandbox storages[0].driver=blk sto",
            &[
                "CreateSandbox storages[0].driver=blk storages[0].",
                "CreateSandbox storages[0].driver=blk storages[1].",
            ],
        ),
        ("CreateSandbox storages[", &["CreateSandbox storages[0]."]),
        ("CreateSandbox storages[2", &["CreateSandbox storages[2]."]),
        ("CreateSandbox storages[2]", &["CreateSandbox storages[2]."]),
        ("CreateSandbox storages[x", &[]),
        (
            "CreateSandbox storages[0].fs_group.g",
            &[
                "CreateSandbox storages[0].fs_group.group_id=",
                "CreateSandbox storages[0].fs_group.group_change_policy=",
            ],
        ),
        ("CreateSandbox storages.", &[]),
        ("CreateSandbox dn", &["CreateSandbox dns="]),
        ("StartContainer ci", &["StartContainer cid="]),
        (
            "StartContainer containerI",
            &["StartContainer containerId="],
        ),
        ("StartContainer nosuch.", &[]),
        ("NoSuch f", &[]),
        ("StartContainer # c", &[]),
        ("StartContainer json", &["StartContainer json://"]),
        ("StartContainer cid=a json", &[]),
    ] {
        only(text, expected);
    }
}

#[test]
fn what_is_set_comes_last() {
    let found = completed("SignalProcess exec_id=a signal=9 ");
    let names: Vec<_> = found
        .iter()
        .map(|it| it.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(names, ["container_id=", "exec_id=", "signal="]);
    only(
        "SignalProcess signal=9 s",
        &["SignalProcess signal=9 signal="],
    );
}

#[test]
fn values() {
    for (text, expected) in [
        (
            "GetGuestDetails mem_block_size=",
            &[
                "GetGuestDetails mem_block_size=true ",
                "GetGuestDetails mem_block_size=false ",
            ][..],
        ),
        (
            "GetGuestDetails mem_block_size=f",
            &["GetGuestDetails mem_block_size=false "],
        ),
        (
            "SignalProcess signal=us",
            &["SignalProcess signal=usr1 ", "SignalProcess signal=usr2 "],
        ),
        (
            "SignalProcess signal=SIGUSR",
            &[
                "SignalProcess signal=SIGUSR1 ",
                "SignalProcess signal=SIGUSR2 ",
            ],
        ),
        (
            "SignalProcess signal=US",
            &["SignalProcess signal=USR1 ", "SignalProcess signal=USR2 "],
        ),
        ("SignalProcess container_id=", &[]),
        ("CopyFile data=h", &["CopyFile data=hex:"]),
        ("CreateContainer OCI=", &["CreateContainer OCI={\""]),
        ("CreateSandbox dns=", &["CreateSandbox dns=["]),
        ("CreateSandbox nosuch=", &[]),
        ("SetPolicy policy=@/no/such/folder/", &[]),
    ] {
        only(text, expected);
    }
    let found = |text| completed_in(&fixture::SCHEMA, text);
    assert_eq!(found("Both level=h"), ["Both level=High "]);
    assert_eq!(
        found("Both byFlag["),
        ["Both byFlag[true]=", "Both byFlag[false]="]
    );
    assert_eq!(found("Both byNumber[7"), ["Both byNumber[7]."]);
    assert_eq!(found("Both byNumber[x"), [""; 0]);
    assert_eq!(found("Both byNumber[7].na"), ["Both byNumber[7].name="]);
    assert_eq!(
        found("Both inner.child.child.na"),
        ["Both inner.child.child.name="]
    );
    assert_eq!(found("Both wrap"), ["Both wrapped="]);
    assert_eq!(found("Both wrapped="), [""; 0]);
    assert_eq!(found("Both empty"), ["Both empty="]);
    assert_eq!(found("Both cla"), ["Both Clash=", "Both cLash="]);
}

#[test]
fn parameters_that_are_no_fields() {
    for (text, expected) in [
        ("SetPolicy policy_", &["SetPolicy policy_file="][..]),
        (
            "SetPolicy pol",
            &["SetPolicy policy=", "SetPolicy policy_file="],
        ),
        (
            "SetPolicy json://{\"policy_",
            &["SetPolicy json://{\"policy_file\":"],
        ),
        ("SetPolicy policy_file=/no/such/folder/", &[]),
        ("CopyFile recursive=t", &["CopyFile recursive=true "]),
        ("Check ci", &["Check cid="]),
        ("Check cid=", &[]),
    ] {
        only(text, expected);
    }
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().display();
    std::fs::write(folder.path().join("policy a.rego"), "").unwrap();
    for before in [
        "SetPolicy policy=@",
        "SetPolicy policy_file=",
        "SetPolicy file://",
        "CopyFile data=@",
        "CopyFile src=",
        "CreateContainer image=",
    ] {
        only(
            &format!("{before}{root}/pol"),
            &[&format!("{before}{root}/policy\\ a.rego ")],
        );
    }
}

#[test]
fn inside_json() {
    for (text, expected) in [
        (
            r#"StartContainer json://{"con"#,
            &[r#"StartContainer json://{"container_id":"#][..],
        ),
        (
            r#"StartContainer json://{con"#,
            &[r#"StartContainer json://{"container_id":"#],
        ),
        (
            r#"StartContainer json://"#,
            &[r#"StartContainer json://{""#],
        ),
        (
            r#"StartContainer json://{"containerI"#,
            &[r#"StartContainer json://{"containerId":"#],
        ),
        (r#"StartContainer json://{"container_id":"x", "con"#, &[]),
        (r#"StartContainer json://{"container_id""#, &[]),
        (
            r#"StartContainer json://{"container_id":"x"} con"#,
            &[r#"StartContainer json://{"container_id":"x"} container_id="#],
        ),
        (
            r#"CreateContainer OCI={"Ro"#,
            &[r#"CreateContainer OCI={"Root":"#],
        ),
        (
            r#"CreateContainer OCI={"Root": {"Path": "a b"}, "Proc"#,
            &[r#"CreateContainer OCI={"Root": {"Path": "a b"}, "Process":"#],
        ),
        (
            r#"CreateContainer json://{"OCI": {"Process": {"User": {"U"#,
            &[
                r#"CreateContainer json://{"OCI": {"Process": {"User": {"UID":"#,
                r#"CreateContainer json://{"OCI": {"Process": {"User": {"Username":"#,
            ],
        ),
        (
            r#"CreateSandbox storages={"dr"#,
            &[
                r#"CreateSandbox storages={"driver":"#,
                r#"CreateSandbox storages={"driver_options":"#,
            ],
        ),
        (
            r#"CreateSandbox storages=[{}, {"mount"#,
            &[r#"CreateSandbox storages=[{}, {"mount_point":"#],
        ),
        (
            r#"CreateSandbox storages[0]={"mount"#,
            &[r#"CreateSandbox storages[0]={"mount_point":"#],
        ),
        (
            r#"CreateContainer OCI={"Process":"#,
            &[r#"CreateContainer OCI={"Process":{""#],
        ),
        (r#"CreateContainer OCI={"Annotations":{"a"#, &[]),
        (
            r#"GetGuestDetails json://{"mem_block_size": t"#,
            &[r#"GetGuestDetails json://{"mem_block_size": true"#],
        ),
        (
            r#"SignalProcess json://{"signal":"usr"#,
            &[
                r#"SignalProcess json://{"signal":"usr1""#,
                r#"SignalProcess json://{"signal":"usr2""#,
            ],
        ),
        (r#"CreateSandbox hostname={"a"#, &[]),
        (r#"CreateSandbox json://{"storages":{"a"#, &[]),
        (r#"CreateSandbox json://]{"a"#, &[]),
    ] {
        only(text, expected);
    }
    let found = |text| completed_in(&fixture::SCHEMA, text);
    assert_eq!(
        found(r#"Both json://{"level":"h"#),
        [r#"Both json://{"level":"High""#]
    );
    assert_eq!(
        found(r#"Both byNumber={"1":{"na"#),
        [r#"Both byNumber={"1":{"name":"#]
    );
}

#[test]
fn docs_tell_type_and_meaning() {
    let doc = |text: &str| {
        let found = complete(crate::schema(), text).candidates;
        found.first().unwrap().doc.clone()
    };
    assert!(doc("StartContainer container_").starts_with("string: "));
    assert!(doc("CreateSandbox dns").starts_with("repeated string: "));
    assert!(doc("describe Storage").starts_with("message: "));
    assert_eq!(doc("SignalProcess signal=usr1"), "10");
    assert_eq!(doc("quit"), "end the run");
    assert!(!doc("Check").is_empty());
}

/// Every path below a message to a depth, with elements named where needed, and
/// whether more may follow.
fn paths_below(message: &'static Message, before: &str, depth: usize, all: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    for Field {
        name, label, ty, ..
    } in message.fields
    {
        let inner = match ty {
            Type::Message(inner) if !inner.fields.is_empty() && !json::has_special_form(inner) => {
                Some(*inner)
            }
            _ => None,
        };
        let end = match (label, inner) {
            (Label::Map(_), _) => "[",
            (Label::Repeated, Some(_)) => "[0].",
            (_, Some(_)) => ".",
            (_, None) => "=",
        };
        all.push(format!("{before}{name}{end}"));
        if let (Some(inner), false) = (inner, matches!(label, Label::Map(_))) {
            paths_below(inner, &format!("{before}{name}{end}"), depth - 1, all);
        }
    }
}

fn check_rpc(rpc: &'static Rpc) -> usize {
    let mut all = Vec::new();
    paths_below(rpc.request, "", 4, &mut all);
    for path in &all {
        let begin = path.trim_end_matches(['[', ']', '0', '.', '=']);
        let last = begin.rfind('.').map_or(0, |dot| dot + 1);
        let whole = format!("{} {path}", rpc.path());
        for end in (last..=begin.len()).filter(|end| begin.is_char_boundary(*end)) {
            let text = format!("{} {}", rpc.path(), &begin[..end]);
            let found = completed(&text);
            assert!(
                found.contains(&whole),
                "{text:?} does not offer {whole:?}: {found:?}"
            );
            for found in found {
                let Some(setter) = found.split(' ').nth(1).and_then(|it| it.strip_suffix('='))
                else {
                    continue;
                };
                if conveniences::parameters(rpc).any(|it| it.name == setter) {
                    continue;
                }
                let resolved = path::resolve(rpc.request, &RequestDialect::new(rpc), setter);
                assert!(resolved.is_ok(), "{found:?}: {resolved:?}");
            }
        }
    }
    all.len()
}

#[test]
fn every_field_of_every_rpc_is_offered_for_every_beginning() {
    let rpcs = || crate::schema().services.iter().flat_map(|it| it.rpcs);
    let count: usize = rpcs().map(check_rpc).sum();
    assert!(count > rpcs().count(), "{count} paths");
}

#[test]
fn every_field_is_offered_in_json_too() {
    for rpc in crate::schema().services.iter().flat_map(|it| it.rpcs) {
        for field in rpc.request.fields {
            let text = format!("{} json://{{", rpc.path());
            let whole = format!("{text}\"{}\":", field.name);
            for end in 0..=field.name.len() {
                let found = completed(&format!("{text}\"{}", &field.name[..end]));
                assert!(found.contains(&whole), "{whole}: {found:?}");
            }
        }
    }
}

#[test]
fn every_name_is_offered_for_every_beginning() {
    for rpc in crate::schema().services.iter().flat_map(|it| it.rpcs) {
        for end in 0..=rpc.name.len() {
            let begin = rpc.name[..end].to_lowercase();
            let whole = format!("{} ", rpc.name);
            assert!(completed(&begin).contains(&whole), "{begin}");
            let described = completed(&format!("describe {begin}"));
            assert!(described.contains(&format!("describe {whole}")), "{begin}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_has_candidates_at_a_place_in_it(
        name in "(CreateContainer |describe |)",
        text in r#"([a-zA-Z0-9é .=\[\]{}"'\\:,@#\n]|OCI|Process|storages|json://|file://){0,30}"#,
    ) {
        let text = format!("{name}{text}");
        let found = complete(crate::schema(), &text);
        proptest::prop_assert!(text.is_char_boundary(found.start), "{:?}", found);
    }
}
