//! The settings: every change counts at once and is in the user's commented file a moment later.

use std::path::PathBuf;
use std::time::Duration;

use iced::widget::{Column, column, container, row, scrollable, text, text_input};
use iced::{Alignment, Element, Length};

use super::Action;
use crate::gui::dialog;
use crate::gui::icon::{self, Icon};
use crate::gui::now::Now;
use crate::gui::theme;
use crate::gui::widget::{button, choice, field, labelled, slider};
use crate::gui::work::beside;
use crate::music::VelocityCurve;
use crate::music::message::Velocity;
use crate::settings::ThemeSetting;
use crate::studio::choices::{self, Choices, Offer};
use crate::studio::desk::{Sound, SoundChoice};
use crate::studio::preferences::Change;

/// The width of names, and of what they name.
const COLUMNS: (f32, f32) = (170.0, 340.0);

/// The lengths of a block to choose from, in milliseconds.
const BUFFERS: [f64; 7] = [1.5, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0];

/// The sample rates to choose from.
const RATES: [u32; 4] = [44_100, 48_000, 88_200, 96_000];

/// The screen.
#[derive(Debug, Default)]
pub struct Settings {
    choices: Choices,
    looking: bool,
    /// Folders as they are being typed.
    library: Option<String>,
    soundfonts: Option<String>,
    /// The metronome's volume while its slider is held.
    clicks: Option<u8>,
}

/// A choice in a list; `None` is what holds without a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<T> {
    value: Option<T>,
    name: String,
}

impl<T> std::fmt::Display for Choice<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// A folder of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Takes.
    Library,
    /// SoundFonts.
    SoundFonts,
}

/// What somebody does on this screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// What there is to choose from has been looked up.
    Found(Choices),
    /// An audio output.
    Output(Choice<String>),
    /// The length of a block.
    Buffer(Choice<Duration>),
    /// A sample rate.
    Rate(Choice<u32>),
    /// A SoundFont.
    SoundFont(Choice<PathBuf>),
    /// A keyboard.
    Keyboard(Choice<String>),
    /// The folder for takes is being typed.
    LibraryTyped(String),
    /// It has been typed.
    LibrarySet,
    /// The folder of SoundFonts is being typed.
    SoundFontsTyped(String),
    /// It has been typed.
    SoundFontsSet,
    /// Light or dark.
    Theme(ThemeSetting),
    /// Reverb, on or off.
    Reverb(bool),
    /// Chorus, on or off.
    Chorus(bool),
    /// The feel of the keys.
    Feel(Choice<VelocityCurve>),
    /// The metronome's slider moves.
    Clicks(u8),
    /// It was let go.
    ClicksSet,
    /// A folder is to be chosen in the system's dialog.
    Choose(Which),
    /// It was chosen, or not.
    Chosen(Which, dialog::Chosen<PathBuf>),
    /// The broken file is to be kept aside, and a new one begun.
    PutAside,
}

impl Settings {
    /// The screen is shown: what there is to choose from is looked up beside.
    pub fn open(&mut self, now: &Now) -> Action<Message> {
        if std::mem::replace(&mut self.looking, true) {
            return Action::None;
        }
        let folders = now.folders.clone();
        Action::Work(beside(move || Message::Found(choices::gather(folders.as_ref()))))
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message) -> Action<Message> {
        match message {
            Message::Found(choices) => {
                self.looking = false;
                self.choices = choices;
                Action::None
            }
            Message::Output(choice) => Action::Change(Change::Output(choice.value)),
            Message::Buffer(choice) => Action::Change(Change::Buffer(choice.value)),
            Message::Rate(choice) => Action::Change(Change::Rate(choice.value)),
            Message::SoundFont(choice) => Action::Change(Change::SoundFont(choice.value)),
            Message::Keyboard(choice) => Action::Change(Change::Port(choice.value)),
            Message::LibraryTyped(text) => {
                self.library = Some(text);
                Action::None
            }
            Message::LibrarySet => match self.library.take() {
                Some(text) => Action::Change(Change::Library(path(&text))),
                None => Action::None,
            },
            Message::SoundFontsTyped(text) => {
                self.soundfonts = Some(text);
                Action::None
            }
            Message::SoundFontsSet => match self.soundfonts.take() {
                Some(text) => Action::Change(Change::SoundFonts(path(&text))),
                None => Action::None,
            },
            Message::Theme(theme) => Action::Change(Change::Theme(theme)),
            Message::Reverb(on) => Action::Change(Change::Reverb(on)),
            Message::Chorus(on) => Action::Change(Change::Chorus(on)),
            Message::Feel(choice) => Action::Change(Change::Velocity(choice.value.unwrap_or_default())),
            Message::Clicks(tens) => {
                self.clicks = Some(tens * 10);
                Action::None
            }
            Message::ClicksSet => match self.clicks.take() {
                Some(percent) => Action::Change(Change::ClickVolume(percent)),
                None => Action::None,
            },
            Message::Choose(which) => {
                let asked = dialog::folder("Choose a folder");
                Action::Run(iced::Task::perform(asked, move |folder| Message::Chosen(which, folder)))
            }
            Message::Chosen(_, Ok(None)) => Action::None,
            Message::Chosen(_, Err(missing)) => Action::Complain(missing.to_string()),
            Message::Chosen(Which::Library, Ok(folder)) => {
                self.library = None;
                Action::Change(Change::Library(folder))
            }
            Message::Chosen(Which::SoundFonts, Ok(folder)) => {
                self.soundfonts = None;
                Action::Change(Change::SoundFonts(folder))
            }
            Message::PutAside => Action::PutAside,
        }
    }

