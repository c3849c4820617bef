//! HTTP: what is served, what is refused, and where each bound lies.

#[path = "support/web.rs"]
mod web;

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use web::{Answer, ask, at, client, config, content, exchange, get, path, pattern, put, save, served, url};
use wirelab_stack::application::http::client::client as fetch;
use wirelab_stack::application::http::{MAX_FIELDS, MAX_HEAD, STALL, server};
use wirelab_stack::socket::net::{TcpStream, fs, time};
use wirelab_stack::storage::{MAX_NAME, StorageError};
use wirelab_stack::time::{Duration, Instant};

#[test]
fn files_are_served_whole_and_in_parts() {
    let (mut net, host, _) = served(config());
    net.spawn(host, "client", async {
        let whole = ask("GET /hello.txt HTTP/1.1").await;
        assert_eq!((whole.status, whole.body.as_slice()), (200, &b"Hello, network!\n"[..]));
        assert_eq!(whole.field("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(whole.field("content-length"), Some("16"));
        assert_eq!(whole.field("date"), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
        assert_eq!(whole.field("last-modified"), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
        assert_eq!(whole.field("accept-ranges"), Some("bytes"));
        let tag = whole.field("etag").unwrap().to_owned();
        let head = ask("HEAD /hello.txt HTTP/1.1").await;
        assert_eq!((head.status, head.field("content-length"), head.body.len()), (200, Some("16"), 0));
        for (target, status, body) in [
            ("/", 200, "<p>root</p>"),
            ("/docs/", 200, "<p>docs</p>"),
            ("/empty", 200, ""),
            ("http://elsewhere/hello.txt", 200, "Hello, network!\n"),
            ("/nothing", 404, "404 Not Found\n"),
            ("/hello.txt/", 404, "404 Not Found\n"),
            ("/bare/", 404, "404 Not Found\n"),
            ("/hello.txt/more", 404, "404 Not Found\n"),
        ] {
            let answer = ask(&format!("GET {target} HTTP/1.1")).await;
            let text = String::from_utf8(answer.body).unwrap();
            assert_eq!((answer.status, text.as_str()), (status, body), "{target}");
        }
        let moved = ask("GET /docs HTTP/1.1").await;
        assert_eq!((moved.status, moved.field("location")), (301, Some("/docs/")));
        let moved = ask("GET //docs HTTP/1.1").await;
        assert_eq!((moved.status, moved.field("location")), (301, Some("/docs/")), "no other host");
        for (range, status, told, body) in [
            ("bytes=0-4", 206, Some("bytes 0-4/16"), "Hello"),
            ("bytes=-9", 206, Some("bytes 7-15/16"), "network!\n"),
            ("bytes=7-", 206, Some("bytes 7-15/16"), "network!\n"),
            ("bytes=15-99", 206, Some("bytes 15-15/16"), "\n"),
            ("bytes=16-", 416, Some("bytes */16"), "416 Range Not Satisfiable\n"),
            ("bytes=0-1,3-4", 200, None, "Hello, network!\n"),
            ("lines=1-2", 200, None, "Hello, network!\n"),
        ] {
            let answer = ask(&format!("GET /hello.txt HTTP/1.1\nRange: {range}")).await;
            let text = String::from_utf8(answer.body.clone()).unwrap();
            assert_eq!((answer.status, text.as_str()), (status, body), "{range}");
            assert_eq!(answer.field("content-range"), told, "{range}");
        }
        let known = ask(&format!("GET /hello.txt HTTP/1.1\nIf-None-Match: {tag}")).await;
        assert_eq!((known.status, known.body.len(), known.field("etag")), (304, 0, Some(tag.as_str())));
        let other = ask("GET /hello.txt HTTP/1.1\nRange: bytes=0-4\nIf-Range: \"other\"").await;
        assert_eq!(other.status, 200);
        let failed = ask("GET /hello.txt HTTP/1.1\nIf-Match: \"other\"").await;
        assert_eq!(failed.status, 412);
        Ok(())
    });
    net.finish();
}

#[test]
fn what_is_stored_is_stored_whole() {
    let (mut net, host, server) = served(config());
    net.spawn(host, "client", async {
        let new = ask("PUT /new HTTP/1.1\nContent-Length: 0").await;
        assert_eq!((new.status, new.body.len()), (201, 0));
        let request = "PUT /new HTTP/1.1\r\nHost: s\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
                       6\r\nchunks\r\n7; ext=1\r\n of it\n\r\n0\r\nTrailer: x\r\n\r\n";
        let replaced = Answer::read(&exchange(request.as_bytes()).await?);
        assert_eq!(replaced.status, 204);
        assert_eq!(ask("GET /new HTTP/1.1").await.body, b"chunks of it\n");
        let posted = ask("POST /inbox/ HTTP/1.1\nContent-Length: 0").await;
        assert_eq!((posted.status, posted.field("location")), (201, Some("/inbox/000001")));
        for (lines, status) in [
            ("PUT /no/directory HTTP/1.1\nContent-Length: 0", 409),
            ("PUT /docs HTTP/1.1\nContent-Length: 0", 409),
            ("PUT / HTTP/1.1\nContent-Length: 0", 409),
            ("PUT /new HTTP/1.1\nContent-Length: 0\nContent-Range: bytes 0-0/1", 400),
            ("PUT /new HTTP/1.1\nContent-Length: 0\nIf-None-Match: *", 412),
            ("PUT /newer HTTP/1.1\nContent-Length: 0\nIf-Match: *", 412),
            ("PUT /newer HTTP/1.1\nContent-Length: 0\nIf-None-Match: *", 201),
            ("POST /posted HTTP/1.1\nContent-Length: 0", 201),
            ("POST /posted HTTP/1.1\nContent-Length: 0", 204),
            ("POST /no/directory HTTP/1.1\nContent-Length: 0", 409),
            ("POST /nothing/ HTTP/1.1\nContent-Length: 0", 409),
            ("DELETE /newer HTTP/1.1", 204),
            ("DELETE /newer HTTP/1.1", 404),
            ("DELETE /docs HTTP/1.1", 409),
            ("DELETE / HTTP/1.1", 409),
            ("OPTIONS * HTTP/1.1", 204),
            ("GET * HTTP/1.1", 400),
            ("PATCH /new HTTP/1.1\nContent-Length: 0", 405),
            ("TRACE /new HTTP/1.1", 405),
            ("BREW /new HTTP/1.1", 501),
        ] {
            assert_eq!(ask(lines).await.status, status, "{lines}");
        }
        Ok(())
    });
    net.finish();
    assert_eq!(content(&mut net, server, "www/new").unwrap(), b"chunks of it\n");
    assert_eq!(content(&mut net, server, "www/inbox/000001").unwrap(), b"");
    assert_eq!(content(&mut net, server, "www/newer"), None);
}

#[test]
fn a_server_that_is_not_writable_says_what_is_allowed() {
    let (mut net, host, server) = served(server::Config { writable: false, ..config() });
    net.spawn(host, "client", async {
        for method in ["PUT", "POST", "DELETE", "PATCH"] {
            let answer = ask(&format!("{method} /hello.txt HTTP/1.1\nContent-Length: 0")).await;
            assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD, OPTIONS")), "{method}");
        }
        Ok(())
    });
    net.finish();
    assert!(content(&mut net, server, "www/hello.txt").is_some());
}

#[test]
fn a_request_needs_its_host() {
    let (mut net, host, _) = served(config());
    net.spawn(host, "client", async {
        for (request, status) in [
            ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
            ("GET / HTTP/1.0\r\n\r\n", 200),
            ("GET / HTTP/9.9\r\n\r\n", 400),
            ("nonsense\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ] {
            assert_eq!(Answer::read(&exchange(request.as_bytes()).await?).status, status, "{request:?}");
        }
        Ok(())
    });
    net.finish();
}

#[test]
fn no_path_leads_out_of_the_served_directory() {
    let (mut net, host, server) = served(config());
    net.spawn(host, "client", async {
        for target in [
            "/../secret",
            "/..",
            "/docs/../../secret",
            "/docs/../hello.txt",
            "/%2e%2e/secret",
            "/%2E%2E%2Fsecret",
            "/..%5csecret",
            "/hello.txt%00",
            "/%ff",
            "http://server/../secret",
        ] {
            assert_eq!(ask(&format!("GET {target} HTTP/1.1")).await.status, 400, "{target}");
            assert_eq!(
                ask(&format!("PUT {target} HTTP/1.1\nContent-Length: 0")).await.status,
                400,
                "{target}"
            );
            assert_eq!(ask(&format!("DELETE {target} HTTP/1.1")).await.status, 400, "{target}");
        }
        for target in ["/secret", "//secret", "/%2fsecret", "/%252e%252e/secret", "/.../secret"] {
            assert_eq!(ask(&format!("GET {target} HTTP/1.1")).await.status, 404, "{target}");
        }
        Ok(())
    });
    net.finish();
    assert_eq!(content(&mut net, server, "secret").unwrap(), b"not served");
}

/// A head of exactly so many octets.
fn head(octets: usize) -> String {
    let start = "GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\nX: ";
    format!("{start}{}\r\n\r\n", "x".repeat(octets - start.len() - 4))
}

#[test]
fn heads_are_bounded() {
    let (mut net, host, _) = served(config());
    net.spawn(host, "client", async {
        let status =
            async |request: String| Answer::read(&exchange(request.as_bytes()).await.unwrap()).status;
        assert_eq!(status(head(MAX_HEAD)).await, 200);
        assert_eq!(status(head(MAX_HEAD + 1)).await, 431);
        let fields = |count: usize| {
            let more = "X: y\r\n".repeat(count - 2);
            format!("GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n{more}\r\n")
        };
        assert_eq!(status(fields(MAX_FIELDS)).await, 200);
        assert_eq!(status(fields(MAX_FIELDS + 1)).await, 431);
        let named = |length: usize| format!("GET /{} HTTP/1.1", "n".repeat(length));
        assert_eq!(ask(&named(MAX_NAME)).await.status, 404);
        assert_eq!(ask(&named(MAX_NAME + 1)).await.status, 414);
        // A line without end is a head that is too long, wherever it is cut off.
        let endless = format!("GET /{}", "x".repeat(10 * MAX_HEAD));
        assert_eq!(status(endless).await, 431);
        Ok(())
    });
    net.finish();
}

#[test]
fn bodies_are_bounded() {
    let (mut net, host, server) = served(config());
    net.spawn(host, "client", async {
        let most = 100_000;
        let known = |length: usize| {
            let mut request = format!(
                "PUT /known HTTP/1.1\r\nHost: s\r\nContent-Length: {length}\r\n\
                                       Connection: close\r\n\r\n"
            )
            .into_bytes();
            request.extend_from_slice(&pattern(2, length));
            request
        };
        let chunked = |length: usize| {
            let mut request = format!(
                "PUT /chunked HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\
                                       Connection: close\r\n\r\n{length:x}\r\n"
            )
            .into_bytes();
            request.extend_from_slice(&pattern(3, length));
            request.extend_from_slice(b"\r\n0\r\n\r\n");
            request
        };
        assert_eq!(Answer::read(&exchange(&known(most)).await?).status, 201);
        assert_eq!(Answer::read(&exchange(&known(most + 1)).await?).status, 413);
        assert_eq!(Answer::read(&exchange(&chunked(most)).await?).status, 201);
        assert_eq!(Answer::read(&exchange(&chunked(most + 1)).await?).status, 413);
        // What says that it is as long as can be is refused before it is sent.
        let endless = format!("PUT /endless HTTP/1.1\r\nHost: s\r\nContent-Length: {}\r\n\r\n", 1_u64 << 40);
        assert_eq!(Answer::read(&exchange(endless.as_bytes()).await?).status, 413);
        Ok(())
    });
    net.finish();
    assert_eq!(content(&mut net, server, "www/known").unwrap(), pattern(2, 100_000));
    assert_eq!(content(&mut net, server, "www/chunked").unwrap(), pattern(3, 100_000));
    assert_eq!(content(&mut net, server, "www/endless"), None);
}

#[test]
fn a_disk_that_is_full_is_no_place_for_more() {
    let (mut net, host, server) = served(config());
    let limits = wirelab_stack::storage::MemoryLimits { max_octets: 40_000, ..Default::default() };
    let mut small = wirelab_stack::storage::MemoryStorage::new(limits);
    wirelab_stack::storage::Storage::create_directory(
        &mut small,
        &path("www"),
        wirelab_stack::clock::DEFAULT_DATE,
    )
    .unwrap();
    net.world().set_storage(server.node(), Box::new(small));
    net.spawn(host, "client", async {
        fetch(client(vec![put("/fits", pattern(1, 20_000))])).await?;
        let body = String::from_utf8(vec![b'x'; 30_000]).unwrap();
        let request = format!("PUT /full HTTP/1.1\r\nHost: s\r\nContent-Length: 30000\r\n\r\n{body}");
        assert_eq!(Answer::read(&exchange(request.as_bytes()).await?).status, 507);
        Ok(())
    });
    net.finish();
    assert_eq!(content(&mut net, server, "www/full"), None);
}

/// The server's connections that are open still.
fn open(net: &mut wirelab_sim::Network, server: wirelab_sim::HostRef) -> usize {
    let mut open = 0;
    net.world().host(server.node()).unwrap().for_each_connection(|_, _| open += 1);
    open
}

#[test]
fn a_head_that_trickles_is_not_waited_for() {
    let (mut net, host, server) = served(config());
    net.spawn(host, "slowloris", async {
        let mut stream = TcpStream::connect(at()).await?;
        let began = time::now();
        // One octet each 5 s would take an hour.
        for octet in head(1_000).bytes() {
            if stream.write_all(&[octet]).await.is_err() {
                break;
            }
            time::sleep(Duration::from_secs(5)).await;
        }
        let took = time::now() - began;
        assert!(took >= server::DEFAULT_HEAD_TIMEOUT, "it had its time: {took}");
        assert!(took <= server::DEFAULT_HEAD_TIMEOUT + Duration::from_secs(10), "and no more: {took}");
        Ok(())
    });
    net.spawn(host, "silent", async {
        let mut stream = TcpStream::connect(at()).await?;
        let error = stream.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        Ok(())
    });
    net.spawn(host, "idle", async {
        let mut stream = TcpStream::connect(at()).await?;
        stream.write_all(b"GET /empty HTTP/1.1\r\nHost: s\r\n\r\n").await?;
        let mut answer = Vec::new();
        let error = stream.read_to_end(&mut answer).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(Answer::read(&answer).status, 200);
        assert!(time::now() >= Instant::ZERO + server::DEFAULT_HEAD_TIMEOUT);
        Ok(())
    });
    net.finish();
    assert_eq!(open(&mut net, server), 0);
}

#[test]
fn a_body_that_trickles_is_not_waited_for() {
    let (mut net, host, server) = served(config());
    net.spawn(host, "client", async {
        let mut stream = TcpStream::connect(at()).await?;
        stream.write_all(b"PUT /drip HTTP/1.1\r\nHost: s\r\nContent-Length: 1000\r\n\r\n").await?;
        let began = time::now();
        for _ in 0..1_000 {
            if stream.write_all(b"x").await.is_err() {
                break;
            }
            time::sleep(Duration::from_secs(1)).await;
        }
        let took = time::now() - began;
        assert!(took >= server::BODY_GRACE && took < server::BODY_GRACE + Duration::from_secs(10), "{took}");
        Ok(())
    });
    net.spawn(host, "steady", async {
        let mut stream = TcpStream::connect(at()).await?;
        stream.write_all(b"PUT /steady HTTP/1.1\r\nHost: s\r\nContent-Length: 60000\r\n\r\n").await?;
        // As fast as is asked for, for two minutes.
        for _ in 0..120 {
            stream.write_all(&[b'y'; server::BODY_RATE as usize]).await?;
            time::sleep(Duration::from_secs(1)).await;
        }
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        assert_eq!(&answer, b"HTTP/1.1 201");
        Ok(())
    });
    net.finish();
    assert_eq!(content(&mut net, server, "www/drip"), None);
    assert_eq!(content(&mut net, server, "www/steady").unwrap().len(), 60_000);
}

#[test]
fn a_client_that_does_not_read_is_not_waited_for() {
    let (mut net, host, server) = served(config());
    net.spawn(host, "client", async {
        let mut stream = TcpStream::connect(at()).await?;
        for _ in 0..20 {
            stream.write_all(b"GET /big.bin HTTP/1.1\r\nHost: s\r\n\r\n").await?;
        }
        time::sleep(STALL + STALL).await;
        let mut rest = Vec::new();
        let error = stream.read_to_end(&mut rest).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        Ok(())
    });
    net.finish();
    assert_eq!(open(&mut net, server), 0);
}

#[test]
fn requests_in_one_pipeline_are_answered_in_order() {
    const REQUESTS: usize = 2_000;
    let (mut net, host, _) = served(server::Config { max_requests: None, ..config() });
    net.spawn(host, "client", async {
        let stream = TcpStream::connect(at()).await?;
        let (mut read, mut write) = stream.into_split();
        let writer = wirelab_stack::socket::net::spawn(async move {
            for at in 0..REQUESTS {
                let close = if at + 1 == REQUESTS { "Connection: close\r\n" } else { "" };
                let range = format!("Range: bytes={at}-{at}");
                let request = format!("GET /big.bin HTTP/1.1\r\nHost: s\r\n{range}\r\n{close}\r\n");
                write.write_all(request.as_bytes()).await?;
            }
            Ok::<_, std::io::Error>(write)
        });
        let mut answers = Vec::new();
        read.read_to_end(&mut answers).await?;
        drop(writer.await??);
        let mut rest = answers.as_slice();
        let expected = pattern(1, REQUESTS);
        for octet in expected {
            let answer = Answer::read(rest);
            assert_eq!((answer.status, answer.body[0]), (206, octet));
            rest = &rest[answer.head.len() + 1..];
        }
        assert!(rest.is_empty());
        Ok(())
    });
    net.finish();
}

#[test]
fn each_request_is_a_line_of_the_log() {
    let (mut net, host, server) = served(config());
    net.spawn(host, "client", async {
        ask("GET /hello.txt HTTP/1.1").await;
        ask("GET /no\"thing%0a HTTP/1.1").await;
        ask("HEAD /empty HTTP/1.1").await;
        Ok(())
    });
    net.finish();
    let log = String::from_utf8(content(&mut net, server, "access.log").unwrap()).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(
        lines,
        [
            "10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] \"GET /hello.txt HTTP/1.1\" 200 16",
            "10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] \"GET /no\\\"thing%0a HTTP/1.1\" 400 16",
            "10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] \"HEAD /empty HTTP/1.1\" 200 0",
        ]
    );
}

#[test]
fn a_client_saves_sends_and_keeps_its_connection() {
    let (mut net, host, server) = served(config());
    net.spawn(host, "client", async {
        fs::write(&path("mine"), &pattern(9, 50_000))?;
        let mut upload = put("/yours", Vec::new());
        upload.content = wirelab_stack::application::http::client::Content::File(path("mine"));
        let mut part = save("/big.bin", "part");
        part.range = Some((100, Some(199)));
        fetch(client(vec![
            save("/big.bin", "big"),
            save("/nothing", "nothing"),
            upload,
            save("/yours", "back"),
            part,
            save("/twice", "hello"),
            save("/docs", "docs"),
        ]))
        .await?;
        Ok(())
    });
    net.finish();
    assert_eq!(content(&mut net, host, "big").unwrap(), pattern(1, 300_000));
    assert_eq!(content(&mut net, host, "nothing"), None);
    assert_eq!(content(&mut net, host, "back").unwrap(), pattern(9, 50_000));
    assert_eq!(content(&mut net, server, "www/yours").unwrap(), pattern(9, 50_000));
    assert_eq!(content(&mut net, host, "part").unwrap(), pattern(1, 200)[100..]);
    assert_eq!(content(&mut net, host, "hello").unwrap(), b"Hello, network!\n");
    assert_eq!(content(&mut net, host, "docs").unwrap(), b"<p>docs</p>");
    let counted = net.world().host(host.node()).unwrap().counters();
    let opened = counted.iter().find(|(name, _)| *name == "tcp.active_opens").unwrap().1;
    assert_eq!(opened, 1, "one connection carried all");
}

#[test]
fn redirects_are_followed_so_often_and_no_more() {
    let (mut net, host, _) = served(config());
    net.spawn(host, "client", async {
        let follow = async |most, request| {
            let mut config = client(vec![request]);
            config.max_redirects = most;
            fetch(config).await
        };
        follow(2, get("/twice")).await?;
        let error = follow(1, get("/twice")).await.unwrap_err().to_string();
        assert!(error.contains("more than 1 redirects"), "{error}");
        let error = follow(10, get("/circle")).await.unwrap_err().to_string();
        assert!(error.contains("more than 10 redirects"), "{error}");
        Ok(())
    });
    net.finish();
}

/// A server that answers each connection with these octets, whatever it is asked.
async fn says(octets: Vec<u8>) -> Result<(), wirelab_stack::application::AppError> {
    let listener = wirelab_stack::socket::net::TcpListener::bind(at()).await?;
    let (mut stream, _) = listener.accept().await?;
    let mut asked = [0; 1_000];
    let _ = stream.read(&mut asked).await?;
    stream.write_all(&octets).await?;
    stream.shutdown().await?;
    let _ = stream.read(&mut asked).await;
    Ok(())
}

#[test]
fn an_answer_that_is_none_or_breaks_off_is_an_error_and_leaves_no_file() {
    let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
    let many = |count: usize| head(&format!("Content-Length: 0\r\n{}", "X: y\r\n".repeat(count - 1)));
    let long = |octets: usize| {
        let start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
        format!("{start}{}\r\n\r\n", "x".repeat(octets - start.len() - 4))
    };
    for (answer, good) in [
        (head("Content-Length: 5\r\n") + "whole", true),
        (head("Content-Length: 6\r\n") + "whole", false),
        (head("Transfer-Encoding: chunked\r\n") + "5\r\nwhole\r\n0\r\n\r\n", true),
        (head("Transfer-Encoding: chunked\r\n") + "5\r\nwhole\r\n", false),
        (head("Transfer-Encoding: chunked\r\n") + "5\r\nwh", false),
        (head("Transfer-Encoding: chunked\r\n") + "zz\r\n", false),
        // Without a length, the end of the connection is that of the body (RFC 9112 §6.3).
        (head("") + "whole", true),
        (many(MAX_FIELDS), true),
        (many(MAX_FIELDS + 1), false),
        (long(MAX_HEAD), true),
        (long(MAX_HEAD + 1), false),
        ("HTTP/1.1 200 OK\r\nContent-".to_owned(), false),
        ("HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\nContent-Length: 0\r\n\r\n".to_owned(), false),
        ("HTTP/1.1 302 Found\r\nLocation: http://nobody/\r\nContent-Length: 0\r\n\r\n".to_owned(), false),
        ("SSH-2.0-OpenSSH\r\n\r\n".to_owned(), false),
        (String::new(), false),
    ] {
        let (mut net, host, server) = web::pair(3);
        let told = answer.clone();
        net.background(server, "server", says(answer.into_bytes()));
        net.spawn(host, "client", async move {
            let ended = fetch(client(vec![save("/x", "saved")])).await;
            assert_eq!(ended.is_ok(), good, "{told:?}: {ended:?}");
            assert_eq!(fs::metadata(&path("saved")) == Err(StorageError::NotFound), !good, "{told:?}");
            Ok(())
        });
        net.finish();
    }
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let (mut net, host, server) = web::pair(3);
    net.background(server, "server", async {
        let listener = wirelab_stack::socket::net::TcpListener::bind(at()).await?;
        let _open = listener.accept().await?;
        std::future::pending().await
    });
    net.spawn(host, "client", async {
        let error = fetch(client(vec![get("/")])).await.unwrap_err().to_string();
        assert!(error.contains("timed out"), "{error}");
        assert!(time::now() < Instant::ZERO + STALL + Duration::from_secs(1));
        Ok(())
    });
    net.finish();
    assert_eq!(url("/").authority(), "server");
}
