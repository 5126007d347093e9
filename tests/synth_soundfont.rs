//! Reading SoundFonts: what is right sounds, what is broken is told with its place, nothing panics or eats memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use composer::audio::soundfont::{Fault, SoundFont, SoundFontError};
use composer::audio::synth::{Options, Synth, Timed, Workers, rehearse};
use composer::music::Message;
use proptest::prelude::*;

/// A file small enough to be broken at every byte, and with one of everything: two samples, a global zone, a layer,
/// a split, modulators, a drum kit. Made by `tiny`; kept as a file so that the fuzzer can begin with it.
const TINY: &str = "tests/data/soundfonts/tiny.sf2";

/// The same as an SF3.
const TINY_PACKED: &str = "tests/data/soundfonts/tiny.sf3";

/// The Vorbis stream in it: see the README beside it.
const STREAM: &[u8] = include_bytes!("data/soundfonts/tone.ogg");

fn chunk(id: &[u8], content: &[u8]) -> Vec<u8> {
    let mut out = [id, &(content.len() as u32).to_le_bytes(), content].concat();
    out.resize(out.len() + content.len() % 2, 0);
    out
}

fn name(text: &str) -> [u8; 20] {
    let mut name = [0; 20];
    name[..text.len()].copy_from_slice(text.as_bytes());
    name
}

fn words(all: &[u16]) -> Vec<u8> {
    all.iter().flat_map(|w| w.to_le_bytes()).collect()
}

/// How `tiny` deviates.
#[derive(Clone, Copy, PartialEq)]
enum Variant {
    Right,
    Rom,
    Wide,
    Endless,
    WithoutSamples,
    Packed,
}

fn sample(text: &str, start: u32, end: u32, looped: (u32, u32), key: u8, kind: u16) -> Vec<u8> {
    let numbers: Vec<u8> = [start, end, looped.0, looped.1, 24_000].iter().flat_map(|n| n.to_le_bytes()).collect();
    [&name(text)[..], &numbers, &[key, 0], &words(&[0, kind])].concat()
}

fn tiny(variant: Variant) -> Vec<u8> {
    // 40 periods of 48 points: 500 Hz at 24 kHz.
    let wave: Vec<i16> =
        (0..2000).map(|n| (9000.0 * (f64::from(n) * std::f64::consts::TAU / 48.0).sin()) as i16).collect();
    let mut points: Vec<u8> = wave.iter().flat_map(|p| p.to_le_bytes()).collect();
    let kind = if variant == Variant::Rom { 0x8001 } else { 1 };
    let (end, loop_end) = if variant == Variant::Endless { (u32::MAX, u32::MAX) } else { (1920, 1440) };
    let mut shdr = [
        sample("sine", 0, end, (480, loop_end), 71, kind),
        sample("click", 100, 400, (100, 100), 60, kind),
        sample("EOS", 0, 0, (0, 0), 0, 0),
    ];
    if variant == Variant::Packed {
        // The stream, and the click behind it as it is; places of streams count bytes, others samples.
        let click = points[200..800].to_vec();
        points = STREAM.to_vec();
        points.resize(points.len().next_multiple_of(2), 0);
        let place = points.len() as u32 / 2;
        points.extend(click);
        shdr[0] = sample("sine", 0, STREAM.len() as u32, (480, 1440), 71, 0x11);
        shdr[1] = sample("click", place, place + 300, (place, place), 60, 1);
    }
    let inst = [
        [&name("tone")[..], &words(&[0])].concat(),
        [&name("hit")[..], &words(&[3])].concat(),
        [&name("EOI")[..], &words(&[4])].concat(),
    ];
    // Global zone, two key ranges; then the drum's one zone.
    let ibag = words(&[0, 0, 2, 1, 5, 1, 8, 2, 10, 2]);
    let igen =
        words(&[38, 0xf448, 54, 1, 43, 0x3b00, 17, 0xff38, 53, 0, 43, 0x7f3c, 17, 200, 53, 0, 57, 7, 53, 1, 0, 0]);
    // Key pressure to filter cutoff; modulation wheel to volume.
    let imod = words(&[0x000a, 8, 1200, 0, 0, 0x0081, 48, 100, 0, 0, 0, 0, 0, 0, 0]);
    let phdr = |text: &str, program: u16, bank: u16, bag: u16| {
        [&name(text)[..], &words(&[program, bank, bag]), &[0; 12]].concat()
    };
    let phdr = [phdr("Tone", 0, 0, 0), phdr("Kit", 0, 128, 2), phdr("EOP", 0, 0, 3)];
    let pbag = words(&[0, 0, 1, 0, 3, 0, 4, 0]);
    let pgen = words(&[41, 0, 52, 5, 41, 0, 41, 1, 0, 0]);
    let pmod = words(&[0, 0, 0, 0, 0]);
    let pdta = [
        chunk(b"phdr", &phdr.concat()),
        chunk(b"pbag", &pbag),
        chunk(b"pmod", &pmod),
        chunk(b"pgen", &pgen),
        chunk(b"inst", &inst.concat()),
        chunk(b"ibag", &ibag),
        chunk(b"imod", &imod),
        chunk(b"igen", &igen),
        chunk(b"shdr", &shdr.concat()),
    ];
    let mut sdta = if variant == Variant::WithoutSamples { vec![] } else { chunk(b"smpl", &points) };
    if variant == Variant::Wide {
        sdta.extend(chunk(b"sm24", &vec![0x80; wave.len()]));
    }
    let info = [chunk(b"ifil", &words(&[2, 4])), chunk(b"INAM", b"tiny\0\0")].concat();
    let list = |kind: &[u8], content: &[u8]| chunk(b"LIST", &[kind, content].concat());
    let all = [b"sfbk".to_vec(), list(b"INFO", &info), list(b"sdta", &sdta), list(b"pdta", &pdta.concat())].concat();
    chunk(b"RIFF", &all)
}

