//! Samples between two passes: in memory, or in a temporary file when they are many.

use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

/// Bytes that stay in memory.
const MEMORY: usize = 128 * 1024 * 1024;

/// Frames that are read at once.
const CHUNK: usize = 4_096;

pub(super) struct Spool {
    file: BufWriter<SpooledTempFile>,
}

impl Spool {
    pub(super) fn new() -> Spool {
        Spool { file: BufWriter::new(tempfile::spooled_tempfile(MEMORY)) }
    }

    pub(super) fn write(&mut self, left: &[f32], right: &[f32]) -> io::Result<()> {
        for (l, r) in left.iter().zip(right) {
            self.file.write_all(&l.to_le_bytes())?;
            self.file.write_all(&r.to_le_bytes())?;
        }
        Ok(())
    }

    pub(super) fn read(self) -> io::Result<SpoolReader> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(SpoolReader { file: BufReader::new(file), left: Vec::new(), right: Vec::new() })
    }
}

pub(super) struct SpoolReader {
    file: BufReader<SpooledTempFile>,
    left: Vec<f32>,
    right: Vec<f32>,
}

impl SpoolReader {
    pub(super) fn next_chunk(&mut self) -> io::Result<Option<(&mut [f32], &mut [f32])>> {
        self.left.clear();
        self.right.clear();
        let mut frame = [0u8; 8];
        while self.left.len() < CHUNK {
            match self.file.read_exact(&mut frame) {
                Ok(()) => {
                    let [a, b, c, d, e, f, g, h] = frame;
                    self.left.push(f32::from_le_bytes([a, b, c, d]));
                    self.right.push(f32::from_le_bytes([e, f, g, h]));
                }
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(e) => return Err(e),
            }
        }
        Ok((!self.left.is_empty()).then_some((&mut self.left[..], &mut self.right[..])))
    }
}
