//! A relay between a host's standard input and output and one peer, as `nc` is.
//!
//! Over TCP the end of input closes this direction and the peer's end closes the other; the relay ends when both have, or
//! when the peer takes no more. Over UDP each piece of input is a datagram, and since nobody says when the last answer has
//! come, it waits for a while.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicU64, Ordering};
use std::io::ErrorKind;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::AppError;
use super::race::{Either, race};
use crate::socket::net::stdio::{stdin, stdout};
use crate::socket::net::{JoinHandle, OwnedReadHalf, OwnedWriteHalf, TcpStream, UdpSocket, spawn, time};
use crate::time::{Duration, Instant};

/// Octets that are read at once, and the longest datagram: all that fits behind the headers of IP and UDP.
const READ: usize = 65_507;

/// How long the last answer may take over UDP, where nothing else is said.
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(1);

/// A relay.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The peer.
    pub remote: SocketAddr,
    /// Whether by datagrams.
    pub udp: bool,
    /// Over TCP: how long to connect, and after how long without an octet either way it ends. Over UDP: how long it waits
    /// for answers after the end of input.
    pub patience: Option<Duration>,
}

/// Relays until both directions have ended.
///
/// # Errors
/// When the peer cannot be reached, resets, or takes too long.
pub async fn relay(config: Config) -> Result<(), AppError> {
    if config.udp { datagrams(config).await } else { stream(config).await }
}

async fn stream(config: Config) -> Result<(), AppError> {
    let connect = TcpStream::connect(config.remote);
    let connected = match config.patience {
        Some(patience) => time::timeout(patience, connect).await.map_err(|_| late(config.remote))?,
        None => connect.await,
    };
    let stream = connected.map_err(|error| AppError::new(format!("{}: {error}", config.remote)))?;
    let (read, write) = stream.into_split();
    let last = Arc::new(AtomicU64::new(time::now().as_nanos()));
    let sender = spawn(send(write, Arc::clone(&last)));
    let received = receive(read, config, &last).await;
    if !matches!(received, Ok(Heard::End)) {
        // What has not been typed yet is for nobody.
        sender.abort();
        return received.map(|_| ());
    }
    // Who has said all may still listen.
    match config.patience {
        None => sender.await?,
        Some(patience) => silence(sender, patience, &last).await,
    }
}

/// Waits for the sender's end, as long as something goes now and then.
async fn silence(
    mut sender: JoinHandle<Result<(), AppError>>,
    patience: Duration,
    last: &AtomicU64,
) -> Result<(), AppError> {
    loop {
        let until = Instant::from_nanos(last.load(Ordering::Relaxed)) + patience;
        if until <= time::now() {
            sender.abort();
            return Ok(());
        }
        if let Ok(sent) = time::timeout_at(until, &mut sender).await {
            return sent?;
        }
    }
}

/// Why nothing more is received.
enum Heard {
    /// The peer has closed its direction.
    End,
    /// Nothing went or came for too long.
    Silence,
}

fn late(remote: SocketAddr) -> AppError {
    AppError::new(format!("{remote}: it took too long to connect"))
}

/// Notes that something went or came now.
fn touch(last: &AtomicU64) {
    last.store(time::now().as_nanos(), Ordering::Relaxed);
}

async fn send(mut write: OwnedWriteHalf, last: Arc<AtomicU64>) -> Result<(), AppError> {
    let (mut input, mut octets) = (stdin(), vec![0; READ]);
    loop {
        let read = input.read(&mut octets).await?;
        if read == 0 {
            return match write.shutdown().await {
                // All was sent, and the peer has gone since.
                Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
                closed => Ok(closed?),
            };
        }
        write.write_all(&octets[..read]).await?;
        touch(&last);
    }
}

async fn receive(mut read: OwnedReadHalf, config: Config, last: &AtomicU64) -> Result<Heard, AppError> {
    let (mut output, mut octets) = (stdout(), vec![0; READ]);
    loop {
        let reading = read.read(&mut octets);
        let received = match config.patience {
            Some(patience) => {
                let until = Instant::from_nanos(last.load(Ordering::Relaxed)) + patience;
                match time::timeout_at(until, reading).await {
                    Ok(received) => received,
                    // Something went meanwhile, or not.
                    Err(_) if last.load(Ordering::Relaxed) + patience.as_nanos() > time::now().as_nanos() => {
                        continue;
                    }
                    Err(_) => return Ok(Heard::Silence),
                }
            }
            None => reading.await,
        };
        let length = received.map_err(|error| AppError::new(format!("{}: {error}", config.remote)))?;
        if length == 0 {
            return Ok(Heard::End);
        }
        output.write_all(&octets[..length]).await?;
        touch(last);
    }
}

async fn datagrams(config: Config) -> Result<(), AppError> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    socket.connect(config.remote).await?;
    let (mut input, mut output) = (stdin(), stdout());
    let (mut typed, mut came) = (vec![0; READ], vec![0; READ]);
    let failed = |error: std::io::Error| AppError::new(format!("{}: {error}", config.remote));
    loop {
        match race(input.read(&mut typed), socket.recv(&mut came)).await {
            Either::First(read) => match read? {
                0 => break,
                length => {
                    socket.send(&typed[..length]).await.map_err(failed)?;
                }
            },
            Either::Second(received) => {
                let length = received.map_err(failed)?;
                output.write_all(&came[..length]).await?;
            }
        }
    }
    let patience = config.patience.unwrap_or(DEFAULT_PATIENCE);
    while let Ok(received) = time::timeout(patience, socket.recv(&mut came)).await {
        let length = received.map_err(failed)?;
        output.write_all(&came[..length]).await?;
    }
    Ok(())
}
