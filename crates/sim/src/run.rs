//! The one loop.

use wirelab_stack::frame::NodeId;
use wirelab_stack::host::Host;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::State;

use crate::change::Change;
use crate::component::Direction;
use crate::executor::CRASHED;
use crate::fabric::LineId;
use crate::node::Node;
use crate::outcome::{Limits, Outcome, Progress, Waiting, WaitsFor};
use crate::world::World;

/// Events at one instant before it is taken for one that has no end.
const MOST_EVENTS_AT_ONCE: u64 = 20_000_000;

/// From one report of progress to the next, in events.
const PROGRESS_EVERY: u64 = 10_000;

/// What happens next.
#[derive(Clone, Copy)]
enum Next {
    /// A change that was set beforehand.
    Change,
    /// Something inside of a link.
    Internal,
    /// A node's turn.
    Turn(NodeId),
    /// Nothing ever.
    Nothing,
}

const NEVER: (Instant, NodeId) = (Instant::FAR_FUTURE, NodeId(u32::MAX));

impl World {
    /// Runs until everything has ended, nothing more can happen, or a limit is reached. May be called again.
    ///
    /// A run ends when all applications have ended (but those in the background), no frame is under way, and no
    /// host still has data or a FIN to deliver; TIME-WAIT, ageing and later changes do not prolong it.
    pub fn run(&mut self, limits: Limits, progress: &mut dyn FnMut(Progress)) -> Outcome {
        self.run_while(limits, progress, |world| !world.is_over())
    }

