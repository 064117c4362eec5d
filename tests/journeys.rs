//! Whole ways through the system, with real servers and real crashes.

mod audit;
mod benchmark;
mod configuration;
mod crash;
mod doctor;
mod embedded;
mod outage;
