//! Where a policy may stand.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{folder, policy};

const POLICY: &str = "package agent_policy\ndefault GetMetricsRequest := true\n";

fn initdata() -> String {
    initdata_of(POLICY)
}

fn initdata_of(policy: &str) -> String {
    format!(
        "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"policy.rego\" = '''\n{policy}'''\n"
    )
}

fn annotation() -> String {
    annotation_of(POLICY)
}

/// The initdata of a policy as a pod's annotation has it.
pub(super) fn annotation_of(policy: &str) -> String {
    let mut zipped = GzEncoder::new(Vec::new(), Compression::default());
    zipped.write_all(initdata_of(policy).as_bytes()).unwrap();
    STANDARD.encode(zipped.finish().unwrap())
}

fn metadata(name: &str, annotation: &str, value: &str) -> String {
    format!("metadata:\n  name: {name}\n  annotations:\n    {annotation}: {value}\n")
}

pub(super) const INITDATA: &str = "io.katacontainers.config.hypervisor.cc_init_data";
const PLAIN: &str = "io.katacontainers.config.agent.policy";

#[test]
fn a_policy_is_found_wherever_it_stands() {
    let pod = format!("kind: Pod\n{}", metadata("web", INITDATA, &annotation()));
    let older = format!(
        "kind: Pod\n{}",
        metadata("web", PLAIN, &STANDARD.encode(POLICY))
    );
    let indented = |text: &str, by: usize| {
        let lines = text.lines().map(|line| format!("{:by$}{line}\n", ""));
        lines.collect::<String>()
    };
    let template = indented(&metadata("web", INITDATA, &annotation()), 4);
    let deployment = format!("kind: Deployment\nspec:\n  template:\n{template}");
    let several = format!("kind: ConfigMap\nmetadata:\n  name: x\n---\n{deployment}");
    let folder = folder(&[
        ("p.rego", POLICY),
        ("pod.yaml", &pod),
        ("older.yml", &older),
        ("deployment.yaml", &deployment),
        ("several.yaml", &several),
        ("initdata.toml", &initdata()),
        ("rego", POLICY),
        ("yaml", &several),
        ("toml", &initdata()),
        ("annotation", &annotation()),
        ("base64", &STANDARD.encode(POLICY)),
    ]);
    for file in [
        "p.rego",
        "pod.yaml",
        "older.yml",
        "deployment.yaml",
        "several.yaml",
        "initdata.toml",
        "rego",
        "yaml",
        "toml",
        "annotation",
        "base64",
    ] {
        policy(&folder, &["check", "-p", file, "-c", "GetMetrics"])
            .stdout("1  allowed  GetMetrics\n")
            .test();
    }
    policy(&folder, &["check", "-p", "-", "-c", "GetMetrics"])
        .stdin(pod)
        .stdout("1  allowed  GetMetrics\n")
        .test();
}

#[test]
fn what_holds_no_policy_is_told() {
    let pod = |value: &str| format!("kind: Pod\n{}", metadata("web", INITDATA, value));
    let two = format!(
        "kind: Pod\n{}---\nkind: Pod\n{}",
        metadata("one", PLAIN, &STANDARD.encode(POLICY)),
        metadata("two", PLAIN, &STANDARD.encode("package agent_policy\n")),
    );
    let deep: String = (0..5_000).map(|by| format!("{:by$}a:\n", "")).collect();
    let cut: String = annotation().chars().take(100).collect();
    let folder = folder(&[
        ("deep.yaml", &deep),
        ("cut", &cut),
        ("none.yaml", "kind: Pod\nmetadata:\n  name: x\n"),
        ("bad.yaml", &pod("'%%%'")),
        ("plain.yaml", &pod(&STANDARD.encode(POLICY))),
        ("two.yaml", &two),
        ("none.toml", "[data]\n\"aa.toml\" = ''\n"),
        ("bad.toml", "[data\n"),
        ("number.toml", "[data]\n\"policy.rego\" = 5\n"),
        ("number.yaml", &pod("5")),
        ("blank.yaml", &pod("''")),
        ("empty", "\n"),
    ]);
    let fails = |file: &str, message: &str| {
        let output = policy(&folder, &["check", "-p", file, "-c", "GetMetrics"])
            .start()
            .wait();
        let error = output.error();
        assert!(
            error.starts_with(&format!("error: \"{file}\": {message}")),
            "{error}"
        );
        assert_eq!(output.status, 2);
    };
    fails(
        "none.yaml",
        "there is no policy in it: no annotation is called io.kata",
    );
    fails(
        "bad.yaml",
        "the annotation \"io.katacontainers.config.hypervisor.cc_init_data\" is not base64: ",
    );
    fails(
        "plain.yaml",
        "the annotation \"io.katacontainers.config.hypervisor.cc_init_data\" is not base64 of gzip",
    );
    fails(
        "two.yaml",
        "it has 2 policies, those of Pod one and Pod two: leave one of them",
    );
    fails(
        "none.toml",
        "there is no policy in it: the table \"data\" has no \"policy.rego\"",
    );
    fails("bad.toml", "not TOML: ");
    fails(
        "number.toml",
        "there is no policy in it: \"policy.rego\" in the table \"data\" is not text",
    );
    fails(
        "number.yaml",
        "the annotation \"io.katacontainers.config.hypervisor.cc_init_data\" is not text",
    );
    fails(
        "blank.yaml",
        "the annotation \"io.katacontainers.config.hypervisor.cc_init_data\" is empty",
    );
    fails("empty", "there is no policy in it: it is empty");
    fails("deep.yaml", "not YAML: it nests deeper than 100 levels");
    fails(
        "cut",
        "the annotation \"io.katacontainers.config.hypervisor.cc_init_data\" is not base64 of gzip",
    );
}
