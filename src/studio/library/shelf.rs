//! The library as it is shown: what was listed, what is known of each file, and the user's tags. Pure: whoever
//! holds it lists and reads.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::listing::{FileId, Found, Listing, Stamp};
use super::summary::Summary;
use super::tags::{TagChange, Tags};
use crate::studio::desk::CAPTURED;

/// What is known of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It has not been read yet.
    Unread,
    /// It was read.
    Read(Arc<Summary>),
    /// It cannot be read; a sentence says why.
    Broken(String),
}

/// A file of the library.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// As it was listed.
    pub id: FileId,
    /// What is known of it.
    pub state: State,
    /// The user's tags.
    pub tags: BTreeSet<String>,
    /// Whether the always-on capture kept it, and nobody made it a take.
    pub captured: bool,
}

impl Entry {
    /// Its name without the ending.
    #[must_use]
    pub fn title(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        crate::music::composition::text::printable(&stem)
    }

    fn is_asked_for(&self, query: &Query) -> bool {
        match query.tag.as_deref() {
            None => !self.captured,
            Some(tag) => self.tags.contains(tag) || (self.captured && tag == CAPTURED),
        }
    }

    /// What is in it, if that is known.
    #[must_use]
    pub fn summary(&self) -> Option<&Summary> {
        match &self.state {
            State::Read(summary) => Some(summary),
            State::Unread | State::Broken(_) => None,
        }
    }

    /// When it was recorded; where it does not say, when it was last changed.
    #[must_use]
    pub fn date(&self) -> SystemTime {
        self.summary().and_then(|s| s.recorded).map_or(self.id.modified, SystemTime::from)
    }
}

/// By what entries are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// By name.
    Name,
    /// The longest first.
    Longest,
    /// Those with most notes first.
    MostNotes,
}

impl Order {
    /// All of them.
    pub const ALL: [Order; 4] = [Order::Newest, Order::Name, Order::Longest, Order::MostNotes];
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Order::Newest => "Newest first",
            Order::Name => "By name",
            Order::Longest => "Longest first",
            Order::MostNotes => "Most notes first",
        })
    }
}

/// What is to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Every word of it must be in the name, the title, the instrument or a tag.
    pub text: String,
    /// Only what has this tag; with [`CAPTURED`] also what the always-on capture kept, which is not shown otherwise.
    pub tag: Option<String>,
    /// In which order.
    pub order: Order,
}

/// All entries.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    entries: BTreeMap<PathBuf, Entry>,
    stamp: Stamp,
    tags: Tags,
}

impl Shelf {
    /// When to list again.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// The user's tags.
    #[must_use]
    pub fn tags(&self) -> &Tags {
        &self.tags
    }

    /// How many takes there are; what is only captured is none.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.values().filter(|e| !e.captured).count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// By what entries can be told apart: the user's tags, and [`CAPTURED`] where there is something of that.
    #[must_use]
    pub fn choices(&self) -> BTreeSet<String> {
        let mut choices = self.tags.all();
        if self.entries.values().any(|e| e.captured) {
            choices.insert(CAPTURED.to_owned());
        }
        choices
    }

    /// An entry.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// Takes over what was listed with the tags of that moment, and answers with what is to be read: new files, and those
    /// that have changed. What is known of the others stays.
    pub fn listed(&mut self, listing: Listing, tags: Tags) -> Vec<PathBuf> {
        self.tags = tags;
        let mut before = std::mem::take(&mut self.entries);
        for Found { path, id, captured } in listing.files {
            let state = match before.remove(&path) {
                Some(old) if old.id == id => old.state,
                _ => State::Unread,
            };
            let tags = self.tags.of(&path, None);
            self.entries.insert(path.clone(), Entry { path, id, state, tags, captured });
        }
        self.stamp = listing.stamp;
        for entry in self.entries.values_mut() {
            if let State::Read(summary) = &entry.state {
                entry.tags = self.tags.of(&entry.path, Some(summary.fingerprint));
            }
        }
        let mut unread: Vec<&Entry> = self.entries.values().filter(|e| e.state == State::Unread).collect();
        // The newest stand on top, where the user looks first.
        unread.sort_by_key(|e| std::cmp::Reverse(e.id.modified));
        unread.into_iter().map(|e| e.path.clone()).collect()
    }

