//! The colours themselves, in dark and in light, and how they are mixed.

use std::sync::LazyLock;

use iced::theme::palette::{self, Extended, Pair, Palette};
use iced::{Color, Theme, color};

use crate::music::message::Velocity;
use crate::studio::picture::TRACKS;

/// The colours of one look.
#[derive(Clone, Copy)]
struct Look {
    ink: Ink,
    control: Color,
    hover: Color,
    accent_soft: Color,
    on_record: Color,
    warning: Color,
    success: Color,
}

/// Colours for what is drawn by hand (keys, rolls, meters).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ink {
    /// The window's ground.
    pub ground: Color,
    /// A surface on it.
    pub surface: Color,
    /// Thin lines between things, bars, the rows of black keys: what helps the eye and says nothing by itself.
    pub line: Color,
    /// The edge of what can be used: fields, rails, switches.
    pub edge: Color,
    /// Text.
    pub text: Color,
    /// Text that is less important.
    pub muted: Color,
    /// Text on what cannot be used now.
    pub faint: Color,
    /// The accent.
    pub accent: Color,
    /// Text on it.
    pub on_accent: Color,
    /// Recording.
    pub record: Color,
    /// What is selected among the notes: the one colour that no track has.
    pub selected: Color,
    /// Notes of the tracks that are not edited.
    pub ghost: Color,
    /// White keys.
    pub white_key: Color,
    /// Black keys.
    pub black_key: Color,
    /// Letters on white keys.
    pub on_white_key: Color,
    /// Letters on black keys.
    pub on_black_key: Color,
    /// Tracks, by their number.
    tracks: [Color; TRACKS.len()],
}

const DARK: Look = Look {
    ink: Ink {
        ground: color!(0x12151a),
        surface: color!(0x1a1e25),
        line: color!(0x343c49),
        edge: color!(0x6f7a8a),
        text: color!(0xe9ecf1),
        muted: color!(0xaab3c0),
        faint: color!(0x8b94a1),
        accent: color!(0x3ccdb8),
        on_accent: color!(0x06231f),
        record: color!(0xff7d7d),
        selected: color!(0xf2a93b),
        ghost: color!(0x6f7a8a),
        white_key: color!(0xdfe3e9),
        black_key: color!(0x0b0d10),
        on_white_key: color!(0x505a68),
        on_black_key: color!(0xc6ccd5),
        tracks: TRACKS_ON_DARK,
    },
    control: color!(0x262c36),
    hover: color!(0x323a47),
    accent_soft: color!(0x17403b),
    on_record: color!(0x2b0505),
    warning: color!(0xf3bd55),
    success: color!(0x66d195),
};

const LIGHT: Look = Look {
    ink: Ink {
        ground: color!(0xf3f4f6),
        surface: color!(0xffffff),
        line: color!(0xcdd4dc),
        edge: color!(0x7c8592),
        text: color!(0x1a1e25),
        muted: color!(0x505a68),
        faint: color!(0x5f6874),
        accent: color!(0x0a6e63),
        on_accent: color!(0xffffff),
        record: color!(0xb92626),
        selected: color!(0x9c5c00),
        ghost: color!(0x7c8592),
        white_key: color!(0xffffff),
        black_key: color!(0x262b33),
        on_white_key: color!(0x505a68),
        on_black_key: color!(0xc6ccd5),
        tracks: TRACKS_ON_LIGHT,
    },
    control: color!(0xe8ebef),
    hover: color!(0xdce1e7),
    accent_soft: color!(0xd3efeb),
    on_record: color!(0xffffff),
    warning: color!(0x7d5100),
    success: color!(0x146c3c),
};

/// The colours of tracks, as pictures have them.
const TRACKS_ON_DARK: [Color; TRACKS.len()] = {
    let mut tracks = [Color::BLACK; TRACKS.len()];
    let mut n = 0;
    while n < TRACKS.len() {
        let [_, red, green, blue] = TRACKS[n].to_be_bytes();
        tracks[n] = Color::from_rgb8(red, green, blue);
        n += 1;
    }
    tracks
};

