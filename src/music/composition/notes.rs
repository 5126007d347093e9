//! Notes: which note-off ends which note-on.

use crate::music::message::{Channel, Key, Velocity, Voice};
use crate::music::time::Ticks;

/// A note, from key down to key up.
///
/// A note-off ends the oldest note of its key and channel that still sounds. Of notes that were
/// struck again before they ended and got one note-off for both, the later ends with the earlier;
/// a note that gets no note-off at all ends with its track. Note-offs without a note are no notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// When the key goes down.
    pub start: Ticks,
    /// When it goes up, at or after `start`.
    pub end: Ticks,
    /// The channel.
    pub channel: Channel,
    /// The key.
    pub key: Key,
    /// How fast it goes down, 1 to 127.
    pub velocity: Velocity,
    /// How fast it goes up; 64 where nothing says so.
    pub release: Velocity,
}

const _: () = assert!(size_of::<Note>() == 24);

const NOTHING: u64 = u64::MAX;
const USUAL_RELEASE: Velocity = Velocity::masked(64);

/// What is known of one key of one channel while the notes are gone through.
#[derive(Clone, Copy)]
struct Lane {
    /// The oldest and the newest note that sound. While a note sounds, its `end` holds the index
    /// of the next younger one of the same lane: a queue that needs no memory of its own.
    oldest: u64,
    newest: u64,
    last_off: Option<Ticks>,
}

/// Which event of those that were paired did what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::music) enum Paired {
    /// The event begins this note.
    Begins(usize),
    /// The event ends this note.
    Ends(usize),
}

/// Makes notes of channel messages that come in the order of time; `end` is the track's.
pub(super) fn pair(voices: impl Iterator<Item = (Ticks, Channel, Voice)>, end: Ticks) -> Vec<Note> {
    pair_telling(voices.map(|(at, channel, voice)| ((), at, channel, voice)), end, |(), _| {})
}

/// As [`pair`], of messages that bear something by which `tell` knows them again. A note whose end nobody
/// is told has no note-off of its own; a note-off of which nobody is told belongs to no note.
pub(in crate::music) fn pair_telling<E>(
    voices: impl Iterator<Item = (E, Ticks, Channel, Voice)>,
    end: Ticks,
    mut tell: impl FnMut(E, Paired),
) -> Vec<Note> {
    // Made for the first note: tracks without notes are many in some files.
    let mut lanes = Vec::new();
    let lane = |channel: Channel, key: Key| usize::from(channel.get()) << 7 | usize::from(key.get());
    let mut notes: Vec<Note> = Vec::new();
    for (event, at, channel, voice) in voices {
        match voice {
            Voice::NoteOn { key, velocity } => {
                tell(event, Paired::Begins(notes.len()));
                if notes.is_empty() {
                    lanes = vec![Lane { oldest: NOTHING, newest: NOTHING, last_off: None }; 16 * 128];
                }
                let lane = &mut lanes[lane(channel, key)];
                let index = notes.len() as u64;
                notes.push(Note { start: at, end: Ticks(NOTHING), channel, key, velocity, release: USUAL_RELEASE });
                if lane.oldest == NOTHING {
                    lane.oldest = index;
                } else {
                    notes[lane.newest as usize].end = Ticks(index);
                }
                lane.newest = index;
            }
            Voice::NoteOff { key, velocity } if !notes.is_empty() => {
                let lane = &mut lanes[lane(channel, key)];
                if let Some(note) = notes.get_mut(lane.oldest as usize) {
                    tell(event, Paired::Ends(lane.oldest as usize));
                    lane.oldest = note.end.0;
                    note.end = at;
                    note.release = velocity;
                    lane.last_off = Some(at);
                }
            }
            _ => {}
        }
    }
    for lane in lanes {
        let mut next = lane.oldest;
        while let Some(note) = notes.get_mut(next as usize) {
            next = note.end.0;
            note.end = lane.last_off.filter(|off| *off >= note.start).unwrap_or(end);
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(events: &[(u64, u8, u8)]) -> Vec<(u64, u64, u8)> {
        let voices = events.iter().map(|&(at, key, velocity)| {
            let (key, velocity) = (Key::masked(key), Velocity::masked(velocity));
            let voice =
                if velocity.get() == 0 { Voice::NoteOff { key, velocity } } else { Voice::NoteOn { key, velocity } };
            (Ticks(at), Channel::default(), voice)
        });
        pair(voices, Ticks(100)).iter().map(|n| (n.start.0, n.end.0, n.velocity.get())).collect()
    }

    #[test]
    fn overlapping_notes_of_one_key_end_in_the_order_of_their_starts() {
        assert_eq!(notes(&[(0, 60, 1), (5, 60, 2), (10, 60, 0), (20, 60, 0)]), [(0, 10, 1), (5, 20, 2)]);
    }

    #[test]
    fn a_doubled_note_on_with_one_note_off_does_not_last_for_ever() {
        assert_eq!(notes(&[(0, 60, 1), (5, 60, 2), (10, 60, 0)]), [(0, 10, 1), (5, 10, 2)]);
    }

    #[test]
    fn a_hanging_note_ends_with_the_track_and_a_stray_note_off_is_nothing() {
        assert_eq!(notes(&[(0, 61, 0), (3, 60, 1), (4, 62, 9), (6, 62, 0)]), [(3, 100, 1), (4, 6, 9)]);
        assert_eq!(notes(&[(0, 60, 1), (5, 60, 0), (7, 60, 2)]), [(0, 5, 1), (7, 100, 2)]);
    }
}
