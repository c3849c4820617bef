//! Programs that read what is typed to them, and print.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use wirelab_sim::{HostRef, Limits, Network, Outcome};
use wirelab_stack::application::AppError;
use wirelab_stack::socket::net::stdio::{MOST_WAITING, stdin, stdout};
use wirelab_stack::socket::net::time;
use wirelab_stack::time::{Duration, Instant};

/// Prints each line in upper case, a second after it came.
async fn upper() -> Result<(), AppError> {
    let (mut input, mut output) = (BufReader::new(stdin()), stdout());
    let mut line = String::new();
    while input.read_line(&mut line).await? > 0 {
        time::sleep(Duration::from_secs(1)).await;
        output.write_all(line.to_uppercase().as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

fn network() -> (Network, HostRef) {
    let mut network = Network::new(1);
    let host = network.host("desk", "10.0.0.1/24");
    (network, host)
}

#[test]
fn time_runs_only_while_there_is_something_to_do() {
    let (mut network, host) = network();
    network.spawn(host, "upper", upper());
    let node = host.node();
    for (line, answer) in [("one\n", "ONE\n"), ("two\n", "TWO\n")] {
        assert!(matches!(network.run(), Outcome::Deadlock { .. }), "it waits for a line");
        let world = network.world();
        assert_eq!(world.wants_input(), Some(node));
        let before = world.now();
        assert_eq!(world.feed(node, line.as_bytes()), 4);
        assert!(matches!(world.run(Limits::default(), &mut |_| {}), Outcome::Deadlock { .. }));
        assert_eq!(world.take_output(node), answer);
        assert_eq!(world.now(), before + Duration::from_secs(1));
    }
    network.world().end_input(node);
    network.finish();
    let world = network.world();
    assert_eq!((world.wants_input(), world.feed(node, b"late")), (None, 0), "nothing comes after the end");
}

#[test]
fn time_stands_for_whoever_types_and_runs_for_whoever_sleeps() {
    let (mut network, host) = network();
    let node = host.node();
    network.spawn(host, "upper", upper());
    // In the background something happens for ever, which is nothing to wait for.
    network.background(host, "ticks", async {
        loop {
            time::sleep(Duration::from_millis(300)).await;
        }
    });
    network.spawn(host, "sleeper", async {
        time::sleep(Duration::from_secs(5)).await;
        Ok(())
    });
    network.spawn_at(host, "later", Instant::from_secs(8), async { Ok(()) });
    let world = network.world();
    let run = |world: &mut wirelab_sim::World| world.run_for_input(Limits::default(), &mut |_| {});
    assert_eq!(run(world).ok(), Some(node));
    assert_eq!(world.now(), Instant::from_secs(8), "what sleeps and what starts later comes first");
    assert_eq!(run(world).ok(), Some(node), "nobody has typed anything");
    assert_eq!(world.now(), Instant::from_secs(8));
    world.feed(node, b"one\n");
    assert_eq!(run(world).ok(), Some(node));
    assert_eq!((world.now(), world.take_output(node)), (Instant::from_secs(9), "ONE\n".into()));
    world.end_input(node);
    assert!(matches!(run(world), Err(Outcome::Completed)));
}

#[test]
fn what_is_not_read_is_bounded_and_what_is_not_taken_makes_the_program_wait() {
    let (mut network, host) = network();
    let node = host.node();
    network.spawn(host, "copy", async {
        let mut octets = Vec::new();
        stdin().read_to_end(&mut octets).await?;
        Ok(stdout().write_all(&[octets, vec![1]].concat()).await?)
    });
    let world = network.world();
    assert_eq!(world.feed(node, &vec![0; MOST_WAITING - 1]), MOST_WAITING - 1);
    assert_eq!(world.feed(node, b"ab"), 1, "one fits, two do not");
    assert_eq!(world.input_room(node), 0);
    world.end_input(node);
    assert!(matches!(network.run(), Outcome::Deadlock { .. }), "nobody has taken what it printed");
    assert_eq!(network.world().take_output(node).len(), MOST_WAITING);
    network.finish();
    assert_eq!(network.world().take_output(node), [1].as_slice());
}

#[test]
fn a_program_that_has_gone_does_not_want_input() {
    let (mut network, host) = network();
    network.spawn(host, "impatient", async {
        let mut octets = [0; 1];
        assert!(time::timeout(Duration::from_secs(3), stdin().read(&mut octets)).await.is_err());
        Ok(())
    });
    network.finish();
    assert_eq!(network.world().wants_input(), None);
}
