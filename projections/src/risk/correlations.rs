//! How the positions of a book move together: matrix, clusters and how diversified that makes it.

use std::collections::{BTreeMap, BTreeSet};

use events::position::PositionSymbol;
use events::{Cash, PositionId, TagId};
use quant::concentration::gross_weights;
use quant::returns::ReturnKind;
use quant::selection::{self, Limits};
use quant::{CorrelationMatrix, clusters, correlation_matrix, diversification, psd};
use serde::Serialize;
use utoipa::ToSchema;

use super::availability::noted;
use super::rounded::dollars;
use super::sector_exposure::sector_of;
use super::{Absent, Analytic, DataQuality, Missing, Provenance, Reason, RiskInputs, SkipReason};

/// Which returns are correlated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorrelationTerms {
    /// Returns looked back on.
    pub lookback_days: u16,
    /// Fewest returns that a pair has in common.
    pub min_overlap: u16,
    /// Most symbols, the largest first.
    pub max_symbols: usize,
    /// Exposure from which a symbol counts, in money.
    pub min_position_value: f64,
    /// Gross weight from which it counts, a fraction.
    pub min_portfolio_weight: f64,
    /// Which of both must be reached.
    pub filter: Limits,
}

/// Correlations of daily log returns, lots merged, largest gross weight first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Correlations {
    /// The symbols by falling gross weight.
    #[schema(value_type = Option<Vec<String>>)]
    pub symbols: Option<Vec<PositionSymbol>>,
    /// Each with each; null where a pair has too few returns in common or one does not vary.
    #[schema(value_type = Option<BTreeMap<String, BTreeMap<String, Option<f64>>>>)]
    pub matrix: Option<BTreeMap<PositionSymbol, BTreeMap<PositionSymbol, Option<f64>>>>,
    /// Returns that each pair has in common.
    #[schema(value_type = Option<BTreeMap<String, BTreeMap<String, u64>>>)]
    pub overlaps: Option<BTreeMap<PositionSymbol, BTreeMap<PositionSymbol, u64>>>,
    /// Mean of ρ over the pairs that have one.
    pub average_correlation: Option<f64>,
    /// Mean of |ρ| over the same pairs.
    pub mean_abs_correlation: Option<f64>,
    /// 1/(w'Rw), w the gross weights: the number of uncorrelated equal positions that are as diversified.
    pub effective_positions: Option<f64>,
    /// Pairs without a correlation.
    pub pairs_missing: Option<u64>,
    /// Whether the matrix had to be made possible: a negative eigenvalue was clipped.
    pub psd_adjusted: Option<bool>,
    /// Largest change of a correlation by that.
    pub psd_max_change: Option<f64>,
}

/// How the positions group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct CorrelationMetrics {
    /// Mean of |ρ| over the pairs that have one.
    pub overall_correlation: Option<f64>,
    /// Mean of ρ over the same pairs.
    pub average_correlation: Option<f64>,
    /// Share of the gross weight that is in a cluster, 0 to 1.
    pub correlation_concentration_score: Option<f64>,
    /// 1/(w'Rw), w the gross weights.
    pub effective_positions: Option<f64>,
    /// Groups of two and more whose members are connected by |ρ| of at least the threshold.
    pub clusters: Option<Vec<Cluster>>,
    /// Symbols that count.
    pub positions_included: Option<usize>,
    /// Symbols that do not.
    pub positions_excluded: Option<usize>,
}

/// Positions that move together.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Cluster {
    /// From 1.
    pub cluster_number: usize,
    /// A tag that seven of ten members share, else their common sector, else the largest member's lookalikes.
    #[schema(example = "Technology")]
    pub nickname: String,
    /// Mean of ρ between members.
    pub avg_correlation: Option<f64>,
    /// Their gross exposure in money.
    #[schema(value_type = Option<String>, example = "80000")]
    pub total_value: Option<Cash>,
    /// The same in percent of the gross exposure of the book.
    pub portfolio_percentage: f64,
    /// The members, the largest first.
    pub positions: Vec<ClusterMember>,
}

/// A member of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClusterMember {
    /// The lots.
    #[schema(value_type = Vec<String>)]
    pub position_ids: Vec<PositionId>,
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    pub symbol: PositionSymbol,
    /// Its exposure in money, signed.
    #[schema(value_type = Option<String>, example = "50000")]
    pub value: Option<Cash>,
    /// Mean of its ρ with the other members.
    pub correlation_to_cluster: Option<f64>,
}