    /// Draws the screen.
    pub fn view<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let groups =
            column![fault(now), warnings(now), self.sound(now), self.keyboard(now), self.folders(now), look(now),]
                .spacing(theme::WIDE)
                .max_width(780.0);
        let title = text("Settings").size(theme::TITLE).font(theme::STRONG);
        let page = column![title, groups].spacing(theme::WIDE).padding(theme::MARGIN);
        scrollable(page).width(Length::Fill).height(Length::Fill).style(theme::scroll).into()
    }

    fn sound<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let sound = &now.settings.sound;
        let outputs = offered(&self.choices.outputs, sound.output.as_ref(), "The system's choice");
        let buffers = BUFFERS.map(|ms| Duration::from_secs_f64(ms / 1e3));
        let buffers = numbers(&buffers, sound.buffer, "5 ms (usual)", |b| format!("{} ms", b.as_secs_f64() * 1e3));
        let rates = numbers(&RATES, sound.rate, "The output's choice", |r| format!("{r} Hz"));
        let fonts = offered(&self.choices.soundfonts, sound.soundfont.as_ref(), "The first that is found");
        let result = match &now.sound {
            Sound::Opening => "Opening sound …".to_owned(),
            Sound::Open { output, latency } => format!(
                "{} ({}) at {} Hz in blocks of {} frames: {:.1} ms from key to sound",
                output.name,
                output.system,
                output.format.rate,
                output.format.block,
                latency.as_secs_f64() * 1e3
            ),
            Sound::Silent { reason } => format!("No sound: {reason}"),
        };
        let font =
            now.font.as_ref().map_or_else(String::new, |f| format!("{}: {} instruments", f.name, f.instruments.len()));
        let switch = |name: &'static str, on: bool, tell: fn(bool) -> Message| {
            let sign = if on { Icon::Good } else { Icon::Skipped };
            let inside = row![
                icon::icon(sign, 15.0),
                text(format!("{name} {}", if on { "on" } else { "off" })).size(theme::BODY)
            ];
            button(inside.spacing(theme::GAP).align_y(Alignment::Center))
                .padding([7.0, 12.0])
                .style(theme::toggle(on))
                .on_press(tell(!on))
        };
        let effects =
            row![switch("Reverb", sound.reverb, Message::Reverb), switch("Chorus", sound.chorus, Message::Chorus)]
                .spacing(theme::GAP);
        let percent = self.clicks.unwrap_or(sound.metronome_volume);
        let clicks = row![
            slider(0..=20, percent / 10, Message::Clicks, Some(Message::ClicksSet), Length::Fixed(COLUMNS.1 - 60.0)),
            text(format!("{percent} %")).size(theme::BODY),
        ]
        .spacing(theme::GAP)
        .align_y(Alignment::Center);
        group(
            "Sound",
            vec![
                line("Output", list(outputs, Message::Output)),
                line("Block", list(buffers, Message::Buffer)),
                line("Sample rate", list(rates, Message::Rate)),
                line("", remark(result)),
                line("SoundFont", list(fonts, Message::SoundFont)),
                line("", remark(font)),
                line("Effects", effects.into()),
                line("Metronome", clicks.into()),
            ],
        )
    }

    fn keyboard<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let chosen = now.settings.keyboard.port.as_ref();
        let keyboards = offered(&self.choices.keyboards, chosen, "The AKM322, else the only other one");
        let feels = [
            (VelocityCurve::Soft, "Light: a light touch is already loud"),
            (VelocityCurve::Linear, "As the keyboard says"),
            (VelocityCurve::Hard, "Heavy: only a heavy touch is loud"),
            (VelocityCurve::Fixed(Velocity::masked(100)), "Always the same loudness"),
        ];
        let feels: Vec<Choice<VelocityCurve>> =
            feels.into_iter().map(|(curve, name)| Choice { value: Some(curve), name: name.to_owned() }).collect();
        let set = Some(now.settings.sound.velocity);
        let feels = pick(feels, set.as_ref(), |curve| format!("Always {curve} of 127"));
        let lines =
            vec![line("MIDI input", list(keyboards, Message::Keyboard)), line("Touch", list(feels, Message::Feel))];
        group("Keyboard", lines)
    }

    fn folders<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let path = |typed: &Option<String>, set: Option<&PathBuf>, without: String| {
            let value = typed.clone().unwrap_or_else(|| set.map_or_else(String::new, |p| p.display().to_string()));
            text_input(&without, &value).width(Length::Fixed(COLUMNS.1)).padding([8.0, 12.0]).size(theme::BODY)
        };
        let folders = &now.settings.folders;
        let usual = now.folders.as_ref().map_or_else(String::new, |f| f.library.display().to_string());
        let library = path(&self.library, folders.library.as_ref(), usual)
            .on_input(Message::LibraryTyped)
            .on_submit(Message::LibrarySet)
            .style(theme::field);
        let soundfonts = path(&self.soundfonts, folders.soundfonts.as_ref(), "none of its own".to_owned())
            .on_input(Message::SoundFontsTyped)
            .on_submit(Message::SoundFontsSet)
            .style(theme::field);
        group(
            "Folders",
            vec![
                line("Takes", beside_dialog(field(library), Which::Library)),
                line("SoundFonts", beside_dialog(field(soundfonts), Which::SoundFonts)),
                line(
                    "",
                    remark("Enter keeps what was typed; an empty field goes back to the usual folder.".to_owned()),
                ),
            ],
        )
    }
}

