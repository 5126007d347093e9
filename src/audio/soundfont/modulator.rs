//! Modulators: what a controller does to a generator, from the file and by default
//! (SoundFont 2.04 specification, sections 8.2, 8.4 and 9.5).

use super::generator;

/// Where a modulator's number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audio) enum Input {
    /// Always 1.
    One,
    Velocity,
    Key,
    KeyPressure,
    ChannelPressure,
    PitchWheel,
    /// The pitch wheel's range, in semitones of 127.
    BendRange,
    Controller(u8),
}

/// The curve between an input and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audio) enum Curve {
    Linear,
    Concave,
    Convex,
    Switch,
}

/// An input, with its way through the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audio) struct Source {
    pub(in crate::audio) input: Input,
    pub(in crate::audio) curve: Curve,
    /// From the greatest value down.
    pub(in crate::audio) falling: bool,
    /// -1 to 1 in place of 0 to 1.
    pub(in crate::audio) bipolar: bool,
}

impl Source {
    const ONE: Source = Source { input: Input::One, curve: Curve::Linear, falling: false, bipolar: false };

    const fn rising(input: Input) -> Source {
        Source { input, ..Source::ONE }
    }

    /// `None` for what the specification reserves, and for links between modulators.
    pub(super) fn from_bits(bits: u16) -> Option<Source> {
        let index = (bits & 0x7f) as u8;
        let input = match (bits & 0x80 != 0, index) {
            // Bank select, data entry and everything that selects parameters or modes must not modulate.
            (true, 0 | 6 | 32 | 38 | 98..=101 | 120..) => return None,
            (true, controller) => Input::Controller(controller),
            (false, 0) => Input::One,
            (false, 2) => Input::Velocity,
            (false, 3) => Input::Key,
            (false, 10) => Input::KeyPressure,
            (false, 13) => Input::ChannelPressure,
            (false, 14) => Input::PitchWheel,
            (false, 16) => Input::BendRange,
            _ => return None,
        };
        let curve = match bits >> 10 {
            0 => Curve::Linear,
            1 => Curve::Concave,
            2 => Curve::Convex,
            3 => Curve::Switch,
            _ => return None,
        };
        Some(Source { input, curve, falling: bits & 0x100 != 0, bipolar: bits & 0x200 != 0 })
    }
}

/// One modulator: source x amount source x amount, added to its destination.
#[derive(Clone, Copy, Debug)]
pub(in crate::audio) struct Modulator {
    pub(in crate::audio) source: Source,
    pub(in crate::audio) amount_source: Source,
    /// A generator's place.
    pub(in crate::audio) destination: u8,
    pub(in crate::audio) amount: i16,
    /// The product without its sign.
    pub(in crate::audio) absolute: bool,
}

impl Modulator {
    /// `None` for one that does nothing or that this program does not know.
    pub(super) fn from_record(
        source: u16,
        destination: u16,
        amount: i16,
        amount_source: u16,
        transform: u16,
    ) -> Option<Modulator> {
        let destination = u8::try_from(destination).ok().filter(|d| usize::from(*d) < generator::COUNT - 1)?;
        let absolute = match transform {
            0 => false,
            2 => true,
            _ => return None,
        };
        let (source, amount_source) = (Source::from_bits(source)?, Source::from_bits(amount_source)?);
        // A file that means the default modulator of the pitch wheel names the generator nearest to it.
        let wheel = source.input == Input::PitchWheel && amount_source.input == Input::BendRange;
        let destination = match usize::from(destination) {
            generator::FINE_TUNE if wheel => generator::PITCH as u8,
            _ => destination,
        };
        Some(Modulator { source, amount_source, destination, amount, absolute })
    }

    /// Whether the later of two such modulators stands for both.
    pub(super) fn replaces(&self, other: &Modulator) -> bool {
        (self.source, self.amount_source, self.destination, self.absolute)
            == (other.source, other.amount_source, other.destination, other.absolute)
    }
}

const fn controller(number: u8, destination: usize, amount: i16) -> Modulator {
    simple(Source::rising(Input::Controller(number)), destination, amount)
}

const fn simple(source: Source, destination: usize, amount: i16) -> Modulator {
    Modulator { source, amount_source: Source::ONE, destination: destination as u8, amount, absolute: false }
}

const fn loudness(input: Input) -> Modulator {
    let source = Source { input, curve: Curve::Concave, falling: true, bipolar: false };
    simple(source, generator::ATTENUATION, 960)
}

/// What every instrument has. The specification's modulator from velocity to filter cutoff is left out: fonts are
/// voiced without it, because neither FluidSynth nor most others apply it.
pub(super) const DEFAULTS: [Modulator; 9] = [
    loudness(Input::Velocity),
    loudness(Input::Controller(7)),
    loudness(Input::Controller(11)),
    controller(1, generator::VIB_LFO_TO_PITCH, 50),
    simple(Source::rising(Input::ChannelPressure), generator::VIB_LFO_TO_PITCH, 50),
    Modulator {
        source: Source { bipolar: true, ..Source::rising(Input::Controller(10)) },
        ..controller(10, generator::PAN, 500)
    },
    controller(91, generator::REVERB_SEND, 200),
    controller(93, generator::CHORUS_SEND, 200),
    Modulator {
        source: Source { bipolar: true, ..Source::rising(Input::PitchWheel) },
        amount_source: Source::rising(Input::BendRange),
        destination: generator::PITCH as u8,
        amount: 12700,
        absolute: false,
    },
];
