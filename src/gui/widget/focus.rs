//! What the keyboard can reach: buttons, lists and sliders that Tab goes to, that show it, and that a key sets going.
//! iced 0.14 has focus for fields of text only; this puts a shell around its other widgets and speaks the same
//! operations, so that Tab walks through all of them in the order of reading.

mod reveal;

use std::rc::Rc;

use iced::advanced::widget::operation::Focusable;
use iced::advanced::widget::{Id, Operation};
use iced::advanced::{Renderer as _, renderer};
use iced::keyboard::key::Named;
use iced::keyboard::{self, Key};
use iced::widget::{button as iced_button, combo_box, pick_list, slider as iced_slider, text_input};
use iced::{Border, Color, Element, Event, Length, Padding, Rectangle, Renderer, Theme, mouse, touch};

pub use reveal::{follow, next, previous};

use super::wrap::{Hook, Inside, wrap};
use crate::gui::theme;

/// What a key does to a widget that has the focus.
enum Answer<'a, M> {
    /// Nothing: it cannot have the focus.
    None,
    /// Enter and Space press it.
    Press(M),
    /// Enter does; Space is the screen's.
    Enter(M),
    /// Words are typed into it. It has a focus of its own, and leaves the commands that it does not know to the window.
    Type,
    /// The same in a list that opens below: Tab goes to it by this shell, and Enter opens it.
    Search,
    /// Up and down choose the one before and the next.
    Turn(Box<dyn Fn(isize) -> Option<M> + 'a>),
    /// The arrows move it; the message says that it was let go.
    Slide(Option<M>),
}

/// A widget that can have the focus.
struct Focus<'a, M> {
    answer: Answer<'a, M>,
    /// By what it is found.
    id: Option<Id>,
}

#[derive(Debug, Default)]
struct State {
    is_focused: bool,
}

impl Focusable for State {
    fn is_focused(&self) -> bool {
        self.is_focused
    }
    fn focus(&mut self) {
        self.is_focused = true;
    }
    fn unfocus(&mut self) {
        self.is_focused = false;
    }
}

impl<'a, M: Clone + 'a> Focus<'a, M> {
    fn around(inner: impl Into<Element<'a, M>>, answer: Answer<'a, M>) -> Element<'a, M> {
        wrap(inner, Focus { answer, id: None })
    }

    /// What a key does; `None` where it means nothing here.
    fn hear(&self, key: &Key) -> Option<Heard<M>> {
        match (&self.answer, key) {
            (Answer::Press(message), Key::Named(Named::Enter | Named::Space)) => Some(Heard::Says(message.clone())),
            (Answer::Enter(message), Key::Named(Named::Enter)) => Some(Heard::Says(message.clone())),
            (Answer::Turn(turn), Key::Named(Named::ArrowDown)) => turn(1).map(Heard::Says),
            (Answer::Turn(turn), Key::Named(Named::ArrowUp)) => turn(-1).map(Heard::Says),
            (Answer::Slide(_), Key::Named(Named::ArrowUp | Named::ArrowRight)) => Some(Heard::Moves(Named::ArrowUp)),
            (Answer::Slide(_), Key::Named(Named::ArrowDown | Named::ArrowLeft)) => Some(Heard::Moves(Named::ArrowDown)),
            _ => None,
        }
    }

    /// Whether Tab goes to it by this shell: a field of text has that of iced.
    fn is_stop(&self) -> bool {
        !matches!(self.answer, Answer::None | Answer::Type)
    }
}

/// Clicks on what is wrapped.
fn click<M>(inside: &mut Inside<'_, '_, '_, M>, at: mouse::Cursor) {
    let button = mouse::Button::Left;
    for event in [mouse::Event::ButtonPressed(button), mouse::Event::ButtonReleased(button)] {
        inside.hears(&Event::Mouse(event), at);
    }
    inside.shell.invalidate_layout();
    inside.shell.request_redraw();
}

/// Whether a field of text makes letters of a command that it does not know: iced's types the 1 of Ctrl+1.
fn is_foreign(key: &Key, modifiers: keyboard::Modifiers) -> bool {
    let is_known = |c: &str| ["a", "c", "v", "x"].contains(&c.to_lowercase().as_str());
    modifiers.command() && !modifiers.alt() && matches!(key.as_ref(), Key::Character(c) if c.is_ascii() && !is_known(c))
}

/// What comes of a key.
enum Heard<M> {
    Says(M),
    /// The widget knows this key while the mouse is over it.
    Moves(Named),
}

