//! How everything looks: colours, sizes, spacing and the styles of widgets. Screens take them from here
//! and name no colour of their own.
//!
//! One accent; red is for recording and for nothing else. Text has a contrast of at least 4.5:1 on every
//! surface that it stands on, in light and in dark; a test holds that.

use std::sync::LazyLock;

use iced::theme::palette::{self, Extended, Pair, Palette};
use iced::widget::{
    button, container, pick_list, progress_bar, rule, scrollable, slider, svg, text, text_input, toggler,
};
use iced::{Background, Border, Color, Font, Shadow, Theme, Vector, border, color, font};

use crate::studio::picture::TRACKS;

/// The embedded family, upright.
pub const REGULAR: Font = Font::with_name("Composer Sans");
/// The embedded family for what stands out.
pub const STRONG: Font = Font { weight: font::Weight::Semibold, ..REGULAR };

/// The fonts' files; see `assets/fonts`.
pub const FONTS: [&[u8]; 2] = [
    include_bytes!("../../assets/fonts/ComposerSans-Regular.otf"),
    include_bytes!("../../assets/fonts/ComposerSans-SemiBold.otf"),
];

/// Remarks and labels.
pub const SMALL: f32 = 12.0;
/// Everything else.
pub const BODY: f32 = 14.0;
/// Names.
pub const LARGE: f32 = 16.0;
/// A screen's title.
pub const TITLE: f32 = 22.0;
/// The clock.
pub const CLOCK: f32 = 26.0;

/// Between things that belong together.
pub const NEAR: f32 = 4.0;
/// Between things of a group.
pub const GAP: f32 = 8.0;
/// Between groups, and inside surfaces.
pub const WIDE: f32 = 16.0;
/// Around a screen.
pub const MARGIN: f32 = 20.0;
/// How round corners are.
pub const RADIUS: f32 = 8.0;
/// How high a control is at least, so that it can be hit.
pub const CONTROL: f32 = 34.0;

/// The colours of one look.
#[derive(Clone, Copy)]
struct Look {
    ground: Color,
    surface: Color,
    control: Color,
    hover: Color,
    line: Color,
    text: Color,
    muted: Color,
    accent: Color,
    on_accent: Color,
    accent_soft: Color,
    record: Color,
    on_record: Color,
    warning: Color,
    success: Color,
}

const DARK: Look = Look {
    ground: color!(0x12151a),
    surface: color!(0x1a1e25),
    control: color!(0x262c36),
    hover: color!(0x323a47),
    line: color!(0x343c49),
    text: color!(0xe9ecf1),
    muted: color!(0xaab3c0),
    accent: color!(0x3ccdb8),
    on_accent: color!(0x06231f),
    accent_soft: color!(0x17403b),
    record: color!(0xff7272),
    on_record: color!(0x2b0505),
    warning: color!(0xf3bd55),
    success: color!(0x66d195),
};

const LIGHT: Look = Look {
    ground: color!(0xf3f4f6),
    surface: color!(0xffffff),
    control: color!(0xe8ebef),
    hover: color!(0xdce1e7),
    line: color!(0xcdd4dc),
    text: color!(0x1a1e25),
    muted: color!(0x505a68),
    accent: color!(0x0a6e63),
    on_accent: color!(0xffffff),
    accent_soft: color!(0xd3efeb),
    record: color!(0xb92626),
    on_record: color!(0xffffff),
    warning: color!(0x7d5100),
    success: color!(0x146c3c),
};

impl Look {
    fn theme(self, name: &'static str, is_dark: bool) -> Theme {
        let palette = Palette {
            background: self.ground,
            text: self.text,
            primary: self.accent,
            success: self.success,
            warning: self.warning,
            danger: self.record,
        };
        Theme::custom_with_fn(name, palette, move |_| self.extended(is_dark))
    }

