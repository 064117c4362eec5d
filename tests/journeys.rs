//! Whole ways through the system, with real servers and real crashes.

mod configuration;
mod doctor;
mod embedded;
