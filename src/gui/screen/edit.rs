//! The editor's screen: a piano roll with its tools, the tracks beside it, and the file behind it.
//!
//! What is edited is a sheet; the screen holds at most one. Everything that takes time (reading, keeping safe, saving,
//! making ready to play, exporting) happens beside the window, on a copy that shares what it can.

mod assist;
mod beat;
mod export;
mod following;
mod keys;
mod opening;
mod safe;
mod sheet;
mod tools;
mod tracks;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use iced::widget::{column, container, row, text};
use iced::{Alignment, Element, Length};

use super::Action;
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::widget::keys::Touched;
use crate::gui::widget::pianoroll::{Gesture, Tool};
use crate::gui::widget::{button, labelled};
use crate::gui::work::beside;
use crate::gui::{theme, words};
use crate::music::edit::{Clip, Editor};
use crate::music::message::{Key, Velocity};
use crate::music::{Micros, Ticks};
use crate::studio::desk::{Order, Piece, Report, Transport, Trial};
use crate::studio::edit::{Draft, EditError, Keeper, Origin};
use crate::studio::library::{LibraryError, Sound};
pub use assist::{GridChoice, LaneChoice, ScaleChoice};
pub use keys::{repeats, shortcut};
use sheet::Sheet;
pub use tracks::Named;

/// The screen.
#[derive(Debug, Default)]
pub struct Edit {
    state: State,
    tools: tools::Tools,
    beat: beat::Panel,
    clip: Clip,
    /// What was last said about the sheet, and whether something is wrong.
    said: Option<(String, bool)>,
    export: Option<export::Export>,
    /// The key that sounds because the mouse holds it, or because it was stepped to.
    heard: Option<(Trial, Key)>,
    /// How many keys have sounded: a late answer must not hush the wrong one.
    touches: u64,
    /// Which sheet answers are for.
    number: u64,
    /// The sheet that makes way for one that is being opened, until its changes are safe.
    aside: Option<Box<Sheet>>,
    /// Whether the changes cannot be kept, so that nothing else is opened before they are saved or discarded.
    is_stuck: bool,
    /// Whether the last draft could not be written.
    is_endangered: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Empty,
    Opening(String),
    Open(Box<Sheet>),
}

/// A piece that was read to be edited.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Taken apart already: of a million notes the window would be late by that.
    editor: Box<Editor>,
    name: String,
    origin: Option<Origin>,
    /// Where it was left behind by a crash: it differs from its file.
    recovered: Option<Draft>,
    odd: usize,
    /// What keeps its changes safe, or why nothing does.
    keeper: Option<Result<Arc<Keeper>, EditError>>,
}

/// What happens on this screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// Nothing is to be done.
    Nothing,
    /// A new piece is wanted.
    New,
    /// The changes that cannot be kept are not wanted.
    Discard,
    /// The key that was the so manieth to sound has sounded long enough.
    Hush(u64),
    /// A piece was read.
    Opened(u64, Result<Box<Opened>, EditError>),
    /// The mouse on the roll.
    Roll(Gesture),
    /// What the mouse does.
    Tool(Tool),
    /// A command of a button or a shortcut.
    Do(Command),
    /// The grid.
    Grid(GridChoice),
    /// Whether the mouse keeps to it.
    Snap,
    /// How far quantising goes.
    Strength(u8),
    /// Whether every second step comes late.
    Swing(u8),
    /// The scale that notes are put onto.
    Scale(ScaleChoice),
    /// What the lane shows.
    Lane(LaneChoice),
    /// Tempo and time signature.
    Beat(beat::Message),
    /// The tracks.
    Tracks(tracks::Message),
    /// It is time to keep what was edited.
    KeepDue(u64),
    /// It was kept.
    Kept(u64, u64, Result<(), EditError>),
    /// It was saved.
    Saved(u64, u64, Result<Origin, EditError>),
    /// It is ready to be played.
    Ready(u64, u64, Arc<Piece>, bool),
    /// How far the export is.
    Exporting(f32),
    /// It has ended.
    Exported(Result<PathBuf, LibraryError>),
    /// It is not wanted any more.
    StopExport,
}

