//! Rights are for opening links; afterwards they are given up.

use std::io;

use caps::{CapSet, Capability};

/// Gives up all capabilities of this thread, and with them those of whatever it starts. Links that are open stay so; no
/// more can be opened. To be called before there are other threads: each has its own.
///
/// # Errors
/// When the system does not let us.
pub fn drop_capabilities() -> io::Result<()> {
    let failed = |error: caps::errors::CapsError| io::Error::other(error.to_string());
    // A program that root starts would have them all again. To rule that out takes a right itself, which only who has
    // them all has.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(failed)? {
        caps::clear(None, CapSet::Bounding).map_err(failed)?;
    }
    // A kernel older than 4.3 has no ambient ones.
    if caps::read(None, CapSet::Ambient).is_ok() {
        caps::clear(None, CapSet::Ambient).map_err(failed)?;
    }
    for set in [CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).map_err(failed)?;
    }
    Ok(())
}
