//! The library's screen over a folder, without a window.

use iced::keyboard::key::Named;
use iced::keyboard::{Key, Modifiers};
use iced_test::Simulator;

use super::*;
use crate::gui::screen::bench;
use crate::gui::words;
use crate::studio::library::{Tags, look, summarise};

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

    fn find(&mut self, left: LeftBehind) {
        self.tell(Message::Found(Box::new(left)));
    }

    /// Carries a message out with what follows from it; the folder is not watched.
    fn settle(&mut self, message: Message) {
        let action = self.screen.update(message, &self.now);
        self.follow(action);
    }

    fn follow(&mut self, action: Action<Message>) {
        match action {
            Action::Work(work) => {
                for outcome in bench::run(work).0 {
                    match outcome.unwrap() {
                        Message::Listed(_) => self.look(),
                        message => self.settle(message),
                    }
                }
            }
            Action::All(actions) => actions.into_iter().for_each(|action| self.follow(action)),
            _ => {}
        }
    }

    /// What happens beside the window.
    fn look(&mut self) {
        self.tell(Message::Listed(Box::new(look(self.folder()))));
        let all: Vec<PathBuf> = self.screen.shown.clone();
        let read = all.into_iter().map(|p| (p.clone(), summarise(&p))).collect();
        self.tell(Message::Read(read));
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
    let full = LibraryError::Failed { file: "Evening".to_owned(), what: "put back", reason: "full".to_owned() };
    bench.tell(Message::Back(trashed.clone(), Err(full)));
    assert_eq!(bench.screen.trashed.last(), Some(&trashed), "it can be asked for again");
    bench.tell(Message::Undo);
    let outcome = library::put_back(bench.folder(), &trashed);
    bench.tell(Message::Back(trashed.clone(), outcome));
    assert!(bench.screen.trashed.is_empty());
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
    bench.find(LeftBehind { damaged: vec![draft.clone()], ..LeftBehind::default() });
    let folder = bench.folder().display().to_string();
    let words = format!("1-2-3.draft was left behind and is damaged: it cannot be opened. It is in {folder}.");
    assert!(bench.shows(&words));
    bench.tell(Message::DiscardDamaged(0));
    assert!(draft.exists() && bench.shows("Discard for good?"), "it is asked once");
    bench.tell(Message::Escape);
    assert!(bench.shows("Discard"));
    bench.tell(Message::DiscardDamaged(0));
    bench.settle(Message::DiscardDamaged(0));
    assert!(!draft.exists() && !bench.shows(&words));
}

#[test]
fn what_cannot_be_discarded_is_shown_again() {
    let Some(mut bench) = Bench::new() else { return };
    let state = bench.now.folders.as_ref().unwrap().state.join("drafts");
    // Nobody can remove a folder like a file.
    std::fs::create_dir_all(state.join("1-2-3.draft")).unwrap();
    bench.find(LeftBehind { damaged: vec![state.join("1-2-3.draft")], ..LeftBehind::default() });
    bench.tell(Message::DiscardDamaged(0));
    bench.settle(Message::DiscardDamaged(0));
    assert_eq!(bench.screen.left.damaged, [state.join("1-2-3.draft")]);
}

#[test]
fn however_much_was_left_behind_all_of_it_can_be_reached() {
    let Some(mut bench) = Bench::new() else { return };
    let damaged = |n: usize| (0..n).map(|i| bench.at(&format!("{i}.draft"))).collect();
    let (few, many) = (damaged(4), damaged(9));
    bench.find(LeftBehind { damaged: few, ..LeftBehind::default() });
    assert!(!bench.shows("4 were left behind"));
    bench.find(LeftBehind { damaged: many, ..LeftBehind::default() });
    let folder = bench.folder().display().to_string();
    let last = format!("8.draft was left behind and is damaged: it cannot be opened. It is in {folder}.");
    assert!(bench.shows("9 were left behind") && bench.shows(&last));
}

