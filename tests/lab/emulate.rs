//! `wirelab emulate`: a wire between two stations of the kernel's own. Judged by counts, and by times on one side only: a
//! frame never comes before its delay, nor faster than the rate.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::namespace::{PATIENCE, in_namespace};
use crate::stations::{STATIONS, Wire, number};

/// The port that numbered datagrams go to.
const PORT: u16 = 9;
/// Octets of a datagram, and of the frame that it is in.
const DATAGRAM: usize = 1_000;
const FRAME: u64 = DATAGRAM as u64 + 8 + 20 + 14;

/// Numbered datagrams, as they arrived: their numbers, with how long after its sending each came.
type Arrived = Vec<(u32, Duration)>;

/// Sends `count` datagrams from the first station to the second, each `gap` after the one before; all that arrive until
/// nothing has for `silence`.
fn datagrams(wire: &Wire, count: u32, gap: Duration, silence: Duration) -> Arrived {
    let (sender, receiver) = (wire.socket(0), wire.socket(1));
    let began = Instant::now();
    let nanos = |at: Duration| u64::try_from(at.as_nanos()).unwrap().to_le_bytes();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..count {
                std::thread::sleep((gap * number).saturating_sub(began.elapsed()));
                let mut octets = vec![0; DATAGRAM];
                octets[..4].copy_from_slice(&number.to_le_bytes());
                octets[4..12].copy_from_slice(&nanos(began.elapsed()));
                sender.send_to(&octets, (STATIONS[1], PORT)).unwrap();
            }
        });
        receive(&receiver, began, silence)
    })
}

fn receive(receiver: &UdpSocket, began: Instant, silence: Duration) -> Arrived {
    receiver.set_read_timeout(Some(silence)).unwrap();
    let (mut arrived, mut octets) = (Vec::new(), [0; 2_000]);
    while let Ok(length) = receiver.recv(&mut octets) {
        assert_eq!(length, DATAGRAM);
        let number = u32::from_le_bytes(*octets.first_chunk().unwrap());
        let sent = Duration::from_nanos(u64::from_le_bytes(*octets[4..].first_chunk().unwrap()));
        arrived.push((number, began.elapsed().saturating_sub(sent)));
    }
    arrived
}

/// Every frame that came in went out, is under way, or was dropped for a reason that is named.
#[track_caller]
fn assert_accounted(summary: &serde_json::Value) {
    for direction in ["directions.0", "directions.1"] {
        let of = |field: &str| number(summary, &format!("{direction}.{field}"));
        let sum = |field: &str, parts: &[&str]| {
            parts.iter().map(|part| of(&format!("{field}.{part}"))).sum::<u64>()
        };
        let dropped = sum("dropped", &["loss", "queue_full", "mtu", "malformed", "bad_fcs"]);
        let not_sent = sum("not_sent", &["output_full", "too_large", "down", "refused"]);
        assert_eq!(
            of("frames_in") + of("duplicated"),
            of("delivered") + of("under_way") + dropped,
            "{summary}"
        );
        assert_eq!(of("delivered"), of("sent") + of("waiting") + not_sent, "{summary}");
    }
}

#[test]
fn no_datagram_comes_before_its_delay_or_faster_than_the_rate() {
    in_namespace("emulate::no_datagram_comes_before_its_delay_or_faster_than_the_rate", || {
        let wire =
            Wire::between_taps(&["--delay", "20ms", "--forward.rate", "8Mbit/s", "--forward.queue", "1000"]);
        let count = 400;
        let began = Instant::now();
        let arrived = datagrams(&wire, count, Duration::ZERO, Duration::from_secs(2));
        let (least, delay) = (Duration::from_micros(FRAME), Duration::from_millis(20));
        assert_eq!(arrived.len(), count as usize);
        assert!(arrived.iter().map(|(number, _)| *number).eq(0..count), "in order");
        let early = arrived.iter().find(|(_, took)| *took < delay + least);
        assert_eq!(early, None, "at 8 Mbit/s a frame takes as many microseconds as it has octets");
        let silence = Duration::from_secs(2);
        assert!(began.elapsed().saturating_sub(silence) >= least * count + delay);
        let (status, summary) = wire.end("INT");
        assert_eq!(status.code(), Some(0));
        assert_accounted(&summary);
        assert_eq!(number(&summary, "directions.0.sent"), u64::from(count));
        assert_eq!(number(&summary, "directions.0.octets_in"), u64::from(count) * FRAME);
        assert_eq!(number(&summary, "directions.1.frames_in"), 0, "nothing answers by itself");
    });
}

