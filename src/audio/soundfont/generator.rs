//! Generators: the numbers that shape a voice, by their places in the SoundFont 2.04 specification (section 8.1.2).

/// How many places a zone's values have: the file's 0 to 58, and [`PITCH`].
pub(in crate::audio) const COUNT: usize = 60;

/// A zone's values, by generator.
pub(in crate::audio) type Values = [i16; COUNT];

pub(in crate::audio) const START_OFFSET: usize = 0;
pub(in crate::audio) const END_OFFSET: usize = 1;
pub(in crate::audio) const LOOP_START_OFFSET: usize = 2;
pub(in crate::audio) const LOOP_END_OFFSET: usize = 3;
pub(in crate::audio) const START_COARSE_OFFSET: usize = 4;
/// Cents.
pub(in crate::audio) const MOD_LFO_TO_PITCH: usize = 5;
/// Cents.
pub(in crate::audio) const VIB_LFO_TO_PITCH: usize = 6;
/// Cents.
pub(in crate::audio) const MOD_ENV_TO_PITCH: usize = 7;
/// Cents above 8.176 Hz.
pub(in crate::audio) const FILTER_CUTOFF: usize = 8;
/// Centibels above the gain at 0 Hz.
pub(in crate::audio) const FILTER_RESONANCE: usize = 9;
/// Cents.
pub(in crate::audio) const MOD_LFO_TO_CUTOFF: usize = 10;
/// Cents.
pub(in crate::audio) const MOD_ENV_TO_CUTOFF: usize = 11;
pub(in crate::audio) const END_COARSE_OFFSET: usize = 12;
/// Centibels.
pub(in crate::audio) const MOD_LFO_TO_VOLUME: usize = 13;
/// Tenths of a per cent.
pub(in crate::audio) const CHORUS_SEND: usize = 15;
/// Tenths of a per cent.
pub(in crate::audio) const REVERB_SEND: usize = 16;
/// Tenths of a per cent, -500 left to 500 right.
pub(in crate::audio) const PAN: usize = 17;
/// Timecents; so are all delays and times.
pub(in crate::audio) const MOD_LFO_DELAY: usize = 21;
/// Cents above 8.176 Hz.
pub(in crate::audio) const MOD_LFO_FREQUENCY: usize = 22;
pub(in crate::audio) const VIB_LFO_DELAY: usize = 23;
pub(in crate::audio) const VIB_LFO_FREQUENCY: usize = 24;
pub(in crate::audio) const MOD_ENV_DELAY: usize = 25;
pub(in crate::audio) const MOD_ENV_ATTACK: usize = 26;
pub(in crate::audio) const MOD_ENV_HOLD: usize = 27;
pub(in crate::audio) const MOD_ENV_DECAY: usize = 28;
/// Tenths of a per cent below the peak.
pub(in crate::audio) const MOD_ENV_SUSTAIN: usize = 29;
pub(in crate::audio) const MOD_ENV_RELEASE: usize = 30;
/// Timecents a key below 60.
pub(in crate::audio) const KEY_TO_MOD_ENV_HOLD: usize = 31;
pub(in crate::audio) const KEY_TO_MOD_ENV_DECAY: usize = 32;
pub(in crate::audio) const VOL_ENV_DELAY: usize = 33;
pub(in crate::audio) const VOL_ENV_ATTACK: usize = 34;
pub(in crate::audio) const VOL_ENV_HOLD: usize = 35;
pub(in crate::audio) const VOL_ENV_DECAY: usize = 36;
/// Centibels below the peak.
pub(in crate::audio) const VOL_ENV_SUSTAIN: usize = 37;
pub(in crate::audio) const VOL_ENV_RELEASE: usize = 38;
pub(in crate::audio) const KEY_TO_VOL_ENV_HOLD: usize = 39;
pub(in crate::audio) const KEY_TO_VOL_ENV_DECAY: usize = 40;
pub(in crate::audio) const INSTRUMENT: usize = 41;
pub(in crate::audio) const KEY_RANGE: usize = 43;
pub(in crate::audio) const VELOCITY_RANGE: usize = 44;
pub(in crate::audio) const LOOP_START_COARSE_OFFSET: usize = 45;
/// The key that sounds, whatever was pressed; -1 for "as pressed".
pub(in crate::audio) const KEY: usize = 46;
/// The velocity that sounds; -1 for "as played".
pub(in crate::audio) const VELOCITY: usize = 47;
/// Centibels.
pub(in crate::audio) const ATTENUATION: usize = 48;
pub(in crate::audio) const LOOP_END_COARSE_OFFSET: usize = 50;
/// Semitones.
pub(in crate::audio) const COARSE_TUNE: usize = 51;
/// Cents.
pub(in crate::audio) const FINE_TUNE: usize = 52;
pub(in crate::audio) const SAMPLE: usize = 53;
pub(in crate::audio) const SAMPLE_MODES: usize = 54;
/// Cents a key.
pub(in crate::audio) const SCALE_TUNING: usize = 56;
pub(in crate::audio) const EXCLUSIVE_CLASS: usize = 57;
/// The sample's own key, -1 for what its header says.
pub(in crate::audio) const ROOT_KEY: usize = 58;
/// Where the pitch wheel arrives, in cents. No file has it: the specification gives "initial pitch" no number.
pub(in crate::audio) const PITCH: usize = 59;

