//! Data connections: how they come about, and what goes through them.

use core::net::SocketAddr;
use std::io;

use bytes::Bytes;

use super::{DATA_CONNECTION, DATA_IDLE, STRANGERS};
use crate::application::ftp::codec::command::Representation;
use crate::application::ftp::codec::reply::Reply;
use crate::application::ftp::codec::text::{FromWire, to_wire};
use crate::socket::net::fs::{File, Writer};
use crate::socket::net::{TcpListener, TcpStream, time};
use crate::storage::StorageError;

/// Octets that are moved at once.
pub(super) const CHUNK: usize = 16 * 1024;

/// How the next data connection comes about.
pub(super) enum Link {
    /// The server connects, from the port beside that of its control connection where that is free (RFC 959 §3.2).
    Active { from: SocketAddr, to: SocketAddr },
    /// The client connects to this listener.
    Passive { listener: TcpListener, client: core::net::IpAddr },
}

impl Link {
    /// Opens it.
    pub(super) async fn open(self) -> Result<TcpStream, Reply> {
        let failed = || Reply::new(425, "There is no data connection.");
        match self {
            Self::Active { from, to } => {
                let connect = async {
                    match TcpStream::connect_from(Some(from), to).await {
                        // Another transfer of the same client may have the port still.
                        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                            TcpStream::connect_from(Some(SocketAddr::new(from.ip(), 0)), to).await
                        }
                        other => other,
                    }
                };
                time::timeout(DATA_CONNECTION, connect).await.ok().and_then(Result::ok).ok_or_else(failed)
            }
            Self::Passive { listener, client } => {
                let accept = async {
                    for _ in 0..STRANGERS {
                        let (stream, peer) = listener.accept().await.ok()?;
                        // RFC 2577 §4: whoever else comes is no part of this session.
                        if peer.ip() == client {
                            return Some(stream);
                        }
                        stream.abort();
                    }
                    None
                };
                time::timeout(DATA_CONNECTION, accept).await.ok().flatten().ok_or_else(failed)
            }
        }
    }
}

fn broken() -> Reply {
    Reply::new(426, "The data connection broke.")
}

/// Octets go out one after the other, each within its time.
pub(super) struct Sending {
    stream: TcpStream,
    sent: u64,
}

impl Sending {
    pub(super) const fn new(stream: TcpStream) -> Self {
        Self { stream, sent: 0 }
    }

    pub(super) async fn write(&mut self, octets: Bytes) -> Result<(), Reply> {
        self.sent += octets.len() as u64;
        let written = time::timeout(DATA_IDLE, self.stream.write_all_bytes(octets)).await;
        written.ok().and_then(Result::ok).ok_or_else(broken)
    }

    /// That was all. The client has it once it closes its side too.
    pub(super) async fn finish(self) -> Result<u64, Reply> {
        self.stream.shutdown_write().map_err(|_| broken())?;
        let closed = async {
            while !self.stream.read_bytes(CHUNK).await?.is_empty() {}
            Ok::<_, io::Error>(())
        };
        time::timeout(DATA_IDLE, closed).await.ok().and_then(Result::ok).ok_or_else(broken)?;
        Ok(self.sent)
    }
}

/// Sends a file from `offset` on.
pub(super) async fn send_file(
    link: Link,
    file: &File,
    offset: u64,
    representation: Representation,
) -> Result<u64, Reply> {
    let mut out = Sending::new(link.open().await?);
    let mut offset = offset;
    loop {
        let octets = file.read_at(offset, CHUNK).map_err(|error| of_storage(error, "the file"))?;
        if octets.is_empty() {
            return out.finish().await;
        }
        offset += octets.len() as u64;
        let wire = match representation {
            Representation::Image => octets,
            Representation::Ascii => to_wire(&octets).into(),
        };
        out.write(wire).await?;
    }
}

/// Receives a file to its end.
pub(super) async fn receive_file(
    link: Link,
    file: &mut Writer,
    representation: Representation,
) -> Result<u64, Reply> {
    let stream = link.open().await?;
    let (mut text, mut received) = (FromWire::default(), 0);
    let full = |error| of_storage(error, "the file");
    loop {
        let octets = time::timeout(DATA_IDLE, stream.read_bytes(CHUNK)).await;
        let octets = octets.ok().and_then(Result::ok).ok_or_else(broken)?;
        received += octets.len() as u64;
        match representation {
            Representation::Image => file.write(&octets).map_err(full)?,
            Representation::Ascii if octets.is_empty() => file.write(text.finish()).map_err(full)?,
            Representation::Ascii => file.write(&text.push(&octets)).map_err(full)?,
        }
        if octets.is_empty() {
            return Ok(received);
        }
    }
}

/// What a failed call on files is to a client.
pub(super) fn of_storage(error: StorageError, what: &str) -> Reply {
    let code = match error {
        StorageError::NoSpace | StorageError::TooManyFiles => 452,
        StorageError::TooManyOpen => 450,
        StorageError::NotFound
        | StorageError::Exists
        | StorageError::IsDirectory
        | StorageError::NotDirectory
        | StorageError::NotEmpty
        | StorageError::Invalid
        | StorageError::Denied => 550,
        StorageError::NotOpen | StorageError::Failed(_) => 451,
    };
    Reply::new(code, format!("{what}: {error}."))
}
