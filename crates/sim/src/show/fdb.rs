//! What a switch has learnt.

use wirelab_stack::frame::InterfaceId;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Row, Table};

use crate::switch::{Switch, TableEntry};

/// The table.
pub fn table(switch: &Switch, now: Instant) -> Table {
    let mut entries = switch.table(now);
    entries.sort_by_key(|entry| (entry.vlan, entry.mac));
    Table { rows: entries.iter().map(|entry| row(switch, entry, now)).collect(), ..Table::default() }
}

fn port_name(switch: &Switch, port: InterfaceId) -> &str {
    switch.config().ports.get(usize::from(port.0)).map_or("?", |port| &port.name)
}

fn row(switch: &Switch, entry: &TableEntry, now: Instant) -> Row {
    let (vlan, port) = (entry.vlan.get(), port_name(switch, entry.port));
    Row::new(format!("{} dev {port} vlan {vlan}", entry.mac))
        .with("mac", entry.mac.to_string())
        .with("port", port)
        .with("vlan", u64::from(vlan))
        .with("age", now.since(entry.seen))
}
