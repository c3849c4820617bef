//! Who may be bound to a port beside whom.

use super::harness::{Pair, socket};
use crate::trace::State;
use crate::transport::tcp::Sharing;
use crate::transport::{Key, SocketError};

const ALONE: Sharing = Sharing { address: false, port: false, device: None };
const ADDRESS: Sharing = Sharing { address: true, port: false, device: None };
const PORT: Sharing = Sharing { address: false, port: true, device: None };

fn bind(pair: &mut Pair, text: &str, sharing: Sharing) -> Result<Key, SocketError> {
    pair.with(0, |tcp, ctx| tcp.bind(ctx.rng, text.parse().unwrap(), sharing))
}

#[test]
fn two_sockets_have_one_port_only_where_both_share_it() {
    for (first, second, fits) in [
        (ALONE, ALONE, false),
        (ADDRESS, ALONE, false),
        (ALONE, ADDRESS, false),
        (ADDRESS, ADDRESS, true),
        (PORT, PORT, true),
        (ADDRESS, PORT, false),
    ] {
        for (one, other, overlap) in [
            ("10.0.0.1:80", "10.0.0.1:80", true),
            ("0.0.0.0:80", "10.0.0.1:80", true),
            ("10.0.0.1:80", "0.0.0.0:80", true),
            ("10.0.0.1:80", "10.0.0.9:80", false),
            ("10.0.0.1:80", "10.0.0.1:81", false),
        ] {
            let mut pair = Pair::rfc();
            let bound = bind(&mut pair, one, first).unwrap();
            let again = bind(&mut pair, other, second);
            assert_eq!(again.is_ok(), fits || !overlap, "{first:?} {one} {second:?} {other}");
            pair.ends[0].release(bound);
            if again.is_err() {
                bind(&mut pair, other, second).unwrap();
            }
        }
    }
}

#[test]
fn of_those_that_share_an_address_one_listens() {
    let mut pair = Pair::rfc();
    let [one, other] = [(); 2].map(|()| bind(&mut pair, "0.0.0.0:80", ADDRESS).unwrap());
    let listener = pair.ends[0].listen_on(one, 1).unwrap();
    assert_eq!(pair.ends[0].listen_on(other, 1), Err(SocketError::AddressInUse));
    assert_eq!(pair.ends[0].bound(other).map(|at| at.port()), Ok(80));
    assert_eq!(bind(&mut pair, "0.0.0.0:80", ALONE), Err(SocketError::AddressInUse));
    // What listens gives the port back when it is closed.
    pair.with(0, |tcp, ctx| tcp.close_listener(ctx, listener));
    assert_eq!(pair.ends[0].bound(one), Err(SocketError::BadDescriptor));
    pair.ends[0].listen_on(other, 1).unwrap();
}

#[test]
fn a_connection_keeps_its_port_from_those_that_do_not_share() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let local = pair.ends[0].id(client).unwrap().local.to_string();
    for sharing in [ALONE, ADDRESS, PORT] {
        assert_eq!(bind(&mut pair, &local, sharing), Err(SocketError::AddressInUse), "both must share");
    }
    pair.with(0, |tcp, ctx| tcp.abort(ctx, client));
    bind(&mut pair, &local, ALONE).unwrap();
}

#[test]
fn an_ephemeral_port_is_one_that_nobody_has() {
    let mut pair = Pair::rfc();
    // All ports but one are taken.
    for port in 49_153..=u16::MAX {
        bind(&mut pair, &format!("0.0.0.0:{port}"), PORT).unwrap();
    }
    let remote = socket(1, 80);
    let local = "10.0.0.1:0".parse().unwrap();
    let key = pair.with(0, |tcp, ctx| tcp.connect(ctx, local, remote)).unwrap();
    assert_eq!(pair.ends[0].id(key).unwrap().local.port(), 49_152);
    assert_eq!(pair.state(0, key), State::SynSent);
    assert_eq!(bind(&mut pair, "0.0.0.0:0", PORT), Err(SocketError::AddressNotAvailable));
    pair.with(0, |tcp, ctx| tcp.abort(ctx, key));
    let last = bind(&mut pair, "0.0.0.0:0", PORT).unwrap();
    assert_eq!(pair.ends[0].bound(last).unwrap().port(), 49_152);
    assert_eq!(
        pair.with(0, |tcp, ctx| tcp.connect(ctx, local, remote)),
        Err(SocketError::AddressNotAvailable)
    );
}

