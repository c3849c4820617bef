//! The tables below the ladder: what applications, connections, hosts and links did, and what was expected.

use std::io::{self, Write};

use wirelab_scenario::{ApplicationReport, ConnectionReport, Counters, Outcome, Report};
use wirelab_stack::host::HostCounters;
use wirelab_stack::time::Instant;

use crate::console::{Charset, Ink, Style, cut, pad, pad_left, width};

/// Columns of a counter table beside its names, where the terminal does not say.
const COLUMNS_A_TABLE: usize = 6;
/// Connections that are shown; `--json` has all.
const MOST_CONNECTIONS: usize = 24;
/// Columns of an application's text.
const MOST_TEXT: usize = 100;

/// 1,234,567
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Prints all tables, and the verdict.
///
/// # Errors
/// When `out` cannot be written.
pub fn print(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut printer = Printer { style, out };
    printer.applications(&report.applications)?;
    printer.connections(&report.connections)?;
    let hosts = report.hosts.iter().map(|host| Column::of_host(&host.name, &host.counters));
    printer.counters("Hosts", &hosts.collect::<Vec<_>>())?;
    for (title, devices) in [("Switches", &report.switches), ("Hubs", &report.hubs)] {
        let devices = devices.iter().map(|device| Column::new([device.name.as_str()], &device.counters));
        printer.counters(title, &devices.collect::<Vec<_>>())?;
    }
    let links = report.links.iter();
    let links =
        links.map(|link| Column::new([&link.name, &link.from, &format!("> {}", link.to)], &link.counters));
    printer.counters("Links", &links.collect::<Vec<_>>())?;
    printer.waiting(report)?;
    printer.not_shown(report)?;
    printer.verdict(report)
}

