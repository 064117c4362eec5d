//! When the next batch is sent, and how large it is.
//!
//! No timer: what is waited for is always something under way. Few large statements cost the database less than many
//! small ones, so a statement waits until as many appends wait as are under way, or until nothing is. Many callers are
//! held in two halves: while one half is written, the other is made durable, answered and comes back. Few callers, or
//! those behind a slow disk, are held in one: a half that just missed a flush would wait for two.

use std::time::Instant;

/// Fewer callers than this are never divided: a statement costs as much as a dozen appends.
const DIVIDED_FROM: usize = 24;
/// A batch of so many appends takes long enough to send the next one behind it before it is answered.
const PIPELINE_FROM: usize = 16;

/// How long writing and flushing have taken lately, and what follows from it.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Pace {
    /// Microseconds to write an append, in a batch.
    append_us: f64,
    /// Microseconds of a barrier; 0 before the first, and nobody is divided until then.
    flush_us: f64,
    writing_since: Option<Instant>,
    flushing_since: Option<Instant>,
}

impl Pace {
    /// With `sent` statements on their way and `unanswered` appends in all that is under way: how many must wait before the
    /// next statement is sent; `None` while enough is under way.
    pub(super) fn next_from(&self, sent: usize, unanswered: usize) -> Option<usize> {
        match sent {
            0 => Some(unanswered.max(1)),
            1 if unanswered >= PIPELINE_FROM => Some(unanswered),
            _ => None,
        }
    }

    /// How many appends a batch takes when there are so many callers, waiting or under way.
    pub(super) fn batch_of(&self, callers: usize) -> usize {
        let writing_us = callers as f64 * self.append_us;
        let divided = callers >= DIVIDED_FROM && (f64::EPSILON..writing_us).contains(&self.flush_us);
        if divided { callers.div_ceil(2) } else { callers.max(1) }
    }

    /// A statement was sent and is the only one.
    pub(super) fn writes(&mut self) {
        self.writing_since = Some(Instant::now());
    }

    /// A statement of so many appends was carried out; the next one, if it was sent, begins.
    pub(super) fn wrote(&mut self, appends: usize) {
        let now = Instant::now();
        if let Some(since) = self.writing_since.replace(now) {
            note(&mut self.append_us, (now - since).as_secs_f64() * 1e6 / appends.max(1) as f64);
        }
    }

    /// A barrier was sent.
    pub(super) fn flushes(&mut self) {
        self.flushing_since = Some(Instant::now());
    }

    /// The barrier held.
    pub(super) fn flushed(&mut self) {
        if let Some(since) = self.flushing_since.take() {
            note(&mut self.flush_us, since.elapsed().as_secs_f64() * 1e6);
        }
    }
}

fn note(average: &mut f64, value: f64) {
    const WEIGHT: f64 = 0.1;
    *average += WEIGHT * (value - *average);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(append_us: f64, flush_us: f64) -> Pace {
        Pace { append_us, flush_us, ..Pace::default() }
    }

    #[test]
    fn a_lone_append_leaves_at_once() {
        assert_eq!(Pace::default().next_from(0, 0), Some(1));
        assert_eq!(Pace::default().batch_of(1), 1);
    }

    #[test]
    fn a_statement_waits_until_as_many_wait_as_are_under_way() {
        let pace = Pace::default();
        assert_eq!(pace.next_from(0, 20), Some(20));
        assert_eq!(pace.next_from(1, 10), None, "a short statement is over soon");
        assert_eq!(pace.next_from(1, 20), Some(20));
        assert_eq!(pace.next_from(2, 20), None);
    }

    #[test]
    fn many_callers_are_held_in_two_halves_and_few_or_those_behind_a_slow_disk_in_one() {
        assert_eq!(Pace::default().batch_of(256), 256);
        assert_eq!(pace(20.0, 300.0).batch_of(20), 20);
        assert_eq!(pace(20.0, 300.0).batch_of(32), 16);
        assert_eq!(pace(20.0, 300.0).batch_of(255), 128);
        assert_eq!(pace(20.0, 3_000.0).batch_of(64), 64);
        assert_eq!(pace(20.0, 3_000.0).batch_of(256), 128);
    }
}
