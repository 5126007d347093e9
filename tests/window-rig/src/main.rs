//! windowrig: measures composer's window from outside, as somebody who sits in front of it sees it.
//!
//! A frame's time is the time from a turn of the wheel, sent by the X server, to the picture that answers it on the
//! server: input, update, layout, drawing by the processor, copying. One turn is sent at a time.
//!
//! usage: windowrig COMPOSER [start] [idle] [roll] [library] [keyboard] [draft]     (all of them without a name)
//!        windowrig COMPOSER pictures PIECE.mid FOLDER      (the window's pictures for the README)
//!        windowrig COMPOSER busy COMMAND...                (runs a command while the window is as busy as can be)
//! With `WINDOWRIG_PICTURES=FOLDER` it leaves pictures of what it measured there.

mod display;
mod music;
mod program;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use display::{Display, HEIGHT, WIDTH, keys};
use program::Program;

pub type Failure = Box<dyn Error>;

const NOTES: u32 = 1_000_000;
const FILES: u32 = 5_000;
/// Debian's `timgm6mb-soundfont`: 6 MB.
const SOUNDFONT: &str = "/usr/share/sounds/sf2/TimGM6mb.sf2";
const PATIENCE: Duration = Duration::from_secs(20);

/// The targets.
const FIRST_FRAME: f64 = 500.0;
const MEDIAN: f64 = 16.0;
const WORST: f64 = 33.0;
/// An edit, seen as at once.
const EDITED: (f64, f64) = (50.0, 100.0);
const MEMORY: f64 = 200.0;
const IDLE: f64 = 1.0;

/// What was measured, and whether all of it was reached.
struct Table {
    missed: bool,
    /// Where pictures of what was measured are wanted.
    pictures: Option<PathBuf>,
}

impl Table {
    fn line(&mut self, what: &str, figures: &str, reached: bool) {
        self.missed |= !reached;
        println!("{what:<44} {figures:<44} {}", if reached { "ok" } else { "MISSED" });
    }

    /// How long something took, against the most that its median and its worst may be.
    fn answers(&mut self, what: &str, mut times: Vec<f64>, most: (f64, f64)) {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let (median, p99, worst) = (at(0.5), at(0.99), at(1.0));
        let figures = format!("median {median:5.1} ms, p99 {p99:5.1}, worst {worst:5.1}, n {}", times.len());
        self.line(what, &figures, median <= most.0 && worst <= most.1);
    }

    /// Frames of what is seen on the display.
    fn frames(&mut self, what: &str, display: &Display, times: Vec<f64>) -> Result<(), Failure> {
        if let Some(folder) = &self.pictures {
            display.keep(&folder.join(format!("{what}.png")))?;
        }
        self.answers(what, times, (MEDIAN, WORST));
        Ok(())
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(composer) = arguments.next() else {
        eprintln!("usage: windowrig COMPOSER [start] [idle] [roll] [library] [keyboard] [draft]");
        return ExitCode::from(2);
    };
    let wanted: Vec<String> = arguments.collect();
    let folder = std::env::temp_dir().join(format!("windowrig-{}", std::process::id()));
    let outcome = fs::create_dir_all(&folder)
        .map_err(Failure::from)
        .and_then(|()| measure(&PathBuf::from(composer), &folder, &wanted));
    let _ = fs::remove_dir_all(&folder);
    match outcome {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("windowrig: {e}");
            ExitCode::FAILURE
        }
    }
}

fn measure(composer: &Path, folder: &Path, wanted: &[String]) -> Result<bool, Failure> {
    let display = Display::start(folder)?;
    if let [first, piece, to] = wanted
        && first == "pictures"
    {
        pictures(composer, &display, folder, Path::new(piece), Path::new(to))?;
        return Ok(false);
    }
    if let [first, command @ ..] = wanted
        && first == "busy"
    {
        return busy(composer, &display, folder, command);
    }
    let mut table = Table { missed: false, pictures: std::env::var_os("WINDOWRIG_PICTURES").map(PathBuf::from) };
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|w| w == part);
    println!("{WIDTH}x{HEIGHT}, drawn by the processor, on Xvfb");
    if wants("start") {
        start(composer, &display, folder, &mut table)?;
    }
    if wants("idle") {
        idle(composer, &display, folder, &mut table)?;
    }
    if wants("roll") {
        roll(composer, &display, folder, &mut table)?;
    }
    if wants("keyboard") {
        keyboard(composer, &display, folder, &mut table)?;
    }
    if wants("draft") {
        draft(composer, &display, folder, &mut table)?;
    }
    if wants("library") {
        library(composer, &display, folder, &mut table)?;
    }
    Ok(table.missed)
}

