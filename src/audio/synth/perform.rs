//! A performance whose messages are known in advance, rendered by several threads.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::buses::Buses;
use super::part::{Part, Setting};
use super::{Options, Synth, Timed, Workers, steal};
use crate::audio::soundfont::SoundFont;
use crate::music::Message;
use crate::music::message::Voice as Note;

/// The frames that a performance renders between two meetings of its threads: so much work that starting threads and
/// waiting for the last of them does not count, even where other programs want the cores too.
pub(super) const STRETCH: usize = 16_384;

impl Synth {
    /// A synthesiser for [`Synth::perform`]: [`Options::polyphony`] holds for each channel by itself, since channels
    /// cannot know of each other's voices while different threads render them. A preset of a compressed font is unpacked
    /// when its first note asks for it, and the note waits for that.
    #[must_use]
    pub fn for_performance(font: Arc<SoundFont>, sample_rate: u32, options: Options) -> Synth {
        Synth { patient: true, ..Synth::with_room(font, sample_rate, options, STRETCH) }
    }

    /// Renders a stretch with its messages, which are in order of their frames; `workers` threads share the channels,
    /// and one of them sums what was rendered last meanwhile. The sound is the same for any number of workers. Not for an
    /// audio callback: this starts threads and takes memory.
    pub fn perform(&mut self, messages: &[Timed], left: &mut [f32], right: &mut [f32], workers: Workers) {
        let total = left.len().min(right.len());
        let room = self.parts.first().map_or(super::CHUNK, Part::room);
        if workers > Workers::MIN && self.finished.is_empty() {
            self.finished = self.parts.iter().map(|_| Buses::new(room)).collect();
        }
        // The stretch that is rendered but not summed; with one worker there is none.
        let mut unsummed = 0..0;
        let mut rest = messages;
        let mut at = 0;
        while at < total {
            let limit = total.min(at + room);
            let due = rest.partition_point(|m| m.frame < limit);
            // What is not for one channel is for all: the stretch is divided there.
            let global = rest.iter().take(due).position(|m| !matches!(m.message, Message::Voice(..)));
            let end = global.and_then(|n| rest.get(n)).map_or(limit, |m| m.frame.clamp(at, limit));
            let (now, later) = rest.split_at(global.unwrap_or(due));
            let mut sound = Unsummed::of(left, right, unsummed);
            self.render_parts(now, at, end - at, workers, &mut sound);
            unsummed = at..end;
            at = end;
            rest = later;
            if workers == Workers::MIN || global.is_some() || at == total {
                let sound = Unsummed::of(left, right, std::mem::take(&mut unsummed));
                let buses = self.parts.iter().map(|part| &part.buses);
                self.master.sum(buses, sound.left, sound.right);
            }
            if let (Some(_), Some((first, later))) = (global, rest.split_first()) {
                self.message(&first.message);
                rest = later;
            }
        }
        rest.iter().for_each(|timed| self.message(&timed.message));
    }

    /// Renders the parts' next frames, and sums those before into `unsummed`.
    fn render_parts(
        &mut self,
        messages: &[Timed],
        start: usize,
        frames: usize,
        workers: Workers,
        unsummed: &mut Unsummed<'_>,
    ) {
        let setting = Setting { font: &self.font, rate: self.rate, patient: self.patient };
        let most = self.options.polyphony;
        if !unsummed.left.is_empty() {
            let parts = self.parts.iter_mut();
            parts.zip(&mut self.finished).for_each(|(part, finished)| std::mem::swap(&mut part.buses, finished));
        }
        let mut parts: Vec<(usize, &mut Part)> = self.parts.iter_mut().enumerate().collect();
        // The longest work last in the list is the first that is taken: nobody waits for it alone at the end.
        parts.sort_by_key(|(channel, part)| part.work(*channel, messages));
        let queue = Mutex::new(parts);
        let work = || {
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some((channel, part)) = next else { return };
                part.perform(channel, messages, start, frames, setting, most);
            }
        };
        if workers == Workers::MIN {
            work();
            return;
        }
        thread::scope(|scope| {
            // There are no more parts to share than these. Where the system gives no thread, those that there are do the work.
            for _ in 1..workers.get().min(super::CHANNELS) {
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            if !unsummed.left.is_empty() {
                self.master.sum(self.finished.iter(), unsummed.left, unsummed.right);
            }
            work();
        });
    }
}

/// Where the sum of what was rendered last goes; empty where nothing waits.
struct Unsummed<'a> {
    left: &'a mut [f32],
    right: &'a mut [f32],
}

impl<'a> Unsummed<'a> {
    fn of(left: &'a mut [f32], right: &'a mut [f32], frames: Range<usize>) -> Unsummed<'a> {
        let stretch = |all: &'a mut [f32]| all.get_mut(frames.clone()).unwrap_or_default();
        Unsummed { left: stretch(left), right: stretch(right) }
    }
}

impl Part {
    /// About how much there is to do: the voices that sound, and the notes that begin.
    fn work(&self, channel: usize, messages: &[Timed]) -> usize {
        let begins = |timed: &&Timed| matches!(&timed.message, Message::Voice(to, Note::NoteOn { .. }) if usize::from(to.get()) == channel);
        self.voices().len() + messages.iter().filter(begins).count()
    }

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
