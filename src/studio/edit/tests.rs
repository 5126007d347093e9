//! Files, drafts and what becomes of them.

use std::fs;

use super::*;
use crate::music::composition::Note;
use crate::music::edit::{Editor, Mix};
use crate::music::{Channel, Key, Ticks, Velocity};

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/melodies/demo.mid")
}

fn edited() -> Editor {
    let (composition, ..) = open(&demo()).unwrap();
    let mut editor = Editor::open(&composition);
    let note = Note {
        start: Ticks(0),
        end: Ticks(960),
        channel: Channel::default(),
        key: Key::masked(100),
        velocity: Velocity::masked(77),
        release: Velocity::masked(64),
    };
    let track = editor.document().tracks().len() - 1;
    editor.draw(track, note).unwrap();
    editor
}

#[test]
fn a_file_that_another_program_has_changed_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.mid");
    fs::copy(demo(), &path).unwrap();
    let (_, origin, _) = open(&path).unwrap();
    let saved = save(edited().document(), &origin).unwrap();
    assert_eq!(open(&path).unwrap().0, edited().document().composition());
    assert!(save(edited().document(), &saved).is_ok());
    fs::write(&path, b"MThd something else").unwrap();
    let error = save(edited().document(), &saved).unwrap_err();
    assert!(matches!(error, EditError::ChangedBehind { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"MThd something else");
    let beside = save_as(edited().document(), &path, InTheWay::TakeNextName).unwrap();
    assert_eq!(beside.path, folder.path().join("song-2.mid"));
}

#[test]
fn a_file_that_has_gone_is_made_anew_only_knowingly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.mid");
    fs::copy(demo(), &path).unwrap();
    let origin = Origin::of(&path);
    fs::rename(&path, folder.path().join("other.mid")).unwrap();
    let error = save(edited().document(), &origin).unwrap_err();
    assert_eq!(error, EditError::Gone { file: "song.mid".to_owned() });
    assert!(!path.exists());
    assert_eq!(save(edited().document(), &origin.gone()).unwrap().path, path);
    let error = save(edited().document(), &origin.gone()).unwrap_err();
    assert!(matches!(error, EditError::ChangedBehind { .. }), "what came there meanwhile stays");
}

#[test]
fn drafts_follow_a_file_that_is_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["song.mid", "other.mid"] {
        fs::copy(demo(), at(name)).unwrap();
        let keeper = Keeper::begin(folder.path(), name).unwrap();
        keeper.keep(edited().document(), Some(&Origin::of(&at(name)))).unwrap();
    }
    fs::rename(at("song.mid"), at("new.mid")).unwrap();
    follow(folder.path(), &at("song.mid"), &at("new.mid"));
    let left = drafts(folder.path());
    let new = left.iter().find(|d| d.name == "new").unwrap();
    assert_eq!(new.origin, Some(Origin::of(&at("new.mid"))), "the file is known again");
    assert_eq!(new.read().unwrap(), edited().document().composition());
    assert!(left.iter().any(|d| d.origin == Some(Origin::of(&at("other.mid")))));
}

#[test]
fn a_draft_is_offered_only_when_nobody_writes_it() {
    let state = tempfile::tempdir().unwrap();
    let keeper = Keeper::begin(state.path(), "demo").unwrap();
    keeper.keep(edited().document(), Some(&Origin::of(&demo()))).unwrap();
    assert!(drafts(state.path()).is_empty(), "it is being edited");
    drop(keeper);
    let found = drafts(state.path());
    assert_eq!((found.len(), found[0].name.as_str()), (1, "demo"));
    assert_eq!(found[0].origin, Some(Origin::of(&demo())));
    assert_eq!(found[0].read().unwrap(), edited().document().composition());
    found[0].remove().unwrap();
    assert!(drafts(state.path()).is_empty());
    assert_eq!(fs::read_dir(state.path().join("drafts")).unwrap().count(), 0);
}

