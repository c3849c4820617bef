//! `wirelab serve`, asked by the kernel's sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::time::Duration;

use crate::namespace::{OURS, PATIENCE, Serving, in_namespace};

fn stream(port: u16) -> TcpStream {
    let stream = TcpStream::connect((OURS, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn exchange(port: u16, question: &[u8]) -> Vec<u8> {
    let mut stream = stream(port);
    stream.write_all(question).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn applications_answer_the_kernel_and_a_signal_ends_them() {
    in_namespace("serve::applications_answer_the_kernel_and_a_signal_ends_them", || {
        let serving = Serving::start(&["echo:7", "upper-session:9999", "daytime", "chargen:19"]);
        assert_eq!(exchange(7, b"as it is"), b"as it is");
        assert_eq!(exchange(9999, "näch oben".as_bytes()), "NÄCH OBEN".as_bytes());
        assert!(exchange(13, b"").ends_with(b"\r\n"));
        let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.connect((OURS, 7)).unwrap();
        let (sent, mut came) = (vec![7; 20_000], vec![0; 65_536]);
        socket.send(&sent).unwrap();
        let length = socket.recv(&mut came).unwrap();
        assert_eq!(came[..length], sent, "in fragments both ways");
        socket.connect((OURS, 4)).unwrap();
        socket.send(b"anybody?").unwrap();
        assert_eq!(socket.recv(&mut came).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
        let refused = TcpStream::connect((OURS, 4)).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        let mut idle = stream(7);
        let (status, lines) = serving.end("TERM");
        assert_eq!(status.code(), Some(0));
        assert_eq!(idle.read(&mut came).unwrap(), 0, "an idle connection is closed, not forgotten");
        assert_eq!(lines.matches("opened ").count(), 4, "{lines}");
        assert!(lines.contains(&format!("{OURS}:7 from ")), "{lines}");
        assert!(lines.contains("clean, 8 octets received, 8 sent"), "{lines}");
    });
}

#[test]
fn files_are_read_only_unless_uploads_are_allowed() {
    in_namespace("serve::files_are_read_only_unless_uploads_are_allowed", || {
        let root = std::env::temp_dir().join(format!("wirelab-lab-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(root.join("hello.txt"), "hello").unwrap();
        let at = format!("http:8080={}", root.display());
        let status = |question: &str| {
            let answer = String::from_utf8(exchange(8080, question.as_bytes())).unwrap();
            answer.split(' ').nth(1).map(str::to_owned)
        };
        let (get, put) = (
            "GET /hello.txt HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n",
            "PUT /new.txt HTTP/1.1\r\nHost: s\r\nConnection: close\r\nContent-Length: 3\r\n\r\nnew",
        );
        let serving = Serving::start(&[&at]);
        assert_eq!(status(get).as_deref(), Some("200"));
        assert_eq!(status(put).as_deref(), Some("405"));
        assert!(!root.join("new.txt").exists());
        assert_eq!(serving.end("INT").0.code(), Some(0));
        let serving = Serving::start(&["--allow-upload", &at]);
        assert_eq!(status(put).as_deref(), Some("201"));
        assert_eq!(std::fs::read(root.join("new.txt")).unwrap(), b"new");
        assert_eq!(serving.end("INT").0.code(), Some(0));
        std::fs::remove_dir_all(&root).unwrap();
    });
}

/// Clock ticks that a process has spent.
fn ticks(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn who_has_nothing_to_do_uses_no_processor() {
    in_namespace("serve::who_has_nothing_to_do_uses_no_processor", || {
        let serving = Serving::start(&["echo:7"]);
        assert_eq!(exchange(7, b"x"), b"x");
        let mut idle = stream(7);
        idle.write_all(b"y").unwrap();
        idle.read_exact(&mut [0]).unwrap();
        let before = ticks(serving.id());
        std::thread::sleep(Duration::from_secs(2));
        // 200 ticks of 10 ms would be all of it.
        let spent = ticks(serving.id()) - before;
        assert!(spent <= 4, "{spent} of 200 ticks");
        assert_eq!(serving.end("TERM").0.code(), Some(0));
    });
}