/// What buttons and shortcuts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take the last step back.
    Undo,
    /// Do it again.
    Redo,
    /// Save.
    Save,
    /// Save beside the file.
    SaveCopy,
    /// Select everything of the track.
    SelectAll,
    /// Select what is not.
    Invert,
    /// Select nothing.
    SelectNone,
    /// Copy.
    Copy,
    /// Cut.
    Cut,
    /// Paste at the cursor.
    Paste,
    /// Repeat behind.
    Duplicate,
    /// Remove.
    Delete,
    /// Put onto the grid.
    Quantise,
    /// By semitones.
    Transpose(i16),
    /// By steps of the grid.
    Nudge(i8),
    /// Longer or shorter by steps of the grid.
    Stretch(i8),
    /// Louder or softer.
    Louder(i8),
    /// Let stray.
    Humanise,
    /// Onto the scale.
    Snap,
    /// Keep the loop only.
    Trim,
    /// Play or pause.
    Play,
    /// Back to the start.
    ToStart,
    /// To the next note of the track, or the one before; selects it.
    Step(i8),
    /// Nearer or farther.
    Zoom(i8),
    /// Everything at once.
    Fit,
    /// To sound.
    Export(SoundKind),
}

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoundKind {
    /// A MIDI file.
    Midi,
    /// A WAV file.
    Wav,
    /// A FLAC file.
    Flac,
}

