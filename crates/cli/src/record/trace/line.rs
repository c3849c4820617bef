//! The form of the trace's lines: what `docs/trace.md` describes.

use serde::Serialize;
use wirelab_scenario::RowReport;
use wirelab_sim::Component;
use wirelab_stack::frame::{Frame, FrameCheck, FrameId};
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{
    ApplicationEvent, ConnectionId, ConnectionInfo, Event, LinkEvent, Metrics, Place,
};

use crate::summary::Summary;
use crate::topology::Topology;
use crate::words;

/// Octets of an application's data that are shown as text.
const MOST_TEXT: usize = 1024;

/// The first line.
#[derive(Serialize)]
pub struct Header<'a> {
    pub schema: &'static str,
    pub version: u32,
    pub wirelab: &'static str,
    pub scenario: &'a str,
    pub seed: u64,
}

/// Every other line.
#[derive(Serialize)]
pub struct Line<'a> {
    pub time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    #[serde(flatten)]
    pub body: Body<'a>,
}

/// What happened, with its own fields.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Body<'a> {
    FrameSent {
        interface: &'a str,
        frame: String,
        cause: &'static str,
        source: &'static str,
        trigger: String,
        length: usize,
        layer: &'static str,
        summary: String,
    },
    FrameArrived {
        interface: &'a str,
        frame: String,
        length: usize,
        fcs: &'static str,
        layer: &'static str,
        summary: String,
    },
    FrameAccepted {
        frame: String,
    },
    FrameDropped {
        frame: String,
        place: String,
        reason: &'static str,
        source: &'static str,
    },
    ConnectionOpened {
        local: String,
        remote: String,
        active: bool,
    },
    ConnectionState {
        local: String,
        remote: String,
        from: &'static str,
        to: &'static str,
    },
    ConnectionEnded {
        local: String,
        remote: String,
        state: &'static str,
        ending: &'static str,
        mss: u16,
        snd_wnd: u32,
        rcv_wnd: u32,
        #[serde(flatten)]
        sender: Sender,
        counters: Counts,
    },
    ConnectionMetrics {
        local: String,
        remote: String,
        #[serde(flatten)]
        sender: Sender,
    },
    TimerExpired {
        local: String,
        remote: String,
        cause: &'static str,
        source: &'static str,
        due: String,
    },
    Neighbor {
        interface: &'a str,
        address: String,
        mac: Option<String>,
        state: &'static str,
    },
    AddressConflict {
        interface: &'a str,
        address: String,
        mac: String,
    },
    Address {
        interface: &'a str,
        address: String,
        change: &'static str,
    },
    ApplicationResult {
        application: &'a str,
        name: &'a str,
        value: &'a str,
    },
    Application {
        application: &'a str,
        action: &'static str,
        length: Option<usize>,
        text: Option<&'a str>,
    },
    LinkCorrupted {
        frame: String,
        bits: u32,
    },
    LinkDuplicated {
        frame: String,
    },
    LinkSegmented {
        frame: String,
        segments: u32,
    },
    LinkReordered {
        frame: String,
    },
    LinkQueue {
        packets: u32,
        bytes: u64,
    },
    LinkDown {},
    LinkUp {},
    LinkChanged {
        stage: &'static str,
    },
    Shown {
        table: &'static str,
        rows: Vec<RowReport>,
    },
    Other {
        text: String,
    },
}

/// A sender's variables.
#[derive(Serialize)]
pub struct Sender {
    cwnd: u32,
    ssthresh: Option<u32>,
    srtt: String,
    rto: String,
    bytes_in_flight: u32,
    delivered: u64,
}

