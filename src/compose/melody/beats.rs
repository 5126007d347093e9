//! Where the beats lie in playing that followed no metronome.
//!
//! Two steps, both long known: the tempo of every few seconds from the intervals between onsets,
//! smoothed by the most likely path (as in Dixon 2001), then the beats themselves by dynamic
//! programming: on onsets, and as evenly as the tempo asks (Ellis 2007). Deterministic; time and
//! memory grow with the length of the music, not of its silences, which the caller takes out.

/// A moment at which notes begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Onset {
    /// In seconds.
    pub at: f64,
    /// How much it asks to be a beat: longer and louder notes more.
    pub weight: f64,
}

/// Frames a second of the raster on which beats are looked for.
const FRAMES: f64 = 100.0;
/// Onsets count as on a beat within about so many seconds.
const BLUR: f64 = 0.03;
/// Seconds from one look at the tempo to the next, and the reach of a look to either side.
const HOP: f64 = 2.0;
const REACH: f64 = 4.0;
/// Beats last from 0.24 to 2 seconds (250 to 30 a minute), in 24ths of an octave.
const FASTEST: f64 = 0.24;
const PERIODS: usize = 75;
const PERIODS_AN_OCTAVE: f64 = 24.0;
/// What a player takes for a beat when nothing else says so.
const USUAL: f64 = 0.58;
/// How much an uneven beat costs, against the weight of onsets.
const EVENNESS: f64 = 60.0;
/// How much a change of tempo by an octave costs a look.
const STEADINESS: f64 = 10.0;

fn period(index: usize) -> f64 {
    FASTEST * (index as f64 / PERIODS_AN_OCTAVE).exp2()
}

/// The times of beats in seconds, from one at or before the first onset to one after the last.
/// `told` is the length of a beat where it is known, and then it may drift by a few per cent.
/// Of no onsets: none.
pub(super) fn track(onsets: &[Onset], told: Option<f64>) -> Vec<f64> {
    let (Some(first), Some(last)) = (onsets.first(), onsets.last()) else { return Vec::new() };
    let tempo = Tempo::of(onsets, told);
    // Room for a beat before the first onset.
    let start = first.at - 2.1;
    let frames = ((last.at - start + 2.1) * FRAMES) as usize + 1;
    let strength = raster(onsets, start, frames);
    let mut best = vec![0f32; frames];
    // How many frames back the beat before lies; 0 for none.
    let mut back = vec![0u16; frames];
    for f in 0..frames {
        let period = tempo.at(start + f as f64 / FRAMES) * FRAMES;
        let (from, to) = ((period * 0.5) as usize, (period * 2.0) as usize);
        let mut most = 0.0;
        for step in from.max(1)..=to.min(f) {
            let uneven = (step as f64 / period).ln();
            let grade = best[f - step] - (EVENNESS * uneven * uneven) as f32;
            if grade > most {
                most = grade;
                back[f] = step as u16;
            }
        }
        best[f] = strength[f] + most;
    }
    let begin = ((last.at - start) * FRAMES) as usize;
    let reach = (tempo.at(last.at) * FRAMES) as usize;
    let candidates = begin.saturating_sub(reach / 2)..(begin + reach / 2).min(frames);
    let mut at = candidates.fold(begin.min(frames - 1), |a, b| if best[b] > best[a] { b } else { a });
    let mut beats = vec![start + at as f64 / FRAMES];
    while back[at] > 0 {
        at -= usize::from(back[at]);
        beats.push(start + at as f64 / FRAMES);
    }
    beats.reverse();
    snap(&mut beats, onsets);
    beats.retain(|b| *b > first.at - tempo.at(first.at));
    while beats[0] > first.at {
        beats.insert(0, beats[0] - tempo.at(first.at));
    }
    while beats.last().is_some_and(|b| *b <= last.at) {
        let next = beats.last().copied().unwrap_or_default() + tempo.at(last.at);
        beats.push(next);
    }
    beats
}

/// Beats go to the onsets that they mean.
fn snap(beats: &mut [f64], onsets: &[Onset]) {
    for beat in beats {
        let after = onsets.partition_point(|o| o.at < *beat);
        let near = onsets[after.saturating_sub(1)..(after + 1).min(onsets.len())].iter();
        let nearest = near.min_by(|a, b| (a.at - *beat).abs().total_cmp(&(b.at - *beat).abs()));
        if let Some(onset) = nearest.filter(|o| (o.at - *beat).abs() < 2.0 * BLUR) {
            *beat = onset.at;
        }
    }
}

