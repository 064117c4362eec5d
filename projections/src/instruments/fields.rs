//! The fields of a company profile: their names, what values they take, what they mean. A table.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

/// Longest text of a field, in characters.
pub const TEXT_CHARS_MAX: usize = 8_000;

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name in files and in the API.
    pub name: &'static str,
    /// What values it takes.
    pub kind: FieldKind,
    /// What it means.
    pub meaning: &'static str,
}

impl Field {
    const fn new(name: &'static str, kind: FieldKind, meaning: &'static str) -> Self {
        Self { name, kind, meaning }
    }

    /// The field of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.name == name)
    }
}

/// What values a field takes, and how the API writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Words.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number from zero.
    Count,
    /// A statistic: a JSON number.
    Number,
    /// A statistic that is not below zero.
    Fraction,
    /// Money or a price: a decimal string.
    Amount,
    /// `YYYY-MM-DD`.
    Date,
}

/// The text is no value of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(&'static str);

impl FieldKind {
    /// The value that `text` means.
    ///
    /// # Errors
    /// The text is no value of this kind.
    pub fn parse(self, text: &str) -> Result<Value, InvalidValue> {
        Ok(match self {
            Self::Text if text.chars().count() > TEXT_CHARS_MAX => {
                return Err(InvalidValue("longer than 8000 characters"));
            }
            Self::Text => text.into(),
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => true.into(),
                "false" | "no" | "0" => false.into(),
                _ => return Err(InvalidValue("neither true nor false")),
            },
            Self::Count => text.parse::<u32>().map_err(|_| InvalidValue("not a whole number from 0"))?.into(),
            Self::Number | Self::Fraction => {
                let number: f64 = text.parse().map_err(|_| InvalidValue("not a number"))?;
                if !number.is_finite() {
                    return Err(InvalidValue("not a finite number"));
                }
                if self == Self::Fraction && number < 0.0 {
                    return Err(InvalidValue("below zero"));
                }
                number.into()
            }
            Self::Amount => {
                let exact = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text));
                exact.map_err(|_| InvalidValue("not a decimal number"))?.normalize().to_string().into()
            }
            Self::Date => {
                let date: Date = text.parse().map_err(|_| InvalidValue("not a date such as 2025-01-02"))?;
                date.to_string().into()
            }
        })
    }
}

