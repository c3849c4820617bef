//! Draws ladders: a lifeline a node, an arrow a frame.

use std::io::{self, Write};

use wirelab_stack::frame::NodeId;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{DropReason, Place};

use super::columns::{Columns, LEAST_TEXT};
use super::rows::{Fate, FrameRow, LeftOut, Row, Side, What};
use super::strip::{Arrow, Head, Pen, Strip};
use super::{LadderRecorder, Part};
use crate::console::{Ink, Style, pad, pad_left, width, wrap};
use crate::tables::grouped;
use crate::topology::Topology;
use crate::words;

/// Nodes that are named where several drop a frame for the same reason.
const MOST_NAMED: usize = 4;
/// Nodes that are named where there is no room for them.
const MOST_LEFT_OUT: usize = 12;

/// Draws all ladders.
///
/// # Errors
/// When `out` cannot be written.
pub fn draw(recorder: &LadderRecorder, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for (part, rows) in &recorder.ladders {
        let all = || rows.iter().map(|(_, row)| row);
        if !recorder.has_lifelines(*part) {
            all().try_for_each(|row| table_alone(&recorder.topology, row, style, out))?;
            writeln!(out)?;
            continue;
        }
        let canvas = Canvas::new(recorder, *part, style, all);
        canvas.head(*part, out)?;
        let mut undrawn = LeftOut::default();
        for (left_out, row) in rows.iter() {
            canvas.left_out(left_out, out)?;
            if canvas.columns.show(row) {
                canvas.row(row, out)?;
            } else {
                undrawn.add(row);
            }
        }
        canvas.left_out(rows.left_out_at_end(), out)?;
        canvas.no_room(undrawn, out)?;
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
    if recorder.narrowed > 0 {
        let frames = count(recorder.narrowed, "frame");
        let text = format!(
            "{frames} of other nodes or connections not drawn (--only); --pcap and --trace write all"
        );
        writeln!(out, "{}\n", style.paint(Ink::Warning, &text))?;
    }
    Ok(())
}

/// A table of a node that is connected with none that has a lifeline.
fn table_alone(topology: &Topology, row: &Row, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let What::Table { node, kind, lines } = &row.what else { return Ok(()) };
    let at = seconds(row.at);
    writeln!(out, "{}  {}", style.paint(Ink::Dim, &at), table_title(topology, *node, kind, lines, style))?;
    lines.iter().try_for_each(|line| writeln!(out, "{}  {}", pad("", at.len() + 2), style.charset.show(line)))
}

/// What a table is headed with.
fn table_title(topology: &Topology, node: NodeId, kind: &str, lines: &[String], style: &Style) -> String {
    let name = style.charset.show(topology.host(node));
    let nothing = if lines.is_empty() { ": (nothing)" } else { "" };
    style.paint(Ink::Heading, &format!("{kind} of {name}{nothing}"))
}

/// One ladder's measures.
struct Canvas<'a> {
    topology: &'a Topology,
    style: &'a Style,
    pen: Pen,
    columns: Columns,
    /// Columns of a time.
    time: usize,
    /// Columns of the layer's name.
    layer: usize,
    /// Columns of the cause.
    cause: usize,
}

impl<'a> Canvas<'a> {
    fn new<'r, R: Iterator<Item = &'r Row>>(
        recorder: &'a LadderRecorder,
        part: Part,
        style: &'a Style,
        rows: impl Fn() -> R,
    ) -> Self {
        let (mut time, mut layer, mut longest) = (0, 0, 0);
        for row in rows() {
            time = time.max(seconds(row.at).len());
            if let What::Frame(frame) = &row.what {
                let arrivals = frame.fates.iter().filter_map(Fate::arrival).map(|(_, at)| seconds(at).len());
                time = arrivals.fold(time, usize::max);
                layer = layer.max(frame.layer.len());
                longest = longest.max(width(&style.charset.show(&cause(frame))));
            }
        }
        let columns = Columns::new(recorder, part, rows(), style, time);
        let pen = Pen::of(style.charset);
        Self { topology: &recorder.topology, style, pen, columns, time, layer, cause: longest }
    }

