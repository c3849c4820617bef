//! `--record` and `wirelab replay`: what a run on a real link was given gives the same frames again, octet for octet.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::namespace::{KERNEL, OURS, PATIENCE, Serving, in_namespace, wait, wirelab};

/// How many connections there are at once.
const CONNECTIONS: usize = 100;

/// Of a hundred frames each way so many are lost, by the kernel's own chance.
const LOSS: &str = "
    table netdev loss {
        chain in { type filter hook ingress device \"wl0\" priority 0; numgen random mod 100 < 3 counter drop; }
        chain out { type filter hook egress device \"wl0\" priority 0; numgen random mod 100 < 3 counter drop; }
    }";

/// A folder that goes when the test has ended.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wirelab-record-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn replay(record: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command.arg("replay").arg(record).args(options).output().unwrap()
}

/// What came of running it again, and the exit code.
fn verdict(record: &Path) -> (Value, Option<i32>) {
    let output = replay(record, &["--json"]);
    let verdict = serde_json::from_slice(&output.stdout);
    (verdict.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))), output.status.code())
}

fn number(verdict: &Value, name: &str) -> u64 {
    verdict[name].as_u64().unwrap_or_else(|| panic!("{name} in {verdict}"))
}

/// Has the kernel lose frames. False, aloud, where it has nothing to do so with.
fn lose(test: &str) -> bool {
    let rules = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn();
    let done = rules.and_then(|mut nft| {
        nft.stdin.take().unwrap().write_all(LOSS.as_bytes())?;
        nft.wait()
    });
    if done.is_ok_and(|status| status.success()) {
        return true;
    }
    let why = "to lose frames takes `nft`, with hooks on devices";
    assert!(std::env::var_os("WIRELAB_REQUIRE_PEERS").is_none(), "{test}: {why}");
    eprintln!("SKIPPED {test}: {why}");
    false
}

/// Frames that the kernel has lost.
fn lost() -> u64 {
    let output = Command::new("nft").args(["-j", "list", "ruleset"]).output().unwrap();
    let rules = String::from_utf8(output.stdout).unwrap();
    let counts = rules.split("\"packets\": ").skip(1);
    counts.map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse::<u64>().unwrap()).sum()
}

