//! A switch: a bridge of Ethernet segments that knows VLANs (IEEE 802.1Q).
//!
//! It takes a frame in whole, checks it, learns where its sender is, and passes it on: to the port at which its
//! destination was seen, or to all others of its VLAN. It is driven by the four verbs, like a host, and takes no time
//! of its own: what a real one needs is a link's delay. Work per frame does not grow with its ports, but where a frame
//! goes to all of them.
//!
//! | file | holds |
//! |---|---|
//! | `config` | how a switch is described |
//! | `database` | where stations are |
//! | `counters` | what is counted |
//!
//! Not here: the spanning tree, so that a circle of switches carries a broadcast round for ever, as without it a real
//! one does; link aggregation, queues by priority (a frame's priority is carried, and changes nothing), and multicast
//! groups (a multicast is flooded).

mod config;
mod counters;
mod database;

use std::collections::{BTreeMap, VecDeque};

use wirelab_stack::addr::Mac;
use wirelab_stack::context::Ctx;
use wirelab_stack::frame::{Frame, FrameCheck, InterfaceId};
use wirelab_stack::interface::ethernet;
use wirelab_stack::interface::vlan::{self, Tag, VlanId};
use wirelab_stack::rng::Rng;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{DropReason, Event, Interest, Place};

pub(crate) use config::check_ports;
pub use config::{PortConfig, PortMode, SwitchConfig, SwitchError, SwitchKnobs, VlanSet};
pub use counters::{HubCounters, PortCounters, SwitchCounters};
pub use database::TableEntry;
use database::{Database, Learned};

/// 01-80-C2-00-00-00 to 01-80-C2-00-00-0F: pause frames, spanning tree, link aggregation and the like concern one
/// segment only (IEEE 802.1Q §8.6.3, Table 8-1).
const RESERVED: [u8; 5] = [0x01, 0x80, 0xc2, 0x00, 0x00];

/// A switch. A value: it can be cloned and sent.
#[derive(Clone, Debug)]
pub struct Switch {
    config: SwitchConfig,
    ports: Vec<Port>,
    database: Database,
    /// The connected ports of each VLAN that a frame was flooded in.
    members: BTreeMap<VlanId, Vec<InterfaceId>>,
    waiting: VecDeque<Waiting>,
    counters: SwitchCounters,
}

#[derive(Clone, Copy, Debug, Default)]
struct Port {
    connected: bool,
    counters: PortCounters,
}

/// A frame that is to be sent. It is untagged while it waits.
#[derive(Clone, Debug)]
struct Waiting {
    frame: Frame,
    vlan: VlanId,
    /// The priority that it came with.
    tag: Tag,
    to: To,
}

#[derive(Clone, Copy, Debug)]
enum To {
    /// One port.
    One(InterfaceId),
    /// All ports of its VLAN but the one that it came by, from this place in their list on.
    All { but: InterfaceId, place: usize },
}

const _: fn() = || {
    fn is_a_value<T: Send + Clone>() {}
    is_a_value::<Switch>();
};

