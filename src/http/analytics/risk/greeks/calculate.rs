//! `POST /analytics/risk/greeks/calculate`

use events::position::{OptionRight, PositionSymbol, PositionType};
use events::{Cash, Price, Quantity};
use jiff::civil::Date;
use projections::risk::{
    GreekTotals, IvSource, NoGreeks, OptionInputs, days_between, dollars, kind_of, priced, unit_price,
};
use quant::options::greeks::{QuotedGreeks, share};
use quant::options::position::{Holding, position_greeks};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::today;
use crate::http::caller::Caller;
use crate::http::error::ApiError;

/// Most positions of a request.
const POSITIONS_MAX: usize = 200;
/// Shares of a contract.
const SHARES: f64 = 100.0;
/// Highest volatility a year that is priced with.
const VOLATILITY_MAX: f64 = 5.0;

/// Positions to compute, of which nothing is kept.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what Calculation reads")]
pub struct GreeksCalculation {
    /// 1 to 200 positions.
    #[schema(min_items = 1, max_items = 200)]
    positions: Vec<CalculatedInput>,
    /// At the close of this date; by default of today in New York.
    valuation_date: Option<Date>,
}

/// A position to compute.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what read_input reads")]
pub struct CalculatedInput {
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    symbol: PositionSymbol,
    /// `LC`, `LP`, `SC` or `SP` for options, `LONG` or `SHORT` for shares.
    #[schema(value_type = String, example = "SP")]
    position_type: PositionType,
    /// Contracts of 100 shares, or shares; negative for what is owed.
    #[schema(value_type = String, example = "-100")]
    quantity: Quantity,
    /// Of options: the price per share at which they are exercised.
    #[schema(value_type = Option<String>, example = "200")]
    strike_price: Option<Price>,
    /// Of options: the last day of the right.
    #[schema(example = "2026-01-16")]
    expiration_date: Option<Date>,
    /// Price of the underlying, or of the share.
    #[schema(value_type = Option<String>, example = "204.94")]
    underlying_price: Option<Price>,
    /// Volatility a year, a fraction above 0 and up to 5; it comes before `option_price`.
    #[schema(example = 0.28)]
    implied_volatility: Option<f64>,
    /// The option's own price per share, which implies a volatility.
    #[schema(value_type = Option<String>)]
    option_price: Option<Price>,
    /// Risk-free rate a year, from -1 to 1; 0 where it is not given, and said.
    #[schema(example = 0.0425)]
    rate: Option<f64>,
    /// Dividend yield a year, from -1 to 1; 0 where it is not given, and said.
    #[schema(example = 0.005)]
    dividend_yield: Option<f64>,
}

/// The same as it is read.
#[derive(Debug)]
pub struct Calculation {
    positions: Vec<Input>,
    date: Date,
}

#[derive(Debug)]
struct Input {
    symbol: PositionSymbol,
    position_type: PositionType,
    quantity: Quantity,
    option: Option<(OptionRight, Price, Date)>,
    underlying_price: Option<Price>,
    implied_volatility: Option<f64>,
    option_price: Option<Price>,
    rate: Option<f64>,
    dividend_yield: Option<f64>,
}

impl FromMembers for Calculation {
    fn read(members: &mut Members) -> Option<Self> {
        let positions = members.rows("positions", read_input);
        let count = positions.as_ref().map(Vec::len);
        if count.is_some_and(|count| !(1..=POSITIONS_MAX).contains(&count)) {
            members.report("positions", "length", format!("must be 1 to {POSITIONS_MAX} positions"));
        }
        let date = members.optional("valuation_date").unwrap_or_else(today);
        Some(Self { positions: positions?, date })
    }
}

fn read_input(members: &mut Members) -> Option<Input> {
    let symbol = members.required("symbol");
    let position_type: Option<PositionType> = members.required("position_type");
    let quantity: Option<Quantity> = members.required("quantity");
    let strike: Option<Price> = members.optional("strike_price");
    let expiry: Option<Date> = members.optional("expiration_date");
    let right = position_type.and_then(PositionType::right);
    if right.is_some() {
        for (name, is_given) in [("strike_price", strike.is_some()), ("expiration_date", expiry.is_some())] {
            if !is_given {
                members.report(name, "required", "must be given for an option");
            }
        }
        if strike.is_some_and(|strike| !strike.is_positive()) {
            members.report("strike_price", "out_of_range", "must be above zero");
        }
    }
    if let (Some(position_type), Some(quantity)) = (position_type, quantity)
        && (quantity.is_zero() || quantity.is_positive() != position_type.is_long())
    {
        members.report(
            "quantity",
            "wrong_sign",
            "must be above zero for what is held, below for what is owed",
        );
    }
    let mut bounded = |name: &'static str, least: f64, most: f64| {
        let value: Option<f64> = members.optional(name);
        if value.is_some_and(|value| !(least..=most).contains(&value)) {
            members.report(name, "out_of_range", format!("must be from {least} to {most}"));
        }
        value
    };
    let implied_volatility = bounded("implied_volatility", f64::MIN_POSITIVE, VOLATILITY_MAX);
    let (rate, dividend_yield) = (bounded("rate", -1.0, 1.0), bounded("dividend_yield", -1.0, 1.0));
    let (underlying_price, option_price) =
        (members.optional("underlying_price"), members.optional("option_price"));
    let option = match right {
        Some(right) => Some((right, strike?, expiry?)),
        None => None,
    };
    Some(Input {
        symbol: symbol?,
        position_type: position_type?,
        quantity: quantity?,
        option,
        underlying_price,
        implied_volatility,
        option_price,
        rate,
        dividend_yield,
    })
}

