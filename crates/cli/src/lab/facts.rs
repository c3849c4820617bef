//! What a world is told of a real link, as a record keeps it.

use serde::{Deserialize, Serialize};
use wirelab_rawlink::RealLink;
use wirelab_stack::frame::Medium;
use wirelab_stack::interface::Capabilities;

/// What a world is told of a real link.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkFacts {
    point_to_point: bool,
    mtu: u16,
    max_super_frame: u32,
    transmit_checksum: bool,
    receive_checksum: bool,
}

impl LinkFacts {
    /// Of a link that is open.
    pub fn of(link: &dyn RealLink) -> Self {
        let Capabilities { mtu, max_super_frame, transmit_checksum, receive_checksum } = link.capabilities();
        let point_to_point = link.medium() == Medium::PointToPoint;
        Self { point_to_point, mtu, max_super_frame, transmit_checksum, receive_checksum }
    }

    /// What its frames begin with.
    pub const fn medium(&self) -> Medium {
        if self.point_to_point { Medium::PointToPoint } else { Medium::Ethernet }
    }

    /// What it can do.
    pub const fn capabilities(&self) -> Capabilities {
        let Self { point_to_point: _, mtu, max_super_frame, transmit_checksum, receive_checksum } = *self;
        Capabilities { mtu, max_super_frame, transmit_checksum, receive_checksum }
    }
}