/// What is wrong with the settings' file, if anything is.
fn fault(now: &Now) -> Option<Element<'_, Message>> {
    let fault = now.settings_fault.as_ref()?;
    let aside = button(text("Keep it aside and begin a new one").size(theme::BODY))
        .padding([7.0, 12.0])
        .style(theme::plain)
        .on_press(Message::PutAside);
    let words = column![
        row![
            icon::coloured(Icon::Warning, 18.0, theme::warning),
            text("The settings' file is of no use").size(theme::LARGE).font(theme::STRONG)
        ]
        .spacing(theme::GAP)
        .align_y(Alignment::Center),
        text(fault.to_string()).size(theme::BODY),
        text("It is left as it is, and changes hold until composer is closed.").size(theme::BODY).style(theme::muted),
        aside,
    ]
    .spacing(theme::GAP);
    Some(container(words).padding(theme::WIDE).width(Length::Fill).style(theme::surface).into())
}

/// What is wrong with single settings: told with its line, and left for its owner to mend.
fn warnings(now: &Now) -> Option<Element<'_, Message>> {
    if now.settings_warnings.is_empty() {
        return None;
    }
    let head = row![
        icon::coloured(Icon::Warning, 18.0, theme::warning),
        text("Something in the settings' file is wrong").size(theme::LARGE).font(theme::STRONG)
    ]
    .spacing(theme::GAP)
    .align_y(Alignment::Center);
    let lines = now.settings_warnings.iter().map(|words| text(words).size(theme::BODY).into());
    let rest = "Everything else counts, and what you change here is kept.";
    let words = column![head].extend(lines).push(text(rest).size(theme::BODY).style(theme::muted));
    Some(container(words.spacing(theme::GAP)).padding(theme::WIDE).width(Length::Fill).style(theme::surface).into())
}

fn beside_dialog(field: Element<'_, Message>, which: Which) -> Element<'_, Message> {
    row![field, labelled(Icon::Folder, "Choose").on_press(Message::Choose(which))]
        .spacing(theme::GAP)
        .align_y(Alignment::Center)
        .into()
}

fn look(now: &Now) -> Element<'_, Message> {
    let chosen = now.settings.window.theme;
    let buttons = ThemeSetting::ALL.map(|setting| {
        let name = match setting {
            ThemeSetting::System => "As the system is",
            ThemeSetting::Light => "Light",
            ThemeSetting::Dark => "Dark",
        };
        button(text(name).size(theme::BODY))
            .padding([7.0, 14.0])
            .style(theme::toggle(setting == chosen))
            .on_press(Message::Theme(setting))
            .into()
    });
    group("Look", vec![line("Theme", row(buttons).spacing(theme::GAP).into())])
}

fn group<'a>(name: &'a str, lines: Vec<Element<'a, Message>>) -> Element<'a, Message> {
    let title = text(name).size(theme::LARGE).font(theme::STRONG);
    container(column![title, Column::with_children(lines).spacing(theme::GAP)].spacing(12.0))
        .padding(theme::WIDE)
        .width(Length::Fill)
        .style(theme::surface)
        .into()
}

