//! The rows of a ladder: the first and the last of them, so that a long run does not fill the memory.

use std::collections::VecDeque;

use wirelab_stack::frame::FrameId;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Cause, DropReason};

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
    /// Something that happened at a host or to the link.
    Note {
        /// Where.
        side: Side,
        /// Its colour.
        ink: Ink,
        /// What happened.
        text: String,
    },
}

/// Where a note belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Side {
    Left,
    Right,
    Link,
}

/// A frame on its way.
#[derive(Clone, Debug)]
pub struct FrameRow {
    /// The frame's name.
    pub id: FrameId,
    /// Whether the left host sent it.
    pub from_left: bool,
    /// The highest protocol that was recognised.
    pub layer: &'static str,
    /// A word or two.
    pub label: String,
    /// Why it was sent.
    pub cause: Cause,
    /// The summary.
    pub text: String,
    /// What the link did to it besides dropping it, and why it was dropped.
    pub remarks: Vec<String>,
    /// What became of it, and of its duplicates.
    pub fates: Vec<Fate>,
}

/// What became of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It reached the other host at this time, and was taken there, or its verdict is not known.
    Arrived(Instant),
    /// It reached the other host at this time and was dropped there.
    Refused(Instant, DropReason),
    /// The link dropped it.
    Lost(DropReason),
}

/// The first and the last rows.
#[derive(Debug)]
pub struct Rows {
    head: Vec<Row>,
    tail: VecDeque<Row>,
    most: Option<(usize, usize)>,
    pushed: u64,
    left_out: LeftOut,
}

/// What is not shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LeftOut {
    /// Frames.
    pub frames: u64,
    /// Notes.
    pub notes: u64,
    /// When the first of them was.
    pub from: Instant,
    /// When the last of them was.
    pub to: Instant,
}

impl Rows {
    /// Keeps as many rows as `limit` allows.
    pub fn new(limit: Limit) -> Self {
        let most = match limit {
            Limit::None => Some((0, 0)),
            Limit::Rows(rows) => Some((rows - rows / 4, rows / 4)),
            Limit::All => None,
        };
        Self { head: Vec::new(), tail: VecDeque::new(), most, pushed: 0, left_out: LeftOut::default() }
    }

    /// Adds a row; returns its number, and the row that had to go for it.
    pub fn push(&mut self, row: Row) -> (u64, Option<Row>) {
        let number = self.pushed;
        self.pushed += 1;
        let evicted = match self.most {
            None => {
                self.head.push(row);
                None
            }
            Some((head, _)) if self.head.len() < head => {
                self.head.push(row);
                None
            }
            Some((_, tail)) => {
                self.tail.push_back(row);
                if self.tail.len() > tail { self.tail.pop_front() } else { None }
            }
        };
        if let Some(row) = &evicted {
            self.leave_out(row);
        }
        (number, evicted)
    }

    fn leave_out(&mut self, row: &Row) {
        if self.left_out == LeftOut::default() {
            self.left_out.from = row.at;
        }
        self.left_out.to = row.at;
        match row.what {
            What::Frame(_) => self.left_out.frames += 1,
            What::Note { .. } => self.left_out.notes += 1,
        }
    }

    /// The row of that number, if it is still there.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut Row> {
        if let Some(row) = self.head.get_mut(number as usize) {
            return Some(row);
        }
        let first = self.pushed - self.tail.len() as u64;
        let place = number.checked_sub(first)?;
        self.tail.get_mut(place as usize)
    }

    /// The first rows.
    pub fn head(&self) -> impl Iterator<Item = &Row> {
        self.head.iter()
    }

    /// The last rows.
    pub fn tail(&self) -> impl Iterator<Item = &Row> {
        self.tail.iter()
    }

    /// What lies between them.
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(number: u64) -> Row {
        let what = What::Note { side: Side::Link, ink: Ink::Plain, text: number.to_string() };
        Row { at: Instant::from_secs(number), what }
    }

    fn texts<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<&'a str> {
        rows.map(|row| match &row.what {
            What::Note { text, .. } => text.as_str(),
            What::Frame(_) => unreachable!(),
        })
        .collect()
    }

    #[test]
    fn the_first_and_the_last_rows_are_kept() {
        let mut rows = Rows::new(Limit::Rows(4));
        for number in 0..10 {
            let (given, evicted) = rows.push(note(number));
            assert_eq!(given, number);
            assert_eq!(evicted.is_some(), number >= 4, "{number}");
        }
        assert_eq!(texts(rows.head()), ["0", "1", "2"]);
        assert_eq!(texts(rows.tail()), ["9"]);
        let left_out = rows.left_out();
        assert_eq!((left_out.frames, left_out.notes), (0, 6));
        assert_eq!((left_out.from, left_out.to), (Instant::from_secs(3), Instant::from_secs(8)));
        assert_eq!(rows.get_mut(1).unwrap().at, Instant::from_secs(1));
        assert!(rows.get_mut(5).is_none());
        assert_eq!(rows.get_mut(9).unwrap().at, Instant::from_secs(9));
        assert!(rows.get_mut(10).is_none());
    }

    #[test]
    fn nothing_and_everything() {
        let (mut none, mut all) = (Rows::new(Limit::None), Rows::new(Limit::All));
        for number in 0..1000 {
            none.push(note(number));
            all.push(note(number));
        }
        assert_eq!((none.head().count(), none.tail().count(), none.left_out().notes), (0, 0, 1000));
        assert_eq!((all.head().count(), all.left_out()), (1000, LeftOut::default()));
    }
}
