//! The rows of a ladder: the first and the last of them, so that a long run does not fill the memory.

use std::collections::VecDeque;

use wirelab_stack::frame::{FrameId, NodeId};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Cause, DropReason, Place};

use crate::console::Ink;

/// How many rows a ladder shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// No ladder is drawn.
    None,
    /// So many: three quarters from the beginning, the others from the end.
    Rows(usize),
    /// All.
    All,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// When it begins.
    pub at: Instant,
    /// What it shows.
    pub what: What,
}

/// What a row shows.
#[derive(Clone, Debug)]
pub enum What {
    /// A frame on its way.
    Frame(FrameRow),
    /// Something that happened at a node or to a link.
    Note {
        /// Where.
        side: Side,
        /// Its colour.
        ink: Ink,
        /// What happened.
        text: String,
    },
    /// A table of a node's state that somebody asked for.
    Table {
        /// Whose.
        node: NodeId,
        /// Which.
        kind: &'static str,
        /// Its lines.
        lines: Vec<String>,
    },
}

/// Where a note belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// At a node.
    Node(NodeId),
    /// Between two.
    Link(NodeId, NodeId),
}

/// A frame on its way.
#[derive(Clone, Debug)]
pub struct FrameRow {
    /// The frame's name, and those under which routers without a column have passed it on.
    pub names: Vec<FrameId>,
    /// For how many it stands: more than one where it is a super-frame that was cut.
    pub segments: u32,
    /// Who sent it.
    pub from: NodeId,
    /// Where the link leads by which it was sent, if there is one.
    pub towards: Option<NodeId>,
    /// The highest protocol that was recognised.
    pub layer: &'static str,
    /// A word or two.
    pub label: String,
    /// Why it was sent.
    pub cause: Cause,
    /// Of a frame that was forwarded: why it exists at all.
    pub origin: Option<Cause>,
    /// The summary.
    pub text: String,
    /// What the link did to it besides dropping it.
    pub remarks: Vec<String>,
    /// What became of it, and of its duplicates.
    pub fates: Vec<Fate>,
}

/// What became of a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It reached a node, and was taken there, or its verdict is not known.
    Arrived {
        /// Whom.
        node: NodeId,
        /// When.
        at: Instant,
    },
    /// It reached a node and was dropped there.
    Refused {
        /// Whom.
        node: NodeId,
        /// When.
        at: Instant,
        /// In which layer.
        place: Place,
        /// Why.
        reason: DropReason,
    },
    /// A link dropped it.
    Lost {
        /// Whom it did not reach.
        towards: Option<NodeId>,
        /// The link's name.
        link: String,
        /// At which stage.
        place: Place,
        /// Why.
        reason: DropReason,
    },
}

impl Fate {
    /// When it reached whom.
    pub const fn arrival(&self) -> Option<(NodeId, Instant)> {
        match self {
            Self::Arrived { node, at } | Self::Refused { node, at, .. } => Some((*node, *at)),
            Self::Lost { .. } => None,
        }
    }
}

impl Row {
    fn is_table(&self) -> bool {
        matches!(self.what, What::Table { .. })
    }

    /// Whether one wants to see it even in the middle of a long run: what links and timers do, how things end.
    fn is_notable(&self) -> bool {
        match &self.what {
            What::Note { side, ink, .. } => matches!(side, Side::Link(..)) || *ink == Ink::Bad,
            What::Table { .. } => false,
            What::Frame(frame) => matches!(
                frame.cause,
                Cause::RetransmitRto
                    | Cause::RetransmitSyn
                    | Cause::RetransmitSynAck
                    | Cause::ZeroWindowProbe
                    | Cause::KeepAlive
                    | Cause::Syn
                    | Cause::Fin
                    | Cause::Reset
                    | Cause::Abort
                    | Cause::DestinationUnreachable
                    | Cause::TimeExceeded
            ),
        }
    }
}

