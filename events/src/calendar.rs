//! The one calendar of the New York stock market: which days are sessions, and when they close.
//!
//! Holidays follow from rules, so that no list ends; closures that no rule foresees are listed. Sessions are exact from
//! 1990 on, closing times from 1993 on. Sources: the exchange's Rule 7.2 and its notices of the days listed below.

#[cfg(test)]
mod tests;

use jiff::civil::{Date, Time, Weekday, date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The time zone of the market, by its name in the zone database.
pub const ZONE: &str = "America/New_York";

/// When an ordinary session closes, in New York.
pub const CLOSE: Time = time(16, 0, 0, 0);

/// When a short session closes, in New York.
pub const EARLY_CLOSE: Time = time(13, 0, 0, 0);

/// Days on which the market stayed closed though no rule closes it: mourning, attack, storm.
const SPECIAL_CLOSURES: [Date; 11] = [
    date(1994, 4, 27),
    date(2001, 9, 11),
    date(2001, 9, 12),
    date(2001, 9, 13),
    date(2001, 9, 14),
    date(2004, 6, 11),
    date(2007, 1, 2),
    date(2012, 10, 29),
    date(2012, 10, 30),
    date(2018, 12, 5),
    date(2025, 1, 9),
];

/// Days on which the market closed early though no rule says so.
const SPECIAL_EARLY_CLOSES: [Date; 3] = [date(1997, 12, 26), date(1999, 12, 31), date(2003, 12, 26)];

/// From this year on, 19 June is a holiday of the market.
const JUNETEENTH_FROM: i16 = 2022;
/// From this year on, Martin Luther King's birthday is.
const KING_FROM: i16 = 1998;

/// Whether the market trades on a date.
pub fn is_session(date: Date) -> bool {
    !is_weekend(date) && !is_holiday(date) && !SPECIAL_CLOSURES.contains(&date)
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Whether a rule closes the market on this weekday.
fn is_holiday(date: Date) -> bool {
    let (year, month, day) = (date.year(), date.month(), date.day());
    let is_monday = date.weekday() == Weekday::Monday;
    // The third Monday is one of the 15th to the 21st.
    let is_third_monday = is_monday && (15..=21).contains(&day);
    match month {
        // New Year's Day on a Saturday closes no Friday: that is the last day of the old year's accounts.
        1 => day == 1 || (day == 2 && is_monday) || (year >= KING_FROM && is_third_monday),
        2 => is_third_monday,
        3 | 4 => date.weekday() == Weekday::Friday && Some(date) == good_friday(year),
        5 => is_monday && day >= 25,
        6 => year >= JUNETEENTH_FROM && is_observed(date, 19),
        7 => is_observed(date, 4),
        9 => is_monday && day <= 7,
        11 => is_thanksgiving(date),
        12 => is_observed(date, 25),
        _ => false,
    }
}

/// Whether a holiday of this month's `day` is kept on this weekday: a Saturday's on the Friday, a Sunday's on the Monday.
fn is_observed(date: Date, day: i8) -> bool {
    date.day() == day
        || (date.weekday() == Weekday::Friday && date.day() == day - 1)
        || (date.weekday() == Weekday::Monday && date.day() == day + 1)
}

fn is_thanksgiving(date: Date) -> bool {
    date.month() == 11 && date.weekday() == Weekday::Thursday && (22..=28).contains(&date.day())
}

/// The Friday before Easter, by the anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, chapter 8).
fn good_friday(year: i16) -> Option<Date> {
    let year_number = i32::from(year);
    let (a, b, c) = (year_number % 19, year_number / 100, year_number % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    let easter = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    easter.checked_sub(SignedDuration::from_hours(48)).ok()
}

/// When the session of a date closes, in New York; none where there is no session.
pub fn close_time(date: Date) -> Option<Time> {
    is_session(date).then(|| if is_early_close(date) { EARLY_CLOSE } else { CLOSE })
}

fn is_early_close(date: Date) -> bool {
    let (year, weekday) = (date.year(), date.weekday());
    let by_rule = match (date.month(), date.day()) {
        (7, 3) => match weekday {
            Weekday::Monday | Weekday::Tuesday | Weekday::Thursday => year >= 1995,
            Weekday::Wednesday => year >= 2013,
            Weekday::Friday | Weekday::Saturday | Weekday::Sunday => false,
        },
        // The Friday after a holiday on a Thursday, before the Wednesday took its place.
        (7, 5) => weekday == Weekday::Friday && (1995..2013).contains(&year),
        (11, _) => weekday == Weekday::Friday && year >= 1993 && date.yesterday().is_ok_and(is_thanksgiving),
        // On a Friday it is the observed holiday.
        (12, 24) => year >= 1993,
        _ => false,
    };
    by_rule || SPECIAL_EARLY_CLOSES.contains(&date)
}

/// When the session of a date closes (UTC); none where there is no session.
pub fn closes_at(date: Date) -> Option<Timestamp> {
    let closing = date.to_datetime(close_time(date)?);
    closing.to_zoned(new_york()).ok().map(|zoned| zoned.timestamp())
}

/// The date in New York.
pub fn new_york_date(at: Timestamp) -> Date {
    at.to_zoned(new_york()).date()
}

fn new_york() -> TimeZone {
    // The zone database is bundled, and New York is in it.
    TimeZone::get(ZONE).unwrap_or(TimeZone::UTC)
}

/// Days from `date` on, itself included, while there are dates.
fn onward(date: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(date), |day| day.tomorrow().ok())
}

/// Days from `date` back, itself included, while there are dates.
fn backward(date: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(date), |day| day.yesterday().ok())
}

/// The session of `date`, or the next one.
pub fn session_on_or_after(date: Date) -> Date {
    onward(date).find(|day| is_session(*day)).unwrap_or(date)
}

/// The session of `date`, or the one before.
pub fn session_on_or_before(date: Date) -> Date {
    backward(date).find(|day| is_session(*day)).unwrap_or(date)
}

/// The first session after `date`.
pub fn next_session(date: Date) -> Date {
    onward(date).skip(1).find(|day| is_session(*day)).unwrap_or(date)
}

/// The last session before `date`.
pub fn previous_session(date: Date) -> Date {
    backward(date).skip(1).find(|day| is_session(*day)).unwrap_or(date)
}

/// The session that is `number` sessions after `date`, or before it where negative; 0 is the session of `date` or the
/// one before it.
pub fn nth_session(date: Date, number: i32) -> Date {
    let steps = number.unsigned_abs();
    let mut session = if number == 0 { session_on_or_before(date) } else { date };
    for _ in 0..steps {
        session = if number > 0 { next_session(session) } else { previous_session(session) };
    }
    session
}

/// The sessions from `first` to `last`, both included, rising.
pub fn sessions(first: Date, last: Date) -> impl Iterator<Item = Date> {
    onward(first).take_while(move |day| *day <= last).filter(|day| is_session(*day))
}

/// How many sessions there are from `first` to `last`, both included.
pub fn sessions_between(first: Date, last: Date) -> usize {
    sessions(first, last).count()
}

/// The last session whose close was at least `settling` ago at `at`: the one whose closes can be known.
pub fn last_completed(at: Timestamp, settling: SignedDuration) -> Date {
    let today = new_york_date(at);
    let is_settled = |day: &Date| {
        let settled_at = closes_at(*day).and_then(|closed_at| closed_at.checked_add(settling).ok());
        settled_at.is_some_and(|settled_at| settled_at <= at)
    };
    backward(today).find(is_settled).unwrap_or(today)
}