/// Prints the tables that were shown, where no ladder has them in it.
///
/// # Errors
/// When `out` cannot be written.
pub fn print_shown(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for shown in &report.shown {
        let node = style.charset.show(&shown.node);
        let heading = format!("{} of {node}, at {} s", shown.table, short(shown.time));
        writeln!(out, "{}", style.paint(Ink::Heading, &heading))?;
        for line in &shown.lines {
            writeln!(out, "  {}", style.charset.show(line))?;
        }
        if shown.lines.is_empty() {
            writeln!(out, "  (nothing)")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A column of a counter table: headings one below the other, and the counters.
struct Column {
    headings: Vec<String>,
    values: Vec<(&'static str, u64)>,
}

impl Column {
    fn new<const N: usize>(headings: [&str; N], counters: &Counters) -> Self {
        Self { headings: headings.map(str::to_owned).to_vec(), values: counters.iter().collect() }
    }

    /// Without the plain names: what they count is counted under the documents' names too.
    fn of_host(name: &str, counters: &Counters) -> Self {
        let values = counters.iter().filter(|(name, _)| !HostCounters::PLAIN.contains(name));
        Self { headings: vec![name.to_owned()], values: values.collect() }
    }

    fn value(&self, name: &str) -> u64 {
        self.values.iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| *value)
    }

    fn width(&self) -> usize {
        let headings = self.headings.iter().map(|heading| width(heading));
        let values = self.values.iter().map(|(_, value)| width(&grouped(*value)));
        headings.chain(values).max().unwrap_or(0)
    }
}

struct Printer<'a> {
    style: &'a Style,
    out: &'a mut dyn Write,
}

impl Printer<'_> {
    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", self.style.paint(Ink::Heading, text))
    }

    fn show(&self, text: &str) -> String {
        self.style.charset.show(text)
    }

    /// A table of texts; numbers, by column, stand on the right.
    fn grid(&mut self, head: &[&str], right: &[bool], rows: &[Vec<String>]) -> io::Result<()> {
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                let cells = rows.iter().map(|row| width(&row[column]));
                cells.chain([width(head[column])]).max().unwrap_or(0)
            })
            .collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded = cells.zip(&widths).zip(right).map(|((cell, columns), right)| {
                if *right { pad_left(cell, *columns) } else { pad(cell, *columns) }
            });
            format!("  {}", padded.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
        };
        let headings = line(&mut head.iter().copied());
        writeln!(self.out, "{}", self.style.paint(Ink::Dim, &headings))?;
        for row in rows {
            writeln!(self.out, "{}", line(&mut row.iter().map(String::as_str)))?;
        }
        Ok(())
    }

    fn applications(&mut self, applications: &[ApplicationReport]) -> io::Result<()> {
        if applications.is_empty() {
            return Ok(());
        }
        self.heading("Applications (times in seconds, data in octets)")?;
        let time = |at: Option<Instant>| at.map_or("-".to_owned(), fixed);
        let rows: Vec<Vec<String>> = applications
            .iter()
            .map(|application| {
                let background = if application.background { " (background)" } else { "" };
                vec![
                    self.show(&application.name),
                    self.show(&application.host),
                    application.app.to_owned(),
                    format!("{}{background}", application.state.name()),
                    time(application.started),
                    time(application.ended),
                    grouped(application.sent_bytes),
                    grouped(application.received_bytes),
                ]
            })
            .collect();
        let head = ["name", "host", "app", "state", "began", "ended", "sent", "received"];
        self.grid(&head, &[false, false, false, false, true, true, true, true], &rows)?;
        for application in applications {
            self.texts(application)?;
        }
        writeln!(self.out)
    }

    /// What an application received, said, and why it failed.
    fn texts(&mut self, application: &ApplicationReport) -> io::Result<()> {
        let mut lines = Vec::new();
        if let Some(text) = application.received_text.as_deref().filter(|text| !text.is_empty()) {
            let text = cut(&self.show(text), MOST_TEXT, self.style.charset);
            lines.push((Ink::Plain, format!("received \"{text}\"")));
        }
        lines.extend(application.said.iter().map(|said| (Ink::Plain, self.show(said))));
        if let Some(error) = &application.error {
            lines.push((Ink::Bad, format!("failed: {}", self.show(error))));
        }
        let name = self.show(&application.name);
        for (ink, line) in lines {
            writeln!(self.out, "    {name}: {}", self.style.paint(ink, &line))?;
        }
        Ok(())
    }

    fn connections(&mut self, connections: &[ConnectionReport]) -> io::Result<()> {
        if connections.is_empty() {
            return Ok(());
        }
        let columns = connections.iter().take(MOST_CONNECTIONS).map(|connection| {
            let remote = format!("> {}", connection.remote);
            let state = match connection.ending {
                "open" => connection.state.to_owned(),
                ending => format!("{}, {ending}", connection.state),
            };
            Column::new([&connection.host, &connection.local, &remote, &state], &connection.counters)
        });
        self.counters("Connections", &columns.collect::<Vec<_>>())?;
        match connections.len().saturating_sub(MOST_CONNECTIONS) {
            0 => Ok(()),
            more => writeln!(self.out, "  {more} more connections: --json shows them\n"),
        }
    }

    /// Counters as rows, whose they are as columns; rows without a number are left out.
    fn counters(&mut self, title: &str, columns: &[Column]) -> io::Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        self.heading(title)?;
        let mut rest = columns;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.fitting(rest));
            self.counter_table(now)?;
            rest = later;
        }
        Ok(())
    }

    /// How many columns fit beside the names, at least one.
    fn fitting(&self, columns: &[Column]) -> usize {
        let Some(room) = self.style.width else { return columns.len().min(COLUMNS_A_TABLE) };
        let mut used = 2 + names_width(columns);
        let fitting = columns.iter().take_while(|column| {
            used += 2 + column.width();
            used <= room
        });
        fitting.count().max(1)
    }

    fn counter_table(&mut self, columns: &[Column]) -> io::Result<()> {
        let used = used_names(columns);
        let lines = columns.iter().map(|column| column.headings.len()).max().unwrap_or(0);
        let names = names_width(columns);
        let widths: Vec<usize> = columns.iter().map(Column::width).collect();
        for line in 0..lines {
            let mut text = " ".repeat(2 + names);
            for (column, columns) in columns.iter().zip(&widths) {
                let heading = column.headings.get(line).map_or("", String::as_str);
                text.push_str("  ");
                text.push_str(&pad_left(&self.show(heading), *columns));
            }
            writeln!(self.out, "{}", self.style.paint(Ink::Dim, &text))?;
        }
        for name in &used {
            let mut text = format!("  {}", pad(name, names));
            for (column, columns) in columns.iter().zip(&widths) {
                text.push_str("  ");
                text.push_str(&pad_left(&grouped(column.value(name)), *columns));
            }
            writeln!(self.out, "{text}")?;
        }
        if used.is_empty() {
            writeln!(self.out, "  (all counters are zero)")?;
        }
        writeln!(self.out)
    }

    fn waiting(&mut self, report: &Report) -> io::Result<()> {
        if report.waiting.is_empty() {
            return Ok(());
        }
        self.heading("Waiting when the run ended")?;
        for waiting in &report.waiting {
            let (application, host, what) =
                (self.show(&waiting.application), self.show(&waiting.host), self.show(&waiting.what));
            writeln!(self.out, "  {application} on {host}: waits {what}")?;
        }
        writeln!(self.out)
    }

    fn not_shown(&mut self, report: &Report) -> io::Result<()> {
        if report.not_shown.is_empty() {
            return Ok(());
        }
        self.heading("Not shown, since the run ended before")?;
        for table in &report.not_shown {
            let (node, at) = (self.show(&table.node), short(table.time));
            writeln!(self.out, "  {} of {node}, at {at} s", table.table)?;
        }
        writeln!(self.out)
    }

    fn verdict(&mut self, report: &Report) -> io::Result<()> {
        if !report.expectations.is_empty() {
            self.heading("Expectations")?;
        }
        let (good, bad) = match self.style.charset {
            Charset::Unicode => ("✓", "✗"),
            Charset::Ascii => ("ok    ", "FAILED"),
        };
        for expectation in &report.expectations {
            let text = self.show(&expectation.text);
            let mark = if expectation.held { (Ink::Good, good) } else { (Ink::Bad, bad) };
            let mark = self.style.paint(mark.0, mark.1);
            if expectation.held || expectation.detail.is_empty() {
                writeln!(self.out, "  {mark} {text}")?;
            } else {
                writeln!(self.out, "  {mark} {text}: {}", self.show(&expectation.detail))?;
            }
        }
        if !report.expectations.is_empty() {
            writeln!(self.out)?;
        }
        let ink = if report.held { Ink::Good } else { Ink::Bad };
        let line = self.style.paint(ink, &conclusion(report));
        let seed = format!("seed {}, trace hash {}", report.seed, report.trace_hash);
        writeln!(self.out, "{line}\n{}", self.style.paint(Ink::Dim, &seed))
    }
}

