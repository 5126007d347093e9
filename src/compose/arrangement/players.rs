//! Players: from chords, rhythm and form to notes.

use super::groove::Groove;
use super::styles::{Player, Plays};
use super::{Note, Part, Sound, Stage};
use crate::compose::chords::Chord;
use crate::music::message::Value;

const CRASH: u8 = 49;
const KICK: u8 = 36;
/// What the drums play in the last beats before a new phrase: snare and toms.
const FILL: [u8; 8] = [38, 38, 50, 50, 47, 47, 43, 43];
/// Phrases that end so many steps apart or less get one fill.
const BETWEEN_FILLS: usize = 32;

/// What a player plays.
pub(super) fn play(player: &Player, stages: &[Stage<'_>]) -> Part {
    let mut notes = Vec::new();
    for stage in stages {
        let mut line = Vec::new();
        for (i, phrase) in stage.phrases.iter().enumerate() {
            let plays = player.plays[i % 2];
            let mut phrase_notes = match plays {
                Plays::Voice(voice, octaves) => {
                    let mut notes = stage.voice(voice, octaves);
                    notes.retain(|n| phrase.steps.contains(&n.from));
                    notes
                }
                Plays::Drums(rows) => drums(stage, i, rows),
                _ => Rhythm { stage, plays: &plays, breathes: player.breathes }.phrase(i, line.last()),
            };
            for n in &mut phrase_notes {
                n.velocity = (u16::from(n.velocity) * u16::from(player.level) / 100).clamp(1, 127) as u8;
            }
            line.extend(phrase_notes);
        }
        line.retain(|n: &Note| stage.section.open.contains(&n.from));
        notes.extend(line);
    }
    let sound = player.program.map_or(Sound::Percussion, |p| Sound::Program(Value::masked(p)));
    Part { name: player.name.to_owned(), sound, notes }
}

/// A player with pitches who follows rows of letters.
struct Rhythm<'a> {
    stage: &'a Stage<'a>,
    plays: &'a Plays,
    breathes: bool,
}

impl Rhythm<'_> {
    fn groove(&self) -> Option<&Groove> {
        match self.plays {
            Plays::Chords(g, ..) | Plays::Broken(g, ..) | Plays::Power(g, _) | Plays::Bass(g, _) => Some(g),
            Plays::Voice(..) | Plays::Drums(_) => None,
        }
    }

    /// The notes of a phrase; `before` is the last note of the one before it.
    fn phrase(&self, index: usize, before: Option<&Note>) -> Vec<Note> {
        let (stage, phrase) = (self.stage, &self.stage.phrases[index]);
        let Some(groove) = self.groove() else { return Vec::new() };
        let last = stage.is_last && index + 1 == stage.phrases.len();
        let mut notes: Vec<Note> = Vec::new();
        // Where the notes that sound begin in `notes`.
        let mut sounding: Option<usize> = None;
        let mut low = before.map(|n| n.key);
        for t in phrase.steps.clone() {
            let chord = stage.chords[t];
            let changed = t == phrase.steps.start || stage.chords[t - 1] != chord;
            let rests = t >= phrase.rest && (self.breathes || last);
            let letter = match (stage.is_pick_up(t), rests, t == phrase.rest) {
                (true, ..) => b'.',
                (_, true, true) => b'x',
                (_, true, false) => b'-',
                _ => groove.at(&stage.bars[t], stage.phase(t)),
            };
            // A chord that changes under held notes is struck anew.
            let letter = if letter == b'-' && changed && sounding.is_some() { b'x' } else { letter };
            match (letter, chord) {
                (b'-', _) => notes.iter_mut().skip(sounding.unwrap_or(usize::MAX)).for_each(|n| n.to = t + 1),
                (b'.', _) | (_, None) => sounding = None,
                (letter, Some(chord)) => {
                    let keys = self.keys(letter, chord, t, low);
                    low = keys.first().copied().or(low);
                    sounding = Some(notes.len());
                    let louder = if letter == b'X' { 10 } else { 0 };
                    let velocity = (stage.loudness[t] + louder).min(120);
                    let gate = if letter == b's' { 4 } else { 8 };
                    notes.extend(keys.into_iter().map(|key| Note {
                        section: stage.index,
                        from: t,
                        to: t + 1,
                        key,
                        velocity,
                        gate,
                    }));
                }
            }
        }
        notes
    }

    /// The keys of a letter. `low` is the lowest key of what was played before.
    fn keys(&self, letter: u8, chord: Chord, t: usize, low: Option<u8>) -> Vec<u8> {
        match *self.plays {
            Plays::Chords(_, from, to) => close(chord, from, to, low),
            Plays::Broken(_, from, to) => {
                let tones = close(chord, from, from + 16, None);
                match letter {
                    b'1'..=b'9' => {
                        let index = usize::from(letter - b'1');
                        let key = tones[index % tones.len()] + 12 * (index / tones.len()) as u8;
                        vec![if key > to { key - 12 } else { key }]
                    }
                    // A phrase ends on the chord's root, or on all of it.
                    _ => tones,
                }
            }
            Plays::Power(_, from) => {
                let root = at_or_above(chord.root, from);
                let fifth = chord.fifth().map(|_| root + 7);
                [Some(root), fifth, Some(root + 12)].into_iter().flatten().collect()
            }
            Plays::Bass(_, from) => {
                let root = nearest(chord.bass, from, low);
                vec![match letter {
                    b'R' => root + 12,
                    b'5' => chord.fifth().map_or(root, |class| at_or_above(class, root)),
                    b'a' => self.approach(t, root, from).unwrap_or(root),
                    _ => root,
                }]
            }
            Plays::Voice(..) | Plays::Drums(_) => Vec::new(),
        }
    }

    /// A semitone or a tone towards the bass of the next chord, where one follows within a beat.
    fn approach(&self, t: usize, from: u8, range: u8) -> Option<u8> {
        let now = self.stage.chords[t]?;
        let next = (t + 1..=t + 4).find_map(|t| self.stage.chords.get(t).copied().flatten().filter(|c| *c != now))?;
        let goal = nearest(next.bass, range, Some(from));
        (goal != from).then(|| {
            // From the side on which the line comes, by a note of either chord or else by a semitone.
            let tone = |by: u8| if goal > from { goal - by } else { goal + by };
            [1, 2].into_iter().map(tone).find(|k| now.has(*k) || next.has(*k)).unwrap_or_else(|| tone(2))
        })
    }
}

