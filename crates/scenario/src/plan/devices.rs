//! Switches and hubs, and which of their ports a link takes.

use std::collections::BTreeSet;

use wirelab_sim::{HubConfig, PortConfig, PortMode, SwitchConfig, SwitchKnobs};
use wirelab_stack::frame::InterfaceId;
use wirelab_stack::interface::vlan::VlanId;

use super::no_such;
use crate::diagnostic::Problem;
use crate::model::{Document, Hub, Port, Switch};
use crate::read::At;
use crate::units::End;

/// The least MTU of IPv4 (RFC 791 §3.2).
const LEAST_MTU: u16 = 68;

/// A switch or a hub, while links are given its ports.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Whether it has as many ports as links ask for.
    grows: bool,
    /// Which ports have a link.
    taken: Vec<bool>,
}

/// A switch or a hub.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A switch.
    Switch(SwitchConfig),
    /// A hub.
    Hub(HubConfig),
}

/// The switches and then the hubs, in the order of the file.
pub fn plan(document: &Document, problems: &mut Vec<Problem>) -> Vec<Device> {
    check_names(document, problems);
    let switches = document.switch.iter().map(|switch| plan_switch(switch, problems));
    let mut devices: Vec<Device> = switches.collect();
    devices.extend(document.hub.iter().map(|hub| plan_hub(&hub.value)));
    devices
}

/// Reports switches and hubs with the name of another node. Two hosts of one name are reported with the hosts.
fn check_names(document: &Document, problems: &mut Vec<Problem>) {
    let hosts = document.host.iter().map(|host| &host.value.name);
    let switches = document.switch.iter().map(|switch| &switch.value.name);
    let hubs = document.hub.iter().map(|hub| &hub.value.name);
    let mut seen: BTreeSet<&str> = hosts.map(|name| name.value.0.as_str()).collect();
    for name in switches.chain(hubs) {
        if !seen.insert(&name.value.0) {
            let message = format!("there is another node `{}`", name.value);
            problems.push(name.problem(message).allowed("a name that no host, switch or hub has"));
        }
    }
}

fn plan_switch(at: &At<Switch>, problems: &mut Vec<Problem>) -> Device {
    let Switch { name, ports: count, port, ageing_time, max_entries, mtu } = &at.value;
    let described = port.iter().enumerate().map(|(index, port)| plan_port(index, port, problems));
    let mut ports: Vec<PortConfig> = described.collect();
    if let Some(count) = count {
        let wanted = usize::from(count.value.get());
        if wanted < ports.len() {
            let message = format!("{} ports are described, and there are to be {wanted}", ports.len());
            problems.push(count.problem(message).allowed(format!("at least {}", ports.len())));
        }
        let rest = ports.len()..wanted;
        ports.extend(rest.map(|index| PortConfig::access(PortConfig::name_of(index), VlanId::DEFAULT)));
    }
    check_ports(&ports, at, problems);
    if let Some(mtu) = mtu.as_ref().filter(|mtu| mtu.value < LEAST_MTU) {
        let message = format!("an MTU of {} octets is too small for IPv4", mtu.value);
        problems.push(mtu.problem(message).allowed(format!("{LEAST_MTU} to 65535")));
    }
    let otherwise = SwitchKnobs::default();
    let knobs = SwitchKnobs {
        ageing_time: ageing_time.as_ref().map_or(otherwise.ageing_time, |time| time.value.0),
        max_entries: max_entries.as_ref().map_or(otherwise.max_entries, |most| most.value.get() as usize),
        mtu: mtu.as_ref().map_or(otherwise.mtu, |mtu| mtu.value),
    };
    let (grows, taken) = (count.is_none() && ports.is_empty(), vec![false; ports.len()]);
    let name = name.value.0.clone();
    Device { kind: Kind::Switch(SwitchConfig { name: name.clone(), ports, knobs }), name, grows, taken }
}

