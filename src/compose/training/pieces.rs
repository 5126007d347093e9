//! Pieces to learn from, and the JSON file that `training/prepare.py` writes.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::compose::score::{Attack, BAR_LENGTHS, BARS, Cell, Place, Score, VOICES};

/// Shorter pieces are left out.
pub const SHORTEST: usize = 16;
/// Semitones by which pieces are transposed.
const SHIFTS: std::ops::RangeInclusive<i16> = -6..=5;
/// The highest key for a soprano and the lowest for a bass, where a transposition may bring them.
const SINGABLE: (i16, i16) = (82, 35);

/// A piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file that it comes from.
    pub name: String,
    /// The music.
    pub score: Score,
    /// Semitones by which it may be moved; 0 is always among them.
    pub(super) shifts: Vec<i16>,
}

impl Piece {
    /// A piece, with the transpositions that keep its outer voices where singers can reach them.
    #[must_use]
    pub fn new(name: impl Into<String>, score: Score) -> Piece {
        let keys = |v: usize| score.steps.iter().filter_map(move |s| s[v].symbol.to_key()).map(i16::from);
        let (highest, lowest) = (keys(0).max().unwrap_or(0), keys(VOICES - 1).min().unwrap_or(127));
        let shifts = SHIFTS.filter(|k| *k == 0 || (highest + k <= SINGABLE.0 && lowest + k >= SINGABLE.1)).collect();
        Piece { name: name.into(), score, shifts }
    }

    /// What is in it, whatever its name: SHA-256.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (step, place) in self.score.steps.iter().zip(&self.score.places) {
            for cell in step {
                hash.update([cell.symbol.index() as u8, cell.attack as u8]);
            }
            hash.update([place.beat, place.bar, place.bar_length, place.fermata]);
        }
        hash.finalize().into()
    }
}

/// What is in a number of pieces, in hexadecimal.
#[must_use]
pub fn digest<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> String {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece.digest());
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// A data file: what may be learned from, and what is looked at while learning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// The split `train`.
    pub learn: Vec<Piece>,
    /// The split `valid`.
    pub held_out: Vec<Piece>,
}

/// Why a data file is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoData {
    /// It is no JSON, or of another kind.
    #[error("it is not in the format of training/README.md: {0}")]
    Format(String),
    /// What is told of a piece does not fit it.
    #[error("the details of piece {number} of its split `{split}` are not of the piece's length")]
    Details {
        /// Which, from 1.
        number: usize,
        /// Of which split.
        split: &'static str,
    },
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    train: Vec<Vec<[i16; VOICES]>>,
    #[serde(default)]
    valid: Vec<Vec<[i16; VOICES]>>,
    #[serde(default)]
    details: Splits,
}

#[derive(Default, Deserialize)]
struct Splits {
    #[serde(default)]
    train: Vec<Details>,
    #[serde(default)]
    valid: Vec<Details>,
}

/// What a grid of pitches cannot say.
#[derive(Deserialize)]
struct Details {
    id: Option<String>,
    onset: Vec<u8>,
    bar: Vec<u16>,
    bar_length: Vec<u16>,
    fermata: Vec<u8>,
}

impl Data {
    /// From JSON as `training/README.md` describes it. Pieces of less than a bar are left out.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read(json: &[u8]) -> Result<Data, NoData> {
        let file: File = serde_json::from_slice(json).map_err(|e| NoData::Format(e.to_string()))?;
        Ok(Data {
            learn: split("train", &file.train, &file.details.train)?,
            held_out: split("valid", &file.valid, &file.details.valid)?,
        })
    }
}

fn split(split: &'static str, pieces: &[Vec<[i16; VOICES]>], details: &[Details]) -> Result<Vec<Piece>, NoData> {
    let mut all = Vec::new();
    for (i, pitches) in pieces.iter().enumerate().filter(|(_, p)| p.len() >= SHORTEST) {
        let mut score = Score::of_pitches(pitches);
        let mut name = format!("{split} {}", i + 1);
        if let Some(details) = details.get(i) {
            tell(&mut score, details).ok_or(NoData::Details { number: i + 1, split })?;
            name = details.id.clone().unwrap_or(name);
        }
        all.push(Piece::new(name, score));
    }
    Ok(all)
}

/// Adds the details; `None` where they are of another length.
fn tell(score: &mut Score, details: &Details) -> Option<()> {
    for t in 0..score.len() {
        let (onset, bar) = (*details.onset.get(t)?, *details.bar.get(t)?);
        let (length, fermata) = (*details.bar_length.get(t)?, *details.fermata.get(t)?);
        for (v, cell) in score.steps[t].iter_mut().enumerate() {
            let attack = if onset >> v & 1 == 1 { Attack::Struck } else { Attack::Held };
            *cell = Cell { attack, ..*cell };
        }
        score.places[t] = Place {
            beat: (bar % 4) as u8,
            bar: 1 + bar.min(BARS as u16 - 2) as u8,
            bar_length: (length / 4).min(BAR_LENGTHS as u16 - 1) as u8,
            fermata: 1 + u8::from(fermata > 0),
        };
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_file_with_and_without_details() {
        let steps = vec![[67, 64, 60, -1]; 20];
        let details = serde_json::json!({ "id": "bwv1", "onset": vec![15; 20], "bar": vec![5; 20],
            "bar_length": vec![12; 20], "fermata": vec![1; 20] });
        let json =
            serde_json::json!({ "train": [steps, steps[..9]], "valid": [steps], "details": { "train": [details] } });
        let data = Data::read(json.to_string().as_bytes()).unwrap();
        assert_eq!((data.learn.len(), data.held_out.len()), (1, 1));
        assert_eq!(data.learn[0].name, "bwv1");
        assert_eq!(data.learn[0].score.places[3], Place { beat: 1, bar: 6, bar_length: 3, fermata: 2 });
        assert_eq!(data.learn[0].score.steps[3][0].attack, Attack::Struck);
        assert_eq!(data.held_out[0].score.steps[3][0].attack, Attack::Unknown);
        assert_ne!(data.learn[0].digest(), data.held_out[0].digest());
        // A soprano on 67 with no bass at all may go everywhere.
        assert_eq!(data.learn[0].shifts.len(), 12);
        let mut short = json;
        short["details"]["train"][0]["bar"] = serde_json::json!([1]);
        let error = Data::read(short.to_string().as_bytes()).unwrap_err();
        assert_eq!(error, NoData::Details { number: 1, split: "train" });
        assert!(Data::read(b"MThd").unwrap_err().to_string().contains("format of training/README.md"));
    }
}
