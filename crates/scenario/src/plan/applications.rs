//! Applications, with their peers looked up and what was left out filled in.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::num::NonZeroU8;
use std::collections::BTreeSet;

use wirelab_stack::application::traceroute::{self, Method};
use wirelab_stack::application::upper::{once, session};
use wirelab_stack::application::{bulk, dhcp, discard, echo, ftp, http, ping, small, smtp, terminal, unix};
use wirelab_stack::host::HostConfig;
use wirelab_stack::network::sending::MtuDiscovery;
use wirelab_stack::time::{Duration, Instant};

use super::addressing::waits;
use super::{check_unique, find, groups, no_such, ports, services, transfer};
use crate::diagnostic::Problem;
use crate::model::{App, Application, Common, Ping, ProbeWord, Traceroute};
use crate::read::{At, Place};
use crate::units::{Destination, Peer, Size, Span};

/// An application, ready to be started.
#[derive(Clone, Debug)]
pub struct PlannedApplication {
    /// Its name.
    pub name: String,
    /// The word for what it does.
    pub app: &'static str,
    /// Which of the hosts it runs on.
    pub host: usize,
    /// When it begins.
    pub start: Instant,
    /// Whether the run does not wait for it.
    pub background: bool,
    /// Whether it waits until its host has its addresses.
    pub waits: bool,
    /// What it does.
    pub work: Work,
}

/// What an application does.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each is the stack's application of that name")]
pub enum Work {
    EchoServer(echo::ServerConfig),
    EchoClient(echo::ClientConfig),
    Discard(discard::ServerConfig),
    Source(bulk::SourceConfig),
    Sink(bulk::SinkConfig),
    DhcpClient(dhcp::client::Config),
    DhcpServer(dhcp::server::Config),
    Ping(ping::Config),
    Traceroute(traceroute::Config),
    UdpEchoServer(echo::UdpServerConfig),
    UdpEchoClient(echo::UdpClientConfig),
    UdpDiscard(discard::UdpServerConfig),
    UdpSource(bulk::UdpSourceConfig),
    UdpSink(bulk::UdpSinkConfig),
    SmallServer(small::ServerConfig),
    SmallClient(small::ClientConfig),
    Upper(once::ServerConfig),
    UpperClient(once::ClientConfig),
    UpperSession(session::ServerConfig),
    UpperSessionClient(session::ClientConfig),
    Terminal(terminal::Config),
    FtpServer(ftp::server::Config),
    FtpClient(ftp::client::Config),
    SmtpServer(smtp::server::Config),
    SmtpClient(smtp::client::Config),
    HttpServer(http::server::Config),
    HttpClient(http::client::Config),
    UnixServer(unix::ServerConfig),
    UnixClient(unix::ClientConfig),
}

/// The longest payload of a UDP datagram over IPv4: 65,535 less the headers of 20 and 8 octets.
const LONGEST_DATAGRAM: u64 = 65_507;

/// The applications, in the order of the file.
pub fn plan(
    applications: &[At<Application>],
    hosts: &[HostConfig],
    problems: &mut Vec<Problem>,
) -> Vec<PlannedApplication> {
    check_unique(
        "applications",
        applications.iter().map(|application| &application.value.common.name),
        problems,
    );
    ports::check(applications, problems);
    check_terminals(applications, problems);
    super::dhcp::check_interfaces(applications, hosts, problems);
    let plan = |application: &At<Application>| plan_one(&application.value, hosts, problems);
    let mut planned: Vec<_> = applications.iter().filter_map(plan).collect();
    planned.extend(super::dhcp::implied(hosts, &planned));
    planned
}

/// Reports a second program that reads its host's standard input: each octet goes to one of them.
fn check_terminals(applications: &[At<Application>], problems: &mut Vec<Problem>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for application in applications.iter().map(|application| &application.value) {
        let Common { name, host, .. } = &application.common;
        if matches!(application.app, App::Terminal(_)) && !seen.insert(&host.value.0) {
            let message = format!("`{}` has a terminal already", host.value);
            problems.push(name.problem(message).allowed("one terminal on each host"));
        }
    }
}

