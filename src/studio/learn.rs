//! Learning what a control sends: of all that comes while it is moved, what comes most.

use crate::keyboard::controls::{Binding, Control, Press, Source};
use crate::music::{Message, Micros};

/// How long a control is listened to after its first message.
pub const LISTEN_ON: Micros = Micros::from_millis(400);

/// A control that is being learned.
#[derive(Clone, Debug)]
pub struct Lesson {
    control: Control,
    press: Press,
    began: Option<Micros>,
    heard: Vec<(Source, Vec<Message>)>,
}

impl Lesson {
    /// Begins to listen for a control.
    #[must_use]
    pub fn new(control: Control, press: Press) -> Lesson {
        Lesson { control, press, began: None, heard: Vec::new() }
    }

    /// The control.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control
    }

    /// Takes note of a message; whether the control may have sent it.
    pub fn hear(&mut self, at: Micros, message: &Message) -> bool {
        let Some(source) = Source::of(message).filter(|s| fits(self.control, s)) else { return false };
        self.began.get_or_insert(at);
        match self.heard.iter_mut().find(|(s, _)| *s == source) {
            Some((_, messages)) => messages.push(message.clone()),
            None => self.heard.push((source, vec![message.clone()])),
        }
        true
    }

    /// Whether enough was heard.
    #[must_use]
    pub fn is_over(&self, now: Micros) -> bool {
        self.began.is_some_and(|began| now.since(began) >= LISTEN_ON)
    }

    /// What the control sends, and how many messages said so; `None` when nothing came.
    #[must_use]
    pub fn learned(&self) -> Option<(Binding, usize)> {
        // Of equally many the first that came: `max_by_key` would take the last.
        let (source, messages) = self.heard.iter().rev().max_by_key(|(_, messages)| messages.len())?;
        let channel = messages.first()?.channel();
        Some((Binding { source: source.clone(), channel, press: self.press }, messages.len()))
    }
}

/// Playing a note is no way to move a wheel; a pad may well be a button.
fn fits(control: Control, source: &Source) -> bool {
    control.is_button() || !matches!(source, Source::Note(_) | Source::RealTime(_) | Source::SysEx(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> Message {
        Message::from_bytes(bytes).unwrap()
    }

    #[test]
    fn keys_teach_buttons_only() {
        let note = message(&[0x90, 36, 100]);
        assert!(Lesson::new(Control::Play, Press::Momentary).hear(Micros(0), &note));
        assert!(!Lesson::new(Control::Knob1, Press::Momentary).hear(Micros(0), &note));
    }

    #[test]
    fn what_comes_most_is_learned_and_of_equals_what_came_first() {
        let mut lesson = Lesson::new(Control::Knob1, Press::Momentary);
        assert!(!lesson.is_over(Micros(9_000_000)) && lesson.learned().is_none());
        for (at, bytes) in [(0, [0xb2, 20, 1]), (1, [0xb2, 21, 1]), (2, [0xb2, 21, 2])] {
            lesson.hear(Micros(at), &message(&bytes));
        }
        assert!(!lesson.is_over(Micros(399_999)) && lesson.is_over(Micros(400_000)));
        let (binding, count) = lesson.learned().unwrap();
        assert_eq!(
            (binding.source.to_string().as_str(), binding.channel.map(|c| c.get()), count),
            ("cc 21", Some(2), 2)
        );
    }
}
