//! A host's interfaces.

use wirelab_stack::frame::{InterfaceId, Medium};
use wirelab_stack::host::{Host, InterfaceCounters};
use wirelab_stack::interface::Interface;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Row, Table};

/// The table.
pub fn table(host: &Host, _: Instant) -> Table {
    let rows = host.interfaces().zip(1..).map(|((id, interface), number)| row(host, id, interface, number));
    Table { rows: rows.collect(), ..Table::default() }
}

fn row(host: &Host, id: InterfaceId, interface: &Interface, number: u64) -> Row {
    let loopback = id == InterfaceId::LOOPBACK;
    let (flags, link) = match interface.medium() {
        _ if loopback => ("LOOPBACK", "link/loopback".to_owned()),
        Medium::Ethernet => ("BROADCAST,MULTICAST", format!("link/ether {}", interface.mac())),
        Medium::PointToPoint => ("POINTOPOINT,MULTICAST", "link/none".to_owned()),
    };
    let (up, state) = if interface.is_up() { (",UP", "UP") } else { ("", "DOWN") };
    let mtu = interface.capabilities().mtu;
    let parent = interface.vlan().and_then(|vlan| host.interface(vlan.parent));
    let over = parent.map_or_else(String::new, |parent| format!("@{}", parent.name()));
    let vlan = interface.vlan().map(|vlan| u64::from(vlan.id.get()));
    let tagged = vlan.map_or_else(String::new, |vlan| format!(" vlan id {vlan}"));
    let name = interface.name();
    let counters = host.interface_counters(id);
    let InterfaceCounters { in_octets, in_errors, in_discards, out_octets, out_discards, .. } = counters;
    let received = counters.in_ucast_pkts + counters.in_multicast_pkts + counters.in_broadcast_pkts;
    let sent = counters.out_ucast_pkts + counters.out_multicast_pkts + counters.out_broadcast_pkts;
    Row::new(format!("{number}: {name}{over}: <{flags}{up}> mtu {mtu} state {state}{tagged}"))
        .line(format!("    {link}"))
        .line(format!(
            "    RX: {received} packets, {in_octets} octets, {in_errors} errors, {in_discards} dropped"
        ))
        .line(format!("    TX: {sent} packets, {out_octets} octets, {out_discards} dropped"))
        .with("number", number)
        .with("name", name)
        .with("up", interface.is_up())
        .with("mtu", u64::from(mtu))
        .with(
            "mac",
            (interface.medium() == Medium::Ethernet && !loopback).then(|| interface.mac().to_string()),
        )
        .with("parent", parent.map(|parent| parent.name().to_owned()))
        .with("vlan", vlan)
        .with("in_packets", received)
        .with("in_octets", in_octets)
        .with("in_errors", in_errors)
        .with("in_discards", in_discards)
        .with("out_packets", sent)
        .with("out_octets", out_octets)
        .with("out_discards", out_discards)
}
