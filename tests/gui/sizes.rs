//! Every screen at the sizes that displays leave it at 100 to 200 %: nothing is squeezed, cut off or put on top of
//! something else.

use std::sync::{Arc, Mutex};

use composer::compose::request::{Parameters, Request, SamplingIterations, Variations};
use composer::gui::screen::{compose, edit, jobs, library, practice};
use composer::jobs::job::JobId;
use composer::settings::Folders;
use composer::studio::compose::atelier::{self, Melody};
use composer::studio::compose::lineage::Lineage;
use composer::studio::compose::sample::SAMPLES;
use composer::studio::jobs::board::{Job, JobState};
use composer::studio::library as files;
#[cfg(feature = "train")]
use composer::studio::models::Taught;
use iced_test::core::{Event, Point, Rectangle, mouse};
use iced_test::selector::Candidate;

use super::*;

/// A window over a folder of files.
fn library_of(theme: ThemeSetting) -> Option<(Studio, tempfile::TempDir)> {
    let Some(mut folders) = Folders::of_platform() else {
        eprintln!("SKIPPED: this user has no home folder");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    folders.library = folder.path().to_owned();
    folders.state = folder.path().join(".state");
    folders.models = folder.path().join(".models");
    for name in ["Morning.mid", "A piece with a long name that says what it is about, and when.mid", "Evening 2.mid"] {
        let to = folder.path().join(name);
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/melodies/demo.mid"), &to).unwrap();
        let recorded = std::time::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        std::fs::File::options().write(true).open(&to).unwrap().set_modified(recorded).unwrap();
    }
    let mut settings = Settings::default();
    settings.window.theme = theme;
    let mut now = Now::new(settings, Some(folders));
    // Wherever this runs, the pictures have the same dates in them.
    now.zone = jiff::tz::TimeZone::UTC;
    let mut studio = Studio::without_desk(now);
    tell(&mut studio, all_is_well());
    tell(&mut studio, [Report::Captured(Captured { notes: 7 }), Report::Piece(demo())]);
    let _ = studio.update(Message::Examined(checks()));

    let _ = studio.update(Message::Go(Screen::Library));
    let look = Box::new(files::look(folder.path()));
    let tell_library = |studio: &mut Studio, message| drop(studio.update(Message::Library(message)));
    tell_library(&mut studio, library::Message::Listed(look));
    let all = ["Morning.mid", "A piece with a long name that says what it is about, and when.mid", "Evening 2.mid"];
    let read = all.map(|name| folder.path().join(name)).map(|path| (path.clone(), files::summarise(&path)));
    tell_library(&mut studio, library::Message::Read(read.into()));
    tell_library(&mut studio, library::Message::Select(folder.path().join("Morning.mid")));
    tell_library(&mut studio, library::Message::TagsTyped("etude, D minor".to_owned()));
    tell_library(&mut studio, library::Message::TagsSet);
    Some((studio, folder))
}

/// The same, with a file that is edited, a composition and jobs.
fn everything(theme: ThemeSetting) -> Option<(Studio, tempfile::TempDir)> {
    let (mut studio, folder) = library_of(theme)?;
    let _ = studio.update(Message::Go(Screen::Edit));
    let file = folder.path().join("A piece with a long name that says what it is about, and when.mid");
    let _ = studio.update(Message::Dropped(file.clone()));
    let opened = edit::Opened::read(&file).map(Box::new);
    let _ = studio.update(Message::Edit(edit::Message::Opened(1, opened)));

    let _ = studio.update(Message::Go(Screen::Compose));
    let tell_compose = |studio: &mut Studio, message| drop(studio.update(Message::Compose(message)));
    tell_compose(&mut studio, compose::Message::Choose(compose::Offer::sample(SAMPLES[1])));
    let melody = Melody::of(SAMPLES[1].name, SAMPLES[1].melody().unwrap());
    tell_compose(&mut studio, compose::Message::Read(1, Ok(Arc::new(melody.clone()))));
    tell_compose(&mut studio, compose::Message::Begin);
    let drafts = SamplingIterations::new(1).unwrap();
    let variations = Variations::new(2).unwrap();
    let parameters = Parameters { sampling_iterations: drafts, variations, ..Parameters::default() };
    let request = Request { parameters, ..Request::default() };
    let lineage = Lineage::begin(&melody.name, &melody.composition);
    let made = atelier::compose(folder.path(), &melody.composition, &lineage, &request, || true, &mut |_| ());
    tell_compose(&mut studio, compose::Message::Made(2, made));

    let _ = studio.update(Message::Go(Screen::Practice));
    let piece = Arc::new(Piece::of(SAMPLES[1].name.to_owned(), &SAMPLES[1].whole().unwrap()));
    let _ = studio.update(Message::Practice(practice::Message::Read(1, Ok(piece))));

    let _ = studio.update(Message::Go(Screen::Learn));
    tell(&mut studio, [super::melody(), pulse(5_000, 0)]);

    let _ = studio.update(Message::Go(Screen::Jobs));
    let job = |name: &str, state: JobState, minutes: u64| Job {
        id: JobId::new(),
        name: name.to_owned(),
        what: "chorale, seed 0".to_owned(),
        state,
        age: Some(Duration::from_secs(60 * minutes)),
        attempt: 1,
    };
    let jobs = vec![
        job("Amazing Grace.mid", JobState::Running { share: 0.4, stage: "composing", partial: true }, 1),
        job("Scarborough Fair.mid", JobState::Waiting, 2),
        job("A piece with a long name that says what it is about.mid", JobState::Done(3), 90),
        job("Drums.mid", JobState::Failed("there are no notes in it that a voice could sing".to_owned()), 4_000),
    ];
    let _ = studio.update(Message::Jobs(jobs::Message::Listed(1, Ok(jobs))));
    #[cfg(feature = "train")]
    training(&mut studio, folder.path());
    Some((studio, folder))
}

/// A training that is half way.
#[cfg(feature = "train")]
fn training(studio: &mut Studio, folder: &Path) {
    use composer::compose::training::HeldOut;
    use composer::gui::screen::train;
    use composer::studio::train::wish::{Gathered, News};
    use composer::studio::train::{Event, LeftOut, Measured};

    let _ = studio.update(Message::Go(Screen::Train));
    let mut tell = |message| drop(studio.update(Message::Train(message)));
    // A name that does not change from run to run.
    tell(train::Message::Name("My songs".to_owned()));
    tell(train::Message::Source("~/Music/My songs".to_owned()));
    tell(train::Message::Found(
        vec![Taught { name: "Carols".to_owned(), path: folder.join("Carols.safetensors") }],
        Vec::new(),
    ));
    tell(train::Message::Begin);
    let left_out = |name: &str, reason: &str| LeftOut { name: name.to_owned(), reason: reason.to_owned() };
    let left_out = vec![
        left_out("drums.mid", "there are no notes in it that a voice could sing"),
        left_out("Live/a piece with a long name.mid", "it was played without a metronome"),
    ];
    let mut news = |news| tell(train::Message::News(1, news));
    news(News::Gathered(Gathered { learned: 8, held_out: 2, left_out, steps: 500, epoch: 25 }));
    for step in (2..=300).step_by(2) {
        let (fallen, wave) = ((-f64::from(step) / 180.0).exp(), (f64::from(step) / 7.0).sin());
        news(News::Event(Event::Point { step, loss: 1.9 + 0.6 * fallen + 0.05 * wave }));
        if step % 50 == 0 {
            let held_out = HeldOut { chronological: 2.0 + 0.5 * fallen, atb_given_s: 1.4 + 0.4 * fallen };
            news(News::Event(Event::Measured { measured: Measured { step, held_out }, best: true }));
        }
    }
    news(News::Event(Event::Step { step: 300, loss: 1.9, left: Duration::from_secs(75) }));
}

/// Every page of Learn, with what the model and the store would tell.
#[test]
fn the_pages_of_learn_look_as_agreed() {
    use composer::gui::screen::learn::{self, Counts, Page};
    use composer::studio::compose::passes::{Frame, Told};
    let mut studio = studio(ThemeSetting::Dark);
    tell(&mut studio, all_is_well());
    let _ = studio.update(Message::Go(Screen::Learn));
    tell(&mut studio, [melody(), pulse(5_000, 0)]);
    for (page, name) in Page::ALL.into_iter().zip(["learn-talk", "learn-roll", "learn-fill", "learn-work"]) {
        let mut tell = |message| drop(studio.update(Message::Learn(message)));
        tell(learn::Message::Go(page));
        if page == Page::Fill {
            let melody = Melody::of(SAMPLES[1].name, SAMPLES[1].melody().unwrap());
            let up_to = Micros(melody.piece.length().0 / 3);
            let whole = Arc::new(Piece::of(String::new(), &SAMPLES[1].whole().unwrap()));
            let written = |n: &&composer::studio::desk::PieceNote| (2..4).contains(&n.track) && n.start < up_to;
            let notes = whole.notes.iter().filter(written).copied().collect();
            tell(learn::Message::Told(0, Box::new(Told::Melody(melody, true))));
            tell(learn::Message::Told(0, Box::new(Told::Frame(Frame { notes, up_to, piece: whole }))));
        }
        let place = "/home/clara/jobs".to_owned();
        let counts = Counts { place, waiting: 2, running: 1, done: 14, failed: 1, cancelled: 0 };
        tell(learn::Message::Counted(Ok(counts)));
        let faults = faults(&studio, SMALLEST);
        assert!(faults.is_empty(), "{name}: {}", faults.join("\n"));
        picture(&studio, SMALLEST, name);
    }
}

/// Shows a screen in a window of a size; canvases learn their size from the first event.
fn show(studio: &mut Studio, screen: Screen, size: Size) {
    let _ = studio.update(Message::Go(screen));
    let mut window = simulator(studio, size);
    let position = Point::new(size.width / 2.0, size.height / 2.0);
    window.point_at(position);
    let _ = window.simulate([Event::Mouse(mouse::Event::CursorMoved { position })]);
    let messages: Vec<Message> = window.into_messages().collect();
    messages.into_iter().for_each(|m| drop(studio.update(m)));
}

/// Something that is drawn: where it lies, what can be seen of it, and whether it lies in something that scrolls.
#[derive(Clone, Debug)]
struct Drawn {
    bounds: Rectangle,
    seen: Option<Rectangle>,
    scrolls: bool,
    words: Option<String>,
}

fn drawn(studio: &Studio, size: Size) -> Vec<Drawn> {
    let all: Arc<Mutex<Vec<Drawn>>> = Arc::default();
    let (into, mut scrolled) = (Arc::clone(&all), Vec::<Rectangle>::new());
    let collect = move |candidate: Candidate<'_>| -> Option<()> {
        let (bounds, seen, words) = match candidate {
            Candidate::Scrollable { content_bounds, .. } => {
                scrolled.push(content_bounds);
                return None;
            }
            Candidate::Focusable { bounds, visible_bounds, .. } => (bounds, visible_bounds, None),
            Candidate::Text { bounds, visible_bounds, content, .. } => {
                (bounds, visible_bounds, Some(content.to_owned()))
            }
            _ => return None,
        };
        let scrolls = scrolled.iter().any(|content| content.contains(bounds.center()));
        into.lock().unwrap().push(Drawn { bounds, seen, scrolls, words });
        None
    };
    let _ = simulator(studio, size).find(collect);
    let found = all.lock().unwrap().clone();
    assert!(found.len() > 10, "the window is empty");
    found
}

