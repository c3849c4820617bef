//! The options that all verbs of the lab have.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::Args;
use wirelab_rawlink::LinkSpec;
use wirelab_stack::addr::{Cidr, Mac};

use super::recorded::RecordArgs;

/// Where our host is, and what is recorded of it.
#[derive(Args, Clone, Debug)]
pub struct LabArgs {
    /// The real link: `tap:NAME`, `tun:NAME`, `raw:IFACE`, `ip:IFACE`
    #[arg(long, value_name = "LINK")]
    pub on: LinkSpec,
    /// An address of our own with its network, such as `10.66.0.2/24`: one that this machine does not have; may be given
    /// several times
    #[arg(long, value_name = "A/LEN", required = true)]
    pub address: Vec<Cidr>,
    /// The router to everywhere else
    #[arg(long, value_name = "A")]
    pub gateway: Option<Ipv4Addr>,
    /// Our hardware address, instead of one that is made of the link's name and the address
    #[arg(long, value_name = "MAC")]
    pub mac: Option<Mac>,
    /// Take the address though this machine has it
    #[arg(long)]
    pub force: bool,
    /// Leave checksums, and the cutting of long frames into segments, to the device: faster, but a capture on this machine
    /// shows what we send unfinished, and longer than the MTU
    #[arg(long)]
    pub offload: bool,
    /// Derive all chance from this number: what is drawn then is no secret
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Write each frame, with its cause and fate as a comment, to a pcapng file
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// Write everything that happens, one JSON object a line (see docs/trace.md)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Whether the run is recorded.
    #[command(flatten)]
    pub record: RecordArgs,
}