/// What an instrument's zone has where its file says nothing.
pub(in crate::audio) const DEFAULTS: Values = {
    let mut values = [0; COUNT];
    values[FILTER_CUTOFF] = 13500;
    let mut i = MOD_LFO_DELAY;
    while i <= VOL_ENV_RELEASE {
        values[i] = -12000;
        i += 1;
    }
    values[MOD_LFO_FREQUENCY] = 0;
    values[VIB_LFO_FREQUENCY] = 0;
    values[MOD_ENV_SUSTAIN] = 0;
    values[VOL_ENV_SUSTAIN] = 0;
    values[KEY_TO_MOD_ENV_HOLD] = 0;
    values[KEY_TO_MOD_ENV_DECAY] = 0;
    values[KEY] = -1;
    values[VELOCITY] = -1;
    values[SCALE_TUNING] = 100;
    values[ROOT_KEY] = -1;
    values
};

/// Whether a preset's zone may add to this generator; the others belong to the instrument alone (section 8.5).
pub(in crate::audio) const fn of_presets(generator: usize) -> bool {
    !matches!(
        generator,
        START_OFFSET
            | END_OFFSET
            | LOOP_START_OFFSET
            | LOOP_END_OFFSET
            | START_COARSE_OFFSET
            | END_COARSE_OFFSET
            | LOOP_START_COARSE_OFFSET
            | LOOP_END_COARSE_OFFSET
            | KEY
            | VELOCITY
            | SAMPLE
            | SAMPLE_MODES
            | EXCLUSIVE_CLASS
            | ROOT_KEY
    )
}

/// The least and the greatest value that makes sense after all additions; from the specification's table.
pub(in crate::audio) const fn range(generator: usize) -> (f32, f32) {
    match generator {
        MOD_LFO_TO_PITCH | VIB_LFO_TO_PITCH | MOD_ENV_TO_PITCH | MOD_LFO_TO_CUTOFF | MOD_ENV_TO_CUTOFF => {
            (-12000.0, 12000.0)
        }
        FILTER_CUTOFF => (1500.0, 13500.0),
        FILTER_RESONANCE => (0.0, 960.0),
        MOD_LFO_TO_VOLUME => (-960.0, 960.0),
        CHORUS_SEND | REVERB_SEND | MOD_ENV_SUSTAIN => (0.0, 1000.0),
        PAN => (-500.0, 500.0),
        MOD_LFO_DELAY | VIB_LFO_DELAY | MOD_ENV_DELAY | MOD_ENV_HOLD | VOL_ENV_DELAY | VOL_ENV_HOLD => {
            (-12000.0, 5000.0)
        }
        MOD_LFO_FREQUENCY | VIB_LFO_FREQUENCY => (-16000.0, 4500.0),
        MOD_ENV_ATTACK | MOD_ENV_DECAY | MOD_ENV_RELEASE | VOL_ENV_ATTACK | VOL_ENV_DECAY | VOL_ENV_RELEASE => {
            (-12000.0, 8000.0)
        }
        VOL_ENV_SUSTAIN | ATTENUATION => (0.0, 1440.0),
        KEY_TO_MOD_ENV_HOLD | KEY_TO_MOD_ENV_DECAY | KEY_TO_VOL_ENV_HOLD | KEY_TO_VOL_ENV_DECAY => (-1200.0, 1200.0),
        COARSE_TUNE => (-120.0, 120.0),
        // A modulator may bend by more than the 99 cents that a zone may say.
        FINE_TUNE => (-12700.0, 12700.0),
        SCALE_TUNING => (0.0, 1200.0),
        _ => (-32768.0, 32767.0),
    }
}
