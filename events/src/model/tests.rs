//! Rules of trading models.

use super::{
    ModelChange, ModelCommand, ModelCreated, ModelDeleted, ModelDraft, ModelError, ModelEvent, ModelSettings,
    ModelUpdated, RunAllocated, Signature, TradingModel, signature_base,
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

#[test]
fn runs_are_numbered_once_each() {
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
