//! A take as a composition: a tempo track, the take as it was played, and a quantised copy if wanted.

use super::{Error, write};
use crate::music::composition::event::{tempo_data, time_signature_data};
use crate::music::composition::{Composition, Division, Event, Format, MetaType, Track};
use crate::music::general_midi;
use crate::music::message::{Channel, Message, Voice};
use crate::music::quantise::Quantise;
use crate::music::take::{Take, TakeEvent};
use crate::music::time::Ticks;

/// What a text event in the tempo track begins with that tells when a take was recorded; the date
/// and time follow (RFC 3339).
pub const RECORDED: &str = "Recorded: ";

/// Which tracks the file of a take gets after its tempo track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The take as it was played.
    Played,
    /// The take as it was played, then a quantised copy.
    PlayedAndQuantised(Quantise),
    /// A quantised copy alone, for a file of its own.
    Quantised(Quantise),
}

/// The Standard MIDI File of a take as it was played.
///
/// # Errors
/// When the take is longer than a file can hold: 4 GB, or 256 MB in one message.
pub fn write_take(take: &Take) -> Result<Vec<u8>, Error> {
    write_take_with(take, Contents::Played)
}

/// The Standard MIDI File of a take, as it was played, quantised, or both.
///
/// # Errors
/// When the take is longer than a file can hold: 4 GB, or 256 MB in one message.
pub fn write_take_with(take: &Take, contents: Contents) -> Result<Vec<u8>, Error> {
    write(&composition_of_take(take, contents))
}

/// A take as a composition of format 1: the tempo track, then what `contents` says.
///
/// Ticks are rounded from absolute time. System common and real-time messages (a clock, say) have
/// no place in a Standard MIDI File and are left out.
#[must_use]
pub fn composition_of_take(take: &Take, contents: Contents) -> Composition {
    let mut composition = Composition::new(Format::Parallel, Division::Metrical(take.info.ppq));
    let played = played(take);
    composition.tracks.push(tempo_track(take, played.end()));
    match contents {
        Contents::Played => composition.tracks.push(played),
        Contents::PlayedAndQuantised(how) => {
            let quantised = quantised(take, &played, how);
            composition.tracks.extend([played, quantised]);
        }
        Contents::Quantised(how) => composition.tracks.push(quantised(take, &played, how)),
    }
    composition
}

fn tempo_track(take: &Take, end: Ticks) -> Track {
    let info = &take.info;
    let start = Ticks(0);
    let mut track = Track::new();
    let day_and_time: String = info.started.chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect();
    track.push_text(start, MetaType::TRACK_NAME, &format!("Take of {day_and_time}"));
    track.push(start, Event::Meta(MetaType::TIME_SIGNATURE, &time_signature_data(info.time_signature)));
    track.push(start, Event::Meta(MetaType::TEMPO, &tempo_data(info.tempo)));
    track.push_text(start, MetaType::TEXT, &format!("{RECORDED}{}", info.started));
    if !info.device.is_empty() {
        track.push_text(start, MetaType::DEVICE, &info.device);
    }
    track.end_at(end);
    track
}

fn played(take: &Take) -> Track {
    let mut track = Track::with_capacity(take.events.len() + 2);
    head(&mut track, take, &instrument(take));
    for (at, event) in &take.events {
        let at = take.info.tempo.ticks(*at, take.info.ppq);
        match event {
            TakeEvent::Message(Message::Voice(channel, voice)) => track.push_voice(at, *channel, *voice),
            TakeEvent::Message(Message::SysEx(bytes)) => {
                track.push(at, Event::SysEx(bytes.strip_prefix(&[0xf0]).unwrap_or(bytes)));
            }
            TakeEvent::Message(Message::System(_)) => {}
            TakeEvent::Marker(text) => track.push_text(at, MetaType::MARKER, text),
        }
    }
    track.end_at(take.info.tempo.ticks(take.length, take.info.ppq));
    track
}

/// The quantised notes, and the played pedals, wheels and programs without which they would sound
/// otherwise.
fn quantised(take: &Take, played: &Track, how: Quantise) -> Track {
    let mut track = Track::with_capacity(played.len());
    head(&mut track, take, &format!("{} (quantised {})", instrument(take), how.grid));
    // In the order in which events of one tick must stand: a note that ends makes way for its
    // key's next one, and what sets up a note comes before it.
    const OFF: u8 = 0;
    const SET_UP: u8 = 1;
    const ON: u8 = 2;
    let mut events: Vec<(Ticks, u8, Channel, Voice)> = Vec::with_capacity(played.len());
    for note in how.apply(&played.notes(), take.info.ppq) {
        let (channel, key) = (note.channel, note.key);
        events.push((note.start, ON, channel, Voice::NoteOn { key, velocity: note.velocity }));
        events.push((note.end, OFF, channel, Voice::NoteOff { key, velocity: note.release }));
    }
    events.extend(
        played
            .voices()
            .filter(|(_, _, voice)| !matches!(voice, Voice::NoteOn { .. } | Voice::NoteOff { .. }))
            .map(|(at, channel, voice)| (at, SET_UP, channel, voice)),
    );
    events.sort_by_key(|(at, order, ..)| (*at, *order));
    for (at, _, channel, voice) in events {
        track.push_voice(at, channel, voice);
    }
    track.end_at(played.end());
    track
}

fn head(track: &mut Track, take: &Take, name: &str) {
    track.push_text(Ticks(0), MetaType::TRACK_NAME, name);
    if !take.info.device.is_empty() {
        track.push_text(Ticks(0), MetaType::DEVICE, &take.info.device);
    }
}

/// The name of the instrument that the take first calls for. A keyboard that calls for none plays
/// program 0, the piano.
fn instrument(take: &Take) -> String {
    let program = take.events.iter().find_map(|(_, event)| match event {
        TakeEvent::Message(Message::Voice(channel, Voice::Program(program))) => Some((*channel, *program)),
        _ => None,
    });
    program.map_or_else(|| "Piano".to_owned(), |(channel, program)| general_midi::name(channel, program).to_owned())
}
