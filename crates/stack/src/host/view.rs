//! What a host's tables hold, for whoever shows them. Nothing here changes anything, and all orders are those of
//! addresses and numbers.

use super::Host;
use crate::frame::InterfaceId;
use crate::interface::Interface;
use crate::transport::listing::{self, SocketInfo};

impl Host {
    /// Its interfaces in the order of their numbers, loopback's first.
    pub fn interfaces(&self) -> impl Iterator<Item = (InterfaceId, &Interface)> {
        let own = self.interfaces.iter().zip(0..).map(|(own, number)| (InterfaceId(number), own));
        [(InterfaceId::LOOPBACK, &self.loopback)].into_iter().chain(own)
    }

    /// Its sockets: UDP's, echo's, raw ones, TCP's.
    pub fn sockets(&self) -> Vec<SocketInfo> {
        listing::list(&self.udp, &self.echo, &self.raw, &self.tcp)
    }
}
