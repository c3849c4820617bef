//! A whole host or router: frames arrive, time passes, and it goes on working.
//!
//! The input is a list of steps. Each begins with an octet that says what it is:
//!
//! | octet | step | what follows |
//! |---|---|---|
//! | even | a frame arrives; bit 1: by the second interface; bit 2: its checksums are made to fit | length in 16 bits, octets |
//! | odd | time passes | milliseconds in 16 bits |

use std::net::SocketAddr;

use bytes::Bytes;
use wirelab_stack::addr::Mac;
use wirelab_stack::context::{Ctx, Observer};
use wirelab_stack::frame::{Frame, FrameId, InterfaceId, Meta, NodeId};
use wirelab_stack::host::{Host, HostConfig};
use wirelab_stack::interface::vlan::VlanId;
use wirelab_stack::interface::{Configure, InterfaceConfig, MulticastRole, OnConflict, rarp};
use wirelab_stack::rng::Rng;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{Cause, Event, Interest, Trigger};

use crate::mend;

/// Frames that one input may make a host send: more is work without an end.
const MOST_SENT: u64 = 100_000;

/// Each frame that arrives ends once.
#[derive(Default)]
pub struct Fates {
    pub open: Option<FrameId>,
    /// How many were accepted.
    pub accepted: u64,
}

impl Observer for Fates {
    fn interest(&self) -> Interest {
        Interest::ALL
    }

    fn record(&mut self, _: Instant, event: &Event<'_>) {
        match event {
            Event::FrameArrived { frame, .. } => assert_eq!(self.open.replace(frame.meta.id), None),
            Event::FrameAccepted { id } => {
                assert_eq!(self.open.take(), Some(*id));
                self.accepted += 1;
            }
            Event::FrameDropped { id, .. } if self.open == Some(*id) => self.open = None,
            _ => {}
        }
    }
}

/// Which host it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A host in the midst of things, which asks for an address and probes for another.
    Host,
    /// A router with all that routers do, and a VLAN.
    Router,
    /// A host that asks by RARP on one interface, and probes its address on the other.
    Booting,
}

pub(crate) struct Bench {
    host: Host,
    rng: Rng,
    now: Instant,
    fates: Fates,
    sent: u64,
}

impl Bench {
    /// A host with two interfaces.
    pub(crate) fn new(kind: Kind) -> Self {
        let mac = |number: u8| Mac([2, 0, 0, 0, 0, number]);
        let interface = |number: u8| {
            let addresses = [format!("10.0.{}.1/24", number - 1).parse().unwrap()];
            InterfaceConfig::new(format!("eth{number}"), mac(number), addresses)
        };
        let mut config = HostConfig::new("host", NodeId(1), interface(1));
        config.interfaces.push(interface(2));
        config.profile.discovery.perform_router_discovery = true;
        if kind == Kind::Router {
            config.profile.discovery.advertise = true;
            config.interfaces[0].multicast_role = MulticastRole::Upstream;
            let network = &mut config.profile.network;
            (network.forwarding, network.multicast_forwarding) = (true, true);
            (network.accept_source_routes, network.directed_broadcast) = (true, true);
            (network.dont_fragment, network.answer_broadcast_echo) = (false, true);
            config.interfaces[1].capabilities.mtu = 296;
            let vlan = config.interfaces[0].vlan(
                InterfaceId(0),
                VlanId::new(10).unwrap(),
                ["10.0.10.1/24".parse().unwrap()],
            );
            config.interfaces.push(vlan);
            for interface in &mut config.interfaces {
                interface.proxy_arp = true;
                interface.rarp_table = vec![(mac(9), [10, 0, 0, 9].into())];
            }
        } else if kind == Kind::Host {
            // It has no address by its second interface, and asks for one; by the first it gives up what others claim.
            config.interfaces[1].addresses.clear();
            config.interfaces[1].configure = Configure::Rarp(rarp::ClientConfig::default());
            config.interfaces[0].on_conflict = OnConflict::DefendOnce;
        }
        if kind == Kind::Booting {
            let [first, second] = &mut config.interfaces[..] else { unreachable!("it has two") };
            first.addresses.clear();
            let gateway = Some([10, 0, 0, 254].into());
            first.configure = Configure::Rarp(rarp::ClientConfig { prefix: Some(24), gateway });
            first.on_conflict = OnConflict::DefendOnce;
            (second.probe, second.on_conflict) = (true, OnConflict::GiveUp);
            second.rarp_table = vec![(mac(9), [10, 0, 1, 9].into())];
        }
        let mut rng = Rng::stream(1, "host", "stack");
        let host = Host::new(config, &mut rng).unwrap();
        let mut bench = Self { host, rng, now: Instant::ZERO, fates: Fates::default(), sent: 0 };
        bench.drive(|host, ctx| {
            let any = |port: u16| SocketAddr::from(([0, 0, 0, 0], port));
            host.start(ctx);
            host.tcp_listen(ctx, any(6999), 8).unwrap();
            if kind == Kind::Booting {
                return;
            }
            host.tcp_connect(ctx, Some(any(5000)), SocketAddr::from(([10, 0, 0, 2], 6999))).unwrap();
            let socket = host.udp_bind(ctx, any(6999)).unwrap();
            let (group, here) = ([239, 1, 1, 1].into(), [10, 0, 0, 1].into());
            host.udp_join_source(ctx, socket, group, [10, 0, 0, 2].into(), here).unwrap();
            host.udp_join(ctx, socket, [239, 1, 1, 2].into(), here).unwrap();
            host.icmp_open(ctx).unwrap();
            if kind == Kind::Host {
                host.assign_address(ctx, InterfaceId(0), "10.0.0.50/24".parse().unwrap()).unwrap();
            }
        });
        bench
    }

