//! The ladder: what two hosts said to each other, in the order of time.

mod draw;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use wirelab_sim::{Component, Recorder};
use wirelab_stack::frame::{Frame, FrameId, InterfaceId, NodeId};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{
    AddressChange, ApplicationEvent, ConnectionId, DropReason, Ending, Event, Interest, LinkEvent,
    NeighborState, Place,
};

pub use draw::draw;
pub use rows::Limit;
use rows::{Fate, FrameRow, Row, Rows, Side, What};

use crate::console::Ink;
use crate::summary::Summarizer;
use crate::topology::Topology;
use crate::words;

/// Octets of an application's text that are shown beside its host.
const MOST_TEXT: usize = 80;
/// Fates of one frame that are shown: its own, and those of duplicates.
const MOST_FATES: usize = 4;

/// Two hosts, the lower number first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Pair {
    left: NodeId,
    right: Right,
}

/// Who is at the right side.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Right {
    /// Another host.
    Host(NodeId),
    /// The host itself.
    Loopback,
    /// Nobody: no link is at the interface.
    Nobody,
}

/// Keeps what the ladders show.
#[derive(Debug)]
pub struct LadderRecorder {
    topology: Arc<Topology>,
    limit: Limit,
    summarizer: Summarizer,
    ladders: BTreeMap<Pair, Rows>,
    /// The rows of frames: each pair's row number. As many as rows are kept.
    frames: BTreeMap<FrameId, (Pair, u64)>,
    /// Where each host's notes go: the pair in which it last took part.
    latest: BTreeMap<NodeId, Pair>,
}

impl LadderRecorder {
    /// Keeps as many rows of each pair as `limit` allows.
    pub fn new(topology: Arc<Topology>, limit: Limit) -> Self {
        Self {
            topology,
            limit,
            summarizer: Summarizer::default(),
            ladders: BTreeMap::new(),
            frames: BTreeMap::new(),
            latest: BTreeMap::new(),
        }
    }

    fn pair(&self, node: NodeId, interface: InterfaceId) -> Pair {
        match self.topology.peer(node, interface) {
            _ if interface == InterfaceId::LOOPBACK => Pair { left: node, right: Right::Loopback },
            Some((other, _)) => between(node, other),
            None => Pair { left: node, right: Right::Nobody },
        }
    }

    /// The ladder that a note of `node` belongs to: that with `other`, if these two have a link, or the latest.
    fn pair_of(&self, node: NodeId, other: Option<NodeId>) -> Pair {
        let links = || self.topology.links_of(node).map(|link| between(link.ends[0].0, link.ends[1].0));
        let wanted = other.map(|other| between(node, other));
        links()
            .find(|pair| Some(*pair) == wanted)
            .or_else(|| self.latest.get(&node).copied())
            .or_else(|| links().next())
            .unwrap_or(Pair { left: node, right: Right::Nobody })
    }

    fn push(&mut self, pair: Pair, row: Row) -> u64 {
        let limit = self.limit;
        let (number, evicted) = self.ladders.entry(pair).or_insert_with(|| Rows::new(limit)).push(row);
        if let Some(Row { what: What::Frame(frame), .. }) = evicted {
            self.frames.remove(&frame.id);
        }
        number
    }

    fn frame_sent(&mut self, now: Instant, node: NodeId, interface: InterfaceId, frame: &Frame) {
        let pair = self.pair(node, interface);
        let summary = self.summarizer.sent(frame);
        let what = What::Frame(FrameRow {
            id: frame.meta.id,
            from_left: node == pair.left,
            layer: summary.layer,
            text: summary.short(),
            label: summary.label,
            cause: frame.meta.cause,
            remarks: Vec::new(),
            fates: Vec::new(),
        });
        let number = self.push(pair, Row { at: now, what });
        self.frames.insert(frame.meta.id, (pair, number));
        self.latest.insert(node, pair);
        if let Right::Host(other) = pair.right {
            self.latest.insert(if other == node { pair.left } else { other }, pair);
        }
    }

    fn row(&mut self, id: FrameId) -> Option<&mut FrameRow> {
        let (pair, number) = *self.frames.get(&id)?;
        match &mut self.ladders.get_mut(&pair)?.get_mut(number)?.what {
            What::Frame(row) => Some(row),
            What::Note { .. } => None,
        }
    }

    fn fate(&mut self, id: FrameId, fate: Fate) {
        let Some(row) = self.row(id) else { return };
        let full = row.fates.len() >= MOST_FATES;
        match (row.fates.last_mut(), &fate) {
            // The verdict on the copy that arrived in this turn.
            (Some(last), Fate::Refused { at, .. }) if *last == Fate::Arrived { at: *at } => *last = fate,
            _ if full => {}
            _ => row.fates.push(fate),
        }
    }

    fn dropped(&mut self, now: Instant, at: Component, id: FrameId, place: Place, reason: DropReason) {
        if let Component::Host(node) = at
            && node == id.origin
            && !self.frames.contains_key(&id)
        {
            // It was not sent at all: nobody answered for the next hop, or there is no way.
            let text = format!("drops frame {id}: {} ({})", reason.name(), reason.source());
            self.note(now, node, None, Ink::Bad, text);
            return;
        }
        let words = words::drop(self.topology.component(at), place, reason);
        let fate = match place {
            Place::Link(_) => Fate::Lost { reason, words },
            _ => Fate::Refused { at: now, reason, words },
        };
        self.fate(id, fate);
    }

    fn remark(&mut self, id: FrameId, text: String) {
        if let Some(row) = self.row(id) {
            row.remarks.push(text);
        }
    }

