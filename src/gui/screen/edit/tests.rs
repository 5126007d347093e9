//! The editor's screen without a window: what the mouse and the keys do to the piece.

use iced::keyboard::{Key, Modifiers, key};
use iced::{Event, Point, mouse};
use iced_test::Simulator;

use super::*;
use crate::gui::screen::bench;
use crate::gui::screen::edit::sheet::Sheet;
use crate::music::edit::Mix;
use crate::music::smf;
use crate::studio::edit::{self, drafts};

/// A screen on which the demo melody is open, in folders of its own.
struct Bench {
    screen: Edit,
    now: Now,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Bench> {
        let (now, folder) = bench::room()?;
        let file = now.folders.as_ref().unwrap().library.join("demo.mid");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/melodies/demo.mid"), &file).unwrap();
        let mut bench = Bench { screen: Edit::default(), now, folder };
        let _ = bench.screen.open(file.clone(), &bench.now);
        let opened = Opened::read(&file).map(|o| o.kept_in(bench.state().as_deref()));
        bench.tell(Message::Opened(1, opened.map(Box::new)));
        Some(bench)
    }

    fn state(&self) -> Option<PathBuf> {
        self.now.folders.as_ref().map(|f| f.state.clone())
    }

    fn tell(&mut self, message: Message) {
        let _ = self.screen.update(message, &self.now);
    }

    fn sheet(&self) -> &Sheet {
        match &self.screen.state {
            State::Open(sheet) => sheet,
            _ => panic!("nothing is open"),
        }
    }

    fn notes(&self) -> Vec<(u64, u64, u8)> {
        let track = &self.sheet().editor.document().tracks()[self.sheet().track];
        track.notes().map(|n| (n.note.start.0, n.note.end.0, n.note.key.get())).collect()
    }

    fn shown(&self) -> Simulator<'_, Message> {
        bench::shown(self.screen.view(&self.now))
    }

    /// Lets the mouse do these things, and the screen what follows.
    fn mouse(&mut self, way: &[(Point, Option<mouse::Event>)]) {
        let messages: Vec<Message> = {
            let mut simulator = self.shown();
            for (at, event) in way {
                simulator.point_at(*at);
                let moved = Event::Mouse(mouse::Event::CursorMoved { position: *at });
                simulator.simulate(std::iter::once(moved).chain(event.map(Event::Mouse)));
            }
            simulator.into_messages().collect()
        };
        messages.into_iter().for_each(|m| self.tell(m));
    }

    fn press(&mut self, key: &str, modifiers: Modifiers) {
        let message = shortcut(&Key::Character(key.into()), modifiers).expect("a shortcut");
        self.tell(message);
    }
}

#[test]
fn shortcuts_edit_and_undo_and_the_draft_follows() {
    let Some(mut bench) = Bench::new() else { return };
    let before = bench.notes();
    bench.press("a", Modifiers::COMMAND);
    assert_eq!(bench.sheet().selected_count(), before.len());
    let up = shortcut(&Key::Named(key::Named::ArrowUp), Modifiers::default()).unwrap();
    bench.tell(up);
    assert!(bench.notes().iter().zip(&before).all(|(n, b)| n.2 == b.2 + 1));
    assert!(bench.screen.is_unsaved());
    // What the timer would do.
    let State::Open(sheet) = &mut bench.screen.state else { panic!("nothing is open") };
    let keeper = sheet.keeper.clone().unwrap();
    keeper.keep(sheet.editor.document(), sheet.origin.as_ref()).unwrap();
    bench.press("z", Modifiers::COMMAND);
    assert_eq!(bench.notes(), before);
    assert!(!bench.screen.is_unsaved());
    bench.press("y", Modifiers::COMMAND);
    assert!(bench.screen.is_unsaved());
    // The window goes without saving: the next start has everything.
    bench.screen.close(None).unwrap();
    drop(keeper);
    let left = drafts(&bench.folder.path().join("state"));
    assert_eq!(left.len(), 1);
    let kept = crate::music::edit::Editor::open(&left[0].read().unwrap());
    let kept: Vec<u8> = kept.document().tracks().iter().flat_map(|t| t.notes()).map(|n| n.note.key.get()).collect();
    assert_eq!(kept, before.iter().map(|n| n.2 + 1).collect::<Vec<_>>());
}

