//! A network namespace that a test alone is in, and the program in it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Set in the process that is in the namespace already.
const INSIDE: &str = "WIRELAB_TEST_NAMESPACE";

/// Longer than anything takes that works.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The kernel's address, and ours.
pub const KERNEL: &str = "10.77.0.1";
pub const OURS: &str = "10.77.0.2";

/// Runs the test `name` (its full path) in a process of its own, whose network has nothing but a loopback and the kernel's
/// side of a TAP device; all of it goes with the process, however that ends. Without the right to make one the test is
/// skipped aloud, or fails where `WIRELAB_REQUIRE_PEERS` is set.
pub fn in_namespace(name: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        for arguments in [
            "link set lo up",
            "tuntap add wl0 mode tap",
            "address add 10.77.0.1/24 dev wl0",
            "link set wl0 up",
        ] {
            run("ip", arguments);
        }
        return test();
    }
    let probe = Command::new("unshare").args(["--net", "ip", "link"]).output();
    if !probe.as_ref().is_ok_and(|output| output.status.success()) {
        let why = "a network namespace takes root, `unshare` and `ip`";
        assert!(std::env::var_os("WIRELAB_REQUIRE_PEERS").is_none(), "{name}: {why}");
        eprintln!("SKIPPED {name}: {why}");
        return;
    }
    let own = std::env::current_exe().expect("a test is a program");
    let status = Command::new("unshare")
        .args(["--net", "--kill-child", "--fork"])
        .arg(own)
        .args([name, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .expect("unshare ran a moment ago");
    assert!(status.success(), "{name}, in its namespace: {status}");
}

/// Runs a program to its end.
#[track_caller]
pub fn run(program: &str, arguments: &str) {
    let output = Command::new(program).args(arguments.split_whitespace()).output();
    let output = output.unwrap_or_else(|error| panic!("{program} {arguments}: {error}"));
    assert!(output.status.success(), "{program} {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The program, on the device.
pub fn wirelab(verb: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command.args([verb, "--on", "tap:wl0", "--address", &format!("{OURS}/24")]);
    command
}

/// The program as it serves; killed where a test ends before it.
pub struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Serving {
    /// Starts it, and waits until it says that it serves.
    #[track_caller]
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = wirelab("serve")
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it says something");
        assert_eq!(line, "ready\n");
        Self { child, out }
    }

    /// Sends a signal, waits for the end, and returns what it has printed since.
    #[track_caller]
    pub fn end(mut self, signal: &str) -> (ExitStatus, String) {
        run("kill", &format!("-s {signal} {}", self.child.id()));
        let status = wait(&mut self.child);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("its output is text");
        (status, rest)
    }

    /// Its number, for whoever looks at it from outside.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already where all is well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a process to end; panics where that takes too long.
#[track_caller]
pub fn wait(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status;
        }
        assert!(began.elapsed() < PATIENCE, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}
