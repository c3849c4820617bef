use pcap_file::pcapng::PcapNgReader;
use pcap_file::pcapng::blocks::block_common::Block;
use wirelab_sim::{Direction, LinkId};
use wirelab_stack::trace::{Cause, DropReason, Place};

use super::*;
use crate::test_frames::{datagram, frame, id, pair};

const CLIENT: Component = Component::Host(NodeId(0));
const SERVER: Component = Component::Host(NodeId(1));
const WIRE: Component = Component::Link { link: LinkId(0), direction: Direction::Forward };
const ETH0: InterfaceId = InterfaceId(0);

struct Packet {
    interface: u32,
    nanos: u128,
    comment: String,
    flags: u32,
    data: Vec<u8>,
}

fn captured(record: impl FnOnce(&mut PcapRecorder<Vec<u8>>)) -> (Vec<String>, Vec<Packet>) {
    let mut recorder = PcapRecorder::new(Vec::new(), &Arc::new(pair()), "echo", 7).unwrap();
    record(&mut recorder);
    recorder.write_rest();
    assert!(recorder.error.is_none());
    let octets = recorder.writer.into_inner();
    let mut reader = PcapNgReader::new(&octets[..]).unwrap();
    let (mut interfaces, mut packets) = (Vec::new(), Vec::new());
    while let Some(block) = reader.next_block() {
        match block.unwrap().0 {
            Block::InterfaceDescription(block) => {
                assert_eq!(block.ts_resolution(), InterfaceTsResolution::NANO);
                interfaces.extend(block.options.iter().find_map(|option| match option {
                    InterfaceDescriptionOption::IfName(name) => Some(name.to_string()),
                    _ => None,
                }));
            }
            Block::EnhancedPacket(block) => packets.push(packet(&block)),
            _ => {}
        }
    }
    (interfaces, packets)
}

fn packet(block: &EnhancedPacketBlock<'_>) -> Packet {
    let (mut comment, mut flags) = (String::new(), 0);
    for option in &block.options {
        match option {
            EnhancedPacketOption::Common(CommonOption::Comment(text)) => comment = text.to_string(),
            EnhancedPacketOption::Flags(value) => flags = *value,
            _ => {}
        }
    }
    Packet {
        interface: block.interface_id,
        nanos: block.timestamp.as_nanos(),
        comment,
        flags,
        data: block.data.to_vec(),
    }
}

fn sent(recorder: &mut PcapRecorder<Vec<u8>>, nanos: u64, frame: &Frame) {
    recorder.record(Instant::from_nanos(nanos), CLIENT, &Event::FrameSent { interface: ETH0, frame });
}

#[test]
fn a_frame_is_written_at_both_ends_with_cause_and_fate() {
    let octets = datagram(b"hello");
    let first = frame(id(0, 1), Cause::UdpData, octets.clone());
    let (interfaces, packets) = captured(|recorder| {
        sent(recorder, 5, &first);
        let at = Instant::from_nanos(20_000_005);
        recorder.record(at, SERVER, &Event::FrameArrived { interface: ETH0, frame: &first });
        recorder.record(at, SERVER, &Event::FrameAccepted { id: id(0, 1) });
    });
    assert_eq!(interfaces, ["client.eth0", "server.eth0"]);
    assert_eq!(packets.len(), 2);
    assert_eq!((packets[0].interface, packets[0].nanos, packets[0].flags), (0, 5, 0b110));
    assert_eq!(
        packets[0].comment,
        "frame 0#1: udp-data (RFC 768 §Fields), by a call; reached server.eth0 at 0.020000005 s"
    );
    assert_eq!((packets[1].interface, packets[1].nanos, packets[1].flags), (1, 20_000_005, 0b101));
    assert_eq!(packets[1].comment, "frame 0#1; accepted");
    assert!(packets.iter().all(|packet| packet.data == octets));
}

#[test]
fn what_a_link_did_is_said_of_the_frame_that_was_sent() {
    let lost = frame(id(0, 1), Cause::UdpData, datagram(b"lost"));
    let broken = frame(id(0, 2), Cause::UdpData, datagram(b"broken"));
    let (_, packets) = captured(|recorder| {
        sent(recorder, 1, &lost);
        sent(recorder, 2, &broken);
        let (place, reason) = (Place::Link("loss"), DropReason::LinkLoss);
        recorder.record(Instant::ZERO, WIRE, &Event::FrameDropped { id: id(0, 1), place, reason });
        let event = LinkEvent::Corrupted { id: id(0, 2), bits: 1 };
        recorder.record(Instant::ZERO, WIRE, &Event::Link(event));
        let mut bad = broken.clone();
        bad.flip_bit(100);
        bad.meta.frame_check = FrameCheck::Bad;
        recorder.record(Instant::ZERO, SERVER, &Event::FrameArrived { interface: ETH0, frame: &bad });
        let (place, reason) = (Place::Interface, DropReason::BadFcs);
        recorder.record(Instant::ZERO, SERVER, &Event::FrameDropped { id: id(0, 2), place, reason });
    });
    assert!(packets[0].comment.ends_with("; dropped by link wire: loss (the link's `loss` stage)"));
    assert!(packets[1].comment.contains("; 1 bit flipped under way; reached server.eth0"));
    assert_eq!(
        packets[2].comment,
        "frame 0#2; dropped by server, interface layer: bad_fcs (IEEE 802.3 §3.2.9)"
    );
    assert_eq!(packets[2].flags, 1 << 24 | 0b101);
}

