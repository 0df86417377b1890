//! The user that an image runs as, from names to the numbers that the image's
//! own files give them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::inside;
use crate::image::error::ImageError;

/// The most of a file that is read, in bytes.
const LIMIT: u64 = 4 << 20;
const USERS: &str = "etc/passwd";
const GROUPS: &str = "etc/group";

/// Who a process runs as.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct User {
    /// The user's number.
    pub(crate) uid: u32,
    /// The number of its group.
    pub(crate) gid: u32,
    /// Further groups, sorted.
    pub(crate) groups: Vec<u32>,
}

impl User {
    /// The user that `text` names (`user`, `uid`, `user:group` with either as a
    /// name or a number; nothing is root) in the root filesystem `root`, which
    /// must be a path without links. Without a group it is the user's own, and
    /// the groups that it is a member of are its further ones.
    ///
    /// # Errors
    /// When a name is not there.
    pub(crate) fn find(text: &str, root: &Path) -> Result<Self, ImageError> {
        let users = lines(root, USERS);
        let groups = lines(root, GROUPS);
        Self::find_in(text, &users, &groups)
    }

    /// What can be told without the image's files.
    ///
    /// # Errors
    /// When there is a name.
    pub(crate) fn without_files(text: &str) -> Result<Self, ImageError> {
        Self::find_in(text, &[], &[])
    }

    fn find_in(text: &str, users: &[Line], groups: &[Line]) -> Result<Self, ImageError> {
        let missing = |file, name: &str| ImageError::User {
            user: text.to_owned(),
            file,
            name: name.to_owned(),
        };
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group).filter(|group| !group.is_empty())),
            None => (text, None),
        };
        let user = if user.is_empty() { "0" } else { user };
        let number = user.parse::<u32>().ok();
        let entry = users.iter().find(|line| match number {
            Some(uid) => line.number(2) == Some(uid),
            None => line.part(0) == user,
        });
        let uid = number.or_else(|| entry?.number(2));
        let uid = uid.ok_or_else(|| missing("/etc/passwd", user))?;
        if let Some(group) = group {
            let named = || groups.iter().find(|line| line.part(0) == group)?.number(2);
            let gid = group.parse().ok().or_else(named);
            let gid = gid.ok_or_else(|| missing("/etc/group", group))?;
            return Ok(Self {
                uid,
                gid,
                groups: Vec::new(),
            });
        }
        let gid = entry.and_then(|line| line.number(3)).unwrap_or(0);
        let name = entry.map_or("", |line| line.part(0));
        let is_member =
            |line: &&Line| !name.is_empty() && line.part(3).split(',').any(|member| member == name);
        let others = groups.iter().filter(is_member);
        let mut others: Vec<u32> = others.filter_map(|line| line.number(2)).collect();
        others.retain(|group| *group != gid);
        others.sort_unstable();
        others.dedup();
        Ok(Self {
            uid,
            gid,
            groups: others,
        })
    }
}

/// A line of parts with colons between them.
struct Line(Vec<String>);

impl Line {
    fn part(&self, index: usize) -> &str {
        self.0.get(index).map_or("", String::as_str)
    }

    fn number(&self, index: usize) -> Option<u32> {
        self.part(index).parse().ok()
    }
}

/// The lines of a file in the root filesystem; none where there is no such file.
fn lines(root: &Path, name: &str) -> Vec<Line> {
    let path = inside::follow(root, Path::new(name));
    let path = path.ok().filter(|path| path.is_file());
    let mut bytes = Vec::new();
    if let Some(file) = path.and_then(|path| File::open(path).ok()) {
        // A file that cannot be read has none of the names that are looked up.
        let _ = file.take(LIMIT).read_to_end(&mut bytes);
    }
    parse(&String::from_utf8_lossy(&bytes))
}

fn parse(text: &str) -> Vec<Line> {
    let line = |line: &str| Line(line.split(':').map(str::to_owned).collect());
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{User, parse};

    const USERS: &str = "root:x:0:0::/:\nweb:x:33:34::/:\nbad\nweb:x:99:99::/:\n";
    const GROUPS: &str = "root:x:0:\nwww:x:34:web\nlog:x:40:a,web\nadm:x:4:web,b\nadm:x:4:web\n";

    #[test]
    fn names_and_numbers() {
        for (text, expected) in [
            ("", Some((0, 0, &[][..]))),
            ("root", Some((0, 0, &[]))),
            ("web", Some((33, 34, &[4, 40]))),
            ("33", Some((33, 34, &[4, 40]))),
            ("5000", Some((5000, 0, &[]))),
            ("web:log", Some((33, 40, &[]))),
            ("web:7", Some((33, 7, &[]))),
            ("1:log", Some((1, 40, &[]))),
            ("web:", Some((33, 34, &[4, 40]))),
            (":log", Some((0, 40, &[]))),
            ("none", None),
            ("web:none", None),
            ("-1", None),
            ("bad", None),
        ] {
            let found = User::find_in(text, &parse(USERS), &parse(GROUPS)).ok();
            let expected = expected.map(|(uid, gid, groups): (_, _, &[u32])| User {
                uid,
                gid,
                groups: groups.to_vec(),
            });
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
