//! What switches and hubs have counted.

use wirelab_stack::trace::DropReason;

/// Declares the counters once: struct, names, and lookup by name.
macro_rules! counters {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])+ $field:ident,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $name { $($(#[doc = $doc])+ pub $field: u64,)+ }

        impl $name {
            /// The counters' names, in order.
            pub const NAMES: &[&str] = &[$(stringify!($field)),+];

            /// The counter of that name.
            pub fn get(&self, name: &str) -> Option<u64> {
                match name {
                    $(stringify!($field) => Some(self.$field),)+
                    _ => None,
                }
            }

            /// All counters with their names, in order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($field), self.$field)),+].into_iter()
            }
        }
    };
}

counters! {
    /// What a switch has counted since it was made.
    SwitchCounters {
        /// Frames that arrived.
        frames_received,
        /// Frames that were sent: one that goes to three ports counts three times.
        frames_sent,
        /// Octets of the frames that arrived.
        received_bytes,
        /// Octets of the frames that were sent.
        sent_bytes,
        /// Frames that went to the one port at which their destination was known to be.
        forwarded_frames,
        /// Frames that went to all ports of their VLAN: their destination was unknown, or a group.
        flooded_frames,
        /// Stations that were learned.
        learned,
        /// Stations that were seen at another port than before.
        moved,
        /// Stations that were forgotten because they had not been seen for too long.
        aged,
        /// Stations that were forgotten because there was no room.
        evicted,
        /// Frames that were dropped, for whatever reason.
        dropped_frames,
        /// Dropped: the frame check sequence did not fit.
        bad_fcs,
        /// Dropped: shorter than an Ethernet header.
        runts,
        /// Dropped: longer than the switch forwards.
        giants,
        /// Dropped: the tag was cut off, or named a VLAN that is none.
        vlan_malformed,
        /// Dropped: the port is not in the frame's VLAN.
        vlan_not_allowed,
        /// Dropped: no other port carries the frame's VLAN.
        no_other_port,
        /// Dropped: the destination is at the port that the frame came by.
        same_port,
        /// Dropped: the destination is one of the addresses that no switch forwards.
        reserved_address,
    }
}

counters! {
    /// What a hub has counted since it was made.
    HubCounters {
        /// Frames that arrived.
        frames_received,
        /// Frames that were sent: one that goes to three ports counts three times.
        frames_sent,
        /// Octets of the frames that arrived.
        received_bytes,
        /// Octets of the frames that were sent.
        sent_bytes,
        /// Frames that were dropped: nobody else is connected.
        dropped_frames,
    }
}

counters! {
    /// What one port of a switch or a hub has counted since it was made.
    PortCounters {
        /// Frames that arrived.
        frames_received,
        /// Frames that were sent.
        frames_sent,
        /// Octets of the frames that arrived.
        received_bytes,
        /// Octets of the frames that were sent.
        sent_bytes,
    }
}

impl SwitchCounters {
    /// A frame ended here.
    pub(crate) fn count_dropped(&mut self, reason: DropReason) {
        self.dropped_frames += 1;
        match reason {
            DropReason::BadFcs => self.bad_fcs += 1,
            DropReason::Runt => self.runts += 1,
            DropReason::Giant => self.giants += 1,
            DropReason::VlanMalformed => self.vlan_malformed += 1,
            DropReason::VlanNotAllowed => self.vlan_not_allowed += 1,
            DropReason::VlanNoOtherPort => self.no_other_port += 1,
            DropReason::SamePort => self.same_port += 1,
            DropReason::ReservedAddress => self.reserved_address += 1,
            _ => {}
        }
    }
}
