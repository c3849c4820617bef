//! A host's addresses.

use core::net::IpAddr;

use wirelab_stack::addr::Cidr;
use wirelab_stack::host::Host;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Row, Table};

/// The table.
pub fn table(host: &Host, _: Instant) -> Table {
    let named = host.interfaces().zip(1..);
    let rows = named.flat_map(|((_, interface), number)| {
        interface.addresses().iter().map(move |cidr| row(number, interface.name(), cidr))
    });
    Table { rows: rows.collect(), ..Table::default() }
}

fn row(number: u64, interface: &str, cidr: &Cidr) -> Row {
    let family = if cidr.address().is_ipv4() { "inet" } else { "inet6" };
    let scope = match cidr.address() {
        address if address.is_loopback() => "host",
        IpAddr::V4(address) if address.is_link_local() => "link",
        IpAddr::V6(address) if address.is_unicast_link_local() => "link",
        _ => "global",
    };
    let broadcast = cidr.broadcast().filter(|_| scope != "host");
    let told = broadcast.map_or_else(String::new, |address| format!(" brd {address}"));
    Row::new(format!("{number}: {interface}    {family} {cidr}{told} scope {scope}"))
        .with("interface", interface)
        .with("address", cidr.address().to_string())
        .with("prefix", u64::from(cidr.prefix()))
        .with("broadcast", broadcast.map(|address| address.to_string()))
        .with("scope", scope)
}
