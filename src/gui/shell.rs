//! The application: it holds the desk and the screens, hands reports to all of them and carries out
//! what they want.

mod changes;
mod keys;
mod leaving;
mod saying;
mod strip;
#[cfg(feature = "train")]
mod training;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iced::futures::channel::mpsc;
use iced::theme::Mode;
use iced::widget::{column, container, row, stack};
use iced::{Element, Length, Subscription, Task, Theme, clipboard, event, keyboard, system, window};

use super::now::Now;
use super::screen::compose::{self, Compose};
use super::screen::devices::{self, Devices};
use super::screen::edit::{self, Edit};
use super::screen::jobs::{self, Jobs};
use super::screen::learn::{self, Learn};
use super::screen::library::{self, Library};
use super::screen::play::{self, Play};
use super::screen::practice::{self, Practice};
use super::screen::settings::{self as settings_screen, Settings};
#[cfg(feature = "train")]
use super::screen::train::{self, Train};
use super::screen::{Action, Screen};
use super::widget::keys::Touched;
use super::widget::still;
use super::work::{Broken, beside};
use super::{dialog, help, status, theme};
use crate::settings::{self, Folders, SettingsError, ThemeSetting};
use crate::studio::desk::{Closing, Desk, Opening, Order, Piece, PieceError, Remark, Report, Touch, Trial};
use crate::studio::doctor::{self, Check};
use crate::studio::edit::EditError;
use crate::studio::preferences::Change;
use crate::studio::start::Start;
use leaving::{Answer, Leaving};
use saying::remark_on_settings;

