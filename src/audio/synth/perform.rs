//! A performance whose messages are known in advance, rendered by several threads.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::part::{Part, Setting};
use super::{Options, Synth, Timed, Workers, steal};
use crate::audio::soundfont::SoundFont;
use crate::music::Message;

/// The frames that a performance renders at once; long enough that starting threads does not count.
pub(super) const STRETCH: usize = 8192;

impl Synth {
    /// A synthesiser for [`Synth::perform`]: [`Options::polyphony`] holds for each channel by itself, since channels
    /// cannot know of each other's voices while different threads render them.
    #[must_use]
    pub fn for_performance(font: Arc<SoundFont>, sample_rate: u32, options: Options) -> Synth {
        Synth::with_room(font, sample_rate, options, STRETCH)
    }

    /// Renders a stretch with its messages, which are in order of their frames; `workers` threads share the channels.
    /// The sound is the same for any number of workers. Not for an audio callback: this starts threads.
    pub fn perform(&mut self, messages: &[Timed], left: &mut [f32], right: &mut [f32], workers: Workers) {
        let total = left.len().min(right.len());
        let room = self.parts.first().map_or(super::CHUNK, Part::room);
        let mut rest = messages;
        let mut at = 0;
        while at < total {
            let limit = total.min(at + room);
            let due = rest.partition_point(|m| m.frame < limit);
            // What is not for one channel is for all: the stretch is divided there.
            let global = rest.iter().take(due).position(|m| !matches!(m.message, Message::Voice(..)));
            let end = global.and_then(|n| rest.get(n)).map_or(limit, |m| m.frame.clamp(at, limit));
            let (now, later) = rest.split_at(global.unwrap_or(due));
            let (Some(left), Some(right)) = (left.get_mut(at..end), right.get_mut(at..end)) else { return };
            self.render_parts(now, at, end - at, workers);
            self.sum(left, right);
            at = end;
            rest = later;
            if let (Some(_), Some((first, later))) = (global, rest.split_first()) {
                self.message(&first.message);
                rest = later;
            }
        }
        rest.iter().for_each(|timed| self.message(&timed.message));
    }

    fn render_parts(&mut self, messages: &[Timed], start: usize, frames: usize, workers: Workers) {
        let setting = Setting { font: &self.font, rate: self.rate };
        let most = self.options.polyphony;
        let queue = Mutex::new(self.parts.iter_mut().enumerate());
        let work = || {
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((channel, part)) = next else { return };
                part.perform(channel, messages, start, frames, setting, most);
            }
        };
        if workers.get() == 1 {
            work();
            return;
        }
        thread::scope(|scope| {
            for _ in 1..workers.get() {
                scope.spawn(work);
            }
            work();
        });
    }
}

impl Part {
    fn perform(
        &mut self,
        channel: usize,
        messages: &[Timed],
        start: usize,
        frames: usize,
        setting: Setting<'_>,
        most: usize,
    ) {
        self.begin(frames);
        let mut done = 0;
        for timed in messages {
            let Message::Voice(to, voice) = &timed.message else { continue };
            if usize::from(to.get()) != channel {
                continue;
            }
            let at = timed.frame.saturating_sub(start).clamp(done, frames);
            self.go_on(setting, done..at);
            done = at;
            if self.take(*voice, setting) > 0 {
                steal(std::slice::from_mut(self), most, setting);
            }
        }
        self.go_on(setting, done..frames);
    }
}
