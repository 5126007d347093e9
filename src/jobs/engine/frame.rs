//! What a worker and the process that composes for it tell each other: a byte that says what it is, four for
//! the length, and so many bytes.

use std::io::{self, Read, Write};

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// To the hand: what is to be done, as JSON.
    Task = b't',
    /// To the hand, after the task: with what.
    Input = b'i',
    /// To the hand: the composition so far is wanted.
    Show = b's',
    /// From the hand: the share that is done.
    Share = b'p',
    /// From the hand: the composition so far.
    Partial = b'c',
    /// From the hand: a composition; the best comes first.
    Output = b'o',
    /// From the hand: that was the last.
    Composed = b'd',
    /// From the hand: why there is none, as JSON.
    Fault = b'f',
}

/// Far more than any composition has; a longer frame is none.
const LONGEST: u32 = 256 << 20;

/// A frame.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) body: Vec<u8>,
}

/// Sends one.
pub(super) fn write(to: &mut impl Write, kind: Kind, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).ok().filter(|l| *l <= LONGEST).ok_or(io::ErrorKind::FileTooLarge)?;
    let mut head = [kind as u8, 0, 0, 0, 0];
    head[1..].copy_from_slice(&length.to_le_bytes());
    to.write_all(&head)?;
    to.write_all(body)?;
    to.flush()
}

/// Waits for one.
pub(super) fn read(from: &mut impl Read) -> io::Result<Frame> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let [kind, length @ ..] = head;
    let known =
        [Kind::Task, Kind::Input, Kind::Show, Kind::Share, Kind::Partial, Kind::Output, Kind::Composed, Kind::Fault];
    let kind = known.into_iter().find(|k| *k as u8 == kind).ok_or(io::ErrorKind::InvalidData)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut body)?;
    if body.len() as u64 != u64::from(length) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Frame { kind, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else_is() {
        let mut bytes = Vec::new();
        write(&mut bytes, Kind::Task, b"{}").unwrap();
        write(&mut bytes, Kind::Show, b"").unwrap();
        let mut from = &bytes[..];
        let task = read(&mut from).unwrap();
        assert_eq!((task.kind, &task.body[..]), (Kind::Task, &b"{}"[..]));
        assert_eq!(read(&mut from).unwrap().kind, Kind::Show);
        for broken in [&b""[..], b"t", b"t\x05\0\0\0abc", b"x\0\0\0\0", b"t\xff\xff\xff\xff"] {
            assert!(read(&mut &*broken).is_err(), "{broken:?}");
        }
    }
}
