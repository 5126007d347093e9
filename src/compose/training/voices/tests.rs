//! Files of all kinds, to voices or to a reason.

use super::*;
use crate::compose::score::Place;
use crate::music::Ppq;
use crate::music::composition::Track;
use crate::music::message::{Channel, Key, Velocity, Voice};

/// A track of (start, length, key) in sixteenths.
fn track(channel: u8, notes: &[(u64, u64, u8)]) -> Track {
    track_of(channel, &notes.iter().map(|(s, l, k)| (s * 120, l * 120, *k)).collect::<Vec<_>>())
}

/// The same in ticks of 480 a quarter.
fn track_of(channel: u8, notes: &[(u64, u64, u8)]) -> Track {
    let mut events = Vec::new();
    for (start, length, key) in notes {
        let key = Key::masked(*key);
        events.push((*start, 1, Voice::NoteOn { key, velocity: Velocity::masked(80) }));
        events.push((start + length, 0, Voice::NoteOff { key, velocity: Velocity::masked(64) }));
    }
    events.sort_by_key(|(at, order, _)| (*at, *order));
    let mut track = Track::new();
    for (at, _, voice) in events {
        track.push_voice(Ticks(at), Channel::masked(channel), voice);
    }
    track
}

fn song(tracks: Vec<Track>) -> Composition {
    let mut song = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    song.tracks = tracks;
    song
}

/// Keys from soprano to bass, 0 for silence.
fn keys(piece: &Piece, step: usize) -> [u8; 4] {
    piece.score.steps[step].map(|c| c.symbol.to_key().unwrap_or(0))
}

fn reason(song: &Composition) -> Unusable {
    pieces_of("x", song).unwrap_err()
}

#[test]
fn four_tracks_are_four_voices_by_their_height_even_where_they_cross() {
    let line = |key: u8| track(0, &[(0, 4, key), (4, 4, key), (8, 8, key + 2)]);
    // The alto's last note lies above the soprano's.
    let alto = track(0, &[(0, 8, 62), (8, 8, 75)]);
    let pieces = pieces_of("x", &song(vec![line(48), line(70), line(55), alto])).unwrap();
    assert_eq!(pieces.len(), 1);
    assert_eq!(keys(&pieces[0], 0), [70, 62, 55, 48]);
    assert_eq!(keys(&pieces[0], 15), [72, 75, 57, 50]);
    let attacks = |t: usize| pieces[0].score.steps[t].map(|c| c.attack == Attack::Struck);
    assert_eq!(attacks(4), [true, false, true, true]);
    assert_eq!(pieces[0].score.places[5], Place { beat: 1, bar: 6, bar_length: 4, fermata: 0 });
}

#[test]
fn a_piano_track_is_parted_into_voices_that_go_where_it_is_near() {
    // A held bass, a chord above it, a tune, and a gap in the middle.
    let notes = [(0, 16, 45), (0, 4, 72), (0, 4, 64), (0, 4, 60), (4, 4, 74), (4, 8, 65), (8, 8, 76), (12, 4, 60)];
    let piece = pieces_of("x", &song(vec![track(0, &notes)])).unwrap().remove(0);
    assert_eq!(keys(&piece, 0), [72, 64, 60, 45]);
    assert_eq!(keys(&piece, 4), [74, 65, 0, 45]);
    assert_eq!(keys(&piece, 8), [76, 65, 0, 45]);
    assert_eq!(keys(&piece, 12), [76, 0, 60, 45]);
}

#[test]
fn of_thick_chords_the_outer_notes_stay_until_too_much_is_lost() {
    let chord = |at: u64, keys: &[u8]| keys.iter().map(|k| (at, 4, *k)).collect::<Vec<_>>();
    let five = [
        chord(0, &[72, 67, 64, 60, 48]),
        chord(4, &[72, 67, 60, 48]),
        chord(8, &[71, 67, 62, 55]),
        chord(12, &[72, 48]),
    ];
    let piece = pieces_of("x", &song(vec![track(0, &five.concat())])).unwrap().remove(0);
    assert_eq!(keys(&piece, 0), [72, 67, 60, 48]);
    let eight = (0..4).map(|i| chord(4 * i, &[84, 79, 76, 72, 67, 60, 55, 43])).collect::<Vec<_>>().concat();
    assert_eq!(reason(&song(vec![track(0, &eight)])), Unusable::TooMany { percent: 50 });
}

#[test]
fn long_silences_part_a_piece_and_hours_of_them_cost_nothing() {
    let bar = |at: u64| [(at, 16, 72), (at, 16, 60), (at, 16, 48)];
    let notes = [bar(0), bar(16), bar(100), bar(1 << 40)].concat();
    let pieces = pieces_of("x", &song(vec![track(0, &notes)])).unwrap();
    assert_eq!(pieces.iter().map(|p| p.score.len()).collect::<Vec<_>>(), [32, 16, 16]);
}

#[test]
fn what_cannot_be_used_is_told_with_the_reason() {
    let tune: Vec<_> = (0..16).map(|i| (2 * i, 2, 60 + i as u8)).collect();
    assert_eq!(reason(&song(vec![track(0, &tune)])), Unusable::OneVoice);
    assert_eq!(reason(&song(vec![track(9, &tune)])), Unusable::NoNotes);
    assert_eq!(reason(&song(vec![])), Unusable::NoNotes);
    let chord = [(0, 8, 60), (0, 8, 64), (0, 8, 67)];
    assert_eq!(reason(&song(vec![track(0, &chord)])), Unusable::TooShort);
    let free: Vec<_> = (0..40u64).flat_map(|i| [(i * 163 + 7, 160, 70), (i * 163 + 7, 160, 50)]).collect();
    assert!(matches!(reason(&song(vec![track_of(0, &free)])), Unusable::OffGrid { percent: 20..60 }));
    let mut two = song(vec![track(0, &chord), track(0, &chord)]);
    two.format = Format::Sequential;
    assert_eq!(reason(&two), Unusable::Sequential);
}

#[test]
fn keys_beyond_the_model_come_back_by_octaves() {
    let notes = [(0, 16, 100), (0, 16, 60), (0, 16, 21)];
    let piece = pieces_of("x", &song(vec![track(0, &notes)])).unwrap().remove(0);
    let mut found = keys(&piece, 0);
    found.sort_unstable();
    assert_eq!(found, [0, 33, 60, 88]);
}
