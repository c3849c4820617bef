//! A small internet drawn at random, as a scenario file: networks in a tree, with more ways between them at times.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use wirelab::stack::frame::NodeId;

/// Nodes at most.
pub const MOST_NODES: usize = 30;
/// The host part of the address that no node has: a stranger may use it, in the first network.
pub const STRANGER: u8 = 250;

/// Which node is in which networks. Whoever is in several forwards between them.
#[derive(Clone, Debug)]
pub struct Topology {
    pub seed: u64,
    /// For each node its networks, each once.
    pub nodes: Vec<Vec<usize>>,
    /// What joins the stations of each network.
    pub media: Vec<Medium>,
    /// Numbers that tests draw from.
    pub picks: Vec<u32>,
}

/// What joins the stations of a network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Medium {
    Switch,
    Hub,
    /// A cable between two; a switch where there are more.
    Cable,
    /// A line without Ethernet between two; a switch where there are more.
    Line,
}

/// A tree or mesh: the node of number `i` below `above.len()` joins network `i + 1` to an earlier one, and so all are
/// joined; the others are anywhere.
pub fn topology() -> impl Strategy<Value = Topology> {
    let sizes = (1_usize..=12, 1_usize..=18);
    sizes.prop_flat_map(|(networks, others)| {
        let above: Vec<_> = (1..networks).map(|network| 0..network).collect();
        let medium = prop_oneof![
            2 => Just(Medium::Switch), 1 => Just(Medium::Hub), 2 => Just(Medium::Cable), 1 => Just(Medium::Line)
        ];
        let extra = proptest::collection::vec((0..networks + others - 1, 0..networks), 0..6);
        let picks = proptest::collection::vec(any::<u32>(), MOST_NODES);
        let media = proptest::collection::vec(medium, networks);
        let others = proptest::collection::vec(0..networks, others);
        (any::<u64>(), above, others, extra, media, picks).prop_map(
            |(seed, above, others, extra, media, picks)| {
                let joints = above.iter().enumerate().map(|(number, above)| vec![*above, number + 1]);
                let mut nodes: Vec<Vec<usize>> =
                    joints.chain(others.into_iter().map(|network| vec![network])).collect();
                for (node, network) in extra {
                    if !nodes[node].contains(&network) {
                        nodes[node].push(network);
                    }
                }
                Topology { seed, nodes, media, picks }
            },
        )
    })
}

/// The address of a node in a network.
pub fn address(network: usize, node: usize) -> String {
    format!("10.{network}.0.{}", node + 1)
}

impl Topology {
    pub fn forwards(&self, node: usize) -> bool {
        self.nodes[node].len() > 1
    }

    /// Who is in a network, and by which interface.
    pub fn members(&self, network: usize) -> Vec<(usize, usize)> {
        let places = self.nodes.iter().enumerate();
        places
            .filter_map(|(node, own)| Some((node, own.iter().position(|other| *other == network)?)))
            .collect()
    }

    /// The medium of a network, as its number of stations allows.
    fn medium(&self, network: usize) -> Medium {
        match (self.media[network], self.members(network).len()) {
            // The first network has room for a stranger.
            (_, _) if network == 0 => Medium::Switch,
            (Medium::Cable | Medium::Line, stations) if stations != 2 => Medium::Switch,
            (medium, _) => medium,
        }
    }

    /// The beginning of a scenario file: nodes with their `routes`, and links.
    pub fn scenario(&self, head: &str, route: impl Fn(usize) -> String) -> String {
        let mut text = format!("seed = {}\n{head}\n", self.seed & 0xffff_ffff);
        for (node, networks) in self.nodes.iter().enumerate() {
            let interfaces = networks.iter().map(|network| {
                let line =
                    if self.medium(*network) == Medium::Line { ", medium = \"point-to-point\"" } else { "" };
                let announce = if line.is_empty() { ", announce = false" } else { "" };
                let known = if *network == 0 {
                    format!(
                        ", neighbor = [{{ address = \"10.0.0.{STRANGER}\", mac = \"02:00:00:00:00:fa\" }}]"
                    )
                } else {
                    String::new()
                };
                format!("{{ addresses = [\"{}/24\"]{announce}{line}{known} }}", address(*network, node))
            });
            let interfaces: Vec<String> = interfaces.collect();
            let forwarding = self.forwards(node);
            let _ = writeln!(
                text,
                "[[host]]\nname = \"n{node}\"\nforwarding = {forwarding}\ninterface = [{}]\n{}",
                interfaces.join(", "),
                route(node)
            );
        }
        for network in 0..self.media.len() {
            self.join(network, &mut text);
        }
        text
    }

    fn join(&self, network: usize, text: &mut String) {
        let medium = self.medium(network);
        let members = self.members(network);
        let end = |(node, interface): &(usize, usize)| format!("n{node}.eth{interface}");
        let mut link = |name: String, one: String, other: String| {
            let _ = writeln!(
                text,
                "[[link]]\nname = \"{name}\"\nbetween = [\"{one}\", \"{other}\"]\ndelay = \"10 us\""
            );
        };
        if matches!(medium, Medium::Cable | Medium::Line) {
            return link(format!("wire{network}"), end(&members[0]), end(&members[1]));
        }
        for (number, member) in members.iter().enumerate() {
            link(format!("wire{network}-{number}"), end(member), format!("net{network}"));
        }
        let (kind, ports) = (if medium == Medium::Hub { "hub" } else { "switch" }, members.len() + 1);
        let _ = writeln!(text, "[[{kind}]]\nname = \"net{network}\"\nports = {ports}");
    }

    /// The place of the first network's switch among the nodes of the world: behind the hosts.
    pub fn first_switch(&self) -> usize {
        self.nodes.len()
    }

    /// The broadcast addresses of each node's networks.
    pub fn broadcasts(&self) -> BTreeSet<(NodeId, [u8; 4])> {
        let of_node = |(node, networks): (usize, &Vec<usize>)| {
            let address = |network: &usize| (NodeId(node as u32), [10, *network as u8, 0, 255]);
            networks.iter().map(address).collect::<Vec<_>>()
        };
        self.nodes.iter().enumerate().flat_map(of_node).collect()
    }
}
