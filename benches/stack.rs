//! The stack alone, two hosts on in-memory queues: bulk transfer, and connection set-up among idle connections.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use wirelab::stack::profile::Profile;

#[path = "support/hosts.rs"]
mod hosts;

use hosts::Hosts;

fn bulk_transfer(criterion: &mut Criterion) {
    const OCTETS: usize = 10_000_000;
    let mut group = criterion.benchmark_group("bulk transfer");
    group.throughput(Throughput::Bytes(OCTETS as u64)).sample_size(20);
    for (name, checksums) in [("with checksums", true), ("without checksums", false)] {
        let mut hosts = Hosts::new(checksums, &Profile::rfc());
        let connection = hosts.connect();
        let (chunk, mut buffer) = (vec![7; 16_384], vec![0; 16_384]);
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(hosts.transfer(connection, OCTETS, &chunk, &mut buffer)));
        });
    }
    group.finish();
}

fn connection_setup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("connection set-up");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    for idle in [0, 10_000] {
        let mut hosts = Hosts::new(true, &Profile::rfc());
        hosts.add_idle(idle);
        group.bench_function(BenchmarkId::new("idle connections", idle), |bencher| {
            bencher.iter(|| hosts.connect_and_abort());
        });
    }
    group.finish();
}

criterion_group!(benches, bulk_transfer, connection_setup);
criterion_main!(benches);
