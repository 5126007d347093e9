//! The styles as a table: who plays, on which instrument, and what.
//!
//! Letters of the rows, beside `-` (hold) and `.` (silence):
//! - chords: `x` strikes, `X` with an accent, `s` short;
//! - broken chords: `1` to `6`, the tones of the chord from below;
//! - bass: `r` the chord's lowest note, `R` an octave higher, `5` its fifth, `a` a step towards the next
//!   chord where there is one, and otherwise `r`;
//! - drums: a row for each, `x` struck, `X` with an accent, `o` softly.

use super::Style;
use super::groove::Groove;
use crate::compose::melody::Voice;
use crate::music::message::Value;

/// The choir of General MIDI ("Choir Aahs").
pub(super) const CHOIR: Value = Value::masked(52);

/// Somebody who plays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Player {
    pub name: &'static str,
    /// The program of General MIDI, counted from 0; none for drums.
    pub program: Option<u8>,
    /// How loud beside the others, 100 as they are, in per cent.
    pub level: u8,
    /// Whether it rests on the last chord of a phrase.
    pub breathes: bool,
    /// What it plays in phrases with an odd number, and in those with an even one.
    pub plays: [Plays; 2],
}

/// What a player plays.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plays {
    /// A voice of the model's, so many octaves higher.
    Voice(Voice, i16),
    /// The chord in close position between two keys.
    Chords(Groove, u8, u8),
    /// The chord's tones one after the other, between two keys.
    Broken(Groove, u8, u8),
    /// Root, fifth and octave from a key on.
    Power(Groove, u8),
    /// The bass from a key on, within an octave and a half.
    Bass(Groove, u8),
    /// The drum kit: rows of keys.
    Drums(&'static [(u8, Groove)]),
}

impl Player {
    /// Whether it plays the lowest part of the harmony.
    pub(super) fn is_bass(&self) -> bool {
        matches!(self.plays[1], Plays::Bass(..) | Plays::Voice(Voice::Bass, _))
    }
}

const fn groove(four: &'static str, three: &'static str, six: &'static str) -> Groove {
    Groove { four, three, six }
}

const HELD: Groove = groove("x-------x-------", "x-----------", "x-----x-----");
const EIGHTHS_UP: Groove = groove("1-2-3-2-1-2-3-2-", "1-2-3-2-3-2-", "1-2-3-3-2-1-");
const EIGHTHS_WIDE: Groove = groove("1-3-2-3-4-3-2-3-", "1-3-4-3-2-3-", "1-2-3-4-3-2-");
const LEFT_HAND: Groove = groove("r-------5-------", "r-------5---", "r-----5-----");
const PLUCKED: Groove = groove("r-..r-..r-..r-..", "r-..5-..5-..", "r-....r-....");
const PLUCKED_WIDE: Groove = groove("r-......5-......", "r-..........", "r-....5-....");
const AFTER_BEATS: Groove = groove("..s...s...s...s.", "....s-..s-..", "..s-s-..s-s-");

const CHUGS: Groove = groove("X-s.x-s.X-s.x-s.", "X-s.x-s.x-s.", "X-s.s.X-s.s.");
const PUSHED: Groove = groove("X---..x-..X-x-s.", "X---..x-x-s.", "X---s.X---s.");
const ROCK_BASS: Groove = groove("r-r-r-r-r-r-r-a-", "r-r-r-r-r-a-", "r-r-r-r-r-a-");
const ROCK_BASS_SPARSE: Groove = groove("r---..r-r---r-a-", "r---..r-r-a-", "r---r-r---a-");
const ORGAN: Groove = groove("x---------------", "x-----------", "x-----------");

const PUMP: Groove = groove("..r-..R-..r-..R-", "..r-..R-..R-", "..r-..R-..r-");
const DRIVE: Groove = groove("r.r.R.r.r.r.R.r.", "r.r.R.r.R.r.", "r.r.R.r.r.R.");
const SIXTEENTHS: Groove = groove("1234321456543212", "123432145432", "123456543212");
const DOTTED: Groove = groove("1--3--4-1--3--4-", "1--3--4-3-4-", "1-3-4-5-4-3-");

const KICK: u8 = 36;
const SNARE: u8 = 38;
const CLAP: u8 = 39;
const HAT: u8 = 42;
const OPEN_HAT: u8 = 46;
const RIDE: u8 = 51;

