//! The mouse on the roll: from presses, moves and wheels to [`Gesture`]s; and what is drawn while one goes on.

use iced::widget::canvas::{self, Event, Frame, Geometry, Path, Stroke};
use iced::{Point, Rectangle, Renderer, Size, Theme, keyboard, mouse};

use super::viewport::RULER;
use super::{Done, Gesture, Pianoroll, Scene, Tool, paint};
use crate::gui::theme::{self, Ink};
use crate::music::Ticks;
use crate::music::edit::PlacedNote;
use crate::music::message::Key;

/// How near to a note's end the mouse takes hold of that.
const EDGE: f32 = 6.0;

/// How far the mouse moves before a click is a drag.
const SLACK: f32 = 3.0;

/// More moving notes than this are shown by their outline.
const MOST_MOVING: usize = 600;

/// The canvas.
pub(super) struct Board<'a, M> {
    pub(super) roll: &'a Pianoroll,
    pub(super) scene: Scene<'a>,
    pub(super) on_gesture: Box<dyn Fn(Gesture) -> M + 'a>,
}

/// What the mouse is about.
#[derive(Clone, Debug, Default)]
enum Drag {
    #[default]
    None,
    /// A key at the left sounds.
    Keys(Key),
    /// In the ruler.
    Ruler { from: Point },
    /// Empty space among the notes.
    Sweep { from: Point, add: bool },
    /// The selected notes move.
    Move { from: Point, grabbed: Ticks, key: Key },
    /// Their ends move.
    End { from: Point, grabbed: Ticks },
    /// Their starts move.
    Start { from: Point, grabbed: Ticks },
    /// A note is drawn.
    Draw { start: Ticks, key: Key },
    /// A line in the lane.
    Line(Vec<Point>),
    /// Wiping in the lane.
    Wipe { from: Point },
    /// The whole roll is pushed.
    Push { last: Point },
}

/// What the canvas remembers between events.
#[derive(Debug, Default)]
pub(super) struct Held {
    drag: Drag,
    here: Point,
    modifiers: keyboard::Modifiers,
    size: Size,
    heard: Option<Key>,
}

