//! The report on one file: gathered once, shown as text or as JSON.

use std::io::Write;

use serde::Serialize;

use crate::cli::output::{FAINT, HEADING, WARNING};
use crate::music::composition::{Composition, Division, Format, MetaType, Track, event, text};
use crate::music::message::Key;
use crate::music::smf::{RECORDED, Reading};
use crate::music::time::Ticks;
use crate::music::{Tempo, TempoMap, general_midi, pitch};

/// How many lines a list of the text report has at most; JSON has them all.
const LINES: usize = 12;

/// The JSON document, `composer.info/1`. Ticks count from 0; tracks, channels and bars from 1.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    schema: &'static str,
    file: String,
    format: u16,
    /// Ticks a quarter note; null where ticks are parts of film frames.
    ticks_per_quarter: Option<u16>,
    /// Where ticks are parts of film frames.
    smpte: Option<Smpte>,
    name: Option<String>,
    device: Option<String>,
    /// When it was recorded (RFC 3339), where composer wrote the file.
    recorded: Option<String>,
    /// All note-ons with a velocity above 0.
    notes: usize,
    range: Option<Range>,
    duration_s: f64,
    tempos: Vec<TempoChange>,
    time_signatures: Vec<Place>,
    key_signatures: Vec<Place>,
    markers: Vec<Place>,
    tracks: Vec<TrackReport>,
    warnings: Vec<WarningReport>,
}

#[derive(Debug, Serialize)]
struct Smpte {
    frames_per_second: f64,
    ticks_per_frame: u8,
}

#[derive(Debug, Serialize)]
struct Range {
    lowest: Pitch,
    highest: Pitch,
}

#[derive(Debug, Serialize)]
struct Pitch {
    key: u8,
    name: String,
}

#[derive(Debug, Serialize)]
struct TempoChange {
    /// In a file of format 2 the piece, which has a time of its own; null elsewhere.
    track: Option<usize>,
    tick: u64,
    time_s: f64,
    bpm: f64,
    microseconds_per_quarter: u32,
}

#[derive(Debug, Serialize)]
struct Place {
    tick: u64,
    time_s: f64,
    /// Null where ticks are parts of film frames.
    bar: Option<u64>,
    text: String,
}

#[derive(Debug, Serialize)]
struct TrackReport {
    track: usize,
    name: Option<String>,
    channels: Vec<u8>,
    instruments: Vec<Instrument>,
    notes: usize,
    range: Option<Range>,
    events: usize,
    end_s: f64,
}

#[derive(Debug, Serialize)]
struct Instrument {
    channel: u8,
    /// 0 to 127 as in the file; null where the file leaves it open.
    program: Option<u8>,
    name: &'static str,
}

#[derive(Debug, Serialize)]
struct WarningReport {
    offset: u64,
    track: Option<u16>,
    message: String,
}

/// The tempo map of every track, made once: a file can have 65,535 tracks.
enum Maps {
    Shared(TempoMap),
    /// Never empty.
    Own(Vec<TempoMap>),
}

impl Maps {
    fn of(composition: &Composition) -> Maps {
        match composition.format {
            Format::Single | Format::Parallel => Maps::Shared(composition.tempo_map()),
            Format::Sequential => {
                Maps::Own((0..composition.tracks.len().max(1)).map(|i| composition.tempo_map_of(i)).collect())
            }
        }
    }

    fn of_track(&self, index: usize) -> &TempoMap {
        match self {
            Maps::Shared(map) => map,
            Maps::Own(maps) => &maps[index],
        }
    }
}

