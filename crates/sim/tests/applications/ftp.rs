//! The FTP client against the server: mirroring, both ways, and going on with what broke.

use wirelab_sim::{Change, HostRef, Network, percent};
use wirelab_stack::application::ftp::client::{self, Get, Put};
use wirelab_stack::application::ftp::codec::command::Representation;
use wirelab_stack::application::ftp::server::{self, Anonymous, User};
use wirelab_stack::application::{AppError, Pattern};
use wirelab_stack::socket::net::TcpListener;
use wirelab_stack::time::{Duration, Instant};

use super::talk::{at, content, ended, file, files, pair, path, storage};

const HOURS: Duration = Duration::from_secs(4 * 3600);

fn server_config() -> server::Config {
    let anna = User { name: "anna".into(), password: "secret".into(), writes: true };
    server::Config {
        local: at("0.0.0.0:21"),
        root: path("srv"),
        users: vec![anna],
        anonymous: Anonymous::Read,
        sessions: None,
    }
}

fn client_config(gets: &[(&str, &str)], puts: &[(&str, &str)]) -> client::Config {
    client::Config {
        remote: at("10.0.0.2:21"),
        user: "anna".into(),
        password: "secret".into(),
        active: false,
        representation: Representation::Image,
        lists: Vec::new(),
        gets: gets.iter().map(|(from, to)| Get { from: (*from).into(), to: path(to) }).collect(),
        puts: puts.iter().map(|(from, to)| Put { from: path(from), to: (*to).into() }).collect(),
        attempts: 1,
        pause: Duration::from_secs(1),
    }
}

fn all(net: &mut Network, host: HostRef) -> Vec<(String, Vec<u8>)> {
    files(&mut **net.world().storage_mut(host.node()).unwrap())
}

#[test]
fn directories_are_mirrored_both_ways() {
    for active in [false, true] {
        let (mut net, client, server) = pair(1);
        let tree: [(&str, &[u8]); 5] = [
            ("pub/a", b"one"),
            ("pub/empty", b""),
            ("pub/d/b", b"two"),
            ("pub/d/e/f/c", b"three"),
            ("pub/ö x", b"four"),
        ];
        let own: Vec<_> = tree.iter().map(|(name, octets)| (name.replace("pub", "own"), *octets)).collect();
        let own: Vec<_> = own.iter().map(|(name, octets)| (name.as_str(), *octets)).collect();
        let served: Vec<_> = tree.iter().map(|(name, octets)| (format!("srv/{name}"), *octets)).collect();
        let served: Vec<_> = served.iter().map(|(name, octets)| (name.as_str(), *octets)).collect();
        net.world().set_storage(client.node(), storage(&own));
        net.world().set_storage(server.node(), storage(&served));
        net.background(server, "server", server::serve(server_config()));
        let config =
            client::Config { active, ..client_config(&[("/pub", "got/pub")], &[("own", "/brought")]) };
        net.spawn(client, "client", client::run(config));
        assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
        let (here, there) = (all(&mut net, client), all(&mut net, server));
        assert_eq!((here.len(), there.len()), (10, 10));
        for (name, octets) in tree {
            let got = here.iter().find(|(found, _)| *found == format!("/got/{name}")).unwrap();
            let brought =
                there.iter().find(|(found, _)| *found == format!("/srv/{}", name.replace("pub", "brought")));
            assert_eq!((&*got.1, &*brought.unwrap().1), (octets, octets), "{name}");
        }
    }
}

#[test]
fn what_is_there_already_is_not_moved_again() {
    let (mut net, client, server) = pair(1);
    let big = content(3, 400_000);
    net.world().set_storage(server.node(), storage(&[("srv/pub/big", &big)]));
    net.background(server, "server", server::serve(server_config()));
    net.spawn(client, "client", client::run(client_config(&[("/pub", "pub")], &[])));
    let again = client_config(&[("/pub", "pub")], &[("pub", "/pub")]);
    net.spawn_at(client, "again", Instant::from_secs(600), client::run(again));
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
    assert_eq!(ended(&mut net, "again", HOURS), Ok(()));
    let mut sent = 0;
    net.world().host(server.node()).unwrap().for_each_connection(|_, info| sent += info.counters.sent_bytes);
    assert!(sent < 10_000, "{sent} octets of the second session");
}

