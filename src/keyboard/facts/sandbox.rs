//! Whether composer runs inside a sandbox that can hide devices.

use std::path::Path;

use serde::Serialize;

/// What composer is shut into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Sandbox {
    /// Flatpak, under this application id.
    Flatpak {
        /// The application's id.
        id: String,
    },
    /// Snap, under this name.
    Snap {
        /// The snap's name.
        id: String,
    },
    /// A container (Docker, Podman, systemd-nspawn).
    Container,
}

/// Looks at the marks that each of them leaves.
pub(super) fn detect() -> Option<Sandbox> {
    detect_in(Path::new("/"), |name| std::env::var(name).ok().filter(|v| !v.is_empty()))
}

fn detect_in(root: &Path, variable: impl Fn(&str) -> Option<String>) -> Option<Sandbox> {
    let flatpak = root.join(".flatpak-info");
    if flatpak.exists() || variable("FLATPAK_ID").is_some() {
        let from_file = || {
            let text = std::fs::read_to_string(&flatpak).ok()?;
            text.lines().find_map(|l| l.strip_prefix("name=")).map(str::to_owned)
        };
        let id = variable("FLATPAK_ID").or_else(from_file).unwrap_or_else(|| "APPLICATION".into());
        return Some(Sandbox::Flatpak { id });
    }
    // SNAP alone is also set for programs that a snap's terminal started outside of it.
    if variable("SNAP").is_some_and(|folder| folder.starts_with("/snap/"))
        && let Some(id) = variable("SNAP_NAME")
    {
        return Some(Sandbox::Snap { id });
    }
    (root.join(".dockerenv").exists() || root.join("run/.containerenv").exists()).then_some(Sandbox::Container)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flatpak_snap_and_containers_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(detect_in(root.path(), |_| None), None);
        let snap = |name: &str| match name {
            "SNAP" => Some("/snap/composer/12".to_owned()),
            "SNAP_NAME" => Some("composer".to_owned()),
            _ => None,
        };
        assert_eq!(detect_in(root.path(), snap), Some(Sandbox::Snap { id: "composer".into() }));
        std::fs::write(root.path().join(".dockerenv"), "").unwrap();
        assert_eq!(detect_in(root.path(), |_| None), Some(Sandbox::Container));
        std::fs::write(root.path().join(".flatpak-info"), "[Application]\nname=org.example.Composer\n").unwrap();
        assert_eq!(detect_in(root.path(), |_| None), Some(Sandbox::Flatpak { id: "org.example.Composer".into() }));
    }
}
