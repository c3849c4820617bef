//! What becomes of a fragment for this host, and of datagrams whose fragments do not all come.

use super::Host;
use super::ingress::{Dropped, Origin};
use super::schedule::{Concern, Schedule};
use crate::context::Ctx;
use crate::frame::{Checksum, Frame, FrameId, InterfaceId, Meta};
use crate::network::icmp::{Error, TimeExceeded};
use crate::network::ipv4;
use crate::network::reassembly::{Assembled, Fragment, Key, Outcome};
use crate::trace::{Cause, DropReason, Event, Interest, Place, Trigger};

impl Host {
    /// A fragment arrived. Its header is off. Whole, the datagram goes on to `deliver`.
    #[cold]
    pub(super) fn reassemble(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        let at_network = |reason| (Place::Network, reason);
        let packet = &origin.packet;
        self.tally.ip.reasm_reqds += 1;
        let length = usize::from(packet.header_length);
        frame.unstrip_front(length);
        let mut header = [0; 60];
        header[..length].copy_from_slice(&frame.head()[..length]);
        frame.strip_front(length);
        let word = u16::from_be_bytes([header[6], header[7]]);
        let fragment = Fragment {
            header: &header[..length],
            offset: (word & 0x1fff) * 8,
            more: word & 0x2000 != 0,
            payload: frame.take_payload(0),
            on: origin.on,
            complain: origin.complain,
        };
        let key = Key {
            source: packet.source,
            destination: packet.destination,
            protocol: packet.protocol.0,
            identification: u16::from_be_bytes([header[4], header[5]]),
        };
        let before = self.reassembly.fails;
        let outcome = self.reassembly.accept(ctx.now, key, &fragment);
        self.tally.ip.reasm_fails += self.reassembly.fails - before;
        for on in self.reassembly.take_evicted() {
            self.give_up(ctx, on, DropReason::FragmentEvicted);
        }
        self.schedule.set(Concern::Reassembly, Schedule::HOST, self.reassembly.next_timeout());
        match outcome.map_err(at_network)? {
            Outcome::Held => Ok(()),
            Outcome::Whole(whole) => {
                self.tally.ip.reasm_oks += 1;
                let meta = frame.meta;
                *frame = frame_of(&whole, meta);
                let packet = ipv4::accept(frame).map_err(at_network)?;
                let origin = Origin { packet, on: whole.on, complain: whole.complain, ..*origin };
                self.deliver_watched(ctx, &origin, frame)
            }
        }
    }

    /// The time of some datagrams is over: their senders are told, where the first fragment came (RFC 792 §Time
    /// Exceeded; RFC 1122 §3.3.2).
    #[cold]
    pub(super) fn give_up_reassembly(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(expired) = self.reassembly.expire(ctx.now) {
            let id = self.give_up(ctx, expired.on, DropReason::ReassemblyTimeout);
            let Some(first) = expired.first else { continue };
            let mut frame = frame_of(&first, Meta::new(Cause::Raw, Trigger::Timer));
            frame.meta.id = id;
            let Ok(packet) = ipv4::accept(&mut frame) else { continue };
            let origin =
                Origin { packet, on: first.on, to_unicast: first.complain, complain: first.complain };
            self.complain(ctx, &origin, &mut frame, Error::TimeExceeded(TimeExceeded::Reassembly));
        }
        self.schedule.set(Concern::Reassembly, Schedule::HOST, self.reassembly.next_timeout());
    }

    /// A datagram whose fragments did not all come ends, under a name of its own.
    fn give_up(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, reason: DropReason) -> FrameId {
        let id = self.name_frame();
        self.tally.count_dropped(on, Place::Network, reason);
        ctx.observe(Interest::FRAMES, || Event::FrameDropped { id, place: Place::Network, reason });
        id
    }
}

/// A packet that was put together, its header in front, as if it had arrived like that.
fn frame_of(assembled: &Assembled, meta: Meta) -> Frame {
    let header = assembled.header();
    let meta = Meta { checksum: Checksum::Complete, segment_size: None, vlan: None, ..meta };
    let mut frame = Frame::with_stripped(header, assembled.payload.clone(), meta);
    frame.unstrip_front(header.len());
    frame
}
