//! What has to be read or seen can be, in light and in dark, as the Web Content Accessibility Guidelines 2.2 reckon it:
//! 4.5:1 for text (1.4.3), 3:1 for what is drawn (1.4.11). Left out are lines that only help the eye (`Ink::line`) and the
//! grounds of buttons, which their words tell from what is around them.

use iced::Background;

use super::*;
use crate::music::message::Velocity;
use crate::studio::picture::TRACKS;

const TEXT: f32 = 4.5;
const DRAWN: f32 = 3.0;

/// Collects what falls short, so that one run tells all of it.
struct Eye {
    theme: Theme,
    ink: Ink,
    short: Vec<String>,
}

impl Eye {
    fn new(dark: bool) -> Eye {
        let theme = theme(dark);
        Eye { ink: ink(&theme), theme, short: Vec::new() }
    }

    fn look(&mut self, least: f32, what: impl std::fmt::Display, colour: Color, ground: Color) {
        let is_opaque = [colour, ground].iter().all(|c| c.a == 1.0);
        let found = colour.relative_contrast(ground);
        if found < least || !is_opaque {
            let dark = self.theme.extended_palette().is_dark;
            self.short.push(format!("{}: {what}: {found:.2}", if dark { "dark" } else { "light" }));
        }
    }

    /// A button in each of its states: its words, or its icon, on it and on what shines through it.
    fn button(&mut self, name: &str, style: &dyn Fn(&Theme, button::Status) -> button::Style) {
        use button::Status::{Active, Disabled, Hovered, Pressed};
        for status in [Active, Hovered, Pressed, Disabled] {
            let style = style(&self.theme, status);
            for (ground_name, below) in [("ground", self.ink.ground), ("surface", self.ink.surface)] {
                let ground = flat(style.background, below);
                self.look(TEXT, format!("{name}, {status:?}, on {ground_name}"), style.text_color, ground);
            }
        }
    }

    fn container(&mut self, name: &str, style: container::Style) {
        let text = style.text_color.unwrap_or(self.ink.text);
        let ground = flat(style.background, self.ink.surface);
        self.look(TEXT, name, text, ground);
    }
}

impl Drop for Eye {
    fn drop(&mut self) {
        assert!(self.short.is_empty() || std::thread::panicking(), "{}", self.short.join("\n"));
    }
}

fn flat(background: Option<Background>, below: Color) -> Color {
    match background {
        Some(Background::Color(colour)) => colour,
        None => below,
        Some(other) => panic!("{other:?} is no plain colour"),
    }
}

fn both(look: impl Fn(&mut Eye)) {
    for dark in [false, true] {
        look(&mut Eye::new(dark));
    }
}

#[test]
fn words_in_every_style_can_be_read_wherever_they_stand() {
    type Style = fn(&Theme) -> text::Style;
    let styles: [(&str, Style); 5] =
        [("muted", muted), ("warning", warning), ("success", success), ("accent", accent), ("danger", danger)];
    both(|eye| {
        let p = *eye.theme.extended_palette();
        let grounds = [
            ("ground", p.background.base.color),
            ("surface", p.background.weakest.color),
            ("control", p.background.weaker.color),
            ("hover", p.background.neutral.color),
            ("chosen", p.primary.weak.color),
        ];
        for (ground_name, ground) in grounds {
            eye.look(TEXT, format!("text on {ground_name}"), eye.ink.text, ground);
            for (name, style) in styles {
                let colour = style(&eye.theme).color.unwrap();
                eye.look(TEXT, format!("{name} on {ground_name}"), colour, ground);
            }
        }
        for (ground_name, ground) in &grounds[..3] {
            eye.look(TEXT, format!("faint on {ground_name}"), eye.ink.faint, *ground);
        }
        eye.look(TEXT, "on accent", on_accent(&eye.theme).color.unwrap(), eye.ink.accent);
        eye.look(TEXT, "on record", p.danger.base.text, p.danger.base.color);
    });
}

#[test]
fn buttons_fields_lists_and_chips_can_be_read_in_every_state() {
    both(|eye| {
        for (name, style) in [("plain", plain as fn(&Theme, button::Status) -> button::Style), ("quiet", quiet)] {
            eye.button(name, &style);
        }
        eye.button("solid", &solid);
        for on in [false, true] {
            eye.button(&format!("toggle {on}"), &toggle(on));
            eye.button(&format!("record {on}"), &record(on));
            eye.button(&format!("choice {on}"), &choice(on));
        }
        let theme = eye.theme.clone();
        for (name, style) in [("keycap, badge, tag", keycap(&theme)), ("tooltip", tip(&theme)), ("bar", bar(&theme))] {
            eye.container(name, style);
        }
        for status in [text_input::Status::Active, text_input::Status::Hovered, text_input::Status::Disabled] {
            let style = field(&theme, status);
            let ground = flat(Some(style.background), eye.ink.ground);
            for (what, colour) in [("typed", style.value), ("placeholder", style.placeholder)] {
                eye.look(TEXT, format!("{what} in a field"), colour, ground);
            }
            eye.look(TEXT, "marked in a field", style.value, style.selection);
            eye.look(DRAWN, "a field's edge", style.border.color, eye.ink.surface);
            eye.look(DRAWN, "a field's edge on the ground", style.border.color, eye.ink.ground);
        }
        for status in [pick_list::Status::Active, pick_list::Status::Hovered] {
            let style = list(&theme, status);
            let ground = flat(Some(style.background), eye.ink.ground);
            eye.look(TEXT, "chosen in a list", style.text_color, ground);
            eye.look(TEXT, "nothing chosen in a list", style.placeholder_color, ground);
            eye.look(DRAWN, "a list's handle", style.handle_color, ground);
            eye.look(DRAWN, "a list's edge", style.border.color, eye.ink.ground);
        }
        let menu = menu(&theme);
        eye.look(TEXT, "in an open list", menu.text_color, flat(Some(menu.background), eye.ink.ground));
        let selected = flat(Some(menu.selected_background), eye.ink.ground);
        eye.look(TEXT, "selected in an open list", menu.selected_text_color, selected);
    });
}

