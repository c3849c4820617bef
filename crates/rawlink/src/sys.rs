//! The system calls that no crate offers in a safe form, each behind a function that is safe to call.
#![expect(unsafe_code, reason = "the system's own interface: pointers and lengths")]

use std::io;
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
