//! Super-frames over simulated links: cut before the first stage, each segment with a name and a fate of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use wirelab_sim::{Component, Direction, LinkCounters, Network, QueueLimit, Rate, Recorder, percent};
use wirelab_stack::application::{Pattern, bulk};
use wirelab_stack::frame::{FrameId, NodeId};
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{ApplicationEvent, Event, Interest, LinkEvent};

/// What became of each frame, and what the sink received.
#[derive(Default)]
struct Seen {
    /// How often each name was sent, by its host or as a segment of a super-frame.
    sent: BTreeMap<FrameId, u32>,
    /// How often each arrived or was lost.
    ended: BTreeMap<FrameId, u32>,
    super_frames: u64,
    segments: u64,
    arrived_whole: u64,
    received: Vec<u8>,
}

impl Recorder for Seen {
    fn interest(&self) -> Interest {
        Interest::FRAMES | Interest::LINKS | Interest::APPLICATIONS
    }

    fn record(&mut self, _: Instant, at: Component, event: &Event<'_>) {
        match (at, event) {
            (Component::Host(_), Event::FrameSent { frame, .. }) => {
                *self.sent.entry(frame.meta.id).or_default() += 1;
                self.super_frames += u64::from(frame.meta.segment_size.is_some());
            }
            (Component::Host(_), Event::FrameArrived { frame, .. }) => {
                *self.ended.entry(frame.meta.id).or_default() += 1;
                self.arrived_whole += u64::from(frame.meta.segment_size.is_some());
            }
            (Component::Link { .. }, Event::FrameDropped { id, .. }) => {
                *self.ended.entry(*id).or_default() += 1;
            }
            (Component::Link { .. }, Event::Link(LinkEvent::Segmented { id, segments })) => {
                self.segments += u64::from(*segments);
                for number in 1..u64::from(*segments) {
                    *self.sent.entry(FrameId { counter: id.counter + number, ..*id }).or_default() += 1;
                }
            }
            (_, Event::Application { name: "sink", event: ApplicationEvent::Received(octets) }) => {
                self.received.extend_from_slice(octets);
            }
            _ => {}
        }
    }
}

const OCTETS: u64 = 2_000_000;

/// A bulk transfer over a link that `shape` makes, with offload or without, checksums left to the link or not.
fn transfer(
    offload: Option<bool>,
    shape: impl FnOnce(wirelab_sim::LinkSettings<'_>),
) -> (Seen, LinkCounters, Network) {
    let mut net = Network::new(11);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    let link = net.link(client, server);
    shape(if offload.is_some() { link.offload(u16::MAX) } else { link });
    if offload == Some(false) {
        net.config(client).interfaces[0].capabilities.transmit_checksum = false;
    }
    let local: SocketAddr = "10.0.0.2:9".parse().unwrap();
    net.spawn(server, "sink", bulk::tcp_sink(bulk::SinkConfig { local, connections: Some(1) }));
    let config = bulk::SourceConfig { remote: local, bytes: OCTETS, seed: 3 };
    net.spawn(client, "source", bulk::tcp_source(config));
    net.world().set_recorder(Box::new(Seen::default()));
    net.finish();
    let seen = *net.world().take_recorder().unwrap().downcast::<Seen>().ok().unwrap();
    let link = net.world().link_ids().next().unwrap();
    let counters = net.world().link_counters(link, Direction::Forward);
    let mut expected = vec![0; OCTETS as usize];
    Pattern::new(3).fill(&mut expected);
    assert!(seen.received == expected, "the stream is what was sent");
    (seen, counters, net)
}

/// Every name stands for one frame, and every frame came to an end.
#[track_caller]
fn check_fates(seen: &Seen) {
    assert!(seen.sent.values().all(|times| *times == 1), "a name for two frames");
    assert_eq!(seen.sent, seen.ended);
}

/// What host `number` has counted: 0 is the client, 1 the server.
fn counter(net: &mut Network, number: u32, name: &str) -> u64 {
    net.world().host(NodeId(number)).unwrap().counters().get(name).unwrap()
}

#[test]
fn super_frames_are_cut_before_the_first_stage() {
    for partial in [true, false] {
        let (seen, counters, mut net) = transfer(Some(partial), |link| {
            link.delay(Duration::from_millis(5)).rate(Rate::mbit(100)).queue(QueueLimit::Packets(1_000));
        });
        check_fates(&seen);
        assert_eq!((seen.arrived_whole, counters.malformed, counters.dropped_frames), (0, 0, 0));
        assert_eq!(counters.segmented, seen.super_frames);
        // Most goes in frames of a dozen segments and more.
        assert!(seen.segments > 1_000 && seen.segments >= 12 * seen.super_frames, "{}", seen.super_frames);
        assert!(counters.max_queue_packets > 20, "segments wait, not super-frames");
        let segments = counter(&mut net, 0, "tcp.out_segs");
        assert!((OCTETS / 1_448..=OCTETS / 1_448 + 30).contains(&segments), "{segments}");
        assert_eq!(counter(&mut net, 1, "tcp.in_errs"), 0);
        assert_eq!(counter(&mut net, 0, "retransmitted_segments"), 0);
    }
}

#[test]
fn lost_segments_are_sent_again_and_no_others() {
    for partial in [true, false] {
        let (seen, counters, mut net) = transfer(Some(partial), |link| {
            link.delay(Duration::from_millis(5)).direction(Direction::Forward, |direction| {
                let probability = percent(2);
                direction.loss = Some(wirelab_sim::Loss::Bernoulli(probability));
            });
        });
        check_fates(&seen);
        assert!(counters.lost > 20 && counters.segmented > 50, "{counters:?}");
        let again = counter(&mut net, 0, "retransmitted_segments");
        // What is lost is sent again; a time-out may repeat a little more.
        assert!(
            again >= counters.lost - 3 && again <= counters.lost + counters.lost / 2,
            "{again} {counters:?}"
        );
    }
}

#[test]
fn a_changed_bit_is_seen_though_the_link_was_to_complete_the_checksum() {
    let (seen, counters, mut net) = transfer(Some(true), |link| {
        link.delay(Duration::from_millis(5)).direction(Direction::Forward, |direction| {
            direction.corrupt = Some(wirelab_sim::Corrupt { probability: percent(3), bits: 1, fcs: false });
        });
    });
    check_fates(&seen);
    assert!(counters.corrupted > 10);
    let noticed = counter(&mut net, 1, "tcp.in_errs");
    assert!(noticed > 5, "{noticed}");
}

#[test]
fn a_wire_that_does_nothing_carries_them_whole() {
    let (seen, counters, mut net) = transfer(Some(true), |_| {});
    check_fates(&seen);
    assert_eq!((counters.segmented, seen.segments), (0, 0));
    assert!(seen.arrived_whole > 30 && seen.arrived_whole == seen.super_frames);
    let (sent, received) = (counter(&mut net, 0, "tcp.out_segs"), counter(&mut net, 0, "frames_sent"));
    assert!(sent > OCTETS / 1_460 && received < sent / 4, "{sent} segments in {received} frames");
}

#[test]
fn without_the_capability_there_are_none() {
    let (seen, counters, _) = transfer(None, |link| {
        link.delay(Duration::from_millis(5));
    });
    check_fates(&seen);
    assert_eq!((seen.super_frames, counters.segmented), (0, 0));
}
