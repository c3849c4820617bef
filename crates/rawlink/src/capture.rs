//! `pcap:FILE`: a capture, pcap or pcapng, whose frames come in their own time or at once, and one that what is sent is
//! written to.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use pcap_file::DataLink;
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::{Block, PcapNgReader, PcapNgWriter};
use wirelab_stack::addr::Mac;
use wirelab_stack::frame::{Frame, Medium, Meta};
use wirelab_stack::interface::Capabilities;
use wirelab_stack::time::Duration;
use wirelab_stack::trace::{Cause, Trigger};

use crate::outgoing::{self, Next, Takes};
use crate::pool::LARGEST;
use crate::{LinkCounters, LinkError, Pace, RealLink};

/// The first octets of a pcapng file.
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// The MTU of a link that only writes.
const USUAL_MTU: u16 = 1500;
/// Nanoseconds: 10 to the power of minus that.
const NANOSECONDS: u8 = 9;

/// Captures as a link.
pub struct Capture {
    name: String,
    source: Option<Source>,
    sink: Option<PcapNgWriter<BufWriter<File>>>,
    takes: Takes,
    pace: Pace,
    counters: LinkCounters,
}

impl std::fmt::Debug for Capture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture")
            .field("name", &self.name)
            .field("takes", &self.takes)
            .finish_non_exhaustive()
    }
}

impl Capture {
    /// Opens the capture whose frames come, and makes the one that is written. Without the first nothing comes; without the
    /// second what is sent is counted and gone.
    ///
    /// # Errors
    /// When a file cannot be opened or made, is no capture, or one of links that are neither Ethernet nor IP.
    pub fn open(link: &str, from: Option<&Path>, to: Option<&Path>, pace: Pace) -> Result<Self, LinkError> {
        let mut counters = LinkCounters::default();
        let source = from.map(|path| Source::open(link, path, &mut counters)).transpose()?;
        let medium = source.as_ref().map_or(Medium::Ethernet, |source| source.medium);
        let mtu = if source.is_some() { u16::MAX } else { USUAL_MTU };
        let sink = to.map(|path| make(path, medium)).transpose();
        let sink = sink.map_err(|error| LinkError::system(link, "make the capture", error))?;
        let takes = Takes { medium, mtu, offload: None };
        Ok(Self { name: link.to_owned(), source, sink, takes, pace, counters })
    }

    fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        let octets = frame.to_vec();
        let timestamp = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let block = EnhancedPacketBlock {
            interface_id: 0,
            timestamp,
            original_len: octets.len() as u32,
            data: Cow::Owned(octets),
            options: Vec::new(),
        };
        sink.write_pcapng_block(block).map(drop).map_err(io::Error::other)
    }
}

/// A capture with one interface.
fn make(path: &Path, medium: Medium) -> io::Result<PcapNgWriter<BufWriter<File>>> {
    let mut writer = PcapNgWriter::new(BufWriter::new(File::create(path)?)).map_err(io::Error::other)?;
    let link = match medium {
        Medium::Ethernet => DataLink::ETHERNET,
        Medium::PointToPoint => DataLink::RAW,
    };
    let mut interface = InterfaceDescriptionBlock::new(link, 0);
    let resolution = InterfaceTsResolution::new(false, NANOSECONDS).map_err(io::Error::other)?;
    interface.options.push(InterfaceDescriptionOption::IfTsResol(resolution));
    writer.write_pcapng_block(interface).map_err(io::Error::other)?;
    writer.get_mut().flush()?;
    Ok(writer)
}

/// What is read, one frame ahead.
struct Source {
    reader: Reader,
    medium: Medium,
    /// When the first frame was captured.
    began: Option<std::time::Duration>,
    /// When the last one comes, since the first.
    last: Duration,
    ahead: Option<(Duration, Frame)>,
    /// What is wrong behind the frames that came.
    failed: Option<io::Error>,
}

enum Reader {
    Old(PcapReader<BufReader<File>>),
    New(Box<PcapNgReader<BufReader<File>>>),
}

/// A packet of a capture.
struct Packet {
    at: Option<std::time::Duration>,
    link: DataLink,
    octets: Bytes,
    is_cut: bool,
}

impl Reader {
    fn open(path: &Path) -> io::Result<Self> {
        let mut start = [0; 4];
        // A file that is shorter is for the reader to complain about.
        let read = File::open(path)?.read(&mut start)?;
        let file = BufReader::new(File::open(path)?);
        Ok(if read == 4 && start == PCAPNG {
            Self::New(Box::new(PcapNgReader::new(file).map_err(io::Error::other)?))
        } else {
            Self::Old(PcapReader::new(file).map_err(io::Error::other)?)
        })
    }

    /// The next packet; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Packet>> {
        match self {
            Self::Old(reader) => {
                let link = reader.header().datalink;
                let Some(packet) = reader.next_packet() else { return Ok(None) };
                let packet = packet.map_err(io::Error::other)?;
                let is_cut = packet.len() < packet.orig_len();
                let octets = Bytes::copy_from_slice(packet.data());
                Ok(Some(Packet { at: Some(packet.timestamp()), link, octets, is_cut }))
            }
            Self::New(reader) => loop {
                let Some(block) = reader.next_block() else { return Ok(None) };
                let (block, state) = block.map_err(io::Error::other)?;
                let (at, interface, data, original) = match &block {
                    Block::EnhancedPacket(packet) => {
                        (Some(packet.timestamp), packet.interface_id, &packet.data, packet.original_len)
                    }
                    Block::SimplePacket(packet) => (None, 0, &packet.data, packet.original_len),
                    _ => continue,
                };
                let Some(interface) = state.interfaces().get(interface as usize) else { continue };
                let is_cut = data.len() < original as usize;
                let octets = Bytes::copy_from_slice(data);
                return Ok(Some(Packet { at, link: interface.linktype, octets, is_cut }));
            },
        }
    }
}

