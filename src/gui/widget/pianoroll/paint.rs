//! Drawing: rows, bars and keys; notes; the lane. Only what is visible, and from afar in columns, so that no frame
//! costs more than some thousand rectangles.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::canvas::{Frame, Path, Stroke, Text};
use iced::{Color, Point, Rectangle, Size};

use super::viewport::RULER;
use super::{Lane, Scene, Viewport};
use crate::gui::theme::{self, Ink, mix};
use crate::gui::widget::piano::is_black;
use crate::music::edit::{Columns, EditedTrack, PlacedNote, Said};
use crate::music::message::{Key, Velocity, Voice};
use crate::music::{Ticks, general_midi, pitch};

/// More notes than this are drawn in columns.
const MOST_NOTES: usize = 1_200;

/// More bars than this are drawn in wider columns.
const MOST_BARS: usize = 2_500;

/// The least distance of grid lines in pixels.
const LEAST_LINES: f32 = 9.0;

/// Shades that velocities are drawn in.
const SHADES: usize = 6;

fn clipped(rectangle: Rectangle, to: Rectangle) -> Option<Rectangle> {
    rectangle.intersection(&to).filter(|r| r.width > 0.0 && r.height > 0.0)
}

fn fill(frame: &mut Frame, rectangle: Rectangle, colour: Color) {
    frame.fill_rectangle(rectangle.position(), rectangle.size(), colour);
}

fn label(frame: &mut Frame, content: String, position: Point, colour: Color, size: f32) {
    frame.fill_text(Text {
        content,
        position,
        color: colour,
        size: size.into(),
        font: theme::REGULAR,
        align_y: Vertical::Center,
        ..Text::default()
    });
}

/// Rows, lines, keys and ruler.
pub(super) fn ground(frame: &mut Frame, view: &Viewport, scene: &Scene<'_>, ink: &Ink) {
    let notes = view.notes();
    let lane = view.lane();
    let dark_row = mix(ink.surface, ink.line, 0.32);
    // Drums are neither black nor white: every second row, as in a table.
    let shaded = |key: &Key| if scene.drums { key.get() % 2 == 1 } else { is_black(*key) };
    for key in (0..128).map(Key::masked).filter(shaded) {
        let row = Rectangle { y: view.y(key), height: view.row(), ..notes };
        if let Some(row) = clipped(row, notes) {
            fill(frame, row, dark_row);
        }
    }
    for key in (0..128).step_by(12).map(Key::masked).filter(|_| !scene.drums) {
        let line = Rectangle { y: (view.y(key) + view.row()).round(), height: 1.0, ..notes };
        if let Some(line) = clipped(line, notes) {
            fill(frame, line, ink.line);
        }
    }
    lines(frame, view, scene, ink);
    fill(frame, Rectangle { height: 1.0, ..lane }, ink.line);
    if scene.drums {
        drums(frame, view, ink);
    } else {
        keys(frame, view, ink);
    }
    let corner = Rectangle { x: 0.0, y: lane.y, width: view.keys(), height: lane.height };
    fill(frame, corner, ink.surface);
    for (share, value) in [(0.0, "127"), (0.5, "64")] {
        let y = lane.y + 10.0 + share * (lane.height - 12.0);
        label(frame, value.to_owned(), Point::new(view.keys() - 26.0, y), ink.muted, 10.0);
    }
    fill(frame, Rectangle { x: 0.0, y: lane.y, width: view.keys(), height: 1.0 }, ink.line);
}

/// The names of drums, where keys would be; between them, when rows are low, only those that there is room for.
fn drums(frame: &mut Frame, view: &Viewport, ink: &Ink) {
    let notes = view.notes();
    let area = Rectangle { x: 0.0, width: view.keys() - 1.0, ..notes };
    fill(frame, area, ink.surface);
    let mut free = f32::MIN;
    for key in (0..128).rev().map(Key::masked) {
        let middle = view.y(key) + view.row() / 2.0;
        let fits = middle - 5.0 >= area.y && middle + 5.0 <= area.y + area.height && middle - free >= 11.0;
        if let Some(name) = general_midi::drum(key).filter(|_| fits) {
            label(frame, name.to_owned(), Point::new(6.0, middle), ink.text, 10.0);
            free = middle;
        }
    }
    fill(frame, Rectangle { x: view.keys() - 1.0, width: 1.0, ..notes }, ink.line);
}

