//! The numbers of `quant` against `fixtures/reference.json`: values of independent libraries and of 50-digit arithmetic,
//! on the real closes of `data/prices`. Conventions and tolerances are in `fixtures/README.md`.

#[cfg(test)]
mod american_options;
#[cfg(test)]
mod cash_flows;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod cross_section;
#[cfg(test)]
mod european_options;
#[cfg(test)]
mod optimal_portfolios;
#[cfg(test)]
mod optimal_properties;
#[cfg(test)]
mod option_properties;
#[cfg(test)]
mod regression;
#[cfg(test)]
mod series;
#[cfg(test)]
mod smooth;
#[cfg(test)]
mod stats;
#[cfg(test)]
mod support;
#[cfg(test)]
mod volatility;
