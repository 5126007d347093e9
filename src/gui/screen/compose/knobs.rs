//! What is done, in three plain choices, and the knobs by the names that DeepComposer gave them, with a sentence each.

use iced::widget::{column, container, row, text};
use iced::{Alignment, Element, Length};

use super::Message;
use crate::compose::arrangement::Style;
use crate::compose::request::{
    CreativeRisk, Extension, ExtensionBars, Kind, NotesToAdd, NotesToRemove, Parameters, Request, SamplingIterations,
    Variations,
};
use crate::gui::icon::{self, Icon};
use crate::gui::theme;
use crate::gui::widget::{button, choice, slider};
use crate::studio::models::{Mark, ModelError, Taught};

/// What is done with the melody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The voices that are missing.
    #[default]
    Harmonise,
    /// It goes on.
    Extend,
    /// A band plays with it.
    Arrange,
}

impl Way {
    /// All of them.
    pub const ALL: [Way; 3] = [Way::Harmonise, Way::Extend, Way::Arrange];

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Way::Harmonise => ("Harmonise", "Adds the voices of a chorale, as Bach would."),
            Way::Extend => ("Extend", "Goes on where the melody ends."),
            Way::Arrange => ("Arrange", "Lets strings, a trio or a band play along."),
        }
    }
}

/// A style in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StyleChoice(pub Style);

impl std::fmt::Display for StyleChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Style::Chorale => "Chorale: four voices",
            Style::Strings => "String orchestra",
            Style::PianoTrio => "Piano trio",
            Style::Rock => "Rock band",
            Style::Synth => "Synthesisers",
            Style::Folk => "A tune alone",
        })
    }
}

/// After whose manner it is composed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Bach's, with the weights that composer ships with.
    #[default]
    Shipped,
    /// That of the user's own music.
    Taught(Taught),
}

impl Manner {
    /// What a composition remembers of it.
    pub(super) fn mark(&self) -> Result<Option<Mark>, ModelError> {
        match self {
            Manner::Shipped => Ok(None),
            Manner::Taught(taught) => taught.mark().map(Some),
        }
    }
}

impl std::fmt::Display for Manner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Manner::Shipped => f.write_str("Bach (composer's own)"),
            Manner::Taught(taught) => write!(f, "{taught} (your own)"),
        }
    }
}

/// A knob; what its slider says is a step of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// In tenths.
    Risk,
    /// One by one.
    Iterations,
    /// In per cent.
    Remove,
    /// In fifties; the last step is "as many as there are".
    Add,
    /// One by one.
    Variations,
    /// One by one.
    Bars,
}

/// The last step of [`Knob::Add`]: no limit.
const NO_LIMIT: u8 = 21;

impl Knob {
    const fn steps(self) -> std::ops::RangeInclusive<u8> {
        match self {
            Knob::Risk => 5..=60,
            Knob::Iterations | Knob::Remove => 0..=100,
            Knob::Add => 1..=NO_LIMIT,
            Knob::Variations => 1..=8,
            Knob::Bars => 1..=32,
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Knob::Risk => ("Creative risk", "Low stays with what is likely; high surprises, and blunders."),
            Knob::Iterations => ("Sampling iterations", "Drafts of which the best is kept; more take longer."),
            Knob::Remove => ("Maximum input notes to remove", "So much of the melody may be replaced."),
            Knob::Add => ("Maximum notes to add", "Fewer notes make a thinner accompaniment."),
            Knob::Variations => ("Variations", "So many compositions, to choose from."),
            Knob::Bars => ("Bars to add", "How far the melody goes on."),
        }
    }
}

/// Where the knobs stand.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Knobs {
    pub(super) way: Way,
    /// The style of an arrangement.
    pub(super) style: Style,
    pub(super) manner: Manner,
    pub(super) harmony: bool,
    seed: u64,
    risk: u8,
    iterations: u8,
    remove: u8,
    add: u8,
    variations: u8,
    bars: u8,
}

impl Default for Knobs {
    fn default() -> Knobs {
        Knobs {
            way: Way::Harmonise,
            style: Style::Strings,
            manner: Manner::Shipped,
            harmony: true,
            seed: 0,
            risk: 10,
            iterations: 8,
            remove: 0,
            add: NO_LIMIT,
            variations: 3,
            bars: 4,
        }
    }
}

impl Knobs {
    fn at(&self, knob: Knob) -> u8 {
        match knob {
            Knob::Risk => self.risk,
            Knob::Iterations => self.iterations,
            Knob::Remove => self.remove,
            Knob::Add => self.add,
            Knob::Variations => self.variations,
            Knob::Bars => self.bars,
        }
    }

    pub(super) fn turn(&mut self, knob: Knob, to: u8) {
        let to = to.clamp(*knob.steps().start(), *knob.steps().end());
        match knob {
            Knob::Risk => self.risk = to,
            Knob::Iterations => self.iterations = to,
            Knob::Remove => self.remove = to,
            Knob::Add => self.add = to,
            Knob::Variations => self.variations = to,
            Knob::Bars => self.bars = to,
        }
    }

    fn shown(&self, knob: Knob) -> String {
        let at = self.at(knob);
        match knob {
            Knob::Risk => format!("{:.1}", f32::from(at) / 10.0),
            Knob::Remove => format!("{at} %"),
            Knob::Add if at == NO_LIMIT => "no limit".to_owned(),
            Knob::Add => (u32::from(at) * 50).to_string(),
            Knob::Iterations | Knob::Variations | Knob::Bars => at.to_string(),
        }
    }

