//! What is in a file, for a list: read once, as long as the file stays the same.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::picture::Picture;
use super::reason;
use crate::music::composition::{Composition, MetaType};
use crate::music::general_midi;
use crate::music::smf;
use crate::music::{Channel, Micros};

/// Larger files are not opened for the list.
const LARGEST: u64 = 256 << 20;

/// What a list shows of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How long it plays.
    pub length: Micros,
    /// How many notes it has.
    pub notes: usize,
    /// How many tracks with notes.
    pub tracks: usize,
    /// The piece's own name, if it says one.
    pub title: Option<String>,
    /// Its first instrument.
    pub instrument: &'static str,
    /// When it was recorded, if it says so.
    pub recorded: Option<jiff::Timestamp>,
    /// What it looks like.
    pub picture: Picture,
    /// What its bytes come to, by which it is known again under another name.
    pub fingerprint: u64,
}

/// Reads a file.
///
/// # Errors
/// In a sentence, when it cannot be read or holds no music.
pub fn summarise(path: &Path) -> Result<Summary, String> {
    let mut file = File::open(path).map_err(|e| format!("It cannot be opened: {}", reason(&e)))?;
    let length = file.metadata().map_or(0, |m| m.len());
    if length > LARGEST {
        return Err(format!("It is {} MB long, too long to be looked into.", length >> 20));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    Read::by_ref(&mut file)
        .take(LARGEST)
        .read_to_end(&mut bytes)
        .map_err(|e| format!("It cannot be read: {}", reason(&e)))?;
    let reading = smf::read(&bytes).map_err(|e| format!("It holds no music: {e}"))?;
    Ok(Summary::of(&reading.composition, &bytes))
}

impl Summary {
    fn of(composition: &Composition, bytes: &[u8]) -> Summary {
        let sounding = || composition.tracks.iter().filter(|t| t.range().is_some());
        let program = |t: &crate::music::composition::Track| {
            let (channel, program) = t.programs().first().copied()?;
            Some(general_midi::name(channel, program))
        };
        let channel = sounding().next().and_then(|t| t.channels().iter().next()).unwrap_or_default();
        let recorded = composition.tracks.first().and_then(|t| {
            let mut texts = t.texts(MetaType::TEXT);
            texts.find_map(|(_, text)| text.strip_prefix(smf::RECORDED)?.parse::<jiff::Timestamp>().ok())
        });
        Summary {
            length: composition.duration(),
            notes: composition.note_count(),
            tracks: sounding().count(),
            title: composition.tracks.first().and_then(|t| t.name()),
            instrument: sounding().find_map(program).unwrap_or_else(|| usual_instrument(channel)),
            recorded,
            picture: Picture::of(composition),
            fingerprint: fingerprint(bytes),
        }
    }
}

fn usual_instrument(channel: Channel) -> &'static str {
    general_midi::name(channel, crate::music::message::Value::masked(0))
}

/// FNV-1a with 64 bits: stays the same in all versions, and nobody forges tags.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}