fn keys(frame: &mut Frame, view: &Viewport, ink: &Ink) {
    let notes = view.notes();
    let area = Rectangle { x: 0.0, width: view.keys() - 1.0, ..notes };
    fill(frame, area, ink.white_key);
    for key in (0..128).map(Key::masked) {
        let row = Rectangle { x: 0.0, y: view.y(key), width: view.keys() - 1.0, height: view.row() };
        let Some(seen) = clipped(row, area) else { continue };
        if is_black(key) {
            fill(frame, Rectangle { width: seen.width * 0.62, ..seen }, ink.black_key);
        } else if matches!(key.get() % 12, 0 | 5) {
            let line = Rectangle { y: row.y + row.height - 1.0, height: 1.0, ..row };
            if let Some(line) = clipped(line, area) {
                fill(frame, line, mix(ink.white_key, ink.black_key, 0.3));
            }
        }
        if key.get() % 12 == 0 && seen.height > 6.0 {
            frame.fill_text(Text {
                content: pitch::name(key),
                position: Point::new(view.keys() - 6.0, row.y + row.height / 2.0),
                color: ink.black_key,
                size: 10.0.into(),
                font: theme::REGULAR,
                align_x: Horizontal::Right.into(),
                align_y: Vertical::Center,
                ..Text::default()
            });
        }
    }
    fill(frame, Rectangle { x: view.keys() - 1.0, width: 1.0, ..notes }, ink.line);
}

/// Bars, beats and the grid, and the ruler above them.
fn lines(frame: &mut Frame, view: &Viewport, scene: &Scene<'_>, ink: &Ink) {
    let notes = view.notes();
    let lane = view.lane();
    let ruler = Rectangle { x: 0.0, y: 0.0, width: notes.x + notes.width, height: RULER };
    fill(frame, ruler, ink.surface);
    let down = notes.height + lane.height;
    let (left, right) = (view.left(), view.right());
    let mut vertical = |at: Ticks, colour: Color, from: f32| {
        let x = view.x(at).round();
        if x >= notes.x {
            frame.fill_rectangle(Point::new(x, from), Size::new(1.0, notes.y + down - from), colour);
        }
    };
    let step = scene.step.0;
    if step > 0 && step as f64 / view.ticks_a_pixel() >= f64::from(LEAST_LINES) {
        let colour = mix(ink.surface, ink.line, 0.45);
        for n in left.0 / step..=right.0 / step {
            vertical(Ticks(n * step), colour, notes.y);
        }
    }
    let mut names = Vec::new();
    for (bar, start, next) in bars(scene, left, right, view) {
        vertical(start, ink.line, 0.0);
        names.push((bar, start));
        let beats = beats(scene, bar, start, next);
        if (next.0 - start.0) as f64 / view.ticks_a_pixel() / beats.len().max(1) as f64 >= f64::from(LEAST_LINES) {
            for beat in beats.into_iter().skip(1) {
                vertical(beat, mix(ink.surface, ink.line, 0.7), notes.y);
            }
        }
    }
    for (bar, start) in names {
        let x = view.x(start);
        if x >= notes.x - 1.0 && x + 20.0 < notes.x + notes.width {
            label(frame, bar.to_string(), Point::new(x + 5.0, RULER * 0.27), ink.muted, 10.0);
        }
    }
    tempos(frame, view, scene, ink);
    fill(frame, Rectangle { y: RULER - 1.0, height: 1.0, ..ruler }, ink.line);
    fill(frame, Rectangle { width: view.keys(), height: RULER - 1.0, ..ruler }, ink.surface);
}

