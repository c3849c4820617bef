//! Whether an address is the system's own. Its kernel would answer what comes for it beside us: TCP with RST.

use std::fmt;
use std::net::IpAddr;

use crate::device::{InterfaceInfo, interfaces};

/// An address that the kernel owns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owned {
    /// The address.
    pub address: IpAddr,
    /// The interface that has it.
    pub interface: String,
}

impl Owned {
    /// The line for the firewall that keeps the kernel from answering segments to that address with RST. The frames of a
    /// packet socket do not pass the firewall.
    pub fn firewall_line(&self) -> String {
        let program = if self.address.is_ipv4() { "iptables" } else { "ip6tables" };
        format!("sudo {program} -I OUTPUT -s {} -p tcp --tcp-flags RST RST -j DROP", self.address)
    }
}

impl fmt::Display for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is this system's own address, on {}: its kernel would answer what comes for it too, TCP with RST; take \
             another address of that network, or keep the kernel quiet with `{}` and say `--force`",
            self.address,
            self.interface,
            self.firewall_line()
        )
    }
}

impl std::error::Error for Owned {}

/// Says whether the kernel owns `address`, and on which interface.
pub fn kernel_owns(address: IpAddr) -> Option<Owned> {
    owner(address, &interfaces())
}

fn owner(address: IpAddr, interfaces: &[InterfaceInfo]) -> Option<Owned> {
    // What leads back to the system leads back with all of its network.
    let own = |interface: &&InterfaceInfo| {
        (interface.loopback && address.is_loopback())
            || interface.addresses.iter().any(|(owned, _)| *owned == address)
    };
    let found = interfaces.iter().find(own)?;
    Some(Owned { address, interface: found.name.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, address: &str, loopback: bool) -> InterfaceInfo {
        InterfaceInfo {
            name: name.to_owned(),
            index: 1,
            mac: None,
            addresses: vec![(address.parse().unwrap(), 24)],
            up: true,
            running: true,
            loopback,
        }
    }

    #[test]
    fn an_address_of_the_kernel_is_told_with_the_ways_out() {
        let interfaces = [
            interface("lo", "127.0.0.1", true),
            interface("eth0", "10.0.0.1", false),
            interface("eth1", "fd00::1", false),
        ];
        let found = |address: &str| owner(address.parse().unwrap(), &interfaces);
        assert_eq!(found("10.0.0.2"), None);
        assert_eq!(found("127.9.9.9").unwrap().interface, "lo");
        assert_eq!(
            found("10.0.0.1").unwrap().to_string(),
            "10.0.0.1 is this system's own address, on eth0: its kernel would answer what comes for it too, TCP with RST; \
             take another address of that network, or keep the kernel quiet with `sudo iptables -I OUTPUT -s 10.0.0.1 -p \
             tcp --tcp-flags RST RST -j DROP` and say `--force`"
        );
        assert!(found("fd00::1").unwrap().firewall_line().starts_with("sudo ip6tables "));
    }
}