impl<'a, M: Clone + 'a> Hook<'a, M> for Focus<'a, M> {
    type State = State;

    fn operate(&mut self, state: &mut State, bounds: Rectangle, operation: &mut dyn Operation) -> bool {
        if self.is_stop() {
            operation.focusable(self.id.as_ref(), bounds, state);
        }
        true
    }

    fn update(&mut self, state: &mut State, inside: &mut Inside<'_, '_, 'a, M>, event: &Event) {
        // What was the one of a list that Tab goes to, and is not any more.
        state.is_focused &= self.is_stop();
        match event {
            // Whoever takes the mouse needs no ring.
            Event::Mouse(mouse::Event::ButtonPressed(_)) | Event::Touch(touch::Event::FingerPressed { .. })
                if state.is_focused =>
            {
                state.unfocus();
                inside.shell.request_redraw();
            }
            Event::Keyboard(keyboard::Event::KeyPressed { key, modifiers, .. })
                if matches!(self.answer, Answer::Type | Answer::Search) && is_foreign(key, *modifiers) =>
            {
                return;
            }
            // iced's list would go down a row, and let nobody out.
            Event::Keyboard(keyboard::Event::KeyPressed { key: Key::Named(Named::Tab), .. })
                if matches!(self.answer, Answer::Search) =>
            {
                if inside.is_open() {
                    state.is_focused = true;
                    click(inside, mouse::Cursor::Unavailable);
                }
                return;
            }
            Event::Keyboard(keyboard::Event::KeyPressed { key: Key::Named(Named::Enter), .. })
                if matches!(self.answer, Answer::Search) && state.is_focused && !inside.is_open() =>
            {
                click(inside, mouse::Cursor::Available(inside.layout.bounds().center()));
                inside.shell.capture_event();
                return;
            }
            // A list that the mouse has opened is closed by these keys, and goes on by the keyboard.
            Event::Keyboard(keyboard::Event::KeyPressed { key, .. })
                if matches!(self.answer, Answer::Turn(_))
                    && matches!(key, Key::Named(Named::Escape | Named::Enter | Named::ArrowUp | Named::ArrowDown))
                    && inside.is_open() =>
            {
                state.is_focused = true;
                let click = Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left));
                match (key, self.hear(key)) {
                    // What is marked in it is taken, as by a click.
                    (Key::Named(Named::Enter), _) => inside.opened_hears(&click),
                    (_, Some(Heard::Says(message))) => inside.shell.publish(message),
                    _ => {}
                }
                if inside.is_open() {
                    inside.hears(&click, mouse::Cursor::Unavailable);
                }
                inside.shell.invalidate_layout();
                inside.shell.request_redraw();
                inside.shell.capture_event();
                return;
            }
            Event::Keyboard(keyboard::Event::KeyPressed { key, modifiers, physical_key, location, repeat, .. })
                if state.is_focused && modifiers.is_empty() =>
            {
                match self.hear(key) {
                    Some(Heard::Says(message)) => {
                        if !repeat || matches!(self.answer, Answer::Turn(_)) {
                            inside.shell.publish(message);
                        }
                        inside.shell.capture_event();
                        return;
                    }
                    Some(Heard::Moves(key)) => {
                        let pressed = Event::Keyboard(keyboard::Event::KeyPressed {
                            key: Key::Named(key),
                            modified_key: Key::Named(key),
                            physical_key: *physical_key,
                            location: *location,
                            modifiers: *modifiers,
                            text: None,
                            repeat: *repeat,
                        });
                        let over = mouse::Cursor::Available(inside.layout.bounds().center());
                        inside.hears(&pressed, over);
                        if let Answer::Slide(Some(released)) = &self.answer {
                            inside.shell.publish(released.clone());
                        }
                        inside.shell.capture_event();
                        return;
                    }
                    None => {}
                }
            }
            _ => {}
        }
        inside.hears(event, inside.cursor);
    }

    fn draw_over(
        &self,
        state: &State,
        renderer: &mut Renderer,
        theme: &Theme,
        bounds: Rectangle,
        viewport: &Rectangle,
    ) {
        // Whatever scrolls cuts off what lies beyond it: there the ring comes inside.
        if state.is_focused
            && self.is_stop()
            && let Some(bounds) = bounds.expand(2).intersection(viewport)
        {
            let ink = theme::ink(theme);
            // Two colours, so that one of them stands out from whatever is below.
            let rings = [(0.0, 2.0, ink.text, theme::RADIUS + 2.0), (2.0, 1.0, ink.ground, theme::RADIUS)];
            for (inside, width, color, radius) in rings {
                let ring = renderer::Quad {
                    bounds: bounds.shrink(inside),
                    border: Border { color, width, radius: radius.into() },
                    ..renderer::Quad::default()
                };
                renderer.fill_quad(ring, Color::TRANSPARENT);
            }
        }
    }
}

