//! Scripts for the virtual keyboard: text, one command a line, or a Standard MIDI File.
//!
//! ```text
//! # Channels are 0 to 15 as on the wire (default 0), velocities 1 to 127 (default 100).
//! note_on 60 100        a key goes down: key, velocity, channel
//! note_off 60           a key goes up: key, release velocity (default 64), channel
//! tap 60 100 200        down, 200 ms later up: key, velocity, milliseconds, channel
//! cc 64 127             a controller: number, value, channel
//! pitch 8192            the pitch wheel, 0 to 16383, 8192 at rest; channel
//! prog 5                a program; channel
//! touch 90              channel pressure; channel
//! sysex F0 7E 01 F7     a system exclusive message in hexadecimal, with or without F0 and F7
//! raw 90 3C 64          any bytes in hexadecimal
//! sleep 250             milliseconds to wait
//! mark                  zero for `at`; without it the start of the script
//! at 1000.5             wait until so many milliseconds after the mark
//! repeat 4              plays what follows, to the line `end`, so many times
//! unplug                the keyboard leaves; what is played until `plug` is lost
//! plug                  it is there again
//! ```

use crate::music::composition::{Event, Format};
use crate::music::message::{Channel, Controller, Key, Value, Velocity, Voice};
use crate::music::wire::Parser;
use crate::music::{Message, Micros, smf};

/// The most lines that a script may have once its repeats are written out.
const MOST_LINES: usize = 5_000_000;
/// How deep repeats may stand within each other.
const DEEPEST: usize = 8;

/// What a virtual keyboard does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Says something.
    Send(Message),
    /// Leaves.
    Unplug,
    /// Returns.
    Plug,
    /// Lets time pass.
    Rest,
}

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// A line that cannot be understood.
    #[error("line {line}: {reason}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Neither text nor a MIDI file.
    #[error("it is neither a script (text, one command a line) nor a Standard MIDI File")]
    NotAScript,
    /// A MIDI file that cannot be read.
    #[error("{0}")]
    Midi(#[from] smf::Error),
    /// Repeats that never end.
    #[error("with its repeats written out the script has more than 5,000,000 lines")]
    TooLong,
}

/// Reads a script or a Standard MIDI File, whichever it is.
///
/// # Errors
/// When it is neither, or broken.
pub fn read(bytes: &[u8]) -> Result<Vec<(Micros, Step)>, ScriptError> {
    if is_midi(bytes) {
        return from_midi(bytes);
    }
    from_text(std::str::from_utf8(bytes).map_err(|_| ScriptError::NotAScript)?)
}

/// Whether these bytes begin as a Standard MIDI File does.
pub(super) fn is_midi(bytes: &[u8]) -> bool {
    bytes.starts_with(b"MThd") || bytes.starts_with(b"RIFF")
}

/// The messages of a Standard MIDI File at their times, all tracks together; of a damaged file
/// what can be read.
///
/// # Errors
/// When it cannot be read.
pub fn from_midi(bytes: &[u8]) -> Result<Vec<(Micros, Step)>, ScriptError> {
    let piece = smf::read(bytes)?.composition;
    let mut steps: Vec<(Micros, Step)> = Vec::new();
    let mut end = Micros::ZERO;
    // Tracks that are pieces of their own have tempos of their own; else one map, made once, holds for all.
    let own = piece.format == Format::Sequential;
    let mut tempos = piece.tempo_map_of(0);
    for (i, track) in piece.tracks.iter().enumerate() {
        if own && i > 0 {
            tempos = piece.tempo_map_of(i);
        }
        for (tick, event) in track.events() {
            let message = match event {
                Event::Voice(channel, voice) => Some(Message::Voice(channel, voice)),
                Event::SysEx(data) => Message::from_bytes(&[&[0xf0], data].concat()),
                Event::Escape(_) | Event::Meta(..) => None,
            };
            steps.extend(message.map(|m| (tempos.micros(tick), Step::Send(m))));
        }
        end = end.max(tempos.micros(track.end()));
    }
    // Stable: within a track the order stays.
    steps.sort_by_key(|(at, _)| *at);
    steps.push((end, Step::Rest));
    Ok(steps)
}

