//! Where the sixteenths and the bar lines lie.
//!
//! A file that was written by a program, or played to a metronome, has them in its ticks. Free
//! playing has them nowhere: there beats are looked for ([`beats`]), and sixteenths
//! lie between them. Ticks of the file stay what they are either way.

use super::beats::{self, Onset};
use super::metre::{self, Accent, Metre};
use crate::compose::request::Parameters;
use crate::compose::score::Place;
use crate::music::TempoMap;
use crate::music::composition::{Composition, Division, MetaType, Note};
use crate::music::time::{Tempo, Ticks};

/// Steps between stretches of free playing: more than a silence that begins a section.
const BETWEEN: u64 = 64;
/// Seconds of silence at which beats are looked for anew.
const PAUSE: f64 = 5.0;
/// How far onsets must agree with the file's grid for it to be believed, 0 (chance) to 1 (exact).
const AGREEMENT: f64 = 0.4;
/// Of fewer onsets the file's grid is believed in any case.
const FEW: usize = 8;

/// Where the sixteenths and the bar lines lie.
#[derive(Clone, Debug)]
pub(in crate::compose) struct Grid {
    /// Steps and their ticks, both rising; what lies between or beyond lies on straight lines.
    knots: Vec<(u64, i64)>,
    bars: Bars,
    pub(super) map: TempoMap,
    /// Whether beats had to be looked for.
    pub(super) free: bool,
    /// What a player would call the metre, where the file does not.
    pub(super) signature: Option<(u8, u8)>,
}

#[derive(Clone, Debug)]
enum Bars {
    /// As the file's time signatures say; the number is ticks a quarter.
    Written(u64),
    /// All of one length.
    Regular(Metre),
}

/// A bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The step at which it begins; a pick-up's bar begins before its first note.
    pub start: i64,
    /// Steps.
    pub length: u64,
    /// Its number as people count, from 1; 0 is a pick-up.
    pub number: i64,
    /// Whether its beats are dotted: 6/8, 9/8, 12/8.
    pub compound: bool,
}

impl Grid {
    /// The sixteenths and bars that a file writes down itself, of so many ticks a quarter.
    pub(in crate::compose) fn written(quarter: u64, map: TempoMap) -> Grid {
        let knots = vec![(0, 0), (4, quarter as i64)];
        Grid { knots, bars: Bars::Written(quarter), map, free: false, signature: None }
    }

    pub(super) fn of(composition: &Composition, notes: &[Note], told: &Parameters) -> Grid {
        let map = composition.tempo_map();
        let quarter = match composition.division {
            Division::Metrical(ppq) => Some(u64::from(ppq.get())),
            Division::Smpte { .. } => None,
        };
        let told_beat = told.bpm.map(|bpm| 60.0 / f64::from(bpm.get()));
        let file_beat = f64::from(map.tempos().next().map_or(Tempo::DEFAULT, |(_, t)| t).micros_per_quarter()) / 1e6;
        let agrees = told_beat.is_none_or(|told| (told / file_beat - 1.0).abs() < 0.005);
        let written = quarter.filter(|q| agrees && (told_beat.is_some() || on_grid(notes, *q)));
        let signed = composition.tracks.iter().flat_map(|t| t.metas()).any(|(_, k, _)| k == MetaType::TIME_SIGNATURE);
        let mut grid = match written {
            Some(quarter) => Grid::written(quarter, map),
            None => {
                let knots = free_knots(notes, &map, told_beat);
                Grid { knots, bars: Bars::Written(0), map, free: true, signature: None }
            }
        };
        let metre_told = told.time_signature.map(|s| u64::from(s.numerator()) * 16 / u64::from(s.denominator()));
        if let (Some(_), true, None, None) = (written, signed, metre_told, told.pick_up) {
            return grid;
        }
        let accents = grid.accents(notes);
        let begin = match (written, accents.first()) {
            (Some(_), _) | (None, None) => 0,
            (None, Some(first)) => first.step / 4 * 4,
        };
        let length = metre_told.filter(|l| *l > 0).or_else(|| {
            let signature = grid.map.signatures().next().filter(|_| signed && written.is_some());
            signature.map(|(_, s)| (u64::from(s.numerator()) * 16 / u64::from(s.denominator())).max(1))
        });
        let first = told.pick_up.map(|p| accents.first().map_or(0, |a| a.step) + p.steps());
        // A file whose bars were told in part only, or a metre that was told for its grid, begins where it begins.
        let first = first.or_else(|| (metre_told.is_some() && written.is_some()).then_some(begin));
        let metre = metre::estimate(&accents, begin, length, first);
        grid.signature = Some(match (told.time_signature, grid.map.signatures().next()) {
            (Some(s), _) => (s.numerator(), s.denominator()),
            (None, Some((_, s))) if length.is_some() => (s.numerator(), s.denominator()),
            _ => ((metre.length / 4) as u8, 4),
        });
        grid.bars = Bars::Regular(metre);
        grid
    }

