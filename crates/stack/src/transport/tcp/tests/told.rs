//! What a socket can be told, each with what changes by it on the wire or in a call.

use super::harness::{Fate, Pair, pattern, socket};
use crate::time::Duration;
use crate::trace::{Cause, State};
use crate::transport::tcp::congestion::{Ack, Congestion, CongestionControl, Path};
use crate::transport::tcp::{Knobs, StreamOption, StreamOptions};
use crate::transport::{Key, Readiness, SocketError};

/// A controller whose window stands still, to be told apart from the others.
#[derive(Clone, Debug)]
struct Still(u32);

impl CongestionControl for Still {
    fn name(&self) -> &'static str {
        "still"
    }

    fn on_ack(&mut self, _: &Ack, _: &mut Path<'_>) {}

    fn on_congestion(&mut self, _: Congestion<'_>, _: &mut Path<'_>) {}

    fn window(&self) -> u32 {
        self.0
    }

    fn ssthresh(&self) -> u32 {
        u32::MAX
    }

    fn clone_box(&self) -> Box<dyn CongestionControl> {
        Box::new(self.clone())
    }
}

pub fn still(mss: u32, initial_window: u16) -> Box<dyn CongestionControl> {
    Box::new(Still(mss * u32::from(initial_window)))
}

const SECOND: Duration = Duration::from_secs(1);

