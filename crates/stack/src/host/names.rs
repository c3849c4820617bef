//! A host's table of names: what `/etc/hosts` is elsewhere.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::BTreeMap;

use super::{Host, HostConfig};

/// Names and their addresses. Case makes no difference (RFC 4343 §3), nor does a dot at the end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names(BTreeMap<String, Vec<IpAddr>>);

/// A name as it is looked up.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl Names {
    /// The names of hosts, each with the addresses that it has from the beginning. Who has none yet has no name.
    pub fn of<'a>(hosts: impl IntoIterator<Item = &'a HostConfig>) -> Self {
        let mut names = Self::default();
        for host in hosts {
            for address in host.interfaces.iter().flat_map(|interface| &interface.addresses) {
                names.add(&host.name, address.address());
            }
        }
        names
    }

    /// One more address of `name`, after those that it has.
    pub fn add(&mut self, name: &str, address: IpAddr) {
        let addresses = self.0.entry(plain(name)).or_default();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    /// The addresses of `name`, in their order; none where it is not there.
    pub fn get(&self, name: &str) -> &[IpAddr] {
        self.0.get(&plain(name)).map_or(&[], Vec::as_slice)
    }
}

impl Host {
    /// The addresses of `name`: those of its table; this host's own, first, of its own name; 127.0.0.1 of `localhost`; and
    /// of an address itself. None where nobody has that name.
    pub fn lookup(&self, name: &str) -> Vec<IpAddr> {
        if let Ok(address) = name.parse() {
            return vec![address];
        }
        let plain = plain(name);
        // RFC 6761 §6.3: whatever tables say.
        if plain == "localhost" || plain.ends_with(".localhost") {
            return vec![Ipv4Addr::LOCALHOST.into()];
        }
        let mut addresses = Vec::new();
        if plain == self::plain(&self.name) {
            let own = self.interfaces.iter().flat_map(|own| own.ipv4_addresses().collect::<Vec<_>>());
            addresses.extend(own.map(IpAddr::V4));
        }
        for address in self.names.get(name) {
            if !addresses.contains(address) {
                addresses.push(*address);
            }
        }
        addresses
    }
}

#[cfg(test)]
mod tests {
    use crate::host::tests::{Net, config};

    use super::*;

    #[test]
    fn a_host_knows_itself_its_table_and_what_needs_no_table() {
        let mut names = Names::of(&[config(1), config(2)]);
        names.add("web", [10, 0, 0, 2].into());
        names.add("WEB.", [10, 0, 0, 3].into());
        names.add("web", [10, 0, 0, 3].into());
        names.add("localhost", [10, 0, 0, 9].into());
        let net = Net::new(1, |config| config.names = names.clone().into());
        let lookup = |name: &str| {
            let found: Vec<String> = net.hosts[0].lookup(name).iter().map(ToString::to_string).collect();
            found.join(" ")
        };
        for (name, addresses) in [
            ("host1", "10.0.0.1"),
            ("Host2", "10.0.0.2"),
            ("host2.", "10.0.0.2"),
            ("web", "10.0.0.2 10.0.0.3"),
            ("localhost", "127.0.0.1"),
            ("app.localhost.", "127.0.0.1"),
            ("192.0.2.7", "192.0.2.7"),
            ("::1", "::1"),
            ("host3", ""),
            ("", ""),
        ] {
            assert_eq!(lookup(name), addresses, "{name}");
        }
    }
}
