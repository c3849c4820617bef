//! Frames under way, each in its place: queues and lines move four octets where a frame has two hundred.

use wirelab_stack::frame::Frame;

/// A frame's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FrameKey(u32);

/// All frames under way in a world. Places are used again, so a steady flow allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct FrameSlab {
    frames: Vec<Option<Frame>>,
    free: Vec<u32>,
}

impl FrameSlab {
    pub(crate) fn insert(&mut self, frame: Frame) -> FrameKey {
        if let Some(place) = self.free.pop() {
            self.frames[place as usize] = Some(frame);
            return FrameKey(place);
        }
        self.frames.push(Some(frame));
        FrameKey(self.frames.len() as u32 - 1)
    }

    /// # Panics
    /// When there is no such frame: a key is given away with its frame.
    pub(crate) fn get(&self, key: FrameKey) -> &Frame {
        self.frames[key.0 as usize].as_ref().expect("a frame is taken out only once")
    }

    /// # Panics
    /// As [`get`](Self::get).
    pub(crate) fn get_mut(&mut self, key: FrameKey) -> &mut Frame {
        self.frames[key.0 as usize].as_mut().expect("a frame is taken out only once")
    }

    /// # Panics
    /// As [`get`](Self::get).
    pub(crate) fn remove(&mut self, key: FrameKey) -> Frame {
        let frame = self.frames[key.0 as usize].take().expect("a frame is taken out only once");
        self.free.push(key.0);
        frame
    }

    /// How many frames are under way.
    pub(crate) fn len(&self) -> usize {
        self.frames.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::frame::Meta;
    use wirelab_stack::trace::{Cause, Trigger};

    use super::*;

    #[test]
    fn places_are_used_again() {
        let frame = |octet| Frame::from_wire(vec![octet].into(), Meta::new(Cause::Raw, Trigger::Call));
        let mut slab = FrameSlab::default();
        let (one, two) = (slab.insert(frame(1)), slab.insert(frame(2)));
        assert_eq!(slab.remove(one).to_vec(), [1]);
        assert_eq!((slab.insert(frame(3)), slab.len()), (one, 2));
        assert_eq!((slab.get(one).to_vec(), slab.get(two).to_vec()), (vec![3], vec![2]));
        slab.remove(one);
        slab.remove(two);
        assert_eq!(slab.len(), 0);
    }
}
