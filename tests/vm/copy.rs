//! A large file into a guest, byte for byte.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Command;

use crate::shared::with_guest;

/// The size of the file, in bytes.
const SIZE: u64 = 64 << 20;
/// The port of an agent of this test's own.
const PORT: u32 = 1030;
/// Where the agent is to put it.
const DEST: &str = "/run/kata-containers/shared/containers/large";

#[test]
#[ignore = "boots a virtual machine: make test-vm"]
fn a_large_file_arrives_as_it_is() {
    with_guest(|guest| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let mut bytes = Vec::new();
        let random = File::open("/dev/urandom").unwrap();
        random.take(SIZE).read_to_end(&mut bytes).unwrap();
        File::create(&path).unwrap().write_all(&bytes).unwrap();
        let sum = Command::new("sha256sum").arg(&path).output().unwrap();
        let sum = String::from_utf8(sum.stdout).unwrap();
        let sum = sum.split_whitespace().next().unwrap();

        guest.run(&format!(
            "mkdir /files; kata-agent-ctl serve --address vsock://-1:{PORT} --root /files \
             >/dev/null 2>&1 & echo $! >/copier"
        ));
        let command = format!("CopyFile src={} dest={DEST}", path.display());
        guest
            .connect(PORT, &["-o", "jsonl", "-c", &command])
            .stdout("{}\n")
            .test();
        guest.run("kill $(cat /copier)");

        let arrived = guest.run(&format!("sha256sum /files{DEST} && rm -r /files"));
        assert_eq!(arrived.split_whitespace().next(), Some(sum));
    });
}
