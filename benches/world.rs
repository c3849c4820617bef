//! The simulator: events a second of a bulk transfer over an impaired link, with nobody watching and with the
//! recorder that hashes everything; and of one over a switch, alone and among a thousand idle hosts, which must cost
//! nothing per event.

#[path = "support/switched.rs"]
mod switched;

use std::hint::black_box;
use std::net::SocketAddr;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use switched::switched;
use wirelab::sim::{Network, QueueLimit, Rate, TraceHash, percent};
use wirelab::stack::application::bulk::{SinkConfig, SourceConfig, tcp_sink, tcp_source};
use wirelab::stack::time::{Duration, Instant};

const OCTETS: u64 = 2_000_000;

/// A network in which two megabytes are about to cross a link that loses one frame in a hundred.
fn network() -> Network {
    let mut net = Network::new(1);
    let (client, server) = (net.host("client", "10.0.0.1/24"), net.host("server", "10.0.0.2/24"));
    net.link(client, server)
        .rate(Rate::from_bits_per_second(100_000_000).expect("a rate"))
        .queue(QueueLimit::Packets(100))
        .delay(Duration::from_millis(5))
        .loss(percent(1));
    let remote = SocketAddr::from(([10, 0, 0, 2], 9));
    let local = SocketAddr::from(([0, 0, 0, 0], 9));
    net.spawn(server, "sink", tcp_sink(SinkConfig { local, connections: Some(1) }));
    let source = SourceConfig { remote, bytes: OCTETS, seed: 0 };
    net.spawn_at(client, "source", Instant::from_millis(1), tcp_source(source));
    net
}

fn run(mut net: Network) -> u64 {
    net.finish();
    net.world().events()
}

fn events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("events");
    group.throughput(Throughput::Elements(run(network()))).sample_size(20);
    group.bench_function("unobserved", |bencher| {
        bencher.iter_with_setup(network, |net| black_box(run(net)));
    });
    let watched = || {
        let mut net = network();
        let hash = TraceHash::new(net.world().names());
        net.world().set_recorder(Box::new(hash));
        net
    };
    group.bench_function("hashed", |bencher| bencher.iter_with_setup(watched, |net| black_box(run(net))));
    group.finish();
}

fn idle_hosts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("switch");
    for idle in [0, 1000] {
        let before = switched(idle, OCTETS).world().events();
        let events = run(switched(idle, OCTETS)) - before;
        group.throughput(Throughput::Elements(events)).sample_size(20);
        group.bench_function(format!("{idle} idle hosts"), |bencher| {
            bencher.iter_batched(|| switched(idle, OCTETS), |net| black_box(run(net)), BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, events, idle_hosts);
criterion_main!(benches);
