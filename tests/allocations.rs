//! What the stack allocates: nothing per segment in steady state, and at most 1 KiB for an idle connection.

use allocation_counter::{AllocationInfo, measure};
use wirelab::stack::profile::Profile;
use wirelab::stack::time::Duration;

#[path = "../benches/support/hosts.rs"]
mod hosts;

use hosts::{Connection, Hosts};

const MSS: usize = 1460;
const CHUNK: usize = 16_384;

fn transfer(hosts: &mut Hosts, connection: Connection, segments: usize) -> (AllocationInfo, u64) {
    let (chunk, mut buffer) = (vec![7; CHUNK], vec![0; CHUNK]);
    let mut frames = 0;
    let info = measure(|| frames = hosts.transfer(connection, segments * MSS, &chunk, &mut buffer).up);
    (info, frames)
}

#[test]
fn steady_transfer_allocates_nothing_per_segment() {
    for checksums in [true, false] {
        let mut hosts = Hosts::new(checksums, &Profile::rfc());
        let connection = hosts.connect();
        transfer(&mut hosts, connection, 5_000);
        let (info, frames) = transfer(&mut hosts, connection, 20_000);
        assert!(frames >= 20_000, "only {frames} frames");
        // Chunks of what the application sends are allocated, many segments a chunk; segments are not.
        println!("{} allocations for {frames} segments", info.count_total);
        let allowed = frames / 10;
        assert!(info.count_total <= allowed, "{} allocations for {frames} segments", info.count_total);
        assert!(info.bytes_current <= 65_536, "{} octets are left over", info.bytes_current);
    }
}

#[test]
fn an_idle_connection_holds_at_most_a_kibibyte() {
    const COUNT: u16 = 1000;
    let mut hosts = Hosts::new(true, &Profile::rfc());
    hosts.connect();
    let info = measure(|| hosts.add_idle(COUNT));
    // Both ends of each.
    let each = info.bytes_current / (2 * i64::from(COUNT));
    println!("an idle connection holds {each} octets of heap");
    assert!(each <= 1024, "an idle connection holds {each} octets");
}

#[test]
fn an_idle_connection_that_has_worked_gives_its_buffers_back() {
    const COUNT: u16 = 100;
    let mut hosts = Hosts::new(true, &Profile::rfc());
    let warm = hosts.connect();
    transfer(&mut hosts, warm, 500);
    hosts.rest(Duration::from_secs(3));
    let info = measure(|| {
        for _ in 0..COUNT {
            let connection = hosts.connect();
            transfer(&mut hosts, connection, 100);
        }
        hosts.rest(Duration::from_secs(3));
    });
    let each = info.bytes_current / (2 * i64::from(COUNT));
    println!("a connection that has worked holds {each} octets of heap");
    assert!(each <= 1024, "a connection that has worked holds {each} octets");
}

#[test]
fn a_connection_that_is_gone_leaves_nothing() {
    let mut hosts = Hosts::new(true, &Profile::rfc());
    let mut cycle = |count| measure(|| (0..count).for_each(|_| hosts.connect_and_abort())).bytes_current;
    cycle(100);
    let left = cycle(1000);
    assert!(left <= 4096, "a thousand connections left {left} octets");
}
