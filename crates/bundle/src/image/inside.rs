//! Paths as a container sees them: its root filesystem is where absolute links
//! begin, and nothing leads above it. What is at a path is not looked into here.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// How many links one path may lead through, as in the kernel.
const MOST_LINKS: usize = 40;

/// Where `path` leads to in the root filesystem `root`, all links followed.
///
/// # Errors
/// When there is nothing, or links go round in a circle.
pub(crate) fn follow(root: &Path, path: &Path) -> io::Result<PathBuf> {
    let mut found = root.to_owned();
    let mut left = Vec::new();
    push(&mut left, path);
    let mut links = 0;
    while let Some(part) = left.pop() {
        if part == ".." {
            if found != root {
                found.pop();
            }
            continue;
        }
        let next = found.join(part);
        match fs::symlink_metadata(&next) {
            Ok(metadata) if metadata.is_symlink() => {
                links += 1;
                if links > MOST_LINKS {
                    let what = format!("{path:?} leads through too many links");
                    return Err(io::Error::other(what));
                }
                let target = fs::read_link(&next)?;
                if target.is_absolute() {
                    root.clone_into(&mut found);
                }
                push(&mut left, &target);
                continue;
            }
            Ok(_) => {}
            Err(error) => return Err(error),
        }
        found = next;
    }
    Ok(found)
}

/// Puts a path's parts on top of those that are left, the first one topmost.
fn push(left: &mut Vec<OsString>, path: &Path) {
    for part in path.components().rev() {
        match part {
            Component::Normal(part) => left.push(part.to_owned()),
            Component::ParentDir => left.push("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_lead_to_what_a_container_finds_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("usr/lib")).unwrap();
        fs::write(root.join("usr/passwd"), "").unwrap();
        fs::write(folder.path().join("secret"), "").unwrap();
        for (link, target) in [
            ("passwd", "/usr/passwd"),
            ("lib", "usr/lib"),
            ("usr/up", "../passwd"),
            ("above", "../../../../usr"),
            ("secret", "../secret"),
            ("outside", "/proc/self/cwd"),
            ("loop", "/usr/../loop"),
            ("all", "/"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        for (path, expected) in [
            ("", Some("")),
            ("passwd", Some("usr/passwd")),
            ("/lib/../up", Some("usr/passwd")),
            ("above/lib", Some("usr/lib")),
            ("all/all/lib", Some("usr/lib")),
            ("../../usr", Some("usr")),
            ("secret", None),
            ("outside", None),
            ("loop", None),
            ("usr/none", None),
            ("usr/passwd/x", None),
        ] {
            let found = follow(&root, Path::new(path)).ok();
            let expected = expected.map(|path| root.join(path));
            // Without the slash that joining nothing leaves at the end.
            let same = found.as_ref().map(|path| path.components());
            assert!(
                same.into_iter()
                    .flatten()
                    .eq(expected.iter().flat_map(|path| path.components())),
                "{path}: {found:?}"
            );
        }
    }
}
