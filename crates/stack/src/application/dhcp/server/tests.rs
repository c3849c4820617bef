//! What a server answers, against the tables of RFC 2131, and its table of leases against a small model.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const OWN: Ipv4Addr = ip(1);
const OTHER_SERVER: Ipv4Addr = ip(2);
const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

const fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

const fn mac(number: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, number])
}

/// A server with a pool of ten addresses, that asks nobody before it offers.
fn server(change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::new(ip(100), ip(109), 24);
    config.ping_timeout = Duration::ZERO;
    config.routers = vec![ip(254)];
    config.name_servers = vec![ip(53)];
    change(&mut config);
    Server::new(config, OWN)
}

fn message(kind: Kind, client: u8, change: impl FnOnce(&mut Message)) -> Message {
    let mut message = Message { broadcast: true, ..Message::new(kind, u32::from(client), mac(client)) };
    change(&mut message);
    message
}

/// What the server sends for a message; what it says is left out.
fn answers(server: &mut Server, now: Instant, message: &Message) -> Vec<(Message, To)> {
    server.handle(now, message);
    sent(server)
}

fn sent(server: &mut Server) -> Vec<(Message, To)> {
    let mut sent = Vec::new();
    while let Some(action) = server.take_action() {
        if let Action::Send(message, to) = action {
            sent.push((*message, to));
        }
    }
    sent
}

/// The kind and address of the one answer, if there is one.
fn answer(server: &mut Server, now: Instant, message: &Message) -> Option<(Kind, Ipv4Addr)> {
    let answers = answers(server, now, message);
    assert!(answers.len() <= 1, "{answers:?}");
    answers.first().map(|(message, _)| (message.kind, message.yiaddr))
}

/// The client gets a lease of the address that it is offered.
fn lease(server: &mut Server, now: Instant, client: u8) -> Ipv4Addr {
    let offer = answer(server, now, &message(Kind::Discover, client, |_| ())).unwrap();
    assert_eq!(offer.0, Kind::Offer);
    assert_eq!(answer(server, now, &selecting(client, OWN, offer.1)), Some((Kind::Ack, offer.1)));
    offer.1
}

fn selecting(client: u8, server: Ipv4Addr, address: Ipv4Addr) -> Message {
    message(Kind::Request, client, |request| {
        (request.options.server, request.options.requested) = (Some(server), Some(address));
    })
}

fn rebooting(client: u8, address: Ipv4Addr) -> Message {
    message(Kind::Request, client, |request| request.options.requested = Some(address))
}

fn extending(client: u8, address: Ipv4Addr) -> Message {
    message(Kind::Request, client, |request| (request.ciaddr, request.broadcast) = (address, false))
}

const START: Instant = Instant::from_secs(100);
const LATER: Instant = Instant::from_secs(100 + 3601);

