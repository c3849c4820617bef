//! Closing as a socket was told to, shutting directions down, and listeners that wait or have no room.

use super::harness::{Fate, Pair, pattern};
use crate::time::Duration;
use crate::trace::{Cause, State};
use crate::transport::tcp::segment::Flags;
use crate::transport::tcp::{Knobs, Overflow, StreamOption};
use crate::transport::{Key, Readiness, SocketError, SocketId, Wake};

const SECOND: Duration = Duration::from_secs(1);

fn linger(pair: &mut Pair, key: Key) -> Result<(), SocketError> {
    pair.with(0, |tcp, ctx| tcp.close_lingering(ctx, key))
}

fn wakes(pair: &mut Pair) -> Vec<Wake> {
    let mut wakes = Vec::new();
    pair.ends[0].take_wakes(&mut wakes);
    wakes
}

#[test]
fn without_lingering_a_close_resets() {
    for (linger, cause) in [(None, Cause::Fin), (Some(Duration::ZERO), Cause::Abort)] {
        let mut pair = Pair::rfc();
        let (client, server) = pair.connect();
        pair.tell(0, client, StreamOption::Linger(linger)).unwrap();
        pair.close(0, client);
        pair.millis(50);
        assert_eq!(pair.causes(0).last(), Some(&cause));
        let read = pair.recv(1, server);
        assert_eq!(read, if linger.is_none() { Ok(vec![]) } else { Err(SocketError::ConnectionReset) });
    }
}

#[test]
fn without_lingering_what_was_queued_is_lost() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect_told(&[StreamOption::Linger(Some(Duration::ZERO))], &[]);
    pair.send(0, client, &pattern(100_000)).unwrap();
    pair.close(0, client);
    pair.run(SECOND * 5);
    assert_eq!(pair.recv(1, server), Err(SocketError::ConnectionReset));
    assert_eq!(pair.ends[0].own_settings(), 0);
}

#[test]
fn without_lingering_there_is_nothing_to_reset_in_time_wait() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect_told(&[StreamOption::Linger(Some(Duration::ZERO))], &[]);
    pair.shutdown(0, client);
    pair.millis(50);
    pair.close(1, server);
    pair.millis(50);
    assert_eq!(pair.state(0, client), State::TimeWait);
    pair.close(0, client);
    pair.millis(50);
    assert_eq!(pair.count(0, Cause::Abort), 0);
}

#[test]
fn a_close_lingers_until_everything_is_acknowledged() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect_told(&[StreamOption::Linger(Some(SECOND * 5))], &[]);
    pair.send(0, client, b"last words").unwrap();
    let began = pair.now;
    assert_eq!(linger(&mut pair, client), Err(SocketError::WouldBlock));
    wakes(&mut pair);
    // One round trip, and no longer: the peer need not close for it.
    pair.millis(19);
    assert_eq!((wakes(&mut pair), linger(&mut pair, client)), (vec![], Err(SocketError::WouldBlock)));
    pair.millis(1);
    let woken = [Wake { socket: SocketId::Tcp(client), readiness: Readiness::WRITE }];
    assert_eq!(wakes(&mut pair), woken);
    assert_eq!((linger(&mut pair, client), pair.now), (Ok(()), began + pair.delay * 2));
    assert_eq!(pair.recv(1, server).as_deref(), Ok(&b"last words"[..]));
    pair.close(1, server);
    pair.run(SECOND * 300);
    assert_eq!(pair.ends[0].own_settings(), 0);
}

#[test]
fn a_close_lingers_no_longer_than_it_was_told() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect_told(&[StreamOption::Linger(Some(SECOND * 5))], &[]);
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, b"last words").unwrap();
    assert_eq!(linger(&mut pair, client), Err(SocketError::WouldBlock));
    wakes(&mut pair);
    pair.run(SECOND * 5 - Duration::from_millis(1));
    assert_eq!((wakes(&mut pair), linger(&mut pair, client)), (vec![], Err(SocketError::WouldBlock)));
    pair.millis(1);
    assert_eq!(wakes(&mut pair).len(), 1);
    assert_eq!(linger(&mut pair, client), Ok(()));
    // What was written goes on being sent.
    pair.judge = Box::new(|_| Fate::Deliver);
    pair.run(SECOND * 20);
    assert_eq!(pair.recv(1, server).as_deref(), Ok(&b"last words"[..]));
}

