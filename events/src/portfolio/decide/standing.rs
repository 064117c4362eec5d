//! Opening, changing, giving up and taking back a portfolio.

use super::{Decision, Moment};
use crate::portfolio::{
    EquityAdjusted, NewLot, Portfolio, PortfolioChanged, PortfolioClosed, PortfolioError, PortfolioEvent,
    PortfolioOpened, PortfolioRestored, Settings, SettingsChange, SettingsDraft, Siblings,
};

/// How long a portfolio that was given up can be taken back.
const RESTORE_DAYS: i64 = 30;

impl Portfolio {
    pub(super) fn open(&self, draft: SettingsDraft, siblings: &Siblings, now: Moment) -> Decision {
        if self.settings.is_some() {
            return Err(PortfolioError::AlreadyOpened);
        }
        let settings = Settings::of(draft, now.at, now.today).map_err(PortfolioError::Invalid)?;
        check_room(siblings)?;
        if siblings.have_account(&settings.account_name) {
            return Err(PortfolioError::AccountNameTaken);
        }
        Ok(vec![PortfolioEvent::PortfolioOpened(PortfolioOpened { settings })])
    }

    pub(super) fn open_with_lots(
        &self,
        draft: SettingsDraft,
        siblings: &Siblings,
        lots: Vec<NewLot>,
        now: Moment,
    ) -> Decision {
        let mut events = self.open(draft, siblings, now)?;
        events.extend(self.open_lots(lots, now)?);
        Ok(events)
    }

    pub(super) fn change(
        &self,
        before: &Settings,
        change: SettingsChange,
        siblings: &Siblings,
        now: Moment,
    ) -> Decision {
        let settings = before.changed(&change, now.today).map_err(PortfolioError::Invalid)?;
        let is_renamed = settings.account_name.to_lowercase() != before.account_name.to_lowercase();
        if is_renamed && siblings.have_account(&settings.account_name) {
            return Err(PortfolioError::AccountNameTaken);
        }
        if before.is_active && !settings.is_active && siblings.active == 0 {
            return Err(PortfolioError::LastActive);
        }
        let mut events = Vec::new();
        if settings != *before {
            events.push(PortfolioEvent::PortfolioChanged(PortfolioChanged {
                settings: Settings { updated_at: now.at, ..settings },
                inception_date_before: before.inception_date,
            }));
        }
        let adjusted = self.equity_adjustments.get(&now.today).map(|adjustment| adjustment.equity);
        if let Some(equity) = change.equity.filter(|equity| Some(*equity) != adjusted) {
            events.push(PortfolioEvent::EquityAdjusted(EquityAdjusted {
                adjustment_date: now.today,
                equity,
                notes: None,
                at: now.at,
            }));
        }
        Ok(events)
    }

    pub(super) fn close(&self, settings: &Settings, siblings: &Siblings, now: Moment) -> Decision {
        if settings.is_active && siblings.active == 0 {
            return Err(PortfolioError::LastActive);
        }
        Ok(vec![PortfolioEvent::PortfolioClosed(PortfolioClosed { at: now.at })])
    }

    pub(super) fn restore(&self, settings: &Settings, siblings: &Siblings, now: Moment) -> Decision {
        if settings.closed_at.is_some_and(|closed_at| !now.is_within_days(RESTORE_DAYS, closed_at)) {
            return Err(PortfolioError::RestoreWindowOver);
        }
        check_room(siblings)?;
        if siblings.have_account(&settings.account_name) {
            return Err(PortfolioError::AccountNameTaken);
        }
        Ok(vec![PortfolioEvent::PortfolioRestored(PortfolioRestored { at: now.at })])
    }
}

fn check_room(siblings: &Siblings) -> Result<(), PortfolioError> {
    match siblings.limit {
        Some(limit) if siblings.count >= limit => {
            Err(PortfolioError::LimitReached { limit, current: siblings.count })
        }
        Some(_) | None => Ok(()),
    }
}
