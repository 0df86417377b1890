//! What is in the simulated guest: files on this machine by `serve --root`, more than
//! the default by `serve --feature`, and routes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::tool::{Running, connect, tool};

const SHARED: &str = "/run/kata-containers/shared/containers";

/// A served agent with these arguments, and its address.
fn serve(folder: &TempDir, arguments: &[&str]) -> (Running, String) {
    let address = format!("unix://{}", folder.path().join("agent.sock").display());
    let served = tool(["serve", "--address", &address]).arguments(arguments);
    (served.start(), address)
}

fn end(server: Running) {
    server.interrupt();
    let served = server.wait();
    assert_eq!(served.status, 0, "{}", served.stderr);
}

/// What is below a folder: permissions, and content or target.
fn tree(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut left = vec![root.to_path_buf()];
    while let Some(path) = left.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let content = if metadata.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            left.extend(entries.map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if metadata.is_symlink() {
            fs::read_link(&path)
                .unwrap()
                .into_os_string()
                .into_encoded_bytes()
        } else {
            fs::read(&path).unwrap()
        };
        let below = path.strip_prefix(root).unwrap().to_path_buf();
        found.insert(below, (metadata.mode(), content));
    }
    found
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_copied_tree_is_the_same_below_the_root() {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("source");
    fs::create_dir_all(source.join("a/deep")).unwrap();
    fs::create_dir(source.join("empty")).unwrap();
    let large: Vec<u8> = (0..2_500_000_u32).map(|each| (each / 251) as u8).collect();
    fs::write(source.join("a/large"), &large).unwrap();
    fs::write(source.join("a/deep/secret"), "s").unwrap();
    fs::write(source.join("none"), "").unwrap();
    symlink("a/large", source.join("link")).unwrap();
    symlink("/no/such", source.join("a/nowhere")).unwrap();
    set_mode(&source.join("a/deep/secret"), 0o400);
    set_mode(&source.join("a/deep"), 0o1711);
    set_mode(&source.join("empty"), 0o700);
    set_mode(&source.join("none"), 0o755);

    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    let (server, address) = serve(&folder, &["--root", root.to_str().unwrap()]);
    let copy = format!(
        "CopyFile src={} dest={SHARED}/copy recursive=true",
        source.display()
    );
    for _ in 0..2 {
        let copied = connect(&address, ["-o", "jsonl", "-c", &copy]).run();
        assert_eq!((copied.status, copied.text().as_str()), (0, "{}\n"));
        assert_eq!(tree(&root.join(&SHARED[1..]).join("copy")), tree(&source));
    }
    let volume = format!("GetVolumeStats volume_guest_path={SHARED}/copy/a");
    let stats = connect(&address, ["-c", &volume]).run().succeeded().json();
    assert_eq!(stats["usage"][0]["unit"], "BYTES");
    end(server);
}

#[test]
fn nothing_is_written_outside_of_the_root() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("root");
    let outside = folder.path().join("outside");
    let base = root.join(&SHARED[1..]);
    fs::create_dir_all(&base).unwrap();
    fs::create_dir(&outside).unwrap();
    symlink(&outside, base.join("out")).unwrap();
    let (server, address) = serve(&folder, &["--root", root.to_str().unwrap()]);
    for (path, reason) in [
        ("out/x", "mkdir_all parent"),
        ("../../../../outside/x", "renameat"),
    ] {
        let copy = format!("CopyFile path={SHARED}/{path} data=x file_size=1 file_mode=0o644");
        connect(&address, ["-c", &copy])
            .status(77)
            .stderr(format!(
                "error: CopyFile: the agent answered code: INTERNAL (13): {reason}\n"
            ))
            .test();
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    end(server);
}

#[test]
fn features_are_turned_on() {
    let folder = TempDir::new().unwrap();
    let (server, address) = serve(
        &folder,
        &["--feature", "policy,iptables", "--feature", "mem-agent"],
    );
    fs::write(
        folder.path().join("policy.rego"),
        "package agent_policy\ndefault AllowRequestsFailingPolicy := false\n\
         default SetPolicyRequest := true\ndefault ListRoutesRequest := false\n\
         default MemAgentMemcgConfig := true\ndefault GetIPTablesRequest := true\n",
    )
    .unwrap();
    connect(&address, ["--ignore-errors", "-o", "jsonl", "-c"])
        .arguments([
            "SetPolicy policy_file=policy.rego",
            "ListRoutes",
            "MemAgentMemcgSet swap=true",
        ])
        .arguments(["GetIPTables", "SetPolicy policy=x"])
        .folder(folder.path())
        .status(71)
        .stdout("{}\n{}\n{}\n")
        .stderr(
            "error: ListRoutes: the agent answered code: PERMISSION_DENIED (7): \
             \"ListRoutesRequest is blocked by policy: \"\n\
             error: SetPolicy: the agent answered code: INVALID_ARGUMENT (3): \
             --> agent_policy:1:1\n",
        )
        .test();
    end(server);
}

#[test]
fn what_serve_cannot_use() {
    for (arguments, message) in [
        (
            ["--feature", "policy,mem-agnt"],
            "invalid value 'mem-agnt' for '--feature <LIST>': \"mem-agnt\" is not a feature; did you \
             mean \"mem-agent\"?; there are \"policy\", \"mem-agent\" and \"iptables\"",
        ),
        (
            ["--root", "/no/such"],
            "--root: the folder \"/no/such\" cannot be used: no such file or directory",
        ),
        (
            ["--root", "/dev/null"],
            "--root: the folder \"/dev/null\" cannot be used: not a directory",
        ),
    ] {
        tool(["serve", "--address", "unix:///no/such/agent.sock"])
            .arguments(arguments)
            .status(2)
            .stderr(format!("error: {message}\n"))
            .test();
    }
}
