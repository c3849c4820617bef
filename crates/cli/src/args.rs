//! What the command line can say.

mod emulate;
mod ping;
mod replay;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use wirelab_scenario::Moment;
use wirelab_sim::Show;
use wirelab_stack::time::{Duration, Instant};

use crate::lab::applications::AppArg;
use crate::lab::options::LabArgs;
use crate::lab::recorded::Recorded;
use crate::ladder::Limit;
use crate::suggest;

pub use emulate::{EmulateArgs, WireArgs};
pub use ping::PingArgs;
pub use replay::ReplayArgs;

/// Rows of a ladder that are shown unless it is said otherwise.
const LADDER_ROWS: usize = 200;

/// A TCP/IP stack in four layers, a deterministic network simulator, and a packet lab.
#[derive(Parser, Debug)]
#[command(
    name = "wirelab",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 all held, 1 an expectation failed (or deadlock, or a limit), 2 bad usage or a bad \
                  file, 3 no permission.\n\nTo begin: wirelab run echo"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run a scenario and show what happened
    #[command(
        after_help = "Examples:\n  wirelab run echo\n  wirelab run my.toml --seed 7 --set 'link.wire.loss=10 %' \
                            --pcap out.pcapng\n  wirelab run echo --show neighbors,sockets@100ms --only client\n  \
                            wirelab run lossy-transfer --json | jq .trace_hash"
    )]
    Run(RunArgs),
    /// Read scenario files and say what is wrong with them, without running
    #[command(after_help = "Example:\n  wirelab check scenarios/*.toml")]
    Check(CheckArgs),
    /// List the scenarios that ship inside the program
    #[command(after_help = "Example:\n  wirelab list")]
    List,
    /// Write a commented scenario to start from
    #[command(after_help = "Example:\n  wirelab new my.toml && wirelab run my.toml")]
    New(NewArgs),
    /// Say what a cause or a drop reason means, and where the RFC says so
    #[command(after_help = "Examples:\n  wirelab explain retransmit-rto\n  wirelab explain")]
    Explain(ExplainArgs),
    /// Serve applications of our own stack on a real link
    #[command(
        after_help = "Examples:\n  wirelab serve --on tap:wl0 --address 10.66.0.2/24 echo:7 upper-session:9999\n  \
                            wirelab serve --on raw:eth0 --address 192.0.2.7/24 --gateway 192.0.2.1 http:80=./public"
    )]
    Serve(ServeArgs),
    /// Send standard input to a peer, and print what it answers, as `nc` does
    #[command(
        after_help = "Examples:\n  printf 'hello\\n' | wirelab connect --on tap:wl0 --address 10.66.0.2/24 10.66.0.1 7\n  \
                            wirelab connect --on raw:eth0 --address 192.0.2.7/24 -u -w 2s 192.0.2.1 13"
    )]
    Connect(ConnectArgs),
    /// Be an impaired wire between two real links
    #[command(
        after_help = "Examples:\n  wirelab emulate --between tap:a tap:b --rate 100Mbit/s --delay 10ms --loss 1% --queue 100\n  \
                            wirelab emulate --between raw:eth1 raw:eth2 --delay 40ms --jitter 5ms --forward.loss \
                            '{ good_to_bad = \"1 %\", bad_to_good = \"30 %\" }' --for 60s --json"
    )]
    Emulate(EmulateArgs),
    /// Ask a host for echoes, and say how long each took, as `ping` does
    #[command(
        after_help = "Examples:\n  wirelab ping --on tap:wl0 --address 10.66.0.2/24 -c 3 10.66.0.1\n  \
                            wirelab ping --on raw:eth0 --address 192.0.2.7/24 --gateway 192.0.2.1 -i 0.2 -s 1400 \
                            198.51.100.1"
    )]
    Ping(PingArgs),
    /// Run a recorded run of the lab again, in virtual time, and see whether it gives the same frames out
    #[command(
        after_help = "Examples:\n  wirelab serve --on tap:wl0 --address 10.66.0.2/24 --record odd.run http:80=./public\n  \
                            wirelab replay odd.run\n  wirelab replay odd.run --ladder none --pcap odd.pcapng"
    )]
    Replay(ReplayArgs),
    /// Print the JSON Schema of a file format, for editors
    #[command(after_help = "Example:\n  wirelab schema scenario > scenario.schema.json")]
    Schema(SchemaArgs),
}

