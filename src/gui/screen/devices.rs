//! Keyboards and sound: what the doctor finds, live, with a copy of every remedy; and what each control
//! sends, which can be learned.

use std::collections::BTreeMap;

use iced::widget::{Row, column, container, progress_bar, row, scrollable, space, text};
use iced::{Alignment, Element, Length, Theme};

use super::Action;
use crate::gui::icon::{self, Icon};
use crate::gui::now::Now;
use crate::gui::theme;
use crate::gui::widget::{Button, button, labelled};
use crate::keyboard::controls::{Binding, Control, ControlMap, Press};
use crate::studio::desk::Report;
use crate::studio::doctor::{Check, Status};
use crate::studio::learn::Lesson;
use crate::studio::preferences::Change;

/// The screen.
#[derive(Debug, Default)]
pub struct Devices {
    /// Where each control stands, as far as it has said so.
    values: BTreeMap<Control, i16>,
    learning: Option<Lesson>,
    /// What the last lesson came to.
    learned: Option<String>,
}

/// What somebody does on this screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// Look again.
    Examine,
    /// Put a remedy onto the clipboard.
    Copy(String),
    /// Learn a control.
    Learn(Control),
    /// No longer.
    Cancel,
    /// A control sends what it did as delivered.
    Reset(Control),
}

impl Devices {
    /// Takes note of a report; a lesson may come to its end.
    pub fn hear(&mut self, report: &Report, now: &Now) -> Action<Message> {
        match report {
            Report::Heard(heard) => {
                let (controls, _) = ControlMap::from_settings(&now.settings.controls);
                for (at, message) in heard {
                    if let Some(lesson) = &mut self.learning {
                        lesson.hear(*at, message);
                    }
                    if let Some((control, value)) = controls.lookup(message) {
                        self.values.insert(control, value);
                    }
                }
                Action::None
            }
            // The pulses that follow every message are the lesson's clock.
            Report::Pulse(pulse) if self.learning.as_ref().is_some_and(|l| l.is_over(pulse.now)) => self.finish(now),
            _ => Action::None,
        }
    }

    fn finish(&mut self, now: &Now) -> Action<Message> {
        let Some(lesson) = self.learning.take() else { return Action::None };
        let Some((binding, _)) = lesson.learned() else { return Action::None };
        let control = lesson.control();
        let (controls, _) = ControlMap::from_settings(&now.settings.controls);
        let rival = controls.rival(control, &binding.source, binding.channel);
        let words = format!("{} sends {}", control.label(), described(&binding));
        self.learned = Some(match rival {
            Some(other) => format!("{words}, as does {}: learn that anew too", other.label()),
            None => words,
        });
        Action::Change(Change::Control(control, Some(binding)))
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message) -> Action<Message> {
        match message {
            Message::Examine => Action::Examine,
            Message::Copy(remedy) => Action::Copy(remedy),
            Message::Learn(control) => {
                self.learned = None;
                self.learning = Some(Lesson::new(control, Press::Momentary));
                Action::None
            }
            Message::Cancel => {
                self.learning = None;
                Action::None
            }
            Message::Reset(control) => Action::Change(Change::Control(control, None)),
        }
    }

