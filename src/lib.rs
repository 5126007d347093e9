//! `composer` gives the AWS DeepComposer keyboard (a midiplus AKM322) a life after its cloud.
//!
//! # The house
//!
//! Arrows run one way, and a room may use every room further along them; siblings do not know each
//! other, [`studio`] joins them.
//!
//! ```text
//! main -> gui | cli -> studio -> keyboard | audio -> settings -> music
//!                      studio -> compose         ->             music
//!                      studio -> jobs -> store
//!                                jobs -> compose
//! ```
//!
//! | room | owns | the packages that live there, and nowhere else |
//! | --- | --- | --- |
//! | [`music`] | messages, time, takes, compositions, Standard MIDI Files | midly |
//! | [`keyboard`] | USB, MIDI ports, hot-plugging, the keyboard's controls, the virtual keyboard, the doctor's facts | rusb, midir, alsa |
//! | [`audio`] | audio outputs, SoundFonts | cpal |
//! | [`compose`] | the chorale model, what is drawn from it, its figures, how it learns | pulp |
//! | [`store`] | objects in a folder or in S3 | the AWS SDK, s3s, tokio |
//! | [`jobs`] | compositions that workers make for clients, over a store | |
//! | [`studio`] | the use cases: record, recover, the library | |
//! | [`cli`] | one file a subcommand; the terminal | clap, crossterm |
//! | `gui` (a feature) | the window: a module a screen | iced |
//!
//! `tests/architecture.rs` holds the arrows.

pub mod audio;
pub mod cli;
pub mod compose;
#[cfg(feature = "gui")]
pub mod gui;
pub mod jobs;
pub mod keyboard;
pub mod music;
pub mod settings;
pub mod store;
pub mod studio;