/// Waits until something is painted; how long that took.
fn painted(display: &Display, since: Instant) -> Result<f64, Failure> {
    while since.elapsed() < PATIENCE {
        if let Some(at) = display.picture(Duration::from_millis(50))?
            && display.is_painted()?
        {
            return Ok((at - since).as_secs_f64() * 1e3);
        }
    }
    Err("the window did not come".into())
}

fn open(composer: &Path, display: &Display, home: &Path, arguments: &[&str]) -> Result<Program, Failure> {
    let program = Program::start(composer, display, home, arguments)?;
    painted(display, Instant::now())?;
    display.fill_screen()?;
    display.rest(Duration::from_secs(1))?;
    Ok(program)
}

/// Runs a command while the editor plays a hundred thousand notes (silently) on JACK and is scrolled without a pause, one
/// frame after the other. Whether the command failed.
fn busy(composer: &Path, display: &Display, folder: &Path, command: &[String]) -> Result<bool, Failure> {
    let home = folder.join("busy");
    let library = home.join("Composer");
    fs::create_dir_all(&library)?;
    music::write_at(&library.join("silent.mid"), 100_000, "A hundred thousand notes", 0)?;
    let settings = home.join("settings.toml");
    fs::write(&settings, "[sound]\noutput = \"jack\"\nreverb = false\nchorus = false\n")?;
    let _program = open(composer, display, &home, &["--settings", &settings.display().to_string()])?;
    display.key(&[keys::CONTROL], u32::from(b'2'))?;
    display.rest(Duration::from_secs(2))?;
    for key in [keys::ARROW_DOWN, keys::ENTER] {
        display.key(&[], key)?;
        display.rest(Duration::from_secs(1))?;
    }
    display.key(&[], u32::from(b' '))?;
    std::thread::sleep(Duration::from_secs(2));
    display.point((WIDTH / 2) as i16, (HEIGHT / 2) as i16)?;
    let (name, arguments) = command.split_first().ok_or("which command?")?;
    let mut child = std::process::Command::new(name).args(arguments).spawn()?;
    let (begun, mut frames) = (Instant::now(), 0);
    display.hold(keys::CONTROL)?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        display.button(if frames % 120 < 60 { DOWN } else { UP })?;
        frames += u32::from(display.picture(Duration::from_millis(100))?.is_some());
    };
    display.let_go(keys::CONTROL)?;
    println!("    meanwhile {:.0} frames a second", f64::from(frames) / begun.elapsed().as_secs_f64());
    Ok(!status.success())
}

/// A piece that plays, and the same in the editor.
fn pictures(composer: &Path, display: &Display, folder: &Path, piece: &Path, to: &Path) -> Result<(), Failure> {
    let home = folder.join("pictures");
    let library = home.join("Composer");
    fs::create_dir_all(&library)?;
    let copy = library.join(piece.file_name().ok_or("the piece has no name")?);
    fs::copy(piece, &copy)?;
    let script = home.join("keys.txt");
    fs::write(&script, "at 600000\n")?;
    let keyboard = format!("--virtual={}", script.display());
    let settings = settings_with_soundfont(&home)?;
    let arguments = [&keyboard, "--settings", &settings, &copy.display().to_string()];
    let _program = open(composer, display, &home, &arguments)?;
    std::thread::sleep(Duration::from_secs(8));
    display.key(&[], u32::from(b' '))?;
    std::thread::sleep(Duration::from_millis(9_300));
    display.keep(&to.join("studio.png"))?;
    display.key(&[], u32::from(b' '))?;
    display.key(&[keys::CONTROL], u32::from(b'2'))?;
    display.rest(Duration::from_secs(1))?;
    display.key(&[], keys::ARROW_DOWN)?;
    display.rest(Duration::from_millis(500))?;
    display.keep(&to.join("library.png"))?;
    display.key(&[], keys::ENTER)?;
    display.rest(Duration::from_secs(1))?;
    display.key(&[keys::CONTROL], u32::from(b'a'))?;
    display.rest(Duration::from_secs(1))?;
    display.keep(&to.join("editor.png"))
}