/// The application's state.
#[derive(Debug)]
pub struct Studio {
    now: Now,
    desk: Option<Desk>,
    screen: Screen,
    play: Play,
    practice: Practice,
    learn: Learn,
    devices: Devices,
    settings: Settings,
    library: Library,
    edit: Edit,
    compose: Compose,
    jobs: Jobs,
    #[cfg(feature = "train")]
    train: Train,
    help: bool,
    leaving: Leaving,
    system: Mode,
    settings_file: Option<PathBuf>,
    /// Changes to the settings that are not in the file yet, the oldest first.
    unwritten: VecDeque<Change>,
    /// Whether the doctor is at work.
    examining: bool,
    /// Whether a pulse is on its way from the desk.
    pulses: Arc<AtomicBool>,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Message {
    /// The desk says something.
    Told(Report),
    /// The first screen.
    Play(play::Message),
    /// Practising.
    Practice(practice::Message),
    /// How it all works.
    Learn(learn::Message),
    /// Keyboards and sound.
    Devices(devices::Message),
    /// The settings.
    Settings(settings_screen::Message),
    /// The library.
    Library(library::Message),
    /// The editor.
    Edit(edit::Message),
    /// Composing.
    Compose(compose::Message),
    /// Jobs.
    Jobs(jobs::Message),
    /// Training.
    #[cfg(feature = "train")]
    Train(train::Message),
    /// A file was dropped on the window.
    Dropped(PathBuf),
    /// The status line.
    Status(status::Message),
    /// Another screen is wanted.
    Go(Screen),
    /// The help, opened or closed.
    Help,
    /// A key of the computer that no widget wanted.
    Key(keyboard::Event),
    /// What came in one go with a key of the computer or on screen has been told.
    Touched,
    /// The window is not in front any more.
    Unfocused,
    /// A file is to be opened.
    Open(PathBuf),
    /// It has been read.
    Opened(Result<Arc<Piece>, PieceError>),
    /// The doctor has looked.
    Examined(Vec<Check>),
    /// A change to the settings is in the file, or is not.
    Written(Result<(), SettingsError>),
    /// A broken settings' file is kept aside, or is not.
    PutAside(Result<PathBuf, SettingsError>),
    /// The system is light or dark.
    System(Mode),
    /// The folders that hold from now on, after this change to the settings.
    Moved(Option<Folders>, Box<Change>),
    /// Work beside the window broke down.
    Broken(Broken),
    /// The window is to be closed.
    Close,
    /// What was edited is in its draft, in this state, or cannot be kept.
    Safe(Result<u64, EditError>),
    /// What shall become of changes that cannot be kept.
    Leave(Answer),
    /// The folder that they are to be saved in was chosen.
    LeaveFor(dialog::Chosen<PathBuf>),
    /// The window is closing still, and this is to be said of it.
    Ends(&'static str),
    /// What ran is saved and let go of, or was left behind.
    Ended(Option<Closing>),
}

impl Studio {
    /// Opens the desk and what was asked for.
    pub fn boot(start: Start) -> (Studio, Task<Message>) {
        let Start { file, settings, settings_fault, settings_warnings, settings_file, folders, listen } = start;
        let mut now = Now::new(settings.clone(), Some(folders.clone()));
        remark_on_settings(settings_fault.as_ref(), &settings_warnings).into_iter().for_each(|r| now.remarks.say(r));
        now.settings_fault = settings_fault;
        now.settings_warnings = settings_warnings;
        let (tell, told) = mpsc::unbounded();
        let reports = tell.clone();
        let pulses = Arc::new(AtomicBool::new(false));
        let under_way = Arc::clone(&pulses);
        let opening = Opening { settings, folders, listen };
        let desk = Desk::open(opening, move |report| {
            // A window that is slower than the pulses must not run behind them: one is under way at a time.
            let passing = matches!(&report, Report::Pulse(pulse) if !pulse.rest);
            if !passing || !under_way.swap(true, Ordering::Relaxed) {
                let _ = reports.unbounded_send(Message::Told(report));
            }
        });
        // Ctrl-C in the terminal and the end of the session close the window as its own button does.
        let _ = ctrlc::set_handler(move || drop(tell.unbounded_send(Message::Close)));
        if let Err(e) = &desk {
            now.remarks.say(Remark { text: format!("The system gives no thread: {e}."), wrong: true });
        }
        let mut studio = Studio { desk: desk.ok(), settings_file, pulses, ..Studio::without_desk(now) };
        let look = studio.library.look_behind(&studio.now);
        let look = studio.act(look, Message::Library);
        let open = file.map_or_else(Task::none, |path| Task::done(Message::Open(path)));
        (studio, Task::batch([Task::stream(told), system::theme().map(Message::System), open, look]))
    }

    /// The window over what is known, with nothing behind it: for tests and pictures.
    #[must_use]
    pub fn without_desk(now: Now) -> Studio {
        Studio {
            now,
            desk: None,
            screen: Screen::default(),
            play: Play::default(),
            practice: Practice::default(),
            learn: Learn::default(),
            devices: Devices::default(),
            settings: Settings::default(),
            library: Library::default(),
            edit: Edit::default(),
            compose: Compose::default(),
            jobs: Jobs::default(),
            #[cfg(feature = "train")]
            train: Train::default(),
            help: false,
            leaving: Leaving::default(),
            system: Mode::None,
            settings_file: None,
            unwritten: VecDeque::new(),
            examining: false,
            pulses: Arc::default(),
        }
    }

    /// The window's title.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.now.piece {
            Some(piece) => format!("{} – composer", piece.name),
            None => "composer".to_owned(),
        }
    }

    /// Light or dark.
    #[must_use]
    pub fn theme(&self) -> Theme {
        theme::theme(self.is_dark())
    }

