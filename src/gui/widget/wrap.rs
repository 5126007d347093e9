//! A widget around another that is drawn and laid out as ever, and of which a [`Hook`] says what is different about it.

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree, Widget, tree};
use iced::advanced::{Clipboard, Shell, overlay, renderer};
use iced::{Element, Event, Length, Rectangle, Renderer, Size, Theme, Vector, mouse};

/// What is different about what is wrapped. What a hook does not say is as without it.
pub(super) trait Hook<'a, M> {
    /// What is kept from one view to the next.
    type State: Default + 'static;

    /// An event comes; it goes inside by [`Inside::hears`] only.
    fn update(&mut self, state: &mut Self::State, inside: &mut Inside<'_, '_, 'a, M>, event: &Event);

    /// Somebody walks through the widgets; whether they go inside.
    fn operate(&mut self, _state: &mut Self::State, _bounds: Rectangle, _operation: &mut dyn Operation) -> bool {
        true
    }

    /// Draws over what is wrapped.
    fn draw_over(
        &self,
        _state: &Self::State,
        _renderer: &mut Renderer,
        _theme: &Theme,
        _bounds: Rectangle,
        _viewport: &Rectangle,
    ) {
    }
}

/// What is wrapped, while an event comes.
pub(super) struct Inside<'w, 's, 'a, M> {
    inner: &'w mut Element<'a, M>,
    tree: &'w mut Tree,
    pub(super) layout: Layout<'w>,
    pub(super) cursor: mouse::Cursor,
    pub(super) renderer: &'w Renderer,
    clipboard: &'w mut dyn Clipboard,
    pub(super) shell: &'w mut Shell<'s, M>,
    pub(super) viewport: &'w Rectangle,
}

impl<M> Inside<'_, '_, '_, M> {
    /// Lets it hear an event, with the mouse there.
    pub(super) fn hears(&mut self, event: &Event, cursor: mouse::Cursor) {
        let (inner, layout) = (self.inner.as_widget_mut(), self.layout);
        inner.update(self.tree, event, layout, cursor, self.renderer, self.clipboard, self.shell, self.viewport);
    }

    /// Whether what it opens lies over the window.
    pub(super) fn is_open(&mut self) -> bool {
        let inner = self.inner.as_widget_mut();
        inner.overlay(self.tree, self.layout, self.renderer, self.viewport, Vector::ZERO).is_some()
    }

    /// Lets what it has opened hear an event, with the mouse in its middle.
    pub(super) fn opened_hears(&mut self, event: &Event) {
        let inner = self.inner.as_widget_mut();
        let opened = inner.overlay(self.tree, self.layout, self.renderer, self.viewport, Vector::ZERO);
        let Some(mut opened) = opened else { return };
        let opened = opened.as_overlay_mut();
        let room = Size::new(self.viewport.x + self.viewport.width, self.viewport.y + self.viewport.height);
        let node = opened.layout(self.renderer, room);
        let layout = Layout::new(&node);
        let cursor = mouse::Cursor::Available(layout.bounds().center());
        opened.update(event, layout, cursor, self.renderer, self.clipboard, self.shell);
    }
}

struct Wrapped<'a, M, H> {
    inner: Element<'a, M>,
    hook: H,
}

/// Wraps a widget.
pub(super) fn wrap<'a, M: 'a>(inner: impl Into<Element<'a, M>>, hook: impl Hook<'a, M> + 'a) -> Element<'a, M> {
    Element::new(Wrapped { inner: inner.into(), hook })
}

impl<'a, M, H: Hook<'a, M>> Widget<M, Theme, Renderer> for Wrapped<'a, M, H> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<H::State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(H::State::default())
    }

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
        if self.hook.operate(tree.state.downcast_mut(), layout.bounds(), operation)
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
        let Some(child) = tree.children.first_mut() else { return };
        let inner = &mut self.inner;
        let mut inside = Inside { inner, tree: child, layout, cursor, renderer, clipboard, shell, viewport };
        self.hook.update(tree.state.downcast_mut(), &mut inside, event);
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
        let Some(child) = tree.children.first() else { return };
        self.inner.as_widget().draw(child, renderer, theme, style, layout, cursor, viewport);
        self.hook.draw_over(tree.state.downcast_ref(), renderer, theme, layout.bounds(), viewport);
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
