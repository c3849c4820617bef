//! What reaches the stack from outside: time, chance and the observer, in one argument.

use crate::rng::Rng;
use crate::time::Instant;
use crate::trace::{Event, Interest};

/// The one argument that every verb takes: the turn's instant, the host's stream of draws, and who watches.
pub struct Ctx<'a> {
    /// The instant of this turn: the clock is read once a turn.
    pub now: Instant,
    /// The host's own random stream.
    pub rng: &'a mut Rng,
    /// Who watches.
    pub observer: &'a mut dyn Observer,
    /// What the observer wants, read once a turn.
    pub interest: Interest,
}

impl<'a> Ctx<'a> {
    /// A context for one turn.
    pub fn new(now: Instant, rng: &'a mut Rng, observer: &'a mut dyn Observer) -> Self {
        let interest = observer.interest();
        Self { now, rng, observer, interest }
    }

    /// Whether anyone wants events of this kind. (A build with `--cfg wirelab_unobserved` leaves observation out
    /// altogether: what it costs while nobody watches is measured against that, see benches/callgrind.sh.)
    #[inline]
    pub fn wants(&self, kind: Interest) -> bool {
        !cfg!(wirelab_unobserved) && self.interest.contains(kind)
    }

    /// Shows the observer an event, which is built only if somebody wants its kind.
    #[inline]
    pub fn observe<'e>(&mut self, kind: Interest, event: impl FnOnce() -> Event<'e>) {
        if self.wants(kind) {
            self.observer.record(self.now, &event());
        }
    }
}

/// Who watches. It sees, and can change nothing.
pub trait Observer {
    /// Which kinds of events it wants; read once a turn.
    fn interest(&self) -> Interest;
    /// An event at `now`.
    fn record(&mut self, now: Instant, event: &Event<'_>);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn record(&mut self, _: Instant, _: &Event<'_>) {}
}