    fn accents(&self, notes: &[Note]) -> Vec<Accent> {
        let mean = notes.iter().map(|n| f64::from(n.velocity.get())).sum::<f64>() / notes.len().max(1) as f64;
        let mut accents: Vec<Accent> = Vec::new();
        for n in notes {
            let step = self.nearest(n.start);
            let loudness = (f64::from(n.velocity.get()) - mean) / 40.0;
            match accents.last_mut() {
                Some(last) if last.step >= step => last.loudness = last.loudness.max(loudness),
                last => {
                    // A note counts until the next one: how long it is held is a matter of touch.
                    if let Some(last) = last {
                        last.length = step - last.step;
                    }
                    accents.push(Accent { step, length: self.nearest(n.end).saturating_sub(step).max(1), loudness });
                }
            }
        }
        accents
    }

    /// The tick of a step.
    pub(super) fn tick(&self, step: u64) -> Ticks {
        let (a, b) = self.around(|(s, _)| *s <= step);
        let tick = i128::from(a.1)
            + (i128::from(step) - i128::from(a.0)) * i128::from(b.1 - a.1) / i128::from((b.0 - a.0).max(1));
        Ticks(u64::try_from(tick.max(0)).unwrap_or(u64::MAX))
    }

    /// The step nearest to a tick.
    pub(super) fn nearest(&self, at: Ticks) -> u64 {
        let at = i128::from(at.0);
        let (a, b) = self.around(|(_, t)| i128::from(*t) <= at);
        let (run, rise) = (i128::from((b.1 - a.1).max(1)), i128::from(b.0 - a.0));
        let since = ((at - i128::from(a.1)) * rise * 2 + run).div_euclid(2 * run);
        u64::try_from((i128::from(a.0) + since).max(0)).unwrap_or(u64::MAX)
    }

    fn around(&self, before: impl Fn(&(u64, i64)) -> bool) -> ((u64, i64), (u64, i64)) {
        let next = self.knots.partition_point(before).clamp(1, self.knots.len() - 1);
        (self.knots[next - 1], self.knots[next])
    }

    /// The bar in which a step lies; none where a file's bars have no end of their own.
    pub(super) fn bar(&self, step: u64) -> Option<Bar> {
        match &self.bars {
            Bars::Regular(metre) => {
                let since = i64::try_from(step).ok()? - i64::try_from(metre.first).ok()?;
                let length = i64::try_from(metre.length).ok()?;
                let bars = since.div_euclid(length);
                let start = metre.first as i64 + bars * length;
                // What begins before the first bar line is a pick-up, where there is one.
                let picked = i64::from(metre.first % metre.length == 0);
                let before = (metre.first / metre.length) as i64 * picked;
                let compound = self.signature.is_some_and(|(n, d)| d == 8 && n % 3 == 0 && n > 3);
                Some(Bar { start, length: metre.length, number: bars + 1 + before, compound })
            }
            Bars::Written(quarter) => {
                let number = self.map.position(self.tick(step))?.bar;
                let (start, next) = (self.map.bar_start(number)?, self.map.bar_start(number + 1)?);
                let signature = self.map.signature_at(start);
                let compound =
                    signature.is_some_and(|(_, s)| s.denominator() == 8 && s.numerator() % 3 == 0 && s.numerator() > 3);
                let length = (next.0.saturating_sub(start.0).saturating_mul(4) + quarter / 2) / quarter;
                let start = (start.0.saturating_mul(4) + quarter / 2) / quarter;
                let (start, number) = (i64::try_from(start).ok()?, i64::try_from(number).ok()?);
                Some(Bar { start, length: length.max(1), number, compound })
            }
        }
    }

