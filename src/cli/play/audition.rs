//! Listening to files that are sound already, and to MIDI files between them: one after the other, as they are. The
//! pieces are performed as rodio asks for them; who wants to seek or loop plays them without sounds beside them.

use std::path::Path;

/// Whether a file is sound, by its name.
pub(super) fn is_sound(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| ["wav", "wave", "flac", "ogg", "oga"].iter().any(|sound| e.eq_ignore_ascii_case(sound)))
}

#[cfg(not(feature = "audio"))]
pub(super) fn run(_: &super::Args, _: &mut crate::cli::Context) -> anyhow::Result<crate::cli::Exit> {
    use crate::audio::output::OutputError;
    Err(crate::cli::sound::output_failure(&OutputError::NotBuilt("sound (the feature `audio`)")).into())
}

#[cfg(feature = "audio")]
pub(super) use heard::run;

#[cfg(feature = "audio")]
mod heard {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::keys::{Keys, Wish};
    use super::super::line::{Line, Progress, say, time};
    use super::super::perform::{self, Document, Played};
    use super::super::{Args, track};
    use super::is_sound;
    use crate::audio::audition::{Audition, AuditionError};
    use crate::audio::instrument::performing_synths;
    use crate::audio::output::{Request, System};
    use crate::audio::performance::{Manner, Performance};
    use crate::audio::sequencer::{Score, Speed, Strip};
    use crate::cli::interrupt::Interrupt;
    use crate::cli::{Context, Exit, Failure, info, sound, source};
    use crate::music::Micros;
    use crate::settings::Settings;
    use crate::studio::instruments::{self, Chosen};

    /// How often the keys and the output are looked after.
    const CARE: Duration = Duration::from_millis(100);

    /// The rate that pieces are made at where nothing else is said; rodio makes it the output's.
    const RATE: u32 = 48_000;

