//! Which melody: one that ships, the take on the desk, a file of the library or any other.

use std::path::{Path, PathBuf};

use iced::widget::{column, text};
use iced::{Element, Length};

use super::{Compose, Message};
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::widget::{choice, labelled};
use crate::gui::{theme, words};
use crate::studio::compose::atelier::Melody;
use crate::studio::compose::sample::{SAMPLES, Sample};
use crate::studio::library;

/// Files of the library that are offered, the newest first.
const MOST: usize = 300;

/// Where a melody comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It ships with the program.
    Sample(Sample),
    /// A file.
    File(PathBuf),
}

impl Source {
    pub(super) fn read(&self) -> Result<Melody, String> {
        match self {
            Source::Sample(sample) => {
                let melody = sample.melody().ok_or_else(|| format!("{} cannot be read", sample.name))?;
                Ok(Melody::of(sample.name, melody))
            }
            Source::File(path) => Melody::read(path),
        }
    }
}

/// A melody in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Where it comes from.
    pub source: Source,
    name: String,
}

impl Offer {
    /// A melody that ships.
    #[must_use]
    pub fn sample(sample: Sample) -> Offer {
        Offer { source: Source::Sample(sample), name: format!("{} (sample)", sample.name) }
    }

    /// A file.
    #[must_use]
    pub fn file(path: &Path) -> Offer {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Offer { source: Source::File(path.to_owned()), name }
    }
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// The files of a library, the newest first.
pub(super) fn files(library: &Path) -> Vec<PathBuf> {
    let mut files = library::list(library).map(|l| l.files).unwrap_or_default();
    files.sort_by_key(|f| std::cmp::Reverse(f.id.modified));
    files.into_iter().map(|f| f.path).take(MOST).collect()
}

/// What is offered: the take on the desk first, then the samples, then the library.
fn offers(screen: &Compose, now: &Now) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    if let Some(path) = now.piece.as_ref().and_then(|p| p.path.as_ref()) {
        let offer = Offer::file(path);
        offers.push(Offer { name: format!("{} (on the desk)", offer.name), ..offer });
    }
    offers.extend(SAMPLES.map(Offer::sample));
    offers.extend(screen.files.iter().map(|path| Offer::file(path)));
    offers
}

pub(super) fn view<'a>(screen: &'a Compose, now: &'a Now) -> Element<'a, Message> {
    let list = choice(offers(screen, now), screen.chosen.clone(), Message::Choose)
        .placeholder("Choose a melody")
        .width(Length::Fill)
        .rows(10);
    let facts = screen.melody.as_ref().map(|melody| {
        let facts =
            format!("{}, {}", words::notes(melody.piece.notes.len() as u64), words::length(melody.piece.length()));
        text(facts).size(theme::SMALL).style(theme::muted)
    });
    let again = screen.melody.as_ref().and_then(|m| m.lineage.as_ref()).map(|lineage| {
        let seed = lineage.requests.first().map_or(0, |r| r.parameters.seed);
        let about = format!("composer {} made this to {} with the seed {seed}.", lineage.composer, lineage.melody);
        let usable = lineage.has_melody();
        let about = if usable { about } else { format!("{about} The melody was changed; it needs the original.") };
        column![
            text(about).size(theme::SMALL).style(theme::muted),
            labelled(Icon::Again, "Make it again").on_press_maybe(usable.then_some(Message::Again)),
        ]
        .spacing(theme::NEAR)
    });
    column![
        text("Melody").size(theme::LARGE).font(theme::STRONG),
        list,
        labelled(Icon::Folder, "Another file").width(Length::Fill).on_press(Message::Open),
        facts,
        again,
    ]
    .spacing(theme::GAP)
    .into()
}
