//! The neighbour cache as others see it.

use core::net::IpAddr;

use super::{Neighbors, State};
use crate::addr::Mac;
use crate::time::{Duration, Instant};
use crate::trace::NeighborState;

/// An entry of the neighbour cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NeighborInfo {
    /// Whose entry.
    pub address: IpAddr,
    /// The hardware address, if known.
    pub mac: Option<Mac>,
    /// The state. One that has not been confirmed for a while is stale, also before it is used again.
    pub state: NeighborState,
    /// How long the entry is good without being confirmed anew.
    pub good_for: Option<Duration>,
    /// Packets that wait for the answer.
    pub queued_packets: usize,
}

impl Neighbors {
    /// The entries at `now`, in the order of their addresses.
    pub fn list(&self, now: Instant) -> Vec<NeighborInfo> {
        let mut list: Vec<NeighborInfo> = self
            .entries
            .iter()
            .flatten()
            .map(|entry| {
                let (mut state, mac) = entry.known();
                let good_for = match entry.state {
                    State::Reachable { until } if until > now => Some(until.since(now)),
                    State::Reachable { .. } => {
                        state = NeighborState::Stale;
                        None
                    }
                    _ => None,
                };
                let queued_packets = entry.packets.count();
                NeighborInfo { address: entry.address, mac, state, good_for, queued_packets }
            })
            .collect();
        list.sort_by_key(|entry| entry.address);
        list
    }
}
