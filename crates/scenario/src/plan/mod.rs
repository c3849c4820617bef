//! The plan of a run: the model with its references resolved and everything checked that can be.

mod addressing;
mod applications;
mod devices;
mod dhcp;
mod events;
mod expectations;
mod files;
mod groups;
mod hosts;
mod http;
mod lending;
mod links;
mod mail;
mod media;
mod paths;
mod ports;
mod routes;
mod segments;
mod services;
mod transfer;
mod unix;

use std::collections::BTreeSet;

use wirelab_sim::{
    BuildError, DirectionConfig, HubConfig, Limits, LinkConfig, Schedule, SwitchConfig, World,
};
use wirelab_stack::frame::{InterfaceId, NodeId};
use wirelab_stack::host::HostConfig;
use wirelab_stack::time::Instant;

use crate::diagnostic::Problem;
use crate::model::{Document, ScheduleWord};
use crate::near;
use crate::read::{At, Name, Place};

pub use applications::{PlannedApplication, Work};
pub use events::{PlannedChange, PlannedShow};
pub use expectations::{ApplicationCheck, ConnectionCheck, CounterCheck, Expectation, FileCheck, Subject};
pub use files::{Belongings, Directory};
pub use links::wire;
pub use mail::MailCheck;

/// Everything that a run needs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The hosts, in the order of the file. Their node numbers are set by the world.
    pub hosts: Vec<HostConfig>,
    /// What each host has besides its network.
    pub belongings: Vec<Belongings>,
    /// The switches, in the order of the file. Their nodes follow the hosts'.
    pub switches: Vec<SwitchConfig>,
    /// The hubs, in the order of the file. Their nodes follow the switches'.
    pub hubs: Vec<HubConfig>,
    /// The links, in the order of the file.
    pub links: Vec<PlannedLink>,
    /// The applications, in the order of the file.
    pub applications: Vec<PlannedApplication>,
    /// What happens when, in the order of the file.
    pub changes: Vec<(Instant, PlannedChange)>,
    /// What is shown when, in the order of the file.
    pub shows: Vec<PlannedShow>,
    /// In which order tasks run that are ready at once.
    pub schedule: Schedule,
    /// When the run stops at the latest.
    pub limits: Limits,
    /// What is expected, in the order of the file.
    pub expectations: Vec<Expectation>,
}

/// A link with its ends looked up.
#[derive(Clone, Debug)]
pub struct PlannedLink {
    /// Its name.
    pub name: String,
    /// Its ends: which of the nodes (the hosts, then the switches, then the hubs), which of its interfaces.
    pub ends: [(usize, InterfaceId); 2],
    /// What its directions do.
    pub directions: [DirectionConfig; 2],
}

/// Checks the document and resolves its references. Whatever is wrong is added to `problems`, and left out.
pub fn make(document: &Document, problems: &mut Vec<Problem>) -> Plan {
    let mut hosts = hosts::plan(&document.host, problems);
    let mut devices = devices::plan(document, problems);
    let links = links::plan(&document.link, &hosts, &mut devices, problems);
    paths::plan(document, &mut hosts, &devices, &links, problems);
    let (mut switches, mut hubs) = (Vec::new(), Vec::new());
    for device in devices {
        match device.kind {
            devices::Kind::Switch(config) => switches.push(config),
            devices::Kind::Hub(config) => hubs.push(config),
        }
    }
    let applications = applications::plan(&document.application, &hosts, problems);
    let events::Planned { changes, shows } = events::plan(document, problems);
    let belongings = files::plan(document, problems);
    let expectations = expectations::plan(document, &hosts, problems);
    let stop = document.stop.as_ref().map(|stop| &stop.value);
    let limits = Limits {
        until: stop.and_then(|stop| stop.until.as_ref()).map(|until| until.value.instant()),
        max_events: stop.and_then(|stop| stop.max_events.as_ref()).map(|most| most.value.get()),
    };
    let schedule = match document.schedule.as_ref().map(|schedule| schedule.value) {
        None | Some(ScheduleWord::InOrder) => Schedule::InOrder,
        Some(ScheduleWord::Random) => Schedule::Random,
    };
    let plan = Plan {
        hosts,
        belongings,
        switches,
        hubs,
        links,
        applications,
        changes,
        shows,
        schedule,
        limits,
        expectations,
    };
    if problems.is_empty() {
        try_to_build(&plan, document, problems);
    }
    plan
}

