//! Each shipped scenario runs, is as expected, and is the same when it is run again.

use std::collections::BTreeMap;

use wirelab_scenario::{Report, Scenario, shipped};
use wirelab_sim::{Component, Recorder};
use wirelab_stack::frame::NodeId;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Event, Interest};

fn run(name: &str, seed: Option<u64>) -> Report {
    let shipped = wirelab_scenario::shipped::find(name).expect("it ships");
    let scenario = Scenario::from_text(&format!("{name}.toml"), shipped.text, &[]).expect("it can be read");
    scenario.build(seed.unwrap_or(scenario.seed())).execute(&mut |_| {})
}

#[track_caller]
fn held(report: &Report) {
    assert!(report.held, "{}", serde_json::to_string_pretty(report).unwrap());
}

#[test]
fn echo() {
    let report = run("echo", None);
    held(&report);
    assert_eq!(report.connections.len(), 2);
}

#[test]
fn echo_udp() {
    held(&run("echo-udp", None));
}

#[test]
fn interactive() {
    // Nobody types: the input is at its end at once.
    held(&run("interactive", None));
}

#[test]
fn unix_sockets() {
    let report = run("unix-sockets", None);
    held(&report);
    let shown = &report.shown[0];
    assert_eq!(shown.rows.len(), 6, "three connections or clients, each with its other end: {shown:?}");
}

#[test]
fn lossy_transfer() {
    held(&run("lossy-transfer", None));
}

#[test]
fn partition() {
    held(&run("partition", None));
}

#[test]
fn crash() {
    let report = run("crash", None);
    held(&report);
    let echo = report.applications.iter().find(|application| application.name == "echo").unwrap();
    assert_eq!((echo.received_bytes, echo.ended), (11, None), "it goes on under its name");
}

#[test]
fn ping() {
    held(&run("ping", None));
}

#[test]
fn traceroute() {
    let report = run("traceroute", None);
    held(&report);
    let trace = report.applications.iter().find(|application| application.name == "trace").unwrap();
    let hops: Vec<&str> = trace.said[1..].iter().map(|line| line.split_once("  ").unwrap().1).collect();
    let first: Vec<&str> = hops.iter().map(|hop| hop.split("  ").next().unwrap()).collect();
    assert_eq!(first, ["10.0.0.254", "10.0.1.2", "* * *", "10.0.3.2", "10.0.4.2", "10.0.5.1"]);
}

/// Where the octets of each fragment belong that arrived at a host, by the identification of its datagram.
struct Fragments {
    host: NodeId,
    offsets: BTreeMap<u16, Vec<u16>>,
}

impl Recorder for Fragments {
    fn interest(&self) -> Interest {
        Interest::FRAMES
    }

    fn record(&mut self, _: Instant, at: Component, event: &Event<'_>) {
        let (Component::Host(node), Event::FrameArrived { frame, .. }) = (at, event) else { return };
        let octets = frame.to_vec();
        if node == self.host && octets[12..14] == [8, 0] {
            let word = |at: usize| u16::from_be_bytes([octets[at], octets[at + 1]]);
            self.offsets.entry(word(18)).or_default().push((word(20) & 0x1fff) * 8);
        }
    }
}

#[test]
fn fragments_arrive_out_of_order_and_become_whole() {
    let text = wirelab_scenario::shipped::find("fragments").expect("it ships").text;
    let scenario = Scenario::from_text("fragments.toml", text, &[]).expect("it can be read");
    let mut run = scenario.build(scenario.seed());
    // The hosts are numbered in the order of the file.
    run.add_recorder(Box::new(Fragments { host: NodeId(2), offsets: BTreeMap::new() }));
    held(&run.execute(&mut |_| {}));
    let arrived: Box<Fragments> = run.take_recorder().expect("it was added");
    let pieces = |count: usize| arrived.offsets.values().filter(move |offsets| offsets.len() == count);
    let in_order = |offsets: &&Vec<u16>| offsets.is_sorted();
    assert_eq!((pieces(4).count(), pieces(7).count(), pieces(3).count()), (1, 1, 1), "{:?}", arrived.offsets);
    assert_eq!(pieces(4).chain(pieces(7)).filter(in_order).count(), 0, "{:?}", arrived.offsets);
}

#[test]
fn unreachable() {
    held(&run("unreachable", None));
}

#[test]
fn the_template() {
    let scenario = Scenario::from_text("new.toml", wirelab_scenario::TEMPLATE, &[]).expect("it can be read");
    held(&scenario.build(1).execute(&mut |_| {}));
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    for shipped in shipped().iter().filter(|shipped| shipped.name != "lossy-transfer") {
        let as_json = |seed| serde_json::to_string(&run(shipped.name, Some(seed))).unwrap();
        let (one, again, other) = (as_json(1), as_json(1), as_json(2));
        assert_eq!(one, again, "{}", shipped.name);
        assert_ne!(one, other, "{}", shipped.name);
    }
}

