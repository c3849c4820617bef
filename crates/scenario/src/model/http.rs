//! HTTP.

use core::net::IpAddr;

use wirelab_stack::application::http::Url;
use wirelab_stack::storage::FilePath;

use crate::read::{choice, record};
use crate::units::{ByteRange, Port, Size, Span};

record! {
    /// Serves files of its host by HTTP/1.1.
    pub struct HttpServer ("an http-server") {
        /// The address that it listens on; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it listens on; 80 where left out.
        port: optional Port,
        /// It ends after so many connections; never where left out.
        connections: optional u32,
        /// The directory that it serves; all of the host's files where left out.
        root: optional FilePath,
        /// Whether PUT, POST and DELETE change what is there; no where left out.
        accept_writes: optional bool,
        /// Octets in the body of a request, at most; 64 MiB where left out.
        max_body: optional Size,
        /// How long a client may take for the head of a request; 30 s where left out.
        head_timeout: optional Span,
        /// Requests that are answered on one connection, at most; 1,000 where left out, any number where it is 0.
        max_requests: optional u32,
        /// The file to which it adds a line for each request; it says them in any case.
        access_log: optional FilePath,
        /// Paths that are elsewhere.
        redirect: list Redirect,
    }
}

record! {
    /// A path that is elsewhere.
    pub struct Redirect ("a redirect") {
        /// The path.
        from: required FilePath,
        /// Where it is: a path or a URL.
        to: required String,
    }
}

choice! {
    /// What an HTTP client does.
    pub enum MethodWord ("method") {
        /// It wants what is there.
        Get = "GET",
        /// It wants to know of it.
        Head = "HEAD",
        /// It puts it there.
        Put = "PUT",
        /// It sends it to what is there.
        Post = "POST",
        /// It wants it gone.
        Delete = "DELETE",
    }
}

record! {
    /// Asks for URLs by HTTP/1.1, one after the other, and follows redirects.
    pub struct HttpClient ("an http-client") {
        /// A URL that it gets: `"http://server/file"`.
        url: optional Url,
        /// The file of its host that the body is saved to.
        save: optional FilePath,
        /// What it asks for, where it is more than a URL.
        request: list HttpRequest,
        /// Redirects that are followed for one request; 10 where left out.
        max_redirects: optional u32,
    }
}

record! {
    /// A request.
    pub struct HttpRequest ("a request") {
        /// The URL.
        url: required Url,
        /// What is done there; `GET` where left out.
        method: optional MethodWord,
        /// What is sent with it: this text.
        text: optional String,
        /// What is sent with it: this file of the host.
        file: optional FilePath,
        /// The file of its host that the body of the response is saved to.
        save: optional FilePath,
        /// The octets that are asked for: from the first up to the last, from one on, or the last so many.
        range: optional ByteRange,
    }
}
