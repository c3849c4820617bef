//! `wirelab ping`, answered by the kernel, beside what the stock `ping` says of us.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::namespace::{KERNEL, OURS, Serving, in_namespace, run, wait, wirelab};

fn ping(arguments: &[&str]) -> Output {
    wirelab("ping").args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Puts `#` in place of each number with a point and of the times behind `time`, and leaves out how many were under way
/// at once: what differs from run to run, the last where the machine is so busy that requests overtake answers.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for word in text.split_inclusive([' ', '/', '\n']) {
        let (bare, end) = word.split_at(word.trim_end_matches([' ', '/', '\n']).len());
        let value = bare.trim_start_matches("time=");
        let is_time = value.parse::<f64>().is_ok() && (value.contains('.') || bare.starts_with("time="));
        let is_span = value.strip_suffix("ms").is_some_and(|number| number.parse::<u64>().is_ok());
        let name = if bare.starts_with("time=") { "time=" } else { "" };
        shape += if is_time || is_span { name } else { bare };
        shape += if is_time || is_span { "#" } else { "" };
        shape += end;
    }
    match shape.split_once(", pipe ") {
        Some((lines, count)) if count.trim_end().parse::<u64>().is_ok() => format!("{lines}\n"),
        _ => shape,
    }
}

#[test]
fn the_kernel_answers_and_the_lines_are_those_of_the_stock_program() {
    in_namespace("ping::the_kernel_answers_and_the_lines_are_those_of_the_stock_program", || {
        let options = ["-c", "3", "-i", "0.05", "-s", "100", "-t", "9"];
        let ours = ping(&[&options[..], &[KERNEL]].concat());
        assert_eq!(ours.status.code(), Some(0), "{ours:?}");
        let ours = text(&ours);
        assert!(ours.starts_with("PING 10.77.0.1 (10.77.0.1) 100(128) bytes of data.\n"), "{ours}");
        assert!(ours.contains("\n108 bytes from 10.77.0.1: icmp_seq=3 ttl=64 time="), "{ours}");
        assert!(ours.contains("\n3 packets transmitted, 3 received, 0% packet loss, time "), "{ours}");
        // The same from the other side.
        let serving = Serving::start(&["discard"]);
        let stock = Command::new("ping").args(options).arg(OURS).output().unwrap();
        assert_eq!(stock.status.code(), Some(0), "{stock:?}");
        serving.end("TERM");
        assert_eq!(shape(&ours).replace(KERNEL, OURS), shape(&text(&stock)));
    });
}

#[test]
fn long_requests_go_in_fragments_or_not_at_all() {
    in_namespace("ping::long_requests_go_in_fragments_or_not_at_all", || {
        for size in ["0", "1472", "1473", "65507"] {
            let output = ping(&["-c", "1", "-W", "5", "-s", size, "-p", "00ff", KERNEL]);
            assert_eq!(output.status.code(), Some(0), "{size}: {output:?}");
            let octets = size.parse::<u32>().unwrap() + 8;
            assert!(
                text(&output).contains(&format!("\n{octets} bytes from {KERNEL}: icmp_seq=1 ttl=64 time="))
            );
        }
        let uncut = |size| ping(&["-c", "1", "-M", "do", "-s", size, KERNEL]);
        assert_eq!(uncut("1472").status.code(), Some(0));
        let refused = uncut("1473");
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused).contains("\nicmp_seq=1 local error: message too long\n"), "{refused:?}");
    });
}

#[test]
fn who_does_not_answer_is_an_error_with_statistics() {
    in_namespace("ping::who_does_not_answer_is_an_error_with_statistics", || {
        let absent = ping(&["-c", "1", "10.77.0.9"]);
        assert_eq!(absent.status.code(), Some(1));
        let expected = "From 10.77.0.2 icmp_seq=1 Destination Host Unreachable\n\n--- 10.77.0.9 ping statistics \
                        ---\n1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n\n";
        assert!(text(&absent).ends_with(expected), "{absent:?}");
        // The kernel is told not to answer.
        std::fs::write("/proc/sys/net/ipv4/icmp_echo_ignore_all", "1").unwrap();
        let silent = ping(&["-q", "-c", "2", "-i", "0.01", "-W", "0.05", KERNEL]);
        assert_eq!(silent.status.code(), Some(1));
        let lines = text(&silent);
        assert_eq!(lines.lines().count(), 5, "{lines}");
        assert!(lines.contains("\n2 packets transmitted, 0 received, 100% packet loss, time "), "{lines}");
        let waited = ping(&["-O", "-c", "2", "-i", "0.01", "-w", "0.05", KERNEL]);
        assert_eq!(waited.status.code(), Some(1));
        assert!(text(&waited).contains("\nno answer yet for icmp_seq=2\n"), "{waited:?}");
        let nonsense = ping(&["-i", "0", KERNEL]);
        assert_eq!(nonsense.status.code(), Some(2));
    });
}

