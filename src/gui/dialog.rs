//! The system's dialogs for files and folders: over the desktop's portal, else zenity; a computer may have neither.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rfd::AsyncFileDialog;

/// Nobody closes a dialog that soon: there was none.
const AT_ONCE: Duration = Duration::from_millis(400);

/// There is no dialog on this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is no dialog for files here (Debian: zenity). {0}")]
pub struct NoDialog(&'static str);

/// What was chosen; `None` where somebody changed their mind.
pub type Chosen<T> = Result<Option<T>, NoDialog>;

fn music(title: &str) -> AsyncFileDialog {
    AsyncFileDialog::new().set_title(title).add_filter("MIDI files", &["mid", "midi", "smf", "kar", "rmi"])
}

fn told<T>(since: Instant, chosen: Option<T>, instead: &'static str) -> Chosen<T> {
    if chosen.is_none() && since.elapsed() < AT_ONCE { Err(NoDialog(instead)) } else { Ok(chosen) }
}

/// Asks for MIDI files.
///
/// # Errors
/// When there is no dialog.
pub async fn files(title: &str) -> Chosen<Vec<PathBuf>> {
    let since = Instant::now();
    let files = music(title).pick_files().await;
    let files = files.map(|files| files.iter().map(|f| f.path().to_owned()).collect());
    told(since, files, "Drop the files onto the window instead.")
}

/// Asks for one MIDI file.
///
/// # Errors
/// When there is no dialog.
pub async fn file(title: &str) -> Chosen<PathBuf> {
    let since = Instant::now();
    let file = music(title).pick_file().await.map(|f| f.path().to_owned());
    told(since, file, "Drop the file onto the window instead.")
}

/// Asks for a folder.
///
/// # Errors
/// When there is no dialog.
pub async fn folder(title: &str) -> Chosen<PathBuf> {
    let since = Instant::now();
    let folder = AsyncFileDialog::new().set_title(title).pick_folder().await.map(|f| f.path().to_owned());
    told(since, folder, "Type the folder's name instead.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_that_never_came_is_told_from_one_that_was_closed() {
        let now = Instant::now();
        let long_ago = now.checked_sub(AT_ONCE).unwrap();
        assert_eq!(told(long_ago, None::<PathBuf>, "Drop it."), Ok(None));
        assert_eq!(told(now, Some(1), "Drop it."), Ok(Some(1)));
        let missing = told(now, None::<PathBuf>, "Drop it.").unwrap_err().to_string();
        assert!(missing.contains("zenity") && missing.ends_with("Drop it."), "{missing}");
    }
}