/// How diversified the book is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct DiversificationScore {
    /// Σ w_i w_j |ρ_ij| / Σ w_i w_j over pairs: 0 diversified, 1 a single bet.
    #[schema(example = 0.374194)]
    pub portfolio_correlation: Option<f64>,
    /// The same with signed ρ.
    pub signed_correlation: Option<f64>,
    /// 1 − `portfolio_correlation`.
    pub diversification_score: Option<f64>,
    /// 1/(w'Rw), w the gross weights.
    pub effective_positions: Option<f64>,
    /// Σ|w|σ/σ_p of the returns of what is held.
    pub diversification_ratio: Option<f64>,
    /// Share of the pairs' weight that has a correlation.
    pub pair_coverage: Option<f64>,
    /// Returns looked back on.
    pub duration_days: Option<u16>,
    /// Symbols that count.
    pub symbols_included: Option<usize>,
}

/// A matrix of places of the merged exposures.
struct Correlated {
    places: Vec<usize>,
    matrix: CorrelationMatrix,
    exposures: Vec<f64>,
}

/// The correlation matrix of the portfolios.
pub fn correlations(inputs: &RiskInputs, terms: &CorrelationTerms) -> Analytic<Correlations> {
    answered(inputs, terms, "correlations", |inputs, correlated| Ok(matrix_of(inputs, correlated)))
}

/// The clusters of the portfolios: pairs with |ρ| of at least `threshold` belong together.
pub fn correlation_metrics(
    inputs: &RiskInputs,
    terms: &CorrelationTerms,
    threshold: f64,
) -> Analytic<CorrelationMetrics> {
    let kind = format!("clusters;{threshold}");
    answered(inputs, terms, &kind, |inputs, correlated| metrics_of(inputs, correlated, threshold))
}

/// How diversified the portfolios are.
pub fn diversification_score(
    inputs: &RiskInputs,
    terms: &CorrelationTerms,
) -> Analytic<DiversificationScore> {
    answered(inputs, terms, "diversification", |inputs, correlated| score_of(inputs, correlated, terms))
}

fn answered<T: Default>(
    inputs: &RiskInputs,
    terms: &CorrelationTerms,
    kind: &str,
    figures: impl Fn(&RiskInputs, &Correlated) -> Result<(T, Missing), Absent>,
) -> Analytic<T> {
    let mut left_out = inputs.without_returns();
    let provenance = Provenance::of(inputs, "pearson_log_returns", 1, &format!("{kind};{terms:?}"));
    let found = select(inputs, terms, &mut left_out);
    let days = found.as_ref().map_or(0, |correlated| common_days(&correlated.matrix));
    let quality = DataQuality::of(inputs, &left_out, Some((days, usize::from(terms.lookback_days))));
    Analytic::of(found.and_then(|correlated| figures(inputs, &correlated)), quality, provenance)
}

/// Most returns that a pair has.
fn common_days(matrix: &CorrelationMatrix) -> usize {
    let overlaps = matrix.pairs().filter_map(|(i, j, _)| matrix.overlap(i, j));
    overlaps.max().and_then(|days| usize::try_from(days).ok()).unwrap_or(0)
}

/// The largest symbols with enough returns, and their matrix.
fn select(
    inputs: &RiskInputs,
    terms: &CorrelationTerms,
    left_out: &mut BTreeMap<usize, SkipReason>,
) -> Result<Correlated, Absent> {
    inputs.investable()?;
    let gross: Vec<f64> = inputs.merged.iter().map(|merged| merged.exposure).collect();
    let large = selection::largest(
        &gross,
        terms.min_position_value,
        terms.min_portfolio_weight,
        terms.filter,
        usize::MAX,
    )?;
    let traded: BTreeSet<usize> = inputs.traded().map(|(place, _)| place).collect();
    let mut reasons = inputs.others_than(&large, SkipReason::BelowMinimum);
    let large: Vec<usize> = large.into_iter().filter(|place| traded.contains(place)).collect();
    let panel = inputs.returns(&inputs.symbols_at(&large), terms.lookback_days, ReturnKind::Log);
    let (mut places, mut columns) = (Vec::new(), Vec::new());
    for (column, place) in large.iter().enumerate() {
        let reason = if panel.count(column) < usize::from(terms.min_overlap) {
            SkipReason::InsufficientHistory
        } else if places.len() >= terms.max_symbols {
            SkipReason::BeyondMaximum
        } else {
            places.push(*place);
            columns.push(column);
            continue;
        };
        let lots = inputs.merged.get(*place).map(|merged| merged.lots.as_slice()).unwrap_or_default();
        reasons.extend(lots.iter().map(|lot| (*lot, reason)));
    }
    for (place, reason) in reasons {
        left_out.entry(place).or_insert(reason);
    }
    if places.len() < 2 {
        let message = "fewer than two symbols that count have enough returns";
        return Err(Absent::because(Reason::InsufficientSymbols, message));
    }
    let values: Vec<f64> = columns.iter().flat_map(|column| panel.column(*column).iter().copied()).collect();
    let view = quant::panel::Panel::new(&values, panel.sessions.len())?;
    let matrix = correlation_matrix(&view, u64::from(terms.min_overlap));
    let exposures = places.iter().filter_map(|place| inputs.merged.get(*place)).map(|merged| merged.exposure);
    Ok(Correlated { exposures: exposures.collect(), places, matrix })
}

