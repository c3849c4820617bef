//! What our host serves: `echo:7`, `http:80=DIR`.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use wirelab_sim::World;
use wirelab_stack::application::small::{self, Service, Transport};
use wirelab_stack::application::upper::{once, session};
use wirelab_stack::application::{AppError, discard, ftp, http, smtp};
use wirelab_stack::frame::NodeId;
use wirelab_stack::storage::FilePath;
use wirelab_stack::time::Instant;

use super::Lab;
use crate::directory::Mounts;
use crate::exit::Failure;
use crate::suggest;

/// The most octets of a message that the mail server takes: what Postfix takes unless it is told otherwise.
const MAIL_SIZE: u64 = 10_240_000;

/// An application that can be served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Small(Service),
    Discard,
    Upper,
    UpperSession,
    Http,
    Ftp,
    Smtp,
}

const ALL: [(&str, What); 10] = [
    ("echo", What::Small(Service::Echo)),
    ("discard", What::Discard),
    ("chargen", What::Small(Service::Chargen)),
    ("daytime", What::Small(Service::Daytime)),
    ("time", What::Small(Service::Time)),
    ("upper", What::Upper),
    ("upper-session", What::UpperSession),
    ("http", What::Http),
    ("ftp", What::Ftp),
    ("smtp", What::Smtp),
];

impl What {
    const fn port(self) -> u16 {
        match self {
            Self::Small(service) => service.port(),
            Self::Discard => discard::PORT,
            Self::Upper => once::PORT,
            Self::UpperSession => session::PORT,
            Self::Http => http::PORT,
            Self::Ftp => ftp::PORT,
            Self::Smtp => smtp::PORT,
        }
    }

    const fn has_files(self) -> bool {
        matches!(self, Self::Http | Self::Ftp | Self::Smtp)
    }
}

/// An application as it is written: `NAME[:PORT][=DIR]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppArg {
    name: &'static str,
    what: What,
    port: u16,
    directory: Option<PathBuf>,
}

impl FromStr for AppArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (head, directory) = match text.split_once('=') {
            Some((head, directory)) => (head, Some(directory)),
            None => (text, None),
        };
        let (name, port) = match head.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (head, None),
        };
        let Some((name, what)) = ALL.into_iter().find(|(known, _)| *known == name) else {
            let names = ALL.map(|(known, _)| known);
            let hint = suggest::hint(name, names);
            return Err(format!("there is no application `{name}`{hint}; there are {}", names.join(", ")));
        };
        let port = match port {
            None => what.port(),
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| format!("`{port}` is no port; it is a number from 1 to 65535"))?,
        };
        match directory {
            None if what.has_files() => Err(format!("`{name}` needs a directory: `{name}:{port}=DIR`")),
            Some("") => Err(format!("the directory is missing behind `=`: `{name}:{port}=DIR`")),
            Some(_) if !what.has_files() => Err(format!("`{name}` has no files: leave out the `=`")),
            directory => Ok(Self { name, what, port, directory: directory.map(PathBuf::from) }),
        }
    }
}

impl fmt::Display for AppArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.port)
    }
}

/// Has the lab's host serve all of these. Files are read-only unless `upload`; mail is stored.
///
/// # Errors
/// When two want one port, or a directory cannot be opened.
pub fn serve(lab: &mut Lab, all: &[AppArg], upload: bool) -> Result<(), Failure> {
    let mut mounts = Mounts::default();
    for (place, app) in all.iter().enumerate() {
        if let Some(other) = all[..place].iter().find(|other| other.port == app.port) {
            return Err(Failure::Usage(format!("`{app}` and `{other}` want one port")));
        }
        let root = match &app.directory {
            None => FilePath::root(),
            Some(path) => mounts.add(&format!("{}-{}", app.name, app.port), lab.directory(path)?),
        };
        spawn(&mut lab.world, lab.host, app, root, upload);
    }
    lab.world.set_storage(lab.host, Box::new(mounts));
    Ok(())
}

fn spawn(world: &mut World, host: NodeId, app: &AppArg, root: FilePath, upload: bool) {
    let local = SocketAddr::from((Ipv4Addr::UNSPECIFIED, app.port));
    let mut run = |suffix: &str, program: std::pin::Pin<Box<dyn Future<Output = Result<(), AppError>>>>| {
        world.spawn_background(host, &format!("{app}{suffix}"), Instant::ZERO, program);
    };
    match app.what {
        What::Small(service) => {
            for (suffix, transport) in [("", Transport::Tcp), ("/udp", Transport::Udp)] {
                let config = small::ServerConfig { service, transport, local, requests: None };
                run(suffix, Box::pin(small::serve(config)));
            }
        }
        What::Discard => {
            let config = discard::ServerConfig { local, connections: None };
            run("", Box::pin(discard::tcp_server(config)));
            run("/udp", Box::pin(discard::udp_server(discard::UdpServerConfig { local, datagrams: None })));
        }
        What::Upper => {
            run("", Box::pin(once::server(once::ServerConfig { local, connections: None })));
        }
        What::UpperSession => {
            run("", Box::pin(session::server(session::ServerConfig { local, connections: None })));
        }
        What::Http => run(
            "",
            Box::pin(http::server::server(http::server::Config {
                local,
                connections: None,
                root,
                writable: upload,
                max_body: http::server::DEFAULT_MAX_BODY,
                head_timeout: http::server::DEFAULT_HEAD_TIMEOUT,
                max_requests: Some(http::server::DEFAULT_MAX_REQUESTS),
                log: None,
                redirects: Vec::new(),
            })),
        ),
        What::Ftp => {
            let anonymous = if upload { ftp::server::Anonymous::Write } else { ftp::server::Anonymous::Read };
            let config = ftp::server::Config { local, root, users: Vec::new(), anonymous, sessions: None };
            run("", Box::pin(ftp::server::serve(config)));
        }
        What::Smtp => {
            let config = smtp::server::Config {
                local,
                name: super::HOST.to_owned(),
                domains: Vec::new(),
                store: root,
                size: MAIL_SIZE,
                sessions: None,
            };
            run("", Box::pin(smtp::server::serve(config)));
        }
    }
}
