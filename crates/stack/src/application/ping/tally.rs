//! Which requests wait for their answers, and what became of the others.

use core::net::IpAddr;
use std::io;

use super::statistics::Statistics;
use super::told::{Told, Wrong};
use crate::network::icmp::Times;
use crate::time::{Duration, Instant};
use crate::transport::Report;
use crate::transport::echo::EchoEvent;

/// A request, by its sequence number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Slot {
    /// It was not sent, or could not be.
    Unsent,
    /// Sent then, and not answered.
    Waiting(Instant),
    /// Sent then; there is no way to it.
    Failed(Instant),
    /// Sent then, and answered.
    Answered(Instant),
}

/// What came of each request. The sequence number comes round after 65,536 requests, and names the newest then.
pub(super) struct Tally<F> {
    destination: IpAddr,
    payload: Vec<u8>,
    tell: F,
    slots: Vec<Slot>,
    statistics: Statistics,
}

impl<F: FnMut(&Told)> Tally<F> {
    pub(super) fn new(destination: IpAddr, payload: Vec<u8>, tell: F) -> Self {
        Self { destination, payload, tell, slots: Vec::new(), statistics: Statistics::default() }
    }

    pub(super) fn tell(&mut self, told: &Told) {
        (self.tell)(told);
    }

    pub(super) const fn transmitted(&self) -> u64 {
        self.statistics.transmitted
    }

    pub(super) const fn received(&self) -> u64 {
        self.statistics.received
    }

    pub(super) const fn errors(&self) -> u64 {
        self.statistics.errors
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// How long the answer to the last request is waited for.
    pub(super) fn patience(&self, interval: Duration, timeout: Duration) -> Duration {
        if self.received() == 0 { timeout } else { interval.max(self.statistics.trips.most() * 2) }
    }

    /// The sequence number of the next request; they begin with one.
    pub(super) const fn next_sequence(&self) -> u16 {
        (self.statistics.transmitted as u16).wrapping_add(1)
    }

    /// Tells that the last request has no answer yet.
    pub(super) fn tell_of_the_last(&mut self) {
        let sequence = self.statistics.transmitted as u16;
        if let Some(Slot::Waiting(_)) = self.slots.get(usize::from(sequence)) {
            self.tell(&Told::Outstanding { sequence });
        }
    }

    /// A request was sent, or could not be.
    pub(super) fn sent(&mut self, sequence: u16, now: Instant, began: Instant, failed: Option<io::Error>) {
        self.statistics.transmitted += 1;
        self.statistics.time = now - began;
        let place = usize::from(sequence);
        if self.slots.len() <= place {
            self.slots.resize(place + 1, Slot::Unsent);
        }
        self.slots[place] = if failed.is_some() { Slot::Unsent } else { Slot::Waiting(now) };
        if let Some(error) = failed {
            self.statistics.errors += 1;
            self.tell(&Told::NotSent { sequence, error: error.to_string() });
        }
    }

    pub(super) fn event(&mut self, event: EchoEvent) {
        match event {
            EchoEvent::Reply { from, sequence, bytes, ttl, options, at, tos: _ } => {
                let Some((rtt, duplicate)) = self.answered(sequence, at) else { return };
                self.tell(&Told::Reply {
                    from,
                    expected: from == self.destination,
                    sequence,
                    octets: bytes.len() + crate::network::icmp::HEADER,
                    ttl,
                    rtt,
                    duplicate,
                    wrong: Wrong::of(&self.payload, &bytes),
                    route: options.recorded_route().collect(),
                });
            }
            EchoEvent::Times { from, sequence, times: Times { originate, receive, transmit }, at } => {
                let Some((rtt, duplicate)) = self.answered(sequence, at) else { return };
                let times = [originate, receive, transmit].map(|time| time.to_string());
                self.tell(&Told::Times { from, sequence, times, rtt, duplicate });
            }
            EchoEvent::Error { sequence, report } => self.error(sequence, &report),
        }
    }

    fn error(&mut self, sequence: u16, report: &Report) {
        // Said of a request that was never sent, it is said of none of ours.
        let Some(slot) = self.slots.get_mut(usize::from(sequence)) else { return };
        match *slot {
            Slot::Unsent => return,
            Slot::Waiting(sent) => *slot = Slot::Failed(sent),
            Slot::Failed(_) | Slot::Answered(_) => {}
        }
        self.acknowledge(sequence);
        self.statistics.errors += 1;
        self.tell(&Told::Error { sequence, report: *report });
    }

    /// Counts an answer: how long it took, and whether it is not the first. Not for a request that was never sent.
    fn answered(&mut self, sequence: u16, at: Instant) -> Option<(Duration, bool)> {
        let slot = self.slots.get_mut(usize::from(sequence))?;
        let (sent, duplicate) = match *slot {
            Slot::Unsent => return None,
            Slot::Waiting(sent) | Slot::Failed(sent) => (sent, false),
            Slot::Answered(sent) => (sent, true),
        };
        *slot = Slot::Answered(sent);
        let rtt = at - sent;
        self.statistics.trips.add(rtt);
        if duplicate {
            self.statistics.duplicates += 1;
        } else {
            self.statistics.received += 1;
        }
        self.acknowledge(sequence);
        Some((rtt, duplicate))
    }

    /// Something was said of a request: so many were under way.
    fn acknowledge(&mut self, sequence: u16) {
        let behind = (self.statistics.transmitted as u16).wrapping_sub(sequence);
        self.statistics.pipe = self.statistics.pipe.max(u64::from(behind) + 1);
    }

    pub(super) fn finish(mut self, name: String) -> Statistics {
        let statistics = core::mem::take(&mut self.statistics);
        self.tell(&Told::Ends { name, statistics: statistics.clone() });
        statistics
    }
}