impl Correlated {
    fn names(&self, inputs: &RiskInputs) -> Vec<PositionSymbol> {
        let merged = self.places.iter().filter_map(|place| inputs.merged.get(*place));
        merged.map(|merged| merged.symbol.clone()).collect()
    }

    fn effective(&self) -> Result<f64, Absent> {
        let repaired = psd::repair(&self.matrix.complete()?)?;
        Ok(diversification::effective_positions(&repaired.matrix, &self.exposures)?)
    }

    /// Mean ρ of one member with the others.
    fn to_others(&self, member: usize, members: &[usize]) -> Option<f64> {
        let others = members.iter().filter(|other| **other != member);
        let known: Vec<f64> = others.filter_map(|other| self.matrix.get(member, *other)?.ok()).collect();
        mean(&known)
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    let count = u32::try_from(values.len()).ok().filter(|count| *count > 0)?;
    Some(values.iter().sum::<f64>() / f64::from(count))
}

fn matrix_of(inputs: &RiskInputs, correlated: &Correlated) -> (Correlations, Missing) {
    let (names, mut missing) = (correlated.names(inputs), Missing::new());
    let mut cells: BTreeMap<PositionSymbol, BTreeMap<PositionSymbol, Option<f64>>> = BTreeMap::new();
    let mut overlaps: BTreeMap<PositionSymbol, BTreeMap<PositionSymbol, u64>> = BTreeMap::new();
    let repaired = correlated.matrix.complete().and_then(|complete| psd::repair(&complete));
    for (i, left) in names.iter().enumerate() {
        for (j, right) in names.iter().enumerate() {
            let raw = correlated.matrix.get(i, j).and_then(Result::ok);
            let shown = repaired.as_ref().map_or(raw, |repaired| repaired.matrix.get(i, j));
            cells.entry(left.clone()).or_default().insert(right.clone(), shown);
            let overlap = correlated.matrix.overlap(i, j).unwrap_or(0);
            overlaps.entry(left.clone()).or_default().insert(right.clone(), overlap);
        }
    }
    let summary = noted(&mut missing, "average_correlation", correlated.matrix.summary());
    let pairs_missing = correlated.matrix.pairs().filter(|(_, _, figure)| figure.is_err()).count() as u64;
    let figures = Correlations {
        symbols: Some(names),
        matrix: Some(cells),
        overlaps: Some(overlaps),
        average_correlation: summary.map(|summary| summary.mean),
        mean_abs_correlation: summary.map(|summary| summary.mean_absolute),
        effective_positions: noted(&mut missing, "effective_positions", correlated.effective()),
        pairs_missing: Some(pairs_missing),
        psd_adjusted: Some(repaired.as_ref().is_ok_and(|repaired| repaired.psd_adjusted)),
        psd_max_change: repaired.ok().map(|repaired| repaired.max_change),
    };
    (figures, missing)
}

fn metrics_of(
    inputs: &RiskInputs,
    correlated: &Correlated,
    threshold: f64,
) -> Result<(CorrelationMetrics, Missing), Absent> {
    let mut missing = Missing::new();
    let gross: f64 = inputs.merged.iter().map(|merged| merged.exposure.abs()).sum();
    let mut groups = clusters::clusters(&correlated.matrix, threshold)?;
    let size = |members: &[usize]| -> f64 {
        members.iter().filter_map(|member| correlated.exposures.get(*member)).map(|value| value.abs()).sum()
    };
    groups.sort_by(|left, right| size(right).total_cmp(&size(left)).then(left.cmp(right)));
    let cluster = |(place, members): (usize, &Vec<usize>)| Cluster {
        cluster_number: place + 1,
        nickname: nickname(inputs, correlated, members),
        avg_correlation: {
            let each: Vec<f64> =
                members.iter().filter_map(|member| correlated.to_others(*member, members)).collect();
            mean(&each)
        },
        total_value: dollars(size(members)),
        portfolio_percentage: 100.0 * size(members) / gross,
        positions: members
            .iter()
            .filter_map(|member| member_of(inputs, correlated, *member, members))
            .collect(),
    };
    let clusters: Vec<Cluster> = groups.iter().enumerate().map(cluster).collect();
    let summary = noted(&mut missing, "overall_correlation", correlated.matrix.summary());
    let weights = gross_weights(&correlated.exposures)?;
    let clustered = groups.iter().flatten().filter_map(|member| weights.get(*member)).sum::<f64>();
    let figures = CorrelationMetrics {
        overall_correlation: summary.map(|summary| summary.mean_absolute),
        average_correlation: summary.map(|summary| summary.mean),
        correlation_concentration_score: Some(clustered.min(1.0)),
        effective_positions: noted(&mut missing, "effective_positions", correlated.effective()),
        clusters: Some(clusters),
        positions_included: Some(correlated.places.len()),
        positions_excluded: Some(inputs.merged.len().saturating_sub(correlated.places.len())),
    };
    Ok((figures, missing))
}

fn member_of(
    inputs: &RiskInputs,
    correlated: &Correlated,
    member: usize,
    members: &[usize],
) -> Option<ClusterMember> {
    let merged = inputs.merged.get(*correlated.places.get(member)?)?;
    let lots = merged.lots.iter().filter_map(|lot| inputs.lots.get(*lot));
    Some(ClusterMember {
        position_ids: lots.map(|lot| lot.position_id).collect(),
        symbol: merged.symbol.clone(),
        value: dollars(merged.exposure),
        correlation_to_cluster: correlated.to_others(member, members),
    })
}

fn nickname(inputs: &RiskInputs, correlated: &Correlated, members: &[usize]) -> String {
    let merged: Vec<_> =
        members.iter().filter_map(|member| inputs.merged.get(*correlated.places.get(*member)?)).collect();
    let mut tagged: BTreeMap<TagId, usize> = BTreeMap::new();
    for one in &merged {
        let lots = one.lots.iter().filter_map(|lot| inputs.lots.get(*lot));
        let tags: BTreeSet<TagId> = lots.flat_map(|lot| lot.tags.iter().copied()).collect();
        tags.into_iter().for_each(|tag| *tagged.entry(tag).or_default() += 1);
    }
    let shared = tagged.iter().filter(|(tag, count)| {
        10 * **count >= 7 * merged.len() && inputs.sources().tag_names.contains_key(*tag)
    });
    let tag = shared.max_by_key(|(tag, count)| (**count, std::cmp::Reverse(**tag))).map(|(tag, _)| tag);
    if let Some(name) = tag.and_then(|tag| inputs.sources().tag_names.get(tag)) {
        return name.clone();
    }
    let sectors: BTreeSet<Option<String>> = merged.iter().map(|one| sector_of(inputs, one)).collect();
    if let (1, Some(Some(sector))) = (sectors.len(), sectors.first()) {
        return sector.clone();
    }
    // Members rise, and the largest come first.
    merged.first().map(|largest| format!("{} lookalikes", largest.symbol)).unwrap_or_default()
}

fn score_of(
    inputs: &RiskInputs,
    correlated: &Correlated,
    terms: &CorrelationTerms,
) -> Result<(DiversificationScore, Missing), Absent> {
    let mut missing = Missing::new();
    let weighted = diversification::weighted_correlation(&correlated.matrix, &correlated.exposures)?;
    let ratio = inputs.held(terms.lookback_days, usize::from(terms.min_overlap)).0.and_then(|held| {
        let (weighting, centring) =
            (quant::covariance::Weighting::Equal, quant::covariance::Centring::SampleMean);
        let covariance = quant::covariance::covariance_matrix(&held.panel.view()?, weighting, centring)?;
        Ok(diversification::diversification_ratio(&covariance, &held.weights)?)
    });
    let figures = DiversificationScore {
        portfolio_correlation: Some(weighted.absolute),
        signed_correlation: Some(weighted.signed),
        diversification_score: Some(weighted.diversification_score),
        effective_positions: noted(&mut missing, "effective_positions", correlated.effective()),
        diversification_ratio: noted(&mut missing, "diversification_ratio", ratio),
        pair_coverage: Some(weighted.coverage),
        duration_days: Some(terms.lookback_days),
        symbols_included: Some(correlated.places.len()),
    };
    Ok((figures, missing))
}