impl Switch {
    /// The switch of `config`, none of whose ports is connected; the key of its table is drawn from `rng`.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub fn new(config: SwitchConfig, rng: &mut Rng) -> Result<Self, SwitchError> {
        config.check()?;
        let SwitchKnobs { ageing_time, max_entries, .. } = config.knobs;
        let database = Database::new(config.ports.len(), ageing_time, max_entries, rng);
        Ok(Self {
            ports: vec![Port::default(); config.ports.len()],
            database,
            members: BTreeMap::new(),
            waiting: VecDeque::new(),
            counters: SwitchCounters::default(),
            config,
        })
    }

    /// A link is at `port` from now on. What is flooded goes to connected ports only.
    pub fn connect(&mut self, port: InterfaceId) {
        if let Some(port) = self.ports.get_mut(usize::from(port.0)) {
            port.connected = true;
            self.members.clear();
        }
    }

    /// The link at `port` is cut. Who was behind it may be anywhere when it is heard again, and until then nowhere: its
    /// stations are forgotten (IEEE 802.1Q §8.4: a port that is not operational learns and forwards nothing).
    pub fn link_lost(&mut self, port: InterfaceId) {
        self.database.forget(port);
    }

    /// A frame arrived by port `on`. Sending is due afterwards, before the next frame.
    pub fn handle_frame(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: Frame) {
        let id = frame.meta.id;
        let length = frame.len() as u64;
        self.counters.frames_received += 1;
        self.counters.received_bytes += length;
        if let Some(port) = self.ports.get_mut(usize::from(on.0)) {
            port.counters.frames_received += 1;
            port.counters.received_bytes += length;
        }
        ctx.observe(Interest::FRAMES, || Event::FrameArrived { interface: on, frame: &frame });
        match self.relay(ctx.now, on, frame) {
            Ok(()) => ctx.observe(Interest::FRAMES, || Event::FrameAccepted { id }),
            Err(reason) => {
                self.counters.count_dropped(reason);
                let place = Place::Interface;
                ctx.observe(Interest::FRAMES, || Event::FrameDropped { id, place, reason });
            }
        }
    }

    /// Does nothing: stations age when they are looked up.
    pub fn handle_timeout(&mut self, ctx: &mut Ctx<'_>) {
        let _ = ctx;
    }

    /// The next frame to give to a link, or `None` where nothing is to be sent now.
    pub fn poll_transmit(&mut self, ctx: &mut Ctx<'_>) -> Option<(InterfaceId, Frame)> {
        let (port, frame) = self.next_to_send()?;
        let length = frame.len() as u64;
        self.counters.frames_sent += 1;
        self.counters.sent_bytes += length;
        let counters = &mut self.ports[usize::from(port.0)].counters;
        counters.frames_sent += 1;
        counters.sent_bytes += length;
        ctx.observe(Interest::FRAMES, || Event::FrameSent { interface: port, frame: &frame });
        Some((port, frame))
    }

    /// Never: there is no timer.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// What becomes of a frame (IEEE 802.1Q §8.6, in its order).
    fn relay(&mut self, now: Instant, on: InterfaceId, mut frame: Frame) -> Result<(), DropReason> {
        // It is stored before it is forwarded: IEEE 802.1Q §6.7.1 has only good frames indicated.
        if frame.meta.frame_check == FrameCheck::Bad {
            return Err(DropReason::BadFcs);
        }
        // IEEE 802.1Q §6.5.8: what is longer than a link may carry is not forwarded.
        if ethernet::is_giant(&frame, self.config.knobs.mtu) {
            return Err(DropReason::Giant);
        }
        let tag = vlan::take(&mut frame)?;
        let octets = frame.pull_up(ethernet::HEADER).ok_or(DropReason::Runt)?;
        let [destination, source] = [0, 6].map(|at| {
            let mut mac = [0; 6];
            mac.copy_from_slice(&octets[at..at + 6]);
            Mac(mac)
        });
        let mode = &self.config.ports.get(usize::from(on.0)).ok_or(DropReason::VlanNotAllowed)?.mode;
        let vlan = classify(mode, tag).ok_or(DropReason::VlanNotAllowed)?;
        if destination.0[..5] == RESERVED && destination.0[5] <= 0x0f {
            return Err(DropReason::ReservedAddress);
        }
        self.learn(now, vlan, source, on);
        let known = if destination.is_group() { None } else { self.database.lookup(now, vlan, destination) };
        let to = match known {
            // IEEE 802.1Q §8.6.1: never back to where it came from.
            Some(port) if port == on => return Err(DropReason::SamePort),
            Some(port) => {
                self.counters.forwarded_frames += 1;
                To::One(port)
            }
            None => {
                let members = self.members_of(vlan);
                if !members.iter().any(|port| *port != on) {
                    return Err(DropReason::VlanNoOtherPort);
                }
                self.counters.flooded_frames += 1;
                To::All { but: on, place: 0 }
            }
        };
        self.waiting.push_back(Waiting { frame, vlan, tag: tag.unwrap_or_default(), to });
        Ok(())
    }

    /// IEEE 802.1Q §8.7: only an individual address is learned. The unspecified one is nobody's either.
    fn learn(&mut self, now: Instant, vlan: VlanId, source: Mac, on: InterfaceId) {
        if !source.is_unicast() {
            return;
        }
        match self.database.learn(now, vlan, source, on) {
            Learned::New { evicted } => {
                self.counters.learned += 1;
                self.counters.evicted += u64::from(evicted);
            }
            Learned::Moved => self.counters.moved += 1,
            Learned::Known => {}
        }
    }

    /// The connected ports that carry a VLAN, in order.
    fn members_of(&mut self, vlan: VlanId) -> &[InterfaceId] {
        let Self { config, ports, members, .. } = self;
        members.entry(vlan).or_insert_with(|| {
            let both = config.ports.iter().zip(ports.iter()).zip(0..);
            both.filter(|((config, port), _)| port.connected && config.mode.carries(vlan))
                .map(|(_, number)| InterfaceId(number))
                .collect()
        })
    }

    /// The next copy of what waits, as its port wants it.
    fn next_to_send(&mut self) -> Option<(InterfaceId, Frame)> {
        let Waiting { vlan, tag, to, .. } = *self.waiting.front()?;
        let (port, next) = match to {
            To::One(port) => (port, None),
            To::All { but, place } => {
                let members = self.members_of(vlan);
                let others = |from: usize| (from..members.len()).find(|place| members[*place] != but);
                let here = others(place)?;
                (members[here], others(here + 1).map(|place| To::All { but, place }))
            }
        };
        let mut frame = match (next, self.waiting.front_mut()) {
            (Some(next), Some(waiting)) => {
                waiting.to = next;
                waiting.frame.clone()
            }
            // The last copy is the frame itself.
            _ => self.waiting.pop_front()?.frame,
        };
        if self.config.ports[usize::from(port.0)].mode.untagged() != Some(vlan) {
            vlan::put(&mut frame, Tag { vlan: Some(vlan), ..tag });
        }
        Some((port, frame))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// How it was described.
    pub const fn config(&self) -> &SwitchConfig {
        &self.config
    }

    /// How many stations it remembers; those that became too old are forgotten when one is learned next.
    pub fn remembered(&self) -> usize {
        self.database.len()
    }

    /// The stations that it knows at `now`, by VLAN and address.
    pub fn table(&self, now: Instant) -> Vec<TableEntry> {
        self.database.entries(now)
    }

    /// What it has counted.
    pub fn counters(&self) -> SwitchCounters {
        SwitchCounters { aged: self.database.aged(), ..self.counters }
    }

    /// What one port has counted; `None` where there is no such port.
    pub fn port_counters(&self, port: InterfaceId) -> Option<PortCounters> {
        self.ports.get(usize::from(port.0)).map(|port| port.counters)
    }
}

/// The VLAN of a frame at a port of that mode; `None` where it may not come in.
fn classify(mode: &PortMode, tag: Option<Tag>) -> Option<VlanId> {
    match (mode, tag.and_then(|tag| tag.vlan)) {
        // IEEE 802.1Q §6.9.1: without a VLAN of its own it is in the port's.
        (_, None) => mode.untagged(),
        // IEEE 802.1Q §6.9 (d): an access port admits untagged and priority-tagged frames only.
        (PortMode::Access(_), Some(_)) => None,
        // IEEE 802.1Q §8.6.2: ingress filtering.
        (PortMode::Trunk { .. }, Some(vlan)) => mode.carries(vlan).then_some(vlan),
    }
}
