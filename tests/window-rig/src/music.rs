//! MIDI files to look at, the same on every run.

use std::path::Path;

use crate::Failure;

fn number(mut value: u32, bytes: &mut Vec<u8>) {
    let mut groups = vec![value as u8 & 0x7f];
    while value > 0x7f {
        value >>= 7;
        groups.push(value as u8 & 0x7f | 0x80);
    }
    bytes.extend(groups.iter().rev());
}

/// A file of one track: chords of four notes, an eighth apart, up and down the keys.
pub fn write(path: &Path, notes: u32, title: &str) -> Result<(), Failure> {
    write_at(path, notes, title, 100)
}

/// The same at another volume, 0 to 127.
pub fn write_at(path: &Path, notes: u32, title: &str, volume: u8) -> Result<(), Failure> {
    let mut track = vec![0, 0xff, 3, title.len() as u8];
    track.extend(title.as_bytes());
    track.extend([0, 0xb0, 7, volume]);
    for chord in 0..notes.div_ceil(4) {
        let keys = [0, 4, 7, 12].map(|k| 36 + ((chord * 7 + k) % 48) as u8);
        let velocity = 1 + (chord % 127) as u8;
        for (n, key) in keys.iter().enumerate() {
            number(if n == 0 && chord > 0 { 40 } else { 0 }, &mut track);
            track.extend([0x90, *key, velocity]);
        }
        for (n, key) in keys.iter().enumerate() {
            number(if n == 0 { 200 } else { 0 }, &mut track);
            track.extend([0x80, *key, 64]);
        }
    }
    track.extend([0, 0xff, 0x2f, 0]);
    let mut file = b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk".to_vec();
    file.extend((track.len() as u32).to_be_bytes());
    file.extend(track);
    Ok(std::fs::write(path, file)?)
}
