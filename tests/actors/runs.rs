//! Runs reach their last bar, with the same events whatever happens on the way.

use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;

use actors::ports::{MarketData, PortError, UnfinishedRuns};
use actors::{
    CommandEnvelope, Directory, DirectoryOptions, RunDispatcher, RunDispatcherOptions, RunLoop,
    RunLoopOptions, Runs, until_over,
};
use events::log::{Connector, Filter, Lane, Log, migrate};
use events::market::{Bars, Columns};
use events::model::Risk;
use events::policy::{EqualWeightParameters, FillRule, Order, OrderType, Policy, PolicySpec, View};
use events::run::{Advance, BarsUsed, Fingerprint, RunCommand, RunEvent, RunSnapshot, RunStatus};
use events::{Aggregate, CommandId, Interval, ModelId, Position, Price, Rate, Run, RunId, Version};
use jiff::Timestamp;
use tapedeck::embedded::{Postgres, PostgresOptions};

use crate::support::services::test_config;
use crate::support::tape::{fresh_log, open};
use crate::support::waiting::until;

/// Hourly bars whose prices wander, differently for each symbol.
fn bars(symbols: usize, count: usize) -> Arc<Bars> {
    let starts = (0..count).map(|bar| Timestamp::from_second(1_700_000_000 + bar as i64 * 3_600).unwrap());
    let columns = (0..symbols).map(|symbol| {
        let mut seed = symbol as i64 + 1;
        let prices = (0..count).map(|_| {
            seed = (seed * 1_103_515_245 + 12_345) % (1 << 31);
            Price::whole(50 + seed % 50).unwrap()
        });
        Columns::flat(format!("S{symbol:03}").parse().unwrap(), prices.collect())
    });
    Arc::new(Bars::new(Interval::Hour, starts.collect(), columns.collect()).unwrap())
}

fn snapshot(bars: &Bars, rebalance_bars: u32, chunk_bars: u32) -> RunSnapshot {
    RunSnapshot {
        model_name: "test".to_owned(),
        policy: PolicySpec::EqualWeight(EqualWeightParameters { rebalance_bars }),
        symbols: bars.columns().iter().map(|columns| columns.symbol.clone()).collect(),
        interval: bars.interval(),
        first_bar_at: bars.starts()[0],
        last_bar_at: *bars.starts().last().unwrap(),
        initial_cash: "1000000".parse().unwrap(),
        fill_rule: FillRule::default_of(bars.interval()),
        commission_rate: Rate::ZERO,
        slippage_rate: Rate::ZERO,
        allowed_order_types: OrderType::ALL.into(),
        bars: BarsUsed {
            fingerprint: Fingerprint(bars.fingerprint()),
            count: u32::try_from(bars.len()).unwrap(),
            warmup: 0,
            vintage: 1,
        },
        periods_per_year: 1_512,
        chunk_bars,
        code_version: "0.1.0".to_owned(),
        benchmark: None,
        risk: Risk::default(),
    }
}

#[derive(Clone)]
struct Given(Arc<Bars>);

impl MarketData for Given {
    async fn bars(&self, snapshot: &RunSnapshot) -> Result<Arc<Bars>, PortError> {
        if snapshot.bars.vintage == 1 {
            return Ok(self.0.clone());
        }
        Err(PortError::Permanent { reason: "no such vintage".to_owned() })
    }
}

/// Reads the log from its start; a read model would be faster.
struct AllRequested(Log);

impl UnfinishedRuns for AllRequested {
    async fn unfinished(&self, limit: usize) -> Result<Vec<RunId>, PortError> {
        let page = self.0.read(Position::START, limit, &Filter::category("run")).await;
        let page = page.map_err(|error| PortError::Transient { reason: error.to_string() })?;
        let requested = page.events.iter().filter(|event| &*event.event_type == "RunRequested");
        Ok(requested.map(|event| event.stream.key().parse().unwrap()).collect())
    }
}

async fn runs_of(log: &Log) -> Runs {
    Directory::start(log.clone(), (), DirectoryOptions::default()).await.unwrap()
}

fn dispatcher(runs: &Runs, bars: &Arc<Bars>) -> RunDispatcher {
    let run_loop = RunLoop::new(runs.clone(), Given(bars.clone()), RunLoopOptions::default());
    let options = RunDispatcherOptions {
        look_every: Duration::from_millis(50),
        rest: Duration::from_millis(50),
        ..RunDispatcherOptions::default()
    };
    RunDispatcher::start(run_loop, AllRequested(runs.log().clone()), options)
}

