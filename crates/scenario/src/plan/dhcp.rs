//! DHCP clients, and those that an interface with `configure = "dhcp"` implies. Servers are planned by `lending`.

use core::net::Ipv4Addr;

use wirelab_stack::addr::Cidr;
use wirelab_stack::application::dhcp::client;
use wirelab_stack::frame::Medium;
use wirelab_stack::host::HostConfig;
use wirelab_stack::interface::{Configure, InterfaceConfig, rarp};
use wirelab_stack::time::Instant;

use super::applications::{PlannedApplication, Work};
use super::find;
use crate::diagnostic::Problem;
use crate::model::{App, Application, DhcpClient};
use crate::read::{At, Name, Place};

/// A client, as it is described.
pub fn client(
    client: &DhcpClient,
    host: Option<&HostConfig>,
    problems: &mut Vec<Problem>,
) -> Option<client::Config> {
    let interface = interface(client.interface.as_ref(), host, problems)?;
    let inform = client.inform.as_ref().is_some_and(|inform| inform.value);
    if let Some(at) = client.inform.as_ref().filter(|at| at.value && interface.addresses.is_empty()) {
        let problem = at.problem("to be told what goes with its address, the interface needs one");
        problems.push(problem.allowed("`addresses` of the interface, or no `inform`"));
    }
    let only_asks = inform.then(|| {
        let fields = [
            ("requested", client.requested.as_ref().map(|at| &at.place)),
            ("previous", client.previous.as_ref().map(|at| &at.place)),
            ("lease", client.lease.as_ref().map(|at| &at.place)),
            ("release_after", client.release_after.as_ref().map(|at| &at.place)),
            ("patience", client.patience.as_ref().map(|at| &at.place)),
        ];
        fields.into_iter().find_map(|(field, place)| Some((field, place?)))
    });
    if let Some((field, place)) = only_asks.flatten() {
        let problem =
            place.problem(format!("a client with `inform` gets no address, so that `{field}` says nothing"));
        problems.push(problem.allowed(format!("one of `inform` and `{field}`")));
    }
    let mut address = |at: &Option<At<Ipv4Addr>>| {
        let at = at.as_ref()?;
        if !Cidr::new(at.value.into(), 32).is_ok_and(|cidr| rarp::can_be_given(&cidr)) {
            let problem = at.problem(format!("{} cannot be a host's address", at.value));
            problems.push(problem.allowed("an address that one station can have"));
        }
        Some(at.value)
    };
    let (requested, previous) = (address(&client.requested), address(&client.previous));
    let mut knobs = client::Knobs::default();
    if let Some(patience) = &client.patience {
        knobs.patience = patience.value.0.0;
    }
    Some(client::Config {
        interface: Some(interface.name.clone()),
        requested,
        previous,
        lease: client.lease.as_ref().map(|at| at.value.0.0),
        release_after: client.release_after.as_ref().map(|at| at.value.0),
        inform,
        knobs,
    })
}

/// Looks whether clients and servers can have the interfaces that they are for: one of each for each interface.
pub fn check_interfaces(applications: &[At<Application>], hosts: &[HostConfig], problems: &mut Vec<Problem>) {
    /// Host, interface, whether it is a server, name.
    type Taken<'a> = (&'a str, &'a str, bool, &'a str);
    let mut taken: Vec<Taken<'_>> = Vec::new();
    for application in applications {
        let Application { common, app } = &application.value;
        let (name, serves, inform) = match app {
            App::DhcpServer(server) => (&server.interface, true, false),
            App::DhcpClient(client) => {
                (&client.interface, false, client.inform.as_ref().is_some_and(|inform| inform.value))
            }
            _ => continue,
        };
        // What is not there is reported where it is looked up.
        let Some(host) = hosts.iter().find(|host| host.name == common.host.value.0) else { continue };
        let Some(own) = interface(name.as_ref(), Some(host), &mut Vec::new()) else { continue };
        let place = name.as_ref().map_or(&common.host.place, |name| &name.place);
        problems.extend(unfit(own, place, serves || inform));
        let known = (host.name.as_str(), own.name.as_str(), serves);
        if let Some((.., other)) = taken.iter().find(|(host, own, side, _)| (*host, *own, *side) == known) {
            let side = if serves { "server" } else { "client" };
            let problem = place.problem(format!("`{other}` is the DHCP {side} of `{}` already", own.name));
            problems.push(problem.allowed(format!("one DHCP {side} for each interface")));
        }
        taken.push((known.0, known.1, serves, &common.name.value.0));
    }
}

/// Why an interface cannot have a client, or a server, if so.
fn unfit(interface: &InterfaceConfig, place: &Place, has_address: bool) -> Option<Problem> {
    if interface.medium != Medium::Ethernet {
        let problem =
            place.problem(format!("`{}` has no hardware address that a lease could be for", interface.name));
        return Some(problem.allowed("an Ethernet interface"));
    }
    if has_address || interface.configure == Configure::Dhcp {
        return None;
    }
    let problem = place.problem(format!("`{}` does not have its address from a DHCP server", interface.name));
    Some(problem.allowed("an interface with `configure = \"dhcp\"`, or `inform`"))
}

pub(super) fn interface<'a>(
    name: Option<&At<Name>>,
    host: Option<&'a HostConfig>,
    problems: &mut Vec<Problem>,
) -> Option<&'a InterfaceConfig> {
    let interfaces = &host?.interfaces;
    match name {
        None => interfaces.first(),
        Some(name) => {
            let names = interfaces.iter().map(|interface| interface.name.as_str());
            interfaces.get(find("interface", name, names, problems)?)
        }
    }
}

/// The clients that interfaces with `configure = "dhcp"` need and that the file does not describe: in the background.
pub fn implied(hosts: &[HostConfig], described: &[PlannedApplication]) -> Vec<PlannedApplication> {
    let mut clients = Vec::new();
    for (number, host) in hosts.iter().enumerate() {
        for interface in host.interfaces.iter().filter(|own| own.configure == Configure::Dhcp) {
            let is_its = |application: &PlannedApplication| match &application.work {
                Work::DhcpClient(config) => {
                    application.host == number && config.interface.as_ref() == Some(&interface.name)
                }
                _ => false,
            };
            if described.iter().any(is_its) {
                continue;
            }
            let interface = Some(interface.name.clone());
            clients.push(PlannedApplication {
                // No name in a file has a full stop.
                name: format!("{}.{}.dhcp", host.name, interface.as_deref().unwrap_or_default()),
                app: "dhcp-client",
                host: number,
                start: Instant::ZERO,
                background: true,
                waits: false,
                work: Work::DhcpClient(client::Config { interface, ..client::Config::default() }),
            });
        }
    }
    clients
}
