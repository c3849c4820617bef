//! Standard input and output of a run's hosts: who types to their programs, and reads what they print.

use std::collections::BTreeMap;

use wirelab_sim::{Limits, Outcome, Progress, Recorders, World};
use wirelab_stack::frame::NodeId;

/// Who types to the programs of a run, and reads what they print. Virtual time stands while it is asked.
pub trait Typist {
    /// A host's programs have printed this.
    fn printed(&mut self, host: &str, octets: &[u8]);

    /// A host's program waits for input, and nothing else is to do. Those who watch the run are there, to be asked what they
    /// have seen, and exchanged.
    fn input(&mut self, host: &str, watchers: &mut Recorders) -> Input;
}

/// What is typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// These octets: a line with its end, for example. None at all are the end too.
    Octets(Vec<u8>),
    /// The end: there will be no more.
    End,
}

/// Nobody types, and nobody reads.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Typist for Nobody {
    fn printed(&mut self, _: &str, _: &[u8]) {}

    fn input(&mut self, _: &str, _: &mut Recorders) -> Input {
        Input::End
    }
}

/// Runs `world` to its end; whenever a program waits for input, `typist` is asked for it.
///
/// # Panics
/// When the world does not give back its recorders.
pub fn converse(
    world: &mut World,
    hosts: &[NodeId],
    limits: Limits,
    typist: &mut dyn Typist,
    progress: &mut dyn FnMut(Progress),
) -> Outcome {
    let names = world.names();
    // What was typed, and has had no room yet.
    let mut rest: BTreeMap<NodeId, Vec<u8>> = BTreeMap::new();
    loop {
        let left = limits.max_events.map(|most| most.saturating_sub(world.events()));
        let paused = world.run_for_input(Limits { max_events: left, ..limits }, progress);
        let mut printed = false;
        for host in hosts {
            let octets = world.take_output(*host);
            if !octets.is_empty() {
                printed = true;
                typist.printed(names.node(*host), &octets);
            }
        }
        let node = match paused {
            Ok(node) => node,
            // A program waited for room to print.
            Err(Outcome::Deadlock { .. }) if printed => continue,
            Err(outcome) => return outcome,
        };
        let input = if let Some(octets) = rest.remove(&node) {
            Input::Octets(octets)
        } else {
            let mut watchers = take_watchers(world);
            let input = typist.input(names.node(node), &mut watchers);
            world.set_recorder(Box::new(watchers));
            input
        };
        match input {
            Input::Octets(octets) if !octets.is_empty() => {
                let taken = world.feed(node, &octets);
                if taken < octets.len() {
                    rest.insert(node, octets[taken..].to_vec());
                }
            }
            Input::Octets(_) | Input::End => world.end_input(node),
        }
    }
}

/// Those who watch `world`.
///
/// # Panics
/// When it was given others: our own mistake.
pub fn take_watchers(world: &mut World) -> Recorders {
    let recorders = world.take_recorder().expect("the recorder was set before the run");
    let Ok(recorders) = recorders.downcast::<Recorders>() else {
        unreachable!("the world gave back another recorder than it was given")
    };
    *recorders
}
