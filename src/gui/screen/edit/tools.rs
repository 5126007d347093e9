//! The bar above the roll: steps back, tools, grid, playing, saving.

use iced::widget::{row, tooltip};
use iced::{Alignment, Element};

use super::assist::{GridChoice, LaneChoice, ScaleChoice};
use super::sheet::Sheet;
use super::{Command, Edit, Message, SoundKind, beat};
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::theme;
use crate::gui::widget::pianoroll::{Lane, Tool};
use crate::gui::widget::{choice, iconic, labelled, list_tip, tip, wanted};
use crate::music::Ticks;
use crate::music::edit::{Mode, Scale};
use crate::music::quantise::Grid;

/// What the tools are set to; stays from piece to piece.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tools {
    pub(super) tool: Tool,
    pub(super) grid: Grid,
    pub(super) snap: bool,
    pub(super) strength: u8,
    pub(super) swing: u8,
    pub(super) scale: Scale,
}

impl Default for Tools {
    fn default() -> Tools {
        Tools {
            tool: Tool::Pointer,
            grid: Grid::SIXTEENTHS,
            snap: true,
            strength: 100,
            swing: 50,
            scale: Scale { tonic: 0, mode: Mode::Major },
        }
    }
}

impl Tools {
    /// A step of the grid.
    pub(super) fn step(&self, quarter: u64) -> Ticks {
        Ticks((4 * quarter / self.grid.steps_a_whole_note()).max(1))
    }
}

const BELOW: tooltip::Position = tooltip::Position::Bottom;

fn does<'a>(icon: Icon, words: &'a str, command: Command) -> Element<'a, Message> {
    tip(iconic(icon).on_press(Message::Do(command)), words, BELOW)
}

fn picks<'a>(tool: Tool, chosen: Tool, icon: Icon, words: &'a str) -> Element<'a, Message> {
    tip(iconic(icon).style(theme::toggle(tool == chosen)).on_press(Message::Tool(tool)), words, BELOW)
}

pub(super) fn view<'a>(edit: &'a Edit, sheet: &'a Sheet, _now: &'a Now) -> Element<'a, Message> {
    let tools = &edit.tools;
    let unsaved = sheet.is_unsaved();
    let undo = iconic(Icon::Undo).on_press_maybe(sheet.editor.next_undo().map(|_| Message::Do(Command::Undo)));
    let redo = iconic(Icon::Redo).on_press_maybe(sheet.editor.next_redo().map(|_| Message::Do(Command::Redo)));
    let (sign, words) =
        if sheet.playing { (Icon::Pause, "Pause  (Space)") } else { (Icon::Play, "Play from the cursor  (Space)") };
    let grid = choice(GridChoice::ALL, Some(GridChoice(tools.grid)), Message::Grid);
    let export =
        choice(SoundKind::ALL, None, |kind| Message::Do(Command::Export(kind))).placeholder("Export").width(96.0);
    let beat =
        iconic(Icon::Metronome).style(theme::toggle(edit.beat.is_shown)).on_press(Message::Beat(beat::Message::Toggle));
    let snap = iconic(Icon::Magnet).style(theme::toggle(tools.snap)).on_press(Message::Snap);
    let save = if unsaved { wanted(Icon::Save, "Save") } else { labelled(Icon::Save, "Save") }
        .on_press(Message::Do(Command::Save));
    row![
        tip(undo, "Undo  (Ctrl Z)", BELOW),
        tip(redo, "Redo  (Ctrl Shift Z)", BELOW),
        gap(),
        picks(Tool::Pointer, tools.tool, Icon::Pointer, "Select, move, change lengths  (1)"),
        picks(Tool::Pencil, tools.tool, Icon::Pencil, "Draw notes; right-click removes  (2)"),
        tip(snap, "Keep to the grid; Alt lets go  (G)", BELOW),
        list_tip(grid, "The grid's step", BELOW),
        tip(beat, "Tempo and time signature at the cursor  (T)", BELOW),
        gap(),
        does(Icon::ToStart, "Back to the start  (Home)", Command::ToStart),
        does(sign, words, Command::Play),
        gap(),
        does(Icon::ZoomOut, "Farther  (-)", Command::Zoom(-1)),
        does(Icon::ZoomIn, "Nearer  (+)", Command::Zoom(1)),
        does(Icon::Fit, "Everything  (F)", Command::Fit),
        iced::widget::space::horizontal(),
        list_tip(export, "Into the library's folder Exports  (Ctrl E: WAV)", BELOW),
        tip(save, "Save to the file  (Ctrl S)", BELOW),
    ]
    .spacing(theme::NEAR)
    .align_y(Alignment::Center)
    .into()
}

fn gap() -> iced::widget::Space {
    iced::widget::Space::new().width(theme::GAP)
}

/// What the lane shows, to be chosen beside it.
pub(super) fn lane<'a>(sheet: &Sheet) -> Element<'a, Message> {
    let lane = choice(LaneChoice::ALL, Some(lane_choice(sheet.lane)), Message::Lane).small();
    list_tip(lane, "What the lane below the notes shows", tooltip::Position::Top)
}

fn lane_choice(lane: Lane) -> LaneChoice {
    match lane {
        Lane::Velocity => LaneChoice(None),
        Lane::Controller(_, controller) => LaneChoice(Some(controller.get())),
    }
}

/// The scales, by tonic and mode.
pub(super) fn scales() -> Vec<ScaleChoice> {
    Mode::ALL.into_iter().flat_map(|mode| (0..12).map(move |tonic| ScaleChoice(Scale { tonic, mode }))).collect()
}
