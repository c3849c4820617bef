//! By FTP: a session with one transfer, over a data connection that the client opens.

use super::saving::Saving;
use super::target::FtpUrl;
use super::{Config, address};
use crate::application::AppError;
use crate::application::ftp::client::{Control, Failure, Session, log_in};
use crate::application::ftp::codec::command::{Command, Representation};
use crate::socket::net::{TcpStream, report, result, time};

/// Octets that are moved at once.
const CHUNK: usize = 64 * 1024;

/// Fetches the file that `url` means.
pub(super) async fn fetch(config: &Config, url: &FtpUrl, saving: &mut Saving) -> Result<(), AppError> {
    let shown = url.to_string();
    let remote = address(config, (&url.host, url.port), url).map_err(|error| wrong(&shown, &error))?;
    result("url", &shown);
    let failed = |failure: Failure| wrong(&shown, &failure.text);
    let mut control = in_time(config, Control::open(remote)).await.map_err(failed)?;
    in_time(config, log_in(&mut control, (&url.user, &url.password))).await.map_err(failed)?;
    for directory in &url.directories {
        in_time(config, control.must(&Command::Cwd(directory.clone()))).await.map_err(failed)?;
    }
    let mut session = Session::new(control, false, Representation::Image);
    let size = in_time(config, session.size(&url.file)).await.map_err(failed)?;
    let modified = in_time(config, session.modified(&url.file)).await.map_err(failed)?;
    saving.expect(size).map_err(|error| wrong(&shown, &error))?;
    // RFC 3659 §3: a date that changes with each change is all that there is.
    let validator = modified.zip(size).map(|(modified, size)| format!("{modified} {size}"));
    let same = saving.part_of(&shown).is_some_and(|(offset, known)| {
        Some(known) == validator.as_deref() && size.is_some_and(|size| offset <= size)
    });
    if !same {
        saving.begin_anew(&shown, validator.clone()).map_err(|error| wrong(&shown, &error))?;
    }
    if saving.offset() == 0 || Some(saving.offset()) != size {
        let stream = begin(config, &mut session, url, saving, validator).await.map_err(failed)?;
        saving.announce();
        move_all(config, &stream, saving).await.map_err(failed)?;
        drop(stream);
        in_time(config, session.end(&Command::Retr(url.file.clone()))).await.map_err(failed)?;
    } else {
        saving.announce();
    }
    // All is there, whatever the server says to this.
    let _ = in_time(config, session.control.ask(&Command::Quit)).await;
    match size {
        Some(size) if size != saving.offset() => {
            Err(wrong(&shown, &format!("{} octets came of {size}", saving.offset())))
        }
        _ => Ok(()),
    }
}

/// Begins the transfer, where what was left ends, or else at the beginning.
async fn begin(
    config: &Config,
    session: &mut Session,
    url: &FtpUrl,
    saving: &mut Saving,
    validator: Option<String>,
) -> Result<TcpStream, Failure> {
    in_time(config, session.agree(Representation::Image)).await?;
    let command = Command::Retr(url.file.clone());
    if saving.offset() == 0 {
        return in_time(config, session.begin(&command, 0)).await;
    }
    match in_time(config, session.begin(&command, saving.offset())).await {
        // RFC 3659 §5: not each server knows how to begin elsewhere.
        Err(failure) if failure.permanent => {
            report(format!("all is fetched: {}", failure.text));
            let anew = saving.begin_anew(&url.to_string(), validator);
            anew.map_err(|error| Failure::permanent(error.to_string()))?;
            in_time(config, session.begin(&command, 0)).await
        }
        begun => begun,
    }
}

async fn move_all(config: &Config, stream: &TcpStream, saving: &mut Saving) -> Result<(), Failure> {
    loop {
        let reading = async { Ok(stream.read_bytes(CHUNK).await?) };
        let octets = in_time(config, reading).await?;
        if octets.is_empty() {
            return Ok(());
        }
        saving.take(&octets).await.map_err(|error| Failure::permanent(error.to_string()))?;
    }
}

/// A step of the session, which may take so long and no longer.
async fn in_time<T>(config: &Config, step: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = |_| Failure::passing(format!("the server says nothing for {}", config.patience));
    time::timeout(config.patience, step).await.map_err(late)?
}

fn wrong(url: &str, error: &dyn core::fmt::Display) -> AppError {
    AppError::new(format!("{url}: {error}"))
}
