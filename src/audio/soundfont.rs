//! SoundFonts: presets, instruments and samples of an SF2 or SF3 file, ready for [`super::synth`] to play.
//!
//! Follows the SoundFont 2.04 specification (Creative, 2006), and for SF3 what MuseScore made of it: samples that are
//! Ogg Vorbis streams. A file is read once; 16-bit samples stay as they are in the file, so that a font takes about
//! its own size in memory. Streams are decoded preset by preset ([`SoundFont::prepare`]), because a whole SF3 would
//! take seconds and six times its size.
//!
//! A file is not believed: every length is checked against what is there, and what cannot be used is either an error
//! with its place ([`Fault`]) or left out and told by [`SoundFont::warnings`].
//!
//! symphonia (Vorbis) is known here; of the rest of the program, nothing.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

mod builtin;
pub(super) mod generator;
pub(super) mod modulator;
mod riff;
mod samples;
mod tables;

use modulator::Modulator;
use riff::Reader;
pub(super) use samples::{Bounds, Wave};
use samples::{Pool, Samples};
use tables::Tables;
pub(super) use tables::Zone;

/// The bank in which SoundFonts keep drum kits.
pub const DRUM_BANK: u16 = 128;

/// Why a SoundFont cannot be used.
#[derive(Debug, Error)]
pub enum SoundFontError {
    /// The file cannot be opened.
    #[error("{}: cannot be opened: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is open, but no SoundFont comes of it.
    #[error("{}: {fault}; copy it again from where it came from, or choose another SoundFont", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        fault: Fault,
    },
}

/// What is wrong with a SoundFont's bytes.
#[derive(Debug, Error)]
pub enum Fault {
    /// It does not begin as one.
    #[error("not a SoundFont: it does not begin with RIFF and sfbk")]
    NotASoundFont,
    /// A chunk goes on beyond what holds it.
    #[error("cut short: chunk '{chunk}' at byte {at} says {length} bytes, {room} are there")]
    Truncated {
        /// The chunk's name.
        chunk: String,
        /// Where its header begins, in bytes from the file's start.
        at: u64,
        /// The length that it claims.
        length: u64,
        /// The length that there is room for.
        room: u64,
    },
    /// A chunk that must be there is not.
    #[error("broken: it has no chunk '{chunk}'")]
    Missing {
        /// The chunk's name.
        chunk: String,
    },
    /// A chunk's content makes no sense.
    #[error("broken: chunk '{chunk}', at byte {at}: {why}")]
    Malformed {
        /// The chunk's name.
        chunk: String,
        /// Where in the file, in bytes.
        at: u64,
        /// What is wrong there.
        why: String,
    },
    /// None of its samples can be played.
    #[error("none of its samples can be played; the first: {first}")]
    Silent {
        /// What is wrong with the first of them.
        first: String,
    },
    /// More than this machine can address.
    #[error("too large for this machine")]
    TooLarge,
    /// The system could not read.
    #[error("reading failed: {0}")]
    Read(#[from] io::Error),
}

/// A preset's name and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresetInfo<'a> {
    /// 0 to 127, or [`DRUM_BANK`].
    pub bank: u16,
    /// 0 to 127.
    pub program: u8,
    /// As the font calls it.
    pub name: &'a str,
}

/// A font, unchanging except that streams get decoded. Shared between threads behind an `Arc`.
#[derive(Debug)]
pub struct SoundFont {
    name: String,
    tables: Tables,
    samples: Samples,
    state: Vec<State>,
    warnings: Vec<String>,
}

/// Whether a preset can sound.
#[derive(Debug, Default)]
struct State {
    ready: AtomicBool,
    wanted: AtomicBool,
}