fn at_or_above(class: u8, from: u8) -> u8 {
    from + (class + 120 - from % 12) % 12
}

/// The key of a class nearest to the one before, within an octave and a half from `from` on.
fn nearest(class: u8, from: u8, before: Option<u8>) -> u8 {
    let low = at_or_above(class, from);
    let before = before.unwrap_or(from + 7);
    if low + 12 < from + 18 && (low + 12).abs_diff(before) < low.abs_diff(before) { low + 12 } else { low }
}

/// A chord in close position within two keys: the inversion nearest to what was played before, or to
/// the middle.
fn close(chord: Chord, from: u8, to: u8, before: Option<u8>) -> Vec<u8> {
    let classes: Vec<u8> = chord.classes().collect();
    let goal = before.filter(|b| (from..to).contains(b)).unwrap_or(from + (to - from) / 4);
    let inversion = |start: usize| {
        let mut keys = Vec::with_capacity(classes.len());
        let mut least = from;
        for i in 0..classes.len() {
            let key = at_or_above(classes[(start + i) % classes.len()], least);
            keys.push(key);
            least = key + 1;
        }
        keys
    };
    let all = (0..classes.len()).map(inversion);
    all.min_by_key(|keys| {
        let beyond = keys.last().map_or(0, |top| top.saturating_sub(to));
        u32::from(keys[0].abs_diff(goal)) + 8 * u32::from(beyond)
    })
    .unwrap_or_default()
}

/// The kit in a phrase: its rows, a crash where the phrase begins, a fill before the next one.
fn drums(stage: &Stage<'_>, index: usize, rows: &[(u8, Groove)]) -> Vec<Note> {
    let phrase = &stage.phrases[index];
    let last = stage.is_last && index + 1 == stage.phrases.len();
    let steps = phrase.steps.clone();
    let long_enough = index == 0 || phrase.rest.saturating_sub(stage.phrases[index - 1].rest) >= BETWEEN_FILLS;
    let fills = !last && long_enough && steps.len() >= BETWEEN_FILLS;
    let fill = if fills { steps.end.saturating_sub(FILL.len() / 2)..steps.end } else { 0..0 };
    let mut notes = Vec::new();
    let mut strike = |t: usize, key: u8, by: i16| {
        let velocity = (i16::from(stage.loudness[t]) + by).clamp(1, 124) as u8;
        notes.push(Note { section: stage.index, from: t, to: t + 1, key, velocity, gate: 8 });
    };
    let mut crashed = false;
    for t in steps {
        if stage.is_pick_up(t) {
            continue;
        }
        if last && t >= phrase.rest {
            if t == phrase.rest {
                strike(t, CRASH, 8);
                strike(t, KICK, 12);
            }
            continue;
        }
        if !crashed && stage.phase(t) == 0 {
            strike(t, CRASH, 4);
            crashed = true;
        }
        if fill.contains(&t) {
            let at = t - fill.start;
            strike(t, FILL[(at * 2).min(FILL.len() - 1)], 4 + 2 * at as i16);
            continue;
        }
        for (key, groove) in rows {
            match groove.at(&stage.bars[t], stage.phase(t)) {
                b'X' => strike(t, *key, 12),
                b'x' => strike(t, *key, 0),
                b'o' => strike(t, *key, -18),
                _ => {}
            }
        }
    }
    notes
}