fn plan_one(
    application: &Application,
    hosts: &[HostConfig],
    problems: &mut Vec<Problem>,
) -> Option<PlannedApplication> {
    let common = &application.common;
    let host = find("host", &common.host, hosts.iter().map(|host| host.name.as_str()), problems);
    let mut lookup =
        Lookup { hosts, host: host.and_then(|host| hosts.get(host)), place: &common.name.place, problems };
    let work = work(&application.app, &mut lookup)?;
    Some(PlannedApplication {
        name: common.name.value.0.clone(),
        app: application.app.word(),
        host: host?,
        start: common.start.as_ref().map_or(Instant::ZERO, |start| start.value.instant()),
        background: common.background.as_ref().map_or_else(|| work.is_endless(), |at| at.value),
        waits: !work.configures()
            && host.and_then(|host| hosts.get(host)).is_some_and(|host| waits(&host.interfaces)),
        work,
    })
}

impl Work {
    /// Whether it gives its host an address, so that it cannot wait for that.
    fn configures(&self) -> bool {
        matches!(self, Self::DhcpClient(config) if !config.inform)
    }

    /// Whether it is a server that was not told when to end.
    fn is_endless(&self) -> bool {
        match self {
            Self::EchoServer(config) => config.connections.is_none(),
            Self::Discard(config) => config.connections.is_none(),
            Self::Sink(config) => config.connections.is_none(),
            Self::UdpEchoServer(config) => config.datagrams.is_none(),
            Self::UdpDiscard(config) => config.datagrams.is_none(),
            Self::UdpSink(config) => {
                let leaves = config.membership.as_ref().is_some_and(|group| group.leave_at.is_some());
                config.bytes.is_none() && config.idle.is_none() && !leaves
            }
            Self::SmallServer(config) => config.requests.is_none(),
            Self::Upper(config) => config.connections.is_none(),
            Self::UpperSession(config) => config.connections.is_none(),
            Self::FtpServer(config) => config.sessions.is_none(),
            Self::SmtpServer(config) => config.sessions.is_none(),
            Self::HttpServer(config) => config.connections.is_none(),
            Self::UnixServer(config) => config.requests.is_none(),
            Self::DhcpServer(_) => true,
            Self::DhcpClient(config) => config.release_after.is_none() && !config.inform,
            Self::EchoClient(_)
            | Self::Source(_)
            | Self::Ping(_)
            | Self::Traceroute(_)
            | Self::UdpEchoClient(_)
            | Self::UdpSource(_)
            | Self::SmallClient(_)
            | Self::UpperClient(_)
            | Self::UpperSessionClient(_)
            | Self::Terminal(_)
            | Self::FtpClient(_)
            | Self::SmtpClient(_)
            | Self::HttpClient(_)
            | Self::UnixClient(_) => false,
        }
    }
}