#[test]
fn rings_rails_switches_and_bars_can_be_seen() {
    both(|eye| {
        let theme = eye.theme.clone();
        // The focus ring is two-fold: one of its colours is far from anything.
        let (outer, inner) = (eye.ink.text, eye.ink.ground);
        eye.look(DRAWN, "the focus ring by itself", outer, inner);
        for ground in [eye.ink.ground, eye.ink.surface, eye.ink.accent, eye.ink.record] {
            let best = if outer.relative_contrast(ground) >= DRAWN { outer } else { inner };
            eye.look(DRAWN, "the focus ring", best, ground);
        }
        for ground in [eye.ink.ground, eye.ink.surface] {
            for status in [slider::Status::Active, slider::Status::Hovered, slider::Status::Dragged] {
                let style = slide(&theme, status);
                let handle = flat(Some(style.handle.background), ground);
                eye.look(DRAWN, "a slider's handle", handle, ground);
                let rail = flat(Some(style.rail.backgrounds.1), ground);
                eye.look(DRAWN, "a slider's rail", rail, ground);
            }
            for is_toggled in [false, true] {
                let style = switch(&theme, toggler::Status::Active { is_toggled });
                let rail = flat(Some(style.background), ground);
                eye.look(DRAWN, format!("a switch, {is_toggled}"), rail, ground);
                eye.look(DRAWN, format!("its knob, {is_toggled}"), flat(Some(style.foreground), rail), rail);
            }
            let chosen = toggle(true)(&theme, button::Status::Active);
            eye.look(DRAWN, "the edge of what is on", chosen.border.color, ground);
        }
        let bar = progress(&theme);
        eye.look(DRAWN, "progress", flat(Some(bar.bar), eye.ink.ground), flat(Some(bar.background), eye.ink.ground));
        let warning = theme.extended_palette().warning.base.color;
        for (name, level) in [("level", eye.ink.accent), ("level that clips", warning)] {
            eye.look(DRAWN, name, level, eye.ink.line);
        }
    });
}

#[test]
fn notes_and_keys_can_be_seen_and_read() {
    both(|eye| {
        let ink = eye.ink;
        // The darker rows, of black keys, among them.
        let rows = [("a row", ink.surface), ("a black key's row", mix(ink.surface, ink.line, 0.32))];
        let tracks = (0..TRACKS.len()).map(|n| (format!("track {n}"), ink.track(n as u8)));
        let others = [("selected", ink.selected), ("played", ink.accent), ("recorded", ink.record)];
        let others = others.map(|(name, colour)| (name.to_owned(), colour));
        for (name, colour) in tracks.chain(others) {
            for velocity in [1, 64, 127].map(Velocity::masked) {
                let note = shade(&ink, colour, velocity);
                for (row_name, row) in rows {
                    eye.look(DRAWN, format!("{name}, velocity {}, on {row_name}", velocity.get()), note, row);
                }
                eye.look(TEXT, format!("a name on {name}"), readable_on(note), note);
            }
        }
        for (row_name, row) in rows {
            eye.look(DRAWN, format!("notes of other tracks on {row_name}"), ink.ghost, row);
        }
        eye.look(TEXT, "a letter on a white key", ink.on_white_key, ink.white_key);
        eye.look(TEXT, "a name on a white key", ink.black_key, ink.white_key);
        eye.look(TEXT, "a letter on a black key", ink.on_black_key, ink.black_key);
        for (name, lit) in [("played", ink.accent), ("recorded", ink.record)] {
            eye.look(TEXT, format!("a letter on a key that is {name}"), readable_on(lit), lit);
            // A key that is down has a frame as well: its colour alone is too near to a white or to a black key's.
            eye.look(DRAWN, format!("the frame of a key that is {name}"), readable_on(lit), lit);
        }
    });
}

#[test]
fn nothing_casts_a_shadow_that_would_be_drawn_twice() {
    for dark in [false, true] {
        let theme = theme(dark);
        assert_eq!((sheet(&theme).shadow, menu(&theme).shadow), (Shadow::default(), Shadow::default()));
    }
}
