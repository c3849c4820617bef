//! The calls, and the two that they are made of.

mod act;
mod ours;
mod theirs;

use proptest::test_runner::TestCaseError;

pub use act::{Call, Given, Outcome};
use ours::Ours;
use theirs::Theirs;

/// Sockets that a sequence plays with.
pub const SLOTS: usize = 5;
/// Ports that it binds them to.
pub const PORTS: usize = 3;
/// Makes each call of both; what they give is the same.
pub fn compare(calls: &[Call]) -> Result<(), TestCaseError> {
    let (mut ours, mut theirs) = (Ours::new(), Theirs::new());
    for (place, call) in calls.iter().enumerate() {
        if let Call::Shutdown(slot, _) = call
            && ours.is_fresh(*slot)
        {
            continue;
        }
        let data = act::data(place);
        let own = ours.call(call, &data);
        let system = theirs.call(call, &data, &own, || ours.was_reset(call));
        if own != system {
            let message = format!("call {place}, {call:?}: here {own:?}, of the system {system:?}");
            return Err(TestCaseError::fail(message));
        }
    }
    Ok(())
}
