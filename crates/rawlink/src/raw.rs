//! `raw:IFACE`: a packet socket, which sees and sends what passes an interface.
//!
//! The socket is made and set up here, bound and made promiscuous by `pnet`, and read and written here in batches, by a
//! duplicate of the descriptor. A virtio-net header in front of each frame tells partial checksums and super-frames;
//! without it (`offload=off`) the kernel says beside the octets whether a checksum is complete, and what is longer than
//! the MTU is a super-frame, which is cut into what would be on a wire.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd};

use pnet_datalink::{Channel, Config, DataLinkReceiver, DataLinkSender};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};
use wirelab_stack::addr::Mac;
use wirelab_stack::frame::{Frame, Medium};
use wirelab_stack::interface::Capabilities;

use crate::batch::{self, BATCH, Received, Slot};
use crate::outgoing::{self, Next, Takes};
use crate::pool::LARGEST;
use crate::virtio::HEADER;
use crate::{Capability, LinkCounters, LinkError, RealLink, device, incoming, sys};

/// The longest IP packet that a super-frame can be.
const LARGEST_PACKET: u32 = 65_535;
/// Octets of frames, with the kernel's own storage for them, that wait for us at most: a burst at 10 Gbit/s for a few
/// milliseconds. Without the right to ask for so much, the kernel gives what it gives everybody.
const RECEIVE_BUFFER: i32 = 8 << 20;

/// An open packet socket on an interface.
pub struct Raw {
    name: String,
    interface: String,
    index: u32,
    /// The duplicate that is read and written.
    socket: Socket,
    /// Keeps the interface promiscuous.
    _channel: (Box<dyn DataLinkSender>, Box<dyn DataLinkReceiver>),
    takes: Takes,
    mac: Option<Mac>,
    slots: Vec<Slot>,
    counters: LinkCounters,
    missed: Cell<u64>,
    is_down: bool,
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw").field("name", &self.name).field("takes", &self.takes).finish_non_exhaustive()
    }
}

impl Raw {
    /// Opens a packet socket on `interface`. `promiscuous`: frames to other stations are heard too, without which a stack
    /// with a hardware address of its own hears only what goes to all. `offload`: super-frames and partial checksums pass
    /// as they are.
    ///
    /// # Errors
    /// Without permission, where there is no such interface or it has no Ethernet, or what the system says.
    pub fn open(link: &str, interface: &str, promiscuous: bool, offload: bool) -> Result<Self, LinkError> {
        let found = device::find(link, interface)?;
        let info = device::InterfaceInfo::from(found.clone());
        if info.mac.is_none() && !info.loopback {
            let problem = format!("`{interface}` has no Ethernet: `ip:{interface}` sends packets over it");
            return Err(LinkError::Specification { link: link.to_owned(), problem });
        }
        let socket = packet_socket(link, Type::RAW)?;
        let system = |doing| move |error| LinkError::system(link, doing, error);
        // Without a header in front there is what the kernel says beside the octets.
        let header =
            sys::set_option(socket.as_fd(), libc::SOL_PACKET, libc::PACKET_VNET_HDR, i32::from(offload));
        let offload = offload && header.is_ok();
        let mtu = sys::mtu_of(socket.as_fd(), interface).map_err(system("read the MTU"))?;
        let mtu = mtu.try_into().unwrap_or(u16::MAX);
        let takes = Takes { medium: Medium::Ethernet, mtu, offload: offload.then_some(LARGEST_PACKET) };
        let own = socket.try_clone().map_err(system("duplicate a packet socket"))?;
        let config = Config {
            socket_fd: Some(socket.into_raw_fd()),
            promiscuous,
            read_buffer_size: LARGEST + HEADER,
            write_buffer_size: LARGEST + HEADER,
            ..Config::default()
        };
        let channel = match pnet_datalink::channel(&found, config) {
            Ok(Channel::Ethernet(sender, receiver)) => (sender, receiver),
            Ok(_) => return Err(system("bind a packet socket")(io::ErrorKind::Unsupported.into())),
            Err(error) => return Err(system("bind a packet socket")(error)),
        };
        Ok(Self {
            name: link.to_owned(),
            interface: interface.to_owned(),
            index: found.index,
            socket: own,
            _channel: channel,
            takes,
            mac: info.mac,
            slots: (0..BATCH).map(|_| Slot::new(takes.longest() + 2 * 4)).collect(),
            counters: LinkCounters::default(),
            missed: Cell::new(0),
            is_down: false,
        })
    }

