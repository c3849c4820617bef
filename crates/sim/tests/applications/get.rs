//! One URL into one file: what is gone on with, what is begun anew, and where each bound lies.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use wirelab_sim::{HostRef, Network, Rate};
use wirelab_stack::application::get::{self, Config, To, get};
use wirelab_stack::application::{AppError, ftp, http};
use wirelab_stack::socket::net::TcpListener;
use wirelab_stack::time::Duration;

use super::talk::{at, content, ended, file, pair, path, storage};

const HOUR: Duration = Duration::from_secs(3_600);

fn config(url: &str) -> Config {
    Config {
        url: url.parse().unwrap(),
        to: To::File(path("x")),
        resume: false,
        max_size: None,
        sha256: None,
        patience: Duration::from_secs(30),
        max_time: None,
        max_redirects: 2,
        addresses: vec![("Else.where".to_owned(), Ipv4Addr::new(10, 0, 0, 2))],
    }
}

fn resumed(url: &str) -> Config {
    Config { resume: true, ..config(url) }
}

/// The requests that came.
type Asked = Arc<Mutex<Vec<String>>>;

/// A server that gives these answers, one a connection, whatever is asked.
fn answers(net: &mut Network, server: HostRef, answers: &[&str]) -> Asked {
    let asked = Asked::default();
    let (told, answers) = (Arc::clone(&asked), answers.iter().map(|text| text.replace('\n', "\r\n")));
    let answers: Vec<String> = answers.collect();
    net.background(server, "server", async move {
        let listener = TcpListener::with_backlog(at("10.0.0.2:80"), 8)?;
        for answer in answers {
            let (stream, _) = listener.accept().await?;
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.extend_from_slice(&stream.read_bytes(1_000).await?);
            }
            told.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
            stream.write_all_bytes(answer.into_bytes().into()).await?;
        }
        Ok(())
    });
    asked
}

fn run(net: &mut Network, client: HostRef, config: Config) -> Result<(), String> {
    let name = format!("get {}", net.world().applications().len());
    net.spawn(client, &name, get(config));
    ended(net, &name, HOUR)
}

/// How each run ended, what was asked, what is in `x`, and where.
type Ran = (Vec<Result<(), String>>, Vec<String>, Option<String>, Network, HostRef);

/// Runs these against a server with these answers, one after the other; the ends, the requests, and what is in `x`.
fn runs(all: Vec<Config>, given: &[&str]) -> Ran {
    let (mut net, client, server) = pair(3);
    let asked = answers(&mut net, server, given);
    let ends = all.into_iter().map(|config| run(&mut net, client, config)).collect();
    let asked = asked.lock().unwrap().clone();
    let text = file(&mut net, client, "/x").map(|octets| String::from_utf8(octets).unwrap());
    let left = ["/x.partial", "/x.partial-of"].map(|name| file(&mut net, client, name));
    if text.is_some() {
        assert_eq!(left, [None, None], "nothing is left beside what is whole");
    }
    (ends, asked, text, net, client)
}

const URL: &str = "http://10.0.0.2/dir/x";
const HALF: &str = "HTTP/1.1 200 OK\nETag: \"one\"\nContent-Length: 10\n\nabcde";

/// RFC 9110 §13.1.5, §14.2: the rest is asked for if it is of the same.
#[test]
fn what_broke_off_is_gone_on_with() {
    let rest = "HTTP/1.1 206 Partial Content\nETag: \"one\"\nContent-Range: bytes 5-9/10\nContent-Length: 5\n\nfghij";
    let (ends, asked, text, ..) = runs(vec![config(URL), resumed(URL)], &[HALF, rest]);
    let broken = ends[0].clone().unwrap_err();
    assert!(broken.contains("; 5 octets are in /x.partial, to be gone on with"), "{broken}");
    assert_eq!(ends[1], Ok(()));
    assert!(!asked[0].to_lowercase().contains("range:"), "{}", asked[0]);
    assert!(asked[1].to_lowercase().contains("range: bytes=5-\r\nif-range: \"one\"\r\n"), "{}", asked[1]);
    assert_eq!(text.as_deref(), Some("abcdefghij"));
    // Without being told to, nothing is gone on with.
    let (ends, asked, text, ..) =
        runs(vec![config(URL), config(URL)], &[HALF, &HALF.replace("abcde", "abcdeABCDE")]);
    assert_eq!((ends[1].clone(), text.as_deref()), (Ok(()), Some("abcdeABCDE")));
    assert!(!asked[1].to_lowercase().contains("range:"), "{}", asked[1]);
}

