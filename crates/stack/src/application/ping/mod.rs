//! Ping: echo requests, and what came of each, told as iputils' `ping` tells it.
//!
//! | where is … | look in |
//! |---|---|
//! | when requests are sent, and when it ends | here |
//! | which requests wait, and what became of each | `tally` |
//! | sums and extremes of round trips, in integers | `statistics` |
//! | the lines | `told` |

mod statistics;
mod tally;
mod told;

pub use statistics::{RoundTrips, Statistics};
pub use told::{Told, Wrong};

use core::net::IpAddr;

use super::race::{Either, race};
use super::{AppError, Pattern};
use crate::network::icmp;
use crate::network::ipv4;
use crate::network::options::List;
use crate::network::sending::MtuDiscovery;
use crate::socket::net::{EchoSocket, report, time};
use crate::time::{Duration, Instant};
use tally::Tally;

/// The longest payload of a request: what a packet without options has room for.
pub const MOST_PAYLOAD: usize = 65_535 - ipv4::HEADER - icmp::HEADER;

/// A ping.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whom.
    pub destination: IpAddr,
    /// What the destination is called in the lines; without it by its address.
    pub name: Option<String>,
    /// How many requests; without it they go on. With a deadline: how many answers.
    pub count: Option<u64>,
    /// From one request to the next.
    pub interval: Duration,
    /// How long it waits after the last request, if nothing was answered. If something was it waits for twice the longest
    /// round trip, at least for one interval.
    pub timeout: Duration,
    /// When it ends in any case, after its beginning.
    pub deadline: Option<Duration>,
    /// Octets of payload.
    pub payload: usize,
    /// What fills the payload, again and again; where it is empty, a pattern without repetition.
    pub fill: Vec<u8>,
    /// Time to live; without one the host's own.
    pub ttl: Option<u8>,
    /// Whether it asks for the time of day instead of an echo; there is no payload then.
    pub timestamp: bool,
    /// Type of service: DSCP (RFC 2474 §3) and ECN.
    pub tos: u8,
    /// Whether hosts and routers on the way record themselves (RFC 791 §3.1); there is room for nine.
    pub record_route: bool,
    /// What the path's MTU means for requests; without it the host's knob says so.
    pub discovery: Option<MtuDiscovery>,
    /// Whether it tells of a request that was not answered, when the next is sent and at the end.
    pub outstanding: bool,
}

impl Config {
    /// A ping of `destination` as `ping` does it, without options: a request of 56 octets each second, without an end.
    pub const fn new(destination: IpAddr) -> Self {
        Self {
            destination,
            name: None,
            count: None,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(10),
            deadline: None,
            payload: 56,
            fill: Vec::new(),
            ttl: None,
            timestamp: false,
            tos: 0,
            record_route: false,
            discovery: None,
            outstanding: false,
        }
    }

    fn payload(&self) -> Vec<u8> {
        if self.fill.is_empty() {
            let mut payload = vec![0; self.payload];
            Pattern::new(self.count.unwrap_or_default()).fill(&mut payload);
            return payload;
        }
        self.fill.iter().copied().cycle().take(self.payload).collect()
    }
}

/// Sends echo requests and says what came of each, and a summary at the end.
///
/// # Errors
/// When no request was answered.
pub async fn ping(config: Config) -> Result<(), AppError> {
    let destination = config.destination;
    let say = |told: &Told| told.to_string().lines().filter(|line| !line.is_empty()).for_each(report);
    let statistics = ping_until(config, core::future::pending(), say).await?;
    if statistics.received == 0 && statistics.transmitted > 0 {
        return Err(AppError::new(format!("{destination} did not answer")));
    }
    Ok(())
}

/// As [`ping`], until `stop` is ready at the latest. What is to be said is told to `tell`.
///
/// # Errors
/// When the socket cannot be had, or not be set so.
pub async fn ping_until(
    config: Config,
    stop: impl Future<Output = ()>,
    tell: impl FnMut(&Told),
) -> Result<Statistics, AppError> {
    let socket = EchoSocket::open().await?;
    socket.set_tos(config.tos)?;
    if config.record_route {
        socket.set_options(List::record_route(9).octets())?;
    }
    if let Some(discovery) = config.discovery {
        socket.set_mtu_discovery(discovery)?;
    }
    let payload = if config.timestamp { Vec::new() } else { config.payload() };
    let began = time::now();
    let deadline = config.deadline.map(|span| began + span);
    let mut pinger = Pinger { tally: Tally::new(config.destination, payload, tell), socket, config };
    pinger.begin();
    let over = async {
        match deadline {
            Some(deadline) => {
                let (Either::First(()) | Either::Second(())) = race(stop, time::sleep_until(deadline)).await;
            }
            None => stop.await,
        }
    };
    if let Either::Second(Err(error)) = race(over, pinger.run(began)).await {
        return Err(error);
    }
    Ok(pinger.finish())
}

struct Pinger<F> {
    config: Config,
    socket: EchoSocket,
    tally: Tally<F>,
}

impl<F: FnMut(&Told)> Pinger<F> {
    fn begin(&mut self) {
        let Config { destination, ref name, payload, record_route, timestamp, .. } = self.config;
        let payload = if timestamp { icmp::Times::LENGTH } else { payload };
        let options = if record_route { List::record_route(9).octets().len() } else { 0 };
        let packet = payload + icmp::HEADER + ipv4::HEADER + options;
        self.tally.tell(&Told::Begins { name: name.clone(), destination, payload, packet });
    }

    /// Sends, and takes what comes, until all is answered that is to be.
    async fn run(&mut self, began: Instant) -> Result<(), AppError> {
        let Config { count, interval, timeout, deadline, .. } = self.config;
        if count == Some(0) {
            return Ok(());
        }
        let mut next = began;
        loop {
            self.send(began).await;
            next += interval;
            let is_last = deadline.is_none() && count.is_some_and(|count| self.tally.transmitted() >= count);
            let until = if is_last { time::now() + self.tally.patience(interval, timeout) } else { next };
            while !self.is_done() {
                match time::timeout_at(until, self.socket.recv()).await {
                    Ok(event) => self.tally.event(event?),
                    Err(_) => break,
                }
            }
            if is_last || self.is_done() {
                return Ok(());
            }
            // Where the clock is far behind, what was not sent in time is not sent at once.
            next = next.max(time::now());
        }
    }

    /// Whether all that is waited for is there: as with `ping`, errors count as answers, and end a wait with a deadline.
    fn is_done(&self) -> bool {
        let Config { count, deadline, .. } = self.config;
        let (received, errors) = (self.tally.received(), self.tally.errors());
        count.is_some_and(|count| received + errors >= count) || deadline.is_some() && errors > 0
    }

    async fn send(&mut self, began: Instant) {
        let Config { destination, ttl, timestamp, outstanding, .. } = self.config;
        if outstanding {
            self.tally.tell_of_the_last();
        }
        let sequence = self.tally.next_sequence();
        let sent = if timestamp {
            self.socket.send_timestamp(destination, sequence, ttl).await
        } else {
            self.socket.send(destination, sequence, self.tally.payload(), ttl).await
        };
        self.tally.sent(sequence, time::now(), began, sent.err());
    }

    fn finish(mut self) -> Statistics {
        if self.config.outstanding {
            self.tally.tell_of_the_last();
        }
        let name = self.config.name.unwrap_or_else(|| self.config.destination.to_string());
        self.tally.finish(name)
    }
}