#[test]
fn a_gesture_is_one_step_and_saving_reaches_the_file() {
    let Some(mut bench) = Bench::new() else { return };
    let before = bench.notes();
    let first = bench.sheet().editor.document().tracks()[bench.sheet().track].notes().next().unwrap().id;
    let (key, velocity) = (crate::music::message::Key::masked(60), Velocity::masked(80));
    bench.tell(Message::Roll(Gesture::Pick { id: first, key, velocity, add: false }));
    bench.tell(Message::Roll(Gesture::Done(Some(crate::gui::widget::pianoroll::Done::Shift(0, 2)))));
    let track = &bench.sheet().editor.document().tracks()[bench.sheet().track];
    assert_eq!(track.notes().find(|n| n.id == first).unwrap().note.key.get(), before[0].2 + 2);
    assert_eq!(bench.sheet().editor.next_undo(), Some("Transpose"));
    let path = bench.screen.path().unwrap().to_owned();
    let saved = crate::studio::edit::save(bench.sheet().editor.document(), bench.sheet().origin.as_ref().unwrap());
    let revision = bench.sheet().editor.revision();
    bench.tell(Message::Saved(1, revision, saved));
    assert!(!bench.screen.is_unsaved());
    let read = smf::read(&std::fs::read(path).unwrap()).unwrap().composition;
    assert_eq!(read, bench.sheet().editor.document().composition());
    // Undoing past a save is an edit like any other.
    bench.press("z", Modifiers::COMMAND);
    assert!(bench.screen.is_unsaved());
}

#[test]
fn one_save_at_a_time_and_the_next_knows_the_file_that_the_first_made() {
    let Some(mut bench) = Bench::new() else { return };
    let transpose = |bench: &mut Bench| {
        bench.press("a", Modifiers::COMMAND);
        bench.tell(shortcut(&Key::Named(key::Named::ArrowUp), Modifiers::default()).unwrap());
    };
    let save = |bench: &Bench| {
        let sheet = bench.sheet();
        (sheet.editor.revision(), edit::save(sheet.editor.document(), sheet.origin.as_ref().unwrap()))
    };
    transpose(&mut bench);
    bench.press("s", Modifiers::COMMAND);
    let (revision, first) = save(&bench);
    transpose(&mut bench);
    bench.press("s", Modifiers::COMMAND);
    bench.press("s", Modifiers::COMMAND);
    bench.tell(Message::Saved(1, revision, first));
    assert!(bench.screen.is_unsaved());
    assert!(matches!(bench.sheet().saving, safe::Saving::UnderWay { then: None, .. }), "it is saved once more");
    let (revision, second) = save(&bench);
    bench.tell(Message::Saved(1, revision, second.clone()));
    assert!(second.is_ok() && !bench.screen.is_unsaved());
    assert!(matches!(bench.sheet().saving, safe::Saving::Rests), "and no third time");
    assert!(!repeats(&Message::Do(Command::Save)) && repeats(&Message::Do(Command::Undo)));
}

#[test]
fn changes_that_cannot_be_kept_do_not_make_way() {
    let Some(mut bench) = Bench::new() else { return };
    let state = bench.folder.path().join("state");
    std::fs::remove_dir_all(state.join("drafts")).unwrap();
    std::fs::write(state.join("drafts"), "a file").unwrap();
    bench.press("a", Modifiers::COMMAND);
    bench.tell(shortcut(&Key::Named(key::Named::ArrowUp), Modifiers::default()).unwrap());
    let changed = bench.notes();
    let sheet = bench.sheet();
    let (revision, document) = (sheet.editor.revision(), sheet.editor.document().clone());
    let failed = sheet.keeper.clone().unwrap().keep(&document, None);
    assert!(failed.is_err());
    bench.tell(Message::Kept(1, revision, failed));
    assert_eq!(bench.sheet().kept, None, "what failed is not kept");
    assert!(bench.sheet().keeping, "it is tried again, with no further edit");
    // There is room again.
    bench.tell(Message::Kept(1, revision, Ok(())));
    assert!(bench.shown().find("What you edit is kept safe again.").is_ok());
    let State::Open(sheet) = &mut bench.screen.state else { panic!("nothing is open") };
    sheet.kept = None;
    let lost = bench.sheet().keep_aside().unwrap()().unwrap_err();
    bench.tell(Message::New);
    bench.tell(Message::Opened(2, Err(lost)));
    assert!(bench.screen.is_unsaved());
    assert_eq!(bench.notes(), changed);
    assert!(bench.shown().find("Discard the changes").is_ok());
    // Where there was no draft from the beginning it does not even begin.
    let State::Open(sheet) = &mut bench.screen.state else { panic!("nothing is open") };
    sheet.keeper = None;
    bench.tell(Message::New);
    assert_eq!(bench.notes(), changed);
    bench.tell(Message::Discard);
    assert!(matches!(bench.screen.state, State::Empty));
}

