//! Ladders of more than two nodes.

use super::*;
use crate::test_frames::network;

/// What a node did with a frame: when, who, by which interface.
struct Play {
    ladder: LadderRecorder,
}

impl Play {
    fn new(topology: Topology, only: &str) -> Self {
        let only = match only {
            "" => Only::Everything { switches: false },
            "switches" => Only::Everything { switches: true },
            text => Only::parse(text, &topology).unwrap(),
        };
        Self { ladder: LadderRecorder::new(Arc::new(topology), Limit::All, only) }
    }

    fn sent(&mut self, at: u64, node: u32, interface: u16, frame: &Frame) {
        let event = Event::FrameSent { interface: InterfaceId(interface), frame };
        self.ladder.record(millis(at), Component::Host(NodeId(node)), &event);
    }

    fn arrived(&mut self, at: u64, node: u32, interface: u16, frame: &Frame) {
        let event = Event::FrameArrived { interface: InterfaceId(interface), frame };
        self.ladder.record(millis(at), Component::Host(NodeId(node)), &event);
    }

    fn dropped(&mut self, at: u64, node: u32, id: FrameId, reason: DropReason) {
        let event = Event::FrameDropped { id, place: Place::Network, reason };
        self.ladder.record(millis(at), Component::Host(NodeId(node)), &event);
    }

    fn lines(&self, width: Option<usize>) -> Vec<String> {
        drawn(&self.ladder, Style { charset: Charset::Unicode, colour: false, width })
    }
}

/// A frame that a router passes on.
fn forwarded(name: FrameId, before: FrameId) -> Frame {
    let mut frame = frame(name, Cause::Forwarded, datagram(b"hello"));
    frame.meta.trigger = Trigger::Frame(before);
    frame
}

/// A datagram from 0 over the routers 2 and 3 to 1, and one that the second router drops.
fn over_routers(only: &str) -> Play {
    let mut play = Play::new(network(4, &[(0, 2), (2, 3), (3, 1)]), only);
    let first = frame(id(0, 1), Cause::UdpData, datagram(b"hello"));
    play.sent(0, 0, 0, &first);
    play.arrived(1, 2, 0, &first);
    let second = forwarded(id(2, 1), id(0, 1));
    play.sent(1, 2, 1, &second);
    play.arrived(2, 3, 0, &second);
    let third = forwarded(id(3, 1), id(2, 1));
    play.sent(2, 3, 1, &third);
    play.arrived(3, 1, 0, &third);
    let other = frame(id(0, 2), Cause::UdpData, datagram(b"hello"));
    play.sent(4, 0, 0, &other);
    play.arrived(5, 2, 0, &other);
    let again = forwarded(id(2, 2), id(0, 2));
    play.sent(5, 2, 1, &again);
    play.arrived(6, 3, 0, &again);
    play.dropped(6, 3, id(2, 2), DropReason::TtlExceeded);
    play
}

#[test]
fn a_frame_is_followed_hop_by_hop() {
    let lines = over_routers("").lines(None);
    let udp = "UDP udp-data (RFC 768 §Fields)";
    let passed = "UDP forwarded udp-data (RFC 768 §Fields)";
    let text = "10.0.0.1.5000 > 10.0.0.2.7: UDP, length 5";
    let expected = [
        "        n0                     n2                     n3                     n1           seconds: sent on the left, arrived on the right".to_owned(),
        format!("0.000000 │── data 5 ───────────►│                      │                      │ 0.001000  {udp}            {text}"),
        format!("0.001000 │                      │── data 5 ───────────►│                      │ 0.002000  {passed}  {text}"),
        format!("0.002000 │                      │                      │── data 5 ───────────►│ 0.003000  {passed}  {text}"),
        format!("0.004000 │── data 5 ───────────►│                      │                      │ 0.005000  {udp}            {text}"),
        format!("0.005000 │                      │── data 5 ──────────►✗│                      │ 0.006000  {passed}  {text}  dropped by n3, network layer: ttl-exceeded (RFC 1812 §5.3.1)"),
        String::new(),
    ];
    assert_eq!(lines, expected, "\n{}", lines.join("\n"));
}

