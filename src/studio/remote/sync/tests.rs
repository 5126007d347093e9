//! Computers that share a store, and files that change meanwhile.

use super::*;
use crate::store::folder::Folder;

struct Computer {
    library: tempfile::TempDir,
    states: tempfile::TempDir,
}

impl Computer {
    fn new() -> Computer {
        Computer { library: tempfile::tempdir().unwrap(), states: tempfile::tempdir().unwrap() }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.library.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Another length each time, so that nobody depends on how finely a file system counts time.
        fs::write(path, text).unwrap();
    }

    /// Dates a file as all others are.
    fn date(&self, name: &str) {
        let at = std::time::SystemTime::now() - std::time::Duration::from_secs(3600 * 24 * 365);
        let file = fs::File::options().write(true).open(self.library.path().join(name)).unwrap();
        file.set_modified(at).unwrap();
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.library.path().join(name)).ok()
    }

    fn look<'a>(&'a self, store: &'a Folder, deletions: Deletions) -> Sync<'a> {
        Sync::look(store, "store", self.library.path(), self.states.path(), deletions).unwrap()
    }

    fn sync(&self, store: &Folder, deletions: bool) -> Vec<(String, Step)> {
        let deletions = if deletions { Deletions::GoOver } else { Deletions::Stay };
        let sync = self.look(store, deletions);
        let done = sync.carry_out(&|_| {}).unwrap();
        for d in &done {
            assert!(d.outcome.is_ok(), "{d:?}");
        }
        done.into_iter().map(|d| (d.planned.name, d.planned.step)).collect()
    }
}

fn steps(of: &[(&str, Step)]) -> Vec<(String, Step)> {
    of.iter().map(|(name, step)| ((*name).to_owned(), *step)).collect()
}

#[test]
fn two_computers_come_to_have_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = Folder::open(folder.path()).unwrap();
    let (a, b) = (Computer::new(), Computer::new());
    a.write("Träumerei 夢.mid", "one");
    a.write("Bach/x.mid", "bach");
    assert_eq!(a.sync(&store, false), steps(&[("Bach/x.mid", Step::Up), ("Träumerei 夢.mid", Step::Up)]));
    assert_eq!(a.sync(&store, false), []);
    assert_eq!(b.sync(&store, false).len(), 2);
    assert_eq!(b.read("Träumerei 夢.mid").as_deref(), Some("one"));
    b.write("Träumerei 夢.mid", "second");
    assert_eq!(b.sync(&store, false), steps(&[("Träumerei 夢.mid", Step::Up)]));
    assert_eq!(a.sync(&store, false), steps(&[("Träumerei 夢.mid", Step::Down)]));
    assert_eq!(a.read("Träumerei 夢.mid").as_deref(), Some("second"));
    // What was replaced is in the trash.
    let replaced = &library::trashed(a.library.path())[0].kept;
    assert_eq!(fs::read_to_string(replaced).unwrap(), "one");
}

#[test]
fn what_both_have_changed_both_keep() {
    let folder = tempfile::tempdir().unwrap();
    let store = Folder::open(folder.path()).unwrap();
    let (a, b) = (Computer::new(), Computer::new());
    a.write("x.mid", "one");
    a.sync(&store, false);
    b.sync(&store, false);
    a.write("x.mid", "from a");
    b.write("x.mid", "from computer b");
    a.sync(&store, false);
    assert_eq!(b.sync(&store, false), steps(&[("x.mid", Step::Both)]));
    a.sync(&store, false);
    for computer in [&a, &b] {
        assert_eq!(computer.read("x.mid").as_deref(), Some("from computer b"));
        assert_eq!(computer.read("x (from the store).mid").as_deref(), Some("from a"));
        assert_eq!(computer.sync(&store, false), []);
    }
    // Two that have never met, with different files of one name.
    let c = Computer::new();
    c.write("x.mid", "quite another");
    assert_eq!(c.sync(&store, false)[1], ("x.mid".to_owned(), Step::Both));
    assert_eq!(c.read("x (from the store 2).mid").as_deref(), Some("from computer b"));
    assert_eq!(c.read("x.mid").as_deref(), Some("quite another"));
}

