//! Draws ladders: a lifeline a host, an arrow a frame.

use std::io::{self, Write};

use wirelab_stack::frame::NodeId;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::DropReason;

use super::rows::{Fate, FrameRow, LeftOut, Row, Side, What};
use super::{LadderRecorder, Pair, Right};
use crate::console::{Charset, Ink, Style, cut, pad, pad_left, width, wrap};
use crate::tables::grouped;
use crate::topology::Topology;
use crate::words;

/// The least room beside the ladder in which text is broken into lines rather than left as it is.
const LEAST_TEXT: usize = 24;

/// The characters that ladders are drawn with.
struct Pen {
    lifeline: &'static str,
    line: &'static str,
    gap: &'static str,
    to_right: &'static str,
    to_left: &'static str,
    dead: &'static str,
    point: &'static str,
    left_out: &'static str,
}

impl Pen {
    const fn of(charset: Charset) -> Self {
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
            },
        }
    }
}

/// Draws all ladders.
///
/// # Errors
/// When `out` cannot be written.
pub fn draw(recorder: &LadderRecorder, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for (pair, rows) in &recorder.ladders {
        let canvas = Canvas::new(style, rows.iter().map(|(_, row)| row));
        canvas.head(&recorder.topology, *pair, out)?;
        for (left_out, row) in rows.iter() {
            canvas.left_out(left_out, out)?;
            canvas.row(row, out)?;
        }
        canvas.left_out(rows.left_out_at_end(), out)?;
        let (left_out, shown) = rows.frames();
        if left_out > 0 {
            let (left_out, all) = (grouped(left_out), grouped(left_out + shown));
            let text = format!(
                "{left_out} of {all} frames are left out: --ladder all shows them, --pcap and --trace write them"
            );
            writeln!(out, "{}", style.paint(Ink::Warning, &text))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// One ladder's measures.
struct Canvas<'a> {
    style: &'a Style,
    pen: Pen,
    /// Columns of a time.
    time: usize,
    /// Columns between the lifelines.
    span: usize,
    /// Columns of the layer's name.
    layer: usize,
    /// Columns of the cause.
    cause: usize,
}

impl<'a> Canvas<'a> {
    fn new<'r>(style: &'a Style, rows: impl Iterator<Item = &'r Row>) -> Self {
        let span = match style.width {
            Some(columns) if columns < 100 => 24,
            Some(columns) if columns < 140 => 30,
            _ => 36,
        };
        let (mut time, mut layer, mut cause) = (0, 0, 0);
        for row in rows {
            time = time.max(seconds(row.at).len());
            if let What::Frame(frame) = &row.what {
                let arrivals = frame.fates.iter().filter_map(Fate::arrival).map(|at| seconds(at).len());
                time = arrivals.fold(time, usize::max);
                layer = layer.max(frame.layer.len());
                cause = cause.max(width(&style.charset.show(&words::cause(frame.cause))));
            }
        }
        Self { style, pen: Pen::of(style.charset), time, span, layer, cause }
    }

    fn head(&self, topology: &Topology, pair: Pair, out: &mut dyn Write) -> io::Result<()> {
        let left = topology.host(pair.left);
        let (right, link) = match pair.right {
            Right::Host(node) => (topology.host(node).to_owned(), links(topology, pair.left, node)),
            Right::Loopback => (left.to_owned(), "loopback".to_owned()),
            Right::Nobody => ("(nobody)".to_owned(), "no link".to_owned()),
        };
        let show = |text: &str| self.style.charset.show(text);
        let (left, right, link) = (show(left), show(&right), show(&link));
        // Each name stands over its lifeline, as nearly as the others let it.
        let left_at = (self.time + 1).saturating_sub(width(&left) / 2);
        let right_at = (self.time + 2 + self.span).saturating_sub(width(&right) / 2);
        let mut line = pad("", left_at) + &left;
        let middle = (left_at + width(&left) + right_at).saturating_sub(width(&link)) / 2;
        if middle > width(&line) && middle + width(&link) < right_at {
            line = pad(&line, middle) + &link;
        }
        let mut line = pad(&line, right_at.max(width(&line) + 2)) + &right;
        line = pad(&line, self.text_column());
        line.push_str("times in seconds");
        writeln!(out, "{}", self.style.paint(Ink::Heading, line.trim_end()))
    }

    /// Where text begins, in columns.
    fn text_column(&self) -> usize {
        self.time * 2 + self.span + 6
    }

    /// Columns that are left for text, where the terminal has an end.
    fn room(&self) -> Option<usize> {
        self.style.width.map(|columns| columns.saturating_sub(self.text_column()))
    }

    fn row(&self, row: &Row, out: &mut dyn Write) -> io::Result<()> {
        match &row.what {
            What::Frame(frame) => self.frame(row.at, frame, out),
            What::Note { side, ink, text } => self.note(row.at, *side, *ink, text, out),
        }
    }

    /// A line: a time on the left, what is between the lifelines, a time on the right, text.
    fn line(
        &self,
        out: &mut dyn Write,
        times: [&str; 2],
        ends: [&str; 2],
        between: &str,
        text: &str,
    ) -> io::Result<()> {
        let left = self.style.paint(Ink::Dim, &pad_left(times[0], self.time));
        let right = self.style.paint(Ink::Dim, times[1]) + &pad("", self.time - width(times[1]));
        let line = format!("{left} {}{between}{} {right}  {text}", ends[0], ends[1]);
        writeln!(out, "{}", line.trim_end())
    }

    fn frame(&self, at: Instant, frame: &FrameRow, out: &mut dyn Write) -> io::Result<()> {
        let sent = seconds(at);
        let first = frame.fates.first();
        let (arrow, ink) = self.arrow(frame, first);
        let arrow = self.style.paint(ink, &arrow);
        let arrived = first.and_then(Fate::arrival).map(seconds).unwrap_or_default();
        let times = if frame.from_left { [sent.as_str(), &arrived] } else { [&arrived, sent.as_str()] };
        let texts = self.texts(frame);
        let lifelines = [self.pen.lifeline; 2];
        self.line(out, times, lifelines, &arrow, &texts[0])?;
        for text in &texts[1..] {
            self.line(out, ["", ""], lifelines, &" ".repeat(self.span), text)?;
        }
        for fate in frame.fates.iter().skip(1) {
            self.copy(frame, fate, out)?;
        }
        Ok(())
    }

    /// The fate of a duplicate.
    fn copy(&self, frame: &FrameRow, fate: &Fate, out: &mut dyn Write) -> io::Result<()> {
        let arrived = fate.arrival().map(seconds).unwrap_or_default();
        let times = if frame.from_left { ["", arrived.as_str()] } else { [arrived.as_str(), ""] };
        let copy = FrameRow { label: "copy".into(), ..frame.clone() };
        let (arrow, ink) = self.arrow(&copy, Some(fate));
        let arrow = self.style.paint(ink, &arrow.replace(self.pen.line, self.pen.gap));
        let words = self.style.charset.show(fate.words().unwrap_or_default());
        self.beside(out, times, [self.pen.lifeline; 2], &arrow, (Ink::Warning, &words))
    }

    /// A line whose text is broken beside the lifelines where the terminal ends.
    fn beside(
        &self,
        out: &mut dyn Write,
        times: [&str; 2],
        ends: [&str; 2],
        between: &str,
        (ink, text): (Ink, &str),
    ) -> io::Result<()> {
        let room = self.room().unwrap_or(usize::MAX).max(LEAST_TEXT);
        let mut lines = wrap(text, room).into_iter().map(|line| self.style.paint(ink, &line));
        let first = lines.next().unwrap_or_default();
        self.line(out, times, ends, between, &first)?;
        for line in lines {
            self.line(out, ["", ""], [self.pen.lifeline; 2], &" ".repeat(self.span), &line)?;
        }
        Ok(())
    }

    /// What stands between the lifelines, `span` columns wide.
    fn arrow(&self, frame: &FrameRow, fate: Option<&Fate>) -> (String, Ink) {
        let Pen { line, gap, dead, .. } = self.pen;
        let head = if frame.from_left { self.pen.to_right } else { self.pen.to_left };
        let label = cut(&frame.label, self.span.saturating_sub(8), self.style.charset);
        let begin = [line.repeat(2), format!(" {label} ")];
        let used = 2 + width(&label) + 2;
        let (end, ink) = match fate {
            Some(Fate::Arrived { .. }) => {
                (vec![line.repeat(self.span.saturating_sub(used + 1)), head.to_owned()], Ink::Plain)
            }
            Some(Fate::Refused { reason, .. }) => {
                let fill = line.repeat(self.span.saturating_sub(used + 2));
                (
                    vec![fill, head.to_owned(), dead.to_owned()],
                    if is_ordinary(*reason) { Ink::Dim } else { Ink::Bad },
                )
            }
            Some(Fate::Lost { reason, .. }) => {
                let reach = (self.span * 3 / 5).saturating_sub(used).max(1);
                let room = self.span.saturating_sub(used + reach + 1);
                let name = cut(reason.name(), room.saturating_sub(2), self.style.charset);
                let side = |text: &str| if frame.from_left { pad(text, room) } else { pad_left(text, room) };
                let name = if frame.from_left { format!(" {name}") } else { format!("{name} ") };
                (vec![line.repeat(reach), dead.to_owned(), side(&name)], Ink::Bad)
            }
            None => (vec![gap.repeat(self.span.saturating_sub(used))], Ink::Warning),
        };
        let mut parts: Vec<String> = begin.into_iter().chain(end).collect();
        if !frame.from_left {
            parts.reverse();
        }
        (parts.concat(), ink)
    }

    /// Layer, cause, summary and remarks, in as many lines as the terminal's width asks for.
    fn texts(&self, frame: &FrameRow) -> Vec<String> {
        let show = |text: &str| self.style.charset.show(text);
        let (layer, cause) = (pad(frame.layer, self.layer), show(&words::cause(frame.cause)));
        let mut remarks: Vec<String> = frame.remarks.iter().map(|remark| show(remark)).collect();
        match frame.fates.first() {
            Some(fate) => remarks.extend(fate.words().map(show)),
            None => remarks.push("under way when the run ended".into()),
        }
        let (summary, remarks) = (show(&frame.text), remarks.join("; "));
        let paint = |ink, text: &str| self.style.paint(ink, text);
        let room = self.room();
        let whole = self.layer + 1 + self.cause + 2 + width(&summary) + 2 + width(&remarks);
        let painted = (paint(Ink::Layer, &layer), paint(Ink::Cause, &cause));
        match room.filter(|room| (LEAST_TEXT..whole).contains(room)) {
            None => {
                let cause = painted.1 + &" ".repeat(self.cause - width(&cause));
                let remarks = paint(Ink::Warning, &remarks);
                vec![format!("{} {cause}  {summary}  {remarks}", painted.0)]
            }
            Some(room) => {
                let mut lines = vec![format!("{} {}", painted.0, painted.1)];
                lines.extend(wrap(&summary, room - 2).iter().map(|line| format!("  {line}")));
                if !remarks.is_empty() {
                    let broken = wrap(&remarks, room - 2);
                    lines.extend(broken.iter().map(|line| format!("  {}", paint(Ink::Warning, line))));
                }
                lines
            }
        }
    }

    fn note(&self, at: Instant, side: Side, ink: Ink, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let Pen { lifeline, gap, point, .. } = self.pen;
        let at = seconds(at);
        let text = self.style.charset.show(text);
        let room = self.span.saturating_sub(2);
        let fits = width(&text) <= room;
        // Between the lifelines where it fits, beside them where not.
        let (inside, mut outside) = if fits { (text.as_str(), "") } else { ("", text.as_str()) };
        let (times, ends, between) = match side {
            Side::Left => ([at.as_str(), ""], [point, lifeline], format!(" {}", pad(inside, room + 1))),
            Side::Right => (["", at.as_str()], [lifeline, point], format!("{} ", pad_left(inside, room + 1))),
            Side::Link => {
                let inside =
                    if fits { format!(" {inside} ") } else { std::mem::take(&mut outside).to_owned() };
                let inside = cut(&inside, self.span, self.style.charset);
                let fill = self.span - width(&inside);
                let between = gap.repeat(fill / 2) + &inside + &gap.repeat(fill - fill / 2);
                ([at.as_str(), at.as_str()], [lifeline, lifeline], between)
            }
        };
        let between = self.style.paint(ink, &between);
        self.beside(out, times, ends, &between, (ink, outside))
    }

    fn left_out(&self, left_out: LeftOut, out: &mut dyn Write) -> io::Result<()> {
        if left_out.is_none() {
            return Ok(());
        }
        let mut parts = Vec::new();
        if left_out.frames > 0 {
            parts.push(count(left_out.frames, "frame"));
        }
        if left_out.retransmissions > 0 {
            parts.push(format!("{} of them", count(left_out.retransmissions, "retransmission")));
        }
        if left_out.notes > 0 {
            parts.push(count(left_out.notes, "note"));
        }
        let text = format!(
            "{} left out, from {} s to {} s",
            parts.join(", "),
            seconds(left_out.from),
            seconds(left_out.to)
        );
        let text = self.style.paint(Ink::Warning, &text);
        self.line(out, ["", ""], [self.pen.left_out; 2], &" ".repeat(self.span), &text)
    }
}

fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(number)) }
}

/// The names of the links between two hosts.
fn links(topology: &Topology, left: NodeId, right: NodeId) -> String {
    let between = topology.links_of(left).filter(|link| link.ends.iter().any(|(end, _)| *end == right));
    let names: Vec<&str> = between.map(|link| link.name.as_str()).collect();
    names.join(", ")
}

/// Whether hosts drop frames for this reason all the time, and nothing is wrong.
fn is_ordinary(reason: DropReason) -> bool {
    matches!(reason, DropReason::ArpNotForUs | DropReason::NotForUs | DropReason::IcmpIgnored)
}

/// Seconds to the microsecond; the trace has the nanoseconds.
fn seconds(at: Instant) -> String {
    let micros = at.as_micros();
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
