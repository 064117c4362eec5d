//! The API through real HTTP, against a real Postgres and nats-server; mirrors `src/http`.

mod ai_models;
mod analytics;
mod auth;
mod conventions;
mod events;
mod health;
mod imports;
mod isolation;
mod kit;
mod leaderboard;
mod limits;
mod market;
mod market_data;
mod metrics;
mod models;
mod openapi;
mod operations;
mod portfolios;
mod runs;
mod sse;
mod trouble;
