//! Series: the sender's variables of each connection, and the length of each queue, on each change, as CSV.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use wirelab_sim::{Component, Direction, LinkId, Recorder};
use wirelab_stack::frame::NodeId;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{ConnectionId, Event, Interest, LinkEvent, Metrics};

use crate::exit::Failure;
use crate::output_file::OutputFile;
use crate::topology::Topology;

/// The columns. Those of the other kind are empty in a line.
pub const COLUMNS: [&str; 12] = [
    "time_s",
    "kind",
    "at",
    "name",
    "cwnd_bytes",
    "ssthresh_bytes",
    "srtt_s",
    "rto_s",
    "in_flight_bytes",
    "delivered_bytes",
    "queue_packets",
    "queue_bytes",
];

/// Writes the series.
pub struct SeriesRecorder<W: Write = OutputFile> {
    writer: csv::Writer<W>,
    error: Option<io::Error>,
    topology: Arc<Topology>,
    connections: BTreeMap<(NodeId, ConnectionId), Metrics>,
    queues: BTreeMap<(LinkId, Direction), (u32, u64)>,
}

impl<W: Write> SeriesRecorder<W> {
    /// Writes the line of headings.
    pub fn new(writer: W, topology: Arc<Topology>) -> Self {
        let mut recorder = Self {
            writer: csv::Writer::from_writer(writer),
            error: None,
            topology,
            connections: BTreeMap::new(),
            queues: BTreeMap::new(),
        };
        recorder.write(&COLUMNS.map(str::to_owned));
        recorder
    }

    fn write(&mut self, record: &[String; 12]) {
        if self.error.is_none() {
            self.error = self.writer.write_record(record).map_err(io::Error::from).err();
        }
    }

    fn connection(&mut self, now: Instant, node: NodeId, connection: ConnectionId, metrics: Metrics) {
        if self.connections.insert((node, connection), metrics) == Some(metrics) {
            return;
        }
        let ssthresh = match metrics.ssthresh {
            u32::MAX => String::new(),
            ssthresh => ssthresh.to_string(),
        };
        let srtt = if metrics.srtt.is_zero() { String::new() } else { seconds(metrics.srtt) };
        self.write(&[
            now.to_string(),
            "connection".into(),
            self.topology.host(node).into(),
            connection.to_string(),
            metrics.cwnd.to_string(),
            ssthresh,
            srtt,
            seconds(metrics.rto),
            metrics.bytes_in_flight.to_string(),
            metrics.delivered.to_string(),
            String::new(),
            String::new(),
        ]);
    }

    fn queue(&mut self, now: Instant, link: LinkId, direction: Direction, length: (u32, u64)) {
        if self.queues.insert((link, direction), length) == Some(length) {
            return;
        }
        let none = String::new;
        self.write(&[
            now.to_string(),
            "queue".into(),
            self.topology.link(link).into(),
            self.topology.direction(link, direction),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
            length.0.to_string(),
            length.1.to_string(),
        ]);
    }
}

impl SeriesRecorder<OutputFile> {
    /// Completes the file.
    ///
    /// # Errors
    /// The first error since it was opened.
    pub fn finish(self) -> Result<(), Failure> {
        let path = self.writer.get_ref().path().to_owned();
        let failed = |error| Failure::file("write", &path, error);
        if let Some(error) = self.error {
            return Err(failed(error));
        }
        self.writer.into_inner().map_err(|error| failed(error.into_error()))?.finish()
    }
}

impl<W: Write + Send + 'static> Recorder for SeriesRecorder<W> {
    fn interest(&self) -> Interest {
        Interest::SERIES | Interest::CONNECTIONS
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        match (at, event) {
            (Component::Host(node), Event::ConnectionMetrics { connection, metrics }) => {
                self.connection(now, node, *connection, *metrics);
            }
            (Component::Host(node), Event::ConnectionEnded { connection, .. }) => {
                self.connections.remove(&(node, *connection));
            }
            (Component::Link { link, direction }, Event::Link(LinkEvent::Queue { packets, bytes })) => {
                self.queue(now, link, direction, (*packets, *bytes));
            }
            _ => {}
        }
    }
}

fn seconds(span: Duration) -> String {
    (Instant::ZERO + span).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_frames::pair;

    fn lines(record: impl FnOnce(&mut SeriesRecorder<Vec<u8>>)) -> Vec<String> {
        let mut recorder = SeriesRecorder::new(Vec::new(), Arc::new(pair()));
        record(&mut recorder);
        let octets = recorder.writer.into_inner().unwrap();
        String::from_utf8(octets).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_column_is_documented() {
        let text = include_str!("../../../../docs/trace.md");
        for column in COLUMNS {
            assert!(text.contains(&format!("\n| `{column}` | ")), "{column}");
        }
    }

    #[test]
    fn each_change_is_one_line_and_no_change_is_none() {
        let connection =
            ConnectionId { local: "10.0.0.1:49152".parse().unwrap(), remote: "10.0.0.2:80".parse().unwrap() };
        let metrics = Metrics {
            cwnd: 14600,
            ssthresh: u32::MAX,
            srtt: Duration::from_millis(40),
            rto: Duration::from_secs(1),
            bytes_in_flight: 1460,
            delivered: 10,
        };
        let host = Component::Host(NodeId(0));
        let link = Component::Link { link: LinkId(0), direction: Direction::Forward };
        let at = Instant::from_millis(1);
        let lines = lines(|recorder| {
            for _ in 0..2 {
                recorder.record(at, host, &Event::ConnectionMetrics { connection, metrics });
                recorder.record(at, link, &Event::Link(LinkEvent::Queue { packets: 2, bytes: 3000 }));
            }
            let metrics = Metrics { ssthresh: 7300, srtt: Duration::ZERO, ..metrics };
            recorder.record(at, host, &Event::ConnectionMetrics { connection, metrics });
        });
        assert_eq!(lines[0], COLUMNS.join(","));
        assert_eq!(
            &lines[1..],
            [
                "0.001000000,connection,client,10.0.0.1:49152 -> 10.0.0.2:80,\
                 14600,,0.040000000,1.000000000,1460,10,,",
                "0.001000000,queue,wire,client.eth0->server.eth0,,,,,,,2,3000",
                "0.001000000,connection,client,10.0.0.1:49152 -> 10.0.0.2:80,\
                 14600,7300,,1.000000000,1460,10,,",
            ]
        );
    }
}