    /// Where iced's own widgets and ours find them: the palette's places have fixed meanings here.
    fn extended(self, is_dark: bool) -> Extended {
        let on = |color| Pair { color, text: self.text };
        let filled = |color, text| Pair { color, text };
        Extended {
            background: palette::Background {
                base: on(self.ground),
                weakest: on(self.surface),
                weaker: on(self.control),
                weak: on(self.control),
                neutral: on(self.hover),
                strong: on(self.line),
                stronger: on(self.line),
                strongest: filled(self.muted, self.ground),
            },
            primary: palette::Primary {
                base: filled(self.accent, self.on_accent),
                weak: on(self.accent_soft),
                strong: filled(self.accent, self.on_accent),
            },
            secondary: palette::Secondary {
                base: filled(self.muted, self.ground),
                weak: on(self.hover),
                strong: filled(self.muted, self.ground),
            },
            success: palette::Success {
                base: filled(self.success, self.ground),
                weak: filled(self.success, self.ground),
                strong: filled(self.success, self.ground),
            },
            warning: palette::Warning {
                base: filled(self.warning, self.ground),
                weak: filled(self.warning, self.ground),
                strong: filled(self.warning, self.ground),
            },
            danger: palette::Danger {
                base: filled(self.record, self.on_record),
                weak: filled(self.record, self.on_record),
                strong: filled(self.record, self.on_record),
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

/// Colours for what is drawn by hand (keys, rolls, meters).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ink {
    /// The window's ground.
    pub ground: Color,
    /// A surface on it.
    pub surface: Color,
    /// Lines and the rows of black keys.
    pub line: Color,
    /// Text.
    pub text: Color,
    /// Text that is less important.
    pub muted: Color,
    /// The accent.
    pub accent: Color,
    /// Text on it.
    pub on_accent: Color,
    /// Recording.
    pub record: Color,
    /// White keys.
    pub white_key: Color,
    /// Black keys.
    pub black_key: Color,
}

/// The colours of a theme.
#[must_use]
pub fn ink(theme: &Theme) -> Ink {
    let p = theme.extended_palette();
    let (white_key, black_key) =
        if p.is_dark { (color!(0xdfe3e9), color!(0x0b0d10)) } else { (color!(0xffffff), color!(0x262b33)) };
    Ink {
        ground: p.background.base.color,
        surface: p.background.weakest.color,
        line: p.background.strong.color,
        text: p.background.base.text,
        muted: p.secondary.base.color,
        accent: p.primary.base.color,
        on_accent: p.primary.base.text,
        record: p.danger.base.color,
        white_key,
        black_key,
    }
}

/// Text that is less important.
pub fn muted(theme: &Theme) -> text::Style {
    text::Style { color: Some(ink(theme).muted) }
}

/// Text that asks for attention.
pub fn warning(theme: &Theme) -> text::Style {
    text::Style { color: Some(theme.extended_palette().warning.base.color) }
}

/// Text that says that all is well.
pub fn success(theme: &Theme) -> text::Style {
    text::Style { color: Some(theme.extended_palette().success.base.color) }
}

/// Text about what is selected.
pub fn accent(theme: &Theme) -> text::Style {
    text::Style { color: Some(ink(theme).accent) }
}

/// Text on the accent.
pub fn on_accent(theme: &Theme) -> text::Style {
    text::Style { color: Some(ink(theme).on_accent) }
}

/// Text about recording, and about what failed.
pub fn danger(theme: &Theme) -> text::Style {
    text::Style { color: Some(ink(theme).record) }
}

/// An icon in the colour of a text style.
pub fn icon(style: fn(&Theme) -> text::Style) -> impl Fn(&Theme, svg::Status) -> svg::Style {
    move |theme, _| svg::Style { color: style(theme).color.or(Some(ink(theme).text)) }
}

/// A surface on the ground.
pub fn surface(theme: &Theme) -> container::Style {
    let ink = ink(theme);
    container::Style {
        background: Some(ink.surface.into()),
        border: border::rounded(RADIUS).color(ink.line).width(1),
        ..container::Style::default()
    }
}

/// The strip of screens, and the status line.
pub fn bar(theme: &Theme) -> container::Style {
    container::Style { background: Some(ink(theme).surface.into()), ..container::Style::default() }
}

/// What lies over everything else.
pub fn sheet(theme: &Theme) -> container::Style {
    let shadow = Shadow { color: Color { a: 0.35, ..Color::BLACK }, offset: Vector::new(0.0, 8.0), blur_radius: 28.0 };
    container::Style { shadow, ..surface(theme) }
}

/// Darkens what lies under a sheet.
pub fn veil(_theme: &Theme) -> container::Style {
    container::Style { background: Some(Color { a: 0.45, ..Color::BLACK }.into()), ..container::Style::default() }
}

/// A tooltip.
pub fn tip(theme: &Theme) -> container::Style {
    let ink = ink(theme);
    container::Style {
        background: Some(ink.text.into()),
        text_color: Some(ink.ground),
        border: border::rounded(6),
        ..container::Style::default()
    }
}

/// A key of the computer's keyboard, in the help.
pub fn keycap(theme: &Theme) -> container::Style {
    let p = theme.extended_palette();
    container::Style {
        background: Some(p.background.weaker.color.into()),
        border: border::rounded(5).color(p.background.strong.color).width(1),
        ..container::Style::default()
    }
}

/// A thin line between things.
pub fn hairline(theme: &Theme) -> rule::Style {
    rule::Style { color: ink(theme).line, radius: 0.into(), fill_mode: rule::FillMode::Full, snap: true }
}

fn button_style(background: Color, text: Color) -> button::Style {
    button::Style {
        background: Some(background.into()),
        text_color: text,
        border: border::rounded(RADIUS),
        ..button::Style::default()
    }
}

fn faded(style: button::Style) -> button::Style {
    let fade = |b: Background| b.scale_alpha(0.45);
    button::Style { background: style.background.map(fade), text_color: style.text_color.scale_alpha(0.45), ..style }
}

/// An ordinary button.
pub fn plain(theme: &Theme, status: button::Status) -> button::Style {
    let p = theme.extended_palette();
    let usual = button_style(p.background.weaker.color, p.background.base.text);
    match status {
        button::Status::Active => usual,
        button::Status::Hovered | button::Status::Pressed => {
            button_style(p.background.neutral.color, p.background.base.text)
        }
        button::Status::Disabled => faded(usual),
    }
}

/// A button without a ground of its own.
pub fn quiet(theme: &Theme, status: button::Status) -> button::Style {
    let style = plain(theme, status);
    match status {
        button::Status::Active | button::Status::Disabled => button::Style { background: None, ..style },
        button::Status::Hovered | button::Status::Pressed => style,
    }
}

/// The one that is most likely wanted.
pub fn solid(theme: &Theme, status: button::Status) -> button::Style {
    let p = theme.extended_palette().primary.base;
    let usual = button_style(p.color, p.text);
    match status {
        button::Status::Active => usual,
        button::Status::Hovered | button::Status::Pressed => {
            button::Style { border: usual.border.color(ink(theme).text).width(2), ..usual }
        }
        button::Status::Disabled => faded(usual),
    }
}

/// One that is on or off.
pub fn toggle(on: bool) -> impl Fn(&Theme, button::Status) -> button::Style {
    move |theme, status| {
        let style = plain(theme, status);
        if !on {
            return style;
        }
        let p = theme.extended_palette().primary;
        let border = Border { color: p.base.color, width: 1.5, radius: RADIUS.into() };
        button::Style { background: Some(p.weak.color.into()), text_color: p.weak.text, border, ..style }
    }
}

/// The record button; filled while a take runs.
pub fn record(on: bool) -> impl Fn(&Theme, button::Status) -> button::Style {
    move |theme, status| {
        let style = plain(theme, status);
        let p = theme.extended_palette().danger.base;
        let border = Border { color: p.color, width: 1.5, radius: RADIUS.into() };
        if on {
            return button::Style { background: Some(p.color.into()), text_color: p.text, border, ..style };
        }
        button::Style { border, ..style }
    }
}

/// A row of a list that is selected or not; a screen in the strip.
pub fn choice(selected: bool) -> impl Fn(&Theme, button::Status) -> button::Style {
    move |theme, status| {
        let style = quiet(theme, status);
        if !selected {
            return style;
        }
        let p = theme.extended_palette().primary.weak;
        button::Style { background: Some(p.color.into()), text_color: p.text, ..style }
    }
}

/// A field for text.
pub fn field(theme: &Theme, status: text_input::Status) -> text_input::Style {
    let p = theme.extended_palette();
    let line = match status {
        text_input::Status::Focused { .. } => p.primary.base.color,
        text_input::Status::Hovered => p.secondary.base.color,
        text_input::Status::Active | text_input::Status::Disabled => p.background.strong.color,
    };
    text_input::Style {
        background: p.background.weaker.color.into(),
        border: border::rounded(RADIUS).color(line).width(1),
        icon: p.secondary.base.color,
        placeholder: p.secondary.base.color,
        value: p.background.base.text,
        selection: p.primary.weak.color,
    }
}

/// A field that opens a list.
pub fn list(theme: &Theme, status: pick_list::Status) -> pick_list::Style {
    let p = theme.extended_palette();
    let line = match status {
        pick_list::Status::Opened { .. } => p.primary.base.color,
        pick_list::Status::Hovered => p.secondary.base.color,
        pick_list::Status::Active => p.background.strong.color,
    };
    pick_list::Style {
        text_color: p.background.base.text,
        placeholder_color: p.secondary.base.color,
        handle_color: p.secondary.base.color,
        background: p.background.weaker.color.into(),
        border: border::rounded(RADIUS).color(line).width(1),
    }
}

/// The list that opens.
pub fn menu(theme: &Theme) -> iced::overlay::menu::Style {
    let p = theme.extended_palette();
    iced::overlay::menu::Style {
        background: p.background.weakest.color.into(),
        border: border::rounded(RADIUS).color(p.background.strong.color).width(1),
        text_color: p.background.base.text,
        selected_text_color: p.primary.base.text,
        selected_background: p.primary.base.color.into(),
        shadow: Shadow { color: Color { a: 0.3, ..Color::BLACK }, offset: Vector::new(0.0, 6.0), blur_radius: 18.0 },
    }
}

/// A switch.
pub fn switch(theme: &Theme, status: toggler::Status) -> toggler::Style {
    let p = theme.extended_palette();
    let mut style = toggler::default(theme, status);
    let on = matches!(
        status,
        toggler::Status::Active { is_toggled: true }
            | toggler::Status::Hovered { is_toggled: true }
            | toggler::Status::Disabled { is_toggled: true }
    );
    style.background = if on { p.primary.base.color } else { p.background.strong.color }.into();
    style.foreground = if on { p.primary.base.text } else { p.background.base.text }.into();
    style
}

/// What scrolls.
pub fn scroll(theme: &Theme, status: scrollable::Status) -> scrollable::Style {
    let p = theme.extended_palette();
    let mut style = scrollable::default(theme, status);
    for rail in [&mut style.vertical_rail, &mut style.horizontal_rail] {
        rail.background = None;
        rail.scroller.background = p.background.strong.color.into();
    }
    style
}

/// What is selected, in light and in dark: the one colour that no track has.
pub const SELECTED: Color = color!(0xf2a93b);

/// The colour of a track, by its number: told apart by lightness too, and to be seen on light and dark.
#[must_use]
pub fn track(number: u8) -> Color {
    let [_, red, green, blue] = TRACKS[usize::from(number) % TRACKS.len()].to_be_bytes();
    Color::from_rgb8(red, green, blue)
}

/// A sunken surface, on which something is drawn.
pub fn well(theme: &Theme) -> container::Style {
    let ink = ink(theme);
    container::Style {
        background: Some(ink.ground.into()),
        border: border::rounded(RADIUS).color(ink.line).width(1),
        ..container::Style::default()
    }
}

/// A slider.
pub fn slide(theme: &Theme, status: slider::Status) -> slider::Style {
    let p = theme.extended_palette();
    let handle = match status {
        slider::Status::Active => p.primary.base.color,
        slider::Status::Hovered | slider::Status::Dragged => p.background.base.text,
    };
    slider::Style {
        rail: slider::Rail {
            backgrounds: (p.primary.base.color.into(), p.background.strong.color.into()),
            width: 4.0,
            border: border::rounded(2),
        },
        handle: slider::Handle {
            shape: slider::HandleShape::Circle { radius: 7.0 },
            background: handle.into(),
            border_width: 0.0,
            border_color: Color::TRANSPARENT,
        },
    }
}

/// How far something is.
pub fn progress(theme: &Theme) -> progress_bar::Style {
    let p = theme.extended_palette();
    progress_bar::Style {
        background: p.background.strong.color.into(),
        bar: p.primary.base.color.into(),
        border: border::rounded(4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the Web Content Accessibility Guidelines 2.2 define it.
    fn contrast(a: Color, b: Color) -> f32 {
        let luminance = |c: Color| {
            let linear = |x: f32| if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) };
            0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_everything_that_it_stands_on() {
        for (name, look) in [("dark", DARK), ("light", LIGHT)] {
            for (ground_name, ground) in
                [("ground", look.ground), ("surface", look.surface), ("control", look.control), ("hover", look.hover)]
            {
                for (text_name, text) in [("text", look.text), ("muted", look.muted)] {
                    let found = contrast(text, ground);
                    assert!(found >= 4.5, "{name}: {text_name} on {ground_name}: {found:.2}");
                }
            }
            for (text_name, text, ground) in [
                ("accent", look.accent, look.ground),
                ("accent", look.accent, look.surface),
                ("on accent", look.on_accent, look.accent),
                ("on accent, soft", look.text, look.accent_soft),
                ("record", look.record, look.surface),
                ("on record", look.on_record, look.record),
                ("warning", look.warning, look.surface),
                ("success", look.success, look.surface),
                ("warning", look.warning, look.ground),
            ] {
                let found = contrast(text, ground);
                assert!(found >= 4.5, "{name}: {text_name}: {found:.2}");
            }
        }
    }
}
