//! What the shell itself decides.

use super::*;
use crate::gui::screen::bench;
use crate::settings::Settings;
use crate::studio::edit::drafts;

fn pressed(key: iced::keyboard::Key, code: iced::keyboard::key::Code) -> keyboard::Event {
    keyboard::Event::KeyPressed {
        modified_key: key.clone(),
        key,
        physical_key: iced::keyboard::key::Physical::Code(code),
        location: iced::keyboard::Location::Standard,
        modifiers: iced::keyboard::Modifiers::default(),
        text: None,
        repeat: false,
    }
}

/// Carries a message out with all that follows from it; says whether the window closes.
fn settle(studio: &mut Studio, message: Message) -> bool {
    let (mut waiting, mut exits) = (vec![message], false);
    while let Some(message) = waiting.pop() {
        let (follow, closes) = bench::run(studio.update(message));
        waiting.extend(follow);
        exits |= closes;
    }
    exits
}

fn press(studio: &mut Studio, words: &str) -> bool {
    let mut window = bench::shown(studio.view());
    window.click(words).unwrap_or_else(|e| panic!("{words}: {e:?}"));
    let messages: Vec<Message> = window.into_messages().collect();
    messages.into_iter().any(|message| settle(studio, message))
}

/// A window in which a melody was transposed; where drafts go there is a file in the way if they are to fail.
fn edited(is_safe: bool) -> Option<(Studio, PathBuf, tempfile::TempDir)> {
    let (now, folder) = bench::room()?;
    let folders = now.folders.clone().unwrap();
    if !is_safe {
        std::fs::write(folders.state.join("drafts"), "a file").unwrap();
    }
    let file = folders.library.join("demo.mid");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/melodies/demo.mid"), &file).unwrap();
    let mut studio = Studio::without_desk(now);
    let action = studio.edit.open(file.clone(), &studio.now);
    let opening = studio.act(action, Message::Edit);
    for message in bench::run(opening).0 {
        settle(&mut studio, message);
    }
    for command in [edit::Command::SelectAll, edit::Command::Transpose(1)] {
        let _ = studio.update(Message::Edit(edit::Message::Do(command)));
    }
    assert!(studio.edit.is_unsaved());
    Some((studio, file, folder))
}

#[test]
fn closing_keeps_what_is_not_saved_without_a_question() {
    let Some((mut studio, file, folder)) = edited(true) else { return };
    let before = std::fs::read(&file).unwrap();
    assert!(settle(&mut studio, Message::Close));
    assert_eq!((drafts(&folder.path().join("state")).len(), std::fs::read(&file).unwrap()), (1, before));
}

#[test]
fn closing_asks_where_changes_cannot_be_kept_and_nothing_is_lost() {
    let Some((mut studio, file, _folder)) = edited(false) else { return };
    let before = std::fs::read(&file).unwrap();
    assert!(!settle(&mut studio, Message::Close));
    assert!(bench::shown(studio.view()).find("Close without your changes?").is_ok());
    assert!(!settle(&mut studio, Message::Close), "whoever asks again is asked the same");
    assert!(bench::shown(studio.view()).find("Add a track").is_err(), "nothing below can be reached");
    assert!(!press(&mut studio, "Keep editing"));
    assert!(studio.leaving == Leaving::Stays && studio.edit.is_unsaved());
    settle(&mut studio, Message::Close);
    let escape = iced::keyboard::Key::Named(iced::keyboard::key::Named::Escape);
    let _ = studio.key(&pressed(escape, iced::keyboard::key::Code::Escape));
    assert!(studio.leaving == Leaving::Stays && studio.edit.is_unsaved());
    // Another program has written the file: it is not overwritten, and that is said.
    std::fs::write(&file, "of another program").unwrap();
    settle(&mut studio, Message::Close);
    assert!(!press(&mut studio, "Save"));
    assert!(matches!(&studio.leaving, Leaving::Asks(why) if why.contains("another program")), "{:?}", studio.leaving);
    assert!(press(&mut studio, "Save a copy"));
    let copy = std::fs::read(file.with_file_name("demo-2.mid")).unwrap();
    assert!(copy.starts_with(b"MThd") && copy != before);
}

