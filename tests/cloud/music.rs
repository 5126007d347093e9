//! Melodies to compose with, and orders for them.

use std::time::Duration;

use composer::compose::request::{Request, SamplingIterations};
use composer::jobs::client::Order;
use composer::music::composition::{Composition, Division, Format, Track};
use composer::music::message::{Channel, Key, Velocity, Voice};
use composer::music::{Ppq, Ticks, smf};

/// A melody of `notes` quarter notes.
pub(crate) fn melody(notes: u64) -> Vec<u8> {
    let mut track = Track::new();
    for i in 0..notes {
        let (key, at) = (Key::masked([67u8, 69, 71, 72][i as usize % 4]), i * 480);
        track.push_voice(Ticks(at), Channel::default(), Voice::NoteOn { key, velocity: Velocity::masked(90) });
        track.push_voice(Ticks(at + 480), Channel::default(), Voice::NoteOff { key, velocity: Velocity::masked(64) });
    }
    let mut song = Composition::new(Format::Single, Division::Metrical(Ppq::new(480).unwrap()));
    song.tracks.push(track);
    smf::write(&song).unwrap()
}

/// The cheapest real work: one draft for a melody.
#[allow(dead_code, reason = "not every test orders")]
pub(crate) fn order(name: &str, notes: u64) -> Order {
    let mut work = Request::default();
    work.parameters.sampling_iterations = SamplingIterations::new(0).unwrap();
    Order { name: name.to_owned(), input: melody(notes), work, wanted_for: Some(Duration::from_secs(600)) }
}
