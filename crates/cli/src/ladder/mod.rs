//! The ladder: what nodes said to each other, in the order of time.
//!
//! | file | holds |
//! |---|---|
//! | `only` | to what it is narrowed |
//! | `rows` | the rows that are kept |
//! | `columns` | which nodes have columns, and where they stand |
//! | `strip` | one line of lifelines, and the arrows in it |
//! | `draw` | the whole |
//!
//! A node without a column, as switches are unless they are asked for, is seen through: a frame that it passes on goes on
//! in the row where it began.

mod columns;
mod draw;
mod only;
mod rows;
mod strip;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use wirelab_sim::{Component, Recorder};
use wirelab_stack::frame::{Frame, FrameId, InterfaceId, NodeId};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{
    AddressChange, ApplicationEvent, Cause, ConnectionId, DropReason, Ending, Event, Interest, LinkEvent,
    NeighborState, Place, Table, Trigger,
};

pub use draw::draw;
pub use only::Only;
pub use rows::Limit;
use rows::{Fate, FrameRow, Row, Rows, Side, What};

use crate::console::Ink;
use crate::summary::Summarizer;
use crate::topology::{Kind, Topology};
use crate::words;

/// Octets of an application's text that are shown beside its host.
const MOST_TEXT: usize = 80;
/// Fates of one frame that are shown: its own, at each station of its link, and those of duplicates.
const MOST_FATES: usize = 64;
/// Frames of nodes without a column that are remembered until they reach one that has.
const MOST_HIDDEN: usize = 4096;

/// What is drawn together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Part {
    /// All that is connected with each other, by the lowest number among it.
    Network(NodeId),
    /// What a host says to itself.
    Loopback(NodeId),
}

/// A row in which a frame is drawn.
#[derive(Clone, Copy, Debug)]
struct Trail {
    from: NodeId,
    part: Part,
    number: u64,
}

/// Keeps what the ladders show.
#[derive(Debug)]
pub struct LadderRecorder {
    topology: Arc<Topology>,
    limit: Limit,
    only: Only,
    summarizer: Summarizer,
    ladders: BTreeMap<Part, Rows>,
    /// The rows of frames: one for each node with a column that sent it. No more than rows are kept.
    frames: BTreeMap<FrameId, Vec<Trail>>,
    /// Frames that nodes without a column have sent, the latest ones.
    hidden: BTreeMap<FrameId, Row>,
    hidden_order: VecDeque<FrameId>,
    /// How many frames are not drawn since the ladder is narrowed.
    narrowed: u64,
    /// With whom each node is connected.
    networks: BTreeMap<NodeId, NodeId>,
    /// How many nodes of each network have columns.
    sizes: BTreeMap<NodeId, usize>,
    /// Where each node's notes go: the part in which it last took part.
    latest: BTreeMap<NodeId, Part>,
}

impl LadderRecorder {
    /// Keeps of what `only` says as many rows of each ladder as `limit` allows.
    pub fn new(topology: Arc<Topology>, limit: Limit, only: Only) -> Self {
        let networks = columns::networks(&topology);
        let mut sizes = BTreeMap::new();
        for (node, network) in &networks {
            *sizes.entry(*network).or_default() += usize::from(only.draws(*node, &topology));
        }
        Self {
            topology,
            limit,
            only,
            summarizer: Summarizer::default(),
            ladders: BTreeMap::new(),
            frames: BTreeMap::new(),
            hidden: BTreeMap::new(),
            hidden_order: VecDeque::new(),
            narrowed: 0,
            networks,
            sizes,
            latest: BTreeMap::new(),
        }
    }

    /// Whether there is anything to draw.
    pub fn has_rows(&self) -> bool {
        !self.ladders.is_empty()
    }

    /// Forgets the rows: what follows is drawn alone. What is known of connections stays.
    pub fn begin_anew(&mut self) {
        self.ladders.clear();
        self.frames.clear();
        self.narrowed = 0;
    }

    fn draws(&self, node: NodeId) -> bool {
        self.only.draws(node, &self.topology)
    }

    /// Whether a ladder has a lifeline at all. One that has none is there for its tables.
    fn has_lifelines(&self, part: Part) -> bool {
        match part {
            Part::Network(network) => self.sizes.get(&network).is_some_and(|size| *size > 0),
            Part::Loopback(_) => true,
        }
    }

    fn network(&self, node: NodeId) -> NodeId {
        self.networks.get(&node).copied().unwrap_or(node)
    }

