//! A number and a unit in one text.

use super::decimal::{Decimal, DecimalError};
use crate::diagnostic::Problem;
use crate::document::{Kind, Node};
use crate::near;
use crate::read::{Read, Reader};

/// A unit and how many of the smallest unit it is.
pub type Unit = (&'static str, u64);

/// What is wrong with a text that should be a number and a unit.
pub struct Fault {
    message: String,
    suggestion: Option<String>,
}

/// Splits `text` into its number and the factor of its unit, which is one of `units`.
pub fn split(text: &str, units: &[Unit]) -> Result<(Decimal, Unit), Fault> {
    let fault = |message: String, suggestion| Err(Fault { message, suggestion });
    let trimmed = text.trim();
    let (number, rest) = match Decimal::split(trimmed) {
        Ok(split) => split,
        Err(DecimalError::Negative) => return fault("it cannot be negative".to_owned(), None),
        Err(DecimalError::TooLong) => return fault("the number has too many digits".to_owned(), None),
        Err(DecimalError::NoNumber) => {
            return fault(format!("`{}` does not begin with a number", text.escape_debug()), None);
        }
    };
    let typed = rest.trim();
    let written = trimmed[..trimmed.len() - rest.len()].trim();
    if typed.is_empty() {
        let unit = units.first().map(|(name, _)| format!("{written} {name}"));
        return fault(format!("`{written}` has no unit"), unit);
    }
    if let Some(unit) = units.iter().find(|(name, _)| *name == typed) {
        return Ok((number, *unit));
    }
    let near = alias(typed, units).or_else(|| near::miss(typed, units.iter().map(|(name, _)| *name)));
    let message = format!("`{}` is not a unit here", typed.escape_debug());
    fault(message, near.map(|unit| format!("{written} {unit}")))
}

/// The unit that another spelling stands for.
fn alias(typed: &str, units: &[Unit]) -> Option<String> {
    const ALIASES: &[(&str, &str)] = &[
        ("msec", "ms"),
        ("milliseconds", "ms"),
        ("millisecond", "ms"),
        ("usec", "us"),
        ("microseconds", "us"),
        ("nsec", "ns"),
        ("sec", "s"),
        ("secs", "s"),
        ("second", "s"),
        ("seconds", "s"),
        ("m", "min"),
        ("mins", "min"),
        ("minutes", "min"),
        ("minute", "min"),
        ("hour", "h"),
        ("hours", "h"),
        ("hr", "h"),
        ("bps", "bit/s"),
        ("kbps", "kbit/s"),
        ("mbps", "Mbit/s"),
        ("gbps", "Gbit/s"),
        ("kbit", "kbit/s"),
        ("mbit", "Mbit/s"),
        ("gbit", "Gbit/s"),
        ("bits/s", "bit/s"),
        ("b/s", "bit/s"),
        ("kb/s", "kbit/s"),
        ("mb/s", "Mbit/s"),
        ("gb/s", "Gbit/s"),
        ("percent", "%"),
        ("pct", "%"),
        ("octets", "bytes"),
        ("octet", "bytes"),
        ("b", "bytes"),
        ("kb", "kB"),
        ("mb", "MB"),
        ("gb", "GB"),
        ("k", "KiB"),
        ("kib", "KiB"),
        ("mib", "MiB"),
        ("gib", "GiB"),
        ("pkts", "packets"),
        ("pkt", "packets"),
        ("p", "packets"),
        ("frames", "packets"),
    ];
    let lower = typed.to_lowercase();
    let meant = ALIASES.iter().find(|(other, _)| *other == lower).map(|(_, meant)| *meant)?;
    units.iter().any(|(name, _)| *name == meant).then(|| meant.to_owned())
}

/// Reads a text of a number and one of `units` as so many of the smallest; `whole` names the smallest in errors.
pub fn amount<T: Read>(reader: &mut Reader, node: &Node, units: &[Unit], whole: &str) -> Option<(u64, Unit)> {
    let Kind::Text(text) = &node.kind else {
        unitless::<T>(reader, node, units);
        return None;
    };
    let (number, unit) = match split(text, units) {
        Ok(split) => split,
        Err(fault) => {
            report::<T>(reader, node, fault);
            return None;
        }
    };
    let value = number.times(unit.1);
    if value.is_none() {
        let message =
            format!("`{}` is not a whole number of {whole}, or too many", text.trim().escape_debug());
        reader.wrong(node, message, T::expected());
    }
    value.map(|value| (value, unit))
}

/// Reports `fault` at `node`.
pub fn report<T: Read>(reader: &mut Reader, node: &Node, fault: Fault) {
    let problem: Problem = reader.place(node.span).problem(fault.message);
    reader.report(problem.allowed(T::expected()).suggest(fault.suggestion));
}

/// Reports that `node` is no text; where it is a number, that it has no unit.
pub fn unitless<T: Read>(reader: &mut Reader, node: &Node, units: &[Unit]) {
    let number = match &node.kind {
        Kind::Integer(Some(number)) => number.to_string(),
        Kind::Decimal(number) => number.clone(),
        _ => return reader.wrong_kind::<T>(node),
    };
    let suggestion = units.first().map(|(unit, _)| format!("\"{number} {unit}\""));
    report::<T>(reader, node, Fault { message: format!("the number {number} has no unit"), suggestion });
}