/// Builds the hosts and links once, and reports what the world itself finds wrong with them.
fn try_to_build(plan: &Plan, document: &Document, problems: &mut Vec<Problem>) {
    let mut world = World::new(0);
    let mut nodes = Vec::with_capacity(plan.hosts.len());
    let mut note = |added: Result<NodeId, BuildError>, place: &Place| match added {
        Ok(node) => nodes.push(node),
        Err(error) => problems.push(place.problem(error.to_string())),
    };
    for (config, host) in plan.hosts.iter().zip(&document.host) {
        note(world.add_host(config.clone()), &host.place);
    }
    for (config, switch) in plan.switches.iter().zip(&document.switch) {
        note(world.add_switch(config.clone()), &switch.place);
    }
    for (config, hub) in plan.hubs.iter().zip(&document.hub) {
        note(world.add_hub(config.clone()), &hub.place);
    }
    if !problems.is_empty() {
        return;
    }
    for (planned, link) in plan.links.iter().zip(&document.link) {
        if let Err(error) = world.connect(planned.config(&nodes)) {
            problems.push(link.problem(error.to_string()));
        }
    }
}

impl Plan {
    /// The interface or port `end` of a link in full: `client.eth0`, `switch.port1`.
    pub fn end_name(&self, end: (usize, InterfaceId)) -> String {
        let (node, number) = (end.0, usize::from(end.1.0));
        if let Some(host) = self.hosts.get(node) {
            return format!("{}.{}", host.name, host.interfaces[number].name);
        }
        let node = node - self.hosts.len();
        if let Some(switch) = self.switches.get(node) {
            format!("{}.{}", switch.name, switch.ports[number].name)
        } else {
            let hub = &self.hubs[node - self.switches.len()];
            format!("{}.{}", hub.name, hub.ports[number])
        }
    }
}

impl PlannedLink {
    /// What the world makes the link from, where hosts, switches and hubs have become `nodes`.
    pub fn config(&self, nodes: &[NodeId]) -> LinkConfig {
        let ends = self.ends.map(|(host, interface)| (nodes[host], interface));
        LinkConfig { name: self.name.clone(), ends, directions: self.directions.clone() }
    }
}

/// Reports each name that an earlier one of the same kind has already.
fn check_unique<'a>(what: &str, names: impl IntoIterator<Item = &'a At<Name>>, problems: &mut Vec<Problem>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for name in names {
        if !seen.insert(&name.value.0) {
            let message = format!("there are two {what} `{}`", name.value);
            problems.push(name.problem(message).allowed("a name that no other has"));
        }
    }
}

/// The place of the one of `names` that `name` is; reports that there is none.
fn find<'a>(
    what: &str,
    name: &At<Name>,
    names: impl IntoIterator<Item = &'a str> + Clone,
    problems: &mut Vec<Problem>,
) -> Option<usize> {
    let found = names.clone().into_iter().position(|known| known == name.value.0);
    if found.is_none() {
        problems.push(no_such(&name.place, what, &name.value.0, names));
    }
    found
}

/// The problem that there is no `what` of that name at `place`.
fn no_such<'a>(
    place: &crate::read::Place,
    what: &str,
    name: &str,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> Problem {
    let problem = place.problem(format!("there is no {what} `{name}`"));
    let problem = problem.allowed(near::or_list(names.clone())).suggest(near::miss(name, names));
    Problem { dangling: true, ..problem }
}
