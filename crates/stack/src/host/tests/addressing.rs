//! How a host comes by its addresses and loses them, from end to end: probes (RFC 5227), RARP (RFC 903), and what fails
//! with an address.

use core::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::addr::Cidr;
use crate::frame::Medium;
use crate::interface::arp::Packet;
use crate::interface::{Configure, OnConflict, Standing, rarp};
use crate::transport::{Readiness, SocketError, SocketId};

/// What the host's second interface is, where it has one. It is on no wire.
const ASIDE: InterfaceId = InterfaceId(1);
const STRANGER: Mac = Mac([2, 0, 0, 0, 9, 9]);
/// Longer than any probing takes.
const PROBED: Duration = Duration::from_secs(8);

const fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn cidr(last: u8) -> Cidr {
    Cidr::new(ip(last).into(), 24).unwrap()
}

fn number(config: &HostConfig) -> u8 {
    config.interfaces[0].mac.0[5]
}

/// Hosts that have begun.
fn started(count: u8, change: impl Fn(&mut HostConfig)) -> Net {
    let mut net = Net::new(count, change);
    for host in 0..usize::from(count) {
        net.call(host, Host::start);
    }
    net
}

/// Host 0 asks by RARP; the others are servers that give it these addresses, one each.
fn booting(given: &'static [u8], change: impl Fn(&mut HostConfig)) -> Net {
    started(1 + given.len() as u8, |config| {
        if number(config) == 1 {
            config.interfaces[0].addresses.clear();
            let asks = rarp::ClientConfig { prefix: Some(24), gateway: Some(ip(254)) };
            config.interfaces[0].configure = Configure::Rarp(asks);
            change(config);
        } else {
            let answer = ip(given[usize::from(number(config)) - 2]);
            config.interfaces[0].rarp_table = vec![(Mac([2, 0, 0, 0, 0, 1]), answer)];
        }
    })
}

fn addresses(net: &Net, host: usize) -> Vec<Cidr> {
    net.hosts[host].interface(WIRE).unwrap().addresses().to_vec()
}

/// How the first host's configuration ended, and why, if it failed.
fn configured(net: &mut Net) -> (Result<(), SocketError>, Option<&'static str>) {
    (net.hosts[0].configured(), net.hosts[0].why_unconfigured())
}

fn sent(net: &Net, host: usize, cause: Cause) -> u64 {
    net.hosts[host].sent(cause)
}

/// Takes the first host's interface down, and up again after a while.
fn unplug(net: &mut Net) {
    net.call(0, |host, ctx| host.set_interface_up(ctx, WIRE, false));
    net.run_for(Duration::from_secs(3));
    net.call(0, |host, ctx| host.set_interface_up(ctx, WIRE, true));
}

#[test]
fn an_address_is_in_use_once_three_probes_were_in_vain() {
    // RFC 5227 §2.1.1
    let mut net = started(2, |config| config.interfaces[0].probe = number(config) == 1);
    assert_eq!((addresses(&net, 0), configured(&mut net).0), (vec![], Err(SocketError::WouldBlock)));
    let early = net.call(0, |host, ctx| host.udp_bind(ctx, addr("10.0.0.1:7")));
    assert_eq!(early, Err(SocketError::AddressNotAvailable), "it is tentative");
    assert_eq!(net.hosts[0].standing(WIRE, ip(1).into()), Some(Standing::Tentative));
    net.run_for(PROBED);
    assert_eq!((addresses(&net, 0), configured(&mut net).0), (vec![cidr(1)], Ok(())));
    assert_eq!(sent(&net, 0, Cause::ArpProbe), 3);
    let wake = Wake { socket: SocketId::Addresses, readiness: Readiness::BOTH };
    assert!(net.wakes(0).contains(&wake), "who waited is told");
    assert!(net.call(0, |host, ctx| host.udp_bind(ctx, addr("10.0.0.1:7"))).is_ok());
}

