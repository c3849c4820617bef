//! What becomes of a packet for another host.

use super::Host;
use super::ingress::{Dropped, Origin};
use crate::context::Ctx;
use crate::frame::Frame;
use crate::trace::{DropReason, Place};

impl Host {
    /// A packet for somebody else arrived. Its header is off; `frame.unstrip_front` puts it back.
    #[cold]
    pub(super) fn forward(
        &mut self,
        _ctx: &mut Ctx<'_>,
        _origin: &Origin,
        _frame: &mut Frame,
    ) -> Result<(), Dropped> {
        Err((Place::Network, DropReason::NotForwarding))
    }
}