impl Report {
    pub(super) fn new(file: String, reading: &Reading) -> Report {
        let composition = &reading.composition;
        let maps = Maps::of(composition);
        let map = maps.of_track(0);
        let (ticks_per_quarter, smpte) = match composition.division {
            Division::Metrical(ppq) => (Some(ppq.get()), None),
            Division::Smpte { rate, subframes } => {
                let (frames, seconds) = rate.ratio();
                let frames_per_second = f64::from(frames) / f64::from(seconds);
                (None, Some(Smpte { frames_per_second, ticks_per_frame: subframes.get() }))
            }
        };
        let all = || composition.tracks.iter();
        let text = |kind| all().find_map(|t| t.texts(kind).map(|(_, text)| text).find(|text| !text.is_empty()));
        let recorded = all()
            .flat_map(|t| t.texts(MetaType::TEXT))
            .find_map(|(_, text)| text.strip_prefix(RECORDED).map(str::to_owned));
        let key_signatures = places(composition, &maps, MetaType::KEY_SIGNATURE, event::key_signature);
        let markers = places(composition, &maps, MetaType::MARKER, |data| Some(text::decode(data)));
        Report {
            schema: "composer.info/1",
            file,
            format: composition.format.number(),
            ticks_per_quarter,
            smpte,
            name: composition.tracks.first().and_then(Track::name),
            device: text(MetaType::DEVICE),
            recorded,
            notes: composition.note_count(),
            range: Range::of(all().filter_map(Track::range)),
            duration_s: composition.duration().as_secs_f64(),
            tempos: tempos(&maps),
            time_signatures: map.signatures().map(|(at, s)| Place::new(map, at, s.to_string())).collect(),
            key_signatures,
            markers,
            tracks: (0..composition.tracks.len())
                .map(|i| TrackReport::new(i, &composition.tracks[i], maps.of_track(i)))
                .collect(),
            warnings: reading
                .warnings
                .iter()
                .map(|w| WarningReport {
                    offset: w.offset,
                    track: w.track.map(|index| index.saturating_add(1)),
                    message: w.to_string(),
                })
                .collect(),
        }
    }

    pub(super) fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "{HEADING}{}{HEADING:#}", self.file)?;
        let resolution = match (&self.ticks_per_quarter, &self.smpte) {
            (Some(ticks), _) => format!("{ticks} ticks a quarter note"),
            (None, Some(s)) => {
                format!("{} ticks a frame, {:.2} frames a second (SMPTE)", s.ticks_per_frame, s.frames_per_second)
            }
            (None, None) => String::new(),
        };
        let texts = [("Name", &self.name), ("Recorded", &self.recorded), ("Device", &self.device)];
        for (label, text) in texts {
            if let Some(text) = text {
                line(out, label, text)?;
            }
        }
        line(out, "Format", &format!("{}, {resolution}", self.format))?;
        line(out, "Duration", &clock(self.duration_s))?;
        let range = self.range.as_ref().map(|r| format!(", {r}")).unwrap_or_default();
        line(out, "Notes", &format!("{}{range}", self.notes))?;
        let tempos = self.tempos.iter().map(|t| {
            let piece = t.track.map(|track| format!(" (track {track})")).unwrap_or_default();
            (t.time_s, None, format!("{} bpm{piece}", rounded(t.bpm)))
        });
        list(out, "Tempo", tempos.collect())?;
        let places = |list: &[Place]| list.iter().map(|p| (p.time_s, p.bar, p.text.clone())).collect();
        list(out, "Time", places(&self.time_signatures))?;
        list(out, "Key", places(&self.key_signatures))?;
        list(out, "Markers", places(&self.markers))?;
        self.print_tracks(out)?;
        self.print_warnings(out)
    }

    fn print_tracks(&self, out: &mut impl Write) -> std::io::Result<()> {
        if self.tracks.is_empty() {
            return Ok(());
        }
        let width = self.tracks.iter().map(|t| t.label().chars().count()).max().unwrap_or(0).clamp(4, 32);
        writeln!(
            out,
            "\n{HEADING}{:>5}  {:<width$}  {:<8}  {:>7}  {:<9}  Instrument{HEADING:#}",
            "Track", "Name", "Channel", "Notes", "Range"
        )?;
        for track in &self.tracks {
            let label: String = track.label().chars().take(width).collect();
            let channels: Vec<_> = track.channels.iter().map(u8::to_string).collect();
            let range = track.range.as_ref().map(Range::to_string).unwrap_or_default();
            let mut instruments: Vec<_> = track.instruments.iter().map(|i| i.name).collect();
            instruments.dedup();
            let row = format!(
                "{:>5}  {label:<width$}  {:<8}  {:>7}  {range:<9}  {}",
                track.track,
                channels.join(","),
                track.notes,
                instruments.join(", ")
            );
            writeln!(out, "{}", row.trim_end())?;
        }
        Ok(())
    }

    fn print_warnings(&self, out: &mut impl Write) -> std::io::Result<()> {
        if self.warnings.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        for warning in self.warnings.iter().take(2 * LINES) {
            let track = warning.track.map(|t| format!(", track {t}")).unwrap_or_default();
            writeln!(out, "{WARNING}warning:{WARNING:#} byte {}{track}: {}", warning.offset, warning.message)?;
        }
        match self.warnings.len().saturating_sub(2 * LINES) {
            0 => Ok(()),
            more => writeln!(out, "{FAINT}and {more} more warnings; --json shows them all{FAINT:#}"),
        }
    }
}

