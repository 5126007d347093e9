//! The limiter at the end of every way out: whatever is mixed, no sample leaves beyond the ceiling.
//!
//! Played live it must cost no time, so its gain falls in the very frame of a peak; a file can look
//! ahead, and there the gain has fallen smoothly before the peak comes.

/// The largest sample that leaves: -0.3 dB below full scale, which leaves converters some room.
pub const CEILING: f32 = 0.966;

/// How far a file's limiter looks ahead, in seconds.
const LOOK_AHEAD: f32 = 0.0015;

/// How long the gain takes to come back by about two thirds, in seconds.
const RELEASE: f32 = 0.08;

/// Keeps both channels within [`CEILING`], with one gain for both.
#[derive(Debug)]
pub struct Limiter {
    gain: f32,
    release: f32,
    ahead: Option<Ahead>,
}

impl Limiter {
    /// Without delay, for what is played live. `rate` in hertz.
    #[must_use]
    pub fn immediate(rate: u32) -> Limiter {
        Limiter { gain: 1.0, release: (-1.0 / (RELEASE * rate.max(1) as f32)).exp(), ahead: None }
    }

    /// Looks ahead, for files: what goes in comes out [`Limiter::delay`] frames later.
    #[must_use]
    pub fn looking_ahead(rate: u32) -> Limiter {
        let frames = ((LOOK_AHEAD * rate as f32) as usize).max(1);
        Limiter { ahead: Some(Ahead::new(frames)), ..Limiter::immediate(rate) }
    }

    /// By how many frames the output comes later than the input.
    #[must_use]
    pub fn delay(&self) -> usize {
        self.ahead.as_ref().map_or(0, |a| a.frames)
    }

    /// Limits in place. Samples that are no numbers become silence.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32]) {
        for (l, r) in left.iter_mut().zip(right) {
            let peak = l.abs().max(r.abs());
            if !(l.abs() <= f32::MAX && r.abs() <= f32::MAX) {
                (*l, *r) = (0.0, 0.0);
            }
            let wanted = if peak > CEILING && peak <= f32::MAX { CEILING / peak } else { 1.0 };
            self.gain = (1.0 - (1.0 - self.gain) * self.release).min(wanted);
            // The release only ever nears 1; from here on it is 1, and nothing is coloured.
            if self.gain > 0.99999 {
                self.gain = 1.0;
            }
            match &mut self.ahead {
                None => {
                    *l *= self.gain;
                    *r *= self.gain;
                }
                Some(ahead) => (*l, *r) = ahead.step(*l, *r, self.gain),
            }
        }
    }
}

/// Delays the sound while the gain is made ready: the smallest gain of the frames to come, then the
/// mean of that over the same time. The mean over a stretch in which all values are small enough is
/// small enough.
#[derive(Debug)]
struct Ahead {
    frames: usize,
    at: usize,
    sound: Box<[(f32, f32)]>,
    smallest: Box<[f32]>,
    sum: f64,
    /// Gains that may still become the smallest, with the frame they belong to; values rise.
    queue: std::collections::VecDeque<(u64, f32)>,
    now: u64,
}

impl Ahead {
    fn new(frames: usize) -> Ahead {
        Ahead {
            frames,
            at: 0,
            sound: vec![(0.0, 0.0); frames].into(),
            smallest: vec![1.0; frames].into(),
            sum: frames as f64,
            queue: std::collections::VecDeque::with_capacity(frames + 2),
            now: 0,
        }
    }

    fn step(&mut self, l: f32, r: f32, gain: f32) -> (f32, f32) {
        while self.queue.back().is_some_and(|(_, g)| *g >= gain) {
            self.queue.pop_back();
        }
        self.queue.push_back((self.now, gain));
        // A gain must be in force from the frame it comes in until its frame has left.
        while self.queue.front().is_some_and(|(at, _)| at + (self.frames as u64) < self.now) {
            self.queue.pop_front();
        }
        let smallest = self.queue.front().map_or(1.0, |(_, g)| *g);
        self.sum += f64::from(smallest) - f64::from(self.smallest[self.at]);
        self.smallest[self.at] = smallest;
        let (dl, dr) = std::mem::replace(&mut self.sound[self.at], (l, r));
        self.at = (self.at + 1) % self.frames;
        self.now += 1;
        let gain = (self.sum / self.frames as f64).min(1.0) as f32;
        // Sums of rounded numbers may miss the ceiling by one part in a million.
        ((dl * gain).clamp(-CEILING, CEILING), (dr * gain).clamp(-CEILING, CEILING))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(mut limiter: Limiter, input: &[f32]) -> Vec<f32> {
        let (mut l, mut r) = (input.to_vec(), input.to_vec());
        for (l, r) in l.chunks_mut(64).zip(r.chunks_mut(64)) {
            limiter.process(l, r);
        }
        assert_eq!(l, r);
        l
    }

    fn loud(n: usize) -> Vec<f32> {
        (0..n).map(|i| (i as f32 * 0.05).sin() * if i % 3000 < 700 { 9.0 } else { 0.3 }).collect()
    }

    #[test]
    fn nothing_passes_the_ceiling() {
        for limiter in [Limiter::immediate(48_000), Limiter::looking_ahead(48_000), Limiter::looking_ahead(8_000)] {
            assert!(run(limiter, &loud(20_000)).iter().all(|x| x.abs() <= CEILING + 1e-6));
        }
    }

    #[test]
    fn what_is_quiet_passes_untouched_and_late_by_the_delay() {
        let input: Vec<f32> = loud(5_000).iter().map(|x| x * 0.1).collect();
        assert_eq!(run(Limiter::immediate(44_100), &input), input);
        let limiter = Limiter::looking_ahead(44_100);
        let delay = limiter.delay();
        assert_eq!(run(limiter, &input)[delay..], input[..input.len() - delay]);
    }

    #[test]
    fn a_sample_that_is_no_number_harms_only_itself() {
        let mut input = vec![0.5; 4_000];
        (input[10], input[20]) = (f32::NAN, f32::INFINITY);
        let out = run(Limiter::immediate(48_000), &input);
        assert!(out.iter().all(|x| x.is_finite()));
        assert_eq!(out[30], 0.5);
    }
}
