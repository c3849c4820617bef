//! PUT, POST and DELETE: what clients store.

use core::sync::atomic::Ordering;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_RANGE, HeaderValue, IF_NONE_MATCH};
use hyper::{Request, Response, StatusCode};

use super::super::body::Body;
use super::super::next_data;
use super::Shared;
use super::conditional::{self, Validators};
use super::reply::{Refusal, empty, failed, moved, refuse};
use super::target::Target;
use crate::socket::net::{fs, received, time};
use crate::storage::{Existing, Metadata, StorageError};
use crate::time::{Duration, Instant};

/// Octets in the body of a request, at most, where nothing else is said.
pub const DEFAULT_MAX_BODY: u64 = 64 * 1024 * 1024;

/// A body must come within this time …
pub const BODY_GRACE: Duration = Duration::from_secs(20);

/// … and a second more for so many octets of it: who sends them one by one is not waited for.
pub const BODY_RATE: u64 = 500;

/// PUT (RFC 9110 §9.3.4): the body is the file.
pub(super) async fn put(shared: &Shared, request: Request<Incoming>, target: &Target) -> Response<Body> {
    // RFC 9110 §14.5: a part of a file is no file.
    if request.headers().contains_key(CONTENT_RANGE) {
        return refuse(StatusCode::BAD_REQUEST);
    }
    let old = match existing(target) {
        Ok(old) => old,
        Err(refusal) => return *refusal,
    };
    if old.is_some_and(|old| old.is_directory) || target.directory {
        return refuse(StatusCode::CONFLICT);
    }
    let validators = old.as_ref().map(Validators::of);
    if let Some(status) = conditional::check(request.method(), request.headers(), validators.as_ref()) {
        return refuse(status);
    }
    // Who wants it to be new does not replace what another has made meanwhile; otherwise the last to finish counts.
    let wants_new = old.is_none() && request.headers().contains_key(IF_NONE_MATCH);
    let existing = if wants_new { Existing::Keep } else { Existing::Replace };
    if let Err(refusal) = store(shared, request, target, existing).await {
        return *refusal;
    }
    let mut response = empty(if old.is_some() { StatusCode::NO_CONTENT } else { StatusCode::CREATED });
    if let Ok(new) = fs::metadata(&target.file) {
        Validators::of(&new).tell(response.headers_mut());
    }
    response
}

/// POST (RFC 9110 §9.3.3): to a directory, the body is a new file of it, under a number of its own; to any other path, it is
/// the file, as with PUT.
pub(super) async fn post(shared: &Shared, request: Request<Incoming>, target: &Target) -> Response<Body> {
    match existing(target) {
        Ok(Some(directory)) if directory.is_directory => {}
        Ok(_) => return put(shared, request, target).await,
        Err(refusal) => return *refusal,
    }
    let new = loop {
        let number = shared.posted.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("{number:06}");
        let (Ok(path), Ok(file)) = (target.path.join(&name), target.file.join(&name)) else {
            return refuse(StatusCode::URI_TOO_LONG);
        };
        if fs::metadata(&file) == Err(StorageError::NotFound) {
            break Target { path, file, directory: false };
        }
    };
    match store(shared, request, &new, Existing::Keep).await {
        Ok(()) => {
            // RFC 9110 §15.3.2: where it is.
            let mut response = moved(StatusCode::CREATED, &new.encoded());
            *response.body_mut() = Body::Empty;
            response
        }
        Err(refusal) => *refusal,
    }
}

/// DELETE (RFC 9110 §9.3.5).
pub(super) fn delete<B>(request: &Request<B>, target: &Target) -> Response<Body> {
    let old = match existing(target) {
        Ok(Some(old)) => old,
        Ok(None) => return refuse(StatusCode::NOT_FOUND),
        Err(refusal) => return *refusal,
    };
    let validators = Validators::of(&old);
    if let Some(status) = conditional::check(request.method(), request.headers(), Some(&validators)) {
        return refuse(status);
    }
    if target.path.is_root() {
        return refuse(StatusCode::CONFLICT);
    }
    match fs::remove(&target.file) {
        Ok(()) => empty(StatusCode::NO_CONTENT),
        Err(error) => failed(error),
    }
}

fn existing(target: &Target) -> Result<Option<Metadata>, Refusal> {
    match fs::metadata(&target.file) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(StorageError::NotFound) => Ok(None),
        Err(error) => Err(Box::new(failed(error))),
    }
}

/// Writes the body of a request to a file, which appears when the body is whole.
async fn store(
    shared: &Shared,
    request: Request<Incoming>,
    target: &Target,
    existing: Existing,
) -> Result<(), Refusal> {
    let most = shared.config.max_body;
    let told =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|told| told > most) {
        return Err(closing(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let mut writer = fs::create(&target.file).map_err(|error| match error {
        // RFC 4918 §9.7.1: there is no directory for it.
        StorageError::NotFound => closing(StatusCode::CONFLICT),
        error => closed(failed(error)),
    })?;
    let mut body = request.into_body();
    let began = time::now();
    loop {
        let deadline = deadline(began, writer.written());
        let Ok(data) = time::timeout(deadline.since(time::now()), next_data(&mut body)).await else {
            return Err(closing(StatusCode::REQUEST_TIMEOUT));
        };
        // A body that ends before its end: nobody may be there to read this.
        let Some(data) = data.map_err(|_| closing(StatusCode::BAD_REQUEST))? else { break };
        if writer.written().saturating_add(data.len() as u64) > most {
            return Err(closing(StatusCode::PAYLOAD_TOO_LARGE));
        }
        received(&data);
        writer.write(&data).map_err(|error| closed(failed(error)))?;
    }
    writer.commit(existing).map_err(|error| match error {
        StorageError::Exists => Box::new(refuse(StatusCode::PRECONDITION_FAILED)),
        error => Box::new(failed(error)),
    })
}

fn deadline(began: Instant, octets: u64) -> Instant {
    began + BODY_GRACE + Duration::from_nanos(octets.saturating_mul(1_000_000_000 / BODY_RATE))
}

/// The rest of the body is not read: the connection ends with the answer.
fn closed(mut response: Response<Body>) -> Refusal {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Box::new(response)
}

fn closing(status: StatusCode) -> Refusal {
    closed(refuse(status))
}
