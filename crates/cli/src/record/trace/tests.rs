use std::collections::BTreeMap;

use serde_json::Value;
use wirelab_sim::{Direction, LinkId};
use wirelab_stack::addr::Mac;
use wirelab_stack::frame::{InterfaceId, NodeId};
use wirelab_stack::trace::{
    AddressChange, ApplicationEvent, Cause, ConnectionId, ConnectionInfo, Counters, DropReason, Ending,
    LinkEvent, Metrics, NeighborState, Place, Row, State, Table, Value as Field,
};

use super::*;
use crate::test_frames::{datagram, frame, id, pair};

const CLIENT: Component = Component::Host(NodeId(0));
const WIRE: Component = Component::Link { link: LinkId(0), direction: Direction::Forward };

/// One of each event.
fn recorded() -> Vec<Value> {
    let mut recorder = TraceRecorder::new(Vec::new(), Arc::new(pair()), "echo", 7);
    let mut record = |at, event: &Event<'_>| recorder.record(Instant::from_millis(1_500), at, event);
    let frame = frame(id(0, 3), Cause::UdpData, datagram(b"hello"));
    let (interface, name) = (InterfaceId(0), id(0, 3));
    let connection =
        ConnectionId { local: "10.0.0.1:49152".parse().unwrap(), remote: "10.0.0.2:80".parse().unwrap() };
    let address = "10.0.0.2".parse().unwrap();
    let metrics = Metrics { cwnd: 14600, ssthresh: u32::MAX, ..Metrics::default() };
    let info = ConnectionInfo {
        state: State::TimeWait,
        ending: Ending::Clean,
        mss: 1460,
        snd_wnd: 65535,
        rcv_wnd: 65535,
        metrics,
        counters: Counters::default(),
    };
    let of_client = [
        Event::FrameSent { interface, frame: &frame },
        Event::FrameArrived { interface, frame: &frame },
        Event::FrameAccepted { id: name },
        Event::FrameDropped { id: name, place: Place::Network, reason: DropReason::NoRoute },
        Event::ConnectionOpened { connection, active: true },
        Event::ConnectionState { connection, from: State::SynSent, to: State::Established },
        Event::ConnectionEnded { connection, info: &info },
        Event::ConnectionMetrics { connection, metrics },
        Event::TimerExpired { connection, cause: Cause::RetransmitRto, due: Instant::from_secs(1) },
        Event::Neighbor { interface, address, mac: Some(Mac::BROADCAST), state: NeighborState::Reachable },
        Event::AddressConflict { interface, address, mac: Mac::BROADCAST },
        Event::Address { interface, address, change: AddressChange::Assured },
        Event::Application { name: "echo", event: ApplicationEvent::Started },
        Event::Application { name: "echo", event: ApplicationEvent::Said("hello") },
        Event::Application { name: "web", event: ApplicationEvent::Result { name: "status", value: "200" } },
        Event::Application { name: "echo", event: ApplicationEvent::Sent("欢迎".as_bytes()) },
        Event::Application { name: "echo", event: ApplicationEvent::Received(&[0xff, 0]) },
        Event::Application { name: "echo", event: ApplicationEvent::Finished },
        Event::Application { name: "echo", event: ApplicationEvent::Failed("refused") },
    ];
    let of_link = [
        Event::FrameDropped { id: name, place: Place::Link("loss"), reason: DropReason::LinkLoss },
        Event::Link(LinkEvent::Corrupted { id: name, bits: 1 }),
        Event::Link(LinkEvent::Duplicated { id: name }),
        Event::Link(LinkEvent::Segmented { id: name, segments: 3 }),
        Event::Link(LinkEvent::Reordered { id: name }),
        Event::Link(LinkEvent::Queue { packets: 1, bytes: 60 }),
        Event::Link(LinkEvent::Down),
        Event::Link(LinkEvent::Up),
        Event::Link(LinkEvent::Changed { stage: "loss" }),
    ];
    for event in &of_client {
        record(CLIENT, event);
    }
    let table = shown();
    record(CLIENT, &Event::Shown { table: &table });
    for event in &of_link {
        record(WIRE, event);
    }
    let text = String::from_utf8(recorder.writer).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A table with a field of each kind.
fn shown() -> Table {
    let row = Row::new("for people")
        .with("address", "10.0.0.2")
        .with("mac", Field::Nothing)
        .with("count", 3_u64)
        .with("up", true)
        .with("age", wirelab_stack::time::Duration::from_millis(1_500))
        .with("groups", Field::texts([224, 225]));
    Table { kind: "neighbors", heading: None, rows: vec![row] }
}

/// The table of `docs/trace.md`: each event's own fields.
fn documented() -> BTreeMap<String, Vec<String>> {
    let text = include_str!("../../../../../docs/trace.md");
    let names =
        |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let rows = text.lines().skip_while(|line| !line.starts_with("| event |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            (names(cells[0])[0].clone(), names(cells[1]))
        })
        .collect()
}

#[test]
fn the_first_line_names_the_version_and_the_run() {
    let header = &recorded()[0];
    assert_eq!(header["schema"], "wirelab-trace");
    assert_eq!(header["version"], 1);
    assert_eq!(header["scenario"], "echo");
    assert_eq!(header["seed"], 7);
}

#[test]
fn each_line_has_the_documented_fields_and_no_others() {
    let documented = documented();
    let mut seen = std::collections::BTreeSet::new();
    for line in &recorded()[1..] {
        let object = line.as_object().unwrap();
        let event = line["event"].as_str().unwrap();
        let mut expected =
            documented.get(event).unwrap_or_else(|| panic!("{event} is not documented")).clone();
        expected.extend(["time".into(), "event".into()]);
        if object.contains_key("link") {
            expected.extend(["link".into(), "direction".into()]);
        } else {
            expected.push("host".into());
        }
        let mut fields: Vec<&String> = object.keys().collect();
        fields.sort();
        let mut expected: Vec<&String> = expected.iter().collect();
        expected.sort();
        assert_eq!(fields, expected, "{event}");
        seen.insert(event.to_owned());
    }
    let unseen: Vec<_> = documented.keys().filter(|event| !seen.contains(*event)).collect();
    assert_eq!(unseen, ["other"], "documented and not recorded here");
}

#[test]
fn tables_are_lists_of_objects() {
    let lines = recorded();
    let shown = lines.iter().find(|line| line["event"] == "shown").unwrap();
    assert_eq!(shown["table"], "neighbors");
    let expected = "{\"address\":\"10.0.0.2\",\"mac\":null,\"count\":3,\"up\":true,\"age\":\"1.500000000\",\
                    \"groups\":[\"224\",\"225\"]}";
    assert_eq!(shown["rows"][0], serde_json::from_str::<Value>(expected).unwrap());
}

#[test]
fn values_are_as_documented() {
    let lines = recorded();
    let sent = &lines[1];
    assert_eq!(sent["time"], "1.500000000");
    assert_eq!((&sent["host"], &sent["interface"]), (&"client".into(), &"eth0".into()));
    assert_eq!(sent["frame"], "0#3");
    assert_eq!((&sent["cause"], &sent["source"]), (&"udp-data".into(), &"RFC 768 §Fields".into()));
    assert_eq!(sent["summary"], "IP 10.0.0.1.5000 > 10.0.0.2.7: UDP, length 5");
    let of = |event: &'static str| lines.iter().filter(move |line| line["event"] == event);
    let metrics = of("connection_metrics").next().unwrap();
    assert_eq!((&metrics["cwnd"], &metrics["ssthresh"]), (&14600.into(), &Value::Null));
    let texts: Vec<_> = of("application").map(|line| (&line["length"], &line["text"])).collect();
    assert_eq!(texts[2], (&6.into(), &"欢迎".into()));
    assert_eq!(texts[3], (&2.into(), &Value::Null));
    let lost = of("frame_dropped").nth(1).unwrap();
    assert_eq!((&lost["link"], &lost["place"]), (&"wire".into(), &"loss".into()));
    assert_eq!(lost["direction"], "client.eth0->server.eth0");
}
