//! Facts as rows: kind and key name one, the document says what it is.

use std::str::FromStr;

use events::PositionId;
use events::portfolio::{FactKey, PortfolioFact};
use jiff::civil::Date;
use serde::de::DeserializeOwned;

/// A row that is no fact of this code.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    /// No such kind, or a key that is none of its kind.
    #[error("there is no fact {kind} {key:?}")]
    Key { kind: String, key: String },
    /// The document does not have the shape of its kind.
    #[error("the fact {kind} {key:?} does not fit its kind")]
    Fact {
        kind: String,
        key: String,
        #[source]
        source: serde_json::Error,
    },
}

/// What a fact says, as JSON text.
pub(super) fn document(fact: &PortfolioFact) -> Result<String, serde_json::Error> {
    match fact {
        PortfolioFact::Settings(settings) => serde_json::to_string(settings),
        PortfolioFact::Lot(_, lot) => serde_json::to_string(lot),
        PortfolioFact::EquityChange(_, change) => serde_json::to_string(change),
        PortfolioFact::EquityAdjustment(_, adjustment) => serde_json::to_string(adjustment),
        PortfolioFact::Mark(_, _, mark) => serde_json::to_string(mark),
        PortfolioFact::Target(_, target) => serde_json::to_string(target),
    }
}

/// The fact of a row.
pub(super) fn fact(kind: &str, key: &str, document: &str) -> Result<PortfolioFact, Unreadable> {
    let place = Place { kind, key, document };
    match kind {
        "settings" => Ok(PortfolioFact::Settings(place.read()?)),
        "lot" => Ok(PortfolioFact::Lot(place.named()?, place.read()?)),
        "equity_change" => Ok(PortfolioFact::EquityChange(place.named()?, place.read()?)),
        "equity_adjustment" => Ok(PortfolioFact::EquityAdjustment(place.named()?, place.read()?)),
        "mark" => {
            let (lot, date) = marked(key).ok_or_else(|| place.odd_key())?;
            Ok(PortfolioFact::Mark(lot, date, place.read()?))
        }
        "target" => Ok(PortfolioFact::Target(place.named()?, place.read()?)),
        _ => Err(place.odd_key()),
    }
}

/// A lot and the date of its mark, as [`FactKey::key`] writes them.
fn marked(key: &str) -> Option<(PositionId, Date)> {
    let (lot, date) = key.split_once('/')?;
    Some((lot.parse().ok()?, date.parse().ok()?))
}

struct Place<'a> {
    kind: &'a str,
    key: &'a str,
    document: &'a str,
}

impl Place<'_> {
    fn odd_key(&self) -> Unreadable {
        Unreadable::Key { kind: self.kind.to_owned(), key: self.key.to_owned() }
    }

    fn named<K: FromStr>(&self) -> Result<K, Unreadable> {
        self.key.parse().map_err(|_| self.odd_key())
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        serde_json::from_str(self.document).map_err(|source| Unreadable::Fact {
            kind: self.kind.to_owned(),
            key: self.key.to_owned(),
            source,
        })
    }
}

/// Kinds and keys of facts, as columns.
pub(super) fn columns<'a>(keys: impl IntoIterator<Item = &'a FactKey>) -> (Vec<&'static str>, Vec<String>) {
    keys.into_iter().map(|key| (key.kind(), key.key())).unzip()
}

#[cfg(test)]
mod tests {
    use events::portfolio::{EquityAdjustment, Mark};
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::*;

    #[test]
    fn facts_read_back_from_their_rows() {
        let (lot, at) = (PositionId::generate(), Timestamp::from_second(7).unwrap());
        let mark =
            Mark { price: "1.5".parse().unwrap(), note: Some("appraised".to_owned()), recorded_at: at };
        let adjustment = EquityAdjustment { equity: "5".parse().unwrap(), notes: None, recorded_at: at };
        for known in [
            PortfolioFact::Mark(lot, date(2025, 1, 2), mark),
            PortfolioFact::EquityAdjustment(date(2025, 1, 3), adjustment),
        ] {
            let (key, document) = (known.key(), document(&known).unwrap());
            assert_eq!(fact(key.kind(), &key.key(), &document).unwrap(), known);
        }
    }

    #[test]
    fn rows_of_no_fact_are_refused() {
        assert!(matches!(fact("dream", "", "{}"), Err(Unreadable::Key { .. })));
        assert!(matches!(fact("mark", "no-lot", "{}"), Err(Unreadable::Key { .. })));
        let lot = PositionId::generate().to_string();
        assert!(matches!(fact("lot", &lot, "{}"), Err(Unreadable::Fact { .. })));
    }
}
