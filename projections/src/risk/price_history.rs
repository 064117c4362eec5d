//! How much price history the positions of a book have, and which analytics that is enough for.

use std::collections::{BTreeMap, BTreeSet};

use events::Symbol;
use events::position::PositionSymbol;
use quant::returns::ReturnKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::quality::COVERAGE_MIN;
use super::{
    Absent, Analytic, DataQuality, LotExposure, Missing, Provenance, Reason, RiskInputs, SkipReason,
};

/// Returns that make a history complete.
const COMPLETE: u16 = 150;
/// Returns below which a history is of no use.
const SUFFICIENT: usize = 20;
/// Returns that each calculation needs of a position.
const VOLATILITY: usize = 20;
const BETA: usize = 30;
const CORRELATION: usize = 30;
const FACTORS: usize = 60;
const RISK: usize = 150;

/// What is looked at beside volatility, beta and risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// Regressions on factors.
    pub factors: bool,
    /// Correlations.
    pub correlations: bool,
}

/// The price history of a book: daily returns of the last 150 sessions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct PriceHistory {
    /// Positions, counted.
    pub summary: Option<HistorySummary>,
    /// The symbols.
    pub position_data_quality: Option<SymbolHistories>,
    /// Which calculations are possible.
    pub calculation_feasibility: Option<Feasibilities>,
}

/// Positions by their history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct HistorySummary {
    /// Open positions.
    pub total_positions: usize,
    /// With all 150 returns.
    pub complete_data: usize,
    /// With 20 and more, but not all.
    pub partial_data: usize,
    /// With fewer, or without any.
    pub insufficient_data: usize,
    /// Returns that are there of those that a complete history has, weighted by gross exposure, in percent.
    #[schema(example = 98.7)]
    pub data_coverage_percent: Option<f64>,
}

/// Symbols by their history; of options the history is that of the underlying.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct SymbolHistories {
    /// With all 150 returns.
    #[schema(value_type = Vec<String>)]
    pub complete_history: Vec<PositionSymbol>,
    /// With 20 and more, but not all.
    pub partial_history: Vec<PartialHistory>,
    /// With fewer, or without any.
    pub insufficient_data: Vec<InsufficientHistory>,
}

/// A symbol with a part of its history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct PartialHistory {
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    pub symbol: PositionSymbol,
    /// Returns that are there.
    #[schema(example = 120)]
    pub days_available: usize,
    /// Returns that are not.
    #[schema(example = 30)]
    pub days_missing: usize,
}

/// A symbol with too little history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct InsufficientHistory {
    /// What it is called.
    #[schema(value_type = String, example = "NEWCO")]
    pub symbol: PositionSymbol,
    /// Returns that are there.
    #[schema(example = 3)]
    pub days_available: usize,
    /// Why there are no more.
    pub reason: SkipReason,
}

/// Which calculations are possible; null for those that were not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Feasibilities {
    /// Correlations, which need two symbols.
    pub correlation_matrix: Option<Feasibility>,
    /// Regressions on factors.
    pub factor_regression: Option<Feasibility>,
    /// Volatility.
    pub volatility_analysis: Feasibility,
    /// Beta on the market.
    pub beta: Feasibility,
    /// Risk over a complete history.
    pub risk: Feasibility,
}

/// Whether a calculation is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Feasibility {
    /// Four fifths of the gross exposure that a market prices have enough returns and an exposure.
    pub feasible: bool,
    /// Positions that have.
    pub positions_eligible: usize,
    /// Positions that have not.
    pub positions_excluded: usize,
    /// Returns that are needed of a position.
    #[schema(example = 30)]
    pub min_days_required: usize,
}

/// What moves the book, by falling gross weight; what has no exposure comes last.
pub fn moving_symbols(inputs: &RiskInputs) -> Vec<Symbol> {
    let mut seen = BTreeSet::new();
    let weighed = inputs.merged.iter().filter_map(|merged| merged.moved_by.as_ref());
    let others = inputs.lots.iter().filter_map(|lot| lot.moved_by.as_ref());
    weighed.chain(others).filter(|symbol| seen.insert(*symbol)).cloned().collect()
}

/// The price history of the book.
pub fn price_history(inputs: &RiskInputs, checks: Checks) -> Analytic<PriceHistory> {
    let provenance = Provenance::of(inputs, "returns_of_150_sessions", 1, &format!("{checks:?}"));
    let histories = Histories::of(inputs);
    let mut left_out = inputs.without_returns();
    for (place, lot) in inputs.lots.iter().enumerate() {
        if histories.days(lot) < SUFFICIENT {
            left_out.entry(place).or_insert(SkipReason::InsufficientHistory);
        }
    }
    let most = histories.counts.values().copied().max().unwrap_or(0);
    let quality = DataQuality::of(inputs, &left_out, Some((most, usize::from(COMPLETE))));
    let figures = if inputs.lots.is_empty() {
        Err(Absent::because(Reason::NoPositions, "no position is open"))
    } else {
        Ok((histories.shown(checks), Missing::new()))
    };
    Analytic::of(figures, quality, provenance)
}