/// The bars that are seen, with their starts and those of the bars after them; from afar every second, fourth and so on.
/// Where ticks are no parts of bars: seconds.
fn bars(scene: &Scene<'_>, left: Ticks, right: Ticks, view: &Viewport) -> Vec<(u64, Ticks, Ticks)> {
    let map = scene.tempo_map;
    let start_of =
        |bar: u64| map.bar_start(bar).unwrap_or_else(|| map.ticks(crate::music::Micros((bar - 1) * 1_000_000)));
    let first = map.position(left).map_or(map.micros(left).0 / 1_000_000 + 1, |p| p.bar);
    let width = (start_of(first + 1).0.saturating_sub(start_of(first).0)).max(1) as f64 / view.ticks_a_pixel();
    let mut every = 1u64;
    while (width * every as f64) < 44.0 && every < 1 << 40 {
        every *= 2;
    }
    let mut found = Vec::new();
    let mut bar = (first - 1) / every * every + 1;
    while found.len() < 400 {
        let start = start_of(bar);
        if start >= right {
            break;
        }
        found.push((bar, start, start_of(bar + every)));
        bar += every;
    }
    found
}

/// Where the beats of a bar are; none where several bars are taken together.
fn beats(scene: &Scene<'_>, bar: u64, start: Ticks, next: Ticks) -> Vec<Ticks> {
    if scene.tempo_map.bar_start(bar + 1) != Some(next) {
        return Vec::new();
    }
    let signature = scene.tempo_map.signature_at(start).map(|(_, s)| s);
    let Some(signature) = signature else { return Vec::new() };
    let whole = 4 * scene.editor.document().ticks_a_quarter();
    let beat = whole / u64::from(signature.denominator());
    (0..u64::from(signature.numerator())).map(|n| Ticks(start.0 + n * beat)).filter(|at| *at < next).collect()
}

/// Tempos, on a line of their own below the bars' numbers, as many as there is room for.
fn tempos(frame: &mut Frame, view: &Viewport, scene: &Scene<'_>, ink: &Ink) {
    let right = view.right();
    let mut free = view.keys();
    for (at, tempo) in scene.tempo_map.tempos().filter(|(at, _)| *at < right) {
        let x = view.x(at).max(view.keys()) + 5.0;
        if x >= free && view.x(at) >= view.keys() - 1.0 {
            let text = format!("{:.0} bpm", tempo.bpm());
            label(frame, text, Point::new(x, RULER * 0.68), ink.accent, 10.0);
            free = x + 64.0;
        }
    }
}

/// The notes of all tracks, that of the edited one on top.
pub(super) fn notes(frame: &mut Frame, view: &Viewport, scene: &Scene<'_>, ink: &Ink) {
    let document = scene.editor.document();
    // A drum's row is no pitch: drums are seen among drums, and the others among the others.
    let alike = |t: &EditedTrack| (t.channel() == Some(general_midi::PERCUSSION)) == scene.drums;
    let others = || {
        let others = document.tracks().iter().enumerate().filter(|(i, _)| *i != scene.track);
        others.map(|(_, t)| t).filter(|t| alike(t))
    };
    if others().any(|t| t.note_count() > 0) {
        columns(frame, view, others(), ink.ghost);
    }
    let Some(track) = document.track(scene.track) else { return };
    let seen: Vec<&PlacedNote> = track.notes_between(view.left(), view.right()).take(MOST_NOTES + 1).collect();
    if seen.len() > MOST_NOTES {
        columns(frame, view, std::iter::once(track), ink.track(scene.colour));
        selected_from_afar(frame, view, scene, ink, track);
    } else {
        near(frame, view, scene, ink, &seen);
    }
    lane(frame, view, scene, ink, track, &seen);
}

/// Where a note is on the canvas, if it can be seen.
pub(super) fn place(view: &Viewport, start: Ticks, end: Ticks, key: Key) -> Option<Rectangle> {
    let (left, right) = (view.x(start), view.x(end));
    let gap = if right - left > 4.0 { 1.0 } else { 0.0 };
    let width = (right - left - gap).max(2.0);
    let rectangle = Rectangle { x: left, y: view.y(key) + 0.5, width, height: (view.row() - 1.0).max(2.0) };
    clipped(rectangle, view.notes())
}

