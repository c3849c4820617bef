//! Echo: the server sends back what it receives in upper case.

use core::net::SocketAddr;
use std::io;

use tokio::io::AsyncWriteExt;

use super::AppError;
use super::open::{any_address, bind, connect};
use super::server::serve;
use super::upper::{self, upper_case};
use crate::socket::net::{UdpSocket, received, report, sent, spawn, time};
use crate::time::Duration;

pub use super::server::{ServerConfig, UdpServerConfig};

/// A TCP echo client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The server.
    pub remote: SocketAddr,
    /// What it sends, one write each.
    pub texts: Vec<String>,
    /// How long it waits before each text but the first.
    pub pause: Duration,
}

/// A UDP echo client: each text is a datagram, sent again until its answer comes.
#[derive(Clone, Debug)]
pub struct UdpClientConfig {
    /// The server.
    pub remote: SocketAddr,
    /// What it sends.
    pub texts: Vec<String>,
    /// How long it waits for an answer before it sends again; doubled each time.
    pub timeout: Duration,
    /// How often it sends a text before it gives up.
    pub attempts: u32,
}

/// Octets that are read at once.
const READ: usize = 64 * 1024;

/// Answers each connection in upper case until its client half-closes. Several at once.
///
/// # Errors
/// When it cannot listen, or one of a limited number of connections failed.
pub async fn tcp_server(config: ServerConfig) -> Result<(), AppError> {
    serve(config.local, config.connections, |stream, _| upper::answer(stream, READ)).await
}

/// Sends its texts, half-closes, and reads to the end; what it has read it says.
///
/// # Errors
/// When the connection fails.
pub async fn tcp_client(config: ClientConfig) -> Result<(), AppError> {
    let remote = config.remote;
    let stream = connect(remote).await?;
    let (read, mut write) = stream.into_split();
    // It reads while it writes: two ends that both wait for room would wait for ever.
    let answer = spawn(async move {
        loop {
            let octets = read.as_ref().read_bytes(READ).await?;
            if octets.is_empty() {
                return Ok::<_, io::Error>(());
            }
            received(&octets);
        }
    });
    for (place, text) in config.texts.iter().enumerate() {
        if place > 0 && !config.pause.is_zero() {
            time::sleep(config.pause).await;
        }
        write.write_all(text.as_bytes()).await?;
        sent(text.as_bytes());
    }
    write.shutdown().await?;
    answer.await??;
    Ok(())
}

/// Answers each datagram in upper case.
///
/// # Errors
/// When it cannot be bound.
pub async fn udp_server(config: UdpServerConfig) -> Result<(), AppError> {
    let socket = bind(config.local).await?;
    let mut answered = 0;
    while config.datagrams.is_none_or(|datagrams| answered < datagrams) {
        // An ICMP error about an earlier answer is no reason to serve nobody else.
        let (octets, peer) = match socket.recv_bytes().await {
            Ok(datagram) => datagram,
            Err(error) => {
                report(format!("an answer met an error: {error}"));
                continue;
            }
        };
        received(&octets);
        let answer = upper_case(&octets);
        match socket.send_to(&answer, peer).await {
            Ok(_) => sent(&answer),
            Err(error) => report(format!("cannot answer {peer}: {error}")),
        }
        answered = answered.saturating_add(1);
    }
    Ok(())
}

/// Sends its texts one by one, each until it is answered.
///
/// # Errors
/// When a text is not answered, however often it is sent, or there is no such service.
pub async fn udp_client(config: UdpClientConfig) -> Result<(), AppError> {
    let remote = config.remote;
    let socket = UdpSocket::bind(any_address(remote.ip())).await?;
    socket.connect(remote).await?;
    for text in &config.texts {
        exchange(&socket, &config, text).await?;
    }
    Ok(())
}

async fn exchange(socket: &UdpSocket, config: &UdpClientConfig, text: &str) -> Result<(), AppError> {
    let expected = upper_case(text.as_bytes());
    for attempt in 0..config.attempts {
        socket.send(text.as_bytes()).await?;
        sent(text.as_bytes());
        let answered = async {
            loop {
                let (octets, _) = socket.recv_bytes().await?;
                // Answers to an earlier text may come late, and twice.
                if octets == expected {
                    return Ok::<_, io::Error>(octets);
                }
            }
        };
        match time::timeout(config.timeout.backed_off(attempt), answered).await {
            Ok(answer) => {
                received(&answer?);
                return Ok(());
            }
            Err(_) if attempt + 1 < config.attempts => report(format!("no answer to {text}: sent again")),
            Err(_) => {}
        }
    }
    let (remote, attempts) = (config.remote, config.attempts);
    Err(AppError::new(format!("no answer from {remote} to {text}, sent {attempts} times")))
}
