//! One file, or one listing, over a data connection.

use core::net::{IpAddr, SocketAddr};

use super::control::Control;
use super::{Failure, REPLY};
use crate::application::ftp::codec::address::{parse_extended_passive, parse_passive};
use crate::application::ftp::codec::command::{Command, ExtendedPassive, Representation};
use crate::application::ftp::codec::facts::parse_time;
use crate::application::ftp::codec::reply::Reply;
use crate::application::ftp::codec::text::{FromWire, to_wire};
use crate::application::ftp::{PART, part_of};
use crate::application::race::{Either, race};
use crate::clock::Timestamp;
use crate::socket::net::{TcpListener, TcpStream, fs, received, sent, time};
use crate::storage::{Existing, FilePath, StorageError};
use crate::time::Duration;

/// How long a data connection may go without an octet.
pub const DATA_IDLE: Duration = Duration::from_secs(2 * 60);
/// Octets of one listing that are taken.
pub const LISTING: usize = 4 * 1024 * 1024;

/// Octets that are moved at once.
const CHUNK: usize = 16 * 1024;

/// A logged-in session.
pub(in crate::application) struct Session {
    pub(in crate::application) control: Control,
    pub(super) active: bool,
    pub(super) representation: Representation,
    /// The type that was agreed on; listings need another than files may.
    agreed: Representation,
    /// The server knows no `EPSV`.
    plain_passive: bool,
}

/// How the data connection will come about.
enum Data {
    Open(TcpStream),
    Awaited(TcpListener, IpAddr),
}

impl Session {
    pub(in crate::application) const fn new(
        control: Control,
        active: bool,
        representation: Representation,
    ) -> Self {
        Self { control, active, representation, agreed: Representation::Ascii, plain_passive: false }
    }

    /// Agrees on a type, if it is not that already.
    pub(in crate::application) async fn agree(
        &mut self,
        representation: Representation,
    ) -> Result<(), Failure> {
        if self.agreed != representation {
            self.control.must(&Command::Type(representation)).await?;
            self.agreed = representation;
        }
        Ok(())
    }

    async fn prepare(&mut self) -> Result<Data, Failure> {
        let (server, own) = self.control.ends()?;
        if self.active {
            let listener = TcpListener::with_backlog(SocketAddr::new(own, 0), 1)?;
            self.control.must(&listener.local_addr()?.into()).await?;
            return Ok(Data::Awaited(listener, server));
        }
        let port = self.passive_port().await?;
        // Whatever address a 227 names: the server is where it was (RFC 2577 §4 has what happens else).
        let stream = time::timeout(REPLY, TcpStream::connect(SocketAddr::new(server, port))).await??;
        Ok(Data::Open(stream))
    }

    async fn passive_port(&mut self) -> Result<u16, Failure> {
        if !self.plain_passive {
            let reply = self.control.ask(&Command::Epsv(ExtendedPassive::Any)).await?;
            if reply.code == 229 {
                let port = parse_extended_passive(reply.text());
                return port.ok_or_else(|| Failure::permanent(format!("no port in `{reply}`")));
            }
            self.plain_passive = true;
        }
        let reply = self.control.must(&Command::Pasv).await?;
        let address = parse_passive(reply.text());
        address
            .map(|address| address.port())
            .ok_or_else(|| Failure::permanent(format!("no port in `{reply}`")))
    }

    /// Begins a transfer: its data connection is open.
    pub(in crate::application) async fn begin(
        &mut self,
        command: &Command,
        restart: u64,
    ) -> Result<TcpStream, Failure> {
        let data = self.prepare().await?;
        if restart > 0 {
            let reply = self.control.ask(&Command::Rest(restart)).await?;
            if reply.code != 350 {
                return Err(Failure::refused(Command::Rest(restart), &reply));
            }
        }
        self.control.send(command).await?;
        let reply = self.control.reply().await?;
        if !reply.is_preliminary() {
            return Err(Failure::refused(command, &reply));
        }
        match data {
            Data::Open(stream) => Ok(stream),
            Data::Awaited(listener, server) => {
                let accept = async {
                    loop {
                        let (stream, peer) = listener.accept().await?;
                        if peer.ip() == server {
                            return Ok::<_, Failure>(stream);
                        }
                        stream.abort();
                    }
                };
                match race(accept, self.control.reply()).await {
                    Either::First(stream) => stream,
                    Either::Second(reply) => Err(Failure::refused(command, &reply?)),
                }
            }
        }
    }

