//! ARP packets for IPv4 over Ethernet (RFC 826 §Packet format), and who they are from and to.

use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::{ArpEthIpv4Packet, ArpHardwareId, ArpOperation, ArpPacketSlice, EtherType};

use super::ethernet;
use crate::addr::Mac;
use crate::frame::{Frame, Meta};
use crate::trace::{Cause, DropReason, Trigger};

/// Octets of a packet.
pub const LENGTH: usize = ArpEthIpv4Packet::LEN;

/// A packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    /// What it is: request, reply, or something unknown, which still tells of its sender.
    pub operation: ArpOperation,
    /// The sender's hardware address.
    pub sender_mac: Mac,
    /// The sender's address; unspecified in a probe (RFC 5227 §1.1).
    pub sender: Ipv4Addr,
    /// The target's hardware address: nothing in a request.
    pub target_mac: Mac,
    /// The target's address.
    pub target: Ipv4Addr,
}

impl Packet {
    /// Asks who has `target`.
    pub fn request(mac: Mac, address: Ipv4Addr, target: Ipv4Addr) -> Self {
        Self {
            operation: ArpOperation::REQUEST,
            sender_mac: mac,
            sender: address,
            target_mac: Mac::UNSPECIFIED,
            target,
        }
    }

    /// Tells all that `mac` uses `address` (RFC 5227 §2.3: sender's and target's address are the same).
    pub fn announcement(mac: Mac, address: Ipv4Addr) -> Self {
        Self::request(mac, address, address)
    }

    /// The answer of the station `mac`, which has the target's address.
    #[must_use]
    pub fn reply(&self, mac: Mac) -> Self {
        // RFC 826 §Packet Reception: swap hardware and protocol fields, putting the local ones in the sender's.
        Self {
            operation: ArpOperation::REPLY,
            sender_mac: mac,
            sender: self.target,
            target_mac: self.sender_mac,
            target: self.sender,
        }
    }

    /// Asks whether anyone has `address` (RFC 5227 §2.1.1: the sender's address is all zeroes, lest caches be filled
    /// with what may be wrong).
    pub fn probe(mac: Mac, address: Ipv4Addr) -> Self {
        Self::request(mac, Ipv4Addr::UNSPECIFIED, address)
    }

    /// Reads the ARP packet at the front of a frame whose Ethernet header is off.
    ///
    /// # Errors
    /// [`DropReason::ArpMalformed`]: it is too short, of other types or lengths, or its sender cannot be one.
    pub fn parse(frame: &mut Frame) -> Result<Self, DropReason> {
        // RFC 1812 §3.3.2: a reply that claims a group address as hardware address must not be believed.
        let is_station =
            |sender: Ipv4Addr| !sender.is_multicast() && !sender.is_broadcast() && !sender.is_loopback();
        Self::read(frame).filter(|packet| is_station(packet.sender)).ok_or(DropReason::ArpMalformed)
    }

    /// Reads a packet of ARP's form, whose sender may not know its own address: RARP's. `None`: it is too short, of other
    /// types or lengths, or from no single station.
    pub fn read(frame: &mut Frame) -> Option<Self> {
        let slice = ArpPacketSlice::from_slice(frame.pull_up(LENGTH)?).ok()?;
        let types = (slice.hw_addr_type(), slice.proto_addr_type());
        if types != (ArpHardwareId::ETHERNET, EtherType::IPV4) {
            return None;
        }
        let packet = Self {
            operation: slice.operation(),
            sender_mac: Mac(octets_of(slice.sender_hw_addr())?),
            sender: octets_of(slice.sender_protocol_addr())?.into(),
            target_mac: Mac(octets_of(slice.target_hw_addr())?),
            target: octets_of(slice.target_protocol_addr())?.into(),
        };
        packet.sender_mac.is_unicast().then_some(packet)
    }

    /// The packet as it stands on the wire.
    pub fn to_bytes(&self) -> [u8; LENGTH] {
        ArpEthIpv4Packet {
            operation: self.operation,
            sender_mac: self.sender_mac.0,
            sender_ipv4: self.sender.octets(),
            target_mac: self.target_mac.0,
            target_ipv4: self.target.octets(),
        }
        .to_bytes()
    }

    /// The whole ARP frame that carries the packet to `destination`.
    pub fn frame(&self, destination: Mac, cause: Cause, trigger: Trigger) -> Frame {
        self.frame_of(EtherType::ARP, destination, cause, trigger)
    }

