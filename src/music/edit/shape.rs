//! What is done to the selected notes: moving, lengths, velocities, quantising, scales, a human touch; and to
//! controllers.

use super::document::{PlacedEvent, Rank, Said};
use super::editor::{Editor, Fate};
use super::history::Exchange;
use super::scale::Scale;
use crate::music::composition::Note;
use crate::music::message::{Channel, Controller, Key, Value, Velocity, Voice};
use crate::music::quantise::Quantise;
use crate::music::time::{Ppq, Ticks};

/// How far notes stray, as a player's do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Humanise {
    /// The most ticks that a note comes early or late.
    pub ticks: u64,
    /// The most that its velocity changes.
    pub velocity: u8,
    /// The same seed strays in the same way.
    pub seed: u64,
}

impl Editor {
    /// Moves the selected notes by ticks and keys, as far as the first stays behind the start and all
    /// stay on the keyboard.
    pub fn shift(&mut self, ticks: i64, keys: i16) -> bool {
        let (ticks, keys) = self.limited(ticks, keys);
        let name = if ticks == 0 { "Transpose" } else { "Move notes" };
        self.rewrite(name, |_, n| {
            let moved = |t: Ticks| Ticks(t.0.saturating_add_signed(ticks));
            let key = Key::masked((i16::from(n.note.key.get()) + keys).clamp(0, 127) as u8);
            Fate::Become(Note { start: moved(n.note.start), end: moved(n.note.end), key, ..n.note })
        })
    }

    /// What [`Editor::shift`] makes of a distance.
    #[must_use]
    pub fn limited(&self, ticks: i64, keys: i16) -> (i64, i16) {
        let mut first = u64::MAX;
        let (mut low, mut high) = (127u8, 0u8);
        for (_, n) in self.selected() {
            first = first.min(n.note.start.0);
            low = low.min(n.note.key.get());
            high = high.max(n.note.key.get());
        }
        if low > high {
            return (0, 0);
        }
        let first = i64::try_from(first).unwrap_or(i64::MAX);
        (ticks.max(-first), keys.clamp(-i16::from(low), 127 - i16::from(high)))
    }

    /// Lets the selected notes end later, or earlier; each stays at least `shortest` long.
    pub fn lengthen(&mut self, by: i64, shortest: Ticks) -> bool {
        self.rewrite("Change lengths", |_, n| {
            let least = n.note.start.0.saturating_add(shortest.0.max(1)).min(n.note.end.0.max(n.note.start.0 + 1));
            Fate::Become(Note { end: Ticks(n.note.end.0.saturating_add_signed(by).max(least)), ..n.note })
        })
    }

    /// Lets the selected notes begin later, or earlier; each stays at least `shortest` long.
    pub fn begin_later(&mut self, by: i64, shortest: Ticks) -> bool {
        self.rewrite("Change lengths", |_, n| {
            let latest = n.note.end.0.saturating_sub(shortest.0.max(1)).max(n.note.start.0);
            Fate::Become(Note { start: Ticks(n.note.start.0.saturating_add_signed(by).min(latest)), ..n.note })
        })
    }

    /// Sets the velocity of the selected notes, told what it is.
    pub fn set_velocities(&mut self, mut velocity: impl FnMut(&Note) -> Velocity) -> bool {
        self.rewrite("Change velocities", |_, n| {
            let velocity = Velocity::masked(velocity(&n.note).get().max(1));
            Fate::Become(Note { velocity, ..n.note })
        })
    }

    /// Makes the selected notes louder or softer.
    pub fn add_velocity(&mut self, by: i16) -> bool {
        self.set_velocities(|n| Velocity::masked((i16::from(n.velocity.get()) + by).clamp(1, 127) as u8))
    }

