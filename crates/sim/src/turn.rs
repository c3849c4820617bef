//! One turn of one node: everything that happens to it at one instant.
//!
//! Inputs, then what is due, then what is to be sent; then the tasks that were woken, in the order of waking, and
//! what they want sent; until nothing is left. Last the node's next turn is set.

use wirelab_stack::context::Ctx;
use wirelab_stack::frame::{Frame, FrameId, InterfaceId, NodeId};
use wirelab_stack::network::segmentation;
use wirelab_stack::socket::net::context::{self, Seat};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{DropReason, Event, Interest, Place};

use crate::executor::Executor;
use crate::external::ExternalNode;
use crate::fabric::{Fabric, LineId};
use crate::node::{HostNode, HubNode, Node, ScriptNode, SwitchNode};
use crate::world::World;

/// Polls in one turn. Tasks that wake themselves, or each other, for ever have another turn at the same instant; the
/// run's own limit of events ends that.
const MOST_POLLS: u32 = 10_000;

/// What a turn reaches besides its node.
struct Turn<'a> {
    id: NodeId,
    now: Instant,
    ports: &'a [Option<LineId>],
    fabric: &'a mut Fabric,
    events: &'a mut u64,
}

impl World {
    /// Gives `id` its turn at the world's present.
    pub(crate) fn turn(&mut self, id: NodeId) {
        let now = self.now;
        self.events += 1;
        let slot = &mut self.nodes[id.0 as usize];
        let mut turn =
            Turn { id, now, ports: &slot.ports, fabric: &mut self.fabric, events: &mut self.events };
        let next = match &mut slot.node {
            Node::Host(host) => turn.host(host, &mut self.executor),
            Node::Script(script) => turn.script(script),
            Node::Switch(node) => {
                turn.switch(node);
                None
            }
            Node::Hub(node) => {
                turn.hub(node);
                None
            }
            Node::External(port) => {
                turn.external(port);
                None
            }
        };
        let next = next.map_or(Instant::FAR_FUTURE, |at| at.max(now));
        self.turns.set(id.0, next);
        self.hand_out_wakes();
    }

    /// Tasks that were woken from outside of their own host's turn: those hosts have one now.
    pub(crate) fn hand_out_wakes(&mut self) {
        let Self { executor, nodes, turns, now, .. } = self;
        executor.distribute(|node, task| {
            if let Node::Host(host) = &mut nodes[node.0 as usize].node {
                host.ready.push_back(task);
                turns.set(node.0, *now);
            }
        });
    }
}