#[test]
fn a_request_is_what_its_fields_say() {
    // RFC 2131 §4.3.2, table 4, one line each; client 1 has a lease of the first address, client 9 has none.
    let ack = |address| Some((Kind::Ack, address));
    let nak = Some((Kind::Nak, NONE));
    let had = ip(100);
    let table = [
        ("selecting: what it has", selecting(1, OWN, had), ack(had)),
        ("selecting: a free one that was not offered", selecting(9, OWN, ip(105)), ack(ip(105))),
        ("selecting: another's", selecting(9, OWN, had), nak),
        ("selecting: none of the pool", selecting(9, OWN, ip(200)), nak),
        ("selecting: another server", selecting(9, OTHER_SERVER, ip(105)), None),
        ("rebooting: what it has", rebooting(1, had), ack(had)),
        ("rebooting: another than it has", rebooting(1, ip(105)), nak),
        ("rebooting: another network", rebooting(1, Ipv4Addr::new(192, 168, 0, 5)), nak),
        ("rebooting: no record", rebooting(9, ip(105)), None),
        ("rebooting: no record, and another's", rebooting(9, had), nak),
        ("renewing or rebinding: what it has", extending(1, had), ack(had)),
        ("renewing or rebinding: another's", extending(9, had), nak),
        ("renewing or rebinding: no record", extending(9, ip(105)), None),
        ("renewing or rebinding: another network", extending(9, Ipv4Addr::new(192, 168, 0, 5)), nak),
        // A reservation is a record of the client too.
        ("rebooting: no lease, but it is reserved", rebooting(8, ip(103)), ack(ip(103))),
        ("rebooting: another than is reserved", rebooting(8, ip(105)), nak),
        ("renewing or rebinding: no lease, but it is reserved", extending(8, ip(103)), ack(ip(103))),
        ("renewing or rebinding: another than is reserved", extending(8, ip(105)), nak),
        ("rebooting: reserved for another", rebooting(9, ip(103)), None),
        ("fields that do not go together", message(Kind::Request, 1, |_| ()), None),
    ];
    for (what, request, expected) in table {
        let mut server = server(|config| config.reservations = vec![(mac(8), ip(103))]);
        assert_eq!(lease(&mut server, START, 1), had);
        assert_eq!(answer(&mut server, START, &request), expected, "{what}");
    }
}

#[test]
fn a_reserved_address_that_somebody_uses_is_refused_even_to_whom_it_is_reserved() {
    let mut server = server(|config| config.reservations = vec![(mac(8), ip(103))]);
    server.abandon(START, ip(103));
    assert_eq!(answer(&mut server, START, &rebooting(8, ip(103))), Some((Kind::Nak, NONE)));
    assert_eq!(lease(&mut server, START, 8), ip(100), "one of the pool instead");
    let after = START + Duration::from_secs(600);
    assert_eq!(answer(&mut server, after, &extending(8, ip(100))), Some((Kind::Ack, ip(100))));
}

#[test]
fn the_network_s_own_addresses_are_nobody_s() {
    // RFC 1122 §3.2.1.3
    let mut server = server(|config| (config.first, config.last) = (ip(0), ip(255)));
    let wanting = |client, wanted| message(Kind::Discover, client, |m| m.options.requested = Some(wanted));
    assert_eq!(
        answer(&mut server, START, &wanting(1, ip(255))),
        Some((Kind::Offer, ip(2))),
        "1 is the server's"
    );
    assert_eq!(answer(&mut server, START, &wanting(2, ip(0))), Some((Kind::Offer, ip(3))));
    assert_eq!(answer(&mut server, START, &selecting(3, OWN, ip(255))), Some((Kind::Nak, NONE)));
}

#[test]
fn a_lease_that_has_ended_is_its_client_s_until_another_needs_it() {
    let mut server = server(|config| config.last = config.first);
    let address = lease(&mut server, START, 1);
    assert_eq!(answer(&mut server, START, &message(Kind::Discover, 2, |_| ())), None, "the pool is empty");
    assert_eq!(answer(&mut server, LATER, &rebooting(1, address)), Some((Kind::Ack, address)));
    let end = LATER + Duration::from_secs(3600);
    assert_eq!(lease(&mut server, end, 2), address);
    assert_eq!(answer(&mut server, end, &extending(1, address)), Some((Kind::Nak, NONE)));
    assert_eq!(server.leases(), 1);
}

#[test]
fn an_offer_is_kept_for_a_while_and_free_when_another_server_is_chosen() {
    // RFC 2131 §3.1 (2), (4)
    let discover = |client| message(Kind::Discover, client, |_| ());
    let mut server = server(|config| config.last = config.first);
    assert_eq!(answer(&mut server, START, &discover(1)), Some((Kind::Offer, ip(100))));
    assert_eq!(answer(&mut server, START, &discover(1)), Some((Kind::Offer, ip(100))), "again");
    assert_eq!(answer(&mut server, START, &discover(2)), None);
    assert_eq!(answer(&mut server, START, &selecting(1, OTHER_SERVER, ip(7))), None);
    assert_eq!(answer(&mut server, START, &discover(2)), Some((Kind::Offer, ip(100))));
    let after = START + Duration::from_secs(30);
    assert_eq!(answer(&mut server, after, &discover(3)), Some((Kind::Offer, ip(100))), "kept long enough");
}