#[test]
fn who_lingers_takes_no_more_data() {
    // RFC 9293 §3.6.1
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect_told(&[StreamOption::Linger(Some(SECOND * 5))], &[]);
    pair.send(0, client, b"last words").unwrap();
    assert_eq!(linger(&mut pair, client), Err(SocketError::WouldBlock));
    pair.send(1, server, b"but").unwrap();
    pair.millis(15);
    assert_eq!(linger(&mut pair, client), Ok(()));
    assert_eq!(pair.count(0, Cause::Abort), 1);
}

#[test]
fn a_close_that_waits_resets_what_was_not_read() {
    // RFC 9293 §3.6.1
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect_told(&[StreamOption::Linger(Some(SECOND * 5))], &[]);
    pair.send(1, server, b"unread").unwrap();
    pair.millis(50);
    assert_eq!(linger(&mut pair, client), Ok(()));
    pair.millis(50);
    assert_eq!(pair.recv(1, server), Err(SocketError::ConnectionReset));
}

#[test]
fn a_direction_that_is_shut_reads_to_its_end() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    let shut = |pair: &mut Pair| pair.with(0, |tcp, ctx| tcp.shutdown_read(ctx, client));
    pair.send(1, server, b"before").unwrap();
    pair.millis(300);
    let sent = pair.seen.len();
    assert_eq!((shut(&mut pair), shut(&mut pair)), (Ok(()), Ok(())));
    pair.flush();
    assert_eq!(pair.seen.len(), sent, "the peer does not learn of it");
    let mut buffer = [0; 10];
    let mut read = |pair: &mut Pair| pair.with(0, |tcp, ctx| tcp.recv(ctx, client, &mut buffer));
    assert_eq!((read(&mut pair), read(&mut pair)), (Ok(6), Ok(0)));
    assert!(pair.ends[0].readiness(client).unwrap().contains(Readiness::READ));
    // Linux: what comes is acknowledged, and may be read.
    pair.send(1, server, b"behind").unwrap();
    pair.millis(300);
    assert_eq!(read(&mut pair), Ok(6));
    pair.send(0, client, b"this direction lives").unwrap();
    pair.millis(300);
    assert_eq!(pair.recv(1, server).map(|octets| octets.len()), Ok(20));
}

#[test]
fn who_waits_to_read_learns_that_it_is_shut() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    assert_eq!(pair.recv(0, client), Err(SocketError::WouldBlock));
    wakes(&mut pair);
    pair.with(0, |tcp, ctx| tcp.shutdown_read(ctx, client)).unwrap();
    assert_eq!(wakes(&mut pair), [Wake { socket: SocketId::Tcp(client), readiness: Readiness::READ }]);
}

#[test]
fn shutting_twice_is_no_error_as_long_as_there_is_a_connection() {
    // Linux: ENOTCONN once the socket is closed, which TIME-WAIT is to it.
    let mut pair = Pair::rfc();
    let listener = pair.listen(1);
    let client = pair.open(1000);
    let shut = |pair: &mut Pair| pair.with(0, |tcp, ctx| tcp.shutdown_write(ctx, client));
    assert_eq!(shut(&mut pair), Err(SocketError::NotConnected));
    pair.millis(100);
    let (server, _) = pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).unwrap();
    assert_eq!((shut(&mut pair), shut(&mut pair)), (Ok(()), Ok(())));
    pair.millis(100);
    assert_eq!((pair.state(0, client), shut(&mut pair)), (State::FinWait2, Ok(())));
    pair.close(1, server);
    pair.millis(100);
    assert_eq!((pair.state(0, client), shut(&mut pair)), (State::TimeWait, Err(SocketError::NotConnected)));
    assert_eq!(pair.count(0, Cause::Fin), 1);
}

#[test]
fn an_error_is_taken_once() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.with(1, |tcp, ctx| tcp.abort(ctx, server));
    pair.millis(50);
    assert_eq!(pair.ends[0].take_error(client), Ok(Some(SocketError::ConnectionReset)));
    assert_eq!(pair.ends[0].take_error(client), Ok(None));
    assert_eq!(pair.recv(0, client), Ok(vec![]));
}

