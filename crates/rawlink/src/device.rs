//! What is asked of the system about its devices: which there are, and what they are like.

use std::io;
use std::net::IpAddr;

use pnet_datalink::NetworkInterface;
use wirelab_stack::addr::Mac;

use crate::LinkError;

/// An interface of the system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterfaceInfo {
    /// Its name.
    pub name: String,
    /// Its number.
    pub index: u32,
    /// Its hardware address, where it has one.
    pub mac: Option<Mac>,
    /// Its addresses with the lengths of their prefixes.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Whether it is up.
    pub up: bool,
    /// Whether a cable, or what stands for one, is plugged in.
    pub running: bool,
    /// Whether it leads back to this system.
    pub loopback: bool,
}

impl From<NetworkInterface> for InterfaceInfo {
    fn from(interface: NetworkInterface) -> Self {
        Self {
            up: interface.is_up(),
            running: interface.is_running(),
            loopback: interface.is_loopback(),
            index: interface.index,
            mac: interface.mac.map(|mac| Mac(mac.octets())).filter(|mac| *mac != Mac::UNSPECIFIED),
            addresses: interface.ips.iter().map(|network| (network.ip(), network.prefix())).collect(),
            name: interface.name,
        }
    }
}

/// The interfaces of the system, in its order.
pub fn interfaces() -> Vec<InterfaceInfo> {
    pnet_datalink::interfaces().into_iter().map(InterfaceInfo::from).collect()
}

/// The interface that a link is over.
pub(crate) fn find(link: &str, name: &str) -> Result<NetworkInterface, LinkError> {
    let mut all = pnet_datalink::interfaces();
    if let Some(place) = all.iter().position(|found| found.name == name) {
        return Ok(all.swap_remove(place));
    }
    let known = all.into_iter().map(|interface| interface.name).collect();
    Err(LinkError::NoDevice { link: link.to_owned(), known })
}

/// The system said that the interface is down, or that it is not there. The one recovers, and is told once: then
/// `is_down` is set. The other is the end.
pub(crate) fn stopped(
    link: &str,
    interface: &str,
    index: u32,
    doing: &'static str,
    error: io::Error,
    is_down: &mut bool,
) -> Result<(), LinkError> {
    use rustix::io::Errno;
    let is_there = || index_of(interface).is_ok_and(|found| found == Some(index));
    match Errno::from_io_error(&error) {
        Some(Errno::NETDOWN) if is_there() => {
            if std::mem::replace(is_down, true) {
                Ok(())
            } else {
                Err(LinkError::Down { link: link.to_owned() })
            }
        }
        Some(Errno::NETDOWN | Errno::NXIO | Errno::NODEV) => Err(LinkError::Gone { link: link.to_owned() }),
        _ => Err(LinkError::system(link, doing, error)),
    }
}

/// The number of the interface of that name; `None` where there is none.
pub(crate) fn index_of(name: &str) -> io::Result<Option<u32>> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    match netdevice::name_to_index(&socket, name) {
        Ok(index) => Ok(Some(index)),
        Err(rustix::io::Errno::NODEV | rustix::io::Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
