use core::net::Ipv4Addr;

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

/// A packet with so many octets of payload, the first of which is `octet`.
fn long(octet: u8, length: usize) -> Parked {
    let mut octets = vec![0; length];
    octets[0] = octet;
    let packet = Frame::with_payload(octets.into(), Meta::new(Cause::UdpData, Trigger::Call));
    Parked { packet, came_by: None }
}

/// The first octets of packets.
fn firsts<'p>(packets: impl IntoIterator<Item = &'p Parked>) -> Vec<u8> {
    packets.into_iter().map(|parked| parked.packet.to_vec()[0]).collect()
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
    assert!(neighbors.park_packet(address(2), packet(1)).is_empty());
    assert!(neighbors.park_packet(address(2), packet(2)).is_empty());
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
    assert_eq!(neighbors.park_packet(address(2), packet(1)).len(), 1, "nothing is under way");
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
    assert_eq!(neighbors.len(), 3);

    let mut none = cache(|knobs| knobs.max_neighbors = 0);
    assert_eq!(none.resolve(secs(0), address(1)), Resolution::Failed);
    assert!(!none.learn(secs(0), address(1), THEM, true));
}

/// Which addresses have an entry.
fn known(neighbors: &Neighbors) -> Vec<u8> {
    let last = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(_) => 0,
    };
    neighbors.list(secs(0)).iter().map(|entry| last(entry.address)).collect()
}

#[test]
fn who_is_worth_least_makes_room() {
    // 1 is in use, 2 is asked for, 3 has asked us for something.
    let three = || {
        let mut neighbors = cache(|knobs| knobs.max_neighbors = 3);
        neighbors.learn(secs(0), address(3), THEM, true);
        neighbors.resolve(secs(0), address(1));
        neighbors.learn(secs(0), address(1), THEM, false);
        neighbors.resolve(secs(0), address(2));
        neighbors
    };
    let after = |act: fn(&mut Neighbors)| {
        let mut neighbors = three();
        act(&mut neighbors);
        known(&neighbors)
    };
    assert_eq!(after(|neighbors| _ = neighbors.learn(secs(1), address(4), THEM, true)), [1, 2, 4]);
    assert_eq!(after(|neighbors| _ = neighbors.resolve(secs(1), address(4))), [1, 2, 4]);
    // Where nobody is left that was never sent to, no stranger comes in, and who is asked for goes.
    let full = |now: u64, act: fn(&mut Neighbors, Instant)| {
        let mut neighbors = three();
        neighbors.resolve(secs(0), address(3));
        act(&mut neighbors, secs(now));
        known(&neighbors)
    };
    assert_eq!(full(1, |neighbors, now| assert!(!neighbors.learn(now, address(4), THEM, true))), [1, 2, 3]);
    assert_eq!(full(1, |neighbors, now| _ = neighbors.resolve(now, address(4))), [1, 3, 4]);
    // But who was not used for so long that it is stale goes first.
    assert_eq!(full(59, |neighbors, now| _ = neighbors.resolve(now, address(4))), [1, 3, 4]);
    assert_eq!(full(60, |neighbors, now| _ = neighbors.resolve(now, address(4))), [2, 3, 4]);
    assert_eq!(full(60, |neighbors, now| assert!(!neighbors.learn(now, address(4), THEM, true))), [1, 2, 3]);
}

#[test]
fn a_flood_pushes_out_its_own_kind() {
    let many = |number: u32| IpAddr::from(Ipv4Addr::from_bits(0x0a01_0000 + number));
    let mut neighbors = cache(|_| ());
    neighbors.resolve(secs(0), address(1));
    neighbors.learn(secs(0), address(1), THEM, false);
    neighbors.resolve(secs(0), address(2));
    neighbors.park_packet(address(2), packet(2));
    owed(&mut neighbors);
    for number in 0..10_000 {
        assert!(neighbors.learn(secs(1), many(number), THEM, true));
        assert!(neighbors.len() <= 512);
    }
    assert_eq!(neighbors.resolve(secs(1), address(1)), Resolution::Known(THEM, secs(60)));
    assert!(owed(&mut neighbors).iter().all(|owed| owed != "fail 1 and 0"), "what waited goes on waiting");
    // Packets for silent addresses: who is in use stays.
    for number in 0..10_000 {
        assert_eq!(neighbors.resolve(secs(2), many(20_000 + number)), Resolution::Unresolved);
        assert!(neighbors.len() <= 512);
    }
    assert_eq!(neighbors.resolve(secs(2), address(1)), Resolution::Known(THEM, secs(60)));
    assert!(!neighbors.learn(secs(2), many(50_000), THEM, false));
}

#[test]
fn a_silent_network_does_not_keep_others_from_being_asked_for() {
    // All but one were in use an hour ago. Packets for silent addresses must not fight over what is left.
    let mut neighbors = cache(|knobs| knobs.max_neighbors = 100);
    for last in 0..99 {
        neighbors.resolve(secs(0), address(last));
        neighbors.learn(secs(0), address(last), THEM, false);
    }
    let now = secs(3600);
    neighbors.resolve(now, address(200));
    for last in 100..190 {
        neighbors.resolve(now, address(last));
    }
    assert!(neighbors.learn(now, address(200), THEM, false), "its entry was there when the answer came");
}

