//! The tables of the `pdta` list, and the zones that come of them.

use std::ops::Range;

use super::Fault;
use super::generator::{self, Values};
use super::modulator::{self, Modulator};
use super::riff::{self, Chunk, Id, Reader};

/// More zones than this behind one preset would let a note-on take too long. Real ones have a few hundred.
const MOST_ZONES: usize = 20_000;
/// More modulators than this in one zone are a broken file. Real ones have up to twenty.
const MOST_MODULATORS: usize = 128;
/// More than this in a file, likewise, with the global zones' counted once for each zone that has its own.
const MOST_MODULATORS_IN_ALL: usize = 1 << 19;

/// Inclusive limits on keys or velocities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audio) struct Span {
    pub(in crate::audio) low: u8,
    pub(in crate::audio) high: u8,
}

impl Span {
    pub(in crate::audio) const ALL: Span = Span { low: 0, high: 127 };

    pub(in crate::audio) fn holds(self, value: u8) -> bool {
        self.low <= value && value <= self.high
    }
}

/// A zone of a preset or an instrument, its global zone's values already in it.
#[derive(Clone, Debug)]
pub(in crate::audio) struct Zone {
    pub(in crate::audio) keys: Span,
    pub(in crate::audio) velocities: Span,
    /// The instrument of a preset's zone, the sample of an instrument's.
    pub(in crate::audio) target: u32,
    /// What to add, for a preset's zone; what is so, for an instrument's.
    pub(in crate::audio) values: Values,
    /// Places in [`Tables::modulators`].
    pub(in crate::audio) modulators: Range<u32>,
}

/// A preset: an instrument as people choose it.
#[derive(Clone, Debug)]
pub(in crate::audio) struct Preset {
    pub(in crate::audio) name: String,
    pub(in crate::audio) bank: u16,
    pub(in crate::audio) program: u16,
    /// Places in [`Tables::preset_zones`].
    pub(in crate::audio) zones: Range<u32>,
}

/// A sample as its header describes it, in places of the `smpl` chunk.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) loop_start: u32,
    pub(super) loop_end: u32,
    pub(super) rate: u32,
    pub(super) key: u8,
    pub(super) correction: i8,
    pub(super) kind: u16,
}

/// Everything that the file says about presets and instruments.
#[derive(Debug, Default)]
pub(in crate::audio) struct Tables {
    /// By bank and program.
    pub(in crate::audio) presets: Vec<Preset>,
    pub(in crate::audio) preset_zones: Vec<Zone>,
    /// Each one's places in `instrument_zones`.
    pub(in crate::audio) instruments: Vec<Range<u32>>,
    pub(in crate::audio) instrument_zones: Vec<Zone>,
    pub(in crate::audio) modulators: Vec<Modulator>,
}

/// One table of records of `N` bytes.
struct Table<const N: usize> {
    id: Id,
    at: u64,
    bytes: Vec<u8>,
}

impl<const N: usize> Table<N> {
    fn read<R: std::io::Read + std::io::Seek>(
        reader: &mut Reader<R>,
        chunks: &[Chunk],
        id: Id,
    ) -> Result<Table<N>, Fault> {
        let missing = || Fault::Missing { chunk: riff::name(id) };
        let chunk = *chunks.iter().find(|c| c.id == id).ok_or_else(missing)?;
        let table = Table { id, at: chunk.start, bytes: reader.bytes(chunk)? };
        if table.bytes.is_empty() || table.bytes.len() % N != 0 {
            return Err(table.fault(0, format!("{} bytes are no whole number of records of {N}", table.bytes.len())));
        }
        // Zones are counted with 16 bits; nothing beyond that can be reached.
        if table.rows().len() > 1 << 20 {
            return Err(table.fault(0, format!("{} records", table.rows().len())));
        }
        Ok(table)
    }

    fn rows(&self) -> &[[u8; N]] {
        self.bytes.as_chunks::<N>().0
    }

    fn fault(&self, row: usize, why: String) -> Fault {
        Fault::Malformed { chunk: riff::name(self.id), at: self.at + (row * N) as u64, why }
    }