#[test]
fn a_deferred_connection_is_accepted_with_its_first_data() {
    let mut pair = Pair::rfc();
    let listener = pair.listen(4);
    pair.ends[1].tell_listener(listener, StreamOption::DeferAccept(SECOND * 30)).unwrap();
    let accept = |pair: &mut Pair| pair.with(1, |tcp, ctx| tcp.accept(ctx, listener));
    let client = pair.open(1000);
    pair.run(SECOND * 10);
    assert_eq!(pair.ends[0].connected(client), Ok(()), "the peer knows nothing of it");
    assert_eq!(accept(&mut pair), Err(SocketError::WouldBlock));
    assert_eq!(pair.causes(1).len(), 1, "and is not asked again: {:?}", pair.causes(1));
    pair.send(0, client, b"hello").unwrap();
    pair.millis(50);
    let (server, _) = accept(&mut pair).unwrap();
    assert_eq!(pair.recv(1, server).as_deref(), Ok(&b"hello"[..]));
}

#[test]
fn a_deferred_connection_is_accepted_when_the_time_is_up() {
    let mut pair = Pair::rfc();
    let listener = pair.listen(4);
    pair.ends[1].tell_listener(listener, StreamOption::DeferAccept(SECOND * 5)).unwrap();
    let accept = |pair: &mut Pair| pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).map(|_| ());
    let client = pair.open(1000);
    pair.run(SECOND * 5);
    assert_eq!(accept(&mut pair), Err(SocketError::WouldBlock));
    pair.millis(50);
    assert_eq!(pair.count(1, Cause::RetransmitSynAck), 1);
    assert_eq!((accept(&mut pair), pair.state(0, client)), (Ok(()), State::Established));
    // One that closes without a word is accepted at once: there is nothing to wait for.
    let silent = pair.open(1001);
    pair.millis(50);
    pair.close(0, silent);
    pair.millis(50);
    assert_eq!(accept(&mut pair), Ok(()));
}

#[test]
fn a_full_accept_queue_drops_or_resets() {
    for overflow in [Overflow::Drop, Overflow::Reset] {
        for backlog in [1, 3] {
            let mut pair = Pair::new(Knobs::rfc(), Knobs { accept_overflow: overflow, ..Knobs::rfc() });
            let listener = pair.listen(backlog);
            // All SYNs are there before the queue is full: what counts is the last segment of the handshake.
            let clients: Vec<Key> = (0..=backlog as u16).map(|port| pair.open(1000 + port)).collect();
            pair.millis(100);
            let (last, fit) = clients.split_last().unwrap();
            assert!(fit.iter().all(|key| pair.ends[0].connected(*key) == Ok(())), "a queue of {backlog}");
            let accept = |pair: &mut Pair| pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).is_ok();
            if overflow == Overflow::Reset {
                assert_eq!(pair.recv(0, *last), Err(SocketError::ConnectionReset));
                assert_eq!(pair.count(1, Cause::Abort), 1);
                (0..backlog).for_each(|_| assert!(accept(&mut pair)));
                assert!(!accept(&mut pair));
                continue;
            }
            assert_eq!(pair.state(0, *last), State::Established, "it does not know");
            assert_eq!(pair.count(1, Cause::Abort), 0);
            (0..backlog).for_each(|_| assert!(accept(&mut pair)));
            assert!(!accept(&mut pair), "it waits for the handshake to be completed again");
            pair.run(SECOND * 2);
            assert!(accept(&mut pair));
        }
    }
}

#[test]
fn a_full_accept_queue_takes_no_syn() {
    let mut pair = Pair::new(Knobs::rfc(), Knobs { accept_overflow: Overflow::Reset, ..Knobs::rfc() });
    pair.listen(1);
    pair.open(1000);
    pair.millis(100);
    let late = pair.open(1001);
    pair.run(SECOND * 2);
    assert_eq!(pair.state(0, late), State::SynSent);
    assert!(!pair.seen.iter().any(|seen| seen.from == 1 && seen.segment.flags.has(Flags::RST)));
}
