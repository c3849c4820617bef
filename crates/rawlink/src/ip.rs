//! `ip:IFACE`: IP packets over an interface whose kernel finds the neighbours, and puts the link's header in front.
//!
//! They go out by a raw socket that is bound to the interface (`IP_HDRINCL`: the header is ours) and come in by a packet
//! socket without the link's headers. It is enough for ping, traceroute and UDP without a hardware address of our own.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd};

use pnet_datalink::{Channel, ChannelType, Config, DataLinkReceiver, DataLinkSender};
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use wirelab_stack::addr::Mac;
use wirelab_stack::frame::{Frame, Medium};
use wirelab_stack::interface::Capabilities;

use crate::batch::{self, BATCH, Slot};
use crate::outgoing::{self, Next, Takes};
use crate::raw::{is_patience, packet_socket};
use crate::{Capability, LinkCounters, LinkError, RealLink, device, incoming, sys};

/// The type of IPv4 packets on Ethernet: what the packet socket is bound to.
const IPV4: u16 = 0x0800;
/// Octets of an IPv4 header without options.
const HEADER: usize = 20;

/// Raw IP over an interface.
pub struct Ip {
    name: String,
    interface: String,
    index: u32,
    receiver: Socket,
    /// Holds the descriptor that was bound.
    _channel: (Box<dyn DataLinkSender>, Box<dyn DataLinkReceiver>),
    sender: Socket,
    takes: Takes,
    slots: Vec<Slot>,
    counters: LinkCounters,
    is_down: bool,
}

impl std::fmt::Debug for Ip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ip").field("name", &self.name).field("takes", &self.takes).finish_non_exhaustive()
    }
}

impl Ip {
    /// Opens raw IP over `interface`.
    ///
    /// # Errors
    /// Without permission, where there is no such interface, or what the system says.
    pub fn open(link: &str, interface: &str) -> Result<Self, LinkError> {
        let found = device::find(link, interface)?;
        let system = |doing| move |error| LinkError::system(link, doing, error);
        let receiver = packet_socket(link, Type::DGRAM)?;
        let mtu = sys::mtu_of(receiver.as_fd(), interface).map_err(system("read the MTU"))?;
        let sender = raw_socket(interface).map_err(|error| refused(link, error))?;
        let own = receiver.try_clone().map_err(system("duplicate a packet socket"))?;
        let config = Config {
            channel_type: ChannelType::Layer3(IPV4),
            socket_fd: Some(receiver.into_raw_fd()),
            promiscuous: false,
            ..Config::default()
        };
        let channel = match pnet_datalink::channel(&found, config) {
            Ok(Channel::Ethernet(sender, receiver)) => (sender, receiver),
            Ok(_) => return Err(system("bind a packet socket")(io::ErrorKind::Unsupported.into())),
            Err(error) => return Err(system("bind a packet socket")(error)),
        };
        let mtu = mtu.try_into().unwrap_or(u16::MAX);
        let takes = Takes { medium: Medium::PointToPoint, mtu, offload: None };
        Ok(Self {
            name: link.to_owned(),
            interface: interface.to_owned(),
            index: found.index,
            receiver: own,
            _channel: channel,
            sender,
            takes,
            slots: (0..BATCH).map(|_| Slot::new(takes.longest())).collect(),
            counters: LinkCounters::default(),
            is_down: false,
        })
    }

    /// Sends the frame at the front, and takes it out of the queue in any case: what the kernel has no room for is lost, as
    /// with a full queue.
    fn write(&mut self, queue: &mut VecDeque<Frame>) -> Result<(), LinkError> {
        let Some(mut frame) = queue.pop_front() else { return Ok(()) };
        let octets = frame.len();
        let Some(to) = destination(&mut frame) else {
            self.counters.refused += 1;
            return Ok(());
        };
        let parts = [IoSlice::new(frame.head()), IoSlice::new(frame.payload())];
        match self.sender.send_to_vectored(&parts, &SockAddr::from(SocketAddrV4::new(to, 0))) {
            Ok(_) => {
                self.is_down = false;
                self.counters.sent += 1;
                self.counters.sent_octets += octets as u64;
                Ok(())
            }
            Err(error) => self.not_sent(error, octets),
        }
    }

