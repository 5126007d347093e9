//! The library over folders that change behind its back.

use std::fs;

use super::export::export_sound;
use super::*;
use crate::music::composition::{Division, Format, Track};
use crate::music::message::{Channel, Key, Velocity, Voice};
use crate::music::{Composition, Micros, Ppq, Ticks, smf};

fn midi(keys: &[u8]) -> Vec<u8> {
    let mut track = Track::new();
    for (i, key) in keys.iter().enumerate() {
        let (at, key) = (960 * i as u64, Key::masked(*key));
        track.push_voice(Ticks(at), Channel::default(), Voice::NoteOn { key, velocity: Velocity::masked(80) });
        track.push_voice(Ticks(at + 960), Channel::default(), Voice::NoteOff { key, velocity: Velocity::masked(64) });
    }
    let mut composition = Composition::new(Format::Single, Division::Metrical(Ppq::DEFAULT));
    composition.tracks.push(track);
    smf::write(&composition).unwrap()
}

/// A library that is read to the end.
fn shelf(folder: &Path, before: Option<Shelf>) -> Shelf {
    let mut shelf = before.unwrap_or_default();
    for path in listed(&mut shelf, folder) {
        shelf.read(&path, summarise(&path));
    }
    shelf
}

fn listed(shelf: &mut Shelf, folder: &Path) -> Vec<PathBuf> {
    let look = look(folder);
    shelf.listed(look.listing.unwrap(), look.tags)
}

fn titles(shelf: &Shelf, text: &str) -> Vec<String> {
    let query = Query { text: text.to_owned(), order: Order::Name, ..Query::default() };
    shelf.view(&query).iter().map(|e| e.title()).collect()
}

#[test]
fn what_is_in_the_folder_is_shown_and_what_is_no_music_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("take 10.mid"), midi(&[60, 62, 64])).unwrap();
    fs::write(at("Take 9.MID"), midi(&[60])).unwrap();
    fs::write(at("broken.mid"), b"no music").unwrap();
    fs::write(at("notes.txt"), b"").unwrap();
    fs::write(at(".hidden.mid"), midi(&[1])).unwrap();
    fs::create_dir(at("album")).unwrap();
    fs::write(at("album/song.mid"), midi(&[70, 71])).unwrap();
    let shelf = shelf(folder.path(), None);
    assert_eq!(titles(&shelf, ""), ["broken", "song", "Take 9", "take 10"]);
    assert_eq!(titles(&shelf, "TAKE 1"), ["take 10"]);
    assert_eq!(titles(&shelf, "acoustic song"), ["song"]);
    let summary = shelf.get(&at("take 10.mid")).unwrap().summary().unwrap().clone();
    assert_eq!((summary.notes, summary.length), (3, Micros(1_500_000)));
    assert_eq!(summary.picture.bars.len(), 3);
    assert!(matches!(&shelf.get(&at("broken.mid")).unwrap().state, State::Broken(why) if why.contains("no music")));
}

#[test]
fn only_what_has_changed_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mid");
    fs::write(&path, midi(&[60])).unwrap();
    let mut shelf = shelf(folder.path(), None);
    assert!(!shelf.stamp().is_stale(0, &[]));
    assert!(listed(&mut shelf, folder.path()).is_empty());
    fs::write(folder.path().join("b.mid"), midi(&[61])).unwrap();
    // Times of folders are as fine as the file system's clock ticks.
    fs::File::open(folder.path()).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert!(shelf.stamp().is_stale(0, &[]));
    assert_eq!(listed(&mut shelf, folder.path()), [folder.path().join("b.mid")]);
    assert!(!shelf.stamp().is_stale(0, &[]));
    // In its place: nothing comes into the folder or goes.
    fs::write(&path, midi(&[60, 61])).unwrap();
    assert!(shelf.stamp().is_stale(0, &[]), "what was written over is seen");
    assert!(listed(&mut shelf, folder.path()).contains(&path));
}

#[test]
fn of_many_files_those_in_sight_are_looked_at_and_each_other_sooner_or_later() {
    let folder = tempfile::tempdir().unwrap();
    let at = |i: usize| folder.path().join(format!("{i:04}.mid"));
    (0..250).for_each(|i| fs::write(at(i), b"").unwrap());
    let stamp = list(folder.path()).unwrap().stamp;
    let gone = folder.path().join("not in the list.mid");
    assert!((0..3).all(|look| !stamp.is_stale(look, &[at(3), gone.clone()])));
    fs::write(at(249), b"longer").unwrap();
    assert_eq!([0, 1, 2, 3, 4, 5].map(|look| stamp.is_stale(look, &[])), [false, false, true, false, false, true]);
    assert!((0..3).all(|look| stamp.is_stale(look, &[at(3), at(249)])), "what is seen is looked at each time");
}

