//! A small window by the keyboard alone.

use iced::Size;
use iced::advanced::widget::operation::{Outcome, focusable};
use iced::keyboard::key::{NativeCode, Physical};
use iced::widget::{column, scrollable, space};
use iced_test::core::renderer::Headless;
use iced_test::futures::futures::executor::block_on;
use iced_test::runtime::user_interface::{Cache, UserInterface};

use super::*;

#[derive(Clone, Debug, PartialEq)]
enum Message {
    Pressed(&'static str),
    Chosen(&'static str),
    Moved(u8),
    Released,
    Typed(String),
}

struct Window {
    ui: UserInterface<'static, Message, Theme, Renderer>,
    renderer: Renderer,
}

impl Window {
    fn new(content: Element<'static, Message>) -> Window {
        let mut renderer = block_on(<Renderer as Headless>::new(theme::REGULAR, 14.into(), None)).unwrap();
        let ui = UserInterface::build(content, Size::new(300.0, 200.0), Cache::default(), &mut renderer);
        Window { ui, renderer }
    }

    /// The same window after something has changed.
    fn shows(mut self, content: Element<'static, Message>) -> Window {
        let cache = self.ui.into_cache();
        let ui = UserInterface::build(content, Size::new(300.0, 200.0), cache, &mut self.renderer);
        Window { ui, renderer: self.renderer }
    }

    fn operate(&mut self, operation: impl Operation<()> + 'static) {
        let mut next: Option<Box<dyn Operation<()>>> = Some(Box::new(operation));
        while let Some(mut operation) = next.take() {
            self.ui.operate(&self.renderer, &mut operation);
            if let Outcome::Chain(chained) = operation.finish() {
                next = Some(chained);
            }
        }
    }

    fn tab(&mut self) {
        self.operate(focusable::focus_next());
        self.operate(reveal::Reveal::default());
    }

    fn says(&mut self, event: Event, cursor: mouse::Cursor) -> Vec<Message> {
        self.hears(event, cursor).0
    }

    /// What it says to an event, and whether it took it.
    fn hears(&mut self, event: Event, cursor: mouse::Cursor) -> (Vec<Message>, iced::event::Status) {
        let mut messages = Vec::new();
        let clipboard = &mut iced::advanced::clipboard::Null;
        let (_, statuses) = self.ui.update(&[event], cursor, &mut self.renderer, clipboard, &mut messages);
        (messages, statuses[0])
    }

    fn press(&mut self, key: Named) -> Vec<Message> {
        self.says(Event::Keyboard(pressed(key)), mouse::Cursor::Unavailable)
    }
}

fn pressed(key: Named) -> keyboard::Event {
    keyboard::Event::KeyPressed {
        key: Key::Named(key),
        modified_key: Key::Named(key),
        physical_key: Physical::Unidentified(NativeCode::Unidentified),
        location: keyboard::Location::Standard,
        modifiers: keyboard::Modifiers::default(),
        text: None,
        repeat: false,
    }
}

fn everything() -> Element<'static, Message> {
    column![
        button("first").on_press(Message::Pressed("first")),
        button("cannot be pressed"),
        choice(["a", "b", "c"], Some("b"), Message::Chosen),
        slider(0..=10, 5, Message::Moved, Some(Message::Released), 100.0),
    ]
    .into()
}

#[test]
fn tab_goes_from_one_to_the_next_and_keys_set_them_going() {
    let mut window = Window::new(everything());
    assert_eq!(window.press(Named::Enter), [], "nothing has the focus yet");
    window.tab();
    assert_eq!(window.press(Named::Enter), [Message::Pressed("first")]);
    assert_eq!(window.press(Named::Space), [Message::Pressed("first")]);
    assert_eq!(window.press(Named::ArrowDown), []);
    // What cannot be pressed is passed over.
    window.tab();
    assert_eq!(window.press(Named::ArrowDown), [Message::Chosen("c")]);
    assert_eq!(window.press(Named::ArrowUp), [Message::Chosen("a")]);
    window.tab();
    assert_eq!(window.press(Named::ArrowRight), [Message::Moved(6), Message::Released]);
    // Nobody has drawn it anew: it stands where it was moved to.
    assert_eq!(window.press(Named::ArrowDown), [Message::Moved(5), Message::Released]);
    window.operate(focusable::focus_previous());
    assert_eq!(window.press(Named::ArrowDown), [Message::Chosen("c")]);
}

#[test]
fn one_of_a_list_is_opened_by_enter_and_the_others_are_passed_by() {
    let one = |word, enter: Option<Message>| button(word).on_press(Message::Pressed(word)).of_list("list", enter);
    let rows = column![one("first", None), one("second", Some(Message::Chosen("second"))), one("third", None)];
    let mut window = Window::new(rows.push(button("last").on_press(Message::Pressed("last"))).into());
    window.tab();
    assert_eq!(window.press(Named::Enter), [Message::Chosen("second")]);
    assert_eq!(window.press(Named::Space), [], "Space is the screen's");
    window.tab();
    assert_eq!(window.press(Named::Enter), [Message::Pressed("last")]);
}

#[test]
fn the_focus_follows_the_one_of_a_list_unless_something_else_has_it() {
    let rows = |chosen: &'static str| {
        let one = move |word: &'static str| {
            let enter = (word == chosen).then_some(Message::Chosen(word));
            button(word).on_press(Message::Pressed(word)).of_list("list", enter)
        };
        column![one("first"), one("second"), button("last").on_press(Message::Pressed("last"))].into()
    };
    let mut window = Window::new(rows("first"));
    window.tab();
    assert_eq!(window.press(Named::Enter), [Message::Chosen("first")]);
    let mut window = window.shows(rows("second"));
    assert_eq!(window.press(Named::Enter), [], "that was of the first one");
    window.operate(reveal::Follow { list: Id::new("list"), is_elsewhere: false });
    assert_eq!(window.press(Named::Enter), [Message::Chosen("second")]);
    window.tab();
    let mut window = window.shows(rows("first"));
    window.operate(reveal::Follow { list: Id::new("list"), is_elsewhere: false });
    assert_eq!(window.press(Named::Enter), [Message::Pressed("last")]);
}

