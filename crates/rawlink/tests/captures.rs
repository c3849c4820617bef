//! Captures as links: what is written is read again, and what is wrong with a file is told.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use wirelab_rawlink::{LinkError, LinkSpec, RealLink};
use wirelab_stack::frame::{Checksum, Frame, Medium, Meta};
use wirelab_stack::time::Duration;
use wirelab_stack::trace::{Cause, Trigger};

/// A place for the files of one test, empty.
fn place(test: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::remove_dir_all(&place).ok();
    std::fs::create_dir_all(&place).unwrap();
    place
}

fn open(text: &str) -> Result<Box<dyn RealLink>, LinkError> {
    text.parse::<LinkSpec>().unwrap().open()
}

/// A capture of `packets`: milliseconds since some day, octets, and how many were on the wire.
fn write(path: &Path, link: DataLink, packets: &[(u64, Vec<u8>, usize)]) {
    let header = PcapHeader { datalink: link, snaplen: 1 << 18, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(std::fs::File::create(path).unwrap(), header).unwrap();
    for (millis, octets, original) in packets {
        let at = std::time::Duration::from_secs(1_700_000_000) + std::time::Duration::from_millis(*millis);
        writer.write_packet(&PcapPacket::new(at, *original as u32, octets.clone()).unwrap()).unwrap();
    }
    writer.flush().unwrap();
}

fn octets(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at + length) as u8).collect()
}

fn frame(octets: Vec<u8>, medium: Medium) -> Frame {
    Frame::from_wire(Bytes::from(octets), Meta { medium, ..Meta::new(Cause::Raw, Trigger::Call) })
}

/// All that comes, with its times.
fn all(link: &mut dyn RealLink) -> Vec<(Duration, Vec<u8>)> {
    let mut found = Vec::new();
    while let Some(at) = link.next_time() {
        let mut frames = VecDeque::new();
        assert_eq!(link.receive(&mut frames, 2).unwrap(), frames.len());
        assert!(!frames.is_empty());
        found.extend(frames.into_iter().map(|frame| (at, frame.to_vec())));
    }
    found
}

#[test]
fn frames_come_in_their_own_time_or_at_once() {
    let file = place("own_time").join("in.pcap");
    // The clock was set back before the fifth.
    let times = [0, 0, 0, 250, 100, 300];
    let packets: Vec<_> =
        times.iter().enumerate().map(|(at, millis)| (*millis, octets(60 + at), 60 + at)).collect();
    write(&file, DataLink::ETHERNET, &packets);
    let mut link = open(&format!("pcap:{}", file.display())).unwrap();
    assert!(link.descriptor().is_none() && link.mac().is_none());
    assert_eq!(link.medium(), Medium::Ethernet);
    let came = [0, 0, 0, 250, 250, 300].map(Duration::from_millis);
    let expected: Vec<_> =
        came.into_iter().zip(&packets).map(|(at, packet)| (at, packet.1.clone())).collect();
    assert_eq!(all(&mut *link), expected);
    assert_eq!(link.receive(&mut VecDeque::new(), 1).unwrap(), 0);
    let mut link = open(&format!("pcap:{},pace=once", file.display())).unwrap();
    assert!(all(&mut *link).iter().all(|(at, _)| *at == Duration::ZERO));
    assert_eq!(link.counters().received, 6);
}

#[test]
fn what_is_sent_is_written_and_read_again() {
    for medium in [Medium::Ethernet, Medium::PointToPoint] {
        let place = place(&format!("sent_{medium:?}"));
        let (first, second) = (place.join("in.pcap"), place.join("out.pcapng"));
        let link = if medium == Medium::Ethernet { DataLink::ETHERNET } else { DataLink::RAW };
        write(&first, link, &[(0, octets(60), 60)]);
        let mut link = open(&format!("pcap:{},to={}", first.display(), second.display())).unwrap();
        assert_eq!(link.medium(), medium);
        let mut queue: VecDeque<_> = [60, 1514, 9000].map(|length| frame(octets(length), medium)).into();
        // What a device would complete is completed.
        let mut partial = frame(octets(60), medium);
        partial.meta.checksum = Checksum::Partial { start: 34, offset: 16 };
        queue.push_back(partial.clone());
        assert_eq!(link.send(&mut queue).unwrap(), 4);
        partial.complete_checksum();
        let mut again = open(&format!("pcap:{},pace=once", second.display())).unwrap();
        assert_eq!(again.medium(), medium);
        let read: Vec<_> = all(&mut *again).into_iter().map(|(_, octets)| octets).collect();
        assert_eq!(read, [octets(60), octets(1514), octets(9000), partial.to_vec()]);
    }
}

#[test]
fn a_link_that_only_writes_needs_nothing_to_read() {
    let file = place("only_writes").join("out.pcapng");
    let mut link = open(&format!("pcap:,to={}", file.display())).unwrap();
    assert_eq!((link.next_time(), link.capabilities().mtu), (None, 1500));
    assert_eq!(link.receive(&mut VecDeque::new(), 1).unwrap(), 0);
    let mut queue: VecDeque<_> = [1515, 1514].map(|length| frame(octets(length), Medium::Ethernet)).into();
    let error = link.send(&mut queue).unwrap_err();
    assert!(matches!(error, LinkError::TooLarge { octets: 1515, most: 1514, .. }), "{error}");
    assert_eq!(link.send(&mut queue).unwrap(), 1);
}

#[test]
fn frames_that_were_cut_are_counted_and_left_out() {
    let file = place("cut").join("in.pcap");
    let packets =
        [(0, octets(60), 1514), (1, octets(61), 61), (2, octets(62), 63), (3, octets(70_000), 70_000)];
    write(&file, DataLink::ETHERNET, &packets);
    let mut link = open(&format!("pcap:{}", file.display())).unwrap();
    assert_eq!(all(&mut *link), [(Duration::ZERO, octets(61))]);
    assert_eq!((link.counters().received, link.counters().cut), (1, 3));
}

#[test]
fn what_cannot_be_read_is_told_of() {
    let place = place("wrong");
    let error = |name: &str| open(&format!("pcap:{}", place.join(name).display())).map(drop).unwrap_err();
    assert!(error("absent.pcap").to_string().contains("cannot read the capture: No such file"));
    std::fs::write(place.join("text.pcap"), "no capture, but a text that is long enough").unwrap();
    assert!(matches!(error("text.pcap"), LinkError::System { .. }));
    std::fs::write(place.join("empty.pcap"), "").unwrap();
    assert!(matches!(error("empty.pcap"), LinkError::System { .. }));
    write(&place.join("radio.pcap"), DataLink::IEEE802_11, &[(0, octets(60), 60)]);
    let text = error("radio.pcap").to_string();
    assert!(text.contains("they must be Ethernet, or carry IP alone"), "{text}");
    // One that breaks off: what came before comes, then it is told.
    let file = place.join("broken.pcap");
    write(&file, DataLink::ETHERNET, &[(0, octets(60), 60), (5, octets(61), 61)]);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let mut link = open(&format!("pcap:{}", file.display())).unwrap();
    let mut frames = VecDeque::new();
    assert_eq!(link.receive(&mut frames, 9).unwrap(), 1);
    assert!(link.next_time().is_some(), "somebody has to hear of it");
    let error = link.receive(&mut frames, 9).unwrap_err();
    assert!(error.ends() && error.to_string().contains("cannot read the capture on"), "{error}");
    assert_eq!(link.next_time(), None);
    // An empty one is one without frames.
    write(&file, DataLink::ETHERNET, &[]);
    assert_eq!(open(&format!("pcap:{}", file.display())).unwrap().next_time(), None);
}
