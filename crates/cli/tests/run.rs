//! `wirelab run` as a whole: what it prints, what it writes, and how it ends.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use pcap_file::pcapng::PcapNgReader;
use wirelab_cli::console::{Charset, Style};
use wirelab_cli::exit::Code;

/// A ping without losses: quick, and it says the same whatever the seed.
const PING: &str = r#"
[[host]]
name = "client"
interface = [{ name = "eth0", addresses = ["10.0.0.1/24"], announce = false }]

[[host]]
name = "server"
interface = [{ name = "eth0", addresses = ["10.0.0.2/24"], announce = false }]

[[link]]
name = "wire"
between = ["client", "server"]
rate = "10 Mbit/s"
queue = "10 packets"
delay = "15 ms"

[[application]]
name = "ping"
host = "client"
app = "ping"
to = "server"
count = 2

[[expect]]
host = "server"
counters = { echo_replies_sent = 2 }
"#;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wirelab-run-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("ping.toml"), PING).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Ended {
    code: Code,
    out: String,
    err: String,
}

fn wirelab(arguments: &[&str]) -> Ended {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all = std::iter::once("wirelab").chain(arguments.iter().copied()).map(Into::into);
    let code = wirelab_cli::run(all, &Style::plain(Charset::Unicode), &mut out, &mut err);
    Ended { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

#[test]
fn by_default_a_ladder_tables_and_the_verdict_are_shown() {
    let folder = Folder::new("default");
    let ended = wirelab(&["run", &folder.path("ping.toml")]);
    assert_eq!(ended.code, Code::Held, "{}{}", ended.out, ended.err);
    for part in [
        "arp-request (RFC 826 §2)",
        "│── echo request ─",
        "Request who-has 10.0.0.2 tell 10.0.0.1",
        "Hosts",
        "✓",
    ] {
        assert!(ended.out.contains(part), "`{part}` is not shown:\n{}", ended.out);
    }
    assert_eq!(ended.err, "");
    let without = wirelab(&["run", &folder.path("ping.toml"), "--ladder", "none"]);
    assert!(!without.out.contains("who-has") && without.out.contains("Hosts"), "{}", without.out);
    let cut = wirelab(&["run", &folder.path("ping.toml"), "--ladder", "2"]);
    assert!(cut.out.contains(" left out, from") && cut.out.contains("--ladder all"), "{}", cut.out);
}

#[test]
fn json_is_the_report_alone_and_the_same_again() {
    let folder = Folder::new("json");
    let run = |seed| wirelab(&["run", &folder.path("ping.toml"), "--json", "--seed", seed]);
    let (first, again) = (run("7"), run("7"));
    let report: serde_json::Value = serde_json::from_str(&first.out).unwrap();
    assert_eq!((&report["seed"], &report["held"]), (&7.into(), &true.into()));
    assert_eq!(first.out, again.out);
}

#[test]
fn quiet_says_nothing_but_what_failed() {
    let folder = Folder::new("quiet");
    let held = wirelab(&["run", &folder.path("ping.toml"), "--quiet"]);
    assert_eq!((held.code, held.out.as_str(), held.err.as_str()), (Code::Held, "", ""));
    let file = folder.path("ping.toml");
    let failed = wirelab(&["run", &file, "--quiet", "--set", "link.wire.loss=100 %"]);
    assert_eq!((failed.code, failed.out.as_str()), (Code::Failed, ""));
    assert!(failed.err.contains("echo_replies_sent"), "{}", failed.err);
}

#[test]
fn all_files_are_written_whole() {
    let folder = Folder::new("files");
    let [pcap, trace, series] = ["a.pcapng", "a.jsonl", "a.csv"].map(|name| folder.path(name));
    let arguments =
        ["run", &folder.path("ping.toml"), "-q", "--pcap", &pcap, "--trace", &trace, "--series", &series];
    let ended = wirelab(&arguments);
    assert_eq!(ended.code, Code::Held, "{}", ended.err);
    assert_eq!(folder.names(), ["a.csv", "a.jsonl", "a.pcapng", "ping.toml"]);
    let capture = fs::read(&pcap).unwrap();
    let mut reader = PcapNgReader::new(&capture[..]).unwrap();
    let mut blocks = 0;
    while let Some(block) = reader.next_block() {
        block.unwrap();
        blocks += 1;
    }
    // Two interfaces; ARP's request and reply and two pings with their replies, each at both ends.
    assert_eq!(blocks, 2 + 2 * (2 + 4));
    let lines = fs::read_to_string(&trace).unwrap();
    let count = |event: &str| lines.matches(&format!("\"event\":\"{event}\"")).count();
    assert_eq!((count("frame_sent"), count("frame_accepted"), count("frame_dropped")), (6, 6, 0));
    let series = fs::read_to_string(&series).unwrap();
    assert!(series.starts_with("time_s,kind,at,name,cwnd_bytes"), "{series}");
    let again = [pcap.as_str(), trace.as_str()].map(|path| fs::read(path).unwrap());
    assert_eq!(wirelab(&arguments).code, Code::Held);
    assert_eq!(again, [pcap.as_str(), trace.as_str()].map(|path| fs::read(path).unwrap()));
}

#[test]
fn what_cannot_be_written_is_told_before_the_run_and_leaves_nothing() {
    let folder = Folder::new("unwritable");
    let missing = folder.path("no/such/folder/x.csv");
    let pcap = folder.path("a.pcapng");
    let ended = wirelab(&["run", &folder.path("ping.toml"), "--pcap", &pcap, "--series", &missing]);
    assert_eq!((ended.code, ended.out.as_str()), (Code::Usage, ""));
    assert!(ended.err.starts_with(&format!("error: cannot write {missing}: ")), "{}", ended.err);
    assert_eq!(folder.names(), ["ping.toml"]);
}

#[cfg(unix)]
#[test]
fn a_forbidden_folder_is_a_matter_of_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("forbidden");
    let closed = folder.0.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    // Root may do everything: there is nothing to see then.
    if fs::write(closed.join("probe"), "").is_err() {
        let path = folder.path("closed/x.csv");
        let ended = wirelab(&["run", &folder.path("ping.toml"), "--series", &path]);
        assert_eq!(ended.code, Code::Permission, "{}", ended.err);
        assert!(ended.err.contains(&path), "{}", ended.err);
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn two_outputs_do_not_share_a_file() {
    let folder = Folder::new("shared");
    let (scenario, out) = (folder.path("ping.toml"), folder.path("out"));
    let twice = wirelab(&["run", &scenario, "--pcap", &out, "--trace", &out]);
    assert_eq!(twice.code, Code::Usage);
    assert!(twice.err.contains("--trace would overwrite --pcap"), "{}", twice.err);
    let over = wirelab(&["run", &scenario, "--trace", &scenario]);
    assert_eq!(over.code, Code::Usage);
    assert!(over.err.contains("--trace would overwrite the scenario"), "{}", over.err);
    assert_eq!(fs::read_to_string(Path::new(&scenario)).unwrap(), PING);
    assert_eq!(
        wirelab(&["run", &scenario, "-q", "--pcap", "/dev/null", "--trace", "/dev/null"]).code,
        Code::Held
    );
}

#[test]
fn a_bad_scenario_is_told_with_its_place() {
    let folder = Folder::new("bad");
    fs::write(folder.path("bad.toml"), PING.replace("delay", "dealy")).unwrap();
    let ended = wirelab(&["run", &folder.path("bad.toml")]);
    assert_eq!((ended.code, ended.out.as_str()), (Code::Usage, ""));
    for part in ["bad.toml:15:1", "dealy", "did you mean `delay`?"] {
        assert!(ended.err.contains(part), "`{part}` is not in:\n{}", ended.err);
    }
}

/// Standard output whose reader has gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let folder = Folder::new("pipe");
    let mut err = Vec::new();
    for (arguments, code) in [
        (vec!["run", "ping.toml"], Code::Held),
        (vec!["run", "ping.toml", "--set", "link.wire.loss=100 %"], Code::Failed),
        (vec!["explain"], Code::Held),
    ] {
        let file = folder.path("ping.toml");
        let arguments =
            arguments.into_iter().map(|word| if word == "ping.toml" { file.as_str() } else { word });
        let all = std::iter::once("wirelab").chain(arguments).map(Into::into);
        let ended = wirelab_cli::run(all, &Style::plain(Charset::Ascii), &mut Gone, &mut err);
        assert_eq!(ended, code);
    }
    assert_eq!(String::from_utf8(err).unwrap(), "");
}

/// Runs what is interactive with `typed` coming from a pipe: what it prints, and how it ends.
fn typed(typed: &[u8], more: &[&str]) -> (String, Code) {
    use clap::Parser;
    use wirelab_cli::args::{Cli, Command};
    use wirelab_cli::typing::keyboard::Plain;

    let cli = Cli::try_parse_from(["wirelab", "run", "interactive"].iter().chain(more)).unwrap();
    let Command::Run(args) = cli.command else { panic!("it is a run") };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut keyboard = Plain(typed, Charset::Unicode);
    let style = Style::plain(Charset::Unicode);
    let code =
        wirelab_cli::command::run::run_typing(&args, &mut keyboard, &style, &mut out, &mut err).unwrap();
    assert!(err.is_empty(), "{}", String::from_utf8_lossy(&err));
    (String::from_utf8(out).unwrap(), code)
}

/// What is printed behind `mark`, to the end of the line.
fn behind<'t>(text: &'t str, mark: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.split_once(mark).map(|(_, rest)| rest)).collect()
}

