//! Portfolios in all the versions that were known of them.

use std::collections::BTreeSet;
use std::time::Duration;

use events::account::Role;
use events::log::Log;
use events::portfolio::{
    Deletion, EquityChangeDraft, EquityChangeEdit, EquityChangeKind, ExistingTarget, LotDraft, NewLot,
    Portfolio, PortfolioAct, PortfolioCommand, SettingsChange, SettingsDraft, Siblings, TagChange,
    TargetDraft, TargetPrices,
};
use events::position::{AccountType, InvestmentClass, InvestmentSubtype};
use events::tags::{TagAct, TagBook, TagCommand, TagDraft, TagEdit};
use events::{EquityChangeId, PortfolioId, Position, PositionId, Principal, TagId, TargetId, Version};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use projections::portfolios::{self, Books, HistoryOf, KnownAt};
use projections::tags::{self, Archived};
use projections::{Projections, RunnerOptions, RunningProjections, Viewer, Watermarks};
use tokio_postgres::Client;

use super::diary::{caught_up, options, watermarks};
use super::market::Told;
use crate::support::tape::fresh_log;

const TODAY: Date = date(2025, 3, 10);

fn now() -> Timestamp {
    "2025-03-10T15:00:00Z".parse().unwrap()
}

fn command(act: PortfolioAct) -> PortfolioCommand {
    PortfolioCommand { at: now(), today: TODAY, act }
}

fn open(name: &str) -> PortfolioCommand {
    let draft = SettingsDraft {
        name: name.to_owned(),
        account_name: name.to_owned(),
        account_type: AccountType::Taxable,
        description: None,
        currency: None,
        opening_equity: Some("100000".parse().unwrap()),
        inception_date: Some(date(2025, 1, 2)),
        is_active: None,
    };
    command(PortfolioAct::Open { draft: Box::new(draft), siblings: Siblings::default() })
}

fn lot(symbol: &str, quantity: &str, price: &str) -> NewLot {
    let draft = LotDraft {
        symbol: symbol.to_owned(),
        quantity: quantity.parse().unwrap(),
        entry_price: price.parse().unwrap(),
        entry_date: Some(date(2025, 2, 3)),
        ..LotDraft::default()
    };
    NewLot { position_id: PositionId::generate(), draft }
}

/// A portfolio beside its log, with its state after each command.
struct Kept {
    id: PortfolioId,
    told: Told<Portfolio>,
    states: Vec<(Position, Portfolio)>,
}

impl Kept {
    async fn open(log: &Log, name: &str) -> Self {
        let mut kept = Self { id: PortfolioId::generate(), told: Told::default(), states: Vec::new() };
        kept.send_command(log, open(name)).await;
        kept
    }

    async fn send(&mut self, log: &Log, act: PortfolioAct) {
        self.send_command(log, command(act)).await;
    }

    async fn send_command(&mut self, log: &Log, command: PortfolioCommand) {
        let committed = self.told.send(log, self.id, command).await.expect("something follows");
        self.states.push((committed.last, self.told.state.clone()));
    }
}