fn raster(onsets: &[Onset], start: f64, frames: usize) -> Vec<f32> {
    let mean = onsets.iter().map(|o| o.weight).sum::<f64>() / onsets.len() as f64;
    let mut strength = vec![0f32; frames];
    let reach = (3.0 * BLUR * FRAMES) as isize;
    for onset in onsets {
        let middle = (onset.at - start) * FRAMES;
        for f in middle as isize - reach..=middle as isize + reach + 1 {
            let Some(cell) = usize::try_from(f).ok().and_then(|f| strength.get_mut(f)) else { continue };
            let off = (f as f64 - middle) / (BLUR * FRAMES);
            *cell = cell.max((onset.weight / mean * (-0.5 * off * off).exp()) as f32);
        }
    }
    strength
}

/// The length of a beat over time.
struct Tempo {
    from: f64,
    /// One a look, in seconds.
    periods: Vec<f64>,
}

impl Tempo {
    fn at(&self, time: f64) -> f64 {
        let look = ((time - self.from) / HOP).max(0.0) as usize;
        self.periods[look.min(self.periods.len() - 1)]
    }

    fn of(onsets: &[Onset], told: Option<f64>) -> Tempo {
        let from = onsets[0].at - HOP / 2.0;
        let looks = ((onsets[onsets.len() - 1].at - from) / HOP) as usize + 1;
        let mut grades = vec![[0f64; PERIODS]; looks];
        for (i, a) in onsets.iter().enumerate() {
            // Neighbours say more than notes further apart.
            for (j, b) in onsets[i + 1..].iter().take_while(|b| b.at - a.at < 4.0 * period(PERIODS - 1)).enumerate() {
                let share = 1.0 / (j + 1) as f64;
                let middle = (a.at + b.at) / 2.0;
                let (first, last) = ((middle - REACH - from) / HOP, (middle + REACH - from) / HOP);
                let looks = first.max(0.0) as usize..=(last.max(0.0) as usize).min(looks - 1);
                for (p, grade) in intervals(b.at - a.at) {
                    for look in looks.clone() {
                        grades[look][p] += grade * share * (a.weight * b.weight).sqrt();
                    }
                }
            }
        }
        let (middle, width) = told.map_or((USUAL, 0.8), |told| (told, 0.05));
        for grades in &mut grades {
            let most = grades.iter().fold(1e-9, |a: f64, b| a.max(*b));
            for (p, grade) in grades.iter_mut().enumerate() {
                let far = (period(p) / middle).log2() / width;
                *grade = 4.0 * *grade / most - 0.5 * far * far;
            }
        }
        Tempo { from, periods: likeliest(&grades).into_iter().map(period).collect() }
    }
}

/// The periods that an interval speaks for: of one to four beats, and of half a beat; and those that
/// it speaks against, because it would be a third of them.
fn intervals(interval: f64) -> impl Iterator<Item = (usize, f64)> {
    const SHARES: [(f64, f64); 8] = [
        (0.5, 0.4),
        (1.0, 1.0),
        (2.0, 0.6),
        (3.0, 0.3),
        (4.0, 0.4),
        (1.0 / 3.0, -0.6),
        (2.0 / 3.0, -0.6),
        (4.0 / 3.0, -0.4),
    ];
    SHARES.into_iter().flat_map(move |(beats, share)| {
        let index = (interval / beats / FASTEST).log2() * PERIODS_AN_OCTAVE;
        (-2..=2).filter_map(move |off| {
            let p = usize::try_from(index.round() as isize + off).ok().filter(|p| *p < PERIODS && index > -3.0)?;
            let far = (p as f64 - index) / 1.2;
            Some((p, share * (-0.5 * far * far).exp()))
        })
    })
}