    /// As [`run`](Self::run), but only until a program waits for standard input while there is nothing else to do: then it
    /// says on which host, and time stands until it is called again. There is something to do while a frame is under way,
    /// a host has data or a FIN to deliver, and an application that is not in the background sleeps or has not started.
    ///
    /// # Errors
    /// How the run has ended.
    pub fn run_for_input(
        &mut self,
        limits: Limits,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<NodeId, Outcome> {
        let outcome = self.run_while(limits, progress, |world| {
            // Cheapest first: all hosts are looked at only while nothing is under way.
            !world.is_over()
                && (world.fabric.frames() > 0 || world.waits_for_input().is_none() || !world.is_quiet())
        });
        match (&outcome, self.waits_for_input()) {
            (Outcome::Completed | Outcome::Deadlock { .. }, Some(node)) if !self.is_over() => Ok(node),
            _ => Err(outcome),
        }
    }

    /// The first host of which a program waits for standard input that may still come.
    pub(crate) fn waits_for_input(&self) -> Option<NodeId> {
        let waits = |node: &Node| matches!(node, Node::Host(host) if host.seat().console.wants_input());
        self.node_ids().zip(&self.nodes).find(|(_, slot)| waits(&slot.node)).map(|(node, _)| node)
    }

    /// Runs until everything has ended, and ended well.
    ///
    /// # Panics
    /// When the run ends otherwise, or when an application fails; not when one in the background ends because its host
    /// crashes.
    #[track_caller]
    pub fn finish(&mut self) {
        let outcome = self.run(Limits::default(), &mut |_| {});
        assert!(outcome.is_completed(), "{outcome}");
        for application in self.applications() {
            // A service whose host crashes is one that is to go through that.
            if let Some((at, Err(error))) = application.ended
                && !(application.background && error == CRASHED)
            {
                panic!("`{}` failed at {at} s: {error}", application.name);
            }
        }
    }

    /// Lets everything happen that does until `until`, whether or not anybody waits for it, and no longer.
    pub fn run_until(&mut self, until: Instant) -> Outcome {
        self.run_while(Limits { until: Some(until), max_events: None }, &mut |_| {}, |_| true)
    }

    fn run_while(
        &mut self,
        limits: Limits,
        progress: &mut dyn FnMut(Progress),
        goes_on: impl Fn(&Self) -> bool,
    ) -> Outcome {
        self.hand_out_wakes();
        let until = limits.until.unwrap_or(Instant::FAR_FUTURE).max(self.now);
        let last = limits.max_events.map_or(u64::MAX, |most| self.events.saturating_add(most));
        let (mut at_once, mut reported) = (self.events, self.events);
        loop {
            let (at, next) = self.next();
            if at > self.now {
                if !goes_on(self) {
                    return Outcome::Completed;
                }
                if matches!(next, Next::Nothing) {
                    return self.at_rest(limits.until);
                }
                if at > until {
                    self.now = until;
                    return Outcome::TimeLimit;
                }
                self.now = at;
                at_once = self.events;
            }
            if self.events >= last || self.events - at_once > MOST_EVENTS_AT_ONCE {
                return Outcome::EventLimit;
            }
            self.step(next);
            if self.events - reported >= PROGRESS_EVERY {
                reported = self.events;
                progress(Progress { now: self.now, events: self.events, running: self.executor.running() });
            }
        }
    }

    /// What happens next, and when. Of what happens at one instant: changes, then what happens inside of links, then
    /// the turn of the first node that has one.
    fn next(&self) -> (Instant, Next) {
        let due = self.turns.first().map_or(NEVER, |(at, node)| (at, NodeId(node)));
        let (mut at, node) = self.fabric.next_arrival().unwrap_or(NEVER).min(due);
        let mut next = if at == Instant::FAR_FUTURE { Next::Nothing } else { Next::Turn(node) };
        if let Some(internal) = self.fabric.next_internal()
            && internal <= at
        {
            (at, next) = (internal, Next::Internal);
        }
        if let Some(((change, _), _)) = self.changes.first_key_value()
            && *change <= at
        {
            (at, next) = (*change, Next::Change);
        }
        (at, next)
    }

    /// When something happens next.
    pub(crate) fn next_event(&self) -> Option<Instant> {
        match self.next() {
            (_, Next::Nothing) => None,
            (at, _) => Some(at),
        }
    }

    /// What happens next happens.
    pub(crate) fn step_next(&mut self) {
        let (_, next) = self.next();
        self.step(next);
    }

    fn step(&mut self, next: Next) {
        match next {
            Next::Change => {
                if let Some((_, change)) = self.changes.pop_first() {
                    // Looking is nothing that happens.
                    self.events += u64::from(!matches!(change, Change::Show { .. } | Change::Wake));
                    self.apply(change);
                }
            }
            Next::Internal => self.events += self.fabric.handle_internals(self.now),
            Next::Turn(node) => self.turn(node),
            Next::Nothing => {}
        }
    }

    fn apply(&mut self, change: Change) {
        let now = self.now;
        match change {
            Change::Cut(link) => {
                for direction in Direction::BOTH {
                    self.fabric.cut(LineId::of(link, direction), now);
                }
                for (node, port) in self.link_ends(link) {
                    if let Some(Node::Switch(node)) =
                        self.nodes.get_mut(node.0 as usize).map(|slot| &mut slot.node)
                    {
                        node.switch.link_lost(port);
                    }
                }
            }
            Change::Restore(link) => {
                for direction in Direction::BOTH {
                    self.fabric.restore(LineId::of(link, direction), now);
                }
            }
            Change::SetStage { link, direction, stage } => {
                self.fabric.set_stage(LineId::of(link, direction), stage, now);
            }
            Change::Crash(node) => self.crash(node),
            Change::Restart(node) => self.restart(node),
            Change::SetClock { node, clock } => self.set_clock(node, clock),
            Change::Show { node, table } => self.show(node, table),
            Change::Wake => {}
            Change::RemoveStage { link, direction, stage } => {
                self.fabric.remove_stage(LineId::of(link, direction), stage, now);
            }
        }
    }

    /// Whether nobody waits for anything that may still happen.
    fn is_over(&self) -> bool {
        self.executor.running() == 0 && self.all_has_arrived()
    }

    /// Whether nothing goes on by itself that anybody waits for.
    fn is_quiet(&self) -> bool {
        let sleeps = |node: &Node| match node {
            Node::Host(host) => host.seat().sleeping().any(|task| self.executor.is_waited_for(task)),
            _ => false,
        };
        self.all_has_arrived()
            && !self.executor.starts_later()
            && !self.nodes.iter().any(|slot| sleeps(&slot.node))
    }

    /// Whether nothing is under way, and no host has anything left to deliver.
    fn all_has_arrived(&self) -> bool {
        self.fabric.frames() == 0
            && self.nodes.iter().all(|slot| match &slot.node {
                Node::Host(host) => !has_more_to_send(&host.seat().host),
                Node::Script(node) => node.script.poll_timeout().is_none(),
                Node::Switch(_) | Node::Hub(_) | Node::External(_) => true,
            })
    }

    /// Nothing is scheduled any more.
    fn at_rest(&mut self, until: Option<Instant>) -> Outcome {
        if self.executor.running() > 0 {
            return Outcome::Deadlock { waiting: self.waiting() };
        }
        // Somebody goes on to a certain time, come what may.
        self.now = until.unwrap_or(self.now).max(self.now);
        Outcome::Completed
    }

    /// Who waits for what.
    fn waiting(&self) -> Vec<Waiting> {
        let running = self.executor.statuses().filter(|status| !status.background && status.ended.is_none());
        running
            .filter_map(|status| {
                let Node::Host(host) = &self.nodes[status.node.0 as usize].node else { return None };
                let seat = host.seat();
                let own = seat
                    .waiting()
                    .filter(|waiting| self.executor.application_of(waiting.task) == Some(status.id));
                let waits_for = own.map(|waiting| WaitsFor {
                    socket: waiting.socket,
                    description: seat.describe(waiting.socket),
                    readiness: waiting.readiness,
                    since: waiting.since,
                });
                Some(Waiting {
                    node: seat.host.name().to_owned(),
                    application: status.name,
                    waits_for: waits_for.collect(),
                })
            })
            .collect()
    }
}

/// Whether a connection of the host has data or a FIN that its peer has not acknowledged.
fn has_more_to_send(host: &Host) -> bool {
    let mut more = false;
    host.for_each_connection(|_, info| {
        let closing = matches!(
            info.state,
            State::SynSent | State::SynReceived | State::FinWait1 | State::Closing | State::LastAck
        );
        more |= closing || info.metrics.bytes_in_flight > 0;
    });
    more
}
