//! The trace hash: one number that differs when anything that happened differs.
//!
//! `SipHash` 1-3 under a fixed key over little-endian octets of each component's events, combined in the order of
//! the components' names: neither the order in which hosts were added nor their numbers reach it.

use core::fmt;
use core::hash::Hasher;
use std::collections::BTreeMap;

use siphasher::sip::SipHasher13;
use wirelab_stack::frame::{Frame, FrameCheck, FrameId};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{
    ApplicationEvent, ConnectionId, ConnectionInfo, Event, Interest, LinkEvent, Place, Trigger,
};

use crate::component::{Component, Names};
use crate::recorder::Recorder;

/// A recorder that hashes every event.
#[derive(Clone, Debug)]
pub struct TraceHash {
    names: Names,
    components: BTreeMap<Component, Digest>,
}

impl TraceHash {
    /// Nothing happened yet. `names` are the world's, once all its nodes and links are there.
    pub fn new(names: Names) -> Self {
        Self { names, components: BTreeMap::new() }
    }

    /// The hash of everything that `component` has shown; `None` where it has shown nothing.
    pub fn hash_of(&self, component: Component) -> Option<u64> {
        self.components.get(&component).map(Digest::finish)
    }

    /// The hashes of all components that have shown anything, in the order of their names.
    pub fn by_name(&self) -> BTreeMap<&str, u64> {
        self.components.iter().map(|(at, digest)| (self.names.component(*at), digest.finish())).collect()
    }

    /// The hash of the whole run: over name and hash of each component, in the order of names.
    pub fn finish(&self) -> u64 {
        let mut whole = Digest::default();
        for (name, hash) in self.by_name() {
            whole.octets(name.as_bytes());
            whole.number(hash);
        }
        whole.finish()
    }
}

/// The hash of the whole run, as sixteen hexadecimal digits.
impl fmt::Display for TraceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.finish())
    }
}

impl Recorder for TraceHash {
    fn interest(&self) -> Interest {
        // Not the series: it is made of what the other events already say. Nor the tables: to look at a run does not
        // make it another.
        Interest::FRAMES
            | Interest::CONNECTIONS
            | Interest::NEIGHBORS
            | Interest::APPLICATIONS
            | Interest::LINKS
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        let digest = self.components.entry(at).or_default();
        digest.number(now.as_nanos());
        digest.event(event, &self.names);
    }
}

/// A hash under way. Whatever has no fixed length is preceded by its length.
#[derive(Clone, Debug)]
struct Digest(SipHasher13);

impl Default for Digest {
    fn default() -> Self {
        Self(SipHasher13::new_with_keys(0x7472_6163_655f_6861, 0x7368_5f76_6572_3031))
    }
}

impl Digest {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn number(&mut self, number: u64) {
        self.0.write(&number.to_le_bytes());
    }

    fn octets(&mut self, octets: &[u8]) {
        self.number(octets.len() as u64);
        self.0.write(octets);
    }

    fn text(&mut self, text: &str) {
        self.octets(text.as_bytes());
    }

    /// By its maker's name: numbers of nodes change when a host is added.
    fn frame_id(&mut self, id: FrameId, names: &Names) {
        self.text(names.node(id.origin));
        self.number(id.counter);
    }

    fn frame(&mut self, frame: &Frame, names: &Names) {
        self.frame_id(frame.meta.id, names);
        self.text(frame.meta.cause.name());
        match frame.meta.trigger {
            Trigger::Frame(id) => {
                self.number(1);
                self.frame_id(id, names);
            }
            Trigger::Timer => self.number(2),
            Trigger::Call => self.number(3),
        }
        self.number(u64::from(frame.meta.frame_check == FrameCheck::Bad));
        self.number(frame.len() as u64);
        self.0.write(frame.head());
        self.0.write(frame.payload());
    }

    fn connection(&mut self, id: ConnectionId) {
        self.text(&id.local.to_string());
        self.text(&id.remote.to_string());
    }

    fn info(&mut self, info: &ConnectionInfo) {
        self.text(info.state.name());
        self.text(info.ending.name());
        let counters = &info.counters;
        for number in [
            counters.sent_segments,
            counters.received_segments,
            counters.sent_bytes,
            counters.received_bytes,
            counters.acked_bytes,
            counters.delivered_bytes,
            counters.retransmitted_segments,
            counters.retransmitted_bytes,
        ] {
            self.number(number);
        }
    }