/// A settings' file that names the SoundFont that targets and pictures are for, whatever larger ones a system has.
fn settings_with_soundfont(home: &Path) -> Result<String, Failure> {
    let settings = home.join("settings.toml");
    let font = Some(SOUNDFONT).filter(|font| Path::new(font).exists());
    fs::write(&settings, font.map(|font| format!("[sound]\nsoundfont = \"{font}\"\n")).unwrap_or_default())?;
    Ok(settings.display().to_string())
}

/// From the start of the process to the first picture; the first time apart, when a home is made.
fn start(composer: &Path, display: &Display, folder: &Path, table: &mut Table) -> Result<(), Failure> {
    let home = folder.join("start");
    fs::create_dir_all(&home)?;
    let mut times = Vec::new();
    for _ in 0..9 {
        display.rest(Duration::from_millis(300))?;
        let begun = Instant::now();
        let program = Program::start(composer, display, &home, &[])?;
        times.push(painted(display, begun)?);
        drop(program);
    }
    times.sort_by(f64::total_cmp);
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    let figures = format!("median {median:.0} ms, worst {worst:.0} ms, n {}", times.len());
    table.line("start of the process to the first frame", &figures, worst <= FIRST_FRAME);
    Ok(())
}

/// Memory and processor while nobody plays.
fn idle(composer: &Path, display: &Display, folder: &Path, table: &mut Table) -> Result<(), Failure> {
    let home = folder.join("idle");
    fs::create_dir_all(&home)?;
    let program = open(composer, display, &home, &["--settings", &settings_with_soundfont(&home)?])?;
    std::thread::sleep(Duration::from_secs(5));
    let (resident, own) = program.memory()?;
    table.line("memory", &format!("{resident:.0} MB, {own:.0} MB of it its own"), resident <= MEMORY);
    rest(&program, display, "idle for 30 s", table)
}

/// Processor while nobody does anything, of all threads and of those that take most of it.
fn rest(program: &Program, display: &Display, what: &str, table: &mut Table) -> Result<(), Failure> {
    let (before, begun) = (program.processor()?, Instant::now());
    let mut pictures = 0;
    while begun.elapsed() < Duration::from_secs(30) {
        pictures += u32::from(display.picture(Duration::from_secs(1))?.is_some());
    }
    let (after, seconds) = (program.processor()?, begun.elapsed().as_secs_f64());
    let sum = |threads: &[(String, Duration)]| threads.iter().map(|(_, time)| time.as_secs_f64()).sum::<f64>();
    let share = 100.0 * (sum(&after) - sum(&before)) / seconds;
    table.line(what, &format!("{share:.2} % of a core, {pictures} frames"), share <= IDLE);
    let mut threads: Vec<_> = after
        .iter()
        .map(|(name, time)| {
            let earlier = before.iter().filter(|(n, _)| n == name).map(|(_, t)| *t).sum::<Duration>();
            (time.saturating_sub(earlier), name)
        })
        .filter(|(time, _)| !time.is_zero())
        .collect();
    threads.sort();
    for (time, name) in threads.iter().rev().take(4) {
        println!("    {name}: {:.2} %", 100.0 * time.as_secs_f64() / seconds);
    }
    Ok(())
}

/// Turns the wheel so often, one turn at a time, and takes the time until each is seen. A turn that changes nothing (the
/// end is reached) is not counted.
fn wheel(display: &Display, turns: &[u8]) -> Result<Vec<f64>, Failure> {
    let mut times = Vec::new();
    for button in turns {
        let begun = Instant::now();
        display.button(*button)?;
        if let Some(at) = display.picture(Duration::from_millis(500))? {
            times.push((at - begun).as_secs_f64() * 1e3);
        }
        // What follows from the picture (a tip, a scroll bar's colour) is not a part of the next.
        display.rest(Duration::from_millis(8))?;
    }
    if times.len() * 2 < turns.len() {
        return Err(format!("of {} turns of the wheel {} were answered", turns.len(), times.len()).into());
    }
    Ok(times)
}

/// Presses a key so often, as `wheel` turns the wheel.
fn press(display: &Display, held: &[u32], symbol: u32, times: usize) -> Result<Vec<f64>, Failure> {
    let mut answers = Vec::new();
    for _ in 0..times {
        let begun = Instant::now();
        display.key(held, symbol)?;
        let at = display.picture(PATIENCE)?.ok_or("a key was not answered")?;
        answers.push((at - begun).as_secs_f64() * 1e3);
        display.rest(Duration::from_millis(100))?;
    }
    Ok(answers)
}