    fn part(&self, node: NodeId, interface: InterfaceId) -> Part {
        if interface == InterfaceId::LOOPBACK {
            Part::Loopback(node)
        } else {
            Part::Network(self.network(node))
        }
    }

    fn push(&mut self, part: Part, row: Row) -> u64 {
        let limit = self.limit;
        let (number, evicted) = self.ladders.entry(part).or_insert_with(|| Rows::new(limit)).push(row);
        if let Some(Row { what: What::Frame(frame), .. }) = evicted {
            for name in &frame.names {
                self.frames.remove(name);
            }
        }
        number
    }

    fn frame_sent(&mut self, now: Instant, node: NodeId, interface: InterfaceId, frame: &Frame) {
        let id = frame.meta.id;
        let summary = self.summarizer.sent(frame);
        let drawn = self.draws(node);
        let again = |trail: &Trail| !drawn || trail.from == node;
        if self.hidden.contains_key(&id) || self.frames.get(&id).is_some_and(|rows| rows.iter().any(again)) {
            // A switch passes it on: by several ports, or without a column.
            return;
        }
        if !self.only.wants(&summary, &self.topology) {
            self.narrowed += u64::from(node == id.origin);
            return;
        }
        let forwarded = match (frame.meta.cause, frame.meta.trigger) {
            (Cause::Forwarded, Trigger::Frame(before)) => Some(before),
            _ => None,
        };
        if let Some(before) = forwarded.filter(|_| !drawn)
            && self.pass_on(node, before, id)
        {
            return;
        }
        let part = self.part(node, interface);
        let crowded = self.sizes.get(&self.network(node)).is_some_and(|size| *size > 2);
        let row = FrameRow {
            names: vec![id],
            segments: 1,
            from: node,
            towards: self.topology.peer(node, interface).map(|(peer, _)| peer),
            layer: summary.layer,
            text: if crowded { summary.long() } else { summary.short() },
            label: summary.label,
            cause: frame.meta.cause,
            origin: forwarded.and_then(|before| self.origin(before)),
            remarks: Vec::new(),
            fates: Vec::new(),
        };
        let row = Row { at: now, what: What::Frame(row) };
        if !drawn {
            self.hide(id, row);
            return;
        }
        let number = self.push(part, row);
        self.frames.entry(id).or_default().push(Trail { from: node, part, number });
        self.latest.insert(node, part);
    }

    /// Keeps the frame of a node without a column, in case it reaches one that has.
    fn hide(&mut self, id: FrameId, row: Row) {
        self.narrowed += 1;
        self.hidden.insert(id, row);
        self.hidden_order.push_back(id);
        if self.hidden_order.len() > MOST_HIDDEN
            && let Some(oldest) = self.hidden_order.pop_front()
        {
            self.hidden.remove(&oldest);
        }
    }

    /// A router without a column passes a frame on under another name: it goes on in its row. False where there is none.
    fn pass_on(&mut self, router: NodeId, before: FrameId, after: FrameId) -> bool {
        let Some(trails) = self.frames.get(&before).cloned() else { return false };
        for trail in &trails {
            if let Some(row) = frame_row(&mut self.ladders, *trail) {
                row.names.push(after);
                row.fates.retain(|fate| !matches!(fate, Fate::Arrived { node, .. } if *node == router));
            }
        }
        self.frames.insert(after, trails);
        true
    }

    /// Why a frame that was forwarded exists at all.
    fn origin(&mut self, before: FrameId) -> Option<Cause> {
        let trail = *self.frames.get(&before)?.last()?;
        let row = frame_row(&mut self.ladders, trail)?;
        Some(row.origin.unwrap_or(row.cause)).filter(|cause| *cause != Cause::Forwarded)
    }

    fn frame_arrived(&mut self, now: Instant, node: NodeId, interface: InterfaceId, id: FrameId) {
        let drawn = self.draws(node);
        if !drawn && self.topology.kind(node) != Kind::Host {
            return;
        }
        let part = self.part(node, interface);
        if drawn {
            self.latest.insert(node, part);
            self.uncover(id, part);
        }
        let from = self.topology.peer(node, interface).map(|(peer, _)| peer);
        self.fate(id, from, Fate::Arrived { node, at: now });
    }

