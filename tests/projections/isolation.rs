//! Nobody sees another's rows: Postgres hides them, whatever a query asks for.

use std::time::Duration;

use events::Principal;
use events::account::Role;
use projections::models;
use projections::runs::{self, RunFilter};
use projections::streams;
use projections::{Projections, Reader, RunnerOptions, Viewer};

use super::diary::watermarks;
use super::market::{Ran, create_model, script, wandering};
use crate::support::tape::fresh_log;

/// What belongs to nobody.
const SHARED: [&str; 9] = [
    "bar_chunks",
    "bar_series",
    "company_profiles",
    "factor_registries",
    "import_series",
    "imports",
    "risk_free_rates",
    "scenario_catalogues",
    "sector_weights",
];

#[tokio::test]
async fn what_viewers_may_read_is_guarded_by_row_security_or_belongs_to_nobody() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let rows = client
        .query(
            "select c.relname, c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid) as guarded,
                    has_table_privilege('tapedeck_viewer', c.oid, 'insert, update, delete, truncate') as writable
             from pg_class c
             where c.relnamespace = 'public'::regnamespace
               and c.relkind in ('r', 'p', 'v', 'm')
               and has_table_privilege('tapedeck_viewer', c.oid, 'select')
             order by 1",
            &[],
        )
        .await
        .unwrap();
    let unguarded: Vec<String> =
        rows.iter().filter(|row| !row.get::<_, bool>(1)).map(|row| row.get(0)).collect();
    assert_eq!(unguarded, SHARED);
    let writable: Vec<String> = rows.iter().filter(|row| row.get(2)).map(|row| row.get(0)).collect();
    assert_eq!(writable, Vec::<String>::new());
    assert!(rows.len() > SHARED.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_viewer_sees_its_own_rows_and_nobody_sees_any() {
    let log = fresh_log().await;
    let reads = log.connector().pool(2).unwrap();
    let watermarks = watermarks(&log);
    let _running = Projections::standard().start(&log, &watermarks, &RunnerOptions::default());
    let (model_id, _) = create_model(&log, "Mine", None).await;
    let bars = wandering(5);
    let trades = script(&["1 buy 3 AAPL", "2 sell 99 AAPL", "3 sell 3 AAPL"]);
    let ran = Ran::completed(&log, model_id, 1, &bars, &trades, 2).await;
    let (head, names) = (log.head().await.unwrap(), Projections::standard().names());
    watermarks.wait_for_all(&names, head, Duration::from_secs(30)).await.unwrap();

    for (name, role, own, streams_seen) in [
        ("ann", Role::User, 1, 2),
        ("bob", Role::User, 0, 0),
        ("bob", Role::Auditor, 0, 2),
        ("", Role::User, 0, 0),
    ] {
        let viewer = Viewer { principal: Principal(name.to_owned()), role };
        let view = viewer.clone().look(&reads).await.unwrap();
        let listed = models::list(&view, None, None, 10).await.unwrap().items;
        assert_eq!(listed.len(), own, "{viewer:?}");
        assert_eq!(models::find(&view, model_id).await.unwrap().is_some(), own == 1, "{viewer:?}");
        assert_eq!(
            runs::list(&view, &RunFilter::default(), None, 10).await.unwrap().items.len(),
            own,
            "{viewer:?}"
        );
        assert_eq!(runs::find(&view, ran.run).await.unwrap().is_some(), own == 1, "{viewer:?}");
        let page = streams::list(&view, events::Tenant::LOCAL, None, None, 10).await.unwrap();
        assert_eq!(page.items.len(), streams_seen, "{viewer:?}");
        for (table, rows) in
            [("equity_chunks", 3), ("ledger_chunks", 3), ("ledger_fills", 2), ("ledger_refusals", 1)]
        {
            let statement = format!("select count(*) from {table}");
            let seen: i64 = view.query_one(statement.leak(), &[]).await.unwrap().get(0);
            assert_eq!(seen, own as i64 * rows, "{viewer:?} in {table}");
        }
        let ranked: i64 = view.query_one("select count(*) from leaderboard_runs", &[]).await.unwrap().get(0);
        assert_eq!(ranked, i64::from(!name.is_empty()), "{viewer:?}");
        assert!(view.query("delete from runs", &[]).await.is_err(), "a view is read-only");
    }
    // The role is gone with the view: the pool's connections are as they were.
    let client = reads.get().await.unwrap();
    let principal: String =
        client.query_one("select current_setting('tapedeck.principal', true)", &[]).await.unwrap().get(0);
    assert_eq!(principal, "");
    assert_ne!(
        client.query_one("select current_user::text", &[]).await.unwrap().get::<_, String>(0),
        "tapedeck_viewer"
    );
    drop(client);
}
