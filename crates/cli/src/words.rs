//! Causes and fates in words, the same in every output.

use wirelab_stack::frame::Meta;
use wirelab_stack::trace::{Cause, DropReason, Place, Trigger};

/// `new-data (RFC 9293 §3.8)`.
pub fn cause(cause: Cause) -> String {
    format!("{} ({})", cause.name(), cause.source())
}

/// What made a frame be sent, in a few words.
pub fn trigger(trigger: Trigger) -> String {
    match trigger {
        Trigger::Frame(id) => format!("frame {id}"),
        Trigger::Timer => "timer".to_owned(),
        Trigger::Call => "call".to_owned(),
    }
}

/// `delayed-ack (RFC 9293 §3.8.6.3), by a timer`.
pub fn cause_and_trigger(meta: &Meta) -> String {
    let by = match meta.trigger {
        Trigger::Frame(id) => format!("by frame {id}"),
        Trigger::Timer => "by a timer".to_owned(),
        Trigger::Call => "by a call".to_owned(),
    };
    format!("{}, {by}", cause(meta.cause))
}

/// `dropped by link wire, stage loss: loss (…)` or `dropped by server, network layer: no-route (RFC …)`.
pub fn drop(who: &str, place: Place, reason: DropReason) -> String {
    let why = format!("{} ({})", reason.name(), reason.source());
    match place {
        Place::Link(_) => format!("dropped by link {who}: {why}"),
        layer => format!("dropped by {who}, {layer} layer: {why}"),
    }
}

/// `1 bit flipped under way`.
pub fn corrupted(bits: u32) -> String {
    format!("{bits} {} flipped under way", if bits == 1 { "bit" } else { "bits" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_and_fates_name_their_source() {
        let meta = Meta::new(Cause::DelayedAck, Trigger::Timer);
        assert_eq!(cause_and_trigger(&meta), "delayed-ack (RFC 9293 §3.8.6.3), by a timer");
        assert_eq!(
            drop("wire", Place::Link("loss"), DropReason::LinkLoss),
            "dropped by link wire: loss (the link's `loss` stage)"
        );
        assert_eq!(
            drop("server", Place::Network, DropReason::IpBadChecksum),
            "dropped by server, network layer: ip-bad-checksum (RFC 1122 §3.2.1.2)"
        );
        assert_eq!(corrupted(3), "3 bits flipped under way");
    }
}