#[test]
fn tags_go_with_a_file_that_is_renamed_or_changed_behind_our_back() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.mid"), folder.path().join("b.mid"));
    fs::write(&a, midi(&[60])).unwrap();
    let mut first = shelf(folder.path(), None);
    let change = first.tag(&a, ["#Etude".to_owned(), "  ".to_owned()]).unwrap();
    Tags::change(folder.path(), &[change]).unwrap();
    fs::rename(&a, &b).unwrap();
    let second = shelf(folder.path(), None);
    assert_eq!(titles(&second, "#etu"), ["b"]);
    fs::rename(&b, &a).unwrap();
    fs::write(&a, midi(&[72, 73])).unwrap();
    let third = shelf(folder.path(), Some(second));
    assert_eq!(titles(&third, "#etude"), ["a"]);
    assert_eq!(third.tags().all().into_iter().collect::<Vec<_>>(), ["Etude"]);
}

#[test]
fn a_copy_does_not_take_the_tags_of_its_original() {
    let folder = tempfile::tempdir().unwrap();
    let a = folder.path().join("a.mid");
    fs::write(&a, midi(&[60])).unwrap();
    let mut first = shelf(folder.path(), None);
    Tags::change(folder.path(), &[first.tag(&a, ["x".to_owned()]).unwrap()]).unwrap();
    let copy = duplicate(&a).unwrap();
    let second = shelf(folder.path(), Some(first));
    assert_eq!(second.get(&copy).unwrap().tags.len(), 0);
    assert_eq!(second.get(&a).unwrap().tags.len(), 1);
}

#[test]
fn tags_that_cannot_be_understood_are_kept_aside_and_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".composer-tags.json");
    fs::write(&file, b"{ mine").unwrap();
    let kept = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let error = Tags::load(folder.path()).1.unwrap().to_string();
    assert!(error.contains("cannot be understood") && error.contains(".composer-tags.broken.json"), "{error}");
    let set = |name: &str, fingerprint| TagChange::Set {
        path: folder.path().join(name),
        fingerprint,
        tags: vec![name.to_owned()],
    };
    let renamed = TagChange::Renamed { from: folder.path().join("a"), to: folder.path().join("b") };
    Tags::change(folder.path(), &[renamed]).unwrap();
    assert_eq!(kept(".composer-tags.json"), b"{ mine", "there is nothing to write");
    Tags::change(folder.path(), &[set("a", 1)]).unwrap();
    Tags::change(folder.path(), &[set("b", 2)]).unwrap();
    assert_eq!(kept(".composer-tags.broken.json"), b"{ mine");
    let (tags, error) = Tags::load(folder.path());
    assert_eq!((tags.all().len(), error), (2, None));
    // Once more: what was kept the first time stays.
    fs::write(&file, b"{ of another program").unwrap();
    assert!(Tags::load(folder.path()).1.unwrap().to_string().contains(".composer-tags.broken-2.json"));
    Tags::change(folder.path(), &[set("c", 3)]).unwrap();
    assert_eq!(kept(".composer-tags.broken.json"), b"{ mine");
    assert_eq!(kept(".composer-tags.broken-2.json"), b"{ of another program");
}

#[test]
fn several_windows_keep_each_others_tags() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for window in 0..4 {
            let folder = folder.path();
            scope.spawn(move || {
                for i in 0..10 {
                    let (path, tags) = (folder.join(format!("{window}-{i}.mid")), vec![format!("{window}-{i}")]);
                    Tags::change(folder, &[TagChange::Set { path, fingerprint: window * 10 + i, tags }]).unwrap();
                }
            });
        }
    });
    assert_eq!(Tags::load(folder.path()).0.all().len(), 40);
    let before = list(folder.path()).unwrap().stamp;
    fs::write(folder.path().join(".composer-tags.json"), b"written in its place").unwrap();
    let tags = fs::File::options().write(true).open(folder.path().join(".composer-tags.json")).unwrap();
    tags.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert!(before.is_stale(0, &[]), "the tags are part of what is looked at");
}

#[test]
fn renaming_harms_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.mid"), folder.path().join("b.mid"));
    fs::write(&a, midi(&[60])).unwrap();
    fs::write(&b, midi(&[61])).unwrap();
    assert_eq!(rename(&a, "b").unwrap_err(), LibraryError::Taken { name: "b.mid".into() });
    assert_eq!(rename(&a, "A").unwrap(), folder.path().join("A.mid"));
    assert_eq!(rename(&folder.path().join("A.mid"), " My song.mid ").unwrap(), folder.path().join("My song.mid"));
    for bad in ["", " ", ".x", "a/b", "a\0b", "c:d"] {
        assert!(matches!(rename(&b, bad), Err(LibraryError::BadName { .. })), "{bad:?}");
    }
    assert!(matches!(rename(&a, "c"), Err(LibraryError::Gone { .. })));
    assert_eq!(fs::read(&b).unwrap(), midi(&[61]));
}

