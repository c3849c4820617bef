//! What a host knows of the stations on its links.

use wirelab_stack::host::Host;
use wirelab_stack::interface::NeighborInfo;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{NeighborState, Row, Table};

/// The table.
pub fn table(host: &Host, now: Instant) -> Table {
    let rows = host.interfaces().flat_map(|(_, interface)| {
        interface.neighbors(now).into_iter().map(|neighbor| row(interface.name(), &neighbor))
    });
    Table { rows: rows.collect(), ..Table::default() }
}

fn row(interface: &str, neighbor: &NeighborInfo) -> Row {
    let NeighborInfo { address, mac, state, good_for, queued_packets } = neighbor;
    let station = mac.map_or_else(String::new, |mac| format!(" lladdr {mac}"));
    let known = match state {
        NeighborState::Static => "PERMANENT".to_owned(),
        state => state.name().to_uppercase(),
    };
    Row::new(format!("{address} dev {interface}{station} {known}"))
        .with("address", address.to_string())
        .with("interface", interface)
        .with("mac", mac.map(|mac| mac.to_string()))
        .with("state", state.name())
        .with("good_for", *good_for)
        .with("queued_packets", *queued_packets as u64)
}
