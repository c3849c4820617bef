//! What a client sends and does, against the states of RFC 2131, figure 5.

use super::*;

const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
const SERVER: Ipv4Addr = ip(1);
const OTHER_SERVER: Ipv4Addr = ip(2);
const GIVEN: Ipv4Addr = ip(100);
const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

const fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

/// Every draw answers with the mean of what it may.
fn mean(least: u64, most: u64, _: &'static str) -> u64 {
    u64::midpoint(least, most)
}

/// A client, and the time.
struct Bench {
    client: Client,
    now: Instant,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.knobs.start = (Duration::ZERO, Duration::ZERO);
        config.knobs.patience = Duration::from_secs(1_000_000);
        change(&mut config);
        let own = config.inform.then_some(ip(7));
        Self { client: Client::new(Instant::ZERO, &mut mean, config, MAC, own), now: Instant::ZERO }
    }

    /// Lets the time come to which the client waits, and says what it then does.
    fn wait(&mut self) -> Vec<Action> {
        self.now = self.client.next_timeout();
        assert_ne!(self.now, Instant::FAR_FUTURE, "it waits for nothing");
        self.client.handle_timeout(self.now, &mut mean);
        self.actions()
    }

    fn actions(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some(action) = self.client.take_action() {
            if !matches!(action, Action::Say(_)) {
                actions.push(action);
            }
        }
        actions
    }

    /// The one message that it sends when it has waited.
    fn wait_for_message(&mut self) -> (Message, To) {
        only(self.wait())
    }

    fn receive(&mut self, message: &Message) -> Vec<Action> {
        self.client.handle(self.now, &mut mean, message);
        self.actions()
    }

    fn answer(&self, kind: Kind, server: Ipv4Addr, address: Ipv4Addr) -> Message {
        let lease = (kind != Kind::Nak).then_some(Duration::from_secs(1600));
        let options = Options { server: Some(server), lease, prefix: Some(24), ..Options::default() };
        Message { yiaddr: address, options, ..Message::new(kind, self.client.xid, MAC) }
    }

    /// A client that has the address.
    fn bound(change: impl FnOnce(&mut Config)) -> Self {
        let mut bench = Self::new(change);
        bench.wait_for_message();
        bench.receive(&bench.answer(Kind::Offer, SERVER, GIVEN));
        bench.wait_for_message();
        let actions = bench.receive(&bench.answer(Kind::Ack, SERVER, GIVEN));
        assert!(matches!(&actions[..], [Action::Check(lease)] if lease.address() == GIVEN));
        bench.client.on_checked(bench.now);
        assert_eq!(bench.actions(), []);
        bench
    }
}

fn only(actions: Vec<Action>) -> (Message, To) {
    match <[Action; 1]>::try_from(actions) {
        Ok([Action::Send(message, to)]) => (message, to),
        other => panic!("{other:?}"),
    }
}

/// What RFC 2131 §4.3.6, table 4, lays down: broadcast or not, server identifier, requested address, ciaddr.
fn fields(message: &Message, to: To) -> (To, Option<Ipv4Addr>, Option<Ipv4Addr>, Ipv4Addr) {
    assert_eq!(message.broadcast, message.ciaddr.is_unspecified(), "RFC 2131 §4.1");
    (to, message.options.server, message.options.requested, message.ciaddr)
}

#[test]
fn each_state_s_request_has_the_fields_of_the_table() {
    // RFC 2131 §4.3.6, table 4
    let mut bench = Bench::new(|_| ());
    let (discover, to) = bench.wait_for_message();
    assert_eq!((discover.kind, fields(&discover, to)), (Kind::Discover, (To::All, None, None, NONE)));
    bench.receive(&bench.answer(Kind::Offer, SERVER, GIVEN));
    let (request, to) = bench.wait_for_message();
    assert_eq!(fields(&request, to), (To::All, Some(SERVER), Some(GIVEN), NONE), "SELECTING");
    assert_eq!(request.xid, discover.xid, "RFC 2131 §4.4.1");

    let mut bench = Bench::new(|config| config.previous = Some(GIVEN));
    let (request, to) = bench.wait_for_message();
    assert_eq!(
        (request.kind, fields(&request, to)),
        (Kind::Request, (To::All, None, Some(GIVEN), NONE)),
        "INIT-REBOOT"
    );

    let mut bench = Bench::bound(|_| ());
    let (request, to) = bench.wait_for_message();
    assert_eq!(fields(&request, to), (To::Server(SERVER), None, None, GIVEN), "RENEWING");
    let rebinding = loop {
        let (request, to) = bench.wait_for_message();
        if to == To::All {
            break fields(&request, to);
        }
    };
    assert_eq!(rebinding, (To::All, None, None, GIVEN), "REBINDING");
}

