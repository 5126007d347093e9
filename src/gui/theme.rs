//! How everything looks: colours, sizes, spacing and the styles of widgets. Screens take them from here
//! and name no colour of their own.
//!
//! One accent; red is for recording and for nothing else. Text has a contrast of at least 4.5:1 on every
//! surface that it stands on, and what is drawn 3:1, in light and in dark; a test holds that.

mod look;

use iced::widget::{
    button, container, pick_list, progress_bar, rule, scrollable, slider, svg, text, text_input, toggler,
};
use iced::{Border, Color, Font, Shadow, Theme, border, font};

pub use look::{Ink, ink, mix, readable_on, shade, theme};

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

/// Text on what cannot be pressed now.
pub fn faint(theme: &Theme) -> text::Style {
    text::Style { color: Some(ink(theme).faint) }
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

/// What lies over everything else. A line sets it off and no shadow: iced's renderer in software (0.14) draws that again
/// over what is already there whenever only a part of the window is drawn, and darkens it.
pub fn sheet(theme: &Theme) -> container::Style {
    let usual = surface(theme);
    container::Style { border: usual.border.color(ink(theme).edge), ..usual }
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

/// One that cannot be pressed now: no ground, a thin line, fainter words, so that not colour alone says it.
fn unusable(theme: &Theme) -> button::Style {
    let ink = ink(theme);
    let border = border::rounded(RADIUS).color(ink.line).width(1);
    button::Style { text_color: ink.faint, border, ..button::Style::default() }
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
        button::Status::Disabled => unusable(theme),
    }
}

/// A button without a ground of its own.
pub fn quiet(theme: &Theme, status: button::Status) -> button::Style {
    let style = plain(theme, status);
    match status {
        button::Status::Active => button::Style { background: None, ..style },
        button::Status::Disabled => button::Style { border: border::rounded(RADIUS), ..style },
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
        button::Status::Disabled => unusable(theme),
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
        text_input::Status::Active | text_input::Status::Disabled => ink(theme).edge,
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
        pick_list::Status::Active => ink(theme).edge,
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
        border: border::rounded(RADIUS).color(ink(theme).edge).width(1),
        text_color: p.background.base.text,
        selected_text_color: p.primary.base.text,
        selected_background: p.primary.base.color.into(),
        // See `sheet`.
        shadow: Shadow::default(),
    }
}

/// A switch.
pub fn switch(theme: &Theme, status: toggler::Status) -> toggler::Style {
    let p = theme.extended_palette();
    let mut style = toggler::default(theme, status);
    let ink = ink(theme);
    let on = matches!(
        status,
        toggler::Status::Active { is_toggled: true }
            | toggler::Status::Hovered { is_toggled: true }
            | toggler::Status::Disabled { is_toggled: true }
    );
    style.background = if on { p.primary.base.color } else { ink.edge }.into();
    style.foreground = if on { p.primary.base.text } else { ink.surface }.into();
    style
}

/// What scrolls.
pub fn scroll(theme: &Theme, status: scrollable::Status) -> scrollable::Style {
    let mut style = scrollable::default(theme, status);
    for rail in [&mut style.vertical_rail, &mut style.horizontal_rail] {
        rail.background = None;
        rail.scroller.background = ink(theme).edge.into();
        rail.scroller.border = border::rounded(5);
    }
    style
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
            backgrounds: (p.primary.base.color.into(), ink(theme).edge.into()),
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
mod tests;
