//! A point in time of a run.

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::time::Instant;

use super::Span;
use crate::document::{Kind, Node};
use crate::read::{Read, Reader};

/// When something happens: so long after the beginning, or when the run has ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Moment {
    /// So long after the beginning.
    After(Span),
    /// When the run has ended.
    End,
}

impl Moment {
    /// The instant; the end's lies behind all others.
    pub fn instant(self) -> Instant {
        match self {
            Self::After(span) => span.instant(),
            Self::End => Instant::FAR_FUTURE,
        }
    }
}

impl core::str::FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let node = Node { span: crate::source::Span::default(), kind: Kind::Text(text.to_owned()) };
        let mut reader = Reader::default();
        Self::read(&mut reader, &node).ok_or_else(|| {
            let message = reader.problems.first().map_or("", |problem| &problem.message);
            format!("{message}: it is {}", Self::expected())
        })
    }
}

impl Read for Moment {
    fn expected() -> String {
        format!("{}, or \"end\"", Span::expected())
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        if matches!(&node.kind, Kind::Text(text) if text == "end") {
            return Some(Self::End);
        }
        Span::read(reader, node).map(Self::After)
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let span = Span::schema(generator);
        json_schema!({ "anyOf": [{ "const": "end" }, span] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_the_end() {
        assert_eq!("end".parse(), Ok(Moment::End));
        assert_eq!("1.5s".parse::<Moment>().unwrap().instant(), Instant::from_millis(1_500));
        assert!("soon".parse::<Moment>().unwrap_err().contains("or \"end\""));
        assert!("20 ms".parse::<Moment>().unwrap() < Moment::End);
    }
}
