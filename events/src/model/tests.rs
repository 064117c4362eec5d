//! Rules of trading models.

use super::{
    Limit, ModelChange, ModelCommand, ModelCreated, ModelDeleted, ModelDraft, ModelError, ModelEvent,
    ModelSettings, ModelUpdated, Risk, Rule, RunAllocated, Signature, TradingModel, signature_base,
};
use crate::policy::{FillRule, OrderType, PolicySpec, SmaCrossParameters};
use crate::testing::given;
use crate::{Decider, RunId, Symbol};

fn draft() -> ModelDraft {
    ModelDraft { name: "Steady Hand".to_owned(), ..ModelDraft::default() }
}

fn create(draft: ModelDraft) -> ModelCommand {
    ModelCommand::Create { draft: Box::new(draft), signature_suffix: None }
}

fn created() -> ModelEvent {
    let settings = ModelSettings::of(draft()).unwrap();
    ModelEvent::ModelCreated(ModelCreated { signature: Signature::of("Steady Hand", None), settings })
}

fn update(change: ModelChange) -> ModelCommand {
    ModelCommand::Update(Box::new(change))
}

fn run(number: u8) -> RunId {
    RunId::derived(&[&[number]])
}

fn allocated(run_id: RunId, run_number: u32) -> ModelEvent {
    ModelEvent::RunAllocated(RunAllocated { run_id, run_number })
}

fn symbols(names: &[&str]) -> Vec<Symbol> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn invalid(draft: ModelDraft) -> Vec<(String, String)> {
    let errors = ModelSettings::of(draft).unwrap_err();
    errors.into_iter().map(|error| (error.field, error.code)).collect()
}

#[test]
fn a_model_needs_only_a_name() {
    given::<TradingModel>([]).when(create(draft())).then([created()]);
    let ModelEvent::ModelCreated(ModelCreated { signature, settings }) = created() else {
        panic!("just created")
    };
    assert_eq!(signature.as_str(), "steady-hand");
    assert_eq!(settings.initial_cash, "10000".parse().unwrap());
    assert_eq!(settings.allowed_order_types, OrderType::DEFAULT.into());
    assert_eq!((settings.symbols, settings.fill_rule, settings.benchmark), (None, None, None));
    assert_eq!(settings.policy.name(), "builtin/buy-and-hold");
}

#[test]
fn a_model_is_created_once() {
    given::<TradingModel>([created()]).when(create(draft())).refused(ModelError::AlreadyCreated);
    given::<TradingModel>([]).when(update(ModelChange::default())).refused(ModelError::NotCreated);
}

#[test]
fn every_broken_rule_is_reported_by_its_field() {
    let broken = ModelDraft {
        name: " ".to_owned(),
        description: Some("x".repeat(2_001)),
        policy: Some(PolicySpec::SmaCross(SmaCrossParameters { fast: 9, slow: 9 })),
        symbols: Some(symbols(&["A", "600519.SH", "A"])),
        initial_cash: Some("-1".parse().unwrap()),
        commission_rate: Some("0.11".parse().unwrap()),
        slippage_rate: Some("-0.1".parse().unwrap()),
        allowed_order_types: Some([].into()),
        ..ModelDraft::default()
    };
    let expected = [
        ("name", "required"),
        ("description", "too_long"),
        ("symbols", "not_unique"),
        ("symbols", "mixed"),
        ("initial_cash", "out_of_range"),
        ("commission_rate", "out_of_range"),
        ("slippage_rate", "out_of_range"),
        ("allowed_order_types", "required"),
        ("policy.parameters.fast", "out_of_range"),
    ];
    assert_eq!(invalid(broken), expected.map(|(field, code)| (field.to_owned(), code.to_owned())));
}

#[test]
fn texts_that_cannot_be_stored_are_refused() {
    let broken = ModelDraft {
        name: "a\0b".to_owned(),
        description: Some("bell \u{7}".to_owned()),
        ..ModelDraft::default()
    };
    let expected = ["name", "description"].map(|field| (field.to_owned(), "invalid".to_owned()));
    assert_eq!(invalid(broken), expected);
}

#[test]
fn limits_themselves_are_allowed() {
    let widest = ModelDraft {
        name: "n".repeat(100),
        description: Some("d".repeat(2_000)),
        initial_cash: Some("1000000000000".parse().unwrap()),
        commission_rate: Some("0.1".parse().unwrap()),
        ..ModelDraft::default()
    };
    assert!(ModelSettings::of(widest.clone()).is_ok());
    let beyond = ModelDraft {
        name: "n".repeat(101),
        initial_cash: Some("1000000000000.000001".parse().unwrap()),
        ..widest
    };
    let fields: Vec<_> = invalid(beyond).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["name", "initial_cash"]);
    let none = ModelDraft { symbols: Some(vec![]), ..draft() };
    assert_eq!(invalid(none), [("symbols".to_owned(), "required".to_owned())]);
}

#[test]
fn an_update_changes_what_it_names_and_clears_what_it_nulls() {
    let change = ModelChange {
        name: Some("Other".to_owned()),
        fill_rule: Some(Some(FillRule::NextOpen)),
        symbols: Some(Some(symbols(&["MSFT", "AAPL"]))),
        ..ModelChange::default()
    };
    let state = given::<TradingModel>([created()]).when(update(change)).state();
    let model = state.active().unwrap();
    assert_eq!((model.settings.name.as_str(), model.signature.as_str()), ("Other", "steady-hand"));
    assert_eq!(model.settings.symbols, Some(symbols(&["AAPL", "MSFT"])));
    let cleared = ModelChange { fill_rule: Some(None), symbols: Some(None), ..ModelChange::default() };
    let events = state.decide(update(cleared)).unwrap();
    let [ModelEvent::ModelUpdated(ModelUpdated { settings })] = events.as_slice() else {
        panic!("one change")
    };
    assert_eq!((settings.fill_rule, &settings.symbols), (None, &None));
}