fn work(app: &App, lookup: &mut Lookup<'_>) -> Option<Work> {
    let time = |at: &Option<At<Span>>, otherwise| at.as_ref().map_or(otherwise, |at| at.value.0);
    let second = Duration::from_secs(1);
    Some(match app {
        App::EchoServer(server) => Work::EchoServer(echo::ServerConfig {
            local: lookup.local(server.address.as_ref(), server.port.value.0)?,
            connections: value(&server.connections),
        }),
        App::Discard(server) => Work::Discard(discard::ServerConfig {
            local: lookup.local(server.address.as_ref(), server.port.value.0)?,
            connections: value(&server.connections),
        }),
        App::Sink(sink) => Work::Sink(bulk::SinkConfig {
            local: lookup.local(sink.address.as_ref(), sink.port.value.0)?,
            connections: value(&sink.connections),
        }),
        App::UdpEchoServer(server) => Work::UdpEchoServer(echo::UdpServerConfig {
            local: lookup.local(server.address.as_ref(), server.port.value.0)?,
            datagrams: value(&server.datagrams),
        }),
        App::UdpDiscard(server) => Work::UdpDiscard(discard::UdpServerConfig {
            local: lookup.local(server.address.as_ref(), server.port.value.0)?,
            datagrams: value(&server.datagrams),
        }),
        App::UdpSink(sink) => Work::UdpSink(bulk::UdpSinkConfig {
            local: lookup.local(sink.address.as_ref(), sink.port.value.0)?,
            bytes: sink.bytes.as_ref().map(|bytes| bytes.value.0),
            idle: sink.idle.as_ref().map(|idle| idle.value.0),
            membership: groups::membership(sink, lookup)?,
        }),
        App::EchoClient(client) => Work::EchoClient(echo::ClientConfig {
            remote: lookup.remote(&client.to)?,
            texts: texts(&client.texts.value.0),
            pause: time(&client.pause, Duration::ZERO),
        }),
        App::UdpEchoClient(client) => Work::UdpEchoClient(echo::UdpClientConfig {
            remote: lookup.remote(&client.to)?,
            texts: texts(&client.texts.value.0),
            timeout: time(&client.timeout, second),
            attempts: value(&client.attempts).unwrap_or(8),
        }),
        App::Source(source) => Work::Source(bulk::SourceConfig {
            remote: lookup.remote(&source.to)?,
            bytes: source.bytes.value.0,
            seed: value(&source.pattern).unwrap_or(0),
        }),
        App::UdpSource(source) => Work::UdpSource(bulk::UdpSourceConfig {
            remote: lookup.remote(&source.to)?,
            bytes: source.bytes.value.0,
            seed: value(&source.pattern).unwrap_or(0),
            datagram: lookup.size(source.datagram.as_ref(), 1_000, 1)?,
            interval: time(&source.interval, Duration::from_millis(1)),
            to_group: groups::sending(source, lookup)?,
            dont_fragment: value(&source.dont_fragment),
        }),
        App::DhcpClient(client) => {
            Work::DhcpClient(super::dhcp::client(client, lookup.host, lookup.problems)?)
        }
        App::DhcpServer(server) => {
            Work::DhcpServer(super::lending::server(server, lookup.hosts, lookup.host, lookup.problems)?)
        }
        App::Ping(ping) => Work::Ping(lookup.ping(ping)?),
        App::Traceroute(trace) => Work::Traceroute(lookup.traceroute(trace)?),
        App::Echo(_)
        | App::Chargen(_)
        | App::Daytime(_)
        | App::TimeServer(_)
        | App::ServiceClient(_)
        | App::Upper(_)
        | App::UpperClient(_)
        | App::UpperSession(_)
        | App::UpperSessionClient(_)
        | App::Terminal(_) => return services::work(app, lookup),
        App::FtpServer(_) | App::FtpClient(_) | App::SmtpServer(_) | App::SmtpClient(_) => {
            return transfer::work(app, lookup);
        }
        App::HttpServer(_) | App::HttpClient(_) => return super::http::work(app, lookup),
        App::UnixServer(_) | App::UnixClient(_) => return super::unix::work(app, lookup),
    })
}

#[expect(clippy::ref_option, reason = "the fields of the model are options")]
pub fn value<T: Copy>(at: &Option<At<T>>) -> Option<T> {
    at.as_ref().map(|at| at.value)
}

pub fn texts(texts: &[At<String>]) -> Vec<String> {
    texts.iter().map(|text| text.value.clone()).collect()
}

/// Looks up addresses for an application.
pub struct Lookup<'a> {
    hosts: &'a [HostConfig],
    /// The host that the application runs on, where it is known.
    pub host: Option<&'a HostConfig>,
    /// Where the application stands.
    pub place: &'a Place,
    /// What is wrong.
    pub problems: &'a mut Vec<Problem>,
}

