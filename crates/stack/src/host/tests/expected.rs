//! The short way up changes nothing: hosts that take it and hosts that walk each frame come to the same.

use super::*;
use crate::host::HostCounters;
use crate::transport::{SocketError, SocketId};

/// What a conversation looked like: what was observed, counted and received; and how many frames went the short way.
struct Story {
    lines: Vec<String>,
    counters: Vec<HostCounters>,
    received: Vec<u8>,
    short: u32,
}

/// Octets each way.
const TOTAL: usize = 400_000;

/// A transfer one way, then the other, over a wire that loses frames, repeats them, and flips bits that no frame check sequence catches.
fn converse(take_short_way: bool) -> Story {
    let mut net = Net::new(2, |_| ());
    let listener = net.call(1, |host, ctx| host.tcp_listen(ctx, addr("0.0.0.0:6999"), 8)).unwrap();
    let client = net.call(0, |host, ctx| host.tcp_connect(ctx, None, addr("10.0.0.2:6999"))).unwrap();
    net.run();
    let (server, _) = net.call(1, |host, ctx| host.tcp_accept(ctx, listener)).unwrap();
    let (mut rng, mut short, mut received) = (Rng::stream(7, "wire", "test"), 0, Vec::new());
    let mut spoken = [(0, client, 0), (1, server, 0)];
    for _ in 0..20_000 {
        for (host, socket, sent) in &mut spoken {
            let first = *host == 0;
            if !first && received.len() < TOTAL {
                listen(&mut net, *host, *socket, &mut received);
                continue;
            }
            speak(&mut net, *host, *socket, sent, &mut received);
        }
        for from in 0..2 {
            while let Some((_, frame)) = net.call(from, Host::poll_transmit) {
                for frame in fates(&mut rng, frame) {
                    short += u32::from(arrive(&mut net, 1 - from, frame, take_short_way));
                }
            }
        }
        net.now += Duration::from_millis(1);
        for host in 0..2 {
            if net.hosts[host].poll_timeout().is_some_and(|at| at <= net.now) {
                net.call(host, Host::handle_timeout);
            }
        }
    }
    let counters = net.hosts.iter().map(Host::counters).collect();
    Story { lines: net.lines(), counters, received, short }
}

/// Writes some, reads all.
fn speak(net: &mut Net, host: usize, socket: SocketId, sent: &mut usize, received: &mut Vec<u8>) {
    let data: Vec<u8> = (*sent..TOTAL.min(*sent + 3000)).map(|at| (at % 251) as u8).collect();
    match net.call(host, |host, ctx| host.tcp_send(ctx, socket, &data)) {
        Ok(taken) => *sent += taken,
        Err(error) => assert_eq!(error, SocketError::WouldBlock),
    }
    listen(net, host, socket, received);
}

/// Reads all.
fn listen(net: &mut Net, host: usize, socket: SocketId, received: &mut Vec<u8>) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = net.call(host, |host, ctx| host.tcp_recv(ctx, socket, &mut buffer)) {
        received.extend_from_slice(&buffer[..length]);
    }
}

/// What becomes of a frame: mostly itself.
fn fates(rng: &mut Rng, frame: Frame) -> Vec<Frame> {
    match rng.pick(100, "fate") {
        0..2 => Vec::new(),
        2..4 => vec![frame.clone(), frame],
        4..8 => {
            let mut spoilt = frame.clone();
            spoilt.flip_bit(rng.pick(8 * frame.len().min(80) as u64, "bit") as usize);
            vec![spoilt, frame]
        }
        8..10 => {
            let (meta, octets) = (frame.meta, frame.to_vec());
            vec![Frame::from_wire(octets.into(), meta)]
        }
        _ => vec![frame],
    }
}

/// Hands over a frame; whether it goes, or would go, the short way.
fn arrive(net: &mut Net, to: usize, frame: Frame, take_short_way: bool) -> bool {
    if !take_short_way {
        net.hosts[to].expected = None;
    }
    // What a twin of the host does with a copy of the frame changes nothing here.
    let (mut twin, mut seen) = (net.hosts[to].clone(), frame.clone());
    let (mut ignored, mut rng) = (Log::default(), Rng::stream(1, "twin", "test"));
    let short = twin.accept_expected(&mut Ctx::new(net.now, &mut rng, &mut ignored), WIRE, &mut seen);
    net.deliver(to, frame);
    short
}

#[test]
fn frames_that_take_the_short_way_do_what_they_do_on_the_long_one() {
    let (short, long) = (converse(true), converse(false));
    assert_eq!(long.short, 0);
    assert!(short.short > 300, "only {} frames took the short way", short.short);
    assert!(short.received == long.received && short.received.len() == 2 * TOTAL, "{}", short.received.len());
    assert_eq!(short.lines, long.lines);
    assert_eq!(short.counters, long.counters);
    assert!(short.counters.iter().all(|counters| counters.retransmitted_segments > 0));
}

#[test]
fn nothing_is_expected_any_more_when_ways_are_forgotten() {
    let mut net = Net::new(2, |_| ());
    let listener = net.call(1, |host, ctx| host.tcp_listen(ctx, addr("0.0.0.0:6999"), 8)).unwrap();
    net.call(0, |host, ctx| host.tcp_connect(ctx, None, addr("10.0.0.2:6999"))).unwrap();
    net.run();
    net.call(1, |host, ctx| host.tcp_accept(ctx, listener)).unwrap();
    assert!(net.hosts[1].expected.is_some());
    net.call(1, |host, ctx| host.set_interface_up(ctx, WIRE, false));
    assert!(net.hosts[1].expected.is_none(), "frames would pass an interface that is down");
}
