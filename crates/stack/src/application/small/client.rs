//! The clients.

use super::{ClientConfig, Service, Transport, chargen, date, udp};
use crate::application::AppError;
use crate::application::open::connect;
use crate::application::race::{Either, race};
use crate::clock::Timestamp;
use crate::socket::net::{TcpStream, received, report, result, sent, time};

/// Octets that are read at once.
const READ: usize = 64 * 1024;

/// Asks, compares the answer with what it must be where that is known, and says it.
///
/// # Errors
/// When nobody answers, or the answer is not that of the service.
pub async fn ask(config: ClientConfig) -> Result<(), AppError> {
    match config.transport {
        Transport::Tcp => connection(config).await,
        Transport::Udp => datagrams(config).await,
    }
}

async fn connection(config: ClientConfig) -> Result<(), AppError> {
    let remote = config.remote;
    let stream = connect(remote).await?;
    match config.service {
        Service::Echo => echo(&stream, &config.texts).await,
        Service::Chargen => characters(&stream, config.bytes).await,
        Service::Daytime => told(&to_the_end(&stream, date::MAX_LINE).await?),
        Service::Time => seconds(&to_the_end(&stream, 4).await?),
    }
}

/// It reads while it writes: two ends that both wait for room would wait for ever.
async fn echo(stream: &TcpStream, texts: &[String]) -> Result<(), AppError> {
    let write = async {
        for text in texts {
            stream.write_all_bytes(text.clone().into()).await?;
            sent(text.as_bytes());
        }
        stream.shutdown_write()?;
        core::future::pending::<Result<(), AppError>>().await
    };
    let expected: Vec<u8> = texts.iter().flat_map(|text| text.bytes()).collect();
    let answer = match race(to_the_end(stream, expected.len()), write).await {
        Either::First(answer) => answer?,
        Either::Second(failed) => return failed,
    };
    if answer != expected {
        return Err(AppError::new("what came back is not what was sent"));
    }
    for text in texts {
        result("answer", text);
    }
    Ok(())
}

/// All octets to the end of the connection.
async fn to_the_end(stream: &TcpStream, most: usize) -> Result<Vec<u8>, AppError> {
    let mut whole = Vec::new();
    loop {
        // One more, to notice more than there may be.
        let octets = stream.read_bytes((most - whole.len()).saturating_add(1)).await?;
        if octets.is_empty() {
            return Ok(whole);
        }
        received(&octets);
        whole.extend_from_slice(&octets);
        if whole.len() > most {
            return Err(AppError::new(format!("the answer has more than {most} octets")));
        }
    }
}

async fn characters(stream: &TcpStream, bytes: u64) -> Result<(), AppError> {
    let mut read = 0;
    while read < bytes {
        let most = usize::try_from(bytes - read).map_or(READ, |left| left.min(READ));
        let octets = stream.read_bytes(most).await?;
        if octets.is_empty() {
            return Err(AppError::new(format!("the characters ended after {read} octets")));
        }
        received(&octets);
        if octets[..] != chargen::octets(read, octets.len()) {
            return Err(AppError::new(format!("other characters than expected after {read} octets")));
        }
        read += octets.len() as u64;
    }
    result("answer", &format!("{read} octets of characters"));
    Ok(())
}

/// A line with the date, in whatever words.
fn told(line: &[u8]) -> Result<(), AppError> {
    let text = core::str::from_utf8(line).ok().map(str::trim_end).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| AppError::new("the answer is no line of text"))?;
    report(format!("the date there: {text}"));
    result("answer", text);
    Ok(())
}

fn seconds(octets: &[u8]) -> Result<(), AppError> {
    let Ok(octets) = <[u8; 4]>::try_from(octets) else {
        return Err(AppError::new(format!("the answer has {} octets, and a time has 4", octets.len())));
    };
    let own = time::date();
    let there: Option<Timestamp> = date::from_seconds(u32::from_be_bytes(octets), own);
    let there = there.ok_or_else(|| AppError::new("that time is in no calendar"))?;
    report(format!("the date there: {there}, {} s ahead", there.as_second() - own.as_second()));
    result("answer", &there.to_string());
    Ok(())
}

async fn datagrams(config: ClientConfig) -> Result<(), AppError> {
    match config.service {
        Service::Echo => {
            for text in &config.texts {
                udp::exchange(&config, text.as_bytes(), |answer| answer == text.as_bytes()).await?;
                result("answer", text);
            }
            Ok(())
        }
        Service::Chargen => {
            let answer = udp::exchange(&config, b"", |answer| {
                answer.len() as u64 <= chargen::MAX_DATAGRAM && answer == chargen::octets(0, answer.len())
            });
            result("answer", &format!("{} octets of characters", answer.await?.len()));
            Ok(())
        }
        Service::Daytime => {
            told(&udp::exchange(&config, b"", |answer| answer.len() <= date::MAX_LINE).await?)
        }
        Service::Time => seconds(&udp::exchange(&config, b"", |answer| answer.len() == 4).await?),
    }
}
