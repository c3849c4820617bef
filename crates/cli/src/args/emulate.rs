//! `wirelab emulate`

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use wirelab_rawlink::LinkSpec;
use wirelab_scenario::WireSetting;

use super::Span;
use crate::lab::recorded::RecordArgs;

/// Options of `wirelab emulate`.
#[derive(Args, Debug)]
pub struct EmulateArgs {
    /// The two ends of the wire, both Ethernet or both IP alone: `tap:NAME`, `raw:IFACE`, `tun:NAME`, `pcap:FILE`
    #[arg(long, value_names = ["LINK", "LINK"], num_args = 2, required = true)]
    pub between: Vec<LinkSpec>,
    /// What it does to frames.
    #[command(flatten)]
    pub wire: WireArgs,
    /// End after this time (`10s`, `500ms`), instead of with a signal
    #[arg(long = "for", value_name = "TIME")]
    pub duration: Option<Span>,
    /// Derive all chance from this number: which frame is lost is the same again, where the same frames come
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Print JSON objects, one a line, the last with all that was counted
    #[arg(long)]
    pub json: bool,
    /// Show no rates while it runs
    #[arg(long, short)]
    pub quiet: bool,
    /// Write each frame, as it came and as it left, with its fate as a comment, to a pcapng file
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// Write everything that happens, one JSON object a line (see docs/trace.md)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Write the length of each direction's queue as CSV
    #[arg(long, value_name = "FILE.csv")]
    pub series: Option<PathBuf>,
    /// Whether the run is recorded.
    #[command(flatten)]
    pub record: RecordArgs,
}

/// The settings of a wire, by the names that a scenario file has for them, as they were given.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct WireArgs {
    /// Names and values.
    pub settings: Vec<(&'static str, String)>,
}

impl WireArgs {
    fn names() -> impl Iterator<Item = &'static str> {
        WireSetting::ALL.iter().flat_map(|setting| [setting.both, setting.forward, setting.backward])
    }
}

impl Args for WireArgs {
    fn augment_args(mut command: Command) -> Command {
        let descriptions = WireSetting::descriptions();
        for setting in WireSetting::ALL {
            let about = descriptions.get(setting.both).map_or("", String::as_str);
            let option = |name: &'static str| Arg::new(name).long(name).value_name(setting.value);
            let heading = "What the wire does (each also as `--forward.…` or `--backward.…`, one way only)";
            command = command
                .arg(option(setting.both).help(about.trim_end_matches('.').to_owned()).help_heading(heading));
            for one_way in [setting.forward, setting.backward] {
                command = command.arg(option(one_way).hide(true));
            }
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for WireArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |name: &'static str| Some((name, matches.get_one::<String>(name)?.clone()));
        Ok(Self { settings: Self::names().filter_map(given).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