/// What is not shown between two rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LeftOut {
    /// Frames.
    pub frames: u64,
    /// Frames among them that were retransmissions.
    pub retransmissions: u64,
    /// Notes.
    pub notes: u64,
    /// When the first of them was.
    pub from: Instant,
    /// When the last of them was.
    pub to: Instant,
}

impl LeftOut {
    /// Counts one more row.
    pub fn add(&mut self, row: &Row) {
        if self.is_none() {
            self.from = row.at;
        }
        self.to = row.at;
        match &row.what {
            What::Frame(frame) => {
                self.frames += 1;
                self.retransmissions += u64::from(frame.cause.name().starts_with("retransmit"));
            }
            What::Note { .. } | What::Table { .. } => self.notes += 1,
        }
    }

    /// Whether nothing is left out.
    pub fn is_none(&self) -> bool {
        self.frames == 0 && self.notes == 0
    }
}

/// A notable row from the middle of a run.
#[derive(Debug)]
struct Kept {
    /// What is left out before it.
    before: LeftOut,
    number: u64,
    row: Row,
}

/// The first and the last rows, and some notable ones between.
#[derive(Debug)]
pub struct Rows {
    head: Vec<Row>,
    middle: Vec<Kept>,
    tail: VecDeque<Row>,
    most: Most,
    pushed: u64,
    /// Rows of the middle that are no tables.
    notable: usize,
    /// What is left out behind the last row of the middle.
    left_out: LeftOut,
}

/// How many rows are kept.
#[derive(Clone, Copy, Debug)]
struct Most {
    head: usize,
    middle: usize,
    tail: usize,
}

impl Rows {
    /// Keeps as many rows as `limit` allows: of each eight five from the beginning, two from the end, and one from
    /// between.
    pub fn new(limit: Limit) -> Self {
        let most = match limit {
            Limit::None => Most { head: 0, middle: 0, tail: 0 },
            Limit::Rows(rows) => Most { head: rows - rows / 4 - rows / 8, middle: rows / 8, tail: rows / 4 },
            Limit::All => Most { head: usize::MAX, middle: 0, tail: 0 },
        };
        let (head, middle, tail) = (Vec::new(), Vec::new(), VecDeque::new());
        Self { head, middle, tail, most, pushed: 0, notable: 0, left_out: LeftOut::default() }
    }

    /// Adds a row; returns its number, and the row that had to go for it.
    pub fn push(&mut self, row: Row) -> (u64, Option<Row>) {
        let number = self.pushed;
        self.pushed += 1;
        if self.head.len() < self.most.head {
            self.head.push(row);
            return (number, None);
        }
        self.tail.push_back(row);
        if self.tail.len() <= self.most.tail {
            return (number, None);
        }
        let first = self.pushed - self.tail.len() as u64;
        let evicted = self.tail.pop_front().and_then(|row| self.evict(first, row));
        (number, evicted)
    }

    fn evict(&mut self, number: u64, row: Row) -> Option<Row> {
        // A table was asked for. There are no more of them than somebody wrote down.
        if row.is_table() || row.is_notable() && self.notable < self.most.middle {
            self.notable += usize::from(!row.is_table());
            let before = std::mem::take(&mut self.left_out);
            self.middle.push(Kept { before, number, row });
            return None;
        }
        self.left_out.add(&row);
        Some(row)
    }

