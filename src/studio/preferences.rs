//! Preferences: a change to the settings, made in memory at once and in the user's commented file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::keyboard::controls::{Binding, Control};
use crate::music::VelocityCurve;
use crate::settings::{self, Given, Settings, SettingsError, ThemeSetting};
use crate::studio::desk::Beat;

/// A change to the settings; `None` goes back to the default.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Tempo, time signature, count-in and metronome.
    Beat(Beat),
    /// The instrument's name.
    Instrument(String),
    /// Light or dark.
    Theme(ThemeSetting),
    /// The audio output.
    Output(Option<String>),
    /// The length of a block.
    Buffer(Option<Duration>),
    /// Samples a second.
    Rate(Option<u32>),
    /// The SoundFont.
    SoundFont(Option<PathBuf>),
    /// Whether there is reverb.
    Reverb(bool),
    /// Whether there is chorus.
    Chorus(bool),
    /// The feel of the keys.
    Velocity(VelocityCurve),
    /// The metronome's volume in per cent.
    ClickVolume(u8),
    /// Where jobs are.
    Store(Option<String>),
    /// The keyboard's MIDI port.
    Port(Option<String>),
    /// The folder for takes.
    Library(Option<PathBuf>),
    /// One more folder of SoundFonts.
    SoundFonts(Option<PathBuf>),
    /// What a control sends.
    Control(Control, Option<Binding>),
}

impl Change {
    /// Makes it in memory.
    pub fn apply(&self, settings: &mut Settings) {
        match self.clone() {
            Change::Beat(beat) => {
                settings.record.bpm = beat.tempo;
                settings.record.time_signature = beat.signature;
                settings.record.count_in = beat.count_in;
                settings.record.metronome = beat.metronome;
            }
            Change::Instrument(name) => settings.sound.instrument = Some(name),
            Change::Theme(theme) => settings.window.theme = theme,
            Change::Output(output) => settings.sound.output = output,
            Change::Buffer(buffer) => settings.sound.buffer = buffer,
            Change::Rate(rate) => settings.sound.rate = rate,
            Change::SoundFont(path) => settings.sound.soundfont = path,
            Change::Reverb(on) => settings.sound.reverb = on,
            Change::Chorus(on) => settings.sound.chorus = on,
            Change::Velocity(curve) => settings.sound.velocity = curve,
            Change::ClickVolume(percent) => settings.sound.metronome_volume = percent,
            Change::Store(store) => settings.jobs.store = store,
            Change::Port(port) => settings.keyboard.port = port,
            Change::Library(path) => settings.folders.library = path,
            Change::SoundFonts(path) => settings.folders.soundfonts = path,
            Change::Control(control, Some(binding)) => {
                settings.controls.insert(control.name().to_owned(), binding.to_setting());
            }
            Change::Control(control, None) => {
                settings.controls.remove(control.name());
            }
        }
    }

    /// Makes it in the file; comments and everything else stay.
    ///
    /// # Errors
    /// When the file is broken, in which case it is left alone, or cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), SettingsError> {
        let text = |given: &Option<String>| given.clone().map(Given::Text);
        let path = |given: &Option<PathBuf>| given.as_ref().map(|p| Given::Text(p.display().to_string()));
        match self {
            Change::Beat(beat) => {
                // Tempos are set to a hundredth; more would only be rounding.
                let bpm = (beat.tempo.bpm() * 100.0).round() / 100.0;
                let bpm = if bpm.fract() == 0.0 { Given::Whole(bpm as i64) } else { Given::Number(bpm) };
                settings::set(file, "record", "bpm", Some(bpm))?;
                settings::set(file, "record", "time_signature", Some(Given::Text(beat.signature.to_string())))?;
                settings::set(file, "record", "count_in", Some(Given::Whole(beat.count_in.into())))?;
                settings::set(file, "record", "metronome", Some(Given::Switch(beat.metronome)))
            }
            Change::Instrument(name) => settings::set(file, "sound", "instrument", Some(Given::Text(name.clone()))),
            Change::Theme(theme) => settings::set(file, "window", "theme", Some(Given::Text(theme.name().to_owned()))),
            Change::Output(output) => settings::set(file, "sound", "output", text(output)),
            Change::Buffer(buffer) => {
                let ms = buffer.map(|b| Given::Number(b.as_secs_f64() * 1e3));
                settings::set(file, "sound", "buffer_ms", ms)
            }
            Change::Rate(rate) => settings::set(file, "sound", "rate", rate.map(|r| Given::Whole(r.into()))),
            Change::SoundFont(font) => settings::set(file, "sound", "soundfont", path(font)),
            Change::Reverb(on) => settings::set(file, "sound", "reverb", Some(Given::Switch(*on))),
            Change::Chorus(on) => settings::set(file, "sound", "chorus", Some(Given::Switch(*on))),
            Change::Velocity(curve) => settings::set(file, "sound", "velocity", Some(Given::Text(curve.to_string()))),
            Change::ClickVolume(percent) => {
                settings::set(file, "sound", "metronome_volume", Some(Given::Whole((*percent).into())))
            }
            Change::Store(store) => settings::set(file, "jobs", "store", text(store)),
            Change::Port(port) => settings::set(file, "keyboard", "port", text(port)),
            Change::Library(folder) => settings::set(file, "folders", "library", path(folder)),
            Change::SoundFonts(folder) => settings::set(file, "folders", "soundfonts", path(folder)),
            Change::Control(control, binding) => {
                let setting = binding.as_ref().map(Binding::to_setting);
                settings::set_control(file, control.name(), setting.as_ref())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyboard::controls::{ControlMap, Press, Source};
    use crate::music::{Tempo, TimeSignature};

    #[test]
    fn what_is_written_is_what_was_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        let beat = Beat {
            tempo: Tempo::from_bpm(96.5).unwrap(),
            signature: TimeSignature::new(6, 8).unwrap(),
            count_in: 2,
            metronome: true,
        };
        let learned = Binding { source: "cc 20".parse::<Source>().unwrap(), channel: None, press: Press::Toggle };
        let mut settings = Settings::default();
        for change in [
            Change::Beat(beat),
            Change::Instrument("Church Organ".to_owned()),
            Change::Theme(ThemeSetting::Dark),
            Change::Output(Some("jack".to_owned())),
            Change::Buffer(Some(Duration::from_micros(2_500))),
            Change::Rate(Some(44_100)),
            Change::SoundFont(Some("~/a.sf2".into())),
            Change::Reverb(false),
            Change::Chorus(false),
            Change::Velocity("100".parse().unwrap()),
            Change::ClickVolume(150),
            Change::Store(Some("/mnt/jobs".to_owned())),
            Change::Port(Some("akm322-0".to_owned())),
            Change::Library(Some("~/takes".into())),
            Change::SoundFonts(Some("~/fonts".into())),
            Change::Control(Control::Play, Some(learned.clone())),
            Change::Rate(None),
        ] {
            change.apply(&mut settings);
            change.write(&file).unwrap();
        }
        let read = settings::load(&file).settings;
        assert_eq!(read, settings);
        assert_eq!(ControlMap::from_settings(&read.controls).0.binding(Control::Play), Some(&learned));
        Change::Control(Control::Play, None).write(&file).unwrap();
        assert!(settings::load(&file).settings.controls.is_empty());
    }
}