#[test]
fn what_is_typed_is_answered_and_its_ladder_follows() {
    let (out, code) = typed("hello\nn\n\nété\ny\nnot read\n".as_bytes(), &[]);
    assert_eq!(code, Code::Held);
    let order = [
        "interactive: Lines that you type",
        "SYN ACK",
        "text: hello",
        "\nHELLO\n",
        "terminal sends \"hello\"",
        "quit? (y/n) n",
        "text: \n",
        "text: été",
        "\nÉTÉ\n",
        "terminal sends \"été\"",
        "quit? (y/n) y",
        "FIN ACK",
        "terminal: received \"HELLOÉTÉ\"",
    ];
    let mut rest = out.as_str();
    for part in order {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("`{part}` is not there in order:\n{out}")
        };
        rest = after;
    }
    assert_eq!(out.matches("SYN ACK").count(), 1, "each ladder has its own line's frames");
    assert!(!out.contains("not read"));
    let again = typed("hello\nn\n\nété\ny\nnot read\n".as_bytes(), &[]).0;
    assert_eq!(behind(&out, "trace hash "), behind(&again, "trace hash "));
    let other = typed(b"hello\ny\n", &[]).0;
    assert_ne!(behind(&out, "trace hash "), behind(&other, "trace hash "));
}

#[test]
fn the_end_of_the_input_ends_wherever_it_comes() {
    for input in ["", "\n\n", "hello", "hello\n", "hello\nn\n", "hello\nno\nHE", "hello\nn\nHE\nY"] {
        let (out, code) = typed(input.as_bytes(), &["--quiet"]);
        assert_eq!((out.as_str(), code), ("", Code::Held), "{input:?}");
    }
    let (out, _) = typed(b"hello\r\ny\r\n", &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["applications"][1]["results"][0]["value"], "HELLO");
}