#[test]
fn a_draft_does_not_replace_a_file_that_was_changed_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.mid");
    fs::copy(demo(), &path).unwrap();
    let origin = Origin::of(&path);
    let keeper = Keeper::begin(folder.path(), "song").unwrap();
    keeper.keep(edited().document(), Some(&origin)).unwrap();
    drop(keeper);
    let draft = drafts(folder.path()).remove(0);
    assert_eq!(draft.origin.as_ref(), Some(&origin), "an untouched file is known again");
    fs::write(&path, b"MThd of another program").unwrap();
    let origin = drafts(folder.path()).remove(0).origin.unwrap();
    let error = save(edited().document(), &origin).unwrap_err();
    assert!(matches!(error, EditError::ChangedBehind { .. }), "{error}");
    // An older version did not write how the file was: what is newer than the draft counts as changed.
    let files = fs::read_dir(folder.path().join("drafts")).unwrap().flatten().map(|e| e.path());
    let file = files.into_iter().find(|p| p.extension().is_some_and(|e| e == "draft")).unwrap();
    let text = fs::read(&file).unwrap();
    let line = text.splitn(3, |b| *b == b'\n').nth(1).unwrap();
    let mut header: serde_json::Value = serde_json::from_slice(line).unwrap();
    header.as_object_mut().unwrap().remove("was").unwrap();
    let write = |header: &serde_json::Value| {
        let music = smf::write(&edited().document().composition()).unwrap();
        fs::write(&file, [b"composer draft 1\n", header.to_string().as_bytes(), b"\n", &music].concat()).unwrap();
    };
    header["kept"] = "2001-01-01T00:00:00Z".into();
    write(&header);
    let origin = drafts(folder.path()).remove(0).origin.unwrap();
    assert!(matches!(save(edited().document(), &origin), Err(EditError::ChangedBehind { .. })));
    header["kept"] = "2999-01-01T00:00:00Z".into();
    write(&header);
    assert!(save(edited().document(), &drafts(folder.path()).remove(0).origin.unwrap()).is_ok());
}

#[test]
fn a_draft_that_is_not_whole_is_told_and_stays() {
    let state = tempfile::tempdir().unwrap();
    let keeper = Keeper::begin(state.path(), "new").unwrap();
    keeper.keep(edited().document(), None).unwrap();
    let draft = fs::read_dir(state.path().join("drafts")).unwrap().flatten().map(|e| e.path());
    let draft = draft.into_iter().find(|p| p.extension().is_some_and(|e| e == "draft")).unwrap();
    let bytes = fs::read(&draft).unwrap();
    fs::write(&draft, &bytes[..20]).unwrap();
    assert!(damaged_drafts(state.path()).is_empty(), "it is being edited");
    drop(keeper);
    assert_eq!((drafts(state.path()), damaged_drafts(state.path())), (vec![], vec![draft.clone()]));
    assert!(draft.exists());
}

#[test]
fn what_was_saved_leaves_no_draft() {
    let state = tempfile::tempdir().unwrap();
    let keeper = Keeper::begin(state.path(), "new").unwrap();
    keeper.keep(edited().document(), None).unwrap();
    keeper.forget();
    drop(keeper);
    assert!(drafts(state.path()).is_empty());
}

#[test]
fn an_order_that_comes_late_undoes_no_later_one() {
    let state = tempfile::tempdir().unwrap();
    let keeper = std::sync::Arc::new(Keeper::begin(state.path(), "new").unwrap());
    let (forget, keep) = (keeper.turn(), keeper.turn());
    keep.keep(edited().document(), None).unwrap();
    forget.forget();
    drop((forget, keep, keeper));
    assert_eq!(drafts(state.path()).len(), 1);
}

#[test]
fn mute_and_solo_reach_the_sequencer() {
    let mut editor = edited();
    let track = editor.document().tracks().len() - 1;
    editor.set_mix(track, Mix { solo: true, ..editor.document().tracks()[track].mix() });
    let score = Score::new(&editor.document().composition());
    let strips = strips(editor.document(), &score);
    assert_eq!(strips.len(), score.strips().len());
    assert!(strips.iter().any(|s| s.solo));
}
