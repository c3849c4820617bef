//! Where the sequence numbers of each direction of a connection begin, and how its window is scaled.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use etherparse::{
    EtherType, Ethernet2HeaderSlice, IpNumber, Ipv4HeaderSlice, SingleVlanHeaderSlice, TcpHeaderSlice,
    TcpOptionElement,
};
use wirelab_stack::frame::Medium;

/// Directions that are remembered; the oldest are forgotten, and their numbers shown as they are.
const MOST: usize = 65_536;

/// One direction of a connection: who sends, and to whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Flow {
    pub source: (IpAddr, u16),
    pub destination: (IpAddr, u16),
}

impl Flow {
    pub fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source }
    }
}

#[derive(Clone, Copy, Debug)]
struct Begin {
    /// The sequence number of the SYN.
    isn: u32,
    /// The window scale that the SYN offered (RFC 7323 §2.2).
    scale: Option<u8>,
}

/// What the SYNs said.
#[derive(Debug, Default)]
pub struct Flows {
    known: BTreeMap<Flow, Begin>,
    order: VecDeque<Flow>,
}

impl Flows {
    /// Looks whether the frame is a SYN, and remembers what it says.
    pub fn learn(&mut self, octets: &[u8], medium: Medium) {
        let Some((flow, begin)) = network(octets, medium).and_then(syn) else { return };
        if self.known.insert(flow, begin).is_none() {
            self.order.push_back(flow);
        }
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// `number` from the direction's SYN, or as it is where none was seen.
    pub fn relative(&self, flow: Flow, number: u32) -> u32 {
        number.wrapping_sub(self.known.get(&flow).map_or(0, |begin| begin.isn))
    }

    /// The window in octets that a segment of this flow, not a SYN, offers in its field.
    pub fn window(&self, flow: Flow, field: u16) -> u32 {
        // RFC 7323 §2.2: scaled only if both SYNs carried the option, and by at most 14.
        let own = self.known.get(&flow).and_then(|begin| begin.scale);
        let other = self.known.get(&flow.reversed()).and_then(|begin| begin.scale);
        match (own, other) {
            (Some(own), Some(_)) => u32::from(field) << own.min(14),
            _ => u32::from(field),
        }
    }
}

/// The IPv4 packet that a frame carries, if it does.
fn network(octets: &[u8], medium: Medium) -> Option<&[u8]> {
    if medium == Medium::PointToPoint {
        return Some(octets);
    }
    let ethernet = Ethernet2HeaderSlice::from_slice(octets).ok()?;
    let rest = &octets[ethernet.slice().len()..];
    match ethernet.ether_type() {
        EtherType::IPV4 => Some(rest),
        EtherType::VLAN_TAGGED_FRAME => {
            let vlan = SingleVlanHeaderSlice::from_slice(rest).ok()?;
            (vlan.ether_type() == EtherType::IPV4).then_some(&rest[vlan.slice().len()..])
        }
        _ => None,
    }
}

fn syn(rest: &[u8]) -> Option<(Flow, Begin)> {
    let ip = Ipv4HeaderSlice::from_slice(rest).ok()?;
    if ip.protocol() != IpNumber::TCP || ip.is_fragmenting_payload() {
        return None;
    }
    let tcp = TcpHeaderSlice::from_slice(&rest[ip.slice().len()..]).ok()?;
    if !tcp.syn() {
        return None;
    }
    let scale = tcp.options_iterator().flatten().find_map(|option| match option {
        TcpOptionElement::WindowScale(shift) => Some(shift),
        _ => None,
    });
    let flow = Flow {
        source: (ip.source_addr().into(), tcp.source_port()),
        destination: (ip.destination_addr().into(), tcp.destination_port()),
    };
    Some((flow, Begin { isn: tcp.sequence_number(), scale }))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_oldest_is_forgotten_at_the_bound() {
        let mut flows = Flows::default();
        let builder = |port| {
            let mut octets = Vec::new();
            etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
                .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
                .tcp(port, 80, 1000, 0)
                .syn()
                .write(&mut octets, &[])
                .unwrap();
            octets
        };
        for port in 0..=u16::MAX {
            flows.learn(&builder(port), Medium::Ethernet);
        }
        let flow = |port| Flow {
            source: (Ipv4Addr::new(10, 0, 0, 1).into(), port),
            destination: (Ipv4Addr::new(10, 0, 0, 2).into(), 80),
        };
        assert_eq!(flows.relative(flow(0), 1001), 1);
        let mut other = builder(7);
        other[14 + 19] = 9;
        flows.learn(&other[..], Medium::Ethernet);
        assert_eq!(flows.order.len(), MOST);
        assert_eq!(flows.relative(flow(0), 1001), 1001);
        assert_eq!(flows.relative(flow(1), 1001), 1);
    }
}
