//! The ways from state to state (RFC 9293 §3.3.2, figure 5).

use crate::trace::State::{
    self, CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynReceived, SynSent,
    TimeWait,
};

/// Each way there is, besides those to CLOSED, which lead from everywhere.
const WAYS: &[(State, State)] = &[
    (SynSent, Established),
    // Simultaneous open.
    (SynSent, SynReceived),
    (SynReceived, Established),
    (Established, FinWait1),
    (Established, CloseWait),
    (FinWait1, FinWait2),
    // Simultaneous close.
    (FinWait1, Closing),
    // The segment with the peer's FIN also acknowledges ours.
    (FinWait1, TimeWait),
    (FinWait2, TimeWait),
    (Closing, TimeWait),
    (CloseWait, LastAck),
];

/// Whether a connection may go from `from` to `to`.
pub fn is_allowed(from: State, to: State) -> bool {
    (to == Closed && from != Closed) || WAYS.contains(&(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_closed_or_back_to_the_handshake() {
        for to in [SynSent, SynReceived, Established, FinWait1, CloseWait, LastAck, TimeWait, Closed] {
            assert!(!is_allowed(Closed, to));
        }
        assert!(!is_allowed(Established, SynSent) && !is_allowed(TimeWait, Established));
        assert!(is_allowed(LastAck, Closed) && is_allowed(FinWait1, Closing));
    }
}
