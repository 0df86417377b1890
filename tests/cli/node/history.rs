//! What the tool knows of older releases.

use super::agent::{Says, agent, version};
use crate::tool::{connect, tool};

#[test]
fn describe_says_since_when() {
    let page = |name: &str| tool(["describe", name]).run().succeeded().text();
    let rpc = page("AddSwapPath");
    assert!(rpc.lines().any(|line| line == "Since: 3.15"), "{rpc}");
    let fields = page("types.Route");
    let at = |name: &str| fields.find(&format!("  {name} ")).unwrap();
    let mtu = fields.get(at("mtu")..).unwrap();
    assert!(mtu.contains("      Since: 3.17\n"), "{mtu}");
    let gateway = fields.get(at("gateway")..at("device")).unwrap();
    assert!(!gateway.contains("Since"), "{gateway}");

    let json = tool(["describe", "Storage", "--json"])
        .run()
        .succeeded()
        .json();
    let fields = json["fields"].as_array().unwrap();
    let since = |name: &str| {
        let field = fields.iter().find(|field| field["name"] == name).unwrap();
        field["since"].clone()
    };
    assert_eq!(since("shared"), "3.28");
    assert_eq!(since("driver"), serde_json::Value::Null);
    assert_eq!(json["since"], serde_json::Value::Null);
}

#[test]
fn an_rpc_that_the_agent_is_too_old_for() {
    let agent = agent(|method, _| match method {
        "Version" => version("3.14.0"),
        _ => Says::Status(12, "AddSwapPath method"),
    });
    connect(&agent.address(), ["-c", "AddSwapPath path=/swap"])
        .status(76)
        .stderr(
            "error: AddSwapPath: the agent answered code: UNIMPLEMENTED (12): AddSwapPath \
             method; this agent does not have AddSwapPath, which is there since 3.15, and \
             reports version \"3.14.0\"\n",
        )
        .test();
}

#[test]
fn former_names_of_fields_are_aliases() {
    let new = "{\"interface\":{\"devicePath\":\"02/00\"}}\n";
    for command in [
        "UpdateInterface interface.pciPath=02/00",
        "UpdateInterface interface.pciAddr=02/00",
        r#"UpdateInterface interface={"pciPath":"02/00"}"#,
        r#"UpdateInterface json://{"interface":{"pciPath":"02/00"}}"#,
    ] {
        let name = if command.contains("pciAddr") {
            "pciAddr"
        } else {
            "pciPath"
        };
        connect(
            "sim://",
            ["--dry-run", "-o", "jsonl", "-c", command, command],
        )
        .stdout(new.repeat(2))
        .stderr(
            format!(
                "warn: UpdateInterface: \"{name}\" is called devicePath since Kata Containers 3.15\n"
            )
            .repeat(2),
        )
        .test();
    }
    connect(
        "sim://",
        ["--dry-run", "-c", "UpdateInterface interface.pciPats=02"],
    )
    .status(2)
    .stderr(
        "error: UpdateInterface: interface: types.Interface has no field \"pciPats\"; its \
         fields are \"device\", \"name\", \"IPAddresses\", \"mtu\", \"hwAddr\", \
         \"devicePath\", \"type\" and \"raw_flags\"\n",
    )
    .test();
}