/// What a connection counted.
#[derive(Serialize)]
pub struct Counts {
    sent_segments: u64,
    received_segments: u64,
    sent_bytes: u64,
    received_bytes: u64,
    acked_bytes: u64,
    delivered_bytes: u64,
    retransmitted_segments: u64,
    retransmitted_bytes: u64,
    rto_expiries: u32,
    fast_recoveries: u32,
    duplicate_acks_received: u32,
    out_of_order_segments: u32,
    duplicate_segments: u32,
    zero_window_probes: u32,
    keep_alives: u32,
    challenge_acks: u32,
}

/// The fields of an event.
pub fn body<'a>(
    topology: &'a Topology,
    at: Component,
    event: &'a Event<'_>,
    summary: Option<Summary>,
) -> Body<'a> {
    let interface = |id| match at {
        Component::Host(node) => topology.interface(node, id),
        Component::Link { .. } => "?",
    };
    match *event {
        Event::FrameSent { interface: id, frame } => frame_sent(interface(id), frame, summary),
        Event::FrameArrived { interface: id, frame } => frame_arrived(interface(id), frame, summary),
        Event::FrameAccepted { id } => Body::FrameAccepted { frame: id.to_string() },
        Event::FrameDropped { id, place, reason } => Body::FrameDropped {
            frame: id.to_string(),
            place: place_name(place),
            reason: reason.name(),
            source: reason.source(),
        },
        Event::ConnectionOpened { connection, active } => {
            let (local, remote) = ends(connection);
            Body::ConnectionOpened { local, remote, active }
        }
        Event::ConnectionState { connection, from, to } => {
            let (local, remote) = ends(connection);
            Body::ConnectionState { local, remote, from: from.name(), to: to.name() }
        }
        Event::ConnectionEnded { connection, info } => connection_ended(connection, info),
        Event::ConnectionMetrics { connection, metrics } => {
            let (local, remote) = ends(connection);
            Body::ConnectionMetrics { local, remote, sender: sender(&metrics) }
        }
        Event::TimerExpired { connection, cause, due } => {
            let (local, remote) = ends(connection);
            let due = due.to_string();
            Body::TimerExpired { local, remote, cause: cause.name(), source: cause.source(), due }
        }
        Event::Neighbor { interface: id, address, mac, state } => Body::Neighbor {
            interface: interface(id),
            address: address.to_string(),
            mac: mac.map(|mac| mac.to_string()),
            state: state.name(),
        },
        Event::AddressConflict { interface: id, address, mac } => Body::AddressConflict {
            interface: interface(id),
            address: address.to_string(),
            mac: mac.to_string(),
        },
        Event::Address { interface: id, address, change } => {
            Body::Address { interface: interface(id), address: address.to_string(), change: change.name() }
        }
        Event::Application { name, event } => application(name, event),
        Event::Link(event) => link(event),
        Event::Shown { table } => {
            Body::Shown { table: table.kind, rows: table.rows.iter().cloned().map(RowReport).collect() }
        }
        _ => Body::Other { text: format!("{event:?}") },
    }
}

fn frame_sent<'a>(interface: &'a str, frame: &Frame, summary: Option<Summary>) -> Body<'a> {
    let (layer, summary) = shown(summary);
    Body::FrameSent {
        interface,
        frame: frame.meta.id.to_string(),
        cause: frame.meta.cause.name(),
        source: frame.meta.cause.source(),
        trigger: words::trigger(frame.meta.trigger),
        length: frame.len(),
        layer,
        summary,
    }
}

fn frame_arrived<'a>(interface: &'a str, frame: &Frame, summary: Option<Summary>) -> Body<'a> {
    let (layer, summary) = shown(summary);
    let fcs = match frame.meta.frame_check {
        FrameCheck::Good => "good",
        FrameCheck::Bad => "bad",
    };
    Body::FrameArrived {
        interface,
        frame: frame.meta.id.to_string(),
        length: frame.len(),
        fcs,
        layer,
        summary,
    }
}

fn shown(summary: Option<Summary>) -> (&'static str, String) {
    summary.map_or(("", String::new()), |summary| (summary.layer, summary.to_string()))
}