/// Returns of the last sessions by symbol.
struct Histories<'a> {
    inputs: &'a RiskInputs,
    counts: BTreeMap<Symbol, usize>,
}

impl<'a> Histories<'a> {
    fn of(inputs: &'a RiskInputs) -> Self {
        let symbols: BTreeSet<Symbol> = inputs.lots.iter().filter_map(|lot| lot.moved_by.clone()).collect();
        let symbols: Vec<Symbol> = symbols.into_iter().collect();
        let panel = inputs.returns(&symbols, COMPLETE, ReturnKind::Simple);
        let count = |(place, symbol): (usize, Symbol)| (symbol, panel.count(place));
        Self { inputs, counts: symbols.into_iter().enumerate().map(count).collect() }
    }

    /// Returns of what moves a lot; 0 where no market prices it.
    fn days(&self, lot: &LotExposure) -> usize {
        lot.moved_by.as_ref().and_then(|symbol| self.counts.get(symbol)).copied().unwrap_or(0)
    }

    fn shown(&self, checks: Checks) -> PriceHistory {
        let lots = &self.inputs.lots;
        let at_least = |days: usize| lots.iter().filter(|lot| self.days(lot) >= days).count();
        let (complete, sufficient) = (at_least(COMPLETE.into()), at_least(SUFFICIENT));
        PriceHistory {
            summary: Some(HistorySummary {
                total_positions: lots.len(),
                complete_data: complete,
                partial_data: sufficient - complete,
                insufficient_data: lots.len() - sufficient,
                data_coverage_percent: self.coverage(),
            }),
            position_data_quality: Some(self.symbols()),
            calculation_feasibility: Some(Feasibilities {
                correlation_matrix: checks.correlations.then(|| self.feasible(CORRELATION, 2)),
                factor_regression: checks.factors.then(|| self.feasible(FACTORS, 1)),
                volatility_analysis: self.feasible(VOLATILITY, 1),
                beta: self.feasible(BETA, 1),
                risk: self.feasible(RISK, 1),
            }),
        }
    }

    fn feasible(&self, needed: usize, symbols_min: usize) -> Feasibility {
        let priced = |lot: &&LotExposure| lot.moved_by.is_some();
        let lots = &self.inputs.lots;
        let eligible: Vec<&LotExposure> = lots
            .iter()
            .filter(priced)
            .filter(|lot| lot.exposure.is_ok() && self.days(lot) >= needed)
            .collect();
        let symbols: BTreeSet<&Symbol> = eligible.iter().filter_map(|lot| lot.moved_by.as_ref()).collect();
        let all: f64 = lots.iter().filter(priced).map(LotExposure::size).sum();
        let covered: f64 = eligible.iter().map(|lot| lot.size()).sum();
        Feasibility {
            feasible: symbols.len() >= symbols_min && covered >= COVERAGE_MIN * all,
            positions_eligible: eligible.len(),
            positions_excluded: lots.len() - eligible.len(),
            min_days_required: needed,
        }
    }

    fn coverage(&self) -> Option<f64> {
        let (mut all, mut covered) = (0.0, 0.0);
        for lot in self.inputs.lots.iter().filter(|lot| lot.moved_by.is_some()) {
            let share = u16::try_from(self.days(lot)).map_or(1.0, f64::from) / f64::from(COMPLETE);
            all += lot.size();
            covered += lot.size() * share;
        }
        (all > 0.0).then(|| 100.0 * covered / all)
    }

    fn symbols(&self) -> SymbolHistories {
        let complete_days = usize::from(COMPLETE);
        let (mut complete, mut partial) = (BTreeSet::new(), BTreeSet::new());
        let mut insufficient = BTreeSet::new();
        for lot in &self.inputs.lots {
            let (symbol, days_available) = (lot.symbol.clone(), self.days(lot));
            if days_available >= complete_days {
                complete.insert(symbol);
            } else if days_available >= SUFFICIENT {
                let days_missing = complete_days - days_available;
                partial.insert(PartialHistory { symbol, days_available, days_missing });
            } else {
                let reason = match (&lot.moved_by, lot.exposure) {
                    (None, _) => SkipReason::Private,
                    (Some(_), Err(reason)) => reason,
                    (Some(_), Ok(_)) => SkipReason::InsufficientHistory,
                };
                insufficient.insert(InsufficientHistory { symbol, days_available, reason });
            }
        }
        SymbolHistories {
            complete_history: complete.into_iter().collect(),
            partial_history: partial.into_iter().collect(),
            insufficient_data: insufficient.into_iter().collect(),
        }
    }
}
