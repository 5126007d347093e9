//! What something lies over: drawn as ever, and deaf to the mouse and the keys. Tab does not go there.

use iced::advanced::widget::Operation;
use iced::{Element, Event, Rectangle, keyboard, mouse, touch};

use super::wrap::{Hook, Inside, wrap};

/// The window below. It is there always, so that what is in it stays as it is when something lies over it.
pub fn still<'a, M: 'a>(inner: impl Into<Element<'a, M>>, is_covered: bool) -> Element<'a, M> {
    wrap(inner, Still { is_covered })
}

/// Whether something lies over the window below.
struct Still {
    is_covered: bool,
}

impl<'a, M> Hook<'a, M> for Still {
    type State = ();

    fn operate(&mut self, (): &mut (), _bounds: Rectangle, _operation: &mut dyn Operation) -> bool {
        !self.is_covered
    }

    fn update(&mut self, (): &mut (), inside: &mut Inside<'_, '_, 'a, M>, event: &Event) {
        // What is let go is heard, so that nothing sounds on or is dragged on.
        let is_input = matches!(
            event,
            Event::Mouse(mouse::Event::ButtonPressed(_) | mouse::Event::WheelScrolled { .. })
                | Event::Touch(touch::Event::FingerPressed { .. })
                | Event::Keyboard(keyboard::Event::KeyPressed { .. })
        );
        if !(self.is_covered && is_input) {
            inside.hears(event, inside.cursor);
        }
    }
}