const UP: u8 = 4;
const DOWN: u8 = 5;

/// A million notes in the editor.
fn roll(composer: &Path, display: &Display, folder: &Path, table: &mut Table) -> Result<(), Failure> {
    let home = folder.join("roll");
    let library = home.join("Composer");
    fs::create_dir_all(&library)?;
    music::write(&library.join("million.mid"), NOTES, "A million notes")?;
    let program = open(composer, display, &home, &[])?;
    display.key(&[keys::CONTROL], u32::from(b'2'))?;
    display.rest(Duration::from_secs(2))?;
    display.key(&[], keys::ARROW_DOWN)?;
    display.rest(Duration::from_secs(1))?;
    let begun = Instant::now();
    display.key(&[], keys::ENTER)?;
    let mut last = begun;
    while let Some(at) = display.picture(Duration::from_secs(3))? {
        last = at;
    }
    let seconds = (last - begun).as_secs_f64();
    table.line("a million notes: read, opened and drawn", &format!("{seconds:.2} s"), seconds < 3.0);
    display.point((WIDTH / 2) as i16, (HEIGHT / 2) as i16)?;
    display.rest(Duration::from_secs(1))?;
    let there_and_back = |turns: usize| [vec![DOWN; turns], vec![UP; turns]].concat();
    let back_and_there = |turns: usize| [vec![UP; turns], vec![DOWN; turns]].concat();

    display.hold(keys::SHIFT)?;
    let times = wheel(display, &there_and_back(150))?;
    table.frames("scroll in time, near", display, times)?;
    display.let_go(keys::SHIFT)?;
    let times = wheel(display, &back_and_there(8))?;
    table.frames("scroll over the keys, near", display, times)?;
    display.hold(keys::CONTROL)?;
    let times = wheel(display, &there_and_back(60))?;
    table.frames("zoom from near to everything and back", display, times)?;
    for (turns, what) in [(8, "a little farther"), (8, "farther"), (14, "far")] {
        wheel(display, &vec![DOWN; turns])?;
        display.let_go(keys::CONTROL)?;
        display.hold(keys::SHIFT)?;
        let times = wheel(display, &there_and_back(60))?;
        table.frames(&format!("scroll in time, {what}"), display, times)?;
        display.let_go(keys::SHIFT)?;
        let times = wheel(display, &back_and_there(8))?;
        table.frames(&format!("scroll over the keys, {what}"), display, times)?;
        display.hold(keys::CONTROL)?;
    }
    display.let_go(keys::CONTROL)?;
    display.key(&[], u32::from(b'f'))?;
    display.rest(Duration::from_millis(500))?;
    let times = wheel(display, &back_and_there(8))?;
    table.frames("scroll over the keys, everything", display, times)?;
    display.key(&[], u32::from(b'n'))?;
    display.rest(Duration::from_millis(500))?;
    table.answers("an arrow moves one note of the million", press(display, &[], keys::ARROW_UP, 20)?, EDITED);
    table.answers("it is undone", press(display, &[keys::CONTROL], u32::from(b'z'), 20)?, EDITED);
    let (resident, _) = program.memory()?;
    println!("    memory with a million notes: {resident:.0} MB");
    Ok(())
}

/// A library of thousands.
fn library(composer: &Path, display: &Display, folder: &Path, table: &mut Table) -> Result<(), Failure> {
    let home = folder.join("library");
    let library = home.join("Composer");
    fs::create_dir_all(&library)?;
    for n in 0..FILES {
        music::write(&library.join(format!("take {n}.mid")), 40 + n % 200, "A take")?;
    }
    let program = open(composer, display, &home, &[])?;
    let begun = Instant::now();
    display.key(&[keys::CONTROL], u32::from(b'2'))?;
    let first = display.picture(PATIENCE)?.ok_or("the library did not come")?;
    let mut last = first;
    while let Some(at) = display.picture(Duration::from_millis(1_500))? {
        last = at;
    }
    let (first, last) = ((first - begun).as_secs_f64() * 1e3, (last - begun).as_secs_f64());
    table.line(
        &format!("{FILES} files: shown, and all of them read"),
        &format!("{first:.0} ms, {last:.2} s"),
        first < 100.0,
    );
    display.point(500, (HEIGHT / 2) as i16)?;
    display.rest(Duration::from_secs(1))?;
    let times = wheel(display, &[vec![DOWN; 200], vec![UP; 100]].concat())?;
    table.frames(&format!("scroll among {FILES} files"), display, times)?;
    // Its folder is looked at once a second, by a thread named "beside".
    display.rest(Duration::from_secs(3))?;
    rest(&program, display, &format!("30 s at rest beside {FILES} files"), table)
}

