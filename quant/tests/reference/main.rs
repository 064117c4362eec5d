//! The numbers of `quant` against `fixtures/reference.json`: values of independent libraries and of 50-digit arithmetic,
//! on the real closes of `data/prices`. Conventions and tolerances are in `fixtures/README.md`.

#[cfg(test)]
mod american_options;
#[cfg(test)]
mod european_options;
#[cfg(test)]
mod optimal_portfolios;
#[cfg(test)]
mod optimal_properties;
#[cfg(test)]
mod option_properties;
#[cfg(test)]
mod support;
