//! What is to be told to the owner of a socket of datagrams about those that it sent: by the next call, or in a queue.

use core::net::SocketAddr;
use std::collections::VecDeque;

use bytes::Bytes;

use super::udp::Knobs;
use super::{Report, SocketError};

/// Octets of a datagram that are kept with what is said of it: as much as RFC 1812 §4.3.2.3 has routers quote, less the
/// headers in front.
pub const QUOTED: usize = 548;

/// What was said of a datagram that was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DatagramError {
    /// To whom the datagram was.
    pub destination: SocketAddr,
    /// Who says what of it.
    pub report: Report,
    /// What the datagram carried, as far as it was quoted: at most [`QUOTED`] octets.
    pub data: Bytes,
}

/// The errors of one socket.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    /// What the next call returns.
    pub pending: Option<SocketError>,
    /// What waits to be asked for, where the owner wants a queue.
    queue: Option<VecDeque<DatagramError>>,
    /// Whether what is queued is returned by the next call too, as on Linux.
    beside: bool,
}

impl Errors {
    /// Whether errors are queued from here on; and if so, whether calls return them all the same. Turned off, what waits is
    /// gone.
    pub fn keep(&mut self, on: bool, beside: bool) {
        self.queue = on.then(|| self.queue.take().unwrap_or_default());
        self.beside = on && beside;
    }

    /// Whether errors are queued.
    pub const fn is_kept(&self) -> bool {
        self.queue.is_some()
    }

    /// Whether something waits in the queue.
    pub fn wait(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| !queue.is_empty())
    }

    /// Something was said of a datagram to `destination`, which carried `data`. Whether the owner is to be woken.
    pub fn note(
        &mut self,
        knobs: &Knobs,
        has_peer: bool,
        destination: SocketAddr,
        report: &Report,
        data: impl FnOnce() -> Bytes,
    ) -> bool {
        if let Some(queue) = &mut self.queue {
            if queue.len() < knobs.max_queued_errors {
                queue.push_back(DatagramError { destination, report: *report, data: data() });
            }
        } else if !(has_peer || knobs.errors_without_peer) || (report.trouble.is_soft() && !knobs.soft_errors)
        {
            return false;
        }
        if self.queue.is_none() || self.beside {
            // RFC 1122 §4.1.3.3: errors are passed up.
            self.pending = Some(report.trouble.socket_error());
        }
        true
    }

    /// Queues what this host itself says of a datagram that a call would not send, where the owner wants a queue: the call
    /// says so already.
    pub fn note_local(&mut self, knobs: &Knobs, destination: SocketAddr, report: Report) {
        if let Some(queue) = &mut self.queue
            && self.beside
            && queue.len() < knobs.max_queued_errors
        {
            queue.push_back(DatagramError { destination, report, data: Bytes::new() });
        }
    }

    /// The next error in the queue. What the next call returns is then the one behind it, as on Linux.
    pub fn pop(&mut self) -> Option<DatagramError> {
        let queue = self.queue.as_mut()?;
        let error = queue.pop_front()?;
        if self.beside && error.report.icmp.is_some() {
            let next = queue.front().filter(|next| next.report.icmp.is_some());
            self.pending = next.map(|next| next.report.trouble.socket_error());
        }
        Some(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Trouble;

    const TO: SocketAddr = SocketAddr::new(core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST), 7);

    fn report(trouble: Trouble) -> Report {
        Report { from: TO.ip(), trouble, icmp: Some((3, 3)) }
    }

    #[test]
    fn what_is_queued_beside_is_told_until_it_is_taken_out() {
        let (knobs, mut errors) = (Knobs::linux(), Errors::default());
        assert!(!errors.note(&knobs, false, TO, &report(Trouble::PortUnreachable), Bytes::new));
        errors.keep(true, true);
        for trouble in [Trouble::PortUnreachable, Trouble::HostUnreachable] {
            assert!(errors.note(&knobs, false, TO, &report(trouble), || Bytes::from_static(b"data")));
        }
        assert_eq!(errors.pending, Some(SocketError::HostUnreachable));
        assert_eq!(errors.pop().map(|error| error.data), Some(Bytes::from_static(b"data")));
        assert_eq!(errors.pending, Some(SocketError::HostUnreachable));
        errors.pop().unwrap();
        assert!(errors.pending.is_none() && !errors.wait() && errors.pop().is_none());
    }

    #[test]
    fn a_queue_is_bounded_and_goes_when_it_is_not_wanted_any_more() {
        let (knobs, mut errors) = (Knobs { max_queued_errors: 2, ..Knobs::linux() }, Errors::default());
        errors.keep(true, false);
        for _ in 0..3 {
            assert!(errors.note(&knobs, true, TO, &report(Trouble::PortUnreachable), Bytes::new));
        }
        assert!(errors.pending.is_none());
        assert_eq!((0..9).filter_map(|_| errors.pop()).count(), 2);
        errors.note(&knobs, true, TO, &report(Trouble::PortUnreachable), Bytes::new);
        errors.keep(false, true);
        assert!(!errors.wait() && !errors.is_kept());
    }
}
