//! What is expected of a run.

use schemars::{Schema, SchemaGenerator, json_schema};

use wirelab_stack::addr::Cidr;
use wirelab_stack::application::smtp::codec::address::Address;

use super::link::DirectionName;
use crate::document::{Kind, Node, Table};
use crate::read::{At, List, Name, Place, Read, Reader, choice, record};
use crate::schema::named;
use crate::units::{HostFile, Port, Size, Span};

record! {
    /// What is expected of one subject: an `application`, the TCP `connection`s of a host, a `host`, a `switch`,
    /// a `hub`, a `link`, a `file`, the `mail` in a store, or the run's `outcome`.
    pub struct Expect ("an expectation") {
        /// The application that it is about.
        application: optional Name,
        /// The host whose TCP connections it is about; each of them must be as expected.
        connection: optional Name,
        /// The host that it is about.
        host: optional Name,
        /// The switch that it is about.
        switch: optional Name,
        /// The hub that it is about.
        hub: optional Name,
        /// The link that it is about: both directions together, unless `direction` says which.
        link: optional Name,
        /// The file that it is about, with its host, when the run ends.
        file: optional HostFile,
        /// The directory where an SMTP server stores mail, with its host: the messages there when the run ends.
        mail: optional HostFile,
        /// How the run ends; `completed` where no expectation says otherwise.
        outcome: optional OutcomeWord,

        /// Of an application: the text that it received, all of it.
        received_text: optional String,
        /// Of an application: the SHA-256, in hexadecimal, of all octets that it received.
        received_sha256: optional Sha256,
        /// Of an application: the application whose sent octets are what this one received, all of them.
        received_from: optional Name,
        /// Of an application: how many octets it received.
        received_bytes: optional Bounds,
        /// Of an application: how many octets it sent.
        sent_bytes: optional Bounds,
        /// Of an application: how it is when the run ends.
        state: optional StateWord,
        /// Of an application: it ended as it meant to, before this time.
        finished_before: optional Span,
        /// Of an application: it failed, with an error of this name (`ECONNREFUSED`) or this text.
        error: optional String,
        /// Of an application: it said this, in one of its lines.
        said: optional String,

        /// Of an application: the answers that it had, in order: these and no others.
        answers: optional List<String>,
        /// Of an HTTP client: the status of each response that it ended with, in order: one, or a list.
        status: optional Statuses,
        /// Of an HTTP client: the SHA-256, in hexadecimal, of the last response's body.
        body_sha256: optional Sha256,

        /// Of a file: another that has the same octets. Of mail: the file whose text the messages have.
        same_as: optional HostFile,
        /// Of a file: the SHA-256, in hexadecimal, of its octets.
        sha256: optional Sha256,
        /// Of a file: this text, all of it.
        text: optional String,
        /// Of a file: how many octets it has.
        length: optional Bounds,
        /// Of a file: whether there is one.
        exists: optional bool,

        /// Of mail: only messages from this sender.
        sender: optional Address,
        /// Of mail: only messages for this recipient.
        recipient: optional Address,

        /// Of connections: only those with this port at either end.
        port: optional Port,
        /// Of connections: how they ended.
        ended: optional EndingWord,
        /// Of connections: how many there were. Of mail: how many such messages there are; 1 where left out.
        count: optional Bounds,

        /// Of a host: the interface whose counters it is about.
        interface: optional Name,
        /// Of a host: its addresses when the run ends, in any order: these and no others.
        addresses: optional List<Cidr>,

        /// Of a link: the direction that it is about.
        direction: optional DirectionName,

        /// Of connections, a host, a switch, a hub or a link: counters by name, with their bounds.
        counters: optional CounterBounds,
    }
}

choice! {
    /// How a run ends.
    pub enum OutcomeWord ("outcome") {
        /// All applications ended.
        Completed = "completed",
        /// Applications waited for what could not happen.
        Deadlock = "deadlock",
        /// `stop.until` was reached.
        TimeLimit = "time-limit",
        /// `stop.max_events` was reached.
        EventLimit = "event-limit",
    }
}

choice! {
    /// How an application is when the run ends.
    pub enum StateWord ("state") {
        /// It had not begun.
        Waiting = "waiting",
        /// It was running.
        Running = "running",
        /// It ended as it meant to.
        Finished = "finished",
        /// It ended with an error.
        Failed = "failed",
    }
}

choice! {
    /// How a connection ended.
    pub enum EndingWord ("ending") {
        /// It has not.
        Open = "open",
        /// Both directions were closed and acknowledged.
        Clean = "clean",
        /// The peer reset it.
        Reset = "reset",
        /// This end aborted it.
        Aborted = "aborted",
        /// The peer refused it.
        Refused = "refused",
        /// No answer came in time.
        TimedOut = "timed-out",
        /// The peer could not be reached.
        Unreachable = "unreachable",
    }
}

/// A SHA-256 in lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sha256(pub String);

impl Read for Sha256 {
    fn expected() -> String {
        "a SHA-256: 64 hexadecimal digits".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        if text.len() != 64 || !text.bytes().all(|octet| octet.is_ascii_hexdigit()) {
            let message = format!("these are {} characters, or not all hexadecimal", text.chars().count());
            reader.wrong(node, message, Self::expected());
            return None;
        }
        Some(Self(text.to_ascii_lowercase()))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9A-Fa-f]{64}$" })
    }
}

/// The statuses of responses: one, or a list.
#[derive(Clone, Debug)]
pub struct Statuses(pub Vec<u16>);

