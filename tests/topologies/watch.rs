//! What is seen of a run: how far each packet came, and whether an ICMP error was one that may be sent.

use std::collections::{BTreeMap, BTreeSet};

use wirelab::sim::{Component, Recorder};
use wirelab::stack::frame::{FrameId, NodeId};
use wirelab::stack::time::Instant;
use wirelab::stack::trace::{Cause, Event, Interest, Trigger};

/// Follows packets from hop to hop, and reads each ICMP error.
#[derive(Default)]
pub struct Watch {
    broadcasts: BTreeSet<(NodeId, [u8; 4])>,
    /// How many times each packet under way was forwarded.
    hops: BTreeMap<FrameId, u32>,
    /// The frames that were for a group of stations.
    to_group: BTreeSet<FrameId>,
    pub most_hops: u32,
    pub errors: u64,
    pub forwarded: u64,
    /// What must not be.
    pub mistakes: Vec<String>,
}

impl Recorder for Watch {
    fn interest(&self) -> Interest {
        Interest::FRAMES
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        match (at, event) {
            // Switches and hubs send what others have made.
            (Component::Host(node), Event::FrameSent { frame, .. }) if node == frame.meta.id.origin => {
                let meta = &frame.meta;
                let trigger = if let Trigger::Frame(id) = meta.trigger { Some(id) } else { None };
                if meta.cause == Cause::Forwarded {
                    let before = trigger.and_then(|id| self.hops.get(&id)).copied();
                    let Some(before) = before else {
                        return self
                            .mistakes
                            .push(format!("{now}: node {} forwards what never came", node.0));
                    };
                    self.hops.insert(meta.id, before + 1);
                    self.most_hops = self.most_hops.max(before + 1);
                    self.forwarded += 1;
                }
                let is_error = [
                    Cause::DestinationUnreachable,
                    Cause::TimeExceeded,
                    Cause::ParameterProblem,
                    Cause::Redirect,
                ];
                if is_error.contains(&meta.cause) {
                    self.errors += 1;
                    let by_group = trigger.is_some_and(|id| self.to_group.contains(&id));
                    let octets = frame.to_vec();
                    let packet = if is_ethernet(&octets) { &octets[14..] } else { &octets };
                    if let Some(mistake) = self.judge(node, packet, by_group) {
                        self.mistakes.push(format!("{now}: node {} {mistake}: {packet:02x?}", node.0));
                    }
                }
            }
            (Component::Host(_), Event::FrameArrived { frame, .. }) => {
                self.hops.entry(frame.meta.id).or_insert(0);
                let octets = frame.to_vec();
                if is_ethernet(&octets) && octets[0] & 1 == 1 {
                    self.to_group.insert(frame.meta.id);
                }
            }
            _ => {}
        }
    }
}

impl Watch {
    /// Nothing seen yet; these are the broadcast addresses that each node knows.
    pub fn new(broadcasts: BTreeSet<(NodeId, [u8; 4])>) -> Self {
        Self { broadcasts, ..Self::default() }
    }

    /// What is wrong with an ICMP error, read by its octets: RFC 1812 §4.3.2.7 lists what none may be about.
    fn judge(&self, node: NodeId, packet: &[u8], by_group: bool) -> Option<String> {
        let inner = &packet[20 + 8..];
        let address = |at: usize| [inner[at], inner[at + 1], inner[at + 2], inner[at + 3]];
        let (source, destination) = (address(12), address(16));
        // Of a network that it is not in, nobody can tell which address is for all.
        let group = |address: [u8; 4]| address[0] >= 224 || self.broadcasts.contains(&(node, address));
        if packet[16..20] != source {
            return Some("tells somebody else than the sender".into());
        }
        if by_group {
            return Some("answers what came by a broadcast of the link".into());
        }
        if group(destination) {
            return Some("answers a broadcast or multicast".into());
        }
        if group(source) || matches!(source[0], 0 | 127) {
            return Some("answers a source that is no single host".into());
        }
        if (u16::from(inner[6]) << 8 | u16::from(inner[7])) & 0x1fff != 0 {
            return Some("answers a fragment that is not the first".into());
        }
        let header = usize::from(inner[0] & 0xf) * 4;
        let kind = inner.get(header).copied().unwrap_or(u8::MAX);
        // RFC 1122 §3.2.2 names the queries; the others are errors, or might be. RFC 1256 §3 has two more.
        if inner[9] == 1 && !matches!(kind, 0 | 8 | 9 | 10 | 13..=18) {
            return Some(format!("answers an ICMP message of type {kind}"));
        }
        None
    }
}

/// Whether a frame has Ethernet's header: that of an IPv4 packet on a line has its source address where the type would be.
fn is_ethernet(octets: &[u8]) -> bool {
    matches!(octets.get(12..14), Some([8, 0 | 6]))
}