    /// The frame of a node without a column has reached one that has.
    fn uncover(&mut self, id: FrameId, part: Part) {
        let Some(row) = self.hidden.remove(&id) else { return };
        let What::Frame(FrameRow { from, .. }) = row.what else { return };
        self.narrowed -= 1;
        let number = self.push(part, row);
        self.frames.entry(id).or_default().push(Trail { from, part, number });
    }

    /// The row of a frame that comes from `from`: that of the node itself, or of one behind it.
    fn row(&mut self, id: FrameId, from: Option<NodeId>) -> Option<&mut FrameRow> {
        let trails = self.frames.get(&id)?;
        let own = trails.iter().rev().find(|trail| Some(trail.from) == from);
        let trail = *own.or(trails.last())?;
        frame_row(&mut self.ladders, trail)
    }

    fn fate(&mut self, id: FrameId, from: Option<NodeId>, fate: Fate) {
        let Some(row) = self.row(id, from) else { return };
        let arrived = match fate {
            Fate::Refused { node, at, .. } => {
                row.fates.iter().rposition(|known| *known == Fate::Arrived { node, at })
            }
            _ => None,
        };
        match arrived {
            // The verdict on the copy that arrived in this turn.
            Some(place) => row.fates[place] = fate,
            None if row.segments > 1 && has_arrived(row, &fate) => {}
            None if row.fates.len() < MOST_FATES => row.fates.push(fate),
            None => {}
        }
    }

    fn dropped(&mut self, now: Instant, at: Component, id: FrameId, place: Place, reason: DropReason) {
        if self.segment_dropped(at, id, place, reason) {
            return;
        }
        match at {
            Component::Host(node) if node == id.origin && !self.frames.contains_key(&id) => {
                // It was not sent at all: nobody answered for the next hop, or there is no way.
                if !self.hidden.contains_key(&id) {
                    let text = format!("drops frame {id}: {} ({})", reason.name(), reason.source());
                    self.note(now, node, None, Ink::Bad, text);
                }
            }
            Component::Host(node) => {
                // One that arrived has its row from whom it came; the latest that has it in its fates.
                let is_here = |trail: &&Trail| {
                    let rows = self.ladders.get(&trail.part);
                    let row = rows.and_then(|rows| rows.get(trail.number));
                    matches!(row.map(|row| &row.what), Some(What::Frame(row))
                        if row.fates.contains(&Fate::Arrived { node, at: now }))
                };
                let from = self.frames.get(&id).and_then(|trails| trails.iter().rev().find(is_here));
                let from = from.map(|trail| trail.from);
                self.fate(id, from, Fate::Refused { node, at: now, place, reason });
            }
            Component::Link { link, direction } => {
                let ends = self.topology.ends(link, direction);
                let name = self.topology.link(link).to_owned();
                let (from, towards) = (ends.map(|ends| ends[0].0), ends.map(|ends| ends[1].0));
                self.fate(id, from, Fate::Lost { towards, link: name, place, reason });
            }
        }
    }

    /// A super-frame goes on as its segments: they have its row.
    fn segmented(&mut self, at: Component, id: FrameId, segments: u32) {
        self.remark(at, id, format!("goes on as {segments} segments"));
        let Some(trails) = self.frames.get(&id).cloned() else { return };
        for number in 1..u64::from(segments) {
            let name = FrameId { counter: id.counter + number, ..id };
            self.frames.insert(name, trails.clone());
            for trail in &trails {
                if let Some(row) = frame_row(&mut self.ladders, *trail) {
                    row.names.push(name);
                    row.segments = segments;
                }
            }
        }
    }

    /// One of a super-frame's segments ended: a remark in its row. False where it is a frame of its own.
    fn segment_dropped(&mut self, at: Component, id: FrameId, place: Place, reason: DropReason) -> bool {
        let text = words::drop(self.topology.component(at), place, reason);
        let Some(row) = self.row(id, None).filter(|row| row.segments > 1) else { return false };
        if row.remarks.len() < MOST_FATES {
            row.remarks.push(format!("segment {id} {text}"));
        }
        true
    }

    fn remark(&mut self, at: Component, id: FrameId, text: String) {
        let Component::Link { link, direction } = at else { return };
        let from = self.topology.ends(link, direction).map(|[from, _]| from.0);
        if let Some(row) = self.row(id, from) {
            row.remarks.push(text);
        }
    }

    /// Something about a node; `other` is whom it concerns besides.
    fn note(&mut self, now: Instant, node: NodeId, other: Option<NodeId>, ink: Ink, text: String) {
        if self.draws(node) {
            let part = self.part_of_notes(node, other);
            self.push(part, Row { at: now, what: What::Note { side: Side::Node(node), ink, text } });
        }
    }

