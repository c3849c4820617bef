//! A host's sockets.

use wirelab_stack::host::Host;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{ConnectionInfo, Row, State, Table};
use wirelab_stack::transport::listing::{SocketInfo, SocketKind};
use wirelab_stack::transport::unix::{Listed, Type};

/// The table.
pub fn table(host: &Host, _: Instant) -> Table {
    let (sockets, within) = (host.sockets(), host.unix_sockets());
    let ends: Vec<[String; 2]> = sockets.iter().map(ends).chain(within.iter().map(ends_within)).collect();
    let local = ends.iter().map(|[local, _]| local.len()).chain(["Local Address:Port".len()]).max();
    let local = local.unwrap_or_default();
    let heading = format!(
        "{:<5} {:<10} Recv-Q Send-Q {:<local$} Peer Address:Port",
        "Netid", "State", "Local Address:Port"
    );
    let (between, inside) = ends.split_at(sockets.len());
    let between = sockets.iter().zip(between).map(|(socket, [own, peer])| row(socket, own, peer, local));
    let inside = within.iter().zip(inside).map(|(socket, [own, peer])| row_within(socket, own, peer, local));
    let rows: Vec<Row> = between.chain(inside).collect();
    Table { heading: (!rows.is_empty()).then_some(heading), rows, ..Table::default() }
}

/// Both ends, as `ss` writes them.
fn ends(socket: &SocketInfo) -> [String; 2] {
    let unspecified = match socket.local.ip() {
        address if address.is_ipv4() => "0.0.0.0:*",
        _ => "[::]:*",
    };
    [socket.local.to_string(), socket.remote.map_or_else(|| unspecified.to_owned(), |peer| peer.to_string())]
}

fn row(socket: &SocketInfo, local: &str, peer: &str, width: usize) -> Row {
    let netid = match socket.kind {
        SocketKind::Udp => "udp",
        SocketKind::Echo => "icmp",
        SocketKind::Raw => "raw",
        SocketKind::Listener | SocketKind::Connection => "tcp",
    };
    let state = match (socket.kind, &socket.connection) {
        (_, Some(info)) => state_of(info.state),
        (SocketKind::Listener, _) => "LISTEN",
        _ if socket.remote.is_some() => "ESTAB",
        _ => "UNCONN",
    };
    let (receive, send) = (socket.receive_queue, socket.send_queue);
    let line = format!("{netid:<5} {state:<10} {receive:<6} {send:<6} {local:<width$} {peer}");
    let row = Row::new(line)
        .with("protocol", netid)
        .with("state", state)
        .with("receive_queue", receive)
        .with("send_queue", send)
        .with("local", local)
        .with("remote", socket.remote.map(|peer| peer.to_string()));
    match &socket.connection {
        Some(info) => with_details(row, info),
        None => row,
    }
}

/// As [`ends`], of a socket within the host: `*` is nowhere.
fn ends_within(socket: &Listed) -> [String; 2] {
    [socket.local.to_string(), socket.peer.as_ref().map_or_else(|| "*".to_owned(), ToString::to_string)]
}

/// A socket within the host, and whose it is, as `ss -xp` has it.
fn row_within(socket: &Listed, local: &str, peer: &str, width: usize) -> Row {
    let netid = match socket.kind {
        Type::Stream => "u_str",
        Type::Datagram => "u_dgr",
        Type::SeqPacket => "u_seq",
    };
    let state = match &socket.peer {
        _ if socket.listens => "LISTEN",
        Some(_) => "ESTAB",
        None => "UNCONN",
    };
    let (receive, send) = (socket.receive_queue as u64, socket.send_queue as u64);
    let owner = &socket.application;
    let users = if owner.is_empty() { String::new() } else { format!(" users:((\"{owner}\"))") };
    let line = format!("{netid:<5} {state:<10} {receive:<6} {send:<6} {local:<width$} {peer}{users}");
    Row::new(line)
        .with("protocol", netid)
        .with("state", state)
        .with("receive_queue", receive)
        .with("send_queue", send)
        .with("local", local)
        .with("remote", socket.peer.as_ref().map(|_| peer))
        .with("application", (!owner.is_empty()).then_some(&**owner))
}

/// What `ss -ti` adds; windows are in octets.
fn with_details(row: Row, info: &ConnectionInfo) -> Row {
    let (metrics, counters) = (&info.metrics, &info.counters);
    let known = metrics.ssthresh != u32::MAX;
    let ssthresh = if known { format!(" ssthresh:{}", metrics.ssthresh) } else { String::new() };
    let rtt = if metrics.srtt.is_zero() { String::new() } else { format!(" rtt:{}", millis(metrics.srtt)) };
    let line = format!(
        "      rto:{}{rtt} mss:{} cwnd:{}{ssthresh} snd_wnd:{} rcv_wnd:{} bytes_sent:{} bytes_acked:{} \
         bytes_received:{} segs_out:{} segs_in:{} in_flight:{} retrans:{}",
        millis(metrics.rto),
        info.mss,
        metrics.cwnd,
        info.snd_wnd,
        info.rcv_wnd,
        counters.sent_bytes,
        counters.acked_bytes,
        counters.received_bytes,
        counters.sent_segments,
        counters.received_segments,
        metrics.bytes_in_flight,
        counters.retransmitted_segments,
    );
    row.line(line)
        .with("rto", metrics.rto)
        .with("srtt", (!metrics.srtt.is_zero()).then_some(metrics.srtt))
        .with("mss", u64::from(info.mss))
        .with("cwnd", u64::from(metrics.cwnd))
        .with("ssthresh", known.then_some(u64::from(metrics.ssthresh)))
        .with("snd_wnd", u64::from(info.snd_wnd))
        .with("rcv_wnd", u64::from(info.rcv_wnd))
        .with("bytes_in_flight", u64::from(metrics.bytes_in_flight))
        .with("sent_bytes", counters.sent_bytes)
        .with("acked_bytes", counters.acked_bytes)
        .with("received_bytes", counters.received_bytes)
        .with("sent_segments", counters.sent_segments)
        .with("received_segments", counters.received_segments)
        .with("retransmitted_segments", counters.retransmitted_segments)
}

/// Milliseconds with up to three decimals.
fn millis(span: Duration) -> String {
    let micros = span.as_nanos() / 1000;
    let text = format!("{}.{:03}", micros / 1000, micros % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A state in the spelling of `ss`.
fn state_of(state: State) -> &'static str {
    match state {
        State::Established => "ESTAB",
        State::SynReceived => "SYN-RECV",
        other => other.name(),
    }
}
