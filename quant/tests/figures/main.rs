//! The numbers of `quant` against printed examples, reference values, real ledgers and their own laws.

#[cfg(test)]
mod books;
#[cfg(test)]
mod ledgers;
#[cfg(test)]
mod portfolios;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod series_laws;
#[cfg(test)]
mod series_refusals;
#[cfg(test)]
mod stress;
#[cfg(test)]
mod support;
#[cfg(test)]
mod test_series;
#[cfg(test)]
mod worked_example;
