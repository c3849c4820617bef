//! What becomes of a packet for a multicast group.

use super::Host;
use super::ingress::{Dropped, Origin};
use crate::context::Ctx;
use crate::frame::Frame;
use crate::trace::{DropReason, Place};

impl Host {
    /// A packet for a group arrived. Its header is off; `frame.unstrip_front` puts it back.
    #[cold]
    pub(super) fn accept_multicast(
        &mut self,
        _ctx: &mut Ctx<'_>,
        _origin: &Origin,
        _frame: &mut Frame,
    ) -> Result<(), Dropped> {
        Err((Place::Network, DropReason::NotForUs))
    }
}