impl<M> Board<'_, M> {
    fn say(&self, gesture: Gesture) -> Option<canvas::Action<M>> {
        Some(canvas::Action::publish((self.on_gesture)(gesture)).and_capture())
    }

    /// A tick on the grid, the one at or before it; Alt lets go of the grid.
    fn snapped(&self, at: Ticks, held: &Held) -> Ticks {
        let step = self.scene.step.0;
        if step == 0 || held.modifiers.alt() { at } else { Ticks(at.0 / step * step) }
    }

    /// The nearest tick on the grid.
    fn nearest(&self, at: Ticks, held: &Held) -> Ticks {
        self.snapped(Ticks(at.0.saturating_add(self.scene.step.0 / 2)), held)
    }

    fn note_at(&self, at: Point) -> Option<&PlacedNote> {
        let view = &self.roll.viewport;
        self.scene.editor.document().note_at(self.scene.track, view.tick(at.x), view.key(at.y))
    }

    /// By how much the selected notes move when one of them is taken from `grabbed` by this way.
    fn way(&self, from: Point, grabbed: Ticks, held: &Held) -> i64 {
        if (held.here.x - from.x).abs() < SLACK {
            return 0;
        }
        let view = &self.roll.viewport;
        let moved = (f64::from(held.here.x - from.x) * view.ticks_a_pixel()) as i64;
        let to = self.nearest(Ticks(grabbed.0.saturating_add_signed(moved)), held);
        i64::try_from(to.0).unwrap_or(i64::MAX) - i64::try_from(grabbed.0).unwrap_or(i64::MAX)
    }

    fn keys_moved(&self, from: Point, key: Key, held: &Held) -> i16 {
        if (held.here.y - from.y).abs() < SLACK {
            return 0;
        }
        i16::from(self.roll.viewport.key(held.here.y).get()) - i16::from(key.get())
    }

    fn pressed(&self, held: &mut Held, button: mouse::Button, at: Point) -> Option<canvas::Action<M>> {
        let view = &self.roll.viewport;
        held.here = at;
        let add = held.modifiers.shift() || held.modifiers.command();
        if button == mouse::Button::Middle {
            held.drag = Drag::Push { last: at };
            return Some(canvas::Action::capture());
        }
        let right = button == mouse::Button::Right;
        if at.y < RULER {
            if right {
                return self.say(Gesture::Done(Some(Done::Loop(None))));
            }
            held.drag = Drag::Ruler { from: at };
            return Some(canvas::Action::capture());
        }
        if view.lane().y <= at.y {
            held.drag = if right { Drag::Wipe { from: at } } else { Drag::Line(vec![at]) };
            return Some(canvas::Action::request_redraw().and_capture());
        }
        if at.x < view.keys() {
            let key = view.key(at.y);
            held.drag = Drag::Keys(key);
            return self.say(Gesture::Hear(key));
        }
        match self.note_at(at) {
            Some(note) if right => self.say(Gesture::Done(Some(Done::Erase(note.id)))),
            Some(note) => {
                let (left, end) = (view.x(note.note.start), view.x(note.note.end));
                let wide = end - left > 3.0 * EDGE;
                held.drag = if end - at.x < EDGE {
                    Drag::End { from: at, grabbed: note.note.end }
                } else if wide && at.x - left < EDGE {
                    Drag::Start { from: at, grabbed: note.note.start }
                } else {
                    Drag::Move { from: at, grabbed: note.note.start, key: note.note.key }
                };
                held.heard = Some(note.note.key);
                self.say(Gesture::Pick { id: note.id, key: note.note.key, velocity: note.note.velocity, add })
            }
            None if self.scene.tool == Tool::Pencil && !right => {
                let key = view.key(at.y);
                held.drag = Drag::Draw { start: self.snapped(view.tick(at.x), held), key };
                self.say(Gesture::Hear(key))
            }
            None => {
                held.drag = Drag::Sweep { from: at, add };
                Some(canvas::Action::capture())
            }
        }
    }

    fn moved(&self, held: &mut Held, at: Point) -> Option<canvas::Action<M>> {
        held.here = at;
        match &mut held.drag {
            Drag::None => return None,
            Drag::Push { last } => {
                let way = *last - at;
                *last = at;
                return self.say(Gesture::Scroll(way.x, way.y));
            }
            Drag::Line(points) => {
                points.push(at);
            }
            Drag::Keys(key) => {
                let now = self.roll.viewport.key(at.y);
                if now != *key {
                    *key = now;
                    return self.say(Gesture::Hear(now));
                }
            }
            Drag::Move { from, key, .. } => {
                let (from, key) = (*from, *key);
                let now = i16::from(key.get()) + self.keys_moved(from, key, held);
                let now = Key::masked(now.clamp(0, 127) as u8);
                if held.heard != Some(now) {
                    held.heard = Some(now);
                    return self.say(Gesture::Hear(now));
                }
            }
            _ => {}
        }
        Some(canvas::Action::request_redraw().and_capture())
    }

    fn released(&self, held: &mut Held) -> Option<canvas::Action<M>> {
        let view = &self.roll.viewport;
        let here = held.here;
        held.heard = None;
        let drag = std::mem::take(&mut held.drag);
        let done = match drag {
            Drag::None => return None,
            Drag::Keys(_) | Drag::Push { .. } => None,
            Drag::Ruler { from } if (from.x - here.x).abs() < SLACK => {
                Some(Done::Seek(self.nearest(view.tick(here.x), held)))
            }
            Drag::Ruler { from } => {
                let (a, b) = (self.nearest(view.tick(from.x), held), self.nearest(view.tick(here.x), held));
                (a != b).then(|| Done::Loop(Some((a.min(b), a.max(b)))))
            }
            Drag::Sweep { from, add } => {
                let (left, right) = (from.x.min(here.x), from.x.max(here.x));
                let (top, bottom) = (from.y.min(here.y), from.y.max(here.y));
                let (from, to) = (view.tick(left), Ticks(view.tick(right).0 + 1));
                Some(Done::Sweep { from, to, low: view.key(bottom), high: view.key(top), add })
            }
            Drag::Move { from, grabbed, key } => {
                match (self.way(from, grabbed, held), self.keys_moved(from, key, held)) {
                    (0, 0) => None,
                    (ticks, keys) => Some(Done::Shift(ticks, keys)),
                }
            }
            Drag::End { from, grabbed } => Some(Done::Lengthen(self.way(from, grabbed, held))),
            Drag::Start { from, grabbed } => Some(Done::BeginLater(self.way(from, grabbed, held))),
            Drag::Draw { start, key } => {
                let end = self.drawn_end(start, held);
                Some(Done::Draw { start, end, key })
            }
            Drag::Line(points) => Some(Done::Line(self.values(&points))),
            Drag::Wipe { from } => {
                let (a, b) = (view.tick(from.x.min(here.x) - 2.0), view.tick(from.x.max(here.x) + 2.0));
                Some(Done::Wipe(a, b))
            }
        };
        self.say(Gesture::Done(done))
    }

    /// Where a note that is being drawn ends: at least a step behind its start.
    fn drawn_end(&self, start: Ticks, held: &Held) -> Ticks {
        let least = self.scene.step.0.max(self.scene.editor.document().ticks_a_quarter() / 16).max(1);
        let end = self.nearest(self.roll.viewport.tick(held.here.x), held);
        end.max(Ticks(start.0.saturating_add(least)))
    }

    /// The points of a line in the lane as values, in the order of time; of several at a tick the last.
    fn values(&self, points: &[Point]) -> Vec<(Ticks, u8)> {
        let view = &self.roll.viewport;
        let area = view.lane();
        let mut values: Vec<(Ticks, u8)> = Vec::with_capacity(points.len());
        for point in points {
            let share = (area.y + area.height - point.y) / (area.height - 8.0);
            values.push((view.tick(point.x.max(area.x)), (share * 127.0).round().clamp(0.0, 127.0) as u8));
        }
        // The mouse may have gone back: what it drew last counts.
        values.reverse();
        values.sort_by_key(|(at, _)| *at);
        values.dedup_by_key(|(at, _)| *at);
        values
    }

    fn wheel(&self, held: &Held, delta: mouse::ScrollDelta, at: Point) -> Option<canvas::Action<M>> {
        let (x, y) = match delta {
            mouse::ScrollDelta::Lines { x, y } => (x * 60.0, y * 60.0),
            mouse::ScrollDelta::Pixels { x, y } => (x, y),
        };
        let modifiers = held.modifiers;
        let factor = 1.25f32.powf((x + y) / 60.0);
        self.say(if modifiers.command() && modifiers.shift() {
            Gesture::ZoomRows(factor, at.y)
        } else if modifiers.command() {
            Gesture::Zoom(factor, at.x)
        } else if modifiers.shift() && x == 0.0 {
            Gesture::Scroll(-y, 0.0)
        } else {
            Gesture::Scroll(-x, -y)
        })
    }

    fn overlay(&self, frame: &mut Frame, held: &Held, ink: &Ink) {
        let view = &self.roll.viewport;
        let (notes, lane) = (view.notes(), view.lane());
        if let Some((from, to)) = self.scene.looped {
            let (left, right) = (view.x(from).max(notes.x), view.x(to).min(notes.x + notes.width));
            if right > left {
                let size = Size::new(right - left, 5.0);
                frame.fill_rectangle(Point::new(left, RULER - 6.0), size, ink.accent);
                let size = Size::new(right - left, notes.height);
                frame.fill_rectangle(Point::new(left, notes.y), size, ink.accent.scale_alpha(0.07));
            }
        }
        self.drag(frame, held, ink);
        let x = view.x(self.scene.cursor).round();
        if x >= notes.x && x <= notes.x + notes.width {
            let down = lane.y + lane.height - RULER;
            frame.fill_rectangle(Point::new(x - 0.5, RULER), Size::new(1.5, down), ink.text);
            let head = Path::new(|p| {
                p.move_to(Point::new(x - 6.0, RULER - 11.0));
                p.line_to(Point::new(x + 6.0, RULER - 11.0));
                p.line_to(Point::new(x, RULER - 1.0));
                p.close();
            });
            frame.fill(&head, ink.text);
        }
    }

    fn drag(&self, frame: &mut Frame, held: &Held, ink: &Ink) {
        let view = &self.roll.viewport;
        let here = held.here;
        let line = Stroke::default().with_color(ink.text).with_width(1.0);
        match &held.drag {
            Drag::None | Drag::Keys(_) | Drag::Push { .. } => {}
            Drag::Ruler { from } => {
                let (left, width) = (from.x.min(here.x), (from.x - here.x).abs());
                frame.fill_rectangle(Point::new(left, RULER - 6.0), Size::new(width, 5.0), ink.accent.scale_alpha(0.6));
            }
            Drag::Sweep { from, .. } => {
                let area = Rectangle::new(
                    Point::new(from.x.min(here.x), from.y.min(here.y)),
                    Size::new((from.x - here.x).abs(), (from.y - here.y).abs()),
                );
                if let Some(area) = area.intersection(&view.notes()) {
                    frame.fill_rectangle(area.position(), area.size(), ink.accent.scale_alpha(0.15));
                    frame.stroke(&Path::rectangle(area.position(), area.size()), line.with_color(ink.accent));
                }
            }
            Drag::Move { from, grabbed, key } => {
                let (ticks, keys) = (self.way(*from, *grabbed, held), self.keys_moved(*from, *key, held));
                self.moving(frame, ink, |start, end, key| {
                    let moved = |t: Ticks| Ticks(t.0.saturating_add_signed(ticks));
                    (moved(start), moved(end), Key::masked((i16::from(key.get()) + keys).clamp(0, 127) as u8))
                });
            }
            Drag::End { from, grabbed } => {
                let by = self.way(*from, *grabbed, held);
                self.moving(frame, ink, |start, end, key| {
                    (start, Ticks(end.0.saturating_add_signed(by)).max(start), key)
                });
            }
            Drag::Start { from, grabbed } => {
                let by = self.way(*from, *grabbed, held);
                self.moving(frame, ink, |start, end, key| {
                    (Ticks(start.0.saturating_add_signed(by)).min(end), end, key)
                });
            }
            Drag::Draw { start, key } => {
                if let Some(r) = paint::place(view, *start, self.drawn_end(*start, held), *key) {
                    frame.fill_rectangle(r.position(), r.size(), ink.selected);
                }
            }
            Drag::Line(points) => {
                let path = Path::new(|p| {
                    let mut points = points.iter();
                    if let Some(first) = points.next() {
                        p.move_to(*first);
                    }
                    points.for_each(|point| p.line_to(*point));
                });
                frame.stroke(&path, line.with_width(2.0).with_color(ink.selected));
            }
            Drag::Wipe { from } => {
                let area = view.lane();
                let (left, width) = (from.x.min(here.x), (from.x - here.x).abs());
                frame.fill_rectangle(
                    Point::new(left, area.y),
                    Size::new(width, area.height),
                    ink.record.scale_alpha(0.2),
                );
            }
        }
    }

    /// The selected notes where they will be.
    fn moving(&self, frame: &mut Frame, ink: &Ink, to: impl Fn(Ticks, Ticks, Key) -> (Ticks, Ticks, Key)) {
        let view = &self.roll.viewport;
        let Some(track) = self.scene.editor.document().track(self.scene.track) else { return };
        let selection = self.scene.editor.selection();
        // What comes into view by moving is not looked for: a screen to either side is enough.
        let width = view.right().0.saturating_sub(view.left().0);
        let (from, until) = (Ticks(view.left().0.saturating_sub(width)), Ticks(view.right().0.saturating_add(width)));
        let moving = track.notes_between(from, until).filter(|n| selection.contains(n.id)).take(MOST_MOVING);
        for note in moving {
            let (start, end, key) = to(note.note.start, note.note.end, note.note.key);
            if let Some(r) = paint::place(view, start, end, key) {
                frame.fill_rectangle(r.position(), r.size(), ink.selected.scale_alpha(0.75));
                let edge = Stroke::default().with_color(ink.text).with_width(1.0);
                frame.stroke(&Path::rectangle(r.position(), r.size()), edge);
            }
        }
    }
}

