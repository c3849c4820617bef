//! Traceroute: probes whose TTL runs out one hop further each time, and who says so.

use core::fmt::Write;
use core::net::{IpAddr, SocketAddr};

use super::AppError;
use super::open::any_address;
use crate::socket::net::{DatagramEvent, EchoSocket, UdpSocket, report, time};
use crate::time::{Duration, Instant};
use crate::transport::echo::EchoEvent;
use crate::transport::{Report, Trouble, udp};

/// What is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// UDP datagrams, each to a port of its own, beginning with this one, where nobody listens: the destination is
    /// reached when it says so.
    Udp(u16),
    /// ICMP echo requests: the destination is reached when it answers.
    Icmp,
}

impl Method {
    /// The port where traceroute has always begun.
    pub const FIRST_PORT: u16 = 33_434;
}

/// A traceroute.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whither.
    pub destination: IpAddr,
    /// With what.
    pub method: Method,
    /// TTL of the first probes.
    pub first_ttl: u8,
    /// TTL of the last probes, if the destination is not reached before.
    pub max_ttl: u8,
    /// Probes of each TTL.
    pub probes: u8,
    /// How long it waits for the answer to each.
    pub wait: Duration,
    /// Octets of each probe, its headers included.
    pub size: usize,
}

/// Octets of headers in each probe: IP's, and UDP's or ICMP's.
const HEADERS: usize = 20 + udp::HEADER;

/// Sends probes one by one, and says of each hop who answered and how long that took.
///
/// # Errors
/// When the destination was not reached, or a probe could not be sent.
pub async fn traceroute(config: Config) -> Result<(), AppError> {
    let Config { destination, max_ttl, first_ttl, size, .. } = config;
    report(format!("traceroute to {destination}, {max_ttl} hops max, {size} byte packets"));
    let mut prober = Prober::open(&config).await?;
    for ttl in first_ttl..=max_ttl {
        let mut hop = Hop::new(ttl);
        for _ in 0..config.probes {
            let (sent, answer) = prober.probe(&config, ttl).await?;
            hop.answered(answer, time::now() - sent);
        }
        report(hop.line);
        if hop.reached {
            return Ok(());
        }
        // As ever: where all but one of the probes met the same wall there is no way on.
        if hop.walls > 0 && hop.walls + 1 >= config.probes {
            return Err(AppError::new(format!("{destination} cannot be reached")));
        }
    }
    Err(AppError::new(format!("{destination} was not reached in {max_ttl} hops")))
}

/// What came of a probe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    /// Nothing, in time.
    None,
    /// Somebody on the way answered.
    Error(Report),
    /// The destination answered.
    Reached(IpAddr),
}

/// Sends probes, and finds the answer to each.
struct Prober {
    socket: Socket,
    payload: Vec<u8>,
    /// Probes sent.
    sent: u16,
}

enum Socket {
    Udp(UdpSocket, u16),
    Icmp(EchoSocket),
}

impl Prober {
    async fn open(config: &Config) -> Result<Self, AppError> {
        let socket = match config.method {
            Method::Udp(port) => {
                let socket = UdpSocket::bind(any_address(config.destination)).await?;
                socket.queue_errors(true)?;
                Socket::Udp(socket, port)
            }
            Method::Icmp => Socket::Icmp(EchoSocket::open().await?),
        };
        // What traceroute has always filled its probes with.
        let payload = (0x40..0x80).cycle().take(config.size.saturating_sub(HEADERS)).collect();
        Ok(Self { socket, payload, sent: 0 })
    }

    /// Sends one probe, and waits for its answer.
    async fn probe(&mut self, config: &Config, ttl: u8) -> Result<(Instant, Answer), AppError> {
        let number = self.sent;
        self.sent = self.sent.wrapping_add(1);
        let sent = time::now();
        let answer = match &self.socket {
            Socket::Udp(socket, first) => {
                // Port zero is none.
                let port = first.wrapping_add(number).max(1);
                let remote = SocketAddr::new(config.destination, port);
                socket.set_ttl(ttl.into())?;
                socket.send_to(&self.payload, remote).await?;
                time::timeout(config.wait, of_datagram(socket, remote)).await
            }
            Socket::Icmp(socket) => {
                socket.send(config.destination, number, &self.payload, Some(ttl)).await?;
                time::timeout(config.wait, of_echo(socket, number)).await
            }
        };
        Ok((sent, answer.unwrap_or(Ok(Answer::None))?))
    }
}

/// The answer to a datagram to `remote`. What comes late of an earlier one is passed over.
async fn of_datagram(socket: &UdpSocket, remote: SocketAddr) -> Result<Answer, AppError> {
    loop {
        match socket.recv_event().await? {
            DatagramEvent::Error(error) if error.destination == remote => {
                let arrived = error.report.trouble == Trouble::PortUnreachable;
                let from = error.report.from;
                return Ok(if arrived { Answer::Reached(from) } else { Answer::Error(error.report) });
            }
            DatagramEvent::Received { from, .. } if from == remote => return Ok(Answer::Reached(from.ip())),
            DatagramEvent::Error(_) | DatagramEvent::Received { .. } => {}
        }
    }
}

