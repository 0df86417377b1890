//! What is offered where, over the agent's protos and over hand-written messages.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its input has failed"
)]

use super::{Candidate, Completion, begins, complete, first_sentence};
use agent_request::RequestDialect;
use agent_request::conveniences;
use agent_schema::{Field, Label, Message, Rpc, Schema, Type, fixture, json, path};

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
    completed_in(agent_api::schema(), text)
}

/// What is typed, an arrow, and what replaces the end of it: from the part on that a
/// candidate replaces, with `_` for the space after a word that is complete.
const AGENT: &str = r#"
des -> describe_ | DestroySandbox_
Des -> DestroySandbox_
getip -> GetIPTables_
  Chec -> Check_
AgentService.OnlineC -> AgentService.OnlineCPUMem_
grpc.Health/c -> grpc.Health/Check_
grpc.Health.c -> grpc.Health.Check_
grpc. -> grpc.AgentService/ | grpc.Health/
xyz ->

describe stor -> Storage_
describe GetV -> GetVolumeStats_
describe grpc.Stor -> grpc.Storage_
describe agentse -> AgentService_
describe Storage x ->
describe CreateContainer.oci.Pro -> CreateContainer.oci.Process
describe Storage.driver_ -> Storage.driver_options_
list  -> AgentService_ | Health_
sleep  ->
echo cont ->
template IPA -> IPAddress_
template IPF ->
examples hea -> health_
set o -> output_
set output js -> json_ | jsonl_
set no-auto-values t -> true_
set timeout  ->
help SetPolicyR -> SetPolicyRequest_