async fn request(runs: &Runs, snapshot: &RunSnapshot) -> RunId {
    let run = RunId::generate();
    let model_id = ModelId::derived(&[b"model"]);
    let request = RunCommand::Request { model_id, run_number: 1, snapshot: Box::new(snapshot.clone()) };
    runs.execute(run, CommandEnvelope::new(request, CommandId::generate())).await.unwrap();
    run
}

async fn story(runs: &Runs, run: RunId) -> Vec<RunEvent> {
    let mut story = Vec::new();
    let mut read = Version::NONE;
    loop {
        let events = runs.log().read_stream(&runs.stream(run), read, 5_000).await.unwrap();
        let Some(last) = events.last() else { return story };
        read = last.version;
        story.extend(events.iter().flat_map(|event| event.decode::<RunEvent>().unwrap()));
    }
}

async fn versions(runs: &Runs, run: RunId) -> i64 {
    runs.log().tip(&runs.stream(run)).await.unwrap().version.0
}

async fn ended(runs: &Runs, run: RunId) -> bool {
    let stream = runs.stream(run);
    runs.log().load::<Aggregate<Run>>(&stream).await.unwrap().state.next_bar().is_none()
}

#[tokio::test]
async fn a_requested_run_is_driven_to_its_last_bar() {
    let log = fresh_log().await;
    let (runs, bars) = (runs_of(&log).await, bars(3, 2_000));
    let dispatcher = dispatcher(&runs, &bars);
    let run = request(&runs, &snapshot(&bars, 21, 100)).await;
    assert_eq!(until_over(&runs, run).await.unwrap(), Some(RunStatus::Completed));
    dispatcher.stop().await;
    let closed = story(&runs, run).await.into_iter().filter_map(|event| match event {
        RunEvent::BarsClosed(closed) => Some(closed.value.len()),
        _ => None,
    });
    assert_eq!(closed.sum::<usize>(), 2_000);
}

#[tokio::test]
async fn chunks_that_end_early_are_followed_without_a_gap() {
    let log = fresh_log().await;
    let (runs, bars) = (runs_of(&log).await, bars(60, 300));
    let run = request(&runs, &snapshot(&bars, 1, 100)).await;
    // Requested before the node came up: found by looking.
    let dispatcher = dispatcher(&runs, &bars);
    assert_eq!(until_over(&runs, run).await.unwrap(), Some(RunStatus::Completed));
    dispatcher.stop().await;
    let chunks = story(&runs, run).await.into_iter().filter(|event| matches!(event, RunEvent::BarsClosed(_)));
    assert!(chunks.count() > 3, "some chunk ended early");
}

/// Waits, when it is first asked, until somebody else has got something done meanwhile.
#[derive(Debug)]
struct Waiting {
    others: Mutex<mpsc::Receiver<()>>,
    went_on: OnceLock<bool>,
}

impl Policy for Waiting {
    fn propose(&self, _view: &View<'_>, _orders: &mut Vec<Order>) {
        let wait = || self.others.lock().unwrap().recv_timeout(Duration::from_secs(10)).is_ok();
        self.went_on.get_or_init(wait);
    }
}

/// EL-129: bars are decided on a thread of their own; the one that all others wait for goes on meanwhile.
#[tokio::test(flavor = "current_thread")]
async fn deciding_bars_holds_up_nobody_else() {
    let log = fresh_log().await;
    let (runs, bars) = (runs_of(&log).await, bars(1, 100));
    let run = request(&runs, &snapshot(&bars, 1, 50)).await;
    let (others, waits) = mpsc::channel();
    let policy = Arc::new(Waiting { others: waits.into(), went_on: OnceLock::new() });
    let advance = Advance { from_bar: 0, bars, policy: policy.clone() };
    let advancing =
        runs.submit(run, CommandEnvelope::new(RunCommand::Advance(advance), CommandId::generate()));
    let other = tokio::spawn(async move {
        log.head().await.unwrap();
        others.send(()).unwrap();
    });
    advancing.outcome().await.unwrap();
    other.await.unwrap();
    assert_eq!(policy.went_on.get(), Some(&true), "deciding held up the only thread of all others");
}