/// What the frames of links of that type begin with.
fn medium_of(link: DataLink) -> Option<Medium> {
    match link {
        DataLink::ETHERNET => Some(Medium::Ethernet),
        DataLink::RAW | DataLink::IPV4 | DataLink::IPV6 => Some(Medium::PointToPoint),
        _ => None,
    }
}

impl Source {
    fn open(link: &str, path: &Path, counters: &mut LinkCounters) -> Result<Self, LinkError> {
        let failed = |error| LinkError::system(link, "read the capture", error);
        let mut reader = Reader::open(path).map_err(failed)?;
        let first = reader.next().map_err(failed)?;
        let medium = match &first {
            None => Medium::Ethernet,
            Some(packet) => medium_of(packet.link).ok_or_else(|| LinkError::Specification {
                link: link.to_owned(),
                problem: format!("its links are {:?}: they must be Ethernet, or carry IP alone", packet.link),
            })?,
        };
        let mut source =
            Self { reader, medium, began: None, last: Duration::ZERO, ahead: None, failed: None };
        match first.and_then(|packet| source.accept(packet, counters)) {
            Some(frame) => source.ahead = Some(frame),
            None => source.advance(counters),
        }
        Ok(source)
    }

    /// The frame of a packet, and when it comes. `None` for what is none here, which is counted.
    fn accept(&mut self, packet: Packet, counters: &mut LinkCounters) -> Option<(Duration, Frame)> {
        if packet.is_cut || packet.octets.len() >= LARGEST {
            counters.cut += 1;
            return None;
        }
        if medium_of(packet.link) != Some(self.medium) {
            counters.malformed += 1;
            return None;
        }
        if let Some(at) = packet.at {
            let began = *self.began.get_or_insert(at);
            // A clock that was set back in between does not take frames back.
            self.last = self.last.max(at.saturating_sub(began).into());
        }
        let meta = Meta { medium: self.medium, ..Meta::new(Cause::Raw, Trigger::Call) };
        Some((self.last, Frame::from_wire(packet.octets, meta)))
    }

    /// Reads on to the next frame.
    fn advance(&mut self, counters: &mut LinkCounters) {
        self.ahead = None;
        while self.failed.is_none() && self.ahead.is_none() {
            match self.reader.next() {
                Ok(Some(packet)) => self.ahead = self.accept(packet, counters),
                Ok(None) => return,
                Err(error) => self.failed = Some(error),
            }
        }
    }
}

impl RealLink for Capture {
    fn name(&self) -> &str {
        &self.name
    }

    fn medium(&self) -> Medium {
        self.takes.medium
    }

    /// Frames of any length may have been captured, so there is no MTU that they do not keep to.
    fn capabilities(&self) -> Capabilities {
        Capabilities { mtu: self.takes.mtu, ..Capabilities::default() }
    }

    fn mac(&self) -> Option<Mac> {
        None
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn next_time(&self) -> Option<Duration> {
        let source = self.source.as_ref()?;
        match (&source.ahead, self.pace) {
            (None, _) if source.failed.is_some() => Some(source.last),
            (None, _) => None,
            (Some(_), Pace::Once) => Some(Duration::ZERO),
            (Some((at, _)), Pace::Own) => Some(*at),
        }
    }

    /// Takes the frames of the next time that some come, or whatever comes next where the pace is not their own.
    fn receive(&mut self, frames: &mut VecDeque<Frame>, most: usize) -> Result<usize, LinkError> {
        let now = self.next_time();
        let Some(source) = &mut self.source else { return Ok(0) };
        let mut taken = 0;
        while taken < most {
            let is_due = |at: Duration| self.pace == Pace::Once || Some(at) == now;
            let Some((_, frame)) = source.ahead.take_if(|(at, _)| is_due(*at)) else { break };
            self.counters.received += 1;
            self.counters.received_octets += frame.len() as u64;
            frames.push_back(frame);
            taken += 1;
            source.advance(&mut self.counters);
        }
        match source.failed.take_if(|_| taken == 0 && source.ahead.is_none()) {
            Some(error) => Err(LinkError::system(&self.name, "read the capture on", error)),
            None => Ok(taken),
        }
    }

    fn send(&mut self, frames: &mut VecDeque<Frame>) -> Result<usize, LinkError> {
        let before = self.counters.sent;
        let failed = |name: &str, error| LinkError::system(name, "write the capture", error);
        loop {
            match outgoing::prepare(frames, 0, self.takes, &mut self.counters) {
                Next::Nothing => break,
                Next::TooLarge(octets) => {
                    frames.pop_front();
                    self.counters.too_large += 1;
                    let (link, most) = (self.name.clone(), self.takes.longest());
                    return Err(LinkError::TooLarge { link, octets, most });
                }
                Next::Ready(_) => {
                    let Some(frame) = frames.pop_front() else { break };
                    self.write(&frame).map_err(|error| failed(&self.name, error))?;
                    self.counters.sent += 1;
                    self.counters.sent_octets += frame.len() as u64;
                }
            }
        }
        let sent = self.counters.sent - before;
        if let Some(sink) = self.sink.as_mut().filter(|_| sent > 0) {
            // Whoever looks at the file sees what was sent.
            sink.get_mut().flush().map_err(|error| failed(&self.name, error))?;
        }
        Ok(sent as usize)
    }

    fn counters(&self) -> LinkCounters {
        self.counters
    }
}
