//! How interfaces come by their addresses, and what they do when others have them.

use core::net::Ipv4Addr;

use wirelab_stack::addr::Mac;

use crate::read::{choice, record};
use crate::units::End;

choice! {
    /// Where an interface has its addresses from.
    pub enum ConfigureWord ("configure") {
        /// From this file.
        Static = "static",
        /// It asks a RARP server.
        Rarp = "rarp",
        /// It asks a DHCP server.
        Dhcp = "dhcp",
    }
}

choice! {
    /// What an interface does when another station uses an address of its own (RFC 5227 §2.4).
    pub enum OnConflictWord ("on_conflict") {
        /// It ceases to use the address.
        GiveUp = "give-up",
        /// It defends the address once, and gives it up at a second conflict soon after.
        DefendOnce = "defend-once",
        /// It defends the address now and then, and goes on using it.
        NeverGiveUp = "never-give-up",
    }
}

record! {
    /// What RARP does not tell an interface.
    pub struct RarpClient ("what RARP does not tell") {
        /// The network's prefix length; that of the address's class where left out.
        prefix: optional u8,
        /// The router to all other networks.
        gateway: optional Ipv4Addr,
    }
}

record! {
    /// A line of a RARP server's table.
    pub struct RarpEntry ("a line of a RARP table") {
        /// Whose address it is, by its hardware address.
        mac: optional Mac,
        /// Whose address it is, by the interface.
        station: optional End,
        /// The address.
        address: required Ipv4Addr,
    }
}