#[test]
fn deletions_go_over_when_they_are_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let store = Folder::open(folder.path()).unwrap();
    let (a, b) = (Computer::new(), Computer::new());
    for name in ["x.mid", "y.mid"] {
        a.write(name, name);
    }
    a.sync(&store, false);
    b.sync(&store, false);
    fs::remove_file(a.library.path().join("x.mid")).unwrap();
    assert_eq!(a.sync(&store, false), steps(&[("x.mid", Step::StaysThere)]));
    assert_eq!(b.sync(&store, false), []);
    assert_eq!(a.sync(&store, true), steps(&[("x.mid", Step::DeleteThere)]));
    assert_eq!(b.sync(&store, false), steps(&[("x.mid", Step::StaysHere)]));
    assert!(b.read("x.mid").is_some());
    assert_eq!(b.sync(&store, true), steps(&[("x.mid", Step::DeleteHere)]));
    assert_eq!((b.read("x.mid"), library::trashed(b.library.path()).len()), (None, 1));
    // Whoever has changed what another deleted keeps it, and brings it back.
    a.write("y.mid", "changed");
    b.write("z.mid", "z");
    b.sync(&store, true);
    fs::remove_file(b.library.path().join("y.mid")).unwrap();
    b.sync(&store, true);
    a.write("z.mid", "z");
    assert_eq!(a.sync(&store, true), steps(&[("y.mid", Step::Up)]));
    assert_eq!(b.sync(&store, true), steps(&[("y.mid", Step::Down)]));
    assert_eq!(b.read("y.mid").as_deref(), Some("changed"));
}

#[test]
fn what_is_remembered_of_one_store_counts_for_no_other() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [first, second] = [&folders[0], &folders[1]].map(|f| Folder::open(f.path()).unwrap());
    let (a, b) = (Computer::new(), Computer::new());
    for name in ["x.mid", "y.mid"] {
        a.write(name, name);
    }
    a.sync(&first, true);
    // Another store at the same address, with another file of the same name, and one that was deleted in there.
    b.write("x.mid", "of quite another");
    b.write("y.mid", "y.mid");
    b.write("z.mid", "z.mid");
    b.sync(&second, true);
    fs::remove_file(b.library.path().join("y.mid")).unwrap();
    b.sync(&second, true);
    let steps = a.sync(&second, true);
    assert!(steps.contains(&("x.mid".to_owned(), Step::Both)), "{steps:?}");
    assert_eq!(a.read("x.mid").as_deref(), Some("x.mid"));
    assert_eq!(a.read("x (from the store).mid").as_deref(), Some("of quite another"));
    assert_eq!(a.read("y.mid").as_deref(), Some("y.mid"), "{steps:?}");
    // And what is remembered of the first still holds there.
    fs::remove_file(a.library.path().join("y.mid")).unwrap();
    assert!(a.sync(&first, true).contains(&("y.mid".to_owned(), Step::DeleteThere)));
}

#[test]
fn a_store_that_was_taken_back_has_not_changed_anything() {
    let folder = tempfile::tempdir().unwrap();
    let store = Folder::open(folder.path()).unwrap();
    let (a, b) = (Computer::new(), Computer::new());
    a.write("x.mid", "one");
    a.sync(&store, false);
    b.sync(&store, false);
    let old = list(&store, &BTreeMap::new()).unwrap()["x.mid"].clone();
    b.write("x.mid", "second");
    b.sync(&store, false);
    // A backup is put back, and the same number given to something else.
    for entry in fs::read_dir(folder.path().join(crate::studio::remote::shelf_of("x.mid"))).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("000002") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    bring(&store, "x.mid", b"another two", Some(&old)).unwrap();
    b.write("x.mid", "after the backup");
    assert_eq!(b.sync(&store, false), steps(&[("x.mid", Step::Both)]));
    assert_eq!(b.read("x (from the store).mid").as_deref(), Some("another two"));
}

#[test]
fn a_library_that_is_gone_empties_no_store_unless_somebody_insists() {
    let folder = tempfile::tempdir().unwrap();
    let store = Folder::open(folder.path()).unwrap();
    let (a, b) = (Computer::new(), Computer::new());
    for n in 0..5 {
        a.write(&format!("{n}.mid"), &"x".repeat(n + 1));
    }
    a.sync(&store, true);
    b.sync(&store, true);
    for n in 0..3 {
        fs::remove_file(a.library.path().join(format!("{n}.mid"))).unwrap();
    }
    let refused = a.look(&store, Deletions::GoOver).carry_out(&|_| {}).unwrap_err();
    assert!(matches!(refused, Error::Vanishing { gone: 3, of: 5, .. }), "{refused}");
    assert_eq!(list(&store, &BTreeMap::new()).unwrap().values().filter(|v| v.content().is_some()).count(), 5);
    assert_eq!(a.look(&store, Deletions::All).carry_out(&|_| {}).unwrap().len(), 3);
    // The other side is as careful.
    let refused = b.look(&store, Deletions::GoOver).carry_out(&|_| {}).unwrap_err();
    assert!(matches!(refused, Error::Vanishing { gone: 3, of: 5, .. }), "{refused}");
    // What was deleted in the store can be had back.
    let gone = list(&store, &BTreeMap::new()).unwrap()["1.mid"].before_deletion().unwrap();
    assert_eq!(fetch(&store, &gone).unwrap(), b"xx");
}

