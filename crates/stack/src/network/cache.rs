//! What is learnt from others and forgotten again: a keyed table with a bound and an age. Where it is full, the oldest
//! entry makes room, so that a flood of new keys costs storage and time within the bound, and nothing else.

use core::hash::Hash;
use std::collections::VecDeque;

use crate::rng::Rng;
use crate::table::Table;
use crate::time::{Duration, Instant};

/// An entry, and until when it holds.
#[derive(Clone, Copy, Debug)]
struct Entry<V> {
    value: V,
    until: Instant,
    /// Which writing of this key it is: older ones still stand in the queue.
    stamp: u64,
}

/// The cache. Every entry lives equally long, so that they expire in the order in which they were written.
#[derive(Clone, Debug)]
pub struct Cache<K, V> {
    lifetime: Duration,
    capacity: usize,
    entries: Table<K, Entry<V>>,
    /// Keys in the order of their writing.
    order: VecDeque<(K, u64)>,
    stamps: u64,
}

impl<K: Copy + Eq + Hash, V> Cache<K, V> {
    /// An empty cache of at most `capacity` entries, each of which holds for `lifetime` after it was written.
    pub fn new(capacity: usize, lifetime: Duration, rng: &mut Rng) -> Self {
        Self { lifetime, capacity, entries: Table::new(rng), order: VecDeque::new(), stamps: 0 }
    }

    /// The value at `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// The value at `key`, to change; it grows no younger.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// Writes a value, in the place of the oldest where the cache is full.
    pub fn insert(&mut self, now: Instant, key: K, value: V) {
        if self.capacity == 0 {
            return;
        }
        self.stamps += 1;
        let entry = Entry { value, until: now + self.lifetime, stamp: self.stamps };
        self.entries.insert(key, entry);
        self.order.push_back((key, self.stamps));
        while self.entries.len() > self.capacity {
            self.drop_first();
        }
        if self.order.len() > self.capacity * 2 {
            let entries = &self.entries;
            self.order.retain(|(key, stamp)| entries.get(key).is_some_and(|entry| entry.stamp == *stamp));
        }
    }

    /// Forgets what is at `key`.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|entry| entry.value)
    }

    /// Forgets what does not hold any more. Whether there was any.
    pub fn expire(&mut self, now: Instant) -> bool {
        let before = self.entries.len();
        while self.next_expiry().is_some_and(|at| at <= now) {
            self.drop_first();
        }
        self.entries.len() < before
    }

    /// When the oldest entry expires.
    pub fn next_expiry(&mut self) -> Option<Instant> {
        loop {
            let (key, stamp) = *self.order.front()?;
            match self.entries.get(&key) {
                Some(entry) if entry.stamp == stamp => return Some(entry.until),
                _ => _ = self.order.pop_front(),
            }
        }
    }

    /// Forgets every entry for which `keep` says no. Whether there was any.
    pub fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) -> bool {
        let before = self.entries.len();
        for (key, stamp) in &self.order {
            let goes =
                self.entries.get(key).is_some_and(|entry| entry.stamp == *stamp && !keep(key, &entry.value));
            if goes {
                self.entries.remove(key);
            }
        }
        self.entries.len() < before
    }

    /// All entries with the time until they expire, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V, Instant)> {
        self.order.iter().filter_map(|(key, stamp)| {
            let entry = self.entries.get(key).filter(|entry| entry.stamp == *stamp)?;
            Some((*key, &entry.value, entry.until))
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn drop_first(&mut self) {
        while let Some((key, stamp)) = self.order.pop_front() {
            if self.entries.get(&key).is_some_and(|entry| entry.stamp == stamp) {
                self.entries.remove(&key);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rng::Rng;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, u32),
        Remove(u8),
        Wait(u64),
        Retain(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0_u8..12, any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
            2 => (0_u8..12).prop_map(Step::Remove),
            2 => (0_u64..8).prop_map(Step::Wait),
            1 => (2_u32..4).prop_map(Step::Retain),
        ]
    }

    proptest! {
        /// The cache holds what a list does that is kept in the order of writing.
        #[test]
        fn it_agrees_with_a_list(steps in proptest::collection::vec(step(), 0..200), capacity in 0_usize..6) {
            let lifetime = Duration::from_secs(10);
            let mut cache = Cache::new(capacity, lifetime, &mut Rng::stream(1, "cache", "test"));
            let mut list: Vec<(u8, u32, Instant)> = Vec::new();
            let mut now = Instant::ZERO;
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        cache.insert(now, key, value);
                        list.retain(|(other, ..)| *other != key);
                        list.push((key, value, now + lifetime));
                        if list.len() > capacity {
                            list.remove(0);
                        }
                    }
                    Step::Remove(key) => {
                        let at = list.iter().position(|(other, ..)| *other == key);
                        prop_assert_eq!(cache.remove(&key), at.map(|at| list.remove(at).1));
                    }
                    Step::Wait(seconds) => {
                        now += Duration::from_secs(seconds);
                        let before = list.len();
                        list.retain(|(.., until)| *until > now);
                        prop_assert_eq!(cache.expire(now), list.len() < before);
                    }
                    Step::Retain(divisor) => {
                        cache.retain(|_, value| value % divisor == 0);
                        list.retain(|(_, value, _)| value % divisor == 0);
                    }
                }
                let held: Vec<_> = cache.iter().map(|(key, value, until)| (key, *value, until)).collect();
                prop_assert_eq!(&held, &list);
                prop_assert_eq!(cache.next_expiry(), list.first().map(|(.., until)| *until));
                prop_assert!(cache.len() <= capacity && cache.order.len() <= capacity * 2);
                for key in 0..12 {
                    let value = list.iter().find(|(other, ..)| *other == key).map(|(_, value, _)| value);
                    prop_assert_eq!(cache.get(&key), value);
                }
            }
        }
    }
}
