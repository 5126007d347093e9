//! From a composition to finished files on disk: compose, then place what came of it.

pub mod atelier;
pub mod lineage;
pub mod passes;
pub mod sample;

use std::io;
use std::path::{Path, PathBuf};

use super::place::{self, InTheWay};
use crate::compose::arrange::Variation;
use crate::music::smf;

/// A variation that is on disk.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub variation: Variation,
}

/// Why a composition is not on disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not fit into a file.
    #[error(transparent)]
    TooBig(#[from] smf::Error),
    /// The file could not be written; nothing is left behind.
    #[error("cannot write {}: {cause}", path.display())]
    NotWritten {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// The files for a number of variations: the name itself for one; `out-1.mid`, `out-2.mid` and so
/// on for several.
#[must_use]
pub fn names(path: &Path, variations: usize) -> Vec<PathBuf> {
    if variations <= 1 {
        return vec![path.to_owned()];
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let extension = path.extension().map_or_else(|| "mid".to_owned(), |e| e.to_string_lossy().into_owned());
    (1..=variations).map(|n| path.with_file_name(format!("{stem}-{n}.{extension}"))).collect()
}

/// Writes variations to the files of [`names`], the best first.
///
/// # Errors
/// When one cannot be written; those before it are in their places.
pub fn place(variations: Vec<Variation>, path: &Path, in_the_way: InTheWay) -> Result<Vec<Placed>, Error> {
    let paths = names(path, variations.len());
    let files: Vec<Vec<u8>> =
        variations.iter().map(|v| smf::write(&v.composition)).collect::<Result<_, smf::Error>>()?;
    let mut placed = Vec::new();
    for ((variation, path), file) in variations.into_iter().zip(paths).zip(files) {
        let path =
            place::place(&file, &path, in_the_way).map_err(|cause| Error::NotWritten { path: path.clone(), cause })?;
        placed.push(Placed { path, variation });
    }
    Ok(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_variations_are_numbered() {
        assert_eq!(names(Path::new("a/out.mid"), 1), [PathBuf::from("a/out.mid")]);
        assert_eq!(names(Path::new("out.mid"), 2), [PathBuf::from("out-1.mid"), PathBuf::from("out-2.mid")]);
    }
}