#[test]
fn a_piece_is_opened_with_the_changes_to_it_that_were_not_saved() {
    let Some(mut bench) = Bench::new() else { return };
    let path = bench.screen.path().unwrap().to_owned();
    bench.press("a", Modifiers::COMMAND);
    bench.tell(shortcut(&Key::Named(key::Named::ArrowUp), Modifiers::default()).unwrap());
    let changed = bench.notes();
    bench.sheet().keep_aside().unwrap()().unwrap();
    bench.tell(Message::New);
    let _ = bench.screen.open(path.clone(), &bench.now);
    assert_eq!(bench.notes(), changed, "it had not made way yet");
    bench.tell(Message::New);
    let blank = Editor::open(&sheet::blank(bench.now.beat.tempo, bench.now.beat.signature));
    let new =
        Opened { editor: Box::new(blank), name: "New".into(), origin: None, recovered: None, odd: 0, keeper: None };
    bench.tell(Message::Opened(4, Ok(Box::new(new))));
    let state = bench.folder.path().join("state");
    let latest = Opened::latest(&path, Some(&state)).map(|o| Box::new(o.kept_in(Some(&state))));
    let _ = bench.screen.open(path, &bench.now);
    bench.tell(Message::Opened(5, latest));
    assert_eq!(bench.notes(), changed);
    assert!(bench.screen.is_unsaved());
    let said = bench.screen.said.clone().unwrap().0;
    assert!(said.starts_with("These changes are not saved"), "{said}");
    // They are this sheet's own by now: nobody else's list has them.
    let sheet = bench.sheet();
    sheet.keeper.clone().unwrap().keep(sheet.editor.document(), sheet.origin.as_ref()).unwrap();
    let left = drafts(&state);
    assert_eq!(left.len(), 1, "the older one is there until the newer one is safe");
    let told = bench.screen.update(Message::Kept(5, 0, Ok(())), &bench.now);
    assert!(matches!(told, Action::All(_)));
    assert_eq!(bench.sheet().recovered.as_ref(), left.first(), "and it is this one that goes");
}

