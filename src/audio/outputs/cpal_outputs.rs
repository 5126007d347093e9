//! The outputs as cpal lists them, reduced to those that differ for a person.

use std::path::Path;

use cpal::traits::{DeviceTrait, HostTrait};

use super::{AudioOutput, DefaultOutput, OutputsError};

pub(super) fn list() -> Result<Vec<AudioOutput>, OutputsError> {
    quietly(|| {
        let host = cpal::default_host();
        let host_name = host.id().name().to_owned();
        let failed = |e: cpal::Error| OutputsError::Host { host: host_name.clone(), reason: e.to_string() };
        let default = host.default_output_device().and_then(|d| d.id().ok());
        let mut outputs: Vec<AudioOutput> = host
            .output_devices()
            .map_err(failed)?
            .filter_map(|device| {
                let id = device.id().ok()?;
                let kind = kind(id.id())?;
                Some(AudioOutput {
                    name: device.description().map_or_else(|_| id.id().to_owned(), |d| d.name().to_owned()),
                    host: host_name.clone(),
                    default: default.as_ref() == Some(&id),
                    hardware: kind == Kind::Hardware,
                    id: id.id().to_owned(),
                })
            })
            .collect();
        if outputs.iter().all(|o| o.id == "default") && cfg!(target_os = "linux") && !configured_by_hand() {
            outputs.clear();
        }
        outputs.sort_by_key(|o| (!o.default, o.hardware));
        Ok(outputs)
    })
}

pub(super) fn open_default() -> Result<DefaultOutput, OutputsError> {
    quietly(|| {
        let host = cpal::default_host();
        let failed = |reason: String| OutputsError::Default { host: host.id().name().to_owned(), reason };
        let device = host.default_output_device().ok_or_else(|| failed("there is no default output".into()))?;
        let config = device.default_output_config().map_err(|e| {
            // cpal adds guesses in further sentences.
            let reason = e.to_string();
            failed(reason.split(". ").next().unwrap_or_default().to_owned())
        })?;
        Ok(DefaultOutput {
            name: device.description().map_or_else(|_| "default".into(), |d| d.name().to_owned()),
            sample_rate: config.sample_rate(),
            channels: config.channels(),
        })
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hardware,
    Software,
}

/// ALSA names each card a dozen times (`front:`, `surround51:`, `iec958:`, by number and by name), and
/// lists its converters beside them. One name a card's device and the sound servers are kept; elsewhere all.
fn kind(id: &str) -> Option<Kind> {
    if !cfg!(target_os = "linux") {
        return Some(Kind::Hardware);
    }
    match id.split_once(':') {
        Some(("hw", rest)) => {
            let card = rest.strip_prefix("CARD=")?;
            (!card.starts_with(|c: char| c.is_ascii_digit())).then_some(Kind::Hardware)
        }
        Some(_) => None,
        None => server_is_there(id).then_some(Kind::Software),
    }
}

/// ALSA names a default even where there is no card behind it, as with a keyboard as the only "card".
/// Without cards and sound servers it leads somewhere only if somebody has written where to.
fn configured_by_hand() -> bool {
    std::env::var_os("ALSA_CONFIG_PATH").is_some()
        || Path::new("/etc/asound.conf").exists()
        || std::env::home_dir().is_some_and(|home| home.join(".asoundrc").exists())
}

/// ALSA's configuration names sound servers whether they run or not; a running one has a socket.
fn server_is_there(id: &str) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some();
    let socket =
        |name: &str| std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join(name).exists());
    match id {
        "default" => true,
        "pipewire" => set("PIPEWIRE_REMOTE") || socket("pipewire-0"),
        "pulse" => set("PULSE_SERVER") || socket("pulse/native"),
        // The registry outlives the servers.
        "jack" => std::fs::read_dir("/dev/shm").is_ok_and(|entries| {
            let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
            names.into_iter().any(|name| name.starts_with("jack") && name != "jack-shm-registry")
        }),
        _ => false,
    }
}

/// ALSA writes its remarks about absent cards on standard error; a listing has no use for them.
#[cfg(target_os = "linux")]
pub(in crate::audio) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    // The handler belongs to this thread and stays: taking it away again is not offered, and the
    // buffer is dropped with the thread.
    let _handler = alsa::Output::local_error_handler();
    work()
}

#[cfg(not(target_os = "linux"))]
pub(in crate::audio) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn one_name_a_card_is_kept() {
        let kept = |id: &str| kind(id).is_some();
        assert!(kept("default") && kept("hw:CARD=PCH,DEV=0"));
        for id in ["null", "samplerate", "surround51:CARD=PCH,DEV=0", "plughw:CARD=PCH,DEV=0", "hw:CARD=0,DEV=0"] {
            assert!(!kept(id), "{id}");
        }
    }
}
