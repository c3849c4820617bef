//! By HTTP: requests, redirects and ranges.

use hyper::body::{Body, Incoming};
use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_RANGE, ETAG, HeaderName, IF_RANGE, LOCATION, RANGE,
};
use hyper::{Response, StatusCode};

use super::origin::strong_validator;
use super::saving::Saving;
use super::{Config, address};
use crate::application::AppError;
use crate::application::http::client::Connection;
use crate::application::http::{Url, next_data, told};
use crate::socket::net::{report, result, time};

/// Fetches what `first` means, or what it redirects to.
pub(super) async fn fetch(config: &Config, first: &Url, saving: &mut Saving) -> Result<(), AppError> {
    let (mut url, mut followed) = (first.clone(), 0);
    loop {
        let wrong = |error: AppError| AppError::new(format!("{url}: {error}"));
        let response = ask(config, &url, saving).await.map_err(wrong)?;
        if let Some(next) = redirected(&url, &response).map_err(wrong)? {
            if followed == config.max_redirects {
                return Err(wrong(AppError::new(format!("more than {followed} redirects"))));
            }
            followed += 1;
            report(format!("{}: it is at {next}", response.status()));
            url = next;
            continue;
        }
        result("url", &url.to_string());
        result("status", response.status().as_str());
        match answered(&url.to_string(), &response, saving).map_err(wrong)? {
            Answer::Comes { until } => {
                saving.announce();
                return take(response, until, saving).await.map_err(wrong);
            }
            Answer::Whole => {
                saving.announce();
                return Ok(());
            }
            // Without what was left the next answer is another.
            Answer::Changed => {
                report("what an earlier run has fetched is not of this any more, so all is fetched");
                saving.forget();
            }
        }
    }
}

/// Asks for all, or for what is missing of what an earlier run has left.
async fn ask(config: &Config, url: &Url, saving: &Saving) -> Result<Response<Incoming>, AppError> {
    let remote = address(config, (url.host(), url.port()), url)?;
    let connecting = Connection::open_with(url, remote, config.patience);
    let late = |_| AppError::new(format!("cannot connect to {remote} within {}", config.patience));
    let mut connection = time::timeout(config.patience, connecting).await.map_err(late)??;
    let mut fields: Vec<(HeaderName, String)> =
        vec![(ACCEPT_ENCODING, "identity".into()), (CONNECTION, "close".into())];
    if let Some((offset, validator)) = saving.part_of(&url.to_string()) {
        fields.push((RANGE, format!("bytes={offset}-")));
        // RFC 9110 §13.1.5: the rest if it is the same still, and else all of it.
        fields.push((IF_RANGE, validator.to_owned()));
    }
    connection.get(url, &fields).await
}

/// Where it is instead, if the response says so (RFC 9110 §15.4).
fn redirected<B>(url: &Url, response: &Response<B>) -> Result<Option<Url>, AppError> {
    let status = response.status();
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let location = location.to_str().map_err(|_| AppError::new(format!("{status} to what is no URL")))?;
    let next = url.join(location);
    let shown = location.escape_debug();
    next.map(Some).map_err(|error| AppError::new(format!("{status} to `{shown}`: {error}")))
}

/// What an answer means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    /// Its body is to be taken; with it there will be so many octets, where that is known.
    Comes { until: Option<u64> },
    /// All is there already.
    Whole,
    /// What is there is of something else: ask again.
    Changed,
}

fn answered<B: Body>(url: &str, response: &Response<B>, saving: &mut Saving) -> Result<Answer, AppError> {
    let (status, headers) = (response.status(), response.headers());
    let part = saving.part_of(url).map(|(offset, validator)| (offset, validator.to_owned()));
    let range =
        headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).and_then(ContentRange::parse);
    match (status, part) {
        (StatusCode::PARTIAL_CONTENT, Some((offset, validator))) => {
            // RFC 9110 §15.3.7: with the tag that the whole would have.
            let other = |tag: &&str| tag.starts_with('"') && validator.starts_with('"') && **tag != validator;
            let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok());
            match range {
                _ if tag.as_ref().is_some_and(other) => Ok(Answer::Changed),
                Some(ContentRange::Part { first, last, total }) if first == offset => {
                    saving.expect(total)?;
                    Ok(Answer::Comes { until: Some(total.unwrap_or(last + 1)) })
                }
                // RFC 9110 §14.4: another part than was asked for, or nobody knows which.
                _ => Ok(Answer::Changed),
            }
        }
        // RFC 9110 §15.5.17: there is nothing behind what there is; the condition was weighed before (§13.2.2).
        (StatusCode::RANGE_NOT_SATISFIABLE, Some((offset, _))) => match range {
            Some(ContentRange::Nothing { total }) if total == offset => {
                saving.expect(Some(total))?;
                Ok(Answer::Whole)
            }
            _ => Ok(Answer::Changed),
        },
        (StatusCode::PARTIAL_CONTENT, None) => {
            Err(AppError::new(format!("{status}, though all was asked for")))
        }
        (status, _) if status.is_success() => {
            let size = response.body().size_hint().exact();
            saving.expect(size)?;
            if saving.part_of(url).is_some() {
                report("what an earlier run has fetched is not of this any more, so all is fetched");
            }
            saving.begin_anew(url, strong_validator(headers))?;
            Ok(Answer::Comes { until: size })
        }
        (status, _) => Err(AppError::new(format!("the server answers {status}"))),
    }
}