#[test]
fn a_super_frame_is_one_packet_where_it_was_sent_and_says_what_was_lost_of_it() {
    let whole = frame(id(0, 1), Cause::NewData, datagram(b"three segments"));
    let (_, packets) = captured(|recorder| {
        sent(recorder, 1, &whole);
        let event = LinkEvent::Segmented { id: id(0, 1), segments: 3 };
        recorder.record(Instant::ZERO, WIRE, &Event::Link(event));
        let (place, reason) = (Place::Link("loss"), DropReason::LinkLoss);
        recorder.record(Instant::ZERO, WIRE, &Event::FrameDropped { id: id(0, 2), place, reason });
        for number in [1, 3] {
            assert!(!recorder.waiting.is_empty(), "until the fate of all is known");
            let segment = frame(id(0, number), Cause::NewData, datagram(b"three"));
            let event = Event::FrameArrived { interface: ETH0, frame: &segment };
            recorder.record(Instant::from_nanos(5), SERVER, &event);
            recorder.record(Instant::from_nanos(5), SERVER, &Event::FrameAccepted { id: id(0, number) });
        }
        assert!(recorder.sent.is_empty() && recorder.arrived.is_empty());
    });
    assert_eq!(packets.len(), 3);
    let said = &packets[0].comment;
    assert!(said.contains("; goes on as 3 segments; segment 0#2 dropped by link wire"), "{said}");
    assert_eq!(said.matches("reached").count(), 1, "{said}");
    assert!(!said.contains("under way when"), "{said}");
}

#[test]
fn frames_keep_their_order_while_one_waits_and_the_last_ones_are_not_lost() {
    let frames: Vec<_> = (1..=3).map(|n| frame(id(0, n), Cause::UdpData, datagram(b"x"))).collect();
    let (_, packets) = captured(|recorder| {
        for (frame, at) in frames.iter().zip(1..) {
            sent(recorder, at, frame);
        }
        let (place, reason) = (Place::Link("loss"), DropReason::LinkLoss);
        recorder.record(Instant::ZERO, WIRE, &Event::FrameDropped { id: id(0, 2), place, reason });
        assert_eq!(recorder.waiting.len(), 3);
    });
    assert_eq!(packets.iter().map(|packet| packet.nanos).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(packets[0].comment.ends_with("; under way when the run ended"));
    assert!(!packets[1].comment.contains("under way when"));
}

#[test]
fn on_loopback_both_ends_are_one_host() {
    let looped = frame(id(0, 1), Cause::UdpData, datagram(b"me"));
    let interface = InterfaceId::LOOPBACK;
    let (interfaces, packets) = captured(|recorder| {
        recorder.record(Instant::ZERO, CLIENT, &Event::FrameSent { interface, frame: &looped });
        recorder.record(Instant::ZERO, CLIENT, &Event::FrameArrived { interface, frame: &looped });
        recorder.record(Instant::ZERO, CLIENT, &Event::FrameAccepted { id: id(0, 1) });
        assert!(recorder.waiting.is_empty() && recorder.sent.is_empty() && recorder.arrived.is_empty());
    });
    assert_eq!(interfaces, ["client.eth0", "server.eth0", "client.lo"]);
    assert!(packets[0].comment.ends_with("; reached client.lo at 0.000000000 s"), "{}", packets[0].comment);
    assert_eq!(packets[1].comment, "frame 0#1; accepted");
}

#[test]
fn no_more_than_the_bound_wait() {
    let (_, packets) = captured(|recorder| {
        for n in 1..=MOST_WAITING as u64 + 5 {
            sent(recorder, n, &frame(id(0, n), Cause::UdpData, vec![0; 14]));
            recorder.remark(None, false, "");
            assert!(recorder.waiting.len() <= MOST_WAITING && recorder.sent.len() <= MOST_WAITING);
        }
    });
    assert_eq!(packets.len(), MOST_WAITING + 5);
}

#[test]
fn a_partial_checksum_is_completed() {
    let whole = datagram(b"odd");
    let mut octets = whole.clone();
    // What an interface with checksum offload is given: the pseudo-header's sum in the checksum field.
    let length = (octets.len() - 34) as u32;
    let [source, destination] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
    let pseudo = !wirelab_stack::checksum::pseudo_header(&source, &destination, 17, length).finish();
    octets[40..42].copy_from_slice(&pseudo.to_be_bytes());
    let mut partial = frame(id(0, 1), Cause::UdpData, octets);
    partial.meta.checksum = Checksum::Partial { start: 34, offset: 6 };
    let (_, packets) = captured(|recorder| sent(recorder, 1, &partial));
    assert_eq!(packets[0].data, whole);
}
