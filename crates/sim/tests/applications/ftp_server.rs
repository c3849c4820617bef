//! The FTP server, talked to by hand.

use wirelab_sim::{HostRef, Network};
use wirelab_stack::application::AppError;
use wirelab_stack::application::ftp::server::{self, Anonymous, COMMANDS, ERRORS, IDLE, User};
use wirelab_stack::socket::net::{TcpListener, TcpStream, time};
use wirelab_stack::time::Duration;

use super::talk::{Talk, at, ended, file, files, pair, path, storage};

const HOURS: Duration = Duration::from_secs(4 * 3600);

fn serve(net: &mut Network, server: HostRef, anonymous: Anonymous) {
    let anna = User { name: "anna".into(), password: "secret".into(), writes: true };
    let config = server::Config {
        local: at("0.0.0.0:21"),
        root: path("srv"),
        users: vec![anna],
        anonymous,
        sessions: None,
    };
    net.background(server, "server", server::serve(config));
    let files = storage(&[("srv/a", b"one\ntwo\n"), ("srv/d/b", b"0123456789"), ("secret", b"not served")]);
    net.world().set_storage(server.node(), files);
}

/// Runs a client by hand against a server that everybody may write to.
#[track_caller]
fn by_hand<F>(client: impl FnOnce(Talk) -> F + 'static) -> (Network, HostRef)
where
    F: Future<Output = Result<(), AppError>> + 'static,
{
    let (mut net, host, server) = pair(1);
    serve(&mut net, server, Anonymous::Write);
    net.spawn(host, "client", async {
        let mut talk = Talk::to("10.0.0.2:21").await?;
        talk.expect("connecting", "220").await?;
        client(talk).await
    });
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
    (net, server)
}

async fn log_in(talk: &mut Talk) -> Result<(), AppError> {
    talk.ask("USER anonymous", "331").await?;
    talk.ask("PASS me@here", "230").await?;
    Ok(())
}

/// A data connection by `PASV` or `EPSV`.
async fn passive(talk: &mut Talk, extended: bool) -> Result<TcpStream, AppError> {
    use wirelab_stack::application::ftp::codec::address::{parse_extended_passive, parse_passive};
    let port = if extended {
        parse_extended_passive(&talk.ask("EPSV", "229").await?)
    } else {
        parse_passive(&talk.ask("PASV", "227").await?[4..]).map(|address| address.port())
    };
    let port = port.ok_or_else(|| AppError::new("no port"))?;
    Ok(TcpStream::connect(at(&format!("10.0.0.2:{port}"))).await?)
}

async fn all(stream: TcpStream) -> Result<Vec<u8>, AppError> {
    let mut octets = Vec::new();
    loop {
        let more = stream.read_bytes(65_536).await?;
        if more.is_empty() {
            return Ok(octets);
        }
        octets.extend_from_slice(&more);
    }
}

async fn fetch(talk: &mut Talk, command: &str) -> Result<String, AppError> {
    let data = passive(talk, true).await?;
    talk.ask(command, "150").await?;
    let octets = all(data).await?;
    talk.expect(command, "226").await?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

async fn bring(talk: &mut Talk, command: &str, octets: &'static [u8]) -> Result<(), AppError> {
    let data = passive(talk, false).await?;
    talk.ask(command, "150").await?;
    data.write_all_bytes(octets.into()).await?;
    drop(data);
    talk.expect(command, "226").await?;
    Ok(())
}

#[test]
fn files_are_listed_read_and_told_about() {
    by_hand(async |mut talk| {
        log_in(&mut talk).await?;
        assert_eq!(fetch(&mut talk, "NLST").await?, "a\r\nd\r\n");
        assert!(
            fetch(&mut talk, "LIST -la")
                .await?
                .contains("-rw-r--r-- 1 ftp ftp            8 Jan  1 00:00 a\r\n")
        );
        let facts = fetch(&mut talk, "MLSD d").await?;
        assert!(facts.contains("type=cdir;") && facts.contains("type=file;size=10;"), "{facts}");
        assert_eq!(fetch(&mut talk, "RETR a").await?, "one\r\ntwo\r\n", "lines, at first");
        talk.ask("SIZE a", "550").await?;
        talk.ask("TYPE I", "200").await?;
        assert_eq!(fetch(&mut talk, "RETR /a").await?, "one\ntwo\n");
        talk.ask("SIZE a", "213 8").await?;
        talk.ask("MDTM a", "213 20260101000000").await?;
        talk.ask("REST 4", "350").await?;
        assert_eq!(fetch(&mut talk, "RETR d/b").await?, "456789");
        assert_eq!(fetch(&mut talk, "RETR d/b").await?, "0123456789", "a restart is for one transfer");
        talk.ask("REST 10", "350").await?;
        assert_eq!(fetch(&mut talk, "RETR d/b").await?, "");
        talk.ask("REST 11", "350").await?;
        talk.ask("RETR d/b", "554").await?;
        talk.ask("CWD d", "250").await?;
        talk.ask("PWD", "257 \"/d\"").await?;
        talk.ask("SIZE b", "213 10").await?;
        talk.ask("CDUP", "250").await?;
        talk.ask("CDUP", "550").await?;
        talk.ask("CWD a", "550").await?;
        talk.ask("MLST d/b", "250").await?;
        talk.ask("STAT d", "213").await?;
        talk.ask("STAT", "211").await?;
        talk.ask("FEAT", "211").await?;
        talk.ask("RETR d", "550").await?;
        talk.ask("RETR nothing", "550").await?;
        talk.ask("QUIT", "221").await?;
        assert_eq!(talk.line().await?, None);
        Ok(())
    });
}

#[test]
fn files_are_written_renamed_and_removed() {
    let (mut net, server) = by_hand(async |mut talk| {
        log_in(&mut talk).await?;
        bring(&mut talk, "STOR text", b"one\r\ntwo\r\n").await?;
        talk.ask("TYPE I", "200").await?;
        bring(&mut talk, "STOR new", b"0123").await?;
        bring(&mut talk, "APPE new", b"45").await?;
        talk.ask("REST 2", "350").await?;
        bring(&mut talk, "STOR new", b"xyz").await?;
        talk.ask("REST 9", "350").await?;
        let data = passive(&mut talk, true).await?;
        talk.ask("STOR new", "554").await?;
        drop(data);
        bring(&mut talk, "STOU", b"unique").await?;
        talk.ask("MKD e", "257 \"/e\"").await?;
        talk.ask("MKD e", "550").await?;
        talk.ask("RNFR new", "350").await?;
        talk.ask("RNTO e/old", "250").await?;
        talk.ask("RNTO e/older", "503").await?;
        talk.ask("RNFR nothing", "550").await?;
        talk.ask("DELE a", "250").await?;
        talk.ask("DELE d", "550").await?;
        talk.ask("RMD d", "550").await?;
        talk.ask("DELE d/b", "250").await?;
        talk.ask("RMD d", "250").await?;
        talk.ask("RMD /", "550").await?;
        talk.ask("RNFR /", "550").await?;
        talk.ask("QUIT", "221").await?;
        Ok(())
    });
    let all = files(&mut **net.world().storage_mut(server.node()).unwrap());
    let expected: Vec<(String, Vec<u8>)> = [
        ("/secret", "not served"),
        ("/srv/e/old", "01xyz"),
        ("/srv/file.1", "unique"),
        ("/srv/text", "one\ntwo\n"),
    ]
    .map(|(name, octets)| (name.to_owned(), octets.as_bytes().to_vec()))
    .to_vec();
    assert_eq!(all, expected);
}

#[test]
fn no_path_leaves_what_is_served() {
    let (mut net, server) = by_hand(async |mut talk| {
        log_in(&mut talk).await?;
        let outside = [
            "../secret",
            "/../secret",
            "d/../../secret",
            "..\\secret",
            "....//../secret/../../x",
            "a\0/../../secret",
        ];
        for path in outside {
            for command in [
                "RETR", "STOR", "APPE", "DELE", "SIZE", "MDTM", "CWD", "MKD", "RMD", "RNFR", "LIST", "NLST",
                "MLSD", "MLST", "STAT",
            ] {
                let expected = if path.contains('\0') { "501" } else { "550" };
                talk.ask(&format!("{command} {path}"), expected).await?;
            }
        }
        for path in ["%2e%2e/secret", "/secret", "d/.../secret"] {
            talk.ask(&format!("SIZE {path}"), "550").await?;
        }
        talk.send(b"RETR \xc0\xae\xc0\xae/secret\r\n").await?;
        talk.expect("overlong", "501").await?;
        talk.ask("RNFR a", "350").await?;
        talk.ask("RNTO ../a", "550").await?;
        Ok(())
    });
    assert_eq!(file(&mut net, server, "/secret").as_deref(), Some(&b"not served"[..]));
    assert_eq!(files(&mut **net.world().storage_mut(server.node()).unwrap()).len(), 3);
}

#[test]
fn the_server_connects_to_nobody_else() {
    let (mut net, client, server) = pair(1);
    serve(&mut net, server, Anonymous::Read);
    net.spawn(client, "client", async {
        let mut talk = Talk::to("10.0.0.2:21").await?;
        talk.expect("connecting", "220").await?;
        log_in(&mut talk).await?;
        talk.ask("PORT 10,0,0,9,4,0", "504").await?;
        talk.ask("PORT 10,0,0,1,0,25", "504").await?;
        talk.ask("EPRT |1|10.0.0.9|2000|", "504").await?;
        let listener = TcpListener::bind(at("10.0.0.1:2000")).await?;
        talk.ask("PORT 10,0,0,1,7,208", "200").await?;
        talk.ask("RETR a", "150").await?;
        let (data, peer) = listener.accept().await?;
        assert_eq!(peer, at("10.0.0.2:20"), "from the port beside that of the control connection");
        assert_eq!(all(data).await?, b"one\r\ntwo\r\n");
        talk.expect("RETR", "226").await?;
        // Nobody listens there.
        talk.ask("PORT 10,0,0,1,8,0", "200").await?;
        talk.ask("RETR a", "150").await?;
        talk.expect("RETR", "425").await?;
        Ok(())
    });
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
}

#[test]
fn a_passive_port_is_for_the_client_alone() {
    let (mut net, client, server) = pair(1);
    let thief = net.host("thief", "10.0.1.1/24");
    net.address(server, "10.0.1.2/24");
    net.link(thief, server);
    net.gateway(thief, "10.0.1.2");
    serve(&mut net, server, Anonymous::Read);
    let (tell, told) = std::sync::mpsc::channel::<u16>();
    net.spawn(client, "client", async move {
        let mut talk = Talk::to("10.0.0.2:21").await?;
        talk.expect("connecting", "220").await?;
        log_in(&mut talk).await?;
        let reply = talk.ask("EPSV", "229").await?;
        let port = wirelab_stack::application::ftp::codec::address::parse_extended_passive(&reply).unwrap();
        tell.send(port).unwrap();
        time::sleep(Duration::from_secs(10)).await;
        talk.ask("RETR a", "150").await?;
        time::sleep(Duration::from_secs(10)).await;
        let data = TcpStream::connect(at(&format!("10.0.0.2:{port}"))).await?;
        assert_eq!(all(data).await?, b"one\r\ntwo\r\n");
        talk.expect("RETR", "226").await?;
        Ok(())
    });
    net.spawn(thief, "thief", async move {
        time::sleep(Duration::from_secs(5)).await;
        let port = told.recv().unwrap();
        let data = TcpStream::connect(at(&format!("10.0.0.2:{port}"))).await?;
        assert_eq!(all(data).await.unwrap_or_default(), b"");
        Ok(())
    });
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
    assert_eq!(ended(&mut net, "thief", HOURS), Ok(()));
}

#[test]
fn a_transfer_is_broken_off_when_the_client_says_so() {
    by_hand(async |mut talk| {
        log_in(&mut talk).await?;
        talk.ask("TYPE I", "200").await?;
        let data = passive(&mut talk, true).await?;
        talk.ask("STOR half", "150").await?;
        data.write_all_bytes((&b"so far"[..]).into()).await?;
        talk.ask("STAT", "211").await?;
        // As people's clients do: interrupt, data mark, and the command.
        talk.send(b"\xff\xf4\xff\xf2").await?;
        talk.ask("ABOR", "426").await?;
        talk.expect("ABOR", "226").await?;
        talk.ask("SIZE half", "550").await?;
        talk.ask("ABOR", "226").await?;
        // What comes while a file is under way waits.
        let data = passive(&mut talk, true).await?;
        talk.ask("STOR whole", "150").await?;
        talk.send(b"SIZE whole\r\nNOOP\r\n").await?;
        data.write_all_bytes((&b"all of it"[..]).into()).await?;
        time::sleep(Duration::from_secs(1)).await;
        drop(data);
        for expected in ["226", "213 9", "200"] {
            talk.expect("STOR", expected).await?;
        }
        Ok(())
    });
}

#[test]
fn what_broke_stays_only_as_a_part() {
    let (mut net, server) = by_hand(async |mut talk| {
        log_in(&mut talk).await?;
        talk.ask("TYPE I", "200").await?;
        for name in ["half", "half.part"] {
            let data = passive(&mut talk, true).await?;
            talk.ask(&format!("STOR {name}"), "150").await?;
            data.write_all_bytes((&b"so far"[..]).into()).await?;
            time::sleep(Duration::from_secs(1)).await;
            data.abort();
            talk.expect("STOR", "426").await?;
        }
        talk.ask("SIZE half.part", "213 6").await?;
        talk.ask("REST 6", "350").await?;
        bring(&mut talk, "STOR half.part", b", and the rest").await?;
        Ok(())
    });
    assert_eq!(file(&mut net, server, "/srv/half"), None);
    assert_eq!(file(&mut net, server, "/srv/half.part").as_deref(), Some(&b"so far, and the rest"[..]));
}

#[test]
fn a_million_commands_are_too_many() {
    by_hand(async |talk| {
        let octets = talk.answers_to_a_million("NOOP").await?;
        assert!(octets <= COMMANDS as usize * b"200 Nothing done.\r\n".len() + 100, "{octets}");
        Ok(())
    });
}

#[test]
fn endless_lines_and_silence_end_a_session() {
    by_hand(async |talk| {
        talk.endless_line(2 * (ERRORS as usize + 3)).await;
        let mut quiet = Talk::to("10.0.0.2:21").await?;
        quiet.expect("connecting", "220").await?;
        let began = time::now();
        quiet.expect("silence", "421").await?;
        assert!(time::now() - began >= IDLE && time::now() - began < IDLE + Duration::from_secs(1));
        // Nor does it help to be slow: it is whole commands that count.
        let mut slow = Talk::to("10.0.0.2:21").await?;
        slow.expect("connecting", "220").await?;
        for _ in 0..5 {
            slow.send(b"N").await?;
            time::sleep(Duration::from_secs(59)).await;
        }
        slow.send(b"N").await?;
        slow.expect("slowness", "421").await?;
        Ok(())
    });
}

#[test]
fn guessing_passwords_is_slow_and_ends() {
    by_hand(async |mut talk| {
        let began = time::now();
        for expected in ["530", "530", "421"] {
            talk.ask("USER anna", "331").await?;
            talk.ask("PASS wrong", expected).await?;
        }
        assert!(time::now() - began >= Duration::from_secs(10));
        assert_eq!(talk.line().await?, None);
        Ok(())
    });
}
