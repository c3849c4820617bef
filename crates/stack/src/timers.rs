//! Deadlines by slot: an indexed binary heap. Setting, moving and clearing one costs O(log n); the next is O(1).
//!
//! A slot is a small number that its owner keeps (a connection's place in its slab). Each slot has at most one
//! deadline here: an owner with several timers arms the earliest.

use crate::time::Instant;

const NONE: u32 = u32::MAX;

/// Deadlines of numbered slots. Equal deadlines come in the order of their slots.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    heap: Vec<(Instant, u32)>,
    /// Where each slot's entry stands in the heap.
    places: Vec<u32>,
}

impl Timers {
    /// No deadlines.
    pub const fn new() -> Self {
        Self { heap: Vec::new(), places: Vec::new() }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.heap.first().map(|(at, _)| *at)
    }

    /// The slot that is due first, and when.
    pub fn first(&self) -> Option<(Instant, u32)> {
        self.heap.first().copied()
    }

    /// The deadline of `slot`, [`Instant::FAR_FUTURE`] where it has none.
    pub fn deadline(&self, slot: u32) -> Instant {
        match self.places.get(slot as usize) {
            Some(&place) if place != NONE => self.heap[place as usize].0,
            _ => Instant::FAR_FUTURE,
        }
    }

    /// Sets the deadline of `slot`; [`Instant::FAR_FUTURE`] clears it.
    pub fn set(&mut self, slot: u32, at: Instant) {
        if at == Instant::FAR_FUTURE {
            return self.clear(slot);
        }
        if self.places.len() <= slot as usize {
            self.places.resize(slot as usize + 1, NONE);
        }
        let place = self.places[slot as usize];
        if place == NONE {
            self.heap.push((at, slot));
            self.places[slot as usize] = self.heap.len() as u32 - 1;
            self.rise(self.heap.len() - 1);
        } else if self.heap[place as usize].0 != at {
            self.heap[place as usize].0 = at;
            self.settle(place as usize);
        }
    }

    /// Clears the deadline of `slot`.
    pub fn clear(&mut self, slot: u32) {
        let Some(place) = self.places.get_mut(slot as usize) else { return };
        let place = core::mem::replace(place, NONE);
        if place == NONE {
            return;
        }
        let place = place as usize;
        self.heap.swap_remove(place);
        if let Some(&(_, moved)) = self.heap.get(place) {
            self.places[moved as usize] = place as u32;
            self.settle(place);
        }
    }

    /// Takes out the first slot whose deadline is at or before `now`.
    pub fn pop_due(&mut self, now: Instant) -> Option<u32> {
        let &(at, slot) = self.heap.first()?;
        if at > now {
            return None;
        }
        self.clear(slot);
        Some(slot)
    }

    fn settle(&mut self, place: usize) {
        let place = self.rise(place);
        self.sink(place);
    }

    fn rise(&mut self, mut place: usize) -> usize {
        while place > 0 && self.heap[place] < self.heap[(place - 1) / 2] {
            self.swap(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
        place
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let mut least = place;
            for child in [2 * place + 1, 2 * place + 2] {
                if child < self.heap.len() && self.heap[child] < self.heap[least] {
                    least = child;
                }
            }
            if least == place {
                return;
            }
            self.swap(place, least);
            place = least;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.places[self.heap[a].1 as usize] = a as u32;
        self.places[self.heap[b].1 as usize] = b as u32;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::rng::Rng;

    #[test]
    fn behaves_as_a_sorted_map_under_any_sequence_of_calls() {
        let mut rng = Rng::stream(3, "timers", "test");
        let (mut timers, mut model) = (Timers::new(), BTreeMap::new());
        for _ in 0..20_000 {
            let slot = rng.pick(40, "slot") as u32;
            match rng.pick(4, "call") {
                0 | 1 => {
                    let at = Instant::from_nanos(rng.pick(1000, "at"));
                    timers.set(slot, at);
                    model.insert(slot, at);
                }
                2 => {
                    timers.clear(slot);
                    model.remove(&slot);
                }
                _ => {
                    let now = Instant::from_nanos(rng.pick(1000, "now"));
                    let due = model.iter().map(|(slot, at)| (*at, *slot)).min().filter(|(at, _)| *at <= now);
                    assert_eq!(timers.pop_due(now), due.map(|(_, slot)| slot));
                    due.map(|(_, slot)| model.remove(&slot));
                }
            }
            assert_eq!(timers.next(), model.values().min().copied());
            assert_eq!(timers.first(), model.iter().map(|(slot, at)| (*at, *slot)).min());
            assert_eq!(timers.deadline(slot), model.get(&slot).copied().unwrap_or(Instant::FAR_FUTURE));
        }
    }
}
