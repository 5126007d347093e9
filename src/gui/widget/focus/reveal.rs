//! Moving the focus, and scrolling what has it into view.

use iced::Task;
use iced::advanced::widget::operation::focusable::focus;
use iced::advanced::widget::operation::scrollable::AbsoluteOffset;
use iced::advanced::widget::operation::{Focusable, Outcome, Scrollable};
use iced::advanced::widget::{Id, Operation, operate};
use iced::widget::operation;
use iced::{Rectangle, Vector};

/// Room that is left beside what was scrolled into view.
const ROOM: f32 = 24.0;

/// Gives the focus to the next widget.
pub fn next<M: Send + 'static>() -> Task<M> {
    operation::focus_next().chain(operate(Reveal::default()))
}

/// Gives the focus to the widget before.
pub fn previous<M: Send + 'static>() -> Task<M> {
    operation::focus_previous().chain(operate(Reveal::default()))
}

/// Gives the focus to the one of a list that Tab goes to now, unless something else has it. The list scrolls by itself.
pub fn follow<M: Send + 'static>(list: &'static str) -> Task<M> {
    operate(Follow { list: Id::new(list), is_elsewhere: false })
}

/// Looks whether something has the focus. The one of the list that had it is passed by when another has taken its place.
#[derive(Debug)]
pub(super) struct Follow {
    pub(super) list: Id,
    pub(super) is_elsewhere: bool,
}

impl<M: Send + 'static> Operation<M> for Follow {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation<M>)) {
        operate(self);
    }

    fn focusable(&mut self, id: Option<&Id>, _bounds: Rectangle, state: &mut dyn Focusable) {
        self.is_elsewhere |= state.is_focused() && id != Some(&self.list);
    }

    fn finish(&self) -> Outcome<M> {
        if self.is_elsewhere { Outcome::None } else { Outcome::Chain(Box::new(focus(self.list.clone()))) }
    }
}

/// What scrolls, as it was met on the way.
#[derive(Clone, Copy, Debug)]
struct Scrolls {
    number: usize,
    bounds: Rectangle,
    translation: Vector,
}

/// Looks for what has the focus, and in which of the things that scroll it lies.
#[derive(Debug, Default)]
pub(super) struct Reveal {
    met: usize,
    pending: Option<Scrolls>,
    around: Vec<Scrolls>,
    found: Option<(Scrolls, Rectangle)>,
}

impl<M: Send + 'static> Operation<M> for Reveal {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation<M>)) {
        let inside = self.pending.take();
        self.around.extend(inside);
        operate(self);
        if inside.is_some() {
            self.around.pop();
        }
    }

    fn scrollable(
        &mut self,
        _id: Option<&Id>,
        bounds: Rectangle,
        _content: Rectangle,
        translation: Vector,
        _state: &mut dyn Scrollable,
    ) {
        self.pending = Some(Scrolls { number: self.met, bounds, translation });
        self.met += 1;
    }

    fn focusable(&mut self, _id: Option<&Id>, bounds: Rectangle, state: &mut dyn Focusable) {
        if state.is_focused() {
            self.found = self.around.last().map(|scrolls| (*scrolls, bounds));
        }
    }

    fn finish(&self) -> Outcome<M> {
        let Some((scrolls, target)) = self.found else { return Outcome::None };
        let (top, bottom) = (scrolls.bounds.y + scrolls.translation.y, scrolls.bounds.height);
        let to = if target.y < top {
            target.y - scrolls.bounds.y - ROOM
        } else if target.y + target.height > top + bottom {
            target.y + target.height - scrolls.bounds.y - bottom + ROOM
        } else {
            return Outcome::None;
        };
        Outcome::Chain(Box::new(ScrollTo { number: scrolls.number, met: 0, to: to.max(0.0) }))
    }
}

/// Scrolls the thing of this number.
struct ScrollTo {
    number: usize,
    met: usize,
    to: f32,
}

impl<M> Operation<M> for ScrollTo {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation<M>)) {
        operate(self);
    }

    fn scrollable(
        &mut self,
        _id: Option<&Id>,
        _bounds: Rectangle,
        _content: Rectangle,
        _translation: Vector,
        state: &mut dyn Scrollable,
    ) {
        if self.met == self.number {
            state.scroll_to(AbsoluteOffset { x: None, y: Some(self.to) });
        }
        self.met += 1;
    }
}