/// The path through the looks with the most grade and the least change (Viterbi).
fn likeliest(grades: &[[f64; PERIODS]]) -> Vec<usize> {
    let mut best = grades[0];
    let mut back: Vec<[u8; PERIODS]> = Vec::with_capacity(grades.len());
    for grades in &grades[1..] {
        let mut next = [f64::MIN; PERIODS];
        let mut from = [0u8; PERIODS];
        for p in 0..PERIODS {
            for (q, grade) in best.iter().enumerate() {
                let octaves = (p as f64 - q as f64) / PERIODS_AN_OCTAVE;
                let grade = grade - STEADINESS * octaves.abs();
                if grade > next[p] {
                    (next[p], from[p]) = (grade, q as u8);
                }
            }
            next[p] += grades[p];
        }
        best = next;
        back.push(from);
    }
    let mut at = (0..PERIODS).fold(0, |a, b| if best[b] > best[a] { b } else { a });
    let mut path = vec![at];
    for from in back.iter().rev() {
        at = usize::from(from[at]);
        path.push(at);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tune in quarters and eighths, played with a human hand at a tempo that `beat` gives.
    fn played(bars: usize, beat: impl Fn(f64) -> f64) -> (Vec<Onset>, Vec<f64>) {
        const RHYTHM: [f64; 11] = [1.0, 1.0, 1.0, 0.5, 0.5, 1.0, 0.5, 0.5, 2.0, 1.0, 3.0];
        let (mut onsets, mut truth) = (Vec::new(), Vec::new());
        let (mut time, mut place) = (3.0, 0.0);
        for (i, length) in RHYTHM.iter().cycle().take(bars * 11 / 3).enumerate() {
            let shake = ((i * 7919 % 13) as f64 / 13.0 - 0.5) * 0.04;
            onsets.push(Onset { at: time + shake, weight: 0.5 + f64::min(*length, 2.0) });
            let mut left = *length;
            while left > 0.0 {
                if place % 1.0 == 0.0 {
                    truth.push(time);
                }
                time += beat(time) * 0.5;
                place += 0.5;
                left -= 0.5;
            }
        }
        (onsets, truth)
    }

    /// The share of true beats near a tracked one.
    fn found(truth: &[f64], beats: &[f64]) -> f64 {
        let near = |t: &&f64| beats.iter().any(|b| (b - **t).abs() < 0.07);
        truth.iter().filter(near).count() as f64 / truth.len() as f64
    }

    #[test]
    fn beats_of_steady_and_of_wayward_playing_are_found() {
        let steady = played(12, |_| 0.62);
        let slowing = played(16, |t| 0.5 + 0.004 * t);
        let swaying = played(16, |t| 0.66 + 0.05 * (t / 3.0).sin());
        for (onsets, truth) in [steady, slowing, swaying] {
            let beats = track(&onsets, None);
            assert!(found(&truth, &beats) > 0.9, "{} of {}", found(&truth, &beats), truth.len());
            assert!(beats.len() < truth.len() * 3 / 2, "{} beats for {}", beats.len(), truth.len());
            assert!(beats[0] <= onsets[0].at && beats[beats.len() - 1] > onsets[onsets.len() - 1].at);
            assert!(beats.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn even_notes_are_taken_for_beats() {
        let onsets: Vec<Onset> = (0..24).map(|i| Onset { at: 0.53 * f64::from(i), weight: 1.0 }).collect();
        let beats = track(&onsets, None);
        assert!((24..=26).contains(&beats.len()), "{} beats for 24 even notes", beats.len());
    }

    #[test]
    fn dotted_notes_are_no_beats() {
        // Greensleeves: a dotted quarter, an eighth, a quarter, in three.
        let (mut onsets, mut time) = (Vec::new(), 0.0);
        for length in [2.0, 1.0, 1.5, 0.5, 1.0].iter().cycle().take(60) {
            onsets.push(Onset { at: time, weight: 0.5 + length });
            time += length * (0.48 + 0.003 * time);
        }
        let beats = track(&onsets, None);
        let early = beats.iter().take_while(|b| **b < 10.0).count();
        assert!((18..=22).contains(&early), "{early} beats in ten seconds of half a second each");
    }

    #[test]
    fn a_told_tempo_decides_between_a_beat_and_its_half() {
        let (onsets, _) = played(12, |_| 0.6);
        let mean = |told: f64| {
            let beats = track(&onsets, Some(told));
            (beats[beats.len() - 1] - beats[0]) / (beats.len() - 1) as f64
        };
        assert!((mean(0.6) - 0.6).abs() < 0.02, "{}", mean(0.6));
        assert!((mean(0.3) - 0.3).abs() < 0.02, "{}", mean(0.3));
        assert!((mean(1.2) - 1.2).abs() < 0.04, "{}", mean(1.2));
    }

    #[test]
    fn one_onset_and_none() {
        assert!(track(&[], None).is_empty());
        let beats = track(&[Onset { at: 0.0, weight: 1.0 }], None);
        assert!(beats[0] <= 0.0 && beats.len() >= 2, "{beats:?}");
    }
}
