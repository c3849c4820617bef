//! One line of lifelines, and what is drawn between them.

use unicode_width::UnicodeWidthChar;
use wirelab_stack::trace::DropReason;

use super::columns::Columns;
use crate::console::{Charset, Ink, Style, cut, width};

/// The characters that ladders are drawn with.
pub struct Pen {
    pub lifeline: &'static str,
    pub line: &'static str,
    pub gap: &'static str,
    pub to_right: &'static str,
    pub to_left: &'static str,
    pub dead: &'static str,
    pub point: &'static str,
    pub left_out: &'static str,
    /// Where a line passes a lifeline.
    pub crossing: &'static str,
}

impl Pen {
    /// The characters of a set.
    pub const fn of(charset: Charset) -> Self {
        match charset {
            Charset::Unicode => Self {
                lifeline: "│",
                line: "─",
                gap: "┄",
                to_right: "►",
                to_left: "◄",
                dead: "✗",
                point: "●",
                left_out: "⋮",
                crossing: "┼",
            },
            Charset::Ascii => Self {
                lifeline: "|",
                line: "-",
                gap: ".",
                to_right: ">",
                to_left: "<",
                dead: "X",
                point: "*",
                left_out: ":",
                crossing: "+",
            },
        }
    }
}

/// How an arrow ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Head<'a> {
    /// At a lifeline.
    Taken,
    /// At a lifeline, and dropped there.
    Refused(DropReason),
    /// On the way, for this reason.
    Lost(DropReason),
    /// It was under way when the run ended.
    Open,
    /// On the way: at a node of this name that has no column.
    Beyond(&'a str),
}

/// An arrow from one cell towards another.
#[derive(Clone, Copy, Debug)]
pub struct Arrow<'a> {
    /// The cell where it begins, which is left as it is.
    pub from: usize,
    /// The cell to which it leads, which is left as it is.
    pub to: usize,
    /// What is written on it.
    pub label: &'a str,
    /// The cell of the first lifeline that has a head of this arrow: what is written stays before it.
    pub first: usize,
    /// How it ends.
    pub head: Head<'a>,
    /// Whether it is a copy of a frame that is drawn already.
    pub copy: bool,
    /// Who sent it, where that node has no column.
    pub sender: Option<&'a str>,
}

impl Head<'_> {
    fn ink(self) -> Ink {
        match self {
            Self::Taken | Self::Beyond(_) => Ink::Plain,
            Self::Refused(reason) if is_ordinary(reason) => Ink::Dim,
            Self::Refused(_) | Self::Lost(_) => Ink::Bad,
            Self::Open => Ink::Warning,
        }
    }
}

/// Whether hosts drop frames for this reason all the time, and nothing is wrong.
pub fn is_ordinary(reason: DropReason) -> bool {
    matches!(
        reason,
        DropReason::ArpNotForUs
            | DropReason::NotForUs
            | DropReason::IcmpIgnored
            | DropReason::GroupNotJoined
            | DropReason::IgmpIgnored
    )
}

/// A cell; one behind a wide character is empty.
#[derive(Clone, Debug)]
struct Cell {
    text: String,
    ink: Ink,
}

/// One line of lifelines.
pub struct Strip<'a> {
    cells: Vec<Cell>,
    pen: &'a Pen,
    charset: Charset,
    lifelines: Vec<usize>,
}

impl<'a> Strip<'a> {
    /// Lifelines, drawn as `mark`.
    pub fn new(columns: &Columns, pen: &'a Pen, style: &Style, mark: &str) -> Self {
        let blank = Cell { text: " ".to_owned(), ink: Ink::Plain };
        let mut strip = Self {
            cells: vec![blank; columns.width()],
            pen,
            charset: style.charset,
            lifelines: (0..columns.len()).map(|column| columns.cell(column)).collect(),
        };
        for at in strip.lifelines.clone() {
            strip.put(at, mark, Ink::Plain);
        }
        strip
    }

    /// Writes `text` from a cell on.
    pub fn put(&mut self, at: usize, text: &str, ink: Ink) {
        let mut place = at;
        for character in text.chars() {
            match character.width().unwrap_or(0) {
                0 => {
                    if let Some(cell) = place.checked_sub(1).and_then(|before| self.cells.get_mut(before)) {
                        cell.text.push(character);
                    }
                }
                columns => {
                    for (number, cell) in self.cells.iter_mut().skip(place).take(columns).enumerate() {
                        let text = if number == 0 { character.to_string() } else { String::new() };
                        *cell = Cell { text, ink };
                    }
                    place += columns;
                }
            }
        }
    }

    /// Draws a line; it crosses the lifelines that it passes.
    fn line(&mut self, cells: impl Iterator<Item = usize>, with: &str, ink: Ink) {
        for at in cells {
            let passes = self.lifelines.contains(&at);
            let with = if passes { self.pen.crossing } else { with };
            self.put(at, with, ink);
        }
    }

