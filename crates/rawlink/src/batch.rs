//! Several frames in one system call: `recvmmsg` and `sendmmsg` on a packet socket, with what the kernel says beside the
//! octets (`PACKET_AUXDATA` comes only so).
#![expect(unsafe_code, reason = "messages of pointers and lengths")]

use std::io::{self, IoSlice};
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsRawFd, BorrowedFd};

use bytes::Bytes;

use crate::pool::Pool;
use crate::virtio::HEADER;

/// Frames in one call at most.
pub(crate) const BATCH: usize = 32;
/// Parts that a frame is written to, or gathered from: the virtio-net header, and two of its own.
const PARTS: usize = 3;
/// Words of a message's control data: a header and what follows it, with room to spare.
const CONTROL: usize = 16;

/// What the kernel says beside a frame's octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Beside {
    /// `TP_STATUS_…`.
    pub(crate) status: u32,
    /// Tag control information that it took out of the octets, and the tag's type.
    pub(crate) tag: Option<(u16, u16)>,
}

/// A received frame.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) header: [u8; HEADER],
    pub(crate) octets: Bytes,
    pub(crate) beside: Option<Beside>,
    /// It did not fit.
    pub(crate) is_cut: bool,
    /// It is one that this system sent.
    pub(crate) is_outgoing: bool,
    /// It went to another station.
    pub(crate) is_others: bool,
}

/// Storage for one message of a batch.
pub(crate) struct Slot {
    pool: Pool,
    header: [u8; HEADER],
    address: libc::sockaddr_ll,
    control: [u64; CONTROL],
}

impl Slot {
    /// For a device whose usual frames have at most `usual` octets.
    pub(crate) fn new(usual: usize) -> Self {
        let address = libc::sockaddr_ll {
            sll_family: 0,
            sll_protocol: 0,
            sll_ifindex: 0,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        Self { pool: Pool::new(usual), header: [0; HEADER], address, control: [0; CONTROL] }
    }
}

/// Receives what is there, at most one frame a slot, each behind a virtio-net header if `has_header`, and gives them to
/// `each` in order. Says how many there were.
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    slots: &mut [Slot],
    has_header: bool,
    mut each: impl FnMut(Received),
) -> io::Result<usize> {
    let header_length = if has_header { HEADER } else { 0 };
    let count = slots.len().min(BATCH);
    let mut parts = [const { MaybeUninit::<[libc::iovec; PARTS]>::uninit() }; BATCH];
    let mut messages = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
    for ((slot, parts), message) in slots.iter_mut().zip(&mut parts).zip(&mut messages) {
        let [first, second] = slot.pool.pieces();
        let parts = parts.write([
            libc::iovec { iov_base: slot.header.as_mut_ptr().cast(), iov_len: header_length },
            libc::iovec { iov_base: first.as_mut_ptr().cast(), iov_len: first.len() },
            libc::iovec { iov_base: second.as_mut_ptr().cast(), iov_len: second.len() },
        ]);
        let mut header = empty();
        header.msg_name = (&raw mut slot.address).cast();
        header.msg_namelen = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        header.msg_iov = parts.as_mut_ptr();
        header.msg_iovlen = PARTS as _;
        header.msg_control = slot.control.as_mut_ptr().cast();
        header.msg_controllen = size_of_val(&slot.control) as _;
        message.write(libc::mmsghdr { msg_hdr: header, msg_len: 0 });
    }
    // SAFETY: the first `count` messages were written just now. What they point to, slots and parts, lives through the
    // call and is borrowed for it alone, each with its own length, and octets and numbers may have any value.
    let received = unsafe {
        libc::recvmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr().cast(),
            count as libc::c_uint,
            libc::MSG_DONTWAIT,
            std::ptr::null_mut(),
        )
    };
    let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    for (slot, message) in slots.iter_mut().zip(&messages).take(received) {
        // SAFETY: the first `count` messages are initialised, and the kernel fills no more than those.
        let message = unsafe { message.assume_init_ref() };
        let length = (message.msg_len as usize).saturating_sub(header_length);
        // SAFETY: the kernel wrote `msg_len` octets into the parts in order, so those that are not the header's lie in the
        // pool's pieces from the front of the first, and nothing was called on the pool since it gave them.
        let octets = unsafe { slot.pool.take(length) };
        let controlled = size_of_val(&slot.control).min(message.msg_hdr.msg_controllen);
        each(Received {
            header: slot.header,
            octets,
            beside: beside(&slot.control, controlled),
            is_cut: message.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
            is_outgoing: slot.address.sll_pkttype == libc::PACKET_OUTGOING,
            is_others: slot.address.sll_pkttype == libc::PACKET_OTHERHOST,
        });
    }
    Ok(received)
}