    /// The places in another table, from the first field here that says where to begin.
    fn places(&self, row: usize, field: usize, beyond: usize) -> Result<Range<usize>, Fault> {
        let begin = |row: usize| self.rows().get(row).map(|r| usize::from(u16_at(r, field)));
        let (Some(from), Some(to)) = (begin(row), begin(row + 1)) else {
            return Err(self.fault(row, "the record that ends the table is missing".into()));
        };
        if from > to || to > beyond {
            return Err(self.fault(row, format!("it points at {from} to {to} of {beyond} records")));
        }
        Ok(from..to)
    }
}

fn bytes_at<const M: usize>(row: &[u8], at: usize) -> [u8; M] {
    row.get(at..).and_then(|r| r.first_chunk::<M>()).copied().unwrap_or([0; M])
}

fn u16_at(row: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes_at(row, at))
}

fn u32_at(row: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes_at(row, at))
}

/// A name of 20 bytes at the head of a record, ended by the first zero.
fn text(row: &[u8]) -> String {
    let name: [u8; 20] = bytes_at(row, 0);
    let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
    let text: String = String::from_utf8_lossy(name.get(..end).unwrap_or_default()).into_owned();
    text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

/// The zones of one side: presets' or instruments'.
struct Zones<'a> {
    bags: Table<4>,
    modulators: Table<10>,
    generators: Table<4>,
    /// The generator that ends a zone: what it stands for is the zone's target.
    target: usize,
    presets: bool,
    targets: usize,
    out: &'a mut Vec<Modulator>,
}

impl Zones<'_> {
    /// The zones of one preset or instrument, its global zone worked into the others.
    fn of(&mut self, bags: Range<usize>) -> Result<Vec<Zone>, Fault> {
        let base: &[Modulator] = if self.presets { &[] } else { &modulator::DEFAULTS };
        let mut global = Zone {
            keys: Span::ALL,
            velocities: Span::ALL,
            target: 0,
            values: if self.presets { [0; generator::COUNT] } else { generator::DEFAULTS },
            modulators: 0..base.len() as u32,
        };
        let mut zones = Vec::new();
        for (n, bag) in bags.enumerate() {
            let mut zone = global.clone();
            let target = self.generators(bag, &mut zone)?;
            self.modulators(bag, &mut zone)?;
            match target {
                Some(target) => {
                    zone.target = u32::from(target);
                    zones.push(zone);
                }
                None if n == 0 => global = zone,
                // The specification says to pass over zones that lead nowhere.
                None => {}
            }
        }
        Ok(zones)
    }

    fn generators(&self, bag: usize, zone: &mut Zone) -> Result<Option<u16>, Fault> {
        let places = self.bags.places(bag, 0, self.generators.rows().len())?;
        for (row, record) in self.generators.rows().iter().enumerate().take(places.end).skip(places.start) {
            let [low, high] = bytes_at(record, 2);
            let span = Span { low: low.min(127), high: high.min(127) };
            match usize::from(u16_at(record, 0)) {
                generator::KEY_RANGE => zone.keys = span,
                generator::VELOCITY_RANGE => zone.velocities = span,
                place if place == self.target => {
                    let target = u16_at(record, 2);
                    if usize::from(target) >= self.targets {
                        let what = if self.presets { "instrument" } else { "sample" };
                        return Err(self.generators.fault(row, format!("{what} {target} of {}", self.targets)));
                    }
                    return Ok(Some(target));
                }
                place if place >= generator::PITCH || self.presets && !generator::of_presets(place) => {}
                place => {
                    if let Some(value) = zone.values.get_mut(place) {
                        *value = u16_at(record, 2).cast_signed();
                    }
                }
            }
        }
        Ok(None)
    }

    fn modulators(&mut self, bag: usize, zone: &mut Zone) -> Result<(), Fault> {
        let places = self.bags.places(bag, 2, self.modulators.rows().len())?;
        if places.is_empty() {
            return Ok(());
        }
        if places.len() > MOST_MODULATORS {
            return Err(self.bags.fault(bag, format!("{} modulators in one zone", places.len())));
        }
        let inherited = zone.modulators.start as usize..zone.modulators.end as usize;
        let start = self.out.len();
        let mut merged = self.out.get(inherited).unwrap_or_default().to_vec();
        let inherited = merged.len();
        for record in self.modulators.rows().get(places).unwrap_or_default() {
            let amount = u16_at(record, 4).cast_signed();
            let (source, destination) = (u16_at(record, 0), u16_at(record, 2));
            let (amount_source, transform) = (u16_at(record, 6), u16_at(record, 8));
            let Some(new) = Modulator::from_record(source, destination, amount, amount_source, transform) else {
                continue;
            };
            match merged.iter_mut().find(|m| m.replaces(&new)) {
                Some(old) => *old = new,
                None => merged.push(new),
            }
        }
        if merged.len() > inherited + MOST_MODULATORS || start + merged.len() > MOST_MODULATORS_IN_ALL {
            return Err(self.bags.fault(bag, "too many modulators".into()));
        }
        self.out.append(&mut merged);
        zone.modulators = start as u32..self.out.len() as u32;
        Ok(())
    }
}