/// Reports ports that have one name: their own, or that of their number.
fn check_ports(ports: &[PortConfig], at: &At<Switch>, problems: &mut Vec<Problem>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        if !seen.insert(&port.name) {
            let own = at.value.port.get(index).and_then(|port| port.value.name.as_ref());
            let place = own.map_or(&at.place, |name| &name.place);
            let message = format!("two ports of this switch are called `{}`", port.name);
            problems.push(place.problem(message).allowed("a name that no other port has"));
        }
    }
}

fn plan_port(index: usize, at: &At<Port>, problems: &mut Vec<Problem>) -> PortConfig {
    let Port { name, access, trunk, native } = &at.value;
    let mode = match (access, trunk) {
        (Some(access), Some(_)) => {
            let problem = access.problem("a port is either in one VLAN or a trunk");
            problems.push(problem.allowed("one of `access` and `trunk`"));
            PortMode::Access(access.value.0)
        }
        (access, None) => {
            if let Some(native) = native {
                let problem = native.problem("`native` needs `trunk`: a port in one VLAN tags nothing");
                problems.push(problem.allowed("`native` together with `trunk`"));
            }
            PortMode::Access(access.as_ref().map_or(VlanId::DEFAULT, |access| access.value.0))
        }
        (None, Some(trunk)) => {
            if trunk.value.0.is_empty() && native.is_none() {
                let problem = trunk.problem("the trunk carries no VLAN");
                problems.push(problem.allowed("at least one VLAN"));
            }
            let native = native.as_ref().map(|native| native.value.0);
            PortMode::Trunk { allowed: trunk.value.0.clone(), native }
        }
    };
    let name = name.as_ref().map_or_else(|| PortConfig::name_of(index), |name| name.value.0.clone());
    PortConfig { name, mode }
}

fn plan_hub(hub: &Hub) -> Device {
    let Hub { name, ports } = hub;
    let count = ports.as_ref().map_or(0, |ports| usize::from(ports.value.get()));
    let config = HubConfig::new(name.value.0.clone(), count);
    let (grows, taken) = (ports.is_none(), vec![false; count]);
    Device { name: config.name.clone(), kind: Kind::Hub(config), grows, taken }
}

impl Device {
    /// Its ports' names, in order.
    pub fn port_names(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Switch(config) => config.ports.iter().map(|port| port.name.as_str()).collect(),
            Kind::Hub(config) => config.ports.iter().map(String::as_str).collect(),
        }
    }

    /// A link names one of its ports: no other link that names none takes it.
    pub fn reserve(&mut self, port: &str) {
        if let Some(place) = self.port_names().iter().position(|name| *name == port) {
            self.taken[place] = true;
        }
    }

    /// The port that `end` names, or the next that no link has.
    pub fn find_port(&mut self, end: &At<End>, problems: &mut Vec<Problem>) -> Option<InterfaceId> {
        let place = match &end.value.interface {
            Some(name) => {
                let names = self.port_names();
                let found = names.iter().position(|known| known == name);
                if found.is_none() {
                    let what = format!("port of `{}`", self.name);
                    problems.push(if names.is_empty() {
                        let problem = end.problem(format!("there is no {what} `{name}`"));
                        problem.allowed(format!(
                            "`{}` alone, whose ports are as many as it has links",
                            self.name
                        ))
                    } else {
                        no_such(&end.place, &what, name, names.iter().copied())
                    });
                }
                found?
            }
            None => match self.taken.iter().position(|taken| !taken) {
                Some(place) => place,
                None if self.grows && self.taken.len() < usize::from(u16::MAX) - 1 => self.grow(),
                None => {
                    let message =
                        format!("each of the {} ports of `{}` has a link", self.taken.len(), self.name);
                    problems.push(end.problem(message).allowed("a switch or hub with a port that is free"));
                    return None;
                }
            },
        };
        self.taken[place] = true;
        Some(InterfaceId(place as u16))
    }

    /// Gives it one more port.
    fn grow(&mut self) -> usize {
        let place = self.taken.len();
        let name = PortConfig::name_of(place);
        match &mut self.kind {
            Kind::Switch(config) => config.ports.push(PortConfig::access(name, VlanId::DEFAULT)),
            Kind::Hub(config) => config.ports.push(name),
        }
        self.taken.push(false);
        place
    }
}
