//! The tutorial's two servers and their clients: upper case for one receive, and for a session.
//!
//! | where is … | look in |
//! |---|---|
//! | upper case of a stream cut anywhere | [`UpperCase`] |
//! | one receive, one answer (port 6999) | [`once`] |
//! | until the peer closes (port 9999) | [`session`] |

mod codec;
pub mod once;
pub mod session;

use tokio::io::AsyncWriteExt;

use super::AppError;
use crate::socket::net::{TcpStream, received, sent};

pub use codec::{UpperCase, upper_case};

/// Connections that may wait to be accepted, as the tutorial has it.
pub const BACKLOG: usize = 5;

/// Answers all that comes over a connection in upper case, at most `most` octets at once, until its client half-closes.
pub(super) async fn answer(mut stream: TcpStream, most: usize) -> Result<(), AppError> {
    let (mut codec, mut out) = (UpperCase::default(), Vec::new());
    loop {
        let octets = stream.read_bytes(most).await?;
        if octets.is_empty() {
            codec.finish(&mut out);
        } else {
            received(&octets);
            codec.push(&octets, &mut out);
        }
        if !out.is_empty() {
            stream.write_all(&out).await?;
            sent(&out);
            out.clear();
        }
        if octets.is_empty() {
            return Ok(());
        }
    }
}