/// Reads the `pdta` list.
pub(super) fn read<R: std::io::Read + std::io::Seek>(
    reader: &mut Reader<R>,
    list: Chunk,
) -> Result<(Tables, Vec<Header>), Fault> {
    let chunks = reader.children(list)?;
    let headers = Table::<46>::read(reader, &chunks, *b"shdr")?;
    let samples = headers.rows().split_last().map_or(&[][..], |(_, rest)| rest);
    let samples: Vec<Header> = samples.iter().map(header).collect();
    let names = Table::<22>::read(reader, &chunks, *b"inst")?;
    let presets = Table::<38>::read(reader, &chunks, *b"phdr")?;
    let mut tables = Tables { modulators: modulator::DEFAULTS.to_vec(), ..Tables::default() };

    let mut zones = Zones {
        bags: Table::read(reader, &chunks, *b"ibag")?,
        modulators: Table::read(reader, &chunks, *b"imod")?,
        generators: Table::read(reader, &chunks, *b"igen")?,
        target: generator::SAMPLE,
        presets: false,
        targets: samples.len(),
        out: &mut tables.modulators,
    };
    for row in 0..names.rows().len().saturating_sub(1) {
        let found = zones.of(names.places(row, 20, zones.bags.rows().len())?)?;
        tables.instruments.push(append(&mut tables.instrument_zones, found));
    }

    let mut zones = Zones {
        bags: Table::read(reader, &chunks, *b"pbag")?,
        modulators: Table::read(reader, &chunks, *b"pmod")?,
        generators: Table::read(reader, &chunks, *b"pgen")?,
        target: generator::INSTRUMENT,
        presets: true,
        targets: tables.instruments.len(),
        out: &mut tables.modulators,
    };
    for (row, record) in presets.rows().iter().enumerate().take(presets.rows().len().saturating_sub(1)) {
        let found = zones.of(presets.places(row, 24, zones.bags.rows().len())?)?;
        let behind = |zone: &Zone| tables.instruments.get(zone.target as usize).map_or(0, ExactSizeIterator::len);
        if found.len() + found.iter().map(behind).sum::<usize>() > MOST_ZONES {
            return Err(presets.fault(row, format!("more than {MOST_ZONES} zones in one preset")));
        }
        let (name, program, bank) = (text(record), u16_at(record, 20), u16_at(record, 22));
        tables.presets.push(Preset { name, bank, program, zones: append(&mut tables.preset_zones, found) });
    }
    if tables.presets.is_empty() {
        return Err(presets.fault(0, "no preset in it".into()));
    }
    tables.presets.sort_by_key(|p| (p.bank, p.program));
    Ok((tables, samples))
}

fn append(all: &mut Vec<Zone>, mut new: Vec<Zone>) -> Range<u32> {
    let start = all.len() as u32;
    all.append(&mut new);
    start..all.len() as u32
}

fn header(row: &[u8; 46]) -> Header {
    let [key, correction] = bytes_at(row, 40);
    Header {
        name: text(row),
        start: u32_at(row, 20),
        end: u32_at(row, 24),
        loop_start: u32_at(row, 28),
        loop_end: u32_at(row, 32),
        rate: u32_at(row, 36),
        // 255 means "no pitch"; other values above 127 mean nothing, and both play at 60.
        key: if key > 127 { 60 } else { key },
        correction: correction.cast_signed(),
        kind: u16_at(row, 44),
    }
}