#[test]
fn what_is_edited_while_files_go_over_is_seen_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Folder::open(folder.path()).unwrap();
    let (a, b) = (Computer::new(), Computer::new());
    // Between a step and its being remembered; of the same length, and with dates as old as each other.
    let edit = |computer: &Computer, name: &str, text: &str| {
        computer.write(name, text);
        computer.date(name);
    };
    for name in ["up.mid", "x.mid", "y.mid", "z.mid"] {
        a.write(name, "old");
        a.date(name);
    }
    a.look(&store, Deletions::Stay).carry_out(&|_| edit(&a, "up.mid", "new")).unwrap();
    assert_eq!(a.sync(&store, false), steps(&[("up.mid", Step::Up)]));
    b.sync(&store, false);
    a.write("up.mid", "newer");
    a.sync(&store, false);
    b.look(&store, Deletions::Stay).carry_out(&|_| edit(&b, "up.mid", "b's o")).unwrap();
    // A change on the other side meanwhile: both stay.
    a.write("up.mid", "from a");
    a.sync(&store, false);
    assert_eq!(b.sync(&store, false), steps(&[("up.mid", Step::Both)]));
    assert_eq!(b.read("up.mid").as_deref(), Some("b's o"));
    assert_eq!(b.read("up (from the store).mid").as_deref(), Some("from a"));
    a.sync(&store, false);
    // One that is deleted there and edited here, before and after it was looked at, is not deleted.
    for name in ["x.mid", "z.mid"] {
        fs::remove_file(a.library.path().join(name)).unwrap();
    }
    a.sync(&store, true);
    edit(&b, "x.mid", "mine");
    let sync = b.look(&store, Deletions::GoOver);
    edit(&b, "z.mid", "ours");
    let done = sync.carry_out(&|_| {}).unwrap();
    assert!(done.iter().any(|d| d.planned.step == Step::DeleteHere && d.outcome.is_err()), "{done:?}");
    let kept = (b.read("x.mid"), b.read("z.mid"));
    assert_eq!(kept, (Some("mine".to_owned()), Some("ours".to_owned())));
    assert_eq!(b.sync(&store, true), steps(&[("z.mid", Step::Up)]));
    // Nor one there that has come back here.
    a.sync(&store, true);
    fs::remove_file(a.library.path().join("y.mid")).unwrap();
    let sync = a.look(&store, Deletions::GoOver);
    a.write("y.mid", "again");
    let done = sync.carry_out(&|_| {}).unwrap();
    assert!(done.iter().all(|d| d.outcome.is_err()), "{done:?}");
    assert_eq!(a.sync(&store, true), steps(&[("y.mid", Step::Up)]));
    // And one that is replaced.
    assert_eq!(b.sync(&store, true), steps(&[("y.mid", Step::Down)]));
    a.write("y.mid", "once more");
    a.sync(&store, true);
    let sync = b.look(&store, Deletions::Stay);
    b.write("y.mid", "b's own");
    assert!(sync.carry_out(&|_| {}).unwrap()[0].outcome.is_err());
    assert_eq!(b.read("y.mid").as_deref(), Some("b's own"));
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_old_one_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = Folder::open(folder.path()).unwrap();
    let (a, b) = (Computer::new(), Computer::new());
    a.write("x.mid", "one");
    a.sync(&store, false);
    b.sync(&store, false);
    a.write("x.mid", "another");
    a.sync(&store, false);
    // In the trash's place is a file: what is there cannot be put away, and what came is put away again.
    fs::write(b.library.path().join(".composer-trash"), "").unwrap();
    let done = b.look(&store, Deletions::Stay).carry_out(&|_| {}).unwrap();
    assert!(done[0].outcome.is_err(), "{done:?}");
    assert_eq!(b.read("x.mid").as_deref(), Some("one"));
    assert_eq!(fs::read_dir(b.library.path()).unwrap().count(), 2, "nothing else is left behind");
}

#[test]
#[cfg(unix)]
fn nothing_is_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let store = Folder::open(folder.path()).unwrap();
    let (a, outside) = (Computer::new(), tempfile::tempdir().unwrap());
    bring(&store, "link/x.mid", b"x", None).unwrap();
    std::os::unix::fs::symlink(outside.path(), a.library.path().join("link")).unwrap();
    let sync = a.look(&store, Deletions::Stay);
    let done = sync.carry_out(&|_| {}).unwrap();
    assert!(done[0].outcome.is_err() && !outside.path().join("x.mid").exists(), "{done:?}");
}