#[test]
fn an_address_that_another_station_has_is_not_taken() {
    // RFC 5227 §2.1.1
    let mut net = started(2, |config| {
        config.interfaces[0].addresses = vec![cidr(2)];
        config.interfaces[0].probe = number(config) == 1;
    });
    net.run_for(PROBED);
    let failed = (Err(SocketError::AddressNotAvailable), Some("another station has its address"));
    assert_eq!((addresses(&net, 0), configured(&mut net)), (vec![], failed));
    assert_eq!(net.hosts[0].standing(WIRE, ip(2).into()), Some(Standing::Duplicate(Mac([2, 0, 0, 0, 0, 2]))));
    assert_eq!((sent(&net, 0, Cause::ArpProbe), addresses(&net, 1)), (1, vec![cidr(2)]));
    // Another one may be had instead.
    net.call(0, |host, ctx| host.assign_address(ctx, WIRE, cidr(3))).unwrap();
    assert_eq!(configured(&mut net).0, Err(SocketError::WouldBlock));
    net.run_for(PROBED);
    assert_eq!((addresses(&net, 0), configured(&mut net)), (vec![cidr(3)], (Ok(()), None)));
}

#[test]
fn of_two_that_probe_for_one_address_the_first_has_it_and_none_if_they_are_first_together() {
    // RFC 5227 §2.1.1: a probe for the address that is being probed is a conflict.
    let race = |wait: Duration| {
        let mut net = started(2, |config| {
            config.interfaces[0].addresses = vec![cidr(9)];
            config.interfaces[0].probe = true;
            config.profile.interface.probe_wait = wait;
        });
        net.run_for(PROBED);
        let probes = [0, 1].map(|host| sent(&net, host, Cause::ArpProbe));
        ([0, 1].map(|host| addresses(&net, host).len()), probes)
    };
    assert_eq!(race(Duration::ZERO), ([0, 0], [1, 1]), "both probed before they heard the other");
    let (have, probes) = race(Duration::from_secs(1));
    assert_eq!(have.iter().sum::<usize>(), 1);
    assert_eq!(have.map(|have| 3 * have as u64), probes, "the other one had not probed yet");
}

#[test]
fn an_address_that_is_being_probed_outlives_a_pulled_plug() {
    // RFC 5227 §2.1: checked anew when the link comes back.
    let mut net = started(1, |config| config.interfaces[0].probe = true);
    net.run_for(Duration::from_secs(2));
    assert!((1..=2).contains(&sent(&net, 0, Cause::ArpProbe)));
    unplug(&mut net);
    assert_eq!(configured(&mut net).0, Err(SocketError::WouldBlock));
    let before = sent(&net, 0, Cause::ArpProbe);
    net.run_for(PROBED);
    assert_eq!((addresses(&net, 0), sent(&net, 0, Cause::ArpProbe)), (vec![cidr(1)], before + 3));
    // One that is given while the interface is down is probed too, beside the one that was in use.
    net.call(0, |host, ctx| host.set_interface_up(ctx, WIRE, false));
    net.call(0, |host, ctx| host.assign_address(ctx, WIRE, cidr(7))).unwrap();
    net.call(0, |host, ctx| host.set_interface_up(ctx, WIRE, true));
    net.run_for(PROBED);
    let mut all = addresses(&net, 0);
    all.sort();
    assert_eq!(all, [cidr(1), cidr(7)]);
}

#[test]
fn a_line_without_ethernet_has_nobody_to_ask() {
    let on_a_line = |config: &mut HostConfig| {
        let addresses = config.interfaces[0].addresses.clone();
        config.interfaces[0] = InterfaceConfig::point_to_point("tun0", addresses);
    };
    let mut net = started(1, on_a_line);
    net.call(0, |host, ctx| host.assign_address(ctx, WIRE, cidr(7))).unwrap();
    assert_eq!(net.hosts[0].standing(WIRE, ip(7).into()), Some(Standing::Assured));
    net.run_for(PROBED);
    assert_eq!((addresses(&net, 0), net.carried.len()), (vec![cidr(1), cidr(7)], 0));
    // RARP is Ethernet's.
    let mut asking = config(1);
    on_a_line(&mut asking);
    asking.interfaces[0].configure = Configure::Rarp(rarp::ClientConfig::default());
    assert_eq!(asking.interfaces[0].medium, Medium::PointToPoint);
    let refused = Host::new(asking, &mut Rng::stream(1, "net", "test")).err();
    assert!(matches!(refused, Some(ConfigError::NoRarp { .. })), "{refused:?}");
}

