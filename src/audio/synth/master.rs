//! The sum of all parts, and what is done to it: chorus, reverb, volume.

use super::Options;
use super::buses::{BUSES, Buses};
use super::chorus::Chorus;
use super::reverb::Reverb;

/// A flat filter's gain where FluidSynth's is run at its default: its level is the field's yardstick.
const AS_LOUD: f32 = 1.139;

#[derive(Debug)]
pub(super) struct Master {
    options: Options,
    /// From the master volume message, 0 to 1.
    pub(super) volume: f32,
    reverb: Reverb,
    chorus: Chorus,
    /// The sums of the sends; as long as the parts' buses.
    sends: [Vec<f32>; 2],
    /// Frames for which nothing more goes into the effects: what a panic left to fade.
    deaf: usize,
}

impl Master {
    /// `rate` in frames a second; with room for so many frames at once.
    pub(super) fn new(rate: f32, options: Options, frames: usize) -> Master {
        let sends = [vec![0.0; frames], vec![0.0; frames]];
        Master { options, volume: 1.0, reverb: Reverb::new(rate), chorus: Chorus::new(rate), sends, deaf: 0 }
    }

    /// What echoes ends at once, and for so many frames nothing new does.
    pub(super) fn silence(&mut self, frames: usize) {
        self.reverb.clear();
        self.chorus.clear();
        self.deaf = frames;
    }

    /// The parts' buses together, in the order of their channels, through the effects.
    pub(super) fn sum<'a>(&mut self, parts: impl Iterator<Item = &'a Buses>, left: &mut [f32], right: &mut [f32]) {
        left.fill(0.0);
        right.fill(0.0);
        let frames = left.len().min(right.len());
        let [reverb, chorus] = &mut self.sends;
        let (Some(reverb), Some(chorus)) = (reverb.get_mut(..frames), chorus.get_mut(..frames)) else { return };
        reverb.fill(0.0);
        chorus.fill(0.0);
        let mut sounding = false;
        for lanes in parts.filter_map(|buses| buses.sound(frames)) {
            sounding = true;
            let sums: [&mut [f32]; BUSES] = [left, right, reverb, chorus];
            for (sum, lane) in sums.into_iter().zip(lanes) {
                sum.iter_mut().zip(lane).for_each(|(sum, x)| *sum += x);
            }
        }
        let deaf = self.deaf.min(frames);
        self.deaf -= deaf;
        reverb.iter_mut().take(deaf).chain(chorus.iter_mut().take(deaf)).for_each(|x| *x = 0.0);
        if self.options.chorus {
            self.chorus.process(sounding.then_some(&*chorus), left, right);
        }
        if self.options.reverb {
            self.reverb.process(sounding.then_some(&*reverb), left, right);
        }
        let gain = self.options.gain * self.volume * AS_LOUD;
        left.iter_mut().chain(right).for_each(|x| *x *= gain);
    }
}
