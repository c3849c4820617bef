//! Answers that many requests have.

use hyper::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderValue, LOCATION, SERVER};
use hyper::{Response, StatusCode};

use super::super::body::Body;
use super::super::date_field;
use super::Shared;
use crate::socket::net::time;
use crate::storage::StorageError;

/// An answer instead of what was asked for.
pub(super) type Refusal = Box<Response<Body>>;

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}

/// An answer that says in a line what is wrong.
pub(super) fn refuse(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Whole(format!("{status}\n").into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// The answer to what the storage refuses.
pub(super) fn failed(error: StorageError) -> Response<Body> {
    refuse(match error {
        StorageError::NotFound => StatusCode::NOT_FOUND,
        StorageError::Denied => StatusCode::FORBIDDEN,
        StorageError::Exists
        | StorageError::IsDirectory
        | StorageError::NotDirectory
        | StorageError::NotEmpty
        | StorageError::Invalid => StatusCode::CONFLICT,
        StorageError::NoSpace | StorageError::TooManyFiles => StatusCode::INSUFFICIENT_STORAGE,
        StorageError::TooManyOpen => StatusCode::SERVICE_UNAVAILABLE,
        StorageError::NotOpen | StorageError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    })
}

/// What is asked for is elsewhere.
pub(super) fn moved(status: StatusCode, to: &str) -> Response<Body> {
    let Ok(location) = HeaderValue::from_str(to) else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut response = refuse(status);
    response.headers_mut().insert(LOCATION, location);
    response
}

fn allowed(shared: &Shared) -> HeaderValue {
    HeaderValue::from_static(if shared.config.writable {
        "GET, HEAD, OPTIONS, PUT, POST, DELETE"
    } else {
        "GET, HEAD, OPTIONS"
    })
}

/// RFC 9110 §9.3.7.
pub(super) fn options(shared: &Shared) -> Response<Body> {
    let mut response = empty(StatusCode::NO_CONTENT);
    response.headers_mut().insert(ALLOW, allowed(shared));
    response
}

/// RFC 9110 §15.5.6: with what is allowed.
pub(super) fn not_allowed(shared: &Shared) -> Response<Body> {
    let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, allowed(shared));
    response
}

/// With the host's date (RFC 9110 §6.6.1), and how long it is.
pub(super) fn dated(mut response: Response<Body>) -> Response<Body> {
    let length = response.body().length();
    let bodiless = matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let headers = response.headers_mut();
    if let Ok(date) = HeaderValue::from_str(&date_field(time::date())) {
        headers.insert(DATE, date);
    }
    headers.insert(SERVER, HeaderValue::from_static("wirelab"));
    if !bodiless && !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}