#[test]
fn waits_double_up_to_a_minute() {
    // RFC 2131 §4.1: 4, 8, 16, 32, 64 s, each one more or less by up to a second.
    let mut bench = Bench::new(|_| ());
    let mut at = Vec::new();
    for _ in 0..7 {
        assert_eq!(bench.wait_for_message().0.kind, Kind::Discover);
        at.push(bench.now);
    }
    let waits: Vec<u64> = at.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect();
    assert_eq!(waits, [4, 8, 16, 32, 64, 64]);
    let least = |least: u64, _: u64, _: &'static str| least;
    let most = |_: u64, most: u64, _: &'static str| most;
    let wait = |draw: Draw<'_>| bench.client.wait(draw).as_secs();
    assert_eq!((wait(&mut { least }), wait(&mut { most })), (63, 65));
}

#[test]
fn of_several_offers_the_address_that_it_likes_is_taken_or_else_the_first() {
    for (liked, server) in [(None, SERVER), (Some(ip(105)), OTHER_SERVER), (Some(ip(9)), SERVER)] {
        let mut bench = Bench::new(|config| config.requested = liked);
        assert_eq!(bench.wait_for_message().0.options.requested, liked);
        bench.receive(&bench.answer(Kind::Offer, SERVER, GIVEN));
        bench.receive(&bench.answer(Kind::Offer, OTHER_SERVER, ip(105)));
        assert_eq!(bench.wait_for_message().0.options.server, Some(server));
        assert_eq!(bench.now, Instant::from_secs(1), "a second for the others");
    }
}

#[test]
fn offers_and_answers_that_do_not_fit_are_not_taken() {
    let mut bench = Bench::new(|_| ());
    bench.wait_for_message();
    let good = bench.answer(Kind::Offer, SERVER, GIVEN);
    let without_server = Options { server: None, ..good.options.clone() };
    let without_lease = Options { lease: None, ..good.options.clone() };
    let for_no_time = Options { lease: Some(Duration::ZERO), ..good.options.clone() };
    let wrong = [
        Message { xid: good.xid ^ 1, ..good.clone() },
        Message { mac: Mac([2, 0, 0, 0, 0, 9]), ..good.clone() },
        Message { yiaddr: ip(255), ..good.clone() },
        Message { yiaddr: NONE, ..good.clone() },
        Message { yiaddr: Ipv4Addr::LOCALHOST, ..good.clone() },
        Message { options: without_server, ..good.clone() },
        Message { options: without_lease, ..good.clone() },
        Message { options: for_no_time, ..good.clone() },
        Message { kind: Kind::Ack, ..good.clone() },
    ];
    for message in &wrong {
        assert_eq!(bench.receive(message), []);
        assert_eq!(bench.client.state, State::Selecting { offers: Vec::new(), decide: None }, "{message:?}");
    }
    bench.receive(&good);
    bench.wait_for_message();
    for (server, address) in [(OTHER_SERVER, GIVEN), (SERVER, ip(105))] {
        assert_eq!(bench.receive(&bench.answer(Kind::Ack, server, address)), [], "not what was chosen");
    }
    assert_eq!(bench.receive(&bench.answer(Kind::Ack, SERVER, GIVEN)).len(), 1);
}