#[test]
fn what_is_not_drawn_is_seen_through() {
    let lines = over_routers("n0,n1").lines(None);
    assert_eq!(lines.len(), 4, "\n{}", lines.join("\n"));
    assert!(
        lines[1].starts_with("0.000000 │── data 5 ─────────────────────────►│ 0.003000  UDP udp-data"),
        "{}",
        lines[1]
    );
    assert!(lines[2].starts_with("0.004000 │── data 5 ───────────✗ ttl-exceeded │ "), "{}", lines[2]);
    assert!(
        lines[2].ends_with("dropped by n3, network layer: ttl-exceeded (RFC 1812 §5.3.1)"),
        "{}",
        lines[2]
    );
}

#[test]
fn one_node_is_drawn_with_the_others_as_one() {
    let lines = over_routers("n2").lines(None);
    assert!(lines[0].contains("n2") && lines[0].contains("(others)"), "{}", lines[0]);
    // What came to it, what it passed on, and when that was there at last.
    assert_eq!(lines.len(), 6, "\n{}", lines.join("\n"));
    assert!(lines[1].starts_with("0.001000 │◄───────────────────────── data 5 ──│ 0.000000"), "{}", lines[1]);
    assert!(lines[2].starts_with("0.001000 │── data 5 ─────────────────────────►│ 0.003000"), "{}", lines[2]);
}

/// Hosts 0, 1, 2 on the switch 3; 1 is asked for by broadcast.
fn over_a_switch(only: &str) -> Play {
    let mut topology = network(4, &[(0, 3), (1, 3), (2, 3)]);
    topology.set_kind(NodeId(3), Kind::Switch);
    let mut play = Play::new(topology, only);
    let asked = frame(id(0, 1), Cause::ArpRequest, datagram(b"who?"));
    play.sent(0, 0, 0, &asked);
    play.arrived(1, 3, 0, &asked);
    for port in [1, 2] {
        play.sent(1, 3, port, &asked);
    }
    for node in [1, 2] {
        play.arrived(2, node, 0, &asked);
        if node == 2 {
            play.dropped(2, 2, id(0, 1), DropReason::ArpNotForUs);
        }
    }
    let answer = frame(id(1, 1), Cause::ArpReply, datagram(b"me"));
    play.sent(2, 1, 0, &answer);
    play.arrived(3, 3, 1, &answer);
    play.sent(3, 3, 0, &answer);
    play.arrived(4, 0, 0, &answer);
    let beyond = frame(id(2, 1), Cause::UdpData, datagram(b"far"));
    play.sent(5, 2, 0, &beyond);
    play.arrived(6, 3, 2, &beyond);
    play.sent(6, 3, 0, &beyond);
    play.arrived(7, 0, 0, &beyond);
    play
}

#[test]
fn a_flood_is_one_arrow_with_several_heads() {
    let lines = over_a_switch("").lines(None);
    assert_eq!(lines.len(), 5, "\n{}", lines.join("\n"));
    assert!(
        lines[1].starts_with("0.000000 │── data 4 ─────────────────►│──────────────────────────►✗│ 0.002000"),
        "{}",
        lines[1]
    );
    assert!(lines[1].ends_with("dropped by n2, network layer: arp-not-for-us (RFC 826 §2)"), "{}", lines[1]);
    assert!(
        lines[2].starts_with("0.002000 │◄───────────────── data 2 ──│                            │ 0.004000"),
        "{}",
        lines[2]
    );
    assert!(
        lines[3].starts_with("0.005000 │◄───────────────────────────┼────────────────── data 3 ──│ 0.007000"),
        "{}",
        lines[3]
    );
}