/// A button that Tab reaches and that Enter and Space press.
pub struct Button<'a, M> {
    inside: Box<dyn FnOnce(bool) -> Element<'a, M> + 'a>,
    form: Box<dyn FnOnce(iced_button::Button<'a, M>) -> iced_button::Button<'a, M> + 'a>,
    press: Option<M>,
    keys: Keys<M>,
}

/// What the keyboard does to a button.
enum Keys<M> {
    /// The same as the mouse.
    Press,
    /// Enter does this; the list has this name.
    Enter(&'static str, M),
    /// Nothing: another of its kind is reached instead.
    None,
}

/// A button around something.
pub fn button<'a, M: Clone + 'a>(inside: impl Into<Element<'a, M>>) -> Button<'a, M> {
    let inside = inside.into();
    button_with(move |_| inside)
}

/// A button around something that depends on whether it can be pressed: an icon does not follow the button by itself.
pub fn button_with<'a, M: Clone + 'a>(inside: impl FnOnce(bool) -> Element<'a, M> + 'a) -> Button<'a, M> {
    Button { inside: Box::new(inside), form: Box::new(|button| button), press: None, keys: Keys::Press }
}

impl<'a, M: Clone + 'a> Button<'a, M> {
    fn formed(self, form: impl FnOnce(iced_button::Button<'a, M>) -> iced_button::Button<'a, M> + 'a) -> Self {
        let before = self.form;
        Button { form: Box::new(move |button| form(before(button))), ..self }
    }

    /// How wide it is.
    #[must_use]
    pub fn width(self, width: impl Into<Length>) -> Self {
        let width = width.into();
        self.formed(move |button| button.width(width))
    }

    /// How high it is.
    #[must_use]
    pub fn height(self, height: impl Into<Length>) -> Self {
        let height = height.into();
        self.formed(move |button| button.height(height))
    }

    /// The room around what is in it.
    #[must_use]
    pub fn padding(self, padding: impl Into<Padding>) -> Self {
        let padding = padding.into();
        self.formed(move |button| button.padding(padding))
    }

    /// How it looks.
    #[must_use]
    pub fn style(self, style: impl Fn(&Theme, iced_button::Status) -> iced_button::Style + 'a) -> Self {
        self.formed(move |button| button.style(style))
    }

    /// What it says when it is pressed; without it nothing can press it.
    #[must_use]
    pub fn on_press(self, message: M) -> Self {
        self.on_press_maybe(Some(message))
    }

    /// What it says when it is pressed, if it can be.
    #[must_use]
    pub fn on_press_maybe(self, message: Option<M>) -> Self {
        Button { press: message, ..self }
    }

    /// One of a list: where it is the one that Tab goes to, it has this name and Enter says this, else the keyboard passes
    /// it by. Where another becomes the one, [`follow`] takes the focus there.
    #[must_use]
    pub fn of_list(self, list: &'static str, enter: Option<M>) -> Self {
        Button { keys: enter.map_or(Keys::None, |message| Keys::Enter(list, message)), ..self }
    }
}

impl<'a, M: Clone + 'a> From<Button<'a, M>> for Element<'a, M> {
    fn from(button: Button<'a, M>) -> Self {
        let Button { inside, form, press, keys } = button;
        let inner = form(iced::widget::button(inside(press.is_some()))).on_press_maybe(press.clone());
        let (answer, id) = match (keys, press) {
            (Keys::None, _) | (_, None) => (Answer::None, None),
            (Keys::Enter(list, message), Some(_)) => (Answer::Enter(message), Some(Id::new(list))),
            (Keys::Press, Some(message)) => (Answer::Press(message), None),
        };
        wrap(inner, Focus { answer, id })
    }
}

/// A list that opens, that Tab reaches; up and down choose without opening it.
pub struct Choice<'a, T: ToString + PartialEq + Clone, M> {
    inner: pick_list::PickList<'a, T, Vec<T>, T, M>,
    turn: Box<dyn Fn(isize) -> Option<M> + 'a>,
    size: ChoiceSize,
}

