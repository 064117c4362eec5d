//! Target prices from a file: a table with a header (CSV), the targets of a symbol and type in each row.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use events::Price;
use events::portfolio::{TARGETS_MAX, TargetDraft, TargetPrices};
use events::position::{PositionSymbol, PositionType};

use crate::http::problem::FieldProblem;

/// The columns, in the order in which they are written; they may be read in any.
pub(super) const COLUMNS: [&str; 6] =
    ["symbol", "position_type", "target_eoy", "target_next_year", "downside", "current_price"];

/// A file that was read: all its rows, or everything that is wrong with them.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<TargetDraft>, Vec<FieldProblem>> {
    let whole = |code: &str, message: String| vec![FieldProblem::new("csv_file", code, message)];
    let text = std::str::from_utf8(bytes).map_err(|error| whole("invalid", error.to_string()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| whole("malformed", error.to_string()))?.clone();
    let places =
        COLUMNS.map(|column| header.iter().position(|name| name.trim().eq_ignore_ascii_case(column)));
    let [Some(_), ..] = places else {
        return Err(vec![FieldProblem::new("symbol", "missing_column", "the header does not name it")]);
    };
    let (mut drafts, mut problems, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (row, record) in (2..).zip(reader.records()) {
        let record = match record {
            Ok(record) if record.iter().all(str::is_empty) => continue,
            Ok(record) => record,
            Err(error) => return Err(whole("malformed", error.to_string())),
        };
        let mut line = Row { places, record: &record, row, problems: &mut problems };
        if let Some((key, draft)) = line.draft() {
            if !seen.insert(key) {
                line.report(0, "not_unique", "occurs more than once with this type");
            }
            drafts.push(draft);
        }
    }
    if drafts.len() > TARGETS_MAX {
        problems.push(FieldProblem::new("csv_file", "too_long", format!("at most {TARGETS_MAX} rows")));
    }
    match (problems.is_empty(), drafts.is_empty()) {
        (true, false) => Ok(drafts),
        (true, true) => Err(whole("empty", "holds no row".to_owned())),
        (false, _) => Err(problems),
    }
}

struct Row<'a> {
    places: [Option<usize>; 6],
    record: &'a csv::StringRecord,
    row: u64,
    problems: &'a mut Vec<FieldProblem>,
}

impl Row<'_> {
    fn draft(&mut self) -> Option<((PositionSymbol, PositionType), TargetDraft)> {
        let symbol: Option<PositionSymbol> = self.parsed(0);
        if symbol.is_none() && self.cell(0).is_none() {
            self.report(0, "required", "must be given");
        }
        let position_type = match self.cell(1) {
            Some(_) => self.parsed(1)?,
            None => PositionType::Long,
        };
        let prices = TargetPrices {
            eoy: self.price(2),
            next_year: self.price(3),
            downside: self.price(4),
            current_price: self.price(5),
        };
        if prices.current_price == Some(Price::ZERO) {
            self.report(5, "out_of_range", "must be above 0");
        }
        let symbol = symbol?;
        let draft = TargetDraft {
            symbol: symbol.to_string(),
            position_type: Some(position_type),
            position_id: None,
            prices,
        };
        Some(((symbol, position_type), draft))
    }

    fn price(&mut self, column: usize) -> Option<Price> {
        let price: Price = self.parsed(column)?;
        if price.is_negative() {
            self.report(column, "out_of_range", "must not be below 0");
        }
        Some(price)
    }

    fn cell(&self, column: usize) -> Option<&str> {
        let place = self.places.get(column).copied().flatten()?;
        self.record.get(place).map(str::trim).filter(|cell| !cell.is_empty())
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, column: usize) -> Option<T> {
        let parsed = self.cell(column)?.parse();
        parsed.map_err(|error| self.report(column, "invalid", error)).ok()
    }

    fn report(&mut self, column: usize, code: &str, message: impl ToString) {
        let name = COLUMNS.get(column).copied().unwrap_or("row");
        let value = self.cell(column).map(str::to_owned);
        self.problems.push(FieldProblem {
            row: Some(self.row),
            value,
            ..FieldProblem::new(name, code, message)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(table: &str) -> Vec<(Option<u64>, String, String)> {
        let problems = read(table.as_bytes()).unwrap_err();
        let fault = |it: FieldProblem| (it.row, it.field, it.code);
        problems.into_iter().map(fault).collect()
    }

    #[test]
    fn columns_are_found_by_name_and_blank_cells_say_nothing() {
        let table = "\u{feff}Target_EOY, note ,SYMBOL,downside\r\n230,x,aapl,0\r\n,,,\r\n,,MSFT,\r\n";
        let drafts = read(table.as_bytes()).unwrap();
        assert_eq!(drafts.len(), 2);
        assert_eq!((drafts[0].symbol.as_str(), drafts[0].position_type), ("AAPL", Some(PositionType::Long)));
        assert_eq!(
            (drafts[0].prices.eoy, drafts[0].prices.downside),
            ("230".parse().ok(), Some(Price::ZERO))
        );
        assert_eq!(drafts[1].prices, TargetPrices::default());
    }

    #[test]
    fn everything_wrong_is_told_with_its_row_and_column() {
        let table =
            "symbol,position_type,target_eoy,current_price\nAAPL,LONG,-1,0\n,UP,x,\nA B,,1,\nAAPL,long,1,1\n";
        let told = [
            (2, "target_eoy", "out_of_range"),
            (2, "current_price", "out_of_range"),
            (3, "symbol", "required"),
            (3, "position_type", "invalid"),
            (4, "symbol", "invalid"),
            (5, "symbol", "not_unique"),
        ];
        let told: Vec<_> = told
            .iter()
            .map(|(row, field, code)| (Some(*row), (*field).to_owned(), (*code).to_owned()))
            .collect();
        assert_eq!(faults(table), told);
        assert_eq!(faults("symbol\n"), [(None, "csv_file".to_owned(), "empty".to_owned())]);
        assert_eq!(faults("price\n1\n"), [(None, "symbol".to_owned(), "missing_column".to_owned())]);
    }
}
