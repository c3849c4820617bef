//! A request over UDP, sent again until it is answered.

use std::io;

use bytes::Bytes;

use super::ClientConfig;
use crate::application::AppError;
use crate::application::open::any_address;
use crate::socket::net::{UdpSocket, received, report, sent, time};

/// The answer to `request` that `is_right`; others are passed over. Each exchange has a socket of its own, so that answers
/// to an earlier one, which may come late and twice, are none to this.
///
/// # Errors
/// When nobody answers, however often it is asked, or there is no such service.
pub(super) async fn exchange(
    config: &ClientConfig,
    request: &[u8],
    is_right: impl Fn(&[u8]) -> bool,
) -> Result<Bytes, AppError> {
    let remote = config.remote;
    let socket = UdpSocket::bind(any_address(remote.ip())).await?;
    socket.connect(remote).await?;
    for attempt in 0..config.attempts {
        socket.send(request).await?;
        sent(request);
        let answered = async {
            loop {
                let (octets, _) = socket.recv_bytes().await?;
                if is_right(&octets) {
                    return Ok::<_, io::Error>(octets);
                }
            }
        };
        match time::timeout(config.timeout.backed_off(attempt), answered).await {
            Ok(answer) => {
                let answer = answer?;
                received(&answer);
                return Ok(answer);
            }
            Err(_) if attempt + 1 < config.attempts => report("no answer: asked again"),
            Err(_) => {}
        }
    }
    Err(AppError::new(format!("no answer from {remote}, asked {} times", config.attempts)))
}
