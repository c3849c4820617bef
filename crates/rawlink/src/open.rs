//! Opens the link that is named.

use wirelab_stack::frame::Medium;

use crate::{Capture, Ip, LinkError, LinkKind, LinkSpec, Raw, RealLink, Tap};

impl LinkSpec {
    /// Opens the link.
    ///
    /// # Errors
    /// When there is no such device, or the system does not let us.
    pub fn open(&self) -> Result<Box<dyn RealLink>, LinkError> {
        Ok(match &self.kind {
            LinkKind::Tap(device) => Box::new(Tap::open(&self.text, device, Medium::Ethernet, self.offload)?),
            LinkKind::Tun(device) => {
                Box::new(Tap::open(&self.text, device, Medium::PointToPoint, self.offload)?)
            }
            LinkKind::Raw { interface, promiscuous } => {
                Box::new(Raw::open(&self.text, interface, *promiscuous, self.offload)?)
            }
            LinkKind::Ip(interface) => Box::new(Ip::open(&self.text, interface)?),
            LinkKind::Pcap { from, to, pace } => {
                Box::new(Capture::open(&self.text, from.as_deref(), to.as_deref(), *pace)?)
            }
        })
    }
}
