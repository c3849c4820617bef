//! Options of `wirelab ping`.

use clap::{Args, ValueEnum};
use wirelab_stack::application::ping::MOST_PAYLOAD;
use wirelab_stack::network::sending::MtuDiscovery;
use wirelab_stack::time::Duration;

use super::Span;
use crate::lab::options::LabArgs;

/// The shortest time between requests: what is faster is a flood.
const LEAST_INTERVAL: Duration = Duration::from_millis(1);

/// The most octets of a pattern, as with `ping`.
const MOST_PATTERN: usize = 16;

/// Options of `wirelab ping`, by the letters of iputils' `ping`.
#[derive(Args, Debug)]
pub struct PingArgs {
    /// Where our host is.
    #[command(flatten)]
    pub lab: LabArgs,
    /// End after so many requests; with `-w`, after so many answers
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// The time from one request to the next, at least 1 ms
    #[arg(long, short, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub interval: Span,
    /// Octets of payload
    #[arg(long, short, value_name = "N", default_value_t = 56, value_parser = clap::value_parser!(u16).range(..=MOST_PAYLOAD as i64))]
    pub size: u16,
    /// How long the last answer is waited for, where none came before; otherwise it is two round trips, at least an interval
    #[arg(long, short = 'W', value_name = "TIME", default_value = "10s")]
    pub timeout: Span,
    /// End after this time, whatever was sent and answered
    #[arg(long, short = 'w', value_name = "TIME")]
    pub deadline: Option<Span>,
    /// Time to live
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub ttl: Option<u8>,
    /// Type of service: the octet of DSCP and ECN
    #[arg(long, short = 'Q', value_name = "N", default_value_t = 0)]
    pub tos: u8,
    /// What fills the payload, as hexadecimal digits: at most 16 octets, again and again
    #[arg(long, short, value_name = "HEX", value_parser = pattern)]
    pub pattern: Option<Fill>,
    /// Whether requests may be cut: `do` forbids it to all, `want` to routers, `dont` to nobody
    #[arg(long, short = 'M', value_name = "HOW")]
    pub pmtudisc: Option<Discovery>,
    /// Print the date before each line, as seconds since 1970
    #[arg(long, short = 'D')]
    pub dates: bool,
    /// Tell of a request that is not answered when the next is sent
    #[arg(long, short = 'O')]
    pub outstanding: bool,
    /// Print the first line and the statistics only
    #[arg(long, short)]
    pub quiet: bool,
    /// Print JSON objects, one a line
    #[arg(long)]
    pub json: bool,
    /// Whom to ask: an address, or a name that this machine knows
    #[arg(value_name = "HOST")]
    pub host: String,
}

/// What fills a payload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fill(pub Vec<u8>);

impl Default for Fill {
    /// Each octet is one more than that before it.
    fn default() -> Self {
        Self((0..=u8::MAX).collect())
    }
}

/// `ping`'s words for what an MTU means.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Discovery {
    /// Nobody may cut a request: what is longer than the path's MTU is not sent
    Do,
    /// Routers may not cut it, we may
    Want,
    /// Everybody may cut it
    Dont,
}

impl From<Discovery> for MtuDiscovery {
    fn from(discovery: Discovery) -> Self {
        match discovery {
            Discovery::Do => Self::Do,
            Discovery::Want => Self::Want,
            Discovery::Dont => Self::Dont,
        }
    }
}

fn interval(text: &str) -> Result<Span, String> {
    let span: Span = text.parse()?;
    if span.0 < LEAST_INTERVAL { Err("it is at least 1 ms".to_owned()) } else { Ok(span) }
}

fn pattern(text: &str) -> Result<Fill, String> {
    if !text.bytes().all(|octet| octet.is_ascii_hexdigit()) || text.is_empty() {
        return Err("it is hexadecimal digits, such as `ff00`".to_owned());
    }
    let octets: Vec<u8> = text
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    if octets.len() > MOST_PATTERN {
        return Err(format!("it has at most {MOST_PATTERN} octets, this one has {}", octets.len()));
    }
    Ok(Fill(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_octets_in_hexadecimal() {
        assert_eq!(pattern("ff"), Ok(Fill(vec![0xff])));
        assert_eq!(pattern("DeadBeef"), Ok(Fill(vec![0xde, 0xad, 0xbe, 0xef])));
        assert_eq!(pattern("abc"), Ok(Fill(vec![0xab, 0x0c])), "as ping reads it");
        assert!(pattern("").is_err() && pattern("xy").is_err() && pattern("+1").is_err());
        assert!(pattern(&"12".repeat(MOST_PATTERN)).is_ok());
        assert!(pattern(&"12".repeat(MOST_PATTERN + 1)).unwrap_err().ends_with("this one has 17"));
        assert_eq!(Fill::default().0[..3], [0, 1, 2]);
    }

    #[test]
    fn an_interval_is_no_flood() {
        assert_eq!(interval("0.001"), Ok(Span(LEAST_INTERVAL)));
        assert!(interval("0.000999").is_err() && interval("0").is_err());
    }
}
