//! Whole ways through the system, with real servers and real crashes.

mod audit;
mod benchmark;
mod cli;
mod configuration;
mod crash;
mod doctor;
mod embedded;
mod joining;
mod login;
mod outage;
mod telemetry;
mod tls;
