//! Redirects that reach a host: which are followed, and what follows from them.

use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::{EtherType, IpNumber};

use super::*;
use crate::frame::Meta;
use crate::interface::ethernet;
use crate::network::icmp::{self, Redirect};
use crate::network::ipv4;
use crate::transport::{SocketError, SocketId};

const US: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const OLD: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 254);
const NEW: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 253);
const FAR: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);

fn mac_of(address: Ipv4Addr) -> Mac {
    Mac([2, 0, 0, 0, 0, address.octets()[3]])
}

/// A host whose default router is `OLD`, with a datagram on its way to `FAR`.
fn sent(change: impl Fn(&mut HostConfig)) -> (Net, SocketId) {
    let mut net = Net::new(1, |config| {
        config.interfaces[0].neighbors = [OLD, NEW].map(|router| (router.into(), mac_of(router))).to_vec();
        config.routes.push(RouteConfig::via("0.0.0.0/0".parse().unwrap(), OLD.into()));
        change(config);
    });
    let socket = net.call(0, |host, ctx| host.udp_bind(ctx, addr("10.0.0.1:5000")).unwrap());
    send(&mut net, socket);
    (net, socket)
}

fn send(net: &mut Net, socket: SocketId) {
    let far = SocketAddr::new(FAR.into(), 7);
    net.call(0, |host, ctx| host.udp_send_to(ctx, socket, b"datagram", far)).unwrap();
    net.run();
}

/// The station that the last frame was for.
fn last_hop(net: &Net) -> Mac {
    Mac(net.carried.last().unwrap().1.to_vec()[..6].try_into().unwrap())
}

/// A redirect from `from` to `gateway` about the first frame that was sent, changed by `change`.
fn redirect(net: &Net, from: Ipv4Addr, gateway: Ipv4Addr, change: impl FnOnce(&mut Vec<u8>)) -> Frame {
    let mut quoted = net.carried[0].1.to_vec().split_off(14);
    change(&mut quoted);
    let meta = Meta::new(Cause::Raw, Trigger::Call);
    let quoted = Frame::from_wire(Bytes::from(quoted), meta);
    let mut frame = icmp::redirect(Redirect::to_host(gateway), &quoted, 576, meta);
    let header = ipv4::Header {
        source: from,
        destination: US,
        protocol: IpNumber::ICMP,
        ttl: 255,
        tos: 0,
        identification: None,
    };
    ipv4::push(&mut frame, &header);
    let link = ethernet::header(Mac([2, 0, 0, 0, 0, 1]), mac_of(from), EtherType::IPV4);
    ethernet::push(&mut frame, &link);
    frame
}

#[test]
fn a_redirect_from_the_router_in_use_is_followed_at_once() {
    // RFC 1122 §3.2.2.2
    let (mut net, socket) = sent(|_| ());
    assert_eq!(last_hop(&net), mac_of(OLD));
    net.deliver(0, redirect(&net, OLD, NEW, |_| ()));
    send(&mut net, socket);
    assert_eq!(last_hop(&net), mac_of(NEW));
    assert_eq!(net.hosts[0].counters().icmp.in_redirects, 1);
    let other = SocketAddr::new(Ipv4Addr::new(10, 9, 0, 2).into(), 7);
    net.call(0, |host, ctx| host.udp_send_to(ctx, socket, b"datagram", other)).unwrap();
    net.run();
    assert_eq!(last_hop(&net), mac_of(OLD), "for that destination only");
    // A redirect back, from the router that is in use now.
    net.deliver(0, redirect(&net, NEW, OLD, |_| ()));
    send(&mut net, socket);
    assert_eq!(last_hop(&net), mac_of(OLD));
}

#[test]
fn a_redirect_ages() {
    let (mut net, socket) = sent(|_| ());
    net.deliver(0, redirect(&net, OLD, NEW, |_| ()));
    let lifetime = net.hosts[0].knobs.redirect_lifetime;
    net.run_for(lifetime.saturating_sub(Duration::from_millis(1)));
    send(&mut net, socket);
    assert_eq!(last_hop(&net), mac_of(NEW));
    net.run_for(Duration::from_millis(1));
    send(&mut net, socket);
    assert_eq!(last_hop(&net), mac_of(OLD));
    assert_eq!(net.hosts[0].poll_timeout(), None);
}

#[test]
fn what_is_not_credible_is_dropped_and_changes_nothing() {
    // RFC 1122 §3.2.2.2, RFC 1812 §5.2.7.2; the quoted packet against what was sent: RFC 5927 §4
    type Change = Box<dyn Fn(&mut Vec<u8>)>;
    let to_port = |port: u8| move |quoted: &mut Vec<u8>| quoted[21] = port;
    let unchanged = || -> Change { Box::new(|_| ()) };
    let stranger = Ipv4Addr::new(10, 0, 0, 66);
    // RFC 1122 §3.2.1.3 (g): nobody outside saw an answer that this host gave itself.
    let from_loopback = |quoted: &mut Vec<u8>| {
        quoted[9] = IpNumber::ICMP.0;
        quoted[12..16].copy_from_slice(&[127, 0, 0, 1]);
        quoted[20] = 0;
    };
    let cases: [(&str, Ipv4Addr, Ipv4Addr, Change, &str); 7] = [
        ("from another station", stranger, NEW, unchanged(), "icmp-bad-redirect"),
        ("to another network", OLD, Ipv4Addr::new(10, 1, 0, 253), unchanged(), "icmp-bad-redirect"),
        ("to this host", OLD, US, unchanged(), "icmp-bad-redirect"),
        ("to the broadcast address", OLD, Ipv4Addr::new(10, 0, 0, 255), unchanged(), "icmp-bad-redirect"),
        ("of another's packet", OLD, NEW, Box::new(|quoted| quoted[15] = 77), "icmp-no-socket"),
        ("of a port that is not ours", OLD, NEW, Box::new(to_port(9)), "icmp-no-socket"),
        ("of what never left", OLD, NEW, Box::new(from_loopback), "icmp-no-socket"),
    ];
    for (what, from, gateway, change, reason) in cases {
        let (mut net, socket) = sent(|_| ());
        net.lines();
        net.deliver(0, redirect(&net, from, gateway, change));
        assert_eq!(net.lines(), [format!("dropped {reason} at network")], "{what}");
        send(&mut net, socket);
        assert_eq!(last_hop(&net), mac_of(OLD), "{what}");
    }
}

