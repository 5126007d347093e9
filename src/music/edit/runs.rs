//! Many things in the order of time, in runs of some hundreds: one is exchanged without moving the
//! others, what is visible is found without looking at the rest, and a copy shares all that stays equal.

use std::sync::Arc;

/// Runs are divided when they grow beyond this.
const LONGEST: usize = 1024;

/// What runs are made of.
const USUAL: usize = 512;

/// Above this share of all things, everything is merged anew instead of one by one.
const BULK: usize = 8;

/// Where something stands: its tick, its order in the tick, its number. No two have the same.
pub(super) type Place = (u64, u32, u32);

/// Something that has a place in time.
pub(super) trait Item: Clone {
    /// By what it is sorted.
    fn place(&self) -> Place;
    /// The tick at which it is over; for what has no length the tick after it.
    fn end(&self) -> u64;
    /// The keys that it concerns, a bit each.
    fn keys(&self) -> u128;
}

/// Some hundred things that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Run<T> {
    items: Arc<Vec<T>>,
    first: Place,
    end: u64,
    keys: u128,
}

impl<T: Item> Run<T> {
    fn new(items: Vec<T>) -> Run<T> {
        let mut run = Run { items: Arc::new(items), first: (0, 0, 0), end: 0, keys: 0 };
        run.sum_up();
        run
    }

    fn sum_up(&mut self) {
        self.first = self.items.first().map_or((0, 0, 0), T::place);
        (self.end, self.keys) = self.items.iter().fold((0, 0), |(end, keys), i| (end.max(i.end()), keys | i.keys()));
    }

    /// The tick of the first.
    pub(super) fn start(&self) -> u64 {
        self.first.0
    }

    /// When the last is over.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The keys of all.
    pub(super) fn keys(&self) -> u128 {
        self.keys
    }

    pub(super) fn items(&self) -> &[T] {
        &self.items
    }
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct Runs<T> {
    runs: Vec<Run<T>>,
    len: usize,
}

impl<T> Default for Runs<T> {
    fn default() -> Runs<T> {
        Runs { runs: Vec::new(), len: 0 }
    }
}

impl<T: Item> Runs<T> {
    /// Of things that are sorted already.
    pub(super) fn of_sorted(items: Vec<T>) -> Runs<T> {
        let len = items.len();
        let mut runs = Vec::with_capacity(len / USUAL + 1);
        let mut items = items.into_iter();
        loop {
            let run: Vec<T> = items.by_ref().take(USUAL).collect();
            if run.is_empty() {
                return Runs { runs, len };
            }
            runs.push(Run::new(run));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.runs.iter().flat_map(|r| r.items.iter())
    }

    /// The runs in which something may lie between two ticks.
    pub(super) fn between(&self, from: u64, to: u64) -> impl DoubleEndedIterator<Item = &Run<T>> {
        let until = self.runs.partition_point(|r| r.first.0 < to);
        self.runs[..until].iter().filter(move |r| r.end > from)
    }

    /// What lies between two ticks, wholly or in part.
    pub(super) fn overlapping(&self, from: u64, to: u64) -> impl DoubleEndedIterator<Item = &T> {
        self.between(from, to).flat_map(|r| r.items.iter()).filter(move |i| i.place().0 < to && i.end() > from)
    }

    /// When the last is over.
    pub(super) fn end(&self) -> u64 {
        self.runs.iter().map(|r| r.end).max().unwrap_or(0)
    }

    /// Takes some out and puts others in; either in any order. What is to be taken out and is not
    /// there is passed over.
    pub(super) fn exchange(&mut self, removed: &[T], added: &[T]) {
        if removed.len() + added.len() > self.len / BULK + USUAL {
            self.merge(removed, added);
            return;
        }
        for item in removed {
            self.remove(item.place());
        }
        for item in added {
            self.insert(item.clone());
        }
    }

    fn merge(&mut self, removed: &[T], added: &[T]) {
        let mut gone: Vec<Place> = removed.iter().map(T::place).collect();
        gone.sort_unstable();
        let mut next = gone.into_iter().peekable();
        let mut all: Vec<T> = Vec::with_capacity(self.len + added.len());
        for item in self.iter() {
            let place = item.place();
            while next.next_if(|g| *g < place).is_some() {}
            if next.next_if_eq(&place).is_none() {
                all.push(item.clone());
            }
        }
        all.extend_from_slice(added);
        // What stays is in order, so there is little to sort.
        all.sort_by_key(T::place);
        *self = Runs::of_sorted(all);
    }

    fn remove(&mut self, place: Place) {
        let Some(index) = self.runs.partition_point(|r| r.first <= place).checked_sub(1) else { return };
        let run = &mut self.runs[index];
        let Ok(at) = run.items.binary_search_by_key(&place, T::place) else { return };
        Arc::make_mut(&mut run.items).remove(at);
        run.sum_up();
        if run.items.is_empty() {
            self.runs.remove(index);
        }
        self.len -= 1;
    }

    fn insert(&mut self, item: T) {
        self.len += 1;
        let place = item.place();
        let index = self.runs.partition_point(|r| r.first <= place).saturating_sub(1);
        let Some(run) = self.runs.get_mut(index) else {
            self.runs.push(Run::new(vec![item]));
            return;
        };
        let at = run.items.partition_point(|i| i.place() < place);
        let items = Arc::make_mut(&mut run.items);
        items.insert(at, item);
        if items.len() > LONGEST {
            let rest = items.split_off(items.len() / 2);
            self.runs.insert(index + 1, Run::new(rest));
        }
        self.runs[index].sum_up();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Item for (u64, u64, u32) {
        fn place(&self) -> Place {
            (self.0, 0, self.2)
        }
        fn end(&self) -> u64 {
            self.1
        }
        fn keys(&self) -> u128 {
            1 << (self.2 % 128)
        }
    }

    fn thing(n: u32, start: u64, length: u64) -> (u64, u64, u32) {
        (start, start + length, n)
    }

    proptest! {
        #[test]
        fn whatever_is_exchanged_the_order_stays_and_nothing_is_lost(
            first in proptest::collection::vec((0u64..5_000, 1u64..400), 0..3_000),
            turns in proptest::collection::vec((0usize..200, proptest::collection::vec((0u64..5_000, 1u64..400), 0..200)), 0..8),
            window in (0u64..6_000, 1u64..500),
        ) {
            let mut next = 0;
            let mut fresh = |v: Vec<(u64, u64)>| -> Vec<_> {
                v.into_iter().map(|(s, l)| { next += 1; thing(next, s, l) }).collect()
            };
            let mut plain = fresh(first);
            plain.sort_by_key(Item::place);
            let mut runs = Runs::of_sorted(plain.clone());
            for (take, put) in turns {
                let before = runs.clone();
                let removed: Vec<_> = plain.iter().step_by(7).take(take).copied().collect();
                let added = fresh(put);
                runs.exchange(&removed, &added);
                plain.retain(|i| !removed.contains(i));
                plain.extend(&added);
                plain.sort_by_key(Item::place);
                prop_assert_eq!(runs.iter().copied().collect::<Vec<_>>(), plain.clone());
                prop_assert_eq!(runs.len(), plain.len());
                let mut back = runs.clone();
                back.exchange(&added, &removed);
                prop_assert!(back.iter().eq(before.iter()));
            }
            let (from, to) = (window.0, window.0 + window.1);
            let seen: Vec<_> = runs.overlapping(from, to).copied().collect();
            let expected: Vec<_> = plain.iter().filter(|i| i.0 < to && i.1 > from).copied().collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
