//! `wirelab::testing`: cases are what they say, shrink, and are replayed by what they print.

use std::cell::Cell;
use std::rc::Rc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestError, TestRunner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab::net::{TcpListener, TcpStream};
use wirelab::sim::{Outcome, TraceHash};
use wirelab::stack::time::{Duration, Instant};
use wirelab::testing::{Case, Cases, Loss, Testbed};

/// An echo of a kilobyte; the hash of all that happened, and how it ended.
fn echo(mut bed: Testbed) -> (String, Outcome) {
    bed.service("server", "echo", || async {
        let listener = TcpListener::bind("10.0.0.2:7").await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let mut text = vec![0; 1000];
            stream.read_exact(&mut text).await?;
            stream.write_all(&text).await?;
        }
    });
    bed.spawn("client", "client", async {
        let mut stream = TcpStream::connect("10.0.0.2:7").await?;
        stream.write_all(&[7; 1000]).await?;
        let mut text = vec![0; 1000];
        stream.read_exact(&mut text).await?;
        assert_eq!(text, [7; 1000]);
        Ok(())
    });
    let hash = TraceHash::new(bed.world().names());
    bed.world().set_recorder(Box::new(hash));
    let outcome = bed.run();
    let hash = bed.world().take_recorder().unwrap().downcast::<TraceHash>().ok().unwrap();
    (hash.to_string(), outcome)
}

fn everything() -> Cases {
    Cases { partitions: 2, crashes: 2, ..Cases::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn what_a_case_prints_replays_it(case in everything().strategy()) {
        let printed = format!("{case:?}");
        let text = printed.split_once("\n\n").unwrap().1;
        prop_assert_eq!(echo(Testbed::new(text).unwrap()), echo(case.testbed()));
    }
}

#[test]
fn a_failing_case_shrinks_to_what_makes_it_fail() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let failed = runner.run(&everything().strategy(), |case| {
        let cut = case.partitions.iter().any(|cut| cut.lasts > Duration::from_secs(5));
        prop_assert!(!cut, "it is cut for long");
        Ok(())
    });
    let Err(TestError::Fail(_, case)) = failed else { panic!("{failed:?}") };
    assert_eq!((case.seed, case.crashes.len(), case.random_schedule), (0, 0, false));
    assert!(case.directions.iter().all(|direction| matches!(direction.loss, Loss::None)));
    let [cut] = case.partitions[..] else { panic!("{:?}", case.partitions) };
    assert_eq!((cut.at, cut.lasts), (Duration::from_millis(1), Duration::from_millis(5_001)));
}

#[test]
fn a_partition_and_a_crash_are_when_they_are_said_to_be() {
    let none = |case: &Case| case.partitions.is_empty() && case.crashes.is_empty();
    let mut runner = TestRunner::deterministic();
    let mut drawn =
        std::iter::repeat_with(|| everything().strategy().new_tree(&mut runner).unwrap().current());
    let case = drawn.by_ref().take(200).find(|case| !none(case) && case.crashes.len() == 1).unwrap();
    let [crash] = case.crashes[..] else { panic!() };
    let mut bed = case.testbed();
    let node = bed.host("server");
    let starts = Rc::new(Cell::new(0));
    let counted = Rc::clone(&starts);
    bed.service("server", "counter", move || {
        counted.set(counted.get() + 1);
        async { Ok(()) }
    });
    let begin = Instant::ZERO + crash.at;
    bed.world().run_until(Instant::from_nanos(begin.as_nanos() - 1));
    assert!(!bed.world().is_down(node));
    bed.world().run_until(begin);
    assert!(bed.world().is_down(node));
    bed.world().run_until(begin + crash.lasts);
    assert!(!bed.world().is_down(node));
    assert_eq!(starts.get(), 2);
}
