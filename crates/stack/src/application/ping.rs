//! Ping: echo requests, and what came of each.

use core::net::IpAddr;

use super::{AppError, Pattern};
use crate::network::icmp::Times;
use crate::network::options::List;
use crate::network::sending::MtuDiscovery;
use crate::socket::net::{EchoSocket, report, time};
use crate::time::{Duration, Instant};
use crate::transport::Report;
use crate::transport::echo::EchoEvent;

/// A ping.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whom.
    pub destination: IpAddr,
    /// How many requests.
    pub count: u16,
    /// From one request to the next.
    pub interval: Duration,
    /// How long it waits for the last answer.
    pub timeout: Duration,
    /// Octets of payload.
    pub payload: usize,
    /// Time to live; without one the host's own.
    pub ttl: Option<u8>,
    /// Whether it asks for the time of day instead of an echo; there is no payload then.
    pub timestamp: bool,
    /// Type of service: DSCP (RFC 2474 §3) and ECN.
    pub tos: u8,
    /// Whether hosts and routers on the way record themselves (RFC 791 §3.1); there is room for nine.
    pub record_route: bool,
    /// Whether requests must not be fragmented, or must always be free to be; without it the host's knob says so.
    pub dont_fragment: Option<bool>,
}

/// Sends echo requests and says what came of each, and a summary at the end.
///
/// # Errors
/// When no request was answered.
pub async fn ping(config: Config) -> Result<(), AppError> {
    let socket = EchoSocket::open().await?;
    socket.set_tos(config.tos)?;
    if config.record_route {
        socket.set_options(List::record_route(9).octets())?;
    }
    if let Some(forbidden) = config.dont_fragment {
        socket.set_mtu_discovery(if forbidden { MtuDiscovery::Do } else { MtuDiscovery::Dont })?;
    }
    let mut tally = Tally::new(config.count);
    let mut payload = vec![0; config.payload];
    Pattern::new(u64::from(config.count)).fill(&mut payload);
    let began = time::now();
    for sequence in 1..=config.count {
        time::sleep_until(began + config.interval * u64::from(sequence - 1)).await;
        let request = async {
            if config.timestamp {
                socket.send_timestamp(config.destination, sequence, config.ttl).await
            } else {
                socket.send(config.destination, sequence, &payload, config.ttl).await
            }
        };
        match request.await {
            Ok(()) => tally.sent(sequence, time::now()),
            Err(error) => tally.failed(sequence, &error.to_string()),
        }
        let until = if sequence == config.count {
            time::now() + config.timeout
        } else {
            began + config.interval * u64::from(sequence)
        };
        while !tally.all_settled(sequence) {
            match time::timeout(until - time::now(), socket.recv()).await {
                Ok(event) => tally.event(event?),
                Err(_) => break,
            }
        }
    }
    tally.finish(config.destination)
}

/// What came of each request.
struct Tally {
    /// When each was sent, while it waits for its answer.
    waiting: Vec<Option<Instant>>,
    sent: u32,
    received: u32,
    least: Duration,
    sum: Duration,
    most: Duration,
}

impl Tally {
    fn new(count: u16) -> Self {
        Self {
            waiting: vec![None; usize::from(count)],
            sent: 0,
            received: 0,
            least: Duration::MAX,
            sum: Duration::ZERO,
            most: Duration::ZERO,
        }
    }

    fn sent(&mut self, sequence: u16, now: Instant) {
        self.sent += 1;
        self.waiting[usize::from(sequence - 1)] = Some(now);
    }

    fn failed(&mut self, sequence: u16, error: &str) {
        self.sent += 1;
        report(format!("seq={sequence}: {error}"));
    }

    /// Whether none of the first `sequence` requests waits.
    fn all_settled(&self, sequence: u16) -> bool {
        self.waiting[..usize::from(sequence)].iter().all(Option::is_none)
    }

    fn event(&mut self, event: EchoEvent) {
        match event {
            EchoEvent::Reply { from, sequence, bytes, ttl, options, at, tos: _ } => {
                let octets = bytes.len();
                let Some(sent) = self.take(sequence) else {
                    return report(format!("{octets} octets from {from}: seq={sequence} (again)"));
                };
                let rtt = self.answered(at, sent);
                report(format!("{octets} octets from {from}: seq={sequence} ttl={ttl} time={rtt}"));
                let route: Vec<String> = options.recorded_route().map(|by| by.to_string()).collect();
                if !route.is_empty() {
                    report(format!("seq={sequence}: recorded route {}", route.join(", ")));
                }
            }
            EchoEvent::Error { sequence, report: Report { from, trouble, .. } } => {
                self.take(sequence);
                report(format!("from {from}: seq={sequence} {trouble}"));
            }
            EchoEvent::Times { from, sequence, times: Times { originate, receive, transmit }, at } => {
                let Some(sent) = self.take(sequence) else {
                    return report(format!("times from {from}: seq={sequence} (again)"));
                };
                let rtt = self.answered(at, sent);
                let (o, r, t) = (originate, receive, transmit);
                report(format!("times from {from}: seq={sequence} orig={o} recv={r} xmit={t} time={rtt}"));
            }
        }
    }

    /// Counts an answer; how long it took.
    fn answered(&mut self, at: Instant, sent: Instant) -> Duration {
        let rtt = at - sent;
        self.received += 1;
        (self.least, self.most) = (self.least.min(rtt), self.most.max(rtt));
        self.sum = self.sum + rtt;
        rtt
    }

    fn take(&mut self, sequence: u16) -> Option<Instant> {
        self.waiting.get_mut(usize::from(sequence).checked_sub(1)?)?.take()
    }

    fn finish(&self, destination: IpAddr) -> Result<(), AppError> {
        for (waiting, sequence) in self.waiting.iter().zip(1..) {
            if waiting.is_some() {
                report(format!("seq={sequence}: no answer"));
            }
        }
        let Self { sent, received, least, sum, most, waiting: _ } = self;
        report(format!("{sent} sent, {received} answered"));
        if *received == 0 {
            return match sent {
                0 => Ok(()),
                _ => Err(AppError::new(format!("{destination} did not answer"))),
            };
        }
        report(format!("round trip: least {least}, mean {}, most {most}", *sum / u64::from(*received)));
        Ok(())
    }
}
