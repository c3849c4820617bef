//! How much of anything there may be: at each bound, and one past it.

use std::rc::Rc;

use bytes::Bytes;
use wirelab_sim::{HostRef, Network};
use wirelab_stack::application::AppError;
use wirelab_stack::application::ftp::client::{self, DEPTH, FILES, Get, LISTING};
use wirelab_stack::application::ftp::codec::command::Representation;
use wirelab_stack::application::ftp::codec::reply::REPLY_LINES;
use wirelab_stack::application::ftp::server::{
    self, Anonymous, DATA_CONNECTION, DATA_IDLE, HELD, STATUS_LINES, STRANGERS, UNIQUE_NAMES,
};
use wirelab_stack::application::smtp;
use wirelab_stack::clock::DEFAULT_DATE;
use wirelab_stack::socket::net::{TcpListener, TcpStream, time};
use wirelab_stack::storage::{MemoryLimits, MemoryStorage, Storage};
use wirelab_stack::time::Duration;

use super::smtp::server_config;
use super::talk::{Talk, at, ended, files, pair, path, storage};

const HOURS: Duration = Duration::from_secs(4 * 3600);

fn serve(net: &mut Network, server: HostRef) {
    let config = server::Config {
        local: at("0.0.0.0:21"),
        root: path("/"),
        users: Vec::new(),
        anonymous: Anonymous::Write,
        sessions: None,
    };
    net.background(server, "server", server::serve(config));
}

fn fetching(from: &str) -> client::Config {
    client::Config {
        remote: at("10.0.0.2:21"),
        user: "ftp".into(),
        password: "x".into(),
        active: false,
        representation: Representation::Image,
        lists: Vec::new(),
        gets: vec![Get { from: from.into(), to: path("got") }],
        puts: Vec::new(),
        attempts: 1,
        pause: Duration::from_secs(1),
    }
}

async fn log_in() -> Result<Talk, AppError> {
    let mut talk = Talk::to("10.0.0.2:21").await?;
    talk.expect("connecting", "220").await?;
    talk.ask("USER ftp", "331").await?;
    talk.ask("PASS x", "230").await?;
    Ok(talk)
}