    /// The row of that number, if it is still there.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut Row> {
        let first = self.pushed - self.tail.len() as u64;
        if number < self.head.len() as u64 {
            self.head.get_mut(number as usize)
        } else if number >= first {
            self.tail.get_mut((number - first) as usize)
        } else {
            let place = self.middle.binary_search_by_key(&number, |kept| kept.number).ok()?;
            Some(&mut self.middle[place].row)
        }
    }

    /// The row of that number, if it is still there.
    pub fn get(&self, number: u64) -> Option<&Row> {
        let first = self.pushed - self.tail.len() as u64;
        if number < self.head.len() as u64 {
            self.head.get(number as usize)
        } else if number >= first {
            self.tail.get((number - first) as usize)
        } else {
            let place = self.middle.binary_search_by_key(&number, |kept| kept.number).ok()?;
            Some(&self.middle[place].row)
        }
    }

    /// All rows in order, each with what is left out before it.
    pub fn iter(&self) -> impl Iterator<Item = (LeftOut, &Row)> {
        let none = LeftOut::default;
        let head = self.head.iter().map(move |row| (none(), row));
        let middle = self.middle.iter().map(|kept| (kept.before, &kept.row));
        let gaps = std::iter::once(self.left_out).chain(std::iter::repeat_with(none));
        head.chain(middle).chain(gaps.zip(&self.tail))
    }

    /// What is left out at the end: where not even a last row is kept.
    pub fn left_out_at_end(&self) -> LeftOut {
        if self.tail.is_empty() { self.left_out } else { LeftOut::default() }
    }

    /// The latest row.
    pub fn last(&self) -> Option<&Row> {
        self.tail.back().or(self.head.last())
    }

    /// How many frames are left out, and how many there were besides.
    pub fn frames(&self) -> (u64, u64) {
        let left_out = self.middle.iter().map(|kept| kept.before.frames).sum::<u64>() + self.left_out.frames;
        let shown = self.iter().filter(|(_, row)| matches!(row.what, What::Frame(_))).count();
        (left_out, shown as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Side = Side::Node(NodeId(0));
    const LINK: Side = Side::Link(NodeId(0), NodeId(1));

    fn note(number: u64, side: Side) -> Row {
        let what = What::Note { side, ink: Ink::Plain, text: number.to_string() };
        Row { at: Instant::from_secs(number), what }
    }

    /// The texts of all rows, and in parentheses how many are left out.
    fn shown(rows: &Rows) -> String {
        let mut shown = Vec::new();
        for (before, row) in rows.iter() {
            if !before.is_none() {
                shown.push(format!("({})", before.notes));
            }
            match &row.what {
                What::Note { text, .. } => shown.push(text.clone()),
                _ => unreachable!(),
            }
        }
        if !rows.left_out_at_end().is_none() {
            shown.push(format!("({})", rows.left_out_at_end().notes));
        }
        shown.join(" ")
    }

    #[test]
    fn the_first_and_the_last_rows_are_kept_and_notable_ones_between() {
        let mut rows = Rows::new(Limit::Rows(16));
        for number in 0..100 {
            let notable = [20, 21, 30, 40].contains(&number);
            let (given, _) = rows.push(note(number, if notable { LINK } else { HERE }));
            assert_eq!(given, number);
        }
        assert_eq!(shown(&rows), "0 1 2 3 4 5 6 7 8 9 (10) 20 21 (74) 96 97 98 99");
        assert_eq!(rows.left_out.from, Instant::from_secs(22));
        assert_eq!(rows.left_out.to, Instant::from_secs(95));
        for number in 0..100 {
            let there = number < 10 || [20, 21].contains(&number) || number >= 96;
            let row = rows.get_mut(number).map(|row| row.at);
            assert_eq!(row, there.then_some(Instant::from_secs(number)), "{number}");
        }
        assert!(rows.get_mut(100).is_none());
    }

    #[test]
    fn what_goes_is_told() {
        let mut rows = Rows::new(Limit::Rows(4));
        let gone: Vec<u64> = (0..6)
            .filter_map(|number| rows.push(note(number, HERE)).1)
            .map(|row| row.at.as_millis() / 1000)
            .collect();
        assert_eq!(gone, [3, 4]);
    }

    #[test]
    fn nothing_and_everything() {
        let (mut none, mut one, mut all) =
            (Rows::new(Limit::None), Rows::new(Limit::Rows(1)), Rows::new(Limit::All));
        for number in 0..1000 {
            none.push(note(number, HERE));
            one.push(note(number, HERE));
            all.push(note(number, HERE));
        }
        assert_eq!(shown(&none), "(1000)");
        assert_eq!(shown(&one), "0 (999)");
        assert_eq!(all.iter().count(), 1000);
        assert!(all.iter().all(|(before, _)| before.is_none()));
    }
}