impl Edit {
    /// The file that is open.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.state {
            State::Open(sheet) => sheet.origin.as_ref().map(|o| o.path.as_path()),
            State::Empty | State::Opening(_) => None,
        }
    }

    /// Whether something is open that is not saved.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        matches!(&self.state, State::Open(sheet) if sheet.is_unsaved())
    }

    /// Takes note of a report; `now` has heard it already.
    pub fn hear(&mut self, report: &Report, now: &Now) {
        let State::Open(sheet) = &mut self.state else { return };
        if let Report::Pulse(pulse) = report
            && sheet.is_on_desk(now)
        {
            sheet.move_cursor(pulse.position, now.transport == Transport::Playing);
        }
    }

    /// Draws everything anew: the colours have changed.
    pub fn repaint(&mut self) {
        if let State::Open(sheet) = &mut self.state {
            sheet.roll.repaint();
        }
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message, now: &Now) -> Action<Message> {
        match message {
            Message::New => {
                let editor = Box::new(Editor::open(&sheet::blank(now.beat.tempo, now.beat.signature)));
                let name = "New piece".to_owned();
                let opened = Opened { editor, name: name.clone(), origin: None, recovered: None, odd: 0, keeper: None };
                self.begin(name, now, move || Ok(opened))
            }
            Message::Opened(number, outcome) => {
                if number == self.number {
                    self.take(outcome)
                } else {
                    Action::None
                }
            }
            Message::Discard => self.discard(),
            Message::Nothing => Action::None,
            Message::Hush(touch) if touch == self.touches => self.hush(),
            Message::Hush(_) => Action::None,
            Message::Exporting(share) => {
                self.export_is_at(share);
                Action::None
            }
            Message::Exported(outcome) => {
                self.exported(outcome);
                Action::None
            }
            Message::StopExport => {
                // What is said of it comes from the export, once it has let go of its file.
                self.export = None;
                Action::None
            }
            other => match std::mem::take(&mut self.state) {
                State::Open(mut sheet) => {
                    let revision = sheet.editor.revision();
                    let action = self.work(&mut sheet, other, now);
                    let then = sheet.after(revision, self.number);
                    self.state = State::Open(sheet);
                    Action::All(vec![action, then])
                }
                state => {
                    self.state = state;
                    Action::None
                }
            },
        }
    }

    fn work(&mut self, sheet: &mut Sheet, message: Message, now: &Now) -> Action<Message> {
        match message {
            Message::Roll(gesture) => self.gesture(sheet, gesture, now),
            Message::Tool(tool) => {
                self.tools.tool = tool;
                Action::None
            }
            Message::Do(command) => self.command(sheet, command, now),
            Message::Grid(GridChoice(grid)) => {
                self.tools.grid = grid;
                sheet.roll.repaint();
                Action::None
            }
            Message::Snap => {
                self.tools.snap = !self.tools.snap;
                sheet.roll.repaint();
                Action::None
            }
            Message::Strength(percent) => {
                self.tools.strength = percent.min(100);
                Action::None
            }
            Message::Swing(percent) => {
                self.tools.swing = percent.clamp(50, 75);
                Action::None
            }
            Message::Scale(ScaleChoice(scale)) => {
                self.tools.scale = scale;
                Action::None
            }
            Message::Lane(lane) => {
                sheet.show_lane(lane);
                Action::None
            }
            Message::Beat(message) => {
                if let Some(wrong) = self.beat.update(sheet, message) {
                    self.said = Some((wrong, true));
                }
                Action::None
            }
            Message::Tracks(message) => sheet.arrange(message),
            Message::KeepDue(number) if number == self.number => sheet.keep(number),
            Message::Kept(number, revision, outcome) if number == self.number => {
                match &outcome {
                    Err(e) => {
                        self.is_endangered = true;
                        self.said = Some((e.to_string(), true));
                    }
                    Ok(()) if std::mem::take(&mut self.is_endangered) => {
                        self.said = Some(("What you edit is kept safe again.".to_owned(), false));
                    }
                    Ok(()) => {}
                }
                sheet.was_kept(revision, number, outcome.is_ok())
            }
            Message::Saved(number, revision, outcome) if number == self.number => {
                let saving = std::mem::take(&mut sheet.saving);
                match outcome {
                    Ok(origin) => {
                        self.said = Some((format!("Saved {}.", crate::studio::library::name(&origin.path)), false));
                        self.is_stuck = false;
                        let kept = sheet.was_saved(origin, revision, number);
                        Action::All(vec![kept, sheet.save_again(saving, number, now)])
                    }
                    Err(e) => {
                        self.said = Some((e.to_string(), true));
                        if let EditError::Gone { .. } = e { sheet.file_went(number) } else { Action::None }
                    }
                }
            }
            Message::Ready(number, revision, piece, play) if number == self.number => {
                sheet.ready(revision, piece, play)
            }
            Message::New
            | Message::Nothing
            | Message::Hush(_)
            | Message::Discard
            | Message::Opened(..)
            | Message::KeepDue(_)
            | Message::Kept(..)
            | Message::Saved(..)
            | Message::Ready(..)
            | Message::Exporting(_)
            | Message::Exported(_)
            | Message::StopExport => Action::None,
        }
    }

    fn gesture(&mut self, sheet: &mut Sheet, gesture: Gesture, now: &Now) -> Action<Message> {
        match gesture {
            Gesture::Hear(key) => self.sound(sheet.trial(), key, Velocity::masked(90)),
            Gesture::Pick { id, key, velocity, add } => {
                sheet.pick(id, add);
                self.sound(sheet.trial(), key, velocity)
            }
            Gesture::Done(done) => {
                let hush = self.hush();
                let did = done.map_or(Action::None, |done| sheet.done(done, now));
                Action::All(vec![hush, did])
            }
            other => {
                sheet.look(other);
                Action::None
            }
        }
    }

    fn sound(&mut self, trial: Trial, key: Key, velocity: Velocity) -> Action<Message> {
        if self.heard == Some((trial, key)) {
            return Action::None;
        }
        let hush = self.hush();
        self.heard = Some((trial, key));
        self.touches += 1;
        Action::All(vec![hush, Action::Sound(trial, Touched::Press(key, velocity))])
    }

    /// Lets a key sound for a moment.
    fn sound_shortly(&mut self, trial: Trial, key: Key, velocity: Velocity) -> Action<Message> {
        const MOMENT: Duration = Duration::from_millis(350);
        // The same key once more is struck anew.
        let hush = self.hush();
        let sound = self.sound(trial, key, velocity);
        let touch = self.touches;
        let end = Action::Work(beside(move || {
            std::thread::sleep(MOMENT);
            Message::Hush(touch)
        }));
        Action::All(vec![hush, sound, end])
    }

    fn hush(&mut self) -> Action<Message> {
        self.heard.take().map_or(Action::None, |(trial, key)| Action::Sound(trial, Touched::Release(key)))
    }

    /// Draws the screen.
    pub fn view<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        match &self.state {
            State::Open(sheet) => self.view_sheet(sheet, now),
            State::Opening(name) => middle(column![text(format!("Opening {name} …")).size(theme::LARGE)]),
            State::Empty => {
                let said = self.said.as_ref().map(|(what, _)| text(what).size(theme::BODY).style(theme::warning));
                middle(column![
                    text("Nothing is open").size(theme::LARGE).font(theme::STRONG),
                    text("Open a take from the library, drop a MIDI file here, or begin with an empty piece.")
                        .size(theme::BODY)
                        .style(theme::muted),
                    said,
                    labelled(Icon::More, "New piece").on_press(Message::New),
                ])
            }
        }
    }

    fn view_sheet<'a>(&'a self, sheet: &'a Sheet, now: &'a Now) -> Element<'a, Message> {
        let roll = container(sheet.roll.view(sheet.scene(&self.tools), Message::Roll)).style(theme::surface).padding(1);
        let body = row![tracks::view(sheet, now).map(Message::Tracks), roll].spacing(theme::GAP);
        let beat = self.beat.is_shown.then(|| beat::view(&self.beat, sheet).map(Message::Beat));
        column![tools::view(self, sheet, now), assist::view(self, sheet), beat, body, self.foot(sheet)]
            .spacing(theme::GAP)
            .padding(theme::MARGIN - theme::NEAR)
            .into()
    }

    /// The line below: what is selected, and what was last said.
    fn foot<'a>(&'a self, sheet: &'a Sheet) -> Element<'a, Message> {
        let selected = sheet.selected_count();
        let count = match selected {
            0 => words::notes(sheet.editor.document().note_count() as u64),
            n => format!("{n} of {} selected", words::notes(sheet.editor.document().note_count() as u64)),
        };
        let said = self.said.as_ref().map(|(what, wrong)| {
            let style = if *wrong { theme::warning } else { theme::muted };
            text(what).size(theme::SMALL).style(style)
        });
        let copy = matches!(&self.said, Some((_, true))).then(|| {
            button(text("Save a copy").size(theme::SMALL))
                .padding([2.0, 8.0])
                .style(theme::plain)
                .on_press(Message::Do(Command::SaveCopy))
        });
        let discard = self.is_stuck.then(|| {
            button(text("Discard the changes").size(theme::SMALL))
                .padding([2.0, 8.0])
                .style(theme::plain)
                .on_press(Message::Discard)
        });
        row![
            text(count).size(theme::SMALL).style(theme::muted),
            container(said).width(Length::Fill),
            copy,
            discard,
            tools::lane(sheet),
            self.exporting(),
            text(sheet.place()).size(theme::SMALL).style(theme::muted),
        ]
        .spacing(theme::WIDE)
        .align_y(Alignment::Center)
        .into()
    }
}

