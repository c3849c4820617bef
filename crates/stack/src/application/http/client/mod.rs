//! The client: it asks for URLs one after the other, follows redirects, and keeps connections.
//!
//! | where is … | look in |
//! |---|---|
//! | a connection, and what is sent on it | `connection` |
//! | what becomes of a response's body | `download` |

mod connection;
mod download;

use core::net::SocketAddr;

use bytes::Bytes;
use hyper::header::LOCATION;
use hyper::{Response, StatusCode};

use super::Url;
use crate::application::AppError;
use crate::socket::net::bsd::gethostbyname;
use crate::socket::net::{report, result};
use crate::storage::FilePath;

pub use hyper::Method;

pub(in crate::application) use connection::Connection;
use download::Download;

/// Redirects that are followed for one request, where nothing else is said.
pub const DEFAULT_MAX_REDIRECTS: u32 = 10;

/// What the client does.
#[derive(Clone, Debug)]
pub struct Config {
    /// What it asks for, in order.
    pub requests: Vec<Request>,
    /// Redirects that are followed for one request; one more is an error.
    pub max_redirects: u32,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is done.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// What is sent with it.
    pub content: Content,
    /// Where the body of a response that succeeds is saved.
    pub save: Option<FilePath>,
    /// The octets that are asked for: from the first, up to and with the second.
    pub range: Option<(u64, Option<u64>)>,
}

impl Request {
    /// A GET of all of it.
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, content: Content::Nothing, save: None, range: None }
    }
}

/// What is sent with a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// Nothing.
    Nothing,
    /// These octets.
    Octets(Bytes),
    /// A file of the host.
    File(FilePath),
}

/// Asks for all; what came of each it says. A status that is no success is an answer, and no failure.
///
/// # Errors
/// When a host is not known or not reached, an answer does not come or breaks off, or it cannot be saved.
pub async fn client(config: Config) -> Result<(), AppError> {
    let mut kept = None;
    for request in &config.requests {
        fetch(&config, &mut kept, request.clone()).await?;
    }
    Ok(())
}

async fn fetch(config: &Config, kept: &mut Option<Connection>, mut request: Request) -> Result<(), AppError> {
    let mut followed = 0;
    loop {
        let wrong = |error: AppError| AppError::new(format!("{} {}: {error}", request.method, request.url));
        let response = ask(kept, &request).await.map_err(wrong)?;
        let status = response.status();
        let Some(next) = redirected(&request, &response).map_err(wrong)? else {
            result("status", status.as_str());
            let saved = request.save.as_ref().filter(|_| status.is_success());
            return Download::of(saved, response).await.map_err(wrong);
        };
        if followed == config.max_redirects {
            return Err(wrong(AppError::new(format!("more than {followed} redirects"))));
        }
        followed += 1;
        report(format!("{status}: it is at {}", next.url));
        download::pass_over(response).await.map_err(wrong)?;
        request = next;
    }
}

/// What is to be asked instead, where the response is a redirect that says so (RFC 9110 §15.4).
fn redirected<B>(request: &Request, response: &Response<B>) -> Result<Option<Request>, AppError> {
    let status = response.status();
    let keeps = match status {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => request.method != Method::POST,
        StatusCode::SEE_OTHER => request.method == Method::HEAD,
        _ => return Ok(None),
    };
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let location = location.to_str().map_err(|_| AppError::new(format!("{status} to what is no URL")))?;
    let url = request
        .url
        .join(location)
        .map_err(|error| AppError::new(format!("{status} to `{}`: {error}", location.escape_debug())))?;
    let next = Request { url, ..request.clone() };
    Ok(Some(if keeps { next } else { Request { method: Method::GET, content: Content::Nothing, ..next } }))
}

/// Asks on the connection that is kept, if it leads there, and otherwise on a new one, which is kept then.
async fn ask(
    kept: &mut Option<Connection>,
    request: &Request,
) -> Result<Response<hyper::body::Incoming>, AppError> {
    if let Some(mut connection) = kept.take().filter(|kept| kept.leads_to(&request.url)) {
        match connection.ask(request).await {
            Ok(response) => {
                *kept = Some(connection);
                return Ok(response);
            }
            // RFC 9112 §9.3.1: a server may close a connection that idles just when a request comes; what does no harm
            // twice is asked again.
            Err(error) if request.method.is_idempotent() => {
                report(format!("the connection that was kept is gone: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    let mut connection = Connection::open(&request.url, address(&request.url)?).await?;
    let response = connection.ask(request).await?;
    *kept = Some(connection);
    Ok(response)
}

/// Where the host of a URL is, as this host knows it.
fn address(url: &Url) -> Result<SocketAddr, AppError> {
    let known = gethostbyname(url.host()).ok().and_then(|addresses| addresses.first().copied());
    let ip = known.ok_or_else(|| AppError::new(format!("there is no host `{}`", url.host())))?;
    Ok(SocketAddr::new(ip.into(), url.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(method: Method, status: u16, location: &str) -> Result<Option<(Method, String, bool)>, AppError> {
        let request = Request {
            method,
            content: Content::Octets(Bytes::from_static(b"x")),
            ..Request::get("http://a/b/c".parse().unwrap())
        };
        let response = Response::builder().status(status).header(LOCATION, location).body(()).unwrap();
        let next = redirected(&request, &response)?;
        Ok(next.map(|next| (next.method, next.url.to_string(), next.content != Content::Nothing)))
    }

    #[test]
    fn redirects_keep_what_they_must_and_no_more() {
        let d = || "http://a/b/d".to_owned();
        assert_eq!(next(Method::GET, 301, "d"), Ok(Some((Method::GET, d(), true))));
        assert_eq!(next(Method::POST, 301, "d"), Ok(Some((Method::GET, d(), false))));
        assert_eq!(next(Method::POST, 302, "/b/d"), Ok(Some((Method::GET, d(), false))));
        assert_eq!(next(Method::PUT, 302, "d"), Ok(Some((Method::PUT, d(), true))));
        assert_eq!(next(Method::PUT, 303, "d"), Ok(Some((Method::GET, d(), false))));
        assert_eq!(next(Method::HEAD, 303, "d"), Ok(Some((Method::HEAD, d(), true))));
        assert_eq!(next(Method::POST, 307, "d"), Ok(Some((Method::POST, d(), true))));
        assert_eq!(next(Method::POST, 308, "http://a/b/d"), Ok(Some((Method::POST, d(), true))));
        for status in [200, 201, 300, 304, 404] {
            assert_eq!(next(Method::GET, status, "d"), Ok(None), "{status}");
        }
        for location in ["https://a/", "http://", "a b", "ftp://a/"] {
            assert!(next(Method::GET, 302, location).is_err(), "{location}");
        }
        let response = Response::builder().status(302).body(()).unwrap();
        assert!(redirected(&Request::get("http://a/".parse().unwrap()), &response).unwrap().is_none());
    }
}