impl<M> canvas::Program<M> for Board<'_, M> {
    type State = Held;

    fn update(
        &self,
        held: &mut Held,
        event: &Event,
        bounds: Rectangle,
        cursor: mouse::Cursor,
    ) -> Option<canvas::Action<M>> {
        if held.size != bounds.size() {
            held.size = bounds.size();
            return Some(canvas::Action::publish((self.on_gesture)(Gesture::Sized(bounds.size()))));
        }
        match event {
            Event::Keyboard(keyboard::Event::ModifiersChanged(modifiers)) => {
                held.modifiers = *modifiers;
                None
            }
            Event::Mouse(mouse::Event::ButtonPressed(button)) => {
                let at = cursor.position_in(bounds)?;
                self.pressed(held, *button, at)
            }
            Event::Mouse(mouse::Event::CursorMoved { .. }) => {
                let at = cursor.position_from(bounds.position())?;
                self.moved(held, at)
            }
            Event::Mouse(mouse::Event::ButtonReleased(_)) => self.released(held),
            Event::Mouse(mouse::Event::WheelScrolled { delta }) => {
                let at = cursor.position_in(bounds)?;
                self.wheel(held, *delta, at)
            }
            _ => None,
        }
    }

    fn draw(
        &self,
        held: &Held,
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let ink = theme::ink(theme);
        let view = &self.roll.viewport;
        let ground = self.roll.ground.draw(renderer, bounds.size(), |f| paint::ground(f, view, &self.scene, &ink));
        let notes = self.roll.notes.draw(renderer, bounds.size(), |f| paint::notes(f, view, &self.scene, &ink));
        let mut over = Frame::new(renderer, bounds.size());
        self.overlay(&mut over, held, &ink);
        vec![ground, notes, over.into_geometry()]
    }

    fn mouse_interaction(&self, held: &Held, bounds: Rectangle, cursor: mouse::Cursor) -> mouse::Interaction {
        match &held.drag {
            Drag::Move { .. } | Drag::Push { .. } => return mouse::Interaction::Grabbing,
            Drag::End { .. } | Drag::Start { .. } => return mouse::Interaction::ResizingHorizontally,
            _ => {}
        }
        let Some(at) = cursor.position_in(bounds) else { return mouse::Interaction::None };
        let view = &self.roll.viewport;
        if at.x < view.keys() || at.y < RULER {
            return mouse::Interaction::Pointer;
        }
        if at.y >= view.lane().y {
            return mouse::Interaction::Crosshair;
        }
        match self.note_at(at) {
            Some(note) if view.x(note.note.end) - at.x < EDGE => mouse::Interaction::ResizingHorizontally,
            Some(_) => mouse::Interaction::Grab,
            None if self.scene.tool == Tool::Pencil => mouse::Interaction::Crosshair,
            None => mouse::Interaction::None,
        }
    }
}
