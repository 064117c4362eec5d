//! Line charts as inline SVG.

use jiff::Timestamp;
use maud::{Markup, html};

/// One line of a chart.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its points, by rising time.
    pub points: Vec<(Timestamp, f64)>,
}

/// How values become heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal ratios are equal heights; values must be positive.
    Logarithmic,
    /// Fractions, labelled in percent.
    Fraction,
}

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 26.0;
const COLOURS: [&str; 8] =
    ["#3274b5", "#d1602f", "#3a9150", "#8a5fb0", "#b03a48", "#5f6f7f", "#b8860b", "#1f8f8f"];

/// The colour of the line at `index`.
pub fn colour(index: usize) -> &'static str {
    COLOURS.get(index % COLOURS.len()).copied().unwrap_or("#000000")
}

#[derive(Clone, Copy)]
struct Frame {
    from_s: f64,
    to_s: f64,
    low: f64,
    high: f64,
    scale: Scale,
}

impl Frame {
    fn of(lines: &[Line], scale: Scale) -> Option<Self> {
        let points = || lines.iter().flat_map(|line| &line.points);
        let times = || points().map(|(at, _)| at.as_second() as f64);
        let heights =
            || points().map(|(_, value)| height_of(*value, scale)).filter(|height| height.is_finite());
        let from_s = times().min_by(f64::total_cmp)?;
        let to_s = times().max_by(f64::total_cmp)?;
        let low = heights().min_by(f64::total_cmp)?;
        let high = heights().max_by(f64::total_cmp)?;
        Some(Self { from_s, to_s: to_s.max(from_s + 1.0), low, high: high.max(low + 1e-9), scale })
    }

    fn x(&self, at: Timestamp) -> f64 {
        let share = (at.as_second() as f64 - self.from_s) / (self.to_s - self.from_s);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (height_of(value, self.scale) - self.low) / (self.high - self.low);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    fn path(&self, line: &Line) -> String {
        let mut path = String::with_capacity(line.points.len() * 14);
        for (index, (at, value)) in line.points.iter().enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            path.push_str(&format!("{command}{:.1} {:.1}", self.x(*at), self.y(*value)));
        }
        path
    }

    fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Fraction => {
                (0..=10).map(|tenth| -0.1 * f64::from(tenth)).filter(|tick| *tick >= self.low).collect()
            }
            Scale::Logarithmic => (0..=16)
                .flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(decade)))
                .filter(|tick| (self.low..=self.high).contains(&tick.log10()))
                .collect(),
        }
    }

    /// Years in which a label is put: about eight of them.
    fn years(&self) -> Vec<(i16, Timestamp)> {
        let year_of = |second: f64| {
            let at = Timestamp::from_second(second as i64).unwrap_or_default();
            at.to_zoned(jiff::tz::TimeZone::UTC).year()
        };
        let (first, last) = (year_of(self.from_s), year_of(self.to_s));
        let step = usize::try_from((last - first) / 8).unwrap_or(0).max(1);
        (first + 1..=last)
            .step_by(step)
            .filter_map(|year| {
                let start = jiff::civil::date(year, 1, 1).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
                Some((year, start.timestamp()))
            })
            .collect()
    }
}

fn height_of(value: f64, scale: Scale) -> f64 {
    match scale {
        Scale::Logarithmic => value.max(f64::MIN_POSITIVE).log10(),
        Scale::Fraction => value,
    }
}

fn label_of(value: f64, scale: Scale) -> String {
    match scale {
        Scale::Fraction => format!("{:.0} %", value * 100.0),
        Scale::Logarithmic if value >= 1e6 => format!("{:.0} M", value / 1e6),
        Scale::Logarithmic if value >= 1e3 => format!("{:.0} k", value / 1e3),
        Scale::Logarithmic => format!("{value:.0}"),
    }
}

/// The lines over one pair of axes; nothing when there are no points.
pub fn chart(lines: &[Line], scale: Scale) -> Markup {
    let Some(frame) = Frame::of(lines, scale) else {
        return html! { p { "There is nothing to draw." } };
    };
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" {
            @for tick in frame.ticks() {
                line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1={ (format!("{:.1}", frame.y(tick))) } y2={ (format!("{:.1}", frame.y(tick))) } {}
                text x=(LEFT - 8.0) y={ (format!("{:.1}", frame.y(tick) + 4.0)) } text-anchor="end" { (label_of(tick, scale)) }
            }
            @for (year, at) in frame.years() {
                text x={ (format!("{:.1}", frame.x(at))) } y=(HEIGHT - 8.0) text-anchor="middle" { (year) }
            }
            @for (index, line) in lines.iter().enumerate() {
                path d=(frame.path(line)) fill="none" stroke=(colour(index)) stroke-width="1.4" {
                    title { (line.name) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_spans_its_frame_and_never_divides_by_nothing() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let rising =
            Line { name: "up".to_owned(), points: vec![(at(0), 10.0), (at(1_000_000_000), 1_000.0)] };
        let drawn = chart(&[rising], Scale::Logarithmic).into_string();
        assert!(drawn.contains("M72.0 314.0") && drawn.contains("L948.0 10.0"), "{drawn}");
        let point = Line { name: "one".to_owned(), points: vec![(at(5), 0.0)] };
        assert!(!chart(&[point], Scale::Fraction).into_string().contains("NaN"));
        assert!(chart(&[], Scale::Fraction).into_string().contains("nothing to draw"));
    }
}