#[test]
fn a_field_types_letters_and_leaves_commands_to_the_window() {
    use iced::keyboard::{Location, Modifiers};
    let typed = |words: String| Message::Typed(words);
    let mut window = Window::new(field(text_input("", "").on_input(typed)));
    window.operate(focusable::focus_next());
    let mut press = |key: &str, modifiers| {
        window.says(Event::Keyboard(keyboard::Event::ModifiersChanged(modifiers)), mouse::Cursor::Unavailable);
        let pressed = keyboard::Event::KeyPressed {
            key: Key::Character(key.into()),
            modified_key: Key::Character(key.into()),
            physical_key: Physical::Unidentified(NativeCode::Unidentified),
            location: Location::Standard,
            modifiers,
            text: Some(key.into()),
            repeat: false,
        };
        window.says(Event::Keyboard(pressed), mouse::Cursor::Unavailable)
    };
    assert_eq!(press("1", Modifiers::COMMAND), []);
    assert_eq!(press("1", Modifiers::default()), [Message::Typed("1".to_owned())]);
    assert_eq!(press("@", Modifiers::COMMAND | Modifiers::ALT), [Message::Typed("1@".to_owned())], "AltGr types");
}

#[test]
fn a_list_that_is_searched_is_reached_opened_and_left_by_the_keyboard() {
    let names: &'static combo_box::State<&'static str> = Box::leak(Box::new(combo_box::State::new(vec!["a", "b"])));
    let list = search(combo_box(names, "", None, Message::Chosen));
    let mut window = Window::new(column![list, button("last").on_press(Message::Pressed("last"))].into());
    window.tab();
    assert_eq!(window.press(Named::Enter), [], "it opens");
    window.press(Named::ArrowDown);
    assert_eq!(window.press(Named::Enter), [Message::Chosen("b")]);
    window.press(Named::Enter);
    let status = window.hears(Event::Keyboard(pressed(Named::Tab)), mouse::Cursor::Unavailable).1;
    assert_eq!(status, iced::event::Status::Ignored, "Tab is the window's");
    window.tab();
    assert_eq!(window.press(Named::Enter), [Message::Pressed("last")]);
    assert_eq!(window.press(Named::ArrowDown), [], "the list is closed");
}

#[test]
fn a_list_that_the_mouse_has_opened_is_left_by_the_keyboard() {
    let mut window = Window::new(choice(["a", "b", "c"], Some("b"), Message::Chosen).into());
    let over = mouse::Cursor::Available(iced::Point::new(10.0, 10.0));
    let click = Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left));
    for (key, said) in [(Named::ArrowDown, vec![Message::Chosen("c")]), (Named::Escape, vec![])] {
        window.says(click.clone(), over);
        assert_eq!(window.press(key), said);
        assert_eq!(window.press(Named::ArrowUp), [Message::Chosen("a")], "the arrows go on");
        // It is closed: a click into its middle chooses nothing but opens it anew.
        let inside = mouse::Cursor::Available(iced::Point::new(10.0, 60.0));
        assert_eq!(window.says(click.clone(), inside), []);
    }
}

#[test]
fn enter_takes_what_is_marked_in_a_list_that_the_mouse_has_opened() {
    let mut window = Window::new(choice(["a", "b", "c"], Some("b"), Message::Chosen).into());
    let over = mouse::Cursor::Available(iced::Point::new(10.0, 10.0));
    let click = Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left));
    window.says(click.clone(), over);
    assert_eq!(window.press(Named::Enter), [Message::Chosen("b")], "what is chosen is marked at first");
    window.says(click.clone(), over);
    // The rows are some 32 points high, below the list itself.
    let third = mouse::Cursor::Available(iced::Point::new(10.0, 32.0 * 3.5));
    window.says(Event::Mouse(mouse::Event::CursorMoved { position: iced::Point::new(10.0, 112.0) }), third);
    assert_eq!(window.press(Named::Enter), [Message::Chosen("c")]);
    assert_eq!(window.press(Named::Enter), [], "it is closed");
    window.says(click.clone(), over);
    window.press(Named::Enter);
    let inside = mouse::Cursor::Available(iced::Point::new(10.0, 60.0));
    assert_eq!(window.says(click, inside), [], "and nothing of it is left to be clicked");
}

#[test]
fn the_mouse_takes_the_focus_away() {
    let mut window = Window::new(everything());
    window.tab();
    let elsewhere = mouse::Cursor::Available(iced::Point::new(290.0, 190.0));
    window.says(Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)), elsewhere);
    assert_eq!(window.press(Named::Enter), []);
}

#[test]
fn what_has_the_focus_is_scrolled_into_view() {
    let button = |word| button(iced::widget::text(word)).on_press(Message::Pressed(word));
    let list = column![button("near"), space::vertical().height(900.0), button("far")];
    let mut window = Window::new(scrollable(list).height(200.0).into());
    window.tab();
    window.tab();
    // A click into the lower half meets the second button only where it was scrolled to.
    let mut seen = None;
    for y in (0..200).step_by(5) {
        let at = mouse::Cursor::Available(iced::Point::new(10.0, y as f32));
        window.says(Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)), at);
        let said = window.says(Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)), at);
        seen = seen.or(said.into_iter().next());
    }
    assert_eq!(seen, Some(Message::Pressed("far")));
}
