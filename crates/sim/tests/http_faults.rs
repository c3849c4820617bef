//! A fault after each step of a short session: whatever breaks, and whenever, nothing hangs, nothing panics, and no half
//! file stands under its name.

#[path = "support/web.rs"]
mod web;

use web::{client, config, content, pattern, put, save};
use wirelab_sim::{Change, HostRef, Limits, LinkId, Network, Outcome, TaskId};
use wirelab_stack::application::AppError;
use wirelab_stack::application::http::client::client as fetch;
use wirelab_stack::application::http::server;
use wirelab_stack::time::Duration;

/// What breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    Nothing,
    Cut,
    CutFor(Duration),
    ResetAtClient,
    ResetAtServer,
    KillClient,
    KillServer,
    CrashClient,
    CrashServer,
}

const UPLOAD: usize = 20_000;

/// A download, an upload, and a second download, on one connection.
fn session() -> (Network, HostRef, HostRef) {
    let (mut net, one, other) = web::pair(17);
    net.background(other, "server", server::server(config()));
    net.spawn(one, "client", async {
        fetch(client(vec![
            save("/docs", "docs"),
            put("/upload", pattern(4, UPLOAD)),
            save("/upload", "back"),
        ]))
        .await?;
        Ok::<(), AppError>(())
    });
    net.world().set_storage(other.node(), Box::new(web::files()));
    (net, one, other)
}

const SERVER: TaskId = TaskId(0);
const CLIENT: TaskId = TaskId(1);

fn breaks(net: &mut Network, fault: Fault, [one, other]: [HostRef; 2]) {
    let world = net.world();
    let now = world.now();
    let reset = |world: &mut wirelab_sim::World, host: HostRef| {
        let mut all = Vec::new();
        world.host(host.node()).unwrap().for_each_connection(|id, _| all.push(id));
        for connection in all {
            world.reset_connection(host.node(), connection);
        }
    };
    match fault {
        Fault::Nothing => {}
        Fault::Cut => world.at(now, Change::Cut(LinkId(0))),
        Fault::CutFor(span) => {
            world.at(now, Change::Cut(LinkId(0)));
            world.at(now + span, Change::Restore(LinkId(0)));
        }
        Fault::ResetAtClient => reset(world, one),
        Fault::ResetAtServer => reset(world, other),
        Fault::KillClient => drop(world.kill(CLIENT)),
        Fault::KillServer => drop(world.kill(SERVER)),
        Fault::CrashClient => world.at(now, Change::Crash(one.node())),
        Fault::CrashServer => world.at(now, Change::Crash(other.node())),
    }
}

/// Runs the session with a fault after `steps` events; whether it had ended before.
fn run(fault: Fault, steps: u64) -> bool {
    let (mut net, one, other) = session();
    let begun = net.world().run(Limits { until: None, max_events: Some(steps) }, &mut |_| {});
    let over = begun.is_completed();
    breaks(&mut net, fault, [one, other]);
    let outcome = net.run();
    if steps == 0 && fault == Fault::CrashClient {
        // It had not begun, and waits for its host to start again.
        assert!(matches!(outcome, Outcome::Deadlock { .. }), "{outcome}");
        return false;
    }
    assert_eq!(outcome, Outcome::Completed, "{fault:?} after {steps}");
    let client = net.world().applications().into_iter().find(|app| app.name == "client").unwrap();
    let (_, ended) = client.ended.expect("the run waited for it");
    let survives = matches!(fault, Fault::Nothing | Fault::CutFor(_));
    assert!(ended.is_ok() || !survives, "{fault:?} after {steps}: {ended:?}");
    // Each file is whole, or not there.
    let upload = pattern(4, UPLOAD);
    for (host, name, whole) in
        [(one, "docs", &b"<p>docs</p>"[..]), (one, "back", &upload), (other, "www/upload", &upload)]
    {
        let found = content(&mut net, host, name);
        assert!(found.is_none() || found.as_deref() == Some(whole), "{fault:?} after {steps}: {name}");
        assert!(found.is_some() || ended.is_err(), "{fault:?} after {steps}: {name} is not there");
    }
    // Whatever was open is closed when patience is at its end, with what was written half.
    let later = net.world().now() + Duration::from_secs(600);
    net.world().run_until(later);
    for host in [one, other] {
        let mut open = Vec::new();
        net.world().host(host.node()).unwrap().for_each_connection(|id, info| open.push((id, info.state)));
        assert!(open.is_empty(), "{fault:?} after {steps}: {open:?}");
        let storage = format!("{:?}", net.world().storage_mut(host.node()).unwrap());
        assert!(storage.contains("open: {}"), "{fault:?} after {steps}: {storage}");
    }
    over
}

/// A fault after each number of events, until the session is over before.
fn at_each_step(fault: Fault) {
    let mut steps = 0;
    while !run(fault, steps) {
        steps += 1;
    }
    assert!(steps > 50, "the session has {steps} steps");
}

#[test]
fn without_a_fault_the_session_ends_well_wherever_it_is_looked_at() {
    at_each_step(Fault::Nothing);
}

#[test]
fn the_link_is_cut_for_good() {
    at_each_step(Fault::Cut);
}

#[test]
fn the_link_is_cut_for_a_while() {
    // Shorter than ARP is patient.
    at_each_step(Fault::CutFor(Duration::from_millis(1_500)));
}

#[test]
fn the_connection_is_reset_by_the_client() {
    at_each_step(Fault::ResetAtClient);
}

#[test]
fn the_connection_is_reset_by_the_server() {
    at_each_step(Fault::ResetAtServer);
}

#[test]
fn the_client_is_killed() {
    at_each_step(Fault::KillClient);
}

#[test]
fn the_server_is_killed() {
    at_each_step(Fault::KillServer);
}

#[test]
fn the_server_crashes() {
    at_each_step(Fault::CrashServer);
}

#[test]
fn the_client_crashes() {
    at_each_step(Fault::CrashClient);
}
