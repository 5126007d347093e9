//! Music that can be chosen from a list: what ships, the take on the desk, the files of the library.

use std::path::{Path, PathBuf};

use super::now::Now;
use crate::studio::compose::atelier::Melody;
use crate::studio::compose::sample::{SAMPLES, Sample};
use crate::studio::desk::Piece;
use crate::studio::library;

/// Files of the library that are offered, the newest first.
const MOST: usize = 300;

/// Where music comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It ships with the program.
    Sample(Sample),
    /// A file.
    File(PathBuf),
}

impl Source {
    /// Reads it as a melody.
    ///
    /// # Errors
    /// When it is no music, in words.
    pub fn melody(&self) -> Result<Melody, String> {
        match self {
            Source::Sample(sample) => {
                let melody = sample.melody().ok_or_else(|| unreadable(sample))?;
                Ok(Melody::of(sample.name, melody))
            }
            Source::File(path) => Melody::read(path),
        }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// When it is no music, in words.
    pub fn piece(&self) -> Result<Piece, String> {
        match self {
            Source::Sample(sample) => {
                let whole = sample.whole().ok_or_else(|| unreadable(sample))?;
                Ok(Piece::of(sample.name.to_owned(), &whole))
            }
            Source::File(path) => Piece::read(path).map_err(|e| format!("{e}.")),
        }
    }
}

fn unreadable(sample: &Sample) -> String {
    format!("{} cannot be read", sample.name)
}

/// Music in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Where it comes from.
    pub source: Source,
    name: String,
}

impl Offer {
    /// What ships.
    #[must_use]
    pub fn sample(sample: Sample) -> Offer {
        Offer { source: Source::Sample(sample), name: format!("{} (sample)", sample.name) }
    }

    /// A file.
    #[must_use]
    pub fn file(path: &Path) -> Offer {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Offer { source: Source::File(path.to_owned()), name }
    }
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// The files of a library, the newest first.
#[must_use]
pub fn files(library: &Path) -> Vec<PathBuf> {
    let mut files = library::list(library).map(|l| l.files).unwrap_or_default();
    files.sort_by_key(|f| std::cmp::Reverse(f.id.modified));
    files.into_iter().map(|f| f.path).take(MOST).collect()
}

/// What is offered: the take on the desk first, then the samples, then the library.
#[must_use]
pub fn offers(files: &[PathBuf], now: &Now) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    if let Some(path) = now.piece.as_ref().and_then(|p| p.path.as_ref()) {
        let offer = Offer::file(path);
        offers.push(Offer { name: format!("{} (on the desk)", offer.name), ..offer });
    }
    offers.extend(SAMPLES.map(Offer::sample));
    offers.extend(files.iter().map(|path| Offer::file(path)));
    offers
}