fn line<'a>(name: &'a str, content: Element<'a, Message>) -> Element<'a, Message> {
    let name = container(text(name).size(theme::BODY).style(theme::muted)).width(Length::Fixed(COLUMNS.0));
    row![name, content].align_y(Alignment::Center).into()
}

fn remark<'a>(words: String) -> Element<'a, Message> {
    text(words).size(theme::SMALL).style(theme::muted).into()
}

fn list<'a, T: Clone + PartialEq + 'static>(
    (choices, chosen): (Vec<Choice<T>>, Choice<T>),
    tell: impl Fn(Choice<T>) -> Message + 'a,
) -> Element<'a, Message> {
    choice(choices, Some(chosen), tell).width(Length::Fixed(COLUMNS.1)).into()
}

/// What is offered, with what holds without a setting first; and what is set, though it may not be there now.
fn offered<T: Clone + PartialEq + std::fmt::Debug>(
    offers: &[Offer<T>],
    set: Option<&T>,
    without: &str,
) -> (Vec<Choice<T>>, Choice<T>) {
    let mut choices = vec![Choice { value: None, name: without.to_owned() }];
    choices.extend(offers.iter().map(|o| Choice { value: Some(o.value.clone()), name: o.name.clone() }));
    pick(choices, set, |value| format!("{} (not there)", format!("{value:?}").trim_matches('"')))
}

fn numbers<T: Clone + PartialEq>(
    usual: &[T],
    set: Option<T>,
    without: &str,
    name: impl Fn(&T) -> String,
) -> (Vec<Choice<T>>, Choice<T>) {
    let mut choices = vec![Choice { value: None, name: without.to_owned() }];
    choices.extend(usual.iter().map(|n| Choice { value: Some(n.clone()), name: name(n) }));
    pick(choices, set.as_ref(), name)
}

fn pick<T: Clone + PartialEq>(
    mut choices: Vec<Choice<T>>,
    set: Option<&T>,
    name: impl Fn(&T) -> String,
) -> (Vec<Choice<T>>, Choice<T>) {
    let found = choices.iter().find(|c| c.value.as_ref() == set).cloned();
    let chosen = found.unwrap_or_else(|| {
        let choice = Choice { value: set.cloned(), name: set.map_or_else(String::new, name) };
        choices.push(choice.clone());
        choice
    });
    (choices, chosen)
}

/// An empty field is no path.
fn path(text: &str) -> Option<PathBuf> {
    let text = text.trim();
    (!text.is_empty()).then(|| PathBuf::from(text))
}

/// What an order to the desk makes of a changed sound.
#[must_use]
pub fn sound(now: &Now) -> Option<SoundChoice> {
    now.folders.as_ref().map(|folders| SoundChoice::of_settings(&now.settings, folders))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::screen::bench;

    #[test]
    fn a_click_is_a_change_to_the_settings() {
        let now = Now::new(crate::settings::Settings::default(), None);
        let mut screen = Settings::default();
        let clicks = |screen: &Settings, words| bench::clicks(bench::shown(screen.view(&now)), words);
        assert_eq!(clicks(&screen, "Reverb on"), ["Reverb(false)"]);
        assert_eq!(clicks(&screen, "Choose"), ["Choose(Library)"]);
        let dark = screen.update(Message::Theme(ThemeSetting::Dark));
        assert!(matches!(dark, Action::Change(Change::Theme(ThemeSetting::Dark))));
        assert!(matches!(screen.update(Message::LibrarySet), Action::None), "nothing was typed");
        let _ = screen.update(Message::LibraryTyped(" /music ".to_owned()));
        let folder = screen.update(Message::LibrarySet);
        assert!(matches!(folder, Action::Change(Change::Library(Some(path))) if path.as_os_str() == "/music"));
    }

    #[test]
    fn what_is_set_and_not_there_is_still_shown() {
        let offers = [Offer { value: "hw:0".to_owned(), name: "HDA".to_owned() }];
        let (choices, chosen) = offered(&offers, Some(&"hw:9".to_owned()), "usual");
        assert_eq!((choices.len(), chosen.name.as_str()), (3, "hw:9 (not there)"));
        let (choices, chosen) = offered(&offers, None, "usual");
        assert_eq!((choices.len(), chosen.name.as_str()), (2, "usual"));
    }

    #[test]
    fn an_empty_folder_goes_back_to_the_usual_one() {
        assert_eq!((path("  "), path(" ~/x ")), (None, Some("~/x".into())));
    }
}