#[test]
fn addresses_are_chosen_in_the_order_of_the_document() {
    // RFC 2131 §4.3.1
    let mut server = server(|config| config.reservations = vec![(mac(7), ip(103)), (mac(8), ip(50))]);
    let wanting = |client, wanted| message(Kind::Discover, client, |m| m.options.requested = Some(wanted));
    assert_eq!(answer(&mut server, START, &wanting(1, ip(105))), Some((Kind::Offer, ip(105))), "as it asks");
    assert_eq!(answer(&mut server, START, &wanting(2, ip(105))), Some((Kind::Offer, ip(100))), "taken");
    assert_eq!(answer(&mut server, START, &wanting(3, ip(103))), Some((Kind::Offer, ip(101))), "reserved");
    assert_eq!(lease(&mut server, START, 7), ip(103));
    assert_eq!(lease(&mut server, START, 8), ip(50), "outside of the pool");
    assert_eq!(lease(&mut server, START, 3), ip(101));
    assert_eq!(answer(&mut server, LATER, &wanting(3, ip(109))), Some((Kind::Offer, ip(101))), "had before");
}

#[test]
fn decline_release_and_inform() {
    let to_us = |kind, client, address| {
        message(kind, client, |m| {
            m.options.server = Some(OWN);
            match kind {
                Kind::Decline => m.options.requested = Some(address),
                _ => m.ciaddr = address,
            }
        })
    };
    let mut server = server(|config| config.last = config.first);
    let address = lease(&mut server, START, 1);
    // RFC 2131 §4.3.3, §4.3.4: nobody else's word counts.
    for kind in [Kind::Decline, Kind::Release] {
        assert_eq!(answer(&mut server, START, &to_us(kind, 2, address)), None);
        assert_eq!(answer(&mut server, START, &message(Kind::Discover, 2, |_| ())), None, "{kind:?}");
    }
    assert_eq!(answer(&mut server, START, &to_us(Kind::Release, 1, address)), None);
    assert_eq!(lease(&mut server, START, 2), address);
    assert_eq!(answer(&mut server, START, &to_us(Kind::Decline, 2, address)), None);
    assert_eq!(answer(&mut server, START, &message(Kind::Discover, 1, |_| ())), None, "it is nobody's");
    assert_eq!(lease(&mut server, START + Duration::from_secs(600), 1), address);
    // RFC 2131 §4.3.5: to the client's address, without an address or a lease time.
    let inform = message(Kind::Inform, 5, |m| m.ciaddr = ip(200));
    let [(ack, to)] = &answers(&mut server, START, &inform)[..] else { panic!() };
    assert_eq!((ack.kind, ack.yiaddr, *to), (Kind::Ack, NONE, To::Client(ip(200))));
    assert_eq!((ack.options.lease, &ack.options.routers[..]), (None, &[ip(254)][..]));
}

