//! VLANs by their numbers.

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_sim::VlanSet;
use wirelab_stack::interface::vlan::VlanId;

use crate::document::{Kind, Node};
use crate::read::{Read, Reader};

/// The number of a VLAN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vlan(pub VlanId);

impl Read for Vlan {
    fn expected() -> String {
        format!("the number of a VLAN, {} to {}", VlanId::FIRST, VlanId::LAST)
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let Kind::Integer(number) = node.kind else {
            reader.wrong_kind::<Self>(node);
            return None;
        };
        let vlan = number.and_then(|number| u16::try_from(number).ok()).and_then(VlanId::new);
        if vlan.is_none() {
            reader.wrong(node, "there is no VLAN of that number", Self::expected());
        }
        vlan.map(Self)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": VlanId::FIRST.get(), "maximum": VlanId::LAST.get() })
    }
}

/// A set of VLANs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vlans(pub VlanSet);

impl Read for Vlans {
    fn expected() -> String {
        "a list of VLANs such as [10, \"20-29\"], or \"all\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        match &node.kind {
            Kind::Text(text) if text == "all" => Some(Self(VlanSet::all())),
            Kind::List(nodes) => {
                let mut set = VlanSet::none();
                let mut good = true;
                for (index, node) in nodes.iter().enumerate() {
                    match reader.within(&index.to_string(), |reader| one(reader, node)) {
                        Some((first, last)) => set.add(first, last),
                        None => good = false,
                    }
                }
                good.then_some(Self(set))
            }
            _ => {
                reader.wrong_kind::<Self>(node);
                None
            }
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let vlan = Vlan::schema(generator);
        let range = json_schema!({ "type": "string", "pattern": "^\\s*[0-9]+\\s*-\\s*[0-9]+\\s*$" });
        json_schema!({ "anyOf": [{ "const": "all" }, { "type": "array", "items": { "anyOf": [vlan, range] } }] })
    }
}

/// One VLAN, or a range of them.
fn one(reader: &mut Reader, node: &Node) -> Option<(VlanId, VlanId)> {
    let Kind::Text(text) = &node.kind else {
        return Vlan::read(reader, node).map(|vlan| (vlan.0, vlan.0));
    };
    let vlan = |text: &str| text.trim().parse().ok().and_then(VlanId::new);
    let range = text.split_once('-').and_then(|(first, last)| Some((vlan(first)?, vlan(last)?)));
    let range = range.filter(|(first, last)| first <= last);
    if range.is_none() {
        let message = format!("`{}` is not a range of VLANs", text.escape_debug());
        reader.wrong(node, message, "a VLAN such as 10, or a range such as \"20-29\"");
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn node(kind: Kind) -> Node {
        Node { span: Span::default(), kind }
    }

    fn read<T: Read>(kind: Kind) -> Result<T, String> {
        let mut reader = Reader::default();
        T::read(&mut reader, &node(kind)).ok_or_else(|| reader.problems[0].message.clone())
    }

    #[test]
    fn vlans_are_numbers_ranges_or_all() {
        let numbers = [Kind::Integer(Some(10)), Kind::Text("20-29".into()), Kind::Text("11 - 12".into())];
        let set: Vlans = read(Kind::List(numbers.map(node).into())).unwrap();
        assert_eq!(set.0.to_string(), "10-12, 20-29");
        assert_eq!(read(Kind::Text("all".into())), Ok(Vlans(VlanSet::all())));
        for wrong in ["29-20", "0-9", "1-4095", "ten", "-", "10"] {
            assert!(read::<Vlans>(Kind::List(vec![node(Kind::Text(wrong.into()))])).is_err(), "{wrong}");
        }
        for wrong in [0, 4095, 65_546] {
            assert!(read::<Vlan>(Kind::Integer(Some(wrong))).is_err(), "{wrong}");
        }
    }
}
