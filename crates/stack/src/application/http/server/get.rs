//! GET and HEAD: a file, or a part of it.

use hyper::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue, RANGE};
use hyper::{Method, Request, Response, StatusCode};

use super::super::body::Body;
use super::conditional::{self, Validators};
use super::media::media_type;
use super::range::{Wanted, wanted};
use super::reply::{Refusal, empty, failed, moved, refuse};
use super::target::Target;
use crate::socket::net::fs;
use crate::storage::{FilePath, StorageError};

/// What a directory shows of itself.
const INDEX: &str = "index.html";

/// The file that `target` names, or what a directory shows.
fn find(target: &Target) -> Result<FilePath, Refusal> {
    match fs::metadata(&target.file) {
        // A client that does not know that it is a directory would look for its files beside it.
        Ok(metadata) if metadata.is_directory && !target.directory && !target.path.is_root() => {
            Err(Box::new(moved(StatusCode::MOVED_PERMANENTLY, &format!("{}/", target.encoded()))))
        }
        Ok(metadata) if metadata.is_directory => {
            target.file.join(INDEX).map_err(|_| Box::new(refuse(StatusCode::NOT_FOUND)))
        }
        Ok(_) if target.directory => Err(Box::new(refuse(StatusCode::NOT_FOUND))),
        Ok(_) => Ok(target.file.clone()),
        Err(error) => Err(Box::new(failed(error))),
    }
}

pub(super) fn get<B>(request: &Request<B>, target: &Target) -> Response<Body> {
    let path = match find(target) {
        Ok(path) => path,
        Err(refusal) => return *refusal,
    };
    let file = match fs::open(&path) {
        Ok(file) => file,
        Err(StorageError::IsDirectory) => return refuse(StatusCode::NOT_FOUND),
        Err(error) => return failed(error),
    };
    let metadata = file.metadata();
    let validators = Validators::of(&metadata);
    let headers = request.headers();
    if let Some(status) = conditional::check(request.method(), headers, Some(&validators)) {
        let mut response = if status == StatusCode::NOT_MODIFIED { empty(status) } else { refuse(status) };
        validators.tell(response.headers_mut());
        return response;
    }
    let range = headers.get(RANGE).filter(|_| *request.method() == Method::GET);
    let range = range.filter(|_| conditional::ranges(headers, &validators));
    let length = metadata.length;
    let range =
        range.and_then(|range| range.to_str().ok()).map_or(Wanted::All, |range| wanted(range, length));
    let (status, part, told) = match range {
        Wanted::All => (StatusCode::OK, (0, length), None),
        Wanted::Part(start, end) => {
            let told = format!("bytes {start}-{}/{length}", end - 1);
            (StatusCode::PARTIAL_CONTENT, (start, end), Some(told))
        }
        Wanted::Nothing => {
            let mut response = refuse(StatusCode::RANGE_NOT_SATISFIABLE);
            tell(&mut response, &format!("bytes */{length}"));
            return response;
        }
    };
    // Of HEAD the length is told that GET's answer would have (RFC 9110 §9.3.2).
    let mut response = Response::new(match *request.method() {
        Method::HEAD => Body::Empty,
        _ => Body::part(file, part.0, part.1),
    });
    *response.status_mut() = status;
    if let Some(told) = told {
        tell(&mut response, &told);
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(path.name())));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(part.1 - part.0));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    validators.tell(headers);
    response
}

fn tell(response: &mut Response<Body>, range: &str) {
    if let Ok(value) = HeaderValue::from_str(range) {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
}
