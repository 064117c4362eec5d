//! A self-contained page about some runs: a table, equity curves and drawdowns, and how to make it again.

mod chart;

pub use chart::{Line, chart};

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What a page is made of.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// What it shows, in a sentence or two.
    pub summary: Vec<String>,
    /// The header of the table.
    pub header: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
    /// Equity, one line a run.
    pub equity: Vec<Line>,
    /// Drawdown, one line a run, as fractions below zero.
    pub drawdowns: Vec<Line>,
    /// What was found by auditing.
    pub audit: String,
    /// Commands that make it again.
    pub reproduce: Vec<String>,
}

const STYLE: &str = "
:root { color-scheme: light dark; --ink: light-dark(#1a1d21, #e6e8ea); --soft: light-dark(#5c6670, #9aa4ae);
  --line: light-dark(#d9dde1, #343a40); --paper: light-dark(#ffffff, #15181b); }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
th { color: var(--soft); font-weight: 600; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; }
svg .grid { stroke: var(--line); stroke-width: 1; }
pre { background: light-dark(#f4f6f8, #1e2226); padding: .8rem; overflow-x: auto; border-radius: .4rem; }
.legend span { margin-right: 1.2rem; white-space: nowrap; } .legend i { display: inline-block; width: 1em; height: .25em;
  margin-right: .4em; vertical-align: middle; }
";

impl Page {
    /// The page as HTML; it loads nothing from anywhere.
    pub fn render(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { (self.title) }
                    @for sentence in &self.summary { p { (sentence) } }
                    (self.table())
                    h2 { "Equity (logarithmic)" }
                    (legend(&self.equity))
                    (chart(&self.equity, chart::Scale::Logarithmic))
                    h2 { "Drawdown" }
                    (chart(&self.drawdowns, chart::Scale::Fraction))
                    h2 { "Audit" }
                    pre { (self.audit) }
                    h2 { "How to make this page again" }
                    pre { (self.reproduce.join("\n")) }
                }
            }
        };
        page.into_string()
    }

    fn table(&self) -> Markup {
        html! {
            table {
                thead { tr { @for cell in &self.header { th { (cell) } } } }
                tbody { @for row in &self.rows { tr { @for cell in row { td { (cell) } } } } }
            }
        }
    }
}

fn legend(lines: &[Line]) -> Markup {
    html! {
        p.legend {
            @for (index, line) in lines.iter().enumerate() {
                span { i style={ "background:" (chart::colour(index)) } {} (line.name) }
            }
        }
    }
}