fn overlap(a: &Rectangle, b: &Rectangle) -> bool {
    let within = |a: &Rectangle, b: &Rectangle| a.expand(0.5).is_within(&b.expand(1.0));
    let both = a.intersection(b).is_some_and(|both| both.width > 1.0 && both.height > 1.0);
    both && !within(a, b) && !within(b, a)
}

/// What is wrong with a screen, if anything is.
fn faults(studio: &Studio, size: Size) -> Vec<String> {
    let all = drawn(studio, size);
    let window = Rectangle::with_size(size);
    let controls: Vec<&Drawn> = all.iter().filter(|d| d.words.is_none()).collect();
    let mut faults = Vec::new();
    for (n, control) in controls.iter().enumerate() {
        let b = control.bounds;
        let name =
            all.iter().find(|d| d.words.is_some() && b.contains(d.bounds.center())).and_then(|d| d.words.clone());
        let name = format!("{} at {b:?}", name.unwrap_or_else(|| "an icon".to_owned()));
        if b.width < 20.0 || b.height < 16.0 {
            faults.push(format!("squeezed: {name}"));
        }
        let all_seen = b.is_within(&window.expand(0.5));
        if !control.scrolls && !all_seen {
            faults.push(format!("beyond the window: {name}"));
        }
        if controls[n + 1..].iter().any(|other| !control.scrolls && !other.scrolls && overlap(&b, &other.bounds)) {
            faults.push(format!("under another: {name}"));
        }
    }
    for label in all.iter().filter(|d| d.words.is_some()) {
        let holds =
            |c: &&&Drawn| c.seen.is_some() && c.bounds.height < 60.0 && c.bounds.contains(label.bounds.center());
        let around = controls.iter().find(holds);
        if let Some(around) = around.filter(|c| label.bounds.height > c.bounds.height + 1.0) {
            faults.push(format!("{:?} is higher than its button {:?}", label.words, around.bounds));
        }
        if !label.scrolls && label.seen.is_none() && label.bounds.width > 1.0 {
            faults.push(format!("not to be seen: {:?} at {:?}", label.words, label.bounds));
        }
    }
    faults
}

