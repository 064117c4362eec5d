//! What a portfolio is asked to do.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{
    EquityChangeDraft, EquityChangeEdit, LotDraft, Matching, SettingsChange, SettingsDraft, Siblings,
    TargetDraft,
};
use crate::position::{PositionSymbol, PositionType, named};
use crate::{Cash, EquityChangeId, PositionId, Price, Quantity, TagId, TargetId};

/// Most elements of a list that the API takes at once.
pub const BULK_MAX: usize = 500;
/// Most lots of one command: a whole file.
pub const IMPORT_LOTS_MAX: usize = 10_000;
/// Most lots of a portfolio, closed and deleted ones too; those that an import replaced do not count.
pub const LOTS_MAX: usize = 50_000;
/// Most tags of a lot.
pub const TAGS_PER_LOT_MAX: usize = 20;
/// Most target prices of a portfolio that are not removed.
pub const TARGETS_MAX: usize = 5_000;

/// A request to a portfolio, with what it may know of the world.
#[derive(Debug, Clone)]
pub struct PortfolioCommand {
    /// Now (UTC).
    pub at: Timestamp,
    /// Today in New York.
    pub today: Date,
    /// What is asked.
    pub act: PortfolioAct,
}

/// What a portfolio is asked to do. Ids are made by the sender; a list is done as a whole or not at all.
#[derive(Debug, Clone)]
pub enum PortfolioAct {
    /// Bring it into being.
    Open {
        /// Its settings; what is left out has its default.
        draft: Box<SettingsDraft>,
        /// The owner's other portfolios.
        siblings: Siblings,
    },
    /// Bring it into being with its first lots, all of it or nothing.
    OpenWithLots {
        /// Its settings; what is left out has its default.
        draft: Box<SettingsDraft>,
        /// The owner's other portfolios.
        siblings: Siblings,
        /// Its lots, 1 to 10,000.
        lots: Vec<NewLot>,
    },
    /// Change the settings that are given.
    Change {
        /// The change.
        change: Box<SettingsChange>,
        /// The owner's other portfolios.
        siblings: Siblings,
    },
    /// Give it up; twice is once.
    Close {
        /// The owner's other portfolios.
        siblings: Siblings,
    },
    /// Take it back within 30 days; twice is once.
    Restore {
        /// The owner's other portfolios.
        siblings: Siblings,
    },
    /// Record that capital came or went; the same id twice is once.
    RecordEquityChange {
        /// The flow.
        equity_change_id: EquityChangeId,
        /// What it is.
        draft: EquityChangeDraft,
        /// Equity at the date of the flow; none where it is unknown, and nothing can be withdrawn.
        equity: Option<Cash>,
    },
    /// Describe a flow otherwise, within 7 days.
    EditEquityChange {
        /// The flow.
        equity_change_id: EquityChangeId,
        /// The change.
        edit: EquityChangeEdit,
        /// Equity at the (new) date of the flow, as it were without this flow; none where it is unknown.
        equity: Option<Cash>,
    },
    /// Take a flow back, within 30 days.
    DeleteEquityChange {
        /// The flow.
        equity_change_id: EquityChangeId,
    },
    /// Set the equity at the end of a date.
    AdjustEquity {
        /// The New York date, today at the latest.
        adjustment_date: Date,
        /// The equity, not negative.
        equity: Cash,
        /// Why, at most 500 characters.
        notes: Option<String>,
    },
    /// Enter lots, 1 to 10,000. All rows are checked; the same ids twice is once.
    OpenLots(Vec<NewLot>),
    /// Enter lots instead of all that there are, which then never existed.
    ReplaceLots(Vec<NewLot>),
    /// Describe a lot otherwise: it was so all the time.
    CorrectLot {
        /// The lot.
        position_id: PositionId,
        /// The change.
        correction: Box<LotCorrection>,
    },
    /// Sell or buy back a lot or a part of it.
    CloseLot {
        /// The lot.
        position_id: PositionId,
        /// How many units, above zero; none for all that is open.
        quantity: Option<Quantity>,
        /// At which price per share, not negative.
        price: Price,
        /// On which New York date.
        date: Date,
    },
    /// Sell or buy back several lots of one symbol in one trade.
    CloseSymbol {
        /// The symbol.
        symbol: PositionSymbol,
        /// Which of its positions.
        position_type: PositionType,
        /// Which lots, and how much of each; first in, first out where none are named.
        lots: LotChoice,
        /// At which price per share, not negative.
        price: Price,
        /// On which New York date.
        date: Date,
    },
    /// Let options end: worthless, or in shares at the strike.
    SettleOption(SettleOption),
    /// Take lots back, 1 to 500.
    DeleteLots {
        /// The lots.
        position_ids: Vec<PositionId>,
        /// Keeping what was known of them, or (within 5 minutes) nothing.
        how: Deletion,
    },
    /// Change the tags of lots, 1 to 500; what they have already changes nothing.
    TagLots {
        /// The lots.
        position_ids: Vec<PositionId>,
        /// The tags, which the sender knows to exist.
        tag_ids: BTreeSet<TagId>,
        /// How.
        how: TagChange,
    },
    /// Say what one unit of a PRIVATE lot is worth from a date on; another mark of the same date is replaced.
    MarkLot {
        /// The lot.
        position_id: PositionId,
        /// The New York date, today at the latest.
        mark_date: Date,
        /// The price per unit, not negative.
        price: Price,
        /// How it was found, at most 500 characters.
        note: Option<String>,
    },
    /// Create target prices, 1 to 5,000: a whole file.
    CreateTargets {
        /// Their ids and contents.
        targets: Vec<(TargetId, TargetDraft)>,
        /// What to do where a symbol and type have targets already.
        existing: ExistingTarget,
    },
    /// Change target prices, 1 to 500.
    ChangeTargets(Vec<TargetEdit>),
    /// Remove target prices, 1 to 500; twice is once.
    RemoveTargets(Vec<TargetId>),
}

