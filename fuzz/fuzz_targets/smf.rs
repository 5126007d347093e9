//! Whatever the bytes are: the reader neither panics nor hangs nor takes much more memory than
//! they do, and what it read can be written and read again, equal.

#![no_main]

use composer::music::smf;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(reading) = smf::read(bytes) else { return };
    for warning in &reading.warnings {
        assert!(warning.offset <= bytes.len() as u64);
        let _ = warning.to_string();
    }
    let composition = reading.composition;
    let map = composition.tempo_map();
    let mut notes = 0;
    for track in &composition.tracks {
        let paired = track.notes();
        assert!(paired.iter().all(|n| n.start <= n.end && n.end <= track.end()));
        assert!(paired.windows(2).all(|w| w[0].start <= w[1].start));
        notes += paired.len();
        if let Some(note) = paired.last() {
            let _ = map.position(note.start);
            let _ = map.ticks(map.micros(note.start));
        }
        let _ = (track.name(), track.programs(), track.range());
    }
    assert_eq!(notes, composition.note_count());
    let _ = composition.duration();
    let written = smf::write(&composition).expect("what was read fits into a file");
    let again = smf::read(&written).expect("what was written can be read");
    assert_eq!(again.composition, composition);
});
