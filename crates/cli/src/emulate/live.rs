//! The rates of a wire while it runs: on standard error, where that is a terminal.

use wirelab_sim::{Change, Direction, LinkCounters, LinkId, World};
use wirelab_stack::time::{Duration, Instant};

use super::INTERVAL;
use super::summary::{drops, rate};
use crate::progress::Board;
use crate::tables::grouped;

/// Shows rates, if anybody sees them.
pub struct Live {
    board: Option<Board>,
    next: Instant,
    last: [LinkCounters; 2],
    shown: Instant,
}

impl Live {
    /// A board on standard error, unless that is no terminal, or `quiet`.
    pub fn new(quiet: bool) -> Self {
        let board = if quiet { None } else { Board::on_terminal(2) };
        Self { board, next: Instant::ZERO, last: Default::default(), shown: Instant::ZERO }
    }

    /// Prints lines above the board.
    pub fn teller(&self) -> impl Fn(&str) + use<> {
        let above = self.board.as_ref().map(Board::above);
        move |line| match &above {
            Some(above) => above(line),
            None => eprintln!("{line}"),
        }
    }

    /// A turn of the world: shows rates when it is time, and asks for a turn when it is again.
    pub fn turn(&mut self, world: &mut World, wire: LinkId, names: &[String; 2]) {
        let now = world.now();
        let Some(board) = &self.board else { return };
        if now < self.next {
            return;
        }
        let past = now.since(self.shown);
        let [one, other] = names;
        for (place, (direction, from, to)) in
            [(Direction::Forward, one, other), (Direction::Backward, other, one)].into_iter().enumerate()
        {
            let counters = world.link_counters(wire, direction);
            let (queue, _) = world.link_queue(wire, direction);
            if !past.is_zero() {
                let line = line(&counters, &self.last[place], past, queue);
                board.show(place, format!("{from} -> {to}: {line}"));
            }
            self.last[place] = counters;
        }
        self.shown = now;
        self.next = now + INTERVAL;
        world.at(self.next, Change::Wake);
    }

    /// Takes the board away.
    pub fn clear(&mut self) {
        self.board = None;
    }
}

/// What a direction did in the time that is `past`.
fn line(now: &LinkCounters, last: &LinkCounters, past: Duration, queue: u32) -> String {
    let frames = now.delivered_frames - last.delivered_frames;
    let a_second = u128::from(frames) * 1_000_000_000 / u128::from(past.as_nanos().max(1));
    let frames = grouped(u64::try_from(a_second).unwrap_or(u64::MAX));
    let bits = rate(now.delivered_bytes - last.delivered_bytes, past);
    format!("{frames} frames/s, {bits}, queue {queue}, {}", drops(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_rates_since_the_last_and_drops_since_the_beginning() {
        let last =
            LinkCounters { delivered_frames: 100, delivered_bytes: 100_000, ..LinkCounters::default() };
        let now = LinkCounters {
            delivered_frames: 4_217,
            delivered_bytes: 6_350_000,
            dropped_frames: 12,
            lost: 10,
            queue_full: 2,
            ..LinkCounters::default()
        };
        assert_eq!(
            line(&now, &last, Duration::from_millis(500), 37),
            "8,234 frames/s, 100.0 Mbit/s, queue 37, dropped 12 (loss 10, queue full 2)"
        );
        assert_eq!(
            line(&last, &last, Duration::ZERO, 0),
            "0 frames/s, 0 bit/s, queue 0, dropped 0",
            "nothing, in no time"
        );
    }
}
