//! The servers.

use core::net::SocketAddr;

use super::{ServerConfig, Service, Transport, chargen, date};
use crate::application::AppError;
use crate::application::open::bind;
use crate::application::race::{Either, race};
use crate::application::server::{self, linger};
use crate::socket::net::{TcpStream, UdpSocket, draw, received, report, sent, time};

/// Ports from which no datagram is answered: two services that answer each other would never end.
pub const LOOPING_PORTS: [u16; 5] = [7, 13, 17, 19, 37];

/// Octets that are read or made at once.
const CHUNK: usize = 16 * 1024;

/// Serves.
///
/// # Errors
/// When it cannot be bound, or one of a limited number of connections failed.
pub async fn serve(config: ServerConfig) -> Result<(), AppError> {
    let service = config.service;
    match config.transport {
        Transport::Tcp => {
            server::serve(config.local, config.requests, |stream, _| connection(service, stream)).await
        }
        Transport::Udp => datagrams(config).await,
    }
}

async fn connection(service: Service, stream: TcpStream) -> Result<(), AppError> {
    match service {
        Service::Echo => echo(&stream).await,
        Service::Chargen => match race(throw_away(&stream), generate(&stream)).await {
            // The user has gone, in whichever way: that is how this service ends (RFC 864 §TCP).
            Either::First(_) | Either::Second(Err(_)) => Ok(()),
            Either::Second(Ok(never)) => match never {},
        },
        Service::Daytime => answer(stream, date::in_words(time::date()).into()).await,
        Service::Time => answer(stream, date::seconds(time::date()).to_be_bytes().to_vec()).await,
    }
}

/// RFC 862 §TCP: until the user closes.
async fn echo(stream: &TcpStream) -> Result<(), AppError> {
    loop {
        let octets = stream.read_bytes(CHUNK).await?;
        if octets.is_empty() {
            return Ok(());
        }
        received(&octets);
        stream.write_all_bytes(octets.clone()).await?;
        sent(&octets);
    }
}

/// RFC 864 §TCP: what comes is thrown away.
async fn throw_away(stream: &TcpStream) -> Result<(), AppError> {
    while !stream.read_bytes(CHUNK).await?.is_empty() {}
    Ok(())
}

async fn generate(stream: &TcpStream) -> Result<core::convert::Infallible, AppError> {
    let mut offset = 0;
    loop {
        let octets = chargen::octets(offset, CHUNK);
        offset += CHUNK as u64;
        stream.write_all_bytes(octets.into()).await?;
    }
}

/// RFC 867 §TCP, RFC 868 §TCP: an answer, and the end; what comes is thrown away.
async fn answer(stream: TcpStream, octets: Vec<u8>) -> Result<(), AppError> {
    sent(&octets);
    stream.write_all_bytes(octets.into()).await?;
    linger(stream).await;
    Ok(())
}

async fn datagrams(config: ServerConfig) -> Result<(), AppError> {
    let ServerConfig { service, local, requests, .. } = config;
    let socket = bind(local).await?;
    let mut answered = 0;
    while requests.is_none_or(|requests| answered < requests) {
        let (octets, peer) = match socket.recv_bytes().await {
            Ok(datagram) => datagram,
            Err(error) => {
                // An ICMP error about an earlier answer is no reason to serve nobody else.
                report(format!("an answer met an error: {error}"));
                continue;
            }
        };
        received(&octets);
        answered = answered.saturating_add(1);
        if LOOPING_PORTS.contains(&peer.port()) {
            report(format!("no answer to {peer}: it might answer for ever"));
            continue;
        }
        let answer = match service {
            Service::Echo => octets.to_vec(),
            // RFC 864 §UDP: a random number of characters.
            Service::Chargen => {
                chargen::octets(0, draw(0, chargen::MAX_DATAGRAM, "chargen: length") as usize)
            }
            Service::Daytime => date::in_words(time::date()).into(),
            Service::Time => date::seconds(time::date()).to_be_bytes().to_vec(),
        };
        send(&socket, &answer, peer).await;
    }
    Ok(())
}

async fn send(socket: &UdpSocket, answer: &[u8], peer: SocketAddr) {
    match socket.send_to(answer, peer).await {
        Ok(_) => sent(answer),
        Err(error) => report(format!("cannot answer {peer}: {error}")),
    }
}
