//! What one direction of a link has counted.

/// Frames and octets, from the beginning. A frame that was duplicated counts once in, and twice out; a super-frame that was
/// cut counts as its segments.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LinkCounters {
    /// Frames that were given to the link.
    pub frames_in: u64,
    /// Their octets.
    pub bytes_in: u64,
    /// Frames that reached the other end.
    pub delivered_frames: u64,
    /// Their octets.
    pub delivered_bytes: u64,
    /// Frames that were dropped, for whatever reason: the sum of the five below.
    pub dropped_frames: u64,
    /// Dropped by the `loss` stage.
    pub lost: u64,
    /// Dropped because the queue was full.
    pub queue_full: u64,
    /// Dropped because they were too long.
    pub over_mtu: u64,
    /// Dropped because the link was cut.
    pub down: u64,
    /// Dropped because they were super-frames that cannot be cut.
    pub malformed: u64,
    /// Super-frames that were cut.
    pub segmented: u64,
    /// Frames that had bits flipped.
    pub corrupted: u64,
    /// Frames that were duplicated.
    pub duplicated: u64,
    /// Frames that were held back.
    pub reordered: u64,
    /// The most frames that ever waited in the queue.
    pub max_queue_packets: u64,
    /// The most octets that ever waited in the queue.
    pub max_queue_bytes: u64,
}