#[test]
fn switches_are_drawn_where_they_are_wanted() {
    let lines = over_a_switch("switches").lines(None);
    assert!(lines[0].contains("n3"), "{}", lines[0]);
    // To the switch, and on by both ports at once; there and back; there and on.
    assert_eq!(lines.len(), 1 + 2 + 2 + 2 + 1, "\n{}", lines.join("\n"));
}

#[test]
fn a_connection_is_drawn_alone_and_the_rest_is_counted() {
    let topology = network(3, &[(0, 1), (0, 2)]);
    let mut play = Play::new(topology, "n0:5000-n1:7");
    let mut octets = datagram(b"hello");
    // From 10.0.0.0 (n0) to 10.0.0.1 (n1).
    (octets[14 + 15], octets[14 + 19]) = (0, 1);
    let wanted = frame(id(0, 1), Cause::UdpData, octets.clone());
    play.sent(0, 0, 0, &wanted);
    play.arrived(1, 1, 0, &wanted);
    let mut other = octets;
    other[14 + 20 + 3] = 9;
    let unwanted = frame(id(0, 2), Cause::UdpData, other);
    play.sent(2, 0, 0, &unwanted);
    play.arrived(3, 1, 0, &unwanted);
    let lines = play.lines(None);
    assert_eq!(lines.len(), 5, "\n{}", lines.join("\n"));
    assert!(lines[1].starts_with("0.000000 │── data 5 "), "{}", lines[1]);
    assert_eq!(
        lines[3],
        "1 frame of other nodes or connections not drawn (--only); --pcap and --trace write all"
    );
}

#[test]
fn many_nodes_fit_a_terminal_and_the_busiest_are_drawn() {
    let links: Vec<(u32, u32)> = (0..29).map(|node| (node, node + 1)).collect();
    let mut play = Play::new(network(30, &links), "");
    for (number, node) in [(1, 4), (2, 4), (3, 4), (4, 20)] {
        let sent = frame(id(node, number), Cause::UdpData, datagram(b"hello"));
        play.sent(number, node, 1, &sent);
        play.arrived(number + 1, node + 1, 0, &sent);
    }
    for columns in [80, 100, 160, 250] {
        let lines = play.lines(Some(columns));
        for line in &lines {
            assert!(width(line) <= columns, "{columns}\n{}", lines.join("\n"));
        }
        assert!(lines[0].contains("n4") && lines[0].contains("n5"), "{}", lines[0]);
        assert!(lines.iter().any(|line| line.starts_with("no room for n")), "\n{}", lines.join("\n"));
    }
    let ascii = drawn(&play.ladder, Style { charset: Charset::Ascii, colour: false, width: Some(120) });
    assert!(ascii.iter().all(|line| line.is_ascii()));
}

#[test]
fn tables_stand_at_their_time() {
    let mut play = Play::new(network(2, &[(0, 1)]), "");
    let rows = vec![wirelab_stack::trace::Row::new("10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE")];
    let table = Table { kind: "neighbors", heading: None, rows };
    play.ladder.record(millis(7), Component::Host(NodeId(1)), &Event::Shown { table: &table });
    let lines = play.lines(None);
    assert!(lines[1].ends_with("● 0.007000  neighbors of n1"), "{}", lines[1]);
    assert!(
        lines[2].ends_with("│             10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE"),
        "{}",
        lines[2]
    );
    // Where there is no room beside the lifelines, it has the whole line.
    let lines = play.lines(Some(90));
    assert_eq!(lines[2], "    10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE");
}

/// A table of one row that node `node` shows.
fn show(play: &mut Play, at: u64, node: u32, kind: &'static str) {
    let rows = vec![wirelab_stack::trace::Row::new("what it knows")];
    let table = Table { kind, heading: None, rows };
    play.ladder.record(millis(at), Component::Host(NodeId(node)), &Event::Shown { table: &table });
}