CreateContainer OCI.Pro -> Process.
CreateContainer oci.process.user.ui -> UID=
CreateContainer OC -> OCI.
CreateContainer OCI.Anno -> Annotations[
CreateContainer OCI.Annotations[a.b -> Annotations[a.b]=
CreateContainer OCI.Annotations[a.b] -> Annotations[a.b]=
CreateContainer OCI.Annotations["a b ->
CreateSandbox sto -> storages[0].
CreateSandbox storages[0].driver=blk sto -> storages[0]. | storages[1].
CreateSandbox storages[ -> storages[0].
CreateSandbox storages[2 -> storages[2].
CreateSandbox storages[2] -> storages[2].
CreateSandbox storages[x ->
CreateSandbox storages[0].fs_group.g -> group_id= | group_change_policy=
CreateSandbox storages. ->
CreateSandbox dn -> dns=
StartContainer ci -> cid=
StartContainer containerI -> containerId=
StartContainer nosuch. ->
NoSuch f ->
StartContainer # c ->
StartContainer json -> json://
StartContainer cid=a json ->
SignalProcess exec_id=a signal=9  -> container_id= | exec_id= | signal=
SignalProcess signal=9 s -> signal=

GetGuestDetails mem_block_size= -> true_ | false_
GetGuestDetails mem_block_size=f -> false_
SignalProcess signal=us -> usr1_ | usr2_
SignalProcess signal=SIGUSR -> SIGUSR1_ | SIGUSR2_
SignalProcess signal=US -> USR1_ | USR2_
SignalProcess container_id= ->
CopyFile data=h -> hex:
CreateContainer OCI= -> {"
CreateSandbox dns= -> [
CreateSandbox nosuch= ->
SetPolicy policy=@/no/such/folder/ ->

SetPolicy policy_ -> policy_file=
SetPolicy pol -> policy= | policy_file=
SetPolicy json://{"policy_ -> "policy_file":
SetPolicy policy_file=/no/such/folder/ ->
CopyFile recursive=t -> true_
Check ci -> cid=
Check cid= ->

StartContainer json://{"con -> "container_id":
StartContainer json://{con -> "container_id":
StartContainer json:// -> {"
StartContainer json://{"containerI -> "containerId":
StartContainer json://{"container_id":"x", "con ->
StartContainer json://{"container_id" ->
StartContainer json://{"container_id":"x"} con -> container_id=
CreateContainer OCI={"Ro -> "Root":
CreateContainer OCI={"Root": {"Path": "a b"}, "Proc -> "Process":
CreateContainer json://{"OCI": {"Process": {"User": {"U -> "UID": | "Username":
CreateSandbox storages={"dr -> "driver": | "driver_options":
CreateSandbox storages=[{}, {"mount -> "mount_point":
CreateSandbox storages[0]={"mount -> "mount_point":
CreateContainer OCI={"Process": -> {"
CreateContainer OCI={"Annotations":{"a ->
GetGuestDetails json://{"mem_block_size": t -> true
SignalProcess json://{"signal":"usr -> "usr1" | "usr2"
CreateSandbox hostname={"a ->
CreateSandbox json://{"storages":{"a ->
CreateSandbox json://]{"a ->
"#;

/// The same over the hand-written messages.
const FIXTURE: &str = r#"
Twi -> a.Other/Twice_ | b.Other/Twice_
geti -> GetIPTables_ | a.Other/GetIPTables_
cas -> Case_ | CASE_
describe inn -> other.Inner_ | outer.other.Inner_ | test.Inner_ | Inner.Level_
describe lev -> level_ | Inner.Level_ | test.Level_
Both level=h -> High_
Both byFlag[ -> byFlag[true]= | byFlag[false]=
Both byNumber[7 -> byNumber[7].
Both byNumber[x ->
Both byNumber[7].na -> name=
Both inner.child.child.na -> name=
Both wrap -> wrapped=
Both wrapped= ->
Both empty -> empty=
Both cla -> Clash= | cLash=
Both json://{"level":"h -> "High"
Both byNumber={"1":{"na -> "name":
"#;

fn check(schema: &'static Schema, rows: &str) {
    for row in rows.lines().filter(|row| !row.is_empty()) {
        let (text, expected) = row.split_once(" ->").unwrap();
        let candidates = complete(schema, text).candidates.into_iter();
        let shown = candidates.map(|it| it.text + if it.continues { "" } else { "_" });
        let shown: Vec<_> = shown.collect();
        assert_eq!(shown.join(" | "), expected.trim_start(), "{text:?}");
    }
}

#[test]
fn candidates() {
    check(agent_api::schema(), AGENT);
    check(&fixture::SCHEMA, FIXTURE);
    for name in ["GetGuestDetails ", "quit "] {
        assert!(completed("").contains(&name.to_owned()), "{name}");
    }
}

#[test]
fn names_begin_in_any_case() {
    for (name, typed, expected) in [
        ("GetIPTables", "getip", true),
        ("x", "", true),
        ("x", "xy", false),
        ("é", "e", false),
    ] {
        assert_eq!(begins(name, typed), expected, "{typed:?}");
    }
}

#[test]
fn a_doc_is_one_sentence() {
    for (doc, sentence) in [
        ("One,\nand more. Two.", "One, and more"),
        ("No end\n\nTwo.", "No end"),
        ("Agent 4.1 does.\nTwo", "Agent 4.1 does"),
        ("a\u{1b}b", "a\\x1bb"),
        ("", ""),
    ] {
        assert_eq!(first_sentence(doc), sentence, "{doc}");
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
        let found = completed(&format!("{before}{root}/pol"));
        assert_eq!(found, [format!("{before}{root}/policy\\ a.rego ")]);
    }
}

#[test]
fn docs_tell_type_and_meaning() {
    let doc = |text: &str| {
        let found = complete(agent_api::schema(), text).candidates;
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
                let resolved = path::resolve(
                    rpc.request,
                    &RequestDialect::of(agent_api::schema(), rpc),
                    setter,
                );
                assert!(resolved.is_ok(), "{found:?}: {resolved:?}");
            }
        }
    }
    all.len()
}

#[test]
fn every_field_of_every_rpc_is_offered_for_every_beginning() {
    let rpcs = || agent_api::schema().services.iter().flat_map(|it| it.rpcs);
    let count: usize = rpcs().map(check_rpc).sum();
    assert!(count > rpcs().count(), "{count} paths");
}

#[test]
fn every_field_is_offered_in_json_too() {
    for rpc in agent_api::schema().services.iter().flat_map(|it| it.rpcs) {
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
    for rpc in agent_api::schema().services.iter().flat_map(|it| it.rpcs) {
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
        let found = complete(agent_api::schema(), &text);
        proptest::prop_assert!(text.is_char_boundary(found.start), "{:?}", found);
    }
}
