use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::frame::Meta;
use crate::rng::Rng;
use crate::trace::{Cause, Trigger};

const THEM: Mac = Mac([2, 0, 0, 0, 0, 2]);

fn address(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

fn packet(octet: u8) -> Parked {
    let packet = Frame::with_payload(Bytes::from(vec![octet]), Meta::new(Cause::UdpData, Trigger::Call));
    Parked { packet, came_by: None }
}

fn cache(change: impl FnOnce(&mut Knobs)) -> Neighbors {
    let mut knobs = Knobs::rfc();
    change(&mut knobs);
    Neighbors::new(knobs, &mut Rng::stream(1, "host", "stack"))
}

fn secs(secs: u64) -> Instant {
    Instant::from_secs(secs)
}

/// What is owed, as text that a test can compare.
fn owed(neighbors: &mut Neighbors) -> Vec<String> {
    let mut list = Vec::new();
    while let Some(owed) = neighbors.take_owed() {
        list.push(match owed {
            Owed::Ask { address, station: None } => format!("ask all for {address}"),
            Owed::Ask { address, station: Some(mac) } => format!("ask {mac} for {address}"),
            Owed::Changed { address, mac: _, state } => format!("{address} {}", state.name()),
            Owed::Forgotten => "forgotten".to_owned(),
            Owed::Release { mac, packets, waiters } => {
                format!("release {} and {} to {mac}", packets.len(), waiters.len())
            }
            Owed::Fail { packets, waiters } => format!("fail {} and {}", packets.len(), waiters.len()),
        });
    }
    list
}

#[test]
fn an_answer_releases_what_waited_in_order() {
    let mut neighbors = cache(|_| ());
    assert_eq!(neighbors.resolve(secs(0), address(2)), Resolution::Unresolved);
    assert_eq!(owed(&mut neighbors), ["10.0.0.2 incomplete", "ask all for 10.0.0.2"]);
    assert!(neighbors.park_packet(address(2), packet(1)).is_none());
    assert!(neighbors.park_packet(address(2), packet(2)).is_none());
    assert!(neighbors.park_waiter(address(2), Waiter(7)));
    assert_eq!(neighbors.resolve(secs(0), address(2)), Resolution::Unresolved);
    assert_eq!(owed(&mut neighbors), [""; 0], "asked once, however many wait");

    assert!(neighbors.learn(Instant::from_millis(10), address(2), THEM, false));
    assert!(matches!(neighbors.take_owed(), Some(Owed::Changed { state: NeighborState::Reachable, .. })));
    let Some(Owed::Release { mac, packets, waiters }) = neighbors.take_owed() else { panic!() };
    assert_eq!((mac, waiters), (THEM, vec![Waiter(7)]));
    assert_eq!(packets.iter().map(|parked| parked.packet.to_vec()[0]).collect::<Vec<_>>(), [1, 2]);
    let until = Instant::from_millis(60_010);
    assert_eq!(neighbors.resolve(secs(1), address(2)), Resolution::Known(THEM, until));
    assert_eq!(neighbors.next_timeout(), None, "a reachable entry needs no timer");
}

#[test]
fn requests_are_a_second_apart_and_then_fail() {
    // RFC 1122 §2.3.2.1: at most one request a second.
    let mut neighbors = cache(|_| ());
    neighbors.resolve(secs(5), address(2));
    neighbors.park_packet(address(2), packet(1));
    neighbors.park_waiter(address(2), Waiter(1));
    owed(&mut neighbors);
    for second in [6, 7] {
        assert_eq!(neighbors.next_timeout(), Some(secs(second)));
        neighbors.handle_timeout(secs(second));
        assert_eq!(owed(&mut neighbors), ["ask all for 10.0.0.2"]);
    }
    neighbors.handle_timeout(secs(8));
    assert_eq!(owed(&mut neighbors), ["10.0.0.2 failed", "fail 1 and 1"]);
    assert_eq!(neighbors.resolve(secs(8), address(2)), Resolution::Failed);
    assert!(neighbors.park_packet(address(2), packet(1)).is_some(), "nothing is under way");
    assert!(!neighbors.park_waiter(address(2), Waiter(1)));

    neighbors.handle_timeout(secs(9));
    assert!(neighbors.is_empty());
    assert_eq!(neighbors.resolve(secs(9), address(2)), Resolution::Unresolved, "asked anew");
}

#[test]
fn a_stale_neighbor_is_polled_while_it_is_used() {
    // RFC 1122 §2.3.2.1 (2): unicast poll.
    let mut neighbors = cache(|_| ());
    neighbors.learn(secs(0), address(2), THEM, true);
    owed(&mut neighbors);
    assert_eq!(neighbors.resolve(secs(59), address(2)), Resolution::Known(THEM, secs(60)));
    assert_eq!(owed(&mut neighbors), [""; 0]);
    assert_eq!(neighbors.resolve(secs(61), address(2)), Resolution::Known(THEM, secs(62)));
    assert_eq!(owed(&mut neighbors), ["10.0.0.2 stale", "ask 02:00:00:00:00:02 for 10.0.0.2"]);
    neighbors.handle_timeout(secs(62));
    assert_eq!(owed(&mut neighbors), ["ask 02:00:00:00:00:02 for 10.0.0.2"]);
    neighbors.learn(secs(62), address(2), THEM, false);
    assert_eq!(owed(&mut neighbors), ["10.0.0.2 reachable"]);
    assert_eq!(neighbors.resolve(secs(63), address(2)), Resolution::Known(THEM, secs(122)));
}

#[test]
fn a_neighbor_that_does_not_answer_polls_is_forgotten() {
    let mut neighbors = cache(|_| ());
    neighbors.learn(secs(0), address(2), THEM, true);
    neighbors.resolve(secs(100), address(2));
    neighbors.handle_timeout(secs(101));
    owed(&mut neighbors);
    neighbors.handle_timeout(secs(102));
    assert_eq!(owed(&mut neighbors), ["10.0.0.2 failed"]);
    assert_eq!(neighbors.resolve(secs(102), address(2)), Resolution::Unresolved);
    assert_eq!(owed(&mut neighbors), ["10.0.0.2 incomplete", "ask all for 10.0.0.2"]);
}

#[test]
fn a_moved_neighbor_is_learned_and_a_static_one_is_not() {
    let mut neighbors = cache(|_| ());
    neighbors.insert_static(address(1), THEM);
    let other = Mac([2, 0, 0, 0, 0, 9]);
    assert!(neighbors.learn(secs(0), address(1), other, true));
    assert_eq!(neighbors.resolve(secs(1_000_000), address(1)), Resolution::Known(THEM, Instant::FAR_FUTURE));

    neighbors.learn(secs(0), address(2), THEM, true);
    neighbors.learn(secs(1), address(2), other, false);
    assert_eq!(neighbors.resolve(secs(2), address(2)), Resolution::Known(other, secs(61)));
    assert_eq!(owed(&mut neighbors), ["10.0.0.2 reachable", "10.0.0.2 reachable"]);
    neighbors.clear();
    assert_eq!(neighbors.len(), 1, "the static entry stays");
}

#[test]
fn what_was_not_asked_for_makes_no_entry() {
    let mut neighbors = cache(|_| ());
    assert!(!neighbors.learn(secs(0), address(2), THEM, false));
    assert!(neighbors.is_empty());
}

#[test]
fn the_entry_used_least_lately_makes_room_and_fails_what_waits() {
    let mut neighbors = cache(|knobs| knobs.max_neighbors = 2);
    neighbors.insert_static(address(9), THEM);
    neighbors.resolve(secs(0), address(1));
    neighbors.park_packet(address(1), packet(1));
    neighbors.resolve(secs(0), address(2));
    neighbors.resolve(secs(0), address(1));
    neighbors.park_waiter(address(2), Waiter(1));
    owed(&mut neighbors);
    neighbors.resolve(secs(0), address(3));
    let second = ["fail 0 and 1", "forgotten"];
    assert_eq!(owed(&mut neighbors)[..2], second, "the second, since the first was used again");
    neighbors.learn(secs(0), address(4), THEM, true);
    assert_eq!(owed(&mut neighbors)[0], "fail 1 and 0");
    assert_eq!(neighbors.len(), 3);

    let mut none = cache(|knobs| knobs.max_neighbors = 0);
    assert_eq!(none.resolve(secs(0), address(1)), Resolution::Failed);
    assert!(!none.learn(secs(0), address(1), THEM, true));
}

#[test]
fn the_latest_packets_are_kept() {
    // RFC 1122 §2.3.2.2
    let mut neighbors = cache(|knobs| knobs.max_queued_packets = 2);
    neighbors.resolve(secs(0), address(1));
    assert!(neighbors.park_packet(address(1), packet(1)).is_none());
    assert!(neighbors.park_packet(address(1), packet(2)).is_none());
    assert_eq!(neighbors.park_packet(address(1), packet(3)).unwrap().packet.to_vec(), [1]);
    let mut none = cache(|knobs| knobs.max_queued_packets = 0);
    none.resolve(secs(0), address(1));
    assert!(none.park_packet(address(1), packet(1)).is_some());
}

proptest! {
    /// Whatever happens, the cache keeps its bound, and each packet and waiter comes back exactly once.
    #[test]
    fn nothing_is_lost_and_no_bound_is_passed(calls in proptest::collection::vec((0_u8..5, 0_u8..8), 0..200)) {
        let mut neighbors = cache(|knobs| (knobs.max_neighbors, knobs.max_queued_packets) = (3, 2));
        neighbors.insert_static(address(0), THEM);
        let (mut now, mut put, mut back) = (Instant::ZERO, 0, 0);
        let mut asked: BTreeMap<IpAddr, Instant> = BTreeMap::new();
        for (call, last) in calls {
            let address = address(last);
            match call {
                0 => {
                    if neighbors.resolve(now, address) == Resolution::Unresolved {
                        put += 2;
                        back += usize::from(neighbors.park_packet(address, packet(last)).is_some());
                        prop_assert!(neighbors.park_waiter(address, Waiter(1)));
                    }
                }
                1 => _ = neighbors.learn(now, address, THEM, last % 2 == 0),
                2 => now += Duration::from_millis(300),
                3 => now += Duration::from_secs(u64::from(last) * 10),
                _ => neighbors.handle_timeout(now),
            }
            while let Some(owed) = neighbors.take_owed() {
                match owed {
                    Owed::Release { packets, waiters, .. } | Owed::Fail { packets, waiters } => {
                        back += packets.len() + waiters.len();
                    }
                    Owed::Ask { address, .. } => _ = asked.insert(address, now),
                    Owed::Changed { .. } | Owed::Forgotten => {}
                }
            }
            prop_assert!(neighbors.len() <= 4);
        }
        neighbors.clear();
        while let Some(owed) = neighbors.take_owed() {
            if let Owed::Release { packets, waiters, .. } | Owed::Fail { packets, waiters } = owed {
                back += packets.len() + waiters.len();
            }
        }
        prop_assert_eq!(put, back);
        prop_assert_eq!(neighbors.len(), 1);
        prop_assert_eq!(neighbors.next_timeout(), None);
    }
}