#[test]
fn a_take_beside_its_journal_is_brought_into_the_library() {
    let Some(mut bench) = Bench::new() else { return };
    let journals = bench.now.folders.as_ref().unwrap().state.join("journals");
    std::fs::create_dir_all(&journals).unwrap();
    std::fs::rename(bench.at("Morning.mid"), journals.join("Take.mid")).unwrap();
    let look = bench.screen.look_behind(&bench.now);
    bench.follow(look);
    assert_eq!(bench.screen.left.in_words().unwrap(), "A take waits to be brought into the library");
    assert!(bench.shows("The take Take.mid could not be put into the library."));
    bench.settle(Message::BringHome(0));
    assert!(bench.at("Take.mid").exists() && !journals.join("Take.mid").exists() && bench.screen.left.is_empty());
}

/// Deletes a file and looks into the trash.
fn with_trash(name: &str) -> Option<Bench> {
    let mut bench = Bench::new()?;
    bench.tell(Message::Select(bench.at(name)));
    bench.settle(Message::Delete);
    bench.settle(Message::Bin(bin::Message::Show(true)));
    Some(bench)
}

#[test]
fn the_trash_is_emptied_when_that_was_said_twice() {
    let Some(mut bench) = with_trash("Morning.mid") else { return };
    let deleted = library::trashed(bench.folder());
    let bytes = words::size(deleted[0].size);
    assert!(bench.shows(&format!("1 file, {bytes}")) && bench.shows("Morning.mid"));
    bench.settle(Message::Bin(bin::Message::Empty));
    assert!(bench.shows("Delete 1 file for good?") && library::trashed(bench.folder()) == deleted);
    bench.settle(Message::Bin(bin::Message::Escape));
    assert!(bench.shows("Empty the trash"));
    bench.settle(Message::Bin(bin::Message::Empty));
    bench.settle(Message::Bin(bin::Message::Empty));
    assert!(library::trashed(bench.folder()).is_empty());
    assert!(bench.screen.trashed.is_empty() && bench.shows("The trash is empty.") && bench.shows("2 files"));
}

#[test]
fn what_was_deleted_in_another_session_is_seen_and_brought_back() {
    let Some(mut bench) = Bench::new() else { return };
    std::fs::create_dir(bench.at("album")).unwrap();
    for (from, to) in [("Morning.mid", "album/Morning.mid"), ("Evening 2.mid", "Evening 2.mid")] {
        std::fs::rename(bench.at(from), bench.at(to)).unwrap();
        library::trash(bench.folder(), &bench.at(to)).unwrap();
    }
    let look = bench.screen.look_into_trash();
    bench.follow(look);
    assert!(bench.screen.trashed.is_empty(), "there is nothing to undo");
    let clicks = bench::clicks(bench.simulator(), "Show");
    assert_eq!(clicks, ["Bin(Show(true))"]);
    bench.settle(Message::Bin(bin::Message::Show(true)));
    assert!(bench.shows("Trash") && bench.shows("Morning.mid") && bench.shows("Evening 2.mid"));
    // By the keyboard: the next one down, and back with it.
    let key = |bench: &Bench, key| bench.screen.shortcut(&Key::Named(key), Modifiers::default()).unwrap();
    let first = library::trashed(bench.folder())[0].original.clone();
    bench.settle(key(&bench, Named::ArrowDown));
    bench.settle(key(&bench, Named::Enter));
    let left = library::trashed(bench.folder());
    assert_eq!((left.len(), &left[0].original), (1, &first), "the lower one is back");
    // The other one is removed for good, when that was said twice.
    bench.settle(key(&bench, Named::Delete));
    assert!(bench.shows("Delete for good?") && library::trashed(bench.folder()).len() == 1);
    bench.settle(key(&bench, Named::Delete));
    assert!(library::trashed(bench.folder()).is_empty() && !first.exists());
    bench.look();
    assert_eq!(bench.screen.shown.len(), 2, "the library is shown again");
}

