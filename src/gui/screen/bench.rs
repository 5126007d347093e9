//! What the tests of screens share: folders of their own, and a screen as it is drawn, without a window.

use iced::futures::{StreamExt, executor::block_on};
use iced::{Element, Task};
use iced_test::Simulator;
use iced_test::runtime::{Action, task};

use crate::gui::now::Now;
use crate::gui::theme;
use crate::settings::{Folders, Settings};

/// What a window with nothing behind it knows, over folders that go with the second value; they are there and empty.
/// None, and said, where a user has no home.
pub(in crate::gui) fn room() -> Option<(Now, tempfile::TempDir)> {
    let Some(mut folders) = Folders::of_platform() else {
        eprintln!("SKIPPED: this user has no home folder");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    for (place, name) in [
        (&mut folders.library, "library"),
        (&mut folders.state, "state"),
        (&mut folders.jobs, "store"),
        (&mut folders.models, "models"),
    ] {
        *place = folder.path().join(name);
        std::fs::create_dir(&*place).unwrap();
    }
    Some((Now::new(Settings::default(), Some(folders)), folder))
}

/// A screen in a window of a usual size.
pub(in crate::gui) fn shown<'a, M>(view: Element<'a, M>) -> Simulator<'a, M> {
    let fonts = theme::FONTS.map(std::borrow::Cow::Borrowed).to_vec();
    let settings = iced::Settings { default_font: theme::REGULAR, fonts, ..Default::default() };
    Simulator::with_size(settings, iced::Size::new(1104.0, 700.0), view)
}

/// What a click on these words says.
pub(super) fn clicks<M: std::fmt::Debug>(mut window: Simulator<'_, M>, words: &str) -> Vec<String> {
    window.click(words).unwrap_or_else(|e| panic!("{words}: {e:?}"));
    window.into_messages().map(|m| format!("{m:?}")).collect()
}

/// Runs a task to its end: its messages, and whether it closes the window.
pub(in crate::gui) fn run<T: Send + 'static>(task: Task<T>) -> (Vec<T>, bool) {
    let actions: Vec<Action<T>> = task::into_stream(task).map_or_else(Vec::new, |stream| block_on(stream.collect()));
    let exits = actions.iter().any(|action| matches!(action, Action::Exit));
    let output = |action| if let Action::Output(output) = action { Some(output) } else { None };
    (actions.into_iter().filter_map(output).collect(), exits)
}