#[test]
fn the_latest_packets_are_kept() {
    // RFC 1122 §2.3.2.2
    let mut neighbors = cache(|knobs| knobs.max_queued_packets = 2);
    neighbors.resolve(secs(0), address(1));
    assert!(neighbors.park_packet(address(1), packet(1)).is_empty());
    assert!(neighbors.park_packet(address(1), packet(2)).is_empty());
    assert_eq!(firsts(&neighbors.park_packet(address(1), packet(3))), [1]);
    let mut none = cache(|knobs| knobs.max_queued_packets = 0);
    none.resolve(secs(0), address(1));
    assert_eq!(firsts(&none.park_packet(address(1), packet(1))), [1]);
}

#[test]
fn what_waits_is_bounded_in_storage_too() {
    // A packet of 1000 octets takes its own struct's storage besides.
    let size = waiting::storage(&long(0, 1000));
    let mut neighbors = cache(|knobs| {
        (knobs.max_queued_bytes, knobs.max_waiting_bytes) = (size * 2 + 10, size * 4 + 999);
    });
    for last in [1, 2, 3] {
        neighbors.resolve(secs(0), address(last));
    }
    let mut park = |last: u8, octet: u8, length: usize| {
        firsts(&neighbors.park_packet(address(last), long(octet, length)))
    };
    assert_eq!(park(1, 10, 1000), []);
    assert_eq!(park(1, 11, 1000), []);
    assert_eq!(park(1, 12, 1000), [10], "the oldest of its own neighbour's");
    assert_eq!(park(1, 13, 2000), [11, 12], "as many as it takes");
    assert_eq!(park(1, 14, 2600), [14], "one that is too long by itself does not wait");
    // Of all neighbours' together.
    assert_eq!(park(2, 20, 1000), []);
    assert_eq!(park(2, 21, 1000), []);
    assert_eq!(park(3, 30, 1000), [13], "the oldest of all");
    assert_eq!(park(3, 31, 1000), []);
    assert_eq!(neighbors.waiting.held(), size * 4);
    // What is answered gives its storage back, and so does what fails.
    neighbors.learn(secs(0), address(2), THEM, false);
    let released = core::iter::from_fn(|| neighbors.take_owed()).find_map(|owed| match owed {
        Owed::Release { packets, .. } => Some(firsts(&packets)),
        _ => None,
    });
    assert_eq!(released, Some(vec![20, 21]));
    assert_eq!(neighbors.waiting.held(), size * 2);
    while let Some(at) = neighbors.next_timeout() {
        neighbors.handle_timeout(at);
    }
    assert_eq!((neighbors.waiting.held(), neighbors.waiting.oldest()), (0, None));
}

#[test]
fn a_small_packet_gives_its_large_storage_back() {
    let mut neighbors = cache(|_| ());
    neighbors.resolve(secs(0), address(2));
    let storage = Bytes::from(vec![7; 60_000]);
    let meta = Meta::new(Cause::UdpData, Trigger::Call);
    for (length, shared) in [(10, false), (1400, true)] {
        let packet = Frame::with_payload(storage.slice(..length), meta);
        neighbors.park_packet(address(2), Parked { packet, came_by: None });
        neighbors.learn(secs(0), address(2), THEM, false);
        let parked = core::iter::from_fn(|| neighbors.take_owed()).find_map(|owed| match owed {
            Owed::Release { mut packets, .. } => packets.pop_front(),
            _ => None,
        });
        let payload = parked.unwrap().packet.payload().clone();
        assert_eq!(payload.as_ptr() == storage.as_ptr(), shared, "{length} octets");
        neighbors.forget(address(2));
        neighbors.resolve(secs(0), address(2));
    }
}

proptest! {
    /// Whatever happens, the cache keeps its bound, and each packet and waiter comes back exactly once.
    #[test]
    fn nothing_is_lost_and_no_bound_is_passed(calls in proptest::collection::vec((0_u8..5, 0_u8..8), 0..200)) {
        let mut neighbors = cache(|knobs| {
            (knobs.max_neighbors, knobs.max_queued_packets) = (3, 2);
            knobs.max_waiting_bytes = waiting::storage(&packet(0)) * 4;
        });
        neighbors.insert_static(address(0), THEM);
        let (mut now, mut put, mut back) = (Instant::ZERO, 0, 0);
        let mut asked: BTreeMap<IpAddr, Instant> = BTreeMap::new();
        for (call, last) in calls {
            let address = address(last);
            match call {
                0 => {
                    if neighbors.resolve(now, address) == Resolution::Unresolved {
                        put += 2;
                        back += neighbors.park_packet(address, packet(last)).len();
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
            prop_assert!(neighbors.waiting.held() <= neighbors.knobs.max_waiting_bytes);
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
        prop_assert_eq!((neighbors.waiting.held(), neighbors.waiting.oldest()), (0, None));
    }
}