    fn stopped(&mut self, doing: &'static str, error: io::Error) -> Result<(), LinkError> {
        device::stopped(&self.name, &self.interface, self.index, doing, error, &mut self.is_down)
    }

    /// Makes frames of what was received.
    fn accept(&mut self, received: Received, frames: &mut VecDeque<Frame>) {
        let Received { header, octets, beside, is_cut, is_outgoing, is_others: _ } = received;
        if is_outgoing {
            return;
        }
        if is_cut {
            self.counters.cut += 1;
            return;
        }
        let (takes, counters) = (self.takes, &mut self.counters);
        if takes.offload.is_some() {
            incoming::with_header(header, octets, takes.medium, beside, counters, frames);
        } else {
            incoming::without_header(octets, takes.medium, beside, takes.mtu, counters, frames);
        }
    }

    /// Makes a batch of the queue's front ready. Says the headers of the frames, and whether the one behind them is too
    /// large, with its octets.
    fn prepare(&mut self, queue: &mut VecDeque<Frame>) -> (Vec<[u8; HEADER]>, Option<usize>) {
        let mut headers = Vec::with_capacity(BATCH);
        while headers.len() < BATCH {
            match outgoing::prepare(queue, headers.len(), self.takes, &mut self.counters) {
                Next::Ready(header) => headers.push(header),
                Next::TooLarge(octets) => return (headers, Some(octets)),
                Next::Nothing => break,
            }
        }
        (headers, None)
    }

    /// Sends the frames at the front whose headers these are. Says how many went; zero where the device takes no more.
    fn write(&self, queue: &VecDeque<Frame>, headers: &[[u8; HEADER]]) -> io::Result<usize> {
        let header_length = if self.takes.offload.is_some() { HEADER } else { 0 };
        let mut frames = Vec::with_capacity(BATCH);
        for (frame, header) in queue.iter().zip(headers) {
            frames.push([
                IoSlice::new(&header[..header_length]),
                IoSlice::new(frame.head()),
                IoSlice::new(frame.payload()),
            ]);
        }
        match batch::send(self.socket.as_fd(), &frames) {
            Err(error) if is_patience(&error) => Ok(0),
            other => other,
        }
    }

    fn drop_too_large(&mut self, queue: &mut VecDeque<Frame>, octets: usize) -> LinkError {
        queue.pop_front();
        self.counters.too_large += 1;
        LinkError::TooLarge { link: self.name.clone(), octets, most: self.takes.longest() }
    }

    /// The first frame of a batch could not be sent: it is dropped and counted, unless that is the end.
    fn not_sent(&mut self, queue: &mut VecDeque<Frame>, error: io::Error) -> Result<(), LinkError> {
        let octets = queue.front().map_or(0, Frame::len);
        match Errno::from_io_error(&error) {
            Some(Errno::MSGSIZE) => return Err(self.drop_too_large(queue, octets)),
            // The queue of the device is full, or the frame is such that it takes it from nobody.
            Some(Errno::NOBUFS | Errno::NOMEM | Errno::INVAL) => self.counters.refused += 1,
            _ => {
                let stopped = self.stopped("send", error);
                if matches!(&stopped, Err(error) if error.ends()) {
                    return stopped;
                }
                self.counters.down += 1;
                queue.pop_front();
                return stopped;
            }
        }
        queue.pop_front();
        Ok(())
    }
}

