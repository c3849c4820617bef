//! Ethernet II (RFC 894 §Frame Format): the header off on the way up, in front on the way down.

use etherparse::{EtherType, Ethernet2Header, Ethernet2HeaderSlice};

use super::vlan;
use crate::addr::Mac;
use crate::frame::Frame;
use crate::trace::DropReason;

/// Octets of the header.
pub const HEADER: usize = Ethernet2Header::LEN;

/// What the header of an accepted frame said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// What the frame carries.
    pub ether_type: EtherType,
    /// Whether it was addressed to a group: broadcast or multicast.
    pub to_group: bool,
    /// Whether it was addressed to all stations.
    pub to_all: bool,
}

/// Takes the header off a frame that is addressed to `mac` or to a group. Whom a tagged frame is for depends on its VLAN:
/// it passes here.
///
/// # Errors
/// The reason to drop the frame: it is too short, or for another station.
#[inline]
pub fn accept(frame: &mut Frame, mac: Mac) -> Result<Accepted, DropReason> {
    let octets = frame.pull_up(HEADER).ok_or(DropReason::Runt)?;
    let header = Ethernet2HeaderSlice::from_slice(octets).map_err(|_| DropReason::Runt)?;
    let destination = Mac(header.destination());
    let (to_group, to_all) = (destination.is_group(), destination == Mac::BROADCAST);
    let accepted = Accepted { ether_type: header.ether_type(), to_group, to_all };
    if destination != mac && !accepted.to_group && accepted.ether_type != EtherType::VLAN_TAGGED_FRAME {
        return Err(DropReason::NotForUs);
    }
    frame.strip_front(HEADER);
    Ok(accepted)
}

/// Whether a frame carries more than `mtu` octets (IEEE 802.3 §3.2.7: what is longer is no valid frame). A tag in the
/// octets is four more; of a super-frame its segments count.
///
/// The other bound has no test. A frame is shorter than IEEE 802.3's 64 octets only where its sender's hardware has not
/// padded it (IEEE 802.3 §3.2.8), and the padding is, like the preamble and the frame check sequence, put on and taken
/// off below what is modelled: frames here have the length of what they carry. What is shorter than a header is what a
/// collision has left, and [`accept`] drops it as a runt.
#[cold]
pub fn is_giant(frame: &Frame, mtu: u16) -> bool {
    let on_line = match frame.meta.segment_size {
        Some(size) => frame.head().len() + frame.payload().len().min(usize::from(size)),
        None => frame.len(),
    };
    let longest = usize::from(mtu) + HEADER;
    on_line > longest && !(on_line <= longest + vlan::TAG && is_tagged(frame))
}

fn is_tagged(frame: &Frame) -> bool {
    let type_of = |octets: &[u8]| Some(octets.get(12..14)? == EtherType::VLAN_TAGGED_FRAME.0.to_be_bytes());
    type_of(frame.head()).or_else(|| type_of(frame.payload())).unwrap_or(false)
}

/// A header as it stands on the wire.
pub fn header(destination: Mac, source: Mac, ether_type: EtherType) -> [u8; HEADER] {
    Ethernet2Header { destination: destination.0, source: source.0, ether_type }.to_bytes()
}

/// Puts a header in front.
#[inline]
pub fn push(frame: &mut Frame, header: &[u8; HEADER]) {
    *frame.push_front::<HEADER>() = *header;
    frame.meta.checksum = frame.meta.checksum.behind(HEADER as u16);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::frame::{Checksum, Meta};
    use crate::trace::{Cause, Trigger};

    const US: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const THEM: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn frame_to(destination: Mac, ether_type: EtherType) -> Frame {
        let mut frame =
            Frame::with_payload(Bytes::from_static(b"packet"), Meta::new(Cause::Raw, Trigger::Call));
        push(&mut frame, &header(destination, THEM, ether_type));
        frame
    }

    #[test]
    fn takes_what_is_for_this_station_or_for_a_group() {
        for (destination, to_group) in
            [(US, false), (Mac::BROADCAST, true), (Mac([1, 0, 0x5e, 0, 0, 1]), true)]
        {
            let mut frame = frame_to(destination, EtherType::IPV4);
            let accepted = accept(&mut frame, US).unwrap();
            let to_all = destination == Mac::BROADCAST;
            assert_eq!(accepted, Accepted { ether_type: EtherType::IPV4, to_group, to_all });
            assert_eq!(frame.to_vec(), b"packet");
        }
        assert_eq!(accept(&mut frame_to(THEM, EtherType::IPV4), US), Err(DropReason::NotForUs));
    }

    #[test]
    fn a_frame_shorter_than_its_header_is_a_runt() {
        let whole = frame_to(US, EtherType::ARP).to_vec();
        let meta = Meta::new(Cause::Raw, Trigger::Call);
        for length in 0..HEADER {
            let mut frame = Frame::from_wire(Bytes::copy_from_slice(&whole[..length]), meta);
            assert_eq!(accept(&mut frame, US), Err(DropReason::Runt), "{length} octets");
        }
    }

    #[test]
    fn a_partial_checksum_moves_behind_the_header() {
        let mut frame = Frame::with_payload(Bytes::new(), Meta::new(Cause::Raw, Trigger::Call));
        frame.meta.checksum = Checksum::Partial { start: 20, offset: 16 };
        push(&mut frame, &header(US, THEM, EtherType::IPV4));
        assert_eq!(frame.meta.checksum, Checksum::Partial { start: 34, offset: 16 });
    }

    #[test]
    fn a_giant_is_longer_than_the_mtu_with_header_and_tag() {
        // IEEE 802.3 §3.2.7: 1500 octets of data, and a tag is no data.
        let frame = |tagged: bool, data: usize, on_wire: bool| {
            let meta = Meta::new(Cause::Raw, Trigger::Call);
            let mut frame = Frame::with_payload(vec![0; data].into(), meta);
            push(&mut frame, &header(US, THEM, EtherType::IPV4));
            if tagged {
                vlan::put(&mut frame, vlan::Tag::of(vlan::VlanId::DEFAULT));
            }
            if on_wire { Frame::from_wire(frame.to_vec().into(), meta) } else { frame }
        };
        for (tagged, on_wire) in [(false, false), (false, true), (true, false), (true, true)] {
            assert!(!is_giant(&frame(tagged, 1500, on_wire), 1500), "{tagged} {on_wire}");
            assert!(is_giant(&frame(tagged, 1501, on_wire), 1500), "{tagged} {on_wire}");
        }
        let mut large = frame(false, 5000, false);
        large.meta.segment_size = Some(1460);
        assert!(!is_giant(&large, 1500));
    }

    proptest! {
        #[test]
        fn each_header_reads_as_it_was_written(source: [u8; 6], ether_type: u16, low in any::<[u8; 5]>()) {
            let destination = Mac([2, low[0], low[1], low[2], low[3], low[4]]);
            let octets = header(destination, Mac(source), EtherType(ether_type));
            let read = Ethernet2HeaderSlice::from_slice(&octets).unwrap();
            prop_assert_eq!((read.source(), read.destination()), (source, destination.0));
            let mut frame = Frame::from_wire(Bytes::copy_from_slice(&octets), Meta::new(Cause::Raw, Trigger::Call));
            let accepted = accept(&mut frame, destination).unwrap();
            prop_assert_eq!(accepted, Accepted { ether_type: EtherType(ether_type), to_group: false, to_all: false });
        }
    }
}