    pub(in crate::cli::play) fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
        let settings = source::settings(context);
        let request = request(args, &settings)?;
        // Reading may wait for a pipe, and Ctrl-C ends that by itself.
        let items = items(args, &settings)?;
        let interrupt = Interrupt::install()?;
        let keys = Keys::new();
        let mut line = Line::new();
        let mut played = Vec::new();
        let (mut output, mut xruns) = (String::new(), 0);
        for (file, item) in items {
            let (mut audition, length, percent, score) = match item {
                Item::Sound => {
                    let audition = Audition::of_file(file, &request).map_err(|e| failure(&e))?;
                    let length = audition.length();
                    (audition, length, 100, None)
                }
                Item::Piece { score, strips, chosen } => {
                    let (audition, length) = piece(args, Arc::clone(&score), strips, &chosen, &settings, &request)?;
                    (audition, Some(length), args.speed.percent(), Some(score))
                }
            };
            let speed = f64::from(percent) / 100.0;
            let shown = length.map_or_else(String::new, |l| format!(": {}", time(Micros::from(l))));
            say(&format!("{}{shown}", info::name(file)));
            let map = score.as_ref().map(|score| score.tempo_map());
            let mut draw = |audition: &Audition, playing: bool| {
                line.draw(&Progress {
                    map,
                    position: Micros::from(audition.position().mul_f64(speed)),
                    length: length.map(Micros::from),
                    percent,
                    playing,
                    looped: None,
                    peak: None,
                    xruns: xruns + audition.xruns(),
                });
            };
            let after = hear(&mut audition, &keys, &interrupt, &mut draw);
            line.clear();
            let after = after?;
            if let Some(cut_off) = audition.cut_off() {
                source::warn(&format!("{}: {cut_off}", info::name(file)));
            }
            audition.output().clone_into(&mut output);
            xruns += audition.xruns();
            let here = audition.position().mul_f64(speed);
            let duration = length.unwrap_or(here);
            let reached = if audition.is_over() { duration } else { here.min(duration) };
            played.push(Played {
                path: info::name(file),
                duration_s: duration.as_secs_f64(),
                reached_s: reached.as_secs_f64(),
            });
            if matches!(after, After::Quit) {
                break;
            }
        }
        if args.json {
            context.out.json(&Document { schema: "composer.play/1", files: played, output, xruns })?;
        }
        Ok(Exit::Success)
    }

    /// A file, found to be of use.
    enum Item {
        Sound,
        Piece { score: Arc<Score>, strips: Vec<Strip>, chosen: Chosen },
    }

    /// What is of no use should be known before anything sounds.
    fn items<'a>(args: &'a Args, settings: &Settings) -> anyhow::Result<Vec<(&'a Path, Item)>> {
        let mut scores = Vec::new();
        for file in &args.files {
            if is_sound(file) {
                Audition::check(file).map_err(|e| failure(&e))?;
                scores.push(None);
            } else {
                scores.push(Some(perform::load(file)?));
            }
        }
        track::known(args, scores.iter().flatten().map(AsRef::as_ref))?;
        let chosen = if scores.iter().any(Option::is_some) { Some(args.font.load(settings)?) } else { None };
        let mut items = Vec::new();
        for (file, score) in args.files.iter().zip(scores) {
            let item = match (score, &chosen) {
                (Some(score), Some(chosen)) => {
                    let strips = track::strips(args, &score, Some(chosen))?;
                    Item::Piece { score, strips, chosen: chosen.clone() }
                }
                _ => Item::Sound,
            };
            items.push((file.as_path(), item));
        }
        Ok(items)
    }

    /// What comes after a file.
    enum After {
        Next,
        Quit,
    }

    /// Where sounds are heard; refuses what cannot be done to them.
    fn request(args: &Args, settings: &Settings) -> Result<Request, Failure> {
        let wrong = |text: &str, remedy: &str| Failure::new(Exit::Usage, text).remedy(remedy);
        if args.midi_out.is_some() {
            return Err(wrong("a file of sound cannot be sent to a MIDI port", "name MIDI files alone"));
        }
        if args.from.is_some() || args.looped.is_some() {
            return Err(wrong("a file of sound has no bars to begin at or to loop", "name MIDI files alone"));
        }
        let of_pieces = (args.speed != Speed::NORMAL || args.metronome || args.font.any())
            || (args.output.rate.is_some() || args.output.buffer.is_some());
        if of_pieces && args.files.iter().all(|file| is_sound(file)) {
            return Err(wrong("a file of sound plays as it is", "leave all options but `--output` and `--json` out"));
        }
        let mut request = args.output.request(settings);
        if request.system == System::Jack && args.output.any() {
            request.system = System::Platform;
            request.device = None;
        }
        if request.system == System::Jack {
            return Err(wrong("files of sound are not played through JACK directly", "leave `--output` out"));
        }
        Ok(request)
    }

    /// A MIDI file as a sound, and how long it is at its own tempo.
    fn piece(
        args: &Args,
        score: Arc<Score>,
        strips: Vec<Strip>,
        chosen: &Chosen,
        settings: &Settings,
        request: &Request,
    ) -> Result<(Audition, Duration), Failure> {
        instruments::prepare(&chosen.font, &score, &strips);
        let metronome = args.metronome.then(|| sound::click_volume(settings));
        let rate = request.rate.unwrap_or(RATE);
        let manner = Manner { speed: args.speed, strips, metronome, ..Manner::plain(rate) };
        let make = performing_synths(Arc::clone(&chosen.font), args.font.options(settings));
        let length = Duration::from(score.length());
        let performance = Performance::new(score, &make, &manner);
        let audition = Audition::of(performance.into_source(), request).map_err(|e| failure(&e))?;
        Ok((audition, length))
    }

    fn hear(
        audition: &mut Audition,
        keys: &Keys,
        interrupt: &Interrupt,
        draw: &mut dyn FnMut(&Audition, bool),
    ) -> Result<After, Failure> {
        let mut paused = false;
        while !audition.is_over() {
            draw(audition, !paused);
            if let Some(e) = audition.failure() {
                return Err(sound::output_failure(&e));
            }
            if interrupt.came() {
                return Ok(After::Quit);
            }
            match keys.wish(CARE) {
                Some(Wish::Quit) => return Ok(After::Quit),
                Some(Wish::Next) => break,
                Some(Wish::Pause) => {
                    paused = !paused;
                    audition.pause(paused);
                }
                _ => {}
            }
        }
        Ok(After::Next)
    }

    fn failure(error: &AuditionError) -> Failure {
        match error {
            AuditionError::Output(e) => sound::output_failure(e),
            AuditionError::File { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Failure::new(Exit::NotPermitted, error.to_string())
            }
            AuditionError::File { .. } | AuditionError::NoSound { .. } => {
                Failure::new(Exit::BadInput, error.to_string())
            }
        }
    }
}
