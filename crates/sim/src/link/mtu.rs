//! The `mtu` stage: what is too long does not pass.

use wirelab_stack::frame::{Frame, Medium};

/// Octets of an Ethernet header (IEEE 802.3 §3.1.1), which an MTU does not count.
const HEADER: usize = 14;
/// Octets of an 802.1Q tag, not counted either.
const TAG: usize = 4;

#[derive(Clone, Debug)]
pub(super) struct Mtu {
    pub(super) octets: u32,
}

impl Mtu {
    /// Whether the packet in `frame` is short enough.
    pub(super) fn passes(&self, frame: &Frame) -> bool {
        let on_line = frame.len();
        if frame.meta.medium == Medium::PointToPoint {
            return on_line <= self.octets as usize;
        }
        let tag = if frame.head().get(12..14) == Some(&[0x81, 0x00]) { TAG } else { 0 };
        on_line.saturating_sub(HEADER + tag) <= self.octets as usize
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::frame::Meta;
    use wirelab_stack::trace::{Cause, Trigger};

    use super::*;

    fn frame(header: &[u8], payload: usize) -> Frame {
        let meta = Meta::new(Cause::Raw, Trigger::Call);
        let mut frame = Frame::with_payload(vec![0; payload].into(), meta);
        frame.push_front_slice(header.len()).copy_from_slice(header);
        frame
    }

    #[test]
    fn the_ethernet_header_does_not_count() {
        let mtu = Mtu { octets: 100 };
        assert!(mtu.passes(&frame(&[0; 14], 100)));
        assert!(!mtu.passes(&frame(&[0; 14], 101)));
        let mut tagged = [0; 18];
        tagged[12] = 0x81;
        assert!(mtu.passes(&frame(&tagged, 100)));
        assert!(!mtu.passes(&frame(&tagged, 101)));
    }

    #[test]
    fn without_ethernet_everything_counts() {
        let mut frame = frame(&[0x45; 20], 80);
        frame.meta.medium = Medium::PointToPoint;
        assert!(Mtu { octets: 100 }.passes(&frame));
        assert!(!Mtu { octets: 99 }.passes(&frame));
    }
}