    /// What the model is told of a step.
    pub(in crate::compose) fn place(&self, step: u64) -> Place {
        let Some(bar) = self.bar(step) else { return Place { beat: (step % 4) as u8, ..Place::default() } };
        let since = u64::try_from(step as i64 - bar.start).unwrap_or(0);
        Place {
            beat: (since % 4) as u8,
            bar: (since + 1).min(32) as u8,
            bar_length: ((bar.length + 2) / 4).clamp(1, 9) as u8,
            fermata: 0,
        }
    }
}

/// Whether the onsets lie on the file's sixteenths or triplets, or on its eighths: how far their
/// phases point in one direction.
fn on_grid(notes: &[Note], quarter: u64) -> bool {
    if notes.len() < FEW {
        return true;
    }
    let agreement = |parts: u64| {
        let (mut x, mut y) = (0.0, 0.0);
        for n in notes {
            let phase = (n.start.0 % quarter * parts % quarter) as f64 / quarter as f64;
            x += (phase * std::f64::consts::TAU).cos();
            y += (phase * std::f64::consts::TAU).sin();
        }
        (x / notes.len() as f64, y.abs() / notes.len() as f64)
    };
    // Late by the same time throughout is late, not free: the length of the mean counts, as long as it
    // points near enough to the grid.
    [2, 3, 4].into_iter().map(agreement).any(|(x, y)| (x * x + y * y).sqrt() > AGREEMENT && x > y)
}

/// Steps and ticks of beats that are looked for in the playing.
fn free_knots(notes: &[Note], map: &TempoMap, told: Option<f64>) -> Vec<(u64, i64)> {
    let mut onsets: Vec<Onset> = Vec::new();
    let seconds = |at: Ticks| map.micros(at).as_secs_f64();
    let mut ends: Vec<f64> = Vec::new();
    for n in notes {
        let (at, end) = (seconds(n.start), seconds(n.end));
        let weight = 0.4 + (end - at).clamp(0.05, 1.5) + f64::from(n.velocity.get()) / 127.0;
        match onsets.last_mut() {
            // What is struck together is one onset.
            Some(last) if at - last.at < 0.04 => last.weight = last.weight.max(weight) + 0.2,
            _ => {
                onsets.push(Onset { at, weight });
                ends.push(end);
            }
        }
    }
    let mut knots: Vec<(u64, i64)> = Vec::new();
    let mut from = 0;
    while from < onsets.len() {
        let mut to = from + 1;
        while to < onsets.len()
            && onsets[to].at - f64::max(ends[to - 1].min(onsets[to - 1].at + 60.0), onsets[to - 1].at) < PAUSE
        {
            to += 1;
        }
        let first = knots.last().map_or(0, |(step, _)| (step + BETWEEN).div_ceil(16) * 16);
        for (i, beat) in beats::track(&onsets[from..to], told).into_iter().enumerate() {
            let tick = if beat < 0.0 {
                // Before the file begins ticks go on as at its first tempo.
                let second = map.ticks(crate::music::Micros(1_000_000)).0;
                (beat * second as f64) as i64
            } else {
                i64::try_from(map.ticks(crate::music::Micros((beat * 1e6) as u64)).0).unwrap_or(i64::MAX)
            };
            // A file whose ticks are coarse may have several beats in one: there are no finer ones to be had.
            if knots.last().is_none_or(|(_, before)| tick > *before) {
                knots.push((first + 4 * i as u64, tick));
            }
        }
        from = to;
    }
    if knots.len() < 2 {
        let second = i64::try_from(map.ticks(crate::music::Micros(500_000)).0).unwrap_or(1).max(1);
        let (step, tick) = knots.first().copied().unwrap_or((0, 0));
        knots = vec![(step, tick), (step + 4, tick + second)];
    }
    knots
}
