//! pcapng: one interface a host interface, nanosecond stamps, direction, and each frame's cause or fate as a
//! comment.
//!
//! A comment on a frame that was sent also says what became of it, so the frame waits until that is known; frames
//! are written in the order of time whatever their fate, and at most `MOST_WAITING` of them wait.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use pcap_file::DataLink;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriter};
use wirelab_sim::{Component, Recorder};
use wirelab_stack::addr::Mac;
use wirelab_stack::checksum::Sum;
use wirelab_stack::frame::{Checksum, Frame, FrameCheck, FrameId, InterfaceId, Medium, NodeId};
use wirelab_stack::interface::ethernet;
use wirelab_stack::interface::vlan::{self, Tag};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Event, Interest, LinkEvent};

use crate::exit::Failure;
use crate::output_file::OutputFile;
use crate::topology::Topology;
use crate::words;

/// Frames that wait for their fate; when there are more, the earliest is written without.
const MOST_WAITING: usize = 16_384;

/// Writes the capture.
pub struct PcapRecorder<W: Write = OutputFile> {
    writer: PcapNgWriter<W>,
    error: Option<io::Error>,
    topology: Arc<Topology>,
    interfaces: BTreeMap<(NodeId, InterfaceId), u32>,
    waiting: VecDeque<Waiting>,
    /// The number of the first that waits; the others follow.
    first: u64,
    /// Those that were sent: by their name, and by who sent them, since switches and hubs send what others have made.
    sent: BTreeMap<(FrameId, NodeId, InterfaceId), u64>,
    /// Those that arrived and have no verdict yet: by host and name.
    arrived: BTreeMap<(NodeId, FrameId), u64>,
}

struct Waiting {
    interface: (NodeId, InterfaceId),
    at: Instant,
    frame: Frame,
    inbound: bool,
    comment: String,
    /// For how many it stands: more than one where it is a super-frame that a link has cut.
    segments: u32,
    /// Of how many of them the fate is not known.
    open: u32,
}

impl<W: Write> PcapRecorder<W> {
    /// Writes the section and the interfaces.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(writer: W, topology: &Arc<Topology>, scenario: &str, seed: u64) -> io::Result<Self> {
        let section = SectionHeaderBlock {
            options: vec![
                SectionHeaderOption::UserApplication(concat!("wirelab ", env!("CARGO_PKG_VERSION")).into()),
                SectionHeaderOption::Common(CommonOption::Comment(
                    format!("scenario {scenario}, seed {seed}; virtual time begins at 0").into(),
                )),
            ],
            ..SectionHeaderBlock::default()
        };
        let writer = PcapNgWriter::with_section_header(writer, section).map_err(io_error)?;
        let mut recorder = Self {
            writer,
            error: None,
            topology: Arc::clone(topology),
            interfaces: BTreeMap::new(),
            waiting: VecDeque::new(),
            first: 0,
            sent: BTreeMap::new(),
            arrived: BTreeMap::new(),
        };
        for (node, host) in topology.hosts() {
            // What goes by a VLAN's interface is seen, with its tag, at the one that it is over.
            let numbered = (0..).zip(&host.interfaces).filter(|(_, interface)| interface.vlan.is_none());
            for (number, _) in numbered {
                recorder.interface((node, InterfaceId(number)));
            }
        }
        Ok(recorder)
    }

    /// The number of an interface in the file, described there when it is first seen.
    fn interface(&mut self, id: (NodeId, InterfaceId)) -> u32 {
        if let Some(number) = self.interfaces.get(&id) {
            return *number;
        }
        let number = self.interfaces.len() as u32;
        self.interfaces.insert(id, number);
        let block = describe(&self.topology, id);
        self.write(block);
        number
    }

    fn write<'a>(&mut self, block: impl PcapNgBlock<'a>) {
        if self.error.is_none() {
            self.error = self.writer.write_pcapng_block(block).map_err(io_error).err();
        }
    }

    fn push(&mut self, interface: (NodeId, InterfaceId), at: Instant, frame: &Frame, inbound: bool) -> u64 {
        let comment = if inbound {
            format!("frame {}", frame.meta.id)
        } else {
            format!("frame {}: {}", frame.meta.id, words::cause_and_trigger(&frame.meta))
        };
        self.waiting.push_back(Waiting {
            interface,
            at,
            frame: frame.clone(),
            inbound,
            comment,
            segments: 1,
            open: 1,
        });
        self.first + self.waiting.len() as u64 - 1
    }

    /// Adds to the comment of a frame that still waits.
    fn remark(&mut self, number: Option<u64>, settled: bool, text: &str) {
        let place = number.and_then(|number| number.checked_sub(self.first));
        if let Some(waiting) = place.and_then(|place| self.waiting.get_mut(place as usize)) {
            if !text.is_empty() {
                waiting.comment.push_str("; ");
                waiting.comment.push_str(text);
            }
            waiting.open = waiting.open.saturating_sub(u32::from(settled));
        }
        while self.waiting.front().is_some_and(|front| front.open == 0) || self.waiting.len() > MOST_WAITING {
            self.write_front();
        }
    }

    fn write_front(&mut self) {
        let Some(front) = self.waiting.pop_front() else { return };
        let number = self.first;
        self.first += 1;
        let id = front.frame.meta.id;
        // On loopback the same host waits for the verdict on a frame that it sent.
        if front.inbound {
            forget(&mut self.arrived, &(front.interface.0, id), number);
        } else {
            for segment in 0..u64::from(front.segments) {
                let name = FrameId { counter: id.counter + segment, ..id };
                forget(&mut self.sent, &(name, front.interface.0, front.interface.1), number);
            }
        }
        let interface_id = self.interface(front.interface);
        let octets = octets_of(front.frame.clone());
        let block = EnhancedPacketBlock {
            interface_id,
            timestamp: Duration::from_nanos(front.at.as_nanos()),
            original_len: octets.len() as u32,
            options: vec![
                EnhancedPacketOption::Common(CommonOption::Comment(Cow::Borrowed(&front.comment))),
                EnhancedPacketOption::Flags(flags(&front, &octets)),
            ],
            data: Cow::Borrowed(&octets),
        };
        self.write(block);
    }

    /// Writes what still waits: the run has ended.
    fn write_rest(&mut self) {
        for waiting in &mut self.waiting {
            if waiting.open > 0 {
                waiting.comment.push_str("; under way when the run ended");
            }
        }
        while !self.waiting.is_empty() {
            self.write_front();
        }
    }
}