fn shade(velocity: Velocity) -> usize {
    usize::from(velocity.get()) * SHADES / 128
}

fn near(frame: &mut Frame, view: &Viewport, scene: &Scene<'_>, ink: &Ink, seen: &[&PlacedNote]) {
    let selection = scene.editor.selection();
    let round = view.row() >= 9.0 && seen.len() <= 400;
    for chosen in [false, true] {
        let colour = if chosen { ink.selected } else { ink.track(scene.colour) };
        for step in 0..SHADES {
            let loudest = ((step + 1) * 128 / SHADES - 1) as u8;
            let fill_colour = theme::shade(ink, colour, Velocity::masked(loudest));
            let these = seen.iter().filter(|n| selection.contains(n.id) == chosen && shade(n.note.velocity) == step);
            for note in these {
                let Some(r) = place(view, note.note.start, note.note.end, note.note.key) else { continue };
                if round && r.width > 5.0 {
                    let path = Path::rounded_rectangle(r.position(), r.size(), 3.0.into());
                    frame.fill(&path, fill_colour);
                    if chosen {
                        frame.stroke(&path, Stroke::default().with_color(ink.text).with_width(1.5));
                    }
                } else {
                    fill(frame, r, fill_colour);
                    if chosen && r.width > 3.0 && r.height > 3.0 {
                        fill(frame, Rectangle { height: 1.0, ..r }, ink.text);
                    }
                }
                named(frame, r, note, view, fill_colour, scene.drums);
            }
        }
    }
}

fn named(frame: &mut Frame, r: Rectangle, note: &PlacedNote, view: &Viewport, on: Color, drums: bool) {
    if drums || r.width < 30.0 || view.row() < 13.0 || r.height < 11.0 {
        return;
    }
    let colour = theme::readable_on(on);
    label(frame, pitch::name(note.note.key), Point::new(r.x + 5.0, r.y + r.height / 2.0), colour, 10.0);
}

/// The notes as columns: bars of keys that sound.
fn columns<'a>(
    frame: &mut Frame,
    view: &Viewport,
    tracks: impl Iterator<Item = &'a EditedTrack> + Clone,
    colour: Color,
) {
    let area = view.notes();
    let mut width = 1.0f32;
    loop {
        let count = (area.width / width).ceil() as usize;
        let mut columns = Columns::new(view.left(), view.ticks_a_pixel() * f64::from(width), count);
        tracks.clone().for_each(|t| columns.add_track(t));
        let bars = bars_of(&columns, view, width);
        if bars.len() > MOST_BARS && width < 16.0 {
            width *= 2.0;
            continue;
        }
        let path = Path::new(|path| bars.iter().for_each(|r| path.rectangle(r.position(), r.size())));
        frame.fill(&path, colour);
        return;
    }
}

fn bars_of(columns: &Columns, view: &Viewport, width: f32) -> Vec<Rectangle> {
    let area = view.notes();
    let mut bars = Vec::new();
    let height = (view.row() - 1.0).max(2.0);
    for key in (0..128).map(Key::masked) {
        let y = (view.y(key) + 0.5).round();
        if y + height <= area.y || y >= area.y + area.height {
            continue;
        }
        let mut open: Option<Rectangle> = None;
        let columns = columns.as_slice().iter().map(|c| c.keys >> key.get() & 1 == 1);
        for (n, sounds) in columns.chain(std::iter::once(false)).enumerate() {
            match &mut open {
                Some(bar) if sounds => bar.width += width,
                None if sounds => open = Some(Rectangle { x: area.x + n as f32 * width, y, width, height }),
                _ => bars.extend(open.take().and_then(|bar| clipped(bar, area))),
            }
        }
    }
    bars
}

