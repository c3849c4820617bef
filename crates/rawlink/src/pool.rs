//! Where received frames are put: storage that the kernel writes into, and frames are slices of.
//!
//! A frame is not copied after the system call has written it. What it holds of the storage is bounded, for a peer
//! decides what is kept: a frame whose storage would be more than [`SHARE`] times its own octets, or a quarter of
//! that for large ones, is copied out, and its place used again.
#![expect(unsafe_code, reason = "storage that is not initialised before the kernel writes it")]

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};

/// The longest frame that a device hands over: an IP packet of 65,535 octets behind Ethernet's header and two tags,
/// and one octet more by which to see that it was cut.
pub(crate) const LARGEST: usize = 65_535 + 14 + 2 * 4 + 1;

/// So many usual frames lie in one piece of storage; a shorter one than a fourth of a usual one is copied out of it.
const SHARE: usize = 4;

/// A frame in storage of its own for the largest is copied out of it if it is shorter than this.
const COPY_BELOW: usize = LARGEST / (SHARE * SHARE);

/// Storage for the frames of one device.
///
/// Which of the two kinds the next frame goes into is guessed by the last one. Where a large one comes after a usual
/// one, its beginning is moved in front of the rest, which was written where it belongs.
#[derive(Debug)]
pub(crate) struct Pool {
    /// For frames of at most `usual` octets, several in a piece. Its length is always 0.
    small: BytesMut,
    /// For larger ones, each alone in a piece. Its length is always 0.
    large: BytesMut,
    usual: usize,
    expect_large: bool,
}

impl Pool {
    /// For a device whose usual frames have at most `usual` octets.
    pub(crate) fn new(usual: usize) -> Self {
        let usual = usual.min(LARGEST);
        Self { small: BytesMut::new(), large: BytesMut::new(), usual, expect_large: false }
    }

    /// Where the next frame goes: into the first piece, and what does not fit there into the second.
    pub(crate) fn pieces(&mut self) -> [&mut [MaybeUninit<u8>]; 2] {
        let usual = self.usual;
        make_room(&mut self.small, usual, usual * SHARE);
        make_room(&mut self.large, LARGEST, LARGEST);
        let large = &mut self.large.spare_capacity_mut()[..LARGEST];
        if self.expect_large {
            [large, &mut []]
        } else {
            [&mut self.small.spare_capacity_mut()[..usual], &mut large[usual..]]
        }
    }

    /// The frame of `length` octets that was written into the [`pieces`](Self::pieces).
    ///
    /// # Safety
    /// So many octets were written, from the front of the first piece, and nothing was called since `pieces`.
    pub(crate) unsafe fn take(&mut self, length: usize) -> Bytes {
        assert!(length <= LARGEST, "more was written than there was room for");
        let in_large = self.expect_large;
        self.expect_large = length > self.usual;
        let (storage, copy_below) = if in_large {
            (&mut self.large, COPY_BELOW)
        } else if length <= self.usual {
            (&mut self.small, self.usual / SHARE)
        } else {
            let beginning = &self.small.spare_capacity_mut()[..self.usual];
            self.large.spare_capacity_mut()[..self.usual].copy_from_slice(beginning);
            (&mut self.large, 0)
        };
        // SAFETY: the storage has room for `length` octets, and all of them are initialised: the kernel wrote them, or
        // the first were just copied from where it wrote them and it wrote the rest behind.
        unsafe { storage.set_len(length) };
        if length < copy_below {
            let frame = Bytes::copy_from_slice(storage);
            storage.clear();
            return frame;
        }
        storage.split().freeze()
    }
}

/// Makes sure that `storage`, which is empty, has room for `least` octets: by what it had, if nobody holds that any
/// more, else by a new piece of `whole`.
fn make_room(storage: &mut BytesMut, least: usize, whole: usize) {
    if storage.capacity() < least && !storage.try_reclaim(least) {
        *storage = BytesMut::with_capacity(whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes as the kernel would, and takes the frame.
    fn receive(pool: &mut Pool, octets: &[u8]) -> Bytes {
        let mut rest = octets;
        for piece in pool.pieces() {
            let (now, later) = rest.split_at(rest.len().min(piece.len()));
            piece[..now.len()].write_copy_of_slice(now);
            rest = later;
        }
        assert_eq!(rest, b"");
        // SAFETY: they were written just now.
        unsafe { pool.take(octets.len()) }
    }

    fn octets(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn frames_of_any_length_in_any_order_come_out_as_they_went_in() {
        let mut pool = Pool::new(1514);
        let lengths =
            [0, 1, 60, 1514, 1515, 60, 1514, LARGEST, LARGEST, 9000, 1, 1515, 1514, 300, 4000, 5000, 64_000];
        let frames: Vec<_> = lengths.iter().map(|&length| receive(&mut pool, &octets(length))).collect();
        for (frame, length) in frames.iter().zip(lengths) {
            assert_eq!(frame[..], octets(length), "{length}");
        }
    }

    #[test]
    fn storage_that_nobody_holds_is_used_again() {
        for length in [1514, 40_000] {
            let mut pool = Pool::new(1514);
            receive(&mut pool, &octets(length));
            let first = receive(&mut pool, &octets(length)).as_ptr();
            let mut places = std::collections::BTreeSet::from([first]);
            (0..100).for_each(|_| {
                places.insert(receive(&mut pool, &octets(length)).as_ptr());
            });
            assert!(places.len() <= 2 * SHARE, "{length}: {} places", places.len());
        }
    }

    #[test]
    fn a_short_frame_does_not_hold_storage_for_long_ones() {
        let mut pool = Pool::new(1514);
        let place = |pool: &mut Pool| pool.pieces()[0].as_ptr().cast::<u8>();
        let before = place(&mut pool);
        let kept: Vec<_> = (0..1000).map(|_| receive(&mut pool, &octets(1514 / SHARE - 1))).collect();
        assert_eq!(place(&mut pool), before, "they were copied out");
        assert_eq!(receive(&mut pool, &octets(1514 / SHARE)).as_ptr(), before, "one at the bound is not");
        receive(&mut pool, &octets(LARGEST));
        let before = place(&mut pool);
        let short = receive(&mut pool, &octets(COPY_BELOW - 1));
        assert_ne!(short.as_ptr(), before);
        receive(&mut pool, &octets(LARGEST));
        let before = place(&mut pool);
        assert_eq!(receive(&mut pool, &octets(COPY_BELOW)).as_ptr(), before);
        drop(kept);
    }
}
