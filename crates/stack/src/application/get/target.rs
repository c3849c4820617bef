//! URLs that can be fetched: those of HTTP, and those of FTP (RFC 1738 §3.2, in the syntax of RFC 3986).

use core::fmt;
use core::str::FromStr;

use hyper::Uri;
use percent_encoding::percent_decode_str;

use crate::application::ftp::PORT;
use crate::application::http::{MAX_URL, Url, UrlError};

/// Who logs in where a URL names nobody (RFC 1738 §3.2.1).
const ANONYMOUS: (&str, &str) = ("anonymous", "wirelab@");

/// A URL that can be fetched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// By HTTP.
    Http(Url),
    /// By FTP.
    Ftp(FtpUrl),
}

impl Target {
    /// The host, as a name or an address.
    pub fn host(&self) -> &str {
        match self {
            Self::Http(url) => url.host(),
            Self::Ftp(url) => &url.host,
        }
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        match self {
            Self::Http(url) => url.port(),
            Self::Ftp(url) => url.port,
        }
    }

    /// The name of the file that it means, decoded: the last step of its path. Empty where that is a directory.
    pub fn file_name(&self) -> String {
        match self {
            Self::Http(url) => {
                let path = url.target().split('?').next().unwrap_or_default();
                let last = path.rsplit('/').next().unwrap_or_default();
                percent_decode_str(last).decode_utf8_lossy().into_owned()
            }
            Self::Ftp(url) => url.file.clone(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => url.fmt(f),
            Self::Ftp(url) => url.fmt(f),
        }
    }
}

/// A URL of a file of FTP.
#[derive(Clone, PartialEq, Eq)]
pub struct FtpUrl {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password: String,
    /// The directories that are entered, one after the other.
    pub(super) directories: Vec<String>,
    pub(super) file: String,
    /// As it was given, without the user's name and password.
    shown: String,
}

/// Without the password.
impl fmt::Display for FtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for FtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FtpUrl({})", self.shown)
    }
}

/// Why a text is no URL that can be fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetError {
    /// As a URL of HTTP it is none, or its scheme is unknown.
    Http(UrlError),
    /// Its scheme is `https`.
    Secure,
    /// Its scheme is neither.
    Scheme,
    /// It is no URL at all.
    Malformed,
    /// It is longer than a URL may be.
    TooLong,
    /// It names a directory, and a file was meant.
    Directory,
    /// It asks for another type of transfer than `i` (RFC 1738 §3.2.2).
    Type,
    /// A name in it has a character of control, and would be another command.
    Control,
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Secure => f.write_str("nothing here speaks TLS: there are `http` and `ftp`"),
            Self::Scheme => f.write_str("its scheme is neither `http` nor `ftp`"),
            Self::Malformed => f.write_str("it is no URL"),
            Self::TooLong => write!(f, "a URL has at most {MAX_URL} octets"),
            Self::Directory => f.write_str("it names a directory, and only files are fetched by FTP"),
            Self::Type => f.write_str("files are fetched as they are: `;type=i`, or nothing"),
            Self::Control => f.write_str("a name in it has a control character"),
        }
    }
}

impl core::error::Error for TargetError {}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("http") => text.parse().map(Self::Http).map_err(TargetError::Http),
            Some("ftp") => text.parse().map(Self::Ftp),
            Some("https" | "ftps") => Err(TargetError::Secure),
            Some(_) => Err(TargetError::Scheme),
            None => Err(TargetError::Malformed),
        }
    }
}

