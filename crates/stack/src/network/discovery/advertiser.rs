//! When a router advertises itself on a link (RFC 1256 §4.3).

use super::Knobs;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// A router's part on one link.
#[derive(Clone, Debug)]
pub struct Advertiser {
    /// When the next advertisement goes.
    next: Instant,
    /// So many more of the first ones, which follow each other fast.
    initial: u32,
    /// A solicitation waits for its answer: others add nothing.
    asked: bool,
}

impl Advertiser {
    /// The link is there from `now` on.
    pub fn new(knobs: &Knobs, now: Instant, rng: &mut Rng) -> Self {
        let mut advertiser =
            Self { next: Instant::FAR_FUTURE, initial: knobs.max_initial_advertisements, asked: false };
        advertiser.wait(knobs, now, rng);
        advertiser
    }

    /// When the next advertisement goes.
    pub const fn next(&self) -> Instant {
        self.next
    }

    /// Somebody asks which routers there are. All who ask within the delay get one answer, and it is an advertisement as
    /// any other: if one is due before, that is it.
    pub fn accept_solicitation(&mut self, knobs: &Knobs, now: Instant, rng: &mut Rng) {
        if !self.asked {
            self.asked = true;
            self.next =
                self.next.min(now + within(rng, knobs.max_response_delay, "delay of a router's answer"));
        }
    }

    /// Whether an advertisement is to go now. Then the next is not due before later.
    pub fn take_due(&mut self, knobs: &Knobs, now: Instant, rng: &mut Rng) -> bool {
        let due = self.next <= now;
        if due {
            self.asked = false;
            self.wait(knobs, now, rng);
        }
        due
    }

    /// Draws the time to the next advertisement, anew after each, so that routers do not fall into step.
    fn wait(&mut self, knobs: &Knobs, now: Instant, rng: &mut Rng) {
        let (least, most) = knobs.interval();
        let spread = Duration::from_nanos(most.as_nanos() - least.as_nanos());
        let mut interval = least + within(rng, spread, "time to a router advertisement");
        if self.initial > 0 {
            self.initial -= 1;
            interval = interval.min(knobs.max_initial_advert_interval);
        }
        self.next = now + interval.max(Duration::from_millis(1));
    }
}

/// Up to `span`, at random.
pub(super) fn within(rng: &mut Rng, span: Duration, why: &'static str) -> Duration {
    match span.as_nanos() {
        0 => span,
        nanos => Duration::from_nanos(rng.pick(nanos, why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rng() -> Rng {
        Rng::stream(3, "router", "discovery")
    }

    #[test]
    fn the_first_advertisements_follow_each_other_fast_and_others_at_random() {
        // RFC 1256 §4.3, §6
        let (knobs, mut rng) = (Knobs::rfc(), rng());
        let mut advertiser = Advertiser::new(&knobs, Instant::ZERO, &mut rng);
        let mut sent = Vec::new();
        let mut now = Instant::ZERO;
        for _ in 0..50 {
            assert!(!advertiser.take_due(&knobs, now, &mut rng), "not before it is due");
            let gap = advertiser.next().since(now);
            now = advertiser.next();
            assert!(advertiser.take_due(&knobs, now, &mut rng));
            sent.push(gap);
        }
        assert!(sent[..3].iter().all(|gap| *gap == Duration::from_secs(16)), "{sent:?}");
        let later = &sent[3..];
        let (least, most) = (later.iter().min().unwrap(), later.iter().max().unwrap());
        assert!(*least >= Duration::from_secs(450) && *most <= Duration::from_secs(600), "{least} to {most}");
        assert!(*most > *least + Duration::from_secs(60), "they are spread");
    }

    #[test]
    fn solicitations_are_answered_soon_and_together() {
        // RFC 1256 §4.3: within MAX_RESPONSE_DELAY, and the time to the next begins anew.
        let (knobs, mut rng) = (Knobs { max_initial_advertisements: 0, ..Knobs::rfc() }, rng());
        let mut advertiser = Advertiser::new(&knobs, Instant::ZERO, &mut rng);
        let mut now = Instant::from_secs(100);
        let began = now;
        let mut answers = 0_u64;
        for _ in 0..10_000 {
            advertiser.accept_solicitation(&knobs, now, &mut rng);
            assert!(advertiser.next().since(now) <= knobs.max_response_delay);
            now += Duration::from_millis(10);
            answers += u64::from(advertiser.take_due(&knobs, now, &mut rng));
        }
        // A second each, in the mean.
        let seconds = now.since(began).as_millis() / 1000;
        assert!(answers > seconds / 2 && answers < seconds * 2, "{answers} in {seconds} s");
        while !advertiser.take_due(&knobs, now, &mut rng) {
            now += Duration::from_millis(10);
        }
        assert!(advertiser.next() >= now + Duration::from_secs(450));
    }
}
