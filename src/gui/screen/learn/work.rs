//! The fourth page: the states of a job, with how many of them there are in the store that is set.

use iced::widget::canvas::{self, Frame, Geometry, LineDash, Path, Stroke};
use iced::widget::{column, container, row, space};
use iced::{Alignment, Color, Element, Length, Point, Rectangle, Renderer, Size, Theme, mouse};

use super::talk::say;
use super::{Learn, Message};
use crate::gui::icon::Icon;
use crate::gui::theme::{self, Ink};
use crate::gui::widget::{labelled, line};
use crate::studio::jobs::board::{Job, JobState};

/// How many jobs of a store are in which state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Where the store is.
    pub place: String,
    /// They wait for a worker.
    pub waiting: usize,
    /// A worker is at it.
    pub running: usize,
    /// They have a result.
    pub done: usize,
    /// They have none, and why is told.
    pub failed: usize,
    /// Nobody wanted them any more.
    pub cancelled: usize,
}

impl Counts {
    /// Counts jobs.
    #[must_use]
    pub fn of(place: String, jobs: &[Job]) -> Counts {
        let mut counts = Counts { place, ..Counts::default() };
        for job in jobs {
            *match job.state {
                JobState::Waiting => &mut counts.waiting,
                JobState::Running { .. } | JobState::Cancelling => &mut counts.running,
                JobState::Done(_) => &mut counts.done,
                JobState::Failed(_) => &mut counts.failed,
                JobState::Cancelled => &mut counts.cancelled,
            } += 1;
        }
        counts
    }
}

pub(super) fn view(screen: &Learn) -> Element<'_, Message> {
    let about = match &screen.counts {
        None => "Looking into the store …".to_owned(),
        Some(Ok(counts)) => format!("The figures are of your store: {}", counts.place),
        Some(Err(why)) => format!("Your store cannot be looked into: {why}"),
    };
    let picture = canvas::Canvas::new(States(screen)).width(Length::Fill).height(Length::Fill);
    let foot = row![
        container(line(about).size(theme::SMALL).style(theme::muted)).width(Length::Fill),
        space::horizontal().width(theme::GAP),
        labelled(Icon::Again, "Look again").on_press(Message::Count),
    ]
    .align_y(Alignment::Center);
    column![container(picture).style(theme::well).padding(1).height(Length::Fill), foot].spacing(theme::GAP).into()
}

struct States<'a>(&'a Learn);

/// A state: its name, what happens in it, and how many are in it.
struct State<'a> {
    name: &'a str,
    about: &'a str,
    count: Option<usize>,
    colour: Color,
}

impl States<'_> {
    fn draw(&self, frame: &mut Frame, ink: &Ink) {
        let size = frame.size();
        let counts = self.0.counts.as_ref().and_then(|c| c.as_ref().ok());
        let count = |of: fn(&Counts) -> usize| counts.map(of);
        let width = (size.width * 0.26).min(190.0);
        let height = (size.height * 0.24).clamp(70.0, 110.0);
        let column = |n: f32| size.width * (0.17 + 0.33 * n);
        let (upper, lower) = (size.height * 0.40, size.height * 0.80);
        let at = |n: f32, y: f32| {
            Rectangle::new(Point::new(column(n) - width / 2.0, y - height / 2.0), Size::new(width, height))
        };
        let (queued, claimed, result) = (at(0.0, upper), at(1.0, upper), at(2.0, upper));
        let (cancelled, failed) = (at(0.0, lower), at(2.0, lower));
        arrow(frame, side(queued, 1.0), side(claimed, -1.0), ink.edge);
        arrow(frame, side(claimed, 1.0), side(result, -1.0), ink.edge);
        arrow(
            frame,
            Point::new(column(0.0), upper + height / 2.0),
            Point::new(column(0.0), lower - height / 2.0),
            ink.edge,
        );
        arrow(
            frame,
            Point::new(column(1.0) + width * 0.3, upper + height / 2.0),
            Point::new(column(2.0) - width / 2.0, lower),
            ink.edge,
        );
        between(frame, "claims it", (queued, claimed), -12.0, ink);
        between(frame, "writes it once", (claimed, result), -12.0, ink);
        heartbeat(frame, claimed, ink);
        back(frame, queued, claimed, ink);
        for (place, state) in [
            (
                queued,
                State { name: "Queued", about: "waits in the store", count: count(|c| c.waiting), colour: ink.muted },
            ),
            (
                claimed,
                State {
                    name: "Claimed",
                    about: "a worker computes it",
                    count: count(|c| c.running),
                    colour: ink.accent,
                },
            ),
            (
                result,
                State { name: "Result", about: "waits to be fetched", count: count(|c| c.done), colour: ink.accent },
            ),
            (
                cancelled,
                State {
                    name: "Cancelled",
                    about: "not wanted any more",
                    count: count(|c| c.cancelled),
                    colour: ink.muted,
                },
            ),
            (
                failed,
                State { name: "Failed", about: "and it is told why", count: count(|c| c.failed), colour: ink.muted },
            ),
        ] {
            state.draw(frame, place, ink);
        }
    }
}

