//! Texts in files: their bytes have no declared encoding and may hold anything.

/// The text as it was meant, as far as that can be told: UTF-8 where it is valid, Latin-1
/// otherwise. What a terminal could take for a command is replaced: see [`printable`].
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => printable(text),
        Err(_) => printable(&bytes.iter().map(|b| char::from(*b)).collect::<String>()),
    }
}

/// The text on one line and safe to show: line ends and tabs become spaces; control characters
/// (escape sequences begin with one) and those that turn the direction of writing around become `\u{fffd}`;
/// space at either end goes.
#[must_use]
pub fn printable(text: &str) -> String {
    let shown: String = text
        .chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                char::REPLACEMENT_CHARACTER
            }
            c => c,
        })
        .collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_8_and_latin_1_are_both_understood() {
        assert_eq!(decode("Für Elise".as_bytes()), "Für Elise");
        assert_eq!(decode(b"F\xfcr Elise"), "Für Elise");
    }

    #[test]
    fn no_escape_sequence_gets_through() {
        for evil in [&b"\x1b[2Jgone"[..], b"\x9b31mred", b"\x07\x08", "\u{9b}31m".as_bytes(), "\u{202e}x".as_bytes()] {
            assert!(!decode(evil).chars().any(|c| c.is_control() || c == '\u{202e}'), "{evil:02x?}");
        }
        assert_eq!(decode(b"two\r\nlines\0"), "two  lines\u{fffd}");
    }
}