    fn is_dark(&self) -> bool {
        match self.now.settings.window.theme {
            ThemeSetting::System => self.system != Mode::Light,
            ThemeSetting::Light => false,
            ThemeSetting::Dark => true,
        }
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::Told(report) => self.hear(&report),
            Message::Play(message) => {
                let action = self.play.update(message, &self.now);
                self.act(action, Message::Play)
            }
            Message::Practice(message) => {
                let action = self.practice.update(message, &self.now);
                self.act(action, Message::Practice)
            }
            Message::Learn(message) => {
                let action = self.learn.update(message, &self.now);
                self.act(action, Message::Learn)
            }
            Message::Devices(message) => {
                let action = self.devices.update(message);
                self.act(action, Message::Devices)
            }
            Message::Settings(message) => {
                let action = self.settings.update(message);
                self.act(action, Message::Settings)
            }
            Message::Library(message) => {
                let has_looked = matches!(message, library::Message::Found(_));
                let action = self.library.update(message, &self.now);
                if has_looked && self.screen != Screen::Library {
                    self.now.left_behind = self.library.left_behind().in_words();
                }
                self.act(action, Message::Library)
            }
            Message::Edit(message) => {
                let has_saved = matches!(message, edit::Message::Saved(..));
                let action = self.edit.update(message, &self.now);
                let acted = self.act(action, Message::Edit);
                if has_saved { Task::batch([acted, self.saved()]) } else { acted }
            }
            Message::Compose(message) => {
                let action = self.compose.update(message, &self.now);
                self.act(action, Message::Compose)
            }
            Message::Jobs(message) => {
                let action = self.jobs.update(message, &self.now);
                self.act(action, Message::Jobs)
            }
            #[cfg(feature = "train")]
            Message::Train(message) => self.trained(message),
            Message::Status(message) => self.tend(message),
            Message::Go(screen) => self.go(screen),
            Message::Dropped(path) => match self.screen {
                Screen::Library => self.update(Message::Library(library::Message::Dropped(vec![path]))),
                Screen::Edit => self.open_to_edit(path),
                Screen::Practice => {
                    let action = self.practice.open(path, &self.now);
                    self.act(action, Message::Practice)
                }
                Screen::Compose => self.update(Message::Compose(compose::Message::File(path))),
                #[cfg(feature = "train")]
                Screen::Train => self.update(Message::Train(train::Message::Chosen(path))),
                _ => self.update(Message::Open(path)),
            },
            Message::Help => {
                self.help = !self.help;
                Task::none()
            }
            Message::Key(event) => self.key(&event),
            Message::Touched => {
                self.desk.as_mut().and_then(Desk::touch).into_iter().for_each(Touch::hand_on);
                Task::none()
            }
            Message::Unfocused => {
                self.play.let_go();
                if let Some(touch) = self.desk.as_mut().and_then(Desk::touch) {
                    touch.release_all();
                }
                Task::none()
            }
            Message::Open(path) => own(beside(move || Message::Opened(Piece::read(&path).map(Arc::new)))),
            Message::Opened(Ok(piece)) => {
                let shown = self.go(Screen::Play);
                Task::batch([shown, self.order(Order::Show(piece))])
            }
            Message::Opened(Err(error)) => self.complain(format!("{error}.")),
            Message::Examined(checks) => {
                self.examining = false;
                self.now.checks = checks;
                Task::none()
            }
            Message::Written(Ok(())) => self.written(),
            Message::Written(Err(error)) => {
                self.now.settings_fault = Some(error.clone());
                let said = self.complain(format!("The change holds until composer is closed: {error}."));
                Task::batch([said, self.written()])
            }
            Message::PutAside(Ok(aside)) => {
                self.now.settings_fault = None;
                self.now.settings_warnings.clear();
                let text = format!("The old settings are kept as {}.", aside.display());
                self.now.remarks.say(Remark { text, wrong: false });
                Task::none()
            }
            Message::PutAside(Err(error)) => self.complain(format!("{error}.")),
            Message::System(mode) => {
                self.system = mode;
                self.repaint();
                Task::none()
            }
            Message::Moved(folders, change) => self.moved(folders, &change),
            Message::Broken(broken) => {
                self.edit.work_broke();
                self.library.work_broke();
                #[cfg(feature = "train")]
                self.training_broke();
                match self.leaving {
                    Leaving::Keeping | Leaving::Saving => return self.ask(broken.to_string()),
                    // The rest goes with the program.
                    Leaving::Ends { .. } => return iced::exit(),
                    _ => {}
                }
                self.complain(broken.to_string())
            }
            Message::Close => self.begin_to_leave(),
            Message::Safe(Ok(safe)) => self.leave(Some(safe)),
            Message::Safe(Err(e)) => self.ask(e.to_string()),
            Message::Leave(answer) => self.answer(answer),
            Message::LeaveFor(folder) => self.leave_for(folder),
            Message::Ends(remark) => self.ends(remark),
            Message::Ended(closing) => self.ended(closing),
        }
    }

    fn go(&mut self, screen: Screen) -> Task<Message> {
        if self.screen == Screen::Library && screen != Screen::Library {
            self.library.leave();
        }
        if self.screen == Screen::Jobs && screen != Screen::Jobs {
            self.jobs.leave();
        }
        if self.screen == Screen::Learn && screen != Screen::Learn {
            self.learn.leave();
        }
        let left = if self.screen == Screen::Practice && screen != Screen::Practice {
            let action = self.practice.leave(&self.now);
            self.act(action, Message::Practice)
        } else {
            Task::none()
        };
        self.screen = screen;
        Task::batch([left, self.enter(screen)])
    }

    fn enter(&mut self, screen: Screen) -> Task<Message> {
        match screen {
            Screen::Play | Screen::Edit => Task::none(),
            Screen::Practice => {
                let action = self.practice.enter(&self.now);
                self.act(action, Message::Practice)
            }
            Screen::Learn => {
                let action = self.learn.enter(&self.now);
                self.act(action, Message::Learn)
            }
            Screen::Library => {
                self.now.left_behind = None;
                let action = self.library.enter(&self.now);
                self.act(action, Message::Library)
            }
            Screen::Compose => {
                let action = self.compose.enter(&self.now);
                self.act(action, Message::Compose)
            }
            Screen::Jobs => {
                let action = self.jobs.enter(&self.now);
                self.act(action, Message::Jobs)
            }
            #[cfg(feature = "train")]
            Screen::Train => {
                let action = self.train.enter(&self.now);
                self.act(action, Message::Train)
            }
            Screen::Devices => self.examine(),
            Screen::Settings => {
                let action = self.settings.open(&self.now);
                self.act(action, Message::Settings)
            }
        }
    }

    fn hear(&mut self, report: &Report) -> Task<Message> {
        if matches!(report, Report::Pulse(_)) {
            self.pulses.store(false, Ordering::Relaxed);
            // Now the window looks: what is played from here on came later.
            self.desk.as_mut().and_then(Desk::touch).into_iter().for_each(Touch::hand_on);
        }
        self.now.hear(report);
        self.play.hear(report, &self.now);
        let action = self.devices.hear(report, &self.now);
        let learned = self.act(action, Message::Devices);
        self.edit.hear(report, &self.now);
        self.learn.hear(report, &self.now);
        let action = self.practice.hear(report, &self.now);
        let practised = self.act(action, Message::Practice);
        let asks = matches!(report, Report::Keyboard(_) | Report::Sound(_) | Report::Font(_));
        let looks = self.screen == Screen::Devices || self.now.lacks_something();
        let examined = if asks && looks { self.examine() } else { Task::none() };
        Task::batch([learned, practised, examined])
    }

    /// Asks the doctor, unless it is at work.
    fn examine(&mut self) -> Task<Message> {
        if std::mem::replace(&mut self.examining, true) {
            return Task::none();
        }
        let folders: Option<Folders> = self.now.folders.clone();
        own(beside(move || Message::Examined(doctor::diagnose(&doctor::examine(folders.as_ref())))))
    }

    fn act<M: Send + 'static>(&mut self, action: Action<M>, into: fn(M) -> Message) -> Task<Message> {
        match action {
            Action::None => Task::none(),
            Action::Run(task) => task.map(into),
            Action::Work(work) => work.map(move |outcome| outcome.map_or_else(Message::Broken, into)),
            Action::Order(order) => self.order(order),
            Action::Touch(touched) => self.touch(touched),
            Action::Sound(trial, touched) => self.sound(trial, touched),
            Action::Change(change) => self.change(change),
            Action::Complain(text) => self.complain(text),
            Action::Copy(words) => clipboard::write(words),
            Action::Examine => self.examine(),
            Action::PutAside => match self.settings_file.clone() {
                Some(file) => own(beside(move || Message::PutAside(settings::put_aside(&file)))),
                None => Task::none(),
            },
            Action::Edit(path) => self.open_to_edit(path),
            Action::Renamed(from, to) => {
                let action = self.edit.renamed(&from, &to);
                self.act(action, Message::Edit)
            }
            Action::Compose(path) => {
                let action = self.compose.open(path);
                let reading = self.act(action, Message::Compose);
                Task::batch([reading, self.go(Screen::Compose)])
            }
            Action::Submit(melody, request) => {
                let action = self.jobs.submit(melody, *request, &self.now);
                let submitting = self.act(action, Message::Jobs);
                Task::batch([submitting, self.go(Screen::Jobs)])
            }
            Action::Recover(draft) => {
                let action = self.edit.recover(draft, &self.now);
                let opening = self.act(action, Message::Edit);
                Task::batch([opening, self.go(Screen::Edit)])
            }
            Action::All(actions) => Task::batch(actions.into_iter().map(|a| self.act(a, into)).collect::<Vec<_>>()),
        }
    }

    /// Opens a file in the editor; the one that is open there stays as it is.
    fn open_to_edit(&mut self, path: PathBuf) -> Task<Message> {
        let opening = if self.edit.path() == Some(path.as_path()) {
            Task::none()
        } else {
            let action = self.edit.open(path, &self.now);
            self.act(action, Message::Edit)
        };
        Task::batch([opening, self.go(Screen::Edit)])
    }

    fn repaint(&mut self) {
        self.play.repaint();
        self.practice.repaint();
        self.learn.repaint();
        self.edit.repaint();
        self.compose.repaint();
        #[cfg(feature = "train")]
        self.train.repaint();
    }

    fn order(&mut self, order: Order) -> Task<Message> {
        if let Order::Beat(beat) = &order {
            self.now.beat = *beat;
        }
        if let Some(desk) = &mut self.desk {
            // What was played before the order comes before it.
            desk.touch().into_iter().for_each(Touch::hand_on);
            desk.order(order);
        }
        Task::none()
    }

    fn touch(&mut self, touched: Touched) -> Task<Message> {
        if let Some(touch) = self.desk.as_mut().and_then(Desk::touch) {
            match touched {
                Touched::Press(key, velocity) => touch.press(key, velocity),
                Touched::Release(key) => touch.release(key),
            }
        }
        // Others that came with it are told first.
        Task::done(Message::Touched)
    }

    /// Lets a key sound that nobody plays.
    fn sound(&mut self, trial: Trial, touched: Touched) -> Task<Message> {
        if let Some(touch) = self.desk.as_mut().and_then(Desk::touch) {
            match touched {
                Touched::Press(key, velocity) => touch.sound(trial, key, velocity),
                Touched::Release(key) => touch.hush(trial, key),
            }
        }
        Task::none()
    }

    /// What the application listens to. There is no timer among it: what moves is told by the desk.
    pub fn subscription(&self) -> Subscription<Message> {
        let events = event::listen_with(|event, status, _window| match event {
            iced::Event::Keyboard(event @ keyboard::Event::KeyReleased { .. }) => Some(Message::Key(event)),
            iced::Event::Keyboard(event) if status == event::Status::Ignored => Some(Message::Key(event)),
            iced::Event::Window(window::Event::Unfocused) => Some(Message::Unfocused),
            iced::Event::Window(window::Event::FileDropped(path)) => Some(Message::Dropped(path)),
            iced::Event::Window(window::Event::CloseRequested) => Some(Message::Close),
            _ => None,
        });
        Subscription::batch([events, system::theme_changes().map(Message::System)])
    }

    /// Draws the window.
    #[must_use]
    pub fn view(&self) -> Element<'_, Message> {
        let screen = match self.screen {
            Screen::Play => self.play.view(&self.now).map(Message::Play),
            Screen::Practice => self.practice.view(&self.now).map(Message::Practice),
            Screen::Learn => self.learn.view(&self.now).map(Message::Learn),
            Screen::Devices => self.devices.view(&self.now).map(Message::Devices),
            Screen::Settings => self.settings.view(&self.now).map(Message::Settings),
            Screen::Library => self.library.view(&self.now).map(Message::Library),
            Screen::Edit => self.edit.view(&self.now).map(Message::Edit),
            Screen::Compose => self.compose.view(&self.now).map(Message::Compose),
            Screen::Jobs => self.jobs.view(&self.now).map(Message::Jobs),
            #[cfg(feature = "train")]
            Screen::Train => self.train.view().map(Message::Train),
        };
        let window = column![
            row![self.strip(), container(screen).width(Length::Fill).height(Length::Fill)].height(Length::Fill),
            status::view(&self.now).map(Message::Status),
        ];
        let help: Option<Element<'_, Message>> = self.help.then(|| help::over(Message::Help));
        let asks = self.leaving != Leaving::Stays;
        let said = status::all(&self.now).map(|all| all.map(Message::Status));
        let below = still(stack![still(stack![window, said], self.help), help], asks);
        stack![below, leaving::view(&self.leaving)].into()
    }
}

/// Work of the shell's own beside the window.
fn own(work: Task<Result<Message, Broken>>) -> Task<Message> {
    work.map(|outcome| outcome.unwrap_or_else(Message::Broken))
}

#[cfg(test)]
mod tests;
