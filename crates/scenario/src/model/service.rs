//! The small services, and the tutorial's two.

use core::net::IpAddr;

use crate::read::{List, choice, record};
use crate::units::{Destination, Port, Size, Span};

choice! {
    /// What carries a small service.
    pub enum TransportWord ("transport") {
        /// Connections.
        Tcp = "tcp",
        /// Datagrams.
        Udp = "udp",
    }
}

choice! {
    /// A small service.
    pub enum ServiceWord ("service") {
        /// What comes goes back (RFC 862 §TCP).
        Echo = "echo",
        /// Lines of characters without end (RFC 864 §TCP).
        Chargen = "chargen",
        /// The date in words (RFC 867 §TCP).
        Daytime = "daytime",
        /// Seconds since 1900 (RFC 868 §The Time).
        Time = "time",
    }
}

/// Defines the servers of the small services, which differ in what they do alone.
macro_rules! small_server {
    ($($(#[doc = $about:literal])* $name:ident ($what:literal, $port:literal);)*) => {
        $(record! {
            $(#[doc = $about])*
            pub struct $name ($what) {
                /// What carries it; `tcp` where left out.
                transport: optional TransportWord,
                /// The address that it listens on; all of the host's where left out.
                address: optional IpAddr,
                /// The port that it listens on; the service's well-known one where left out.
                port: optional Port,
                /// It ends after so many connections or datagrams; never where left out.
                requests: optional u32,
            }
        })*
    };
}

small_server! {
    /// Sends back what it receives, as it is (RFC 862 §TCP).
    Echo ("an echo server", 7);
    /// Sends lines of characters until its client closes; over UDP, a random number of them for each datagram (RFC 864 §TCP).
    Chargen ("a chargen server", 19);
    /// Sends the date in words (RFC 867 §TCP).
    Daytime ("a daytime server", 13);
    /// Sends the seconds since 1900 in four octets (RFC 868 §The Time).
    TimeServer ("a time server", 37);
}

record! {
    /// Asks a small service, and compares the answer with what it must be where that is known.
    pub struct ServiceClient ("a service-client") {
        /// What it asks for.
        service: required ServiceWord,
        /// What carries it; `tcp` where left out.
        transport: optional TransportWord,
        /// The server.
        to: required Destination,
        /// Of `echo`: what it sends.
        texts: optional List<String>,
        /// Of `chargen` over TCP: how many octets it reads; 1000 where left out.
        bytes: optional Size,
        /// Over UDP: how long it waits for an answer before it asks again, doubled each time; 1 s where left out.
        timeout: optional Span,
        /// Over UDP: how often it asks before it gives up; 8 where left out.
        attempts: optional u32,
    }
}

record! {
    /// The tutorial's first server: of each connection, one after the other, it receives once, at most 1024 octets, sends them
    /// back in upper case, and closes.
    pub struct Upper ("an upper server") {
        /// The address that it listens on; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it listens on; 6999 where left out.
        port: optional Port,
        /// It ends after so many connections; never where left out.
        connections: optional u32,
    }
}

record! {
    /// The client of `upper`: it sends each text on a connection of its own, and reads to its end.
    pub struct UpperClient ("an upper-client") {
        /// The server.
        to: required Destination,
        /// What it sends.
        texts: required List<String>,
    }
}

record! {
    /// The tutorial's second server: sends back in upper case what it receives until the client closes, to several clients at
    /// once, and says when one has come and gone.
    pub struct UpperSession ("an upper-session server") {
        /// The address that it listens on; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it listens on; 9999 where left out.
        port: optional Port,
        /// It ends after so many connections; never where left out.
        connections: optional u32,
    }
}

record! {
    /// The client of `upper-session`: it sends its texts over one connection, each when the one before was answered.
    pub struct UpperSessionClient ("an upper-session-client") {
        /// The server.
        to: required Destination,
        /// What it sends.
        texts: required List<String>,
        /// How long it waits before each text but the first.
        pause: optional Span,
    }
}

record! {
    /// Takes lines from whoever types, sends each to an `upper-session` when the one before was answered, and prints the
    /// answer.
    pub struct Terminal ("a terminal") {
        /// The server.
        to: required Destination,
    }
}
