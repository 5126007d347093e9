//! Listening to a file that is sound already.

use std::path::Path;

use super::Args;
use crate::cli::{Context, Exit};

/// Whether a file is sound, by its name.
pub(super) fn is_sound(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| ["wav", "wave", "flac", "ogg", "oga"].iter().any(|sound| e.eq_ignore_ascii_case(sound)))
}

#[cfg(not(feature = "audio"))]
pub(super) fn run(_args: &Args, _context: &mut Context) -> anyhow::Result<Exit> {
    use crate::audio::output::OutputError;
    Err(crate::cli::sound::output_failure(&OutputError::NotBuilt("sound (the feature `audio`)")).into())
}

#[cfg(feature = "audio")]
pub(super) fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    use std::time::Duration;

    use super::keys::{Keys, Wish};
    use super::line::{say, time};
    use crate::audio::audition::{Audition, AuditionError};
    use crate::audio::output::System;
    use crate::cli::interrupt::Interrupt;
    use crate::cli::{Failure, info, sound, source};
    use crate::music::Micros;

    let interrupt = Interrupt::install()?;
    let mut request = args.output.request(&source::settings(context));
    if request.system == System::Jack && args.output.any() {
        request.system = System::Platform;
        request.device = None;
    }
    if request.system == System::Jack {
        let text = "files of sound are not played through JACK directly";
        return Err(Failure::new(Exit::Usage, text).remedy("leave `--output` out").into());
    }
    for file in &args.files {
        let mut audition = Audition::of_file(file, &request).map_err(|e| match &e {
            AuditionError::Output(e) => sound::output_failure(e),
            AuditionError::File { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Failure::new(Exit::NotPermitted, e.to_string())
            }
            AuditionError::File { .. } | AuditionError::NoSound { .. } => Failure::new(Exit::BadInput, e.to_string()),
        })?;
        let length = audition.length().map_or_else(String::new, |l| format!(": {}", time(Micros::from(l))));
        say(&format!("{}{length}", info::name(file)));
        let keys = Keys::new();
        let mut paused = false;
        while !audition.is_over() {
            if let Some(e) = audition.failure() {
                return Err(sound::output_failure(&e).into());
            }
            if interrupt.came() {
                return Ok(Exit::Success);
            }
            match keys.wish(Duration::from_millis(100)) {
                Some(Wish::Quit) => return Ok(Exit::Success),
                Some(Wish::Next) => break,
                Some(Wish::Pause) => {
                    paused = !paused;
                    audition.pause(paused);
                }
                _ => {}
            }
        }
    }
    Ok(Exit::Success)
}