    /// What was taught is this, and nothing else any more.
    pub(super) fn keep_to(&mut self, taught: &[Taught]) {
        if matches!(&self.manner, Manner::Taught(t) if !taught.contains(t)) {
            self.manner = Manner::Shipped;
        }
    }

    /// The seed after those that were used.
    pub(super) fn another_seed(&mut self) {
        self.seed = self.seed.wrapping_add(u64::from(self.variations));
    }

    /// What is asked for. Every step of a knob is within its range.
    pub(super) fn request(&self) -> Request {
        let usual = Parameters::default();
        let style = if self.way == Way::Arrange { self.style } else { Style::Chorale };
        let limit = (self.add != NO_LIMIT).then_some(u32::from(self.add) * 50);
        let parameters = Parameters {
            style,
            creative_risk: CreativeRisk::new(f32::from(self.risk) / 10.0).unwrap_or_default(),
            sampling_iterations: SamplingIterations::new(self.iterations.into()).unwrap_or_default(),
            max_input_notes_to_remove: NotesToRemove::new(self.remove.into()).unwrap_or_default(),
            max_notes_to_add: limit.and_then(NotesToAdd::new),
            variations: Variations::new(self.variations.into()).unwrap_or_default(),
            extension: Extension::Bars(ExtensionBars::new(self.bars.into()).unwrap_or_default()),
            harmony: self.way == Way::Extend && self.harmony,
            seed: self.seed,
            ..usual
        };
        let kind = if self.way == Way::Extend { Kind::Extend } else { Kind::Compose };
        Request { kind, parameters }
    }
}

fn way<'a>(way: Way, chosen: bool) -> Element<'a, Message> {
    let (name, sentence) = way.words();
    let sign = icon::icon(if chosen { Icon::Good } else { Icon::Skipped }, 16.0);
    let words = column![text(name).size(theme::BODY).font(theme::STRONG), text(sentence).size(theme::SMALL),]
        .width(Length::Fill);
    button(row![sign, words].spacing(theme::GAP).align_y(Alignment::Center))
        .width(Length::Fill)
        .padding([7.0, 10.0])
        .style(theme::toggle(chosen))
        .on_press(Message::Way(way))
        .into()
}

fn knob<'a>(knobs: &Knobs, knob: Knob) -> Element<'a, Message> {
    let (name, sentence) = knob.words();
    let head = row![
        text(name).size(theme::BODY).width(Length::Fill),
        text(knobs.shown(knob)).size(theme::BODY).font(theme::STRONG),
    ]
    .spacing(theme::GAP);
    column![
        head,
        slider(knob.steps(), knobs.at(knob), move |to| Message::Turn(knob, to), None, Length::Fill),
        text(sentence).size(theme::SMALL).style(theme::muted),
    ]
    .spacing(2.0)
    .into()
}

pub(super) fn view<'a>(knobs: &'a Knobs, taught: &[Taught]) -> Element<'a, Message> {
    let ways = Way::ALL.map(|w| way(w, w == knobs.way));
    let styles = [Style::Strings, Style::PianoTrio, Style::Rock, Style::Synth].map(StyleChoice);
    let style = (knobs.way == Way::Arrange)
        .then(|| choice(styles, Some(StyleChoice(knobs.style)), Message::Style).width(Length::Fill));
    let harmony = (knobs.way == Way::Extend).then(|| {
        let sign = icon::icon(if knobs.harmony { Icon::Good } else { Icon::Skipped }, 15.0);
        button(row![sign, text("Add the other voices too").size(theme::BODY)].spacing(theme::GAP))
            .padding([6.0, 10.0])
            .width(Length::Fill)
            .style(theme::toggle(knobs.harmony))
            .on_press(Message::Harmony)
    });
    let bars = (knobs.way == Way::Extend).then(|| knob(knobs, Knob::Bars));
    // As long as nothing was taught there is nothing to choose.
    let manner = (!taught.is_empty()).then(|| {
        let manners = std::iter::once(Manner::Shipped).chain(taught.iter().cloned().map(Manner::Taught));
        let list = choice(manners.collect::<Vec<_>>(), Some(knobs.manner.clone()), Message::Manner);
        column![
            text("In the manner of").size(theme::BODY),
            list.width(Length::Fill),
            text("Whose music the harmony was learned from.").size(theme::SMALL).style(theme::muted),
        ]
        .spacing(2.0)
    });
    let seed = row![
        container(text(format!("Seed {}", knobs.seed)).size(theme::BODY)).width(Length::Fill),
        button(text("Another").size(theme::SMALL)).padding([5.0, 10.0]).style(theme::plain).on_press(Message::Seed),
    ]
    .align_y(Alignment::Center);
    column![column(ways).spacing(theme::NEAR), style, harmony, bars, manner]
        .extend([Knob::Variations, Knob::Risk, Knob::Iterations, Knob::Add, Knob::Remove].map(|k| knob(knobs, k)))
        .push(seed)
        .push(text("The same seed gives the same notes again.").size(theme::SMALL).style(theme::muted))
        .spacing(theme::GAP + theme::NEAR)
        .into()
}
