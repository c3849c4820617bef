mod many;

use etherparse::PacketBuilder;
use wirelab_sim::{Direction, LinkId};
use wirelab_stack::trace::{Cause, State};

use super::*;
use crate::console::{Charset, Style, width};
use crate::test_frames::{datagram, frame, id, pair};

const CLIENT: Component = Component::Host(NodeId(0));
const SERVER: Component = Component::Host(NodeId(1));
const WIRE: Component = Component::Link { link: LinkId(0), direction: Direction::Forward };
const BACK: Component = Component::Link { link: LinkId(0), direction: Direction::Backward };
const ETH0: InterfaceId = InterfaceId(0);

fn millis(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn reply() -> Vec<u8> {
    let mut octets = Vec::new();
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1])
        .ipv4([10, 0, 0, 2], [10, 0, 0, 1], 64)
        .udp(7, 5000)
        .write(&mut octets, b"HELLO")
        .unwrap();
    octets
}

fn recorder(limit: Limit) -> LadderRecorder {
    LadderRecorder::new(Arc::new(pair()), limit, Only::Everything { switches: false })
}

fn send(ladder: &mut LadderRecorder, at: Instant, who: Component, frame: &Frame) {
    ladder.record(at, who, &Event::FrameSent { interface: ETH0, frame });
}

fn arrive(ladder: &mut LadderRecorder, at: Instant, who: Component, frame: &Frame) {
    ladder.record(at, who, &Event::FrameArrived { interface: ETH0, frame });
}

