//! The tutorial's first two programs, in BSD calls: a server on port 6999 that sends back in upper case, and its client.
//!
//! `cargo run --example tutorial_bsd` runs both on a simulated link.

use wirelab::blocking::bsd::{AF_INET, Address, SHUT_WR, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket};
use wirelab::blocking::{program, report};
use wirelab::sim::Network;
use wirelab::stack::application::AppError;
use wirelab::stack::time::Duration;

/// Serves two clients, one after the other.
fn server() -> Result<(), AppError> {
    let server_socket = socket(AF_INET, SOCK_STREAM, 0)?;
    server_socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, true)?;
    server_socket.bind(Address::from(([0, 0, 0, 0], 6999)))?;
    server_socket.listen(5)?;
    report("listening on port 6999");
    for _ in 0..2 {
        let (client_socket, client_address) = server_socket.accept()?;
        report(format!("connected by {client_address}"));
        let message = client_socket.recv(1024)?;
        client_socket.sendall(String::from_utf8_lossy(&message).to_uppercase().as_bytes())?;
        client_socket.close()?;
    }
    server_socket.close()?;
    Ok(())
}

fn client(message: &str) -> Result<String, AppError> {
    let client_socket = socket(AF_INET, SOCK_STREAM, 0)?;
    client_socket.connect(Address::from(([10, 0, 0, 2], 6999)))?;
    client_socket.sendall(message.as_bytes())?;
    client_socket.shutdown(SHUT_WR)?;
    let answer = client_socket.recv(1024)?;
    client_socket.close()?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Runs the server, and a client for each message; what they heard.
fn run(messages: [&'static str; 2]) -> Vec<String> {
    let mut net = Network::new(42);
    let (at_client, at_server) = (net.host("client", "10.0.0.1/24"), net.host("server", "10.0.0.2/24"));
    net.link(at_client, at_server).delay(Duration::from_millis(20));
    net.spawn(at_server, "server", program(server));
    let (tell, heard) = std::sync::mpsc::channel();
    net.spawn(
        at_client,
        "client",
        program(move || {
            for message in messages {
                tell.send(client(message)?)?;
            }
            Ok(())
        }),
    );
    net.finish();
    heard.iter().collect()
}

fn main() {
    println!("{:?}", run(["Hello, network!", "欢迎新同学 straße"]));
}

#[test]
fn the_answers_are_in_upper_case() {
    assert_eq!(run(["Hello, network!", "欢迎新同学 straße"]), ["HELLO, NETWORK!", "欢迎新同学 STRASSE"]);
}
