//! Tests of performances: nothing is missing, and they end.

use super::*;
use crate::audio::instrument::testing::clicks;
use crate::music::composition::{Composition, Division, Format, Track};
use crate::music::message::{Channel, Key, Velocity, Voice};
use crate::music::{Ppq, Ticks};

fn score() -> Arc<Score> {
    let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    for c in 0..6u8 {
        let mut track = Track::new();
        for i in 0..40u64 {
            let (key, velocity) = (Key::masked(50 + c), Velocity::masked(90));
            let at = i * 97 * (u64::from(c) + 1);
            track.push_voice(Ticks(at), Channel::masked(c), Voice::NoteOn { key, velocity });
            track.push_voice(Ticks(at + 50), Channel::masked(c), Voice::NoteOff { key, velocity });
        }
        composition.tracks.push(track);
    }
    Arc::new(Score::new(&composition))
}

fn perform(manner: &Manner) -> (Vec<f32>, Vec<f32>) {
    let mut performance = Performance::new(score(), &clicks(), manner);
    let mut all = (Vec::new(), Vec::new());
    while let Some((l, r)) = performance.next_chunk() {
        all.0.extend_from_slice(l);
        all.1.extend_from_slice(r);
    }
    all
}

#[test]
fn every_note_and_every_click_is_there() {
    let (plain, _) = perform(&Manner::plain(44_100));
    let strikes = plain.iter().filter(|x| **x > 0.9).count();
    assert!((100..=240).contains(&strikes), "{strikes}");
    let (clicked, _) = perform(&Manner { metronome: Some(1.0), ..Manner::plain(44_100) });
    assert!(clicked.len() >= plain.len());
    assert!(clicked.iter().zip(&plain).any(|(a, b)| (a - b).abs() > 0.1));
}

#[test]
fn it_ends_when_all_has_died_away() {
    let manner = Manner::plain(8_000);
    let (left, _) = perform(&manner);
    let expected = Performance::new(score(), &clicks(), &manner).expected_frames() as usize;
    assert!(left.len() >= expected && left.len() < expected + 8_000, "{} of {expected}", left.len());
}

#[cfg(feature = "audio")]
#[test]
fn rodio_hears_the_same_samples_within_full_scale() {
    use crate::audio::limiter::{CEILING, Limiter};
    use rodio::Source;
    let manner = Manner::plain(8_000);
    let (mut left, mut right) = perform(&manner);
    Limiter::immediate(8_000).process(&mut left, &mut right);
    assert!(left.iter().all(|x| x.abs() <= CEILING));
    let source = Performance::new(score(), &clicks(), &manner).into_source();
    assert_eq!((source.channels().get(), source.sample_rate().get()), (2, 8_000));
    assert!(source.step_by(2).eq(left));
}
