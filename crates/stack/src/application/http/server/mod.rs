//! The server: files of its host, and where it may write, files that are put there.
//!
//! | where is … | look in |
//! |---|---|
//! | what a request's target names | `target` |
//! | GET and HEAD | `get` |
//! | PUT, POST and DELETE | `store` |
//! | preconditions | `conditional` |
//! | ranges | `range` |
//! | what kind of file it is | `media` |
//! | the access log | `log` |

mod conditional;
mod get;
mod log;
mod media;
mod range;
mod reply;
mod store;
mod target;

use core::convert::Infallible;
use core::net::SocketAddr;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};

use super::body::Body;
use super::io::Io;
use super::timer::NetworkTimer;
use super::{MAX_FIELDS, MAX_HEAD, READ_AHEAD, STALL, told};
use crate::application::AppError;
use crate::application::server::{linger, serve};
use crate::socket::net::{TcpStream, report};
use crate::storage::FilePath;
use crate::time::Duration;

pub use range::{Wanted, wanted};
use reply::refuse;
pub use store::{BODY_GRACE, BODY_RATE, DEFAULT_MAX_BODY};
pub use target::Target;

/// How long a client may take for the head of a request, the time before it included, where nothing else is said.
pub const DEFAULT_HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Requests that are answered on one connection, where nothing else is said: as nginx has it.
pub const DEFAULT_MAX_REQUESTS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// A server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub local: SocketAddr,
    /// It ends after so many connections; without a number it goes on for ever.
    pub connections: Option<u32>,
    /// The directory that it serves.
    pub root: FilePath,
    /// Whether PUT, POST and DELETE change what is there.
    pub writable: bool,
    /// Octets in the body of a request, at most.
    pub max_body: u64,
    /// How long a client may take for the head of a request, the time before it included.
    pub head_timeout: Duration,
    /// Requests that it answers on one connection, which ends with the last answer; without a number it ends when the client
    /// wants it to.
    pub max_requests: Option<NonZeroU32>,
    /// Where it writes a line for each request, besides saying it.
    pub log: Option<FilePath>,
    /// Paths that are elsewhere, with where: a path or a URL.
    pub redirects: Vec<(FilePath, String)>,
}

/// What the connections of a server share.
struct Shared {
    config: Config,
    /// How many files POST has named.
    posted: AtomicU64,
    /// Whether the log has failed already.
    log_failed: AtomicBool,
}

/// Serves. Several connections at once.
///
/// # Errors
/// When it cannot listen, or one of a limited number of connections failed.
pub async fn server(config: Config) -> Result<(), AppError> {
    let (local, connections) = (config.local, config.connections);
    let shared = Arc::new(Shared { config, posted: AtomicU64::new(0), log_failed: AtomicBool::new(false) });
    serve(local, connections, move |stream, peer| connection(Arc::clone(&shared), stream, peer)).await
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr) -> Result<(), AppError> {
    let stream = Arc::new(stream);
    let begun = AtomicU32::new(0);
    let ended = {
        let service = service_fn(|request| {
            let shared = Arc::clone(&shared);
            let before = begun.fetch_add(1, Ordering::Relaxed);
            let last = shared.config.max_requests.is_some_and(|most| before >= most.get() - 1);
            async move {
                let mut response = handle(&shared, peer, request).await;
                if last {
                    // RFC 9112 §9.6: what is in the pipeline behind it is not answered, and the client knows.
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        http1::Builder::new()
            .timer(NetworkTimer::new())
            // Who has asked may close its side before it is answered.
            .half_close(true)
            .header_read_timeout(core::time::Duration::from(shared.config.head_timeout))
            .max_headers(MAX_FIELDS)
            .max_header_size(MAX_HEAD)
            .max_buf_size(READ_AHEAD)
            // Or the trace would change each second: the date is the host's.
            .auto_date_header(false)
            .serve_connection(Io::new(Arc::clone(&stream), STALL), service)
            .await
    };
    let Some(stream) = Arc::into_inner(stream) else { return Ok(()) };
    match &ended {
        Err(error) if error.is_timeout() => stream.abort(),
        _ => linger(stream).await,
    }
    // That a client misbehaves, or is gone, is its own affair.
    if let Err(error) = ended {
        report(format!("connection from {peer}: {}", told(&error)));
    }
    Ok(())
}

async fn handle(shared: &Shared, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    let line = log::RequestLine::of(&request);
    let response = reply::dated(answer(shared, request).await);
    log::write(shared, peer, &line, &response);
    response
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Response<Body> {
    // RFC 9112 §3.2: a request without the field, or with several, is bad.
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || hosts == 0 && request.version() == Version::HTTP_11 {
        return refuse(StatusCode::BAD_REQUEST);
    }
    if request.uri().path() == "*" {
        return match *request.method() {
            Method::OPTIONS => reply::options(shared),
            _ => refuse(StatusCode::BAD_REQUEST),
        };
    }
    let target = match Target::read(request.uri().path(), &shared.config.root) {
        Ok(target) => target,
        Err(status) => return refuse(status),
    };
    let moved = shared.config.redirects.iter().find(|(from, _)| *from == target.path);
    if let Some((_, to)) = moved {
        return reply::moved(StatusCode::FOUND, to);
    }
    let writable = shared.config.writable;
    match *request.method() {
        Method::GET | Method::HEAD => get::get(&request, &target),
        Method::OPTIONS => reply::options(shared),
        Method::PUT if writable => store::put(shared, request, &target).await,
        Method::POST if writable => store::post(shared, request, &target).await,
        Method::DELETE if writable => store::delete(&request, &target),
        Method::PUT | Method::POST | Method::DELETE | Method::PATCH | Method::TRACE | Method::CONNECT => {
            reply::not_allowed(shared)
        }
        _ => refuse(StatusCode::NOT_IMPLEMENTED),
    }
}