/// The keys that an action lets sound or falls silent.
fn sounds(action: Action<Message>) -> Vec<(Trial, Touched)> {
    match action {
        Action::Sound(trial, touched) => vec![(trial, touched)],
        Action::All(actions) => actions.into_iter().flat_map(sounds).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_note_that_is_stepped_to_sounds_in_its_tracks_instrument_for_a_moment() {
    let Some(mut bench) = Bench::new() else { return };
    let violin = crate::music::message::Value::masked(40);
    let track = bench.sheet().track;
    let State::Open(sheet) = &mut bench.screen.state else { panic!("nothing is open") };
    sheet.editor.set_mix(track, Mix { program: violin, ..sheet.tracks[track].mix });
    // What was done behind the screen's back is seen with the next step.
    bench.tell(Message::Do(Command::Undo));
    bench.tell(Message::Do(Command::Redo));
    let step = |bench: &mut Bench| sounds(bench.screen.update(Message::Do(Command::Step(1)), &bench.now));
    let first = step(&mut bench);
    let (trial, key) = (Trial::Instrument(violin), crate::music::message::Key::masked(bench.notes()[0].2));
    assert!(matches!(first.as_slice(), [(t, Touched::Press(k, _))] if *t == trial && *k == key), "{first:?}");
    let second = step(&mut bench);
    assert_eq!(second[0], (trial, Touched::Release(key)));
    assert_eq!(sounds(bench.screen.update(Message::Hush(1), &bench.now)), [], "that one is silent already");
    assert_eq!(sounds(bench.screen.update(Message::Hush(2), &bench.now)).len(), 1);
}

#[test]
fn the_lane_sets_the_velocities_under_it_along_a_line() {
    let Some(mut bench) = Bench::new() else { return };
    let notes = bench.notes();
    let last = notes.last().unwrap().0;
    let line = vec![(Ticks(0), 127), (Ticks(last), 1)];
    bench.tell(Message::Roll(Gesture::Done(Some(crate::gui::widget::pianoroll::Done::Line(line)))));
    let track = &bench.sheet().editor.document().tracks()[bench.sheet().track];
    let velocities: Vec<u8> = track.notes().map(|n| n.note.velocity.get()).collect();
    assert_eq!((velocities[0], *velocities.last().unwrap()), (127, 1));
    assert!(velocities.is_sorted_by(|a, b| a >= b), "{velocities:?}");
}

#[test]
fn the_mouse_draws_a_note_that_is_undone_by_a_click() {
    let Some(mut bench) = Bench::new() else { return };
    // The roll tells its size with the first event.
    bench.mouse(&[(Point::new(700.0, 300.0), None)]);
    let before = bench.notes().len();
    bench.tell(Message::Tool(Tool::Pencil));
    let press = mouse::Event::ButtonPressed(mouse::Button::Left);
    let release = mouse::Event::ButtonReleased(mouse::Button::Left);
    let at = Point::new(900.0, 190.0);
    bench.mouse(&[(at, Some(press)), (Point::new(960.0, 190.0), Some(release))]);
    assert_eq!(bench.notes().len(), before + 1);
    assert_eq!(bench.sheet().selected_count(), 1);
    bench.press("z", Modifiers::COMMAND);
    assert_eq!(bench.notes().len(), before);
}

#[test]
fn tracks_are_mixed_and_the_mix_is_in_the_piece() {
    let Some(mut bench) = Bench::new() else { return };
    let track = bench.sheet().track;
    bench.tell(Message::Tracks(tracks::Message::Volume(50)));
    bench.tell(Message::Tracks(tracks::Message::Volume(40)));
    bench.tell(Message::Tracks(tracks::Message::Released));
    bench.tell(Message::Tracks(tracks::Message::Mute(track)));
    let mix: Mix = bench.sheet().editor.document().tracks()[track].mix();
    assert_eq!((mix.volume.get(), mix.mute), (40, true));
    bench.press("z", Modifiers::COMMAND);
    bench.press("z", Modifiers::COMMAND);
    assert!(!bench.screen.is_unsaved(), "a slider is one step, however long it was held");
}

/// Compares with the committed picture's hash; with `COMPOSER_PICTURES=FOLDER` pictures go there instead.
fn looks_as_agreed(simulator: &mut Simulator<'_, Message>, dark: bool, name: &str) {
    let snapshot = simulator.snapshot(&theme::theme(dark)).unwrap();
    if let Some(folder) = std::env::var_os("COMPOSER_PICTURES") {
        assert!(snapshot.matches_image(PathBuf::from(folder).join(name)).unwrap());
        return;
    }
    let agreed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    assert!(snapshot.matches_hash(agreed).unwrap(), "{name} looks otherwise: look at it, then remove its hash");
}

#[test]
fn the_editor_looks_as_agreed_in_light_and_dark() {
    let Some(mut bench) = Bench::new() else { return };
    bench.mouse(&[(Point::new(700.0, 300.0), None)]);
    let quarter = bench.sheet().quarter();
    bench.tell(Message::Roll(Gesture::Done(Some(crate::gui::widget::pianoroll::Done::Loop(Some((
        Ticks(4 * quarter),
        Ticks(8 * quarter),
    )))))));
    let some = bench.sheet().editor.within(
        bench.sheet().track,
        Ticks(0),
        Ticks(4 * quarter),
        crate::music::message::Key::masked(0),
        crate::music::message::Key::masked(127),
    );
    let State::Open(sheet) = &mut bench.screen.state else { panic!("nothing is open") };
    sheet.select(some);
    sheet.cursor = Ticks(2 * quarter);
    looks_as_agreed(&mut bench.shown(), true, "edit-dark");
    looks_as_agreed(&mut bench.shown(), false, "edit-light");
}

#[test]
fn an_export_shows_how_far_it_is_and_can_be_stopped() {
    let Some(mut bench) = Bench::new() else { return };
    bench.press("e", Modifiers::COMMAND);
    bench.tell(Message::Exporting(0.4));
    assert!(bench.shown().find("Exporting demo …").is_ok());
    bench.press("e", Modifiers::COMMAND);
    assert!(bench.shown().find("demo is being exported; stop that first, or wait.").is_ok());
    let mut window = bench.shown();
    window.click("Stop").unwrap();
    let messages: Vec<Message> = window.into_messages().collect();
    messages.into_iter().for_each(|m| bench.tell(m));
    assert!(bench.shown().find("Exporting demo …").is_err());
    bench.tell(Message::Exported(Err(LibraryError::Stopped)));
    assert!(bench.shown().find("The export was stopped; nothing was written.").is_ok());
}