/// Runs a client by hand against a server with these files.
#[track_caller]
fn by_hand<F>(files: Box<dyn Storage>, client: impl FnOnce() -> F + 'static)
where
    F: Future<Output = Result<(), AppError>> + 'static,
{
    let (mut net, host, server) = pair(1);
    net.world().set_storage(server.node(), files);
    serve(&mut net, server);
    net.spawn(host, "client", async { client().await });
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
}

#[test]
fn sessions_at_once() {
    for (port, most) in [(21, server::SESSIONS), (25, smtp::server::SESSIONS)] {
        let (mut net, host, server) = pair(1);
        serve(&mut net, server);
        net.background(server, "mail", smtp::server::serve(server_config()));
        net.spawn(host, "client", async move {
            let mut all = Vec::new();
            for _ in 0..most {
                let mut talk = Talk::to(&format!("10.0.0.2:{port}")).await?;
                talk.expect("connecting", "220").await?;
                all.push(talk);
            }
            let mut late = Talk::to(&format!("10.0.0.2:{port}")).await?;
            late.expect("one too many", "421").await?;
            all.pop();
            time::sleep(Duration::from_secs(1)).await;
            let mut talk = Talk::to(&format!("10.0.0.2:{port}")).await?;
            talk.expect("there is a place again", "220").await?;
            Ok(())
        });
        assert_eq!(ended(&mut net, "client", HOURS), Ok(()), "port {port}");
    }
}

#[test]
fn waiting_for_a_data_connection_and_for_what_it_carries() {
    by_hand(storage(&[("a", b"x")]), async || {
        let mut talk = log_in().await?;
        talk.ask("EPSV", "229").await?;
        talk.ask("RETR a", "150").await?;
        let began = time::now();
        talk.expect("nobody comes", "425").await?;
        assert!(time::now() - began >= DATA_CONNECTION - Duration::from_secs(1));
        assert!(time::now() - began < DATA_CONNECTION + Duration::from_secs(1));
        let reply = talk.ask("EPSV", "229").await?;
        let port = wirelab_stack::application::ftp::codec::address::parse_extended_passive(&reply).unwrap();
        let data = TcpStream::connect(at(&format!("10.0.0.2:{port}"))).await?;
        talk.ask("STOR b", "150").await?;
        for _ in 0..3 {
            data.write_all_bytes(Bytes::from_static(b"slowly")).await?;
            time::sleep(DATA_IDLE - Duration::from_secs(1)).await;
        }
        let began = time::now();
        talk.expect("nothing comes any more", "426").await?;
        assert!(time::now() - began < Duration::from_secs(2));
        talk.ask("SIZE b", "550").await?;
        talk.ask("TYPE I", "200").await?;
        talk.ask("SIZE b", "550").await?;
        Ok(())
    });
}

#[test]
fn strangers_at_a_passive_port() {
    for (strangers, expected) in [(STRANGERS - 1, "226"), (STRANGERS, "425")] {
        let (mut net, client, server) = pair(1);
        let stranger = net.host("stranger", "10.0.1.1/24");
        net.address(server, "10.0.1.2/24");
        net.link(stranger, server);
        net.gateway(stranger, "10.0.1.2");
        net.world().set_storage(server.node(), storage(&[("a", b"x")]));
        serve(&mut net, server);
        let (tell, told) = std::sync::mpsc::channel::<u16>();
        net.spawn(client, "client", async move {
            let mut talk = log_in().await?;
            let reply = talk.ask("EPSV", "229").await?;
            let port =
                wirelab_stack::application::ftp::codec::address::parse_extended_passive(&reply).unwrap();
            tell.send(port).unwrap();
            talk.ask("RETR a", "150").await?;
            time::sleep(Duration::from_secs(20)).await;
            // Too late, where too many came before.
            if let Ok(data) = TcpStream::connect(at(&format!("10.0.0.2:{port}"))).await {
                while !data.read_bytes(100).await.unwrap_or_default().is_empty() {}
            }
            talk.expect("RETR", expected).await?;
            Ok(())
        });
        net.spawn(stranger, "stranger", async move {
            time::sleep(Duration::from_secs(5)).await;
            let port = told.recv().unwrap();
            for _ in 0..strangers {
                let stolen = TcpStream::connect(at(&format!("10.0.0.2:{port}"))).await?;
                assert!(stolen.read_bytes(100).await.unwrap_or_default().is_empty());
            }
            Ok(())
        });
        assert_eq!(ended(&mut net, "client", HOURS), Ok(()), "{strangers}");
        assert_eq!(ended(&mut net, "stranger", HOURS), Ok(()), "{strangers}");
    }
}

#[test]
fn directories_below_each_other() {
    for (depth, fits) in [(DEPTH, true), (DEPTH + 1, false)] {
        let (mut net, client, server) = pair(1);
        // The file is at this depth below the directory that is fetched.
        let name = format!("top/{}file", "d/".repeat(depth));
        net.world().set_storage(server.node(), storage(&[(&name, b"x")]));
        serve(&mut net, server);
        net.spawn(client, "client", client::run(fetching("/top")));
        let ended = ended(&mut net, "client", HOURS);
        assert_eq!(ended.is_ok(), fits, "{depth}: {ended:?}");
        assert_eq!(files(&mut **net.world().storage_mut(client.node()).unwrap()).len(), usize::from(fits));
    }
}

#[test]
fn lines_of_a_status() {
    for (count, said) in [(STATUS_LINES, "213 End"), (STATUS_LINES + 1, "213 and 1 more")] {
        let mut all = MemoryStorage::default();
        for number in 0..count {
            all.put(&path(&format!("d/{number}")), b"", DEFAULT_DATE).unwrap();
        }
        by_hand(Box::new(all), async move || {
            let mut talk = log_in().await?;
            let reply = talk.ask("STAT d", "213").await?;
            assert_eq!(reply, said);
            Ok(())
        });
    }
}

#[test]
fn names_that_are_tried_for_a_file_without_one() {
    for (taken, expected) in [(UNIQUE_NAMES - 1, "226"), (UNIQUE_NAMES, "452")] {
        let mut all = MemoryStorage::default();
        for number in 1..=taken {
            all.put(&path(&format!("file.{number}")), b"", DEFAULT_DATE).unwrap();
        }
        by_hand(Box::new(all), async move || {
            let mut talk = log_in().await?;
            let reply = talk.ask("EPSV", "229").await?;
            let port =
                wirelab_stack::application::ftp::codec::address::parse_extended_passive(&reply).unwrap();
            let data = TcpStream::connect(at(&format!("10.0.0.2:{port}"))).await?;
            talk.send(b"STOU\r\n").await?;
            if expected == "226" {
                talk.expect("STOU", "150 FILE: file.10000").await?;
                data.shutdown_write()?;
            }
            talk.expect("STOU", expected).await?;
            Ok(())
        });
    }
}

#[test]
fn commands_while_a_file_is_under_way() {
    for (commands, heard) in [(HELD - 1, true), (HELD, false)] {
        by_hand(storage(&[("a", &vec![0; 1_000_000])]), async move || {
            let mut talk = log_in().await?;
            let reply = talk.ask("EPSV", "229").await?;
            let port =
                wirelab_stack::application::ftp::codec::address::parse_extended_passive(&reply).unwrap();
            let data = TcpStream::connect(at(&format!("10.0.0.2:{port}"))).await?;
            talk.ask("RETR a", "150").await?;
            talk.send(format!("{}ABOR\r\n", "NOOP\r\n".repeat(commands)).as_bytes()).await?;
            time::sleep(Duration::from_secs(10)).await;
            if heard {
                talk.expect("ABOR", "426").await?;
            }
            while !data.read_bytes(100_000).await.unwrap_or_default().is_empty() {}
            drop(data);
            // Of the transfer, or of ABOR that ended it.
            talk.expect("RETR", "226").await?;
            for _ in 0..commands {
                talk.expect("NOOP", "200").await?;
            }
            talk.ask(if heard { "NOOP" } else { "" }, if heard { "200" } else { "226 Nothing" }).await?;
            Ok(())
        });
    }
}

#[test]
fn files_of_one_session() {
    // Those that are there already need not be fetched; directories count too.
    for (files, fits) in [(FILES - 2, true), (FILES - 1, false)] {
        let limits = MemoryLimits { max_files: 2 * FILES, ..MemoryLimits::default() };
        let mut all = MemoryStorage::new(limits);
        for number in 0..files {
            let name = format!("top/{}/{}", number % 2, number / 2);
            all.put(&path(&name), b"", DEFAULT_DATE).unwrap();
        }
        let (mut net, client, server) = pair(1);
        net.world().set_storage(server.node(), Box::new(all.clone()));
        net.world().set_storage(client.node(), Box::new(all));
        serve(&mut net, server);
        let get = Get { from: "/top".into(), to: path("top") };
        net.spawn(client, "client", client::run(client::Config { gets: vec![get], ..fetching("/") }));
        let ended = ended(&mut net, "client", HOURS);
        assert_eq!(ended.is_ok(), fits, "{files}: {ended:?}");
    }
}

#[test]
fn an_answer_that_has_no_room() {
    for (port, patience, command) in
        [(21, server::REPLY, "HELP\r\n"), (25, smtp::server::REPLY, "EHLO x\r\n")]
    {
        let (mut net, host, server) = pair(1);
        serve(&mut net, server);
        net.background(server, "mail", smtp::server::serve(server_config()));
        net.spawn(host, "client", async move {
            let talk = Talk::to(&format!("10.0.0.2:{port}")).await?;
            // More answers than what lies between the two can hold; none of them is read.
            let commands = Bytes::from(command.repeat(9_000));
            let write = wirelab_stack::socket::net::spawn(async move {
                let _ = talk.stream.write_all_bytes(commands).await;
                time::sleep(patience - Duration::from_secs(10)).await;
                let before = talk.stream.take_error()?.is_some();
                // The last answer that fits may have waited as long as the first that does not.
                time::sleep(patience + Duration::from_secs(20)).await;
                Ok::<_, AppError>((before, talk.stream.take_error()?.is_some()))
            });
            assert_eq!(write.await??, (false, true), "port {port}");
            Ok(())
        });
        assert_eq!(ended(&mut net, "client", HOURS), Ok(()), "port {port}");
    }
}

/// A server that answers what a fetching client asks, with this listing and, to `FEAT`'s like, this reply.
async fn scripted(listing: Rc<Vec<u8>>, greeting: Rc<Vec<u8>>) -> Result<(), AppError> {
    let listener = TcpListener::bind(at("0.0.0.0:21")).await?;
    let (control, _) = listener.accept().await?;
    let data = TcpListener::bind(at("10.0.0.2:2000")).await?;
    control.write_all_bytes(greeting.to_vec().into()).await?;
    loop {
        let line = control.read_bytes(1_000).await?;
        let answer = match line.get(..4).unwrap_or_default() {
            [] => return Ok(()),
            b"USER" => "230 in\r\n",
            b"MLST" => "250-facts\r\n type=dir; /pub\r\n250 end\r\n",
            b"EPSV" => "229 (|||2000|)\r\n",
            b"MLSD" => {
                control.write_all_bytes(Bytes::from_static(b"150 here\r\n")).await?;
                let (data, _) = data.accept().await?;
                // It may not want all of it.
                let _ = data.write_all_bytes(listing.to_vec().into()).await;
                let _ = data.shutdown_write();
                "226 there\r\n"
            }
            _ => "200 fine\r\n",
        };
        control.write_all_bytes(answer.as_bytes().into()).await?;
    }
}

#[track_caller]
fn against(listing: Vec<u8>, greeting: Vec<u8>) -> Result<(), String> {
    let (mut net, client, server) = pair(1);
    net.background(server, "server", scripted(Rc::new(listing), Rc::new(greeting)));
    net.spawn(client, "client", client::run(fetching("/pub")));
    ended(&mut net, "client", HOURS)
}

#[test]
fn octets_of_a_listing() {
    let greeting = || b"220 hello\r\n".to_vec();
    // One line without a name after it, which is no fact of anything.
    assert_eq!(against(vec![b'a'; LISTING], greeting()), Ok(()));
    let error = against(vec![b'a'; LISTING + 1], greeting()).unwrap_err();
    assert!(error.contains("too long"), "{error}");
}

#[test]
fn lines_and_octets_of_a_reply() {
    let lines = |count: usize| [b"220-hello\r\n".repeat(count - 1), b"220 end\r\n".to_vec()].concat();
    assert_eq!(against(Vec::new(), lines(REPLY_LINES)), Ok(()));
    let error = against(Vec::new(), lines(REPLY_LINES + 1)).unwrap_err();
    assert!(error.contains("too many lines"), "{error}");
    let error = against(Vec::new(), vec![b'2'; 100_000]).unwrap_err();
    assert!(error.contains("too long"), "{error}");
    // What is said between, over and over, is heard only as long as each comes in time.
    let error = against(Vec::new(), b"nonsense\r\n".to_vec()).unwrap_err();
    assert!(error.contains("no code"), "{error}");
}