fn read(bytes: &[u8]) -> Result<SoundFont, Fault> {
    SoundFont::read(Cursor::new(bytes))
}

fn note(status: u8, key: u8) -> Message {
    Message::from_bytes(&[status, key, 100]).unwrap()
}

/// A tenth of a second of two notes and a drum: whether anything sounds, and that all of it is numbers.
fn sounds(font: SoundFont) -> bool {
    let mut synth = Synth::new(Arc::new(font), 48_000, Options::default());
    for message in [note(0x90, 40), note(0x90, 71), note(0x99, 60)] {
        synth.message(&message);
    }
    let (mut left, mut right) = ([0.0; 4800], [0.0; 4800]);
    synth.render(&mut left, &mut right);
    assert!(left.iter().chain(&right).all(|x| x.is_finite() && x.abs() < 100.0));
    left.iter().any(|x| x.abs() > 0.001)
}

#[test]
fn a_right_one_is_read_and_sounds() {
    let bytes = tiny(Variant::Right);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(Path::new(TINY).parent().unwrap()).unwrap();
        fs::write(TINY, &bytes).unwrap();
    }
    assert_eq!(fs::read(TINY).unwrap(), bytes, "the fuzzer's seed is another file; BLESS=1 writes it anew");
    let font = read(&bytes).unwrap();
    let presets: Vec<_> = font.presets().map(|p| (p.bank, p.program, p.name.to_owned())).collect();
    assert_eq!(presets, [(0, 0, "Tone".to_owned()), (128, 0, "Kit".to_owned())]);
    assert_eq!((font.name(), font.warnings()), ("tiny", &[][..]));
    assert!(font.all_ready() && sounds(font));
}