impl Command {
    /// What a replay puts something else in place of; `None` for what makes no run that can be recorded.
    pub fn recorded(&mut self) -> Option<Recorded<'_>> {
        let lab = match self {
            Self::Connect(args) => &mut args.lab,
            Self::Ping(args) => &mut args.lab,
            Self::Serve(args) => &mut args.lab,
            Self::Emulate(args) => {
                let EmulateArgs { record, pcap, trace, series, .. } = args;
                return Some(Recorded { record, pcap, trace, series: Some(series) });
            }
            _ => return None,
        };
        Some(Recorded { record: &mut lab.record, pcap: &mut lab.pcap, trace: &mut lab.trace, series: None })
    }
}

/// Options of `wirelab run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// A scenario file, or the name of a scenario that ships (see `wirelab list`)
    #[arg(value_name = "FILE|NAME")]
    pub scenario: String,
    /// Derive all chance from this number instead of the scenario's own
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Change a field of the scenario: `link.wire.loss=10 %`; may be given several times
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = override_text)]
    pub overrides: Vec<String>,
    /// Write each frame, with its cause and fate as a comment, to a pcapng file
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// Write everything that happens, one JSON object a line (see docs/trace.md)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Write cwnd, ssthresh, srtt, rto and more of each connection and the length of each queue as CSV
    #[arg(long, value_name = "FILE.csv")]
    pub series: Option<PathBuf>,
    /// Show tables of hosts and switches at a time, or at the end: `neighbors,routes@2s`, `sockets:client@end`; may be
    /// given several times (see docs/scenarios.md)
    #[arg(long = "show", value_name = "TABLES[:NODE]@TIME")]
    pub shows: Vec<ShowArg>,
    /// Draw only these hosts in the ladder, `client,router`, or one connection, `client:6999-server`
    #[arg(long, value_name = "NODES|CONNECTION", conflicts_with = "json")]
    pub only: Option<String>,
    /// Draw switches and hubs in the ladder, too
    #[arg(long)]
    pub switches: bool,
    /// Print the summary as JSON, and nothing else
    #[arg(long)]
    pub json: bool,
    /// Print nothing but what else was asked for; failed expectations go to standard error
    #[arg(long, short)]
    pub quiet: bool,
    /// Show so many rows of each ladder, `all`, or `none`
    #[arg(long, value_name = "N|all|none", default_value_t = Rows(Limit::Rows(LADDER_ROWS)))]
    pub ladder: Rows,
}

/// Options of `wirelab check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Scenario files, or names of scenarios that ship
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
}

/// Options of `wirelab new`.
#[derive(Args, Debug)]
pub struct NewArgs {
    /// The file to write; it must not exist
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Options of `wirelab explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A cause or a drop reason; without one, all are listed
    #[arg(value_name = "CAUSE")]
    pub name: Option<String>,
}

/// Options of `wirelab schema`.
#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// Which format
    pub format: Format,
}

/// Options of `wirelab serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Where our host is.
    #[command(flatten)]
    pub lab: LabArgs,
    /// Let HTTP store what PUT and POST bring, and FTP's anonymous user write, below their directories
    #[arg(long)]
    pub allow_upload: bool,
    /// Print JSON objects, one a line
    #[arg(long)]
    pub json: bool,
    /// What to serve, `NAME[:PORT][=DIR]`: echo, discard, chargen, daytime, time (on TCP and UDP), upper, upper-session,
    /// http=DIR, ftp=DIR, smtp=DIR
    #[arg(value_name = "APP", required = true)]
    pub applications: Vec<AppArg>,
}

/// Options of `wirelab connect`.
#[derive(Args, Debug)]
pub struct ConnectArgs {
    /// Where our host is.
    #[command(flatten)]
    pub lab: LabArgs,
    /// Use UDP: each piece of input is a datagram
    #[arg(long, short)]
    pub udp: bool,
    /// How long it may take to connect, and after how long without a word it ends; with `-u`, how long it waits for answers
    /// after the end of input (`2s`, `500ms`)
    #[arg(long, short, value_name = "TIME")]
    pub wait: Option<Span>,
    /// The peer: an address, or a name that this machine knows
    #[arg(value_name = "HOST")]
    pub host: String,
    /// Its port
    #[arg(value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
}

