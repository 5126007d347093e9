//! Shortcuts, and what commands do.

use iced::keyboard::key::Named;
use iced::keyboard::{Key, Modifiers};

use super::sheet::Sheet;
use super::{Action, Command, Edit, Message, SoundKind, beat};
use crate::gui::now::Now;
use crate::gui::widget::pianoroll::Tool;
use crate::music::Ticks;
use crate::music::edit::{Humanise, Selection};
use crate::music::quantise::{Quantise, Strength, Swing};

/// What a key of the computer means on this screen.
#[must_use]
pub fn shortcut(key: &Key, modifiers: Modifiers) -> Option<Message> {
    let command = if modifiers.command() {
        match key.as_ref() {
            Key::Character("z" | "Z") if modifiers.shift() => Command::Redo,
            Key::Character("z") => Command::Undo,
            Key::Character("y") => Command::Redo,
            Key::Character("s" | "S") if modifiers.shift() => Command::SaveCopy,
            Key::Character("s") => Command::Save,
            Key::Character("e") => Command::Export(SoundKind::Wav),
            Key::Character("a") => Command::SelectAll,
            Key::Character("i") => Command::Invert,
            Key::Character("c") => Command::Copy,
            Key::Character("x") => Command::Cut,
            Key::Character("v") => Command::Paste,
            Key::Character("d") => Command::Duplicate,
            _ => return None,
        }
    } else {
        let far = modifiers.shift();
        match key.as_ref() {
            Key::Named(Named::Space) => Command::Play,
            Key::Named(Named::Home) => Command::ToStart,
            Key::Named(Named::Delete | Named::Backspace) => Command::Delete,
            Key::Named(Named::Escape) => Command::SelectNone,
            Key::Named(Named::ArrowUp) => Command::Transpose(if far { 12 } else { 1 }),
            Key::Named(Named::ArrowDown) => Command::Transpose(if far { -12 } else { -1 }),
            Key::Named(Named::ArrowLeft) if far => Command::Stretch(-1),
            Key::Named(Named::ArrowRight) if far => Command::Stretch(1),
            Key::Named(Named::ArrowLeft) => Command::Nudge(-1),
            Key::Named(Named::ArrowRight) => Command::Nudge(1),
            Key::Character("n" | "N") => Command::Step(if far { -1 } else { 1 }),
            Key::Character("q") => Command::Quantise,
            Key::Character("h") => Command::Humanise,
            Key::Character("f") => Command::Fit,
            Key::Character("+" | "=") => Command::Zoom(1),
            Key::Character("-") => Command::Zoom(-1),
            Key::Character("]") => Command::Louder(8),
            Key::Character("[") => Command::Louder(-8),
            Key::Character("t") => return Some(Message::Beat(beat::Message::Toggle)),
            Key::Character("g") => return Some(Message::Snap),
            Key::Character("1") => return Some(Message::Tool(Tool::Pointer)),
            Key::Character("2") => return Some(Message::Tool(Tool::Pencil)),
            _ => return None,
        }
    };
    Some(Message::Do(command))
}

/// Whether a key that is held says it again and again.
#[must_use]
pub fn repeats(message: &Message) -> bool {
    !matches!(message, Message::Do(Command::Save | Command::SaveCopy | Command::Export(_)))
}

