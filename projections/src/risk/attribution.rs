//! Where P&L came from, by what snapshots say each lot earned.

use std::collections::BTreeMap;

use events::portfolio::Lot;
use events::portfolio::valuation::{GroupBy, LotDay};
use events::{Cash, PortfolioId};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::sector_exposure::sector_name;
use super::track_record::{TrackFreshness, TrackRecord};
use super::{Absent, Analytic, DataQuality, Missing, Provenance, Reason, RiskInputs};

/// What P&L is grouped by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grouping {
    /// The lot.
    #[default]
    Position,
    /// The symbol.
    Symbol,
    /// The tags: a lot counts under each of them.
    Tag,
    /// The position type.
    Type,
    /// The investment class.
    Class,
    /// The sector; of options that of the underlying.
    Sector,
}

impl std::str::FromStr for Grouping {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "position" => Ok(Self::Position),
            "symbol" => Ok(Self::Symbol),
            "tag" => Ok(Self::Tag),
            "type" => Ok(Self::Type),
            "class" => Ok(Self::Class),
            "sector" => Ok(Self::Sector),
            _ => Err("must be position, symbol, tag, type, class or sector"),
        }
    }
}

/// Where the P&L of sessions came from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct PnlAttribution {
    /// The first session.
    pub start_date: Option<Date>,
    /// The last session.
    pub end_date: Option<Date>,
    /// Sessions with a snapshot, of which all this is.
    pub sessions: Option<usize>,
    /// Sessions without one.
    pub sessions_missing: Option<usize>,
    /// Equity before the first session: what contributions are a fraction of.
    #[schema(value_type = Option<String>, example = "100000")]
    pub opening_equity: Option<Cash>,
    /// What all positions earned, each counted once.
    #[schema(value_type = Option<String>, example = "1000")]
    pub total_pnl: Option<Cash>,
    /// The same as a fraction of the opening equity; null without.
    #[schema(example = 0.01)]
    pub total_return: Option<f64>,
    /// The groups, the largest P&L first.
    pub rows: Option<Vec<AttributedPnl>>,
    /// A position may count in several groups, so that rows need not add up.
    pub overlapping_groups: Option<bool>,
    /// How current the snapshots are.
    pub freshness: Option<TrackFreshness>,
}

/// What a group earned.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttributedPnl {
    /// The group: an id of a position or tag, a symbol, type, class or sector; null for what has none.
    #[schema(example = "AAPL")]
    pub key: Option<String>,
    /// The same for people.
    #[schema(example = "AAPL")]
    pub label: String,
    /// What it earned.
    #[schema(value_type = String, example = "900")]
    pub pnl: Cash,
    /// The same in percent of what the group was worth before, held and owed together; null where it was
    /// nothing, or is not known of one of its positions.
    #[schema(example = 1.5)]
    pub pnl_percent: Option<f64>,
    /// The same as a fraction of the opening equity; null without.
    #[schema(example = 0.009)]
    pub contribution: Option<f64>,
    /// Its share of the P&L of all, in percent; null where that is below a hundredth.
    #[schema(example = 90.0)]
    pub contribution_percent: Option<f64>,
}

impl RiskInputs {
    /// Where the P&L of the sessions from `first` to the one told of came from. `track` holds them with their lots, and the
    /// session before them, if there is one.
    pub fn attribution(
        &self,
        portfolio_id: PortfolioId,
        track: &TrackRecord,
        first: Date,
        by: Grouping,
    ) -> Analytic<PnlAttribution> {
        let parameters = format!("attribution;{by:?};{first};{}", track.identity());
        let provenance = Provenance::of(self, "snapshot_pnl", 1, &parameters);
        let within = track.rows().iter().filter(|row| row.snapshot.snapshot_date >= first).count();
        let wanted = events::calendar::sessions_between(first, self.as_of_date);
        let quality = DataQuality::of_days(self, within, wanted);
        let figures = self.attributed(portfolio_id, track, first, by);
        Analytic::of(figures.map(|figures| (figures, Missing::new())), quality, provenance)
    }