fn exchange(port: u16, question: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect((OURS, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(question).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn a_hundred_connections_over_a_bad_wire_are_run_again() {
    const NAME: &str = "record::a_hundred_connections_over_a_bad_wire_are_run_again";
    in_namespace(NAME, || {
        let folder = Folder::new("hundred");
        let (record, page) = (folder.file("odd.run"), vec![b'x'; 30_000]);
        std::fs::write(folder.file("page"), &page).unwrap();
        if !lose(NAME) {
            return;
        }
        let at = format!("http:8080={}", folder.0.display());
        // A record that was there may have been anybody's to read.
        std::fs::write(&record, "older").unwrap();
        let serving = Serving::start(&["--record", record.to_str().unwrap(), "echo:7", &at]);
        std::thread::scope(|scope| {
            for number in 0..CONNECTIONS {
                let page = &page;
                scope.spawn(move || {
                    if number % 2 == 0 {
                        let question = format!("the question of {number}").into_bytes();
                        assert_eq!(exchange(7, &question), question);
                        return;
                    }
                    let question = b"GET /page HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n";
                    assert!(exchange(8080, question).ends_with(page));
                });
            }
        });
        assert!(lost() > 0, "the wire was a good one");
        assert_eq!(serving.end("INT").0.code(), Some(0));
        // What it was given it is given from the record alone.
        std::fs::remove_file(folder.file("page")).unwrap();
        assert_eq!(std::fs::metadata(&record).unwrap().permissions().mode() & 0o777, 0o600);
        let (again, code) = verdict(&record);
        assert_eq!(
            (code, &again["same"], &again["ending"]),
            (Some(0), &true.into(), &"end".into()),
            "{again}"
        );
        assert!(number(&again, "files") >= 50, "{again}");
        assert!(number(&again, "sent") > 1_000 && number(&again, "received") > 1_000, "{again}");
        the_record_is_judged(&folder, &record, number(&again, "turns"));
    });
}

/// What becomes of the record where it is looked into, cut off, damaged, or of another run.
fn the_record_is_judged(folder: &Folder, record: &Path, turns: u64) {
    let (pcap, trace) = (folder.file("x.pcapng"), folder.file("x.trace"));
    let options = ["--ladder", "5", "--pcap", pcap.to_str().unwrap(), "--trace", trace.to_str().unwrap()];
    let shown = replay(record, &options);
    assert_eq!(shown.status.code(), Some(0));
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.ends_with("The run gave out the same, octet for octet\n"), "{text}");
    assert!(text.contains(" retransmissions of them"), "the ladder counts them: {text}");
    assert!(pcap.metadata().unwrap().len() > 100_000 && trace.metadata().unwrap().len() > 100_000);
    let over = replay(record, &["--pcap", record.to_str().unwrap()]);
    assert_eq!(over.status.code(), Some(2), "it does not write over what it reads");

    let octets = std::fs::read(record).unwrap();
    let changed = folder.file("changed.run");
    std::fs::write(&changed, &octets[..octets.len() / 2]).unwrap();
    let (cut, code) = verdict(&changed);
    assert_eq!((code, &cut["same"], &cut["ending"]), (Some(0), &true.into(), &"cut".into()), "{cut}");
    assert!((1..turns).contains(&number(&cut, "turns")), "{cut}");

    let place = octets.windows(6).position(|word| word == b"echo:7").unwrap();
    let mut other = octets.clone();
    other[place..place + 6].copy_from_slice(b"time:7");
    std::fs::write(&changed, &other).unwrap();
    let (other, code) = verdict(&changed);
    assert_eq!((code, &other["ending"]), (Some(1), &"diverged".into()), "{other}");
    let why = other["why"].as_str().unwrap();
    assert!(why.starts_with("the run differs from its record in turn ") && why.contains("frame"), "{why}");

    let none = replay(&pcap, &[]);
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8(none.stderr).unwrap().ends_with("it is no record of a run\n"));
}

#[test]
fn what_was_typed_is_typed_again() {
    in_namespace("record::what_was_typed_is_typed_again", || {
        let folder = Folder::new("typed");
        let (record, listener) = (folder.file("typed.run"), TcpListener::bind((KERNEL, 9999)).unwrap());
        let mut child = wirelab("connect")
            .args(["--record", record.to_str().unwrap(), KERNEL, "9999"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut came = vec![0; 200_000];
        input.write_all(&came).unwrap();
        stream.read_exact(&mut came).unwrap();
        stream.write_all(b"that was much").unwrap();
        drop((input, stream));
        let mut printed = String::new();
        child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        assert_eq!((wait(&mut child).code(), printed.as_str()), (Some(0), "that was much"));
        let (again, code) = verdict(&record);
        assert_eq!((code, &again["ending"]), (Some(0), &"end".into()), "{again}");
        assert_eq!(number(&again, "printed"), 13);
    });
}

#[test]
fn who_was_killed_has_recorded_what_came_before() {
    in_namespace("record::who_was_killed_has_recorded_what_came_before", || {
        let folder = Folder::new("killed");
        let record = folder.file("killed.run");
        let serving = Serving::start(&["--record", record.to_str().unwrap(), "echo:7"]);
        assert_eq!(exchange(7, b"before"), b"before");
        // Nothing happens any more, so nothing waits to be written.
        assert_eq!(serving.end("KILL").0.code(), None);
        let (again, code) = verdict(&record);
        assert_eq!((code, &again["ending"]), (Some(0), &"cut".into()), "{again}");
        assert!(number(&again, "sent") >= 3, "{again}");
    });
}