impl Edit {
    pub(super) fn command(&mut self, sheet: &mut Sheet, command: Command, now: &Now) -> Action<Message> {
        let number = self.number;
        let quarter = sheet.quarter();
        let step = self.tools.step(quarter);
        let by_steps = |steps: i8| i64::from(steps) * i64::try_from(step.0).unwrap_or(i64::MAX);
        let editor = &mut sheet.editor;
        let before = editor.revision();
        match command {
            Command::Undo => {
                if let Some(name) = editor.undo() {
                    self.said = Some((format!("Undone: {}.", name.to_lowercase()), false));
                }
            }
            Command::Redo => {
                if let Some(name) = editor.redo() {
                    self.said = Some((format!("Done again: {}.", name.to_lowercase()), false));
                }
            }
            Command::Save => return sheet.save(number, now, false),
            Command::SaveCopy => return sheet.save(number, now, true),
            Command::Export(kind) => return self.export(sheet, kind, now),
            Command::SelectAll => {
                let track = sheet.track;
                sheet.select_with(|e| e.select_all(Some(track)));
            }
            Command::Invert => {
                let track = sheet.track;
                sheet.select_with(|e| e.invert_selection(Some(track)));
            }
            Command::SelectNone => sheet.select(Selection::default()),
            Command::Copy => self.clip = editor.copy(),
            Command::Cut => self.clip = editor.cut(),
            Command::Paste => {
                editor.paste(&self.clip, sheet.track, sheet.cursor);
            }
            Command::Duplicate => drop(editor.duplicate(Ticks(quarter))),
            Command::Delete => drop(editor.delete()),
            Command::Quantise => {
                let strength = Strength::new(self.tools.strength).unwrap_or(Strength::FULL);
                let swing = Swing::new(self.tools.swing).unwrap_or(Swing::STRAIGHT);
                editor.quantise(Quantise { grid: self.tools.grid, strength, swing });
            }
            Command::Transpose(keys) => drop(editor.shift(0, keys)),
            Command::Nudge(steps) => drop(editor.shift(by_steps(steps), 0)),
            Command::Stretch(steps) => drop(editor.lengthen(by_steps(steps), Ticks(1))),
            Command::Louder(by) => drop(editor.add_velocity(i16::from(by))),
            Command::Humanise => {
                // Another seed every time, and the same one for the same state.
                editor.humanise(Humanise { ticks: quarter / 32, velocity: 8, seed: before });
            }
            Command::Snap => drop(editor.snap_to_scale(self.tools.scale)),
            Command::Trim => {
                if let Some((from, to)) = sheet.looped.take() {
                    editor.trim(from, to);
                    sheet.cursor = Ticks(0);
                }
            }
            Command::Play => return sheet.play(number, now),
            Command::ToStart => {
                sheet.roll.viewport.follow(Ticks(0));
                sheet.roll.repaint();
                return sheet.seek(Ticks(0), now);
            }
            Command::Step(way) => return self.step(sheet, way),
            Command::Zoom(way) => {
                let middle = sheet.roll.viewport.notes().center_x();
                sheet.roll.viewport.zoom(if way > 0 { 1.5 } else { 1.0 / 1.5 }, middle);
                sheet.roll.repaint();
            }
            Command::Fit => sheet.fit_all(),
        }
        Action::None
    }

    /// Selects the next note, or the one before, and lets it be heard: editing without a mouse.
    fn step(&mut self, sheet: &mut Sheet, way: i8) -> Action<Message> {
        let Some(track) = sheet.editor.document().track(sheet.track) else { return Action::None };
        let here = sheet.editor.selected().map(|(_, n)| (n.note.start, n.id)).next();
        let start = |n: &&crate::music::edit::PlacedNote| (n.note.start, n.id);
        let next = match (here, way > 0) {
            (None, _) => track.notes().find(|n| n.note.start >= sheet.cursor).or_else(|| track.notes().next()),
            (Some(here), true) => track.notes().filter(|n| start(n) > here).min_by_key(start),
            (Some(here), false) => track.notes().filter(|n| start(n) < here).max_by_key(start),
        };
        let Some(note) = next.copied() else { return Action::None };
        sheet.select(std::iter::once(note.id).collect());
        let moved = sheet.roll.viewport.reveal(note.note.key);
        if sheet.roll.viewport.follow(note.note.start) || moved {
            sheet.roll.repaint();
        }
        self.sound_shortly(sheet.trial(), note.note.key, note.note.velocity)
    }
}