    /// Takes over what was read of a file.
    pub fn read(&mut self, path: &Path, summary: Result<Summary, String>) {
        let Some(entry) = self.entries.get_mut(path) else { return };
        entry.state = match summary {
            Ok(summary) => {
                entry.tags = self.tags.of(path, Some(summary.fingerprint));
                State::Read(Arc::new(summary))
            }
            Err(sentence) => State::Broken(sentence),
        };
    }

    /// Sets the tags of a file that was read, and answers with the change that is to be kept ([`Tags::change`]). None where
    /// nobody knows what is in the file.
    pub fn tag(&mut self, path: &Path, tags: impl IntoIterator<Item = String>) -> Option<TagChange> {
        let entry = self.entries.get_mut(path)?;
        let State::Read(summary) = &entry.state else { return None };
        let fingerprint = summary.fingerprint;
        let change = TagChange::Set { path: path.to_owned(), fingerprint, tags: tags.into_iter().collect() };
        self.tags.apply(&change);
        entry.tags = self.tags.of(path, Some(fingerprint));
        Some(change)
    }

    /// A file has another name, given by us: what is known of it goes along. The answer is to be kept.
    pub fn renamed(&mut self, from: &Path, to: &Path) -> TagChange {
        let change = TagChange::Renamed { from: from.to_owned(), to: to.to_owned() };
        self.tags.apply(&change);
        if let Some(mut entry) = self.entries.remove(from) {
            entry.path = to.to_owned();
            self.entries.insert(to.to_owned(), entry);
        }
        change
    }

    /// A file has gone.
    pub fn removed(&mut self, path: &Path) {
        self.entries.remove(path);
    }

    /// What a query shows.
    #[must_use]
    pub fn view(&self, query: &Query) -> Vec<&Entry> {
        let words: Vec<String> = query.text.split_whitespace().map(str::to_lowercase).collect();
        let mut shown: Vec<&Entry> = self
            .entries
            .values()
            .filter(|e| e.is_asked_for(query))
            .filter(|e| words.is_empty() || matches(e, &words))
            .collect();
        let by_name = |a: &&Entry, b: &&Entry| natural(&a.title(), &b.title());
        match query.order {
            Order::Newest => shown.sort_by_cached_key(|e| std::cmp::Reverse(e.date())),
            Order::Name => shown.sort_by(by_name),
            Order::Longest => shown.sort_by_key(|e| std::cmp::Reverse(e.summary().map(|s| s.length))),
            Order::MostNotes => shown.sort_by_key(|e| std::cmp::Reverse(e.summary().map(|s| s.notes))),
        }
        shown
    }
}

fn matches(entry: &Entry, words: &[String]) -> bool {
    let mut text = entry.title().to_lowercase();
    if let Some(summary) = entry.summary() {
        text.push('\n');
        text.push_str(&summary.instrument.to_lowercase());
        if let Some(title) = &summary.title {
            text.push('\n');
            text.push_str(&title.to_lowercase());
        }
    }
    words.iter().all(|word| match word.strip_prefix('#') {
        Some(tag) => entry.tags.iter().any(|t| t.to_lowercase().starts_with(tag)),
        None => text.contains(word.as_str()) || entry.tags.iter().any(|t| t.to_lowercase().contains(word.as_str())),
    })
}

/// As people sort: `take 9` before `take 10`, whatever the capitals.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (digits_a, digits_b) = (digits(a), digits(b));
        if digits_a > 0 && digits_b > 0 {
            let number = |s: &str, n: usize| s[..n].trim_start_matches('0').to_owned();
            let (x, y) = (number(a, digits_a), number(b, digits_b));
            match x.len().cmp(&y.len()).then_with(|| x.cmp(&y)) {
                Ordering::Equal => (a, b) = (&a[digits_a..], &b[digits_b..]),
                other => return other,
            }
            continue;
        }
        match (a.chars().next(), b.chars().next()) {
            (None, None) => return Ordering::Equal,
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(x), Some(y)) => match x.to_lowercase().cmp(y.to_lowercase()) {
                Ordering::Equal => (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]),
                other => return other,
            },
        }
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}
