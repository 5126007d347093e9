//! The names that General MIDI (level 1) gives: of instruments to program numbers, of drums to keys.

use super::message::{Channel, Key, Value};

/// The channel of percussion: 10 as people count.
pub const PERCUSSION: Channel = Channel::masked(9);

/// The name of a channel's instrument; on the channel of percussion programs are drum kits, which
/// General MIDI does not name.
#[must_use]
pub fn name(channel: Channel, program: Value) -> &'static str {
    if channel == PERCUSSION { "Percussion" } else { NAMES[usize::from(program.get())] }
}

/// The drum that a key plays on the channel of percussion; none beyond those that General MIDI names.
#[must_use]
pub fn drum(key: Key) -> Option<&'static str> {
    let at = usize::from(key.get()).checked_sub(FIRST_DRUM)?;
    DRUMS.get(at).copied()
}

/// The key of the first of [`DRUMS`].
const FIRST_DRUM: usize = 35;

#[rustfmt::skip]
const DRUMS: [&str; 47] = [
    "Acoustic Bass Drum", "Bass Drum 1", "Side Stick", "Acoustic Snare",
    "Hand Clap", "Electric Snare", "Low Floor Tom", "Closed Hi-Hat",
    "High Floor Tom", "Pedal Hi-Hat", "Low Tom", "Open Hi-Hat",
    "Low-Mid Tom", "Hi-Mid Tom", "Crash Cymbal 1", "High Tom",
    "Ride Cymbal 1", "Chinese Cymbal", "Ride Bell", "Tambourine",
    "Splash Cymbal", "Cowbell", "Crash Cymbal 2", "Vibraslap",
    "Ride Cymbal 2", "Hi Bongo", "Low Bongo", "Mute Hi Conga",
    "Open Hi Conga", "Low Conga", "High Timbale", "Low Timbale",
    "High Agogo", "Low Agogo", "Cabasa", "Maracas",
    "Short Whistle", "Long Whistle", "Short Guiro", "Long Guiro",
    "Claves", "Hi Wood Block", "Low Wood Block", "Mute Cuica",
    "Open Cuica", "Mute Triangle", "Open Triangle",
];

#[rustfmt::skip]
const NAMES: [&str; 128] = [
    "Acoustic Grand Piano", "Bright Acoustic Piano", "Electric Grand Piano", "Honky-tonk Piano",
    "Electric Piano 1", "Electric Piano 2", "Harpsichord", "Clavinet",
    "Celesta", "Glockenspiel", "Music Box", "Vibraphone",
    "Marimba", "Xylophone", "Tubular Bells", "Dulcimer",
    "Drawbar Organ", "Percussive Organ", "Rock Organ", "Church Organ",
    "Reed Organ", "Accordion", "Harmonica", "Tango Accordion",
    "Acoustic Guitar (nylon)", "Acoustic Guitar (steel)", "Electric Guitar (jazz)", "Electric Guitar (clean)",
    "Electric Guitar (muted)", "Overdriven Guitar", "Distortion Guitar", "Guitar Harmonics",
    "Acoustic Bass", "Electric Bass (finger)", "Electric Bass (pick)", "Fretless Bass",
    "Slap Bass 1", "Slap Bass 2", "Synth Bass 1", "Synth Bass 2",
    "Violin", "Viola", "Cello", "Contrabass",
    "Tremolo Strings", "Pizzicato Strings", "Orchestral Harp", "Timpani",
    "String Ensemble 1", "String Ensemble 2", "Synth Strings 1", "Synth Strings 2",
    "Choir Aahs", "Voice Oohs", "Synth Voice", "Orchestra Hit",
    "Trumpet", "Trombone", "Tuba", "Muted Trumpet",
    "French Horn", "Brass Section", "Synth Brass 1", "Synth Brass 2",
    "Soprano Sax", "Alto Sax", "Tenor Sax", "Baritone Sax",
    "Oboe", "English Horn", "Bassoon", "Clarinet",
    "Piccolo", "Flute", "Recorder", "Pan Flute",
    "Blown Bottle", "Shakuhachi", "Whistle", "Ocarina",
    "Lead 1 (square)", "Lead 2 (sawtooth)", "Lead 3 (calliope)", "Lead 4 (chiff)",
    "Lead 5 (charang)", "Lead 6 (voice)", "Lead 7 (fifths)", "Lead 8 (bass + lead)",
    "Pad 1 (new age)", "Pad 2 (warm)", "Pad 3 (polysynth)", "Pad 4 (choir)",
    "Pad 5 (bowed)", "Pad 6 (metallic)", "Pad 7 (halo)", "Pad 8 (sweep)",
    "FX 1 (rain)", "FX 2 (soundtrack)", "FX 3 (crystal)", "FX 4 (atmosphere)",
    "FX 5 (brightness)", "FX 6 (goblins)", "FX 7 (echoes)", "FX 8 (sci-fi)",
    "Sitar", "Banjo", "Shamisen", "Koto",
    "Kalimba", "Bagpipe", "Fiddle", "Shanai",
    "Tinkle Bell", "Agogo", "Steel Drums", "Woodblock",
    "Taiko Drum", "Melodic Tom", "Synth Drum", "Reverse Cymbal",
    "Guitar Fret Noise", "Breath Noise", "Seashore", "Bird Tweet",
    "Telephone Ring", "Helicopter", "Applause", "Gunshot",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_numbers_count_from_zero() {
        let of = |program| name(Channel::default(), Value::masked(program));
        assert_eq!([of(0), of(40), of(73), of(127)], ["Acoustic Grand Piano", "Violin", "Flute", "Gunshot"]);
        assert_eq!(name(PERCUSSION, Value::masked(0)), "Percussion");
    }

    #[test]
    fn drums_lie_on_keys_35_to_81() {
        let of = |key| drum(Key::masked(key));
        assert_eq!(
            [of(34), of(35), of(38), of(42)],
            [None, Some("Acoustic Bass Drum"), Some("Acoustic Snare"), Some("Closed Hi-Hat")]
        );
        assert_eq!([of(56), of(81), of(82)], [Some("Cowbell"), Some("Open Triangle"), None]);
    }
}
