//! The counters of hosts, links and connections by name: for expectations, and for the report.

use wirelab_sim::{HubCounters, LinkCounters, SwitchCounters};
use wirelab_stack::host::{HostCounters, InterfaceCounters};
use wirelab_stack::trace;

use crate::report::Counters;

/// The names of a host's counters.
pub const HOST: &[&str] = HostCounters::NAMES;

/// The names of the counters of a host's interface.
pub const INTERFACE: &[&str] = InterfaceCounters::NAMES;

/// An interface's counters by name.
pub fn of_interface(counters: &InterfaceCounters) -> Counters {
    Counters(counters.iter().collect())
}

/// The names of a switch's counters.
pub const SWITCH: &[&str] = SwitchCounters::NAMES;

/// The names of a hub's counters.
pub const HUB: &[&str] = HubCounters::NAMES;

/// A host's counters by name.
pub fn of_host(counters: &HostCounters) -> Counters {
    Counters(counters.iter().collect())
}

/// Lists the fields of a struct of counters: the names, and the values under them.
macro_rules! listed {
    ($names:ident, $of:ident, $ty:ty, $what:literal, [$($field:ident),* $(,)?]) => {
        #[doc = concat!("The names of ", $what, "'s counters.")]
        pub const $names: &[&str] = &[$(stringify!($field)),*];

        #[doc = concat!("The counters of ", $what, " by name.")]
        pub fn $of(counters: &$ty) -> Counters {
            Counters(vec![$((stringify!($field), u64::from(counters.$field))),*])
        }
    };
}

listed!(
    LINK,
    of_link,
    LinkCounters,
    "a link",
    [
        frames_in,
        bytes_in,
        delivered_frames,
        delivered_bytes,
        dropped_frames,
        lost,
        queue_full,
        over_mtu,
        down,
        malformed,
        segmented,
        corrupted,
        duplicated,
        reordered,
        max_queue_packets,
        max_queue_bytes,
    ]
);

listed!(
    CONNECTION,
    of_connection,
    trace::Counters,
    "a connection",
    [
        sent_segments,
        received_segments,
        sent_bytes,
        received_bytes,
        acked_bytes,
        delivered_bytes,
        retransmitted_segments,
        retransmitted_bytes,
        rto_expiries,
        fast_recoveries,
        duplicate_acks_received,
        out_of_order_segments,
        duplicate_segments,
        zero_window_probes,
        keep_alives,
        challenge_acks,
    ]
);

/// The counters of both directions of a link together: sums, but the longest queue of either.
pub fn together(one: &Counters, other: &Counters) -> Counters {
    let merge = |(name, value): (&'static str, u64)| {
        let more = other.get(name).unwrap_or(0);
        let both = if name.starts_with("max_") { value.max(more) } else { value.saturating_add(more) };
        (name, both)
    };
    Counters(one.iter().map(merge).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields that `Debug` shows: a field that was added and not listed here is found.
    fn fields(shown: &str) -> Vec<&str> {
        let inside = shown.split_once('{').unwrap().1.trim_end_matches('}');
        inside.split(',').map(|field| field.split(':').next().unwrap().trim()).collect()
    }

    #[test]
    fn no_counter_is_left_out() {
        assert_eq!(fields(&format!("{:?}", LinkCounters::default())), LINK);
        assert_eq!(fields(&format!("{:?}", trace::Counters::default())), CONNECTION);
    }

    #[test]
    fn directions_are_added_and_queues_are_not() {
        let one = Counters(vec![("lost", 2), ("max_queue_packets", 5)]);
        let other = Counters(vec![("lost", 3), ("max_queue_packets", 4)]);
        assert_eq!(together(&one, &other).0, [("lost", 5), ("max_queue_packets", 5)]);
    }
}