pub fn told(options: &[StreamOption<'_>]) -> StreamOptions {
    let mut told = StreamOptions::default();
    options.iter().for_each(|option| told.set(*option).unwrap());
    told
}

impl Pair {
    /// As `connect`, by a client and to a listener that were told something.
    pub fn connect_told(&mut self, client: &[StreamOption<'_>], server: &[StreamOption<'_>]) -> (Key, Key) {
        let listener = self.listen(4);
        self.ends[1].configure_listener(listener, &told(server)).unwrap();
        let client = self.open_told(1000, client);
        self.millis(200);
        assert_eq!(self.ends[0].connected(client), Ok(()));
        (client, self.with(1, |tcp, ctx| tcp.accept(ctx, listener)).unwrap().0)
    }

    pub fn open_told(&mut self, port: u16, options: &[StreamOption<'_>]) -> Key {
        let options = told(options);
        self.with(0, |tcp, ctx| tcp.connect_with(ctx, socket(0, port), socket(1, 80), &options)).unwrap()
    }

    pub fn tell(&mut self, end: usize, key: Key, option: StreamOption<'_>) -> Result<(), SocketError> {
        self.with(end, |tcp, ctx| tcp.tell(ctx, key, option))
    }

    /// Lengths of what `end` has sent since `from`, acknowledgements left out.
    fn lengths(&self, end: usize, from: usize) -> Vec<usize> {
        let sent = self.seen[from..].iter().filter(|seen| seen.from == end && seen.length > 0);
        sent.map(|seen| seen.length).collect()
    }
}

#[test]
fn a_silent_peer_is_asked_as_it_was_told() {
    let asked = [
        StreamOption::KeepAlive(true),
        StreamOption::KeepIdle(SECOND * 5),
        StreamOption::KeepInterval(SECOND * 2),
        StreamOption::KeepCount(3),
    ];
    // Before the handshake; on a living connection; by what the listener was told.
    for way in 0..3 {
        let mut pair = Pair::rfc();
        let end = usize::from(way == 2);
        let keys = match way {
            0 => pair.connect_told(&asked, &[]),
            1 => pair.connect(),
            _ => pair.connect_told(&[], &asked),
        };
        let key = [keys.0, keys.1][end];
        if way == 1 {
            asked.iter().for_each(|option| pair.tell(0, key, *option).unwrap());
        }
        let heard = pair.seen.iter().rfind(|seen| seen.from != end).unwrap().at + pair.delay;
        pair.judge = Box::new(|_| Fate::Lose);
        pair.run(heard + SECOND * 11 - pair.now - Duration::from_millis(1));
        assert_eq!((pair.count(end, Cause::KeepAlive), pair.state(end, key)), (3, State::Established));
        pair.millis(1);
        assert_eq!(pair.with(end, |tcp, ctx| tcp.recv(ctx, key, &mut [0])), Err(SocketError::TimedOut));
        let other = [keys.0, keys.1][1 - end];
        assert_eq!(pair.state(1 - end, other), State::Established, "who was told nothing asks nothing");
    }
}

#[test]
fn keep_alives_end_when_they_are_turned_off() {
    let mut pair = Pair::rfc();
    let asked =
        [StreamOption::KeepAlive(true), StreamOption::KeepIdle(SECOND), StreamOption::KeepInterval(SECOND)];
    let (client, _) = pair.connect_told(&asked, &[]);
    pair.run(SECOND * 5);
    let asked = pair.count(0, Cause::KeepAlive);
    assert!((4..=5).contains(&asked), "asked {asked} times, and answered");
    pair.tell(0, client, StreamOption::KeepAlive(false)).unwrap();
    pair.run(SECOND * 100);
    assert_eq!(pair.count(0, Cause::KeepAlive), asked);
}

#[test]
fn a_receive_buffer_is_the_window_offered() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect_told(&[], &[StreamOption::ReceiveBuffer(4_000)]);
    assert_eq!(pair.send(0, client, &pattern(10_000)), Ok(10_000));
    // What is less than a full segment and half the window waits for the override timer (RFC 9293 §3.8.6.2.1).
    pair.run(SECOND * 3);
    let held = |pair: &mut Pair| pair.ends[1].peek(server, &mut vec![0; 20_000]).unwrap();
    assert_eq!(held(&mut pair), 4_000);
    // Told more, it says so at once, and the window is there without anything having been read.
    let before = pair.seen.len();
    pair.tell(1, server, StreamOption::ReceiveBuffer(9_000)).unwrap();
    pair.flush();
    assert_eq!(pair.seen[before].cause, Cause::WindowUpdate);
    pair.millis(500);
    let taken = held(&mut pair);
    assert!((8_000..=9_000).contains(&taken), "{taken} octets in a buffer of 9,000");
    // Told less, it takes nothing back that it has offered, and offers no more until there is room.
    pair.tell(1, server, StreamOption::ReceiveBuffer(0)).unwrap();
    assert_eq!(pair.ends[1].told(server).unwrap().receive_buffer, Some(2_048));
    assert_eq!(pair.recv(1, server).map(|octets| octets.len()), Ok(taken));
    pair.run(SECOND * 10);
    assert!(pair.ends[1].info(server).unwrap().rcv_wnd <= 2_048);
}

#[test]
fn a_large_receive_buffer_is_agreed_on_by_its_scale() {
    let mut pair = Pair::rfc();
    pair.connect_told(&[StreamOption::ReceiveBuffer(1 << 25)], &[StreamOption::ReceiveBuffer(10_000)]);
    let scales: Vec<_> = pair.seen[..2].iter().map(|seen| seen.segment.options.window_scale).collect();
    assert_eq!(scales, [Some(10), Some(0)]);
    assert_eq!(pair.seen[1].segment.window, 10_000);
}

#[test]
fn a_send_buffer_is_what_may_be_queued() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect_told(&[StreamOption::SendBuffer(5_000)], &[]);
    pair.judge = Box::new(|seen| if seen.length > 0 { Fate::Lose } else { Fate::Deliver });
    assert_eq!(pair.send(0, client, &pattern(10_000)), Ok(5_000));
    assert_eq!(pair.send(0, client, &[0]), Err(SocketError::WouldBlock));
    assert_eq!(pair.ends[0].readiness(client), Ok(Readiness::NONE));
    let mut wakes = Vec::new();
    pair.ends[0].take_wakes(&mut wakes);
    wakes.clear();
    pair.tell(0, client, StreamOption::SendBuffer(7_000)).unwrap();
    pair.ends[0].take_wakes(&mut wakes);
    assert_eq!((wakes.len(), pair.ends[0].readiness(client)), (1, Ok(Readiness::WRITE)));
    assert_eq!(pair.send(0, client, &pattern(10_000)), Ok(2_000));
}