#[test]
fn what_a_line_is_made_of_does_no_harm() {
    // An octet that is no text, a character in two lines, controls, and the longest line and one that is longer.
    let longest = wirelab_stack::application::terminal::LONGEST_LINE;
    let lines: [&[u8]; 5] =
        [b"\xff\x1b[2J", b"\xc3", b"\xa9", &vec![b'a'; longest], &vec![b'a'; longest + 1]];
    let mut input = Vec::new();
    for line in lines {
        input.extend_from_slice(line);
        input.extend_from_slice(b"\nn\n");
    }
    let (out, code) = typed(&input, &["--json"]);
    assert_eq!(code, Code::Held);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let results = report["applications"][1]["results"].as_array().unwrap();
    let answers: Vec<&str> = results.iter().map(|result| result["value"].as_str().unwrap()).collect();
    assert_eq!(answers.len(), 5, "the last line is too long, and its `n` is a line: {answers:?}");
    assert_eq!(answers[..3], ["\u{fffd}\u{1b}[2J", "", "É"]);
    assert_eq!(answers[3].len(), longest);
    assert_eq!(answers[4], "N");
    let said = report["applications"][1]["said"].as_array().unwrap();
    assert!(said[0].as_str().unwrap().contains("was not sent"), "{said:?}");
    let (out, _) = typed(b"\x1b[2J\ny\n", &[]);
    assert!(!out.contains('\u{1b}'), "nothing that is typed or answered moves the cursor");
}