/// The same hues, dark enough for paper.
const TRACKS_ON_LIGHT: [Color; TRACKS.len()] = [
    color!(0x207a6e),
    color!(0x456bb6),
    color!(0xa25380),
    color!(0x7060b5),
    color!(0x407a32),
    color!(0xa6593b),
    color!(0x2e7493),
    color!(0x746c3f),
];

impl Ink {
    /// The colour of a track, by its number: told apart by lightness too.
    #[must_use]
    pub fn track(&self, number: u8) -> Color {
        self.tracks[usize::from(number) % self.tracks.len()]
    }
}

impl Look {
    fn theme(self, name: &'static str, is_dark: bool) -> Theme {
        let palette = Palette {
            background: self.ink.ground,
            text: self.ink.text,
            primary: self.ink.accent,
            success: self.success,
            warning: self.warning,
            danger: self.ink.record,
        };
        Theme::custom_with_fn(name, palette, move |_| self.extended(is_dark))
    }

    /// Where iced's own widgets and ours find them: the palette's places have fixed meanings here.
    fn extended(self, is_dark: bool) -> Extended {
        let Look { ink, control, hover, accent_soft, on_record, warning, success } = self;
        let on = |color| Pair { color, text: ink.text };
        let filled = |color, text| Pair { color, text };
        Extended {
            background: palette::Background {
                base: on(ink.ground),
                weakest: on(ink.surface),
                weaker: on(control),
                weak: on(control),
                neutral: on(hover),
                strong: on(ink.line),
                stronger: on(ink.line),
                strongest: filled(ink.muted, ink.ground),
            },
            primary: palette::Primary {
                base: filled(ink.accent, ink.on_accent),
                weak: on(accent_soft),
                strong: filled(ink.accent, ink.on_accent),
            },
            secondary: palette::Secondary {
                base: filled(ink.muted, ink.ground),
                weak: on(hover),
                strong: filled(ink.muted, ink.ground),
            },
            success: palette::Success {
                base: filled(success, ink.ground),
                weak: filled(success, ink.ground),
                strong: filled(success, ink.ground),
            },
            warning: palette::Warning {
                base: filled(warning, ink.ground),
                weak: filled(warning, ink.ground),
                strong: filled(warning, ink.ground),
            },
            danger: palette::Danger {
                base: filled(ink.record, on_record),
                weak: filled(ink.record, on_record),
                strong: filled(ink.record, on_record),
            },
            is_dark,
        }
    }
}

/// The light or the dark look.
#[must_use]
pub fn theme(dark: bool) -> Theme {
    static BOTH: LazyLock<[Theme; 2]> =
        LazyLock::new(|| [LIGHT.theme("composer light", false), DARK.theme("composer dark", true)]);
    BOTH[usize::from(dark)].clone()
}

/// The colours of a theme.
#[must_use]
pub fn ink(theme: &Theme) -> Ink {
    if theme.extended_palette().is_dark { DARK.ink } else { LIGHT.ink }
}

/// Mixes a share of a colour into another; what comes of it is opaque.
#[must_use]
pub fn mix(ground: Color, colour: Color, share: f32) -> Color {
    let mix = |a: f32, b: f32| a + (b - a) * share;
    Color::from_rgb(mix(ground.r, colour.r), mix(ground.g, colour.g), mix(ground.b, colour.b))
}

/// The colour of a note on a surface: softer ones are paler, and none so pale that it would be overlooked.
#[must_use]
pub fn shade(ink: &Ink, colour: Color, velocity: Velocity) -> Color {
    mix(ink.surface, colour, 0.8 + 0.2 * f32::from(velocity.get()) / 127.0)
}

/// Black or white, whichever is read more easily on a colour: with one of them it is always 4.5:1.
#[must_use]
pub fn readable_on(colour: Color) -> Color {
    // Where both are equally far, as the Web Content Accessibility Guidelines reckon it.
    if colour.relative_luminance() > 0.179 { Color::BLACK } else { Color::WHITE }
}