/// Every kind of fact, entered, changed and taken back.
async fn eventful(log: &Log) -> Kept {
    let mut kept = Kept::open(log, "Eventful").await;
    let lots = [lot("AAPL", "100", "150"), lot("MSFT", "-50", "400"), lot("NVDA", "10", "120")];
    let [apple, microsoft, nvidia] = [0, 1, 2].map(|at| lots[at].position_id);
    kept.send(log, PortfolioAct::OpenLots(lots.to_vec())).await;
    let mut flat = lot("FLAT_IN_PARIS", "1", "500000");
    flat.draft.investment_class = Some(InvestmentClass::Private);
    flat.draft.investment_subtype = Some(InvestmentSubtype::RealEstate);
    let flat_id = flat.position_id;
    kept.send(log, PortfolioAct::OpenLots(vec![flat])).await;
    for price in ["510000", "520000"] {
        let act = PortfolioAct::MarkLot {
            position_id: flat_id,
            mark_date: date(2025, 3, 3),
            price: price.parse().unwrap(),
            note: None,
        };
        kept.send(log, act).await;
    }
    let close = |quantity: &str, price: &str| PortfolioAct::CloseLot {
        position_id: apple,
        quantity: Some(quantity.parse().unwrap()),
        price: price.parse().unwrap(),
        date: date(2025, 2, 20),
    };
    kept.send(log, close("40", "180")).await;
    kept.send(log, close("60", "185")).await;
    let tag_ids = BTreeSet::from([TagId::generate()]);
    let how = TagChange::Add;
    kept.send(log, PortfolioAct::TagLots { position_ids: vec![microsoft], tag_ids, how }).await;
    kept.send(log, PortfolioAct::DeleteLots { position_ids: vec![microsoft], how: Deletion::Soft }).await;
    kept.send(log, PortfolioAct::DeleteLots { position_ids: vec![nvidia], how: Deletion::Hard }).await;
    let equity_change_id = EquityChangeId::generate();
    let draft = EquityChangeDraft {
        change_type: EquityChangeKind::Contribution,
        amount: "2500".parse().unwrap(),
        change_date: date(2025, 3, 4),
        notes: None,
    };
    kept.send(log, PortfolioAct::RecordEquityChange { equity_change_id, draft, equity: None }).await;
    let edit = EquityChangeEdit { amount: Some("2600".parse().unwrap()), ..EquityChangeEdit::default() };
    kept.send(log, PortfolioAct::EditEquityChange { equity_change_id, edit, equity: None }).await;
    kept.send(log, PortfolioAct::DeleteEquityChange { equity_change_id }).await;
    for equity in ["99000", "98000"] {
        let (adjustment_date, equity) = (date(2025, 3, 7), equity.parse().unwrap());
        kept.send(log, PortfolioAct::AdjustEquity { adjustment_date, equity, notes: None }).await;
    }
    let target = TargetId::generate();
    let draft = TargetDraft {
        symbol: "AAPL".to_owned(),
        position_type: None,
        position_id: None,
        prices: TargetPrices { eoy: Some("230".parse().unwrap()), ..TargetPrices::default() },
    };
    let targets = vec![(target, draft)];
    kept.send(log, PortfolioAct::CreateTargets { targets, existing: ExistingTarget::Refuse }).await;
    kept.send(log, PortfolioAct::RemoveTargets(vec![target])).await;
    let change = SettingsChange { name: Some("Quiet".to_owned()), ..SettingsChange::default() };
    let change = PortfolioAct::Change { change: Box::new(change), siblings: Siblings::default() };
    kept.send(log, change).await;
    // So many lots that their events are stored as one.
    let many = (0..40).map(|number| lot("SPY", &(number + 1).to_string(), "500")).collect();
    kept.send(log, PortfolioAct::ReplaceLots(many)).await;
    kept.send(log, PortfolioAct::Close { siblings: Siblings { active: 1, ..Siblings::default() } }).await;
    kept
}

async fn started(log: &Log) -> (Watermarks, RunningProjections) {
    let watermarks = watermarks(log);
    let running = Projections::standard().start(log, &watermarks, &options());
    (watermarks, running)
}