#[test]
fn changes_are_saved_elsewhere_where_their_own_disk_is_full() {
    let Some((mut studio, file, folder)) = edited(false) else { return };
    let before = std::fs::read(&file).unwrap();
    settle(&mut studio, Message::Close);
    assert!(bench::shown(studio.view()).find("Elsewhere …").is_ok());
    assert!(!settle(&mut studio, Message::LeaveFor(Ok(None))), "nobody has chosen a folder");
    assert!(settle(&mut studio, Message::LeaveFor(Ok(Some(folder.path().join("stick"))))));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert!(std::fs::read(folder.path().join("stick/demo.mid")).unwrap().starts_with(b"MThd"));
}

#[test]
fn a_sound_that_hangs_is_told_while_the_window_closes() {
    let mut studio = Studio::without_desk(Now::new(Settings::default(), None));
    studio.leaving = Leaving::Ends { says: None };
    assert!(leaving::view(&studio.leaving).is_none(), "a window that closes at once says nothing");
    let _ = studio.update(Message::Ends("It takes its time."));
    assert!(bench::shown(studio.view()).find("It takes its time.").is_ok());
    let _ = studio.update(Message::Ended(Some(Closing::Hangs)));
    assert!(matches!(studio.leaving, Leaving::Ends { says: Some(says) } if says.contains("does not answer")));
    let _ = studio.update(Message::Ends("It takes its time."));
    assert!(matches!(studio.leaving, Leaving::Ends { says: Some(says) } if says.contains("does not answer")));
    assert!(settle(&mut studio, Message::Ended(None)));
}