impl Read for Statuses {
    fn expected() -> String {
        "a status such as 200, or a list of several".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let list = match &node.kind {
            Kind::Integer(_) => vec![u16::read(reader, node)?],
            Kind::List(_) => List::<u16>::read(reader, node)?.0.into_iter().map(|at| at.value).collect(),
            _ => {
                reader.wrong_kind::<Self>(node);
                return None;
            }
        };
        if let Some(wrong) = list.iter().find(|status| !(100..=599).contains(*status)) {
            reader.wrong(node, format!("{wrong} is not a status"), "100 to 599");
            return None;
        }
        Some(Self(list))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        let status = json_schema!({ "type": "integer", "minimum": 100, "maximum": 599 });
        json_schema!({ "anyOf": [status, { "type": "array", "items": status }] })
    }
}

record! {
    /// Bounds of a number.
    pub struct BoundsTable ("bounds") {
        /// It is at least this.
        min: optional Size,
        /// It is at most this.
        max: optional Size,
        /// It is exactly this.
        equals: optional Size,
    }
}

/// Bounds of a number, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

impl Bounds {
    /// Whether `value` lies within.
    pub fn hold(self, value: u64) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// What is expected, to follow the name of a number: `is 3`, `is at least 3`.
    pub fn describe(self) -> String {
        match (self.min, self.max) {
            (min, max) if min == max => format!("is {min}"),
            (0, max) => format!("is at most {max}"),
            (min, u64::MAX) => format!("is at least {min}"),
            (min, max) => format!("is from {min} to {max}"),
        }
    }
}

impl Read for Bounds {
    fn expected() -> String {
        "a number, or a table with `min`, `max` or both, such as { min = 1 }".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let Kind::Table(_) = node.kind else {
            if matches!(node.kind, Kind::Integer(_) | Kind::Text(_)) {
                return Size::read(reader, node).map(|exact| Self { min: exact.0, max: exact.0 });
            }
            reader.wrong_kind::<Self>(node);
            return None;
        };
        let table = BoundsTable::read(reader, node)?;
        let value = |field: Option<At<Size>>| field.map(|at| at.value.0);
        let bounds = match (value(table.min), value(table.max), value(table.equals)) {
            (None, None, Some(exact)) => Some(Self { min: exact, max: exact }),
            (None, None, None) | (_, _, Some(_)) => None,
            (min, max, None) => Some(Self { min: min.unwrap_or(0), max: max.unwrap_or(u64::MAX) }),
        };
        let bounds = bounds.filter(|bounds| bounds.min <= bounds.max);
        if bounds.is_none() {
            let allowed = "`equals` alone, or `min` and `max` with `min` the smaller";
            reader.wrong(node, "no number can be like that", allowed);
        }
        bounds
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let forms = [Size::schema(generator), BoundsTable::schema(generator)];
        json_schema!({ "anyOf": forms })
    }
}

/// Counters by name, with their bounds.
#[derive(Clone, Debug)]
pub struct CounterBounds(pub Vec<CounterBound>);

/// A counter with its bounds.
#[derive(Clone, Debug)]
pub struct CounterBound {
    /// The counter's name, which is checked where it is known whose counter it is.
    pub name: String,
    /// Where the name stands.
    pub place: Place,
    /// The bounds.
    pub bounds: Bounds,
}

impl Read for CounterBounds {
    fn expected() -> String {
        "a table of counters, such as { dropped_frames = 0, sent_bytes = { min = 1 }, ip.reasm_fails = 1 }"
            .to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let Kind::Table(table) = &node.kind else {
            reader.wrong_kind::<Self>(node);
            return None;
        };
        let mut all = Vec::with_capacity(table.0.len());
        let good = read_counters(reader, table, "", &mut all);
        good.then_some(Self(all))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        named(generator, "CounterBounds", |generator| {
            let bounds = Bounds::schema(generator);
            let group = json_schema!({ "type": "object", "additionalProperties": bounds });
            json_schema!({ "type": "object", "additionalProperties": { "anyOf": [bounds, group] } })
        })
    }
}

/// Reads counters whose names begin with `prefix`: `"ip.reasm_fails" = 1` is `ip.reasm_fails = 1`, which is TOML for a
/// table `ip`. Whether all was well.
fn read_counters(reader: &mut Reader, table: &Table, prefix: &str, all: &mut Vec<CounterBound>) -> bool {
    let mut good = true;
    for entry in &table.0 {
        let name = format!("{prefix}{}", entry.key);
        good &= reader.within(&entry.key, |reader| match &entry.node.kind {
            Kind::Table(group) if !is_bounds(group) && prefix.is_empty() => {
                read_counters(reader, group, &format!("{name}."), all)
            }
            _ => {
                let place = reader.place(entry.key_span);
                let bounds = Bounds::read(reader, &entry.node);
                all.extend(bounds.map(|bounds| CounterBound { name, place, bounds }));
                bounds.is_some()
            }
        });
    }
    good
}

/// Whether a table is meant to be bounds, and no group of counters.
fn is_bounds(table: &Table) -> bool {
    table.0.is_empty() || table.0.iter().any(|entry| ["min", "max", "equals"].contains(&entry.key.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_say_what_they_are() {
        let bounds = |min, max| Bounds { min, max };
        assert_eq!(bounds(3, 3).describe(), "is 3");
        assert_eq!(bounds(0, 3).describe(), "is at most 3");
        assert_eq!(bounds(3, u64::MAX).describe(), "is at least 3");
        assert_eq!(bounds(3, 4).describe(), "is from 3 to 4");
        assert!(bounds(3, 4).hold(3) && bounds(3, 4).hold(4) && !bounds(3, 4).hold(5));
    }
}