#[test]
fn what_is_deleted_comes_back_even_if_its_place_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let a = folder.path().join("a.mid");
    fs::write(&a, midi(&[60])).unwrap();
    let first = trash(folder.path(), &a).unwrap();
    fs::write(&a, midi(&[61])).unwrap();
    let second = trash(folder.path(), &a).unwrap();
    assert!(list(folder.path()).unwrap().files.is_empty());
    assert_eq!(trashed(folder.path()).len(), 2);
    assert_eq!(put_back(folder.path(), &second).unwrap(), a);
    assert_eq!(put_back(folder.path(), &first).unwrap(), folder.path().join("a-2.mid"));
    assert_eq!(fs::read(folder.path().join("a-2.mid")).unwrap(), midi(&[60]));
    assert!(matches!(put_back(folder.path(), &first), Err(LibraryError::Gone { .. })));
    empty_trash(folder.path()).unwrap();
    empty_trash(folder.path()).unwrap();
}

#[test]
fn what_was_deleted_in_another_session_goes_back_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("album/live")).unwrap();
    for file in ["album/live/song.mid", "album/song.mid", "song.mid"] {
        fs::write(at(file), file).unwrap();
        trash(folder.path(), &at(file)).unwrap();
    }
    // As older versions left it: in the trash itself, with a number where the name was taken.
    fs::write(at(".composer-trash/old.mid"), "old").unwrap();
    fs::write(at(".composer-trash/old.mid.12"), "older").unwrap();
    fs::remove_dir_all(at("album")).unwrap();
    let all = trashed(folder.path());
    let originals: Vec<_> = all.iter().map(|t| (t.original.clone(), t.deleted.is_some())).collect();
    let of = |name: &str, is_known| (at(name), is_known);
    let known = [of("song.mid", true), of("album/song.mid", true), of("album/live/song.mid", true)];
    // Two in one millisecond are in the order of their names.
    assert!(known.iter().all(|wanted| originals[..3].contains(wanted)), "{originals:?}");
    assert_eq!(originals[3..], [of("old.mid", false), of("old.mid", false)]);
    assert!(all[0].deleted >= all[1].deleted && all[1].deleted >= all[2].deleted, "{all:?}");
    for deleted in &all {
        put_back(folder.path(), deleted).unwrap();
    }
    for file in ["album/live/song.mid", "album/song.mid", "song.mid"] {
        assert_eq!(fs::read_to_string(at(file)).unwrap(), file);
    }
    assert_eq!(list(folder.path()).unwrap().files.len(), 5);
    assert!(!at(".composer-trash").exists(), "nothing is left of it");
}

#[test]
fn a_deleted_file_is_removed_for_good_and_what_may_not_be_moved_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let a = folder.path().join("a.mid");
    fs::write(&a, midi(&[60])).unwrap();
    let deleted = trash(folder.path(), &a).unwrap();
    remove_trashed(folder.path(), &deleted).unwrap();
    remove_trashed(folder.path(), &deleted).unwrap();
    assert!(matches!(trash(folder.path(), &a), Err(LibraryError::Gone { .. })));
    assert!(!folder.path().join(".composer-trash").exists());
}

#[test]
fn several_files_are_imported_and_each_says_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("library");
    let from = folder.path().join("from");
    fs::create_dir(&from).unwrap();
    let files = ["song.mid", "song", "text.mid", "gone.mid"].map(|n| from.join(n));
    fs::write(&files[0], midi(&[60])).unwrap();
    fs::write(&files[1], midi(&[61])).unwrap();
    fs::write(&files[2], b"hello").unwrap();
    let outcome = import(&library, &files);
    assert_eq!(outcome[0].as_ref().unwrap(), &library.join("song.mid"));
    assert_eq!(outcome[1].as_ref().unwrap(), &library.join("song-2.mid"));
    assert!(outcome[2].as_ref().unwrap_err().to_string().contains("text.mid"));
    assert!(matches!(outcome[3], Err(LibraryError::Gone { .. })));
    assert_eq!(fs::read(library.join("song.mid")).unwrap(), midi(&[60]), "byte for byte");
}

#[test]
fn sound_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let composition = smf::read(&midi(&[60])).unwrap().composition;
    let chosen = crate::studio::instruments::Chosen::own();
    let options = crate::audio::Options::default();
    for sound in [Sound::Wav, Sound::Flac] {
        let path = folder.path().join("out").with_extension(sound.extension());
        let stopped = export_sound(&composition, Vec::new(), &chosen, options, (&path, sound), &mut |_| false);
        assert_eq!(stopped.unwrap_err(), LibraryError::Stopped);
        assert_eq!(fs::read_dir(folder.path()).unwrap().filter(|e| e.as_ref().unwrap().path() == path).count(), 0);
        export_sound(&composition, Vec::new(), &chosen, options, (&path, sound), &mut |_| true).unwrap();
        let magic = fs::read(&path).unwrap()[..4].to_vec();
        assert_eq!(magic, if sound == Sound::Wav { *b"RIFF" } else { *b"fLaC" });
    }
}
