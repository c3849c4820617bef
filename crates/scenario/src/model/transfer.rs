//! Servers and clients that move files and mail.

use core::net::IpAddr;

use wirelab_stack::application::smtp::codec::address::Address;
use wirelab_stack::storage::FilePath;

use crate::read::{List, choice, record};
use crate::units::{Destination, Domain, Port, RemotePath, Size, Span};

choice! {
    /// What somebody without a name of an FTP server's may do.
    pub enum AnonymousWord ("right of the anonymous") {
        /// Nothing.
        No = "no",
        /// List and read.
        Read = "read",
        /// All.
        Write = "write",
    }
}

record! {
    /// Somebody who may log in at an FTP server.
    pub struct FtpUser ("a user") {
        /// The name.
        user: required String,
        /// The password.
        password: required String,
        /// Whether files may be changed; no where left out.
        may_write: optional bool,
    }
}

record! {
    /// Serves the host's files by FTP (RFC 959 §4.1 and its extensions).
    pub struct FtpServer ("an ftp-server") {
        /// The address that it listens on; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it listens on; 21 where left out.
        port: optional Port,
        /// The directory that is served, beyond which no path leads; all of the host's files where left out.
        root: optional FilePath,
        /// Those who have names.
        login: list FtpUser,
        /// What those may do who have none, `anonymous` and `ftp`: `"no"`, `"read"` or `"write"`; `"read"` where left out.
        anonymous: optional AnonymousWord,
        /// It ends after so many sessions; never where left out.
        sessions: optional u32,
    }
}

record! {
    /// A file or directory that an FTP client fetches.
    pub struct FtpGet ("what is fetched") {
        /// The server's.
        from: required RemotePath,
        /// The host's.
        to: required FilePath,
    }
}

record! {
    /// A file or directory that an FTP client brings.
    pub struct FtpPut ("what is brought") {
        /// The host's.
        from: required FilePath,
        /// The server's.
        to: required RemotePath,
    }
}

record! {
    /// Logs in by FTP, says listings, fetches, and brings: directories with all that is below them. What was broken off it goes
    /// on with.
    pub struct FtpClient ("an ftp-client") {
        /// The server.
        to: required Destination,
        /// Who logs in; `anonymous` where left out.
        user: optional RemotePath,
        /// With which password; `anonymous@` where left out.
        password: optional RemotePath,
        /// Whether the server connects to the client for each transfer (active), and not the client to the server (passive);
        /// no where left out.
        active: optional bool,
        /// Whether files go over the wire as lines of text, and not as they are; no where left out.
        ascii: optional bool,
        /// Directories of the server's whose listings it says.
        listings: optional List<RemotePath>,
        /// What it fetches.
        get: list FtpGet,
        /// What it brings.
        put: list FtpPut,
        /// How often it begins, if it is broken off; once where left out.
        attempts: optional u32,
        /// How long it waits before it begins again; 10 s where left out.
        pause: optional Span,
    }
}

record! {
    /// Takes mail by SMTP (RFC 5321 §3), and stores each message as a file with its envelope.
    pub struct SmtpServer ("an smtp-server") {
        /// The address that it listens on; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it listens on; 25 where left out.
        port: optional Port,
        /// The domains for which it takes mail: for others it takes none.
        domains: required List<Domain>,
        /// What it calls itself; its first domain where left out.
        calls_itself: optional Domain,
        /// The directory where messages are stored; `/mail` where left out.
        store: optional FilePath,
        /// The most octets that a message may have; 10 MiB where left out.
        max_size: optional Size,
        /// It ends after so many sessions; never where left out.
        sessions: optional u32,
    }
}

record! {
    /// Sends a file as mail by SMTP.
    pub struct SmtpClient ("an smtp-client") {
        /// The server.
        to: required Destination,
        /// Who is told if something is wrong with the message; nobody where left out.
        sender: optional Address,
        /// Those who get it.
        recipients: required List<Address>,
        /// The file that is the message, with its header.
        message: required FilePath,
        /// What it calls itself; the host's name where left out.
        calls_itself: optional Domain,
        /// How often it tries, while what is wrong may pass; once where left out.
        attempts: optional u32,
        /// How long it waits before it tries again; 1 min where left out.
        pause: optional Span,
    }
}
