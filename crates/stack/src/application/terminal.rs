//! A terminal: lines that somebody types go to a server one by one, and its answers are printed.
//!
//! It asks for a line, sends it, prints the answer, and asks whether that was all. It stands on the host's standard input
//! and output ([`stdio`](crate::socket::net::stdio)), so who types, a person or a pipe, and when, is nothing to it.

use core::net::SocketAddr;
use std::io;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::AppError;
use super::upper::UpperCase;
use crate::socket::net::stdio::{Stdin, Stdout, stdin, stdout};
use crate::socket::net::{TcpStream, received, report, result, sent};

/// What it asks for a line with.
pub const PROMPT: &str = "text: ";

/// What it asks with whether that was all.
pub const QUIT: &str = "quit? (y/n) ";

/// The longest line that it sends, in octets.
pub const LONGEST_LINE: usize = 8 * 1024;

/// The terminal.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server: one that sends back in upper case what it receives
    /// ([`session`](crate::application::upper::session)).
    pub remote: SocketAddr,
}

/// A line as it was typed.
enum Line {
    Text(Vec<u8>),
    /// It is longer than a line may be.
    TooLong,
    /// There are no more.
    End,
}

/// Connects, and sends each line that is typed, but an empty one, until the answer to "quit?" is `y` or `Y`, or the
/// input ends.
///
/// # Errors
/// When the server cannot be reached, or goes within an answer.
pub async fn run(config: Config) -> Result<(), AppError> {
    let remote = config.remote;
    let stream = TcpStream::connect(remote)
        .await
        .map_err(|error| AppError::new(format!("cannot connect to {remote}: {error}")))?;
    let (mut input, mut output) = (BufReader::new(stdin()), stdout());
    let mut codec = UpperCase::default();
    loop {
        match ask(PROMPT, &mut input, &mut output).await? {
            Line::End => break,
            Line::Text(text) if text.is_empty() => continue,
            Line::Text(text) => {
                let answer = exchange(&stream, &config, &mut codec, text).await?;
                result("answer", &String::from_utf8_lossy(&answer));
                output.write_all(&answer).await?;
                output.write_all(b"\n").await?;
            }
            Line::TooLong => {
                let refusal = format!("a line has at most {LONGEST_LINE} octets: this one was not sent");
                report(&refusal);
                output.write_all(format!("{refusal}\n").as_bytes()).await?;
                continue;
            }
        }
        match ask(QUIT, &mut input, &mut output).await? {
            Line::Text(text) if matches!(text.trim_ascii(), b"y" | b"Y") => break,
            Line::End => break,
            Line::Text(_) | Line::TooLong => {}
        }
    }
    stream.shutdown_write()?;
    while !stream.read_bytes(LONGEST_LINE).await?.is_empty() {}
    Ok(())
}

/// Sends a line and waits for its answer. What the server will do is done here too: of a character that the line cuts
/// it answers nothing until the next line has the rest.
async fn exchange(
    stream: &TcpStream,
    config: &Config,
    codec: &mut UpperCase,
    text: Vec<u8>,
) -> Result<Vec<u8>, AppError> {
    let mut upper = Vec::with_capacity(text.len());
    codec.push(&text, &mut upper);
    let expected = upper.len();
    sent(&text);
    stream.write_all_bytes(text.into()).await?;
    let mut answer = Vec::with_capacity(expected);
    while answer.len() < expected {
        let octets = stream.read_bytes(expected - answer.len()).await?;
        if octets.is_empty() {
            return Err(AppError::new(format!("{} closed before it had answered", config.remote)));
        }
        received(&octets);
        answer.extend_from_slice(&octets);
    }
    Ok(answer)
}

/// Prints a question, and reads the line that is typed.
async fn ask(question: &str, input: &mut BufReader<Stdin>, output: &mut Stdout) -> io::Result<Line> {
    output.write_all(question.as_bytes()).await?;
    let (mut line, mut any) = (Vec::new(), false);
    loop {
        let octets = input.fill_buf().await?;
        if octets.is_empty() {
            // The last line may have no end.
            return Ok(if any { finish(line) } else { Line::End });
        }
        any = true;
        let end = octets.iter().position(|octet| *octet == b'\n');
        // One more than may be, so that it is known to be too long; what is beyond is read and forgotten.
        let room = (LONGEST_LINE + 2).saturating_sub(line.len());
        let length = end.unwrap_or(octets.len());
        line.extend_from_slice(&octets[..length.min(room)]);
        input.consume(length + usize::from(end.is_some()));
        if end.is_some() {
            return Ok(finish(line));
        }
    }
}

/// A line without its end, as any system has it.
fn finish(mut line: Vec<u8>) -> Line {
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if line.len() > LONGEST_LINE { Line::TooLong } else { Line::Text(line) }
}