    fn note(&mut self, now: Instant, node: NodeId, other: Option<NodeId>, ink: Ink, text: String) {
        let pair = self.pair_of(node, other);
        let side = if node == pair.left { Side::Left } else { Side::Right };
        self.push(pair, Row { at: now, what: What::Note { side, ink, text } });
    }

    fn link_event(&mut self, now: Instant, at: Component, event: LinkEvent) {
        match event {
            LinkEvent::Corrupted { id, bits } => self.remark(id, words::corrupted(bits)),
            LinkEvent::Duplicated { id } => self.remark(id, "duplicated by the link".into()),
            LinkEvent::Reordered { id } => self.remark(id, "reordered by the link".into()),
            LinkEvent::Queue { .. } => {}
            LinkEvent::Down => self.link_note(now, at, Ink::Bad, "is cut"),
            LinkEvent::Up => self.link_note(now, at, Ink::Good, "is restored"),
            LinkEvent::Changed { stage } => {
                self.link_note(now, at, Ink::Warning, &format!("changes its {stage}"));
            }
        }
    }

    fn link_note(&mut self, now: Instant, at: Component, ink: Ink, what: &str) {
        let Component::Link { link, direction } = at else { return };
        let Some([from, to]) = self.topology.ends(link, direction) else { return };
        let (pair, text) = (between(from.0, to.0), format!("{} {what}", self.topology.link(link)));
        let row = Row { at: now, what: What::Note { side: Side::Link, ink, text } };
        // A cut is shown by both directions; one line says it.
        let seen = self.ladders.get(&pair).and_then(Rows::last);
        if seen.is_none_or(|seen| !same_note(seen, &row)) {
            self.push(pair, row);
        }
    }

    fn connection_ended(&mut self, now: Instant, node: NodeId, connection: ConnectionId, ending: Ending) {
        if !matches!(ending, Ending::Open | Ending::Clean) {
            let text = format!(":{} ended, {ending}", connection.local.port());
            self.note(now, node, self.topology.owner(connection.remote.ip()), Ink::Bad, text);
        }
    }

    fn host_event(&mut self, now: Instant, node: NodeId, event: &Event<'_>) {
        match *event {
            Event::FrameSent { interface, frame } => self.frame_sent(now, node, interface, frame),
            Event::FrameArrived { frame, .. } => self.fate(frame.meta.id, Fate::Arrived { at: now }),
            Event::ConnectionState { connection, to, .. } => {
                let text = format!(":{} {to}", connection.local.port());
                self.note(now, node, self.topology.owner(connection.remote.ip()), Ink::Dim, text);
            }
            Event::ConnectionEnded { connection, info } => {
                self.connection_ended(now, node, connection, info.ending);
            }
            Event::Neighbor { address, state: NeighborState::Failed, .. } => {
                self.note(now, node, None, Ink::Bad, format!("{address} does not answer ARP"));
            }
            Event::AddressConflict { address, mac, .. } => {
                self.note(now, node, None, Ink::Bad, format!("{address} is used by {mac} too"));
            }
            Event::Address { address, change, .. } => {
                let (ink, what) = match change {
                    AddressChange::Tentative => (Ink::Dim, "is probed"),
                    AddressChange::Assured => (Ink::Good, "is in use"),
                    AddressChange::Duplicate => (Ink::Bad, "is not taken into use"),
                    AddressChange::GivenUp => (Ink::Bad, "is given up"),
                    AddressChange::Removed => (Ink::Dim, "is removed"),
                };
                self.note(now, node, None, ink, format!("{address} {what}"));
            }
            Event::Application { name, event } => {
                if let Some((ink, text)) = application(name, event) {
                    self.note(now, node, None, ink, text);
                }
            }
            _ => {}
        }
    }
}

impl Recorder for LadderRecorder {
    fn interest(&self) -> Interest {
        Interest::FRAMES
            | Interest::LINKS
            | Interest::CONNECTIONS
            | Interest::APPLICATIONS
            | Interest::NEIGHBORS
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        match (at, event) {
            (_, Event::FrameDropped { id, place, reason }) => self.dropped(now, at, *id, *place, *reason),
            (_, Event::Link(event)) => self.link_event(now, at, *event),
            (Component::Host(node), event) => self.host_event(now, node, event),
            _ => {}
        }
    }
}

fn between(one: NodeId, other: NodeId) -> Pair {
    Pair { left: one.min(other), right: Right::Host(one.max(other)) }
}

fn same_note(one: &Row, other: &Row) -> bool {
    match (&one.what, &other.what) {
        (What::Note { text: one_text, .. }, What::Note { text: other_text, .. }) => {
            one.at == other.at && one_text == other_text
        }
        _ => false,
    }
}

/// What is worth a line beside the host; data only while it is a short text.
fn application(name: &str, event: ApplicationEvent<'_>) -> Option<(Ink, String)> {
    let quoted = |verb: &str, octets| {
        let text =
            std::str::from_utf8(octets).ok().filter(|text| text.len() <= MOST_TEXT && !text.is_empty())?;
        Some((Ink::Plain, format!("{name} {verb} \"{text}\"")))
    };
    match event {
        ApplicationEvent::Started => Some((Ink::Dim, format!("{name} starts"))),
        ApplicationEvent::Said(text) => Some((Ink::Plain, format!("{name}: {text}"))),
        ApplicationEvent::Received(octets) => quoted("receives", octets),
        ApplicationEvent::Sent(octets) => quoted("sends", octets),
        ApplicationEvent::Finished => Some((Ink::Dim, format!("{name} ends"))),
        ApplicationEvent::Failed(text) => Some((Ink::Bad, format!("{name} fails: {text}"))),
    }
}

#[cfg(test)]
mod tests;