#[test]
fn the_readme_lists_what_ships() {
    // `WIRELAB_BLESS=1 cargo test -p wirelab-scenario --test shipped` writes the list anew.
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let before = std::fs::read_to_string(&path).expect("README.md is there");
    let begin = "<!-- scenarios: written by the test `shipped` -->\n";
    let (head, rest) = before.split_once(begin).expect("the list has a beginning");
    let (_, tail) = rest.split_once("<!-- end -->\n").expect("the list has an end");
    let mut list = String::from("\n| scenario | what it shows |\n|---|---|\n");
    for shipped in shipped() {
        let link = format!("[{}](scenarios/{}.toml)", shipped.name, shipped.name);
        list += &["| ", &link, " | ", shipped.description, " |\n"].concat();
    }
    let after = format!("{head}{begin}{list}\n<!-- end -->\n{tail}");
    if std::env::var_os("WIRELAB_BLESS").is_some() {
        std::fs::write(&path, &after).unwrap();
    } else {
        assert!(before == after, "README.md does not list what ships: see this test's first line");
    }
}

#[test]
fn dhcp_and_rarp_whatever_the_chance() {
    for seed in 1..=10 {
        held(&run("dhcp", Some(seed)));
        held(&run("rarp-boot", Some(seed)));
    }
}

/// What the text of a shipped scenario claims, and does not hold any more once the text is changed so.
#[track_caller]
fn breaks(name: &str, from: &str, to: &str) {
    let shipped = wirelab_scenario::shipped::find(name).expect("it ships");
    assert!(shipped.text.contains(from), "{name} has no {from}");
    let text = shipped.text.replacen(from, to, 1);
    let scenario =
        Scenario::from_text(&format!("{name}.toml"), &text, &[]).unwrap_or_else(|wrong| panic!("{wrong}"));
    let report = scenario.build(scenario.seed()).execute(&mut |_| {});
    assert!(!report.held, "{name} holds with {to:?} for {from:?}");
}

#[test]
fn dhcp_expects_what_it_says() {
    // The desk's first word is for what it had; it is reserved for it; it is answered.
    breaks("dhcp", "previous = \"10.0.0.104\"\n", "");
    breaks("dhcp", "reservation = [{ station = \"desk\", address = \"10.0.0.104\" }]", "");
    // The server asks whether anybody is there.
    breaks("dhcp", "name_servers", "ping_timeout = \"0 s\"\nname_servers");
    // A renewal that is lost, a release that is lost.
    let cut = |at: &str, until: &str| {
        format!(
            "[[event]]\nat = \"{at}\"\ncut = \"s\"\n\n[[event]]\nat = \"{until}\"\nrestore = \"s\"\n\n[[application]]\nname = \"lender\""
        )
    };
    breaks("dhcp", "[[application]]\nname = \"lender\"", &cut("60 s", "85 s"));
    breaks("dhcp", "[[application]]\nname = \"lender\"", &cut("155 s", "200 s"));
    // No address is given back.
    breaks("dhcp", "release_after = \"150 s\"", "release_after = \"110 s\"");
    // The camera is not there: nobody declines.
    breaks(
        "dhcp",
        "between = [\"camera\", \"switch\"]\ndelay = \"50 us\"",
        "between = [\"camera\", \"switch\"]\nloss = \"100 %\"",
    );
}

#[test]
fn small_services() {
    held(&run("small-services", None));
}

#[test]
fn tutorial_echo() {
    held(&run("tutorial-echo", None));
}

#[test]
fn tutorial_socketserver() {
    let report = run("tutorial-socketserver", None);
    held(&report);
    let session = report.applications.iter().find(|application| application.name == "session").unwrap();
    let came = session.said.iter().filter(|line| line.starts_with("setup")).count();
    let gone: Vec<&String> = session.said.iter().filter(|line| line.starts_with("finish")).collect();
    assert_eq!((came, gone.len()), (3, 3));
    assert_eq!(session.said.last(), gone.last().copied(), "the slow one goes last");
}

#[test]
fn ftp_mirror() {
    held(&run("ftp-mirror", None));
    for seed in [1, 2] {
        held(&run("ftp-mirror", Some(seed)));
    }
    // Each expectation looks: at what is not allowed, not gone on with, not served.
    breaks("ftp-mirror", "may_write = true", "may_write = false");
    breaks("ftp-mirror", "attempts = 5", "attempts = 1");
    breaks("ftp-mirror", "from = \"/pub\"", "from = \"/../secret\"");
}

#[test]
fn mail() {
    held(&run("mail", None));
    for seed in [1, 2] {
        held(&run("mail", Some(seed)));
    }
    breaks("mail", "\"example.com\", \"example.org\"", "\"example.com\"");
    breaks("mail", "same_as = \"client:/letter\"", "same_as = \"client:/picture\"");
    breaks("mail", "same_as = \"client:/letter\"", "same_as = \"client:/nothing\"");
    breaks("mail", "max_size = \"1 MB\"", "max_size = 10");
    breaks("mail", "recipient = \"ben@example.org\"", "recipient = \"dora@elsewhere.example\"");
}

#[test]
fn http_download() {
    let report = run("http-download", None);
    held(&report);
    let web = report.applications.iter().find(|application| application.name == "web").unwrap();
    assert_eq!(web.said.len(), 7, "a line for each request, redirects among them: {:?}", web.said);
}
