//! A network and frames for tests.

use bytes::Bytes;
use etherparse::PacketBuilder;
use wirelab_sim::LinkId;
use wirelab_stack::addr::Mac;
use wirelab_stack::frame::{Frame, FrameId, InterfaceId, Medium, Meta, NodeId};
use wirelab_stack::trace::{Cause, Trigger};

use crate::topology::{Host, Interface, Kind, Link, Topology};

/// A frame's name.
pub const fn id(origin: u32, counter: u64) -> FrameId {
    FrameId { origin: NodeId(origin), counter }
}

/// A frame of `octets` that was sent for `cause`.
pub fn frame(name: FrameId, cause: Cause, octets: Vec<u8>) -> Frame {
    let mut meta = Meta::new(cause, Trigger::Call);
    meta.id = name;
    Frame::from_wire(Bytes::from(octets), meta)
}

/// The octets of a UDP datagram in IPv4 from 10.0.0.1:5000 to 10.0.0.2:7.
pub fn datagram(payload: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .udp(5000, 7)
        .write(&mut octets, payload)
        .expect("a vector takes everything");
    octets
}

/// Two hosts and a link: `client.eth0` (10.0.0.1) – `wire` – `server.eth0` (10.0.0.2).
pub fn pair() -> Topology {
    let host = |name: &str, last: u8| Host {
        name: name.into(),
        kind: Kind::Host,
        interfaces: vec![Interface {
            name: "eth0".into(),
            mac: Mac([2, 0, 0, 0, 0, last]),
            addresses: vec![format!("10.0.0.{last}/24").parse().expect("it is an address")],
            medium: Medium::Ethernet,
            vlan: None,
        }],
    };
    let eth0 = InterfaceId(0);
    Topology::new(
        [(NodeId(0), host("client", 1)), (NodeId(1), host("server", 2))],
        [(LinkId(0), Link { name: "wire".into(), ends: [(NodeId(0), eth0), (NodeId(1), eth0)] })],
    )
}

/// Hosts `n0`, `n1`, … with the addresses 10.0.0.0, 10.0.0.1, …, and links between them.
pub fn network(hosts: u32, links: &[(u32, u32)]) -> Topology {
    let mut interfaces = vec![0_u16; hosts as usize];
    let mut end = |node: u32| {
        let next = &mut interfaces[node as usize];
        *next += 1;
        (NodeId(node), InterfaceId(*next - 1))
    };
    let links: Vec<Link> = links
        .iter()
        .map(|(one, other)| Link { name: format!("{one}-{other}"), ends: [end(*one), end(*other)] })
        .collect();
    let host = |node: u32| Host {
        name: format!("n{node}"),
        kind: Kind::Host,
        interfaces: (0..interfaces[node as usize])
            .map(|number| Interface {
                name: format!("eth{number}"),
                mac: Mac([2, 0, 0, 0, node as u8, number as u8]),
                addresses: vec![format!("10.0.{number}.{node}/24").parse().expect("it is an address")],
                medium: Medium::Ethernet,
                vlan: None,
            })
            .collect(),
    };
    Topology::new((0..hosts).map(|node| (NodeId(node), host(node))), (0..).map(LinkId).zip(links))
}
