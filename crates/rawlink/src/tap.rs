//! `tap:NAME` and `tun:NAME`: devices whose other end is the kernel's own stack.
//!
//! With offloads a virtio-net header stands in front of each frame, both ways: super-frames and partial checksums pass
//! whole, and the super-frame is the batch. A read takes one frame, and a write gathers its header and its payload.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;
use tun_rs::{DeviceBuilder, Layer, SyncDevice};
use wirelab_stack::addr::Mac;
use wirelab_stack::frame::{Frame, Medium};
use wirelab_stack::interface::Capabilities;

use crate::outgoing::{self, Next, Takes};
use crate::pool::{LARGEST, Pool};
use crate::virtio::HEADER;
use crate::{Capability, LinkCounters, LinkError, RealLink, device, incoming, sys};

/// The longest IP packet that a super-frame can be.
const LARGEST_PACKET: u32 = 65_535;

/// An open TAP or TUN device.
pub struct Tap {
    name: String,
    device: SyncDevice,
    takes: Takes,
    mac: Option<Mac>,
    pool: Pool,
    counters: LinkCounters,
    /// It was down when something was sent last.
    is_down: bool,
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap").field("name", &self.name).field("takes", &self.takes).finish_non_exhaustive()
    }
}

impl Tap {
    /// Opens the TAP device `device` (frames of `medium` Ethernet) or the TUN device of that name (IP packets). What does
    /// not exist is made and taken up, and goes when the link is dropped; what exists is left as it is. `offload` asks
    /// for super-frames and partial checksums: where the kernel refuses them, the link is without, as
    /// [`capabilities`](RealLink::capabilities) says.
    ///
    /// `link` is its name for whoever reads errors.
    ///
    /// # Errors
    /// Without permission, where the device is of the other kind or in use, or what the system says.
    pub fn open(link: &str, device: &str, medium: Medium, offload: bool) -> Result<Self, LinkError> {
        let system = |doing| move |error| LinkError::system(link, doing, error);
        let existed = device::index_of(device).map_err(system("look for the device"))?.is_some();
        let (opened, offload) = match build(device, medium, offload) {
            Err(error) if offload && is_unknown(&error) && !existed => {
                (build(device, medium, false).map_err(|error| refused(link, device, existed, error))?, false)
            }
            other => (other.map_err(|error| refused(link, device, existed, error))?, offload),
        };
        opened.set_nonblocking(true).map_err(system("make it non-blocking"))?;
        if !existed {
            opened.enabled(true).map_err(|error| refused(link, device, existed, error))?;
        }
        let mtu = opened.mtu().map_err(system("read the MTU"))?;
        let mac = match medium {
            Medium::Ethernet => {
                Some(Mac(opened.mac_address().map_err(system("read the hardware address"))?))
            }
            Medium::PointToPoint => None,
        };
        let takes = Takes { medium, mtu, offload: offload.then_some(LARGEST_PACKET) };
        Ok(Self {
            name: link.to_owned(),
            device: opened,
            takes,
            mac,
            pool: Pool::new(takes.longest() + 2 * 4),
            counters: LinkCounters::default(),
            is_down: false,
        })
    }

    /// Puts what one frame makes behind `frames`. False where the device has none now.
    fn read(&mut self, frames: &mut VecDeque<Frame>) -> Result<bool, LinkError> {
        let Takes { medium, mtu, offload } = self.takes;
        let has_header = offload.is_some();
        let mut header = [0; HEADER];
        let header_length = if has_header { HEADER } else { 0 };
        let octets = match sys::read(self.device.as_fd(), &mut header[..header_length], &mut self.pool) {
            Ok(octets) => octets,
            Err(error) => return self.read_failed(error),
        };
        let counters = &mut self.counters;
        if octets.len() == LARGEST {
            counters.cut += 1;
        } else if has_header {
            incoming::with_header(header, octets, medium, None, counters, frames);
        } else {
            incoming::without_header(octets, medium, None, mtu, counters, frames);
        }
        Ok(true)
    }

    fn read_failed(&self, error: io::Error) -> Result<bool, LinkError> {
        match Errno::from_io_error(&error) {
            Some(Errno::AGAIN | Errno::INTR) => Ok(false),
            Some(Errno::BADFD | Errno::NODEV) => Err(LinkError::Gone { link: self.name.clone() }),
            _ => Err(LinkError::system(&self.name, "receive", error)),
        }
    }

