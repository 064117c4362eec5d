//! Rules of tags.