#[test]
fn what_is_back_from_the_trash_cannot_be_undone_once_more() {
    let Some(mut bench) = with_trash("Morning.mid") else { return };
    assert_eq!(bench.screen.trashed.len(), 1);
    bench.settle(Message::Bin(bin::Message::Restore(None)));
    bench.look();
    assert!(bench.screen.trashed.is_empty() && bench.at("Morning.mid").exists());
    assert!(!bench.screen.bin.is_shown() && bench.screen.selected == Some(bench.at("Morning.mid")));
}

#[test]
fn keys_in_the_trash_do_nothing_to_the_library() {
    let Some(bench) = with_trash("Morning.mid") else { return };
    let of = |key| bench.screen.shortcut(&key, Modifiers::default());
    assert!(matches!(of(Key::Named(Named::Delete)), Some(Message::Bin(bin::Message::Discard(None)))));
    assert!(of(Key::Named(Named::F2)).is_none() && of(Key::Character("/".into())).is_none());
    assert!(bench.screen.shortcut(&Key::Character("d".into()), Modifiers::COMMAND).is_none());
}

#[test]
fn two_clicks_in_a_moment_open_the_editor_and_a_later_one_does_not() {
    let (path, other) = (PathBuf::from("a.mid"), PathBuf::from("b.mid"));
    let then = Instant::now();
    let first = Some((path.clone(), then));
    assert!(is_second(first.clone(), &path, then + DOUBLE / 2));
    assert!(!is_second(first.clone(), &path, then + DOUBLE * 2));
    assert!(!is_second(first, &other, then) && !is_second(None, &path, then));
}

