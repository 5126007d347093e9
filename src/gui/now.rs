//! What the window knows of the desk. Screens read it; only the shell writes it.

use std::sync::Arc;

use super::remarks::Remarks;
use crate::keyboard::controls::Panel;
use crate::settings::{Folders, Settings, SettingsError};
use crate::studio::desk::{Beat, Captured, Font, Keyboard, Piece, Pulse, Report, Sound, Transport};
use crate::studio::doctor::{Check, Status};
use crate::studio::instruments::Instrument;

/// See the module.
#[derive(Clone, Debug)]
pub struct Now {
    /// The keyboard.
    pub keyboard: Keyboard,
    /// Where sound goes.
    pub sound: Sound,
    /// The SoundFont, once it is loaded.
    pub font: Option<Font>,
    /// What the keys play.
    pub instrument: Option<Instrument>,
    /// What the desk does.
    pub transport: Transport,
    /// What Play would play.
    pub piece: Option<Arc<Piece>>,
    /// What the capture holds.
    pub captured: Captured,
    /// What moves.
    pub pulse: Pulse,
    /// What was said.
    pub remarks: Remarks,
    /// What was left behind, in words, until somebody has looked.
    pub left_behind: Option<String>,
    /// What the doctor found, when it was last asked.
    pub checks: Vec<Check>,
    /// The settings.
    pub settings: Settings,
    /// The beat that takes are recorded to.
    pub beat: Beat,
    /// The octave whose C the computer's key A plays.
    pub octave: i8,
    /// This user's folders.
    pub folders: Option<Folders>,
    /// Where dates and times of day are told.
    pub zone: jiff::tz::TimeZone,
    /// Why the settings' file is of no use, if it is.
    pub settings_fault: Option<SettingsError>,
    /// Remarks on single settings.
    pub settings_warnings: Vec<String>,
}

impl Now {
    /// Before the desk has said anything.
    #[must_use]
    pub fn new(settings: Settings, folders: Option<Folders>) -> Now {
        Now {
            keyboard: Keyboard::default(),
            sound: Sound::default(),
            font: None,
            instrument: None,
            transport: Transport::default(),
            piece: None,
            captured: Captured::default(),
            pulse: Pulse::default(),
            remarks: Remarks::default(),
            left_behind: None,
            checks: Vec::new(),
            beat: Beat::of_settings(&settings.record),
            octave: 4,
            settings,
            folders,
            zone: jiff::tz::TimeZone::system(),
            settings_fault: None,
            settings_warnings: Vec::new(),
        }
    }

    /// Takes note of a report.
    pub fn hear(&mut self, report: &Report) {
        match report {
            Report::Keyboard(keyboard) => self.keyboard = keyboard.clone(),
            Report::Sound(sound) => self.sound = sound.clone(),
            Report::Font(font) => self.font = Some(font.clone()),
            Report::Instrument(instrument) => self.instrument = Some(instrument.clone()),
            Report::Transport(transport) => self.transport = *transport,
            Report::Piece(piece) => self.piece = Some(Arc::clone(piece)),
            Report::Captured(captured) => self.captured = *captured,
            Report::Pulse(pulse) => self.pulse = *pulse,
            Report::Says(remark) => self.remarks.say(remark.clone()),
            Report::Kept(kept) => self.remarks.say(super::words::kept(kept)),
            Report::Heard(_) => {}
        }
    }

    /// Whose controls the keyboard has, while one is there.
    #[must_use]
    pub fn panel(&self) -> Option<Panel> {
        match &self.keyboard {
            Keyboard::Connected { panel, .. } => Some(*panel),
            _ => None,
        }
    }

    /// Whether the doctor has to be asked why something is missing.
    #[must_use]
    pub fn lacks_something(&self) -> bool {
        matches!(self.sound, Sound::Silent { .. })
            || self.font.as_ref().is_some_and(|f| f.is_own)
            || matches!(self.keyboard, Keyboard::Awaited | Keyboard::Refused { .. } | Keyboard::Unusable { .. })
    }

    /// What the doctor says about the keyboard, unless it is only that none is plugged in.
    #[must_use]
    pub fn keyboard_trouble(&self) -> Option<&Check> {
        const CHAIN: [&str; 5] = ["usb-driver", "seq-module", "seq-permission", "midi-port", "port-busy"];
        // Without a keyboard on the bus the rest of the chain is nobody's trouble yet.
        let plugged = self.checks.iter().any(|c| c.id == "usb-device" && c.status != Status::Failure);
        self.checks.iter().find(|c| CHAIN.contains(&c.id) && c.status == Status::Failure).filter(|_| plugged)
    }

    /// What the doctor says about sound.
    #[must_use]
    pub fn sound_trouble(&self) -> Option<&Check> {
        let bad = |c: &&Check| matches!(c.status, Status::Warning | Status::Failure);
        self.checks.iter().find(|c| c.id == "audio-output").filter(bad)
    }

    /// What the doctor says about the SoundFont.
    #[must_use]
    pub fn font_trouble(&self) -> Option<&Check> {
        let bad = |c: &&Check| matches!(c.status, Status::Warning | Status::Failure);
        self.checks.iter().find(|c| c.id == "soundfont").filter(bad)
    }
}
