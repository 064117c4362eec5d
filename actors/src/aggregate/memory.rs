//! The command ids of a stream that its actor remembers (EL-31).

use std::collections::{HashMap, VecDeque};

use events::{CommandId, Position};

/// How many command ids a live stream remembers.
pub const REMEMBERED_COMMANDS: usize = 1_024;

/// The last command ids of a stream, each with the position of its first event.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// By id, in the order in which they would be forgotten.
    commands: VecDeque<CommandId>,
    first: HashMap<CommandId, Position>,
    forgot: bool,
}

impl Memory {
    /// From a load; `whole` when it began with the first event of the stream.
    pub(crate) fn new(mut commands: Vec<(CommandId, Position)>, whole: bool) -> Self {
        let surplus = commands.len().saturating_sub(REMEMBERED_COMMANDS);
        let forgot = !whole || surplus > 0;
        commands.drain(..surplus);
        let first = commands.iter().copied().collect();
        Self { commands: commands.into_iter().map(|(command, _)| command).collect(), first, forgot }
    }

    /// Remembers one more.
    pub(crate) fn add(&mut self, command: CommandId, first: Position) {
        if self.commands.len() >= REMEMBERED_COMMANDS {
            if let Some(oldest) = self.commands.pop_front() {
                self.first.remove(&oldest);
            }
            self.forgot = true;
        }
        self.commands.push_back(command);
        self.first.insert(command, first);
    }

    /// Where the events of `command` begin, if it is remembered.
    pub(crate) fn first_position(&self, command: CommandId) -> Option<Position> {
        self.first.get(&command).copied()
    }

    /// Whether a command that is not remembered may still have been carried out on this stream.
    pub(crate) fn has_gaps(&self) -> bool {
        self.forgot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(number: usize) -> CommandId {
        CommandId::derived(&[&number.to_be_bytes()])
    }

    #[test]
    fn the_oldest_commands_are_forgotten_first() {
        let mut memory = Memory::new(Vec::new(), true);
        for number in 0..=REMEMBERED_COMMANDS {
            assert!(!memory.has_gaps());
            memory.add(command(number), Position(1));
        }
        assert!(memory.has_gaps());
        assert_eq!(memory.first_position(command(0)), None);
        assert_eq!(memory.first_position(command(1)), Some(Position(1)));
    }

    #[test]
    fn a_stream_loaded_from_a_snapshot_has_gaps() {
        assert!(Memory::new(vec![(command(1), Position(7))], false).has_gaps());
        assert!(!Memory::new(vec![(command(1), Position(7))], true).has_gaps());
    }
}
