//! Samples between two passes: in memory, or in a temporary file when they are many.

use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use super::ExportError;

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

    pub(super) fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), ExportError> {
        for (l, r) in left.iter().zip(right) {
            self.file.write_all(&l.to_le_bytes()).map_err(aside)?;
            self.file.write_all(&r.to_le_bytes()).map_err(aside)?;
        }
        Ok(())
    }

    pub(super) fn read(self) -> Result<SpoolReader, ExportError> {
        let file = self.file.into_inner().map_err(|e| aside(e.into_error()))?;
        let mut reader = SpoolReader { file: BufReader::new(file), left: Vec::new(), right: Vec::new() };
        reader.rewind()?;
        Ok(reader)
    }
}

pub(super) struct SpoolReader {
    file: BufReader<SpooledTempFile>,
    left: Vec<f32>,
    right: Vec<f32>,
}

/// Left and right.
type Chunk<'a> = (&'a mut [f32], &'a mut [f32]);

/// It is not the place of the file that fails.
fn aside(source: io::Error) -> ExportError {
    ExportError::Aside { folder: std::env::temp_dir(), source }
}

impl SpoolReader {
    /// From the beginning.
    pub(super) fn rewind(&mut self) -> Result<(), ExportError> {
        self.file.seek(SeekFrom::Start(0)).map(drop).map_err(aside)
    }

    pub(super) fn next_chunk(&mut self) -> Result<Option<Chunk<'_>>, ExportError> {
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
                Err(e) => return Err(aside(e)),
            }
        }
        Ok((!self.left.is_empty()).then_some((&mut self.left[..], &mut self.right[..])))
    }
}