fn middle<'a>(inside: iced::widget::Column<'a, Message>) -> Element<'a, Message> {
    container(inside.spacing(theme::WIDE).align_x(Alignment::Center)).center(Length::Fill).into()
}

/// Work beside the window that nobody waits for.
fn quietly(work: impl FnOnce() + Send + 'static) -> Action<Message> {
    Action::Work(beside(move || {
        work();
        Message::Nothing
    }))
}

fn order(order: Order) -> Action<Message> {
    Action::Order(order)
}

/// The time of a tick on the desk.
fn time_of(sheet: &Sheet, at: Ticks) -> Micros {
    sheet.tempo_map.micros(at)
}

impl SoundKind {
    /// All of them.
    pub const ALL: [SoundKind; 3] = [SoundKind::Midi, SoundKind::Wav, SoundKind::Flac];

    fn sound(self) -> Option<Sound> {
        match self {
            SoundKind::Midi => None,
            SoundKind::Wav => Some(Sound::Wav),
            SoundKind::Flac => Some(Sound::Flac),
        }
    }
}

impl std::fmt::Display for SoundKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SoundKind::Midi => "MIDI",
            SoundKind::Wav => "WAV",
            SoundKind::Flac => "FLAC",
        })
    }
}

#[cfg(test)]
mod tests;