/// Every field besides the symbol.
pub const FIELDS: &[Field] = &[
    Field::new("company_name", FieldKind::Text, "name of the company or fund"),
    Field::new("sector", FieldKind::Text, "sector, by GICS or as the source calls it"),
    Field::new("industry", FieldKind::Text, "industry"),
    Field::new("is_etf", FieldKind::Flag, "whether it is an exchange-traded fund"),
    Field::new("is_fund", FieldKind::Flag, "whether it is another fund"),
    Field::new("beta", FieldKind::Number, "the provider's beta to the market"),
    Field::new("dividend_yield", FieldKind::Fraction, "dividends of a year over the price"),
    Field::new("market_cap", FieldKind::Amount, "value of all shares"),
    Field::new("listing_date", FieldKind::Date, "first day it could be traded"),
    Field::new("exchange", FieldKind::Text, "where it is listed"),
    Field::new("country", FieldKind::Text, "where it is domiciled"),
    Field::new("currency", FieldKind::Text, "currency of its prices and amounts"),
    Field::new("description", FieldKind::Text, "what it does"),
    Field::new("ceo", FieldKind::Text, "who leads it"),
    Field::new("employees", FieldKind::Count, "people employed"),
    Field::new("website", FieldKind::Text, "its address on the web"),
    Field::new("pe_ratio", FieldKind::Number, "price over the earnings of the last year"),
    Field::new("forward_pe", FieldKind::Number, "price over the earnings expected for the next year"),
    Field::new("week_52_high", FieldKind::Amount, "highest price of the last year"),
    Field::new("week_52_low", FieldKind::Amount, "lowest price of the last year"),
    Field::new("target_mean_price", FieldKind::Amount, "mean of the analysts' target prices"),
    Field::new("target_high_price", FieldKind::Amount, "highest of the analysts' target prices"),
    Field::new("target_low_price", FieldKind::Amount, "lowest of the analysts' target prices"),
    Field::new("analyst_opinions", FieldKind::Count, "analysts with an opinion"),
    Field::new("recommendation_mean", FieldKind::Number, "mean recommendation, 1 (buy) to 5 (sell)"),
    Field::new("recommendation_key", FieldKind::Text, "mean recommendation in words"),
    Field::new("gross_margin", FieldKind::Number, "gross profit over revenue"),
    Field::new("operating_margin", FieldKind::Number, "operating profit over revenue"),
    Field::new("profit_margin", FieldKind::Number, "net profit over revenue"),
    Field::new("return_on_assets", FieldKind::Number, "net profit over assets"),
    Field::new("return_on_equity", FieldKind::Number, "net profit over equity"),
    Field::new(
        "revenue_growth",
        FieldKind::Number,
        "revenue against the same quarter a year before, as a fraction",
    ),
    Field::new(
        "earnings_growth",
        FieldKind::Number,
        "earnings against the same quarter a year before, as a fraction",
    ),
    Field::new("total_revenue", FieldKind::Amount, "revenue of the last twelve months"),
    Field::new("current_quarter_end_date", FieldKind::Date, "last day of the current quarter"),
    Field::new(
        "current_quarter_revenue_average",
        FieldKind::Amount,
        "expected revenue of the current quarter, mean",
    ),
    Field::new(
        "current_quarter_revenue_low",
        FieldKind::Amount,
        "expected revenue of the current quarter, lowest",
    ),
    Field::new(
        "current_quarter_revenue_high",
        FieldKind::Amount,
        "expected revenue of the current quarter, highest",
    ),
    Field::new(
        "current_quarter_eps_average",
        FieldKind::Amount,
        "expected earnings per share of the current quarter, mean",
    ),
    Field::new(
        "current_quarter_eps_low",
        FieldKind::Amount,
        "expected earnings per share of the current quarter, lowest",
    ),
    Field::new(
        "current_quarter_eps_high",
        FieldKind::Amount,
        "expected earnings per share of the current quarter, highest",
    ),
    Field::new(
        "current_quarter_growth",
        FieldKind::Number,
        "expected growth in the current quarter, as a fraction",
    ),
    Field::new(
        "current_quarter_analyst_count",
        FieldKind::Count,
        "analysts who expect something of the current quarter",
    ),
    Field::new("next_quarter_end_date", FieldKind::Date, "last day of the next quarter"),
    Field::new(
        "next_quarter_revenue_average",
        FieldKind::Amount,
        "expected revenue of the next quarter, mean",
    ),
    Field::new("next_quarter_revenue_low", FieldKind::Amount, "expected revenue of the next quarter, lowest"),
    Field::new(
        "next_quarter_revenue_high",
        FieldKind::Amount,
        "expected revenue of the next quarter, highest",
    ),
    Field::new(
        "next_quarter_eps_average",
        FieldKind::Amount,
        "expected earnings per share of the next quarter, mean",
    ),
    Field::new(
        "next_quarter_eps_low",
        FieldKind::Amount,
        "expected earnings per share of the next quarter, lowest",
    ),
    Field::new(
        "next_quarter_eps_high",
        FieldKind::Amount,
        "expected earnings per share of the next quarter, highest",
    ),
    Field::new(
        "next_quarter_growth",
        FieldKind::Number,
        "expected growth in the next quarter, as a fraction",
    ),
    Field::new(
        "next_quarter_analyst_count",
        FieldKind::Count,
        "analysts who expect something of the next quarter",
    ),
    Field::new("current_year_end_date", FieldKind::Date, "last day of the current year"),
    Field::new(
        "current_year_revenue_average",
        FieldKind::Amount,
        "expected revenue of the current year, mean",
    ),
    Field::new("current_year_revenue_low", FieldKind::Amount, "expected revenue of the current year, lowest"),
    Field::new(
        "current_year_revenue_high",
        FieldKind::Amount,
        "expected revenue of the current year, highest",
    ),
    Field::new(
        "current_year_eps_average",
        FieldKind::Amount,
        "expected earnings per share of the current year, mean",
    ),
    Field::new(
        "current_year_eps_low",
        FieldKind::Amount,
        "expected earnings per share of the current year, lowest",
    ),
    Field::new(
        "current_year_eps_high",
        FieldKind::Amount,
        "expected earnings per share of the current year, highest",
    ),
    Field::new(
        "current_year_growth",
        FieldKind::Number,
        "expected growth in the current year, as a fraction",
    ),
    Field::new(
        "current_year_analyst_count",
        FieldKind::Count,
        "analysts who expect something of the current year",
    ),
    Field::new("next_year_end_date", FieldKind::Date, "last day of the next year"),
    Field::new("next_year_revenue_average", FieldKind::Amount, "expected revenue of the next year, mean"),
    Field::new("next_year_revenue_low", FieldKind::Amount, "expected revenue of the next year, lowest"),
    Field::new("next_year_revenue_high", FieldKind::Amount, "expected revenue of the next year, highest"),
    Field::new(
        "next_year_eps_average",
        FieldKind::Amount,
        "expected earnings per share of the next year, mean",
    ),
    Field::new(
        "next_year_eps_low",
        FieldKind::Amount,
        "expected earnings per share of the next year, lowest",
    ),
    Field::new(
        "next_year_eps_high",
        FieldKind::Amount,
        "expected earnings per share of the next year, highest",
    ),
    Field::new("next_year_growth", FieldKind::Number, "expected growth in the next year, as a fraction"),
    Field::new("next_year_analyst_count", FieldKind::Count, "analysts who expect something of the next year"),
    Field::new("next_earnings_date", FieldKind::Date, "when earnings are told next"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert_eq!(FIELDS.iter().map(|field| field.name).collect::<BTreeSet<_>>().len(), FIELDS.len());
    }

    #[test]
    fn amounts_stay_exact_and_statistics_are_finite() {
        assert_eq!(FieldKind::Amount.parse("3.1e12").unwrap(), "3100000000000");
        assert_eq!(FieldKind::Amount.parse("0.10").unwrap(), "0.1");
        assert_eq!(FieldKind::Number.parse("-1.25").unwrap(), -1.25);
        assert!(FieldKind::Number.parse("NaN").is_err() && FieldKind::Fraction.parse("-0.1").is_err());
        assert_eq!(FieldKind::Flag.parse("Yes").unwrap(), true);
        assert!(FieldKind::Date.parse("2025-02-30").is_err() && FieldKind::Count.parse("-1").is_err());
    }
}