/// Reads a script.
///
/// # Errors
/// With the number of the first line that cannot be understood.
pub fn from_text(text: &str) -> Result<Vec<(Micros, Step)>, ScriptError> {
    let lines: Vec<(usize, Vec<&str>)> = text
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.split('#').next().unwrap_or("").split_whitespace().collect()))
        .filter(|(_, words): &(usize, Vec<&str>)| !words.is_empty())
        .collect();
    let mut reader = Reader::default();
    reader.run(&lines)?;
    reader.steps.push((reader.now, Step::Rest));
    Ok(reader.steps)
}

#[derive(Default)]
struct Reader {
    steps: Vec<(Micros, Step)>,
    now: Micros,
    mark: Micros,
    /// Lines carried out, those without a step too.
    lines: usize,
    depth: usize,
}

impl Reader {
    fn run(&mut self, lines: &[(usize, Vec<&str>)]) -> Result<(), ScriptError> {
        let mut i = 0;
        while let Some((line, words)) = lines.get(i) {
            let wrong = |reason: String| ScriptError::Line { line: *line, reason };
            i += 1;
            self.lines += 1;
            if self.lines > MOST_LINES {
                return Err(ScriptError::TooLong);
            }
            match words[0] {
                "repeat" if self.depth == DEEPEST => {
                    return Err(wrong(format!("`repeat` can stand within {DEEPEST} others at most")));
                }
                "repeat" => {
                    let times: u32 = Words::new(words).number("times", 1, 1_000_000, None).map_err(wrong)?;
                    let length = block(&lines[i..]).ok_or_else(|| wrong("`repeat` without `end`".to_owned()))?;
                    self.depth += 1;
                    for _ in 0..if length == 0 { 0 } else { times } {
                        self.run(&lines[i..i + length])?;
                    }
                    self.depth -= 1;
                    i += length + 1;
                }
                "end" => return Err(wrong("`end` without `repeat`".to_owned())),
                _ => self.command(words).map_err(wrong)?,
            }
        }
        Ok(())
    }

    fn command(&mut self, words: &[&str]) -> Result<(), String> {
        let mut args = Words::new(words);
        let key = |args: &mut Words<'_>| args.number("key", 0, 127, None).map(Key::masked);
        match words[0] {
            "note_on" => {
                let (key, velocity) = (key(&mut args)?, args.number("velocity", 1, 127, Some(100))?);
                let channel = args.channel()?;
                self.voice(channel, Voice::NoteOn { key, velocity: Velocity::masked(velocity) });
            }
            "note_off" => {
                let (key, velocity) = (key(&mut args)?, args.number("release velocity", 0, 127, Some(64))?);
                let channel = args.channel()?;
                self.voice(channel, Voice::NoteOff { key, velocity: Velocity::masked(velocity) });
            }
            "tap" => {
                let (key, velocity) = (key(&mut args)?, args.number("velocity", 1, 127, Some(100))?);
                let length = args.millis(Some(100.0))?;
                let channel = args.channel()?;
                self.voice(channel, Voice::NoteOn { key, velocity: Velocity::masked(velocity) });
                self.now = self.now.plus(length);
                self.voice(channel, Voice::NoteOff { key, velocity: Velocity::masked(64) });
            }
            "cc" => {
                let controller = Controller::masked(args.number("controller", 0, 127, None)?);
                let value = Value::masked(args.number("value", 0, 127, None)?);
                let channel = args.channel()?;
                self.voice(channel, Voice::Control { controller, value });
            }
            "pitch" => {
                let bend: i16 = args.number("pitch", 0, 16383, None)?;
                let channel = args.channel()?;
                self.voice(channel, Voice::PitchBend(bend - 8192));
            }
            "prog" => {
                let program = Value::masked(args.number("program", 0, 127, None)?);
                let channel = args.channel()?;
                self.voice(channel, Voice::Program(program));
            }
            "touch" => {
                let pressure = Value::masked(args.number("pressure", 0, 127, None)?);
                let channel = args.channel()?;
                self.voice(channel, Voice::ChannelPressure(pressure));
            }
            "sysex" => {
                let mut bytes = args.hex()?;
                if bytes.first() != Some(&0xf0) {
                    bytes.insert(0, 0xf0);
                }
                if bytes.last() != Some(&0xf7) {
                    bytes.push(0xf7);
                }
                if bytes[1..bytes.len() - 1].iter().any(|b| *b > 127) {
                    return Err("the bytes of a system exclusive message must be 00 to 7F".to_owned());
                }
                self.step(Step::Send(Message::SysEx(bytes.into())));
            }
            "raw" => {
                let bytes = args.hex()?;
                Parser::default().feed(&bytes, &mut |m| self.step(Step::Send(m)));
            }
            "sleep" => self.now = self.now.plus(args.millis(None)?),
            "mark" => self.mark = self.now,
            "at" => self.now = self.now.max(self.mark.plus(args.millis(None)?)),
            "unplug" => self.step(Step::Unplug),
            "plug" => self.step(Step::Plug),
            other => {
                return Err(format!(
                    "`{other}` is no command; there are note_on, note_off, tap, cc, pitch, prog, touch, sysex, raw, \
                     sleep, mark, at, repeat, end, unplug, plug"
                ));
            }
        }
        args.finish()
    }