#[test]
fn a_key_that_is_held_goes_through_the_list_and_deletes_one_file() {
    assert!(repeats(&Message::Step(1)));
    assert!(!repeats(&Message::Delete) && !repeats(&Message::Duplicate) && !repeats(&Message::Undo));
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

#[test]
fn tags_reach_the_disk_one_after_the_other_and_those_of_another_window_are_seen() {
    let Some(mut bench) = Bench::new() else { return };
    let (morning, evening) = (bench.at("Morning.mid"), bench.at("Evening 2.mid"));
    let tag = |bench: &mut Bench, path: &Path, words: &str| {
        bench.tell(Message::Select(path.to_owned()));
        bench.tell(Message::TagsTyped(words.to_owned()));
        bench.screen.update(Message::TagsSet, &bench.now)
    };
    let first = tag(&mut bench, &morning, "early");
    assert!(matches!(tag(&mut bench, &morning, "late"), Action::None), "the first is on its way");
    bench.look();
    let tags =
        |bench: &Bench, path: &Path| bench.screen.shelf.get(path).unwrap().tags.clone().into_iter().collect::<Vec<_>>();
    assert_eq!(tags(&bench, &morning), ["late"], "what is not on the disk yet is shown");
    // Meanwhile another window tags another file.
    let fingerprint = bench.screen.shelf.get(&evening).unwrap().summary().unwrap().fingerprint;
    let other = TagChange::Set { path: evening.clone(), fingerprint, tags: vec!["theirs".to_owned()] };
    Tags::change(bench.folder(), &[other]).unwrap();
    bench.follow(first);
    let (on_disk, _) = Tags::load(bench.folder());
    assert_eq!(on_disk.all().into_iter().collect::<Vec<_>>(), ["late", "theirs"]);
    assert!(bench.screen.unkept.is_empty() && bench.screen.keeping == 0);
    bench.look();
    assert_eq!((tags(&bench, &evening), tags(&bench, &morning)), (vec!["theirs".to_owned()], vec!["late".to_owned()]));
}

#[test]
fn tags_of_a_file_that_is_not_read_yet_stay_in_their_field_and_that_is_said() {
    let Some(mut bench) = Bench::new() else { return };
    let path = bench.at("Morning.mid");
    bench.tell(Message::Select(path.clone()));
    bench.tell(Message::TagsTyped("early".to_owned()));
    // Another program writes it anew, and it is listed before it is read.
    std::fs::write(&path, "no music").unwrap();
    bench.tell(Message::Listed(Box::new(look(bench.folder()))));
    bench.tell(Message::TagsSet);
    assert!(bench.shows("Morning.mid is still being read. Set its tags again in a moment."));
    bench.look();
    bench.tell(Message::TagsSet);
    assert!(bench.shows("Morning.mid cannot be read, so it gets no tags."));
    std::fs::copy(bench.at("Evening 2.mid"), &path).unwrap();
    bench.look();
    bench.settle(Message::TagsSet);
    assert_eq!((Tags::load(bench.folder()).0.all().len(), &bench.screen.tagging), (1, &None));
}

#[test]
fn files_are_read_by_one_at_a_time_and_nobody_looks_after_leaving() {
    let Some(mut bench) = Bench::new() else { return };
    let list = |bench: &Bench| Message::Listed(Box::new(look(bench.folder())));
    for name in ["Noon.mid", "Night.mid"] {
        std::fs::copy(bench.at("Morning.mid"), bench.at(name)).unwrap();
        bench.tell(list(&bench));
        assert!(bench.screen.is_reading && matches!(bench.screen.read_on(), Action::None));
    }
    assert_eq!(bench.screen.unread, [bench.at("Night.mid"), bench.at("Noon.mid")], "also what is being read");
    let late = list(&bench);
    bench.screen.leave();
    assert!(matches!(bench.screen.update(late, &bench.now), Action::None) && bench.screen.watch.is_none());
    assert!(matches!(bench.screen.update(Message::Changed, &bench.now), Action::None));
    let read = Message::Read(vec![(bench.at("Noon.mid"), summarise(&bench.at("Noon.mid")))]);
    assert!(matches!(bench.screen.update(read, &bench.now), Action::None), "the rest is read when one comes back");
    assert!(!bench.screen.is_reading);
    let _ = bench.screen.enter(&bench.now);
    bench.tell(list(&bench));
    assert!(bench.screen.is_reading && bench.screen.watch.is_some());
    // A look at a folder that is not the library any more.
    let elsewhere = tempfile::tempdir().unwrap();
    bench.tell(Message::Listed(Box::new(look(elsewhere.path()))));
    assert_eq!(bench.screen.shown.len(), 5);
}

#[test]
fn what_is_renamed_is_told_to_the_editor_and_its_draft_follows() {
    let Some(mut bench) = Bench::new() else { return };
    let (from, to) = (bench.at("Morning.mid"), bench.at("Dawn.mid"));
    let state = bench.now.folders.as_ref().unwrap().state.clone();
    let piece = crate::music::edit::Editor::open(&crate::studio::edit::open(&from).unwrap().0);
    let origin = crate::studio::edit::Origin::of(&from);
    let keeper = crate::studio::edit::Keeper::begin(&state, "Morning").unwrap();
    keeper.keep(piece.document(), Some(&origin)).unwrap();
    drop(keeper);
    bench.tell(Message::Select(from.clone()));
    bench.tell(Message::Name("Dawn".to_owned()));
    let Action::Work(work) = bench.screen.update(Message::Named, &bench.now) else { panic!("it is done beside") };
    let renamed = bench::run(work).0.remove(0).unwrap();
    let Action::All(actions) = bench.screen.update(renamed, &bench.now) else { panic!("several things follow") };
    assert!(actions.iter().any(|a| matches!(a, Action::Renamed(was, is) if *was == from && *is == to)));
    assert!(to.exists() && crate::studio::edit::drafts(&state)[0].origin.as_ref().is_some_and(|o| o.path == to));
}

#[test]
fn tags_that_were_set_last_are_kept_when_the_window_goes() {
    let Some(mut bench) = Bench::new() else { return };
    for (name, words) in [("Morning.mid", "early"), ("Morning.mid", "late"), ("Evening 2.mid", "other")] {
        bench.tell(Message::Select(bench.at(name)));
        bench.tell(Message::TagsTyped(words.to_owned()));
        bench.tell(Message::TagsSet);
    }
    bench.screen.close().unwrap()();
    assert!(bench.screen.close().is_none());
    assert_eq!(Tags::load(bench.folder()).0.all().into_iter().collect::<Vec<_>>(), ["late", "other"]);
}
