//! Where messages go: a file each, with its envelope.

use core::net::IpAddr;

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::state::Client;
use crate::application::AppError;
use crate::application::smtp::codec::stored::{Envelope, Trace, head};
use crate::clock::Timestamp;
use crate::socket::net::fs::{self, Writer};
use crate::storage::{Existing, FilePath, StorageError};

/// How the name of a message ends.
const SUFFIX: &str = ".eml";

/// Makes the store where there is none, and says the number of its next message.
pub(super) fn open(store: &FilePath) -> Result<u64, AppError> {
    let failed = |error: StorageError| AppError::new(format!("the store {store}: {error}"));
    let mut missing = Vec::new();
    let mut directory = Some(store.clone());
    while let Some(path) = directory.filter(|path| fs::metadata(path).is_err()) {
        directory = path.parent();
        missing.push(path);
    }
    for path in missing.iter().rev() {
        fs::create_directory(path).map_err(failed)?;
    }
    let numbers = fs::list(store).map_err(failed)?;
    let numbers = numbers.iter().filter_map(|entry| entry.name.strip_suffix(SUFFIX)?.parse::<u64>().ok());
    Ok(numbers.max().map_or(1, |last| last.saturating_add(1)))
}

/// Begins the file of a message.
pub(super) fn begin(
    store: &FilePath,
    number: u64,
    envelope: &Envelope,
    trace: &Trace,
) -> Result<Writer, StorageError> {
    let path = store.join(&format!("{number:08}{SUFFIX}")).map_err(|_| StorageError::Invalid)?;
    let mut file = fs::create(&path)?;
    file.write(&head(envelope, trace))?;
    Ok(file)
}

/// The message is whole.
pub(super) fn finish(file: Writer) -> Result<(), StorageError> {
    // Another server on the same store may have taken the number.
    file.commit(Existing::Keep)
}

/// How a message came.
pub(super) fn trace(
    client: Option<&Client>,
    peer: IpAddr,
    server: &str,
    international: bool,
    number: u64,
    now: Timestamp,
) -> Trace {
    let extended = client.is_some_and(|client| client.extended);
    Trace {
        client: client.map_or_else(|| "unknown".to_owned(), |client| client.name.clone()),
        address: peer.to_string(),
        server: server.to_owned(),
        with: match (extended, international) {
            (false, _) => "SMTP",
            (true, false) => "ESMTP",
            (true, true) => "UTF8SMTP",
        },
        id: number.to_string(),
        date: date(now),
    }
}

/// A date as RFC 5322 §3.3 writes it.
fn date(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date: DateTime = Offset::UTC.to_datetime(at);
    let name = |names: &[&'static str], number: i8| {
        names.get(usize::from(number.unsigned_abs()).saturating_sub(1)).copied().unwrap_or_default()
    };
    format!(
        "{}, {} {} {:04} {:02}:{:02}:{:02} +0000",
        name(&DAYS, date.weekday().to_monday_one_offset()),
        date.day(),
        name(&MONTHS, date.month()),
        date.year(),
        date.hour(),
        date.minute(),
        date.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DEFAULT_DATE;

    #[test]
    fn dates_are_those_of_mail() {
        assert_eq!(date(DEFAULT_DATE), "Thu, 1 Jan 2026 00:00:00 +0000");
        let leap = Timestamp::new(1_709_251_199, 0).unwrap();
        assert_eq!(date(leap), "Thu, 29 Feb 2024 23:59:59 +0000");
        assert!(!date(Timestamp::MIN).is_empty() && !date(Timestamp::MAX).is_empty());
    }
}
