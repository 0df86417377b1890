//! Test cases for genpolicy.

use super::{folder, policy};

#[test]
fn ids_are_the_same_each_time() {
    let folder = folder(&[(
        "p.rego",
        "package agent_policy\ndefault CreateSandboxRequest := true\ndefault StartContainerRequest := false\n",
    )]);
    let export = || {
        let output = policy(&folder, &["export", "-p", "p.rego", "-c"])
            .arguments(["CreateSandbox", "StartContainer", "StartContainer cid=web"])
            .run();
        output.succeeded().json()
    };
    let cases = export();
    assert_eq!(cases, export());
    assert_eq!(cases[0]["kind"], "CreateSandboxRequest");
    assert_eq!(cases[0]["allowed"], true);
    assert_eq!(cases[0]["request"]["sandbox_id"], format!("{:064}", 1));
    assert_eq!(cases[1]["allowed"], false);
    assert_eq!(cases[1]["request"]["container_id"], format!("{:064}", 2));
    assert_eq!(cases[2]["request"]["container_id"], "web");
}

#[test]
fn an_id_is_replaced_wherever_it_stands() {
    let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let hash = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    let folder = folder(&[]);
    let command = format!(
        "CreateContainer cid={id} OCI.Root.Path=/run/{id}/rootfs storages={{\"source\":\"{hash}\"}} \
         OCI.Annotations[io.kubernetes.cri.sandbox-id]={}",
        "5b2c5a1e-9d5c-4f7e-8a39-0c1f2d3e4b5a"
    );
    let output = policy(&folder, &["export", "-n", "-c", &command]).run();
    let cases = output.succeeded().json();
    let request = &cases[0]["request"];
    let number = |number: usize| format!("{number:064}");
    let root = request["OCI"]["Root"]["Path"].as_str().unwrap();
    let annotation = &request["OCI"]["Annotations"]["io.kubernetes.cri.sandbox-id"];
    // In the order in which they stand in the request.
    assert_eq!(annotation, "00000000-0000-0000-0000-000000000001");
    assert_eq!(request["container_id"], number(2));
    assert_eq!(root, format!("/run/{}/rootfs", number(2)));
    assert_eq!(request["storages"][0]["source"], hash);
}

/// An ID that was exported before may stand beside others.
#[test]
fn ids_stay_apart_that_look_like_what_takes_their_place() {
    let (one, other) = ("a".repeat(64), format!("{:064}", 1));
    let folder = folder(&[]);
    let output = policy(&folder, &["export", "-n", "-c"])
        .arguments([
            format!("StartContainer cid={one}"),
            format!("StartContainer cid={other}"),
        ])
        .run();
    let cases = output.succeeded().json();
    assert_eq!(cases[0]["request"]["container_id"], format!("{:064}", 1));
    assert_eq!(cases[1]["request"]["container_id"], format!("{:064}", 2));
}

#[test]
fn what_is_exported_is_read_again() {
    let folder = folder(&[(
        "p.rego",
        "package agent_policy\ndefault StartContainerRequest := true\n",
    )]);
    let output = policy(&folder, &["export", "-c", "StartContainer cid=web"]).run();
    let cases = output.succeeded().text();
    policy(&folder, &["check", "-p", "p.rego", "--expected", "-"])
        .stdin(cases)
        .stdout("1  allowed  StartContainerRequest  \"call 1\"\n")
        .test();
}

#[test]
fn a_pods_uid_is_an_id_too() {
    let uid = "5b2c5a1e-9d5c-4f7e-8a39-0c1f2d3e4b5a";
    let folder = folder(&[]);
    let command = format!(
        "CreateContainer cid=web OCI.Annotations[io.kubernetes.cri.sandbox-uid]={uid} \
         OCI.Linux.CgroupsPath=/kubepods-pod{}.slice:cri:web OCI.Root.Path=/logs/{uid}/x",
        uid.replace('-', "_")
    );
    let output = policy(&folder, &["export", "-n", "-c", &command]).run();
    let oci = &output.succeeded().json()[0]["request"]["OCI"];
    assert_eq!(
        oci["Root"]["Path"],
        "/logs/00000000-0000-0000-0000-000000000001/x"
    );
    assert_eq!(
        oci["Linux"]["CgroupsPath"],
        "/kubepods-pod00000000_0000_0000_0000_000000000001.slice:cri:web"
    );
}
