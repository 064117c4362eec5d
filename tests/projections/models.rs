//! Models and streams as they are now.

use std::time::Duration;

use events::model::ModelCommand;
use events::{Principal, StreamName, Tenant};
use projections::{Projections, RunnerOptions, models, streams};

use super::diary::watermarks;
use super::market::{Ran, create_model, renamed, terms, wandering};
use crate::support::tape;

#[tokio::test(flavor = "multi_thread")]
async fn models_are_listed_newest_first_until_they_are_deleted() {
    let log = tape::fresh_log().await;
    let watermarks = watermarks(&log);
    let _running = Projections::standard().start(&log, &watermarks, &RunnerOptions::default());
    let ann = Principal("ann".to_owned());
    let (first, mut told) = create_model(&log, "Slow Trend", None).await;
    let (second, _) = create_model(&log, "Slow trend!", Some(2)).await;
    let (third, mut gone) = create_model(&log, "Other", None).await;
    told.send(&log, first, renamed("Renamed")).await;
    Ran::request(&log, first, 1, &terms(&wandering(5), 1_000)).await;
    let at = gone.send(&log, third, ModelCommand::Delete).await.unwrap().last;
    watermarks.wait_for_all(&["models", "runs", "streams"], at, Duration::from_secs(30)).await.unwrap();

    let client = log.pool().get().await.unwrap();
    let page = models::list(&client, Some(&ann), None, 1).await.unwrap();
    assert_eq!(page.items[0].model_id, second);
    let cursor = page.next_cursor.unwrap().to_string().parse().unwrap();
    let rest = models::list(&client, Some(&ann), Some(cursor), 10).await.unwrap();
    assert_eq!((rest.items.len(), rest.next_cursor), (1, None));
    let row = &rest.items[0];
    assert_eq!((row.signature.as_str(), row.settings.name.as_str()), ("slow-trend", "Renamed"));
    assert_eq!((row.runs, row.version.0), (1, 2));
    assert_eq!(models::find(&client, third).await.unwrap(), None);
    let named = models::find_by_name(&client, &ann, "slow-trend-2").await.unwrap().unwrap();
    assert_eq!(named.model_id, second);
    assert_eq!(models::free_suffix(&client, &ann, "slow trend").await.unwrap(), Some(3));
    assert_eq!(models::free_suffix(&client, &ann, "other").await.unwrap(), Some(2));
    assert_eq!(models::free_suffix(&client, &ann, "new").await.unwrap(), None);
    assert_eq!(models::list(&client, Some(&Principal("bob".to_owned())), None, 9).await.unwrap().items, []);

    let page = streams::list(&client, Tenant::LOCAL, Some("model"), None, 2).await.unwrap();
    let cursor = page.next_cursor.unwrap().to_string().parse().unwrap();
    let rest = streams::list(&client, Tenant::LOCAL, Some("model"), Some(&cursor), 2).await.unwrap();
    assert_eq!((page.items.len(), rest.items.len(), rest.next_cursor), (2, 1, None));
    let stream = StreamName::new(Tenant::LOCAL, "model", third);
    let summary = streams::find(&client, &stream).await.unwrap().unwrap();
    assert_eq!((summary.version.0, summary.last_event_type.as_str()), (2, "ModelDeleted"));
    assert_eq!(summary.last_position, at);
}
