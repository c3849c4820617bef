//! Random BSD calls on sockets of TCP and UDP, made of a host with itself and of the system that the test runs on, on
//! loopback: the same results, the same errors, the same events of `poll`. Where the system says that something is not
//! there yet it is asked again, within a generous bound; nothing is timed.
//!
//! What is meant to differ, and is seen to here:
//!
//! - Octets that wait in a connection which is then reset are gone (RFC 9293 §3.10.7.4 flushes the queues); the system
//!   lets them be read before it tells of the reset.
//! - A backlog of n holds n connections, the system's n + 1: so many are never made here.
//! - What a stream that was shut down before it had a connection makes of a simultaneous open: such calls are left out.
//! - Which free port is picked, and for how long it is told after it was given back.
#![cfg(target_os = "linux")]

#[path = "support/bsd_calls/mod.rs"]
mod support;

use proptest::prelude::*;
use support::{Call, compare};
use wirelab::stack::socket::bsd::{SHUT_RD, SHUT_RDWR, SHUT_WR};

/// More than there are sockets.
const BACKLOG: i32 = 99;

fn call() -> impl Strategy<Value = Call> {
    let slot = || 0..support::SLOTS;
    let port = || 0..support::PORTS;
    let how = prop_oneof![Just(SHUT_RD), Just(SHUT_WR), Just(SHUT_RDWR)];
    prop_oneof![
        3 => (slot(), prop::bool::weighted(0.7)).prop_map(|(slot, stream)| Call::Open(slot, stream)),
        3 => (slot(), port()).prop_map(|(slot, port)| Call::Bind(slot, port)),
        3 => slot().prop_map(|slot| Call::Listen(slot, BACKLOG)),
        5 => (slot(), port()).prop_map(|(slot, port)| Call::Connect(slot, port)),
        1 => slot().prop_map(Call::Disconnect),
        4 => (slot(), slot()).prop_map(|(slot, into)| Call::Accept(slot, into)),
        5 => (slot(), 0..20_usize).prop_map(|(slot, length)| Call::Send(slot, length)),
        2 => (slot(), port(), 0..20_usize).prop_map(|(slot, port, length)| Call::SendTo(slot, port, length)),
        6 => (slot(), 0..30_usize, any::<bool>(), any::<bool>())
            .prop_map(|(slot, most, peek, trunc)| Call::Recv(slot, most, peek, trunc)),
        2 => (slot(), 0..30_usize).prop_map(|(slot, most)| Call::RecvAll(slot, most)),
        3 => (slot(), how).prop_map(|(slot, how)| Call::Shutdown(slot, how)),
        1 => slot().prop_map(Call::Error),
        3 => slot().prop_map(Call::Poll),
        1 => slot().prop_map(Call::PeerName),
        1 => slot().prop_map(Call::SockName),
        1 => slot().prop_map(Call::Listens),
        1 => (slot(), any::<bool>()).prop_map(|(slot, on)| Call::ReuseAddress(slot, on)),
        1 => (slot(), any::<bool>()).prop_map(|(slot, on)| Call::ReusePort(slot, on)),
        1 => slot().prop_map(Call::LingerZero),
        2 => slot().prop_map(Call::Close),
    ]
}

