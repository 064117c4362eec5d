//! How much of a book an analytic speaks of, and why not of all.

use std::collections::{BTreeMap, BTreeSet};

use events::position::PositionSymbol;
use serde::Serialize;
use utoipa::ToSchema;

use super::{RiskInputs, SkipReason};

/// Share of the exposure that must have enough history for figures of the whole book.
pub const COVERAGE_MIN: f64 = 0.8;

/// How good the data of an answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QualityFlag {
    /// All of the book over the whole window.
    FullHistory,
    /// All of the book, over fewer days than asked for.
    LimitedHistory,
    /// A part of the book.
    PartialCoverage,
    /// Nothing that a market prices is held.
    NoPublicPositions,
    /// Nothing could be analysed.
    InsufficientData,
}

/// Something that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Skipped {
    /// What.
    #[schema(value_type = String, example = "FO_ART_COLLECTIVE")]
    pub symbol: PositionSymbol,
    /// Why.
    pub reason: SkipReason,
}

/// How much of a book figures speak of.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DataQuality {
    /// In one word.
    pub flag: QualityFlag,
    /// In a sentence.
    #[schema(example = "4 of 5 positions over 90 days")]
    pub message: String,
    /// Lots that count.
    pub positions_analyzed: usize,
    /// Open lots.
    pub positions_total: usize,
    /// Lots that do not count.
    pub positions_skipped: usize,
    /// Daily returns that were used; 0 where figures need none.
    pub data_days: usize,
    /// Share of the gross exposure that counts, 0 to 1; lots without a price weigh what they cost. Null without any.
    pub exposure_coverage: Option<f64>,
    /// What does not count, once a symbol and reason.
    pub skipped: Vec<Skipped>,
}

impl DataQuality {
    /// Of figures that follow from recorded days, whatever is held now: the returns used and those asked for.
    pub(super) fn of_days(inputs: &RiskInputs, used: usize, wanted: usize) -> Self {
        let flag = match used {
            0 => QualityFlag::InsufficientData,
            used if used < wanted => QualityFlag::LimitedHistory,
            _ => QualityFlag::FullHistory,
        };
        let message = format!("{used} days of snapshots");
        Self { flag, message, data_days: used, ..Self::of(inputs, &BTreeMap::new(), None) }
    }

    /// Where all counts but what is left out by its place in the list of lots. `days` are the returns used and those
    /// asked for, for figures that need some.
    pub fn of(
        inputs: &RiskInputs,
        left_out: &BTreeMap<usize, SkipReason>,
        days: Option<(usize, usize)>,
    ) -> Self {
        let total = inputs.lots.len();
        let analysed = total.saturating_sub(left_out.len());
        let (mut all, mut counted) = (0.0, 0.0);
        let mut skipped = BTreeSet::new();
        for (place, lot) in inputs.lots.iter().enumerate() {
            all += lot.size();
            match left_out.get(&place) {
                Some(reason) => {
                    skipped.insert(Skipped { symbol: lot.symbol.clone(), reason: *reason });
                }
                None => counted += lot.size(),
            }
        }
        let used = days.map_or(0, |(used, _)| used);
        let is_short = days.is_some_and(|(used, wanted)| used < wanted);
        let is_public = inputs.lots.iter().any(|lot| lot.moved_by.is_some());
        let flag = if days.is_some() && !is_public {
            QualityFlag::NoPublicPositions
        } else if analysed == 0 || (days.is_some() && used == 0) {
            QualityFlag::InsufficientData
        } else if analysed < total {
            QualityFlag::PartialCoverage
        } else if is_short {
            QualityFlag::LimitedHistory
        } else {
            QualityFlag::FullHistory
        };
        let over = if days.is_some() { format!(" over {used} days") } else { String::new() };
        Self {
            flag,
            message: format!("{analysed} of {total} positions{over}"),
            positions_analyzed: analysed,
            positions_total: total,
            positions_skipped: left_out.len(),
            data_days: used,
            exposure_coverage: (all > 0.0).then(|| counted / all),
            skipped: skipped.into_iter().collect(),
        }
    }
}
