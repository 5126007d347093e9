//! Where music comes from: a keyboard or the virtual one. The options that several commands share.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::{Context, Exit, Failure};
use crate::keyboard::controls::ControlMap;
use crate::keyboard::link::ChoiceError;
use crate::keyboard::ports::PortsError;
use crate::keyboard::{Clock, Link, LinkError, Receiver, Script, Select, VirtualError, VirtualKeyboard, Wait};
use crate::music::Micros;
use crate::settings::{self, Folders, Loaded, Settings, State};

/// `--port`, `--wait` and `--virtual`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SourceArgs {
    /// The keyboard: an id of `composer devices` or part of a name.
    #[arg(long, value_name = "NAME|ID")]
    pub port: Option<String>,

    /// Wait for the keyboard if it is not there.
    #[arg(long)]
    pub wait: bool,

    /// Play the built-in keyboard: demo, keys, script or MIDI file.
    #[arg(
        long,
        value_name = "demo|keys|FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "demo",
        conflicts_with_all = ["port", "wait"]
    )]
    pub r#virtual: Option<String>,
}

/// What is listened to; it ends when this is dropped.
#[derive(Debug)]
pub struct Connection {
    /// What came.
    pub receiver: Receiver,
    /// Whether the computer's own keys are being played: the terminal is in raw mode then.
    pub computer_keys: bool,
    _keyboard: Keyboard,
}

#[derive(Debug)]
enum Keyboard {
    Linked { _link: Link },
    Virtual { _keyboard: VirtualKeyboard },
}

impl SourceArgs {
    /// Whether any of them was given.
    #[must_use]
    pub fn any(&self) -> bool {
        self.port.is_some() || self.wait || self.r#virtual.is_some()
    }

    /// The demo melody, as `--virtual` has it.
    #[must_use]
    pub fn demo() -> SourceArgs {
        SourceArgs { r#virtual: Some("demo".to_owned()), ..SourceArgs::default() }
    }

    /// Starts to listen, for the calling thread.
    ///
    /// # Errors
    /// A [`Failure`] with its exit code when there is no such keyboard, it is not permitted, or
    /// the script is of no use.
    pub fn open(&self, clock: Clock, settings: &Settings) -> anyhow::Result<Connection> {
        self.open_for(clock, settings, Micros::ZERO)
    }

    /// Starts to listen; a virtual keyboard's melody rests for so long first.
    ///
    /// # Errors
    /// As [`SourceArgs::open`].
    pub fn open_for(&self, clock: Clock, settings: &Settings, rest: Micros) -> anyhow::Result<Connection> {
        if let Some(name) = &self.r#virtual {
            let script = match name.as_str() {
                "demo" => Script::Demo,
                "keys" => Script::ComputerKeys(ControlMap::from_settings(&settings.controls).0),
                file => Script::File(PathBuf::from(file)),
            };
            let computer_keys = matches!(script, Script::ComputerKeys(_));
            let (keyboard, receiver) = VirtualKeyboard::start(script, clock, rest).map_err(|e| virtual_failure(&e))?;
            return Ok(Connection { receiver, computer_keys, _keyboard: Keyboard::Virtual { _keyboard: keyboard } });
        }
        let select = match self.port.as_ref().or(settings.keyboard.port.as_ref()) {
            Some(name) => Select::Named(name.clone()),
            None => Select::Auto,
        };
        let wait = if self.wait { Wait::ForPort } else { Wait::No };
        let (link, receiver) = Link::open(select, wait, clock).map_err(|e| link_failure(&e))?;
        Ok(Connection { receiver, computer_keys: false, _keyboard: Keyboard::Linked { _link: link } })
    }
}

impl Connection {
    /// What ends a line on the terminal: in raw mode a line feed alone does not go back to its start.
    #[must_use]
    pub fn line_end(&self) -> &'static str {
        if self.computer_keys { "\r\n" } else { "\n" }
    }
}

/// A link's error with its exit code and remedy.
#[must_use]
pub fn link_failure(error: &LinkError) -> Failure {
    let failure = |exit| Failure::new(exit, error.to_string());
    match error {
        LinkError::Choice(ChoiceError::NoKeyboard { .. }) => failure(Exit::NoDevice)
            .remedy("plug the keyboard in; `--wait` waits for it; `--virtual` plays without one; `composer doctor` finds out why"),
        LinkError::Choice(ChoiceError::NoSuchPort { .. }) => {
            failure(Exit::NoDevice).remedy("`composer devices` lists the ports; `--wait` waits for this one")
        }
        LinkError::Choice(_) => failure(Exit::NoDevice).remedy("`composer devices` lists the ports"),
        LinkError::Ports(PortsError::NotPermitted(_)) | LinkError::Refused { .. } => {
            failure(Exit::NotPermitted).remedy("composer doctor")
        }
        LinkError::Ports(_) => failure(Exit::NoDevice).remedy("composer doctor, or `--virtual` without a keyboard"),
        LinkError::System(_) => failure(Exit::Failure),
    }
}

fn virtual_failure(error: &VirtualError) -> Failure {
    let exit = match error {
        VirtualError::Unreadable { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Exit::NotPermitted
        }
        VirtualError::Unreadable { .. } | VirtualError::Script { .. } => Exit::BadInput,
        VirtualError::NoTerminal => Exit::Usage,
        VirtualError::Terminal(_) | VirtualError::System(_) => Exit::Failure,
    };
    Failure::new(exit, error.to_string())
}

/// The user's settings file: the one named on the command line, else the platform's.
///
/// # Errors
/// When the user has no home folder and names no file.
pub fn settings_file(context: &Context) -> anyhow::Result<PathBuf> {
    match &context.settings {
        Some(file) => Ok(file.clone()),
        None => Ok(folders()?.settings_file()),
    }
}

/// The user's settings, with remarks on standard error; defaults where there are none.
#[must_use]
pub fn settings(context: &Context) -> Settings {
    let Ok(file) = settings_file(context) else { return Settings::default() };
    let Loaded { settings, state, warnings } = settings::load(&file);
    for warning in warnings {
        warn(&warning);
    }
    match state {
        State::Missing if context.settings.is_some() => warn(&missing(&file)),
        State::Broken(error) => warn(&format!("{error}; going on without settings")),
        State::Missing | State::Read => {}
    }
    settings
}

/// The folders of this user, without what the settings say.
///
/// # Errors
/// When the user has no home folder.
pub fn folders() -> anyhow::Result<Folders> {
    Folders::of_platform().ok_or_else(|| {
        Failure::new(Exit::Failure, "this user has no home folder").remedy("set HOME, or give `--settings FILE`").into()
    })
}

/// A warning on standard error.
pub(crate) fn warn(text: &str) {
    let style = super::output::WARNING;
    // The terminal may be in raw mode, where a line feed goes straight down.
    let end = if std::io::stderr().is_terminal() { "\r\n" } else { "\n" };
    let _ = write!(anstream::stderr(), "{style}warning:{style:#} {}{end}", super::output::clean(text));
}

fn missing(file: &Path) -> String {
    format!("there is no settings file {}; going on without", file.display())
}
