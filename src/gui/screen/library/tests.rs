//! The library's screen over a folder, without a window.

use iced_test::Simulator;

use super::*;
use crate::gui::screen::bench;
use crate::studio::library::{list, summarise};

struct Bench {
    screen: Library,
    now: Now,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Bench> {
        let (now, folder) = bench::room()?;
        let library = &now.folders.as_ref().unwrap().library;
        for name in ["Morning.mid", "Evening 2.mid", "Evening 10.mid"] {
            std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/melodies/demo.mid"), library.join(name))
                .unwrap();
        }
        let mut bench = Bench { screen: Library::default(), now, _folder: folder };
        let _ = bench.screen.enter(&bench.now);
        bench.look();
        Some(bench)
    }

    fn tell(&mut self, message: Message) {
        let _ = self.screen.update(message, &self.now);
    }

    /// What happens beside the window.
    fn look(&mut self) {
        self.tell(Message::Listed(list(self.folder())));
        let all: Vec<PathBuf> = self.screen.shown.clone();
        let read = all.into_iter().map(|p| (p.clone(), summarise(&p))).collect();
        self.tell(Message::Read(read, Vec::new()));
    }

    /// The folder of the library.
    fn folder(&self) -> &Path {
        &self.now.folders.as_ref().unwrap().library
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn shows(&self, words: &str) -> bool {
        self.simulator().find(words).is_ok()
    }

    fn simulator(&self) -> Simulator<'_, Message> {
        bench::shown(self.screen.view(&self.now))
    }
}

#[test]
fn entries_are_searched_sorted_and_shown() {
    let Some(mut bench) = Bench::new() else { return };
    assert!(bench.shows("Morning") && bench.shows("3 files"));
    bench.tell(Message::Sort(Order::Name));
    bench.tell(Message::Search("even".into()));
    let shown: Vec<PathBuf> = bench.screen.shown.clone();
    assert_eq!(shown, [bench.at("Evening 2.mid"), bench.at("Evening 10.mid")]);
    assert!(!bench.shows("Morning") && bench.shows("2 of 3 files"));
    bench.tell(Message::Search("nothing like it".into()));
    assert!(bench.shows("Nothing matches the search"));
}

#[test]
fn what_is_deleted_comes_back_by_undo() {
    let Some(mut bench) = Bench::new() else { return };
    bench.tell(Message::Sort(Order::Name));
    bench.tell(Message::Step(1));
    let path = bench.screen.selected.clone().unwrap();
    let trashed = library::trash(bench.folder(), &path);
    bench.tell(Message::Deleted(trashed));
    assert!(!path.exists() && bench.screen.shown.len() == 2);
    assert!(bench.screen.selected.is_some(), "the next one is selected");
    let trashed = bench.screen.trashed.last().unwrap().clone();
    bench.tell(Message::Undo);
    bench.tell(Message::Back(library::put_back(&trashed)));
    bench.look();
    assert!(path.exists());
    assert_eq!((bench.screen.selected.as_ref(), bench.screen.shown.len()), (Some(&path), 3));
}

#[test]
fn what_the_search_hides_is_not_deleted() {
    let Some(mut bench) = Bench::new() else { return };
    bench.tell(Message::Select(bench.at("Morning.mid")));
    bench.tell(Message::Rename);
    bench.tell(Message::Search("even".into()));
    assert_eq!((&bench.screen.selected, &bench.screen.renaming), (&None, &None));
    bench.tell(Message::Select(bench.at("Evening 2.mid")));
    bench.tell(Message::Search("evening 2".into()));
    assert_eq!(bench.screen.selected, Some(bench.at("Evening 2.mid")), "what is still seen stays selected");
}

#[test]
fn ten_thousand_entries_are_as_many_rows_as_fit() {
    let Some(mut bench) = Bench::new() else { return };
    let path = bench.at("Morning.mid");
    bench.screen.shown = vec![path; 10_000];
    assert!(bench.shows("Morning"));
    bench.tell(Message::Scrolled(300_000.0, 500.0));
    assert!(bench.shows("Morning"));
}

#[test]
fn a_name_that_is_taken_is_said_and_nothing_is_lost() {
    let Some(mut bench) = Bench::new() else { return };
    let (from, taken) = (bench.at("Morning.mid"), bench.at("Evening 2.mid"));
    bench.tell(Message::Select(from.clone()));
    bench.tell(Message::Rename);
    assert_eq!(bench.screen.renaming.as_deref(), Some("Morning"));
    let outcome = library::rename(&from, "Evening 2");
    bench.tell(Message::Renamed(from.clone(), outcome));
    assert!(bench.shows("there is a file named Evening 2.mid already. Choose another name."));
    assert!(from.exists() && taken.exists());
}

#[test]
fn a_picture_is_made_for_whoever_wants_to_look() {
    let Some(folder) = std::env::var_os("COMPOSER_PICTURES") else {
        eprintln!("SKIPPED: COMPOSER_PICTURES names no folder (dates in the list depend on where one is)");
        return;
    };
    let Some(mut bench) = Bench::new() else { return };
    bench.tell(Message::Select(bench.at("Morning.mid")));
    bench.screen.shelf.tag(&bench.at("Morning.mid"), ["etude".to_owned(), "D minor".to_owned()]);
    for (dark, name) in [(true, "library-dark"), (false, "library-light")] {
        let snapshot = bench.simulator().snapshot(&theme::theme(dark)).unwrap();
        assert!(snapshot.matches_image(PathBuf::from(&folder).join(name)).unwrap());
    }
}

#[test]
fn what_is_damaged_is_told_and_goes_when_it_is_discarded() {
    let Some(mut bench) = Bench::new() else { return };
    let draft = bench.at("1-2-3.draft");
    std::fs::write(&draft, "half a draft").unwrap();
    bench.tell(Message::Found(Vec::new(), Vec::new(), vec![draft.clone()]));
    let words = format!("{} was left behind and is damaged: it cannot be opened.", draft.display());
    assert!(bench.shows(&words));
    bench.tell(Message::DiscardDamaged(0));
    assert!(draft.exists() && bench.shows("Discard for good?"), "it is asked once");
    bench.tell(Message::Escape);
    assert!(bench.shows("Discard"));
    bench.tell(Message::DiscardDamaged(0));
    bench.tell(Message::DiscardDamaged(0));
    assert!(!draft.exists() && !bench.shows(&words));
}

#[test]
fn what_was_captured_is_shown_when_it_is_asked_for_and_can_be_kept() {
    let Some(mut bench) = Bench::new() else { return };
    std::fs::create_dir(bench.at("Captured")).unwrap();
    let captured = bench.at("Captured/Noon.mid");
    std::fs::copy(bench.at("Morning.mid"), &captured).unwrap();
    bench.look();
    assert_eq!((bench.screen.shown.len(), bench.shows("Noon")), (3, false));
    bench.tell(Message::Tag(Some("Captured".to_owned())));
    assert_eq!(bench.screen.shown, std::slice::from_ref(&captured));
    bench.tell(Message::Select(captured.clone()));
    assert!(bench.shows("Keep as a take"));
    let kept = library::keep(bench.folder(), &captured);
    bench.tell(Message::KeptAsTake(kept));
    bench.look();
    assert!(bench.screen.shown.contains(&bench.at("Noon.mid")) && !captured.exists());
    assert_eq!(bench.screen.shelf.choices().len(), 0, "nothing is captured any more");
}