#[test]
fn who_does_not_follow_redirects_and_who_routes_ignores_them() {
    // RFC 1812 §5.2.7.2
    let changes: [fn(&mut HostConfig); 2] = [
        |config| config.profile.network.accept_redirects = false,
        |config| config.profile.network.forwarding = true,
    ];
    for change in changes {
        let (mut net, _) = sent(change);
        net.lines();
        net.deliver(0, redirect(&net, OLD, NEW, |_| ()));
        assert_eq!(net.lines(), ["dropped icmp-ignored at network"]);
    }
}

#[test]
fn a_router_that_does_not_answer_is_left_again() {
    // RFC 1122 §3.3.1.5
    let silent = Ipv4Addr::new(10, 0, 0, 252);
    let (mut net, socket) = sent(|_| ());
    net.deliver(0, redirect(&net, OLD, silent, |_| ()));
    send(&mut net, socket);
    net.run_for(Duration::from_secs(10));
    assert!(net.lines().contains(&"10.0.0.252 failed".to_owned()));
    let heard = net.call(0, |host, ctx| host.udp_recv_bytes(ctx, socket));
    assert_eq!(heard, Err(SocketError::HostUnreachable), "what went that way is lost");
    send(&mut net, socket);
    assert_eq!(last_hop(&net), mac_of(OLD));
}

#[test]
fn new_routes_stand_above_what_was_taught_about_old_ones() {
    let (mut net, socket) = sent(|_| ());
    net.deliver(0, redirect(&net, OLD, NEW, |_| ()));
    let route = RouteConfig::via("10.9.0.0/16".parse().unwrap(), OLD.into());
    net.hosts[0].add_route(&route).unwrap();
    send(&mut net, socket);
    assert_eq!(last_hop(&net), mac_of(OLD));
    assert_eq!(net.hosts[0].poll_timeout(), None, "nothing is left to age");
}

#[test]
fn a_flood_of_redirects_stays_within_the_bound() {
    let (mut net, socket) = sent(|config| config.profile.network.max_redirects = 8);
    for last in 0..=255 {
        let far = SocketAddr::new(Ipv4Addr::new(10, 9, 7, last).into(), 7);
        net.call(0, |host, ctx| host.udp_send_to(ctx, socket, b"datagram", far)).unwrap();
        net.run();
        net.deliver(0, redirect(&net, OLD, NEW, |quoted| (quoted[18], quoted[19]) = (7, last)));
        assert!(net.hosts[0].redirected.len() <= 8);
    }
    send(&mut net, socket);
    assert_eq!(last_hop(&net), mac_of(OLD), "and what goes elsewhere goes on");
}

#[test]
fn a_redirect_leaves_what_is_known_of_other_paths() {
    // RFC 1191 §6.3: an estimate goes by age; that of a path that has changed goes with it.
    const OTHER: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
    fn learn(net: &mut Net) {
        for destination in [FAR, OTHER] {
            net.hosts[0].path_mtus.learn(net.now, destination, 1000, 1500);
        }
    }
    fn known(net: &Net) -> [bool; 2] {
        [FAR, OTHER].map(|destination| net.hosts[0].path_mtus.get(destination).is_some())
    }
    let (mut net, socket) = sent(|config| config.profile.network.redirect_lifetime = Duration::from_secs(60));
    learn(&mut net);
    net.deliver(0, redirect(&net, OLD, NEW, |_| ()));
    assert_eq!(known(&net), [false, true], "taught");
    learn(&mut net);
    net.run_for(Duration::from_secs(60));
    send(&mut net, socket);
    assert_eq!((last_hop(&net), known(&net)), (mac_of(OLD), [false, true]), "aged");
    let silent = Ipv4Addr::new(10, 0, 0, 252);
    net.deliver(0, redirect(&net, OLD, silent, |_| ()));
    learn(&mut net);
    send(&mut net, socket);
    net.run_for(Duration::from_secs(10));
    assert_eq!(known(&net), [false, true], "failed");
    learn(&mut net);
    net.call(0, |host, ctx| host.add_neighbor(ctx, WIRE, silent.into(), mac_of(silent))).unwrap();
    assert_eq!(known(&net), [true, true], "which station has an address says nothing of paths");
    let route = RouteConfig::via("10.9.0.0/16".parse().unwrap(), NEW.into());
    net.hosts[0].add_route(&route).unwrap();
    assert_eq!(known(&net), [false, false], "a new route may be another path to anybody");
}
