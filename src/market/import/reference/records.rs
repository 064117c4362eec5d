//! Rows into records, each kind by its own rules.

use std::collections::{BTreeMap, BTreeSet};

use events::Symbol;
use jiff::civil::Date;
use projections::instruments::{Field, FieldKind, Profile};
use projections::rates::RiskFreeRate;
use projections::reference::Records;
use projections::sector_weights::SectorWeights;
use rust_decimal::Decimal;

use super::RecordsReport;
use super::rows::{Row, Value};
use crate::market::import::error::{RowError, excerpt};
use crate::market::import::intake::canonical_symbol;
use crate::market::import::prices::Refusal;

/// Collects the rows of one kind of records.
pub(super) trait Taker {
    /// Whether a row may have a field of this name.
    fn knows(&self, name: &str) -> bool;

    /// Takes a row or says why not.
    fn take(&mut self, line: u64, row: Row) -> Result<(), Refusal>;

    /// What was taken; what only the whole file shows to be wrong is reported.
    fn finish(self, report: &mut RecordsReport) -> Records;
}

fn required(row: &mut Row, name: &'static str) -> Result<Value, Refusal> {
    row.remove(name).ok_or_else(|| RowError::Missing(name).into())
}

fn bad(field: &str, value: &Value, because: impl ToString) -> Refusal {
    let (field, text, because) = (field.to_owned(), excerpt(&value.text), because.to_string());
    Refusal { column: value.column, error: RowError::BadValue { field, text, because } }
}

fn date_of(row: &mut Row, name: &'static str) -> Result<Date, Refusal> {
    let value = required(row, name)?;
    value.text.parse().map_err(|_| bad(name, &value, "not a date such as 2025-01-02"))
}

fn twice(what: impl ToString) -> Refusal {
    RowError::Twice(what.to_string()).into()
}

/// Company profiles, one a row.
#[derive(Debug, Default)]
pub(super) struct Profiles(BTreeMap<Symbol, Profile>);

/// How table programs write that a number or a date is not known. Words of a text are taken as written.
fn is_absent(kind: FieldKind, text: &str) -> bool {
    kind != FieldKind::Text
        && ["nan", "na", "n/a", "-", "none"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

impl Taker for Profiles {
    fn knows(&self, name: &str) -> bool {
        name == "symbol" || Field::named(name).is_some()
    }

    fn take(&mut self, _line: u64, mut row: Row) -> Result<(), Refusal> {
        let symbol = required(&mut row, "symbol")?;
        let symbol =
            canonical_symbol(&symbol.text, None).map_err(|error| Refusal { column: symbol.column, error })?;
        if self.0.contains_key(&symbol) {
            return Err(twice(symbol));
        }
        let mut values = BTreeMap::new();
        for (name, value) in row {
            let field = Field::named(&name).ok_or_else(|| RowError::UnknownField(name.clone()))?;
            if !is_absent(field.kind, &value.text) {
                let parsed = field.kind.parse(&value.text).map_err(|error| bad(&name, &value, error))?;
                values.insert(name, parsed);
            }
        }
        let profile = Profile::of_values(symbol.clone(), values).map_err(|field| match field.as_str() {
            "company_name" => RowError::Missing("company_name"),
            _ => RowError::UnknownField(field),
        })?;
        self.0.insert(symbol, profile);
        Ok(())
    }

    fn finish(self, _report: &mut RecordsReport) -> Records {
        Records::Profiles(self.0.into_values().collect())
    }
}

/// Sector weights, one sector a row. A set that a bad row belongs to, or that does not sum to one, is not taken.
#[derive(Debug, Default)]
pub(super) struct WeightSets {
    sets: BTreeMap<(String, Date), (u64, SectorWeights)>,
    incomplete: BTreeSet<(String, Date)>,
}

const WEIGHT_FIELDS: [&str; 4] = ["benchmark", "as_of_date", "sector", "weight"];

impl Taker for WeightSets {
    fn knows(&self, name: &str) -> bool {
        WEIGHT_FIELDS.contains(&name)
    }

    fn take(&mut self, line: u64, mut row: Row) -> Result<(), Refusal> {
        let benchmark = required(&mut row, "benchmark")?.text;
        let as_of_date = date_of(&mut row, "as_of_date")?;
        let key = (benchmark, as_of_date);
        match weight_of(&mut row) {
            Ok((sector, weight)) => {
                let (_, set) = self.sets.entry(key.clone()).or_insert_with(|| {
                    let (benchmark, as_of_date) = key.clone();
                    (line, SectorWeights { benchmark, as_of_date, weights: BTreeMap::new() })
                });
                if set.weights.insert(sector.clone(), weight).is_some() {
                    self.incomplete.insert(key);
                    return Err(twice(sector));
                }
                Ok(())
            }
            Err(refusal) => {
                self.incomplete.insert(key);
                Err(refusal)
            }
        }
    }

    fn finish(self, report: &mut RecordsReport) -> Records {
        let mut sets = Vec::new();
        for (key, (line, set)) in self.sets {
            if self.incomplete.contains(&key) {
                let reason = format!("the weights of {} on {} are not complete", key.0, key.1);
                report.reject(line, None, &RowError::BadSet(reason));
            } else if let Err(error) = set.check() {
                report.reject(line, None, &RowError::BadSet(error.to_string()));
            } else {
                sets.push(set);
            }
        }
        Records::SectorWeights(sets)
    }
}

fn weight_of(row: &mut Row) -> Result<(String, Decimal), Refusal> {
    let sector = required(row, "sector")?.text;
    let value = required(row, "weight")?;
    let weight: Decimal = value.text.parse().map_err(|_| bad("weight", &value, "not a decimal number"))?;
    if !(Decimal::ZERO..=Decimal::ONE).contains(&weight) {
        return Err(bad("weight", &value, "not a fraction from 0 to 1"));
    }
    Ok((sector, weight.normalize()))
}

/// Risk-free rates, one a row.
#[derive(Debug, Default)]
pub(super) struct Rates(BTreeMap<(String, Date), RiskFreeRate>);

impl Taker for Rates {
    fn knows(&self, name: &str) -> bool {
        ["rate_date", "annual_rate", "currency"].contains(&name)
    }

    fn take(&mut self, _line: u64, mut row: Row) -> Result<(), Refusal> {
        let rate_date = date_of(&mut row, "rate_date")?;
        let currency = match row.remove("currency") {
            None => "USD".to_owned(),
            Some(value)
                if value.text.len() == 3 && value.text.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
            {
                value.text.to_ascii_uppercase()
            }
            Some(value) => return Err(bad("currency", &value, "not three letters")),
        };
        let value = required(&mut row, "annual_rate")?;
        let annual_rate: f64 = value.text.parse().map_err(|_| bad("annual_rate", &value, "not a number"))?;
        if !(-1.0..=1.0).contains(&annual_rate) {
            return Err(bad("annual_rate", &value, "not a fraction from -1 to 1"));
        }
        let key = (currency.clone(), rate_date);
        if self.0.contains_key(&key) {
            return Err(twice(format_args!("the rate of {currency} on {rate_date}")));
        }
        self.0.insert(key, RiskFreeRate { currency, rate_date, annual_rate });
        Ok(())
    }

    fn finish(self, _report: &mut RecordsReport) -> Records {
        Records::Rates(self.0.into_values().collect())
    }
}
