//! Wall-clock stamps of price files, and the instants they mean.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use events::Interval;

use super::StampMeaning;
use super::error::{RowError, excerpt};

/// A date, and a time of day and an offset where the text has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp<'a> {
    pub(super) text: &'a str,
    pub(super) date: Date,
    pub(super) time: Option<Time>,
    offset: Option<Offset>,
}

/// The span of a bar, and whether its stamp could mean a second one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) ambiguous: bool,
}

impl<'a> Stamp<'a> {
    /// Reads `2025-10-09`, `20251009`, `2025-10-09 8:30`, `2025-10-09T08:30:00Z` and the like.
    pub(super) fn parse(text: &'a str) -> Result<Self, RowError> {
        let text = text.trim();
        parse(text).ok_or_else(|| RowError::BadStamp(excerpt(text)))
    }

    /// Date and time, midnight where there is none.
    pub(super) fn date_time(&self) -> DateTime {
        self.date.to_datetime(self.time.unwrap_or(Time::midnight()))
    }

    /// The instant this stamp names; of two, the earlier, with `true`.
    pub(super) fn instant(&self, zone: &TimeZone) -> Result<(Timestamp, bool), RowError> {
        let civil = self.date_time();
        let bad = || RowError::BadStamp(excerpt(self.text));
        if let Some(offset) = self.offset {
            return Ok((offset.to_timestamp(civil).map_err(|_| bad())?, false));
        }
        let ambiguous = zone.to_ambiguous_timestamp(civil);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                Ok((offset.to_timestamp(civil).map_err(|_| bad())?, false))
            }
            AmbiguousOffset::Fold { before, .. } => {
                Ok((before.to_timestamp(civil).map_err(|_| bad())?, true))
            }
            AmbiguousOffset::Gap { .. } => Err(RowError::SkippedByClocks {
                stamp: excerpt(self.text),
                zone: zone.iana_name().unwrap_or("this zone").to_owned(),
            }),
        }
    }

    /// The bar that this stamp labels.
    pub(super) fn span(
        &self,
        interval: Interval,
        zone: &TimeZone,
        meaning: StampMeaning,
    ) -> Result<Span, RowError> {
        let bad = |_| RowError::BadStamp(excerpt(self.text));
        let length = length_of(interval);
        if interval == Interval::Day {
            let start = Offset::UTC.to_timestamp(self.date.to_datetime(Time::midnight())).map_err(bad)?;
            return Ok(Span { start, end: start.checked_add(length).map_err(bad)?, ambiguous: false });
        }
        let Some(time) = self.time else { return Err(RowError::NoTimeOfDay(excerpt(self.text))) };
        if time.second() != 0 || time.subsec_nanosecond() != 0 {
            return Err(RowError::OffMinute(excerpt(self.text)));
        }
        let (instant, ambiguous) = self.instant(zone)?;
        match meaning {
            StampMeaning::Start => {
                Ok(Span { start: instant, end: instant.checked_add(length).map_err(bad)?, ambiguous })
            }
            StampMeaning::End => {
                Ok(Span { start: instant.checked_sub(length).map_err(bad)?, end: instant, ambiguous })
            }
        }
    }
}

/// How long a bar of `interval` lasts.
pub(super) const fn length_of(interval: Interval) -> SignedDuration {
    match interval {
        Interval::Day => SignedDuration::from_hours(24),
        Interval::Hour => SignedDuration::from_hours(1),
        Interval::Minute => SignedDuration::from_mins(1),
    }
}

fn parse(text: &str) -> Option<Stamp<'_>> {
    let (date, rest) = date_of(text)?;
    let rest = match rest.as_bytes().first() {
        None => return Some(Stamp { text, date, time: None, offset: None }),
        Some(b' ' | b'T') => rest.get(1..)?,
        Some(_) => return None,
    };
    let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = (rest.get(..zone_at)?.trim_end(), rest.get(zone_at..)?);
    Some(Stamp { text, date, time: Some(time_of(clock)?), offset: offset_of(zone)? })
}

fn date_of(text: &str) -> Option<(Date, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (year, month, day, rest) = if digits == 8 {
        (text.get(..4)?, text.get(4..6)?, text.get(6..8)?, text.get(8..)?)
    } else {
        let separators = (text.get(4..5)?, text.get(7..8)?);
        if !matches!(separators, ("-", "-") | ("/", "/")) {
            return None;
        }
        (text.get(..4)?, text.get(5..7)?, text.get(8..10)?, text.get(10..)?)
    };
    let date = Date::new(number(year)?, number(month)?.try_into().ok()?, number(day)?.try_into().ok()?);
    Some((date.ok()?, rest))
}

