//! Which nodes have columns, in which order, and where the columns stand.

use std::collections::{BTreeMap, BTreeSet};

use wirelab_stack::frame::NodeId;

use super::rows::{Fate, FrameRow, Row, Side, What};
use super::{LadderRecorder, Part};
use crate::console::{Style, cut, width};
use crate::topology::Topology;

/// The least room beside the ladder in which text is broken into lines rather than left as it is.
pub const LEAST_TEXT: usize = 24;
/// The room for text for which columns are left out.
const MORE_TEXT: usize = 34;
/// The least room between two lifelines, where there are many.
const LEAST_SPAN: usize = 9;

/// With whom each node is connected, over whatever: by the lowest number among them.
pub fn networks(topology: &Topology) -> BTreeMap<NodeId, NodeId> {
    let mut networks: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for (first, _) in topology.hosts() {
        if networks.contains_key(&first) {
            continue;
        }
        let mut open = vec![first];
        while let Some(node) = open.pop() {
            if networks.insert(node, first).is_none() {
                open.extend(neighbors(topology, node).filter(|other| !networks.contains_key(other)));
            }
        }
    }
    networks
}

fn neighbors(topology: &Topology, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    topology.links_of(node).flat_map(|link| link.ends.map(|(end, _)| end)).filter(move |end| *end != node)
}

/// The drawn nodes that are next to `node`: by a link, or over nodes that are not drawn.
fn next_to(topology: &Topology, node: NodeId, drawn: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    let (mut seen, mut next) = (BTreeSet::from([node]), BTreeSet::new());
    let mut open = vec![node];
    while let Some(at) = open.pop() {
        for other in neighbors(topology, at) {
            if seen.insert(other) {
                if drawn.contains(&other) {
                    next.insert(other);
                } else {
                    open.push(other);
                }
            }
        }
    }
    next
}

/// The nodes in an order in which neighbours stand together: from a node at the edge on, as deep as the way leads, and
/// those with few neighbours first. A chain stands as it is; of a router's networks each stands together.
fn in_order(topology: &Topology, drawn: &BTreeSet<NodeId>) -> Vec<NodeId> {
    let next: BTreeMap<NodeId, BTreeSet<NodeId>> =
        drawn.iter().map(|node| (*node, next_to(topology, *node, drawn))).collect();
    let by_degree = |nodes: &BTreeSet<NodeId>| {
        let mut nodes: Vec<NodeId> = nodes.iter().copied().collect();
        nodes.sort_by_key(|node| (next[node].len(), *node));
        nodes
    };
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    for first in by_degree(drawn) {
        let mut open = vec![first];
        while let Some(node) = open.pop() {
            if seen.insert(node) {
                order.push(node);
                open.extend(by_degree(&next[&node]).into_iter().rev());
            }
        }
    }
    order
}

/// A lifeline.
#[derive(Clone, Debug)]
struct Column {
    node: Option<NodeId>,
    name: String,
}

/// The lifelines of one ladder.
#[derive(Clone, Debug)]
pub struct Columns {
    all: Vec<Column>,
    /// Cells between two lifelines.
    pub span: usize,
    /// Of a host to itself: both lifelines are its own.
    loopback: bool,
    /// Nodes for which there was no room.
    pub left_out: Vec<String>,
}

impl Columns {
    /// The lifelines of `part`, as many as fit; `time` is the width of a time.
    pub fn new<'r>(
        recorder: &LadderRecorder,
        part: Part,
        rows: impl Iterator<Item = &'r Row>,
        style: &Style,
        time: usize,
    ) -> Self {
        let topology = &recorder.topology;
        let column =
            |node: NodeId| Column { node: Some(node), name: style.charset.show(topology.host(node)) };
        let nodes = match part {
            Part::Loopback(node) => vec![node, node],
            Part::Network(network) => {
                let here = recorder.networks.iter().filter(|(_, of)| **of == network);
                let drawn = here.map(|(node, _)| *node).filter(|node| recorder.draws(*node)).collect();
                in_order(topology, &drawn)
            }
        };
        let most = most_columns(style, time);
        let (nodes, left_out) = choose(nodes, rows, most);
        let left_out = left_out.into_iter().map(|node| style.charset.show(topology.host(node))).collect();
        let mut columns: Vec<Column> = nodes.into_iter().map(column).collect();
        if columns.len() == 1 {
            let alone = recorder.networks.values().filter(|of| part == Part::Network(**of)).count() == 1;
            let name = if alone { "(nobody)" } else { "(others)" };
            columns.push(Column { node: None, name: name.to_owned() });
        }
        let span = span(columns.len(), style, time);
        Self { all: columns, span, loopback: matches!(part, Part::Loopback(_)), left_out }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Which of them is a node's own, as a sender.
    pub fn of(&self, node: NodeId) -> Option<usize> {
        self.all.iter().position(|column| column.node == Some(node))
    }

    /// Which of them is a node's own, as a receiver.
    pub fn of_receiver(&self, node: NodeId) -> Option<usize> {
        if self.loopback { Some(1) } else { self.of(node) }
    }

    /// Whether frames that come from or go to nodes without a column are drawn as to the last one.
    pub fn has_stand_in(&self) -> bool {
        self.all.last().is_some_and(|column| column.node.is_none())
    }

    /// In which cell a lifeline stands.
    pub const fn cell(&self, column: usize) -> usize {
        column * (self.span + 1)
    }

    /// Cells from the first lifeline to the last, both included.
    pub fn width(&self) -> usize {
        self.cell(self.len() - 1) + 1
    }

    /// The names, each over its lifeline as nearly as the others let it: where each begins, counted from the first
    /// lifeline, which may be left of it.
    pub fn heads(&self, style: &Style) -> Vec<(isize, String)> {
        let most = if self.len() > 2 { self.span.saturating_sub(1) } else { usize::MAX };
        let mut free = isize::MIN;
        let head = |(place, column): (usize, &Column)| {
            let name = cut(&column.name, most, style.charset);
            let at = (self.cell(place) as isize - (width(&name) / 2) as isize).max(free);
            free = at + width(&name) as isize + 1;
            (at, name)
        };
        self.all.iter().enumerate().map(head).collect()
    }

    /// Whether `row` has something to draw in these columns.
    pub fn show(&self, row: &Row) -> bool {
        match &row.what {
            What::Frame(frame) => self.has_stand_in() || nodes_of(frame).any(|node| self.of(node).is_some()),
            What::Note { side: Side::Node(node), .. } => self.of(*node).is_some(),
            What::Table { .. } => true,
            What::Note { side: Side::Link(one, other), .. } => {
                self.of(*one).is_some() || self.of(*other).is_some()
            }
        }
    }
}