    /// Draws an arrow.
    pub fn arrow(&mut self, arrow: &Arrow<'_>) {
        let Pen { line, gap, to_right, to_left, dead, .. } = *self.pen;
        let rightwards = arrow.to > arrow.from;
        let length = arrow.to.abs_diff(arrow.from).saturating_sub(1);
        let (line, head) = (if arrow.copy { gap } else { line }, if rightwards { to_right } else { to_left });
        let ink = arrow.head.ink();
        // The cells from the sender on.
        let cell = |step: usize| if rightwards { arrow.from + 1 + step } else { arrow.from - 1 - step };
        let mut begin = 0;
        if let Some(sender) = arrow.sender {
            let name = cut(sender, (length / 3).max(2), self.charset);
            let at = if rightwards { cell(1) } else { cell(width(&name)) };
            self.put(at, &name, Ink::Dim);
            begin = width(&name) + 2;
        }
        let narrow = length < 20;
        let lead = if narrow { 1 } else { 2 };
        let to_first = arrow.first.abs_diff(arrow.from).saturating_sub(1).min(length);
        let tail = match arrow.head {
            Head::Taken if narrow => 5,
            _ if narrow => 6,
            _ => 8,
        };
        let room = to_first.saturating_sub(begin + tail);
        let label = cut(arrow.label, room, self.charset);
        let label = if width(&label) > room { String::new() } else { label };
        let taken = if label.is_empty() { lead } else { lead + width(&label) + 2 };
        let used = begin + taken;
        let end = match arrow.head {
            Head::Taken => length.saturating_sub(1),
            Head::Refused(_) => length.saturating_sub(2),
            Head::Lost(_) => used + (length * 3 / 5).saturating_sub(used).max(1),
            Head::Beyond(_) => used + (length / 2).saturating_sub(used).max(1),
            Head::Open => length,
        };
        let trunk = if arrow.head == Head::Open { gap } else { line };
        self.line((begin..begin + lead).map(cell), line, ink);
        self.line((used.min(end)..end).map(cell), trunk, ink);
        if !label.is_empty() {
            let text = format!(" {label} ");
            let first = begin + lead;
            let at = if rightwards { cell(first) } else { cell(first + width(&text) - 1) };
            self.put(at, &text, ink);
        }
        let mut beside = |text: &str, behind: usize| {
            let room = length.saturating_sub(behind + 1);
            let name = cut(text, room.saturating_sub(2), self.charset);
            if width(&name) < room {
                let at = if rightwards { cell(behind + 2) } else { cell(behind + 1 + width(&name)) };
                self.put(at, &name, ink);
            }
        };
        match arrow.head {
            Head::Lost(reason) => beside(reason.name(), end),
            Head::Beyond(name) => beside(name, end),
            _ => {}
        }
        match arrow.head {
            Head::Taken | Head::Beyond(_) => self.put(cell(end), head, ink),
            Head::Refused(_) => {
                self.put(cell(end), head, ink);
                self.put(cell(end + 1), dead, ink);
            }
            Head::Lost(_) => self.put(cell(end), dead, ink),
            Head::Open => {}
        }
    }

    /// Draws one more head of an arrow that comes from `from` and goes on, at the lifeline in cell `at`.
    pub fn head(&mut self, from: usize, at: usize, head: Head<'_>) {
        let Pen { to_right, to_left, dead, lifeline, .. } = *self.pen;
        let rightwards = at > from;
        let mark = if rightwards { to_right } else { to_left };
        let before = |steps: usize| if rightwards { at - steps } else { at + steps };
        let ink = head.ink();
        self.put(at, lifeline, Ink::Plain);
        if let Head::Refused(_) = head {
            self.put(before(2), mark, ink);
            self.put(before(1), dead, ink);
        } else {
            self.put(before(1), mark, ink);
        }
    }

    /// Draws a gap between two cells with a text in its middle.
    pub fn bridge(&mut self, from: usize, to: usize, text: &str, ink: Ink) {
        let length = to - from - 1;
        let text = cut(text, length, self.charset);
        self.line(from + 1..to, self.pen.gap, ink);
        self.put(from + 1 + (length - width(&text)) / 2, &text, ink);
    }

    /// The line as it is shown.
    pub fn paint(&self, style: &Style) -> String {
        let (mut shown, mut run, mut ink) = (String::new(), String::new(), Ink::Plain);
        for cell in &self.cells {
            if cell.ink != ink && !run.is_empty() {
                shown += &style.paint(ink, &std::mem::take(&mut run));
            }
            ink = cell.ink;
            run += &cell.text;
        }
        shown + &style.paint(ink, &run)
    }
}