fn drawn(ladder: &LadderRecorder, style: Style) -> Vec<String> {
    let mut out = Vec::new();
    draw(ladder, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

fn said(text: &str) -> Event<'_> {
    Event::Application { name: "echo", event: ApplicationEvent::Received(text.as_bytes()) }
}

/// A datagram there, one back, one lost, one refused, one still under way.
fn exchange() -> LadderRecorder {
    let mut ladder = recorder(Limit::Rows(200));
    let there = frame(id(0, 1), Cause::UdpData, datagram(b"hello"));
    let back = frame(id(1, 1), Cause::UdpData, reply());
    send(&mut ladder, millis(0), CLIENT, &there);
    arrive(&mut ladder, millis(10), SERVER, &there);
    ladder.record(millis(10), SERVER, &said("欢迎"));
    send(&mut ladder, millis(10), SERVER, &back);
    arrive(&mut ladder, millis(20), CLIENT, &back);
    let lost = frame(id(1, 2), Cause::UdpData, reply());
    send(&mut ladder, millis(30), SERVER, &lost);
    let drop = |id, place, reason| Event::FrameDropped { id, place, reason };
    ladder.record(millis(31), BACK, &drop(id(1, 2), Place::Link("loss"), DropReason::LinkLoss));
    let refused = frame(id(0, 2), Cause::UdpData, datagram(b"hello"));
    send(&mut ladder, millis(40), CLIENT, &refused);
    arrive(&mut ladder, millis(50), SERVER, &refused);
    ladder.record(millis(50), SERVER, &drop(id(0, 2), Place::Transport, DropReason::UdpNoPort));
    send(&mut ladder, millis(60), CLIENT, &frame(id(0, 3), Cause::UdpData, datagram(b"hello")));
    ladder
}

#[test]
fn arrows_show_where_frames_go_and_where_they_die() {
    let lines = drawn(&exchange(), Style::plain(Charset::Unicode));
    let expected = [
        "      client             wire              server         times in seconds",
        "0.000000 │── data 5 ─────────────────────────►│ 0.010000  UDP udp-data (RFC 768 §Fields)  5000 > 7: UDP, length 5",
        "         │               echo receives \"欢迎\" ● 0.010000",
        "0.020000 │◄───────────────────────── data 5 ──│ 0.010000  UDP udp-data (RFC 768 §Fields)  7 > 5000: UDP, length 5",
        "         │         loss ✗─────────── data 5 ──│ 0.030000  UDP udp-data (RFC 768 §Fields)  7 > 5000: UDP, length 5  dropped by link wire: loss (the link's `loss` stage)",
        "0.040000 │── data 5 ────────────────────────►✗│ 0.050000  UDP udp-data (RFC 768 §Fields)  5000 > 7: UDP, length 5  dropped by server, transport layer: udp-no-port (RFC 1122 §4.1.3.1)",
        "0.060000 │── data 5 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄│           UDP udp-data (RFC 768 §Fields)  5000 > 7: UDP, length 5  under way when the run ended",
        "",
    ];
    assert_eq!(lines, expected, "\n{}", lines.join("\n"));
}

#[test]
fn without_utf_8_everything_is_ascii() {
    let lines = drawn(&exchange(), Style::plain(Charset::Ascii));
    assert!(lines.iter().all(|line| line.is_ascii()), "\n{}", lines.join("\n"));
    assert!(
        lines[1].starts_with("0.000000 |-- data 5 ------------------------->| 0.010000  UDP"),
        "{}",
        lines[1]
    );
    assert!(lines[4].starts_with("         |         loss X----------- data 5 --| 0.030000"), "{}", lines[4]);
}

#[test]
fn lifelines_stand_in_one_column_whatever_the_text() {
    let mut ladder = recorder(Limit::All);
    for (text, at) in
        ["", "a", "欢迎", "欢迎新同学!", "一二三四五六七八九十一二", "é\u{301}x"].iter().zip(0..)
    {
        ladder.record(millis(at), SERVER, &said(text));
        ladder.record(millis(at), CLIENT, &said(text));
    }
    for line in &drawn(&ladder, Style::plain(Charset::Unicode))[1..] {
        let columns: Vec<usize> = line
            .char_indices()
            .filter(|(_, character)| "│●".contains(*character))
            .map(|(place, _)| width(&line[..place]))
            .collect();
        assert!(line.is_empty() || columns == [9, 46], "{columns:?} {line}");
    }
}

#[test]
fn in_a_narrow_terminal_text_is_broken_beside_the_lifelines() {
    let style = Style { charset: Charset::Unicode, colour: false, width: Some(84) };
    let lines = drawn(&exchange(), style);
    assert!(lines.iter().all(|line| width(line) <= 84), "\n{}", lines.join("\n"));
    assert_eq!(lines[1], "0.000000 │── data 5 ─────────────►│ 0.010000  UDP udp-data (RFC 768 §Fields)");
    assert_eq!(lines[2], "         │                        │             5000 > 7: UDP, length 5");
    let mut ladder = recorder(Limit::All);
    ladder.record(
        millis(0),
        CLIENT,
        &said("words that do not fit between the lifelines, and not in one line"),
    );
    let lines = drawn(&ladder, style);
    assert!(lines.len() > 3 && lines.iter().all(|line| width(line) <= 84), "\n{}", lines.join("\n"));
}

#[test]
fn what_is_left_out_is_counted() {
    let mut ladder = recorder(Limit::Rows(8));
    for n in 1..=2_000 {
        let cause = if n % 100 == 0 { Cause::RetransmitFast } else { Cause::UdpData };
        let cause = if n == 1_000 { Cause::RetransmitRto } else { cause };
        let frame = frame(id(0, n), cause, datagram(b"hello"));
        send(&mut ladder, millis(n), CLIENT, &frame);
        arrive(&mut ladder, millis(n + 1), SERVER, &frame);
        assert!(ladder.frames.len() <= 8, "memory is bounded");
    }
    let lines = drawn(&ladder, Style::plain(Charset::Unicode));
    let text = |line: usize| lines[line].trim_start_matches([' ', '⋮']);
    assert_eq!(lines.len(), 1 + 5 + 1 + 1 + 1 + 2 + 2, "\n{}", lines.join("\n"));
    assert_eq!(text(6), "994 frames, 9 retransmissions of them left out, from 0.006000 s to 0.999000 s");
    assert!(
        lines[7].starts_with("1.000000 │── data 5 ─") && lines[7].contains("retransmit-rto"),
        "{}",
        lines[7]
    );
    assert_eq!(text(8), "998 frames, 9 retransmissions of them left out, from 1.001000 s to 1.998000 s");
    assert!(lines[10].starts_with("2.000000 │── data 5"), "{}", lines[10]);
    assert_eq!(
        lines[11],
        "1,992 of 2,000 frames are left out: --ladder all shows them, --pcap and --trace write them"
    );
}

#[test]
fn a_duplicate_has_its_own_arrow() {
    let mut ladder = recorder(Limit::All);
    let there = frame(id(0, 1), Cause::UdpData, datagram(b"hello"));
    send(&mut ladder, millis(0), CLIENT, &there);
    ladder.record(millis(0), WIRE, &Event::Link(LinkEvent::Duplicated { id: id(0, 1) }));
    arrive(&mut ladder, millis(10), SERVER, &there);
    arrive(&mut ladder, millis(12), SERVER, &there);
    let (place, reason) = (Place::Transport, DropReason::UdpQueueFull);
    ladder.record(millis(12), SERVER, &Event::FrameDropped { id: id(0, 1), place, reason });
    let lines = drawn(&ladder, Style::plain(Charset::Unicode));
    assert!(lines[1].ends_with("duplicated by the link"), "{}", lines[1]);
    assert_eq!(
        lines[2],
        "         │┄┄ copy ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄►✗│ 0.012000  \
         dropped by server, transport layer: udp-queue-full (RFC 1122 §4.1.4)"
    );
}

#[test]
fn a_super_frame_has_one_row_and_says_what_became_of_its_segments() {
    let mut ladder = recorder(Limit::All);
    let there = frame(id(0, 1), Cause::NewData, datagram(b"hello"));
    send(&mut ladder, millis(0), CLIENT, &there);
    ladder.record(millis(0), WIRE, &Event::Link(LinkEvent::Segmented { id: id(0, 1), segments: 3 }));
    let (place, reason) = (Place::Link("loss"), DropReason::LinkLoss);
    ladder.record(millis(0), WIRE, &Event::FrameDropped { id: id(0, 2), place, reason });
    for number in [1, 3] {
        arrive(&mut ladder, millis(10), SERVER, &frame(id(0, number), Cause::NewData, datagram(b"hello")));
    }
    let lines = drawn(&ladder, Style::plain(Charset::Unicode));
    assert!(lines[1].contains("0.010000") && lines[1].contains("goes on as 3 segments"), "{lines:#?}");
    assert!(lines[1].contains("segment 0#2 "), "{lines:#?}");
    assert_eq!(lines.len(), 3, "{lines:#?}");
}

#[test]
fn a_frame_that_was_never_sent_is_noted() {
    let mut ladder = recorder(Limit::All);
    let (place, reason) = (Place::Interface, DropReason::NeighborUnresolved);
    ladder.record(millis(3), CLIENT, &Event::FrameDropped { id: id(0, 1), place, reason });
    let lines = drawn(&ladder, Style::plain(Charset::Unicode));
    assert!(lines[1].ends_with("drops frame 0#1: neighbor-unresolved (RFC 1122 §2.3.2)"), "{}", lines[1]);
}

#[test]
fn cuts_states_and_applications_are_noted() {
    let mut ladder = recorder(Limit::All);
    let connection =
        ConnectionId { local: "10.0.0.2:80".parse().unwrap(), remote: "10.0.0.1:49152".parse().unwrap() };
    let (from, to) = (State::SynReceived, State::Established);
    ladder.record(millis(1), SERVER, &Event::ConnectionState { connection, from, to });
    ladder.record(millis(2), WIRE, &Event::Link(LinkEvent::Down));
    ladder.record(millis(2), BACK, &Event::Link(LinkEvent::Down));
    let failed = ApplicationEvent::Failed("a rather long account of what went wrong");
    ladder.record(millis(3), CLIENT, &Event::Application { name: "app", event: failed });
    let lines = drawn(&ladder, Style::plain(Charset::Unicode));
    assert_eq!(
        lines[1..4],
        [
            "         │                    :80 ESTABLISHED ● 0.001000",
            "0.002000 │┄┄┄┄┄┄┄┄┄┄┄ wire is cut ┄┄┄┄┄┄┄┄┄┄┄┄│ 0.002000",
            "0.003000 ●                                    │           app fails: a rather long account of what went wrong",
        ]
    );
    assert_eq!(lines.len(), 5);
}

#[test]
fn colour_changes_no_column() {
    let style = Style { charset: Charset::Unicode, colour: true, width: None };
    let coloured = drawn(&exchange(), style).join("\n");
    assert!(coloured.contains("\x1b[31m"));
    let mut plain = String::new();
    let mut escape = false;
    for character in coloured.chars() {
        match character {
            '\x1b' => escape = true,
            'm' if escape => escape = false,
            other if !escape => plain.push(other),
            _ => {}
        }
    }
    assert_eq!(plain, drawn(&exchange(), Style::plain(Charset::Unicode)).join("\n"));
}