async fn take(response: Response<Incoming>, until: Option<u64>, saving: &mut Saving) -> Result<(), AppError> {
    let mut body = response.into_body();
    loop {
        let data = next_data(&mut body).await;
        let broken = |error| AppError::new(format!("it broke off: {}", told(&error)));
        let Some(data) = data.map_err(broken)? else { break };
        saving.take(&data).await?;
    }
    match until {
        Some(until) if saving.offset() != until => {
            Err(AppError::new(format!("{} octets came of {until}", saving.offset())))
        }
        _ => Ok(()),
    }
}

/// The field `Content-Range` (RFC 9110 §14.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ContentRange {
    /// The octets from the first up to and with the last, of so many.
    Part { first: u64, last: u64, total: Option<u64> },
    /// None: there are so many.
    Nothing { total: u64 },
}

impl ContentRange {
    /// Nothing where it is of another unit, or makes no sense.
    fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.trim().split_once(' ')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (range, total) = rest.trim().split_once('/')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
            if digits { text.parse::<u64>().ok() } else { None }
        };
        if range == "*" {
            return Some(Self::Nothing { total: number(total)? });
        }
        let (first, last) = range.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        let total = if total == "*" { None } else { Some(number(total)?) };
        let sound = first <= last && last < u64::MAX && total.is_none_or(|total| last < total);
        sound.then_some(Self::Part { first, last, total })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 9110 §14.4.
    #[test]
    fn content_ranges_are_read() {
        let part = |first, last, total| Some(ContentRange::Part { first, last, total });
        for (text, expected) in [
            ("bytes 42-1233/1234", part(42, 1_233, Some(1_234))),
            ("bytes 42-1233/*", part(42, 1_233, None)),
            ("Bytes 0-0/1", part(0, 0, Some(1))),
            ("bytes */1234", Some(ContentRange::Nothing { total: 1_234 })),
            ("bytes */*", None),
            ("bytes 5-4/9", None),
            ("bytes 5-9/9", None),
            ("bytes +5-9/19", None),
            ("bytes 5-/19", None),
            ("bytes 0-18446744073709551615/*", None),
            ("bytes 0-18446744073709551616/*", None),
            ("lines 0-1/2", None),
            ("bytes=0-1/2", None),
            ("", None),
        ] {
            assert_eq!(ContentRange::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn redirects_are_those_of_the_document() {
        let from: Url = "http://a/b/c".parse().unwrap();
        let next = |status: u16, location: &str| {
            let response = Response::builder().status(status).header(LOCATION, location).body(()).unwrap();
            redirected(&from, &response)
        };
        for status in [301, 302, 303, 307, 308] {
            assert_eq!(next(status, "d").unwrap().unwrap().to_string(), "http://a/b/d", "{status}");
        }
        for status in [200, 300, 304, 305, 404] {
            assert_eq!(next(status, "d"), Ok(None), "{status}");
        }
        assert!(next(302, "https://a/").unwrap_err().to_string().contains("its scheme is not `http`"));
        assert_eq!(redirected(&from, &Response::builder().status(302).body(()).unwrap()), Ok(None));
    }

    proptest! {
        #[test]
        fn any_content_range_makes_sense_or_is_none(text in "(bytes )?[0-9*/ -]{0,30}") {
            if let Some(ContentRange::Part { first, last, total }) = ContentRange::parse(&text) {
                prop_assert!(first <= last && total.is_none_or(|total| last < total));
            }
        }
    }
}
