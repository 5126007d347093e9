//! The RIFF container: chunks by name, length and place, read without believing any length.

use std::io::{Read, Seek, SeekFrom};

use super::Fault;

/// A chunk's four-letter name.
pub(super) type Id = [u8; 4];

/// Where a chunk's content lies in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub(super) id: Id,
    /// The first byte after the header.
    pub(super) start: u64,
    /// In bytes; the content lies in the file entirely.
    pub(super) length: u64,
}

impl Chunk {
    fn end(self) -> u64 {
        self.start + self.length
    }

    /// The chunk's name, with anything unprintable replaced.
    pub(super) fn name(self) -> String {
        name(self.id)
    }
}

pub(super) fn name(id: Id) -> String {
    id.iter().map(|b| if b.is_ascii_graphic() || *b == b' ' { char::from(*b) } else { '?' }).collect()
}

/// A seekable file of known length.
pub(super) struct Reader<R> {
    inner: R,
    length: u64,
}

impl<R: Read + Seek> Reader<R> {
    pub(super) fn new(mut inner: R) -> Result<Reader<R>, Fault> {
        let length = inner.seek(SeekFrom::End(0))?;
        Ok(Reader { inner, length })
    }

    /// The file's one outer chunk, of the given form.
    pub(super) fn outer(&mut self, form: Id) -> Result<Chunk, Fault> {
        let (id, length) = self.header(0).map_err(|_| Fault::NotASoundFont)?;
        if id != *b"RIFF" || length < 4 || self.array(8).ok() != Some(form) {
            return Err(Fault::NotASoundFont);
        }
        Self::inside(Chunk { id, start: 8, length }, self.length)?;
        Ok(Chunk { id: form, start: 12, length: length - 4 })
    }

    /// The chunks inside `parent`, lists named by their type.
    ///
    /// Debian's `.sf3` files leave out the byte that fills an odd chunk: the next header is looked for at both places.
    pub(super) fn children(&mut self, parent: Chunk) -> Result<Vec<Chunk>, Fault> {
        let mut found = Vec::new();
        let mut at = parent.start;
        while at + 8 <= parent.end() {
            let (id, length) = self.header(at)?;
            let mut chunk = Chunk { id, start: at + 8, length };
            Self::inside(chunk, parent.end())?;
            at = chunk.end();
            if length % 2 == 1 {
                let unfilled = at + 8 <= parent.end() && is_name(self.array(at)?);
                let filled = at + 9 <= parent.end() && is_name(self.array(at + 1)?);
                at += u64::from(filled || !unfilled);
            }
            if id == *b"LIST" && length >= 4 {
                chunk = Chunk { id: self.array(chunk.start)?, start: chunk.start + 4, length: length - 4 };
            }
            found.push(chunk);
            if found.len() > 1000 {
                return Err(Fault::Malformed {
                    chunk: parent.name(),
                    at: parent.start,
                    why: "more than 1000 chunks in it".into(),
                });
            }
        }
        Ok(found)
    }

    /// A chunk's bytes; no more memory than the file is long.
    pub(super) fn bytes(&mut self, chunk: Chunk) -> Result<Vec<u8>, Fault> {
        self.inner.seek(SeekFrom::Start(chunk.start))?;
        let mut bytes = vec![0; usize::try_from(chunk.length).map_err(|_| Fault::TooLarge)?];
        self.inner.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// A chunk's content as 16-bit samples, without a second copy in memory.
    pub(super) fn samples(&mut self, chunk: Chunk) -> Result<Vec<i16>, Fault> {
        self.inner.seek(SeekFrom::Start(chunk.start))?;
        let mut left = usize::try_from(chunk.length / 2).map_err(|_| Fault::TooLarge)?;
        let mut samples = Vec::with_capacity(left);
        let mut buffer = [0u8; 1 << 15];
        while left > 0 {
            let part = buffer.get_mut(..(2 * left).min(1 << 15)).unwrap_or_default();
            self.inner.read_exact(part)?;
            samples.extend(part.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)));
            left -= part.len() / 2;
        }
        Ok(samples)
    }

    fn header(&mut self, at: u64) -> Result<(Id, u64), Fault> {
        let id = self.array(at)?;
        let length: [u8; 4] = self.array(at + 4)?;
        Ok((id, u64::from(u32::from_le_bytes(length))))
    }

    fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N], Fault> {
        self.inner.seek(SeekFrom::Start(at))?;
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn inside(chunk: Chunk, end: u64) -> Result<(), Fault> {
        if chunk.end() > end {
            let (chunk, at, length) = (chunk.name(), chunk.start - 8, chunk.length);
            return Err(Fault::Truncated { chunk, at, length, room: end.saturating_sub(at + 8) });
        }
        Ok(())
    }
}

fn is_name(id: Id) -> bool {
    id.iter().all(|b| b.is_ascii_alphanumeric())
}
