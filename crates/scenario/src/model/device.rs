//! Switches and hubs.

use core::num::{NonZeroU16, NonZeroU32};

use crate::read::{Name, record};
use crate::units::{Span, Vlan, Vlans};

record! {
    /// A switch. Its ports are `port1`, `port2`, … unless they have names of their own.
    pub struct Switch ("a switch") {
        /// Its name, by which links and expectations know it.
        name: required Name,
        /// How many ports it has; as many as are described or linked where left out.
        ports: optional NonZeroU16,
        /// Its ports, where they are more than ports in VLAN 1.
        port: list Port,
        /// How long it remembers a station after its last frame; 300 s where left out.
        ageing_time: optional Span,
        /// How many stations it remembers at most; 8192 where left out.
        max_entries: optional NonZeroU32,
        /// The longest packet that it forwards, in octets; 1500 where left out.
        mtu: optional u16,
    }
}

record! {
    /// A port of a switch: `access` or `trunk`.
    pub struct Port ("a port") {
        /// Its name; `port1`, `port2`, … in their order where left out.
        name: optional Name,
        /// The one VLAN that it is in, untagged; 1 where neither this nor `trunk` is given.
        access: optional Vlan,
        /// The VLANs that it carries, tagged.
        trunk: optional Vlans,
        /// Of a trunk: the VLAN whose frames are not tagged. Without one, untagged frames are dropped.
        native: optional Vlan,
    }
}

record! {
    /// A hub: it repeats what comes by one port at all others.
    pub struct Hub ("a hub") {
        /// Its name, by which links and expectations know it.
        name: required Name,
        /// How many ports it has, `port1`, `port2`, …; as many as are linked where left out.
        ports: optional NonZeroU16,
    }
}
