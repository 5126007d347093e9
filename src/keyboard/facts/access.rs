//! Whether a device node may be opened for reading and writing, and by whom. Looking does not open it.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// What may be done with a device node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Access {
    /// Reading and writing.
    Allowed {
        /// The node.
        path: PathBuf,
    },
    /// Not for this user.
    Denied(NotAllowed),
    /// There is no such node.
    Missing {
        /// The node.
        path: PathBuf,
    },
}

/// A node that this user may not open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotAllowed {
    /// The node.
    pub path: PathBuf,
    /// Its permissions as `ls -l` counts them: `660`.
    pub mode: String,
    /// Its group, by name where the system has one.
    pub group: String,
}

impl Access {
    /// The node.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Access::Allowed { path } | Access::Missing { path } => path,
            Access::Denied(node) => &node.path,
        }
    }
}

/// Asks the system, access lists (a seat's `uaccess`) included.
#[cfg(target_os = "linux")]
#[must_use]
pub fn node(path: &Path) -> Access {
    use std::os::unix::fs::MetadataExt;

    use rustix::fs;

    let wanted = fs::Access::READ_OK | fs::Access::WRITE_OK;
    match (std::fs::metadata(path), fs::access(path, wanted)) {
        (_, Ok(())) => Access::Allowed { path: path.into() },
        (Ok(meta), Err(_)) => Access::Denied(NotAllowed {
            path: path.into(),
            mode: format!("{:o}", meta.mode() & 0o777),
            group: group_name(meta.gid()).unwrap_or_else(|| meta.gid().to_string()),
        }),
        // A folder on the way that may not be entered hides the node as well as its absence does.
        (Err(_), Err(_)) => Access::Missing { path: path.into() },
    }
}

/// Other systems have no such nodes.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn node(path: &Path) -> Access {
    Access::Missing { path: path.into() }
}

/// Whether this process may act for a group, from `/etc/group` and the process's own groups.
#[cfg(target_os = "linux")]
pub(super) fn in_group(name: &str) -> bool {
    let Some(gid) = groups().and_then(|text| group_id(&text, name)) else { return false };
    rustix::process::getegid().as_raw() == gid
        || rustix::process::getgroups().is_ok_and(|mine| mine.iter().any(|g| g.as_raw() == gid))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn in_group(_name: &str) -> bool {
    false
}

#[cfg(target_os = "linux")]
pub(super) fn superuser() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn superuser() -> bool {
    false
}

#[cfg(target_os = "linux")]
fn groups() -> Option<String> {
    std::fs::read_to_string("/etc/group").ok()
}

#[cfg(target_os = "linux")]
fn group_name(gid: u32) -> Option<String> {
    let text = groups()?;
    let line = text.lines().find(|l| l.split(':').nth(2) == Some(&gid.to_string()))?;
    Some(line.split(':').next()?.to_owned())
}

#[cfg(target_os = "linux")]
fn group_id(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find(|l| l.split(':').next() == Some(name))?.split(':').nth(2)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_allowed_or_missing() {
        assert_eq!(node(Path::new("/dev/null")), Access::Allowed { path: "/dev/null".into() });
        assert_eq!(node(Path::new("/dev/no-such-node")), Access::Missing { path: "/dev/no-such-node".into() });
    }

    #[test]
    fn group_numbers_are_found_by_whole_names() {
        assert_eq!(group_id("root:x:0:\naudio2:x:30:\naudio:x:29:me,you\n", "audio"), Some(29));
        assert_eq!(group_id("root:x:0:\n", "audio"), None);
    }
}