#[test]
fn an_address_in_use_is_declined_and_the_client_begins_anew_after_a_while() {
    // RFC 2131 §3.1 (5), §4.4.4
    let mut bench = Bench::new(|_| ());
    bench.wait_for_message();
    bench.receive(&bench.answer(Kind::Offer, SERVER, GIVEN));
    bench.wait_for_message();
    bench.receive(&bench.answer(Kind::Ack, SERVER, GIVEN));
    bench.client.on_conflict(bench.now);
    let actions = bench.actions();
    let [Action::Send(decline, To::All), Action::Give(_)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((decline.kind, decline.ciaddr), (Kind::Decline, NONE));
    assert_eq!((decline.options.requested, decline.options.server), (Some(GIVEN), Some(SERVER)));
    let declined = bench.now;
    assert_eq!(bench.wait_for_message().0.kind, Kind::Discover);
    assert_eq!(bench.now - declined, Duration::from_secs(10));
}

#[test]
fn a_lease_is_renewed_at_half_of_it_rebound_at_seven_eighths_and_lost_at_its_end() {
    // RFC 2131 §4.4.5; the lease of 1600 s counts from the request that was answered.
    let mut bench = Bench::bound(|_| ());
    let began = Instant::from_secs(1);
    let mut seen = Vec::new();
    let lost = loop {
        let actions = bench.wait();
        match &actions[..] {
            [Action::Send(message, to)] => {
                seen.push(((bench.now - began).as_secs(), message.kind, *to == To::All));
            }
            [Action::Give(lease), Action::Send(discover, To::All)] => {
                assert_eq!((lease.address(), discover.kind), (GIVEN, Kind::Discover));
                break (bench.now - began).as_secs();
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(lost, 1600);
    // T1 = 800 less a little, then half of what is left until T2 = 1400, and so on; never less than a minute.
    let times: Vec<u64> = seen.iter().map(|(at, ..)| *at).collect();
    assert_eq!(times, [799, 1099, 1249, 1324, 1384, 1399, 1499, 1559]);
    assert!(seen.iter().all(|(at, kind, all)| *kind == Kind::Request && *all == (*at >= 1399)), "{seen:?}");
}

#[test]
fn an_extension_sets_the_clocks_anew_and_a_refusal_ends_the_use_of_the_address() {
    let mut bench = Bench::bound(|_| ());
    bench.wait_for_message();
    assert_eq!(bench.receive(&bench.answer(Kind::Ack, SERVER, ip(101))), [], "another address");
    let renewed = bench.now;
    let actions = bench.receive(&bench.answer(Kind::Ack, SERVER, GIVEN));
    assert!(matches!(&actions[..], [Action::Extended(_)]));
    assert_eq!(bench.client.lease().map(|lease| lease.end), Some(renewed + Duration::from_secs(1600)));
    bench.wait_for_message();
    let actions = bench.receive(&bench.answer(Kind::Nak, SERVER, NONE));
    assert!(matches!(&actions[..], [Action::Give(_)]));
    assert_eq!(bench.wait_for_message().0.kind, Kind::Discover);
}

#[test]
fn a_server_s_own_times_count_where_they_make_sense() {
    let times = |renewal: u64, rebinding: u64| {
        let mut bench = Bench::new(|_| ());
        bench.wait_for_message();
        bench.receive(&bench.answer(Kind::Offer, SERVER, GIVEN));
        bench.wait_for_message();
        let mut ack = bench.answer(Kind::Ack, SERVER, GIVEN);
        let span = |seconds| Some(Duration::from_secs(seconds));
        (ack.options.renewal, ack.options.rebinding) = (span(renewal), span(rebinding));
        bench.receive(&ack);
        bench.client.on_checked(bench.now);
        let lease = bench.client.lease().unwrap();
        ((lease.renew - bench.now).as_secs(), (lease.rebind - bench.now).as_secs())
    };
    assert_eq!(times(100, 200), (100, 200));
    assert_eq!(times(300, 200), (799, 1399));
    assert_eq!(times(100, 1700), (799, 1399));
}

#[test]
fn a_server_that_wants_to_be_asked_at_once_is_asked_once_a_second() {
    let mut bench = Bench::bound(|_| ());
    bench.wait_for_message();
    for _ in 0..10 {
        let mut ack = bench.answer(Kind::Ack, SERVER, GIVEN);
        (ack.options.renewal, ack.options.rebinding) = (Some(Duration::ZERO), Some(Duration::ZERO));
        let before = bench.now;
        assert!(matches!(bench.receive(&ack)[..], [Action::Extended(_)]));
        bench.wait_for_message();
        assert_eq!(bench.now - before, Duration::from_secs(1));
    }
}

#[test]
fn a_lease_counts_from_the_first_of_the_requests_that_may_have_been_answered() {
    // RFC 2131 §4.4.1: or it would last longer than the server knows.
    let mut bench = Bench::new(|_| ());
    bench.wait_for_message();
    bench.receive(&bench.answer(Kind::Offer, SERVER, GIVEN));
    bench.wait_for_message();
    let first = bench.now;
    bench.wait_for_message();
    bench.receive(&bench.answer(Kind::Ack, SERVER, GIVEN));
    bench.client.on_checked(bench.now);
    assert_eq!(bench.client.lease().map(|lease| lease.end), Some(first + Duration::from_secs(1600)));
}

#[test]
fn a_lease_for_ever_is_never_renewed() {
    let mut bench = Bench::new(|_| ());
    bench.wait_for_message();
    bench.receive(&bench.answer(Kind::Offer, SERVER, GIVEN));
    bench.wait_for_message();
    let mut ack = bench.answer(Kind::Ack, SERVER, GIVEN);
    ack.options.lease = Some(Duration::MAX);
    bench.receive(&ack);
    bench.client.on_checked(bench.now);
    assert_eq!(bench.client.next_timeout(), Instant::FAR_FUTURE);
}

#[test]
fn nobody_answers_a_request_or_a_reboot_it_begins_anew() {
    // RFC 2131 §3.1 (5), §3.2 (3)
    let mut bench = Bench::new(|config| config.previous = Some(GIVEN));
    let kinds: Vec<Kind> = (0..5).map(|_| bench.wait_for_message().0.kind).collect();
    assert_eq!(kinds, [Kind::Request, Kind::Request, Kind::Request, Kind::Request, Kind::Discover]);
    bench.receive(&bench.answer(Kind::Offer, SERVER, GIVEN));
    let kinds: Vec<Kind> = (0..5).map(|_| bench.wait_for_message().0.kind).collect();
    assert_eq!(kinds, [Kind::Request, Kind::Request, Kind::Request, Kind::Request, Kind::Discover]);
}

#[test]
fn release_and_inform_end() {
    // RFC 2131 §4.4.6
    let mut bench = Bench::bound(|config| config.release_after = Some(Duration::from_secs(60)));
    let actions = bench.wait();
    let [Action::Send(release, To::Server(SERVER)), Action::Linger, Action::Give(_), Action::End(Ok(()))] =
        &actions[..]
    else {
        panic!("{actions:?}")
    };
    assert_eq!((release.kind, release.ciaddr, release.options.server), (Kind::Release, GIVEN, Some(SERVER)));
    assert_eq!(bench.client.next_timeout(), Instant::FAR_FUTURE);

    // RFC 2131 §4.4.3
    let mut bench = Bench::new(|config| config.inform = true);
    let (inform, to) = bench.wait_for_message();
    assert_eq!((inform.kind, inform.ciaddr, inform.broadcast, to), (Kind::Inform, ip(7), false, To::All));
    assert_eq!(bench.receive(&bench.answer(Kind::Ack, SERVER, NONE)), [Action::End(Ok(()))]);
    let mut bench = Bench::new(|config| config.inform = true);
    (0..4).for_each(|_| assert_eq!(bench.wait_for_message().0.kind, Kind::Inform));
    assert_eq!(bench.wait(), [Action::End(Err("no DHCP server answered"))]);
}

#[test]
fn whoever_waits_for_an_address_is_told_when_there_is_none_for_long_and_the_client_goes_on() {
    let without = Action::Without("no DHCP server has given it an address");
    let mut bench = Bench::new(|config| config.knobs.patience = Duration::from_secs(30));
    let mut seen = Vec::new();
    while bench.now < Instant::from_secs(200) {
        let actions = bench.wait();
        if actions.contains(&without) {
            seen.push(bench.now);
        }
    }
    assert_eq!(seen, [Instant::from_secs(30)], "once");
    // It has one after all; when it loses it, it is patient anew.
    bench.receive(&bench.answer(Kind::Offer, SERVER, GIVEN));
    bench.wait_for_message();
    bench.receive(&bench.answer(Kind::Ack, SERVER, GIVEN));
    bench.client.on_checked(bench.now);
    bench.actions();
    let bound = bench.now;
    loop {
        let actions = bench.wait();
        assert!(!actions.contains(&without), "it has an address");
        if matches!(actions[..], [Action::Give(_), ..]) {
            break;
        }
    }
    assert!(bench.now > bound + Duration::from_secs(1500));
    let lost = bench.now;
    while !bench.wait().contains(&without) {}
    assert_eq!(bench.now - lost, Duration::from_secs(30));
}
