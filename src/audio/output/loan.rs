//! A renderer that is lent to a stream and comes home when the stream lets go of it.

use std::sync::mpsc;

use super::Renderer;

/// Holds a renderer for as long as a stream's callback lives.
pub(super) struct Loan {
    renderer: Option<Box<dyn Renderer>>,
    home: mpsc::Sender<Box<dyn Renderer>>,
}

impl Loan {
    pub(super) fn new(renderer: Box<dyn Renderer>, home: mpsc::Sender<Box<dyn Renderer>>) -> Loan {
        Loan { renderer: Some(renderer), home }
    }

    pub(super) fn get(&mut self) -> Option<&mut dyn Renderer> {
        match &mut self.renderer {
            Some(renderer) => Some(renderer.as_mut()),
            None => None,
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // Streams are dropped by the supervisor, after the callback has ended.
        if let Some(renderer) = self.renderer.take() {
            let _ = self.home.send(renderer);
        }
    }
}