    /// Writes the frame at the front behind `header`. False where the device takes no more now.
    fn write(&mut self, queue: &mut VecDeque<Frame>, header: [u8; HEADER]) -> Result<bool, LinkError> {
        let Some(frame) = queue.front() else { return Ok(false) };
        let header: &[u8] = if self.takes.offload.is_some() { &header } else { &[] };
        let parts = [IoSlice::new(header), IoSlice::new(frame.head()), IoSlice::new(frame.payload())];
        let written = rustix::io::writev(&self.device, &parts);
        let length = frame.len();
        match written {
            Ok(_) => {
                self.is_down = false;
                self.counters.sent += 1;
                self.counters.sent_octets += length as u64;
            }
            Err(Errno::AGAIN | Errno::INTR) => return Ok(false),
            Err(Errno::BADFD | Errno::NODEV) => return Err(LinkError::Gone { link: self.name.clone() }),
            // The driver's word for a device that is down.
            Err(Errno::IO) => {
                queue.pop_front();
                self.counters.down += 1;
                if !std::mem::replace(&mut self.is_down, true) {
                    return Err(LinkError::Down { link: self.name.clone() });
                }
                return Ok(true);
            }
            Err(Errno::INVAL | Errno::NOMEM | Errno::NOBUFS) => self.counters.refused += 1,
            Err(error) => return Err(LinkError::system(&self.name, "send", error.into())),
        }
        queue.pop_front();
        Ok(true)
    }

    /// A frame is longer than the device's own: unless its MTU was raised, it is dropped.
    fn too_large(&mut self, queue: &mut VecDeque<Frame>, octets: usize) -> Result<(), LinkError> {
        if let Ok(mtu) = self.device.mtu()
            && mtu > self.takes.mtu
        {
            self.takes.mtu = mtu;
            return Ok(());
        }
        queue.pop_front();
        self.counters.too_large += 1;
        Err(LinkError::TooLarge { link: self.name.clone(), octets, most: self.takes.longest() })
    }
}

fn build(device: &str, medium: Medium, offload: bool) -> io::Result<SyncDevice> {
    let layer = match medium {
        Medium::Ethernet => Layer::L2,
        Medium::PointToPoint => Layer::L3,
    };
    // It is taken up later, and only if it was made here.
    DeviceBuilder::new()
        .name(device)
        .layer(layer)
        .inherit_enable_state()
        .with(|options| {
            options.packet_information(false).offload(offload);
        })
        .build_sync()
}

/// A kernel that knows nothing of what was asked for.
fn is_unknown(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::NOTTY | Errno::OPNOTSUPP))
}

/// Why a device could not be opened.
fn refused(link: &str, device: &str, existed: bool, error: io::Error) -> LinkError {
    let wrong = |problem: String| LinkError::Specification { link: link.to_owned(), problem };
    match Errno::from_io_error(&error) {
        Some(Errno::PERM | Errno::ACCESS) => LinkError::NoPermission {
            link: link.to_owned(),
            doing: if existed { "open the device" } else { "make the device" },
            capability: Capability::NetAdmin,
        },
        Some(Errno::BUSY) => {
            wrong(format!("another program has `{device}` open: close that, or take another name"))
        }
        Some(Errno::INVAL) if existed => wrong(format!(
            "`{device}` exists and is another kind of device (`ip -d link show {device}` says which): take another name"
        )),
        Some(Errno::NOENT | Errno::NODEV | Errno::NXIO) => {
            LinkError::system(link, "open /dev/net/tun (the kernel's `tun` module makes it)", error)
        }
        _ => LinkError::system(link, "open the device", error),
    }
}

impl RealLink for Tap {
    fn name(&self) -> &str {
        &self.name
    }

    fn medium(&self) -> Medium {
        self.takes.medium
    }

    fn capabilities(&self) -> Capabilities {
        let offload = self.takes.offload;
        Capabilities {
            mtu: self.takes.mtu,
            max_super_frame: offload.unwrap_or(0),
            transmit_checksum: offload.is_some(),
            receive_checksum: offload.is_some(),
        }
    }

    fn mac(&self) -> Option<Mac> {
        self.mac
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.device.as_fd())
    }

    fn receive(&mut self, frames: &mut VecDeque<Frame>, most: usize) -> Result<usize, LinkError> {
        let before = frames.len();
        for _ in 0..most {
            if !self.read(frames)? {
                break;
            }
        }
        Ok(frames.len() - before)
    }

    fn send(&mut self, frames: &mut VecDeque<Frame>) -> Result<usize, LinkError> {
        let before = self.counters.sent;
        loop {
            match outgoing::prepare(frames, 0, self.takes, &mut self.counters) {
                Next::Nothing => break,
                Next::Ready(header) => {
                    if !self.write(frames, header)? {
                        break;
                    }
                }
                Next::TooLarge(octets) => self.too_large(frames, octets)?,
            }
        }
        Ok((self.counters.sent - before) as usize)
    }

    fn counters(&self) -> LinkCounters {
        self.counters
    }
}