/// Cases: many more with `WIRELAB_DEEP=1`.
fn cases() -> u32 {
    if std::env::var_os("WIRELAB_DEEP").is_some() { 20_000 } else { 1_000 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn a_host_and_the_system_give_the_same(calls in prop::collection::vec(call(), 1..50)) {
        compare(&calls)?;
    }
}

/// Calls that make a connection: 0 listens at port 0, 1 is the client, 2 the server.
fn connection() -> Vec<Call> {
    let listener = [Call::Open(0, true), Call::Bind(0, 0), Call::Listen(0, BACKLOG)];
    let client = [Call::Open(1, true), Call::Connect(1, 0), Call::Connect(1, 0), Call::Accept(0, 2)];
    listener.into_iter().chain(client).collect()
}

fn both(calls: &[Call]) {
    let all: Vec<Call> = connection().into_iter().chain(calls.iter().cloned()).collect();
    compare(&all).unwrap();
}

#[test]
fn either_end_closes_first() {
    for (first, second) in [(1, 2), (2, 1)] {
        both(&[
            Call::Poll(second),
            Call::Close(first),
            Call::Poll(second),
            Call::Recv(second, 9, false, false),
        ]);
        both(&[Call::Close(first), Call::Send(second, 5), Call::Poll(second), Call::Send(second, 5)]);
        both(&[
            Call::Send(first, 5),
            Call::Close(first),
            Call::Recv(second, 9, false, false),
            Call::Poll(second),
        ]);
        both(&[
            Call::Send(first, 5),
            Call::Close(second),
            Call::Poll(first),
            Call::Error(first),
            Call::Send(first, 1),
        ]);
        both(&[
            Call::LingerZero(first),
            Call::Close(first),
            Call::Poll(second),
            Call::Recv(second, 9, false, false),
        ]);
    }
}

#[test]
fn directions_are_shut_down_once_and_twice() {
    for how in [SHUT_RD, SHUT_WR, SHUT_RDWR] {
        for again in [SHUT_RD, SHUT_WR, SHUT_RDWR] {
            both(&[
                Call::Shutdown(1, how),
                Call::Poll(1),
                Call::Poll(2),
                Call::Send(2, 5),
                Call::Recv(1, 9, false, false),
                Call::Shutdown(1, again),
                Call::Shutdown(2, again),
                Call::Poll(1),
                Call::Poll(2),
                Call::Shutdown(1, how),
                Call::Send(1, 5),
                Call::Recv(2, 9, true, false),
            ]);
        }
    }
}

#[test]
fn a_port_is_taken_again_or_not() {
    for reuse in [[false, false], [true, false], [false, true], [true, true]] {
        let mut calls = vec![Call::Open(0, true), Call::Open(3, true)];
        for (slot, on) in [(0, reuse[0]), (3, reuse[1])] {
            calls.push(Call::ReuseAddress(slot, on));
        }
        calls.extend([
            Call::Bind(0, 0),
            Call::Bind(3, 0),
            Call::Listen(0, BACKLOG),
            Call::Listen(3, BACKLOG),
            Call::Bind(3, 0),
        ]);
        compare(&calls).unwrap();
        // The server that comes back while its connection is in TIME-WAIT.
        let mut calls = vec![Call::Open(0, true), Call::ReuseAddress(0, reuse[0])];
        calls.extend(connection().into_iter().skip(1));
        calls.extend([Call::Close(2), Call::Close(0), Call::Close(1), Call::Open(0, true)]);
        calls.extend([Call::ReuseAddress(0, reuse[1]), Call::Bind(0, 0), Call::Listen(0, BACKLOG)]);
        compare(&calls).unwrap();
    }
}

#[test]
fn who_connects_to_nobody_or_to_itself() {
    let itself =
        [Call::Open(0, true), Call::Bind(0, 0), Call::Connect(0, 0), Call::Connect(0, 0), Call::Send(0, 3)];
    let after = [Call::Poll(0), Call::Recv(0, 9, false, false), Call::Connect(0, 0), Call::PeerName(0)];
    compare(&[&itself[..], &after].concat()).unwrap();
    let nobody = [Call::Open(0, true), Call::Connect(0, 0)];
    for then in
        [Call::Connect(0, 0), Call::Error(0), Call::Send(0, 1), Call::Recv(0, 1, false, false), Call::Poll(0)]
    {
        let again = [
            then.clone(),
            Call::Connect(0, 0),
            Call::Connect(0, 0),
            then,
            Call::Poll(0),
            Call::Listen(0, BACKLOG),
        ];
        compare(&[&nobody[..], &again].concat()).unwrap();
    }
}

#[test]
fn datagrams_are_cut_and_refused() {
    let calls = [
        Call::Open(0, false),
        Call::Bind(0, 0),
        Call::Open(1, false),
        Call::SendTo(1, 0, 15),
        Call::Recv(0, 5, true, true),
        Call::Recv(0, 5, true, false),
        Call::Recv(0, 5, false, true),
        Call::Connect(1, 0),
        Call::Send(1, 5),
        Call::Close(0),
        Call::Send(1, 5),
        Call::Poll(1),
        Call::Send(1, 5),
        Call::Send(1, 5),
        Call::Recv(1, 5, false, false),
        Call::Recv(1, 5, false, false),
        Call::Disconnect(1),
        Call::Send(1, 5),
        Call::SockName(1),
    ];
    compare(&calls).unwrap();
}
