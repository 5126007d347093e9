//! What something lies over: drawn as ever, and deaf to the mouse and the keys. Tab does not go there.

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree, Widget};
use iced::advanced::{Clipboard, Shell, overlay, renderer};
use iced::{Element, Event, Length, Rectangle, Renderer, Size, Theme, Vector, keyboard, mouse, touch};

/// The window below, and whether something lies over it.
struct Still<'a, M> {
    inner: Element<'a, M>,
    is_covered: bool,
}

/// The window below. It is there always, so that what is in it stays as it is when something lies over it.
pub fn still<'a, M: 'a>(inner: impl Into<Element<'a, M>>, is_covered: bool) -> Element<'a, M> {
    Element::new(Still { inner: inner.into(), is_covered })
}

impl<M> Widget<M, Theme, Renderer> for Still<'_, M> {
    fn children(&self) -> Vec<Tree> {
        vec![Tree::new(&self.inner)]
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(std::slice::from_ref(&self.inner));
    }

    fn size(&self) -> Size<Length> {
        self.inner.as_widget().size()
    }

    fn size_hint(&self) -> Size<Length> {
        self.inner.as_widget().size_hint()
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let child = tree.children.first_mut();
        child.map_or_else(layout::Node::default, |child| self.inner.as_widget_mut().layout(child, renderer, limits))
    }

    fn operate(&mut self, tree: &mut Tree, layout: Layout<'_>, renderer: &Renderer, operation: &mut dyn Operation) {
        if !self.is_covered
            && let Some(child) = tree.children.first_mut()
        {
            self.inner.as_widget_mut().operate(child, layout, renderer, operation);
        }
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        renderer: &Renderer,
        clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, M>,
        viewport: &Rectangle,
    ) {
        // What is let go is heard, so that nothing sounds on or is dragged on.
        let is_input = matches!(
            event,
            Event::Mouse(mouse::Event::ButtonPressed(_) | mouse::Event::WheelScrolled { .. })
                | Event::Touch(touch::Event::FingerPressed { .. })
                | Event::Keyboard(keyboard::Event::KeyPressed { .. })
        );
        if self.is_covered && is_input {
            return;
        }
        if let Some(child) = tree.children.first_mut() {
            self.inner.as_widget_mut().update(child, event, layout, cursor, renderer, clipboard, shell, viewport);
        }
    }

    fn mouse_interaction(
        &self,
        tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
        renderer: &Renderer,
    ) -> mouse::Interaction {
        let child = tree.children.first();
        child.map_or_else(Default::default, |child| {
            self.inner.as_widget().mouse_interaction(child, layout, cursor, viewport, renderer)
        })
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        if let Some(child) = tree.children.first() {
            self.inner.as_widget().draw(child, renderer, theme, style, layout, cursor, viewport);
        }
    }

    fn overlay<'b>(
        &'b mut self,
        tree: &'b mut Tree,
        layout: Layout<'b>,
        renderer: &Renderer,
        viewport: &Rectangle,
        translation: Vector,
    ) -> Option<overlay::Element<'b, M, Theme, Renderer>> {
        let child = tree.children.first_mut()?;
        self.inner.as_widget_mut().overlay(child, layout, renderer, viewport, translation)
    }
}
