//! One line a connection, and what applications say, as it happens.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use wirelab_sim::{Component, Recorder};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{ApplicationEvent, Event, Interest};

/// Lines that wait to be printed; more are counted and not kept.
pub const MOST_WAITING: usize = 10_000;

/// The lines that have not been printed.
#[derive(Clone, Default, Debug)]
pub struct Lines {
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default, Debug)]
struct Waiting {
    lines: Vec<String>,
    lost: u64,
}

impl Lines {
    /// Takes the lines that there are, in order.
    fn take(&self) -> Vec<String> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = core::mem::take(&mut waiting.lines);
        match core::mem::take(&mut waiting.lost) {
            0 => {}
            lost => lines.push(format!("({lost} more lines)")),
        }
        lines
    }

    /// Prints the lines that there are.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let lines = self.take();
        if lines.is_empty() {
            return Ok(());
        }
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()
    }

    /// Adds a line; more than [`MOST_WAITING`] are counted and not kept.
    pub fn add(&self, line: String) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.lines.len() < MOST_WAITING {
            waiting.lines.push(line);
        } else {
            waiting.lost += 1;
        }
    }
}

/// Writes a line when a connection begins and when it ends, and for what applications say.
#[derive(Debug)]
pub struct LineRecorder {
    lines: Lines,
    json: bool,
}

impl LineRecorder {
    /// Lines for people, or JSON objects.
    pub const fn new(lines: Lines, json: bool) -> Self {
        Self { lines, json }
    }

    fn add(&self, now: Instant, text: &str, fields: serde_json::Value) {
        if !self.json {
            return self.lines.add(format!("{now} {text}"));
        }
        let mut object = serde_json::json!({ "time": now.to_string() });
        if let (Some(object), serde_json::Value::Object(fields)) = (object.as_object_mut(), fields) {
            object.extend(fields);
        }
        self.lines.add(object.to_string());
    }
}

impl Recorder for LineRecorder {
    fn interest(&self) -> Interest {
        Interest::CONNECTIONS | Interest::APPLICATIONS
    }

    fn record(&mut self, now: Instant, _: Component, event: &Event<'_>) {
        use serde_json::json;
        match event {
            Event::ConnectionOpened { connection, active } => {
                let (local, remote) = (connection.local, connection.remote);
                let arrow = if *active { "to" } else { "from" };
                let fields = json!({ "event": "opened", "local": local, "remote": remote, "active": active });
                self.add(now, &format!("opened {local} {arrow} {remote}"), fields);
            }
            Event::ConnectionEnded { connection, info } => {
                let (local, remote) = (connection.local, connection.remote);
                let (sent, received) = (info.counters.acked_bytes, info.counters.delivered_bytes);
                let ending = info.ending.name();
                let text = format!(
                    "closed {local} from {remote}: {ending}, {received} octets received, {sent} sent"
                );
                let fields = json!({
                    "event": "closed", "local": local, "remote": remote, "ending": ending,
                    "received": received, "sent": sent,
                });
                self.add(now, &text, fields);
            }
            Event::Application { name, event: ApplicationEvent::Said(said) } => {
                self.add(
                    now,
                    &format!("{name}: {said}"),
                    json!({ "event": "said", "application": name, "text": said }),
                );
            }
            Event::Application { name, event: ApplicationEvent::Failed(error) } => {
                let fields = json!({ "event": "failed", "application": name, "error": error });
                self.add(now, &format!("{name} failed: {error}"), fields);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::frame::NodeId;

    use super::*;

    #[test]
    fn lines_are_bounded_and_say_what_is_missing() {
        let lines = Lines::default();
        let mut recorder = LineRecorder::new(lines.clone(), false);
        let event = Event::Application { name: "echo:7", event: ApplicationEvent::Said("hello") };
        for _ in 0..=MOST_WAITING {
            recorder.record(Instant::from_secs(1), Component::Host(NodeId(0)), &event);
        }
        let all = lines.take();
        assert_eq!(all.len(), MOST_WAITING + 1);
        assert_eq!(all[0], "1.000000000 echo:7: hello");
        assert_eq!(all[MOST_WAITING], "(1 more lines)");
        assert!(lines.take().is_empty());
    }

    #[test]
    fn json_lines_are_objects_with_their_time() {
        let lines = Lines::default();
        let mut recorder = LineRecorder::new(lines.clone(), true);
        let event = Event::Application { name: "echo:7", event: ApplicationEvent::Failed("in use") };
        recorder.record(Instant::ZERO, Component::Host(NodeId(0)), &event);
        let value: serde_json::Value = serde_json::from_str(&lines.take()[0]).unwrap();
        assert_eq!((&value["event"], &value["error"]), (&"failed".into(), &"in use".into()));
    }
}
