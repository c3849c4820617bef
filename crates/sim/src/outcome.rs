//! How a run is limited, how it goes, how it ends.

use core::fmt;

use wirelab_stack::time::Instant;
use wirelab_stack::transport::{Readiness, SocketId};

/// What ends a run before it ends by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Nothing after this instant happens.
    pub until: Option<Instant>,
    /// So many events happen: frames that arrive, leave a queue, and turns of nodes.
    pub max_events: Option<u64>,
}

/// How far a run has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Virtual time.
    pub now: Instant,
    /// Events so far.
    pub events: u64,
    /// Applications that have not ended, without those in the background.
    pub running: usize,
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All applications ended (but those in the background), no frame is under way, and no connection has
    /// anything left to send.
    Completed,
    /// Applications wait for what cannot happen any more: nothing is scheduled. (An application in the background
    /// that sleeps now and then always has something scheduled; such a run needs a limit.)
    Deadlock {
        /// Those that wait, in the order in which they were spawned.
        waiting: Vec<Waiting>,
    },
    /// [`Limits::until`] was reached.
    TimeLimit,
    /// [`Limits::max_events`] was reached, or the events of one instant had no end.
    EventLimit,
}

impl Outcome {
    /// Its name in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Deadlock { .. } => "deadlock",
            Self::TimeLimit => "time-limit",
            Self::EventLimit => "event-limit",
        }
    }

    /// Whether everything ended as it should.
    pub const fn is_completed(&self) -> bool {
        matches!(self, Self::Completed)
    }
}

/// For people: one line, and for a deadlock one more for each who waits.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed => f.write_str("completed"),
            Self::TimeLimit => f.write_str("stopped at the time limit"),
            Self::EventLimit => f.write_str("stopped at the limit of events"),
            Self::Deadlock { waiting } => {
                f.write_str("deadlock: nothing more can happen, but")?;
                waiting.iter().try_for_each(|waiting| write!(f, "\n  {waiting}"))
            }
        }
    }
}

/// An application that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// Its host's name.
    pub node: String,
    /// Its own name.
    pub application: String,
    /// What its tasks wait for; empty where it is nothing that this world knows of.
    pub waits_for: Vec<WaitsFor>,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on `{}` waits ", self.application, self.node)?;
        if self.waits_for.is_empty() {
            return f.write_str("for something outside of the network");
        }
        for (place, waits_for) in self.waits_for.iter().enumerate() {
            write!(f, "{}{waits_for}", if place == 0 { "" } else { ", and " })?;
        }
        Ok(())
    }
}

/// What a task waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitsFor {
    /// The socket.
    pub socket: SocketId,
    /// What it is, for people: `TCP 10.0.0.1:6999 -> 10.0.0.2:50000`.
    pub description: String,
    /// For what it is to become ready.
    pub readiness: Readiness,
    /// Since when.
    pub since: Instant,
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.socket, self.readiness.contains(Readiness::READ)) {
            (SocketId::Listener(_) | SocketId::Bound(_), _) => "for a connection to accept on",
            (_, true) => "to read from",
            (_, false) => "to write to",
        };
        write!(f, "{what} {} since {} s", self.description, self.since)
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::transport::Key;

    use super::*;

    #[test]
    fn a_deadlock_says_who_waits_for_what() {
        let key = Key { index: 0, generation: 0 };
        let waits_for = vec![WaitsFor {
            socket: SocketId::Tcp(key),
            description: "TCP 10.0.0.1:6999 -> 10.0.0.2:50000".into(),
            readiness: Readiness::READ,
            since: Instant::from_millis(1_500),
        }];
        let first = Waiting { node: "server".into(), application: "echo".into(), waits_for };
        let second = Waiting { node: "client".into(), application: "odd".into(), waits_for: vec![] };
        assert_eq!(
            Outcome::Deadlock { waiting: vec![first, second] }.to_string(),
            "deadlock: nothing more can happen, but\n  \
             `echo` on `server` waits to read from TCP 10.0.0.1:6999 -> 10.0.0.2:50000 since 1.500000000 s\n  \
             `odd` on `client` waits for something outside of the network"
        );
    }
}