impl SoundFont {
    /// Reads an SF2 or SF3 file.
    ///
    /// # Errors
    /// When it cannot be opened, is no SoundFont or is broken; with the place in the file.
    pub fn load(path: &Path) -> Result<SoundFont, SoundFontError> {
        let open = |source| SoundFontError::Open { path: path.into(), source };
        let file = File::open(path).map_err(open)?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            let words = "it is a folder; name a SoundFont in it (.sf2, .sf3)";
            return Err(open(io::Error::new(io::ErrorKind::IsADirectory, words)));
        }
        SoundFont::read(BufReader::new(file)).map_err(|fault| SoundFontError::Broken { path: path.into(), fault })
    }

    /// Reads a font from anything seekable.
    ///
    /// # Errors
    /// When it is no SoundFont or is broken.
    pub fn read(source: impl Read + Seek) -> Result<SoundFont, Fault> {
        let mut reader = Reader::new(source)?;
        let outer = reader.outer(*b"sfbk")?;
        let lists = reader.children(outer)?;
        let list = |id: &[u8; 4]| lists.iter().find(|c| c.id == *id).copied();
        let missing = |chunk: &str| Fault::Missing { chunk: chunk.into() };

        let mut name = String::new();
        if let Some(info) = list(b"INFO") {
            for chunk in reader.children(info)? {
                if chunk.id == *b"INAM" && chunk.length <= 256 {
                    let bytes = reader.bytes(chunk)?;
                    let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
                    name = String::from_utf8_lossy(text).trim().replace(char::is_control, "");
                }
            }
        }
        let (tables, headers) = tables::read(&mut reader, list(b"pdta").ok_or_else(|| missing("pdta"))?)?;

        let data = reader.children(list(b"sdta").ok_or_else(|| missing("sdta"))?)?;
        let points = *data.iter().find(|c| c.id == *b"smpl").ok_or_else(|| missing("smpl"))?;
        let pool = if samples::packed(&headers) {
            Pool::Packed(reader.bytes(points)?)
        } else {
            // As the specification says: lower bits of another length are not the lower bits of these samples.
            let low = data.iter().find(|c| c.id == *b"sm24" && c.length.abs_diff(points.length / 2) <= 1);
            let low = low.map(|c| reader.bytes(*c)).transpose()?;
            Pool::Plain(reader.samples(points)?, low)
        };
        let (samples, wrong) = Samples::new(pool, &headers);
        if wrong.len() == headers.len() {
            return Err(Fault::Silent { first: wrong.into_iter().next().unwrap_or_else(|| "there are none".into()) });
        }
        Ok(SoundFont::assemble(name, tables, samples, wrong))
    }

    /// Instruments made by this program's own code, for machines that have no SoundFont.
    #[must_use]
    pub fn builtin() -> SoundFont {
        builtin::font()
    }

    fn assemble(name: String, tables: Tables, samples: Samples, warnings: Vec<String>) -> SoundFont {
        let state = tables.presets.iter().map(|_| State::default()).collect();
        let font = SoundFont { name, tables, samples, state, warnings };
        for (preset, state) in font.state.iter().enumerate() {
            state.ready.store(font.samples_of(preset).all(|s| font.samples.ready(s)), Ordering::Release);
        }
        font
    }

    /// What the font calls itself; may be empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The presets, by bank and program; drum kits are in [`DRUM_BANK`].
    pub fn presets(&self) -> impl Iterator<Item = PresetInfo<'_>> {
        self.tables.presets.iter().map(|p| PresetInfo {
            bank: p.bank,
            program: p.program.min(127) as u8,
            name: &p.name,
        })
    }

    /// What had to be left out, a line each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The memory that samples take, in bytes.
    #[must_use]
    pub fn sample_memory(&self) -> usize {
        self.samples.memory()
    }

    /// Makes a preset ready to sound, and with it what a synthesiser would take in its place if it is not there.
    /// Only an SF3 needs this; it takes up to some tenths of a second. Never call it on the audio thread.
    pub fn prepare(&self, bank: u16, program: u8) {
        if let Some(preset) = self.find(bank, program) {
            self.prepare_preset(preset, &|| true);
        }
    }

    /// Makes a preset ready, unless it is.
    pub(super) fn make_ready(&self, preset: usize) {
        if !self.ready(preset) {
            self.prepare_preset(preset, &|| true);
        }
    }

    /// Makes the presets ready that synthesisers have asked for since; the number of them. For a thread beside the
    /// audio thread, every few milliseconds, as long as [`SoundFont::all_ready`] is false. Once `go_on` says no, it
    /// comes back after the sample at hand.
    pub fn prepare_wanted(&self, go_on: impl Fn() -> bool + Sync) -> usize {
        let wanted = |s: &State| s.wanted.load(Ordering::Acquire) && !s.ready.load(Ordering::Acquire);
        let asked: Vec<usize> = (0..).zip(&self.state).filter(|(_, s)| wanted(s)).map(|(n, _)| n).collect();
        for preset in &asked {
            self.prepare_preset(*preset, &go_on);
        }
        asked.len()
    }

    /// Whether every preset can sound at once: always so for an SF2.
    #[must_use]
    pub fn all_ready(&self) -> bool {
        self.state.iter().all(|s| s.ready.load(Ordering::Acquire))
    }

    fn prepare_preset(&self, preset: usize, go_on: &(impl Fn() -> bool + Sync)) {
        let mut samples: Vec<u32> = self.samples_of(preset).filter(|s| !self.samples.ready(*s)).collect();
        samples.sort_unstable();
        samples.dedup();
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4).min(samples.len());
        if workers > 1 {
            std::thread::scope(|scope| {
                let helper = |first| {
                    let share = samples.iter().skip(first).step_by(workers).take_while(|_| go_on());
                    scope.spawn(move || share.for_each(|s| self.samples.prepare(*s)))
                };
                let helpers: Vec<_> = (0..workers).map(helper).collect();
                // The scope alone waits for their work, and not until the threads and what is theirs are gone.
                helpers.into_iter().for_each(|h| h.join().unwrap_or_else(|e| std::panic::resume_unwind(e)));
            });
        } else {
            samples.iter().take_while(|_| go_on()).for_each(|s| self.samples.prepare(*s));
        }
        if let Some(state) = self.state.get(preset).filter(|_| go_on()) {
            state.ready.store(true, Ordering::Release);
        }
    }

    fn samples_of(&self, preset: usize) -> impl Iterator<Item = u32> + '_ {
        let (_, zones) = self.zones_of(preset);
        zones.iter().flat_map(|zone| self.instrument(zone).1).map(|zone| zone.target)
    }

    /// The preset that sounds for this bank and program: itself, or the same program of bank 0, or a piano;
    /// among drum kits the standard kit.
    pub(super) fn find(&self, bank: u16, program: u8) -> Option<usize> {
        let exact = |bank: u16, program: u16| {
            self.tables.presets.binary_search_by_key(&(bank, program), |p| (p.bank, p.program)).ok()
        };
        let program = u16::from(program);
        let found = exact(bank, program);
        if bank == DRUM_BANK {
            let kit = || self.tables.presets.iter().position(|p| p.bank == DRUM_BANK);
            return found.or_else(|| exact(bank, 0)).or_else(kit);
        }
        found.or_else(|| exact(0, program)).or_else(|| exact(0, 0)).or((!self.tables.presets.is_empty()).then_some(0))
    }

    /// Whether this preset can sound; asks for it if not. Wait-free.
    pub(super) fn ready(&self, preset: usize) -> bool {
        self.state.get(preset).is_none_or(|state| {
            let ready = state.ready.load(Ordering::Acquire);
            if !ready {
                state.wanted.store(true, Ordering::Release);
            }
            ready
        })
    }

    /// A preset's zones, and the first one's place among all.
    pub(super) fn zones_of(&self, preset: usize) -> (u32, &[Zone]) {
        let range = self.tables.presets.get(preset).map_or(0..0, |p| p.zones.clone());
        let zones = self.tables.preset_zones.get(range.start as usize..range.end as usize);
        (range.start, zones.unwrap_or_default())
    }

    /// The zones of the instrument that a preset's zone leads to, and the first one's place among all.
    pub(super) fn instrument(&self, zone: &Zone) -> (u32, &[Zone]) {
        let range = self.tables.instruments.get(zone.target as usize).cloned().unwrap_or(0..0);
        let zones = self.tables.instrument_zones.get(range.start as usize..range.end as usize);
        (range.start, zones.unwrap_or_default())
    }

    /// The modulators of an instrument's zone and a preset's, by their places among all.
    pub(super) fn modulators_of(&self, instrument_zone: u32, preset_zone: u32) -> [&[Modulator]; 2] {
        let of = |zones: &[Zone], place: u32| {
            zones.get(place as usize).map(|z| z.modulators.start as usize..z.modulators.end as usize)
        };
        let instrument = of(&self.tables.instrument_zones, instrument_zone);
        let preset = of(&self.tables.preset_zones, preset_zone);
        [instrument, preset].map(|range| range.and_then(|r| self.tables.modulators.get(r)).unwrap_or_default())
    }

    /// An instrument zone's sample, if it can sound.
    pub(super) fn wave(&self, sample: u32) -> Option<Wave<'_>> {
        self.samples.wave(sample)
    }
}
