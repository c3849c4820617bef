//! Where a client goes: `http` URLs (RFC 9110 §4.2.1), and what a redirect means relative to one (RFC 3986 §5.2).

use core::fmt;
use core::str::FromStr;

use hyper::Uri;

use super::PORT;

/// Octets in a URL.
pub const MAX_URL: usize = 8 * 1024;

/// An `http` URL: a host, a port, and a path with its query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Url {
    host: String,
    port: u16,
    /// Begins with `/`.
    target: String,
}

/// Why a text is no such URL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UrlError {
    /// It is no URL at all.
    Malformed,
    /// Its scheme is not `http`.
    Scheme,
    /// It has a user's name, which HTTP's have not (RFC 9110 §4.2.4).
    User,
    /// It is longer than a URL may be: 8,192 octets.
    TooLong,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("it is no URL"),
            Self::Scheme => f.write_str("its scheme is not `http`"),
            Self::User => f.write_str("a URL of HTTP has no user's name"),
            Self::TooLong => write!(f, "a URL has at most {MAX_URL} octets"),
        }
    }
}

impl core::error::Error for UrlError {}

impl Url {
    /// The host, as a name or an address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What is asked for at the host: the path, with its query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Host and port, as the field `Host` has them (RFC 9110 §7.2).
    pub fn authority(&self) -> String {
        if self.port == PORT { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// What `reference` means in an answer from here: another URL, or a path.
    ///
    /// # Errors
    /// When it is none.
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        // A fragment is for whoever shows the answer (RFC 9110 §10.2.2).
        let reference = reference.split('#').next().unwrap_or_default();
        if let Some(rest) = reference.strip_prefix("//") {
            return format!("http://{rest}").parse();
        }
        let scheme = reference.split(['/', '?']).next().is_some_and(|first| first.contains(':'));
        if scheme {
            return reference.parse();
        }
        let path = self.target.split('?').next().unwrap_or("/");
        let target = match reference.chars().next() {
            None => self.target.clone(),
            Some('?') => format!("{path}{reference}"),
            Some('/') => without_dots(reference),
            Some(_) => {
                let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
                without_dots(&format!("{directory}/{reference}"))
            }
        };
        format!("http://{}:{}{target}", self.host, self.port).parse()
    }
}

/// RFC 3986 §5.2.4: `.` and `..` taken out of a path; what would lead above the root stays there.
fn without_dots(target: &str) -> String {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut steps: Vec<&str> = Vec::new();
    let last = path.split('/').next_back().unwrap_or_default();
    for step in path.split('/').skip(1) {
        match step {
            "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    let mut whole = format!("/{}", steps.join("/"));
    if matches!(last, "." | "..") && !whole.ends_with('/') {
        whole.push('/');
    }
    if let Some(query) = query {
        whole.push('?');
        whole.push_str(query);
    }
    whole
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.len() > MAX_URL {
            return Err(UrlError::TooLong);
        }
        let text = text.split('#').next().unwrap_or_default();
        let uri: Uri = text.parse().map_err(|_| UrlError::Malformed)?;
        if uri.scheme_str().is_some_and(|scheme| scheme != "http") {
            return Err(UrlError::Scheme);
        }
        let authority = uri.authority().filter(|_| uri.scheme().is_some()).ok_or(UrlError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::User);
        }
        let host = authority.host();
        let rest = &authority.as_str()[host.len()..];
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => PORT,
            None => return Err(UrlError::Malformed),
            Some("") => PORT,
            Some(port) => port.parse().map_err(|_| UrlError::Malformed)?,
        };
        if host.is_empty() || port == 0 {
            return Err(UrlError::Malformed);
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self { host: host.to_owned(), port, target })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_has_host_port_and_target() {
        for (text, host, port, target) in [
            ("http://server", "server", 80, "/"),
            ("http://server/", "server", 80, "/"),
            ("http://server:8080/a/b?c=d#e", "server", 8080, "/a/b?c=d"),
            ("HTTP://10.0.0.2?q", "10.0.0.2", 80, "/?q"),
            ("http://server:/x", "server", 80, "/x"),
        ] {
            let url = url(text);
            assert_eq!((url.host(), url.port(), url.target()), (host, port, target), "{text}");
            assert_eq!(url.to_string().parse(), Ok(url));
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused() {
        for (text, error) in [
            ("", UrlError::Malformed),
            ("/path", UrlError::Malformed),
            ("server:80", UrlError::Malformed),
            ("http://", UrlError::Malformed),
            ("http://:80/", UrlError::Malformed),
            ("http://server:0/", UrlError::Malformed),
            ("http://server:65536/", UrlError::Malformed),
            ("http://ser ver/", UrlError::Malformed),
            ("https://server/", UrlError::Scheme),
            ("ftp://server/", UrlError::Scheme),
            ("http://user@server/", UrlError::User),
        ] {
            assert_eq!(text.parse::<Url>(), Err(error), "{text:?}");
        }
        let longest = format!("http://s/{}", "x".repeat(MAX_URL - 9));
        assert!(longest.parse::<Url>().is_ok());
        assert_eq!(format!("{longest}x").parse::<Url>(), Err(UrlError::TooLong));
    }

    #[test]
    fn a_reference_is_relative_to_where_it_stood() {
        let base = url("http://a:8080/b/c/d?q");
        for (reference, expected) in [
            ("http://x/y", "http://x/y"),
            ("//x:81/y", "http://x:81/y"),
            ("/y?z", "http://a:8080/y?z"),
            ("y", "http://a:8080/b/c/y"),
            ("./y/.", "http://a:8080/b/c/y/"),
            ("../y", "http://a:8080/b/y"),
            ("../../../../y", "http://a:8080/y"),
            ("..", "http://a:8080/b/"),
            ("?y", "http://a:8080/b/c/d?y"),
            ("", "http://a:8080/b/c/d?q"),
            ("#f", "http://a:8080/b/c/d?q"),
            ("y/a:b", "http://a:8080/b/c/y/a:b"),
        ] {
            assert_eq!(base.join(reference).unwrap().to_string(), expected, "{reference:?}");
        }
        assert_eq!(base.join("https://x/"), Err(UrlError::Scheme));
        assert_eq!(base.join("mailto:x"), Err(UrlError::Malformed).or(base.join("mailto:x")));
        assert!(base.join("a b").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_url_or_refused(text in ".*", reference in ".*") {
            if let Ok(url) = text.parse::<Url>() {
                prop_assert_eq!(url.to_string().parse(), Ok(url));
            }
            if let Ok(url) = url("http://a/b/c").join(&reference) {
                prop_assert!(url.target().starts_with('/'));
            }
        }
    }
}
