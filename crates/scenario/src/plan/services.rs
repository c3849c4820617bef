//! The small services and the tutorial's two, with what was left out filled in.

use wirelab_stack::application::small::{ClientConfig, ServerConfig, Service, Transport};
use wirelab_stack::application::terminal;
use wirelab_stack::application::upper::{once, session};
use wirelab_stack::time::Duration;

use super::Work;
use super::applications::{Lookup, texts, value};
use crate::model::{App, ServiceClient, ServiceWord, TransportWord};
use crate::read::At;

/// What an application of these kinds does; nothing where it is of another, or where something is wrong.
pub fn work(app: &App, lookup: &mut Lookup<'_>) -> Option<Work> {
    macro_rules! small {
        ($server:expr, $service:expr) => {{
            let port = $server.port.as_ref().map_or($service.port(), |port| port.value.0);
            Work::SmallServer(ServerConfig {
                service: $service,
                transport: transport($server.transport.as_ref()),
                local: lookup.local($server.address.as_ref(), port)?,
                requests: value(&$server.requests),
            })
        }};
    }
    Some(match app {
        App::Echo(server) => small!(server, Service::Echo),
        App::Chargen(server) => small!(server, Service::Chargen),
        App::Daytime(server) => small!(server, Service::Daytime),
        App::TimeServer(server) => small!(server, Service::Time),
        App::ServiceClient(client) => Work::SmallClient(small_client(client, lookup)?),
        App::Upper(server) => Work::Upper(once::ServerConfig {
            local: lookup.local(
                server.address.as_ref(),
                server.port.as_ref().map_or(once::PORT, |port| port.value.0),
            )?,
            connections: value(&server.connections),
        }),
        App::UpperClient(client) => Work::UpperClient(once::ClientConfig {
            remote: lookup.remote(&client.to)?,
            texts: texts(&client.texts.value.0),
        }),
        App::UpperSession(server) => Work::UpperSession(session::ServerConfig {
            local: lookup.local(
                server.address.as_ref(),
                server.port.as_ref().map_or(session::PORT, |port| port.value.0),
            )?,
            connections: value(&server.connections),
        }),
        App::UpperSessionClient(client) => Work::UpperSessionClient(session::ClientConfig {
            remote: lookup.remote(&client.to)?,
            texts: texts(&client.texts.value.0),
            pause: client.pause.as_ref().map_or(Duration::ZERO, |pause| pause.value.0),
        }),
        App::Terminal(at) => Work::Terminal(terminal::Config { remote: lookup.remote(&at.to)? }),
        _ => return None,
    })
}

/// What carries a service.
pub fn transport(word: Option<&At<TransportWord>>) -> Transport {
    match word.map(|word| word.value) {
        None | Some(TransportWord::Tcp) => Transport::Tcp,
        Some(TransportWord::Udp) => Transport::Udp,
    }
}

fn small_client(client: &ServiceClient, lookup: &mut Lookup<'_>) -> Option<ClientConfig> {
    let service = match client.service.value {
        ServiceWord::Echo => Service::Echo,
        ServiceWord::Chargen => Service::Chargen,
        ServiceWord::Daytime => Service::Daytime,
        ServiceWord::Time => Service::Time,
    };
    let transport = transport(client.transport.as_ref());
    let own = [
        (client.texts.as_ref().map(|at| &at.place), service == Service::Echo, "`texts`", "service `echo`"),
        (
            client.bytes.as_ref().map(|at| &at.place),
            service == Service::Chargen && transport == Transport::Tcp,
            "`bytes`",
            "service `chargen` over `tcp`",
        ),
        (
            client.timeout.as_ref().map(|at| &at.place),
            transport == Transport::Udp,
            "`timeout`",
            "transport `udp`",
        ),
        (
            client.attempts.as_ref().map(|at| &at.place),
            transport == Transport::Udp,
            "`attempts`",
            "transport `udp`",
        ),
    ];
    for (place, fits, field, whose) in own {
        if let Some(place) = place.filter(|_| !fits) {
            let problem = place.problem(format!("{field} means nothing here"));
            lookup.problems.push(problem.allowed(format!("{field} with the {whose}")));
        }
    }
    if service == Service::Echo && client.texts.is_none() {
        let problem = client.service.problem("an `echo` client needs the field `texts`");
        lookup.problems.push(problem.allowed("a list of texts"));
    }
    Some(ClientConfig {
        service,
        transport,
        remote: lookup.remote(&client.to)?,
        texts: client.texts.as_ref().map_or_else(Vec::new, |list| texts(&list.value.0)),
        bytes: client.bytes.as_ref().map_or(1_000, |bytes| bytes.value.0),
        timeout: client.timeout.as_ref().map_or(Duration::from_secs(1), |timeout| timeout.value.0),
        attempts: value(&client.attempts).unwrap_or(8),
    })
}