#[test]
fn who_comes_later_is_refused_where_another_listens() {
    // Linux: SO_REUSEADDR is not for two that listen, and says so when the second is bound.
    let mut pair = Pair::rfc();
    let bound = bind(&mut pair, "0.0.0.0:80", ADDRESS).unwrap();
    pair.ends[0].listen_on(bound, 1).unwrap();
    assert_eq!(bind(&mut pair, "0.0.0.0:80", ADDRESS), Err(SocketError::AddressInUse));
}

#[test]
fn what_a_listener_leaves_behind_shares_as_it_did() {
    // The server closes first, and is in TIME-WAIT: whoever binds anew must share, as the listener did.
    for (first, second, fits) in [
        (ALONE, ALONE, false),
        (ALONE, ADDRESS, false),
        (ADDRESS, ALONE, false),
        (ADDRESS, ADDRESS, true),
        (PORT, PORT, true),
        (PORT, ADDRESS, false),
    ] {
        let mut pair = Pair::rfc();
        let again = |pair: &mut Pair, sharing| {
            pair.with(1, |tcp, ctx| tcp.bind(ctx.rng, "0.0.0.0:80".parse().unwrap(), sharing))
        };
        let claim = again(&mut pair, first).unwrap();
        let listener = pair.ends[1].listen_on(claim, 4).unwrap();
        let client = pair.open(1000);
        pair.millis(100);
        let (server, _) = pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).unwrap();
        pair.with(1, |tcp, ctx| tcp.close_listener(ctx, listener));
        pair.shutdown(1, server);
        pair.millis(100);
        pair.close(0, client);
        pair.millis(100);
        assert_eq!(pair.state(1, server), State::TimeWait);
        let result = again(&mut pair, second);
        assert_eq!(result.is_ok(), fits, "{first:?} {second:?}");
        if let Ok(claim) = result {
            pair.ends[1].listen_on(claim, 4).unwrap();
        } else {
            pair.run(crate::time::Duration::from_secs(240));
            again(&mut pair, second).unwrap();
        }
    }
}

#[test]
fn connections_are_spread_over_those_that_share_a_port() {
    let mut pair = Pair::rfc();
    let bind = |pair: &mut Pair| {
        let claim = pair.with(1, |tcp, ctx| tcp.bind(ctx.rng, "0.0.0.0:80".parse().unwrap(), PORT)).unwrap();
        pair.ends[1].listen_on(claim, 100).unwrap()
    };
    let listeners = [(); 3].map(|()| bind(&mut pair));
    for port in 1000..1090 {
        pair.open(port);
    }
    pair.millis(100);
    let accept = |pair: &mut Pair, listener| {
        core::iter::from_fn(|| pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).ok()).count()
    };
    let counts = listeners.map(|listener| accept(&mut pair, listener));
    assert_eq!(counts.iter().sum::<usize>(), 90);
    assert!(counts.iter().all(|count| (15..=45).contains(count)), "{counts:?}");
    // One that closes gives its part to the others.
    pair.with(1, |tcp, ctx| tcp.close_listener(ctx, listeners[1]));
    for port in 2000..2060 {
        pair.open(port);
    }
    pair.millis(100);
    let counts = [listeners[0], listeners[2]].map(|listener| accept(&mut pair, listener));
    assert!(counts.iter().sum::<usize>() == 60 && counts.iter().all(|count| *count >= 15), "{counts:?}");
}
