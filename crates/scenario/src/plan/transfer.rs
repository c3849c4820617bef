//! Servers and clients that move files and mail, with what was left out filled in.

use wirelab_stack::application::ftp::codec::command::Representation;
use wirelab_stack::application::smtp::codec::address::is_domain;
use wirelab_stack::application::{ftp, smtp};
use wirelab_stack::storage::FilePath;
use wirelab_stack::time::Duration;

use super::Work;
use super::applications::{Lookup, value};
use crate::model::{AnonymousWord, App, FtpClient, FtpServer, SmtpClient, SmtpServer};
use crate::read::At;
use crate::units::{Port, RemotePath, Span};

/// The usual port of FTP.
pub const FTP: u16 = 21;
/// The usual port of SMTP.
pub const SMTP: u16 = 25;

/// What an application of these kinds does; nothing where it is of another, or where something is wrong.
pub fn work(app: &App, lookup: &mut Lookup<'_>) -> Option<Work> {
    Some(match app {
        App::FtpServer(server) => Work::FtpServer(ftp_server(server, lookup)?),
        App::FtpClient(client) => Work::FtpClient(ftp_client(client, lookup)?),
        App::SmtpServer(server) => Work::SmtpServer(smtp_server(server, lookup)?),
        App::SmtpClient(client) => Work::SmtpClient(smtp_client(client, lookup)?),
        _ => return None,
    })
}

fn port(port: Option<&At<Port>>, usual: u16) -> u16 {
    port.map_or(usual, |port| port.value.0)
}

fn pause(pause: Option<&At<Span>>, otherwise: u64) -> Duration {
    pause.map_or(Duration::from_secs(otherwise), |pause| pause.value.0)
}

fn ftp_server(server: &FtpServer, lookup: &mut Lookup<'_>) -> Option<ftp::server::Config> {
    let local = lookup.local(server.address.as_ref(), port(server.port.as_ref(), FTP))?;
    for (place, login) in server.login.iter().enumerate() {
        let name = &login.value.user;
        if server.login[..place].iter().any(|other| other.value.user.value == name.value) {
            let problem = name.problem(format!("`{}` is a user already", name.value));
            lookup.problems.push(problem.allowed("a name of its own for each user"));
        }
    }
    let user = |login: &At<crate::model::FtpUser>| ftp::server::User {
        name: login.value.user.value.clone(),
        password: login.value.password.value.clone(),
        writes: value(&login.value.may_write).unwrap_or(false),
    };
    Some(ftp::server::Config {
        local,
        root: server.root.as_ref().map_or_else(FilePath::root, |root| root.value.clone()),
        users: server.login.iter().map(user).collect(),
        anonymous: match value(&server.anonymous) {
            Some(AnonymousWord::No) => ftp::server::Anonymous::No,
            None | Some(AnonymousWord::Read) => ftp::server::Anonymous::Read,
            Some(AnonymousWord::Write) => ftp::server::Anonymous::Write,
        },
        sessions: value(&server.sessions),
    })
}

fn ftp_client(client: &FtpClient, lookup: &mut Lookup<'_>) -> Option<ftp::client::Config> {
    let text = |at: Option<&At<RemotePath>>, otherwise: &str| {
        at.map_or_else(|| otherwise.to_owned(), |at| at.value.0.clone())
    };
    let ascii = value(&client.ascii).unwrap_or(false);
    let listings = client.listings.iter().flat_map(|listings| &listings.value.0);
    let get = client
        .get
        .iter()
        .map(|get| ftp::client::Get { from: get.value.from.value.0.clone(), to: get.value.to.value.clone() });
    let put = client
        .put
        .iter()
        .map(|put| ftp::client::Put { from: put.value.from.value.clone(), to: put.value.to.value.0.clone() });
    Some(ftp::client::Config {
        remote: lookup.remote(&client.to)?,
        user: text(client.user.as_ref(), "anonymous"),
        password: text(client.password.as_ref(), "anonymous@"),
        active: value(&client.active).unwrap_or(false),
        representation: if ascii { Representation::Ascii } else { Representation::Image },
        lists: listings.map(|path| path.value.0.clone()).collect(),
        gets: get.collect(),
        puts: put.collect(),
        attempts: value(&client.attempts).unwrap_or(1),
        pause: pause(client.pause.as_ref(), 10),
    })
}

fn smtp_server(server: &SmtpServer, lookup: &mut Lookup<'_>) -> Option<smtp::server::Config> {
    let domains: Vec<String> = server.domains.value.0.iter().map(|domain| domain.value.0.clone()).collect();
    let Some(first) = domains.first() else {
        let problem = server.domains.problem("a server without domains would take no mail");
        lookup.problems.push(problem.allowed("one domain or more"));
        return None;
    };
    let mail = || FilePath::new("mail").unwrap_or_else(|_| FilePath::root());
    Some(smtp::server::Config {
        local: lookup.local(server.address.as_ref(), port(server.port.as_ref(), SMTP))?,
        name: server.calls_itself.as_ref().map_or_else(|| first.clone(), |name| name.value.0.clone()),
        store: server.store.as_ref().map_or_else(mail, |store| store.value.clone()),
        size: server.max_size.as_ref().map_or(smtp::server::DEFAULT_SIZE, |size| size.value.0),
        sessions: value(&server.sessions),
        domains,
    })
}

fn smtp_client(client: &SmtpClient, lookup: &mut Lookup<'_>) -> Option<smtp::client::Config> {
    let recipients = &client.recipients;
    if recipients.value.0.is_empty() {
        let problem = recipients.problem("a message for nobody is not sent");
        lookup.problems.push(problem.allowed("one recipient or more"));
        return None;
    }
    let host = lookup.host.map(|host| host.name.clone()).filter(|name| is_domain(name));
    let own = client.calls_itself.as_ref().map(|name| name.value.0.clone());
    Some(smtp::client::Config {
        remote: lookup.remote(&client.to)?,
        name: own.or(host).unwrap_or_else(|| "localhost".to_owned()),
        from: client.sender.as_ref().map(|sender| sender.value.clone()),
        to: recipients.value.0.iter().map(|recipient| recipient.value.clone()).collect(),
        message: client.message.value.clone(),
        attempts: value(&client.attempts).unwrap_or(1),
        pause: pause(client.pause.as_ref(), 60),
    })
}