/// A list of which one is chosen.
pub fn choice<'a, T, M>(
    options: impl Into<Vec<T>>,
    chosen: Option<T>,
    on_choose: impl Fn(T) -> M + 'a,
) -> Choice<'a, T, M>
where
    T: ToString + PartialEq + Clone + 'a,
    M: Clone + 'a,
{
    let (options, say) = (options.into(), Rc::new(on_choose));
    let (others, at) = (options.clone(), options.iter().position(|o| chosen.as_ref() == Some(o)));
    let says = Rc::clone(&say);
    let turn = move |by: isize| {
        let to = at.map_or(Some(0), |at| at.checked_add_signed(by))?;
        others.get(to).cloned().map(|option| says(option))
    };
    let (size, padding) = ChoiceSize::Usual.form();
    let inner = pick_list(options, chosen, move |option| say(option))
        .text_size(size)
        .padding(padding)
        .style(theme::list)
        .menu_style(theme::menu);
    Choice { inner, turn: Box::new(turn), size: ChoiceSize::Usual }
}

impl<'a, T: ToString + PartialEq + Clone + 'a, M: Clone + 'a> Choice<'a, T, M> {
    /// How wide it is.
    #[must_use]
    pub fn width(self, width: impl Into<Length>) -> Self {
        Choice { inner: self.inner.width(width), ..self }
    }

    /// What it says while nothing is chosen.
    #[must_use]
    pub fn placeholder(self, words: &str) -> Self {
        Choice { inner: self.inner.placeholder(words), ..self }
    }

    /// How many rows of the open list are seen at once.
    #[must_use]
    pub fn rows(self, rows: u16) -> Self {
        let (size, padding) = self.size.form();
        Choice { inner: self.inner.menu_height(rows_high(rows, size, padding)), ..self }
    }

    /// Smaller, for where there is little room; said before how many rows there are.
    #[must_use]
    pub fn small(self) -> Self {
        let (size, padding) = ChoiceSize::Small.form();
        Choice { inner: self.inner.text_size(size).padding(padding), size: ChoiceSize::Small, ..self }
    }
}

/// How large a list is.
#[derive(Clone, Copy)]
enum ChoiceSize {
    Usual,
    Small,
}

impl ChoiceSize {
    /// The size of its words, and the room above and beside them.
    fn form(self) -> (f32, [f32; 2]) {
        match self {
            ChoiceSize::Usual => (theme::BODY, [7.0, 10.0]),
            ChoiceSize::Small => (theme::SMALL, [5.0, 8.0]),
        }
    }
}

/// How high an open list of so many rows is. A little less than whole rows: of a row that is only begun iced's renderer in
/// software (0.14) would draw the words beyond the list.
#[must_use]
pub fn rows_high(rows: u16, size: f32, padding: [f32; 2]) -> f32 {
    let row = f32::from(iced::advanced::text::LineHeight::default().to_absolute(size.into())) + 2.0 * padding[0];
    f32::from(rows) * row - 0.6
}

impl<'a, T: ToString + PartialEq + Clone + 'a, M: Clone + 'a> From<Choice<'a, T, M>> for Element<'a, M> {
    fn from(choice: Choice<'a, T, M>) -> Self {
        Focus::around(choice.inner, Answer::Turn(choice.turn))
    }
}

/// A slider over whole numbers that Tab reaches and the arrows move. `released` is said when it is let go.
pub fn slider<'a, M: Clone + 'a>(
    range: std::ops::RangeInclusive<u8>,
    value: u8,
    on_change: impl Fn(u8) -> M + 'a,
    released: Option<M>,
    width: impl Into<Length>,
) -> Element<'a, M> {
    let mut inner = iced_slider(range, value, on_change).step(1u8).width(width).style(theme::slide);
    if let Some(released) = released.clone() {
        inner = inner.on_release(released);
    }
    Focus::around(inner, Answer::Slide(released))
}

/// A field of text that keeps its hands off the window's commands.
pub fn field<'a, M: Clone + 'a>(inner: text_input::TextInput<'a, M>) -> Element<'a, M> {
    Focus::around(inner, Answer::Type)
}

/// A list that is searched by typing: Tab reaches it, which iced's does not know of, Enter opens it, Tab leads on.
pub fn search<'a, T, M>(inner: combo_box::ComboBox<'a, T, M>) -> Element<'a, M>
where
    T: std::fmt::Display + Clone + 'static,
    M: Clone + 'a,
{
    Focus::around(inner, Answer::Search)
}

#[cfg(test)]
mod tests;
