//! Interfaces that are not plain Ethernet: those of VLANs, and those of lines without Ethernet.

use wirelab_stack::addr::Mac;
use wirelab_stack::frame::{InterfaceId, Medium};
use wirelab_stack::interface::{Capabilities, InterfaceConfig, VlanConfig};

use super::no_such;
use crate::diagnostic::Problem;
use crate::model::{ConfigureWord, Host, Interface, MediumWord};
use crate::near;
use crate::read::{At, Name};

/// Gives the interfaces of a host, planned as plain ones, their media and VLANs.
pub fn settle(host: &Host, interfaces: &mut [InterfaceConfig], problems: &mut Vec<Problem>) {
    for (interface, config) in host.interface.iter().zip(&mut *interfaces) {
        if interface.value.medium.as_ref().is_some_and(|medium| medium.value == MediumWord::PointToPoint) {
            make_point_to_point(&interface.value, config, problems);
        }
    }
    let mut seen: Vec<VlanConfig> = Vec::new();
    for (index, interface) in host.interface.iter().enumerate() {
        let Some(vlan) = plan_vlan(host, index, interfaces, problems) else { continue };
        if seen.contains(&vlan) {
            let under = &interfaces[usize::from(vlan.parent.0)].name;
            let message = format!("VLAN {} has an interface over `{under}` already", vlan.id);
            problems.push(interface.problem(message).allowed("one interface for each VLAN"));
            continue;
        }
        seen.push(vlan);
        put_over(&interface.value, vlan, index, interfaces, problems);
    }
}

/// A line between two stations: nothing of Ethernet's goes with it.
fn make_point_to_point(interface: &Interface, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    (config.medium, config.mac, config.announce) = (Medium::PointToPoint, Mac::UNSPECIFIED, false);
    let announce = interface.announce.as_ref().filter(|announce| announce.value);
    let probe = interface.probe.as_ref().filter(|probe| probe.value);
    let proxy = interface.proxy_arp.as_ref().filter(|proxy| proxy.value);
    let configure = interface.configure.as_ref().filter(|word| word.value != ConfigureWord::Static);
    let places = [
        ("mac", interface.mac.as_ref().map(|mac| &mac.place)),
        ("announce", announce.map(|announce| &announce.place)),
        ("vlan", interface.vlan.as_ref().map(|vlan| &vlan.place)),
        ("parent", interface.parent.as_ref().map(|parent| &parent.place)),
        ("neighbor", interface.neighbor.first().map(|neighbor| &neighbor.place)),
        ("configure", configure.map(|configure| &configure.place)),
        ("probe", probe.map(|probe| &probe.place)),
        ("proxy_arp", proxy.map(|proxy| &proxy.place)),
        ("on_conflict", interface.on_conflict.as_ref().map(|word| &word.place)),
        ("rarp_table", interface.rarp_table.first().map(|entry| &entry.place)),
    ];
    for (field, place) in places {
        if let Some(place) = place {
            let problem = place.problem(format!("a point-to-point interface has no `{field}`"));
            problems.push(problem.allowed(format!("`{field}` of an Ethernet interface")));
        }
    }
}

/// Of which VLAN over which interface the interface number `index` is, if it is one.
fn plan_vlan(
    host: &Host,
    index: usize,
    interfaces: &[InterfaceConfig],
    problems: &mut Vec<Problem>,
) -> Option<VlanConfig> {
    let interface = &host.interface[index].value;
    let Some(id) = &interface.vlan else {
        if let Some(parent) = &interface.parent {
            let problem = parent.problem("`parent` needs `vlan`: only a VLAN's interface is over another");
            problems.push(problem.allowed("`parent` together with `vlan`"));
        }
        return None;
    };
    if interfaces[index].medium == Medium::PointToPoint {
        // Reported with the medium.
        return None;
    }
    let could_be = |other: usize| {
        host.interface[other].value.vlan.is_none() && interfaces[other].medium == Medium::Ethernet
    };
    let parents: Vec<usize> = (0..interfaces.len()).filter(|other| could_be(*other)).collect();
    let names = || parents.iter().map(|place| interfaces[*place].name.as_str());
    let parent = match &interface.parent {
        Some(name) => find_parent(name, interfaces, &parents, problems)?,
        None => match parents[..] {
            [only] => only,
            [] => {
                let problem =
                    id.problem("the host has no other Ethernet interface that this one could be over");
                problems.push(problem.allowed("an interface without `vlan` besides"));
                return None;
            }
            _ => {
                let message = format!("over which of the host's {} Ethernet interfaces?", parents.len());
                let allowed = format!("`parent`: {}", near::or_list(names()));
                problems.push(id.problem(message).allowed(allowed));
                return None;
            }
        },
    };
    Some(VlanConfig { parent: InterfaceId(parent as u16), id: id.value.0 })
}

fn find_parent(
    name: &At<Name>,
    interfaces: &[InterfaceConfig],
    parents: &[usize],
    problems: &mut Vec<Problem>,
) -> Option<usize> {
    let names = || parents.iter().map(|place| interfaces[*place].name.as_str());
    if let Some(place) = parents.iter().find(|place| interfaces[**place].name == name.value.0) {
        return Some(*place);
    }
    let is_other = interfaces.iter().any(|interface| interface.name == name.value.0);
    problems.push(if is_other {
        let message =
            format!("`{}` is no plain Ethernet interface: its frames have no room for a tag", name.value);
        name.problem(message).allowed(near::or_list(names()))
    } else {
        let known: Vec<&str> = names().collect();
        let problem = no_such(&name.place, "interface of this host", &name.value.0, known.iter().copied());
        Problem { dangling: false, ..problem }
    });
    None
}

/// Makes an interface that of a VLAN: what is not given, it has from the one that it is over.
fn put_over(
    interface: &Interface,
    vlan: VlanConfig,
    index: usize,
    interfaces: &mut [InterfaceConfig],
    problems: &mut Vec<Problem>,
) {
    let under = &interfaces[usize::from(vlan.parent.0)];
    let (mac, capabilities, name) = (under.mac, under.capabilities, under.name.clone());
    let mtu = capabilities.mtu;
    let config = &mut interfaces[index];
    config.vlan = Some(vlan);
    if interface.mac.is_none() {
        config.mac = mac;
    }
    if interface.offload.is_none() {
        let mtu = config.capabilities.mtu;
        config.capabilities = Capabilities { mtu, ..capabilities };
    }
    match &interface.mtu {
        None => config.capabilities.mtu = capabilities.mtu,
        Some(own) if own.value > mtu => {
            let message =
                format!("an MTU of {} octets is above that of `{name}`, which it is over", own.value);
            problems.push(own.problem(message).allowed(format!("at most {mtu}")));
        }
        Some(_) => {}
    }
}