const BACKBEAT: &[(u8, Groove)] = &[
    (KICK, groove("X.......x.x.....", "X...........", "X...........")),
    (SNARE, groove("....X.......X...", "....x...x...", "......X.....")),
    (HAT, groove("x.o.x.o.x.o.x.o.", "x.o.x.o.x.o.", "x.o.o.x.o.o.")),
];
const RIDING: &[(u8, Groove)] = &[
    (KICK, groove("X.....x.x.......", "X.....x.....", "X...x.......")),
    (SNARE, groove("....X..o....X..o", "....x...x..o", "......X...o.")),
    (RIDE, groove("x.x.x.x.x.x.x.x.", "x.x.x.x.x.x.", "x.x.x.x.x.x.")),
];
const FOUR_ON_THE_FLOOR: &[(u8, Groove)] = &[
    (KICK, groove("X...X...X...X...", "X...X...X...", "X.....X.....")),
    (CLAP, groove("....x.......x...", "........x...", "......x.....")),
    (OPEN_HAT, groove("..o...o...o...o.", "..o...o...o.", "....o.....o.")),
];
const FOUR_AND_HATS: &[(u8, Groove)] = &[
    (KICK, groove("X...X...X...X.x.", "X...X...X...", "X.....X.....")),
    (CLAP, groove("....x.......x...", "........x...", "......x.....")),
    (HAT, groove("xooxxooxxooxxoox", "xooxxooxxoox", "xoxoxoxoxoxo")),
    (OPEN_HAT, groove("..o...o...o...o.", "..o...o...o.", "....o.....o.")),
];

const fn player(name: &'static str, program: u8, level: u8, breathes: bool, plays: [Plays; 2]) -> Player {
    Player { name, program: Some(program), level, breathes, plays }
}

const STRINGS: [Player; 4] = [
    player("Violins", 48, 96, true, [Plays::Voice(Voice::Alto, 0); 2]),
    player("Violas", 48, 92, true, [Plays::Voice(Voice::Tenor, 0), Plays::Broken(EIGHTHS_UP, 52, 69)]),
    player("Cellos", 42, 96, true, [Plays::Voice(Voice::Bass, 0); 2]),
    player("Double basses", 45, 100, true, [Plays::Bass(PLUCKED_WIDE, 28), Plays::Bass(PLUCKED, 28)]),
];
const PIANO_TRIO: [Player; 4] = [
    player("Violin", 40, 92, true, [Plays::Voice(Voice::Alto, 0); 2]),
    player("Cello", 42, 96, true, [Plays::Voice(Voice::Tenor, 0), Plays::Voice(Voice::Bass, 0)]),
    player("Piano, right hand", 0, 84, true, [Plays::Broken(EIGHTHS_WIDE, 55, 76), Plays::Chords(AFTER_BEATS, 55, 72)]),
    player("Piano, left hand", 0, 92, true, [Plays::Bass(LEFT_HAND, 31), Plays::Bass(LEFT_HAND, 31)]),
];
const ROCK: [Player; 4] = [
    player("Rhythm guitar", 29, 84, false, [Plays::Power(CHUGS, 40), Plays::Power(PUSHED, 40)]),
    player("Organ", 18, 74, false, [Plays::Chords(ORGAN, 55, 72), Plays::Chords(HELD, 57, 74)]),
    player("Bass guitar", 34, 108, false, [Plays::Bass(ROCK_BASS, 28), Plays::Bass(ROCK_BASS_SPARSE, 28)]),
    Player {
        name: "Drums",
        program: None,
        level: 104,
        breathes: false,
        plays: [Plays::Drums(BACKBEAT), Plays::Drums(RIDING)],
    },
];
const SYNTH: [Player; 4] = [
    player("Pad", 89, 84, false, [Plays::Chords(ORGAN, 55, 72); 2]),
    player("Arpeggio", 81, 66, false, [Plays::Broken(DOTTED, 60, 84), Plays::Broken(SIXTEENTHS, 60, 88)]),
    player("Synth bass", 38, 104, false, [Plays::Bass(PUMP, 33), Plays::Bass(DRIVE, 33)]),
    Player {
        name: "Drums",
        program: None,
        level: 96,
        breathes: false,
        plays: [Plays::Drums(FOUR_ON_THE_FLOOR), Plays::Drums(FOUR_AND_HATS)],
    },
];

/// Who plays in a style; nobody in a chorale, which is sung, nor in a tune alone.
pub(super) fn players(style: Style) -> &'static [Player] {
    match style {
        Style::Chorale | Style::Folk => &[],
        Style::Strings => &STRINGS,
        Style::PianoTrio => &PIANO_TRIO,
        Style::Rock => &ROCK,
        Style::Synth => &SYNTH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_fills_its_bar() {
        for player in Style::ALL.into_iter().flat_map(players) {
            for plays in player.plays {
                let grooves: Vec<Groove> = match plays {
                    Plays::Voice(..) => Vec::new(),
                    Plays::Chords(g, ..) | Plays::Broken(g, ..) | Plays::Power(g, _) | Plays::Bass(g, _) => vec![g],
                    Plays::Drums(rows) => rows.iter().map(|(_, g)| *g).collect(),
                };
                for g in grooves {
                    assert_eq!((g.four.len(), g.three.len(), g.six.len()), (16, 12, 12), "{}: {g:?}", player.name);
                }
            }
        }
    }
}
