//! The calendar against what the market did.

use std::collections::BTreeSet;
use std::io::Read as _;

use super::*;

/// The dates of the index's closes, 1990 to 2022.
fn index_dates() -> BTreeSet<Date> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/prices/sp500_index.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn every_session_of_33_years_is_one_and_no_other_day_is() {
    let traded = index_dates();
    let (first, last) = (*traded.first().unwrap(), *traded.last().unwrap());
    assert!(traded.len() > 8_000, "{} dates", traded.len());
    let ours: BTreeSet<_> = sessions(first, last).collect();
    let missing: Vec<_> = traded.difference(&ours).collect();
    let invented: Vec<_> = ours.difference(&traded).collect();
    assert_eq!((missing, invented), (vec![], vec![]));
}

fn year(year: i16) -> usize {
    sessions_between(date(year, 1, 1), date(year, 12, 31))
}

#[test]
fn the_years_have_their_sessions() {
    assert_eq!([year(2024), year(2025), year(2026), year(2027)], [252, 250, 251, 251]);
    assert_eq!([year(2001), year(2012), year(2021), year(2022), year(2023)], [248, 250, 252, 251, 250]);
    assert_eq!(sessions_between(date(2025, 1, 1), date(2025, 6, 30)), 122);
}

#[test]
fn a_fortnight_around_independence_day() {
    let found: Vec<_> = sessions(date(2025, 6, 30), date(2025, 7, 14)).collect();
    let days = [30, 1, 2, 3, 7, 8, 9, 10, 11, 14].map(|day| date(2025, if day == 30 { 6 } else { 7 }, day));
    assert_eq!(found, days);
    assert_eq!(close_time(date(2025, 7, 3)), Some(EARLY_CLOSE));
    assert_eq!(close_time(date(2025, 7, 2)), Some(CLOSE));
    assert_eq!(close_time(date(2025, 7, 4)), None);
}

#[test]
fn holidays_on_weekends_are_kept_on_a_weekday_but_new_year_keeps_the_old_year_open() {
    assert!(!is_session(date(2026, 7, 3)), "4 July 2026 is a Saturday");
    assert!(!is_session(date(2027, 7, 5)), "4 July 2027 is a Sunday");
    assert!(!is_session(date(2022, 6, 20)), "19 June 2022 is a Sunday");
    assert!(is_session(date(2021, 6, 18)), "19 June is a holiday from 2022 on");
    assert!(is_session(date(2021, 12, 31)), "1 January 2022 is a Saturday");
    assert!(!is_session(date(2023, 1, 2)), "1 January 2023 is a Sunday");
    assert!(is_session(date(1997, 1, 20)), "King's birthday is a holiday from 1998 on");
    assert!(!is_session(date(2025, 1, 9)), "mourning");
}

#[test]
fn short_sessions_close_at_one() {
    let short = [
        date(2023, 7, 3),
        date(2024, 7, 3),
        date(2018, 7, 3),
        date(2002, 7, 5),
        date(2013, 7, 3),
        date(2024, 11, 29),
        date(2025, 11, 28),
        date(2024, 12, 24),
        date(2026, 12, 24),
        date(1999, 12, 31),
    ];
    for day in short {
        assert_eq!(close_time(day), Some(EARLY_CLOSE), "{day}");
    }
    for day in [date(2002, 7, 3), date(2022, 7, 1), date(2021, 12, 23), date(2025, 11, 26), date(2026, 7, 2)]
    {
        assert_eq!(close_time(day), Some(CLOSE), "{day}");
    }
    assert_eq!(close_time(date(2021, 12, 24)), None, "Christmas 2021 is a Saturday");
}

#[test]
fn sessions_are_counted_from_any_day() {
    let (friday, saturday, monday) = (date(2025, 7, 11), date(2025, 7, 12), date(2025, 7, 14));
    assert_eq!((next_session(friday), next_session(saturday)), (monday, monday));
    assert_eq!((previous_session(monday), previous_session(saturday)), (friday, friday));
    assert_eq!((session_on_or_after(saturday), session_on_or_before(saturday)), (monday, friday));
    assert_eq!((session_on_or_after(friday), session_on_or_before(friday)), (friday, friday));
    assert_eq!(
        (nth_session(saturday, 0), nth_session(saturday, 1), nth_session(saturday, -1)),
        (friday, monday, friday)
    );
    assert_eq!(nth_session(date(2025, 6, 30), 9), monday);
    assert_eq!(nth_session(monday, -9), date(2025, 6, 30));
    assert_eq!(sessions_between(monday, friday), 0);
    assert_eq!(next_session(Date::MAX), Date::MAX);
}

#[test]
fn a_session_is_complete_when_its_close_has_settled() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let hour = SignedDuration::from_hours(1);
    let at_once = SignedDuration::ZERO;
    // Summer: New York is four hours behind.
    assert_eq!(last_completed(at("2025-07-02T19:59:59Z"), at_once), date(2025, 7, 1));
    assert_eq!(last_completed(at("2025-07-02T20:00:00Z"), at_once), date(2025, 7, 2));
    assert_eq!(last_completed(at("2025-07-02T20:30:00Z"), hour), date(2025, 7, 1));
    assert_eq!(last_completed(at("2025-07-02T21:00:00Z"), hour), date(2025, 7, 2));
    // A short session, a holiday and a weekend.
    assert_eq!(last_completed(at("2025-07-03T17:00:00Z"), at_once), date(2025, 7, 3));
    assert_eq!(last_completed(at("2025-07-06T12:00:00Z"), at_once), date(2025, 7, 3));
    // Winter: five hours. After midnight in London it is still the day before in New York.
    assert_eq!(last_completed(at("2025-01-15T20:59:00Z"), at_once), date(2025, 1, 14));
    assert_eq!(last_completed(at("2025-01-16T02:00:00Z"), at_once), date(2025, 1, 15));
    // A long settling delay reaches into the next day.
    assert_eq!(last_completed(at("2025-01-16T10:00:00Z"), SignedDuration::from_hours(20)), date(2025, 1, 14));
}