#[test]
fn a_compressed_one_sounds_like_the_same_uncompressed() {
    let bytes = tiny(Variant::Packed);
    if std::env::var_os("BLESS").is_some() {
        fs::write(TINY_PACKED, &bytes).unwrap();
    }
    assert_eq!(fs::read(TINY_PACKED).unwrap(), bytes, "the fuzzer's seed is another file; BLESS=1 writes it anew");
    let render = |font: SoundFont, frames: usize| {
        let mut synth = Synth::new(Arc::new(font), 24_000, Options::default());
        synth.message(&note(0x90, 71));
        let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
        synth.render(&mut left, &mut right);
        left
    };
    let font = read(&bytes).unwrap();
    assert!(font.warnings().is_empty() && !font.all_ready());
    let packed = font.sample_memory();
    font.prepare(0, 0);
    assert_eq!(font.sample_memory() - packed, 2 * 2_000, "2000 samples are in the stream");
    assert!(!font.all_ready(), "the click has not been asked for");
    font.prepare(128, 0);
    assert!(font.all_ready());
    // Vorbis at its lowest quality: the tone, and little else. The first partial is the other file's sine.
    let (stream, plain) = (render(font, 9_600), render(read(&tiny(Variant::Right)).unwrap(), 9_600));
    let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let likeness = sum(&stream, &plain) / (sum(&stream, &stream) * sum(&plain, &plain)).sqrt();
    assert!(likeness > 0.9, "{likeness}");
}

#[test]
fn streams_that_break_off_or_are_nonsense_neither_panic_nor_deafen() {
    let whole = tiny(Variant::Packed);
    let at = whole.windows(4).position(|w| w == b"OggS").unwrap();
    for cut in (0..STREAM.len()).step_by(29) {
        for filler in [0, 0xff, b'O'] {
            let mut bytes = whole.clone();
            bytes[at + cut..at + STREAM.len()].fill(filler);
            let font = read(&bytes).unwrap();
            font.prepare(0, 0);
            font.prepare(128, 0);
            assert!(sounds(font), "the click is still there when the stream is cut at {cut}");
        }
    }
}