/// EL-74.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_changes_drivers_and_actors_tells_the_same_story() {
    let log = fresh_log().await;
    let (bars, undisturbed) = (bars(5, 4_000), runs_of(&log).await);
    let terms = snapshot(&bars, 3, 50);
    let straight = {
        let dispatcher = dispatcher(&undisturbed, &bars);
        let straight = request(&undisturbed, &terms).await;
        assert_eq!(until_over(&undisturbed, straight).await.unwrap(), Some(RunStatus::Completed));
        dispatcher.stop().await;
        straight
    };
    // Two nodes, each with actors of its own; drivers and actors come and go while the run goes on.
    let nodes = [runs_of(&log).await, runs_of(&log).await];
    let run = request(&nodes[0], &terms).await;
    let mut reached = 0;
    for turn in 0..12 {
        let driving = nodes.each_ref().map(|node| dispatcher(node, &bars));
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        loop {
            let now = versions(&nodes[0], run).await;
            let over = ended(&nodes[0], run).await;
            if now > reached || over {
                reached = now;
                break;
            }
            assert!(std::time::Instant::now() < deadline, "no progress in turn {turn}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let _ = nodes[turn % 2].kill(run).await;
        for dispatcher in driving {
            dispatcher.stop().await;
        }
    }
    let last = dispatcher(&nodes[1], &bars);
    assert_eq!(until_over(&nodes[1], run).await.unwrap(), Some(RunStatus::Completed));
    last.stop().await;
    assert!(story(&nodes[1], run).await == story(&undisturbed, straight).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_survives_the_death_of_the_database() {
    let postgres = Postgres::start(&PostgresOptions::of(&test_config("run-outage"))).await.unwrap();
    let connector = Connector::new(postgres.url().expose()).unwrap();
    migrate(&mut connector.connect().await.unwrap()).await.unwrap();
    let log = open(&connector).await;
    let (runs, bars) = (runs_of(&log).await, bars(3, 20_000));
    let dispatcher = dispatcher(&runs, &bars);
    let run = request(&runs, &snapshot(&bars, 2, 20)).await;
    for _ in 0..2 {
        let before = versions(&runs, run).await;
        while versions(&runs, run).await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pid = nix::unistd::Pid::from_raw(postgres.pid().unwrap().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
        until("the postmaster is dead", || postgres.pid().is_none()).await;
        postgres.ensure_running().await.unwrap();
    }
    let over = async {
        loop {
            match until_over(&runs, run).await {
                Ok(status) => return status,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(60), over).await.unwrap();
    assert_eq!(status, Some(RunStatus::Completed));
    dispatcher.stop().await;
    let bars_closed = story(&runs, run).await.into_iter().filter_map(|event| match event {
        RunEvent::BarsClosed(closed) => Some(closed.value.len()),
        _ => None,
    });
    assert_eq!(bars_closed.sum::<usize>(), 20_000);
}

#[tokio::test]
async fn a_cancelled_run_stops_where_it_is() {
    let log = fresh_log().await;
    let (runs, bars) = (runs_of(&log).await, bars(3, 200_000));
    let dispatcher = dispatcher(&runs, &bars);
    let run = request(&runs, &snapshot(&bars, 2, 10)).await;
    while versions(&runs, run).await < 100 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let cancel = RunCommand::Cancel { reason: "enough".to_owned() };
    let cancel = CommandEnvelope::new(cancel, CommandId::generate()).in_lane(Lane::Control);
    runs.execute(run, cancel).await.unwrap();
    assert_eq!(until_over(&runs, run).await.unwrap(), Some(RunStatus::Cancelled));
    let ended = versions(&runs, run).await;
    dispatcher.stop().await;
    assert_eq!(versions(&runs, run).await, ended);
}

#[tokio::test]
async fn a_run_without_prices_fails_and_says_why() {
    let log = fresh_log().await;
    let (runs, bars) = (runs_of(&log).await, bars(1, 10));
    let dispatcher = dispatcher(&runs, &bars);
    let mut missing = snapshot(&bars, 1, 10);
    missing.bars.vintage = 2;
    let missing = request(&runs, &missing).await;
    let mut others = snapshot(&bars, 1, 10);
    others.bars.fingerprint = Fingerprint([7; 32]);
    let others = request(&runs, &others).await;
    for (run, why) in [(missing, "no such vintage"), (others, "fingerprint")] {
        assert_eq!(until_over(&runs, run).await.unwrap(), Some(RunStatus::Failed));
        let Some(RunEvent::RunFailed(failed)) = story(&runs, run).await.pop() else { panic!("no end") };
        assert!(failed.reason.contains(why), "{}", failed.reason);
    }
    dispatcher.stop().await;
}
