//! What happens at a given time.

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_sim::Show;

use super::link::{DirectionName, Settings, StageName};
use crate::document::{Kind, Node};
use crate::near;
use crate::read::{List, Name, Read, Reader, record};
use crate::units::Moment;

record! {
    /// Something that happens at a given time: one of `cut`, `restore` or `change` to a link, `crash` or `restart` to a
    /// host, or `show`.
    pub struct Event ("an event") {
        /// When it happens; `"end"`, for `show`, when the run has ended.
        at: required Moment,
        /// The link that is cut: what is under way on it, or comes to it, is lost.
        cut: optional Name,
        /// The link that carries frames again.
        restore: optional Name,
        /// The link whose settings change to those given here; others stay as they are.
        change: optional Name,
        /// The host that loses its power: what its applications did and all that it knew is gone, and nobody is told.
        crash: optional Name,
        /// The host that starts, with its applications in the background and with nothing else but its files; one that is up
        /// crashes first.
        restart: optional Name,
        /// The direction whose settings change; both where left out.
        direction: optional DirectionName,
        /// The stages that are taken out of the link.
        remove: optional List<StageName>,
        /// The tables that are shown.
        show: optional List<ShowWord>,
        /// The host whose tables are shown; every host's where neither `host` nor `switch` is given.
        host: optional Name,
        /// The switch whose tables are shown; every switch's where neither `host` nor `switch` is given.
        switch: optional Name,
        /// The settings that change.
        settings: flatten Settings,
    }
}

/// A kind of table, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShowWord(pub Show);

fn words() -> impl Iterator<Item = &'static str> + Clone {
    Show::ALL.iter().map(|show| show.name())
}

impl Read for ShowWord {
    fn expected() -> String {
        near::or_list(words())
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let Kind::Text(text) = &node.kind else {
            reader.wrong_kind::<Self>(node);
            return None;
        };
        let found = Show::from_name(text);
        if found.is_none() {
            reader.unknown(node.span, "table", text, words());
        }
        found.map(Self)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": words().collect::<Vec<_>>() })
    }
}