#[test]
fn the_lower_bits_of_24_are_heard() {
    let sound = |variant| {
        let mut synth = Synth::new(Arc::new(read(&tiny(variant)).unwrap()), 24_000, Options::default());
        synth.message(&note(0x90, 71));
        let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
        synth.render(&mut left, &mut right);
        left
    };
    let (narrow, wide) = (sound(Variant::Right), sound(Variant::Wide));
    assert_ne!(narrow, wide);
    assert!(narrow.iter().zip(&wide).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn it_is_not_read_when_cut_short_anywhere() {
    for variant in [Variant::Right, Variant::Wide, Variant::Packed] {
        let bytes = tiny(variant);
        for length in 0..bytes.len() {
            let fault = read(&bytes[..length]).err().unwrap_or_else(|| panic!("read although cut at byte {length}"));
            assert!(!fault.to_string().is_empty());
        }
    }
}

#[test]
fn faults_say_where_they_are() {
    let whole = tiny(Variant::Right);
    assert!(matches!(read(b"RIFF but not one"), Err(Fault::NotASoundFont)));
    let text = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert_eq!(
        text(&whole[..2000]),
        format!("cut short: chunk 'RIFF' at byte 0 says {} bytes, 1992 are there", whole.len() - 8)
    );
    assert_eq!(text(&tiny(Variant::WithoutSamples)), "broken: it has no chunk 'smpl'");
    assert!(text(&tiny(Variant::Rom)).contains("ROM"), "{}", text(&tiny(Variant::Rom)));
    // The first preset's zones point beyond their table.
    let at = whole.windows(4).position(|w| w == b"phdr").unwrap() + 8;
    let mut broken = whole.clone();
    broken[at + 38 + 24] = 99;
    let said = text(&broken);
    assert!(said.contains("'phdr'") && said.contains(&format!("byte {at}")), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.sf2");
    fs::write(&path, &whole[..100]).unwrap();
    let error = SoundFont::load(&path).unwrap_err();
    assert!(matches!(error, SoundFontError::Broken { .. }) && error.to_string().contains("cut.sf2"), "{error}");
}

#[test]
fn a_sample_that_cannot_be_leaves_the_others_alone() {
    let font = read(&tiny(Variant::Endless)).unwrap();
    assert_eq!(font.warnings().len(), 1);
    assert!(font.warnings()[0].starts_with("sample 'sine'"), "{:?}", font.warnings());
    assert!(sounds(font), "the drum is still there");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn wrong_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        for variant in [Variant::Right, Variant::Packed] {
            let mut bytes = tiny(variant);
            for (place, value) in &changes {
                let place = place.index(bytes.len());
                bytes[place] = *value;
            }
            if let Ok(font) = read(&bytes) {
                font.prepare(0, 0);
                font.prepare(128, 0);
                sounds(font);
            }
        }
    }
}

/// A font from the system; says so where there is none.
fn of_system(path: &str) -> Option<SoundFont> {
    if !Path::new(path).exists() {
        eprintln!("SKIPPED: {path} is not installed");
        return None;
    }
    Some(SoundFont::load(Path::new(path)).unwrap())
}

#[test]
fn debians_fonts_are_read() {
    if let Some(font) = of_system("/usr/share/sounds/sf2/TimGM6mb.sf2") {
        assert!(font.warnings().is_empty() && font.presets().count() > 128);
        assert!(font.sample_memory() < 6_000_000);
    }
    if let Some(font) = of_system("/usr/share/sounds/sf3/FluidR3Mono_GM.sf3") {
        assert!(font.warnings().is_empty(), "{:?}", font.warnings());
        assert!(!font.all_ready());
        font.prepare(0, 0);
        font.prepare(128, 0);
        assert!(sounds(font), "a prepared preset of Vorbis streams");
    }
}

#[test]
fn streams_are_decoded_for_whoever_asks() {
    let Some(font) = of_system("/usr/share/sounds/sf3/FluidR3Mono_GM.sf3") else { return };
    let font = Arc::new(font);
    let mut synth = Synth::new(Arc::clone(&font), 48_000, Options::default());
    synth.message(&Message::from_bytes(&[0xc0, 73]).unwrap());
    synth.message(&note(0x90, 71));
    assert_eq!(synth.active_voices(), 0, "nothing is decoded on the audio thread");
    assert!(font.prepare_wanted(|| true) > 0);
    synth.message(&note(0x90, 71));
    assert!(synth.active_voices() > 0);
}

#[test]
fn a_piece_finds_its_instruments_ready() {
    let bytes = |bytes: &[u8]| Message::from_bytes(bytes).unwrap();
    let rhythm = bytes(&[0xf0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x1a, 0x15, 0x02, 0x0f, 0xf7]);
    let xg = bytes(&[0xf0, 0x43, 0x10, 0x4c, 0x00, 0x00, 0x7e, 0x00, 0xf7]);
    let cases = [
        ("a piano", vec![], note(0x90, 71)),
        ("GS drums", vec![rhythm], note(0x9a, 60)),
        ("XG drums", vec![xg, bytes(&[0xb2, 0, 127]), bytes(&[0xc2, 0])], note(0x92, 60)),
    ];
    for (what, before, asked) in cases {
        let font = Arc::new(read(&tiny(Variant::Packed)).unwrap());
        rehearse(&font, before.iter().cloned().chain([asked.clone()]));
        let mut synth = Synth::new(font, 24_000, Options::default());
        before.iter().for_each(|message| synth.message(message));
        synth.message(&asked);
        let begun = synth.active_voices();
        assert!(begun > 0, "{what}");
        synth.message(&note(0x90, 83));
        let more = synth.active_voices() > begun;
        assert_eq!(more, what == "a piano", "{what}: what nobody asks for stays packed");
    }
}

#[test]
fn a_performance_waits_for_its_streams() {
    // Nobody has prepared anything; the drums of channel 11 are those of the GS standard's "use for rhythm part".
    let rhythm = Message::from_bytes(&[0xf0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x1a, 0x15, 0x02, 0x0f, 0xf7]).unwrap();
    for messages in [vec![note(0x90, 71)], vec![rhythm, note(0x9a, 60)]] {
        let font = Arc::new(read(&tiny(Variant::Packed)).unwrap());
        let mut synth = Synth::for_performance(font, 24_000, Options::default());
        let score: Vec<Timed> = messages.into_iter().map(|message| Timed { frame: 0, message }).collect();
        let (mut left, mut right) = (vec![0.0; 4_800], vec![0.0; 4_800]);
        synth.perform(&score, &mut left, &mut right, Workers::MIN);
        assert!(left.iter().any(|x| x.abs() > 0.001), "the first note of {score:?} is heard");
    }
}