#[test]
fn answers_go_where_they_can_be_received() {
    // RFC 2131 §4.1
    let relay = ip(77);
    let to = |change: fn(&mut Message)| {
        let [(_, to)] = answers(&mut server(|_| ()), START, &message(Kind::Discover, 1, change))[..] else {
            panic!()
        };
        to
    };
    assert_eq!(to(|_| ()), To::All);
    assert_eq!(to(|m| m.broadcast = false), To::Station(ip(100), mac(1)));
    assert_eq!(to(|m| m.giaddr = ip(77)), To::Relay(relay));
    let mut server = server(|_| ());
    lease(&mut server, START, 1);
    assert_eq!(answers(&mut server, START, &extending(1, ip(100)))[0].1, To::Client(ip(100)));
    assert_eq!(answers(&mut server, START, &extending(2, ip(100)))[0].1, To::All, "what refuses");
    let relayed = message(Kind::Request, 2, |m| (m.ciaddr, m.giaddr) = (ip(100), ip(77)));
    let [(nak, to)] = &answers(&mut server, START, &relayed)[..] else { panic!() };
    assert_eq!((*to, nak.broadcast), (To::Relay(relay), true), "RFC 2131 §4.3.2");
    let elsewhere = message(Kind::Discover, 3, |m| m.giaddr = Ipv4Addr::new(192, 168, 0, 1));
    assert_eq!(answer(&mut server, START, &elsewhere), None, "there is no pool for that network");
}

#[test]
fn what_goes_with_an_address_is_what_was_asked_for() {
    let options = |parameters: &[u8], lease: Option<Duration>| {
        let discover = message(Kind::Discover, 1, |m| {
            (m.options.parameters, m.options.lease) = (parameters.to_vec(), lease);
            m.options.client = Some(vec![0, 1]);
        });
        answers(&mut server(|_| ()), START, &discover)[0].0.options.clone()
    };
    let all = options(&[], None);
    assert_eq!((all.prefix, all.routers, all.name_servers), (Some(24), vec![ip(254)], vec![ip(53)]));
    assert_eq!((all.server, all.client), (Some(OWN), Some(vec![0, 1])));
    let times = [all.lease, all.renewal, all.rebinding];
    assert_eq!(times, [3600, 1800, 3150].map(|s| Some(Duration::from_secs(s))));
    let some = options(&[1], Some(Duration::MAX));
    assert_eq!((some.prefix, some.routers.len(), some.renewal), (Some(24), 0, None));
    assert_eq!(some.lease, Some(Duration::from_secs(24 * 3600)), "no longer than the longest");
}

#[test]
fn an_address_that_answers_is_not_offered() {
    // RFC 2131 §3.1 (2), §2.2
    let mut server = server(|config| config.ping_timeout = Duration::from_secs(1));
    server.handle(START, &message(Kind::Discover, 1, |_| ()));
    assert_eq!(server.take_action(), Some(Action::Ping(ip(100))));
    server.handle(START, &message(Kind::Discover, 1, |_| ()));
    assert_eq!(server.take_action(), None, "it asks again meanwhile");
    server.on_ping_answered(START, ip(100));
    assert!(matches!(server.take_action(), Some(Action::Say(_))));
    assert_eq!(server.take_action(), Some(Action::Ping(ip(101))));
    let due = START + Duration::from_secs(1);
    assert_eq!(server.next_timeout(), Some(due));
    server.handle_timeout(due);
    let [(offer, _)] = &sent(&mut server)[..] else { panic!() };
    assert_eq!((offer.kind, offer.yiaddr), (Kind::Offer, ip(101)));
    assert_eq!(server.next_timeout(), None);
    server.on_ping_answered(due, ip(101));
    assert_eq!(sent(&mut server).len(), 0, "too late");
}

#[test]
fn many_checks_end_in_the_order_in_which_they_began() {
    let mut server = server(|config| config.ping_timeout = Duration::from_secs(1));
    for client in 1..=5 {
        server.handle(START + Duration::from_millis(client.into()), &message(Kind::Discover, client, |_| ()));
    }
    // The second client's address answers: another one is looked at for it, last.
    server.on_ping_answered(START + Duration::from_millis(10), ip(101));
    sent(&mut server);
    let mut offers = Vec::new();
    while let Some(at) = server.next_timeout() {
        server.handle_timeout(at);
        let given = sent(&mut server);
        offers.extend(given.iter().map(|(offer, _)| ((at - START).as_millis(), offer.yiaddr)));
    }
    let expected = [(1001, 100), (1003, 102), (1004, 103), (1005, 104), (1010, 105)];
    assert_eq!(offers, expected.map(|(at, last)| (at, ip(last))));
}

