//! Writing: a composition as the bytes of a file, by midly.

use midly::num::{u4, u7, u28};
use midly::{Fps, Header, MetaMessage, MidiMessage, PitchBend, Smf, Timing, TrackEvent, TrackEventKind};

use super::Error;
use crate::music::composition::{Composition, Division, Event, Format, FrameRate, MetaType, Track};
use crate::music::message::Voice;
use crate::music::time::Ticks;

/// The longest time between two events that a file can hold, in ticks; also the most bytes that
/// one event's data can have.
const LONGEST: u32 = 0x0fff_ffff;

/// The latest end of a track that is written: decades, at any tempo that is played. Without a limit a
/// broken time would be filled with empty events until the memory is full.
const LAST: Ticks = Ticks(10_000 * LONGEST as u64);

/// The bytes of a Standard MIDI File, with running status, events of one tick in their order.
///
/// A [`Format::Single`] composition that has not exactly one track becomes [`Format::Parallel`].
///
/// # Errors
/// When there is more than a file can hold: 65,535 tracks, 4 GB or 2.7e12 ticks a track, 256 MB an event.
pub fn write(composition: &Composition) -> Result<Vec<u8>, Error> {
    let count = composition.tracks.len();
    if u16::try_from(count).is_err() {
        return Err(Error::TooBig { what: format!("{count} tracks") });
    }
    let format = match composition.format {
        Format::Single if count == 1 => midly::Format::SingleTrack,
        Format::Single | Format::Parallel => midly::Format::Parallel,
        Format::Sequential => midly::Format::Sequential,
    };
    let timing = match composition.division {
        Division::Metrical(ppq) => Timing::Metrical(ppq.get().into()),
        Division::Smpte { rate, subframes } => Timing::Timecode(fps(rate), subframes.get()),
    };
    let mut smf = Smf::new(Header::new(format, timing));
    for (index, track) in composition.tracks.iter().enumerate() {
        smf.tracks.push(events(track).map_err(|what| Error::TooBig { what: format!("track {index}: {what}") })?);
    }
    let mut out = Vec::new();
    // A vector takes everything, so what can fail is only a track that is longer than its length can say.
    smf.write_std(&mut out).map_err(|e| Error::TooBig { what: e.to_string() })?;
    Ok(out)
}

fn fps(rate: FrameRate) -> Fps {
    match rate {
        FrameRate::Film => Fps::Fps24,
        FrameRate::Pal => Fps::Fps25,
        FrameRate::DropFrame => Fps::Fps29,
        FrameRate::Thirty => Fps::Fps30,
    }
}

fn events(track: &Track) -> Result<Vec<TrackEvent<'_>>, String> {
    if track.end() > LAST {
        return Err(format!("it lasts for {} ticks", track.end().0));
    }
    let mut out = Vec::with_capacity(track.len() + 1);
    let mut now = Ticks(0);
    for (at, event) in track.events() {
        let kind = match event {
            Event::Voice(channel, voice) => {
                TrackEventKind::Midi { channel: u4::new(channel.get()), message: message(voice) }
            }
            Event::SysEx(data) => TrackEventKind::SysEx(checked(data)?),
            Event::Escape(data) => TrackEventKind::Escape(checked(data)?),
            // Everything as the bytes that it is: midly's own kinds would lose what they have no field for.
            Event::Meta(kind, data) => TrackEventKind::Meta(MetaMessage::Unknown(kind.get(), checked(data)?)),
        };
        let delta = delta(&mut now, at, &mut out);
        out.push(TrackEvent { delta, kind });
    }
    let delta = delta(&mut now, track.end(), &mut out);
    out.push(TrackEvent { delta, kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    Ok(out)
}

/// The time since the event before. Silences that are too long for one number are filled with
/// empty sequencer-specific events, which say nothing and which the reader leaves out again.
fn delta(now: &mut Ticks, at: Ticks, out: &mut Vec<TrackEvent<'_>>) -> u28 {
    let mut ticks = at.0.saturating_sub(now.0);
    while ticks > u64::from(LONGEST) {
        let nothing = MetaMessage::Unknown(MetaType::SEQUENCER.get(), &[]);
        out.push(TrackEvent { delta: u28::new(LONGEST), kind: TrackEventKind::Meta(nothing) });
        ticks -= u64::from(LONGEST);
    }
    *now = at;
    u28::new(ticks as u32)
}

fn checked(data: &[u8]) -> Result<&[u8], String> {
    if data.len() > LONGEST as usize { Err(format!("an event of {} bytes", data.len())) } else { Ok(data) }
}

fn message(voice: Voice) -> MidiMessage {
    let seven = u7::new;
    match voice {
        Voice::NoteOff { key, velocity } => MidiMessage::NoteOff { key: seven(key.get()), vel: seven(velocity.get()) },
        Voice::NoteOn { key, velocity } => MidiMessage::NoteOn { key: seven(key.get()), vel: seven(velocity.get()) },
        Voice::KeyPressure { key, pressure } => {
            MidiMessage::Aftertouch { key: seven(key.get()), vel: seven(pressure.get()) }
        }
        Voice::Control { controller, value } => {
            MidiMessage::Controller { controller: seven(controller.get()), value: seven(value.get()) }
        }
        Voice::Program(program) => MidiMessage::ProgramChange { program: seven(program.get()) },
        Voice::ChannelPressure(value) => MidiMessage::ChannelAftertouch { vel: seven(value.get()) },
        Voice::PitchBend(bend) => MidiMessage::PitchBend { bend: PitchBend::from_int(bend) },
    }
}
