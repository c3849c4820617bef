//! Tables that are looked up by a peer's data: hash maps keyed from the host's own stream, without iteration.
//!
//! A peer that chooses addresses and ports must not be able to choose collisions, and the order of a hash map
//! must not reach a trace: so the key is drawn, and nothing here can be iterated.

#![expect(
    clippy::disallowed_types,
    reason = "the one place where a hash map is: it keeps it from being iterated"
)]

use core::hash::{BuildHasher, Hash};
use std::collections::HashMap;

use siphasher::sip::SipHasher13;

use crate::rng::Rng;

#[derive(Clone, Copy, Debug)]
struct Keyed(u64, u64);

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;
    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0, self.1)
    }
}

/// A keyed hash map without iteration.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    map: HashMap<K, V, Keyed>,
}

impl<K: Eq + Hash, V> Table<K, V> {
    /// An empty table, its hash keyed from `rng`.
    pub fn new(rng: &mut Rng) -> Self {
        Self { map: HashMap::with_hasher(Keyed(rng.bits("hash key"), rng.bits("hash key"))) }
    }

    /// The value at `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    /// The value at `key`, to change.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.map.get_mut(key)
    }

    /// Whether there is a value at `key`.
    pub fn contains(&self, key: &K) -> bool {
        self.map.contains_key(key)
    }

    /// Puts `value` at `key`; returns what was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.map.insert(key, value)
    }

    /// Takes out what is at `key`. Storage is given back when three quarters of it are unused.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let removed = self.map.remove(key);
        if self.map.capacity() > 64 && self.map.len() * 4 < self.map.capacity() {
            self.map.shrink_to(self.map.len() * 2);
        }
        removed
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
}