impl PcapRecorder<OutputFile> {
    /// Completes the file.
    ///
    /// # Errors
    /// The first error since it was opened.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.write_rest();
        let mut file = self.writer.into_inner();
        if let Some(error) = self.error {
            file.fail(error);
        }
        file.finish()
    }
}

impl<W: Write + Send + 'static> Recorder for PcapRecorder<W> {
    fn interest(&self) -> Interest {
        Interest::FRAMES | Interest::LINKS
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        match (at, event) {
            (Component::Host(node), Event::FrameSent { interface, frame }) => {
                let number = self.push((node, *interface), now, frame, false);
                self.sent.insert((frame.meta.id, node, *interface), number);
            }
            (Component::Host(node), Event::FrameArrived { interface, frame }) => {
                let sender = self.topology.peer(node, *interface);
                let sent = sender.and_then(|(from, by)| self.sent.get(&(frame.meta.id, from, by)).copied());
                let number = self.push((node, *interface), now, frame, true);
                self.arrived.insert((node, frame.meta.id), number);
                let text = if self.super_frame(sent).is_some_and(|first| first != frame.meta.id) {
                    // The first one's arrival stands for theirs.
                    String::new()
                } else {
                    format!("reached {} at {now} s", self.topology.full_name(node, *interface))
                };
                self.remark(sent, true, &text);
            }
            (Component::Host(node), Event::FrameAccepted { id }) => {
                let number = self.arrived.remove(&(node, *id));
                self.remark(number, true, "accepted");
            }
            (at, Event::FrameDropped { id, place, reason }) => {
                let number = match at {
                    Component::Host(node) => {
                        let arrived = self.arrived.remove(&(node, *id));
                        // What has no link to go to ends with who sent it.
                        let by = (*id, node, InterfaceId(0))..=(*id, node, InterfaceId::LOOPBACK);
                        arrived.or_else(|| self.sent.range(by).next_back().map(|(_, number)| *number))
                    }
                    Component::Link { .. } => self.sent_into(at, *id),
                };
                let text = words::drop(self.topology.component(at), *place, *reason);
                let is_segment = self.super_frame(number).is_some();
                let text = if is_segment { format!("segment {id} {text}") } else { text };
                self.remark(number, true, &text);
            }
            (at, Event::Link(event)) => self.link(at, event),
            _ => {}
        }
    }
}

impl<W: Write> PcapRecorder<W> {
    /// The frame of that name that was sent into a direction of a link.
    fn sent_into(&self, at: Component, id: FrameId) -> Option<u64> {
        let (node, interface) = self.topology.sender(at)?;
        self.sent.get(&(id, node, interface)).copied()
    }

    /// The name of the frame with that number, if it is a super-frame that a link has cut.
    fn super_frame(&self, number: Option<u64>) -> Option<FrameId> {
        let place = number.and_then(|number| number.checked_sub(self.first));
        let waiting = place.and_then(|place| self.waiting.get(place as usize))?;
        (waiting.segments > 1).then_some(waiting.frame.meta.id)
    }

    /// A super-frame goes on as its segments: what becomes of them is said of it.
    fn segmented(&mut self, at: Component, id: FrameId, segments: u32) {
        let Some((node, interface)) = self.topology.sender(at) else { return };
        let Some(number) = self.sent_into(at, id) else { return };
        let place = number.checked_sub(self.first);
        let Some(waiting) = place.and_then(|place| self.waiting.get_mut(place as usize)) else { return };
        (waiting.segments, waiting.open) = (segments, segments);
        for segment in 1..u64::from(segments) {
            let name = FrameId { counter: id.counter + segment, ..id };
            self.sent.insert((name, node, interface), number);
        }
    }