#[test]
fn nagle_is_off_where_it_was_told_so() {
    for (nodelay, segments) in [(false, 1), (true, 3)] {
        let mut pair = Pair::rfc();
        let (client, _) = pair.connect_told(&[StreamOption::NoDelay(nodelay)], &[]);
        let from = pair.seen.len();
        for _ in 0..3 {
            pair.send(0, client, &[0; 100]).unwrap();
            pair.flush();
        }
        assert_eq!(pair.lengths(0, from).len(), segments);
        assert_eq!(pair.ends[0].own_settings(), 0, "a bit that every connection has");
    }
}

#[test]
fn a_cork_lets_full_segments_pass() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect_told(&[StreamOption::Cork(true), StreamOption::NoDelay(true)], &[]);
    let from = pair.seen.len();
    for _ in 0..3 {
        pair.send(0, client, &[0; 100]).unwrap();
        pair.flush();
    }
    assert_eq!(pair.lengths(0, from), [0_usize; 0]);
    pair.tell(0, client, StreamOption::Cork(false)).unwrap();
    pair.flush();
    assert_eq!(pair.lengths(0, from), [300], "one segment for three writes");
    pair.millis(500);
    pair.tell(0, client, StreamOption::Cork(true)).unwrap();
    pair.send(0, client, &[0; 1448 + 7]).unwrap();
    pair.flush();
    assert_eq!(pair.lengths(0, from), [300, 1448]);
    // Turning Nagle's algorithm off flushes, corked or not; a FIN takes all with it.
    pair.tell(0, client, StreamOption::NoDelay(true)).unwrap();
    pair.flush();
    assert_eq!(pair.lengths(0, from), [300, 1448, 7]);
    pair.send(0, client, &[0; 9]).unwrap();
    pair.shutdown(0, client);
    pair.flush();
    assert_eq!(pair.lengths(0, from), [300, 1448, 7, 9]);
}

#[test]
fn a_cork_holds_for_200_ms() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect_told(&[StreamOption::Cork(true)], &[]);
    // After any silence: that time says nothing about the peer.
    pair.run(SECOND * 1000);
    let from = pair.seen.len();
    pair.send(0, client, &[0; 100]).unwrap();
    pair.millis(199);
    assert_eq!(pair.lengths(0, from), [0_usize; 0]);
    pair.millis(1);
    assert_eq!((pair.lengths(0, from), pair.last(0).cause), (vec![100], Cause::CorkCeiling));
    pair.millis(100);
    assert_eq!(pair.recv(1, server).map(|octets| octets.len()), Ok(100));
    // And the next one as long.
    pair.send(0, client, &[0; 50]).unwrap();
    pair.millis(199);
    assert_eq!(pair.lengths(0, from), [100]);
    pair.millis(1);
    assert_eq!(pair.lengths(0, from), [100, 50]);
}

#[test]
fn more_is_a_cork_for_one_write() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let from = pair.seen.len();
    let more = |pair: &mut Pair| pair.with(0, |tcp, ctx| tcp.send_more(ctx, client, &[0; 100]));
    assert_eq!(more(&mut pair), Ok(100));
    pair.flush();
    assert_eq!(pair.lengths(0, from), [0_usize; 0]);
    pair.send(0, client, &[0; 20]).unwrap();
    pair.flush();
    assert_eq!(pair.lengths(0, from), [120]);
    pair.millis(500);
    more(&mut pair).unwrap();
    pair.millis(200);
    assert_eq!(pair.lengths(0, from), [120, 100], "more has not come");
}