#[test]
fn lines_end_as_each_side_likes() {
    let (mut net, client, server) = pair(1);
    net.world().set_storage(client.node(), storage(&[("up", b"a\nb\r\nc")]));
    net.world().set_storage(server.node(), storage(&[("srv/down", b"a\n\rb\r\r\nc\r")]));
    net.background(server, "server", server::serve(server_config()));
    let config = client::Config {
        representation: Representation::Ascii,
        ..client_config(&[("down", "down")], &[("up", "up")])
    };
    net.spawn(client, "client", client::run(config));
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
    assert_eq!(file(&mut net, client, "/down").unwrap(), b"a\n\rb\r\r\nc\r");
    assert_eq!(file(&mut net, server, "/srv/up").unwrap(), b"a\nb\r\nc");
}

#[test]
fn what_broke_is_gone_on_with() {
    for (octets, up) in [(3_000_000, false), (3_000_000, true)] {
        let mut net = Network::new(5);
        let client = net.host("client", "10.0.0.1/24");
        let server = net.host("server", "10.0.0.2/24");
        let link = net.link(client, server).delay(Duration::from_millis(10)).loss(percent(1));
        let link = link.rate(wirelab_sim::Rate::from_bits_per_second(2_000_000).unwrap()).id();
        let mut big = vec![0; octets];
        Pattern::new(9).fill(&mut big);
        let (here, there) = if up { ("big", "srv/other") } else { ("other", "srv/big") };
        net.world().set_storage(client.node(), storage(&[(here, &big)]));
        net.world().set_storage(server.node(), storage(&[(there, &big)]));
        net.background(server, "server", server::serve(server_config()));
        let (gets, puts) = ([("/big", "big")], [("big", "/big")]);
        let config = if up { client_config(&[], &puts) } else { client_config(&gets, &[]) };
        net.spawn(
            client,
            "client",
            client::run(client::Config { attempts: 5, pause: Duration::from_secs(200), ..config }),
        );
        net.world().at(Instant::from_secs(6), Change::Cut(link));
        // Longer than either end waits for an octet.
        net.world().at(Instant::from_secs(506), Change::Restore(link));
        assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
        let (host, name) = if up { (server, "/srv/big") } else { (client, "/big") };
        assert!(file(&mut net, host, name).unwrap() == big, "up: {up}");
        assert_eq!(file(&mut net, host, &format!("{name}.part")), None);
        let carried = net.world().link_counters(
            link,
            if up { wirelab_sim::Direction::Forward } else { wirelab_sim::Direction::Backward },
        );
        assert!(
            carried.delivered_bytes < octets as u64 * 5 / 4,
            "up: {up}: {} octets for {octets}",
            carried.delivered_bytes
        );
    }
}

#[test]
fn a_refusal_is_an_error_and_not_tried_again() {
    for (change, text) in [(0, "530"), (1, "550"), (2, "550"), (3, "no such file")] {
        let (mut net, client, server) = pair(1);
        net.world().set_storage(server.node(), storage(&[("srv/a", b"x")]));
        net.background(server, "server", server::serve(server_config()));
        let mut config = client::Config { attempts: 9, ..client_config(&[("/a", "a")], &[]) };
        match change {
            0 => config.password = "wrong".into(),
            1 => config.gets[0].from = "/nothing".into(),
            2 => {
                config.user = "anonymous".into();
                config.puts = vec![Put { from: path("a"), to: "/b".into() }];
            }
            _ => config.puts = vec![Put { from: path("nothing"), to: "/b".into() }],
        }
        net.spawn(client, "client", client::run(config));
        let error = ended(&mut net, "client", HOURS).unwrap_err();
        assert!(error.contains(text), "{error}");
    }
}