    /// Puts the starts of the selected notes onto a grid; no note is lost by it.
    pub fn quantise(&mut self, how: Quantise) -> bool {
        let quarter = u16::try_from(self.document.ticks_a_quarter()).ok().and_then(Ppq::new).unwrap_or(Ppq::DEFAULT);
        let mut fates: Vec<std::collections::HashMap<super::NoteId, Note>> = Vec::new();
        for track in &self.document.tracks {
            let mut before: Vec<_> = track.notes().filter(|n| self.selection.contains(n.id)).collect();
            let notes: Vec<Note> = before.iter().map(|n| n.note).collect();
            let mut after = how.apply(&notes, quarter);
            // Within a key the notes keep their order, and so each is found again.
            before.sort_by_key(|n| (n.note.channel, n.note.key));
            after.sort_by_key(|n| (n.channel, n.key));
            fates.push(before.iter().map(|n| n.id).zip(after).collect());
        }
        self.rewrite("Quantise", |track, n| fates[track].get(&n.id).map_or(Fate::Stay, |note| Fate::Become(*note)))
    }

    /// Puts the selected notes onto the keys of a scale.
    pub fn snap_to_scale(&mut self, scale: Scale) -> bool {
        self.rewrite("Snap to scale", |_, n| Fate::Become(Note { key: scale.nearest(n.note.key), ..n.note }))
    }

    /// Lets the selected notes stray in time and velocity.
    pub fn humanise(&mut self, how: Humanise) -> bool {
        let mut random = how.seed;
        let mut stray = move |most: u64| {
            let range = most.saturating_mul(2).saturating_add(1);
            i64::try_from(next(&mut random) % range).unwrap_or(0) - i64::try_from(most).unwrap_or(0)
        };
        self.rewrite("Humanise", |_, n| {
            let (late, louder) = (stray(how.ticks.min(1 << 40)), stray(u64::from(how.velocity)));
            let start = n.note.start.0.saturating_add_signed(late);
            let length = n.note.end.0.saturating_sub(n.note.start.0).max(1);
            let velocity = (i64::from(n.note.velocity.get()) + louder).clamp(1, 127) as u8;
            Fate::Become(Note {
                start: Ticks(start),
                end: Ticks(start.saturating_add(length)),
                velocity: Velocity::masked(velocity),
                ..n.note
            })
        })
    }

    /// Draws a controller: what it said between the first and the last of the points goes, the points come.
    /// Points are in the order of time.
    pub fn draw_controller(
        &mut self,
        track: usize,
        channel: Channel,
        controller: Controller,
        points: &[(Ticks, Value)],
    ) -> bool {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return false };
        let mut exchange = self.controllers_between(track, channel, controller, first.0, Ticks(last.0.0 + 1));
        for (at, value) in points {
            let said = Said::Voice(channel, Voice::Control { controller, value: *value });
            exchange.events_come.push(PlacedEvent { at: *at, said, rank: Rank::SETS_UP, id: self.numbers.next() });
        }
        self.commit_exchange("Draw controller", exchange)
    }

    /// Removes what a controller says from one tick to before another.
    pub fn erase_controller(
        &mut self,
        track: usize,
        channel: Channel,
        controller: Controller,
        from: Ticks,
        to: Ticks,
    ) -> bool {
        let exchange = self.controllers_between(track, channel, controller, from, to);
        self.commit_exchange("Erase controller", exchange)
    }

    fn controllers_between(
        &self,
        track: usize,
        channel: Channel,
        controller: Controller,
        from: Ticks,
        to: Ticks,
    ) -> Exchange {
        let mut exchange = Exchange::of_track(track);
        let Some(edited) = self.document.track(track) else { return exchange };
        let of_it = |e: &&PlacedEvent| matches!(e.said, Said::Voice(c, Voice::Control { controller: which, .. }) if c == channel && which == controller);
        exchange.events_gone = edited.events_between(from, to).filter(of_it).cloned().collect();
        exchange
    }
}

/// splitmix64 (Steele, Lea, Flood 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