    fn attributed(
        &self,
        portfolio_id: PortfolioId,
        track: &TrackRecord,
        first: Date,
        by: Grouping,
    ) -> Result<PnlAttribution, Absent> {
        let none = || Absent::because(Reason::NoSnapshots, "no session of these has a snapshot");
        let book = self.sources().books.iter().find(|book| book.portfolio_id == portfolio_id);
        let portfolio = &book.ok_or_else(none)?.portfolio;
        let begins = track.rows().partition_point(|row| row.snapshot.snapshot_date < first);
        let (earlier, within) = track.rows().split_at(begins);
        let opening_equity = within.first().ok_or_else(none)?.snapshot.opening_equity;
        let sector = |lot: &Lot| sector_name(self, lot);
        let group_by = match by {
            Grouping::Position => GroupBy::Position,
            Grouping::Symbol => GroupBy::Symbol,
            Grouping::Tag => GroupBy::Tag,
            Grouping::Type => GroupBy::PositionType,
            Grouping::Class => GroupBy::InvestmentClass,
            Grouping::Sector => GroupBy::Sector(&sector),
        };
        let days = within.iter().flat_map(|row| &row.snapshot.lots);
        let found = portfolio.attribution(days, &group_by, opening_equity);
        // What was there before is grouped as what was earned is.
        let before = earlier.last().into_iter().flat_map(|row| &row.snapshot.lots);
        let (valued, unknown): (Vec<LotDay>, Vec<LotDay>) =
            before.copied().partition(|lot| lot.market_value.is_some());
        let sized = |lot: &LotDay| Some(LotDay { pnl: lot.market_value?.abs(), ..*lot });
        let valued: Vec<LotDay> = valued.iter().filter_map(sized).collect();
        let sizes = portfolio.attribution(&valued, &group_by, None).rows.into_iter();
        let mut sizes: BTreeMap<Option<String>, Cash> = sizes.map(|row| (row.group, row.pnl)).collect();
        for row in portfolio.attribution(&unknown, &group_by, None).rows {
            sizes.remove(&row.group);
        }
        let labels = self.labels(portfolio_id, by);
        let mut rows: Vec<AttributedPnl> = found
            .rows
            .into_iter()
            .map(|row| {
                let size = sizes.get(&row.group).filter(|size| size.is_positive());
                let label = row.group.as_ref().map(|key| labels.get(key).unwrap_or(key).clone());
                AttributedPnl {
                    pnl: row.pnl,
                    pnl_percent: size.map(|size| row.pnl.to_f64() / size.to_f64() * 100.0),
                    contribution: row.contribution,
                    contribution_percent: row.contribution_percent,
                    label: label.unwrap_or_else(|| without(by).to_owned()),
                    key: row.group,
                }
            })
            .collect();
        rows.sort_by(|left, right| right.pnl.cmp(&left.pnl).then_with(|| left.key.cmp(&right.key)));
        let equity = opening_equity.filter(|equity| equity.is_positive());
        let expected = events::calendar::sessions_between(first, self.as_of_date);
        Ok(PnlAttribution {
            start_date: Some(first),
            end_date: Some(self.as_of_date),
            sessions: Some(within.len()),
            sessions_missing: Some(expected.saturating_sub(within.len())),
            opening_equity,
            total_pnl: Some(found.total_pnl),
            total_return: equity.map(|equity| found.total_pnl.to_f64() / equity.to_f64()),
            rows: Some(rows),
            overlapping_groups: Some(found.overlapping_groups),
            freshness: track.freshness(self, portfolio_id),
        })
    }

    /// What groups that are known by an id are called.
    fn labels(&self, portfolio_id: PortfolioId, by: Grouping) -> BTreeMap<String, String> {
        let sources = self.sources();
        match by {
            Grouping::Tag => {
                sources.tag_names.iter().map(|(id, name)| (id.to_string(), name.clone())).collect()
            }
            Grouping::Position => {
                let books = sources.books.iter().filter(|book| book.portfolio_id == portfolio_id);
                let lots = books.flat_map(|book| &book.portfolio.lots);
                lots.map(|(id, lot)| (id.to_string(), lot.terms.symbol.to_string())).collect()
            }
            Grouping::Symbol | Grouping::Type | Grouping::Class | Grouping::Sector => BTreeMap::new(),
        }
    }
}

const fn without(by: Grouping) -> &'static str {
    match by {
        Grouping::Tag => "Untagged",
        Grouping::Sector => "Unclassified",
        Grouping::Position | Grouping::Symbol | Grouping::Type | Grouping::Class => "Unknown",
    }
}
