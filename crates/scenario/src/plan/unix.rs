//! Applications on sockets within a host, with what was left out filled in.

use wirelab_stack::application::unix::{ClientConfig, LONGEST, ServerConfig};
use wirelab_stack::time::Duration;
use wirelab_stack::transport::unix::Type;

use super::Work;
use super::applications::{Lookup, texts, value};
use crate::model::{App, SocketTypeWord, UnixClient, UnixServer};
use crate::read::At;

/// What an application of these kinds does; nothing where it is of another.
pub fn work(app: &App, lookup: &mut Lookup<'_>) -> Option<Work> {
    Some(match app {
        App::UnixServer(at) => Work::UnixServer(server(at, lookup)),
        App::UnixClient(at) => Work::UnixClient(client(at, lookup)),
        _ => return None,
    })
}

fn type_of(word: Option<&At<SocketTypeWord>>) -> Type {
    match word.map(|word| word.value) {
        None | Some(SocketTypeWord::Stream) => Type::Stream,
        Some(SocketTypeWord::Datagram) => Type::Datagram,
        Some(SocketTypeWord::SeqPacket) => Type::SeqPacket,
    }
}

fn server(server: &UnixServer, lookup: &mut Lookup<'_>) -> ServerConfig {
    let address = server.address.value.0.clone();
    if let Some(requests) = server.requests.as_ref().filter(|requests| requests.value == 0) {
        let problem = requests.problem("a server that ends after 0 would not begin");
        lookup.problems.push(problem.allowed("1 or more, or nothing for a server that does not end"));
    }
    if let Some(unlink) = server.unlink.as_ref().filter(|unlink| unlink.value && address.as_path().is_none())
    {
        let problem = unlink.problem("an abstract name goes with its socket: there is nothing to unlink");
        lookup.problems.push(problem.allowed("`unlink` with a path"));
    }
    ServerConfig {
        kind: type_of(server.socket_type.as_ref()),
        address,
        unlink: value(&server.unlink).unwrap_or(false),
        requests: value(&server.requests),
    }
}

fn client(client: &UnixClient, lookup: &mut Lookup<'_>) -> ClientConfig {
    let kind = type_of(client.socket_type.as_ref());
    let long = client.texts.value.0.iter().find(|text| kind != Type::Stream && text.value.len() > LONGEST);
    if let Some(text) = long {
        let problem = text.problem(format!("a message cannot have {} octets", text.value.len()));
        lookup.problems.push(problem.allowed(format!("at most {LONGEST} octets, or a stream")));
    }
    ClientConfig {
        kind,
        remote: client.to.value.0.clone(),
        local: client.address.as_ref().map(|address| address.value.0.clone()),
        texts: texts(&client.texts.value.0),
        pause: client.pause.as_ref().map_or(Duration::ZERO, |pause| pause.value.0),
    }
}