    /// The whole frame that carries the packet to `destination`, of ARP or of RARP.
    pub fn frame_of(&self, ether_type: EtherType, destination: Mac, cause: Cause, trigger: Trigger) -> Frame {
        let mut frame = Frame::with_payload(Bytes::new(), Meta::new(cause, trigger));
        *frame.push_front::<LENGTH>() = self.to_bytes();
        ethernet::push(&mut frame, &ethernet::header(destination, self.sender_mac, ether_type));
        frame
    }
}

/// The sender's address of the packet that a whole frame of our own carries, whose octets are all headers.
pub fn sender_of(frame: &Frame) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = frame.head().get(ethernet::HEADER + 14..)?.first_chunk().copied()?;
    Some(octets.into())
}

/// An address of exactly `N` octets.
fn octets_of<const N: usize>(octets: &[u8]) -> Option<[u8; N]> {
    octets.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const US: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const THEM: Mac = Mac([2, 0, 0, 0, 0, 2]);
    const OUR_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const THEIR_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

    fn parse(octets: &[u8]) -> Result<Packet, DropReason> {
        let meta = Meta::new(Cause::Raw, Trigger::Call);
        Packet::parse(&mut Frame::from_wire(Bytes::copy_from_slice(octets), meta))
    }

    #[test]
    fn a_reply_is_the_request_turned_round() {
        let request = Packet::request(THEM, THEIR_ADDRESS, OUR_ADDRESS);
        let reply = request.reply(US);
        assert_eq!((reply.sender_mac, reply.sender), (US, OUR_ADDRESS));
        assert_eq!((reply.target_mac, reply.target), (THEM, THEIR_ADDRESS));
        assert_eq!(reply.operation, ArpOperation::REPLY);
    }

    #[test]
    fn each_wrong_type_or_length_is_malformed() {
        let good = Packet::request(THEM, THEIR_ADDRESS, OUR_ADDRESS).to_bytes();
        assert!(parse(&good).is_ok());
        for (octet, value) in [(1, 6), (2, 0x86), (4, 8), (5, 16), (4, 5), (5, 3)] {
            let mut bad = good;
            bad[octet] = value;
            assert_eq!(parse(&bad), Err(DropReason::ArpMalformed), "octet {octet} = {value}");
        }
        for length in 0..LENGTH {
            assert_eq!(parse(&good[..length]), Err(DropReason::ArpMalformed));
        }
    }

    #[test]
    fn a_sender_that_cannot_be_a_station_is_not_believed() {
        // RFC 1812 §3.3.2
        for mac in [Mac::BROADCAST, Mac::UNSPECIFIED, Mac([3, 0, 0, 0, 0, 1])] {
            let packet = Packet::request(mac, THEIR_ADDRESS, OUR_ADDRESS);
            assert_eq!(parse(&packet.to_bytes()), Err(DropReason::ArpMalformed), "{mac}");
        }
        for address in [Ipv4Addr::BROADCAST, Ipv4Addr::LOCALHOST, Ipv4Addr::new(224, 0, 0, 1)] {
            let packet = Packet::request(THEM, address, OUR_ADDRESS);
            assert_eq!(parse(&packet.to_bytes()), Err(DropReason::ArpMalformed), "{address}");
        }
        // RFC 5227 §1.1: a probe has no sender's address.
        assert!(parse(&Packet::request(THEM, Ipv4Addr::UNSPECIFIED, OUR_ADDRESS).to_bytes()).is_ok());
    }

    #[test]
    fn a_frame_goes_out_with_its_header() {
        let packet = Packet::announcement(US, OUR_ADDRESS);
        let mut frame = packet.frame(Mac::BROADCAST, Cause::ArpAnnouncement, Trigger::Timer);
        let accepted = ethernet::accept(&mut frame, THEM).unwrap();
        assert!(accepted.to_group && accepted.ether_type == EtherType::ARP);
        assert_eq!(Packet::parse(&mut frame), Ok(packet));
    }

    proptest! {
        #[test]
        fn each_packet_reads_as_it_was_written(
            operation: u16, low: [u8; 5], target_mac: [u8; 6], sender in 1_u32..0x7f00_0000, target: u32
        ) {
            let packet = Packet {
                operation: ArpOperation(operation),
                sender_mac: Mac([2, low[0], low[1], low[2], low[3], low[4]]),
                sender: Ipv4Addr::from_bits(sender),
                target_mac: Mac(target_mac),
                target: Ipv4Addr::from_bits(target),
            };
            prop_assert_eq!(parse(&packet.to_bytes()), Ok(packet));
        }

        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse(&octets);
        }
    }
}
