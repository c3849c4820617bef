//! Addresses that are not taken into use, or given up, because another station has them; and what that means to sockets.

use core::net::Ipv4Addr;

use super::*;
use crate::addr::Cidr;
use crate::interface::arp::Packet;
use crate::interface::{OnConflict, Standing};
use crate::trace::Trigger;
use crate::transport::{SocketError, SocketId};

const WANTED: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 50);

fn assign(net: &mut Net, host: usize) {
    let cidr = Cidr::new(WANTED.into(), 24).unwrap();
    net.call(host, |host, ctx| host.assign_address(ctx, WIRE, cidr)).unwrap();
}

fn standing(net: &Net, host: usize) -> Option<Standing> {
    net.hosts[host].standing(WIRE, WANTED.into())
}

fn mac(host: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, host + 1])
}

#[test]
fn an_address_that_nobody_has_is_used_after_three_probes() {
    // RFC 5227 §2.1.1, §2.3
    let mut net = Net::new(2, |config| config.interfaces[0].announce = true);
    assign(&mut net, 0);
    assert_eq!(standing(&net, 0), Some(Standing::Tentative));
    // It is not used as long as it is probed: nobody gets an answer, and nothing is sent from it.
    let question = Packet::request(mac(1), [10, 0, 0, 2].into(), WANTED);
    net.deliver(0, question.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call));
    net.run_until(Instant::from_secs(12));
    assert_eq!(standing(&net, 0), Some(Standing::Assured));
    let sent: Vec<Cause> = net.carried.iter().map(|(_, frame)| frame.meta.cause).collect();
    let [probe, announcement] = [Cause::ArpProbe, Cause::ArpAnnouncement];
    assert_eq!(sent, [probe, probe, probe, announcement, announcement]);
    assert!(net.hosts[1].interfaces[0].neighbors.is_empty(), "RFC 5227 §1.1: probes fill no cache");
    let socket = net.call(1, |host, ctx| {
        let socket = host.udp_bind(ctx, addr("0.0.0.0:0")).unwrap();
        host.udp_send_to(ctx, socket, b"there?", SocketAddr::new(WANTED.into(), 9)).unwrap();
        socket
    });
    net.run();
    let answer = net.call(1, |host, ctx| host.udp_recv_bytes(ctx, socket));
    assert_eq!(answer.unwrap_err(), SocketError::ConnectionRefused, "a closed port answers");
}

#[test]
fn who_has_an_address_says_so_to_who_probes_for_it() {
    // RFC 5227 §2.1.1
    let mut net = Net::new(2, |_| ());
    let cidr = Cidr::new([10, 0, 0, 2].into(), 24).unwrap();
    net.call(0, |host, ctx| host.assign_address(ctx, WIRE, cidr)).unwrap();
    net.run_until(Instant::from_secs(2));
    assert_eq!(net.hosts[0].standing(WIRE, cidr.address()), Some(Standing::Duplicate(mac(1))));
    let sent: Vec<Cause> = net.carried.iter().map(|(_, frame)| frame.meta.cause).collect();
    assert_eq!(sent, [Cause::ArpProbe, Cause::ArpReply], "one probe is enough");
    assert_eq!(net.hosts[1].counters().address_conflicts, 0, "a probe takes nothing from anybody");
    let counters = net.hosts[0].counters();
    assert_eq!((counters.arp.in_conflicts, counters.arp.lost_addresses), (1, 1));
    assert_eq!(net.hosts[0].poll_timeout(), None);
}

