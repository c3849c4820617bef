//! `wirelab connect`, answered by the kernel's sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, UdpSocket};
use std::process::Stdio;

use crate::namespace::{KERNEL, PATIENCE, in_namespace, wait, wirelab};

/// 16 MiB, none of whose pages are alike; 100 MiB in a deep run.
fn much() -> Vec<u8> {
    let length = if std::env::var_os("WIRELAB_DEEP").is_some() { 100 << 20 } else { 16 << 20 };
    let mut state = 1_u64;
    let mut octets = Vec::with_capacity(length);
    while octets.len() < length {
        // A generator of Marsaglia's: anything that does not repeat will do.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        octets.extend_from_slice(&state.to_le_bytes());
    }
    octets
}

#[test]
fn much_goes_up_and_down_whole() {
    in_namespace("connect::much_goes_up_and_down_whole", || {
        let (data, listener) = (much(), TcpListener::bind((KERNEL, 9999)).unwrap());
        for options in [&[][..], &["--offload"]] {
            let mut child = wirelab("connect")
                .args(options)
                .args([KERNEL, "9999"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let (mut stream, peer) = listener.accept().unwrap();
            assert_eq!(peer.ip().to_string(), crate::namespace::OURS);
            let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    input.write_all(&data).unwrap();
                    drop(input);
                });
                let printed = scope.spawn(|| {
                    let mut printed = Vec::new();
                    output.read_to_end(&mut printed).unwrap();
                    printed
                });
                let mut came = Vec::new();
                stream.read_to_end(&mut came).unwrap();
                assert!(came == data, "up: {} octets of {}", came.len(), data.len());
                stream.write_all(&data).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                let printed = printed.join().unwrap();
                assert!(printed == data, "down: {} octets of {}", printed.len(), data.len());
            });
            assert_eq!(wait(&mut child).code(), Some(0));
        }
    });
}

#[test]
fn datagrams_go_and_come() {
    in_namespace("connect::datagrams_go_and_come", || {
        let socket = UdpSocket::bind((KERNEL, 9999)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut child = wirelab("connect")
            // The kernel may be a second late to answer who asks by ARP on a device that was opened just now.
            .args(["-u", "-w", "2s", KERNEL, "9999"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"question").unwrap();
        let mut octets = [0; 100];
        let (length, peer) = socket.recv_from(&mut octets).unwrap();
        assert_eq!(&octets[..length], b"question");
        socket.send_to(b"answer", peer).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), b"answer".as_slice()));
    });
}

#[test]
fn a_closed_port_is_an_error_with_its_name() {
    in_namespace("connect::a_closed_port_is_an_error_with_its_name", || {
        let output = wirelab("connect").args([KERNEL, "4"]).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error, format!("error: {KERNEL}:4: connection refused\n"));
    });
}