#[test]
fn an_update_that_changes_nothing_leaves_no_trace_and_a_wrong_one_is_refused() {
    let same = ModelChange { name: Some("Steady Hand".to_owned()), ..ModelChange::default() };
    given::<TradingModel>([created()]).when(update(same)).then([]);
    let wrong = ModelChange { slippage_rate: Some("1".parse().unwrap()), ..ModelChange::default() };
    let refused = given::<TradingModel>([created()]).state().decide(update(wrong));
    assert!(matches!(refused, Err(ModelError::Invalid(errors)) if errors[0].field == "slippage_rate"));
}

fn rule(name: &str, priority: u8, limit: Limit) -> Rule {
    Rule { name: name.to_owned(), priority, applies_to_symbols: Vec::new(), limit }
}

#[test]
fn what_a_model_may_risk_is_checked_and_put_into_the_order_of_its_checks() {
    let few = |count| Limit::MaxPositions { count };
    let risk = Risk {
        borrow_rate: "1.1".parse().unwrap(),
        max_daily_loss: Some("0".parse().unwrap()),
        rules: vec![
            rule("low", 1, few(1)),
            rule("low", 12, Limit::MaxPosition { fraction: "2".parse().unwrap() }),
            rule(" ", 5, Limit::ApprovedSymbols { symbols: vec![] }),
        ],
        ..Risk::default()
    };
    let broken = invalid(ModelDraft { risk: Some(risk), ..draft() });
    let expected = [
        ("risk.max_daily_loss", "out_of_range"),
        ("risk.borrow_rate", "out_of_range"),
        ("risk.rules.0.priority", "out_of_range"),
        ("risk.rules.0.limit.fraction", "out_of_range"),
        ("risk.rules.1.name", "required"),
        ("risk.rules.1.limit.symbols", "required"),
        ("risk.rules.2.name", "not_unique"),
    ];
    assert_eq!(broken, expected.map(|(field, code)| (field.to_owned(), code.to_owned())));
    let rules = vec![rule("low", 1, few(1)), rule("high", 9, few(2)), rule("also high", 9, few(3))];
    let sorted = ModelSettings::of(ModelDraft { risk: Some(Risk { rules, ..Risk::default() }), ..draft() });
    let names: Vec<_> = sorted.unwrap().risk.rules.into_iter().map(|rule| rule.name).collect();
    assert_eq!(names, ["high", "also high", "low"]);
}

#[test]
fn settings_without_risk_are_stored_as_before() {
    let settings = ModelSettings::of(draft()).unwrap();
    let json = serde_json::to_string(&settings).unwrap();
    assert!(!json.contains("risk"));
    assert_eq!(serde_json::from_str::<ModelSettings>(&json).unwrap(), settings);
}

#[test]
fn e36_runs_are_numbered_once_each_by_their_model() {
    let allocate = |run_id| ModelCommand::AllocateRun { run_id };
    given::<TradingModel>([created()]).when(allocate(run(1))).then([allocated(run(1), 1)]);
    let two = || [created(), allocated(run(1), 1), allocated(run(2), 2)];
    given::<TradingModel>(two()).when(allocate(run(1))).then([]);
    given::<TradingModel>(two()).when(allocate(run(3))).then([allocated(run(3), 3)]);
    assert_eq!(given::<TradingModel>(two()).state().run_number(run(2)), Some(2));
}

#[test]
fn a_deleted_model_refuses_everything_but_its_deletion() {
    let deleted = || [created(), ModelEvent::ModelDeleted(ModelDeleted {})];
    given::<TradingModel>([created()])
        .when(ModelCommand::Delete)
        .then([ModelEvent::ModelDeleted(ModelDeleted {})]);
    given::<TradingModel>(deleted()).when(ModelCommand::Delete).then([]);
    for command in
        [create(draft()), update(ModelChange::default()), ModelCommand::AllocateRun { run_id: run(1) }]
    {
        given::<TradingModel>(deleted()).when(command).refused(ModelError::Deleted);
    }
}

#[test]
fn a_signature_keeps_words_and_joins_them_by_single_hyphens() {
    for (name, expected) in [
        ("Steady Hand", "steady-hand"),
        ("  a -- b\t c ", "a-b-c"),
        ("GPT-5 (mini)!", "gpt-5-mini"),
        ("under_score", "under_score"),
        ("Größe", "größe"),
        ("!!!", "model"),
        ("-", "model"),
    ] {
        assert_eq!(signature_base(name), expected, "{name:?}");
    }
    assert_eq!(Signature::of("Steady Hand", Some(3)).as_str(), "steady-hand-3");
}

#[test]
fn the_state_reads_back_from_a_stored_snapshot_of_it() {
    let state = given::<TradingModel>([created(), allocated(run(1), 1)]).state();
    let json = serde_json::to_vec(&state).unwrap();
    assert_eq!(serde_json::from_slice::<TradingModel>(&json).unwrap(), state);
}
