//! What a portfolio returned, by its snapshots: free of what came and went.

use events::PortfolioId;
use jiff::civil::{Date, ISOWeekDate};
use quant::convention::{Convention, PERIODS_DAILY, RiskFreeSplit};
use quant::periods::{Period, cagr_by_sessions, linked_by};
use quant::ratios;
use quant::sample::Sample;
use quant::wealth::WealthPath;
use serde::Serialize;
use utoipa::ToSchema;

use super::availability::noted;
use super::track_record::{TrackFreshness, TrackRecord};
use super::{Absent, Analytic, DataQuality, Missing, Provenance, Reason, RiskInputs};

/// Returns without which there is no volatility and no ratio.
const RATIO_RETURNS_MIN: usize = 20;
/// Returns from which ratios are not called limited.
const RATIO_RETURNS_FULL: usize = 60;

/// What a portfolio returned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Performance {
    /// Time-weighted returns up to the last snapshot.
    pub returns: Option<PeriodReturns>,
    /// The return since the inception as one of a year; null below a year.
    #[schema(example = 0.08)]
    pub annualized_return: Option<f64>,
    /// Deviation of the daily returns, a fraction a year.
    #[schema(example = 0.106411)]
    pub volatility: Option<f64>,
    /// Mean excess return over deviation, a year.
    #[schema(example = 2.939559)]
    pub sharpe_ratio: Option<f64>,
    /// Mean excess return over downside deviation of all days, a year.
    #[schema(example = 4.571742)]
    pub sortino_ratio: Option<f64>,
    /// The ratios are of fewer than 60 returns.
    pub limited_history: Option<bool>,
    /// The deepest fall; null only without returns.
    pub max_drawdown: Option<MaxDrawdown>,
    /// Returns of whole periods, the first and last as far as they go.
    pub series: Option<Vec<SeriesReturn>>,
    /// Daily returns that were used.
    pub observations: Option<usize>,
    /// Sessions on which a position had no price: what it earned counts at its next one.
    pub incomplete_sessions: Option<usize>,
    /// Risk-free rate a year in the ratios.
    #[schema(example = 0.04)]
    pub risk_free_rate: Option<f64>,
    /// No rate is known: 0 was used.
    pub risk_free_assumed: Option<bool>,
    /// How flows count: at the end of the day.
    #[schema(example = "end_of_day")]
    pub flow_timing: Option<&'static str>,
    /// How current the snapshots are.
    pub freshness: Option<TrackFreshness>,
}

/// Returns of periods that end with the last snapshot; null where the history is shorter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct PeriodReturns {
    /// One session.
    #[serde(rename = "1d")]
    pub day: Option<f64>,
    /// 5 sessions.
    #[serde(rename = "1w")]
    pub week: Option<f64>,
    /// 21 sessions.
    #[serde(rename = "1m")]
    pub month: Option<f64>,
    /// 63 sessions.
    #[serde(rename = "3m")]
    pub quarter: Option<f64>,
    /// From the last session of the prior year.
    pub ytd: Option<f64>,
    /// 252 sessions.
    #[serde(rename = "1y")]
    pub year: Option<f64>,
    /// All of them.
    pub inception: Option<f64>,
}

/// The deepest fall of what one unit became, with the dates; flows are no falls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct MaxDrawdown {
    /// How deep, not positive.
    #[schema(example = -0.014974)]
    pub value: f64,
    /// From when it fell: the session before the first return, if it never rose. Null where it never fell.
    pub peak_date: Option<Date>,
    /// Where it was deepest.
    pub trough_date: Option<Date>,
    /// When it was back; null while it is not.
    pub recovery_date: Option<Date>,
}

/// The return of a period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct SeriesReturn {
    /// The last session of it that has a return.
    pub period_end_date: Date,
    /// Its return; null where nothing follows after a total loss.
    pub r#return: Option<f64>,
}

/// How long the periods of a series are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SeriesPeriod {
    /// A session.
    Daily,
    /// From Monday to Sunday.
    Weekly,
    /// A calendar month.
    #[default]
    Monthly,
    /// A calendar year.
    Annual,
}

impl std::str::FromStr for SeriesPeriod {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "daily" => Ok(Self::Daily),
            "weekly" => Ok(Self::Weekly),
            "monthly" => Ok(Self::Monthly),
            "annual" => Ok(Self::Annual),
            _ => Err("must be daily, weekly, monthly or annual"),
        }
    }
}

impl SeriesPeriod {
    /// The same for all days of one period.
    fn key(self, date: Date) -> (i16, i8, i8) {
        match self {
            Self::Daily => (date.year(), date.month(), date.day()),
            Self::Weekly => {
                let week: ISOWeekDate = date.iso_week_date();
                (week.year(), week.week(), 0)
            }
            Self::Monthly => (date.year(), date.month(), 0),
            Self::Annual => (date.year(), 0, 0),
        }
    }
}

/// What the portfolio of a track record returned.
pub fn performance(
    inputs: &RiskInputs,
    portfolio_id: PortfolioId,
    track: &TrackRecord,
    period: SeriesPeriod,
) -> Analytic<Performance> {
    let parameters = format!("performance;{period:?};{}", track.identity());
    let provenance = Provenance::of(inputs, "time_weighted", 1, &parameters);
    let quality = track.quality(inputs, None);
    let figures = track.at_least(1).map(|(sessions, returns)| {
        let (mut figures, missing) = figures(inputs, &sessions, &returns, period);
        figures.freshness = track.freshness(inputs, portfolio_id);
        figures.incomplete_sessions =
            Some(track.rows().iter().filter(|row| !row.snapshot.is_complete).count());
        (figures, missing)
    });
    Analytic::of(figures, quality, provenance)
}

