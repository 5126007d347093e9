//! A picture of a piece as a piano roll, as a PNG file: what the window shows, for those who have none.
//!
//! May use the music room and tiny-skia, which draws it.

use tiny_skia::{Color, FillRule, Paint, PathBuilder, Pixmap, Rect, Transform};

use crate::music::composition::{Composition, Division};
use crate::music::tempo_map::TempoMap;
use crate::music::time::Ticks;

/// Pixels a quarter note (or half a second where a file has no beats), as long as the picture has room.
const QUARTER: f32 = 28.0;
/// The widest and the narrowest picture, in pixels.
const WIDTH: (f32, f32) = (480.0, 4_096.0);
/// Pixels around the roll.
const MARGIN: f32 = 12.0;
/// Pixels a key is high.
const ROW: f32 = 8.0;
/// Keys above the highest and below the lowest note.
const AROUND: u8 = 2;
/// Bar lines stand at least so many pixels apart; the others are left out.
const BAR: f32 = 12.0;

const GROUND: u32 = 0x15_18_1d;
const NATURAL: u32 = 0x1d_21_28;
const SHARP: u32 = 0x18_1b_21;
const BEAT_LINE: u32 = 0x26_2b_34;
const BAR_LINE: u32 = 0x3c_44_51;

/// The colours of tracks, by number: told apart by lightness too, and to be seen on light and dark.
pub const TRACKS: [u32; 8] =
    [0x2f_b3_a2, 0x5b_8d_ef, 0xd1_6b_a5, 0x8f_7a_e6, 0x58_a8_45, 0xcf_6f_4a, 0x3f_9f_c9, 0x9a_8f_54];

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing could be seen on it.
    #[error("there are no notes to draw")]
    Empty,
    /// The encoder refused.
    #[error("the picture cannot be encoded: {0}")]
    Encoder(String),
}

/// Draws all notes of a piece, a colour a track, louder ones stronger. A piece that is too long for 4,096 pixels is drawn
/// closer together.
///
/// # Errors
/// When there are no notes.
pub fn png(composition: &Composition) -> Result<Vec<u8>, Error> {
    Drawing::of(composition)?.pixmap.encode_png().map_err(|e| Error::Encoder(e.to_string()))
}

/// Where what lies.
struct Drawing {
    pixmap: Pixmap,
    start: Ticks,
    end: Ticks,
    /// Pixels a tick.
    scale: f32,
    highest: u8,
}

impl Drawing {
    fn of(composition: &Composition) -> Result<Drawing, Error> {
        let tracks: Vec<_> = composition.tracks.iter().map(|track| track.notes()).collect();
        let all = || tracks.iter().flatten();
        let (Some(lowest), Some(highest)) = (all().map(|n| n.key.get()).min(), all().map(|n| n.key.get()).max()) else {
            return Err(Error::Empty);
        };
        let (lowest, highest) = (lowest.saturating_sub(AROUND), (highest + AROUND).min(127));
        let map = composition.tempo_map();
        let first = all().map(|n| n.start).min().unwrap_or_default();
        // From the bar line before the first note.
        let start = map.position(first).and_then(|p| map.bar_start(p.bar)).unwrap_or(first);
        let end = all().map(|n| n.end).max().unwrap_or(first).max(Ticks(start.0 + 1));
        let ticks = (end.0 - start.0) as f32;
        // Half a second is a quarter at the usual tempo of 120.
        let quarters = match composition.division {
            Division::Metrical(ppq) => ticks / f32::from(ppq.get()),
            Division::Smpte { .. } => (map.micros(end).as_secs_f64() - map.micros(start).as_secs_f64()) as f32 * 2.0,
        };
        let width = (quarters * QUARTER).clamp(WIDTH.0, WIDTH.1);
        let height = f32::from(highest - lowest + 1) * ROW;
        let pixmap = Pixmap::new((width + 2.0 * MARGIN).ceil() as u32, (height + 2.0 * MARGIN).ceil() as u32)
            .ok_or_else(|| Error::Encoder("it has no size".to_owned()))?;
        let mut drawing = Drawing { pixmap, start, end, scale: width / ticks, highest };
        drawing.pixmap.fill(colour(GROUND, 1.0));
        for key in lowest..=highest {
            let shade = if is_sharp(key) { SHARP } else { NATURAL };
            drawing.bar(MARGIN, key, width, shade, 1.0, 0.5);
        }
        drawing.lines(&map, height);
        for (track, notes) in tracks.iter().filter(|notes| !notes.is_empty()).enumerate() {
            for note in notes {
                let (left, right) = (drawing.x(note.start), drawing.x(note.end));
                // A seam between repeated notes, but never nothing.
                let width = (right - left - 1.0).max(1.5);
                let strength = 0.55 + 0.45 * f32::from(note.velocity.get()) / 127.0;
                drawing.bar(left, note.key.get(), width, TRACKS[track % TRACKS.len()], strength, 1.0);
            }
        }
        Ok(drawing)
    }

    fn x(&self, at: Ticks) -> f32 {
        MARGIN + (at.0 - self.start.0) as f32 * self.scale
    }

    /// Bar lines, and beats between them where there is room.
    fn lines(&mut self, map: &TempoMap, height: f32) {
        let Some(first) = map.position(self.start).map(|p| p.bar) else { return };
        let mut last = f32::MIN;
        for bar in first.. {
            let (Some(at), Some(next)) = (map.bar_start(bar), map.bar_start(bar + 1)) else { return };
            if at > self.end || next <= at {
                return;
            }
            let x = self.x(at.max(self.start));
            if x - last < BAR {
                continue;
            }
            last = x;
            let beats = map.signature_at(at).map_or(4, |(_, s)| s.numerator());
            let step = (self.x(next) - x) / f32::from(beats.max(1));
            for beat in (1..beats).filter(|_| step >= BAR) {
                let line = x + step * f32::from(beat);
                if line < self.x(self.end) {
                    self.rectangle(line, MARGIN, 1.0, height, BEAT_LINE, 1.0);
                }
            }
            self.rectangle(x, MARGIN, 1.0, height, BAR_LINE, 1.0);
        }
    }

    /// A bar in the row of a key, `seam` pixels less high than the row.
    fn bar(&mut self, left: f32, key: u8, width: f32, shade: u32, strength: f32, seam: f32) {
        let top = MARGIN + f32::from(self.highest - key) * ROW;
        self.rectangle(left, top, width, ROW - seam, shade, strength);
    }

    fn rectangle(&mut self, left: f32, top: f32, width: f32, height: f32, shade: u32, strength: f32) {
        let Some(rect) = Rect::from_xywh(left, top, width, height) else { return };
        let mut paint = Paint::default();
        paint.set_color(colour(shade, strength));
        let path = PathBuilder::from_rect(rect);
        self.pixmap.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
    }
}

fn is_sharp(key: u8) -> bool {
    matches!(key % 12, 1 | 3 | 6 | 8 | 10)
}

fn colour(shade: u32, strength: f32) -> Color {
    let [_, red, green, blue] = shade.to_be_bytes();
    let mut colour = Color::from_rgba8(red, green, blue, 255);
    colour.set_alpha(strength);
    colour
}