/// A TCP connection of host 0 to host 1, and a datagram socket of its address.
fn sockets(net: &mut Net) -> (SocketId, SocketId) {
    net.call(1, |host, ctx| host.tcp_listen(ctx, addr("0.0.0.0:6999"), 8)).unwrap();
    let stream = net.call(0, |host, ctx| host.tcp_connect(ctx, None, addr("10.0.0.2:6999"))).unwrap();
    let socket = net.call(0, |host, ctx| host.udp_bind(ctx, addr("10.0.0.1:7"))).unwrap();
    net.run();
    net.call(0, |host, _| host.tcp_connected(stream)).unwrap();
    (stream, socket)
}

#[test]
fn what_is_bound_to_an_address_fails_with_it_and_nothing_is_sent() {
    // RFC 5227 §2.4 (a) and (b); the errors are those that `remove_address` promises.
    type Loss = fn(&mut Net);
    let by_call: Loss = |net| assert!(net.call(0, |host, ctx| host.remove_address(ctx, WIRE, ip(1).into())));
    let claim = |net: &mut Net| {
        let claim = Packet::announcement(STRANGER, ip(1));
        net.deliver(0, claim.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call));
    };
    let give_up: Loss = |net| {
        let claim = Packet::announcement(STRANGER, ip(1));
        net.deliver(0, claim.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call));
    };
    for (policy, loss) in
        [(OnConflict::NeverGiveUp, by_call), (OnConflict::GiveUp, give_up), (OnConflict::DefendOnce, give_up)]
    {
        let mut net = started(2, |config| config.interfaces[0].on_conflict = policy);
        let (stream, socket) = sockets(&mut net);
        let listener = net.call(0, |host, ctx| host.tcp_listen(ctx, addr("10.0.0.1:80"), 8)).unwrap();
        if policy == OnConflict::DefendOnce {
            claim(&mut net);
            net.run();
            assert_eq!(addresses(&net, 0), [cidr(1)], "it was defended");
        }
        net.carried.clear();
        loss(&mut net);
        assert_eq!((addresses(&net, 0), net.hosts[0].standing(WIRE, ip(1).into())), (vec![], None));
        let received = net.call(0, |host, ctx| host.tcp_recv(ctx, stream, &mut [0; 9]));
        assert_eq!(received, Err(SocketError::ConnectionAborted), "{policy:?}");
        let received = net.call(0, |host, ctx| host.udp_recv_bytes(ctx, socket).map(|_| ()));
        assert_eq!(received, Err(SocketError::AddressNotAvailable), "{policy:?}");
        let accepted = net.call(0, |host, ctx| host.tcp_accept(ctx, listener).map(|_| ()));
        assert_eq!(accepted, Err(SocketError::AddressNotAvailable), "{policy:?}");
        net.run_for(Duration::from_secs(300));
        assert!(net.carried.iter().all(|(sender, _)| *sender != 0), "a word from an address that is gone");
        let lost = u64::from(policy != OnConflict::NeverGiveUp);
        assert_eq!(net.hosts[0].counters().arp.lost_addresses, lost);
        // What is bound to another address of the host, or to all, goes on: see `another_address_stays_in_use`.
    }
}

