//! Times, counts and what has happened, in words.

use crate::music::Micros;
use crate::studio::desk::{Kept, Remark};

/// Minutes, seconds and tenths: `1:05.3`.
#[must_use]
pub fn clock(at: Micros) -> String {
    let tenths = at.0 / 100_000;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// Minutes and seconds: `1:05`.
#[must_use]
pub fn length(length: Micros) -> String {
    let seconds = (length.0 + 500_000) / 1_000_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// `1 note`, `2 notes`.
#[must_use]
pub fn notes(count: u64) -> String {
    if count == 1 { "1 note".to_owned() } else { format!("{count} notes") }
}

/// `312 bytes`, `3.4 kB`, `12.0 MB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// A take that is safe.
#[must_use]
pub fn kept(kept: &Kept) -> Remark {
    let name = kept.path.file_name().unwrap_or_default().to_string_lossy();
    let what = format!("{}, {}", notes(kept.notes as u64), length(kept.length));
    match &kept.elsewhere {
        None => Remark { text: format!("Saved {name} ({what})."), wrong: false },
        Some(reason) => {
            Remark { text: format!("{reason}; the take is kept as {} ({what}).", kept.path.display()), wrong: true }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(clock(Micros(65_380_000)), "1:05.3");
        assert_eq!((length(Micros(65_380_000)), length(Micros(59_600_000))), ("1:05".to_owned(), "1:00".to_owned()));
        assert_eq!((size(999), size(3_400), size(12_000_000)), ("999 bytes".into(), "3.4 kB".into(), "12.0 MB".into()));
        assert_eq!((notes(1), notes(0)), ("1 note".to_owned(), "0 notes".to_owned()));
    }
}