/// Positions with their Greeks.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalculatedGreeks {
    /// At the close of this date.
    valuation_date: Date,
    /// The positions, in the order in which they were sent.
    positions: Vec<CalculatedPosition>,
}

/// A position with its Greeks, or why it has none.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalculatedPosition {
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    symbol: PositionSymbol,
    /// Which way it looks.
    #[schema(value_type = String, example = "SP")]
    position_type: PositionType,
    /// Contracts or shares, signed.
    #[schema(value_type = String, example = "-100")]
    quantity: Quantity,
    /// Price per share by the model.
    #[schema(value_type = Option<String>, example = "5.4031")]
    price: Option<Price>,
    /// What the position is worth by it, signed.
    #[schema(value_type = Option<String>, example = "-54030.91")]
    value: Option<Cash>,
    /// Per share.
    per_share: Option<ShareGreeks>,
    /// Of the position.
    position: Option<GreekTotals>,
    /// Volatility a year that was used.
    #[schema(example = 0.28)]
    implied_volatility: Option<f64>,
    /// `given`, `implied` by the option's price, or `expired`; null for shares.
    #[schema(value_type = Option<String>, example = "given")]
    iv_source: Option<IvSource>,
    /// No rate was given: it is priced with 0.
    rate_assumed: bool,
    /// No dividend yield was given: it is priced with 0.
    dividend_yield_assumed: bool,
    /// Why it has no Greeks: `no_underlying_price`, `no_volatility` or `invalid_inputs`.
    error: Option<&'static str>,
}

/// Greeks per share.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct ShareGreeks {
    /// For 1 of the underlying.
    #[schema(example = -0.365676)]
    delta: f64,
    /// Change of delta for 1 of the underlying.
    #[schema(example = 0.018455)]
    gamma: f64,
    /// For a calendar day.
    #[schema(example = -0.074917)]
    theta: f64,
    /// For a volatility point.
    #[schema(example = 0.273521)]
    vega: f64,
    /// For 1 % of the rate.
    #[schema(example = -0.101256)]
    rho: f64,
}

/// Computes prices and Greeks of positions that somebody describes, by Black, Scholes and Merton. Nothing is looked up and
/// nothing is kept: without a volatility or a price that implies one an option has no Greeks.
#[utoipa::path(post, path = "/api/v1/analytics/risk/greeks/calculate", tag = "analytics",
    operation_id = "calculate_greeks", extensions(("x-access" = json!("signed-in"))),
    request_body = GreeksCalculation,
    responses((status = 200, description = "Greeks", body = Envelope<CalculatedGreeks>)))]
pub async fn calculate(
    caller: Caller,
    body: Body<Calculation>,
) -> Result<Answer<CalculatedGreeks>, ApiError> {
    let Calculation { positions, date } = body.value;
    let positions = positions.into_iter().map(|input| CalculatedPosition::of(input, date)).collect();
    Ok(Answer::ok(&caller, CalculatedGreeks { valuation_date: date, positions }).as_of(date))
}

/// What was found of one position.
struct Found {
    greeks: QuotedGreeks,
    spot: f64,
    multiplier: f64,
    volatility: Option<(f64, IvSource)>,
}

impl Input {
    fn found(&self, date: Date) -> Result<Found, NoGreeks> {
        let Some((right, strike, expiry)) = self.option else {
            let price = self.underlying_price.filter(|price| price.is_positive());
            let spot = price.ok_or(NoGreeks::NoUnderlyingPrice)?.to_f64();
            return Ok(Found { greeks: share(spot), spot, multiplier: 1.0, volatility: None });
        };
        let option = priced(&OptionInputs {
            kind: kind_of(right),
            strike: strike.to_f64(),
            days: days_between(date, expiry),
            spot: self.underlying_price.map(Price::to_f64),
            quote: self.option_price.map(Price::to_f64),
            given_volatility: self.implied_volatility,
            historical_volatility: None,
            rate: self.rate,
            dividend_yield: self.dividend_yield,
        })?;
        let volatility = Some((option.volatility, option.iv_source));
        Ok(Found { greeks: option.greeks, spot: option.market.spot, multiplier: SHARES, volatility })
    }
}

impl CalculatedPosition {
    fn of(input: Input, date: Date) -> Self {
        let found = input.found(date).and_then(|found| {
            let holding = Holding { quantity: input.quantity.to_f64(), multiplier: found.multiplier };
            let greeks = position_greeks(&found.greeks, found.spot, &holding);
            let totals = greeks.map(|greeks| GreekTotals::of(&greeks)).map_err(|_| NoGreeks::Refused)?;
            Ok((found, holding, totals))
        });
        let is_option = input.option.is_some();
        let blank = Self {
            symbol: input.symbol,
            position_type: input.position_type,
            quantity: input.quantity,
            price: None,
            value: None,
            per_share: None,
            position: None,
            implied_volatility: None,
            iv_source: None,
            rate_assumed: is_option && input.rate.is_none(),
            dividend_yield_assumed: is_option && input.dividend_yield.is_none(),
            error: None,
        };
        let (found, holding, totals) = match found {
            Ok(found) => found,
            Err(why) => return Self { error: Some(why.name()), ..blank },
        };
        let QuotedGreeks { price, delta, gamma, theta_per_day, vega_per_point, rho_per_percent } =
            found.greeks;
        Self {
            price: unit_price(price),
            value: dollars(price * holding.quantity * holding.multiplier),
            per_share: Some(ShareGreeks {
                delta,
                gamma,
                theta: theta_per_day,
                vega: vega_per_point,
                rho: rho_per_percent,
            }),
            position: Some(totals),
            implied_volatility: found.volatility.map(|(volatility, _)| volatility),
            iv_source: found.volatility.map(|(_, source)| source),
            ..blank
        }
    }
}
