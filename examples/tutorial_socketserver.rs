//! The tutorial's other two programs: a server in the framework's manner on port 9999, which sends back each line in upper
//! case and announces who comes and goes, and a client that sends line after line.
//!
//! `cargo run --example tutorial_socketserver` runs both on a simulated link.

use std::io::{self, BufRead, BufReader, Write};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use wirelab::blocking::{TcpStream, program};
use wirelab::net::report;
use wirelab::sim::Network;
use wirelab::socketserver::{
    Connection, HandlerResult, Options, StreamRequest, StreamRequestHandler, Streams, TcpServer, Threading,
};
use wirelab::stack::application::AppError;
use wirelab::stack::time::Duration;

struct MyTcpHandler;

impl<C: Connection, A: std::fmt::Display + 'static> StreamRequestHandler<C, A> for MyTcpHandler {
    async fn setup(&mut self, request: &mut StreamRequest<C, A>) -> HandlerResult {
        report(format!("setup: {} has connected", request.client_address));
        Ok(())
    }

    async fn handle(&mut self, request: &mut StreamRequest<C, A>) -> HandlerResult {
        let mut line = String::new();
        while request.rfile.read_line(&mut line).await? > 0 {
            request.wfile.write_all(line.to_uppercase().as_bytes()).await?;
            line.clear();
        }
        Ok(())
    }

    async fn finish(&mut self, request: &mut StreamRequest<C, A>) -> HandlerResult {
        report(format!("finish: {} has gone", request.client_address));
        Ok(())
    }
}

async fn server() -> Result<(), AppError> {
    let options = Options { threading: Some(Threading::default()), ..Options::default() };
    let mut server = TcpServer::with_options("0.0.0.0:9999".parse()?, Streams(|| MyTcpHandler), options)?;
    Ok(server.serve_forever().await?)
}

/// Sends line after line; returns the answers.
fn client(lines: &[&str]) -> io::Result<Vec<String>> {
    let stream = TcpStream::connect("10.0.0.2:9999")?;
    let mut answers = BufReader::new(&stream).lines();
    let mut heard = Vec::new();
    for line in lines {
        writeln!(&stream, "{line}")?;
        heard.extend(answers.next().transpose()?);
    }
    Ok(heard)
}

/// Runs the server and a client for each of `sessions`, all at once; what they heard, in the order in which they were done.
fn run(sessions: [&'static [&'static str]; 2]) -> Vec<Vec<String>> {
    let mut net = Network::new(42);
    let (at_client, at_server) = (net.host("client", "10.0.0.1/24"), net.host("server", "10.0.0.2/24"));
    net.link(at_client, at_server).delay(Duration::from_millis(20));
    net.service(at_server, "server", server);
    let (tell, heard) = std::sync::mpsc::channel();
    for lines in sessions {
        let tell = tell.clone();
        net.spawn(at_client, lines[0], program(move || Ok(tell.send(client(lines)?)?)));
    }
    drop(tell);
    net.finish();
    heard.iter().collect()
}

fn main() {
    println!("{:?}", run([&["hello", "network"], &["été"]]));
}

#[test]
fn each_line_comes_back_in_upper_case_and_nobody_waits_for_another() {
    assert_eq!(run([&["hello", "network"], &["été"]]), [vec!["ÉTÉ"], vec!["HELLO", "NETWORK"]]);
}