fn connection_ended<'a>(connection: ConnectionId, info: &ConnectionInfo) -> Body<'a> {
    let (local, remote) = ends(connection);
    let all = info.counters;
    let counters = Counts {
        sent_segments: all.sent_segments,
        received_segments: all.received_segments,
        sent_bytes: all.sent_bytes,
        received_bytes: all.received_bytes,
        acked_bytes: all.acked_bytes,
        delivered_bytes: all.delivered_bytes,
        retransmitted_segments: all.retransmitted_segments,
        retransmitted_bytes: all.retransmitted_bytes,
        rto_expiries: all.rto_expiries,
        fast_recoveries: all.fast_recoveries,
        duplicate_acks_received: all.duplicate_acks_received,
        out_of_order_segments: all.out_of_order_segments,
        duplicate_segments: all.duplicate_segments,
        zero_window_probes: all.zero_window_probes,
        keep_alives: all.keep_alives,
        challenge_acks: all.challenge_acks,
    };
    Body::ConnectionEnded {
        local,
        remote,
        state: info.state.name(),
        ending: info.ending.name(),
        mss: info.mss,
        snd_wnd: info.snd_wnd,
        rcv_wnd: info.rcv_wnd,
        sender: sender(&info.metrics),
        counters,
    }
}

fn sender(metrics: &Metrics) -> Sender {
    Sender {
        cwnd: metrics.cwnd,
        ssthresh: Some(metrics.ssthresh).filter(|ssthresh| *ssthresh != u32::MAX),
        srtt: seconds(metrics.srtt),
        rto: seconds(metrics.rto),
        bytes_in_flight: metrics.bytes_in_flight,
        delivered: metrics.delivered,
    }
}

fn application<'a>(application: &'a str, event: ApplicationEvent<'a>) -> Body<'a> {
    let line = |action, length, text| Body::Application { application, action, length, text };
    let data = |action, octets: &'a [u8]| {
        let text = std::str::from_utf8(octets).ok().filter(|text| text.len() <= MOST_TEXT);
        line(action, Some(octets.len()), text)
    };
    match event {
        ApplicationEvent::Started => line("started", None, None),
        ApplicationEvent::Said(text) => line("said", None, Some(text)),
        ApplicationEvent::Result { name, value } => Body::ApplicationResult { application, name, value },
        ApplicationEvent::Received(octets) => data("received", octets),
        ApplicationEvent::Sent(octets) => data("sent", octets),
        ApplicationEvent::Finished => line("finished", None, None),
        ApplicationEvent::Failed(text) => line("failed", None, Some(text)),
    }
}

fn link<'a>(event: LinkEvent) -> Body<'a> {
    let name = |id: FrameId| id.to_string();
    match event {
        LinkEvent::Corrupted { id, bits } => Body::LinkCorrupted { frame: name(id), bits },
        LinkEvent::Duplicated { id } => Body::LinkDuplicated { frame: name(id) },
        LinkEvent::Segmented { id, segments } => Body::LinkSegmented { frame: name(id), segments },
        LinkEvent::Reordered { id } => Body::LinkReordered { frame: name(id) },
        LinkEvent::Queue { packets, bytes } => Body::LinkQueue { packets, bytes },
        LinkEvent::Down => Body::LinkDown {},
        LinkEvent::Up => Body::LinkUp {},
        LinkEvent::Changed { stage } => Body::LinkChanged { stage },
    }
}

fn ends(connection: ConnectionId) -> (String, String) {
    (connection.local.to_string(), connection.remote.to_string())
}

/// Where a frame was dropped: a stage's name for a link, a layer's for a host.
fn place_name(place: Place) -> String {
    match place {
        Place::Link(stage) => stage.to_owned(),
        layer => layer.to_string(),
    }
}

/// A span in seconds with nine decimals, as times are written.
fn seconds(span: Duration) -> String {
    (Instant::ZERO + span).to_string()
}