#[test]
fn changes_that_nobody_wants_go_with_the_window() {
    let Some((mut studio, file, _folder)) = edited(false) else { return };
    let before = std::fs::read(&file).unwrap();
    settle(&mut studio, Message::Close);
    assert!(press(&mut studio, "Discard"));
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

/// As when the library has renamed the file of what is open.
fn rename(studio: &mut Studio, file: &std::path::Path) -> PathBuf {
    let to = crate::studio::library::rename(file, "Other").unwrap();
    let follow = studio.act(Action::Renamed(file.to_owned(), to.clone()), Message::Library);
    for message in bench::run(follow).0 {
        settle(studio, message);
    }
    to
}

#[test]
fn a_file_that_is_renamed_in_the_library_is_saved_under_its_new_name() {
    let Some((mut studio, file, _folder)) = edited(true) else { return };
    let before = std::fs::read(&file).unwrap();
    let to = rename(&mut studio, &file);
    settle(&mut studio, Message::Edit(edit::Message::Do(edit::Command::Save)));
    assert!(!studio.edit.is_unsaved() && !file.exists(), "{:?}", studio.edit.trouble());
    assert_ne!(std::fs::read(&to).unwrap(), before);
}

#[test]
fn the_draft_of_a_file_that_is_renamed_is_found_under_its_new_name() {
    let Some((mut studio, file, folder)) = edited(true) else { return };
    let _ = studio.update(Message::Edit(edit::Message::KeepDue(1)));
    let to = rename(&mut studio, &file);
    assert!(settle(&mut studio, Message::Close));
    let left = drafts(&folder.path().join("state"));
    assert!(left.len() == 1 && left[0].origin.as_ref().is_some_and(|o| o.path == to), "{left:?}");
}

#[test]
fn a_file_that_was_deleted_comes_back_only_when_it_is_saved_twice() {
    let Some((mut studio, file, _folder)) = edited(true) else { return };
    std::fs::remove_file(&file).unwrap();
    settle(&mut studio, Message::Edit(edit::Message::Do(edit::Command::Save)));
    assert!(studio.edit.is_unsaved() && !file.exists());
    assert!(studio.edit.trouble().is_some_and(|t| t.contains("moved or deleted")), "{:?}", studio.edit.trouble());
    settle(&mut studio, Message::Edit(edit::Message::Do(edit::Command::Save)));
    assert!(!studio.edit.is_unsaved() && file.exists());
}

#[test]
fn work_that_breaks_down_is_said_and_holds_up_nothing() {
    let Some((mut studio, file, _folder)) = edited(true) else { return };
    let before = std::fs::read(&file).unwrap();
    let _ = studio.update(Message::Edit(edit::Message::Do(edit::Command::Save)));
    assert!(studio.edit.is_saving());
    let _ = studio.update(Message::Broken(Broken::Panicked("no reason".to_owned())));
    assert!(studio.now.remarks.newest().is_some_and(|r| r.wrong && r.text.contains("no reason")));
    settle(&mut studio, Message::Edit(edit::Message::Do(edit::Command::Save)));
    assert!(!studio.edit.is_unsaved() && std::fs::read(&file).unwrap() != before);
}

#[test]
fn the_window_follows_the_system_unless_the_settings_say_otherwise() {
    let mut studio = Studio::without_desk(Now::new(Settings::default(), None));
    let _ = studio.update(Message::System(Mode::Light));
    assert_eq!(studio.theme(), theme::theme(false));
    let _ = studio.change(Change::Theme(ThemeSetting::Dark));
    assert_eq!(studio.theme(), theme::theme(true));
}

#[test]
fn piano_keys_play_on_their_screen_only() {
    use iced::keyboard::{Key, key::Code};
    let pressed = |letter: &str, code| pressed(Key::Character(letter.into()), code);
    let mut studio = Studio::without_desk(Now::new(Settings::default(), None));
    studio.screen = Screen::Devices;
    let before = format!("{:?}", studio.play);
    let _ = studio.key(&pressed("x", Code::KeyX));
    let _ = studio.key(&pressed("a", Code::KeyA));
    assert_eq!(format!("{:?}", studio.play), before);
    studio.screen = Screen::Play;
    let _ = studio.key(&pressed("x", Code::KeyX));
    assert_ne!(format!("{:?}", studio.play), before);
}

#[test]
fn the_first_screen_says_that_the_settings_are_broken() {
    let fault = SettingsError::Unreadable { path: "settings.toml".into(), reason: "no".into() };
    let remark = remark_on_settings(Some(&fault), &[]).unwrap();
    assert!(remark.wrong && remark.text.contains("of no use"), "{}", remark.text);
    assert_eq!(remark_on_settings(None, &[]), None);
}

#[test]
fn what_was_left_behind_is_told_wherever_one_is_and_leads_to_the_library() {
    let Some((now, _folder)) = bench::room() else { return };
    let journals = now.folders.as_ref().unwrap().state.join("journals");
    std::fs::create_dir_all(&journals).unwrap();
    std::fs::write(journals.join("Take.mid"), "MThd").unwrap();
    let mut studio = Studio::without_desk(now);
    let look = studio.library.look_behind(&studio.now);
    for message in bench::run(studio.act(look, Message::Library)).0 {
        let _ = studio.update(message);
    }
    assert_eq!(studio.badge(Screen::Library).as_deref(), Some("1"));
    let mut window = bench::shown(studio.view());
    window.click("A take waits to be brought into the library").unwrap();
    let messages: Vec<Message> = window.into_messages().collect();
    for message in messages {
        let _ = studio.update(message);
    }
    assert_eq!((studio.screen, &studio.now.left_behind), (Screen::Library, &None));
    assert!(bench::shown(studio.view()).find("The take Take.mid could not be put into the library.").is_ok());
}

#[test]
fn changes_to_the_settings_are_written_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let mut studio = Studio::without_desk(Now::new(crate::settings::Settings::default(), None));
    studio.settings_file = Some(file.clone());
    for theme in [ThemeSetting::Dark, ThemeSetting::Light, ThemeSetting::System, ThemeSetting::Light] {
        let _ = studio.change(Change::Theme(theme));
    }
    assert_eq!(studio.unwritten.len(), 4, "the first is under way, the others wait");
    let _ = studio.update(Message::Written(Ok(())));
    assert_eq!(studio.unwritten.len(), 3);
    // The window goes before they are written.
    let _ = studio.begin_to_leave();
    assert!(std::fs::read_to_string(&file).unwrap().contains("theme = \"light\""));
    assert!(studio.unwritten.is_empty());
}
