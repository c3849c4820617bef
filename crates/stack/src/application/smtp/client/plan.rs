//! Whether a message can be sent to a server as it is.

use core::fmt;

use crate::application::smtp::codec::address::Address;
use crate::application::smtp::codec::data::{Survey, TEXT_LINE};
use crate::application::smtp::codec::reply::Offers;
use crate::application::smtp::codec::request::Mail;

/// Why a message cannot be sent to a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsendable {
    /// A CR is in it that ends no line (RFC 5321 §2.3.8).
    Bare,
    /// A line is longer than [`TEXT_LINE`].
    LongLine,
    /// It is longer than the server takes (RFC 1870 §6.1).
    TooLong(u64),
    /// It has octets beyond ASCII, and the server does not offer `8BITMIME` (RFC 6152 §3).
    EightBit,
    /// An address has characters beyond ASCII, and the server does not offer `SMTPUTF8` (RFC 6531 §3.2).
    International,
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bare => f.write_str("the message has a CR that ends no line"),
            Self::LongLine => write!(f, "a line of the message is longer than {TEXT_LINE} octets"),
            Self::TooLong(most) => {
                write!(f, "the message is longer than the {most} octets that the server takes")
            }
            Self::EightBit => {
                f.write_str("the message has octets beyond ASCII, which the server does not take")
            }
            Self::International => {
                f.write_str("an address has characters beyond ASCII, which the server does not take")
            }
        }
    }
}

impl core::error::Error for Unsendable {}

/// What `MAIL` says of a message, to a server with these offers.
///
/// # Errors
/// When the server would not take it.
pub(super) fn mail(
    from: Option<&Address>,
    to: &[Address],
    survey: &Survey,
    offers: &Offers,
) -> Result<Mail, Unsendable> {
    if survey.bare {
        return Err(Unsendable::Bare);
    }
    if survey.longest > TEXT_LINE {
        return Err(Unsendable::LongLine);
    }
    if let Some(most) = offers.size.filter(|most| *most > 0 && survey.size > *most) {
        return Err(Unsendable::TooLong(most));
    }
    if survey.eight_bit && !offers.eight_bit {
        return Err(Unsendable::EightBit);
    }
    let international = to.iter().chain(from).any(Address::is_international);
    if international && !offers.international {
        return Err(Unsendable::International);
    }
    Ok(Mail {
        from: from.cloned(),
        size: if offers.size.is_some() { survey.size } else { 0 },
        eight_bit: survey.eight_bit,
        international,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_does_not_take_is_not_sent() {
        let all = Offers {
            pipelining: true,
            eight_bit: true,
            international: true,
            enhanced: true,
            size: Some(100),
        };
        let survey = |text: &[u8]| {
            let mut survey = Survey::default();
            survey.push(text);
            survey.finish();
            survey
        };
        let (ann, dörte): (Address, Address) = ("ann@x.y".parse().unwrap(), "dörte@x.y".parse().unwrap());
        let plan = |text: &[u8], offers: &Offers| mail(Some(&ann), &[], &survey(text), offers);
        assert_eq!(plan(&[b'a'; 98], &all).map(|mail| mail.size), Ok(100));
        assert_eq!(plan(&[b'a'; 99], &all), Err(Unsendable::TooLong(100)));
        let unbounded = Offers { size: Some(0), ..all };
        assert!(plan(&[b'a'; TEXT_LINE - 2], &unbounded).is_ok());
        assert_eq!(plan(&[b'a'; TEXT_LINE - 1], &unbounded), Err(Unsendable::LongLine));
        assert_eq!(plan(b"a", &Offers::default()).map(|mail| mail.size), Ok(0), "nobody offered to hear it");
        assert_eq!(plan(b"\xc3\xa9", &Offers::default()), Err(Unsendable::EightBit));
        assert_eq!(plan(b"a\rb", &all), Err(Unsendable::Bare));
        assert!(plan(b"\xc3\xa9", &all).is_ok_and(|mail| mail.eight_bit));
        let to = |offers: &Offers| mail(None, core::slice::from_ref(&dörte), &survey(b""), offers);
        assert_eq!(to(&Offers::default()), Err(Unsendable::International));
        assert!(to(&all).is_ok_and(|mail| mail.international && mail.from.is_none()));
    }
}
