//! A score as the model reads it: steps of a sixteenth, four voices a step.

/// Voices from the top: soprano, alto, tenor, bass.
pub const VOICES: usize = 4;
/// The lowest key that the model knows; the highest is 59 above.
pub const LOWEST: u8 = 30;
/// Keys that the model knows.
pub const KEYS: u8 = 60;
/// What the model can write into a cell: a key or silence.
pub const CLASSES: usize = KEYS as usize + 1;
pub(super) const SYMBOLS: usize = 63;
pub(super) const BARS: usize = 33;
pub(super) const BAR_LENGTHS: usize = 10;

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol(u8);

impl Symbol {
    /// Silence.
    pub const REST: Symbol = Symbol(60);
    /// Before the beginning or after the end of the piece.
    pub const OUTSIDE: Symbol = Symbol(61);
    /// Not known.
    pub const HIDDEN: Symbol = Symbol(62);

    /// A key; `None` for keys that the model does not know (below [`LOWEST`], or 60 and more above it).
    #[must_use]
    pub fn key(key: u8) -> Option<Symbol> {
        key.checked_sub(LOWEST).filter(|k| *k < KEYS).map(Symbol)
    }

    /// The key, where there is one.
    #[must_use]
    pub fn to_key(self) -> Option<u8> {
        (self.0 < KEYS).then_some(self.0 + LOWEST)
    }

    /// The class that the model writes: keys from the lowest, then silence.
    #[must_use]
    pub fn of_class(class: usize) -> Symbol {
        Symbol(class.min(CLASSES - 1) as u8)
    }

    /// The class of a key or of silence.
    #[must_use]
    pub fn class(self) -> Option<usize> {
        (usize::from(self.0) < CLASSES).then_some(usize::from(self.0))
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Whether a note begins in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Nothing says so.
    Unknown = 0,
    /// What sounds goes on.
    Held = 1,
    /// A note begins.
    Struck = 2,
}

/// One voice in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What sounds.
    pub symbol: Symbol,
    /// Whether it begins here.
    pub attack: Attack,
}

impl Cell {
    /// A cell of which nothing is known.
    pub const HIDDEN: Cell = Cell { symbol: Symbol::HIDDEN, attack: Attack::Unknown };
    /// A cell outside the piece.
    pub const OUTSIDE: Cell = Cell { symbol: Symbol::OUTSIDE, attack: Attack::Unknown };
}

/// The four voices of a step.
pub type Step = [Cell; VOICES];

/// What is known of a step besides its notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Sixteenths since the quarter, 0 to 3.
    pub beat: u8,
    /// One more than the sixteenths since the bar line; 0 when unknown.
    pub bar: u8,
    /// The quarters of the bar, 1 to 9; 0 when unknown.
    pub bar_length: u8,
    /// 2 under a fermata, 1 elsewhere, 0 when unknown.
    pub fermata: u8,
}

/// Steps and their places, of one length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// The notes.
    pub steps: Vec<Step>,
    /// The places.
    pub places: Vec<Place>,
}

impl Score {
    /// From MIDI pitches a step (soprano to bass, negative for silence), as benchmark files
    /// have them: where notes begin and where bar lines stand is unknown. Keys that the model does
    /// not know are taken for the nearest it does.
    #[must_use]
    pub fn of_pitches(pitches: &[[i16; VOICES]]) -> Score {
        let cell = |pitch: i16| {
            let nearest = pitch.clamp(LOWEST.into(), (LOWEST + KEYS - 1).into()) as u8;
            let symbol = if pitch < 0 { None } else { Symbol::key(nearest) };
            Cell { symbol: symbol.unwrap_or(Symbol::REST), attack: Attack::Unknown }
        };
        Score {
            steps: pitches.iter().map(|p| p.map(cell)).collect(),
            places: (0..pitches.len()).map(|t| Place { beat: (t % 4) as u8, ..Place::default() }).collect(),
        }
    }

    /// The number of steps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no step.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The step at `t`, counted from the beginning; outside it there is nothing.
    #[must_use]
    pub fn step(&self, t: isize) -> Step {
        usize::try_from(t).ok().and_then(|t| self.steps.get(t)).copied().unwrap_or([Cell::OUTSIDE; VOICES])
    }

    pub(super) fn fermata(&self, t: isize) -> usize {
        usize::try_from(t).ok().and_then(|t| self.places.get(t)).map_or(0, |p| usize::from(p.fermata).min(2))
    }
}
