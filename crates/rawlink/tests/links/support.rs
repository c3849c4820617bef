//! What the tests on real devices share: a network namespace of their own, and a peer made by hand for the kernel's stack.
#![expect(unsafe_code, reason = "unsharing a namespace is marked unsafe; only the network's is unshared")]

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use wirelab_rawlink::RealLink;

/// Longer than anything takes that works.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a test in a network namespace that it alone is in, and that goes with it, with all that it made there, however
/// it ends. Without the right to make one it is skipped aloud, or fails where `WIRELAB_REQUIRE_PEERS` is set.
pub fn in_namespace(test: impl FnOnce() + Send + 'static) {
    let body = move || {
        // SAFETY: the thread shares its files as before; it alone gets another network.
        if let Err(error) = unsafe { unshare_unsafe(UnshareFlags::NEWNET) } {
            let required = std::env::var_os("WIRELAB_REQUIRE_PEERS").is_some();
            assert!(!required, "a network namespace is required: {error}");
            eprintln!("SKIPPED: a network namespace takes root: {error}");
            return;
        }
        ip("link set lo up");
        // Its chatter is nobody's here. A kernel may have none.
        std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").ok();
        std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").ok();
        test();
    };
    if let Err(panic) = std::thread::spawn(body).join() {
        std::panic::resume_unwind(panic);
    }
}

/// Runs `ip` in this thread's namespace.
#[track_caller]
pub fn ip(arguments: &str) {
    run("ip", arguments);
}

/// Runs a program in this thread's namespace.
#[track_caller]
pub fn run(program: &str, arguments: &str) {
    let output = Command::new(program).args(arguments.split_whitespace()).output();
    let output = output.unwrap_or_else(|error| panic!("{program} {arguments}: {error}"));
    assert!(output.status.success(), "{program} {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until the link can be read from, or what it says is an error; panics where that takes too long.
#[track_caller]
pub fn wait(link: &dyn RealLink, until: Instant) {
    assert!(ready(link, PollFlags::IN, until.saturating_duration_since(Instant::now())), "nothing came");
}

/// Whether the link is ready within that time.
pub fn ready(link: &dyn RealLink, flags: PollFlags, within: Duration) -> bool {
    let descriptor = link.descriptor().expect("a device");
    let within = Timespec::try_from(within).unwrap();
    poll(&mut [PollFd::new(&descriptor, flags)], Some(&within)).unwrap() > 0
}