/// A span of time, as it is written: `2s`, `500ms`, or a number of seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span(pub Duration);

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = if text.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.') {
            format!("{text}s")
        } else {
            text.to_owned()
        };
        match text.parse() {
            Ok(moment @ Moment::After(_)) => Ok(Self(moment.instant() - Instant::ZERO)),
            Ok(Moment::End) => Err("it is a span of time, such as `2s` or `500ms`".into()),
            Err(error) => Err(error),
        }
    }
}

/// A file format that has a schema.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Scenario files
    Scenario,
}

/// Tables that are shown, as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShowArg {
    /// Which.
    pub tables: Vec<Show>,
    /// Whose: everybody's where there is no name.
    pub node: Option<String>,
    /// When: at the end where there is no time.
    pub at: Option<Instant>,
}

impl std::str::FromStr for ShowArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((what, at)) = text.rsplit_once('@') else {
            return Err(
                "it is tables and a time, such as `neighbors,routes@2s` or `sockets:client@end`".into()
            );
        };
        let at = match at.trim().parse()? {
            Moment::End => None,
            moment @ Moment::After(_) => Some(moment.instant()),
        };
        let (tables, node) = match what.split_once(':') {
            Some((tables, node)) => (tables, Some(node.trim().to_owned())),
            None => (what, None),
        };
        let tables = tables.split(',').map(|name| {
            let names = || Show::ALL.iter().map(|show| show.name());
            let name = name.trim();
            Show::from_name(name).ok_or_else(|| {
                let all: Vec<&str> = names().collect();
                format!(
                    "there is no table `{name}`{}; there are {}",
                    suggest::hint(name, names()),
                    all.join(", ")
                )
            })
        });
        Ok(Self { tables: tables.collect::<Result<_, _>>()?, node, at })
    }
}

/// How many rows a ladder shows, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rows(pub Limit);

impl std::str::FromStr for Rows {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self(Limit::All)),
            "none" | "0" => Ok(Self(Limit::None)),
            number => match number.parse() {
                Ok(rows) => Ok(Self(Limit::Rows(rows))),
                Err(_) => Err("it is a number of rows, `all`, or `none`".into()),
            },
        }
    }
}

impl std::fmt::Display for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Limit::None => f.write_str("none"),
            Limit::Rows(rows) => write!(f, "{rows}"),
            Limit::All => f.write_str("all"),
        }
    }
}

fn override_text(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((path, _)) if !path.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("it is a field and its value, such as `link.wire.loss=10 %`".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn each_subcommand_has_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("wirelab {}", command.get_name())), "{}", command.get_name());
        }
    }

    #[test]
    fn ladder_rows_are_read() {
        let of = |text: &str| text.parse::<Rows>().map(|rows| rows.0);
        assert_eq!(of("all"), Ok(Limit::All));
        assert_eq!(of("none"), Ok(Limit::None));
        assert_eq!(of("0"), Ok(Limit::None));
        assert_eq!(of("50"), Ok(Limit::Rows(50)));
        assert!(of("some").is_err());
        assert!(of("-1").is_err());
    }

    #[test]
    fn tables_are_asked_for_by_name_time_and_node() {
        let of = |text: &str| text.parse::<ShowArg>();
        let at = Some(Instant::from_millis(1_500));
        let tables = vec![Show::Neighbors, Show::Routes];
        assert_eq!(of("neighbors,routes@1.5s"), Ok(ShowArg { tables, node: None, at }));
        let node = Some("client".to_owned());
        assert_eq!(of("sockets:client@end"), Ok(ShowArg { tables: vec![Show::Sockets], node, at: None }));
        assert!(of("neighbours@1s").unwrap_err().contains("`neighbors`"));
        assert!(of("neighbors").is_err() && of("neighbors@soon").is_err() && of("@1s").is_err());
    }

    #[test]
    fn an_override_has_a_path_and_a_value() {
        assert!(override_text("link.wire.loss=10 %").is_ok());
        assert!(override_text("link.wire.loss").is_err());
        assert!(override_text("=10 %").is_err());
    }
}
