//! Letting others listen: a page that plays a composition, its files, and a link to it that expires.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Error, key};
use crate::jobs::JobId;
use crate::jobs::patience::patiently;
use crate::store::{Attributes, Key, Objects};

/// Below this is what is shared.
const SHARED: &str = "shared/";
/// No link of S3 lives longer.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is shared.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// What the page is headed with.
    pub title: &'a str,
    /// The composition.
    pub midi: &'a [u8],
    /// Its sound, and what kind of file it is: `ogg`, `flac` or `wav`.
    pub sound: (&'a [u8], &'static str),
}

/// Links that open what is shared, each by itself, until they expire.
#[derive(Clone, Debug, Serialize)]
pub struct Links {
    /// To the page that plays.
    pub page: String,
    /// To the sound.
    pub sound: String,
    /// To the composition.
    pub midi: String,
}

/// Brings a piece to the store and answers with the links.
///
/// # Errors
/// When the store does not take it, or has no links.
pub fn share(store: &dyn Objects, piece: &Piece<'_>, expires: Duration) -> Result<Links, Error> {
    let folder = format!("{SHARED}{}/", JobId::new());
    let at = |name: &str| key(format!("{folder}{name}"));
    let (sound, kind) = piece.sound;
    // What stands in headers and on disks may hold no path.
    let file = Path::new(piece.title).file_name().map_or_else(|| "piece".into(), |n| n.to_string_lossy());
    let put = |at: &Key, bytes: &[u8], file_name: Option<String>| {
        patiently(|| store.put(at, bytes, &Attributes { file_name: file_name.clone(), metadata: Vec::new() }))
    };
    let (midi_at, sound_at, page_at) = (at("piece.mid")?, at(&format!("piece.{kind}"))?, at("index.html")?);
    // A store without links says so before anything is brought there.
    let midi_name = format!("{file}.mid");
    let midi = store.presign(&midi_at, expires)?;
    let played = store.presign(&sound_at, expires)?;
    put(&midi_at, piece.midi, Some(midi_name.clone()))?;
    put(&sound_at, sound, None)?;
    let until = (Timestamp::now() + expires).strftime("%-d %B %Y, %H:%M UTC").to_string();
    put(&page_at, page(piece.title, &played, &midi, &midi_name, &until).as_bytes(), None)?;
    let page = store.presign(&page_at, expires)?;
    Ok(Links { page, sound: played, midi })
}

/// A page that needs nothing but a browser, and may load nothing but the sound.
fn page(title: &str, sound: &str, midi: &str, midi_name: &str, until: &str) -> String {
    let (title, sound, midi, name) = (escaped(title), escaped(sound), escaped(midi), escaped(midi_name));
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; media-src 'self'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }}
body {{ max-width: 36rem; margin: 20vh auto 2rem; padding: 0 1.5rem; }}
h1 {{ font-size: 1.8rem; line-height: 1.25; font-weight: 600; text-wrap: balance; overflow-wrap: anywhere; margin: 0; }}
audio {{ width: 100%; margin: 1.75rem 0 1rem; }}
a {{ color: inherit; text-decoration-thickness: 1px; text-underline-offset: .2em; }}
footer {{ font-size: .85rem; opacity: .7; margin-top: 3rem; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<audio controls preload="metadata" src="{sound}">Your browser plays no sound; <a href="{sound}">the file</a>.</audio>
<p><a href="{midi}" download="{name}">The notes, as a MIDI file</a></p>
</main>
<footer>Made with composer. Here until {until}.</footer>
</body>
</html>
"#
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_text_and_nothing_else() {
        let page = page(
            "夢 <script>alert(\"1\")</script> & 'x'\u{0}",
            "http://s/?a=1&b=2",
            "http://m",
            "夢.mid",
            "1 May 2026, 12:00 UTC",
        );
        assert!(
            page.contains("<h1>夢 &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39; </h1>"),
            "{page}"
        );
        assert!(page.contains(r#"src="http://s/?a=1&amp;b=2""#) && !page.contains("<script"), "{page}");
    }
}
