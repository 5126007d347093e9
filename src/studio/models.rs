//! Weights that the user's own music has taught, in a folder where the window finds them by name.
//!
//! A composition remembers by which weights it came about: by their name for people, by their digest so that nothing
//! else is taken for them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::compose::{self, Model};

/// What files of weights end with.
pub const EXTENSION: &str = "safetensors";

/// Weights in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taught {
    /// Their name.
    pub name: String,
    /// Their file.
    pub path: PathBuf,
}

impl std::fmt::Display for Taught {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// By which weights a composition came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Their name then.
    pub name: String,
    /// The digest of their file.
    pub sha256: String,
}

/// Why there is nothing to compose with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The file cannot be read.
    #[error("the style {name} cannot be read: {reason}")]
    Unreadable {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// It holds no weights that can be used.
    #[error("the style {name} is of no use: {cause}; train it again, or choose another")]
    Broken {
        /// Its name.
        name: String,
        /// Why.
        cause: compose::Error,
    },
    /// It is not there any more.
    #[error("the style {name} that this was made with is not on this computer any more, or was trained anew")]
    Gone {
        /// Its name.
        name: String,
    },
}

/// The weights in a folder, by name. A folder that is not there holds none.
#[must_use]
pub fn list(folder: &Path) -> Vec<Taught> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let is_one = |path: &PathBuf| path.extension().is_some_and(|e| e == EXTENSION);
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let paths = entries.flatten().map(|e| e.path()).filter(is_one);
    let mut taught: Vec<Taught> = paths.map(|path| Taught { name: name(&path), path }).collect();
    taught.retain(|t| !t.name.starts_with('.'));
    taught.sort_by_key(|t| (t.name.to_lowercase(), t.name.clone()));
    taught
}

impl Taught {
    fn read(&self) -> Result<Vec<u8>, ModelError> {
        std::fs::read(&self.path).map_err(|e| ModelError::Unreadable { name: self.name.clone(), reason: e.to_string() })
    }

    /// What a composition remembers of it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn mark(&self) -> Result<Mark, ModelError> {
        Ok(Mark { name: self.name.clone(), sha256: hexadecimal(&self.read()?) })
    }
}

/// The weights of a mark, under whatever name they are in the folder now.
///
/// # Errors
/// When they are not there, or of no use.
pub fn find(folder: &Path, mark: &Mark) -> Result<Model, ModelError> {
    let mut all = list(folder);
    // Those of the same name first: the others are read only where it has another name by now.
    all.sort_by_key(|t| t.name != mark.name);
    for taught in all {
        let Ok(bytes) = taught.read() else { continue };
        if hexadecimal(&bytes) == mark.sha256 {
            return Model::read(&bytes).map_err(|cause| ModelError::Broken { name: taught.name, cause });
        }
    }
    Err(ModelError::Gone { name: mark.name.clone() })
}

/// The digest of a file.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_found_by_what_is_in_them_whatever_their_name() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(list(&folder.path().join("not there")), []);
        std::fs::write(folder.path().join("zebra.safetensors"), compose::model::SHIPPED).unwrap();
        std::fs::write(folder.path().join("Broken.safetensors"), b"nothing of use").unwrap();
        std::fs::write(folder.path().join("Broken.checkpoint"), b"of a training").unwrap();
        let all = list(folder.path());
        assert_eq!(all.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["Broken", "zebra"]);
        let (broken, mark) = (all[0].mark().unwrap(), all[1].mark().unwrap());
        std::fs::rename(&all[1].path, folder.path().join("My songs.safetensors")).unwrap();
        assert!(find(folder.path(), &mark).is_ok());
        let error = find(folder.path(), &broken).unwrap_err();
        assert!(matches!(error, ModelError::Broken { .. }), "{error}");
        std::fs::remove_file(folder.path().join("My songs.safetensors")).unwrap();
        assert_eq!(find(folder.path(), &mark).unwrap_err(), ModelError::Gone { name: "zebra".to_owned() });
    }
}