#[test]
fn a_segment_size_is_offered_and_kept_to() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect_told(&[StreamOption::MaxSegment(1000)], &[]);
    assert_eq!(pair.seen[0].segment.options.mss, Some(1000));
    let from = pair.seen.len();
    pair.send(0, client, &[0; 3000]).unwrap();
    pair.send(1, server, &[0; 3000]).unwrap();
    pair.millis(500);
    for end in 0..2 {
        assert_eq!(pair.lengths(end, from).into_iter().max(), Some(988), "with time stamps of 12 octets");
    }
    // The other end's limit alone holds in one direction only: what this end sends.
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.tell(0, client, StreamOption::MaxSegment(500)).unwrap();
    assert_eq!(pair.tell(0, client, StreamOption::MaxSegment(501)), Err(SocketError::InvalidInput));
    assert_eq!(pair.tell(0, client, StreamOption::MaxSegment(0)), Err(SocketError::InvalidInput));
    let from = pair.seen.len();
    pair.send(0, client, &[0; 3000]).unwrap();
    pair.send(1, server, &[0; 3000]).unwrap();
    pair.millis(500);
    assert_eq!(pair.lengths(0, from).into_iter().max(), Some(488));
    assert_eq!(pair.lengths(1, from).into_iter().max(), Some(1448));
    assert_eq!(pair.ends[0].told(client).unwrap().max_segment, Some(488));
}

#[test]
fn a_controller_is_chosen_by_name_before_and_after_connecting() {
    let cwnd = |pair: &Pair, key| pair.ends[0].info(key).unwrap().metrics.cwnd;
    let send = |pair: &mut Pair, keys: (Key, Key)| {
        pair.transfer((0, keys.0), (1, keys.1), &pattern(100_000), SECOND * 100);
    };
    let mut pair = Pair::rfc();
    let keys = pair.connect_told(&[StreamOption::Congestion("still")], &[]);
    send(&mut pair, keys);
    assert_eq!(cwnd(&pair, keys.0), 14_480, "it stands still");
    pair.tell(0, keys.0, StreamOption::Congestion("newreno")).unwrap();
    assert_eq!(cwnd(&pair, keys.0), 14_480, "taken over as it was");
    send(&mut pair, keys);
    let grown = cwnd(&pair, keys.0);
    assert!(grown > 14_480);
    pair.tell(0, keys.0, StreamOption::Congestion("newreno")).unwrap();
    assert_eq!(cwnd(&pair, keys.0), grown);
    assert_eq!(pair.tell(0, keys.0, StreamOption::Congestion("")), Err(SocketError::NotFound));
    assert_eq!(pair.ends[0].told(keys.0).unwrap().congestion, Some("newreno"));
}

#[test]
fn a_quick_acknowledgement_does_not_wait() {
    for quick in [false, true] {
        let mut pair = Pair::rfc();
        let (client, server) = pair.connect_told(&[], &[StreamOption::QuickAck(quick)]);
        let sent = pair.now;
        pair.send(0, client, b"x").unwrap();
        pair.millis(500);
        let wait = if quick { Duration::ZERO } else { Duration::from_millis(200) };
        assert_eq!(pair.last(1).at, sent + pair.delay + wait);
        // What is owed goes when it is told so.
        pair.tell(1, server, StreamOption::QuickAck(false)).unwrap();
        pair.send(0, client, b"x").unwrap();
        pair.millis(50);
        let before = pair.seen.len();
        pair.tell(1, server, StreamOption::QuickAck(true)).unwrap();
        pair.flush();
        assert_eq!(pair.seen[before].from, 1);
    }
}

#[test]
fn a_user_timeout_ends_what_nobody_acknowledges() {
    // RFC 5482 §3
    for span in [Duration::from_millis(2_500), SECOND * 7] {
        let mut pair = Pair::rfc();
        let (client, _) = pair.connect_told(&[StreamOption::UserTimeout(span)], &[]);
        pair.judge = Box::new(|_| Fate::Lose);
        pair.send(0, client, b"lost").unwrap();
        pair.run(span - Duration::from_millis(1));
        assert_eq!(pair.state(0, client), State::Established);
        pair.millis(1);
        assert_eq!(pair.send(0, client, b"x"), Err(SocketError::TimedOut));
    }
    // It is how long keep-alives go unanswered, too.
    let mut pair = Pair::rfc();
    let told = [
        StreamOption::UserTimeout(SECOND * 4),
        StreamOption::KeepAlive(true),
        StreamOption::KeepIdle(SECOND),
        StreamOption::KeepInterval(SECOND),
    ];
    let (client, _) = pair.connect_told(&told, &[]);
    pair.judge = Box::new(|_| Fate::Lose);
    pair.run(SECOND * 5);
    assert_eq!((pair.state(0, client), pair.count(0, Cause::KeepAlive)), (State::Closed, 3));
}