/// A server that answers each command with the next of its lines.
async fn scripted(listing: &'static str) -> Result<(), AppError> {
    let listener = TcpListener::bind(at("0.0.0.0:21")).await?;
    let (control, _) = listener.accept().await?;
    let data = TcpListener::bind(at("10.0.0.2:2000")).await?;
    control.write_all_bytes((&b"220 hello\r\n"[..]).into()).await?;
    loop {
        let line = control.read_bytes(1_000).await?;
        let answer = match line.get(..4).unwrap_or_default() {
            [] => return Ok(()),
            b"USER" => "230 in\r\n",
            b"MLST" => "250-facts\r\n type=dir; /pub\r\n250 end\r\n",
            b"EPSV" => "229 (|||2000|)\r\n",
            b"MLSD" => {
                let (data, _) = data.accept().await?;
                data.write_all_bytes(listing.as_bytes().into()).await?;
                data.shutdown_write()?;
                "150 here\r\n226 there\r\n"
            }
            _ => "200 fine\r\n",
        };
        control.write_all_bytes(answer.as_bytes().into()).await?;
    }
}

#[test]
fn a_server_cannot_name_files_elsewhere() {
    for name in ["../a", "..", "/etc/passwd", "a/b", "..\\a", "a\u{7f}b", "a\u{0}b"] {
        let (mut net, client, server) = pair(1);
        let listing: &'static str = format!("type=file;size=1; ok\r\ntype=file;size=1; {name}\r\n").leak();
        net.background(server, "server", scripted(listing));
        net.spawn(client, "client", client::run(client_config(&[("/pub", "got")], &[])));
        let error = ended(&mut net, "client", HOURS).unwrap_err();
        assert!(error.contains("is no name"), "{name:?}: {error}");
        assert_eq!(all(&mut net, client), []);
    }
}

/// A server that knows nothing newer than RFC 959 §4.1: a directory with one file.
async fn old() -> Result<(), AppError> {
    let listener = TcpListener::bind(at("0.0.0.0:21")).await?;
    let (control, _) = listener.accept().await?;
    let data = TcpListener::bind(at("10.0.0.2:2000")).await?;
    control.write_all_bytes((&b"220 old\r\n"[..]).into()).await?;
    loop {
        let line = control.read_bytes(1_000).await?;
        let text = String::from_utf8_lossy(&line).into_owned();
        let answer = match text.trim_end() {
            "" => return Ok(()),
            "PASV" => "227 =10,0,0,2,7,208\r\n",
            "CWD /pub" | "CWD /" => "250 there\r\n",
            "NLST /pub" | "RETR /pub/one" => {
                let (data, _) = data.accept().await?;
                let octets = if text.starts_with("NLST") { "/pub/one\r\n" } else { "what is in it" };
                data.write_all_bytes(octets.as_bytes().into()).await?;
                data.shutdown_write()?;
                "150 here\r\n226 there\r\n"
            }
            "MLSD /pub" => {
                // The client has connected for it.
                drop(data.accept().await?);
                "500 what\r\n"
            }
            "SIZE /pub/one" => "213 13\r\n",
            "SIZE /pub" => "550 no file\r\n",
            text if ["USER", "PASS", "TYPE", "QUIT"].iter().any(|known| text.starts_with(known)) => {
                "230 fine\r\n"
            }
            _ => "500 what\r\n",
        };
        control.write_all_bytes(answer.as_bytes().into()).await?;
    }
}

#[test]
fn an_old_server_is_mirrored_too() {
    let (mut net, client, server) = pair(1);
    net.background(server, "server", old());
    net.spawn(client, "client", client::run(client_config(&[("/pub", "got")], &[])));
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
    assert_eq!(all(&mut net, client), [("/got/one".to_owned(), b"what is in it".to_vec())]);
}
