//! Hosts on one wire, without links, loop or executor.

mod addressing;
mod arp;
mod arp_proxy;
mod chain;
mod complaints;
mod conflict_model;
mod counting;
mod discovery;
mod expected;
mod flood;
mod forward;
mod fragments;
mod giving_up;
mod icmp;
mod icmp_rules;
mod medium;
mod models;
mod multicast;
mod options;
mod pmtu;
mod proxy;
mod redirect;
mod robust;
mod router_options;
mod routes;
mod super_frames;
mod tcp;
mod udp;

use core::net::SocketAddr;

use super::*;
use crate::addr::Mac;
use crate::context::Observer;
use crate::interface::InterfaceConfig;
use crate::time::Duration;
use crate::trace::{Event, Interest};

pub const WIRE: InterfaceId = InterfaceId(0);

pub fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Writes what happens as short lines, and counts that each frame that arrives ends once.
#[derive(Debug, Default)]
pub struct Log {
    pub lines: Vec<String>,
    open: Option<crate::frame::FrameId>,
}

impl Observer for Log {
    fn interest(&self) -> Interest {
        Interest::ALL
    }

    fn record(&mut self, _: Instant, event: &Event<'_>) {
        match event {
            Event::FrameSent { frame, .. } => self.lines.push(format!("sent {}", frame.meta.cause)),
            Event::FrameArrived { frame, .. } => {
                assert_eq!(self.open, None, "a frame arrived before the last one ended");
                self.open = Some(frame.meta.id);
            }
            Event::FrameAccepted { id } => assert_eq!(self.open.take(), Some(*id)),
            Event::FrameDropped { id, reason, place } => {
                // What made room for the frame that arrived, or was made due by it, ends under a name of its own.
                self.open.take_if(|open| open == id);
                self.lines.push(format!("dropped {reason} at {place}"));
            }
            Event::Neighbor { address, state, .. } => self.lines.push(format!("{address} {}", state.name())),
            Event::AddressConflict { address, mac, .. } => {
                self.lines.push(format!("{mac} has {address} too"));
            }
            _ => {}
        }
    }
}

/// Hosts `10.0.0.1`, `10.0.0.2`, … on one wire that carries at once. Frames that are `lost` are not delivered.
pub struct Net {
    pub hosts: Vec<Host>,
    pub now: Instant,
    pub log: Log,
    /// Every frame that was on the wire, with who sent it.
    pub carried: Vec<(usize, Frame)>,
    pub lost: fn(usize, &Frame) -> bool,
    rng: Rng,
}

pub fn config(number: u8) -> HostConfig {
    let address = format!("10.0.0.{number}/24").parse().unwrap();
    let mut interface = InterfaceConfig::new("eth0", Mac([2, 0, 0, 0, 0, number]), vec![address]);
    interface.announce = false;
    HostConfig::new(format!("host{number}"), NodeId(number.into()), interface)
}

impl Net {
    /// `count` hosts, each configured by `change`.
    pub fn new(count: u8, change: impl Fn(&mut HostConfig)) -> Self {
        let mut rng = Rng::stream(1, "net", "test");
        let hosts = (1..=count).map(|number| {
            let mut config = config(number);
            change(&mut config);
            Host::new(config, &mut rng).unwrap()
        });
        Self {
            hosts: hosts.collect(),
            now: Instant::ZERO,
            log: Log::default(),
            carried: Vec::new(),
            lost: |_, _| false,
            rng: Rng::stream(1, "net", "run"),
        }
    }

    /// A call of host `host`.
    pub fn call<T>(&mut self, host: usize, call: impl FnOnce(&mut Host, &mut Ctx<'_>) -> T) -> T {
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut self.log);
        call(&mut self.hosts[host], &mut ctx)
    }

    /// A frame reaches host `host`.
    pub fn deliver(&mut self, host: usize, frame: Frame) {
        self.call(host, |host, ctx| host.handle_frame(ctx, WIRE, frame));
    }

    /// Carries frames until none is under way.
    pub fn run(&mut self) {
        for _ in 0..10_000 {
            let sent: Vec<(usize, Frame)> = (0..self.hosts.len())
                .filter_map(|host| Some((host, self.call(host, Host::poll_transmit)?.1)))
                .collect();
            if sent.is_empty() {
                return;
            }
            for (sender, frame) in sent {
                if !(self.lost)(sender, &frame) {
                    (0..self.hosts.len())
                        .filter(|host| *host != sender)
                        .for_each(|host| self.deliver(host, frame.clone()));
                }
                self.carried.push((sender, frame));
            }
        }
        panic!("frames without end: {:?}", self.log.lines.last());
    }

    /// Runs, with what falls due, until `until`.
    pub fn run_until(&mut self, until: Instant) {
        loop {
            self.run();
            let next = self.hosts.iter().filter_map(Host::poll_timeout).min().filter(|at| *at <= until);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            for host in 0..self.hosts.len() {
                if self.hosts[host].poll_timeout().is_some_and(|at| at <= self.now) {
                    self.call(host, Host::handle_timeout);
                }
            }
        }
        self.now = until;
    }

    pub fn run_for(&mut self, span: Duration) {
        self.run_until(self.now + span);
    }

    /// What was written since the last time.
    pub fn lines(&mut self) -> Vec<String> {
        core::mem::take(&mut self.log.lines)
    }

    pub fn wakes(&mut self, host: usize) -> Vec<Wake> {
        let mut wakes = Vec::new();
        self.hosts[host].take_wakes(&mut wakes);
        wakes
    }
}