    fn part_of_notes(&self, node: NodeId, other: Option<NodeId>) -> Part {
        match (other, self.latest.get(&node)) {
            (Some(other), _) if other != node => Part::Network(self.network(node)),
            (_, Some(part)) => *part,
            _ => Part::Network(self.network(node)),
        }
    }

    fn table(&mut self, now: Instant, node: NodeId, table: &Table) {
        // Somebody asked for it: it is drawn even if its node has no lifeline.
        let part =
            if self.draws(node) { self.part_of_notes(node, None) } else { Part::Network(self.network(node)) };
        let lines = table.lines().map(str::to_owned).collect();
        self.push(part, Row { at: now, what: What::Table { node, kind: table.kind, lines } });
    }

    fn link_event(&mut self, now: Instant, at: Component, event: LinkEvent) {
        match event {
            LinkEvent::Corrupted { id, bits } => self.remark(at, id, words::corrupted(bits)),
            LinkEvent::Duplicated { id } => self.remark(at, id, "duplicated by the link".into()),
            LinkEvent::Segmented { id, segments } => self.segmented(at, id, segments),
            LinkEvent::Reordered { id } => self.remark(at, id, "reordered by the link".into()),
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
        if !self.draws(from.0) && !self.draws(to.0) {
            return;
        }
        let (part, text) =
            (Part::Network(self.network(from.0)), format!("{} {what}", self.topology.link(link)));
        let side = Side::Link(from.0.min(to.0), from.0.max(to.0));
        let row = Row { at: now, what: What::Note { side, ink, text } };
        // A cut is shown by both directions; one line says it.
        let seen = self.ladders.get(&part).and_then(Rows::last);
        if seen.is_none_or(|seen| !same_note(seen, &row)) {
            self.push(part, row);
        }
    }

    /// What a connection does is noted where it is drawn.
    fn connection_note(&mut self, now: Instant, node: NodeId, ends: ConnectionId, ink: Ink, what: &str) {
        if self.only.wants_ports(ends.local.port(), ends.remote.port()) {
            let text = format!(":{} {what}", ends.local.port());
            self.note(now, node, self.topology.owner(ends.remote.ip()), ink, text);
        }
    }

    fn host_event(&mut self, now: Instant, node: NodeId, event: &Event<'_>) {
        match *event {
            Event::FrameSent { interface, frame } => self.frame_sent(now, node, interface, frame),
            Event::FrameArrived { interface, frame } => {
                self.frame_arrived(now, node, interface, frame.meta.id);
            }
            Event::ConnectionState { connection, to, .. } => {
                self.connection_note(now, node, connection, Ink::Dim, to.name());
            }
            Event::ConnectionEnded { connection, info }
                if !matches!(info.ending, Ending::Open | Ending::Clean) =>
            {
                let what = format!("ended, {}", info.ending);
                self.connection_note(now, node, connection, Ink::Bad, &what);
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
            Event::Shown { table } => self.table(now, node, table),
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
            | Interest::TABLES
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

/// The row that a trail leads to.
fn frame_row(ladders: &mut BTreeMap<Part, Rows>, trail: Trail) -> Option<&mut FrameRow> {
    match &mut ladders.get_mut(&trail.part)?.get_mut(trail.number)?.what {
        What::Frame(row) => Some(row),
        What::Note { .. } | What::Table { .. } => None,
    }
}

/// Whether a fate is another arrival where one has arrived.
fn has_arrived(row: &FrameRow, fate: &Fate) -> bool {
    let station = |fate: &Fate| match fate {
        Fate::Arrived { node, .. } | Fate::Refused { node, .. } => Some(*node),
        Fate::Lost { .. } => None,
    };
    station(fate).is_some_and(|node| row.fates.iter().any(|known| station(known) == Some(node)))
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
        // Applications say it too.
        ApplicationEvent::Result { .. } => None,
        ApplicationEvent::Received(octets) => quoted("receives", octets),
        ApplicationEvent::Sent(octets) => quoted("sends", octets),
        ApplicationEvent::Finished => Some((Ink::Dim, format!("{name} ends"))),
        ApplicationEvent::Failed(text) => Some((Ink::Bad, format!("{name} fails: {text}"))),
    }
}

#[cfg(test)]
mod tests;