/// The nodes that a frame concerns: who sent it, and whom it reached.
fn nodes_of(frame: &FrameRow) -> impl Iterator<Item = NodeId> + '_ {
    let reached = frame.fates.iter().filter_map(|fate| fate.arrival().map(|(node, _)| node));
    [frame.from].into_iter().chain(reached)
}

/// Cells between two lifelines.
fn span(columns: usize, style: &Style, time: usize) -> usize {
    match (columns, style.width) {
        (2, Some(room)) if room < 100 => 24,
        (2, Some(room)) if room < 140 => 30,
        (2, _) => 36,
        (_, Some(room)) => {
            // A little more than a third for the text.
            let room = (room.saturating_sub(2 * time + 6)) * 5 / 8;
            ((room.saturating_sub(columns)) / (columns - 1)).clamp(LEAST_SPAN, 24)
        }
        (3, None) => 28,
        (4, None) => 22,
        (5 | 6, None) => 18,
        (_, None) => 12,
    }
}

/// How many columns there is room for: without a terminal, lines may be of any length.
fn most_columns(style: &Style, time: usize) -> usize {
    let Some(room) = style.width else { return usize::MAX };
    let room = room.saturating_sub(2 * time + 6 + MORE_TEXT);
    (room / (LEAST_SPAN + 1) + 1).max(2)
}

/// The `most` of `nodes` that take part in most rows, in their order; and the others.
fn choose<'r>(
    nodes: Vec<NodeId>,
    rows: impl Iterator<Item = &'r Row>,
    most: usize,
) -> (Vec<NodeId>, Vec<NodeId>) {
    if nodes.len() <= most {
        return (nodes, Vec::new());
    }
    let mut busy: BTreeMap<NodeId, usize> = BTreeMap::new();
    for row in rows {
        match &row.what {
            What::Frame(frame) => {
                // A flood reaches everybody and says little about whom it concerns.
                let taken = |fate: &Fate| match fate {
                    Fate::Arrived { node, .. } => Some(*node),
                    _ => None,
                };
                let taken: Vec<NodeId> = frame.fates.iter().filter_map(taken).collect();
                *busy.entry(frame.from).or_default() += 2;
                if taken.len() <= 2 {
                    taken.into_iter().for_each(|node| *busy.entry(node).or_default() += 2);
                }
            }
            What::Note { side: Side::Node(node), .. } | What::Table { node, .. } => {
                *busy.entry(*node).or_default() += 1;
            }
            What::Note { .. } => {}
        }
    }
    let mut ranked = nodes.clone();
    ranked.sort_by_key(|node| std::cmp::Reverse(busy.get(node).copied().unwrap_or(0)));
    let kept: BTreeSet<NodeId> = ranked.into_iter().take(most).collect();
    nodes.into_iter().partition(|node| kept.contains(node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_frames::network;

    fn order(topology: &Topology, drawn: &[u32]) -> Vec<u32> {
        let drawn = drawn.iter().map(|node| NodeId(*node)).collect();
        in_order(topology, &drawn).into_iter().map(|node| node.0).collect()
    }

    #[test]
    fn a_chain_stands_as_it_is_whatever_the_file_s_order() {
        // client 0, server 1, routers 2 and 3: 0 - 2 - 3 - 1
        let topology = network(4, &[(0, 2), (2, 3), (3, 1)]);
        assert_eq!(order(&topology, &[0, 1, 2, 3]), [0, 2, 3, 1]);
        assert_eq!(order(&topology, &[0, 1]), [0, 1], "over routers that are not drawn");
    }

    #[test]
    fn each_of_a_router_s_networks_stands_together() {
        // The router 0; a switch 5 with 1 and 2, a switch 6 with 3 and 4.
        let topology = network(7, &[(0, 5), (1, 5), (2, 5), (0, 6), (3, 6), (4, 6)]);
        assert_eq!(order(&topology, &[0, 1, 2, 3, 4]), [1, 2, 0, 3, 4]);
    }

    #[test]
    fn networks_are_what_is_connected() {
        let topology = network(5, &[(0, 3), (1, 4)]);
        let networks = networks(&topology);
        let of = |node| networks[&NodeId(node)].0;
        assert_eq!([of(0), of(1), of(2), of(3), of(4)], [0, 1, 2, 0, 1]);
    }
}
