//! Whether mail was delivered as expected.

use core::fmt::Write;

use super::verdict;
use crate::plan::MailCheck;
use crate::report::{ExpectationReport, MailReport};

/// Judges what is expected of the messages in a store.
pub fn judge(check: &MailCheck, mail: &[MailReport]) -> ExpectationReport {
    let store = check.store.path.to_string();
    let seen = mail.iter().find(|seen| seen.host == check.store.host && seen.store == store);
    let compared = check.same_as.as_ref().map(|file| {
        let path = file.path.to_string();
        let texts = seen.iter().flat_map(|seen| &seen.texts);
        texts
            .into_iter()
            .find(|text| text.host == file.host && text.path == path)
            .and_then(|text| text.sha256.clone())
    });
    let messages = seen.map_or(&[][..], |seen| &seen.messages);
    let sender = check.sender.as_ref().map(ToString::to_string);
    let recipient = check.recipient.as_ref().map(ToString::to_string);
    let matching = messages.iter().filter(|message| {
        sender.as_ref().is_none_or(|sender| message.sender.as_ref() == Some(sender))
            && recipient.as_ref().is_none_or(|recipient| message.recipients.contains(recipient))
            && compared.as_ref().is_none_or(|hash| hash.as_ref() == Some(&message.sha256))
    });
    let found = matching.count() as u64;
    let mut text = format!("{}:{store}: the number of messages", check.store.host);
    if let Some(sender) = &sender {
        let _ = write!(text, " from {sender}");
    }
    if let Some(recipient) = &recipient {
        let _ = write!(text, " for {recipient}");
    }
    if let Some(file) = &check.same_as {
        let _ = write!(text, " that say what {}:{} does", file.host, file.path);
    }
    let held = check.count.hold(found) && !(check.same_as.is_some() && compared.flatten().is_none());
    let all = messages.len();
    verdict(
        format!("{text} {}", check.count.describe()),
        held,
        format!("there are {found}, of {} in all", count_of(all)),
    )
}

fn count_of(all: usize) -> String {
    if all == 1 { "1 message".to_owned() } else { format!("{all} messages") }
}