    fn voice(&mut self, channel: Channel, voice: Voice) {
        self.step(Step::Send(Message::Voice(channel, voice)));
    }

    fn step(&mut self, step: Step) {
        self.steps.push((self.now, step));
    }
}

/// The number of lines up to the `end` that belongs to the `repeat` before them.
fn block(lines: &[(usize, Vec<&str>)]) -> Option<usize> {
    let mut depth = 0;
    for (i, (_, words)) in lines.iter().enumerate() {
        match words[0] {
            "repeat" => depth += 1,
            "end" if depth == 0 => return Some(i),
            "end" => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The arguments of one command.
struct Words<'a> {
    rest: std::slice::Iter<'a, &'a str>,
}

impl<'a> Words<'a> {
    fn new(words: &'a [&'a str]) -> Words<'a> {
        Words { rest: words[1..].iter() }
    }

    fn number<T: TryFrom<u32>>(&mut self, what: &str, low: u32, high: u32, default: Option<u32>) -> Result<T, String> {
        let number = match (self.rest.next(), default) {
            (Some(word), _) => word.parse().ok().filter(|n| (low..=high).contains(n)),
            (None, Some(default)) => Some(default),
            (None, None) => return Err(format!("the {what} is missing ({low} to {high})")),
        };
        number.and_then(|n| T::try_from(n).ok()).ok_or_else(|| format!("the {what} must be {low} to {high}"))
    }

    fn channel(&mut self) -> Result<Channel, String> {
        self.number("channel", 0, 15, Some(0)).map(Channel::masked)
    }

    fn millis(&mut self, default: Option<f64>) -> Result<Micros, String> {
        let millis = match self.rest.next() {
            Some(word) => word.parse().ok(),
            None => default,
        };
        match millis {
            Some(ms) if (0.0..=86_400_000.0).contains(&ms) => Ok(Micros((ms * 1000.0).round() as u64)),
            _ => Err("milliseconds are expected, 0 to 86400000 (a day)".to_owned()),
        }
    }

    fn hex(&mut self) -> Result<Vec<u8>, String> {
        let digits: String = self.rest.by_ref().copied().collect();
        let pairs = digits.as_bytes().chunks(2);
        let bytes: Option<Vec<u8>> = pairs
            .map(|pair| {
                std::str::from_utf8(pair).ok().filter(|p| p.len() == 2).and_then(|p| u8::from_str_radix(p, 16).ok())
            })
            .collect();
        bytes
            .filter(|b| !b.is_empty())
            .ok_or_else(|| "bytes in hexadecimal are expected, such as `90 3C 64`".to_owned())
    }

    fn finish(mut self) -> Result<(), String> {
        self.rest.next().map_or(Ok(()), |word| Err(format!("`{word}` is one word too many")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str) -> Vec<u64> {
        from_text(text).unwrap().iter().map(|(at, _)| at.0).collect()
    }

    #[test]
    fn time_goes_on_by_sleep_at_and_tap() {
        assert_eq!(
            times("note_on 60\nsleep 10\nmark\nat 5.5 # later\ntap 61 100 2\nat 1"),
            [0, 15_500, 17_500, 17_500]
        );
    }

    #[test]
    fn repeats_are_written_out_also_within_each_other() {
        assert_eq!(from_text("repeat 3\ncc 1 2\nrepeat 2\nprog 1\nend\nsleep 1\nend").unwrap().len(), 3 * 3 + 1);
        assert_eq!(from_text("repeat 1000000\nrepeat 1000000\ncc 1 1\nend\nend"), Err(ScriptError::TooLong));
        assert_eq!(from_text("repeat 1000000\nrepeat 1000000\nend\nend").unwrap().len(), 1);
        assert!(from_text(&"repeat 1\n".repeat(100_000)).is_err());
    }

    #[test]
    fn a_file_of_very_many_tracks_begins_at_once() {
        let tempo = b"MTrk\0\0\0\x0b\0\xff\x51\x03\x0f\x42\x40\0\xff\x2f\0";
        let note = b"MTrk\0\0\0\x08\x60\x90\x3c\x64\0\xff\x2f\0";
        let empty = b"MTrk\0\0\0\x04\0\xff\x2f\0";
        let mut file = b"MThd\0\0\0\x06\0\x01\xff\xff\0\x60".to_vec();
        file.extend_from_slice(tempo);
        file.extend_from_slice(note);
        (2..65_535).for_each(|_| file.extend_from_slice(empty));
        let begun = std::time::Instant::now();
        let steps = from_midi(&file).unwrap();
        assert_eq!(steps[0].0, Micros(1_000_000), "the first track's tempo holds for the second");
        // A map a track would make it minutes.
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }

    #[test]
    fn tracks_that_are_pieces_of_their_own_keep_their_tempos() {
        let slow = b"MTrk\0\0\0\x0f\0\xff\x51\x03\x0f\x42\x40\x60\x90\x3c\x64\0\xff\x2f\0";
        let plain = b"MTrk\0\0\0\x08\x60\x90\x3e\x64\0\xff\x2f\0";
        let file = [&b"MThd\0\0\0\x06\0\x02\0\x02\0\x60"[..], slow, plain].concat();
        let times: Vec<u64> = from_midi(&file).unwrap().iter().map(|(at, _)| at.0).collect();
        assert_eq!(times, [500_000, 1_000_000, 1_000_000]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, word) in [
            ("\nnote_on 128", 2, "0 to 127"),
            ("note_on", 1, "missing"),
            ("cc 1", 1, "value"),
            ("# a\nblow 3", 2, "note_on"),
            ("sysex F0 zz", 1, "hexadecimal"),
            ("repeat 2\ncc 1 1", 1, "end"),
            ("end", 1, "repeat"),
            ("sleep -1", 1, "milliseconds"),
            ("sleep NaN", 1, "milliseconds"),
            ("plug in", 1, "too many"),
        ] {
            match from_text(text) {
                Err(ScriptError::Line { line: l, reason }) => {
                    assert!(l == line && reason.contains(word), "{text}: {l} {reason}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        assert_eq!(read(&[0xff, 0xfe, 0]), Err(ScriptError::NotAScript));
    }

    #[test]
    fn the_messages_are_those_of_the_wire() {
        let steps = from_text("sysex 7E 01\nraw 90 3C 64 40 64\npitch 8192 3").unwrap();
        let bytes: Vec<Vec<u8>> =
            steps.iter().filter_map(|(_, s)| if let Step::Send(m) = s { Some(m.to_bytes()) } else { None }).collect();
        assert_eq!(bytes, [vec![0xf0, 0x7e, 1, 0xf7], vec![0x90, 60, 100], vec![0x90, 64, 100], vec![0xe3, 0, 64]]);
    }
}