fn tempos(maps: &Maps) -> Vec<TempoChange> {
    let changes = |track: Option<usize>, map: &TempoMap| -> Vec<TempoChange> {
        let change = |(at, tempo): (Ticks, Tempo)| TempoChange {
            track: track.map(|index| index + 1),
            tick: at.0,
            time_s: map.micros(at).as_secs_f64(),
            bpm: tempo.bpm(),
            microseconds_per_quarter: tempo.micros_per_quarter(),
        };
        map.tempos().map(change).collect()
    };
    match maps {
        Maps::Shared(map) => changes(None, map),
        Maps::Own(maps) => (0..).zip(maps).flat_map(|(track, map)| changes(Some(track), map)).collect(),
    }
}

/// The meta events of one kind in all tracks, in the order of time.
fn places(
    composition: &Composition,
    maps: &Maps,
    kind: MetaType,
    text: impl Fn(&[u8]) -> Option<String>,
) -> Vec<Place> {
    let mut places = Vec::new();
    for (index, track) in composition.tracks.iter().enumerate() {
        let found = track.metas().filter(|(_, k, _)| *k == kind);
        places.extend(found.filter_map(|(at, _, data)| Some(Place::new(maps.of_track(index), at, text(data)?))));
    }
    places.sort_by_key(|p| p.tick);
    places.dedup_by(|a, b| a.tick == b.tick && a.text == b.text);
    places
}

impl Place {
    fn new(map: &TempoMap, at: Ticks, text: String) -> Place {
        Place { tick: at.0, time_s: map.micros(at).as_secs_f64(), bar: map.position(at).map(|p| p.bar), text }
    }
}

impl TrackReport {
    fn new(index: usize, track: &Track, map: &TempoMap) -> TrackReport {
        let programs = track.programs();
        let open = track
            .channels()
            .iter()
            .filter(|channel| *channel == general_midi::PERCUSSION && !programs.iter().any(|(c, _)| c == channel))
            .map(|channel| (channel, None));
        let instruments = programs.iter().map(|(channel, program)| (*channel, Some(*program))).chain(open);
        TrackReport {
            track: index + 1,
            name: track.name(),
            channels: track.channels().iter().map(|c| c.number()).collect(),
            instruments: instruments
                .map(|(channel, program)| Instrument {
                    channel: channel.number(),
                    program: program.map(u8::from),
                    name: general_midi::name(channel, program.unwrap_or_default()),
                })
                .collect(),
            notes: track.note_count(),
            range: Range::of(track.range().into_iter()),
            events: track.len(),
            end_s: map.micros(track.end()).as_secs_f64(),
        }
    }

    fn label(&self) -> &str {
        self.name.as_deref().unwrap_or("-")
    }
}

impl Range {
    fn of(ranges: impl Iterator<Item = (Key, Key)>) -> Option<Range> {
        let pitch = |key: Key| Pitch { key: key.get(), name: pitch::name(key) };
        ranges
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
            .map(|(lowest, highest)| Range { lowest: pitch(lowest), highest: pitch(highest) })
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.lowest.name, self.highest.name)
    }
}

fn line(out: &mut impl Write, label: &str, text: &str) -> std::io::Result<()> {
    writeln!(out, "  {label:<10}{text}")
}

/// A list with the places of its items; a single one at the start needs no place.
fn list(out: &mut impl Write, label: &str, items: Vec<(f64, Option<u64>, String)>) -> std::io::Result<()> {
    let alone = items.len() == 1;
    let mut label = label;
    for (time, bar, text) in items.iter().take(LINES) {
        let bar = bar.map(|b| format!(", bar {b}")).unwrap_or_default();
        let place =
            if alone && *time == 0.0 { String::new() } else { format!("  {FAINT}{}{bar}{FAINT:#}", clock(*time)) };
        line(out, label, &format!("{text}{place}"))?;
        label = "";
    }
    match items.len().saturating_sub(LINES) {
        0 => Ok(()),
        more => line(out, "", &format!("{FAINT}and {more} more; --json shows them all{FAINT:#}")),
    }
}

/// Hours, minutes and seconds with their thousandths.
fn clock(seconds: f64) -> String {
    let ms = (seconds * 1000.0).round() as u64;
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms % 60_000);
    let hours = if h > 0 { format!("{h}:{m:02}") } else { m.to_string() };
    format!("{hours}:{:02}.{:03}", s / 1000, s % 1000)
}

/// At most two decimals, and none that are zero.
fn rounded(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
