//! Who a user's name stands for in a container: by the files of its root filesystem, where the
//! host can read them.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use agent_text::excerpt::Excerpt;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use serde_json::Value;

use crate::bundle::Container;
use crate::host::Host;

/// The most that is read of a file of users or groups, in bytes.
const LONGEST_FILE: u64 = 1024 * 1024;

/// Whom a process runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's ID.
    pub uid: u32,
    /// The ID of its group.
    pub gid: u32,
    /// The IDs of other groups that it is in.
    pub additional_gids: Vec<u32>,
}

/// Why a user is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The files cannot be read.
    #[error(
        "the name {} cannot be looked up, as the container's root filesystem is not readable \
         here: give numbers, as in 1000:1000", Excerpt(.0)
    )]
    Unreadable(String),
    /// The files do not have the name.
    #[error("the container has no {kind} {}", Excerpt(.name))]
    Unknown {
        /// What was looked for: a user or a group.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// There is nothing before the colon.
    #[error("{} names no user: write USER or USER:GROUP, by names or numbers", Excerpt(.0))]
    Empty(String),
}

impl Host {
    /// The `config.json` of a container, if it can be read.
    pub fn config(&self, container: &Container) -> Option<Value> {
        self.json(&container.bundle.join("config.json"), &mut Vec::new())
    }

    /// Who `USER` or `USER:GROUP` is, by names or numbers. Names need a container whose root
    /// filesystem is readable.
    ///
    /// # Errors
    /// When a name cannot be looked up, or is not there.
    pub fn user(&self, container: Option<&Container>, text: &str) -> Result<User, UserError> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group).filter(|group| !group.is_empty())),
            None => (text, None),
        };
        if user.is_empty() {
            return Err(UserError::Empty(text.to_owned()));
        }
        let root = container.and_then(|container| self.root_of(container));
        let file = |name: &str| read_within(root.as_ref()?, name);
        let users = file("etc/passwd");
        let groups = file("etc/group");
        // NAME:PASSWORD:UID:GID and more; NAME:PASSWORD:GID:MEMBERS.
        let row_of = |files: &Option<String>, name: &str| {
            let mut rows = files.as_deref()?.lines().map(row);
            let is_it = |row: &Vec<String>| {
                let [found, _, id, ..] = row.as_slice() else {
                    return false;
                };
                found == name || id == name
            };
            rows.find(is_it)
        };
        let column = |row: &Option<Vec<String>>, index: usize| -> Option<u32> {
            row.as_ref()?.get(index)?.parse().ok()
        };
        let missing = |files: &Option<String>, kind, name: &str| match files {
            None => UserError::Unreadable(name.to_owned()),
            Some(_) => UserError::Unknown {
                kind,
                name: name.to_owned(),
            },
        };
        let found = row_of(&users, user);
        let uid = column(&found, 2).or_else(|| user.parse().ok());
        let uid = uid.ok_or_else(|| missing(&users, "user", user))?;
        let gid = match group {
            None => column(&found, 3).unwrap_or(0),
            Some(group) => {
                let row = row_of(&groups, group);
                let gid = column(&row, 2).or_else(|| group.parse().ok());
                gid.ok_or_else(|| missing(&groups, "group", group))?
            }
        };
        let name = found.as_ref().and_then(|row| row.first());
        let mut additional_gids = Vec::new();
        if let (Some(name), Some(groups), None) = (name, &groups, group) {
            for row in groups.lines().map(row) {
                let is_member = |row: &[String]| {
                    let members = row.get(3).map(String::as_str).unwrap_or_default();
                    members.split(',').any(|member| member == name)
                };
                let id = row.get(2).and_then(|id| id.parse().ok());
                additional_gids.extend(id.filter(|id: &u32| is_member(&row) && *id != gid));
            }
        }
        Ok(User {
            uid,
            gid,
            additional_gids,
        })
    }

    /// The root filesystem of a container, as its configuration says.
    fn root_of(&self, container: &Container) -> Option<PathBuf> {
        let config = self.config(container)?;
        let path = config.pointer("/root/path")?.as_str()?;
        Some(match path.starts_with('/') {
            true => self.path(path),
            false => container.bundle.join(path),
        })
    }
}