#[test]
fn an_interrupt_ends_it_with_statistics() {
    in_namespace("ping::an_interrupt_ends_it_with_statistics", || {
        let mut child = wirelab("ping").args(["-i", "0.05", KERNEL]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut output = String::new();
        // An answer has come, and more are on their way.
        while !output.contains("\n64 bytes from ") {
            assert_ne!(lines.read_line(&mut output).unwrap(), 0, "{output}");
        }
        run("kill", &format!("-s INT {}", child.id()));
        lines.read_to_string(&mut output).unwrap();
        let status = wait(&mut child);
        assert_eq!(status.code(), Some(0), "{output}");
        let last = output.lines().last().unwrap();
        assert!(last.starts_with("rtt min/avg/max/mdev = "), "{output}");
        assert!(output.contains("\n--- 10.77.0.1 ping statistics ---\n"), "{output}");
    });
}

#[test]
fn lines_have_dates_and_objects_have_fields() {
    in_namespace("ping::lines_have_dates_and_objects_have_fields", || {
        let dated = text(&ping(&["-D", "-c", "1", KERNEL]));
        let line = dated.lines().nth(1).unwrap();
        let (date, rest) = line.strip_prefix('[').and_then(|line| line.split_once("] ")).unwrap();
        assert!(
            date.split_once('.').is_some_and(|(seconds, micros)| seconds.len() >= 10 && micros.len() == 6)
        );
        assert!(rest.starts_with("64 bytes from 10.77.0.1: icmp_seq=1 ttl=64 time="), "{line}");
        let objects = text(&ping(&["--json", "-c", "2", "-i", "0.01", KERNEL]));
        let objects: Vec<Value> = objects.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let events: Vec<&str> = objects.iter().map(|object| object["event"].as_str().unwrap()).collect();
        assert_eq!(events, ["begins", "reply", "reply", "ends"]);
        assert_eq!((&objects[2]["sequence"], &objects[2]["ttl"]), (&2.into(), &64.into()));
        assert_eq!((&objects[3]["transmitted"], &objects[3]["received"]), (&2.into(), &2.into()));
        assert!(objects[3]["rtt_us"]["avg"].is_u64());
    });
}

#[test]
fn it_goes_over_tun_and_over_raw_ip() {
    in_namespace("ping::it_goes_over_tun_and_over_raw_ip", || {
        for arguments in ["tuntap add wl1 mode tun", "address add 10.78.0.1/24 dev wl1", "link set wl1 up"] {
            run("ip", arguments);
        }
        let on = |link: &str, address: &str, host: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
            command.args([
                "ping",
                "--on",
                link,
                "--address",
                address,
                "-c",
                "2",
                "-i",
                "0.05",
                "-W",
                "5",
                host,
            ]);
            command.output().unwrap()
        };
        let tun = on("tun:wl1", "10.78.0.2/24", "10.78.0.1");
        assert_eq!(tun.status.code(), Some(0), "{tun:?}");
        assert!(text(&tun).contains("\n2 packets transmitted, 2 received, 0% packet loss"), "{tun:?}");
        // Over raw IP the address is the kernel's own, and its neighbour here is a host of ours.
        let serving = Serving::start(&["discard"]);
        let raw = on("ip:wl0", "10.77.0.1/24", OURS);
        assert_eq!(raw.status.code(), Some(0), "{raw:?}");
        serving.end("TERM");
        assert!(text(&raw).contains("\n2 packets transmitted, 2 received, 0% packet loss"), "{raw:?}");
    });
}