impl FromStr for FtpUrl {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text.len() > MAX_URL {
            return Err(TargetError::TooLong);
        }
        let text = text.split('#').next().unwrap_or_default();
        let uri: Uri = text.parse().map_err(|_| TargetError::Malformed)?;
        if uri.scheme_str().is_none_or(|scheme| !scheme.eq_ignore_ascii_case("ftp")) {
            return Err(TargetError::Scheme);
        }
        let authority = uri.authority().ok_or(TargetError::Malformed)?.as_str();
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, authority),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, "")) => (host, PORT),
            Some((host, port)) => (host, port.parse().map_err(|_| TargetError::Malformed)?),
            None => (place, PORT),
        };
        // FTP's URLs have no query: a `?` is one of the name's (RFC 1738 §3.2.2).
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        let path = path.strip_prefix('/').unwrap_or(path);
        let (path, kind) = path.split_once(';').unwrap_or((path, "type=i"));
        if !kind.eq_ignore_ascii_case("type=i") {
            return Err(TargetError::Type);
        }
        if host.is_empty() || host.contains([':', '[', ']']) || port == 0 {
            return Err(TargetError::Malformed);
        }
        let (user, password) = match login {
            None => (ANONYMOUS.0.to_owned(), ANONYMOUS.1.to_owned()),
            Some(login) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ANONYMOUS.1));
                (decoded(user)?, decoded(password)?)
            }
        };
        // RFC 1738 §3.2.2: each step is entered by itself, so that `%2F` in one means what it means to the server. Steps of
        // no name change nothing.
        let mut steps = path.split('/').map(decoded).collect::<Result<Vec<_>, _>>()?;
        let file = steps.pop().filter(|file| !file.is_empty()).ok_or(TargetError::Directory)?;
        steps.retain(|step| !step.is_empty());
        let shown = format!("ftp://{place}/{path}");
        Ok(Self { host: host.to_owned(), port, user, password, directories: steps, file, shown })
    }
}

/// A part of a URL without its escapes.
fn decoded(text: &str) -> Result<String, TargetError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| TargetError::Malformed)?;
    if text.chars().any(char::is_control) { Err(TargetError::Control) } else { Ok(text.into_owned()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ftp(text: &str) -> Result<FtpUrl, TargetError> {
        match text.parse()? {
            Target::Ftp(url) => Ok(url),
            Target::Http(url) => panic!("{url}"),
        }
    }

    #[test]
    fn a_url_of_ftp_has_who_where_and_what() {
        let url = ftp("ftp://server/a%20b//c%2Fd/e?f").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.user.as_str()), ("server", 21, "anonymous"));
        assert_eq!((url.directories, url.file.as_str()), (vec!["a b".to_owned(), "c/d".into()], "e?f"));
        let url = ftp("FTP://me%40home:s%3Aecret@10.0.0.2:2121/x;type=I#y").unwrap();
        assert_eq!((url.user.as_str(), url.password.as_str()), ("me@home", "s:ecret"));
        assert_eq!((url.host.as_str(), url.port, url.file.as_str()), ("10.0.0.2", 2121, "x"));
        assert_eq!(url.to_string(), "ftp://10.0.0.2:2121/x", "nobody's password is shown");
        assert!(!format!("{url:?}").contains("ecret"));
    }

    #[test]
    fn what_cannot_be_fetched_is_refused() {
        for (text, error) in [
            ("", TargetError::Malformed),
            ("server/x", TargetError::Malformed),
            ("https://server/x", TargetError::Secure),
            ("gopher://server/x", TargetError::Scheme),
            ("ftp://server", TargetError::Directory),
            ("ftp://server/a/", TargetError::Directory),
            ("ftp://server/a;type=d", TargetError::Type),
            ("ftp://server/a%0d%0aDELE%20b", TargetError::Control),
            ("ftp://a%0ab@server/a", TargetError::Control),
            ("ftp://server/%ff", TargetError::Malformed),
            ("ftp://server:0/a", TargetError::Malformed),
            ("ftp://server:65536/a", TargetError::Malformed),
            ("ftp://@/a", TargetError::Malformed),
            ("ftp://[::1]/a", TargetError::Malformed),
            ("http://user@server/", TargetError::Http(UrlError::User)),
        ] {
            assert_eq!(text.parse::<Target>(), Err(error), "{text:?}");
        }
        let longest = format!("ftp://s/{}", "x".repeat(MAX_URL - 8));
        assert!(ftp(&longest).is_ok());
        assert_eq!(ftp(&format!("{longest}x")), Err(TargetError::TooLong));
    }

    #[test]
    fn a_file_is_called_as_the_last_step_of_its_path() {
        for (text, name) in [
            ("http://s/a/b%20c?d=/e", "b c"),
            ("http://s/a/", ""),
            ("http://s", ""),
            ("http://s/%2e%2e%2fx", "../x"),
            ("ftp://s/a/b%2Fc", "b/c"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().file_name(), name, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_target_or_refused(text in "(ftp://)?[a-z@:/%;?0-9.\\PC]{0,40}") {
            if let Ok(target) = text.parse::<Target>() {
                prop_assert!(!target.host().is_empty() && target.port() > 0);
            }
        }
    }
}
