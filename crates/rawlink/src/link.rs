//! What every real link is to the loop.

use std::collections::VecDeque;
use std::os::fd::BorrowedFd;

use wirelab_stack::addr::Mac;
use wirelab_stack::frame::{Frame, Medium};
use wirelab_stack::interface::Capabilities;
use wirelab_stack::time::Duration;

use crate::LinkError;

/// A real link: frames in and out of a descriptor.
///
/// Nothing here waits: whoever drives it waits on [`descriptor`](Self::descriptor) (readable: [`receive`](Self::receive);
/// writable, after frames were left: [`send`](Self::send)), or until [`next_time`](Self::next_time).
///
/// An error tells by [`LinkError::ends`] whether it is the end of the link. If it is not, what was asked was done as
/// far as it could be: frames that came before the error are in the queue, and what could not be sent is gone and
/// counted.
pub trait RealLink {
    /// As given: `tap:wl0`.
    fn name(&self) -> &str;

    /// What its frames begin with.
    fn medium(&self) -> Medium;

    /// What it can do for the stack.
    fn capabilities(&self) -> Capabilities;

    /// The hardware address of the device on this side, where it has one. The stack brings its own.
    fn mac(&self) -> Option<Mac>;

    /// What to wait on; `None` for a capture file, which is ready by [`next_time`](Self::next_time).
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;

    /// When a capture file's next frame comes, since its first; `None` for devices, and behind the last frame.
    fn next_time(&self) -> Option<Duration> {
        None
    }

    /// Takes what has arrived, at most `most` frames of the device, without waiting, and puts it behind `frames`. Says how
    /// many it put there: more than `most` where a super-frame was cut.
    /// Their meta say what is known of the checksum, the size of the segments in them, the VLAN tag that is not in
    /// the octets, and the medium.
    ///
    /// # Errors
    /// When the device is down (told once; it works again by itself), gone, or the system says something else.
    fn receive(&mut self, frames: &mut VecDeque<Frame>, most: usize) -> Result<usize, LinkError>;

    /// Sends from the front of `frames`, without waiting, until it is empty or the device takes no more: what is left
    /// then is sent later. Says how many went.
    ///
    /// # Errors
    /// As [`receive`](Self::receive), and for a frame that is too large: it is dropped and counted, those behind it are
    /// still in the queue.
    fn send(&mut self, frames: &mut VecDeque<Frame>) -> Result<usize, LinkError>;

    /// What passed, and what did not.
    fn counters(&self) -> LinkCounters;
}

/// What passed a link, and what did not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LinkCounters {
    /// Frames that were received.
    pub received: u64,
    /// Octets of them.
    pub received_octets: u64,
    /// Frames that were sent.
    pub sent: u64,
    /// Octets of them.
    pub sent_octets: u64,
    /// Frames that the system dropped before they reached us: its queue was full.
    pub missed: u64,
    /// Received frames that did not fit what they were read into. They are dropped: half a frame is none.
    pub cut: u64,
    /// Received frames whose virtio-net header says what cannot be.
    pub malformed: u64,
    /// Super-frames that were cut into segments here, because the device does not do it.
    pub split: u64,
    /// Frames not sent because they are larger than what the device takes.
    pub too_large: u64,
    /// Frames not sent because the device was down.
    pub down: u64,
    /// Frames that the device refused to send for another reason.
    pub refused: u64,
}