#[test]
fn so_do_tables_of_nodes_without_a_lifeline() {
    let mut play = over_a_switch("");
    show(&mut play, 9, 3, "fdb");
    let lines = play.lines(None);
    let (title, row) = (&lines[4], &lines[5]);
    assert!(title.starts_with("0.009000 │ ") && title.ends_with(" │           fdb of n3"), "{title}");
    assert!(row.ends_with("│             what it knows") && !title.contains('●'), "{row}");

    // One for which there is no room.
    let links: Vec<(u32, u32)> = (0..29).map(|node| (node, node + 1)).collect();
    let mut play = Play::new(network(30, &links), "");
    for node in 2..8 {
        let sent = frame(id(node, 1), Cause::UdpData, datagram(b"hello"));
        play.sent(1, node, 1, &sent);
    }
    show(&mut play, 2, 20, "routes");
    let lines = play.lines(Some(80));
    assert!(!lines[0].contains("n20"), "{}", lines[0]);
    assert!(lines.iter().any(|line| line.ends_with("routes of n20")), "\n{}", lines.join("\n"));

    // One that `--only` leaves out, beside those that it names or with none of them at all.
    let mut play = Play::new(network(4, &[(0, 1), (2, 3)]), "n0");
    show(&mut play, 1, 1, "routes");
    show(&mut play, 2, 3, "routes");
    let lines = play.lines(None);
    assert!(lines[1].ends_with("routes of n1"), "\n{}", lines.join("\n"));
    assert_eq!(lines[4..], ["0.002000  routes of n3", "            what it knows", ""]);
}

#[test]
fn a_table_is_drawn_however_much_is_left_out() {
    let mut ladder = recorder(Limit::Rows(4));
    for at in 0..100 {
        ladder.record(millis(at), SERVER, &said("hello"));
        if at % 30 == 15 {
            let table = Table { kind: "routes", heading: None, rows: Vec::new() };
            ladder.record(millis(at), CLIENT, &Event::Shown { table: &table });
        }
    }
    let lines = drawn(&ladder, Style::plain(Charset::Unicode));
    let tables = lines.iter().filter(|line| line.ends_with("routes of client: (nothing)")).count();
    assert_eq!(tables, 3, "\n{}", lines.join("\n"));
}

#[test]
fn without_a_terminal_all_nodes_have_lifelines() {
    let links: Vec<(u32, u32)> = (0..29).map(|node| (node, node + 1)).collect();
    let mut play = Play::new(network(30, &links), "");
    for (number, node) in (1..).zip(0..29) {
        let sent = frame(id(node, number), Cause::UdpData, datagram(b"hello"));
        play.sent(number, node, 1, &sent);
        play.arrived(number + 1, node + 1, 0, &sent);
    }
    let lines = play.lines(None);
    for node in 0..30 {
        assert!(lines[0].split_whitespace().any(|name| name == format!("n{node}")), "{}", lines[0]);
    }
    assert!(!lines.iter().any(|line| line.contains("no room")), "\n{}", lines.join("\n"));
    assert_eq!(lines.len(), 1 + 29 + 1);
}

#[test]
fn what_is_written_on_an_arrow_stays_before_its_first_head() {
    let links = [(0, 7), (1, 7), (2, 7), (3, 7), (4, 7), (5, 7), (6, 7)];
    let mut topology = network(8, &links);
    topology.set_kind(NodeId(7), Kind::Switch);
    let mut play = Play::new(topology, "");
    let asked = frame(id(0, 1), Cause::UdpData, datagram(&[0; 1400]));
    play.sent(0, 0, 0, &asked);
    for node in [2, 6] {
        play.arrived(1, node, 0, &asked);
        play.dropped(1, node, id(0, 1), DropReason::UdpNoPort);
    }
    let lines = play.lines(None);
    let span = "────────────";
    let expected = format!("0.000000 │── data 1400 ──────────►✗│{span}┼{span}┼{span}┼──────────►✗│ 0.001000");
    assert!(lines[1].starts_with(&expected), "\n{}\n{expected}", lines[1]);
}
