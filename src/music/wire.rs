//! Bytes of a MIDI cable into whole messages.
//!
//! Written out here instead of using midly's stream parser, which hands on a system exclusive
//! message that was cut short as if it were whole, and lets running status follow system messages.

use super::message::Message;

/// A system exclusive message longer than this is given up: no keyboard sends one, a broken cable may.
const LONGEST_SYSEX: usize = 1 << 20;

/// Takes bytes as they come, in pieces of any size, and gives whole messages.
///
/// Knows running status, several messages in one piece, messages spread over pieces, and
/// real-time bytes anywhere, inside a system exclusive message too (they come out before the
/// message they interrupt). What cannot be part of a message is left out. A message that another
/// status byte cuts short is dropped, as the MIDI 1.0 specification asks.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    state: State,
}

#[derive(Clone, Debug, Default)]
enum State {
    /// No status to go by: data bytes mean nothing.
    #[default]
    Silent,
    /// After a status byte that wants data.
    Collecting { status: u8, first: Option<u8> },
    /// Inside a system exclusive message.
    SysEx(Vec<u8>),
}

impl Parser {
    /// Takes the next bytes of the cable; calls `sink` for every message that they complete.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl FnMut(Message)) {
        for &byte in bytes {
            match byte {
                0xf8.. => sink(Message::System([byte, 0, 0])),
                0x80.. => self.status(byte, sink),
                _ => self.data(byte, sink),
            }
        }
    }

    fn status(&mut self, byte: u8, sink: &mut impl FnMut(Message)) {
        let before = std::mem::take(&mut self.state);
        self.state = match byte {
            0xf0 => State::SysEx(vec![byte]),
            0xf7 => {
                if let State::SysEx(mut bytes) = before {
                    bytes.push(byte);
                    sink(Message::SysEx(bytes.into()));
                }
                State::Silent
            }
            // Tune request, and two that the specification leaves undefined: no data.
            0xf4..=0xf6 => {
                sink(Message::System([byte, 0, 0]));
                State::Silent
            }
            _ => State::Collecting { status: byte, first: None },
        };
    }

    fn data(&mut self, byte: u8, sink: &mut impl FnMut(Message)) {
        match &mut self.state {
            State::Silent => {}
            State::SysEx(bytes) if bytes.len() < LONGEST_SYSEX => bytes.push(byte),
            State::SysEx(_) => self.state = State::Silent,
            State::Collecting { status, first } => {
                let status = *status;
                let two = !matches!(status, 0xc0..=0xdf | 0xf1 | 0xf3);
                let message = match (two, first.take()) {
                    (true, None) => {
                        *first = Some(byte);
                        return;
                    }
                    (true, Some(a)) => Message::from_bytes(&[status, a, byte]),
                    (false, _) => Message::from_bytes(&[status, byte]),
                };
                // Running status holds for channel messages only.
                if status >= 0xf0 {
                    self.state = State::Silent;
                }
                message.into_iter().for_each(sink);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut parser = Parser::default();
        let mut out = Vec::new();
        for piece in pieces {
            parser.feed(piece, &mut |m| out.push(m.to_bytes()));
        }
        out
    }

    #[test]
    fn running_status_and_several_messages_in_one_piece() {
        let got = parse(&[&[0x90, 60, 100, 64, 100, 0xb0, 1, 2, 7, 3]]);
        assert_eq!(got, [vec![0x90, 60, 100], vec![0x90, 64, 100], vec![0xb0, 1, 2], vec![0xb0, 7, 3]]);
    }

    #[test]
    fn a_message_spread_over_pieces_with_a_clock_inside() {
        assert_eq!(parse(&[&[0x90], &[60, 0xf8], &[100]]), [vec![0xf8], vec![0x90, 60, 100]]);
    }

    #[test]
    fn real_time_bytes_inside_a_split_system_exclusive_message() {
        let got = parse(&[&[0xf0, 0x7e, 0xf8], &[1, 0xfe, 2], &[0xf7]]);
        assert_eq!(got, [vec![0xf8], vec![0xfe], vec![0xf0, 0x7e, 1, 2, 0xf7]]);
    }

    #[test]
    fn a_cut_system_exclusive_message_is_dropped_and_the_next_message_kept() {
        assert_eq!(parse(&[&[0xf0, 1, 2, 0x90, 60, 100, 62, 100]]), [vec![0x90, 60, 100], vec![0x90, 62, 100]]);
    }

    #[test]
    fn system_messages_end_running_status() {
        assert_eq!(
            parse(&[&[0x90, 60, 100, 0xf3, 5, 6, 7, 0xf6, 8]]),
            [vec![0x90, 60, 100], vec![0xf3, 5], vec![0xf6]]
        );
    }

    #[test]
    fn stray_data_and_a_stray_end_mean_nothing() {
        assert_eq!(parse(&[&[1, 2, 3, 0xf7, 4, 0xc1, 5]]), [vec![0xc1, 5]]);
    }
}