#[test]
fn two_that_probe_at_once_both_do_without() {
    // RFC 5227 §2.1.1: a probe for the same address, from another station, is a conflict as well.
    let mut net = Net::new(2, |_| ());
    assign(&mut net, 0);
    assign(&mut net, 1);
    net.run_until(Instant::from_secs(20));
    // The second hears the first one's probe and is silent; the first would hear it only if it had probed too.
    let mut states = [standing(&net, 0), standing(&net, 1)];
    states.sort_by_key(|state| *state == Some(Standing::Assured));
    assert!(matches!(states, [Some(Standing::Duplicate(_)), Some(Standing::Assured)]), "{states:?}");

    // Where both probes cross, neither has it.
    let mut net = Net::new(2, |config| config.profile.interface.probe_wait = Duration::ZERO);
    assign(&mut net, 0);
    assign(&mut net, 1);
    net.run_until(Instant::from_secs(20));
    let states = [standing(&net, 0), standing(&net, 1)];
    assert_eq!(states, [1, 0].map(|other| Some(Standing::Duplicate(mac(other)))));
}

#[test]
fn sockets_of_an_address_that_is_given_up_are_told() {
    // RFC 5227 §2.4: connections that use the address are to be aborted.
    let mut net = Net::new(2, |config| config.interfaces[0].on_conflict = OnConflict::GiveUp);
    let listener = net.call(1, |host, ctx| host.tcp_listen(ctx, addr("0.0.0.0:6999"), 8)).unwrap();
    let (stream, bound, any, listening) = net.call(0, |host, ctx| {
        let stream = host.tcp_connect(ctx, None, addr("10.0.0.2:6999")).unwrap();
        let bound = host.udp_bind(ctx, addr("10.0.0.1:5000")).unwrap();
        let any = host.udp_bind(ctx, addr("0.0.0.0:5001")).unwrap();
        let listening = host.tcp_listen(ctx, addr("10.0.0.1:80"), 1).unwrap();
        (stream, bound, any, listening)
    });
    net.run();
    let (peer, _) = net.call(1, |host, ctx| host.tcp_accept(ctx, listener)).unwrap();
    net.call(0, |host, ctx| host.tcp_send(ctx, stream, b"half a ")).unwrap();
    let mut buffer = [0; 10];
    net.call(0, |host, ctx| {
        // All of them wait for something.
        assert_eq!(host.tcp_recv(ctx, stream, &mut buffer), Err(SocketError::WouldBlock));
        assert_eq!(host.udp_recv_bytes(ctx, bound).unwrap_err(), SocketError::WouldBlock);
        assert_eq!(host.udp_recv_bytes(ctx, any).unwrap_err(), SocketError::WouldBlock);
        assert_eq!(host.tcp_accept(ctx, listening).unwrap_err(), SocketError::WouldBlock);
    });
    net.wakes(0);
    net.carried.clear();
    let claim = Packet::announcement(Mac([2, 9, 9, 9, 9, 9]), [10, 0, 0, 1].into());
    net.deliver(0, claim.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call));
    let mut woken: Vec<SocketId> = net.wakes(0).iter().map(|wake| wake.socket).collect();
    woken.retain(|socket| *socket != SocketId::Addresses);
    woken.sort();
    let mut expected = vec![stream, bound, listening];
    expected.sort();
    assert_eq!(woken, expected);
    net.run();
    assert!(net.carried.is_empty(), "there is nothing to say it from: {:?}", net.carried);
    net.call(0, |host, ctx| {
        assert_eq!(host.tcp_recv(ctx, stream, &mut buffer), Err(SocketError::ConnectionAborted));
        assert_eq!(host.udp_recv_bytes(ctx, bound).unwrap_err(), SocketError::AddressNotAvailable);
        assert_eq!(host.tcp_accept(ctx, listening).unwrap_err(), SocketError::AddressNotAvailable);
        assert_eq!(host.udp_recv_bytes(ctx, any).unwrap_err(), SocketError::WouldBlock);
        assert_eq!(host.standing(WIRE, [10, 0, 0, 1].into()), None);
    });
    // The peer hears no more, and what it sends finds nobody.
    net.call(1, |host, ctx| host.tcp_send(ctx, peer, b"are you there?")).unwrap();
    net.run();
    assert!(net.lines().contains(&"dropped not-forwarding at network".to_owned()));
}
