//! What is expected of mail that was delivered.

use wirelab_stack::application::smtp::codec::address::Address;

use crate::model::{Bounds, Expect};
use crate::units::HostFile;

/// What is expected of the messages in a store.
#[derive(Clone, Debug)]
pub struct MailCheck {
    /// The directory where they are.
    pub store: HostFile,
    /// Those from this sender; from any where there is none.
    pub sender: Option<Address>,
    /// Those for this recipient; for any where there is none.
    pub recipient: Option<Address>,
    /// Those whose text is that of this file, whatever ends the lines.
    pub same_as: Option<HostFile>,
    /// How many of them there are.
    pub count: Bounds,
}

impl MailCheck {
    /// What an expectation says of the messages in `store`.
    pub fn new(store: &HostFile, expect: &Expect) -> Self {
        Self {
            store: store.clone(),
            sender: expect.sender.as_ref().map(|sender| sender.value.clone()),
            recipient: expect.recipient.as_ref().map(|recipient| recipient.value.clone()),
            same_as: expect.same_as.as_ref().map(|file| file.value.clone()),
            count: expect.count.as_ref().map_or(Bounds { min: 1, max: 1 }, |count| count.value),
        }
    }
}
