//! A tip at something that opens: it is silent from the click on until the mouse has left, so that it does not lie
//! over what was opened.

use iced::{Element, Event, mouse, window};

use super::wrap::{Hook, Inside, wrap};

/// What opens, with its tip.
pub(super) fn hush<'a, M: 'a>(with_tip: Element<'a, M>) -> Element<'a, M> {
    wrap(with_tip, Hush)
}

struct Hush;

#[derive(Debug, Default)]
struct State {
    is_hushed: bool,
}

impl<'a, M> Hook<'a, M> for Hush {
    type State = State;

    fn update(&mut self, state: &mut State, inside: &mut Inside<'_, '_, 'a, M>, event: &Event) {
        let is_over = inside.cursor.is_over(inside.layout.bounds());
        state.is_hushed &= is_over;
        // Only what tells the tip that somebody lingers is kept from it; the press itself is not.
        let lingers = matches!(
            event,
            Event::Mouse(mouse::Event::CursorMoved { .. }) | Event::Window(window::Event::RedrawRequested(_))
        );
        let cursor = if state.is_hushed && lingers { mouse::Cursor::Unavailable } else { inside.cursor };
        state.is_hushed |= is_over && matches!(event, Event::Mouse(mouse::Event::ButtonPressed(_)));
        inside.hears(event, cursor);
    }
}
