//! Watches a run for its report: what applications sent and received, and how connections ended.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use wirelab_sim::{Component, Recorder};
use wirelab_stack::frame::NodeId;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{ApplicationEvent, ConnectionId, ConnectionInfo, Event, Interest, Table};

/// Octets of what an application received that are kept to be shown.
const KEPT: usize = 4096;
/// Lines that an application said that are kept, and results.
const KEPT_LINES: usize = 1000;

/// Octets that went one way.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// How many.
    pub bytes: u64,
    hash: Sha256,
    /// The first of them.
    pub first: Vec<u8>,
}

impl Flow {
    /// Adds some.
    pub fn add(&mut self, octets: &[u8]) {
        self.bytes += octets.len() as u64;
        self.hash.update(octets);
        let room = KEPT.saturating_sub(self.first.len()).min(octets.len());
        self.first.extend_from_slice(&octets[..room]);
    }

    /// The SHA-256 of all of them, in hexadecimal.
    pub fn sha256(&self) -> String {
        hexadecimal(&self.hash.clone().finalize())
    }

    /// All of them as a text, where they are few enough and UTF-8.
    pub fn text(&self) -> Option<String> {
        if self.bytes != self.first.len() as u64 {
            return None;
        }
        core::str::from_utf8(&self.first).ok().map(str::to_owned)
    }
}

/// The SHA-256 of `octets`, in hexadecimal.
pub fn sha256(octets: &[u8]) -> String {
    hexadecimal(&Sha256::digest(octets))
}

fn hexadecimal(octets: &[u8]) -> String {
    use core::fmt::Write;
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// What an application did.
#[derive(Clone, Debug, Default)]
pub struct Did {
    /// When it began.
    pub started: Option<Instant>,
    /// When it ended, and with what error.
    pub ended: Option<(Instant, Result<(), String>)>,
    /// What it sent.
    pub sent: Flow,
    /// What it received.
    pub received: Flow,
    /// What it said.
    pub said: Vec<String>,
    /// What came of what it asked for: names and values, in order.
    pub results: Vec<(String, String)>,
}

/// A connection, as one of its ends saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The host.
    pub node: NodeId,
    /// Its name.
    pub id: ConnectionId,
    /// Whether this end opened it.
    pub active: bool,
    /// When it was opened.
    pub opened: Instant,
    /// When it left the host's table, with everything it counted.
    pub ended: Option<(Instant, ConnectionInfo)>,
}

/// The recorder that the report is made from.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    applications: BTreeMap<String, Did>,
    /// All connections, in the order in which they were opened.
    pub connections: Vec<Seen>,
    /// The tables that were shown, with their times and nodes.
    pub shown: Vec<(Instant, NodeId, Table)>,
    /// Where in `connections` those stand that have not ended.
    open: BTreeMap<(NodeId, ConnectionId), usize>,
}

impl Watch {
    /// What the application of that name did.
    pub fn application(&self, name: &str) -> Did {
        self.applications.get(name).cloned().unwrap_or_default()
    }

    fn see_application(&mut self, now: Instant, name: &str, event: ApplicationEvent<'_>) {
        let did = match self.applications.get_mut(name) {
            Some(did) => did,
            None => self.applications.entry(name.to_owned()).or_default(),
        };
        match event {
            // One whose host starts again goes on under its name.
            ApplicationEvent::Started => (did.started, did.ended) = (did.started.or(Some(now)), None),
            ApplicationEvent::Said(text) => {
                if did.said.len() < KEPT_LINES {
                    did.said.push(text.to_owned());
                }
            }
            ApplicationEvent::Result { name, value } => {
                if did.results.len() < KEPT_LINES {
                    did.results.push((name.to_owned(), value.to_owned()));
                }
            }
            ApplicationEvent::Received(octets) => did.received.add(octets),
            ApplicationEvent::Sent(octets) => did.sent.add(octets),
            ApplicationEvent::Finished => did.ended = Some((now, Ok(()))),
            ApplicationEvent::Failed(error) => did.ended = Some((now, Err(error.to_owned()))),
        }
    }
}

impl Recorder for Watch {
    fn interest(&self) -> Interest {
        Interest::APPLICATIONS | Interest::CONNECTIONS | Interest::TABLES
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        let Component::Host(node) = at else { return };
        match *event {
            Event::Shown { table } => self.shown.push((now, node, table.clone())),
            Event::Application { name, event } => self.see_application(now, name, event),
            Event::ConnectionOpened { connection, active } => {
                self.open.insert((node, connection), self.connections.len());
                self.connections.push(Seen { node, id: connection, active, opened: now, ended: None });
            }
            Event::ConnectionEnded { connection, info } => {
                if let Some(index) = self.open.remove(&(node, connection)) {
                    self.connections[index].ended = Some((now, *info));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(watch: &mut Watch, event: ApplicationEvent<'_>) {
        let event = Event::Application { name: "a", event };
        watch.record(Instant::from_secs(1), Component::Host(NodeId(0)), &event);
    }

    #[test]
    fn what_is_received_in_pieces_is_hashed_as_a_whole() {
        let mut watch = Watch::default();
        application(&mut watch, ApplicationEvent::Started);
        application(&mut watch, ApplicationEvent::Received("欢".as_bytes().split_at(1).0));
        assert_eq!(watch.application("a").received.text(), None, "half a character is no text");
        application(&mut watch, ApplicationEvent::Received("欢".as_bytes().split_at(1).1));
        let did = watch.application("a");
        assert_eq!(did.received.text().as_deref(), Some("欢"));
        assert_eq!(did.received.sha256(), sha256("欢".as_bytes()));
        assert_eq!(did.sent.sha256(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        application(&mut watch, ApplicationEvent::Received(&[b'x'; KEPT]));
        let did = watch.application("a");
        assert_eq!((did.received.bytes, did.received.text()), (KEPT as u64 + 3, None));
    }

    #[test]
    fn a_connection_that_reuses_its_ports_is_another_connection() {
        let mut watch = Watch::default();
        let connection =
            ConnectionId { local: "10.0.0.1:1".parse().unwrap(), remote: "10.0.0.2:2".parse().unwrap() };
        for second in 0..2 {
            let at = Instant::from_secs(second);
            let event = Event::ConnectionOpened { connection, active: true };
            watch.record(at, Component::Host(NodeId(0)), &event);
        }
        assert_eq!(watch.connections.len(), 2);
    }
}