    /// Draws the screen.
    pub fn view<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let title = row![
            text("Devices").size(theme::TITLE).font(theme::STRONG),
            space::horizontal(),
            labelled(Icon::Again, "Look again").on_press(Message::Examine),
        ]
        .align_y(Alignment::Center);
        let halves = row![
            container(checks(now)).width(Length::FillPortion(11)),
            container(self.controls(now)).width(Length::FillPortion(10)),
        ]
        .spacing(theme::WIDE);
        column![title, halves].spacing(theme::WIDE).padding(theme::MARGIN).into()
    }

    fn controls<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let (map, _) = ControlMap::from_settings(&now.settings.controls);
        let rows = Control::ALL.map(|control| self.control(control, map.binding(control), now));
        let said: Element<'_, Message> = match (&self.learning, &self.learned) {
            (Some(lesson), _) => {
                let verb = if lesson.control().is_button() { "Press" } else { "Move" };
                text(format!("{verb} {} on the keyboard now.", lesson.control().label())).style(theme::accent)
            }
            (None, Some(words)) => text(words.as_str()).style(theme::success),
            (None, None) => {
                text("What each control sends. Learn one anew if yours sends something else.").style(theme::muted)
            }
        }
        .size(theme::SMALL)
        .into();
        let head = column![text("Controls").size(theme::LARGE).font(theme::STRONG), said].spacing(theme::NEAR);
        panel(head.into(), column(rows).spacing(theme::NEAR).into())
    }

    fn control<'a>(&'a self, control: Control, binding: Option<&Binding>, now: &'a Now) -> Element<'a, Message> {
        let value = self.values.get(&control).copied();
        let bar: Element<'_, Message> = match value {
            Some(value) => {
                let share = if control == Control::PitchWheel {
                    (f32::from(value) + 8192.0) / 16383.0
                } else {
                    f32::from(value) / 127.0
                };
                progress_bar(0.0..=1.0, share).girth(6.0).length(Length::Fixed(60.0)).style(level).into()
            }
            None => space::horizontal().width(60.0).into(),
        };
        let sends = binding.map_or_else(String::new, described);
        let learning = self.learning.as_ref().is_some_and(|l| l.control() == control);
        let learn = if learning { small("Cancel", Message::Cancel) } else { small("Learn", Message::Learn(control)) };
        let reset = now.settings.controls.contains_key(control.name()).then(|| small("Reset", Message::Reset(control)));
        row![
            text(capital(control.label())).size(theme::BODY).width(Length::Fixed(130.0)),
            text(sends).size(theme::SMALL).style(theme::muted).width(Length::Fill),
            bar,
            reset,
            learn.style(theme::toggle(learning)),
        ]
        .height(30.0)
        .spacing(theme::GAP)
        .align_y(Alignment::Center)
        .into()
    }
}

fn checks(now: &Now) -> Element<'_, Message> {
    let wrong = now.checks.iter().filter(|c| matches!(c.status, Status::Warning | Status::Failure)).count();
    let verdict = match (now.checks.len(), wrong) {
        (0, _) => text("Looking …").style(theme::muted),
        (_, 0) => text("Everything is as it should be.").style(theme::success),
        (_, 1) => text("One thing is not as it should be.").style(theme::warning),
        (_, n) => text(format!("{n} things are not as they should be.")).style(theme::warning),
    };
    let head = column![
        text("From the socket to the sound").size(theme::LARGE).font(theme::STRONG),
        verdict.size(theme::SMALL)
    ]
    .spacing(theme::NEAR);
    panel(head.into(), column(now.checks.iter().map(check)).spacing(theme::GAP + 2.0).into())
}

fn check(check: &Check) -> Element<'_, Message> {
    let (icon, style, word): (Icon, fn(&Theme) -> text::Style, &str) = match check.status {
        Status::Ok => (Icon::Good, theme::success, "fine"),
        Status::Warning => (Icon::Warning, theme::warning, "warning"),
        Status::Failure => (Icon::Bad, theme::danger, "failure"),
        Status::Skipped => (Icon::Skipped, theme::muted, "not looked at"),
    };
    let name: Row<'_, Message> =
        row![text(named(check.id)).size(theme::BODY).font(theme::STRONG), text(word).size(theme::SMALL).style(style)]
            .spacing(theme::GAP)
            .align_y(Alignment::Center);
    let remedy = check.remedy.as_ref().map(|remedy| {
        row![
            container(text(remedy).size(theme::SMALL)).padding([4.0, 8.0]).style(theme::keycap).width(Length::Fill),
            small("Copy", Message::Copy(remedy.clone())),
        ]
        .spacing(theme::GAP)
        .align_y(Alignment::Center)
    });
    let words =
        column![name, text(&check.evidence).size(theme::SMALL).style(theme::muted), remedy].spacing(theme::NEAR);
    row![icon::coloured(icon, 17.0, style), words.width(Length::Fill)].spacing(theme::GAP + 2.0).into()
}