#[test]
fn a_user_timeout_ends_what_waits_behind_a_closed_window() {
    // RFC 5482 §3; without it a peer that answers may keep its window closed for ever (RFC 9293 §3.8.6.1).
    for timeout in [None, Some(SECOND * 20)] {
        let mut pair = Pair::rfc();
        let (client, _) = pair.connect_told(&[], &[StreamOption::ReceiveBuffer(2_048)]);
        if let Some(timeout) = timeout {
            pair.tell(0, client, StreamOption::UserTimeout(timeout)).unwrap();
        }
        pair.send(0, client, &pattern(10_000)).unwrap();
        while pair.ends[0].info(client).unwrap().snd_wnd > 0 {
            pair.step();
        }
        pair.run(SECOND * 19);
        assert_eq!(pair.state(0, client), State::Established);
        pair.run(SECOND * 2);
        assert_eq!(pair.state(0, client) == State::Closed, timeout.is_some());
        pair.run(SECOND * 1000);
        assert_eq!(pair.state(0, client) == State::Closed, timeout.is_some());
    }
}

#[test]
fn a_syn_goes_again_as_often_as_it_was_told() {
    for (count, gone_after) in [(1, 3), (2, 7)] {
        let mut pair = Pair::rfc();
        pair.judge = Box::new(|_| Fate::Lose);
        let client = pair.open_told(1000, &[StreamOption::SynCount(count)]);
        pair.run(SECOND * gone_after - Duration::from_millis(1));
        assert_eq!(pair.ends[0].connected(client), Err(SocketError::WouldBlock));
        pair.millis(1);
        assert_eq!(pair.ends[0].connected(client), Err(SocketError::TimedOut));
        assert_eq!(pair.causes(0).len(), 1 + usize::from(count));
    }
}

#[test]
fn what_a_listener_was_told_holds_for_its_connections() {
    let mut pair = Pair::rfc();
    let listener = pair.listen(4);
    for option in
        [StreamOption::NoDelay(true), StreamOption::KeepCount(4), StreamOption::Linger(Some(SECOND))]
    {
        pair.ends[1].tell_listener(listener, option).unwrap();
    }
    pair.ends[1].set_listener_header(listener, |_, _| (Some(7), 8)).unwrap();
    assert_eq!(pair.ends[1].listener_told(listener).unwrap().keep_count, Some(4));
    assert_eq!(pair.ends[1].listener_told(listener).unwrap().keep_alive, Some(false), "the host's");
    pair.open(1000);
    pair.millis(200);
    let (server, _) = pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).unwrap();
    let told = pair.ends[1].told(server).unwrap();
    assert_eq!((told.nodelay, told.keep_count, told.linger), (Some(true), Some(4), Some(SECOND)));
    assert_eq!((told.ttl, told.tos, pair.ends[1].header(server)), (Some(7), 8, Ok((Some(7), 8))));
    assert_eq!((pair.ends[0].own_settings(), pair.ends[1].own_settings()), (0, 1));
    pair.with(1, |tcp, ctx| tcp.abort(ctx, server));
    assert_eq!(pair.ends[1].own_settings(), 0, "they go with the connection");
    let knobs = Knobs::rfc();
    let all = pair.ends[1].would_hold(&StreamOptions::default());
    assert_eq!((all.keep_idle, all.send_buffer), (Some(knobs.keep_alive_idle), Some(knobs.send_buffer)));
}