impl Turn<'_> {
    /// A host's turn; returns when the next one is due.
    fn host(&mut self, host: &mut HostNode, executor: &mut Executor) -> Option<Instant> {
        if host.down {
            self.lose_inputs(host.seat_mut());
            return None;
        }
        self.inputs(host);
        let now = self.now;
        while host.starts.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, application)) = host.starts.pop_first() {
                executor.start(application);
            }
        }
        let mut polls = 0;
        loop {
            let seat = host.seat_mut();
            seat.drive(|host, ctx| {
                while let Some((interface, frame)) = host.poll_transmit(ctx) {
                    self.transmit(ctx, interface, frame);
                }
            });
            seat.pass_wakes();
            self.collect_ready(host, executor);
            if host.ready.is_empty() {
                return host.deadline();
            }
            if polls >= MOST_POLLS {
                // Each counts, so that a run without end is known for one soon.
                *self.events += u64::from(polls);
                return Some(now);
            }
            self.run_ready(host, executor, &mut polls);
        }
    }

    /// Frames that arrive, then what is due.
    fn inputs(&mut self, host: &mut HostNode) {
        let first = !core::mem::replace(&mut host.started, true);
        let seat = host.seat_mut();
        seat.set_now(self.now);
        seat.drive(|host, ctx| {
            if first {
                host.start(ctx);
            }
            while let Some((on, frame)) = self.fabric.arrive(self.id, self.now) {
                *self.events += 1;
                host.handle_frame(ctx, on, frame);
            }
            if host.poll_timeout().is_some_and(|at| at <= self.now) {
                host.handle_timeout(ctx);
            }
        });
        seat.fire_sleepers();
    }

    /// Frames that arrive where nobody is.
    #[cold]
    fn lose_inputs(&mut self, seat: &mut Seat) {
        seat.set_now(self.now);
        while let Some((on, frame)) = self.fabric.arrive(self.id, self.now) {
            *self.events += 1;
            seat.drive(|host, ctx| host.lose_frame(ctx, on, &frame));
        }
    }

    /// Polls the tasks that were woken until none is ready.
    fn run_ready(&self, host: &mut HostNode, executor: &mut Executor, polls: &mut u32) {
        let Some(seat) = host.seat.take() else { return };
        let mut entered = context::enter(seat);
        while *polls < MOST_POLLS {
            let Some(task) = host.next_ready() else { break };
            *polls += 1;
            executor.poll(task, self.now, &mut entered);
            self.collect_ready(host, executor);
        }
        host.seat = Some(entered.leave());
    }

    /// Moves this host's woken tasks to its queue. Those of others stay with the executor until the turn is over.
    fn collect_ready(&self, host: &mut HostNode, executor: &mut Executor) {
        executor.collect(self.id, &mut host.ready);
    }

    /// A scripted node's turn; returns when the next one is due.
    fn script(&mut self, node: &mut ScriptNode) -> Option<Instant> {
        let ScriptNode { script, rng, watch, sent } = node;
        let mut ctx = Ctx::new(self.now, rng, watch);
        while let Some((interface, frame)) = self.fabric.arrive(self.id, self.now) {
            *self.events += 1;
            let id = frame.meta.id;
            ctx.observe(Interest::FRAMES, || Event::FrameArrived { interface, frame: &frame });
            script.handle_frame(&mut ctx, interface, frame);
            ctx.observe(Interest::FRAMES, || Event::FrameAccepted { id });
        }
        if script.poll_timeout().is_some_and(|at| at <= self.now) {
            script.handle_timeout(&mut ctx);
        }
        while let Some((interface, mut frame)) = script.poll_transmit(&mut ctx) {
            frame.meta.medium = script.medium();
            if frame.meta.id.counter == 0 {
                frame.meta.id = FrameId { origin: self.id, counter: *sent + 1 };
                // A super-frame's segments have the names that follow.
                *sent += u64::from(segmentation::count(&mut frame));
            }
            ctx.observe(Interest::FRAMES, || Event::FrameSent { interface, frame: &frame });
            self.transmit(&mut ctx, interface, frame);
        }
        script.poll_timeout()
    }

    /// A switch's turn: each frame is passed on before the next is taken, so that it holds one at a time.
    fn switch(&mut self, node: &mut SwitchNode) {
        let SwitchNode { switch, rng, watch } = node;
        let mut ctx = Ctx::new(self.now, rng, watch);
        while let Some((port, frame)) = self.fabric.arrive(self.id, self.now) {
            *self.events += 1;
            switch.handle_frame(&mut ctx, port, frame);
            while let Some((port, frame)) = switch.poll_transmit(&mut ctx) {
                self.transmit(&mut ctx, port, frame);
            }
        }
    }

    /// A hub's turn, as a switch's.
    fn hub(&mut self, node: &mut HubNode) {
        let HubNode { hub, rng, watch } = node;
        let mut ctx = Ctx::new(self.now, rng, watch);
        while let Some((port, frame)) = self.fabric.arrive(self.id, self.now) {
            *self.events += 1;
            hub.handle_frame(&mut ctx, port, frame);
            while let Some((port, frame)) = hub.poll_transmit(&mut ctx) {
                self.transmit(&mut ctx, port, frame);
            }
        }
    }

    /// What is to leave by a port to the outside waits there until it is taken.
    fn external(&mut self, port: &mut ExternalNode) {
        while let Some((on, frame)) = self.fabric.arrive(self.id, self.now) {
            *self.events += 1;
            port.handle_frame(self.now, on, frame);
        }
    }

    /// A frame leaves by an interface; by one without a link it goes nowhere.
    fn transmit(&mut self, ctx: &mut Ctx<'_>, interface: InterfaceId, frame: Frame) {
        if let Some(line) = self.ports.get(usize::from(interface.0)).copied().flatten() {
            return self.fabric.enter(line, frame, self.now);
        }
        let (id, place, reason) = (frame.meta.id, Place::Interface, DropReason::LinkDown);
        ctx.observe(Interest::FRAMES, || Event::FrameDropped { id, place, reason });
    }
}
