//! What ICMP tells a host of packets that it sent, or did not: too big, a better router, unreachable. What is believed is
//! about a packet to somebody to whom something was sent.
//!
//! The input is a list of steps: what is told, an octet and two of its value; which of the host's packets is quoted; how
//! many octets of it are others, and for each its place and what stands there.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use bytes::Bytes;
use wirelab_stack::addr::Mac;
use wirelab_stack::context::Ctx;
use wirelab_stack::frame::{Frame, FrameId, InterfaceId, Meta, NodeId};
use wirelab_stack::host::{Host, HostConfig, RouteConfig};
use wirelab_stack::interface::{InterfaceConfig, ethernet};
use wirelab_stack::network::icmp::{self, Error, Redirect, TimeExceeded, Unreachable};
use wirelab_stack::network::ipv4;
use wirelab_stack::rng::Rng;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{Cause, Trigger};
use wirelab_stack::transport::SocketId;

use crate::host::Fates;
use crate::mend;

const ON: InterfaceId = InterfaceId(0);
const ROUTER: [u8; 4] = [10, 0, 0, 254];

/// A host that has sent packets of each kind, by way of a router, and what it sent.
struct Sender {
    host: Host,
    rng: Rng,
    now: Instant,
    fates: Fates,
    /// A socket with a peer.
    connected: SocketId,
    /// IP packets.
    sent: Vec<Vec<u8>>,
    frames: u64,
}

impl Sender {
    fn new() -> Self {
        let address = "10.0.0.1/24".parse().unwrap();
        let mut interface = InterfaceConfig::new("eth0", Mac([2, 0, 0, 0, 0, 1]), [address]);
        interface.announce = false;
        for last in [254, 253, 2] {
            interface.neighbors.push(([10, 0, 0, last].into(), Mac([2, 0, 0, 0, 0, last])));
        }
        let mut config = HostConfig::new("host", NodeId(1), interface);
        config.profile.network.max_path_mtus = 4;
        config.profile.network.max_redirects = 4;
        config.routes.push(RouteConfig::via("0.0.0.0/0".parse().unwrap(), ROUTER.into()));
        let mut rng = Rng::stream(1, "host", "stack");
        let host = Host::new(config, &mut rng).unwrap();
        let mut sender = Self {
            host,
            rng,
            now: Instant::ZERO,
            fates: Fates::default(),
            connected: SocketId::Addresses,
            sent: Vec::new(),
            frames: 0,
        };
        let mut connected = SocketId::Addresses;
        sender.drive(|host, ctx| {
            host.start(ctx);
            let any = |port: u16| SocketAddr::from(([0, 0, 0, 0], port));
            let far = |last: u8| SocketAddr::from(([192, 0, 2, last], 7));
            let free = host.udp_bind(ctx, any(5000)).unwrap();
            host.udp_send_to(ctx, free, &[0; 1400], far(1)).unwrap();
            host.udp_send_to(ctx, free, &[0; 500], far(2)).unwrap();
            let bound = host.udp_bind(ctx, any(5001)).unwrap();
            host.udp_connect(ctx, bound, far(3)).unwrap();
            host.udp_send(ctx, bound, &[0; 900]).unwrap();
            connected = bound;
            let echo = host.icmp_open(ctx).unwrap();
            host.icmp_send_echo(ctx, echo, [192, 0, 2, 4].into(), 1, &[0; 1200], None).unwrap();
            host.tcp_connect(ctx, Some(any(5002)), far(5)).unwrap();
        });
        sender.connected = connected;
        sender
    }

    fn drive(&mut self, act: impl FnOnce(&mut Host, &mut Ctx<'_>)) {
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut self.fates);
        act(&mut self.host, &mut ctx);
        while let Some((_, frame)) = self.host.poll_transmit(&mut ctx) {
            let octets = frame.to_vec();
            if octets[12..14] == [8, 0] && self.sent.len() < 64 {
                self.sent.push(octets[14..].to_vec());
            }
            self.frames += 1;
            assert!(self.frames < 100_000, "no end of sending");
        }
    }

    /// The router tells something of `quoted`. Whether it was believed.
    fn tell(&mut self, what: u8, value: u16, quoted: &[u8]) -> bool {
        let meta = Meta::new(Cause::Raw, Trigger::Call);
        let about = Frame::from_wire(Bytes::copy_from_slice(quoted), meta);
        let unreachable = |error| icmp::error(Error::Unreachable(error), &about, 576, meta);
        let mut message = match what % 6 {
            0 | 1 => unreachable(Unreachable::FragmentationNeeded(value)),
            2 => {
                let gateway = [10, 0, (value >> 8) as u8 & 1, value as u8].into();
                icmp::redirect(Redirect::to_host(gateway), &about, 576, meta)
            }
            3 => unreachable(Unreachable::Port),
            4 => unreachable(Unreachable::Host),
            _ => icmp::error(Error::TimeExceeded(TimeExceeded::Transit), &about, 576, meta),
        };
        let header = ipv4::Header {
            source: ROUTER.into(),
            destination: [10, 0, 0, 1].into(),
            protocol: etherparse::IpNumber::ICMP,
            ttl: 64,
            tos: 0,
            identification: None,
        };
        ipv4::push(&mut message, &header);
        let (to, from) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 254]));
        ethernet::push(&mut message, &ethernet::header(to, from, etherparse::EtherType::IPV4));
        message.meta.id = FrameId { origin: NodeId(9), counter: self.frames + 1 };
        let before = self.fates.accepted;
        self.drive(|host, ctx| host.handle_frame(ctx, ON, message));
        assert_eq!(self.fates.open, None, "a frame without an end");
        self.fates.accepted > before
    }
}

/// Tells a host what `octets` say.
pub fn told(octets: &[u8]) {
    let mut sender = Sender::new();
    let mut rest = octets;
    while let [what, high, low, which, changes, tail @ ..] = rest {
        let mut quoted = sender.sent[usize::from(*which) % sender.sent.len()].clone();
        let count = usize::from(changes & 7).min(tail.len() / 2);
        let (patches, tail) = tail.split_at(count * 2);
        for [at, octet] in patches.as_chunks::<2>().0 {
            let place = usize::from(*at) % 48;
            if let Some(place) = quoted.get_mut(place) {
                *place = *octet;
            }
        }
        mend::header(&mut quoted);
        let to: BTreeSet<[u8; 4]> = sender.sent.iter().map(|sent| ends(sent).1).collect();
        if sender.tell(*what, u16::from_be_bytes([*high, *low]), &quoted) {
            let (source, destination) = ends(&quoted);
            assert_eq!(source, [10, 0, 0, 1], "of somebody else's packet");
            // Port unreachable and the like are believed of whatever a socket without a peer may send.
            let is_too_big = what % 6 < 2;
            assert!(!is_too_big || to.contains(&destination), "too big to {destination:?}");
        }
        assert!(sender.host.path_mtu(sender.connected).is_ok_and(|mtu| (68..=1500).contains(&mtu)));
        if changes & 0x80 != 0 {
            sender.now += Duration::from_millis(u64::from(*which) * 100);
            if sender.host.poll_timeout().is_some_and(|due| due <= sender.now) {
                sender.drive(Host::handle_timeout);
            }
        }
        rest = tail;
    }
}

fn ends(packet: &[u8]) -> ([u8; 4], [u8; 4]) {
    let end = |at: usize| [packet[at], packet[at + 1], packet[at + 2], packet[at + 3]];
    (end(12), end(16))
}
