//! Runs.

mod compare;
mod ended;
mod examined;
mod progress;
mod start;

use serde_json::{Value, json};

use super::kit::{Deck, FIRST_DAY, LAST_DAY, Reply};
use super::models::Models;
use super::sse::Following;

/// Short ways to work with runs.
pub trait Runs {
    /// Starts a run over all bars; `wishes` are merged into the request.
    async fn start_run(&self, model: &str, wishes: Value) -> Reply;
    /// The id of a new run.
    async fn run(&self, model: &str, wishes: Value) -> String;
    /// A run of a new model over AAPL and MSFT that has come to its end.
    async fn completed_run(&self) -> String;
    /// Waits for the end of a run; answers with its name and the position of its last event.
    async fn end_of(&self, run: &str) -> (String, i64);
}

impl Runs for Deck {
    async fn start_run(&self, model: &str, wishes: Value) -> Reply {
        let mut body = json!({"start_date": FIRST_DAY, "end_date": LAST_DAY});
        for (field, value) in wishes.as_object().unwrap() {
            body[field] = value.clone();
        }
        self.post(&format!("/models/{model}/runs"), &body).await
    }

    async fn run(&self, model: &str, wishes: Value) -> String {
        self.start_run(model, wishes).await.data(202)["run_id"].as_str().unwrap().to_owned()
    }

    async fn completed_run(&self) -> String {
        let model = self.model(json!({"name": "M", "symbols": ["AAPL", "MSFT"], "benchmark": "QQQ"})).await;
        let run = self.run(&model, json!({})).await;
        let (end, position) = self.end_of(&run).await;
        assert_eq!(end, "completed");
        for list in ["ledger", "equity"] {
            self.get_after(position, &format!("/runs/{run}/{list}?limit=1")).await.data(200);
        }
        run
    }

    async fn end_of(&self, run: &str) -> (String, i64) {
        let events = self.follow(&format!("/runs/{run}/progress"), None).await.rest().await;
        let last = events.last().unwrap();
        (last.name.clone(), last.position())
    }
}
