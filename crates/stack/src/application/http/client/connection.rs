//! A connection to a server.

use core::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, HOST, HeaderName, RANGE, USER_AGENT};
use hyper::http::request::Builder;
use hyper::{Method, Request as Message, Response};

use super::super::body::Body;
use super::super::io::Io;
use super::super::{MAX_FIELDS, MAX_HEAD, READ_AHEAD, STALL, Url, told};
use super::{Content, Request};
use crate::application::AppError;
use crate::application::open::connect;
use crate::socket::net::{fs, spawn};
use crate::time::Duration;

/// A connection that can carry one request after the other.
pub(in crate::application) struct Connection {
    host: String,
    port: u16,
    sender: SendRequest<Body>,
}

impl Connection {
    /// Connects to `remote`, where the host of `url` is.
    pub(super) async fn open(url: &Url, remote: SocketAddr) -> Result<Self, AppError> {
        Self::open_with(url, remote, STALL).await
    }

    /// As [`open`](Self::open); it may stand still for `stall`.
    pub(in crate::application) async fn open_with(
        url: &Url,
        remote: SocketAddr,
        stall: Duration,
    ) -> Result<Self, AppError> {
        let stream = connect(remote).await?;
        let (sender, connection) = http1::Builder::new()
            .max_headers(MAX_FIELDS)
            .max_header_size(MAX_HEAD)
            .max_buf_size(READ_AHEAD)
            .handshake(Io::new(Arc::new(stream), stall))
            .await
            .map_err(|error| AppError::new(told(&error)))?;
        // How it ends is told to whoever waits for a response or a body. It ends when nobody does any more.
        spawn(async move { drop(connection.await) });
        Ok(Self { host: url.host().to_owned(), port: url.port(), sender })
    }

    /// Whether a request for `url` can be sent on it.
    pub(super) fn leads_to(&self, url: &Url) -> bool {
        self.host == url.host() && self.port == url.port() && !self.sender.is_closed()
    }

    /// Sends a request, and waits for the head of its response.
    pub(super) async fn ask(&mut self, request: &Request) -> Result<Response<Incoming>, AppError> {
        self.send(message(request)?).await
    }

    /// Asks for `url` with these fields besides the usual ones, and waits for the head of the response.
    pub(in crate::application) async fn get(
        &mut self,
        url: &Url,
        fields: &[(HeaderName, String)],
    ) -> Result<Response<Incoming>, AppError> {
        let mut message = begun(url, &Method::GET);
        for (name, value) in fields {
            message = message.header(name, value);
        }
        self.send(message.body(Body::Empty).map_err(|error| AppError::new(error.to_string()))?).await
    }

    async fn send(&mut self, message: Message<Body>) -> Result<Response<Incoming>, AppError> {
        self.sender.ready().await.map_err(|error| AppError::new(told(&error)))?;
        self.sender.send_request(message).await.map_err(|error| AppError::new(told(&error)))
    }
}

fn message(request: &Request) -> Result<Message<Body>, AppError> {
    let body = match &request.content {
        Content::Nothing => Body::Empty,
        Content::Octets(octets) => Body::Whole(octets.clone()),
        Content::File(path) => {
            let file = fs::open(path).map_err(|error| AppError::new(format!("{path}: {error}")))?;
            let length = file.metadata().length;
            Body::part(file, 0, length)
        }
    };
    let mut message = begun(&request.url, &request.method);
    if let Some((first, last)) = request.range.filter(|_| request.method == Method::GET) {
        let last = last.map(|last| last.to_string()).unwrap_or_default();
        message = message.header(RANGE, format!("bytes={first}-{last}"));
    }
    message.body(body).map_err(|error| AppError::new(error.to_string()))
}

/// A message with the fields that all have.
fn begun(url: &Url, method: &Method) -> Builder {
    Message::builder()
        .method(method)
        .uri(url.target())
        .header(HOST, url.authority())
        .header(USER_AGENT, "wirelab")
        .header(ACCEPT, "*/*")
}