/// A lot to be entered.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLot {
    /// Its id.
    pub position_id: PositionId,
    /// What it is.
    pub draft: LotDraft,
}

/// Which lots a trade ends.
#[derive(Debug, Clone, PartialEq)]
pub enum LotChoice {
    /// So many units of the lots that were entered first.
    Fifo(Quantity),
    /// So many units of each of these.
    Named(Vec<(PositionId, Quantity)>),
}

impl LotChoice {
    /// How it is recorded.
    pub(super) const fn matching(&self) -> Matching {
        match self {
            Self::Fifo(_) => Matching::Fifo,
            Self::Named(_) => Matching::Named,
        }
    }
}

/// How options end.
#[derive(Debug, Clone, PartialEq)]
pub struct SettleOption {
    /// The lot of options.
    pub position_id: PositionId,
    /// How they end.
    pub outcome: OptionOutcome,
    /// How many contracts, above zero; none for all that are open.
    pub contracts: Option<Quantity>,
    /// On which New York date; options that expire do so on their expiration date, whatever is said here.
    pub date: Date,
    /// The id of the lot of shares, should one have to be opened.
    pub shares_position_id: PositionId,
}

named! {
    /// How options end.
    pub enum OptionOutcome {
        /// Worthless.
        Expired = "expired",
        /// Their owner uses the right: only of options that are held.
        Exercised = "exercised",
        /// Their holder uses the right: only of options that were written.
        Assigned = "assigned",
    }
}

named! {
    /// What remains of a lot that is taken back.
    pub enum Deletion {
        /// A fact that says so.
        Soft = "soft_delete",
        /// Nothing but its events; only within 5 minutes of its recording.
        Hard = "hard_delete",
        /// Nothing but its events: an import replaced it.
        Replaced = "replaced",
    }
}

/// What happens to the tags of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagChange {
    /// It also has the given ones.
    Add,
    /// It has the given ones only.
    Replace,
    /// It has not the given ones any more.
    Remove,
}

/// What creating targets does where a symbol and type have some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingTarget {
    /// It is refused.
    Refuse,
    /// They are changed to the given ones.
    Update,
}

/// Which target prices are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetName {
    /// Those with this id.
    Id(TargetId),
    /// Those of this symbol and type.
    Of(PositionSymbol, PositionType),
}

/// A partial change of target prices: `None` leaves a price as it is, `Some(None)` clears it.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetEdit {
    /// Which.
    pub target: TargetName,
    /// At the end of the year.
    pub eoy: Option<Option<Price>>,
    /// At the end of the next year.
    pub next_year: Option<Option<Price>>,
    /// If it goes badly.
    pub downside: Option<Option<Price>>,
    /// The price now.
    pub current_price: Option<Option<Price>>,
}

/// A partial correction of a lot: `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LotCorrection {
    /// Units that were entered, signed; not fewer than ended since.
    pub quantity: Option<Quantity>,
    /// The price per share at which they were entered.
    pub entry_price: Option<Price>,
    /// Which way they look; must agree with the sign, and with the contract of options.
    pub position_type: Option<PositionType>,
    /// What they are called; only within 5 minutes of the recording.
    pub symbol: Option<String>,
    /// What its owner notes; `Some(None)` clears it.
    pub notes: Option<Option<String>>,
}
