//! Given / when / then for aggregates: a test is three steps and says the rule in its name.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]
use crate::codec::{self, Event};
use crate::decider::Decider;

/// A state made of past events.
#[derive(Debug)]
pub struct Given<D: Decider> {
    state: D,
}

/// What a command led to.
#[derive(Debug)]
pub struct Outcome<D: Decider> {
    before: D,
    result: Result<Vec<D::Event>, D::Error>,
}

/// Starts from `history`; every event also survives a round trip through its stored form.
pub fn given<D: Decider>(history: impl IntoIterator<Item = D::Event>) -> Given<D> {
    let mut state = D::default();
    for event in history {
        assert_survives_storage(&event);
        state.evolve(&event);
    }
    Given { state }
}

fn assert_survives_storage<E: Event>(event: &E) {
    let json = event.to_json().expect("an event can be written");
    let back: Vec<E> =
        codec::decode(event.name(), event.schema_version(), &json).expect("an event can be read back");
    assert_eq!(back, vec![event.clone()], "decode(encode(event)) == event");
}

fn assert_survives_packing<E: Event>(events: &[E]) {
    let json = codec::pack(events).expect("events can be packed");
    let back: Vec<E> = codec::decode(E::PACK, codec::PACK_SCHEMA, &json).expect("a pack can be read back");
    assert_eq!(back, events, "decode(pack(events)) == events");
}

impl<D: Decider> Given<D> {
    /// Sends `command`.
    pub fn when(self, command: D::Command) -> Outcome<D> {
        let result = self.state.decide(command);
        if let Ok(events) = &result {
            events.iter().for_each(assert_survives_storage);
            assert_survives_packing(events);
        }
        Outcome { before: self.state, result }
    }

    /// The state that the history leads to.
    pub fn state(self) -> D {
        self.state
    }
}

impl<D: Decider> Outcome<D> {
    /// Exactly these events follow.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = D::Event>) -> Self {
        assert_eq!(self.result, Ok(expected.into_iter().collect()));
        self
    }

    /// The command is refused for breaking this rule.
    #[track_caller]
    pub fn refused(self, rule: D::Error) {
        assert_eq!(self.result, Err(rule));
    }

    /// The events that follow.
    #[track_caller]
    pub fn events(self) -> Vec<D::Event> {
        self.result.expect("the command is accepted")
    }

    /// The state after the events that follow.
    #[track_caller]
    pub fn state(self) -> D {
        let mut state = self.before;
        self.result.expect("the command is accepted").iter().for_each(|event| state.evolve(event));
        state
    }
}
