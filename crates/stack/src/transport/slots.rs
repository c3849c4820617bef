//! A slab of sockets: places that are used again, with a generation so that an old name finds nothing new.

use super::Key;

/// Sockets by [`Key`].
#[derive(Clone, Debug)]
pub struct Slots<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Place<T> {
    generation: u32,
    tenant: Option<T>,
}

impl<T> Slots<T> {
    /// No sockets.
    pub const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    /// Puts one in.
    pub fn insert(&mut self, tenant: T) -> Key {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place { generation: 0, tenant: None });
            self.places.len() as u32 - 1
        });
        let place = &mut self.places[index as usize];
        place.tenant = Some(tenant);
        Key { index, generation: place.generation }
    }

    /// Takes one out. Its key finds nothing from here on.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let place =
            self.places.get_mut(key.index as usize).filter(|place| place.generation == key.generation)?;
        let tenant = place.tenant.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(key.index);
        Some(tenant)
    }

    /// The one at `key`.
    pub fn get(&self, key: Key) -> Option<&T> {
        let place = self.places.get(key.index as usize)?;
        if place.generation == key.generation { place.tenant.as_ref() } else { None }
    }

    /// The one at `key`, to change.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let place = self.places.get_mut(key.index as usize)?;
        if place.generation == key.generation { place.tenant.as_mut() } else { None }
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_key_finds_nothing_in_a_place_that_is_used_again() {
        let mut slots = Slots::new();
        let first = slots.insert('a');
        let second = slots.insert('b');
        assert_eq!(slots.remove(first), Some('a'));
        assert_eq!(slots.remove(first), None);
        let third = slots.insert('c');
        assert_eq!(third.index, first.index);
        assert_eq!((slots.get(first), slots.get(third), slots.get(second)), (None, Some(&'c'), Some(&'b')));
        assert_eq!(slots.get_mut(first), None);
        *slots.get_mut(second).unwrap() = 'd';
        assert_eq!(slots.get(second), Some(&'d'));
        assert_eq!(slots.get(Key { index: 9, generation: 0 }), None);
    }
}