    fn not_sent(&mut self, error: io::Error, octets: usize) -> Result<(), LinkError> {
        match Errno::from_io_error(&error) {
            Some(Errno::MSGSIZE) => {
                self.counters.too_large += 1;
                let (link, most) = (self.name.clone(), self.takes.longest());
                Err(LinkError::TooLarge { link, octets, most })
            }
            Some(Errno::NETDOWN | Errno::NXIO | Errno::NODEV) => {
                self.counters.down += 1;
                device::stopped(&self.name, &self.interface, self.index, "send", error, &mut self.is_down)
            }
            // No way there, no room, or a firewall that says no: it is lost, as it might be on the way.
            Some(
                Errno::NETUNREACH
                | Errno::HOSTUNREACH
                | Errno::HOSTDOWN
                | Errno::AGAIN
                | Errno::NOBUFS
                | Errno::NOMEM
                | Errno::INVAL
                | Errno::PERM
                | Errno::ACCESS
                | Errno::ADDRNOTAVAIL,
            ) => {
                self.counters.refused += 1;
                Ok(())
            }
            _ => Err(LinkError::system(&self.name, "send", error)),
        }
    }
}

/// Where an IPv4 packet goes.
fn destination(frame: &mut Frame) -> Option<Ipv4Addr> {
    let header = frame.pull_up(HEADER)?;
    let octets: [u8; 4] = *header[16..].first_chunk()?;
    (header[0] >> 4 == 4).then(|| octets.into())
}

/// A socket for packets with headers of our own, over one interface.
fn raw_socket(interface: &str) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(libc::IPPROTO_RAW)))?;
    socket.set_header_included_v4(true)?;
    socket.bind_device(Some(interface.as_bytes()))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn refused(link: &str, error: io::Error) -> LinkError {
    let doing = "open a raw socket";
    match Errno::from_io_error(&error) {
        Some(Errno::PERM | Errno::ACCESS) => {
            LinkError::NoPermission { link: link.to_owned(), doing, capability: Capability::NetRaw }
        }
        _ => LinkError::system(link, doing, error),
    }
}

impl RealLink for Ip {
    fn name(&self) -> &str {
        &self.name
    }

    fn medium(&self) -> Medium {
        Medium::PointToPoint
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            mtu: self.takes.mtu,
            max_super_frame: 0,
            transmit_checksum: false,
            receive_checksum: true,
        }
    }

    fn mac(&self) -> Option<Mac> {
        None
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.receiver.as_fd())
    }

    fn receive(&mut self, frames: &mut VecDeque<Frame>, most: usize) -> Result<usize, LinkError> {
        let before = frames.len();
        let wanted = BATCH.min(most);
        if wanted == 0 {
            return Ok(0);
        }
        let (takes, counters) = (self.takes, &mut self.counters);
        let received = batch::receive(self.receiver.as_fd(), &mut self.slots[..wanted], false, |one| {
            if one.is_cut {
                counters.cut += 1;
            } else if !one.is_others && !one.is_outgoing {
                incoming::without_header(one.octets, takes.medium, one.beside, takes.mtu, counters, frames);
            }
        });
        match received {
            Ok(_) => self.is_down = false,
            Err(error) if is_patience(&error) => {}
            Err(error) => {
                device::stopped(
                    &self.name,
                    &self.interface,
                    self.index,
                    "receive",
                    error,
                    &mut self.is_down,
                )?;
            }
        }
        Ok(frames.len() - before)
    }

    fn send(&mut self, frames: &mut VecDeque<Frame>) -> Result<usize, LinkError> {
        let before = self.counters.sent;
        loop {
            match outgoing::prepare(frames, 0, self.takes, &mut self.counters) {
                Next::Nothing => break,
                Next::Ready(_) => self.write(frames)?,
                Next::TooLarge(octets) => {
                    frames.pop_front();
                    self.counters.too_large += 1;
                    let (link, most) = (self.name.clone(), self.takes.longest());
                    return Err(LinkError::TooLarge { link, octets, most });
                }
            }
        }
        Ok((self.counters.sent - before) as usize)
    }

    fn counters(&self) -> LinkCounters {
        self.counters
    }
}