/// Whether it is only not yet time.
pub(crate) fn is_patience(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::AGAIN | Errno::INTR))
}

/// A packet socket that is set up and not bound yet, and so has received nothing.
pub(crate) fn packet_socket(link: &str, kind: Type) -> Result<Socket, LinkError> {
    let doing = "open a packet socket";
    let socket =
        Socket::new(Domain::PACKET, kind, None).map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::PERM | Errno::ACCESS) => {
                LinkError::NoPermission { link: link.to_owned(), doing, capability: Capability::NetRaw }
            }
            _ => LinkError::system(link, doing, error),
        })?;
    set_up(&socket).map_err(|error| LinkError::system(link, "set up a packet socket", error))?;
    Ok(socket)
}

fn set_up(socket: &Socket) -> io::Result<()> {
    let set = |name, value| sys::set_option(socket.as_fd(), libc::SOL_PACKET, name, value);
    set(libc::PACKET_AUXDATA, 1)?;
    // Older kernels show what we send ourselves; the address of each frame says so too.
    set(libc::PACKET_IGNORE_OUTGOING, 1).ok();
    let force = |name| sys::set_option(socket.as_fd(), libc::SOL_SOCKET, name, RECEIVE_BUFFER);
    if force(libc::SO_RCVBUFFORCE).is_err() {
        force(libc::SO_RCVBUF)?;
    }
    Ok(())
}

impl RealLink for Raw {
    fn name(&self) -> &str {
        &self.name
    }

    fn medium(&self) -> Medium {
        Medium::Ethernet
    }

    fn capabilities(&self) -> Capabilities {
        let offload = self.takes.offload;
        Capabilities {
            mtu: self.takes.mtu,
            max_super_frame: offload.unwrap_or(0),
            transmit_checksum: offload.is_some(),
            receive_checksum: true,
        }
    }

    fn mac(&self) -> Option<Mac> {
        self.mac
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }

    fn receive(&mut self, frames: &mut VecDeque<Frame>, most: usize) -> Result<usize, LinkError> {
        let before = frames.len();
        let mut taken = 0;
        let mut slots = std::mem::take(&mut self.slots);
        let result = loop {
            let wanted = BATCH.min(most - taken);
            if wanted == 0 {
                break Ok(());
            }
            let has_header = self.takes.offload.is_some();
            let mut batch = Vec::with_capacity(wanted);
            match batch::receive(self.socket.as_fd(), &mut slots[..wanted], has_header, |one| batch.push(one))
            {
                Ok(received) => {
                    taken += received;
                    self.is_down = false;
                    batch.into_iter().for_each(|one| self.accept(one, frames));
                    if received < wanted {
                        break Ok(());
                    }
                }
                Err(error) if is_patience(&error) => break Ok(()),
                Err(error) => break self.stopped("receive", error),
            }
        };
        self.slots = slots;
        result.map(|()| frames.len() - before)
    }

    fn send(&mut self, frames: &mut VecDeque<Frame>) -> Result<usize, LinkError> {
        let before = self.counters.sent;
        loop {
            let (headers, too_large) = self.prepare(frames);
            if headers.is_empty() {
                match too_large {
                    Some(octets) => return Err(self.drop_too_large(frames, octets)),
                    None => break,
                }
            }
            match self.write(frames, &headers) {
                Ok(0) => break,
                Ok(sent) => {
                    self.is_down = false;
                    self.counters.sent += sent as u64;
                    let octets = frames.drain(..sent).map(|frame| frame.len() as u64).sum::<u64>();
                    self.counters.sent_octets += octets;
                }
                Err(error) => self.not_sent(frames, error)?,
            }
        }
        Ok((self.counters.sent - before) as usize)
    }

    fn counters(&self) -> LinkCounters {
        // The kernel counts anew each time it is asked.
        let missed = self.missed.get() + sys::packets_dropped(self.socket.as_fd()).unwrap_or(0);
        self.missed.set(missed);
        LinkCounters { missed, ..self.counters }
    }
}
