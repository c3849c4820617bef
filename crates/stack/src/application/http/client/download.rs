//! What becomes of a response's body: it is hashed, and saved where that was asked for.

use core::fmt::Write;

use hyper::Response;
use hyper::body::{Body, Incoming};
use sha2::{Digest, Sha256};

use super::super::{next_data, told};
use crate::application::AppError;
use crate::socket::net::{fs, received, report, result, time};
use crate::storage::{Existing, FilePath};
use crate::time::Instant;

/// Octets of a body from which on it is said how far it has come.
const LONG: u64 = 1_000_000;

/// Octets of a body that nobody wants: of a redirect. What has more is not read to its end, and its connection not kept.
const MAX_PASSED_OVER: usize = 64 * 1024;

/// A body that is being received.
pub(super) struct Download<'a> {
    save: Option<(&'a FilePath, fs::Writer)>,
    hash: Sha256,
    octets: u64,
    /// How many there will be, where that was told.
    total: Option<u64>,
    began: Instant,
}

impl<'a> Download<'a> {
    /// Receives the body of `response`, into the file `save` if there is one, and says what it was. The file appears when
    /// the body has come to its end.
    pub(super) async fn of(save: Option<&'a FilePath>, response: Response<Incoming>) -> Result<(), AppError> {
        let status = response.status();
        let mut body = response.into_body();
        let save = match save {
            Some(path) => Some((path, fs::create(path).map_err(|error| unsaved(path, &error))?)),
            None => None,
        };
        let total = body.size_hint().exact();
        let mut download = Self { save, hash: Sha256::new(), octets: 0, total, began: time::now() };
        while let Some(data) = next_data(&mut body).await.map_err(|error| broken(&error, download.octets))? {
            download.take(&data)?;
        }
        let Self { save, hash, octets, began, .. } = download;
        if let Some((path, writer)) = save {
            writer.commit(Existing::Replace).map_err(|error| unsaved(path, &error))?;
        }
        let hash = hexadecimal(&hash.finalize());
        report(format!("{status}: {octets} octets in {}, SHA-256 {hash}", time::now() - began));
        result("body_sha256", &hash);
        Ok(())
    }

    fn take(&mut self, data: &[u8]) -> Result<(), AppError> {
        received(data);
        self.hash.update(data);
        if let Some((path, writer)) = &mut self.save {
            writer.write(data).map_err(|error| unsaved(path, &error))?;
        }
        let before = self.octets;
        self.octets += data.len() as u64;
        if let Some(total) = self.total.filter(|total| *total >= LONG) {
            let tenths = |octets: u64| u128::from(octets) * 10 / u128::from(total);
            if tenths(before) < tenths(self.octets) {
                report(format!("{} %: {} of {total} octets", tenths(self.octets) * 10, self.octets));
            }
        }
        Ok(())
    }
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

fn unsaved(path: &FilePath, error: &crate::storage::StorageError) -> AppError {
    AppError::new(format!("it cannot be saved as {path}: {error}"))
}

fn broken(error: &hyper::Error, octets: u64) -> AppError {
    AppError::new(format!("the body broke off after {octets} octets: {}", told(error)))
}

/// Reads a body that nobody wants, so that its connection can carry more.
pub(super) async fn pass_over(response: Response<Incoming>) -> Result<(), AppError> {
    let mut body = response.into_body();
    let mut passed = 0;
    while passed < MAX_PASSED_OVER {
        match next_data(&mut body).await.map_err(|error| broken(&error, passed as u64))? {
            Some(data) => passed += data.len(),
            None => break,
        }
    }
    Ok(())
}
