//! The stack alone: bulk transfer between two hosts on in-memory queues, connection set-up among idle connections,
//! packets through routers, and the route table.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use std::net::{IpAddr, Ipv4Addr};

use pieces::Pieces;
use wirelab::stack::addr::Cidr;
use wirelab::stack::frame::{Frame, InterfaceId};
use wirelab::stack::network::route::{Origin, Route, Routes, Target};
use wirelab::stack::profile::Profile;
use wirelab::stack::rng::Rng;

#[path = "support/hosts.rs"]
mod hosts;
#[path = "support/pieces.rs"]
mod pieces;
#[path = "support/routers.rs"]
mod routers;

use hosts::Hosts;
use routers::Line;

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

fn forwarding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("forwarding");
    group.throughput(Throughput::Elements(1));
    for (routers, routes) in [(1, 0), (10, 0), (1, 100_000)] {
        let mut line = Line::new(routers, routes);
        let mut frame = Frame::empty();
        group.bench_function(format!("{routers} routers, {routes} other routes each"), |bencher| {
            bencher.iter(|| black_box(line.pass(&mut frame)));
        });
    }
    group.finish();
}

/// Prefixes as a backbone has them: most of 24 bits, some from 8 to 32, all over.
fn prefixes(count: usize) -> Routes {
    let (mut routes, mut rng) = (Routes::default(), Rng::stream(1, "routes", "bench"));
    let target = Target::Unicast { interface: InterfaceId(0), gateway: None };
    while routes.len() < count {
        let bits = rng.bits("prefix");
        let length = if bits.is_multiple_of(4) { 8 + (bits >> 2) % 25 } else { 24 } as u8;
        let address = Ipv4Addr::from_bits((bits >> 32) as u32);
        let destination = Cidr::new(IpAddr::V4(address), length).expect("a prefix");
        routes.add(Route { destination, target, metric: 0, source: None, origin: Origin::Static });
    }
    routes
}

fn route_lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("route lookup");
    group.throughput(Throughput::Elements(1000));
    for count in [10, 1000, 100_000] {
        let routes = prefixes(count);
        let mut rng = Rng::stream(1, "destinations", "bench");
        let draw = |_| IpAddr::V4(Ipv4Addr::from_bits(rng.bits("destination") as u32));
        let destinations: Vec<IpAddr> = (0..1000).map(draw).collect();
        group.bench_function(BenchmarkId::new("routes", count), |bencher| {
            bencher.iter(|| {
                let found = |address: &&IpAddr| routes.lookup(**address, || 0, |_| true).is_some();
                black_box(destinations.iter().filter(found).count())
            });
        });
    }
    group.finish();
}

/// 64 KiB datagrams in 45 fragments each, in order and the other way round: from the first fragment to the datagram.
fn reassembly(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reassembly");
    group.throughput(Throughput::Bytes(pieces::OCTETS as u64));
    for (name, reverse) in [("in order", false), ("in reverse", true)] {
        let mut pieces = Pieces::new(reverse);
        group.bench_function(name, |bencher| bencher.iter(|| black_box(pieces.reassemble())));
    }
    group.finish();
}

criterion_group!(benches, bulk_transfer, connection_setup, forwarding, route_lookup, reassembly);
criterion_main!(benches);
