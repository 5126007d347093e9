//! The state of the keyboard at a glance, kept below the scrolling lines on a terminal.

use std::collections::VecDeque;
use std::io::Write;

use crossterm::{cursor, queue, terminal};

use crate::cli::output::{FAINT, GOOD, HEADING, WARNING};
use crate::keyboard::Event;
use crate::keyboard::controls::{Control, ControlMap};
use crate::keyboard::virtual_keyboard::layout;
use crate::music::take::Sounding;
use crate::music::{Micros, pitch};

/// The message rate is that of so long a time.
const RATE_OVER: Micros = Micros(1_000_000);
/// A button shows as pressed for so long after it was.
const BUTTON_SHOWS: Micros = Micros(700_000);
/// Columns of a row's title.
const TITLE: usize = 9;
/// Lines that a row may take on a narrow screen.
const MOST_LINES: usize = 4;

pub(super) struct Panel {
    port: Option<String>,
    sounding: Sounding,
    /// Where each control stands and when it moved last.
    values: [Option<(i16, Micros)>; Control::ALL.len()],
    recent: VecDeque<Micros>,
    messages: u64,
    lost: bool,
    computer_keys: bool,
    /// Lines of the panel that are on the screen.
    drawn: u16,
    last: Option<String>,
}

impl Panel {
    pub(super) fn new(computer_keys: bool) -> Panel {
        Panel {
            port: None,
            sounding: Sounding::default(),
            values: [None; Control::ALL.len()],
            recent: VecDeque::new(),
            messages: 0,
            lost: false,
            computer_keys,
            drawn: 0,
            last: None,
        }
    }

    pub(super) fn hear(&mut self, event: &Event, controls: &ControlMap) {
        match event {
            Event::Message { at, message } => {
                self.messages += 1;
                self.recent.push_back(*at);
                self.sounding.hear(message);
                if let Some((control, value)) = controls.lookup(message)
                    && let Some(i) = Control::ALL.iter().position(|c| *c == control)
                {
                    self.values[i] = Some((value, *at));
                }
            }
            Event::Connected { name, .. } => self.port = Some(name.clone()),
            Event::Disconnected { .. } => {
                self.port = None;
                self.sounding = Sounding::default();
            }
            Event::Overrun { .. } => self.lost = true,
            Event::Refused { .. } | Event::Ended { .. } => {}
        }
    }

    /// Puts `text` (whole lines) above the panel and draws the panel anew if it looks different.
    pub(super) fn draw(&mut self, text: &str, now: Micros, out: &mut impl Write) -> anyhow::Result<()> {
        while self.recent.front().is_some_and(|at| now.since(*at) > RATE_OVER) {
            self.recent.pop_front();
        }
        let (width, _) = terminal::size().unwrap_or((80, 24));
        let lines = self.lines(now, usize::from(width).saturating_sub(1));
        let picture = lines.join("\r\n");
        if text.is_empty() && self.last.as_ref() == Some(&picture) {
            return Ok(());
        }
        self.wipe(out)?;
        out.write_all(text.as_bytes())?;
        write!(out, "{picture}\r\n")?;
        out.flush()?;
        self.drawn = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        self.last = Some(picture);
        Ok(())
    }

    /// Leaves the panel where it is, with the cursor below.
    pub(super) fn end(&mut self, out: &mut impl Write) -> anyhow::Result<()> {
        self.drawn = 0;
        out.flush()?;
        Ok(())
    }

    fn wipe(&self, out: &mut impl Write) -> anyhow::Result<()> {
        if self.drawn > 0 {
            let mut codes = Vec::new();
            queue!(
                codes,
                cursor::MoveToPreviousLine(self.drawn),
                terminal::Clear(terminal::ClearType::FromCursorDown)
            )?;
            out.write_all(&codes)?;
        }
        Ok(())
    }

    fn lines(&self, now: Micros, width: usize) -> Vec<String> {
        let mut rows = vec![
            (String::new(), vec!["\u{2500}".repeat(width)]),
            self.state(),
            ("keys".to_owned(), self.keys()),
            (
                "wheels".to_owned(),
                self.row(&[Control::PitchWheel, Control::Modulation, Control::Volume, Control::Sustain], now),
            ),
            (
                "knobs".to_owned(),
                self.row(&[Control::Encoder, Control::Knob1, Control::Knob2, Control::Knob3, Control::Reverb], now),
            ),
            ("buttons".to_owned(), self.row(&[Control::Rec, Control::Play, Control::Stop], now)),
        ];
        if self.computer_keys {
            let help = layout::HELP.iter().map(|h| h.split(' ').map(str::to_owned).collect());
            rows.extend(["play", ""].into_iter().map(str::to_owned).zip(help));
        }
        rows.into_iter()
            .flat_map(|(title, cells)| {
                let room = if title.is_empty() { width } else { width.saturating_sub(TITLE) };
                // What does not fit goes on below, under its own kind.
                let indent = if title.is_empty() { "" } else { "         " };
                let mut lines = wrapped(&cells, room).into_iter();
                let text = lines.next().unwrap_or_default();
                let first = match title.as_str() {
                    "" => format!("{FAINT}{text}{FAINT:#}"),
                    "online" => format!("{GOOD}{title:<TITLE$}{GOOD:#}{text}"),
                    "offline" => format!("{WARNING}{title:<TITLE$}{WARNING:#}{text}"),
                    _ => format!("{HEADING}{title:<TITLE$}{HEADING:#}{text}"),
                };
                std::iter::once(first).chain(lines.map(move |line| format!("{indent}{line}"))).collect::<Vec<_>>()
            })
            .collect()
    }