impl Lookup<'_> {
    /// Where a server listens.
    pub fn local(&mut self, address: Option<&At<IpAddr>>, port: u16) -> Option<SocketAddr> {
        let Some(address) = address else {
            return Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port));
        };
        let ip = address.value;
        let own = self.host.is_none_or(|host| {
            let mut all = host.interfaces.iter().flat_map(|interface| &interface.addresses);
            all.any(|own| own.address() == ip)
        });
        if !own && !ip.is_loopback() && !ip.is_unspecified() {
            let problem = address.problem(format!("{ip} is not an address of the application's host"));
            self.problems.push(problem.allowed("one of the host's own addresses, or none for all of them"));
            return None;
        }
        Some(SocketAddr::new(ip, port))
    }

    /// The address and port of a server.
    pub fn remote(&mut self, to: &At<Destination>) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.peer(&to.value.peer, &to.place)?, to.value.port))
    }

    /// The address of a peer.
    pub fn peer(&mut self, peer: &Peer, place: &Place) -> Option<IpAddr> {
        let name = match peer {
            Peer::Address(address @ IpAddr::V4(_)) => return Some(*address),
            Peer::Address(address) => {
                let message = format!("{address} is an IPv6 address, which the stack does not have yet");
                self.problems.push(place.problem(message).allowed("an IPv4 address, or a host's name"));
                return None;
            }
            Peer::Host(name) => name,
        };
        let names = self.hosts.iter().map(|host| host.name.as_str());
        let Some(host) = self.hosts.iter().find(|host| host.name == *name) else {
            self.problems.push(no_such(place, "host", name, names));
            return None;
        };
        let first = host.interfaces.iter().flat_map(|interface| &interface.addresses).next();
        if first.is_none() {
            let problem = place.problem(format!("the host `{name}` has no address"));
            self.problems.push(problem.allowed("a host with an address, or an address"));
        }
        first.map(wirelab_stack::addr::Cidr::address)
    }

    /// Reports that nobody goes by that name.
    pub fn known_host(&mut self, name: &str, place: &Place) -> Option<()> {
        let mut names = self.hosts.iter().map(|host| host.name.as_str());
        if names.any(|known| known.eq_ignore_ascii_case(name)) {
            return Some(());
        }
        let names = self.hosts.iter().map(|host| host.name.as_str());
        self.problems.push(no_such(place, "host", name, names));
        None
    }

    fn ping(&mut self, ping: &Ping) -> Option<ping::Config> {
        let time = |at: &Option<At<Span>>, otherwise| at.as_ref().map_or(otherwise, |at| at.value.0);
        let second = Duration::from_secs(1);
        let destination = self.peer(&ping.to.value, &ping.to.place)?;
        Some(ping::Config {
            count: Some(value(&ping.count).unwrap_or(4).into()),
            interval: time(&ping.interval, second),
            timeout: time(&ping.timeout, second),
            payload: self.size(ping.size.as_ref(), 56, 0)?,
            ttl: value(&ping.ttl),
            tos: value(&ping.tos).unwrap_or(0),
            record_route: value(&ping.record_route).unwrap_or(false),
            discovery: value(&ping.dont_fragment)
                .map(|forbidden| if forbidden { MtuDiscovery::Do } else { MtuDiscovery::Dont }),
            timestamp: value(&ping.timestamp).unwrap_or(false),
            outstanding: true,
            ..ping::Config::new(destination)
        })
    }

    fn traceroute(&mut self, trace: &Traceroute) -> Option<traceroute::Config> {
        let count =
            |at: &Option<At<NonZeroU8>>, otherwise| at.as_ref().map_or(otherwise, |at| at.value.get());
        let port = trace.port.as_ref().map_or(Method::FIRST_PORT, |port| port.value.0);
        let config = traceroute::Config {
            destination: self.peer(&trace.to.value, &trace.to.place)?,
            method: match trace.method.as_ref().map(|method| method.value) {
                None | Some(ProbeWord::Udp) => Method::Udp(port),
                Some(ProbeWord::Icmp) => Method::Icmp,
            },
            first_ttl: count(&trace.first_ttl, 1),
            max_ttl: count(&trace.max_ttl, 30),
            probes: count(&trace.probes, 3),
            wait: trace.wait.as_ref().map_or(Duration::from_secs(1), |wait| wait.value.0),
            size: self.size(trace.size.as_ref(), 60, 28)?,
        };
        if let Some(first) = trace.first_ttl.as_ref().filter(|_| config.first_ttl > config.max_ttl) {
            let problem = first.problem("the first probes would go further than the last");
            self.problems.push(problem.allowed(format!("1 to {}", config.max_ttl)));
        }
        Some(config)
    }

    /// The octets of a datagram, from `least` to what UDP can carry.
    fn size(&mut self, size: Option<&At<Size>>, otherwise: usize, least: u64) -> Option<usize> {
        let Some(size) = size else { return Some(otherwise) };
        if !(least..=LONGEST_DATAGRAM).contains(&size.value.0) {
            let problem = size.problem(format!("a datagram cannot have {} octets", size.value.0));
            self.problems.push(problem.allowed(format!("{least} to {LONGEST_DATAGRAM} octets")));
            return None;
        }
        usize::try_from(size.value.0).ok()
    }
}
