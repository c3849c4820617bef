//! A host's routes.

use core::fmt::Write as _;
use wirelab_stack::addr::Cidr;
use wirelab_stack::host::Host;
use wirelab_stack::network::route::{Origin, Route, Target};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Row, Table};

/// The table.
pub fn table(host: &Host, _: Instant) -> Table {
    let mut routes: Vec<&Route> = host.routes().collect();
    // As `ip route` has them: the default routes first, then by their networks; a stable sort keeps those to one network
    // by their metrics.
    routes.sort_by_key(|route| (route.destination.prefix() != 0, route.destination));
    Table { rows: routes.into_iter().map(|route| row(host, route)).collect(), ..Table::default() }
}

fn row(host: &Host, route: &Route) -> Row {
    let (kind, gateway, interface) = match route.target {
        Target::Unicast { interface, gateway } => ("unicast", gateway, host.interface(interface)),
        Target::Blackhole => ("blackhole", None, None),
        Target::Unreachable => ("unreachable", None, None),
        Target::Prohibit => ("prohibit", None, None),
    };
    let connected = route.origin == Origin::Connected;
    let own = |own: &&Cidr| connected && route.destination.contains(own.address());
    let source = route.source.or_else(|| interface?.addresses().iter().find(own).map(Cidr::address));
    let mut line = match kind {
        "unicast" => String::new(),
        kind => format!("{kind} "),
    };
    match route.destination.prefix() {
        0 => line += "default",
        _ => line += &route.destination.to_string(),
    }
    if let Some(gateway) = gateway {
        let _ = write!(line, " via {gateway}");
    }
    if let Some(interface) = interface {
        let _ = write!(line, " dev {}", interface.name());
    }
    match route.origin {
        Origin::Connected => line += " proto kernel",
        Origin::Discovered => line += " proto ra",
        Origin::Static => {}
    }
    if interface.is_some() && gateway.is_none() {
        line += " scope link";
    }
    if let Some(source) = source {
        let _ = write!(line, " src {source}");
    }
    if route.metric != 0 {
        let _ = write!(line, " metric {}", route.metric);
    }
    Row::new(line)
        .with("kind", kind)
        .with("destination", route.destination.to_string())
        .with("gateway", gateway.map(|gateway| gateway.to_string()))
        .with("interface", interface.map(|interface| interface.name().to_owned()))
        .with("source", source.map(|source| source.to_string()))
        .with("metric", u64::from(route.metric))
        .with("connected", connected)
}
