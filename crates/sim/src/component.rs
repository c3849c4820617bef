//! Who shows an event: a host, or one direction of a link; and the names of all of them.

use core::fmt;
use std::sync::Arc;

use wirelab_stack::frame::NodeId;

/// A link, numbered in the order in which links were added.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkId(pub u32);

/// One direction of a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// From the link's first end to its second.
    Forward,
    /// From the link's second end to its first.
    Backward,
}

impl Direction {
    /// Both, forward first.
    pub const BOTH: [Self; 2] = [Self::Forward, Self::Backward];

    /// 0 for forward, 1 for backward: the place of its settings in [`LinkConfig`](crate::LinkConfig).
    pub const fn index(self) -> usize {
        match self {
            Self::Forward => 0,
            Self::Backward => 1,
        }
    }

    /// The other one.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

/// Whoever shows an event to a [`Recorder`](crate::Recorder).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Component {
    /// A node: mostly a host.
    Host(NodeId),
    /// One direction of a link.
    Link {
        /// Which link.
        link: LinkId,
        /// Which direction of it.
        direction: Direction,
    },
}

/// The names of a world's nodes and links, as they were when it was asked; cheap to clone.
#[derive(Clone, Default)]
pub struct Names {
    inner: Arc<Inner>,
}

#[derive(Clone, Default)]
struct Inner {
    nodes: Vec<String>,
    links: Vec<LinkNames>,
}

#[derive(Clone)]
struct LinkNames {
    name: String,
    directions: [String; 2],
}

impl Names {
    /// The name of `node`; `?` where there is no such node.
    pub fn node(&self, node: NodeId) -> &str {
        self.inner.nodes.get(node.0 as usize).map_or("?", String::as_str)
    }

    /// The name of `link`; `?` where there is no such link.
    pub fn link(&self, link: LinkId) -> &str {
        self.inner.links.get(link.0 as usize).map_or("?", |link| &link.name)
    }

    /// A component's full name: the node's name, or `<link>/<from>-><to>` for one direction of a link.
    pub fn component(&self, component: Component) -> &str {
        match component {
            Component::Host(node) => self.node(node),
            Component::Link { link, direction } => {
                self.inner.links.get(link.0 as usize).map_or("?", |link| &link.directions[direction.index()])
            }
        }
    }

    /// All nodes, by number.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &str)> {
        self.inner.nodes.iter().zip(0..).map(|(name, id)| (NodeId(id), name.as_str()))
    }

    /// All links, by number.
    pub fn links(&self) -> impl Iterator<Item = (LinkId, &str)> {
        self.inner.links.iter().zip(0..).map(|(link, id)| (LinkId(id), link.name.as_str()))
    }

    pub(crate) fn add_node(&mut self, name: &str) {
        Arc::make_mut(&mut self.inner).nodes.push(name.to_owned());
    }

    /// Adds a link with the full names of its directions.
    pub(crate) fn add_link(&mut self, name: &str, directions: [String; 2]) {
        let names = LinkNames { name: name.to_owned(), directions };
        Arc::make_mut(&mut self.inner).links.push(names);
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let links = self.inner.links.iter().map(|link| &link.name);
        f.debug_list().entries(&self.inner.nodes).entries(links).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_named_in_full() {
        let mut names = Names::default();
        names.add_node("client");
        names.add_node("server");
        names.add_link("wire", ["wire/server->client", "wire/client->server"].map(String::from));
        let before = names.clone();
        names.add_node("idle");
        let back = Component::Link { link: LinkId(0), direction: Direction::Backward };
        assert_eq!(names.component(back), "wire/client->server");
        assert_eq!(names.component(Component::Host(NodeId(2))), "idle");
        assert_eq!(before.node(NodeId(2)), "?", "a clone is as it was");
        assert_eq!(names.nodes().count(), 3);
    }
}
