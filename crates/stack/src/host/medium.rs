//! Frames that are not plain Ethernet: those of VLANs, and those of lines that carry IP packets and nothing else.
//!
//! Everything above gives and takes frames as if all links were untagged Ethernet. What a link wants instead is done
//! here, last before a frame leaves and first when it has come.

use super::Host;
use super::ingress::Dropped;
use crate::context::Ctx;
use crate::frame::{Frame, FrameCheck, InterfaceId, Medium};
use crate::interface::vlan::{self, Tag};
use crate::interface::{Interface, ethernet};
use crate::trace::{DropReason, Place};

impl Host {
    /// A frame arrived by an interface that is down, or whose link is no Ethernet.
    #[cold]
    pub(super) fn accept_special(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        let drop = |reason| Err((Place::Interface, reason));
        let interface = match self.interface(on) {
            // A VLAN's interface has no link by which anything could come.
            Some(interface) if interface.is_up() && interface.vlan().is_none() => interface,
            _ => return drop(DropReason::InterfaceDown),
        };
        if frame.meta.frame_check == FrameCheck::Bad && interface.check_fcs() {
            return drop(DropReason::BadFcs);
        }
        let on_line = match frame.meta.segment_size {
            Some(size) => frame.head().len() + frame.payload().len().min(usize::from(size)),
            None => frame.len(),
        };
        if on_line > usize::from(interface.capabilities().mtu) {
            return drop(DropReason::Giant);
        }
        // Whatever becomes of it, the link that it came by does not matter any more: a router may send it by another.
        frame.meta.medium = Medium::Ethernet;
        // There is no type field: what carries what is told by the packet's first four bits.
        match frame.pull_up(1).map(|octets| octets[0] >> 4) {
            None => drop(DropReason::Runt),
            Some(4) => self.accept_ipv4(ctx, on, false, frame),
            Some(_) => drop(DropReason::UnknownEtherType),
        }
    }

    /// A frame with a tag, in its octets or beside them, arrived by `port`: it belongs to the VLAN's interface.
    #[cold]
    pub(super) fn accept_tagged(
        &mut self,
        ctx: &mut Ctx<'_>,
        port: InterfaceId,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        let at_interface = |reason| (Place::Interface, reason);
        let tag = vlan::take(frame).map_err(at_interface)?.unwrap_or_default();
        let on = match (tag.vlan, self.interface(port)) {
            // IEEE 802.1Q §6.9.1: a priority tag names no VLAN, and its frame counts as untagged.
            (None, _) => port,
            (Some(vlan), Some(port)) => {
                port.over(vlan).ok_or_else(|| at_interface(DropReason::VlanUnknown))?
            }
            (Some(_), None) => return Err(at_interface(DropReason::VlanUnknown)),
        };
        let interface = match self.interface(on) {
            Some(interface) if interface.is_up() => interface,
            _ => return Err(at_interface(DropReason::InterfaceDown)),
        };
        let (mac, octets) = (interface.mac(), frame.len());
        let link = ethernet::accept(frame, mac).map_err(at_interface)?;
        if vlan::is_tag(link.ether_type) {
            return Err(at_interface(DropReason::VlanNested));
        }
        self.screen(on, link, frame).map_err(at_interface)?;
        if link.to_group {
            self.tally.count_received_group(port, link.to_all);
        }
        if on != port {
            self.tally.count_received_over(on, octets);
            if link.to_group {
                self.tally.count_received_group(on, link.to_all);
            }
        }
        self.pass_up(ctx, on, link, frame)
    }
}

/// Gives a frame that leaves by `interface`, which is number `number`, the form that its link wants. Says by which
/// interface's link it goes.
#[cold]
pub fn dress(interface: &Interface, number: InterfaceId, frame: &mut Frame) -> InterfaceId {
    if interface.medium() == Medium::PointToPoint {
        frame.strip_front(ethernet::HEADER);
        frame.meta.checksum = frame.meta.checksum.ahead(ethernet::HEADER as u16);
        frame.meta.medium = Medium::PointToPoint;
    }
    let Some(own) = interface.vlan() else { return number };
    vlan::put(frame, Tag::of(own.id));
    own.parent
}
