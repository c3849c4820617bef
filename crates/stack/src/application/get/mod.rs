//! Fetches what one URL means, by HTTP (RFC 9110) or FTP (RFC 959), into a file or to standard output.
//!
//! | file | holds |
//! |---|---|
//! | `target` | URLs of both kinds |
//! | `saving` | what has come: its file until it is whole, its hash, its bounds |
//! | `origin` | what is kept of where it came from, to go on with it later |
//! | `http` | requests, redirects and ranges |
//! | `ftp` | a session with one transfer |
//!
//! What is on its way is called [`PARTIAL`] at its end, and gets its own name when all of it is there. Beside it lies, as long
//! as it is not whole, what the server said of it ([`ORIGIN`]): a later run goes on only with what is the same still.
//!
//! It says by results what came of it: `url` (where it was at last), `status` (of HTTP), `size` (where the server told it),
//! `from` (octets that an earlier run had fetched), `octets` (all of them), `sha256`, and `elsewhere` with a URL whose host it
//! does not know.

mod ftp;
mod http;
mod origin;
mod saving;
mod target;

use core::net::{Ipv4Addr, SocketAddr};

use super::AppError;
use crate::socket::net::bsd::gethostbyname;
use crate::socket::net::{result, time};
use crate::storage::FilePath;
use crate::time::Duration;

pub use target::{FtpUrl, Target, TargetError};

use saving::Saving;

/// How the name of a file ends that is not whole yet.
pub const PARTIAL: &str = ".partial";

/// How the name of the file ends that says where one that is not whole came from.
pub const ORIGIN: &str = ".partial-of";

/// How long a server may take to be connected to, and not say a word, where nothing else is said.
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(60);

/// Redirects that are followed, where nothing else is said.
pub const DEFAULT_MAX_REDIRECTS: u32 = 10;

/// What is fetched, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// What is fetched.
    pub url: Target,
    /// Where it goes.
    pub to: To,
    /// Goes on with what an earlier run has left, where it is the same still.
    pub resume: bool,
    /// More octets than these are an error.
    pub max_size: Option<u64>,
    /// What the hash (SHA-256) must be.
    pub sha256: Option<[u8; 32]>,
    /// How long the server may take to be connected to, and not say a word.
    pub patience: Duration,
    /// How long all of it may take, without the hashing of what an earlier run has left.
    pub max_time: Option<Duration>,
    /// Redirects that are followed; one more is an error.
    pub max_redirects: u32,
    /// Hosts whose addresses are known, besides those that this host knows.
    pub addresses: Vec<(String, Ipv4Addr)>,
}

/// Where it goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum To {
    /// Into a file, which appears when all of it is there.
    File(FilePath),
    /// To standard output, as it comes.
    Output,
}

/// Fetches it.
///
/// # Errors
/// When the server is not known or not reached, takes too long, refuses, or breaks off; when it is too large, is not what its
/// hash says, or cannot be saved.
pub async fn get(config: Config) -> Result<(), AppError> {
    let mut saving = Saving::begin(&config).await?;
    let transfer = async {
        match &config.url {
            Target::Http(url) => http::fetch(&config, url, &mut saving).await,
            Target::Ftp(url) => ftp::fetch(&config, url, &mut saving).await,
        }
    };
    let moved = match config.max_time {
        None => transfer.await,
        Some(most) => time::timeout(most, transfer)
            .await
            .unwrap_or_else(|_| Err(AppError::new(format!("{}: it took longer than {most}", config.url)))),
    };
    match moved {
        Ok(()) => saving.finish(&config),
        Err(error) => Err(saving.broken_off(&error)),
    }
}

/// Where a host is: as the configuration says, or as this host knows it. `url` is said where nobody does.
fn address(
    config: &Config,
    (host, port): (&str, u16),
    url: &dyn core::fmt::Display,
) -> Result<SocketAddr, AppError> {
    let given = config.addresses.iter().find(|(name, _)| name.eq_ignore_ascii_case(host));
    let known = given.map(|(_, address)| *address).or_else(|| gethostbyname(host).ok()?.first().copied());
    let Some(ip) = known else {
        result("elsewhere", &url.to_string());
        return Err(AppError::new(format!("there is no host `{host}`")));
    };
    Ok(SocketAddr::new(ip.into(), port))
}