impl State<'_> {
    fn draw(&self, frame: &mut Frame, place: Rectangle, ink: &Ink) {
        let shape = Path::rounded_rectangle(place.position(), place.size(), 10.0.into());
        frame.fill(&shape, ink.surface);
        frame.stroke(&shape, Stroke::default().with_color(self.colour).with_width(1.5));
        let (x, top) = (place.center_x(), place.y);
        let figure = self.count.map_or_else(|| "–".to_owned(), |n| n.to_string());
        let third = place.height / 4.0;
        say(frame, self.name, Point::new(x, top + third * 0.75), (14.0, theme::STRONG), ink.text);
        say(frame, &figure, Point::new(x, top + third * 2.0), (24.0, theme::STRONG), self.colour);
        say(frame, self.about, Point::new(x, top + third * 3.3), (11.5, theme::REGULAR), ink.muted);
    }
}

/// The middle of the right side of a box, or of its left.
fn side(place: Rectangle, which: f32) -> Point {
    Point::new(place.center_x() + which * place.width / 2.0, place.center_y())
}

fn between(frame: &mut Frame, words: &str, (from, to): (Rectangle, Rectangle), above: f32, ink: &Ink) {
    let x = (from.x + from.width + to.x) / 2.0;
    // Where there is no room between the boxes the words stand above them.
    let room = to.x - from.x - from.width;
    let narrow = (words.len() as f32) * 6.2 > room;
    let y = if narrow { from.y - 12.0 } else { from.center_y() + above };
    say(frame, words, Point::new(x, y), (11.5, theme::REGULAR), ink.muted);
}

fn arrow(frame: &mut Frame, from: Point, to: Point, colour: Color) {
    let stroke = Stroke::default().with_color(colour).with_width(1.5);
    frame.stroke(&Path::line(from, to), stroke);
    head(frame, from, to, colour);
}

fn head(frame: &mut Frame, from: Point, to: Point, colour: Color) {
    let along = (to.y - from.y).atan2(to.x - from.x);
    let wing = |turn: f32| Point::new(to.x - 9.0 * (along + turn).cos(), to.y - 9.0 * (along + turn).sin());
    let shape = Path::new(|path| {
        path.move_to(to);
        path.line_to(wing(0.45));
        path.line_to(wing(-0.45));
        path.close();
    });
    frame.fill(&shape, colour);
}

/// A beat above the box, again and again.
fn heartbeat(frame: &mut Frame, place: Rectangle, ink: &Ink) {
    let (left, width, y) = (place.x + place.width * 0.1, place.width * 0.8, place.y - 22.0);
    let shape = Path::new(|path| {
        path.move_to(Point::new(left, y));
        for n in 0..3 {
            let at = left + width * (n as f32 + 0.35) / 3.0;
            for (dx, dy) in [(0.0, 0.0), (5.0, -12.0), (10.0, 9.0), (14.0, 0.0)] {
                path.line_to(Point::new(at + dx, y + dy));
            }
        }
        path.line_to(Point::new(left + width, y));
    });
    frame.stroke(&shape, Stroke::default().with_color(ink.accent).with_width(2.0));
    say(frame, "heartbeat", Point::new(place.center_x(), y - 24.0), (11.5, theme::REGULAR), ink.muted);
}

/// Back to the queue, where the heart stands still.
fn back(frame: &mut Frame, queued: Rectangle, claimed: Rectangle, ink: &Ink) {
    let (from, to) = (
        Point::new(claimed.x + claimed.width * 0.25, claimed.y + claimed.height),
        Point::new(queued.x + queued.width * 0.75, queued.y + queued.height),
    );
    let deep = from.y + 34.0;
    let curve = Path::new(|path| {
        path.move_to(from);
        path.bezier_curve_to(Point::new(from.x, deep), Point::new(to.x, deep), Point::new(to.x, to.y + 2.0));
    });
    let dash = LineDash { segments: &[5.0, 4.0], offset: 0 };
    frame.stroke(&curve, Stroke { line_dash: dash, ..Stroke::default() }.with_color(ink.edge).with_width(1.5));
    head(frame, Point::new(to.x, deep), to, ink.edge);
    say(
        frame,
        "no heartbeat for a minute",
        Point::new((from.x + to.x) / 2.0, deep + 4.0),
        (11.5, theme::REGULAR),
        ink.muted,
    );
}

impl<M> canvas::Program<M> for States<'_> {
    type State = ();

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        vec![self.0.picture.draw(renderer, bounds.size(), |frame| self.draw(frame, &theme::ink(theme)))]
    }
}