    fn head(&self, part: Part, out: &mut dyn Write) -> io::Result<()> {
        let heads = self.columns.heads(self.style);
        let mut line = String::new();
        let mut ends = Vec::new();
        for (at, name) in &heads {
            let at = (at + self.time as isize + 1).max(0) as usize;
            line = pad(&line, at.max(if line.is_empty() { 0 } else { width(&line) + 1 })) + name;
            ends.push((width(&line) - width(name), width(&line)));
        }
        // Between two there is room for what joins them.
        if let [(_, left), (right, _)] = ends[..] {
            let link = self.style.charset.show(&self.joined_by(part));
            let middle = (left + right).saturating_sub(width(&link)) / 2;
            if middle > left && middle + width(&link) < right {
                line = pad(&(pad(&heads[0].1, 0)), 0);
                line = pad("", ends[0].0) + &line;
                line = pad(&(pad(&line, middle) + &link), right) + &heads[1].1;
            }
        }
        let mut line = pad(&line, self.text_column());
        let sent = "seconds: sent on the left, arrived on the right";
        let fits = self.room().is_none_or(|room| sent.len() <= room);
        let sent = if self.columns.len() > 2 && fits { sent } else { "times in seconds" };
        line.push_str(sent);
        writeln!(out, "{}", self.style.paint(Ink::Heading, line.trim_end()))
    }

    /// What joins the only two lifelines.
    fn joined_by(&self, part: Part) -> String {
        let Part::Network(_) = part else { return "loopback".to_owned() };
        if self.columns.has_stand_in() {
            return String::new();
        }
        let mut nodes =
            self.topology.hosts().map(|(node, _)| node).filter(|node| self.columns.of(*node).is_some());
        match (nodes.next(), nodes.next()) {
            (Some(one), Some(other)) => links(self.topology, one, other),
            _ => String::new(),
        }
    }

    /// Where text begins, in columns.
    fn text_column(&self) -> usize {
        self.time * 2 + self.columns.width() + 4
    }

    /// Columns that are left for text, where the terminal has an end.
    fn room(&self) -> Option<usize> {
        self.style.width.map(|columns| columns.saturating_sub(self.text_column()))
    }

    fn row(&self, row: &Row, out: &mut dyn Write) -> io::Result<()> {
        match &row.what {
            What::Frame(frame) => self.frame(row.at, frame, out),
            What::Note { side, ink, text } => self.note(row.at, *side, *ink, text, out),
            What::Table { node, kind, lines } => self.table(row.at, *node, kind, lines, out),
        }
    }

