//! The ports of servers: no two of one host want the same.

use core::net::IpAddr;

use wirelab_stack::application::http;
use wirelab_stack::application::small::{Service, Transport};
use wirelab_stack::application::upper::{once, session};

use super::services::transport;
use super::transfer::{FTP, SMTP};
use crate::diagnostic::Problem;
use crate::model::{App, Application};
use crate::read::{At, Place};
use crate::units::Port;

/// Where a server listens.
struct Server<'a> {
    udp: bool,
    address: Option<IpAddr>,
    port: u16,
    /// Where its port stands; its name, where it has the usual one.
    place: &'a Place,
    /// After how much it ends.
    limit: Option<&'a At<u32>>,
    /// Whether others may share the port.
    shares: bool,
}

/// Reports servers of one host that want the same port, and numbers that end a server before it begins.
pub fn check(applications: &[At<Application>], problems: &mut Vec<Problem>) {
    let mut taken: Vec<(&str, &str, Server<'_>)> = Vec::new();
    for application in applications {
        let Some(server) = server(&application.value) else { continue };
        if let Some(limit) = server.limit.filter(|limit| limit.value == 0) {
            let problem = limit.problem("a server that ends after 0 would not begin");
            problems.push(problem.allowed("1 or more, or nothing for a server that does not end"));
        }
        let common = &application.value.common;
        let host = common.host.value.0.as_str();
        let clash = taken.iter().find(|(other_host, _, other)| *other_host == host && server.clashes(other));
        if let Some((_, other, _)) = clash {
            let message = format!("`{other}` has the port {} of `{host}` already", server.port);
            let problem = server.place.problem(message);
            problems.push(problem.allowed("a port that no other application of the host has"));
        }
        taken.push((host, &common.name.value.0, server));
    }
}

impl Server<'_> {
    fn clashes(&self, other: &Self) -> bool {
        let overlap = self.address.is_none() || other.address.is_none() || self.address == other.address;
        self.udp == other.udp && self.port == other.port && overlap && !(self.shares && other.shares)
    }
}

/// Where an application listens; nothing where it does not.
fn server(application: &Application) -> Option<Server<'_>> {
    let Application { common, app } = application;
    let at = |udp, address: &Option<At<IpAddr>>, port: Option<&'_ At<Port>>, usual: u16, limit| {
        let address = address.as_ref().map(|address| address.value);
        (udp, address, port.map_or(usual, |port| port.value.0), limit)
    };
    macro_rules! usual {
        ($server:expr, $udp:expr, $usual:expr, $limit:ident) => {{
            let place = $server.port.as_ref().map_or(&common.name.place, |port| &port.place);
            let limit = $server.$limit.as_ref();
            (at($udp, &$server.address, $server.port.as_ref(), $usual, limit), place, false)
        }};
    }
    macro_rules! given {
        ($server:expr, $udp:expr, $limit:expr, $shares:expr) => {{
            let limit = $limit.as_ref();
            (at($udp, &$server.address, Some(&$server.port), 0, limit), &$server.port.place, $shares)
        }};
    }
    macro_rules! small {
        ($server:expr, $service:expr) => {
            usual!(
                $server,
                transport($server.transport.as_ref()) == Transport::Udp,
                $service.port(),
                requests
            )
        };
    }
    let ((udp, address, port, limit), place, shares) = match app {
        App::EchoServer(s) => given!(s, false, s.connections, false),
        App::Discard(s) => given!(s, false, s.connections, false),
        App::Sink(s) => given!(s, false, s.connections, false),
        App::UdpEchoServer(s) => given!(s, true, s.datagrams, false),
        App::UdpDiscard(s) => given!(s, true, s.datagrams, false),
        // Sinks of groups share their port.
        App::UdpSink(s) => given!(s, true, None::<At<u32>>, s.group.is_some()),
        App::Echo(s) => small!(s, Service::Echo),
        App::Chargen(s) => small!(s, Service::Chargen),
        App::Daytime(s) => small!(s, Service::Daytime),
        App::TimeServer(s) => small!(s, Service::Time),
        App::Upper(s) => usual!(s, false, once::PORT, connections),
        App::HttpServer(s) => usual!(s, false, http::PORT, connections),
        App::UpperSession(s) => usual!(s, false, session::PORT, connections),
        App::FtpServer(s) => usual!(s, false, FTP, sessions),
        App::SmtpServer(s) => usual!(s, false, SMTP, sessions),
        _ => return None,
    };
    Some(Server { udp, address, port, place, limit, shares })
}
