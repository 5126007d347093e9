//! How lost messages become known: midir only logs that ALSA's buffer for its client overflowed.

use std::cell::Cell;

thread_local! {
    /// Overflows that midir's input thread, which is this one, has logged.
    static OVERRUNS: Cell<u64> = const { Cell::new(0) };
}

struct Listener;

impl log::Log for Listener {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() == log::Level::Error && metadata.target().starts_with("midir")
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = record.args();
        if self.enabled(record.metadata()) && text.as_str().is_some_and(|t| t.contains("overrun")) {
            OVERRUNS.set(OVERRUNS.get() + 1);
        }
    }

    fn flush(&self) {}
}

/// Listens to midir's log, once a process. Nothing of it is printed. If the program has a logger of
/// its own, overflows go there instead.
pub(super) fn install() {
    if log::set_logger(&Listener).is_ok() {
        log::set_max_level(log::LevelFilter::Error);
    }
}

/// Overflows on the calling thread so far.
pub(super) fn count() -> u64 {
    OVERRUNS.get()
}

/// Counts an overflow that never was, on the calling thread.
#[cfg(test)]
pub(super) fn pretend() {
    OVERRUNS.set(OVERRUNS.get() + 1);
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_midir_says_is_counted_and_nothing_else() {
        super::install();
        let before = super::count();
        log::error!(target: "midir::backend::alsa", "Error in handle_input: ALSA MIDI input buffer overrun!");
        log::error!(target: "other", "overrun");
        log::error!(target: "midir::backend::alsa", "something else");
        assert_eq!(super::count(), before + 1);
    }

    /// Overflows would go unnoticed if midir said it in other words: so its source is read.
    #[cfg(target_os = "linux")]
    #[test]
    #[allow(clippy::print_stderr, reason = "a skipped test says so")]
    fn midir_still_logs_an_overrun_as_it_is_listened_for() {
        let metadata = std::process::Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--offline", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .output();
        let packages = metadata.ok().and_then(|o| serde_json::from_slice::<serde_json::Value>(&o.stdout).ok());
        let Some(manifest) = packages.as_ref().and_then(|found| {
            let midir = found["packages"].as_array()?.iter().find(|p| p["name"] == "midir")?;
            midir["manifest_path"].as_str()
        }) else {
            eprintln!("SKIPPED: cargo does not tell where midir's source is");
            return;
        };
        let source = std::path::Path::new(manifest).with_file_name("src").join("backend/alsa/mod.rs");
        let source = std::fs::read_to_string(&source).unwrap();
        let logged = source.lines().filter_map(|l| l.trim().strip_prefix("error!(\""));
        let overruns: Vec<&str> = logged.filter(|words| words.contains("overrun")).collect();
        assert_eq!(overruns.len(), 1, "{overruns:?}");
        assert!(!overruns[0].contains('{'), "with a value in it `as_str` finds nothing: {overruns:?}");
    }
}
