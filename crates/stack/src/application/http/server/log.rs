//! The access log, a line for each request in the common format.

use core::fmt::Write;
use core::net::SocketAddr;
use core::sync::atomic::Ordering;

use hyper::header::CONTENT_LENGTH;
use hyper::{Request, Response};

use super::super::body::Body;
use super::Shared;
use crate::clock::Timestamp;
use crate::socket::net::{fs, report, time};

/// Octets of a request's first line that are logged.
pub(super) const MOST: usize = 512;

/// The first line of a request, as a log may have it.
pub(super) struct RequestLine(String);

impl RequestLine {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let (method, target, version) = (request.method(), request.uri(), request.version());
        Self(tamed(&format!("{method} {target} {version:?}")))
    }
}

/// A text that stays in its quotes and on its line.
fn tamed(text: &str) -> String {
    let mut tame = String::new();
    for c in text.chars() {
        if tame.len() >= MOST {
            tame.push('…');
            break;
        }
        if c.is_control() || matches!(c, '"' | '\\') {
            let _ = write!(tame, "{}", c.escape_default());
        } else {
            tame.push(c);
        }
    }
    tame
}

fn line(peer: SocketAddr, date: Timestamp, request: &RequestLine, status: u16, length: &str) -> String {
    let date = date.strftime("%d/%b/%Y:%H:%M:%S +0000");
    format!("{} - - [{date}] \"{}\" {status} {length}", peer.ip(), request.0)
}

/// Writes the line, and says it.
pub(super) fn write(shared: &Shared, peer: SocketAddr, request: &RequestLine, response: &Response<Body>) {
    let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let line = line(peer, time::date(), request, response.status().as_u16(), length.unwrap_or("-"));
    if let Some(path) = &shared.config.log
        && let Err(error) = fs::append(path, format!("{line}\n").as_bytes())
        && !shared.log_failed.swap(true, Ordering::Relaxed)
    {
        report(format!("{path} cannot be written: {error}"));
    }
    report(line);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DEFAULT_DATE;

    #[test]
    fn a_request_is_a_line() {
        let request = Request::builder().uri("/a%22b?c=d").body(()).unwrap();
        let line =
            line("10.0.0.1:49152".parse().unwrap(), DEFAULT_DATE, &RequestLine::of(&request), 404, "14");
        assert_eq!(line, "10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] \"GET /a%22b?c=d HTTP/1.1\" 404 14");
    }

    #[test]
    fn a_line_stays_a_line_and_is_bounded() {
        assert_eq!(tamed("a\"b\\c\n\r\u{1b}"), "a\\\"b\\\\c\\n\\r\\u{1b}");
        assert_eq!(tamed(&"x".repeat(MOST)), "x".repeat(MOST));
        assert_eq!(tamed(&"x".repeat(MOST + 1)), format!("{}…", "x".repeat(MOST)));
    }
}