/// Sends frames, each gathered from its parts; says how many went. An error is the first frame's.
pub(crate) fn send(socket: BorrowedFd<'_>, frames: &[[IoSlice<'_>; PARTS]]) -> io::Result<usize> {
    let count = frames.len().min(BATCH);
    let mut messages = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
    for (frame, message) in frames.iter().zip(&mut messages) {
        let mut header = empty();
        // An `IoSlice` has the layout of an `iovec`, as its documentation promises.
        header.msg_iov = frame.as_ptr().cast_mut().cast();
        header.msg_iovlen = PARTS as _;
        message.write(libc::mmsghdr { msg_hdr: header, msg_len: 0 });
    }
    // SAFETY: the first `count` messages were written just now, and what they point to is borrowed through the call; the
    // kernel only reads it.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr().cast(),
            count as libc::c_uint,
            libc::MSG_DONTWAIT,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// A message of nothing.
fn empty() -> libc::msghdr {
    // SAFETY: the type holds pointers and lengths only, and all zeros are null pointers and nothing at them.
    unsafe { std::mem::zeroed() }
}

/// Reads the control data, of which the first `length` octets were written.
fn beside(control: &[u64; CONTROL], length: usize) -> Option<Beside> {
    const HEAD: usize = size_of::<libc::cmsghdr>();
    let mut written = [0; CONTROL * 8];
    for (octets, word) in written.as_chunks_mut().0.iter_mut().zip(control) {
        *octets = word.to_ne_bytes();
    }
    let mut octets = written.get(..length)?;
    while octets.len() >= HEAD {
        let number = |at: usize| octets.get(at..at + 4)?.first_chunk().map(|four| i32::from_ne_bytes(*four));
        let size = usize::from_ne_bytes(*octets.first_chunk()?);
        let (level, kind) = (number(HEAD - 8)?, number(HEAD - 4)?);
        let data = octets.get(HEAD..size)?;
        if (level, kind) == (libc::SOL_PACKET, libc::PACKET_AUXDATA) {
            return auxiliary(data);
        }
        octets = octets.get(size.next_multiple_of(size_of::<usize>())..)?;
    }
    None
}

/// Reads `struct tpacket_auxdata`: status, lengths, and the tag.
fn auxiliary(data: &[u8]) -> Option<Beside> {
    let half = |at: usize| data.get(at..at + 2)?.first_chunk().map(|two| u16::from_ne_bytes(*two));
    let status = u32::from_ne_bytes(*data.first_chunk()?);
    let tag = if status & libc::TP_STATUS_VLAN_VALID == 0 {
        None
    } else if status & libc::TP_STATUS_VLAN_TPID_VALID == 0 {
        Some((half(16)?, 0x8100))
    } else {
        Some((half(16)?, half(18)?))
    };
    Some(Beside { status, tag })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Control data with one message of that level, kind and content.
    fn control(level: i32, kind: i32, data: &[u8]) -> ([u64; CONTROL], usize) {
        let mut octets = (size_of::<libc::cmsghdr>() + data.len()).to_ne_bytes().to_vec();
        octets.extend([level, kind].iter().flat_map(|number| number.to_ne_bytes()));
        octets.extend(data);
        let length = octets.len();
        octets.resize(CONTROL * 8, 0);
        let mut control = [0; CONTROL];
        for (word, octets) in control.iter_mut().zip(octets.as_chunks().0) {
            *word = u64::from_ne_bytes(*octets);
        }
        (control, length)
    }

    fn data(status: u32, control: u16, kind: u16) -> Vec<u8> {
        let mut data = status.to_ne_bytes().to_vec();
        data.extend([0; 12]);
        data.extend(control.to_ne_bytes());
        data.extend(kind.to_ne_bytes());
        data
    }

    #[test]
    fn the_tag_that_the_kernel_keeps_aside_is_read() {
        let of = |status, tag, kind| {
            let (control, length) = control(libc::SOL_PACKET, libc::PACKET_AUXDATA, &data(status, tag, kind));
            beside(&control, length).map(|beside| beside.tag)
        };
        let (valid, with_type) = (libc::TP_STATUS_VLAN_VALID, libc::TP_STATUS_VLAN_TPID_VALID);
        assert_eq!(of(0, 5, 0x88a8), Some(None));
        assert_eq!(of(valid, 5, 0), Some(Some((5, 0x8100))));
        assert_eq!(of(valid | with_type, 5, 0x88a8), Some(Some((5, 0x88a8))));
        let (other, length) = control(libc::SOL_SOCKET, libc::PACKET_AUXDATA, &data(valid, 5, 0));
        assert_eq!(beside(&other, length), None);
    }

    proptest! {
        #[test]
        fn any_control_data_is_read_or_refused(control: [u64; CONTROL], length in 0_usize..200) {
            beside(&control, length);
        }

        /// Cut off anywhere, it tells nothing or the same.
        #[test]
        fn control_data_cut_off_tells_nothing(cut in 0_usize..36) {
            let whole = data(libc::TP_STATUS_VLAN_VALID, 5, 0);
            let (control, length) = control(libc::SOL_PACKET, libc::PACKET_AUXDATA, &whole);
            prop_assert_eq!(beside(&control, cut.min(length - 1)), None);
        }
    }
}