/// One sentence about the whole run.
pub fn conclusion(report: &Report) -> String {
    let ended = match report.outcome {
        Outcome::Completed => "completed",
        Outcome::Deadlock => "deadlock: nothing more can happen",
        Outcome::TimeLimit => "stopped at the time limit",
        Outcome::EventLimit => "stopped at the limit of events",
    };
    let held = report.expectations.iter().filter(|expectation| expectation.held).count();
    let expectations = match (held, report.expectations.len()) {
        (_, 0) => "nothing was expected".to_owned(),
        (1, 1) => "the expectation held".to_owned(),
        (0, 1) => "the expectation failed".to_owned(),
        (held, all) if held == all => format!("all {all} expectations held"),
        (held, all) => format!("{} of {all} expectations failed", all - held),
    };
    let after = short(Instant::ZERO + report.virtual_duration);
    let events = grouped(report.events);
    format!("{}: {ended} after {after} s and {events} events; {expectations}", report.scenario)
}

fn names_width(columns: &[Column]) -> usize {
    used_names(columns).into_iter().map(width).max().unwrap_or(0)
}

/// The names of counters that are not zero everywhere, in their order.
fn used_names(columns: &[Column]) -> Vec<&'static str> {
    let Some(first) = columns.first() else { return Vec::new() };
    let names = first.values.iter().map(|(name, _)| *name);
    names.filter(|name| columns.iter().any(|column| column.value(name) > 0)).collect()
}

/// Seconds to the microsecond.
fn fixed(at: Instant) -> String {
    let micros = at.as_micros();
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Seconds to the microsecond, without zeros at the end.
fn short(at: Instant) -> String {
    fixed(at).trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
