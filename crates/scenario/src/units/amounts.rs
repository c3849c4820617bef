//! Times, rates, sizes, probabilities, and the limits of queues.

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::rng::Probability;
use wirelab_stack::time::{Duration, Instant};

use super::quantity::{Unit, amount, report, split, unitless};
use crate::document::{Kind, Node};
use crate::read::{Read, Reader};

/// A span of time: `20 ms`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Span(pub Duration);

impl Span {
    const UNITS: &[Unit] = &[
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("us", 1_000),
        ("µs", 1_000),
        ("ns", 1),
        ("min", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];

    /// The point in time that lies this span after the beginning.
    pub fn instant(self) -> Instant {
        Instant::ZERO + self.0
    }
}

impl Read for Span {
    fn expected() -> String {
        "a time such as \"20 ms\", in ns, us, ms, s, min or h".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let (nanos, _) = amount::<Self>(reader, node, Self::UNITS, "nanoseconds")?;
        Some(Self(Duration::from_nanos(nanos)))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^\\s*[0-9][0-9_]*(\\.[0-9_]+)?\\s*(ns|us|µs|ms|s|min|h)\\s*$",
            "examples": ["20 ms", "1.5 s"],
        })
    }
}

/// A span of time that is not empty.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Period(pub Span);

impl Read for Period {
    fn expected() -> String {
        "a time above zero such as \"20 ms\", in ns, us, ms, s, min or h".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let span = Span::read(reader, node)?;
        if span.0.is_zero() {
            reader.wrong(node, "it cannot be zero", Self::expected());
            return None;
        }
        Some(Self(span))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        Span::schema(generator)
    }
}

/// A rate in bits per second: `10 Mbit/s`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate(pub u64);

impl Rate {
    const UNITS: &[Unit] = &[
        ("Mbit/s", 1_000_000),
        ("kbit/s", 1_000),
        ("Gbit/s", 1_000_000_000),
        ("bit/s", 1),
        ("Tbit/s", 1_000_000_000_000),
    ];
}

impl Read for Rate {
    fn expected() -> String {
        "a rate above zero such as \"10 Mbit/s\", in bit/s, kbit/s, Mbit/s, Gbit/s or Tbit/s".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let (bits, _) = amount::<Self>(reader, node, Self::UNITS, "bits per second")?;
        if bits == 0 {
            reader.wrong(node, "a rate of zero lets nothing through", Self::expected());
            return None;
        }
        Some(Self(bits))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^\\s*[0-9][0-9_]*(\\.[0-9_]+)?\\s*[kMGT]?bit/s\\s*$",
            "examples": ["10 Mbit/s"],
        })
    }
}

/// A number of octets: `64 KiB`, or a plain integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size(pub u64);

impl Size {
    const UNITS: &[Unit] = &[
        ("bytes", 1),
        ("byte", 1),
        ("B", 1),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ];
}

impl Read for Size {
    fn expected() -> String {
        "a number of octets such as 1500 or \"64 KiB\", in bytes, kB, MB, GB, KiB, MiB or GiB".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        if let Kind::Integer(number) = node.kind {
            let octets = number.and_then(|number| u64::try_from(number).ok());
            if octets.is_none() {
                reader.wrong(node, "the number is out of range", Self::expected());
            }
            return octets.map(Self);
        }
        Some(Self(amount::<Self>(reader, node, Self::UNITS, "bytes")?.0))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "minimum": 0,
            "pattern": "^\\s*[0-9][0-9_]*(\\.[0-9_]+)?\\s*(bytes|byte|B|kB|MB|GB|KiB|MiB|GiB)\\s*$",
            "examples": ["64 KiB", 1500],
        })
    }
}

/// What a queue holds at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// So many frames.
    Packets(u64),
    /// So many octets.
    Bytes(u64),
}

/// The limit of a queue: `100 packets` or `64 KiB`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueLimit(pub Limit);

impl Read for QueueLimit {
    fn expected() -> String {
        "a limit such as \"100 packets\" or \"64 KiB\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let mut units: Vec<Unit> = vec![("packets", 1), ("packet", 1)];
        units.extend_from_slice(Size::UNITS);
        let (value, unit) = amount::<Self>(reader, node, &units, "packets or bytes")?;
        let limit = if unit.0.starts_with("packet") { Limit::Packets(value) } else { Limit::Bytes(value) };
        Some(Self(limit))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern":
                "^\\s*[0-9][0-9_]*(\\.[0-9_]+)?\\s*(packets|packet|bytes|byte|B|kB|MB|GB|KiB|MiB|GiB)\\s*$",
            "examples": ["100 packets", "64 KiB"],
        })
    }
}

/// A probability: `5 %`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Percent(pub Probability);

