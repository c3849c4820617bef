//! A key-value server and its client, and a test of both under loss, reordering and partitions.
//!
//! `cargo run --example key_value` runs them; `cargo test --example key_value` tests them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use wirelab::net::{TcpListener, TcpStream, spawn};
use wirelab::stack::application::AppError;
use wirelab::testing::Testbed;

type Store = Rc<RefCell<BTreeMap<String, String>>>;

/// Answers `set KEY VALUE` and `get KEY`, a line each, on as many connections as come.
async fn serve(store: Store) -> Result<(), AppError> {
    let listener = TcpListener::bind("0.0.0.0:6379").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        drop(spawn(converse(stream, Rc::clone(&store))));
    }
}

async fn converse(stream: TcpStream, store: Store) -> Result<(), AppError> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match line.splitn(3, ' ').collect::<Vec<_>>()[..] {
            ["set", key, value] => {
                store.borrow_mut().insert(key.to_owned(), value.to_owned());
                "ok".to_owned()
            }
            ["get", key] => {
                store.borrow().get(key).map_or("none".to_owned(), |value| format!("value {value}"))
            }
            _ => "what?".to_owned(),
        };
        write.write_all(format!("{answer}\n").as_bytes()).await?;
    }
    Ok(())
}

/// Asks each question; returns the answers.
async fn ask(questions: &[&str]) -> Result<Vec<String>, AppError> {
    let (read, mut write) = TcpStream::connect("10.0.0.2:6379").await?.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut answers = Vec::new();
    for question in questions {
        write.write_all(format!("{question}\n").as_bytes()).await?;
        answers.extend(lines.next_line().await?);
    }
    Ok(answers)
}

/// The server, and a client that checks what it hears, on any network.
fn run(mut bed: Testbed) -> Testbed {
    let store = Store::default();
    bed.service("server", "store", move || serve(Rc::clone(&store)));
    bed.spawn("client", "client", async {
        let answers = ask(&["set a 1", "get a", "get b", "set a 2", "get a", "del a"]).await?;
        assert_eq!(answers, ["ok", "value 1", "none", "ok", "value 2", "what?"]);
        Ok(())
    });
    bed.finish();
    bed
}

fn main() {
    let case = "[[host]]\nname = \"client\"\ninterface = [{ addresses = [\"10.0.0.1/24\"] }]\n\
                [[host]]\nname = \"server\"\ninterface = [{ addresses = [\"10.0.0.2/24\"] }]\n\
                [[link]]\nname = \"wire\"\nbetween = [\"client\", \"server\"]\nloss = \"20 %\"\n";
    match Testbed::new(case) {
        Ok(bed) => println!("all answers were right after {} of virtual time", run(bed).world().now()),
        Err(diagnostics) => eprintln!("{diagnostics}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wirelab::testing::Cases;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn every_answer_is_right_whatever_the_network_does(case in Cases::default().strategy()) {
            run(case.testbed());
        }
    }
}
