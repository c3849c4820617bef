//! What becomes of a fragment for this host.

use super::Host;
use super::ingress::{Dropped, Origin};
use crate::context::Ctx;
use crate::frame::Frame;
use crate::trace::{DropReason, Place};

impl Host {
    /// A fragment arrived. Its header is off. Whole, the datagram goes on to `deliver`.
    #[cold]
    pub(super) fn reassemble(
        &mut self,
        _ctx: &mut Ctx<'_>,
        _origin: &Origin,
        _frame: &mut Frame,
    ) -> Result<(), Dropped> {
        Err((Place::Network, DropReason::FragmentLimit))
    }
}
