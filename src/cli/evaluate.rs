//! `composer evaluate`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use super::compose::{Meter, model};
use super::output::{FAINT, HEADING};
use super::{Context, Exit, Failure};
use crate::compose::draw::Manner;
use crate::compose::evaluation::{
    self, Copy, Data, Figures, Grader, Harmonised, Nll, Pitches, Protocol, Quality, Resolution,
};

/// The options of `composer evaluate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Figures are nats a step of four voices; lower is better. Random orders take a pass a step.\n\n\
                        Example: composer evaluate --data chorales.json --split valid --json"
)]
pub struct Args {
    /// Pieces: JSON whose `train`, `valid` or `test` holds lists of steps of four MIDI pitches.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Which pieces of it: train, valid or test.
    #[arg(long, value_enum, default_value_t = Split::Valid, hide_possible_values = true)]
    pub split: Split,
    /// Only the first so many pieces.
    #[arg(long, value_name = "N")]
    pub pieces: Option<usize>,
    /// Random orders of the steps, 0 to 20; 0 leaves them out.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=20))]
    pub orders: u8,
    /// Look at pieces by sixteenth, eighth or quarter [all three].
    #[arg(long, value_enum, value_name = "RESOLUTION", hide_possible_values = true)]
    pub resolution: Vec<Fineness>,
    /// Harmonise the melodies too, choosing from so many drafts.
    #[arg(long, value_name = "DRAFTS", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub harmonise: Option<u32>,
    /// The seed of everything that is drawn.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// Weights to measure instead of composer's own.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Print JSON (schema composer.evaluate/1).
    #[arg(long)]
    pub json: bool,
}

/// A part of a data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// What may be learned from.
    Train,
    /// What one looks at while learning.
    Valid,
    /// What is kept back.
    Test,
}

/// A resolution by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fineness {
    /// Every step.
    Sixteenth,
    /// Every second step.
    Eighth,
    /// Every fourth step.
    Quarter,
}

#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    data: String,
    split: Split,
    pieces: usize,
    steps: usize,
    orders: u8,
    nll: Nll,
    /// "Copy what was", in time order, fitted to the file's training split (or, without one, to
    /// what is measured).
    copy: BTreeMap<Resolution, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    harmonised: Option<Harmonised>,
    original: Quality,
}

/// Measures.
///
/// # Errors
/// When the file or the weights are of no use.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let mut data = load(&args.data)?;
    let training = std::mem::take(&mut data.train);
    let mut pieces = match args.split {
        Split::Train => training.clone(),
        Split::Valid => data.valid,
        Split::Test => data.test,
    };
    pieces.truncate(args.pieces.unwrap_or(usize::MAX));
    if pieces.iter().all(Vec::is_empty) {
        let message = format!("{} has no pieces in its split `{:?}`", args.data.display(), args.split).to_lowercase();
        return Err(Failure::new(Exit::BadInput, message).remedy("another --split").into());
    }
    let model = model(args.model.as_deref())?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let resolutions = match args.resolution.as_slice() {
        [] => Resolution::ALL.to_vec(),
        some => some.iter().map(|f| resolution(*f)).collect(),
    };
    let protocol = Protocol { resolutions, orders: args.orders.into(), seed: args.seed, threads };
    let mut meter = Meter::new("measuring");
    let nll = evaluation::measure(&model, &pieces, &protocol, &mut |d| meter.show(d))?;
    let grader = Grader::fit(if training.is_empty() { &pieces } else { &training });
    let harmonised = match args.harmonise {
        None => None,
        Some(drafts) => {
            let manner = Manner { temperature: 0.6, seed: args.seed, drafts: drafts as usize, scale: 0, home: None };
            Some(Harmonised::of(&model, &pieces, &grader, manner, threads, &mut |d| meter.show(d))?)
        }
    };
    meter.clear();
    let copy = protocol.resolutions.iter().map(|r| (*r, copied(*r, &training, &pieces))).collect();
    let report = Report {
        schema: "composer.evaluate/1",
        data: args.data.display().to_string(),
        split: args.split,
        pieces: pieces.len(),
        steps: pieces.iter().map(Vec::len).sum(),
        orders: args.orders,
        nll,
        copy,
        harmonised,
        original: Quality::of(&pieces, &grader),
    };
    if args.json {
        context.out.json(&report)?;
    } else {
        report.print(context)?;
    }
    Ok(Exit::Success)
}

