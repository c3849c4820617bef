//! HTTP, with what was left out filled in.

use core::num::NonZeroU32;

use wirelab_stack::application::http::client::{self, Content, DEFAULT_MAX_REDIRECTS, Method, Request};
use wirelab_stack::application::http::{PORT, Url, server};
use wirelab_stack::storage::FilePath;

use super::Work;
use super::applications::{Lookup, value};
use crate::model::{App, HttpClient, HttpRequest, HttpServer, MethodWord};
use crate::read::{At, Place};

/// What an application of these kinds does; nothing where it is of another, or where something is wrong.
pub fn work(app: &App, lookup: &mut Lookup<'_>) -> Option<Work> {
    match app {
        App::HttpServer(server) => Some(Work::HttpServer(plan_server(server, lookup)?)),
        App::HttpClient(client) => Some(Work::HttpClient(plan_client(client, lookup)?)),
        _ => None,
    }
}

fn plan_server(server: &HttpServer, lookup: &mut Lookup<'_>) -> Option<server::Config> {
    let path = |at: &Option<At<FilePath>>| at.as_ref().map(|at| at.value.clone());
    Some(server::Config {
        local: lookup
            .local(server.address.as_ref(), server.port.as_ref().map_or(PORT, |port| port.value.0))?,
        connections: value(&server.connections),
        root: path(&server.root).unwrap_or_else(FilePath::root),
        writable: value(&server.accept_writes).unwrap_or(false),
        max_body: server.max_body.as_ref().map_or(server::DEFAULT_MAX_BODY, |most| most.value.0),
        head_timeout: server.head_timeout.as_ref().map_or(server::DEFAULT_HEAD_TIMEOUT, |span| span.value.0),
        max_requests: value(&server.max_requests).map_or(Some(server::DEFAULT_MAX_REQUESTS), NonZeroU32::new),
        log: path(&server.access_log),
        redirects: server
            .redirect
            .iter()
            .map(|redirect| (redirect.value.from.value.clone(), redirect.value.to.value.clone()))
            .collect(),
    })
}

fn plan_client(client: &HttpClient, lookup: &mut Lookup<'_>) -> Option<client::Config> {
    let mut requests = Vec::new();
    if let Some(url) = &client.url {
        check_host(&url.value, &url.place, lookup)?;
        let save = client.save.as_ref().map(|save| save.value.clone());
        requests.push(Request { save, ..Request::get(url.value.clone()) });
    } else if let Some(save) = &client.save {
        let problem = save.problem("there is no URL whose body could be saved");
        lookup.problems.push(problem.allowed("`save` with `url`, or in a `request`"));
    }
    for request in &client.request {
        requests.push(plan_request(request, lookup)?);
    }
    if requests.is_empty() {
        let problem = lookup.place.problem("an http-client needs the field `url`, or `request`");
        lookup.problems.push(problem.allowed("a URL such as \"http://server/file\""));
        return None;
    }
    let max_redirects = value(&client.max_redirects).unwrap_or(DEFAULT_MAX_REDIRECTS);
    Some(client::Config { requests, max_redirects })
}

fn plan_request(at: &At<HttpRequest>, lookup: &mut Lookup<'_>) -> Option<Request> {
    let request = &at.value;
    check_host(&request.url.value, &request.url.place, lookup)?;
    let method = match request.method.as_ref().map(|method| method.value) {
        None | Some(MethodWord::Get) => Method::GET,
        Some(MethodWord::Head) => Method::HEAD,
        Some(MethodWord::Put) => Method::PUT,
        Some(MethodWord::Post) => Method::POST,
        Some(MethodWord::Delete) => Method::DELETE,
    };
    let content = match (&request.text, &request.file) {
        (Some(_), Some(file)) => {
            let problem = file.problem("a request has one body");
            lookup.problems.push(problem.allowed("`text` or `file`"));
            return None;
        }
        (Some(text), None) => Content::Octets(text.value.clone().into()),
        (None, Some(file)) => Content::File(file.value.clone()),
        (None, None) => Content::Nothing,
    };
    let sends = matches!(method, Method::PUT | Method::POST);
    if !sends && content != Content::Nothing {
        let problem = at.problem(format!("nothing is sent with {method}"));
        lookup.problems.push(problem.allowed("`text` and `file` with `PUT` or `POST`"));
    }
    if let Some(range) = request.range.as_ref().filter(|_| method != Method::GET) {
        let problem = range.problem(format!("{method} has no range"));
        lookup.problems.push(problem.allowed("`range` with `GET`"));
    }
    Some(Request {
        method,
        url: request.url.value.clone(),
        content,
        save: request.save.as_ref().map(|save| save.value.clone()),
        range: request.range.as_ref().map(|range| range.value.0),
    })
}

/// Reports a host that nobody knows.
fn check_host(url: &Url, place: &Place, lookup: &mut Lookup<'_>) -> Option<()> {
    if url.host().parse::<core::net::IpAddr>().is_ok() || url.host() == "localhost" {
        return Some(());
    }
    lookup.known_host(url.host(), place)
}