    fn link(&mut self, at: Component, event: &LinkEvent) {
        let (id, text) = match event {
            LinkEvent::Segmented { id, segments } => {
                self.segmented(at, *id, *segments);
                (id, format!("goes on as {segments} segments"))
            }
            LinkEvent::Corrupted { id, bits } => (id, words::corrupted(*bits)),
            LinkEvent::Duplicated { id } => (id, "duplicated".to_owned()),
            LinkEvent::Reordered { id } => (id, "reordered".to_owned()),
            _ => return,
        };
        let number = self.sent_into(at, *id);
        self.remark(number, false, &text);
    }
}

/// Forgets where a frame waits, if that is the place it waited at.
fn forget<K: Ord>(places: &mut BTreeMap<K, u64>, key: &K, number: u64) {
    if places.get(key) == Some(&number) {
        places.remove(key);
    }
}

/// The block that describes an interface.
fn describe(
    topology: &Topology,
    (node, interface): (NodeId, InterfaceId),
) -> InterfaceDescriptionBlock<'static> {
    let mut linktype = DataLink::ETHERNET;
    let mut options = vec![
        InterfaceDescriptionOption::IfName(topology.full_name(node, interface).into()),
        InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
    ];
    let found = topology.hosts().find(|(id, _)| *id == node);
    if let Some(found) = found.and_then(|(_, host)| host.interfaces.get(usize::from(interface.0))) {
        if found.mac != Mac::UNSPECIFIED {
            options.push(InterfaceDescriptionOption::IfMacAddr(found.mac.0.to_vec().into()));
        }
        if found.medium == Medium::PointToPoint {
            linktype = DataLink::RAW;
        }
        for address in &found.addresses {
            options.push(match address.address() {
                IpAddr::V4(v4) => {
                    let mask = u32::MAX.checked_shl(32 - u32::from(address.prefix())).unwrap_or(0);
                    let octets = [v4.octets(), mask.to_be_bytes()].concat();
                    InterfaceDescriptionOption::IfIpv4Addr(octets.into())
                }
                IpAddr::V6(v6) => {
                    let octets = [&v6.octets()[..], &[address.prefix()]].concat();
                    InterfaceDescriptionOption::IfIpv6Addr(octets.into())
                }
            });
        }
    }
    InterfaceDescriptionBlock { linktype, snaplen: 0, options }
}

/// `epb_flags`: direction in bits 0 and 1, kind of reception in bits 2 to 4, a wrong frame check sequence in bit 24.
fn flags(waiting: &Waiting, octets: &[u8]) -> u32 {
    let direction = if waiting.inbound { 1 } else { 2 };
    let reception = match octets.first_chunk::<6>() {
        _ if waiting.frame.meta.medium == Medium::PointToPoint => 1,
        Some([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) => 3,
        Some([first, ..]) if first & 1 != 0 => 2,
        _ => 1,
    };
    let check = u32::from(waiting.frame.meta.frame_check == FrameCheck::Bad);
    direction | reception << 2 | check << 24
}

/// A frame's octets as an analyser wants them: with the tag and the checksum that the link would have put in.
fn octets_of(mut frame: Frame) -> Vec<u8> {
    if let Some(tag) = frame.meta.vlan.and_then(|control| Tag::from_control(control).ok())
        && frame.pull_up(ethernet::HEADER).is_some()
    {
        vlan::put(&mut frame, tag);
    }
    let mut octets = frame.to_vec();
    if let Checksum::Partial { start, offset } = frame.meta.checksum {
        let tagged = octets.get(12..14) == Some(&[0x81, 0x00]);
        let network = match (frame.meta.medium, tagged) {
            (Medium::PointToPoint, _) => 0,
            (Medium::Ethernet, false) => ethernet::HEADER,
            (Medium::Ethernet, true) => ethernet::HEADER + vlan::TAG,
        };
        complete(&mut octets, network, usize::from(start), usize::from(offset));
    }
    octets
}

/// Puts the checksum in that the link would have: an analyser would call the frame broken.
fn complete(octets: &mut [u8], network: usize, start: usize, offset: usize) {
    const UDP: u8 = 17;
    // Only IPv4's protocol field can be looked at here; in other packets zero is as good as any.
    let is_udp = octets.get(network + 9) == Some(&UDP);
    let Some(covered) = octets.get_mut(start..).filter(|covered| covered.len() >= offset + 2) else { return };
    let sum = match Sum::new().with(covered).finish() {
        // RFC 768 §Fields: zero means that there is none.
        0 if is_udp => 0xffff,
        sum => sum,
    };
    covered[offset..offset + 2].copy_from_slice(&sum.to_be_bytes());
}

/// The crate does not export its error: what the system said is its source, if anything was said.
fn io_error(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(system) => {
            system.raw_os_error().map_or_else(|| system.kind().into(), io::Error::from_raw_os_error)
        }
        None => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests;