    /// Lifelines with nothing between them.
    fn strip(&self) -> Strip<'_> {
        Strip::new(&self.columns, &self.pen, self.style, self.pen.lifeline)
    }

    /// A line: a time on the left, the lifelines, a time on the right, text.
    fn line(&self, out: &mut dyn Write, times: [&str; 2], strip: &Strip<'_>, text: &str) -> io::Result<()> {
        let left = self.style.paint(Ink::Dim, &pad_left(times[0], self.time));
        let right = self.style.paint(Ink::Dim, times[1]) + &pad("", self.time - width(times[1]));
        let line = format!("{left} {} {right}  {text}", strip.paint(self.style));
        writeln!(out, "{}", line.trim_end())
    }

    /// The times of a frame that leaves column `from` at `sent`: with two lifelines each stands at its own.
    fn times<'t>(&self, from: usize, sent: &'t str, arrived: &'t str) -> [&'t str; 2] {
        if self.columns.len() == 2 && from == 1 { [arrived, sent] } else { [sent, arrived] }
    }

    fn frame(&self, at: Instant, frame: &FrameRow, out: &mut dyn Write) -> io::Result<()> {
        let (first, copies) = split(&frame.fates);
        let from = self.ends(frame, first.first().copied()).0;
        let mut strip = self.strip();
        let later = self.arrows(&mut strip, frame, &first);
        let sent = seconds(at);
        let arrived = first.iter().find_map(|fate| fate.arrival()).map(|(_, at)| seconds(at));
        let times = self.times(from, &sent, arrived.as_deref().unwrap_or_default());
        let texts = self.texts(frame, &first);
        self.line(out, times, &strip, &texts[0])?;
        for text in &texts[1..] {
            self.line(out, ["", ""], &self.strip(), text)?;
        }
        for (copy, fate) in
            later.into_iter().map(|fate| (false, fate)).chain(copies.into_iter().map(|fate| (true, fate)))
        {
            let mut strip = self.strip();
            let again =
                FrameRow { label: if copy { "copy".into() } else { frame.label.clone() }, ..frame.clone() };
            self.one_arrow(&mut strip, &again, Some(fate), copy);
            let arrived = fate.arrival().map(|(_, at)| seconds(at)).unwrap_or_default();
            let words = if copy { self.style.charset.show(&self.words(&[fate])) } else { String::new() };
            self.beside(out, self.times(from, "", &arrived), &strip, (Ink::Warning, &words))?;
        }
        Ok(())
    }

    /// Draws the arrows of a frame; returns the fates that need a line of their own.
    fn arrows<'f>(&self, strip: &mut Strip<'_>, frame: &FrameRow, first: &[&'f Fate]) -> Vec<&'f Fate> {
        let Some(from) = self.columns.of(frame.from) else {
            self.one_arrow(strip, frame, first.first().copied(), false);
            return first.iter().skip(1).copied().collect();
        };
        let column = |fate: &Fate| {
            let (node, _) = fate.arrival()?;
            self.columns.of_receiver(node).filter(|column| *column != from)
        };
        let reached: Vec<(usize, &Fate)> =
            first.iter().filter_map(|fate| Some((column(fate)?, *fate))).collect();
        if reached.len() < 2 {
            // What reached somebody is drawn rather than what did not.
            let main = reached.first().map(|(_, fate)| *fate).or(first.first().copied());
            self.one_arrow(strip, frame, main, false);
            return Vec::new();
        }
        let cell = |column: usize| self.columns.cell(column);
        for rightwards in [true, false] {
            let side = || reached.iter().filter(|(column, _)| (*column > from) == rightwards);
            let Some((farthest, fate)) = side().max_by_key(|(column, _)| column.abs_diff(from)) else {
                continue;
            };
            let nearest = side().map(|(column, _)| *column).min_by_key(|column| column.abs_diff(from));
            strip.arrow(&Arrow {
                from: cell(from),
                to: cell(*farthest),
                first: cell(nearest.unwrap_or(*farthest)),
                label: &frame.label,
                head: head_of(fate),
                copy: false,
                sender: None,
            });
            for (column, fate) in side().filter(|(column, _)| column != farthest) {
                strip.head(cell(from), cell(*column), head_of(fate));
            }
        }
        Vec::new()
    }

    /// From which column to which an arrow leads. A node without one is beside whom it speaks with.
    fn ends(&self, frame: &FrameRow, fate: Option<&Fate>) -> (usize, usize) {
        let columns = &self.columns;
        let last = columns.len() - 1;
        let beside = |column: usize| if column < last { column + 1 } else { column - 1 };
        let to = fate.and_then(Fate::arrival).and_then(|(node, _)| columns.of_receiver(node));
        let goal = match fate {
            Some(Fate::Lost { towards, .. }) => *towards,
            _ => frame.towards,
        };
        match (columns.of(frame.from), to) {
            (Some(from), Some(to)) if from != to => (from, to),
            (Some(from), _) => {
                let goal = goal.and_then(|node| columns.of_receiver(node)).filter(|goal| *goal != from);
                (from, goal.unwrap_or_else(|| beside(from)))
            }
            (None, Some(to)) if columns.has_stand_in() || to == 0 => (beside(to), to),
            (None, Some(to)) => (to - 1, to),
            (None, None) => (0, 1),
        }
    }

    /// Draws one arrow.
    fn one_arrow(&self, strip: &mut Strip<'_>, frame: &FrameRow, fate: Option<&Fate>, copy: bool) {
        let columns = &self.columns;
        let reached = fate.and_then(Fate::arrival).map(|(node, _)| node);
        let beyond = reached.filter(|node| columns.of_receiver(*node).is_none());
        let beyond = beyond.map(|node| self.topology.host(node));
        let sender = columns.of(frame.from).is_none().then(|| self.topology.host(frame.from));
        let head = match (fate, beyond) {
            (Some(Fate::Arrived { .. }), Some(_)) if columns.has_stand_in() => Head::Taken,
            (Some(Fate::Arrived { .. }), Some(name)) => Head::Beyond(name),
            (Some(Fate::Refused { reason, .. }), Some(_)) => Head::Lost(*reason),
            (Some(Fate::Refused { node, reason, .. }), None) if *node == frame.from => Head::Lost(*reason),
            (Some(fate), _) => head_of(fate),
            (None, _) => Head::Open,
        };
        let (from, to) = self.ends(frame, fate);
        let (from, to) = (columns.cell(from), columns.cell(to));
        let sender = sender.filter(|_| !columns.has_stand_in());
        strip.arrow(&Arrow { from, to, first: to, label: &frame.label, head, copy, sender });
    }

    /// A line whose text is broken beside the lifelines where the terminal ends.
    fn beside(
        &self,
        out: &mut dyn Write,
        times: [&str; 2],
        strip: &Strip<'_>,
        (ink, text): (Ink, &str),
    ) -> io::Result<()> {
        let room = self.room().unwrap_or(usize::MAX).max(LEAST_TEXT);
        let mut lines = wrap(text, room).into_iter().map(|line| self.style.paint(ink, &line));
        let first = lines.next().unwrap_or_default();
        self.line(out, times, strip, &first)?;
        for line in lines {
            self.line(out, ["", ""], &self.strip(), &line)?;
        }
        Ok(())
    }

    /// Where and why copies of a frame were dropped; who drops for the same reason is named together.
    fn words(&self, fates: &[&Fate]) -> String {
        let mut groups: Vec<(Place, DropReason, Vec<&str>)> = Vec::new();
        let mut all = Vec::new();
        for fate in fates {
            match fate {
                Fate::Arrived { .. } => {}
                Fate::Lost { link, place, reason, .. } => all.push(words::drop(link, *place, *reason)),
                Fate::Refused { node, place, reason, .. } => {
                    let name = self.topology.host(*node);
                    match groups.iter_mut().find(|(at, why, _)| (at, why) == (place, reason)) {
                        Some((_, _, names)) => names.push(name),
                        None => groups.push((*place, *reason, vec![name])),
                    }
                }
            }
        }
        all.extend(groups.into_iter().map(|(place, reason, names)| {
            let named = names[..names.len().min(MOST_NAMED)].join(", ");
            match names.len().saturating_sub(MOST_NAMED) {
                0 => words::drop(&named, place, reason),
                more => words::drop(&format!("{named} and {more} more"), place, reason),
            }
        }));
        all.join("; ")
    }

    /// Layer, cause, summary and remarks, in as many lines as the terminal's width asks for.
    fn texts(&self, frame: &FrameRow, first: &[&Fate]) -> Vec<String> {
        let show = |text: &str| self.style.charset.show(text);
        let (layer, cause) = (pad(frame.layer, self.layer), show(&cause(frame)));
        let mut remarks: Vec<String> = frame.remarks.iter().map(|remark| show(remark)).collect();
        match first {
            [] => remarks.push("under way when the run ended".into()),
            fates => remarks.extend(Some(show(&self.words(fates))).filter(|words| !words.is_empty())),
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
                if self.layer + 1 + width(&cause) > room {
                    let broken = wrap(&format!("{layer} {cause}"), room);
                    lines = broken.iter().map(|line| paint(Ink::Cause, line)).collect();
                }
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
        let at = seconds(at);
        let text = self.style.charset.show(text);
        let room = self.columns.span.saturating_sub(2);
        let fits = width(&text) <= room;
        // Between the lifelines where it fits, beside them where not.
        let mut outside = if fits { "" } else { text.as_str() };
        let mut strip = self.strip();
        let ends = match side {
            Side::Node(node) => [self.columns.of(node), None],
            Side::Link(one, other) => [self.columns.of(one), self.columns.of(other)],
        };
        let times = match ends {
            [Some(one), Some(other)] => {
                let (one, other) = (one.min(other), one.max(other));
                let inside = if fits { format!(" {text} ") } else { std::mem::take(&mut outside).to_owned() };
                strip.bridge(self.columns.cell(one), self.columns.cell(other), &inside, ink);
                if self.columns.len() == 2 { [at.as_str(), at.as_str()] } else { [at.as_str(), ""] }
            }
            [Some(column), None] | [None, Some(column)] => {
                let cell = self.columns.cell(column);
                strip.put(cell, self.pen.point, Ink::Plain);
                let last = column + 1 == self.columns.len();
                if fits && last {
                    strip.put(cell - 1 - width(&text), &text, ink);
                } else if fits {
                    strip.put(cell + 2, &text, ink);
                }
                self.times(column, &at, "")
            }
            [None, None] => [at.as_str(), ""],
        };
        self.beside(out, times, &strip, (ink, outside))
    }

    /// A table: beside the lifelines where its lines fit there, below its name in the whole width where not.
    fn table(
        &self,
        at: Instant,
        node: NodeId,
        kind: &str,
        lines: &[String],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let title = table_title(self.topology, node, kind, lines, self.style);
        let show = |line: &String| self.style.charset.show(line);
        let lines: Vec<String> = lines.iter().map(show).collect();
        let column = self.columns.of(node);
        let mut strip = self.strip();
        if let Some(column) = column {
            strip.put(self.columns.cell(column), self.pen.point, Ink::Plain);
        }
        let at = seconds(at);
        self.line(out, self.times(column.unwrap_or(0), &at, ""), &strip, &title)?;
        let longest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
        let fits = self.room().is_none_or(|room| longest + 2 <= room);
        for line in &lines {
            if fits {
                self.line(out, ["", ""], &self.strip(), &format!("  {line}"))?;
            } else {
                writeln!(out, "    {line}")?;
            }
        }
        Ok(())
    }

    fn left_out(&self, left_out: LeftOut, out: &mut dyn Write) -> io::Result<()> {
        if left_out.is_none() {
            return Ok(());
        }
        let from_to = format!("left out, from {} s to {} s", seconds(left_out.from), seconds(left_out.to));
        let text = self.style.paint(Ink::Warning, &format!("{} {from_to}", counted(left_out)));
        let strip = Strip::new(&self.columns, &self.pen, self.style, self.pen.left_out);
        self.line(out, ["", ""], &strip, &text)
    }

    /// Says for whom there was no room, and how much is not drawn therefore.
    fn no_room(&self, undrawn: LeftOut, out: &mut dyn Write) -> io::Result<()> {
        if self.columns.left_out.is_empty() {
            return Ok(());
        }
        let left_out = &self.columns.left_out;
        let mut names = left_out[..left_out.len().min(MOST_LEFT_OUT)].join(", ");
        if left_out.len() > MOST_LEFT_OUT {
            names = format!("{names} and {} more", left_out.len() - MOST_LEFT_OUT);
        }
        let rows = if undrawn.is_none() { "nothing".to_owned() } else { counted(undrawn) };
        let text = format!("no room for {names}, and {rows} of theirs: --only draws the nodes that it names");
        for line in wrap(&text, self.style.width.unwrap_or(usize::MAX)) {
            writeln!(out, "{}", self.style.paint(Ink::Warning, &line))?;
        }
        Ok(())
    }
}

/// The first fate of a frame at each station, or what became of it on its way if it reached nobody; and the others,
/// which are those of copies.
fn split(fates: &[Fate]) -> (Vec<&Fate>, Vec<&Fate>) {
    let (mut first, mut copies): (Vec<&Fate>, Vec<&Fate>) = (Vec::new(), Vec::new());
    let mut lost = false;
    for fate in fates {
        let repeated = match fate.arrival() {
            Some((node, _)) => {
                first.iter().any(|seen| seen.arrival().is_some_and(|(reached, _)| reached == node))
            }
            // A link loses a frame once; a second time it is a copy's.
            None => std::mem::replace(&mut lost, true),
        };
        if repeated {
            copies.push(fate);
        } else {
            first.push(fate);
        }
    }
    // To one station: what was first is the frame's, and the rest its copies'.
    let stations = first.iter().filter(|fate| fate.arrival().is_some()).count();
    if stations == 1 && first.len() > 1 {
        copies.insert(0, first.remove(1));
    }
    (first, copies)
}

fn head_of(fate: &Fate) -> Head<'static> {
    match fate {
        Fate::Arrived { .. } => Head::Taken,
        Fate::Refused { reason, .. } => Head::Refused(*reason),
        Fate::Lost { reason, .. } => Head::Lost(*reason),
    }
}

/// Why a frame was sent; where it was forwarded, also why it exists at all.
fn cause(frame: &FrameRow) -> String {
    match frame.origin {
        Some(origin) => format!("{} {}", frame.cause.name(), words::cause(origin)),
        None => words::cause(frame.cause),
    }
}

fn counted(left_out: LeftOut) -> String {
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
    parts.join(", ")
}

fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(number)) }
}

/// The names of the links between two nodes.
fn links(topology: &Topology, left: NodeId, right: NodeId) -> String {
    let between = topology.links_of(left).filter(|link| link.ends.iter().any(|(end, _)| *end == right));
    let names: Vec<&str> = between.map(|link| link.name.as_str()).collect();
    names.join(", ")
}

/// Seconds to the microsecond; the trace has the nanoseconds.
fn seconds(at: Instant) -> String {
    let micros = at.as_micros();
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
