//! AI models over real HTTP, against a provider that keeps to a script.

mod cancelling;
mod catalogue;
mod faults;
mod kit;
mod money;
mod secrets;
mod wire;
