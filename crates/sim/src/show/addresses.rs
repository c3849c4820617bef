//! A host's addresses.

use core::net::IpAddr;

use wirelab_stack::addr::{Cidr, Mac};
use wirelab_stack::host::Host;
use wirelab_stack::interface::Standing;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Row, Table};

/// The table.
pub fn table(host: &Host, _: Instant) -> Table {
    let named = host.interfaces().zip(1..);
    let rows = named.flat_map(|((_, interface), number)| {
        let in_use = interface.addresses().iter().map(|cidr| (*cidr, Standing::Assured));
        let tentative = interface.tentative().map(|cidr| (cidr, Standing::Tentative));
        let others = interface.duplicates().map(|(cidr, mac)| (cidr, Standing::Duplicate(mac)));
        let all = in_use.chain(tentative).chain(others);
        all.map(move |(cidr, standing)| row(number, interface.name(), &cidr, standing))
    });
    Table { rows: rows.collect(), ..Table::default() }
}

fn row(number: u64, interface: &str, cidr: &Cidr, standing: Standing) -> Row {
    let family = if cidr.address().is_ipv4() { "inet" } else { "inet6" };
    let scope = match cidr.address() {
        address if address.is_loopback() => "host",
        IpAddr::V4(address) if address.is_link_local() => "link",
        IpAddr::V6(address) if address.is_unicast_link_local() => "link",
        _ => "global",
    };
    let broadcast = cidr.broadcast().filter(|_| scope != "host");
    let told = broadcast.map_or_else(String::new, |address| format!(" brd {address}"));
    let (flag, word, holder) = match standing {
        Standing::Assured => ("", "in-use", None),
        Standing::Tentative => (" tentative", "tentative", None),
        Standing::Duplicate(mac) => (" dadfailed", "duplicate", Some(mac)),
    };
    Row::new(format!("{number}: {interface}    {family} {cidr}{told} scope {scope}{flag}"))
        .with("interface", interface)
        .with("address", cidr.address().to_string())
        .with("prefix", u64::from(cidr.prefix()))
        .with("broadcast", broadcast.map(|address| address.to_string()))
        .with("scope", scope)
        .with("standing", word)
        .with("holder", holder.map(|mac: Mac| mac.to_string()))
}
