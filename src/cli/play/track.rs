//! How the tracks of a piece are mixed: `--mute`, `--solo` and `--track`.

use std::str::FromStr;

use super::Args;
use crate::audio::sequencer::{Program, Score, Strip, StripInfo};
use crate::cli::{Exit, Failure, sound};
use crate::music::general_midi::PERCUSSION;
use crate::studio::instruments::{self, Chosen};

/// What `--track` says of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackWish {
    number: usize,
    volume: u8,
    pan: i8,
    instrument: Option<String>,
}

impl FromStr for TrackWish {
    type Err = String;

    fn from_str(text: &str) -> Result<TrackWish, String> {
        let mut parts = text.split(',');
        let number = parts.next().and_then(|n| n.trim().parse().ok()).filter(|n| *n > 0);
        let number = number.ok_or("a track's number comes first, as `composer info` has it: 2,volume=60")?;
        let mut wish = TrackWish { number, volume: 100, pan: 0, instrument: None };
        if !text.contains(',') {
            return Err("what is wanted of the track stands behind it: 2,volume=60".to_owned());
        }
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match name.trim() {
                "volume" => {
                    let percent = value.trim_end_matches('%').parse().ok().filter(|v| *v <= 200);
                    wish.volume = percent.ok_or("`volume` is 0 to 200 per cent")?;
                }
                "pan" => {
                    let pan = value.parse().ok().filter(|p| (-64..=63).contains(p));
                    wish.pan = pan.ok_or("`pan` is -64 (left) to 63 (right)")?;
                }
                "instrument" if !value.is_empty() => wish.instrument = Some(value.to_owned()),
                other => return Err(format!("`{other}` is not known; there are volume, pan and instrument")),
            }
        }
        Ok(wish)
    }
}

/// Refuses tracks that no piece has.
pub(super) fn known<'a>(args: &Args, pieces: impl Iterator<Item = &'a Score>) -> Result<(), Failure> {
    let known: Vec<usize> = pieces.flat_map(Score::strips).map(|info| info.number).collect();
    let mut wanted = args.mute.iter().chain(&args.solo).copied().chain(args.track.iter().map(|t| t.number));
    let mut numbers: Vec<_> = args.track.iter().map(|t| t.number).collect();
    numbers.sort_unstable();
    if let Some(twice) = numbers.windows(2).find(|pair| pair[0] == pair[1]) {
        let text = format!("`--track {}` stands there twice", twice[0]);
        return Err(
            Failure::new(Exit::Usage, text).remedy("put all that is wanted of a track into one: 2,volume=60,pan=-30")
        );
    }
    match wanted.find(|number| !known.contains(number)) {
        Some(missing) => Err(Failure::new(Exit::Usage, format!("there is no track {missing} with notes"))
            .remedy("`composer info` lists them; where one track has all channels, type a channel's number")),
        None => Ok(()),
    }
}

/// Every strip of a piece as it is wanted. `chosen` is missing where another synthesiser plays; its
/// instruments are General MIDI's then.
pub(super) fn strips(args: &Args, score: &Score, chosen: Option<&Chosen>) -> Result<Vec<Strip>, Failure> {
    let mut strips = Vec::new();
    for info in score.strips() {
        let number = info.number;
        let mut strip =
            Strip { mute: args.mute.contains(&number), solo: args.solo.contains(&number), ..Strip::default() };
        for wish in args.track.iter().filter(|wish| wish.number == number) {
            (strip.volume, strip.pan) = (wish.volume, wish.pan);
            strip.program = match &wish.instrument {
                Some(name) => Some(program(name, info, chosen)?),
                None => None,
            };
        }
        strips.push(strip);
    }
    Ok(strips)
}

fn program(name: &str, track: &StripInfo, chosen: Option<&Chosen>) -> Result<Program, Failure> {
    let own;
    let font = match chosen {
        Some(chosen) => &chosen.font,
        None => {
            own = Chosen::own();
            &own.font
        }
    };
    let found = instruments::find(font, name).map_err(|e| sound::no_instrument(&e))?;
    match (found.channel == PERCUSSION, track.channel == PERCUSSION) {
        (true, false) => {
            let text = format!(
                "{} is a drum kit, and track {} plays on channel {}",
                found.name,
                track.number,
                track.channel.number()
            );
            Err(Failure::new(Exit::Usage, text).remedy("drums are on channel 10; choose another instrument"))
        }
        (false, true) => {
            let text = format!("track {} is drums, and {} is no drum kit", track.number, found.name);
            Err(Failure::new(Exit::Usage, text).remedy("`drums`, or a kit of the SoundFont: 128:26"))
        }
        _ => Ok(found.program),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_read_and_what_is_wrong_with_it_is_said() {
        let wish: TrackWish = "2, volume=60%, pan=-30, instrument=violin".parse().unwrap();
        assert_eq!(wish, TrackWish { number: 2, volume: 60, pan: -30, instrument: Some("violin".into()) });
        for wrong in ["", "0", "x", "2", "1,volume=201", "1,pan=64", "1,instrument=", "1,colour=red"] {
            assert!(wrong.parse::<TrackWish>().is_err(), "{wrong}");
        }
    }
}