fn load(path: &std::path::Path) -> Result<Data, Failure> {
    let remedy = "a file as `make train-data` writes it";
    let file = std::fs::File::open(path)
        .map_err(|e| Failure::new(Exit::BadInput, format!("cannot read {}: {e}", path.display())).remedy(remedy))?;
    serde_json::from_reader(std::io::BufReader::new(file))
        .map_err(|e| Failure::new(Exit::BadInput, format!("{}: {e}", path.display())).remedy(remedy))
}

fn resolution(fineness: Fineness) -> Resolution {
    match fineness {
        Fineness::Sixteenth => Resolution::Sixteenth,
        Fineness::Eighth => Resolution::Eighth,
        Fineness::Quarter => Resolution::Quarter,
    }
}

fn copied(resolution: Resolution, training: &[Pitches], pieces: &[Pitches]) -> f64 {
    let at = |pieces: &[Pitches]| pieces.iter().map(|p| resolution.of(p)).collect::<Vec<_>>();
    let pieces = at(pieces);
    let copy = if training.is_empty() { Copy::fit(&pieces) } else { Copy::fit(&at(training)) };
    copy.chronological(&pieces)
}

impl Report {
    fn print(&self, context: &mut Context) -> anyhow::Result<()> {
        let (heading, faint) = (HEADING, FAINT);
        let out = &mut context.out;
        writeln!(out, "{heading}{} pieces, {} steps{heading:#}", self.pieces, self.steps)?;
        write!(out, "{:32}", "nats a step")?;
        for resolution in self.copy.keys() {
            write!(out, "{:>16}", format!("{resolution:?}").to_lowercase())?;
        }
        writeln!(out, "   {faint}chain rule / argmax written{faint:#}")?;
        let rows: [(&str, &BTreeMap<Resolution, Figures>); 4] = [
            ("in time order", &self.nll.chronological),
            ("alto, tenor, bass given soprano", &self.nll.atb_given_s),
            ("random order", &self.nll.random_single),
            ("random orders, log mean exp", &self.nll.random_lme5),
        ];
        for (name, figures) in rows.iter().filter(|(_, f)| !f.is_empty()) {
            write!(out, "{name:32}")?;
            for f in figures.values() {
                write!(out, "{:>8.3} /{:>6.3}", f.chain_rule, f.argmax_written)?;
            }
            writeln!(out)?;
        }
        write!(out, "{:32}", "copy what was, in time order")?;
        for nats in self.copy.values() {
            write!(out, "{nats:>8.3}{:8}", "")?;
        }
        writeln!(out, "\n")?;
        let titles = ["parallels", "crossing", "spacing", "range", "chords"].map(|t| format!("{t:>10}")).concat();
        writeln!(out, "{heading}{:32}{titles}   changes a piece, soprano to bass{heading:#}", "")?;
        let sets = [("these pieces", Some(self.original)), ("harmonised", self.harmonised.map(|h| h.model))];
        let sets: Vec<(&str, Quality)> = sets.into_iter().filter_map(|(name, q)| Some((name, q?))).collect();
        for (name, Quality { texture: t, .. }) in &sets {
            writeln!(
                out,
                "{name:32}{:>10.2}{:>8.2} %{:>8.2} %{:>8.2} %{:>8.1} %   {}",
                t.parallels_a_piece,
                t.crossing_percent,
                t.spacing_percent,
                t.range_percent,
                t.chords_percent,
                t.changes_a_piece.map(|c| format!("{c:.1}")).join(" "),
            )?;
        }
        let titles = ["median", "mean", "degree", "duration", "parallels", "chords", "repeats"];
        let titles = titles.map(|t| format!("{t:>10}")).concat();
        writeln!(out, "\n{heading}{:32}{titles}   intervals, soprano to bass{heading:#}", "Bach or Mock")?;
        for (name, Quality { bach_or_mock: g, .. }) in &sets {
            let d = &g.distances;
            let columns = [g.median, g.mean, d.degree, d.duration, d.parallels, d.chords, d.repeats];
            let columns = columns.map(|c| format!("{c:>10.2}")).concat();
            writeln!(out, "{name:32}{columns}   {}", d.intervals.map(|i| format!("{i:.2}")).join(" "))?;
        }
        Ok(())
    }
}
