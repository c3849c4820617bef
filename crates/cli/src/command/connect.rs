//! `wirelab connect --on LINK --address A/LEN HOST PORT`

use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};

use wirelab_stack::application::relay::{self, relay};

use crate::args::ConnectArgs;
use crate::exit::{Code, Failure};
use crate::lab::lines::Lines;
use crate::lab::{Lab, client};

/// Relays between standard input and output and a peer.
///
/// # Errors
/// When the peer's name means no address, the link cannot be opened, or the device is gone.
pub fn connect(args: &ConnectArgs, out: &mut dyn Write, err: &mut dyn Write) -> Result<Code, Failure> {
    let mut lab = Lab::open(&args.lab, "connect")?;
    let remote = lab.resolve(&args.host, args.port)?;
    let config = relay::Config { remote, udp: args.udp, patience: args.wait.map(|wait| wait.0) };
    let ended = client::run(&mut lab, ("connect", true), relay(config), &Lines::default(), out);
    let finished = lab.finish();
    let code = ended?.code(err);
    finished.map(|()| code)
}

/// The IPv4 address of a host: as this machine knows it, since our own stack asks no servers of names.
///
/// # Errors
/// When it has none.
pub fn resolve(host: &str, port: u16) -> Result<SocketAddr, Failure> {
    let found = (host, port).to_socket_addrs();
    let found = found.map_err(|error| Failure::Usage(format!("`{host}` means no address: {error}")))?;
    found
        .into_iter()
        .find(SocketAddr::is_ipv4)
        .ok_or_else(|| Failure::Usage(format!("`{host}` has no IPv4 address, and nothing here speaks IPv6")))
}
