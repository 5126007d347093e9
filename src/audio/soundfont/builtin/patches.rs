//! The built-in instruments: which spectrum, and how it moves.

use crate::audio::soundfont::generator as g;

/// A melodic instrument.
pub(super) struct Patch {
    /// The level of each partial from the first on, as a function of its number.
    pub(super) spectrum: fn(usize) -> f64,
    /// Generators that differ from their defaults.
    pub(super) settings: &'static [(usize, i16)],
    /// Cents by which a second layer is out of tune, to the other side; 0 for no second layer.
    pub(super) spread: i16,
}

fn saw(n: usize) -> f64 {
    1.0 / n as f64
}

fn odd(n: usize) -> f64 {
    if n % 2 == 1 { saw(n) } else { 0.05 * saw(n) }
}

fn soft(n: usize) -> f64 {
    saw(n) * saw(n)
}

/// A string plucked or struck at an eighth of its length lacks every eighth partial.
fn string(n: usize) -> f64 {
    let part = (n % 8) as f64 / 8.0;
    (1.0 - (2.0 * part - 1.0).powi(2) + 0.02) * saw(n).powi(1)
}

fn organ(n: usize) -> f64 {
    match n {
        1 | 2 => 1.0,
        3 => 0.7,
        4 => 0.6,
        6 | 8 => 0.35,
        12 | 16 => 0.15,
        _ => 0.0,
    }
}

/// A voice: formants about the sixth and the fourteenth partial of a low note.
fn vowel(n: usize) -> f64 {
    let near = |at: f64, width: f64| 1.0 / (1.0 + ((n as f64 - at) / width).powi(2));
    saw(n) * (0.3 + near(3.0, 2.0) + 0.6 * near(9.0, 2.5))
}

fn bar(n: usize) -> f64 {
    match n {
        1 => 1.0,
        4 => 0.35,
        10 => 0.12,
        _ => 0.0,
    }
}

fn bell(n: usize) -> f64 {
    match n {
        1 => 0.6,
        2 => 1.0,
        3 => 0.5,
        5 => 0.6,
        7 => 0.3,
        11 => 0.2,
        16 => 0.1,
        _ => 0.0,
    }
}

/// Where the keyboard is sixteen programs by eight, one instrument stands for each of these families.
pub(super) static PATCHES: [Patch; 15] =
    [PIANO, ELECTRIC, MALLET, BELL, ORGAN, PLUCK, DRIVE, BASS, STRINGS, CHOIR, BRASS, REED, FLUTE, LEAD, PAD];

/// The patch of a General MIDI program.
pub(super) fn patch_of(program: u8) -> usize {
    match program {
        0..=3 | 6 | 7 => 0,
        4 | 5 => 1,
        11..=13 | 47 | 108 | 113..=118 => 2,
        8..=10 | 14 | 15 | 98 | 112 => 3,
        16..=20 => 4,
        24..=28 | 31 | 45 | 46 | 104..=107 => 5,
        29 | 30 => 6,
        32..=39 => 7,
        40..=44 | 48..=51 | 110 => 8,
        52..=55 | 85 | 91 => 9,
        56..=63 => 10,
        21..=23 | 64..=71 | 109 | 111 => 11,
        72..=79 => 12,
        80..=84 | 86 | 87 => 13,
        _ => 14,
    }
}