impl Percent {
    /// Each unit with how many of it make certainty.
    const UNITS: &[Unit] = &[("%", 100), ("ppm", 1_000_000)];
    /// None at all.
    pub const NONE: Self = Self(Probability::NEVER);
    /// All.
    pub const ALL: Self = Self(Probability::ALWAYS);
}

impl Read for Percent {
    fn expected() -> String {
        "a share from \"0 %\" to \"100 %\", in % or ppm".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let Kind::Text(text) = &node.kind else {
            unitless::<Self>(reader, node, Self::UNITS);
            return None;
        };
        let (number, unit) = match split(text, Self::UNITS) {
            Ok(split) => split,
            Err(fault) => {
                report::<Self>(reader, node, fault);
                return None;
            }
        };
        let Some((numerator, denominator)) = number.over(unit.1) else {
            reader.wrong(node, "the number has too many digits", Self::expected());
            return None;
        };
        if numerator > denominator {
            let message = format!("`{}` is more than all", text.trim().escape_debug());
            reader.wrong(node, message, Self::expected());
            return None;
        }
        Some(Self(Probability::ratio(numerator, denominator)))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^\\s*[0-9][0-9_]*(\\.[0-9_]+)?\\s*(%|ppm)\\s*$",
            "examples": ["5 %"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span as Where;

    fn read<T: Read>(text: &str) -> Result<T, String> {
        let mut reader = Reader::default();
        let node = Node { span: Where::default(), kind: Kind::Text(text.to_owned()) };
        T::read(&mut reader, &node).ok_or_else(|| {
            let problem = &reader.problems[0];
            format!("{} ({})", problem.message, problem.suggestion.as_deref().unwrap_or("-"))
        })
    }

    #[test]
    fn times_are_exact() {
        let nanos = |text: &str| read::<Span>(text).map(|span| span.0.as_nanos());
        assert_eq!(nanos("20 ms"), Ok(20_000_000));
        assert_eq!(nanos("1.5s"), Ok(1_500_000_000));
        assert_eq!(nanos(" 0.001 us "), Ok(1));
        assert_eq!(nanos("2 min"), Ok(120_000_000_000));
        assert_eq!(nanos("0 s"), Ok(0));
        assert!(nanos("0.5 ns").unwrap_err().contains("not a whole number of nanoseconds"));
        assert!(nanos("600000 h").is_ok() && nanos("6000000 h").is_err());
    }

    #[test]
    fn wrong_units_are_recognised() {
        assert_eq!(read::<Span>("20").unwrap_err(), "`20` has no unit (20 ms)");
        assert_eq!(read::<Span>("20 msec").unwrap_err(), "`msec` is not a unit here (20 ms)");
        assert_eq!(read::<Span>("-1 ms").unwrap_err(), "it cannot be negative (-)");
        assert_eq!(read::<Rate>("10 Mbps").unwrap_err(), "`Mbps` is not a unit here (10 Mbit/s)");
        assert_eq!(read::<Rate>("10 mbit/s").unwrap_err(), "`mbit/s` is not a unit here (10 Mbit/s)");
        assert_eq!(read::<QueueLimit>("9 pkts").unwrap_err(), "`pkts` is not a unit here (9 packets)");
        assert!(read::<Rate>("0 bit/s").is_err());
    }

    #[test]
    fn rates_sizes_and_limits_are_read() {
        assert_eq!(read::<Rate>("1.5 Mbit/s"), Ok(Rate(1_500_000)));
        assert_eq!(read::<Size>("64 KiB"), Ok(Size(65_536)));
        assert_eq!(read::<Size>("10 MB"), Ok(Size(10_000_000)));
        assert_eq!(read::<QueueLimit>("100 packets"), Ok(QueueLimit(Limit::Packets(100))));
        assert_eq!(read::<QueueLimit>("64 KiB"), Ok(QueueLimit(Limit::Bytes(65_536))));
        assert!(read::<QueueLimit>("1.5 packets").is_err());
    }

    #[test]
    fn shares_become_thresholds() {
        let threshold = |text: &str| read::<Percent>(text).map(|share| share.0);
        assert_eq!(threshold("5 %"), Ok(Probability::ratio(1, 20)));
        assert_eq!(threshold("0.1%"), Ok(Probability::ratio(1, 1_000)));
        assert_eq!(threshold("100 %"), Ok(Probability::ALWAYS));
        assert_eq!(threshold("0 %"), Ok(Probability::NEVER));
        assert_eq!(threshold("250 ppm"), Ok(Probability::ratio(1, 4_000)));
        assert!(threshold("101 %").unwrap_err().contains("more than all"));
        assert!(threshold("0.05").unwrap_err().contains("no unit"));
        assert!(threshold("0.00000000000000000001 %").is_err());
    }
}