#[test]
fn what_has_changed_comes_anew() {
    let new = "HTTP/1.1 200 OK\nETag: \"two\"\nContent-Length: 3\n\nnew";
    let other_tag = "HTTP/1.1 206 Partial Content\nETag: \"two\"\nContent-Range: bytes 5-9/10\n\nFGHIJ";
    let other_part = "HTTP/1.1 206 Partial Content\nETag: \"one\"\nContent-Range: bytes 4-9/10\n\nEFGHIJ";
    let no_part = "HTTP/1.1 206 Partial Content\nETag: \"one\"\n\nfghij";
    let shorter = "HTTP/1.1 416 Range Not Satisfiable\nContent-Range: bytes */3\nContent-Length: 0\n\n";
    let unknown = "HTTP/1.1 416 Range Not Satisfiable\nContent-Length: 0\n\n";
    let (ends, _, text, ..) = runs(vec![config(URL), resumed(URL)], &[HALF, new]);
    assert_eq!((&ends[1], text.as_deref()), (&Ok(()), Some("new")));
    for answer in [other_tag, other_part, no_part, shorter, unknown] {
        let (ends, asked, text, ..) = runs(vec![config(URL), resumed(URL)], &[HALF, answer, new]);
        assert_eq!((&ends[1], text.as_deref()), (&Ok(()), Some("new")), "{answer}");
        assert!(asked[1].to_lowercase().contains("range: bytes=5-"), "{answer}");
        assert!(!asked[2].to_lowercase().contains("range:"), "{answer}: {}", asked[2]);
    }
    // RFC 9110 §15.3.7: a part that nobody asked for.
    let (ends, _, text, ..) = runs(vec![config(URL)], &[other_tag]);
    assert!(ends[0].as_ref().unwrap_err().contains("though all was asked for"), "{ends:?}");
    assert_eq!(text, None);
}

/// RFC 9110 §15.5.17.
#[test]
fn what_is_whole_already_gets_its_name() {
    let whole = "HTTP/1.1 416 Range Not Satisfiable\nContent-Range: bytes */5\nContent-Length: 0\n\n";
    let hash = 0x36bb_e50e_d968_41d1_0443_bcb6_70d6_554f_u128.to_be_bytes();
    let rest = 0x0a34_b761_be67_ec9c_4a8a_d2c0_c44c_a42c_u128.to_be_bytes();
    let hash: [u8; 32] = [hash, rest].concat().try_into().unwrap();
    let again = Config { sha256: Some(hash), ..resumed(URL) };
    let (ends, _, text, ..) = runs(vec![config(URL), again], &[HALF, whole]);
    assert_eq!((&ends[1], text.as_deref()), (&Ok(()), Some("abcde")));
}

#[test]
fn nothing_stays_of_what_nobody_can_go_on_with() {
    for validator in ["ETag: W/\"one\"", "X: y", "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"] {
        let half = HALF.replace("ETag: \"one\"", validator);
        let (ends, _, _, mut net, client) = runs(vec![config(URL)], &[&half]);
        assert!(ends[0].is_err(), "{validator}");
        for name in ["/x", "/x.partial", "/x.partial-of"] {
            assert_eq!(file(&mut net, client, name), None, "{validator}: {name}");
        }
    }
}

#[test]
fn bounds_lie_where_they_are_said_to() {
    let at_most = |most| Config { max_size: Some(most), ..config(URL) };
    let sized = "HTTP/1.1 200 OK\nContent-Length: 5\n\nabcde";
    let chunked = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nabcde\n0\n\n";
    let until_closed = "HTTP/1.1 200 OK\nETag: \"x\"\n\nabcde";
    for answer in [sized, chunked, until_closed] {
        let (ends, _, text, ..) = runs(vec![at_most(5)], &[answer]);
        assert_eq!((&ends[0], text.as_deref()), (&Ok(()), Some("abcde")), "{answer}");
        let (ends, _, text, mut net, client) = runs(vec![at_most(4)], &[answer]);
        assert!(
            ends[0].as_ref().unwrap_err().contains("the 4 that it may have")
                || ends[0].as_ref().unwrap_err().contains("the 4 octets"),
            "{ends:?}"
        );
        assert_eq!((text, file(&mut net, client, "/x.partial")), (None, None));
    }
    let to = |place: &str| format!("HTTP/1.1 302 Found\nLocation: {place}\nContent-Length: 0\n\n");
    let (ends, asked, text, ..) = runs(vec![config(URL)], &[&to("y"), &to("//else.where/z?q"), sized]);
    assert_eq!((&ends[0], text.as_deref()), (&Ok(()), Some("abcde")));
    assert!(asked[1].starts_with("GET /dir/y HTTP/1.1"), "{asked:?}");
    assert!(asked[2].starts_with("GET /z?q HTTP/1.1\r\nhost: else.where\r\n"), "{asked:?}");
    let (ends, ..) = runs(vec![config(URL)], &[&to("y"), &to("z"), &to("x")]);
    assert!(ends[0].as_ref().unwrap_err().ends_with("more than 2 redirects"), "{ends:?}");
    let (ends, ..) = runs(vec![config(URL)], &[&to("http://nowhere/")]);
    assert!(ends[0].as_ref().unwrap_err().contains("there is no host `nowhere`"), "{ends:?}");
}