const PIANO: Patch = Patch {
    spectrum: string,
    settings: &[
        (g::VOL_ENV_DECAY, 4000),
        (g::VOL_ENV_SUSTAIN, 1000),
        (g::KEY_TO_VOL_ENV_DECAY, 40),
        (g::VOL_ENV_RELEASE, -2600),
        (g::FILTER_CUTOFF, 8200),
        (g::MOD_ENV_TO_CUTOFF, 3600),
        (g::MOD_ENV_DECAY, 1400),
        (g::MOD_ENV_SUSTAIN, 900),
    ],
    spread: 2,
};
const ELECTRIC: Patch = Patch {
    spectrum: bell,
    settings: &[
        (g::VOL_ENV_DECAY, 3600),
        (g::VOL_ENV_SUSTAIN, 1000),
        (g::VOL_ENV_RELEASE, -2400),
        (g::FILTER_CUTOFF, 7000),
        (g::MOD_ENV_TO_CUTOFF, 3000),
        (g::MOD_ENV_DECAY, 0),
        (g::MOD_ENV_SUSTAIN, 1000),
    ],
    spread: 3,
};
const MALLET: Patch = Patch {
    spectrum: bar,
    settings: &[(g::VOL_ENV_DECAY, 1200), (g::VOL_ENV_SUSTAIN, 1000), (g::VOL_ENV_RELEASE, 0)],
    spread: 0,
};
const BELL: Patch = Patch {
    spectrum: bell,
    settings: &[(g::VOL_ENV_DECAY, 2800), (g::VOL_ENV_SUSTAIN, 1000), (g::VOL_ENV_RELEASE, 1200)],
    spread: 2,
};
const ORGAN: Patch = Patch {
    spectrum: organ,
    settings: &[
        (g::VOL_ENV_ATTACK, -8400),
        (g::VOL_ENV_RELEASE, -5000),
        (g::MOD_LFO_FREQUENCY, -300),
        (g::MOD_LFO_TO_VOLUME, 6),
    ],
    spread: 0,
};
const PLUCK: Patch = Patch {
    spectrum: string,
    settings: &[
        (g::VOL_ENV_DECAY, 2400),
        (g::VOL_ENV_SUSTAIN, 1000),
        (g::VOL_ENV_RELEASE, -3000),
        (g::FILTER_CUTOFF, 6800),
        (g::MOD_ENV_TO_CUTOFF, 5000),
        (g::MOD_ENV_DECAY, -600),
        (g::MOD_ENV_SUSTAIN, 1000),
    ],
    spread: 0,
};
const DRIVE: Patch = Patch {
    spectrum: odd,
    settings: &[
        (g::VOL_ENV_DECAY, 5200),
        (g::VOL_ENV_SUSTAIN, 300),
        (g::VOL_ENV_RELEASE, -3600),
        (g::FILTER_CUTOFF, 10_200),
    ],
    spread: 8,
};
const BASS: Patch = Patch {
    spectrum: saw,
    settings: &[
        (g::VOL_ENV_DECAY, 3200),
        (g::VOL_ENV_SUSTAIN, 700),
        (g::VOL_ENV_RELEASE, -4200),
        (g::FILTER_CUTOFF, 5600),
        (g::MOD_ENV_TO_CUTOFF, 3600),
        (g::MOD_ENV_DECAY, -800),
        (g::MOD_ENV_SUSTAIN, 1000),
    ],
    spread: 0,
};
const STRINGS: Patch = Patch {
    spectrum: saw,
    settings: &[
        (g::VOL_ENV_ATTACK, -3900),
        (g::VOL_ENV_RELEASE, -1600),
        (g::FILTER_CUTOFF, 9000),
        (g::VIB_LFO_DELAY, -1200),
        (g::VIB_LFO_FREQUENCY, -700),
        (g::VIB_LFO_TO_PITCH, 8),
    ],
    spread: 9,
};
const CHOIR: Patch = Patch {
    spectrum: vowel,
    settings: &[
        (g::VOL_ENV_ATTACK, -3400),
        (g::VOL_ENV_RELEASE, -1400),
        (g::VIB_LFO_DELAY, -2000),
        (g::VIB_LFO_FREQUENCY, -800),
        (g::VIB_LFO_TO_PITCH, 10),
    ],
    spread: 7,
};
const BRASS: Patch = Patch {
    spectrum: saw,
    settings: &[
        (g::VOL_ENV_ATTACK, -5800),
        (g::VOL_ENV_RELEASE, -3600),
        (g::FILTER_CUTOFF, 6600),
        (g::MOD_ENV_ATTACK, -4600),
        (g::MOD_ENV_TO_CUTOFF, 3600),
        (g::MOD_ENV_DECAY, 600),
        (g::MOD_ENV_SUSTAIN, 350),
    ],
    spread: 4,
};
const REED: Patch = Patch {
    spectrum: odd,
    settings: &[
        (g::VOL_ENV_ATTACK, -5400),
        (g::VOL_ENV_RELEASE, -4000),
        (g::FILTER_CUTOFF, 9400),
        (g::VIB_LFO_DELAY, -1000),
        (g::VIB_LFO_FREQUENCY, -700),
        (g::VIB_LFO_TO_PITCH, 6),
    ],
    spread: 0,
};
const FLUTE: Patch = Patch {
    spectrum: soft,
    settings: &[
        (g::VOL_ENV_ATTACK, -5000),
        (g::VOL_ENV_RELEASE, -3400),
        (g::VIB_LFO_DELAY, -1400),
        (g::VIB_LFO_FREQUENCY, -760),
        (g::VIB_LFO_TO_PITCH, 9),
    ],
    spread: 0,
};
const LEAD: Patch = Patch {
    spectrum: saw,
    settings: &[(g::VOL_ENV_ATTACK, -8000), (g::VOL_ENV_RELEASE, -3800), (g::FILTER_CUTOFF, 11_000)],
    spread: 6,
};
const PAD: Patch = Patch {
    spectrum: soft,
    settings: &[(g::VOL_ENV_ATTACK, -1800), (g::VOL_ENV_RELEASE, 600), (g::CHORUS_SEND, 300)],
    spread: 8,
};
