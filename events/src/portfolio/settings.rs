//! What a portfolio is called and how it began: defaults, partial changes, and every rule they keep.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::equity::check_equity;
use crate::Cash;
use crate::policy::FieldError;
use crate::position::AccountType;
use crate::text::check_text;

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 255;
/// Longest name of an account, in characters.
const ACCOUNT_NAME_CHARS_MAX: usize = 100;
/// Longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 1_000;

/// A currency by its three letters, ISO 4217.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(String);

/// The text is not three letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency has three letters")]
pub struct InvalidCurrency;

impl Currency {
    /// Dollars.
    pub fn usd() -> Self {
        Self("USD".to_owned())
    }

    /// Its three letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    /// Case is folded to upper.
    fn from_str(text: &str) -> Result<Self, InvalidCurrency> {
        let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        if is_code { Ok(Self(text.to_ascii_uppercase())) } else { Err(InvalidCurrency) }
    }
}

/// What a portfolio is called and how it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Name for people.
    pub name: String,
    /// Name of the account that holds it; unique among its owner's portfolios that are not closed.
    pub account_name: String,
    /// What kind of account that is.
    pub account_type: AccountType,
    /// What it is for.
    pub description: Option<String>,
    /// What its amounts are in.
    pub currency: Currency,
    /// Capital at the inception; none where nobody said. Later equity follows from P&L, flows and adjustments.
    pub opening_equity: Option<Cash>,
    /// The day on which the opening equity counts: the roll-forward of equity starts at its session or the next.
    pub inception_date: Date,
    /// Whether its owner uses it.
    pub is_active: bool,
    /// When it was opened (UTC).
    pub created_at: Timestamp,
    /// When it was last changed, closed or restored (UTC).
    pub updated_at: Timestamp,
    /// When it was closed (UTC), while it is.
    pub closed_at: Option<Timestamp>,
}

/// A portfolio to be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsDraft {
    /// Name for people, 1 to 255 characters.
    pub name: String,
    /// Name of the account, 1 to 100 characters.
    pub account_name: String,
    /// What kind of account.
    pub account_type: AccountType,
    /// What it is for, at most 1000 characters.
    pub description: Option<String>,
    /// Three letters; by default `USD`.
    pub currency: Option<String>,
    /// Capital at the inception, not negative.
    pub opening_equity: Option<Cash>,
    /// The day on which that capital counts; by default today, and never later.
    pub inception_date: Option<Date>,
    /// Whether its owner uses it; by default yes.
    pub is_active: Option<bool>,
}

/// A partial change: `None` leaves a setting as it is, `Some(None)` clears one that may be absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SettingsChange {
    /// Name for people.
    pub name: Option<String>,
    /// Name of the account.
    pub account_name: Option<String>,
    /// What kind of account.
    pub account_type: Option<AccountType>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// Three letters.
    pub currency: Option<String>,
    /// Equity from today on: recorded as an adjustment with today's date, not as another beginning.
    pub equity: Option<Cash>,
    /// The day on which the opening equity counts.
    pub inception_date: Option<Date>,
    /// Whether its owner uses it.
    pub is_active: Option<bool>,
}

/// What the sender of a command knows of the owner's other portfolios that are not closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Siblings {
    /// The names of their accounts.
    pub account_names: BTreeSet<String>,
    /// How many they are.
    pub count: usize,
    /// How many of them are active.
    pub active: usize,
    /// How many portfolios the owner may have; none where there is no limit.
    pub limit: Option<usize>,
}

impl Siblings {
    /// Whether another portfolio's account has this name, whatever the case of its letters.
    pub fn have_account(&self, name: &str) -> bool {
        self.account_names.iter().any(|taken| taken.to_lowercase() == name.to_lowercase())
    }
}

impl Settings {
    /// The settings of a new portfolio, or every rule that they break.
    pub(super) fn of(draft: SettingsDraft, at: Timestamp, today: Date) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let currency = currency(draft.currency.as_deref(), Currency::usd(), &mut errors);
        let settings = Self {
            name: draft.name.trim().to_owned(),
            account_name: draft.account_name.trim().to_owned(),
            account_type: draft.account_type,
            description: draft.description,
            currency,
            opening_equity: draft.opening_equity,
            inception_date: draft.inception_date.unwrap_or(today),
            is_active: draft.is_active.unwrap_or(true),
            created_at: at,
            updated_at: at,
            closed_at: None,
        };
        if let Some(equity) = settings.opening_equity {
            check_equity("equity_balance", equity, &mut errors);
        }
        settings.checked(today, errors)
    }

    /// These settings with `change`, or every rule that they would break. The time of the last change stays.
    pub(super) fn changed(&self, change: &SettingsChange, today: Date) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let before = self.clone();
        let currency = currency(change.currency.as_deref(), before.currency, &mut errors);
        if let Some(equity) = change.equity {
            check_equity("equity_balance", equity, &mut errors);
        }
        let settings = Self {
            name: change.name.as_ref().map_or(before.name, |name| name.trim().to_owned()),
            account_name: change
                .account_name
                .as_ref()
                .map_or(before.account_name, |name| name.trim().to_owned()),
            account_type: change.account_type.unwrap_or(before.account_type),
            description: change.description.clone().unwrap_or(before.description),
            currency,
            inception_date: change.inception_date.unwrap_or(before.inception_date),
            is_active: change.is_active.unwrap_or(before.is_active),
            ..*self
        };
        settings.checked(today, errors)
    }

    fn checked(self, today: Date, mut errors: Vec<FieldError>) -> Result<Self, Vec<FieldError>> {
        check_text("name", &self.name, 1..=NAME_CHARS_MAX, &mut errors);
        check_text("account_name", &self.account_name, 1..=ACCOUNT_NAME_CHARS_MAX, &mut errors);
        let description = self.description.as_deref().unwrap_or_default();
        check_text("description", description, 0..=DESCRIPTION_CHARS_MAX, &mut errors);
        if self.inception_date > today {
            errors.push(FieldError::new(
                "inception_date",
                "future_date",
                format!("must not be after {today}"),
            ));
        }
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }
}

fn currency(text: Option<&str>, otherwise: Currency, errors: &mut Vec<FieldError>) -> Currency {
    match text.map(str::parse) {
        Some(Ok(currency)) => currency,
        Some(Err(InvalidCurrency)) => {
            errors.push(FieldError::new("currency", "invalid", InvalidCurrency.to_string()));
            otherwise
        }
        None => otherwise,
    }
}