    /// The transfer's last word: the file is there only if that is good, whatever the data connection said.
    pub(in crate::application) async fn end(&mut self, command: &Command) -> Result<(), Failure> {
        let reply = self.control.reply().await?;
        if reply.is_completion() { Ok(()) } else { Err(Failure::refused(command, &reply)) }
    }

    /// The lines of a listing.
    pub(super) async fn listing(&mut self, command: &Command) -> Result<Vec<String>, Failure> {
        self.agree(Representation::Ascii).await?;
        let stream = self.begin(command, 0).await?;
        let mut text = Vec::new();
        loop {
            let octets = time::timeout(DATA_IDLE, stream.read_bytes(CHUNK)).await??;
            if octets.is_empty() {
                break;
            }
            if text.len() + octets.len() > LISTING {
                return Err(Failure::permanent("the listing is too long"));
            }
            text.extend_from_slice(&octets);
        }
        drop(stream);
        self.end(command).await?;
        let text = String::from_utf8_lossy(&text);
        Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// Octets of a file of the server's, if it says so.
    pub(in crate::application) async fn size(&mut self, path: &str) -> Result<Option<u64>, Failure> {
        self.agree(Representation::Image).await?;
        let reply = self.control.ask(&Command::Size(path.to_owned())).await?;
        Ok(if reply.code == 213 { reply.text().trim().parse().ok() } else { None })
    }

    /// When a file of the server's was last written, if it says so.
    pub(in crate::application) async fn modified(
        &mut self,
        path: &str,
    ) -> Result<Option<Timestamp>, Failure> {
        let reply = self.control.ask(&Command::Mdtm(path.to_owned())).await?;
        Ok(if reply.code == 213 { parse_time(reply.text().trim()) } else { None })
    }

    /// Fetches a file. What came of it stays as its part if it breaks, and is gone on with.
    pub(super) async fn download(&mut self, from: &str, to: &FilePath) -> Result<(), Failure> {
        if self.representation == Representation::Ascii {
            return self.download_text(from, to).await;
        }
        let part = part_of(to).ok_or_else(|| Failure::permanent(format!("{to}: the name is too long")))?;
        let size = self.size(from).await?;
        let written = self.modified(from).await?;
        let mut offset = usable_part(&part, size, written)?;
        if size.is_none_or(|size| offset < size) || offset == 0 {
            let command = Command::Retr(from.to_owned());
            let stream = self.begin(&command, offset).await?;
            if offset == 0 {
                fs::write(&part, b"").map_err(|error| local(&part, error))?;
            }
            loop {
                let octets = time::timeout(DATA_IDLE, stream.read_bytes(CHUNK)).await??;
                if octets.is_empty() {
                    break;
                }
                fs::append(&part, &octets).map_err(|error| local(&part, error))?;
                received(&octets);
                offset += octets.len() as u64;
            }
            drop(stream);
            self.end(&command).await?;
        }
        if size.is_some_and(|size| size != offset) {
            // Neither the server's word nor the stream's end is enough.
            let _ = fs::remove(&part);
            return Err(Failure::passing(format!("{from} has changed the while")));
        }
        if part != *to {
            fs::rename(&part, to).map_err(|error| local(to, error))?;
        }
        Ok(())
    }

    async fn download_text(&mut self, from: &str, to: &FilePath) -> Result<(), Failure> {
        self.agree(Representation::Ascii).await?;
        let command = Command::Retr(from.to_owned());
        let stream = self.begin(&command, 0).await?;
        let mut file = fs::create(to).map_err(|error| local(to, error))?;
        let mut text = FromWire::default();
        loop {
            let octets = time::timeout(DATA_IDLE, stream.read_bytes(CHUNK)).await??;
            let lines = if octets.is_empty() { text.finish().to_vec() } else { text.push(&octets) };
            file.write(&lines).map_err(|error| local(to, error))?;
            received(&octets);
            if octets.is_empty() {
                break;
            }
        }
        drop(stream);
        self.end(&command).await?;
        file.commit(Existing::Replace).map_err(|error| local(to, error))
    }

    /// Brings a file: as a part, which gets its name when all of it is there.
    pub(super) async fn upload(&mut self, from: &FilePath, to: &str) -> Result<(), Failure> {
        let file = fs::open(from).map_err(|error| local(from, error))?;
        let metadata = file.metadata();
        let part = if to.ends_with(PART) { to.to_owned() } else { format!("{to}{PART}") };
        let mut offset = 0;
        if self.representation == Representation::Image {
            offset = self.size(&part).await?.unwrap_or(0);
            let fresh = offset > 0
                && offset <= metadata.length
                && self.modified(&part).await?.is_some_and(|written| written >= metadata.modified);
            offset = if fresh { offset } else { 0 };
        }
        self.agree(self.representation).await?;
        if offset == 0 || offset < metadata.length {
            self.send_file(&file, offset, &part).await?;
        }
        if self.representation == Representation::Image {
            let there = self.size(&part).await?;
            if there.is_some_and(|there| there != metadata.length) {
                // Begun anew the next time.
                self.control.ask(&Command::Dele(part)).await?;
                return Err(Failure::passing(format!("{to} has not arrived whole")));
            }
        }
        if part == to {
            return Ok(());
        }
        let reply = self.control.ask(&Command::Rnfr(part.clone())).await?;
        if reply.code != 350 {
            return Err(Failure::refused(Command::Rnfr(part), &reply));
        }
        self.control.must(&Command::Rnto(to.to_owned())).await?;
        Ok(())
    }

    async fn send_file(&mut self, file: &fs::File, offset: u64, part: &str) -> Result<(), Failure> {
        let command = Command::Stor(part.to_owned());
        let stream = self.begin(&command, offset).await?;
        let mut offset = offset;
        loop {
            let octets = file.read_at(offset, CHUNK)?;
            if octets.is_empty() {
                break;
            }
            offset += octets.len() as u64;
            let wire = match self.representation {
                Representation::Image => octets,
                Representation::Ascii => to_wire(&octets).into(),
            };
            let write = async { time::timeout(DATA_IDLE, stream.write_all_bytes(wire.clone())).await? };
            if let Err(error) = write.await {
                let error: Failure = error.into();
                // The server says why, if it can.
                return Err(self.last_word(&command).await.unwrap_or(error));
            }
            sent(&wire);
        }
        stream.shutdown_write()?;
        self.end(&command).await
    }

    /// What the server has to say about a data connection that it closed.
    async fn last_word(&mut self, command: &Command) -> Option<Failure> {
        let reply: Reply = self.control.reply().await.ok()?;
        (!reply.is_completion()).then(|| Failure::refused(command, &reply))
    }
}

/// Octets of a part from which a download can go on: not of an older file of that name, nor more than the file has.
fn usable_part(part: &FilePath, size: Option<u64>, written: Option<Timestamp>) -> Result<u64, Failure> {
    let metadata = match fs::metadata(part) {
        Ok(metadata) if metadata.is_directory => return Err(local(part, StorageError::IsDirectory)),
        Ok(metadata) => metadata,
        Err(StorageError::NotFound) => return Ok(0),
        Err(error) => return Err(local(part, error)),
    };
    let fits = size.is_some_and(|size| metadata.length <= size);
    let fresh = written.is_some_and(|written| written <= metadata.modified);
    Ok(if fits && fresh { metadata.length } else { 0 })
}

/// A call on the host's own files failed.
pub(super) fn local(path: &FilePath, error: StorageError) -> Failure {
    Failure::permanent(format!("{path}: {error}"))
}
