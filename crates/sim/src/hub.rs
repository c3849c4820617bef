//! A hub: what comes in by one port goes out by all others, whatever it is (IEEE 802.3 §27.3.1).
//!
//! It repeats bits and reads none: bad frames and fragments of frames pass too. Collisions are not modelled: each link
//! of a hub has its own two directions, and what stations send at once is sent at once.

use std::collections::VecDeque;

use wirelab_stack::context::Ctx;
use wirelab_stack::frame::{Frame, InterfaceId};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{DropReason, Event, Interest, Place};

use crate::switch::{HubCounters, PortConfig, PortCounters, SwitchError, check_ports};

/// A hub.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HubConfig {
    /// Its name.
    pub name: String,
    /// Its ports' names, numbered in this order.
    pub ports: Vec<String>,
}

impl HubConfig {
    /// A hub whose ports are `port1` and so on.
    pub fn new(name: impl Into<String>, ports: usize) -> Self {
        Self { name: name.into(), ports: (0..ports).map(PortConfig::name_of).collect() }
    }
}

/// A hub. A value: it can be cloned and sent.
#[derive(Clone, Debug)]
pub struct Hub {
    config: HubConfig,
    ports: Vec<PortCounters>,
    /// Those with a link, in order.
    connected: Vec<InterfaceId>,
    waiting: VecDeque<Waiting>,
    counters: HubCounters,
}

/// A frame that goes to all ports but one, from a place in the list of connected ports on.
#[derive(Clone, Debug)]
struct Waiting {
    frame: Frame,
    but: InterfaceId,
    place: usize,
}

impl Hub {
    /// The hub of `config`, none of whose ports is connected.
    ///
    /// # Errors
    /// When two ports have one name, or there are too many.
    pub fn new(config: HubConfig) -> Result<Self, SwitchError> {
        check_ports(config.ports.iter().map(String::as_str))?;
        Ok(Self {
            ports: vec![PortCounters::default(); config.ports.len()],
            connected: Vec::new(),
            waiting: VecDeque::new(),
            counters: HubCounters::default(),
            config,
        })
    }

    /// A link is at `port` from now on.
    pub fn connect(&mut self, port: InterfaceId) {
        if usize::from(port.0) < self.ports.len()
            && let Err(place) = self.connected.binary_search(&port)
        {
            self.connected.insert(place, port);
        }
    }

    /// A frame arrived by port `on`. Sending is due afterwards, before the next frame.
    pub fn handle_frame(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: Frame) {
        let id = frame.meta.id;
        let length = frame.len() as u64;
        self.counters.frames_received += 1;
        self.counters.received_bytes += length;
        if let Some(counters) = self.ports.get_mut(usize::from(on.0)) {
            counters.frames_received += 1;
            counters.received_bytes += length;
        }
        ctx.observe(Interest::FRAMES, || Event::FrameArrived { interface: on, frame: &frame });
        if self.connected.iter().any(|port| *port != on) {
            self.waiting.push_back(Waiting { frame, but: on, place: 0 });
            ctx.observe(Interest::FRAMES, || Event::FrameAccepted { id });
        } else {
            self.counters.dropped_frames += 1;
            let (place, reason) = (Place::Interface, DropReason::NoOtherPort);
            ctx.observe(Interest::FRAMES, || Event::FrameDropped { id, place, reason });
        }
    }

    /// Does nothing: a hub remembers nothing.
    pub fn handle_timeout(&mut self, ctx: &mut Ctx<'_>) {
        let _ = ctx;
    }

    /// The next frame to give to a link, or `None` where nothing is to be sent now.
    pub fn poll_transmit(&mut self, ctx: &mut Ctx<'_>) -> Option<(InterfaceId, Frame)> {
        let waiting = self.waiting.front_mut()?;
        let others =
            |from: usize| (from..self.connected.len()).find(|place| self.connected[*place] != waiting.but);
        let here = others(waiting.place)?;
        let port = self.connected[here];
        let frame = match others(here + 1) {
            Some(next) => {
                waiting.place = next;
                waiting.frame.clone()
            }
            None => self.waiting.pop_front()?.frame,
        };
        let length = frame.len() as u64;
        self.counters.frames_sent += 1;
        self.counters.sent_bytes += length;
        let counters = &mut self.ports[usize::from(port.0)];
        counters.frames_sent += 1;
        counters.sent_bytes += length;
        ctx.observe(Interest::FRAMES, || Event::FrameSent { interface: port, frame: &frame });
        Some((port, frame))
    }

    /// Never: there is no timer.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// How it was described.
    pub const fn config(&self) -> &HubConfig {
        &self.config
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// What it has counted.
    pub const fn counters(&self) -> HubCounters {
        self.counters
    }

    /// What one port has counted; `None` where there is no such port.
    pub fn port_counters(&self, port: InterfaceId) -> Option<PortCounters> {
        self.ports.get(usize::from(port.0)).copied()
    }
}
