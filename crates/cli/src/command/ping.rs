//! `wirelab ping --on LINK --address A/LEN HOST`

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;

use serde_json::{Value, json};
use wirelab_stack::application::ping::{self, Statistics, Told, Wrong};
use wirelab_stack::socket::net::{report, time};

use crate::args::PingArgs;
use crate::exit::{Code, Failure};
use crate::lab::lines::Lines;
use crate::lab::stop::Stop;
use crate::lab::{Lab, client};

/// Pings until it has what it wants, or a signal comes.
///
/// # Errors
/// When the host's name means no address, the link cannot be opened, or the device is gone.
pub fn ping(args: &PingArgs, out: &mut dyn Write, err: &mut dyn Write) -> Result<Code, Failure> {
    let mut lab = Lab::open(&args.lab, "ping")?;
    let config = config(args, &lab)?;
    let (count, deadline) = (config.count, config.deadline.is_some());
    let (lines, stop, answered) = (Lines::default(), Stop::default(), Rc::new(Cell::new(false)));
    let teller = Teller { lines: lines.clone(), dates: args.dates, quiet: args.quiet, json: args.json };
    let (asked, result) = (stop.clone(), Rc::clone(&answered));
    let program = async move {
        let statistics = ping::ping_until(config, asked.asked(), |told| teller.tell(told)).await?;
        result.set(is_answered(&statistics, count, deadline));
        Ok(())
    };
    let ended = client::run_until(&mut lab, "ping", program, (&lines, &stop), out);
    let finished = lab.finish();
    let code = ended?.code(err);
    finished.map(|()| if answered.get() { code } else { code.max(Code::Failed) })
}

/// Whether what was wanted has come: an answer; with a deadline, as many as were counted on.
fn is_answered(statistics: &Statistics, count: Option<u64>, deadline: bool) -> bool {
    let wanted = count.filter(|_| deadline).unwrap_or(1);
    statistics.received >= wanted
}

fn config(args: &PingArgs, lab: &Lab) -> Result<ping::Config, Failure> {
    let destination = lab.resolve(&args.host, 0)?.ip();
    Ok(ping::Config {
        name: Some(args.host.clone()),
        count: args.count,
        interval: args.interval.0,
        timeout: args.timeout.0,
        deadline: args.deadline.map(|deadline| deadline.0),
        payload: args.size.into(),
        fill: args.pattern.clone().unwrap_or_default().0,
        ttl: args.ttl,
        tos: args.tos,
        discovery: args.pmtudisc.map(Into::into),
        outstanding: args.outstanding,
        ..ping::Config::new(destination)
    })
}

/// Says what a ping tells: to those who watch, and to the terminal.
struct Teller {
    lines: Lines,
    dates: bool,
    quiet: bool,
    json: bool,
}

impl Teller {
    fn tell(&self, told: &Told) {
        let text = told.to_string();
        text.lines().filter(|line| !line.is_empty()).for_each(report);
        let is_frame = matches!(told, Told::Begins { .. } | Told::Ends { .. });
        if self.quiet && !is_frame {
            return;
        }
        let micros = time::date().as_microsecond();
        let date = format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        if self.json {
            let mut object = json!({ "time": time::now().to_string() });
            if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields(told)) {
                if self.dates {
                    object.insert("date".to_owned(), date.into());
                }
                object.extend(fields);
            }
            return self.lines.add(object.to_string());
        }
        if self.dates && !is_frame {
            return self.lines.add(format!("[{date}] {text}"));
        }
        self.lines.add(text);
    }
}

/// What is told, as a JSON object.
fn fields(told: &Told) -> Value {
    match told {
        Told::Begins { name, destination, payload, packet } => json!({
            "event": "begins", "name": name, "destination": destination, "payload": payload, "packet": packet,
        }),
        Told::Reply { from, expected: _, sequence, octets, ttl, rtt, duplicate, wrong, route } => json!({
            "event": "reply", "from": from, "sequence": sequence, "octets": octets, "ttl": ttl,
            "rtt_ns": rtt.as_nanos(), "duplicate": duplicate, "wrong": wrong.map(of_wrong), "route": route,
        }),
        Told::Times { from, sequence, times, rtt, duplicate } => json!({
            "event": "times", "from": from, "sequence": sequence, "times": times, "rtt_ns": rtt.as_nanos(),
            "duplicate": duplicate,
        }),
        Told::Error { sequence, report } => json!({
            "event": "error", "from": report.from, "sequence": sequence, "error": report.trouble.to_string(),
            "icmp": report.icmp,
        }),
        Told::NotSent { sequence, error } => {
            json!({ "event": "not-sent", "sequence": sequence, "error": error })
        }
        Told::Outstanding { sequence } => json!({ "event": "outstanding", "sequence": sequence }),
        Told::Ends { name, statistics } => {
            let Statistics { transmitted, received, duplicates, errors, time, pipe, trips } = statistics;
            let rtt = trips
                .summary()
                .map(|[min, avg, max, mdev]| json!({ "min": min, "avg": avg, "max": max, "mdev": mdev }));
            json!({
                "event": "ends", "name": name, "transmitted": transmitted, "received": received,
                "duplicates": duplicates, "errors": errors, "lost_per_million": statistics.lost_per_million(),
                "time_ns": time.as_nanos(), "pipe": pipe, "rtt_us": rtt,
            })
        }
    }
}

fn of_wrong(wrong: Wrong) -> Value {
    match wrong {
        Wrong::Truncated => json!("truncated"),
        Wrong::Octet { place, sent, came } => json!({ "octet": place, "sent": sent, "came": came }),
    }
}
