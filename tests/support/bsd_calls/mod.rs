//! The calls, and the two that they are made of.

mod ours;
mod theirs;

use proptest::test_runner::TestCaseError;

use ours::Ours;
use theirs::Theirs;

/// Sockets that a sequence plays with.
pub const SLOTS: usize = 5;
/// Ports that it binds them to.
pub const PORTS: usize = 3;
/// Octets that a call can send.
pub const LONGEST: usize = 20;

/// A call on the socket of a slot.
#[derive(Clone, Debug)]
pub enum Call {
    /// A new socket, of TCP or of UDP, instead of what was there.
    Open(usize, bool),
    Bind(usize, usize),
    Listen(usize),
    Connect(usize, usize),
    /// `connect` to no family, of datagrams.
    Disconnect(usize),
    /// Into which slot.
    Accept(usize, usize),
    Send(usize, usize),
    SendTo(usize, usize, usize),
    /// At most so many octets; peeking; `MSG_TRUNC`.
    Recv(usize, usize, bool, bool),
    Shutdown(usize, i32),
    Error(usize),
    Poll(usize),
    PeerName(usize),
    SockName(usize),
    Listens(usize),
    ReuseAddress(usize, bool),
    ReusePort(usize, bool),
    LingerZero(usize),
    Close(usize),
}

/// What a call gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Given {
    Nothing,
    Number(i64),
    /// What came, how long it was, and from which of the ports; none is another.
    Octets(Vec<u8>, usize, Option<usize>),
    /// Which of the ports; another is `PORTS`, none 0 as such.
    Port(Option<usize>),
}

/// What a call gave, or the number of its error.
pub type Outcome = Result<Given, i32>;

/// Makes each call of both; what they give is the same.
pub fn compare(calls: &[Call]) -> Result<(), TestCaseError> {
    let (mut ours, mut theirs) = (Ours::new(), Theirs::new());
    for (place, call) in calls.iter().enumerate() {
        if let Call::Shutdown(slot, _) = call
            && ours.is_fresh(*slot)
        {
            continue;
        }
        let data: Vec<u8> = (0..LONGEST).map(|octet| (place * LONGEST + octet) as u8).collect();
        let own = ours.call(call, &data);
        let system = theirs.call(call, &data, &own, || ours.was_reset(call));
        if own != system {
            let message = format!("call {place}, {call:?}: here {own:?}, of the system {system:?}");
            return Err(TestCaseError::fail(message));
        }
    }
    Ok(())
}