#[test]
fn a_flood_of_forged_clients_stays_within_the_table_and_leases_go_on() {
    let mut server = server(|config| (config.last, config.max_leases) = (Ipv4Addr::new(10, 0, 0, 200), 20));
    let kept = lease(&mut server, START, 1);
    for number in 0..2000_u32 {
        let [_, _, a, b] = number.to_be_bytes();
        let forged = Message { mac: Mac([6, 0, 0, 0, a, b]), ..message(Kind::Discover, 0, |_| ()) };
        answers(&mut server, START, &forged);
    }
    assert_eq!(server.leases(), 20);
    assert_eq!(answer(&mut server, START, &extending(1, kept)), Some((Kind::Ack, kept)));
    let after = START + Duration::from_secs(30);
    assert_ne!(lease(&mut server, after, 2), kept, "what was offered in vain is free again");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Lease(u8),
    Extend(u8),
    Release(u8),
    Decline(u8),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let client = 1_u8..8;
    let step = prop_oneof![
        4 => client.clone().prop_map(Step::Lease),
        2 => client.clone().prop_map(Step::Extend),
        1 => client.clone().prop_map(Step::Release),
        1 => client.prop_map(Step::Decline),
        2 => (1_u64..2500).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..80)
}

proptest! {
    /// Against a model that knows only who holds what until when: no address is ever two clients', a free one is found
    /// as long as there is one, and a lease that is extended stays where it is.
    #[test]
    fn no_address_is_ever_two_clients(steps in steps()) {
        let mut server = server(|config| config.last = ip(103));
        let mut now = START;
        let mut held: BTreeMap<u8, (Ipv4Addr, Instant)> = BTreeMap::new();
        let mut abandoned: Vec<(Ipv4Addr, Instant)> = Vec::new();
        for step in steps {
            held.retain(|_, (_, until)| now < *until);
            abandoned.retain(|(_, until)| now < *until);
            match step {
                Step::Wait(seconds) => now += Duration::from_secs(seconds),
                Step::Lease(client) => {
                    let free = 4 - abandoned.len() - held.keys().filter(|other| **other != client).count();
                    let offer = answer(&mut server, now, &message(Kind::Discover, client, |_| ()));
                    prop_assert_eq!(offer.is_some(), free > 0, "{} free", free);
                    let Some((_, address)) = offer else { continue };
                    prop_assert_eq!(answer(&mut server, now, &selecting(client, OWN, address)), Some((Kind::Ack, address)));
                    prop_assert!(held.iter().all(|(other, (own, _))| *other == client || *own != address));
                    prop_assert!(abandoned.iter().all(|(own, _)| *own != address));
                    if let Some((own, _)) = held.get(&client) {
                        prop_assert_eq!(*own, address);
                    }
                    held.insert(client, (address, now + Duration::from_secs(3600)));
                }
                Step::Extend(client) => {
                    let Some((address, until)) = held.get_mut(&client) else { continue };
                    prop_assert_eq!(answer(&mut server, now, &extending(client, *address)), Some((Kind::Ack, *address)));
                    *until = now + Duration::from_secs(3600);
                }
                Step::Release(client) => {
                    let Some((address, _)) = held.remove(&client) else { continue };
                    let release = message(Kind::Release, client, |m| {
                        (m.ciaddr, m.options.server) = (address, Some(OWN));
                    });
                    prop_assert_eq!(answer(&mut server, now, &release), None);
                }
                Step::Decline(client) => {
                    let Some((address, _)) = held.remove(&client) else { continue };
                    let decline = message(Kind::Decline, client, |m| {
                        (m.options.requested, m.options.server) = (Some(address), Some(OWN));
                    });
                    prop_assert_eq!(answer(&mut server, now, &decline), None);
                    abandoned.push((address, now + Duration::from_secs(600)));
                }
            }
        }
    }
}
