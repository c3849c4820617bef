//! HTTP/1.1 (RFC 9110, RFC 9112): a server of the host's files, and a client. The protocol itself is `hyper`'s, over our
//! streams and the network's time; what is served, refused and bounded is here.
//!
//! | where is … | look in |
//! |---|---|
//! | what `hyper` stands on | `io`, `timer` |
//! | bodies that are sent | `body` |
//! | the server | [`server`] |
//! | the client | [`client`] |
//! | where a client goes | [`Url`] |

mod body;
pub mod client;
mod io;
pub mod server;
mod timer;
mod url;

use crate::clock::Timestamp;
use crate::time::Duration;

pub use url::{MAX_URL, Url, UrlError};

/// The port of HTTP (RFC 9110 §4.2.1).
pub const PORT: u16 = 80;

/// Octets of a request's or response's head, its first line included; more are refused with 431.
pub const MAX_HEAD: usize = 16 * 1024;

/// Fields in a head; more are refused with 431.
pub const MAX_FIELDS: usize = 100;

/// Octets of a connection that are read ahead, at most.
const READ_AHEAD: usize = 64 * 1024;

/// After so long without an octet either way, though one is waited for, a connection is given up.
pub const STALL: Duration = Duration::from_secs(60);

/// The next piece of a body's data, and nothing at its end. Trailers are passed over.
pub(in crate::application) async fn next_data(
    body: &mut hyper::body::Incoming,
) -> Result<Option<bytes::Bytes>, hyper::Error> {
    loop {
        let frame =
            core::future::poll_fn(|cx| hyper::body::Body::poll_frame(core::pin::Pin::new(&mut *body), cx));
        match frame.await {
            None => return Ok(None),
            Some(Err(error)) => return Err(error),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data()
                    && !data.is_empty()
                {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// A date as fields have it (RFC 9110 §5.6.7): `Thu, 01 Jan 2026 00:00:00 GMT`.
fn date_field(date: Timestamp) -> String {
    date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// An error with what it comes from: `hyper`'s own says only that something failed.
pub(in crate::application) fn told(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
