//! What there is to learn from: a folder of MIDI files, or a data file, parted by piece into what is learned and
//! what is held out.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Error;
use crate::compose::random::Random;
use crate::compose::training::pieces::{Data, Piece};
use crate::compose::training::voices;
use crate::music::smf;

/// Larger files are not even read: no piece of music is.
const LARGEST: u64 = 64 << 20;
/// Folders in folders, so many deep.
const DEEPEST: usize = 16;

/// A file that is not learned from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Below the folder that was named.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// Pieces, and files that gave none.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// What is learned from.
    pub learn: Vec<Piece>,
    /// What it is measured on.
    pub held_out: Vec<Piece>,
    /// What is neither.
    pub left_out: Vec<LeftOut>,
}

impl Material {
    /// Gathers what is at `path`, and holds a share of it out where the data does not say what to hold out.
    ///
    /// # Errors
    /// When nothing there can be learned from.
    pub fn gather(path: &Path, share: f32, seed: u64) -> Result<Material, Error> {
        let unreadable = |cause| Error::Unreadable { path: path.to_owned(), cause };
        let mut material = Material::default();
        if fs::metadata(path).map_err(unreadable)?.is_dir() {
            let mut found = Vec::new();
            walk(path, 0, &mut found).map_err(unreadable)?;
            for (file, looked) in found {
                let name = file.strip_prefix(path).unwrap_or(&file).display().to_string();
                match looked {
                    Ok(()) => material.take(name, &file),
                    Err(cause) => material.left_out.push(LeftOut { name, reason: cause.to_string() }),
                }
            }
        } else if is_midi(path) {
            material.take(path.display().to_string(), path);
        } else {
            let bytes = fs::read(path).map_err(unreadable)?;
            let data = Data::read(&bytes).map_err(|cause| Error::NoData { path: path.to_owned(), cause })?;
            material = Material { learn: data.learn, held_out: data.held_out, left_out: Vec::new() };
        }
        material.leave_out_what_comes_twice();
        if material.learn.is_empty() {
            return Err(Error::Nothing { path: path.to_owned(), left_out: material.left_out });
        }
        if material.held_out.is_empty() {
            material.hold_out(share, seed);
        }
        Ok(material)
    }

    fn take(&mut self, name: String, file: &Path) {
        match read(&name, file) {
            Ok(pieces) => self.learn.extend(pieces),
            Err(reason) => self.left_out.push(LeftOut { name, reason }),
        }
    }

    /// The same music under two names would be learned twice, or be held out and learned.
    fn leave_out_what_comes_twice(&mut self) {
        let mut seen: HashMap<[u8; 32], String> = HashMap::new();
        for piece in &self.held_out {
            seen.insert(piece.digest(), piece.name.clone());
        }
        let left_out = &mut self.left_out;
        self.learn.retain(|piece| match seen.insert(piece.digest(), piece.name.clone()) {
            None => true,
            Some(first) => {
                left_out.push(LeftOut { name: piece.name.clone(), reason: format!("the same music as {first}") });
                false
            }
        });
    }

    /// Whole files are held out, never parts of one.
    fn hold_out(&mut self, share: f32, seed: u64) {
        let mut names: Vec<String> = self.learn.iter().map(|p| p.name.clone()).collect();
        names.dedup();
        if names.len() < 2 || share <= 0.0 {
            return;
        }
        let count = ((names.len() as f32 * share).round() as usize).clamp(1, names.len() - 1);
        Random::new(seed, u64::MAX).shuffle(&mut names);
        names.truncate(count);
        let (held_out, learn) = std::mem::take(&mut self.learn).into_iter().partition(|p| names.contains(&p.name));
        (self.held_out, self.learn) = (held_out, learn);
    }
}

/// Files below a folder, and what could not be looked into.
fn walk(folder: &Path, depth: usize, found: &mut Vec<(PathBuf, io::Result<()>)>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries.into_iter().filter(|e| !e.file_name().to_string_lossy().starts_with('.')) {
        let path = entry.path();
        // What a link leads to is taken for a file only, so that no circle is walked.
        if entry.file_type()?.is_dir() {
            if depth < DEEPEST
                && let Err(cause) = walk(&path, depth + 1, found)
            {
                found.push((path, Err(cause)));
            }
        } else if is_midi(&path) {
            found.push((path, Ok(())));
        }
    }
    Ok(())
}

fn is_midi(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ["mid", "midi", "smf", "rmi", "kar"].contains(&extension.as_str())
}

fn read(name: &str, path: &Path) -> Result<Vec<Piece>, String> {
    let facts = fs::metadata(path).map_err(|e| e.to_string())?;
    if !facts.is_file() {
        return Err("it is no file".to_owned());
    }
    if facts.len() > LARGEST {
        return Err(format!("it is longer than {} MB", LARGEST >> 20));
    }
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    let reading = smf::read(&bytes).map_err(|e| e.to_string())?;
    voices::pieces_of(name, &reading.composition).map_err(|e| e.to_string())
}