#[test]
fn every_control_can_be_seen_and_hit_at_every_size() {
    let Some((mut studio, _folder)) = everything(ThemeSetting::Dark) else { return };
    let mut faults_of_all = Vec::new();
    for size in SIZES {
        for screen in Screen::ALL {
            show(&mut studio, screen, size);
            faults_of_all.extend(faults(&studio, size).into_iter().map(|f| format!("{screen:?} at {size:?}: {f}")));
        }
    }
    assert!(faults_of_all.is_empty(), "{}", faults_of_all.join("\n"));
}

#[test]
fn every_screen_looks_as_agreed_in_the_smallest_window() {
    let Some((mut studio, _folder)) = everything(ThemeSetting::Light) else { return };
    for screen in Screen::ALL {
        show(&mut studio, screen, TWICE);
        picture(&studio, TWICE, &format!("small-{}", screen.name().to_lowercase()));
    }
    let _ = studio.update(Message::Help);
    picture(&studio, TWICE, "small-help");
}

#[test]
fn the_trash_looks_as_agreed_in_the_smallest_window() {
    let Some((mut studio, folder)) = library_of(ThemeSetting::Dark) else { return };
    show(&mut studio, Screen::Library, TWICE);
    let at = |name: &str| folder.path().join(name);
    let deleted = |name: &str, seconds: i64| files::Trashed {
        original: at(name),
        kept: at(".composer-trash").join(name),
        deleted: jiff::Timestamp::from_second(1_795_000_000 + seconds).ok(),
        size: 1_234,
    };
    let names =
        ["Noon.mid", "Album/A piece with a long name that says what it is about, and when, and for whom it was.mid"];
    let trashed = names.iter().zip([90_000, 0]).map(|(name, at)| deleted(name, at)).collect();
    let tell = |studio: &mut Studio, message| drop(studio.update(Message::Library(library::Message::Bin(message))));
    tell(&mut studio, library::TrashMessage::Show(true));
    tell(&mut studio, library::TrashMessage::Found(trashed));
    tell(&mut studio, library::TrashMessage::Discard(Some(1)));
    picture(&studio, TWICE, "small-trash");
    let faults: Vec<String> = SIZES.iter().flat_map(|size| faults(&studio, *size)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