#[test]
fn what_is_no_success_is_an_error_and_leaves_what_there_was() {
    let gone = "HTTP/1.1 404 Not Found\nContent-Length: 4\n\ngone";
    let (ends, _, text, mut net, client) = runs(vec![config(URL), resumed(URL)], &[HALF, gone]);
    let error = ends[1].clone().unwrap_err();
    assert!(
        error.starts_with("http://10.0.0.2/dir/x: the server answers 404 Not Found; 5 octets"),
        "{error}"
    );
    assert_eq!((text, file(&mut net, client, "/x.partial")), (None, Some(b"abcde".to_vec())));
    let wrong = Config { sha256: Some([7; 32]), ..config(URL) };
    let (ends, _, text, mut net, client) =
        runs(vec![wrong], &["HTTP/1.1 200 OK\nETag: \"x\"\nContent-Length: 5\n\nabcde"]);
    assert!(ends[0].as_ref().unwrap_err().contains("and should be 0707"), "{ends:?}");
    assert_eq!((text, file(&mut net, client, "/x.partial")), (None, None));
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let (mut net, client, server) = pair(5);
    net.background(server, "server", async {
        let listener = TcpListener::with_backlog(at("10.0.0.2:80"), 8)?;
        let kept = listener.accept().await?;
        core::future::pending::<()>().await;
        drop(kept);
        Ok::<_, AppError>(())
    });
    let began = net.world().now();
    let impatient = Config { patience: Duration::from_secs(3), ..config(URL) };
    assert!(run(&mut net, client, impatient).unwrap_err().contains("timed out"));
    assert_eq!((net.world().now() - began).as_nanos() / 1_000_000_000, 3);
    let hurried = Config { max_time: Some(Duration::from_secs(1)), ..config(URL) };
    assert!(run(&mut net, client, hurried).unwrap_err().ends_with("it took longer than 1s"));
}

/// Both of our own servers, and one that breaks off in the middle, since the time is over.
#[test]
fn our_servers_are_gone_on_with_too() {
    let whole = content(9, 300_000);
    for url in
        ["http://10.0.0.2/big%20one", "ftp://anna:secret@10.0.0.2/d/big%20one", "ftp://10.0.0.2/d/big%20one"]
    {
        let mut net = Network::new(8);
        let (client, server) = (net.host("client", "10.0.0.1/24"), net.host("server", "10.0.0.2/24"));
        net.link(client, server).delay(Duration::from_millis(5)).rate(Rate::kbit(1_000));
        let served: [(&str, &[u8]); 2] = [("srv/big one", &whole), ("srv/d/big one", &whole)];
        net.world().set_storage(server.node(), storage(&served));
        net.background(
            server,
            "http",
            http::server::server(http::server::Config {
                local: at("10.0.0.2:80"),
                connections: None,
                root: path("srv"),
                writable: false,
                max_body: http::server::DEFAULT_MAX_BODY,
                head_timeout: http::server::DEFAULT_HEAD_TIMEOUT,
                max_requests: None,
                log: None,
                redirects: Vec::new(),
            }),
        );
        let anna = ftp::server::User { name: "anna".into(), password: "secret".into(), writes: false };
        net.background(
            server,
            "ftp",
            ftp::server::serve(ftp::server::Config {
                local: at("0.0.0.0:21"),
                root: path("srv"),
                users: vec![anna],
                anonymous: ftp::server::Anonymous::Read,
                sessions: None,
            }),
        );
        let hurried = Config { max_time: Some(Duration::from_secs(1)), ..config(url) };
        let error = run(&mut net, client, hurried).unwrap_err();
        assert!(error.contains("to be gone on with"), "{url}: {error}");
        let begun = file(&mut net, client, "/x.partial").unwrap();
        assert!(begun.len() > 50_000 && whole.starts_with(&begun), "{url}: {}", begun.len());
        let began = net.world().now();
        assert_eq!(run(&mut net, client, resumed(url)), Ok(()), "{url}");
        assert!(file(&mut net, client, "/x").unwrap() == whole, "{url}");
        // The whole would take 2.4 s.
        assert!(net.world().now() - began < Duration::from_millis(2_200), "{url}");
        assert_eq!(file(&mut net, client, "/x.partial-of"), None);
    }
}

/// RFC 1738 §3.2.2.
#[test]
fn what_ftp_refuses_is_told() {
    let (mut net, client, server) = pair(6);
    net.world().set_storage(server.node(), storage(&[("srv/d/x", b"y")]));
    net.background(
        server,
        "ftp",
        ftp::server::serve(ftp::server::Config {
            local: at("0.0.0.0:21"),
            root: path("srv"),
            users: Vec::new(),
            anonymous: ftp::server::Anonymous::Read,
            sessions: None,
        }),
    );
    for (url, why) in [
        ("ftp://anna:secret@10.0.0.2/d/x", "cannot log in: 530"),
        ("ftp://10.0.0.2/e/x", "CWD e: 550"),
        ("ftp://10.0.0.2/d/y", "RETR y: 550"),
        ("ftp://10.0.0.2:2121/d/x", "connection refused"),
    ] {
        let error = run(&mut net, client, config(url)).unwrap_err();
        assert!(error.contains(why), "{url}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
    assert_eq!(run(&mut net, client, config("ftp://10.0.0.2/d/x")), Ok(()));
    assert_eq!(file(&mut net, client, "/x").as_deref(), Some(&b"y"[..]));
    assert_eq!(get::PARTIAL, ".partial");
}
