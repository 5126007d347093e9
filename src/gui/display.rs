//! Whether there is a display: looked for beforehand, because without one iced ends in a panic.

use std::panic::{self, AssertUnwindSafe};

/// No window can be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no display to open a window on: {reason}")]
pub struct NoDisplay {
    reason: String,
}

impl NoDisplay {
    fn because(reason: impl Into<String>) -> NoDisplay {
        NoDisplay { reason: reason.into() }
    }
}

/// Looks for one.
///
/// # Errors
/// When none is named, or none of those that are named answers.
#[cfg(all(unix, not(target_os = "macos")))]
pub(super) fn check() -> Result<(), NoDisplay> {
    let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let wayland = named("WAYLAND_DISPLAY").map(|name| unix::wayland(&name, named("XDG_RUNTIME_DIR").as_deref()));
    if wayland.as_ref().is_some_and(Result::is_ok) {
        return Ok(());
    }
    let x11 = named("DISPLAY").map(|name| unix::x11(&name));
    match (x11, wayland) {
        (Some(Ok(())), _) => Ok(()),
        (Some(Err(reason)), _) | (None, Some(Err(reason))) => Err(NoDisplay::because(reason)),
        (None, _) => Err(NoDisplay::because("neither WAYLAND_DISPLAY nor DISPLAY is set")),
    }
}

/// The platform has one.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(super) fn check() -> Result<(), NoDisplay> {
    Ok(())
}

#[cfg(all(unix, not(target_os = "macos")))]
mod unix {
    use std::net::{TcpStream, ToSocketAddrs};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::time::Duration;

    /// How long a display on another computer is waited for.
    const PATIENCE: Duration = Duration::from_secs(3);

    pub(super) fn wayland(name: &str, runtime: Option<&str>) -> Result<(), String> {
        let path = Path::new(runtime.unwrap_or("/run")).join(name);
        UnixStream::connect(&path).map(drop).map_err(|e| format!("Wayland's {}: {e}", path.display()))
    }

    /// `:0`, `:0.1`, `unix:0`, `host:10.0`.
    pub(super) fn x11(name: &str) -> Result<(), String> {
        let number = |text: &str| text.split('.').next().and_then(|n| n.parse::<u16>().ok());
        let Some((host, Some(number))) = name.rsplit_once(':').map(|(host, rest)| (host, number(rest))) else {
            return Err(format!("DISPLAY is `{name}`, which names none"));
        };
        if host.is_empty() || host == "unix" {
            let path = format!("/tmp/.X11-unix/X{number}");
            return UnixStream::connect(path).map(drop).map_err(|e| format!("DISPLAY is `{name}`: {e}"));
        }
        let port = 6_000u16.saturating_add(number);
        let reached = (host, port).to_socket_addrs().and_then(|mut addresses| {
            let address = addresses.next().ok_or(std::io::ErrorKind::NotFound)?;
            TcpStream::connect_timeout(&address, PATIENCE)
        });
        reached.map(drop).map_err(|e| format!("DISPLAY is `{name}`: {e}"))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn displays_that_are_not_there_say_which() {
            assert!(x11("nonsense").unwrap_err().contains("nonsense"));
            assert!(x11(":65000").unwrap_err().contains(":65000"));
            assert!(wayland("wayland-of-nobody", Some("/nowhere")).unwrap_err().contains("/nowhere/wayland-of-nobody"));
        }
    }
}

/// Runs the window. What iced has no error for (a display that refuses us, libraries of X11 that are not
/// there) it panics about before anything is shown; that is turned into a sentence too.
pub(super) fn guard(run: impl FnOnce() -> Result<(), String>) -> Result<(), NoDisplay> {
    let before = panic::take_hook();
    let main = std::thread::current().id();
    let reason = std::sync::Arc::new(std::sync::Mutex::new(None));
    let kept = std::sync::Arc::clone(&reason);
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let words = payload.downcast_ref::<String>().cloned().unwrap_or_default();
        if std::thread::current().id() == main && words.starts_with("Create event loop") {
            *kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(words);
        } else {
            before(info);
        }
    }));
    let outcome = panic::catch_unwind(AssertUnwindSafe(run));
    let _ = panic::take_hook();
    match outcome {
        Ok(outcome) => outcome.map_err(NoDisplay::because),
        Err(payload) => match reason.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            Some(words) => Err(NoDisplay::because(words.replacen("Create event loop: ", "", 1))),
            None => panic::resume_unwind(payload),
        },
    }
}
