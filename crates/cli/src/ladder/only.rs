//! What the ladder is narrowed to: some nodes, or one connection.

use std::net::IpAddr;

use wirelab_stack::frame::NodeId;

use crate::suggest;
use crate::summary::Summary;
use crate::topology::{Kind, Topology};

/// What is drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Only {
    /// All hosts; switches and hubs too, if that is wanted.
    Everything {
        /// Whether switches and hubs have columns.
        switches: bool,
    },
    /// These nodes; what they say to others, too.
    Nodes(Vec<NodeId>),
    /// What two nodes say to each other, with these ports where they are given.
    Connection([(NodeId, Option<u16>); 2]),
}

impl Only {
    /// Reads `client,router`, or `client:6999-server`.
    ///
    /// # Errors
    /// What is wrong with it, and what was meant.
    pub fn parse(text: &str, topology: &Topology) -> Result<Self, String> {
        let node = |name: &str| topology.node(name.trim());
        let mut nodes = Vec::new();
        let mut unknown = None;
        for name in text.split(',') {
            match node(name) {
                Some(node) if nodes.contains(&node) => {}
                Some(node) => nodes.push(node),
                None => unknown = unknown.or(Some(name.trim())),
            }
        }
        let Some(name) = unknown else { return Ok(Self::Nodes(nodes)) };
        // A name may have a `-` in it: every one is tried.
        let splits = text.match_indices('-').map(|(place, _)| (&text[..place], &text[place + 1..]));
        let mut ends = splits.filter_map(|(one, other)| Some([end(one, topology)?, end(other, topology)?]));
        if let Some(ends) = ends.find(|ends| ends[0].0 != ends[1].0) {
            return Ok(Self::Connection(ends));
        }
        let names = topology.hosts().map(|(_, host)| host.name.as_str());
        let hint = suggest::hint(name, names);
        Err(format!(
            "there is no host or switch `{name}`, and no connection such as `client:6999-server`{hint}"
        ))
    }

    /// Whether a node has a column.
    pub fn draws(&self, node: NodeId, topology: &Topology) -> bool {
        match self {
            Self::Everything { switches } => *switches || topology.kind(node) == Kind::Host,
            Self::Nodes(nodes) => nodes.contains(&node),
            Self::Connection(ends) => ends.iter().any(|(end, _)| *end == node),
        }
    }

    /// Whether a frame that says this is drawn.
    pub fn wants(&self, summary: &Summary, topology: &Topology) -> bool {
        let Self::Connection(ends) = self else { return true };
        let Some((source, destination)) = summary.addresses else { return false };
        let at = |end: (NodeId, Option<u16>), address: IpAddr, port: Option<u16>| {
            topology.owner(address) == Some(end.0) && end.1.is_none_or(|wanted| port == Some(wanted))
        };
        let ports = (summary.ports.map(|ports| ports.0), summary.ports.map(|ports| ports.1));
        let [one, other] = *ends;
        (at(one, source, ports.0) && at(other, destination, ports.1))
            || (at(other, source, ports.0) && at(one, destination, ports.1))
    }

    /// Whether what a TCP connection with these ports does is noted.
    pub fn wants_ports(&self, local: u16, remote: u16) -> bool {
        let Self::Connection(ends) = self else { return true };
        ends.iter().filter_map(|(_, port)| *port).all(|port| port == local || port == remote)
    }
}

/// `client:6999` or `client`.
fn end(text: &str, topology: &Topology) -> Option<(NodeId, Option<u16>)> {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.trim().parse().ok()?)),
        None => (text, None),
    };
    Some((topology.node(name.trim())?, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_frames::pair;

    #[test]
    fn nodes_and_connections_are_read() {
        let topology = pair();
        let of = |text: &str| Only::parse(text, &topology);
        let (client, server) = (NodeId(0), NodeId(1));
        assert_eq!(of("client"), Ok(Only::Nodes(vec![client])));
        assert_eq!(of("server, client,server"), Ok(Only::Nodes(vec![server, client])));
        assert_eq!(of("client-server"), Ok(Only::Connection([(client, None), (server, None)])));
        assert_eq!(
            of("client:49152-server:80"),
            Ok(Only::Connection([(client, Some(49152)), (server, Some(80))]))
        );
        assert!(of("clint").unwrap_err().contains("did you mean `client`?"));
        assert!(of("client-client").is_err() && of("client:x-server").is_err() && of("").is_err());
    }

    #[test]
    fn a_connection_is_known_by_owners_and_ports() {
        let topology = pair();
        let only = Only::parse("client-server:7", &topology).unwrap();
        let summary = |from: &str, to: &str, ports| Summary {
            layer: "UDP",
            addresses: Some((from.parse().unwrap(), to.parse().unwrap())),
            ports,
            label: String::new(),
            text: String::new(),
            tag: String::new(),
        };
        let wants = |summary: Summary| only.wants(&summary, &topology);
        assert!(wants(summary("10.0.0.1", "10.0.0.2", Some((5000, 7)))));
        assert!(wants(summary("10.0.0.2", "10.0.0.1", Some((7, 5000)))));
        assert!(!wants(summary("10.0.0.1", "10.0.0.2", Some((7, 5000)))));
        assert!(!wants(summary("10.0.0.1", "10.0.0.9", Some((5000, 7)))));
        assert!(!wants(summary("10.0.0.1", "10.0.0.2", None)));
        assert!(only.wants_ports(5000, 7) && !only.wants_ports(5000, 8));
    }
}