/// A check in words; its id is for scripts.
fn named(id: &str) -> String {
    match id {
        "usb-device" => "Keyboard on the USB bus".to_owned(),
        "usb-driver" => "Driver".to_owned(),
        "seq-module" => "ALSA's sequencer".to_owned(),
        "seq-permission" => "Permission to use it".to_owned(),
        "midi-port" => "MIDI port".to_owned(),
        "port-busy" => "Nobody holds the port".to_owned(),
        "usb-permission" => "Permission on the USB device".to_owned(),
        "udev-rule" => "udev rule".to_owned(),
        "sandbox" => "Sandbox".to_owned(),
        "audio-output" => "Audio output".to_owned(),
        "soundfont" => "SoundFont".to_owned(),
        "display" => "Display".to_owned(),
        other => other.to_owned(),
    }
}

fn described(binding: &Binding) -> String {
    let channel = binding.channel.map_or_else(String::new, |c| format!(", channel {}", c.number()));
    format!("{}{channel}", binding.source)
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn panel<'a>(head: Element<'a, Message>, body: Element<'a, Message>) -> Element<'a, Message> {
    let body = scrollable(container(body).padding([0.0, 12.0])).height(Length::Fill).style(theme::scroll);
    let head = container(head).padding([0.0, 12.0]);
    container(column![head, body].spacing(theme::WIDE))
        .padding([theme::WIDE, 4.0])
        .width(Length::Fill)
        .style(theme::surface)
        .into()
}

fn small<'a>(label: &'a str, message: Message) -> Button<'a, Message> {
    button(text(label).size(theme::SMALL)).padding([4.0, 9.0]).style(theme::plain).on_press(message)
}

fn level(theme: &Theme) -> progress_bar::Style {
    let ink = theme::ink(theme);
    progress_bar::Style { background: ink.line.into(), bar: ink.accent.into(), border: iced::border::rounded(3) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::{Message as Midi, Micros};
    use crate::settings::Settings;
    use crate::studio::desk::Pulse;

    #[test]
    fn what_is_wrong_is_shown_with_its_remedy_and_a_control_is_learned_by_a_click() {
        use crate::gui::screen::bench;
        let mut now = Now::new(Settings::default(), None);
        let (evidence, remedy) = ("/dev/snd/seq is missing".to_owned(), Some("sudo modprobe snd-seq".to_owned()));
        now.checks = vec![Check { id: "seq-module", status: Status::Failure, evidence, remedy }];
        let mut devices = Devices::default();
        assert!(bench::shown(devices.view(&now)).find("One thing is not as it should be.").is_ok());
        assert_eq!(bench::clicks(bench::shown(devices.view(&now)), "Copy"), [r#"Copy("sudo modprobe snd-seq")"#]);
        assert_eq!(bench::clicks(bench::shown(devices.view(&now)), "Look again"), ["Examine"]);
        assert_eq!(bench::clicks(bench::shown(devices.view(&now)), "Learn"), ["Learn(Play)"]);
        let _ = devices.update(Message::Learn(Control::Modulation));
        assert_eq!(bench::clicks(bench::shown(devices.view(&now)), "Cancel"), ["Cancel"]);
    }

    #[test]
    fn a_control_is_learned_from_what_comes_while_it_is_moved() {
        let now = Now::new(Settings::default(), None);
        let mut devices = Devices::default();
        let _ = devices.update(Message::Learn(Control::Rec));
        let press = Midi::from_bytes(&[0xb0, 20, 127]).unwrap();
        let _ = devices.hear(&Report::Heard(vec![(Micros(0), press)]), &now);
        let pulse = |ms| Report::Pulse(Pulse { now: Micros::from_millis(ms), ..Pulse::default() });
        assert!(matches!(devices.hear(&pulse(100), &now), Action::None));
        let Action::Change(Change::Control(Control::Rec, Some(binding))) = devices.hear(&pulse(500), &now) else {
            panic!("it is learned after a while")
        };
        assert_eq!(binding.source.to_string(), "cc 20");
        assert!(devices.learning.is_none());
    }
}
