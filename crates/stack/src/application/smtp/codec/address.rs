//! Mail addresses (RFC 5321 §4.1.2).

use core::fmt;
use core::str::FromStr;

/// Octets of the part before the `@` (RFC 5321 §4.5.3.1.1).
pub const LOCAL_PART: usize = 64;
/// Octets of a domain (RFC 5321 §4.5.3.1.2).
pub const DOMAIN: usize = 255;
/// Octets of an address with its angle brackets (RFC 5321 §4.5.3.1.3).
pub const PATH: usize = 256;

/// A mail address; the domain is missing only in `postmaster`, which every server has (RFC 5321 §4.5.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Address {
    local: String,
    domain: String,
}

/// A text is no address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoAddress;

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no mail address")
    }
}

impl core::error::Error for NoAddress {}

impl Address {
    /// An address of its two parts, the first without its quotes.
    ///
    /// # Errors
    /// When a part is empty, too long, or has characters that none has.
    pub fn new(local: &str, domain: &str) -> Result<Self, NoAddress> {
        let whole = Self { local: local.to_owned(), domain: domain.to_owned() };
        let good = (1..=LOCAL_PART).contains(&local.len())
            && !local.chars().any(char::is_control)
            && is_domain(domain)
            && whole.to_string().len() + 2 <= PATH;
        good.then_some(whole).ok_or(NoAddress)
    }

    /// The address that needs no domain.
    pub fn postmaster() -> Self {
        Self { local: "postmaster".to_owned(), domain: String::new() }
    }

    /// Its domain; empty for [`postmaster`](Self::postmaster).
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether it is one for which `SMTPUTF8` is needed (RFC 6531 §3.2).
    pub fn is_international(&self) -> bool {
        !self.local.is_ascii() || !self.domain.is_ascii()
    }
}

/// Whether a text can be a domain: labels of letters, digits and hyphens (RFC 5321 §4.1.2), or of characters beyond ASCII
/// (RFC 6531 §3.3).
pub fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| {
                c.is_ascii_alphanumeric() || c == '-' || c == '_' || (!c.is_ascii() && !c.is_control())
            })
    };
    text.len() <= DOMAIN && text.split('.').all(label)
}

/// RFC 5322 §3.2.3: characters that need no quotes.
fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.local.split('.').all(|part| !part.is_empty() && part.chars().all(is_atom)) {
            f.write_str(&self.local)?;
        } else {
            write!(f, "\"{}\"", self.local.replace('\\', "\\\\").replace('"', "\\\""))?;
        }
        if self.domain.is_empty() { Ok(()) } else { write!(f, "@{}", self.domain) }
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    /// Reads the form that [`Display`](fmt::Display) writes, quotes and all.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        if text.eq_ignore_ascii_case("postmaster") {
            return Ok(Self::postmaster());
        }
        let (local, domain) = text.rsplit_once('@').ok_or(NoAddress)?;
        let Some(inside) = local.strip_prefix('"') else {
            let atoms = local.split('.').all(|part| !part.is_empty() && part.chars().all(is_atom));
            return if atoms { Self::new(local, domain) } else { Err(NoAddress) };
        };
        let inside = inside.strip_suffix('"').ok_or(NoAddress)?;
        let (mut plain, mut characters) = (String::new(), inside.chars());
        while let Some(c) = characters.next() {
            match c {
                '"' => return Err(NoAddress),
                '\\' => plain.push(characters.next().ok_or(NoAddress)?),
                other => plain.push(other),
            }
        }
        Self::new(&plain, domain)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_have_two_parts() {
        for good in [
            "a@b",
            "first.last@example.com",
            "\"a b\"@example.com",
            "\"a\\\"@\\\\b\"@x.y",
            "dörte@bücher.example",
        ] {
            assert_eq!(good.parse::<Address>().map(|address| address.to_string()).as_deref(), Ok(good));
        }
        assert_eq!("PostMaster".parse(), Ok(Address::postmaster()));
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            ".a@b",
            "a.@b",
            "a@-b",
            "a@b..c",
            "\"a@b",
            "\"a\"b\"@c",
            "a@b\r\nRSET",
            "a>@b",
            "a@b>",
            "\"a\n\"@b",
        ] {
            assert_eq!(bad.parse::<Address>(), Err(NoAddress), "{bad:?}");
        }
    }

    #[test]
    fn parts_have_their_bounds() {
        assert!(Address::new(&"a".repeat(LOCAL_PART), "b").is_ok());
        assert_eq!(Address::new(&"a".repeat(LOCAL_PART + 1), "b"), Err(NoAddress));
        let domain = |octets: usize| {
            let mut domain = format!("{}.", "d".repeat(62)).repeat(5);
            domain.truncate(octets);
            if domain.ends_with('.') {
                domain.replace_range(octets - 1.., "d");
            }
            domain
        };
        assert!(is_domain(&domain(DOMAIN)));
        assert!(!is_domain(&domain(DOMAIN + 1)));
        assert!(is_domain(&"d".repeat(63)) && !is_domain(&"d".repeat(64)));
        // `<a@…>`: four octets beside the domain.
        assert!(Address::new("a", &domain(PATH - 4)).is_ok());
        assert_eq!(Address::new("a", &domain(PATH - 3)), Err(NoAddress));
    }

    proptest! {
        #[test]
        fn addresses_come_back(local in "[ -~é]{1,60}", domain in "[a-z0-9é]{1,20}(\\.[a-z]{1,5}){0,3}") {
            if let Ok(address) = Address::new(&local, &domain) {
                prop_assert_eq!(address.to_string().parse(), Ok(address));
            }
        }

        #[test]
        fn any_text_is_an_address_or_none(text: String) {
            if let Ok(address) = text.parse::<Address>() {
                let shown = address.to_string();
                prop_assert!(!shown.chars().any(char::is_control));
                prop_assert_eq!(shown.parse(), Ok(address));
            }
        }
    }
}
