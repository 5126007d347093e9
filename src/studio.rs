//! The use cases: what the command line (and every other face) does with the rooms below.
//!
//! - [`survey`]: what is there, from the USB bus to the audio outputs.
//! - [`doctor`]: what is wrong with it, and what to type.
//! - [`last_message`]: what each port said last.
//! - [`choices`]: what there is to choose from in the settings.
//! - [`learn`]: learning what a control sends.
//! - `bucket` (feature `s3`): whether a store is what jobs and files need.
//! - [`compose`]: composing into files.
//! - `train` (feature `train`): from a folder of MIDI files to weights.
//! - [`record`]: from a stream of keyboard events to takes on disk.
//! - [`desk`]: keyboard, keys on screen, sound, recording and capture, joined for a window.
//! - [`jobs`]: compositions that are made elsewhere.
//! - [`journal`]: what is on disk while one plays.
//! - [`picture`]: a piece as a PNG file.
//! - [`place`]: putting a finished file in its place without ever harming another.
//! - [`recover`]: takes that a crash left behind.
//! - [`edit`]: a piece in the editor, its file and its draft.
//! - [`library`]: the folder of music that belongs to the user.
//! - [`instruments`]: which SoundFont plays, and which of its instruments is meant.
//! - [`models`]: weights that the user's own music has taught.
//! - [`layers`]: what somebody wants under the keys, in words.
//! - [`play`]: the keys live, and performances, through an output or to a MIDI port.
//! - [`practice`]: which keys of a piece are due, and which were right.
//! - [`preferences`]: a change to the settings, in memory and in the file.
//! - [`remote`]: files of this user in a store, the library there, and pages that play for others.
//! - [`render`]: performances into files.
//! - `serve` (feature `s3`): a folder of this computer as a bucket for others.
//! - [`start`]: what a window begins with.

pub mod bucket;
pub mod choices;
pub mod compose;
pub mod desk;
pub mod doctor;
pub mod edit;
pub mod instruments;
pub mod jobs;
pub mod journal;
pub mod last_message;
pub mod layers;
pub mod learn;
pub mod library;
pub mod models;
pub mod picture;
pub mod place;
pub mod play;
pub mod practice;
pub mod preferences;
pub mod record;
pub mod recover;
pub mod remote;
pub mod render;
#[cfg(feature = "s3")]
pub mod serve;
pub mod start;
pub mod survey;
#[cfg(feature = "train")]
pub mod train;