#[test]
fn what_was_sent_is_what_came_and_what_was_dropped() {
    in_namespace("emulate::what_was_sent_is_what_came_and_what_was_dropped", || {
        let options = [
            "--seed",
            "7",
            "--forward.loss",
            "10 %",
            "--duplicate",
            "5 %",
            "--reorder",
            "{ chance = \"5 %\", by = \"3 ms\" }",
            "--forward.corrupt",
            "2 %",
            "--delay",
            "1 ms",
        ];
        let wire = Wire::between_veths(&options);
        let count = 2_000;
        let arrived = datagrams(&wire, count, Duration::from_micros(200), Duration::from_secs(1));
        let (status, summary) = wire.end("TERM");
        assert_eq!(status.code(), Some(0));
        assert_accounted(&summary);
        let there = |field: &str| number(&summary, &format!("directions.0.{field}"));
        assert_eq!((there("frames_in"), there("sent")), (u64::from(count), arrived.len() as u64));
        let different: BTreeSet<u32> = arrived.iter().map(|(number, _)| *number).collect();
        let (lost, twice, spoilt) = (there("dropped.loss"), there("duplicated"), there("dropped.bad_fcs"));
        assert_eq!(arrived.len() as u64, u64::from(count) - lost - spoilt + twice);
        // What is spoilt is so before it is doubled, and both copies are gone.
        assert!(
            spoilt >= there("corrupted")
                && different.len() as u64 == u64::from(count) - lost - there("corrupted")
        );
        // Ten standard deviations: a wrong probability is seen, and chance never is.
        assert!((66..=334).contains(&lost) && (1..=197).contains(&twice), "{summary}");
        assert!(there("reordered") > 0 && arrived.windows(2).any(|pair| pair[0].0 > pair[1].0), "{summary}");
    });
}

/// Sends `data` from the first station to the second over TCP; what came.
fn transfer(wire: &Wire, data: &[u8]) -> Vec<u8> {
    let listener = wire.inside(1, || TcpListener::bind((STATIONS[1], 80)).unwrap());
    let mut stream = wire.inside(0, || TcpStream::connect((STATIONS[1], 80)).unwrap());
    let (mut accepted, _) = listener.accept().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            stream.write_all(data).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        });
        let mut came = Vec::new();
        accepted.set_read_timeout(Some(PATIENCE)).unwrap();
        accepted.read_to_end(&mut came).unwrap();
        came
    })
}

#[test]
fn super_frames_are_cut_before_the_first_stage() {
    in_namespace("emulate::super_frames_are_cut_before_the_first_stage", || {
        let data: Vec<u8> = (0..2_000_000_u32).map(|number| (number % 251) as u8).collect();
        for veths in [false, true] {
            let options = ["--rate", "200Mbit/s", "--queue", "100", "--mtu", "1500", "--delay", "1ms"];
            let wire = if veths { Wire::between_veths(&options) } else { Wire::between_taps(&options) };
            assert!(transfer(&wire, &data) == data);
            let (status, summary) = wire.end("INT");
            assert_eq!(status.code(), Some(0));
            assert_accounted(&summary);
            let there = |field: &str| number(&summary, &format!("directions.0.{field}"));
            assert_eq!(there("dropped.mtu"), 0, "no frame was longer than one segment");
            assert!(there("frames_in") >= 2_000_000 / 1_460, "each segment is one frame");
            assert!(
                there("longest_queue") <= 100 && there("longest_queue_octets") <= 100 * 1_514,
                "{summary}"
            );
        }
    });
}

#[test]
fn frames_of_any_station_pass_and_nothing_answers() {
    in_namespace("emulate::frames_of_any_station_pass_and_nothing_answers", || {
        let mut wire = Wire::between_veths(&["--for", "2s"]);
        wire.run(0, "ip neigh replace 10.88.0.77 lladdr 02:77:77:77:77:77 dev wa");
        let sender = wire.socket(0);
        for _ in 0..10 {
            sender.send_to(b"to somebody else", ("10.88.0.77", PORT)).unwrap();
        }
        let (status, summary) = wire.summary();
        assert_eq!(status.code(), Some(0), "its time was over");
        assert_accounted(&summary);
        assert_eq!(
            (number(&summary, "directions.0.sent"), number(&summary, "directions.1.frames_in")),
            (10, 0)
        );
    });
}

fn refused(arguments: &[&str], code: i32) -> String {
    let output: Output =
        Command::new(env!("CARGO_BIN_EXE_wirelab")).arg("emulate").args(arguments).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    told
}

#[test]
fn what_cannot_be_a_wire_is_refused_by_name() {
    let between = |ends: [&str; 2], more: &[&str]| refused(&[&["--between"], &ends[..], more].concat(), 2);
    assert!(
        between(["tap:wa", "tap:wa,offload=off"], &[]).contains("are one device, and a wire has two ends")
    );
    assert!(between(["tap:wa", "raw:wa"], &[]).contains("are one device"));
    assert!(
        between(["tap:wa", "ip:lo"], &[]).contains("`ip:lo` carries only what is for this machine itself")
    );
    assert!(
        between(["tap:wa", "raw:lo,promiscuous=off"], &[])
            .contains("hears no frame that is for another station")
    );
    assert!(between(["tap:wa", "tab:wb"], &[]).contains("there is no kind `tab`"));
    let ends = ["tap:wa", "tap:wb"];
    assert!(between(ends, &["--delay", "10 parsecs"]).contains("--delay:1:"));
    assert!(between(ends, &["--forward.loss", "101%"]).contains("--forward.loss:1:"));
    assert!(between(ends, &["--queue", "100"]).contains("`queue` needs `rate`"));
    assert!(between(ends, &["--dealy", "1ms"]).contains("--delay"));
    assert!(refused(&["--between", "tap:wa"], 2).contains("--between"));
}

#[test]
fn ends_that_carry_different_things_are_refused() {
    in_namespace("emulate::ends_that_carry_different_things_are_refused", || {
        let told = refused(&["--between", "tap:wa", "tun:wb"], 2);
        assert!(told.contains("carries Ethernet frames and the other IP packets"), "{told}");
        let told = refused(&["--between", "raw:nobody", "tap:wb"], 2);
        assert!(told.contains("nobody"), "{told}");
    });
}
