//! The system calls that no crate offers in a safe form, each behind a function that is safe to call.
#![expect(unsafe_code, reason = "the system's own interface: pointers and lengths")]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};

use bytes::Bytes;

use crate::pool::Pool;

/// Reads one frame: its first octets into `header`, which is filled first, what follows into storage of `pool`. A frame that
/// ends within the header is one of no octets.
pub(crate) fn read(device: BorrowedFd<'_>, header: &mut [u8], pool: &mut Pool) -> io::Result<Bytes> {
    let header_length = header.len();
    let [first, second] = pool.pieces();
    let parts = [
        libc::iovec { iov_base: header.as_mut_ptr().cast(), iov_len: header_length },
        libc::iovec { iov_base: first.as_mut_ptr().cast(), iov_len: first.len() },
        libc::iovec { iov_base: second.as_mut_ptr().cast(), iov_len: second.len() },
    ];
    // SAFETY: the three parts are exclusive borrows that outlive the call, each with its own length, and the kernel
    // writes octets only, for which any value is valid.
    let read = unsafe { libc::readv(device.as_raw_fd(), parts.as_ptr(), parts.len() as libc::c_int) };
    let read = usize::try_from(read).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: the kernel has filled the parts in order, so what does not lie in the header lies in the pieces from the
    // front of the first; nothing was called on the pool since it gave them.
    Ok(unsafe { pool.take(read.saturating_sub(header_length)) })
}

/// Sets an option of a socket that is a number.
pub(crate) fn set_option(socket: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> io::Result<()> {
    let length = size_of::<i32>() as libc::socklen_t;
    // SAFETY: the pointer is to a number that lives through the call, with its length; the kernel reads it only.
    let done =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), length) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// How many frames a packet socket has dropped since this was asked last.
pub(crate) fn packets_dropped(socket: BorrowedFd<'_>) -> io::Result<u64> {
    let mut counts = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
    let mut length = size_of::<libc::tpacket_stats>() as libc::socklen_t;
    let (level, name) = (libc::SOL_PACKET, libc::PACKET_STATISTICS);
    // SAFETY: both pointers are to what lives through the call and is borrowed for it alone; the kernel writes at most
    // `length` octets, which is the size of the counts, and they are numbers.
    let done = unsafe {
        libc::getsockopt(socket.as_raw_fd(), level, name, (&raw mut counts).cast(), &raw mut length)
    };
    if done == 0 { Ok(counts.tp_drops.into()) } else { Err(io::Error::last_os_error()) }
}

/// The MTU of an interface, asked for by any socket.
pub(crate) fn mtu_of(socket: BorrowedFd<'_>, interface: &str) -> io::Result<u32> {
    let mut request =
        libc::ifreq { ifr_name: [0; libc::IFNAMSIZ], ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_mtu: 0 } };
    if interface.len() >= libc::IFNAMSIZ {
        return Err(io::Error::from_raw_os_error(libc::ENODEV));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from as libc::c_char;
    }
    // SAFETY: the request is of the type that this call takes, its name ends with a zero, and it is borrowed for the call
    // alone.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFMTU as _, &raw mut request) };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel answered, and this is the member that this call writes; it is a number, as which any octets do.
    let mtu = unsafe { request.ifr_ifru.ifru_mtu };
    u32::try_from(mtu).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
}
