//! What servers over TCP share: accepting, several connections at once, and an end.

use core::future::poll_fn;
use core::net::SocketAddr;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Poll;
use std::sync::Arc;

use super::AppError;
use super::open::listen;
use crate::socket::net::{JoinError, JoinHandle, TcpListener, TcpStream, report, spawn, time};
use crate::time::Duration;

/// Connections that may wait to be accepted.
const BACKLOG: usize = 128;

/// Connections that a server serves at once, where nothing else is said.
pub const AT_ONCE: usize = 65_536;

/// A server over TCP.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where it listens.
    pub local: SocketAddr,
    /// It ends after so many connections; without a number it goes on for ever.
    pub connections: Option<u32>,
}

/// A server over UDP.
#[derive(Clone, Debug)]
pub struct UdpServerConfig {
    /// Where it is bound.
    pub local: SocketAddr,
    /// It ends after so many datagrams, whether its answers arrive or not; without a number it goes on for ever.
    pub datagrams: Option<u32>,
}

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
    serve_on(listen(local, BACKLOG)?, connections, AT_ONCE, serve).await
}

/// As [`serve`], on a listener that is there already, and at most `at_once` connections at once: it accepts no more until
/// one of them has ended.
///
/// # Errors
/// When one of a limited number of connections failed.
pub async fn serve_on<F, S>(
    listener: TcpListener,
    connections: Option<u32>,
    at_once: usize,
    serve: S,
) -> Result<(), AppError>
where
    S: Fn(TcpStream, SocketAddr) -> F,
    F: Future<Output = Result<(), AppError>> + 'static,
{
    let mut served = Served { tasks: Vec::new(), sweep_at: SWEEP, failed: None };
    let mut accepted = 0;
    while connections.is_none_or(|connections| accepted < connections) {
        while served.tasks.len() >= at_once {
            served.one_ends().await;
        }
        let (stream, peer) = listener.accept().await?;
        accepted = accepted.saturating_add(1);
        let connection = serve(stream, peer);
        served.tasks.push(spawn(async move {
            let ended = connection.await;
            ended.map_err(|error| {
                report(format!("connection from {peer}: {error}"));
                AppError::new(format!("connection from {peer}: {error}"))
            })
        }));
        served.sweep().await;
    }
    drop(listener);
    for connection in core::mem::take(&mut served.tasks) {
        served.note(connection.await);
    }
    served.failed.map_or(Ok(()), Err)
}

/// Connections of which the first ones that have ended are not looked for.
const SWEEP: usize = 64;

type Ended = Result<Result<(), AppError>, JoinError>;

/// The connections of a server.
struct Served {
    tasks: Vec<JoinHandle<Result<(), AppError>>>,
    /// With so many tasks those that have ended are taken out: they are never more than those that have not.
    sweep_at: usize,
    failed: Option<AppError>,
}

impl Served {
    async fn sweep(&mut self) {
        if self.tasks.len() < self.sweep_at {
            return;
        }
        let ended: Vec<_> = self.tasks.extract_if(.., |task| task.is_finished()).collect();
        for task in ended {
            self.note(task.await);
        }
        self.sweep_at = SWEEP.max(2 * self.tasks.len());
    }

    /// Waits for any of them.
    async fn one_ends(&mut self) {
        let tasks = &mut self.tasks;
        let (place, ended) = poll_fn(|cx| {
            let ended =
                tasks.iter_mut().enumerate().find_map(|(place, task)| match Pin::new(task).poll(cx) {
                    Poll::Ready(ended) => Some((place, ended)),
                    Poll::Pending => None,
                });
            ended.map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        self.tasks.remove(place);
        self.note(ended);
    }

    fn note(&mut self, ended: Ended) {
        if let Err(error) = ended.unwrap_or_else(|error| Err(error.into())) {
            self.failed.get_or_insert(error);
        }
    }
}

/// How long a peer may go on after the last answer to it.
pub const LINGER: Duration = Duration::from_secs(5);
/// Octets that it may send in that time.
pub const LINGER_OCTETS: usize = 1024 * 1024;

/// Closes a connection after a last answer, though the peer may have more to say. That is read for a while: unread, it
/// would reset the connection (RFC 1122 §4.2.2.13), and the answer with it (RFC 9112 §9.6). Who has not closed then is
/// reset.
pub(super) async fn linger(stream: TcpStream) {
    let closed =
        stream.shutdown_write().is_err() || time::timeout(LINGER, pass_over(&stream)).await == Ok(true);
    if !closed {
        stream.abort();
    }
}

/// Reads to the end, or to that of patience; whether it was the end.
async fn pass_over(stream: &TcpStream) -> bool {
    let mut passed = 0;
    while passed <= LINGER_OCTETS {
        match stream.read_bytes(LINGER_OCTETS + 1 - passed).await {
            Ok(octets) if octets.is_empty() => return true,
            Ok(octets) => passed += octets.len(),
            Err(_) => return true,
        }
    }
    false
}

/// Places for so many sessions at once.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    most: usize,
    taken: Arc<AtomicUsize>,
}

impl Seats {
    /// All free.
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// A place, free again when it is dropped; nothing where all are taken.
    pub(super) fn take(&self) -> Option<Seat> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let seat = Seat(Arc::clone(&self.taken));
        (before < self.most).then_some(seat)
    }
}

/// A place.
#[derive(Debug)]
pub(super) struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