    fn state(&self) -> (String, Vec<String>) {
        let (title, port) = match &self.port {
            Some(port) => ("online", port.as_str()),
            None => ("offline", "waiting for the keyboard"),
        };
        let lost = if self.lost { ", some were lost" } else { "" };
        let counted = format!("{} messages,", self.messages);
        let lately = format!("{} in the last second{lost}", self.recent.len());
        (title.to_owned(), vec![format!("{port}  "), counted, lately])
    }

    fn keys(&self) -> Vec<String> {
        let held: Vec<String> = self.sounding.keys().map(|(_, key)| pitch::name(key)).collect();
        if held.is_empty() { vec!["-".to_owned()] } else { held }
    }

    fn row(&self, controls: &[Control], now: Micros) -> Vec<String> {
        let mut cells = Vec::new();
        for control in controls {
            let value = Control::ALL.iter().position(|c| c == control).and_then(|i| self.values[i]);
            let shown = match (control, value) {
                (_, None) => "-".to_owned(),
                (c, Some((_, at))) if c.is_button() => {
                    if now.since(at) < BUTTON_SHOWS {
                        "pressed".to_owned()
                    } else {
                        "was pressed".to_owned()
                    }
                }
                (Control::PitchWheel, Some((bend, _))) => format!("{bend:+}"),
                (Control::Sustain, Some((v, _))) => if v >= 64 { "down" } else { "up" }.to_owned(),
                (_, Some((v, _))) => v.to_string(),
            };
            // Fixed widths, so that nothing moves sideways while values change.
            let width = if control.is_button() { 12 } else { 6 };
            cells.push(format!("{} {shown:<width$}", short(*control)));
        }
        cells
    }
}

/// Cells on as many lines as they need, a few at most; one that is wider than a line is cut.
fn wrapped(cells: &[String], room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let width = |text: &str| text.chars().count();
    for cell in cells {
        let full = lines.len() == MOST_LINES;
        match lines.last_mut().filter(|line| width(line) + 1 + width(cell.trim_end()) <= room) {
            Some(line) => line.extend([" ", cell.as_str()]),
            None if full => break,
            None => lines.push(cell.chars().take(room).collect()),
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// A label for narrow screens.
fn short(control: Control) -> &'static str {
    match control {
        Control::PitchWheel => "pitch",
        Control::Modulation => "modulation",
        Control::Volume => "volume",
        Control::Sustain => "sustain",
        Control::Reverb => "reverb",
        other => other.label(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Message;

    fn hear(panel: &mut Panel, bytes: &[u8]) {
        let message = Message::from_bytes(bytes).unwrap();
        panel.hear(&Event::Message { at: Micros(5), message }, &ControlMap::default());
    }

    #[test]
    fn keys_and_controls_are_shown_as_they_stand() {
        let mut panel = Panel::new(false);
        hear(&mut panel, &[0x90, 60, 100]);
        hear(&mut panel, &[0x90, 64, 100]);
        hear(&mut panel, &[0x80, 60, 64]);
        hear(&mut panel, &[0xb0, 22, 77]);
        hear(&mut panel, &[0xe0, 0, 0]);
        let text = panel.lines(Micros(10), 200).join("\n");
        for part in ["E4", "knob 2 77", "pitch -8192", "5 messages"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("C4"));
    }

    #[test]
    fn no_line_is_wider_than_the_screen() {
        let mut panel = Panel::new(true);
        (0..128).for_each(|key| hear(&mut panel, &[0x90, key, 100]));
        for line in panel.lines(Micros(10), 60) {
            assert!(anstream::adapter::strip_str(&line).to_string().chars().count() <= 60, "{line}");
        }
    }

    #[test]
    fn a_narrow_screen_shows_every_control() {
        let mut panel = Panel::new(false);
        hear(&mut panel, &[0xb0, 91, 77]);
        let lines = panel.lines(Micros(10), 39);
        let text = lines.join("\n");
        for part in ["sustain -", "knob 3 -", "reverb 77", "Stop -", "1 in the last second"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(lines.iter().all(|l| anstream::adapter::strip_str(l).to_string().chars().count() <= 39), "{text}");
    }

    #[test]
    fn a_picture_that_stays_the_same_is_not_drawn_again() {
        let mut panel = Panel::new(false);
        let mut out = Vec::new();
        panel.draw("", Micros(1), &mut out).unwrap();
        let length = out.len();
        assert!(length > 0);
        panel.draw("", Micros(2), &mut out).unwrap();
        assert_eq!(out.len(), length);
    }
}