fn time_of(clock: &str) -> Option<Time> {
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let (second, fraction) =
        parts.next().map_or(("0", ""), |rest| rest.split_once('.').unwrap_or((rest, "")));
    // Whole seconds are all that matters: a stamp that is off the minute is refused later.
    let nanosecond = if fraction.bytes().all(|digit| digit == b'0') { 0 } else { 1 };
    Time::new(hour.try_into().ok()?, minute.try_into().ok()?, number(second)?.try_into().ok()?, nanosecond)
        .ok()
}

#[expect(clippy::option_option, reason = "outer: not an offset; inner: there is none")]
fn offset_of(text: &str) -> Option<Option<Offset>> {
    let (sign, digits) = match text.as_bytes().first() {
        None => return Some(None),
        Some(b'Z') if text.len() == 1 => return Some(Some(Offset::UTC)),
        Some(b'+') => (1, text.get(1..)?),
        Some(b'-') => (-1, text.get(1..)?),
        Some(_) => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "0"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':')?,
        _ => return None,
    };
    let seconds = i32::from(number(hours)?) * 3_600 + i32::from(number(minutes)?) * 60;
    Some(Some(Offset::from_seconds(sign * seconds).ok()?))
}

fn number(digits: &str) -> Option<i16> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, interval: Interval, zone: &str, meaning: StampMeaning) -> (String, String, bool) {
        let zone = TimeZone::get(zone).unwrap();
        let span = Stamp::parse(text).unwrap().span(interval, &zone, meaning).unwrap();
        (span.start.to_string(), span.end.to_string(), span.ambiguous)
    }

    #[test]
    fn one_instant_has_many_spellings() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        for text in [
            "2025-10-09 08:30:00",
            "2025-10-09 8:30:00",
            "2025-10-09 8:30",
            "2025/10/09 08:30",
            "20251009 08:30",
            "2025-10-09T08:30:00.000+08:00",
            "2025-10-09T00:30:00Z",
            "2025-10-08T20:30:00-0400",
            " 2025-10-09T00:30:00+00 ",
        ] {
            let (instant, _) = Stamp::parse(text).unwrap().instant(&zone).unwrap();
            assert_eq!(instant.to_string(), "2025-10-09T00:30:00Z", "{text}");
        }
    }

    #[test]
    fn what_is_no_stamp_is_refused() {
        for text in [
            "",
            "2025",
            "2025-13-01",
            "2025-02-30",
            "2025-1-1",
            "01/02/2025",
            "2025-10-09 25:00",
            "2025-10-09x",
            "2025-10-09 10",
            "2025-10-09 10:00+8",
            "202510091",
            "2025-10-0é",
            "２０２５-10-09",
        ] {
            assert!(Stamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_is_its_date_at_midnight_utc_in_every_zone() {
        let expected = ("2025-11-02T00:00:00Z".to_owned(), "2025-11-03T00:00:00Z".to_owned(), false);
        for text in ["2025-11-02", "20251102", "2025-11-02 16:00:00-05:00"] {
            assert_eq!(span(text, Interval::Day, "America/New_York", StampMeaning::End), expected);
        }
    }

    #[test]
    fn clocks_are_followed_through_both_changes() {
        let start = |text| span(text, Interval::Hour, "US/Eastern", StampMeaning::Start);
        assert_eq!(start("2025-10-31 10:00:00").0, "2025-10-31T14:00:00Z");
        assert_eq!(start("2025-11-03 10:00:00").0, "2025-11-03T15:00:00Z");
        assert_eq!(
            start("2025-11-02 01:30:00"),
            ("2025-11-02T05:30:00Z".into(), "2025-11-02T06:30:00Z".into(), true)
        );
        let zone = TimeZone::get("US/Eastern").unwrap();
        let skipped = Stamp::parse("2025-03-09 02:30").unwrap();
        assert!(matches!(skipped.instant(&zone), Err(RowError::SkippedByClocks { .. })));
    }

    #[test]
    fn a_stamp_may_name_the_end_of_its_bar() {
        let (start, end, _) = span("2025-10-09 10:30:00", Interval::Hour, "Asia/Shanghai", StampMeaning::End);
        assert_eq!((start.as_str(), end.as_str()), ("2025-10-09T01:30:00Z", "2025-10-09T02:30:00Z"));
    }

    #[test]
    fn an_intraday_stamp_needs_a_whole_minute() {
        let of = |text: &'static str| {
            Stamp::parse(text).unwrap().span(Interval::Minute, &TimeZone::UTC, StampMeaning::Start)
        };
        assert!(matches!(of("2025-10-09"), Err(RowError::NoTimeOfDay(_))));
        assert!(matches!(of("2025-10-09 10:00:30"), Err(RowError::OffMinute(_))));
        assert!(matches!(of("2025-10-09 10:00:00.5"), Err(RowError::OffMinute(_))));
    }
}
