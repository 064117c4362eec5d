//! Figures of answers, for people: what is not known is a dash.

use serde_json::Value;

const UNKNOWN: &str = "–";
/// What is not there.
static NOTHING: Value = Value::Null;

/// What is at a place, or null.
pub fn at<'a>(value: &'a Value, place: &str) -> &'a Value {
    value.pointer(place).unwrap_or(&NOTHING)
}

/// The text or number at a place, as it is.
pub fn text(value: &Value, place: &str) -> String {
    match value.pointer(place) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(truth)) => if *truth { "yes" } else { "no" }.to_owned(),
        _ => UNKNOWN.to_owned(),
    }
}

/// An amount of money, to the cent and with its thousands apart.
pub fn money(value: &Value, place: &str) -> String {
    let number = match value.pointer(place) {
        Some(Value::String(text)) => text.parse::<rust_decimal::Decimal>().ok(),
        Some(Value::Number(number)) => number.to_string().parse().ok(),
        _ => None,
    };
    number.map_or_else(|| UNKNOWN.to_owned(), |amount| grouped(&format!("{amount:.2}")))
}

/// A fraction in percent.
pub fn percent(value: &Value, place: &str) -> String {
    let fraction = value.pointer(place).and_then(Value::as_f64);
    fraction.map_or_else(|| UNKNOWN.to_owned(), |fraction| format!("{:.2} %", fraction * 100.0))
}

/// A statistic to so many places.
pub fn statistic(value: &Value, place: &str, places: usize) -> String {
    let number = value.pointer(place).and_then(Value::as_f64);
    number.map_or_else(|| UNKNOWN.to_owned(), |number| format!("{number:.places$}"))
}

fn grouped(amount: &str) -> String {
    let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |digits| ("-", digits));
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, "00"));
    let length = whole.len();
    let mut out = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (length - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out}.{cents}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_for_people_and_what_is_not_known_is_a_dash() {
        let answer = json!({"a": "-1234567.005", "b": 0.1234, "c": null, "d": 12, "e": true});
        assert_eq!(money(&answer, "/a"), "-1,234,567.00");
        assert_eq!(money(&answer, "/d"), "12.00");
        assert_eq!(money(&json!("999.9"), ""), "999.90");
        assert_eq!((percent(&answer, "/b"), percent(&answer, "/c")), ("12.34 %".to_owned(), "–".to_owned()));
        assert_eq!(
            (statistic(&answer, "/b", 1), statistic(&answer, "/x", 1)),
            ("0.1".to_owned(), "–".to_owned())
        );
        assert_eq!((text(&answer, "/e"), text(&answer, "/c")), ("yes".to_owned(), "–".to_owned()));
    }
}
