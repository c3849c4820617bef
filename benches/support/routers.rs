//! Routers in a line, joined by nothing but the caller's hand: what forwarding costs, without a simulator.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use etherparse::{EtherType, IpNumber};
use wirelab::stack::addr::{Cidr, Mac};
use wirelab::stack::context::{Ctx, Unobserved};
use wirelab::stack::frame::{Frame, InterfaceId, Meta, NodeId};
use wirelab::stack::host::{Host, HostConfig, RouteConfig, RouteKind};
use wirelab::stack::interface::{InterfaceConfig, ethernet};
use wirelab::stack::network::ipv4;
use wirelab::stack::rng::Rng;
use wirelab::stack::time::Instant;
use wirelab::stack::trace::{Cause, Trigger};

const LEFT: InterfaceId = InterfaceId(0);
const RIGHT: InterfaceId = InterfaceId(1);

/// Routers, each with the next on its right, and a packet for whoever is behind the last.
pub struct Line {
    routers: Vec<Host>,
    rng: Rng,
    packet: Frame,
}

fn mac(router: usize, interface: u8) -> Mac {
    Mac([2, 0, 0, 0, router as u8, interface])
}

fn network(number: usize, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, number as u8, 0, host)
}

fn interface(router: usize, side: u8) -> InterfaceConfig {
    let address = Cidr::new(network(router + usize::from(side), 2 - side).into(), 24).expect("a prefix");
    let mut config = InterfaceConfig::new(format!("eth{side}"), mac(router, side), [address]);
    config.announce = false;
    config
}

impl Line {
    /// So many routers, which know each other's addresses already. Besides the way to the end each has `routes` others.
    pub fn new(routers: usize, routes: u32) -> Self {
        let mut rng = Rng::stream(1, "line", "bench");
        let router = |number: usize| {
            let mut config =
                HostConfig::new(format!("router{number}"), NodeId(number as u32), interface(number, 0));
            config.interfaces.push(interface(number, 1));
            config.profile.network.forwarding = true;
            let end = Cidr::new(network(routers, 0).into(), 24).expect("a prefix");
            if number + 1 < routers {
                config.routes.push(RouteConfig::via(end, network(number + 1, 2).into()));
            } else {
                config.interfaces[1].neighbors.push((network(routers, 9).into(), mac(routers, 9)));
            }
            let others = (0..routes)
                .map(|route| Cidr::new(IpAddr::V4(Ipv4Addr::from_bits(0xc000_0000 | route << 8)), 24));
            config
                .routes
                .extend(others.flatten().map(|network| RouteConfig::new(network, RouteKind::Blackhole)));
            config
        };
        let mut line = Self {
            routers: (0..routers)
                .map(|number| Host::new(router(number), &mut rng).expect("it makes sense"))
                .collect(),
            rng,
            packet: packet(network(routers, 9)),
        };
        line.resolve();
        line
    }

    /// Sends one packet with all that it takes: each router asks for the next one's address.
    fn resolve(&mut self) {
        let mut observer = Unobserved;
        let mut ctx = Ctx::new(Instant::ZERO, &mut self.rng, &mut observer);
        let mut under_way = vec![(0, LEFT, self.packet.clone())];
        while let Some((router, on, frame)) = under_way.pop() {
            self.routers[router].handle_frame(&mut ctx, on, frame);
            while let Some((by, frame)) = self.routers[router].poll_transmit(&mut ctx) {
                let (next, on) =
                    if by == LEFT { (router.wrapping_sub(1), RIGHT) } else { (router + 1, LEFT) };
                if next < self.routers.len() {
                    under_way.push((next, on, frame));
                }
            }
        }
    }

    /// One packet goes all the way; returns how many hops it has left.
    ///
    /// # Panics
    /// When a router does not send it on.
    pub fn pass(&mut self, frame: &mut Frame) -> u8 {
        let mut observer = Unobserved;
        let mut ctx = Ctx::new(Instant::ZERO, &mut self.rng, &mut observer);
        frame.clone_from(&self.packet);
        for router in &mut self.routers {
            router.handle_frame_in_place(&mut ctx, LEFT, frame);
            assert_eq!(router.poll_transmit_into(&mut ctx, frame), Some(RIGHT), "it goes on");
        }
        frame.head()[22]
    }
}

/// A datagram of 1000 octets from the left, as it comes to the first router.
fn packet(destination: Ipv4Addr) -> Frame {
    let mut frame = Frame::with_payload(Bytes::from(vec![7; 972]), Meta::new(Cause::UdpData, Trigger::Call));
    let source = network(0, 9);
    frame.push_front::<8>().copy_from_slice(&[0x30, 0x39, 0, 9, 3, 0xd4, 0, 0]);
    let header =
        ipv4::Header { source, destination, protocol: IpNumber::UDP, ttl: 64, tos: 0, identification: None };
    ipv4::push(&mut frame, &header);
    ethernet::push(&mut frame, &ethernet::header(mac(0, 0), Mac([2, 0, 0, 0, 0, 99]), EtherType::IPV4));
    frame
}
