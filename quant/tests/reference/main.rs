//! The numbers of `quant` against `fixtures/reference.json`: values of independent libraries and of 50-digit arithmetic,
//! on the real closes of `data/prices`. Conventions and tolerances are in `fixtures/README.md`.

#[cfg(test)]
mod cross_section;
#[cfg(test)]
mod regression;
#[cfg(test)]
mod series;
#[cfg(test)]
mod support;
