//! What is said and shown on standard error while something plays.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::music::{Micros, TempoMap};

/// Says something above the line. The terminal may be in raw mode, where a line feed goes straight down.
pub(super) fn say(text: &str) {
    let end = if io::stderr().is_terminal() { "\r\n" } else { "\n" };
    let clear = if io::stderr().is_terminal() { "\r\x1b[K" } else { "" };
    let _ = write!(anstream::stderr(), "{clear}{text}{end}");
}

/// Minutes and seconds.
pub(super) fn time(at: Micros) -> String {
    let seconds = at.0 / 1_000_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// How often sound came too late.
pub(super) fn xruns(count: u64) -> String {
    format!("{count} xrun{}", if count == 1 { "" } else { "s" })
}

/// What the line says.
pub(super) struct Progress<'a> {
    /// Of a piece; a file of sound has none.
    pub(super) map: Option<&'a TempoMap>,
    pub(super) position: Micros,
    pub(super) length: Option<Micros>,
    pub(super) percent: u16,
    pub(super) playing: bool,
    pub(super) looped: Option<(Micros, Option<Micros>)>,
    /// The loudest sample since the last time, of full scale, where it is measured.
    pub(super) peak: Option<f32>,
    pub(super) xruns: u64,
}

/// One line that is written over and over, where a person sees it.
pub(super) struct Line {
    live: bool,
    drawn: Option<Instant>,
    peak: Option<f32>,
}

impl Line {
    pub(super) fn new() -> Line {
        Line { live: io::stderr().is_terminal(), drawn: None, peak: None }
    }

    pub(super) fn draw(&mut self, progress: &Progress<'_>) {
        self.peak = progress.peak.map(|peak| peak.max(self.peak.unwrap_or(0.0) * 0.8));
        if !self.live || self.drawn.is_some_and(|t| t.elapsed() < Duration::from_millis(50)) {
            return;
        }
        self.drawn = Some(Instant::now());
        let width = crossterm::terminal::size().map_or(80, |(w, _)| usize::from(w)).max(20);
        let text: String = text(progress, self.peak).chars().take(width - 1).collect();
        let mut err = io::stderr().lock();
        let _ = write!(err, "\r{text}\x1b[K").and_then(|()| err.flush());
    }

    pub(super) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let mut err = io::stderr().lock();
            let _ = write!(err, "\r\x1b[K").and_then(|()| err.flush());
        }
    }
}

fn text(progress: &Progress<'_>, peak: Option<f32>) -> String {
    let Progress { map, position, length, percent, .. } = *progress;
    let mut line = String::from(if progress.playing { "▶ " } else { "‖ " });
    let place = map.and_then(|map| map.position(map.ticks(position)));
    if let Some(place) = place {
        line.push_str(&format!("{:>3}:{}  ", place.bar, place.beat));
    }
    line.push_str(&time(position));
    if let Some(length) = length {
        line.push_str(&format!(" / {}", time(length)));
    }
    if let Some(map) = map
        && let Some((_, tempo)) = map.tempos().take_while(|(at, _)| *at <= map.ticks(position)).last()
    {
        line.push_str(&format!("  {:.0} BPM", tempo.bpm() * f64::from(percent) / 100.0));
    }
    if percent != 100 {
        line.push_str(&format!("  {percent} %"));
    }
    match progress.looped {
        Some((from, Some(to))) => line.push_str(&format!("  loop {} to {}", time(from), time(to))),
        Some((from, None)) => line.push_str(&format!("  loop from {} (l ends it)", time(from))),
        None => {}
    }
    if let Some(peak) = peak {
        // Steps of 6 dB, eight of them.
        let steps = if peak > 0.0 { (8.0 + peak.log2()).clamp(0.0, 8.0) as usize } else { 0 };
        line.push_str(&format!("  {}{}", "▮".repeat(steps), "▯".repeat(8 - steps)));
    }
    if progress.xruns > 0 {
        line.push_str(&format!("  {}", xruns(progress.xruns)));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Ppq;
    use crate::music::composition::Division;

    #[test]
    fn bar_beat_time_and_tempo_are_shown() {
        let map = TempoMap::new(Division::Metrical(Ppq::new(480).unwrap()), vec![], vec![]);
        let progress = Progress {
            map: Some(&map),
            position: Micros(5_600_000),
            length: Some(Micros(83_000_000)),
            percent: 50,
            playing: true,
            looped: None,
            peak: Some(0.5),
            xruns: 0,
        };
        assert_eq!(text(&progress, Some(0.5)), "▶   3:4  0:05 / 1:23  60 BPM  50 %  ▮▮▮▮▮▮▮▯");
        assert!(text(&Progress { xruns: 1, ..progress }, Some(0.5)).ends_with("  1 xrun"));
        let sound = Progress { map: None, percent: 100, playing: false, peak: None, ..progress };
        assert_eq!(text(&sound, None), "‖ 0:05 / 1:23");
    }
}
