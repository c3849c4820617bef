//! Tables of a node's state, in the manner of the tools with which people look at their own systems.
//!
//! | file | shows |
//! |---|---|
//! | `interfaces` | as `ip -s link` |
//! | `addresses` | as `ip -o addr` |
//! | `neighbors` | as `ip neigh` |
//! | `routes` | as `ip route` |
//! | `groups` | as `ip maddr`, and what a router has learnt by IGMP |
//! | `sockets` | as `ss -tuna` and `ss -xp`, with what `ss -ti` adds for TCP |
//! | `fdb` | as `bridge fdb` |
//!
//! A kind of table is one file and one line in [`Show`]. It reads what a node lets everybody see, and its rows come in
//! an order that does not depend on chance.

mod addresses;
mod fdb;
mod groups;
mod interfaces;
mod neighbors;
mod routes;
mod sockets;

use wirelab_stack::host::Host;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::Table;

use crate::switch::Switch;

/// Declares the kinds of tables once.
macro_rules! shows {
    ($($variant:ident = $name:literal, $meaning:literal, $of:ident::$table:ident;)+) => {
        /// A kind of table.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Show { $(#[doc = $meaning] $variant,)+ }

        impl Show {
            /// Every kind, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word with which it is asked for.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it shows, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }

            /// The kind of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|show| show.name() == name)
            }

            /// What kind of node has such a table.
            pub const fn whose(self) -> Whose {
                match self { $(Self::$variant => Whose::$of,)+ }
            }

            /// The table as it is at `now`; `None` where nodes of that kind have none.
            pub fn table(self, subject: &Subject<'_>, now: Instant) -> Option<Table> {
                let mut table = match (self, subject) {
                    $((Self::$variant, Subject::$of(node)) => $table::table(node, now),)+
                    _ => return None,
                };
                table.kind = self.name();
                Some(table)
            }
        }
    };
}

shows! {
    Interfaces = "interfaces", "A host's interfaces, and what they have counted, in the manner of `ip -s link`.", Host::interfaces;
    Addresses = "addresses", "A host's addresses, in the manner of `ip -o addr`: those that are being probed (`tentative`) and those that others turned out to have (`dadfailed`) too.", Host::addresses;
    Neighbors = "neighbors", "What a host knows of the stations on its links, in the manner of `ip neigh`.", Host::neighbors;
    Routes = "routes", "A host's routes, in the manner of `ip route`.", Host::routes;
    Groups = "groups", "The multicast groups that a host has joined, in the manner of `ip maddr`, and those that are wanted on its links as a router knows by IGMP.", Host::groups;
    Sockets = "sockets", "A host's sockets, in the manner of `ss -tuna`, those within the host as `ss -xp` has them, and TCP's variables as `ss -ti`, windows in octets.", Host::sockets;
    Fdb = "fdb", "What a switch has learnt, in the manner of `bridge fdb`.", Switch::fdb;
}

/// A kind of node that has tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whose {
    /// Hosts.
    Host,
    /// Switches.
    Switch,
}

impl Subject<'_> {
    /// What kind of node it is.
    pub const fn kind(&self) -> Whose {
        match self {
            Self::Host(_) => Whose::Host,
            Self::Switch(_) => Whose::Switch,
        }
    }
}

/// Whose state is shown.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A host's.
    Host(&'a Host),
    /// A switch's.
    Switch(&'a Switch),
}

#[cfg(test)]
mod tests;