    fn event(&mut self, event: &Event<'_>, names: &Names) {
        match event {
            Event::FrameSent { interface, frame } => {
                self.text("sent");
                self.number(u64::from(interface.0));
                self.frame(frame, names);
            }
            Event::FrameArrived { interface, frame } => {
                self.text("arrived");
                self.number(u64::from(interface.0));
                self.frame(frame, names);
            }
            Event::FrameAccepted { id } => {
                self.text("accepted");
                self.frame_id(*id, names);
            }
            Event::FrameDropped { id, place, reason } => {
                self.text("dropped");
                self.frame_id(*id, names);
                self.text(match place {
                    Place::Link(stage) => stage,
                    Place::Interface => "(interface)",
                    Place::Network => "(network)",
                    Place::Transport => "(transport)",
                });
                self.text(reason.name());
            }
            Event::ConnectionOpened { connection, active } => {
                self.text("opened");
                self.connection(*connection);
                self.number(u64::from(*active));
            }
            Event::ConnectionState { connection, from, to } => {
                self.text("state");
                self.connection(*connection);
                self.text(from.name());
                self.text(to.name());
            }
            Event::ConnectionEnded { connection, info } => {
                self.text("ended");
                self.connection(*connection);
                self.info(info);
            }
            Event::TimerExpired { connection, cause, due } => {
                self.text("timer");
                self.connection(*connection);
                self.text(cause.name());
                self.number(due.as_nanos());
            }
            Event::Neighbor { interface, address, mac, state } => {
                self.text("neighbor");
                self.number(u64::from(interface.0));
                self.text(&address.to_string());
                self.octets(mac.as_ref().map_or(&[], |mac| &mac.0[..]));
                self.text(state.name());
            }
            Event::AddressConflict { interface, address, mac } => {
                self.text("conflict");
                self.number(u64::from(interface.0));
                self.text(&address.to_string());
                self.octets(&mac.0);
            }
            Event::Address { interface, address, change } => {
                self.text("address");
                self.number(u64::from(interface.0));
                self.text(&address.to_string());
                self.text(change.name());
            }
            Event::Application { name, event } => {
                self.text("application");
                self.text(name);
                self.application(event);
            }
            Event::Link(event) => self.link(event, names),
            // The series, which this recorder does not ask for.
            _ => {}
        }
    }

    fn application(&mut self, event: &ApplicationEvent<'_>) {
        let (kind, octets): (&str, &[u8]) = match event {
            ApplicationEvent::Result { name, value } => {
                self.text("result");
                (name, value.as_bytes())
            }
            ApplicationEvent::Started => ("started", &[]),
            ApplicationEvent::Said(text) => ("said", text.as_bytes()),
            ApplicationEvent::Received(octets) => ("received", octets),
            ApplicationEvent::Sent(octets) => ("sent", octets),
            ApplicationEvent::Finished => ("finished", &[]),
            ApplicationEvent::Failed(text) => ("failed", text.as_bytes()),
        };
        self.text(kind);
        self.octets(octets);
    }

    fn link(&mut self, event: &LinkEvent, names: &Names) {
        match event {
            LinkEvent::Corrupted { id, bits } => {
                self.text("corrupted");
                self.frame_id(*id, names);
                self.number(u64::from(*bits));
            }
            LinkEvent::Duplicated { id } => {
                self.text("duplicated");
                self.frame_id(*id, names);
            }
            LinkEvent::Segmented { id, segments } => {
                self.text("segmented");
                self.frame_id(*id, names);
                self.number(u64::from(*segments));
            }
            LinkEvent::Reordered { id } => {
                self.text("reordered");
                self.frame_id(*id, names);
            }
            LinkEvent::Queue { packets, bytes } => {
                self.text("queue");
                self.number(u64::from(*packets));
                self.number(*bytes);
            }
            LinkEvent::Down => self.text("down"),
            LinkEvent::Up => self.text("up"),
            LinkEvent::Changed { stage } => {
                self.text("changed");
                self.text(stage);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::frame::NodeId;

    use super::*;

    fn names(all: &[&str]) -> Names {
        let mut names = Names::default();
        for name in all {
            names.add_node(name);
        }
        names
    }

    fn said(hash: &mut TraceHash, node: u32, text: &str) {
        let event = Event::Application { name: "app", event: ApplicationEvent::Said(text) };
        hash.record(Instant::from_secs(1), Component::Host(NodeId(node)), &event);
    }

    #[test]
    fn the_hash_follows_names_not_numbers() {
        let mut one = TraceHash::new(names(&["a", "b"]));
        said(&mut one, 0, "x");
        said(&mut one, 1, "y");
        let mut other = TraceHash::new(names(&["b", "idle", "a"]));
        said(&mut other, 0, "y");
        said(&mut other, 2, "x");
        assert_eq!(one.finish(), other.finish());
        assert_eq!(one.hash_of(Component::Host(NodeId(1))), other.hash_of(Component::Host(NodeId(0))));
        said(&mut other, 2, "x");
        assert_ne!(one.finish(), other.finish());
    }

    #[test]
    fn neighbouring_texts_do_not_run_together() {
        let mut one = TraceHash::new(names(&["a"]));
        said(&mut one, 0, "xy");
        let mut other = TraceHash::new(names(&["a"]));
        said(&mut other, 0, "x");
        said(&mut other, 0, "y");
        assert_ne!(one.finish(), other.finish());
    }

    #[test]
    fn the_hash_is_fixed_for_ever() {
        // A change here changes every hash that anyone has recorded.
        let mut hash = TraceHash::new(names(&["a"]));
        said(&mut hash, 0, "x");
        assert_eq!(hash.to_string(), "a0ae496015db4f31");
    }
}