async fn dump(client: &Client) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["portfolios", "portfolio_facts", "portfolio_history", "tags"] {
        let statement = format!("select t::text from {table} t order by 1");
        all.extend(client.query(&statement, &[]).await.unwrap().iter().map(|row| row.get(0)));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_at_any_place_of_the_log_is_read_from_the_facts() {
    let log = fresh_log().await;
    let (watermarks, _running) = started(&log).await;
    let kept = eventful(&log).await;
    caught_up(&log, &watermarks, "portfolios").await;
    let client = log.pool().get().await.unwrap();
    let books = Books::default();
    for (count, (position, state)) in kept.states.iter().enumerate() {
        let known = KnownAt::Position(*position);
        let book = books.find(&**client, kept.id, known).await.unwrap().unwrap();
        assert_eq!(*book.portfolio, *state, "after command {count}");
        assert_eq!(book.position, *position);
        // Times have microseconds, and commands come faster than that: the last of one instant counts.
        let event = log.read_event(*position).await.unwrap().unwrap();
        let at = books.find(&**client, kept.id, KnownAt::Instant(event.recorded_at)).await.unwrap().unwrap();
        assert!(at.position >= book.position);
        let before = Timestamp::from_microsecond(event.recorded_at.as_microsecond() - 1).unwrap();
        let before = books.find(&**client, kept.id, KnownAt::Instant(before)).await.unwrap();
        assert!(before.is_none_or(|before| before.position < book.position));
    }
    let (last, state) = kept.states.last().unwrap();
    let book = books.find(&**client, kept.id, KnownAt::Now).await.unwrap().unwrap();
    assert_eq!((book.position, &*book.portfolio), (*last, state));
    assert_eq!(books.find(&**client, kept.id, KnownAt::Position(Position(0))).await.unwrap(), None);
    assert_eq!(portfolios::list(&**client, None, None, 9).await.unwrap().items, []);
    let row = portfolios::find(&**client, kept.id).await.unwrap().unwrap();
    assert_eq!((Some(&row.settings), row.version), (state.settings.as_ref(), book.version));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_gives_the_same_facts_history_and_tags() {
    let log = fresh_log().await;
    let (watermarks, _running) = started(&log).await;
    eventful(&log).await;
    Kept::open(&log, "Other").await;
    let mut told: Told<TagBook> = Told::default();
    let (kept, gone) = (TagId::generate(), TagId::generate());
    let tag = |name: &str| TagDraft { name: name.to_owned(), ..TagDraft::default() };
    let edit = TagEdit { color: Some("#ff0000".to_owned()), ..TagEdit::default() };
    for act in [
        TagAct::Create(kept, tag("Kept")),
        TagAct::Create(gone, tag("Gone")),
        TagAct::Archive(gone),
        TagAct::Change(kept, edit),
    ] {
        told.send(&log, "ann", TagCommand { at: now(), act }).await.unwrap();
    }
    let names = ["portfolios", "tags"];
    let head = log.head().await.unwrap();
    watermarks.wait_for_all(&names, head, Duration::from_secs(30)).await.unwrap();
    let client = log.connector().connect().await.unwrap();
    let of_list = |rows: Vec<tags::TagRow>| rows.iter().map(|row| row.tag_id).collect::<Vec<_>>();
    assert_eq!(of_list(tags::list(&client, None, Archived::LeftOut).await.unwrap()), [kept]);
    assert_eq!(of_list(tags::list(&client, None, Archived::Included).await.unwrap()), [kept, gone]);
    let row = tags::find(&client, kept).await.unwrap().unwrap();
    assert_eq!((&row.tag, row.version), (&told.state.tags()[&kept], Version(4)));
    told.send(&log, "ann", TagCommand { at: now(), act: TagAct::Delete(gone) }).await.unwrap();
    caught_up(&log, &watermarks, "tags").await;
    assert_eq!(tags::find(&client, gone).await.unwrap(), None);

    let before = dump(&client).await;
    assert!(before.len() > 80);
    for name in names {
        Projections::standard().rebuild(name, &log, &mut |_| {}).await.unwrap();
    }
    assert_eq!(dump(&client).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_what_happened_to_a_portfolio_and_to_one_lot() {
    let log = fresh_log().await;
    let (watermarks, _running) = started(&log).await;
    let kept = eventful(&log).await;
    let head = caught_up(&log, &watermarks, "portfolios").await;
    let client = log.pool().get().await.unwrap();
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page =
            portfolios::history(&**client, HistoryOf::Portfolio(kept.id), head, after, 9).await.unwrap();
        all.extend(page.items);
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    all.reverse();
    let told: Vec<&str> = all.iter().map(|entry| entry.event_type.as_str()).collect();
    let sent: Vec<&str> = kept.told.events.iter().map(events::Event::name).collect();
    assert_eq!(told, sent);
    assert!(all.iter().all(|entry| entry.principal == Principal("ann".to_owned())));

    let flat = kept.told.state.marks.keys().next().unwrap();
    let of = HistoryOf::Lot(kept.id, *flat);
    let names = async |known: Position| -> Vec<String> {
        let page = portfolios::history(&**client, of, known, None, 9).await.unwrap();
        page.items.into_iter().map(|entry| entry.event_type).collect()
    };
    assert_eq!(names(head).await, ["LotDeleted", "LotMarked", "LotMarked", "LotOpened"]);
    assert_eq!(names(kept.states[3].0).await, ["LotMarked", "LotOpened"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_anothers_book_even_when_it_is_kept() {
    let log = fresh_log().await;
    let (watermarks, _running) = started(&log).await;
    let mut kept = Kept::open(&log, "Mine").await;
    let lots = vec![lot("AAPL", "1", "2")];
    let position = lots[0].position_id;
    kept.send(&log, PortfolioAct::OpenLots(lots)).await;
    let head = caught_up(&log, &watermarks, "portfolios").await;
    let (reads, books) = (log.connector().pool(2).unwrap(), Books::default());
    for (name, role, is_hers) in [
        ("ann", Role::User, true),
        ("bob", Role::User, false),
        ("bob", Role::Admin, false),
        ("", Role::User, false),
        ("ann", Role::User, true),
    ] {
        let viewer = Viewer { principal: Principal(name.to_owned()), role };
        let view = viewer.look(&reads).await.unwrap();
        for known in [KnownAt::Now, KnownAt::Position(head), KnownAt::Instant(Timestamp::MAX)] {
            let book = books.find(&view, kept.id, known).await.unwrap();
            assert_eq!(book.is_some(), is_hers, "{name} {role:?} {known:?}");
        }
        let asked = BTreeSet::from([position, PositionId::generate()]);
        let found = portfolios::of_positions(&view, &asked).await.unwrap();
        assert_eq!(found.get(&position).copied(), is_hers.then_some(kept.id));
        assert_eq!(found.len(), usize::from(is_hers));
        let listed = portfolios::list(&view, None, None, 9).await.unwrap().items;
        assert_eq!(listed.len(), usize::from(is_hers));
        let of = HistoryOf::Portfolio(kept.id);
        let told = portfolios::history(&view, of, head, None, 9).await.unwrap().items;
        assert_eq!(told.len(), if is_hers { 2 } else { 0 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_lots_are_folded_read_and_kept() {
    let log = fresh_log().await;
    let watermarks = watermarks(&log);
    let _running = Projections::standard().start(&log, &watermarks, &RunnerOptions::default());
    let mut kept = Kept::open(&log, "Large").await;
    let lots = |price| (0..10_000).map(|number| lot(&format!("S{}", number % 500), "5", price)).collect();
    kept.send(&log, PortfolioAct::OpenLots(lots("10.5"))).await;
    kept.send(&log, PortfolioAct::ReplaceLots(lots("10.6"))).await;
    caught_up(&log, &watermarks, "portfolios").await;
    let viewer = Viewer { principal: Principal("ann".to_owned()), role: Role::User };
    let reads = log.connector().pool(1).unwrap();
    let (view, books) = (viewer.look(&reads).await.unwrap(), Books::default());
    // Its facts come as a stream through one connection, which is asked again afterwards.
    let book = books.find(&view, kept.id, KnownAt::Now).await.unwrap().unwrap();
    let again = books.find(&view, kept.id, KnownAt::Now).await.unwrap().unwrap();
    assert_eq!(*book.portfolio, kept.told.state);
    assert!(std::sync::Arc::ptr_eq(&book.portfolio, &again.portfolio));
}