/// From afar what is selected is shown as a line below the ruler.
fn selected_from_afar(frame: &mut Frame, view: &Viewport, scene: &Scene<'_>, ink: &Ink, track: &EditedTrack) {
    let selection = scene.editor.selection();
    if selection.is_empty() {
        return;
    }
    let area = view.notes();
    let mut last = f32::MIN;
    for note in track.notes_between(view.left(), view.right()).filter(|n| selection.contains(n.id)) {
        let x = view.x(note.note.start).floor();
        if x > last && x >= area.x {
            last = x + 1.0;
            fill(frame, Rectangle { x, y: area.y, width: 2.0, height: 4.0 }, ink.selected);
        }
    }
}

fn lane(frame: &mut Frame, view: &Viewport, scene: &Scene<'_>, ink: &Ink, track: &EditedTrack, seen: &[&PlacedNote]) {
    match scene.lane {
        Lane::Velocity => velocities(frame, view, scene, ink, track, seen),
        Lane::Controller(channel, controller) => {
            let of_it = |said: &Said| match said {
                Said::Voice(c, Voice::Control { controller: which, value })
                    if *c == channel && *which == controller =>
                {
                    Some(value.get())
                }
                _ => None,
            };
            let (left, right) = (view.left(), view.right());
            let before = track.events_between(Ticks(0), left).rev().find_map(|e| of_it(&e.said));
            let points = track.events_between(left, right).filter_map(|e| Some((e.at, of_it(&e.said)?)));
            steps(frame, view, ink.track(scene.colour), before, points);
        }
    }
}

fn velocities(
    frame: &mut Frame,
    view: &Viewport,
    scene: &Scene<'_>,
    ink: &Ink,
    track: &EditedTrack,
    seen: &[&PlacedNote],
) {
    let area = view.lane();
    let mut stem = |x: f32, velocity: u8, colour: Color| {
        let height = height(velocity, area);
        let bar = Rectangle { x: x.round(), y: area.y + area.height - height, width: 3.0, height };
        if let Some(bar) = clipped(bar, area) {
            fill(frame, bar, colour);
        }
    };
    if seen.len() > MOST_NOTES {
        let count = (area.width / 3.0).ceil() as usize;
        let mut columns = Columns::new(view.left(), view.ticks_a_pixel() * 3.0, count);
        columns.add_track(track);
        for (n, column) in columns.as_slice().iter().enumerate().filter(|(_, c)| c.velocity > 0) {
            stem(area.x + n as f32 * 3.0, column.velocity, ink.track(scene.colour));
        }
        return;
    }
    let selection = scene.editor.selection();
    for chosen in [false, true] {
        for note in seen.iter().filter(|n| selection.contains(n.id) == chosen) {
            let colour = if chosen { ink.selected } else { ink.track(scene.colour) };
            stem(view.x(note.note.start), note.note.velocity.get(), colour);
        }
    }
}

/// The height of a value in the lane.
pub(super) fn height(value: u8, area: Rectangle) -> f32 {
    (f32::from(value) / 127.0 * (area.height - 8.0)).max(2.0)
}

fn steps(
    frame: &mut Frame,
    view: &Viewport,
    colour: Color,
    before: Option<u8>,
    points: impl Iterator<Item = (Ticks, u8)>,
) {
    let area = view.lane();
    let mut now = (area.x, before);
    let mut draw = |from: f32, to: f32, value: Option<u8>| {
        let Some(value) = value else { return };
        let height = height(value, area);
        let bar = Rectangle { x: from, y: area.y + area.height - height, width: to - from, height };
        if let Some(bar) = clipped(bar, area) {
            fill(frame, bar, colour.scale_alpha(0.35));
            fill(frame, Rectangle { height: 2.0, ..bar }, colour);
        }
    };
    for (at, value) in points {
        let x = view.x(at).max(area.x).round();
        // Of several in a pixel the last counts.
        if x > now.0 {
            draw(now.0, x, now.1);
        }
        now = (x, Some(value));
    }
    draw(now.0, area.x + area.width, now.1);
}