    fn drive(&mut self, act: impl FnOnce(&mut Host, &mut Ctx<'_>)) {
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut self.fates);
        act(&mut self.host, &mut ctx);
        while self.host.poll_transmit(&mut ctx).is_some() {
            self.sent += 1;
            assert!(self.sent < MOST_SENT, "no end of sending");
        }
    }

    fn frame(&mut self, step: u8, octets: &[u8], counter: u64) {
        let mut octets = octets.to_vec();
        if step & 4 != 0 {
            mend::frame(&mut octets);
        }
        let frame = Frame::from_wire(Bytes::from(octets), Meta::new(Cause::Raw, Trigger::Call));
        self.arrive(InterfaceId(u16::from(step >> 1 & 1)), frame, counter);
    }

    /// A frame as a link brings it arrives.
    pub(crate) fn receive(&mut self, frame: Frame, counter: u64) {
        self.arrive(InterfaceId(0), frame, counter);
    }

    fn arrive(&mut self, on: InterfaceId, mut frame: Frame, counter: u64) {
        frame.meta.id = FrameId { origin: NodeId(0), counter };
        self.drive(|host, ctx| host.handle_frame(ctx, on, frame));
        assert_eq!(self.fates.open, None, "a frame without an end");
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.host.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.drive(Host::handle_timeout);
            let stuck = self.host.poll_timeout() == Some(due) && due < self.now;
            assert!(!stuck, "a timer that stays due");
        }
        self.now = end;
    }
}

/// Drives a host by the steps in `octets`.
pub fn host(octets: &[u8]) {
    steps(Bench::new(Kind::Host), octets);
}

/// Drives a router by the steps in `octets`.
pub fn router(octets: &[u8]) {
    steps(Bench::new(Kind::Router), octets);
}

/// Drives a host that has no address yet by the steps in `octets`.
pub fn rarp(octets: &[u8]) {
    steps(Bench::new(Kind::Booting), octets);
}

fn steps(mut bench: Bench, octets: &[u8]) {
    let (mut rest, mut counter) = (octets, 0);
    while let [step, high, low, tail @ ..] = rest {
        let amount = u16::from_be_bytes([*high, *low]);
        if step & 1 == 1 {
            bench.pass(Duration::from_millis(amount.into()));
            rest = tail;
        } else {
            let (frame, tail) = tail.split_at(usize::from(amount).min(tail.len()));
            counter += 1;
            bench.frame(*step, frame, counter);
            rest = tail;
        }
    }
}
