//! What servers over TCP share: accepting, several connections at once, and an end.

use core::net::SocketAddr;
use std::collections::VecDeque;

use super::AppError;
use crate::socket::net::{TcpListener, TcpStream, report, spawn, time};
use crate::time::Duration;

/// Connections that a server serves at once; it accepts no more until one of them has ended.
const AT_ONCE: usize = 65_536;

/// Serves each connection with a task of its own. With a number of `connections` it ends after so many, and fails if
/// one of them did; without, it goes on for ever, and says which failed.
///
/// # Errors
/// When it cannot listen, or one of a limited number of connections failed.
pub async fn serve<F, S>(local: SocketAddr, connections: Option<u32>, serve: S) -> Result<(), AppError>
where
    S: Fn(TcpStream, SocketAddr) -> F,
    F: Future<Output = Result<(), AppError>> + 'static,
{
    let listener = TcpListener::bind(local)
        .await
        .map_err(|error| AppError::new(format!("cannot listen on {local}: {error}")))?;
    serve_on(listener, connections, serve).await
}

/// As [`serve`], on a listener that is there already.
///
/// # Errors
/// When one of a limited number of connections failed.
pub async fn serve_on<F, S>(listener: TcpListener, connections: Option<u32>, serve: S) -> Result<(), AppError>
where
    S: Fn(TcpStream, SocketAddr) -> F,
    F: Future<Output = Result<(), AppError>> + 'static,
{
    let mut served = VecDeque::new();
    let mut accepted = 0;
    let mut failed = None;
    while connections.is_none_or(|connections| accepted < connections) {
        let (stream, peer) = listener.accept().await?;
        accepted = accepted.saturating_add(1);
        let connection = serve(stream, peer);
        served.push_back(spawn(async move {
            let ended = connection.await;
            ended.map_err(|error| {
                report(format!("connection from {peer}: {error}"));
                AppError::new(format!("connection from {peer}: {error}"))
            })
        }));
        if served.len() >= AT_ONCE
            && let Some(first) = served.pop_front()
            && let Ok(Err(error)) = first.await
        {
            failed.get_or_insert(error);
        }
    }
    drop(listener);
    for connection in served {
        if let Err(error) = connection.await? {
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// How long a peer may go on after the last answer to it.
const LINGER: Duration = Duration::from_secs(5);
/// Octets that it may send in that time.
const LINGER_OCTETS: usize = 256 * 1024;

/// Closes a connection after a last answer, though the peer may have more to say. That is read for a while: unread, it
/// would reset the connection (RFC 1122 §4.2.2.13), and the answer with it.
pub(super) async fn linger(stream: TcpStream) {
    let read = async {
        stream.shutdown_write()?;
        let mut octets = 0;
        while octets < LINGER_OCTETS {
            let more = stream.read_bytes(LINGER_OCTETS).await?.len();
            if more == 0 {
                break;
            }
            octets += more;
        }
        Ok::<_, std::io::Error>(())
    };
    // However it ends, it was the end.
    let _ = time::timeout(LINGER, read).await;
}