/// The answer to the echo request of this number.
async fn of_echo(socket: &EchoSocket, number: u16) -> Result<Answer, AppError> {
    loop {
        match socket.recv().await? {
            EchoEvent::Reply { from, sequence, .. } if sequence == number => {
                return Ok(Answer::Reached(from));
            }
            EchoEvent::Error { sequence, report } if sequence == number => return Ok(Answer::Error(report)),
            EchoEvent::Reply { .. } | EchoEvent::Times { .. } | EchoEvent::Error { .. } => {}
        }
    }
}

/// The line about a hop.
struct Hop {
    line: String,
    /// Who answered last: named once, until it is another.
    named: Option<IpAddr>,
    reached: bool,
    /// Probes of which it was said that the destination is unreachable.
    walls: u8,
}

impl Hop {
    fn new(ttl: u8) -> Self {
        Self { line: format!("{ttl:2} "), named: None, reached: false, walls: 0 }
    }

    fn answered(&mut self, answer: Answer, after: Duration) {
        let (from, mark) = match answer {
            Answer::None => return self.line.push_str(" *"),
            Answer::Reached(from) => {
                self.reached = true;
                (from, String::new())
            }
            Answer::Error(Report { from, trouble: Trouble::TimeExceeded, .. }) => (from, String::new()),
            Answer::Error(report) => {
                self.walls += 1;
                (report.from, mark_of(&report))
            }
        };
        if self.named.replace(from) != Some(from) {
            let _ = write!(self.line, " {from}");
        }
        let micros = after.as_nanos().div_ceil(1000);
        let _ = write!(self.line, "  {}.{:03} ms{mark}", micros / 1000, micros % 1000);
    }
}

/// What traceroute writes behind the time of an answer that is not the usual one.
fn mark_of(report: &Report) -> String {
    match (report.trouble, report.icmp) {
        (Trouble::PacketTooBig(mtu), _) => format!(" !F-{mtu}"),
        (Trouble::NetworkUnreachable, _) => " !N".to_owned(),
        (Trouble::HostUnreachable, _) => " !H".to_owned(),
        (Trouble::ProtocolUnreachable, _) => " !P".to_owned(),
        (Trouble::SourceRouteFailed, _) => " !S".to_owned(),
        (Trouble::Prohibited, Some((_, 14))) => " !V".to_owned(),
        (Trouble::Prohibited, Some((_, 15))) => " !C".to_owned(),
        (Trouble::Prohibited, _) => " !X".to_owned(),
        (_, Some((kind, code))) => format!(" !<{kind}-{code}>"),
        (_, None) => " !".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    fn error(last: u8, trouble: Trouble, icmp: (u8, u8)) -> Answer {
        Answer::Error(Report { from: from(last), trouble, icmp: Some(icmp) })
    }

    fn line(answers: &[Answer]) -> String {
        let mut hop = Hop::new(3);
        for (number, answer) in answers.iter().enumerate() {
            hop.answered(*answer, Duration::from_micros(1_234 * (number as u64 + 1)));
        }
        hop.line
    }

    #[test]
    fn lines_are_written_as_traceroute_writes_them() {
        let passed = |last| error(last, Trouble::TimeExceeded, (11, 0));
        assert_eq!(line(&[passed(1); 3]), " 3  10.0.0.1  1.234 ms  2.468 ms  3.702 ms");
        assert_eq!(line(&[Answer::None; 3]), " 3  * * *");
        let mixed = [passed(1), Answer::None, passed(2)];
        assert_eq!(line(&mixed), " 3  10.0.0.1  1.234 ms * 10.0.0.2  3.702 ms");
        let marked = |trouble, code| line(&[error(1, trouble, (3, code))]);
        for (trouble, code, mark) in [
            (Trouble::NetworkUnreachable, 0, "!N"),
            (Trouble::HostUnreachable, 1, "!H"),
            (Trouble::ProtocolUnreachable, 2, "!P"),
            (Trouble::PacketTooBig(1400), 4, "!F-1400"),
            (Trouble::SourceRouteFailed, 5, "!S"),
            (Trouble::Prohibited, 13, "!X"),
            (Trouble::Prohibited, 14, "!V"),
            (Trouble::Prohibited, 15, "!C"),
        ] {
            assert_eq!(marked(trouble, code), format!(" 3  10.0.0.1  1.234 ms {mark}"));
        }
        assert_eq!(line(&[error(1, Trouble::ParameterProblem, (12, 0))]), " 3  10.0.0.1  1.234 ms !<12-0>");
    }

    #[test]
    fn the_destination_and_walls_are_told_apart() {
        let mut hop = Hop::new(1);
        hop.answered(error(1, Trouble::HostUnreachable, (3, 1)), Duration::ZERO);
        assert_eq!((hop.reached, hop.walls), (false, 1));
        hop.answered(Answer::Reached(from(2)), Duration::ZERO);
        assert_eq!((hop.reached, hop.walls), (true, 1));
    }
}
