//! The desk of one aggregate: the commands that wait for their answer, whichever incarnation of the actor gives it.
//!
//! The desk outlives the actor. A passivated, killed or failed actor leaves its commands lying there, and the next one
//! takes them up; so nothing is lost between two incarnations.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use events::Version;
use events::decider::Kept;
use events::log::Lane;

use super::command::{CommandError, Waiting};

/// Whether the actor must be told that something lies on the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// It sleeps: send it a message.
    Needed,
    /// It looks by itself.
    NotNeeded,
}

/// What lies on the desk of one aggregate.
pub(crate) struct Desk<A: Kept> {
    state: Mutex<DeskState<A>>,
    open: Arc<AtomicUsize>,
    version: AtomicI64,
}

struct DeskState<A: Kept> {
    awake: bool,
    /// The last of `taken` is being decided at this moment.
    deciding: bool,
    control: VecDeque<Box<Waiting<A>>>,
    others: VecDeque<Box<Waiting<A>>>,
    /// Decided or being decided, in order, not answered yet.
    taken: VecDeque<Box<Waiting<A>>>,
}

/// Why a new incarnation takes over.
pub(crate) enum Succession<'a> {
    /// The one before ended in order or was killed; what it was doing is done again.
    Ended,
    /// The one before failed: the command it was deciding is not tried again.
    Failed(&'a str),
}

impl<A: Kept> Desk<A> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(DeskState {
                awake: true,
                deciding: false,
                control: VecDeque::new(),
                others: VecDeque::new(),
                taken: VecDeque::new(),
            }),
            open: Arc::default(),
            version: AtomicI64::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, DeskState<A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What admission counts.
    pub(crate) fn open(&self) -> &Arc<AtomicUsize> {
        &self.open
    }

    /// Commands without an answer.
    pub(crate) fn unanswered(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// The last version the actor knew to be durable.
    pub(crate) fn version(&self) -> Version {
        Version(self.version.load(Ordering::Relaxed))
    }

    pub(crate) fn set_version(&self, version: Version) {
        self.version.store(version.0, Ordering::Relaxed);
    }

    /// Lays a command down.
    pub(crate) fn put(&self, waiting: Box<Waiting<A>>) -> Wake {
        let mut state = self.state();
        state.lane(&waiting).push_back(waiting);
        if std::mem::replace(&mut state.awake, true) { Wake::NotNeeded } else { Wake::Needed }
    }

    /// Takes the next command to decide, control before others; without one the actor sleeps until it is woken.
    /// `look` sees the command while it stays on the desk, marked as being decided.
    pub(crate) fn take<R>(&self, look: impl FnOnce(&Waiting<A>) -> R) -> Option<R> {
        let mut state = self.state();
        let next = loop {
            let next = match state.control.pop_front() {
                Some(next) => Some(next),
                None => state.others.pop_front(),
            };
            match next {
                // Nobody waits for it any more and it was never begun.
                Some(gone) if gone.reply.is_closed() && gone.attempts == 0 => {}
                found => break found,
            }
        };
        let Some(next) = next else {
            state.awake = false;
            return None;
        };
        let seen = look(&next);
        state.taken.push_back(next);
        state.deciding = true;
        Some(seen)
    }

    /// Deciding the last taken command ended.
    pub(crate) fn decided(&self) {
        self.state().deciding = false;
    }

    /// Whether a command waits that was not taken yet.
    pub(crate) fn has_waiting(&self) -> bool {
        let state = self.state();
        !state.control.is_empty() || !state.others.is_empty()
    }

    /// The first `count` of the taken commands, to be answered.
    pub(crate) fn settle(&self, count: usize) -> Vec<Box<Waiting<A>>> {
        let mut state = self.state();
        let count = count.min(state.taken.len());
        let settled = state.taken.drain(..count).collect();
        state.rest();
        settled
    }

    /// Puts commands back before all others of their lanes, in their order.
    pub(crate) fn put_back(&self, waiting: Vec<Box<Waiting<A>>>) {
        let mut state = self.state();
        for waiting in waiting.into_iter().rev() {
            state.lane(&waiting).push_front(waiting);
        }
    }

    /// Prepares the desk for a new incarnation: what was taken waits again.
    pub(crate) fn hand_over(&self, why: &Succession<'_>) {
        let mut state = self.state();
        state.awake = true;
        let deciding = std::mem::take(&mut state.deciding);
        let culprit = match why {
            Succession::Failed(_) if deciding => state.taken.pop_back(),
            Succession::Failed(_) | Succession::Ended => None,
        };
        while let Some(mut waiting) = state.taken.pop_back() {
            waiting.attempts = waiting.attempts.saturating_add(1);
            waiting.uncertain = true;
            state.lane(&waiting).push_front(waiting);
        }
        drop(state);
        if let (Some(culprit), Succession::Failed(reason)) = (culprit, why) {
            culprit.answer(Err(CommandError::Failed { reason: (*reason).to_owned() }));
        }
    }

    /// Answers everything with the same refusal.
    pub(crate) fn refuse_all(&self, refusal: impl Fn(&Waiting<A>) -> CommandError<A::Error>) {
        let mut state = self.state();
        state.deciding = false;
        let mut all = std::mem::take(&mut state.taken);
        all.append(&mut state.control);
        all.append(&mut state.others);
        state.rest();
        drop(state);
        for waiting in all {
            let refused = refusal(&waiting);
            waiting.answer(Err(refused));
        }
    }
}

impl<A: Kept> DeskState<A> {
    fn lane(&mut self, waiting: &Waiting<A>) -> &mut VecDeque<Box<Waiting<A>>> {
        match waiting.envelope.lane {
            Lane::Control => &mut self.control,
            Lane::Orders | Lane::Batch | Lane::Telemetry => &mut self.others,
        }
    }

    /// An idle desk keeps no buffers: there may be a hundred thousand of them.
    fn rest(&mut self) {
        if self.taken.is_empty() && self.control.is_empty() && self.others.is_empty() {
            self.taken = VecDeque::new();
            self.control = VecDeque::new();
            self.others = VecDeque::new();
        }
    }
}