fn row(line: &str) -> Vec<String> {
    line.trim_end().split(':').map(str::to_owned).collect()
}

/// A file below a folder that is nobody's business but a container's: links in it do not lead
/// out of it.
fn read_within(root: &PathBuf, name: &str) -> Option<String> {
    let folder = File::open(root).ok()?;
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    let file = File::from(openat2(&folder, name, how).ok()?);
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut content = Vec::new();
    file.take(LONGEST_FILE).read_to_end(&mut content).ok()?;
    Some(String::from_utf8_lossy(&content).into_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::collections::HashMap;
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn container(folder: &std::path::Path) -> Container {
        fs::create_dir_all(folder.join("rootfs/etc")).unwrap();
        fs::write(folder.join("config.json"), r#"{"root":{"path":"rootfs"}}"#).unwrap();
        Container {
            id: "web".to_owned(),
            sandbox_id: "web".to_owned(),
            pod: None,
            name: None,
            bundle: folder.to_owned(),
            is_sandbox: false,
            annotations: HashMap::new(),
        }
    }

    #[test]
    fn names_are_those_of_the_container() {
        let folder = tempfile::tempdir().unwrap();
        let container = container(folder.path());
        let etc = folder.path().join("rootfs/etc");
        let passwd = "root:x:0:0::/root:/bin/sh\nweb:x:33:34:::\n:::\nbad:x:y:z\nweb2:x:35:1\n";
        fs::write(etc.join("passwd"), passwd).unwrap();
        let group = "root:x:0:\nlog:x:4:syslog,web\nweb:x:34:\ndisk:x:6:web,root\nodd\n";
        fs::write(etc.join("group"), group).unwrap();
        let host = Host::new("/");
        let user = |uid, gid, gids: &[u32]| User {
            uid,
            gid,
            additional_gids: gids.to_vec(),
        };
        for (text, expected) in [
            ("root", user(0, 0, &[6])),
            ("web", user(33, 34, &[4, 6])),
            ("33", user(33, 34, &[4, 6])),
            ("web:disk", user(33, 6, &[])),
            ("web:", user(33, 34, &[4, 6])),
            ("1000", user(1000, 0, &[])),
            ("1000:1001", user(1000, 1001, &[])),
            ("web2", user(35, 1, &[])),
        ] {
            assert_eq!(host.user(Some(&container), text), Ok(expected), "{text}");
        }
        for (text, error) in [
            ("nobody", "the container has no user \"nobody\""),
            ("bad", "the container has no user \"bad\""),
            ("web:none", "the container has no group \"none\""),
            (
                ":web",
                "\":web\" names no user: write USER or USER:GROUP, by names or numbers",
            ),
            ("-1", "the container has no user \"-1\""),
        ] {
            let found = host.user(Some(&container), text).unwrap_err();
            assert_eq!(found.to_string(), error);
        }
        let error = host.user(None, "web").unwrap_err().to_string();
        assert!(error.contains("give numbers, as in 1000:1000"), "{error}");
        assert_eq!(host.user(None, "5:6"), Ok(user(5, 6, &[])));
    }

    #[test]
    fn links_do_not_lead_out_of_the_root_filesystem() {
        let folder = tempfile::tempdir().unwrap();
        let container = container(folder.path());
        let root = folder.path().join("rootfs");
        fs::write(folder.path().join("host"), "web:x:7:7:::\n").unwrap();
        symlink("../../host", root.join("etc/passwd")).unwrap();
        let found = Host::new("/").user(Some(&container), "web");
        assert_eq!(found, Err(UserError::Unreadable("web".to_owned())));
        // As the container itself sees it.
        fs::write(root.join("host"), "web:x:8:8:::\n").unwrap();
        let found = Host::new("/").user(Some(&container), "web").unwrap();
        assert_eq!(found.uid, 8);
    }
}
