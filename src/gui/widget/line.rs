//! One line of words: what there is no room for is cut off, and an ellipsis says so. iced 0.14 only cuts.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use iced::advanced::layout::{self, Layout};
use iced::advanced::renderer;
use iced::advanced::text::{self, Paragraph as _, paragraph};
use iced::advanced::widget::{Operation, Tree, Widget, tree};
use iced::widget::text as iced_text;
use iced::{Element, Font, Length, Point, Rectangle, Renderer, Size, Theme, alignment, mouse};

use crate::gui::theme;

type Paragraph = <Renderer as text::Renderer>::Paragraph;

/// See the module.
pub struct Line<'a> {
    words: Cow<'a, str>,
    size: f32,
    font: Font,
    style: fn(&Theme) -> iced_text::Style,
}

/// Words in one line.
pub fn line<'a>(words: impl Into<Cow<'a, str>>) -> Line<'a> {
    Line { words: words.into(), size: theme::BODY, font: theme::REGULAR, style: |_| iced_text::Style::default() }
}

impl Line<'_> {
    /// How large.
    #[must_use]
    pub fn size(self, size: f32) -> Self {
        Line { size, ..self }
    }

    /// In which font.
    #[must_use]
    pub fn font(self, font: Font) -> Self {
        Line { font, ..self }
    }

    fn in_one_line<'b>(&self, content: &'b str) -> text::Text<&'b str, Font> {
        // Wider than any screen. iced takes two texts for the same one, and does not paint the second, where they are in the
        // same place and of the same size, whatever they say; so each text gets bounds of its own.
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let width = 100_000.0 + (hasher.finish() % 8_192) as f32;
        text::Text {
            content,
            bounds: Size::new(width, f32::INFINITY),
            size: self.size.into(),
            line_height: text::LineHeight::default(),
            font: self.font,
            align_x: text::Alignment::Default,
            align_y: alignment::Vertical::Top,
            shaping: text::Shaping::default(),
            wrapping: text::Wrapping::None,
        }
    }

    /// In which colour.
    #[must_use]
    pub fn style(self, style: fn(&Theme) -> iced_text::Style) -> Self {
        Line { style, ..self }
    }
}

#[derive(Default)]
struct State {
    whole: paragraph::Plain<Paragraph>,
    /// What there is room for, and for how much that was.
    cut: Option<(f32, paragraph::Plain<Paragraph>)>,
}

impl<M> Widget<M, Theme, Renderer> for Line<'_> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::default())
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Shrink, Length::Shrink)
    }

    fn layout(&mut self, tree: &mut Tree, _renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let state = tree.state.downcast_mut::<State>();
        let has_changed = state.whole.update(self.in_one_line(&self.words));
        let (most, whole) = (limits.max().width, state.whole.min_bounds());
        if whole.width <= most + 0.5 {
            state.cut = None;
            return layout::Node::new(limits.resolve(Length::Shrink, Length::Shrink, whole));
        }
        if has_changed || state.cut.as_ref().is_none_or(|(room, _)| *room != most) {
            let dots = Paragraph::with_text(self.in_one_line("…")).min_width();
            let at = state.whole.raw().hit_test(Point::new((most - dots).max(0.0), whole.height / 2.0));
            let mut end = at.map_or(0, |hit| hit.cursor()).min(self.words.len());
            loop {
                let fits = self.words.get(..end).map(|start| format!("{}…", start.trim_end()));
                let cut = fits.map(|fits| {
                    let mut cut = paragraph::Plain::default();
                    cut.update(self.in_one_line(&fits));
                    cut
                });
                // The nearest place between two letters may be one too far.
                match cut {
                    Some(cut) if cut.min_width() <= most || end == 0 => {
                        state.cut = Some((most, cut));
                        break;
                    }
                    _ => end = end.saturating_sub(1),
                }
            }
        }
        let shown = state.cut.as_ref().map_or(whole, |(_, cut)| cut.min_bounds());
        layout::Node::new(limits.resolve(Length::Shrink, Length::Shrink, shown))
    }

    fn operate(&mut self, _: &mut Tree, layout: Layout<'_>, _: &Renderer, operation: &mut dyn Operation) {
        operation.text(None, layout.bounds(), &self.words);
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        defaults: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let state = tree.state.downcast_ref::<State>();
        let shown = state.cut.as_ref().map_or(&state.whole, |(_, cut)| cut);
        let (bounds, style) = (layout.bounds(), (self.style)(theme));
        iced::advanced::widget::text::draw(renderer, defaults, bounds, shown.raw(), style, viewport);
    }
}

impl<'a, M: 'a> From<Line<'a>> for Element<'a, M> {
    fn from(line: Line<'a>) -> Self {
        Element::new(line)
    }
}

#[cfg(test)]
mod tests {
    use iced_test::core::renderer::Headless;
    use iced_test::futures::futures::executor::block_on;

    use super::*;

    fn shown(words: &str, room: f32) -> (f32, Option<String>) {
        let renderer = block_on(<Renderer as Headless>::new(theme::REGULAR, 14.into(), None)).unwrap();
        let mut line = line(words.to_owned());
        let mut tree = Tree::new(&line as &dyn Widget<(), Theme, Renderer>);
        let limits = layout::Limits::new(Size::ZERO, Size::new(room, 40.0));
        let node = Widget::<(), _, _>::layout(&mut line, &mut tree, &renderer, &limits);
        let cut = tree.state.downcast_ref::<State>().cut.as_ref().map(|(_, cut)| cut.content().to_owned());
        (node.bounds().width, cut)
    }

    #[test]
    fn words_of_the_same_width_are_not_taken_for_each_other() {
        let paragraph = |words: &str| Paragraph::with_text(line(words.to_owned()).in_one_line(words));
        let (one, other) = (paragraph("20:49"), paragraph("20:46"));
        assert_eq!(one.min_bounds(), other.min_bounds(), "digits are all of one width");
        assert_ne!(one.downgrade(), other.downgrade());
        assert_eq!(one.downgrade(), paragraph("20:49").downgrade());
    }

    #[test]
    fn a_line_that_is_too_long_ends_with_an_ellipsis() {
        assert_eq!(shown("short", 200.0).1, None);
        for words in ["A piece with a long name that says what it is about", "Größenänderungsübergänge für Ägäis-Öfen"]
        {
            let (width, cut) = shown(words, 120.0);
            let cut = cut.unwrap();
            assert!(width <= 120.0 && width > 80.0, "{cut} takes {width}");
            let start = cut.strip_suffix('…').unwrap();
            assert!(start.chars().count() > 8 && words.starts_with(start), "{cut}");
        }
        assert_eq!(shown("no room at all", 3.0).1.as_deref(), Some("…"));
    }
}