#[test]
fn another_address_stays_in_use() {
    let mut net = started(2, |config| {
        let last = number(config) + 10;
        config.interfaces[0].addresses.push(cidr(last));
    });
    let (stream, _) = sockets(&mut net);
    assert!(net.call(0, |host, ctx| host.remove_address(ctx, WIRE, ip(11).into())));
    assert!(!net.call(0, |host, ctx| host.remove_address(ctx, WIRE, ip(11).into())), "it is gone already");
    assert_eq!(net.call(0, |host, ctx| host.tcp_send(ctx, stream, b"still here")), Ok(10));
    let any = net.call(0, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:9"))).unwrap();
    let received = net.call(0, |host, ctx| host.udp_recv_bytes(ctx, any).map(|_| ()));
    assert_eq!(received, Err(SocketError::WouldBlock));
}

#[test]
fn a_station_gets_its_address_by_rarp_probes_it_and_has_it() {
    // RFC 903 §III, RFC 5227 §2.1
    let mut net = booting(&[30], |_| ());
    net.run_for(PROBED);
    assert_eq!((addresses(&net, 0), configured(&mut net)), (vec![cidr(30)], (Ok(()), None)));
    assert_eq!([Cause::RarpRequest, Cause::ArpProbe].map(|cause| sent(&net, 0, cause)), [1, 3]);
    let default = Cidr::new(Ipv4Addr::UNSPECIFIED.into(), 0).unwrap();
    assert!(net.hosts[0].routes().any(|route| route.destination == default), "by the router that it is told");
}

#[test]
fn nobody_answers_a_station_and_it_says_so() {
    // RFC 903 §III leaves open how often it asks: the knob says.
    for requests in [1, 6] {
        let mut net = started(2, |config| {
            if number(config) == 1 {
                config.interfaces[0].addresses.clear();
                config.interfaces[0].configure = Configure::Rarp(rarp::ClientConfig::default());
                config.profile.interface.rarp_requests = requests;
            }
        });
        assert_eq!(configured(&mut net).0, Err(SocketError::WouldBlock));
        net.run_for(Duration::from_secs(100));
        let why = Some("no RARP server has an address for it");
        assert_eq!(configured(&mut net), (Err(SocketError::AddressNotAvailable), why));
        assert_eq!(sent(&net, 0, Cause::RarpRequest), u64::from(requests));
        assert_eq!(net.hosts[0].poll_timeout(), None, "and then it is quiet");
        // When the plug is put in again, it asks again.
        unplug(&mut net);
        net.run_for(Duration::from_secs(100));
        assert_eq!(sent(&net, 0, Cause::RarpRequest), u64::from(2 * requests));
    }
}

#[test]
fn an_answer_of_rarp_that_is_another_station_s_is_refused_for_the_next_one() {
    // Host 1 gives its own address; host 2 gives one that is free.
    let mut net = booting(&[2, 30], |_| ());
    net.run_for(PROBED + PROBED);
    assert_eq!((addresses(&net, 0), configured(&mut net)), (vec![cidr(30)], (Ok(()), None)));
    assert_eq!(sent(&net, 0, Cause::RarpRequest), 2);
}

/// Gives the host another interface, with this address.
fn aside(config: &mut HostConfig, last: u8) {
    let mut interface = InterfaceConfig::new("eth1", Mac([2, 0, 0, 0, 1, 1]), vec![cidr(last)]);
    interface.announce = false;
    config.interfaces.push(interface);
}

#[test]
fn an_answer_of_rarp_that_is_the_host_s_own_already_is_refused_for_the_next_one() {
    let mut net = booting(&[30, 31], |config| aside(config, 30));
    net.run_for(PROBED);
    assert_eq!((addresses(&net, 0), configured(&mut net)), (vec![cidr(31)], (Ok(()), None)));
    assert_eq!(sent(&net, 0, Cause::ArpProbe), 3, "for the one that it may have");
    // With no other it says so, and what it has elsewhere is enough to run on.
    let mut net = booting(&[30], |config| aside(config, 30));
    net.run_for(Duration::from_secs(100));
    assert_eq!(configured(&mut net), (Ok(()), Some("no RARP server has an address for it")));
    assert_eq!(addresses(&net, 0), []);
}

#[test]
fn an_answer_of_rarp_that_becomes_the_host_s_own_meanwhile_is_refused_for_the_next_one() {
    let mut net = booting(&[30, 31], |config| aside(config, 29));
    net.run_for(Duration::from_secs(1));
    assert_eq!(net.hosts[0].standing(WIRE, ip(30).into()), Some(Standing::Tentative));
    net.call(0, |host, ctx| host.add_address(ctx, ASIDE, cidr(30))).unwrap();
    net.run_for(PROBED + PROBED);
    assert_eq!((addresses(&net, 0), configured(&mut net)), (vec![cidr(31)], (Ok(()), None)));
}

#[test]
fn an_address_of_rarp_is_probed_anew_when_the_plug_was_pulled() {
    // RFC 5227 §2.1
    let mut net = booting(&[30], |_| ());
    net.run_for(Duration::from_secs(2));
    assert_eq!(net.hosts[0].standing(WIRE, ip(30).into()), Some(Standing::Tentative));
    unplug(&mut net);
    net.run_for(PROBED);
    assert_eq!(addresses(&net, 0), [cidr(30)]);
    assert_eq!(sent(&net, 0, Cause::RarpRequest), 2, "what it was told does not outlive the plug");
    let default = Cidr::new(Ipv4Addr::UNSPECIFIED.into(), 0).unwrap();
    let has_default = |net: &Net| net.hosts[0].routes().any(|route| route.destination == default);
    assert!(has_default(&net));
    let before = sent(&net, 0, Cause::ArpProbe);
    unplug(&mut net);
    assert_eq!((addresses(&net, 0), configured(&mut net).0), (vec![], Err(SocketError::WouldBlock)));
    net.run_for(PROBED);
    assert_eq!((addresses(&net, 0), sent(&net, 0, Cause::ArpProbe)), (vec![cidr(30)], before + 3));
    assert!(has_default(&net));
    assert_eq!(sent(&net, 0, Cause::RarpRequest), 2, "it knows its address");
    // While it was away another station has taken it: it asks again, and does without.
    net.call(0, |host, ctx| host.set_interface_up(ctx, WIRE, false));
    net.call(1, |host, ctx| host.add_address(ctx, WIRE, cidr(30))).unwrap();
    net.call(0, |host, ctx| host.set_interface_up(ctx, WIRE, true));
    net.run_for(Duration::from_secs(100));
    let failed = (Err(SocketError::AddressNotAvailable), Some("no RARP server has an address for it"));
    assert_eq!((addresses(&net, 0), configured(&mut net)), (vec![], failed));
}

#[test]
fn an_interface_for_dhcp_waits_until_it_is_told_that_there_is_no_address() {
    let mut net = started(1, |config| {
        config.interfaces[0].addresses.clear();
        config.interfaces[0].configure = Configure::Dhcp;
    });
    assert_eq!(configured(&mut net).0, Err(SocketError::WouldBlock));
    net.wakes(0);
    net.call(0, |host, _| host.unconfigured(WIRE, "nobody gives it one"));
    assert_eq!(net.wakes(0).len(), 1, "who waits is told");
    assert_eq!(configured(&mut net), (Err(SocketError::AddressNotAvailable), Some("nobody gives it one")));
    net.call(0, |host, ctx| host.assign_address(ctx, WIRE, cidr(5))).unwrap();
    assert_eq!(configured(&mut net).0, Err(SocketError::WouldBlock), "there is one after all");
    net.run_for(PROBED);
    assert_eq!(configured(&mut net), (Ok(()), None));
    // The client will look for another address when this one is another's.
    for _ in 0..2 {
        let claim = Packet::announcement(STRANGER, ip(5));
        net.deliver(0, claim.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call));
    }
    let gone = net.call(0, |host, ctx| host.remove_address(ctx, WIRE, IpAddr::from(ip(5))));
    assert!(gone || addresses(&net, 0).is_empty());
    assert_eq!(configured(&mut net), (Err(SocketError::WouldBlock), None));
}