/// A keyboard's key, its departure and its return: how long after the fact each is seen. The script of the virtual keyboard
/// says when; the key is the clock that the others are held against.
fn keyboard(composer: &Path, display: &Display, folder: &Path, table: &mut Table) -> Result<(), Failure> {
    let home = folder.join("keyboard");
    fs::create_dir_all(&home)?;
    let script = home.join("keys.txt");
    fs::write(&script, "at 6000\nnote_on 60 100\nat 9000\nunplug\nat 12000\nplug\nat 60000\n")?;
    let _program = open(composer, display, &home, &[&format!("--virtual={}", script.display())])?;
    let mut seen = Vec::new();
    let mut line = display.foot()?;
    let key = display.picture(PATIENCE)?.ok_or("the key was not shown")?;
    while seen.len() < 2 && key.elapsed() < PATIENCE {
        if let Some(at) = display.picture(Duration::from_millis(100))? {
            let now = display.foot()?;
            if now != line {
                line = now;
                seen.push((at - key).as_secs_f64());
            }
        }
    }
    let [away, back] = seen[..] else { return Err("the keyboard's departure was not shown".into()) };
    let (away, back) = ((away - 3.0) * 1e3, (back - 6.0) * 1e3);
    let figures = format!("{away:.0} ms, return {back:.0} ms (after a key would be)");
    table.line("the keyboard's departure is shown", &figures, away < 1_000.0 && back < 1_000.0);
    Ok(())
}

/// How soon an edit is on disk.
fn draft(composer: &Path, display: &Display, folder: &Path, table: &mut Table) -> Result<(), Failure> {
    for (notes, what) in [(2_000, "2,000 notes"), (NOTES, "a million notes")] {
        let home = folder.join(format!("draft-{notes}"));
        let library = home.join("Composer");
        fs::create_dir_all(&library)?;
        music::write(&library.join("piece.mid"), notes, "A piece")?;
        let _program = open(composer, display, &home, &[])?;
        for keys in [&[keys::CONTROL, u32::from(b'2')][..], &[keys::ARROW_DOWN], &[keys::ENTER], &[u32::from(b'n')]] {
            let (symbol, held) = keys.split_last().ok_or("no key")?;
            display.key(held, *symbol)?;
            display.rest(Duration::from_millis(1_500))?;
        }
        let drafts = home.join(".local/state/composer/drafts");
        let kept = || {
            let files = fs::read_dir(&drafts).into_iter().flatten().flatten();
            let draft = files.map(|f| f.path()).find(|p| p.extension().is_some_and(|e| e == "draft"))?;
            fs::metadata(draft).and_then(|m| m.modified()).ok()
        };
        let mut times = Vec::new();
        for _ in 0..10 {
            let (before, begun) = (kept(), Instant::now());
            display.key(&[], keys::ARROW_UP)?;
            while kept() == before && begun.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(2));
            }
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            display.rest(Duration::from_millis(700))?;
        }
        times.sort_by(f64::total_cmp);
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        // The draft is written beside the window: whoever goes on looking must not feel it.
        display.point((WIDTH / 2) as i16, (HEIGHT / 2) as i16)?;
        display.rest(Duration::from_millis(700))?;
        let mut meanwhile = Vec::new();
        for way in [DOWN, UP, DOWN] {
            display.key(&[], keys::ARROW_UP)?;
            display.rest(Duration::from_millis(100))?;
            display.hold(keys::SHIFT)?;
            meanwhile.extend(wheel(display, &[way; 100])?);
            display.let_go(keys::SHIFT)?;
        }
        table.answers(&format!("scroll while {what} are kept"), meanwhile, (MEDIAN, WORST));
        table.line(
            &format!("an edit is safe, {what}"),
            &format!("median {median:.0} ms, worst {worst:.0} ms"),
            worst < 1e3,
        );
    }
    Ok(())
}