impl TrackRecord {
    /// Snapshots speak of all positions; `wanted` returns are looked back on, or all that there are.
    pub(super) fn quality(&self, inputs: &RiskInputs, wanted: Option<usize>) -> DataQuality {
        let count = self.returns().1.len();
        DataQuality::of_days(inputs, count, wanted.unwrap_or(count).max(1))
    }
}

fn figures(
    inputs: &RiskInputs,
    sessions: &[Date],
    returns: &[f64],
    period: SeriesPeriod,
) -> (Performance, Missing) {
    let mut missing = Missing::new();
    let rate = inputs.sources().rate;
    let divided =
        Convention { risk_free_split: RiskFreeSplit::Divided, ..Convention::standard(PERIODS_DAILY) };
    let convention = divided.with_risk_free(rate.unwrap_or(0.0));
    let sample = enough(returns).and_then(|()| Ok(Sample::of(returns)?));
    let of_sample = |of: fn(&Sample<'_>, &Convention) -> quant::Figure| -> Result<f64, Absent> {
        Ok(of(sample.as_ref().map_err(Clone::clone)?, &convention)?)
    };
    let periods = periods(sessions, returns, &mut missing);
    let total = periods.inception.ok_or_else(|| no_figure("the return since the inception is not known"));
    let year = total.and_then(|total| Ok(cagr_by_sessions(total, returns.len() as u64)?));
    let figures = Performance {
        returns: Some(periods),
        annualized_return: noted(&mut missing, "annualized_return", year),
        volatility: noted(&mut missing, "volatility", of_sample(ratios::volatility)),
        sharpe_ratio: noted(&mut missing, "sharpe_ratio", of_sample(ratios::sharpe)),
        sortino_ratio: noted(&mut missing, "sortino_ratio", of_sample(ratios::sortino)),
        limited_history: Some(returns.len() < RATIO_RETURNS_FULL),
        max_drawdown: noted(&mut missing, "max_drawdown", drawdown(sessions, returns)),
        series: noted(&mut missing, "series", series(sessions, returns, period)),
        observations: Some(returns.len()),
        incomplete_sessions: None,
        risk_free_rate: Some(rate.unwrap_or(0.0)),
        risk_free_assumed: Some(rate.is_none()),
        flow_timing: Some("end_of_day"),
        freshness: None,
    };
    (figures, missing)
}

fn no_figure(message: &str) -> Absent {
    Absent::because(Reason::CalculationFailed, message)
}

fn enough(returns: &[f64]) -> Result<(), Absent> {
    if returns.len() >= RATIO_RETURNS_MIN {
        return Ok(());
    }
    let message = format!("fewer than {RATIO_RETURNS_MIN} daily returns");
    Err(Absent::because(Reason::InsufficientHistory, message))
}

fn periods(sessions: &[Date], returns: &[f64], missing: &mut Missing) -> PeriodReturns {
    let year = sessions.last().map(|last| last.year());
    let first = sessions.partition_point(|session| Some(session.year()) != year);
    let mut of = |name: &'static str, period: Period| noted(missing, name, period.linked(returns));
    // The year to date begins with the last session of the prior year, which must be there.
    let ytd = if first > 0 {
        of("returns.ytd", Period::YearToDate { first })
    } else {
        let absent = Absent::because(Reason::InsufficientHistory, "the portfolio begins within the year");
        noted::<f64, Absent>(missing, "returns.ytd", Err(absent))
    };
    let mut of = |name: &'static str, period: Period| noted(missing, name, period.linked(returns));
    PeriodReturns {
        day: of("returns.1d", Period::Day),
        week: of("returns.1w", Period::Week),
        month: of("returns.1m", Period::Month),
        quarter: of("returns.3m", Period::Quarter),
        ytd,
        year: of("returns.1y", Period::Year),
        inception: of("returns.inception", Period::Inception),
    }
}

fn drawdown(sessions: &[Date], returns: &[f64]) -> Result<MaxDrawdown, Absent> {
    let path = WealthPath::of(returns)?;
    // The path begins with the close before the first return.
    let before = sessions.first().map(|first| events::calendar::previous_session(*first));
    let date = |index: u64| match usize::try_from(index).ok()?.checked_sub(1) {
        Some(place) => sessions.get(place).copied(),
        None => before,
    };
    Ok(MaxDrawdown {
        value: path.max_drawdown,
        peak_date: path.deepest.and_then(|deepest| date(deepest.peak_index)),
        trough_date: path.deepest.and_then(|deepest| date(deepest.trough_index)),
        recovery_date: path.deepest.and_then(|deepest| date(deepest.recovery_index?)),
    })
}

fn series(sessions: &[Date], returns: &[f64], period: SeriesPeriod) -> Result<Vec<SeriesReturn>, Absent> {
    let keys: Vec<_> = sessions.iter().map(|session| period.key(*session)).collect();
    let ends = sessions.chunk_by(|left, right| period.key(*left) == period.key(*right));
    let ends = ends.filter_map(|run| run.last().copied());
    let linked = linked_by(returns, &keys)?;
    let one = |(period_end_date, (_, figure)): (Date, (_, quant::Figure))| SeriesReturn {
        period_end_date,
        r#return: figure.ok(),
    };
    Ok(ends.zip(linked).map(one).collect())
}
