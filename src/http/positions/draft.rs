//! A position as it is sent.

use std::collections::BTreeSet;

use events::portfolio::{LotDraft, NewLot};
use events::position::InvestmentSubtype;
use events::{CommandId, PositionId, TagId};
use utoipa::ToSchema;

use crate::http::body::Members;

/// A position to be entered.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what read_draft reads")]
pub struct NewPosition {
    /// What it is called, up to 64 characters; of options the OCC symbol, or nothing where the parts of the contract
    /// are given.
    #[schema(example = "AAPL")]
    symbol: Option<String>,
    /// Units: above zero if held, below if owed.
    #[schema(example = "100")]
    quantity: String,
    /// Price per share at the entry, not negative.
    #[schema(example = "150")]
    entry_price: String,
    /// The New York date of the entry; by default today.
    #[schema(format = Date)]
    entry_date: Option<String>,
    /// `LONG`, `SHORT`, `LC`, `LP`, `SC` or `SP`; by default what follows from the rest.
    position_type: Option<String>,
    /// `PUBLIC`, `OPTIONS` or `PRIVATE`; by default what follows from the rest.
    investment_class: Option<String>,
    /// What it is within its class.
    investment_subtype: Option<String>,
    /// The underlying of options.
    underlying_symbol: Option<String>,
    /// The strike of options.
    strike_price: Option<String>,
    /// The last day of options.
    #[schema(format = Date)]
    expiration_date: Option<String>,
    /// `CALL` or `PUT`.
    option_type: Option<String>,
    /// Shares of a contract; by default 100.
    multiplier: Option<u32>,
    /// What its owner notes, up to 1,000 characters.
    notes: Option<String>,
    /// Its tags.
    tag_ids: Option<Vec<String>>,
}

/// Reads the members of a position.
pub(super) fn read_draft(members: &mut Members) -> Option<LotDraft> {
    let quantity = members.required("quantity");
    let entry_price = members.required("entry_price");
    let subtype: Option<String> = members.optional("investment_subtype");
    let subtype = subtype.map(|text| InvestmentSubtype::by_name(&text));
    if let Some(Err(unknown)) = &subtype {
        members.report("investment_subtype", "invalid", unknown);
    }
    let draft = LotDraft {
        symbol: members.optional("symbol").unwrap_or_default(),
        entry_date: members.optional("entry_date"),
        position_type: members.optional("position_type"),
        investment_class: members.optional("investment_class"),
        investment_subtype: subtype.and_then(Result::ok),
        underlying_symbol: members.optional("underlying_symbol"),
        strike_price: members.optional("strike_price"),
        expiration_date: members.optional("expiration_date"),
        option_type: members.optional("option_type"),
        multiplier: members.optional("multiplier"),
        notes: members.optional("notes"),
        tag_ids: members.optional::<BTreeSet<TagId>>("tag_ids").unwrap_or_default(),
        ..LotDraft::default()
    };
    Some(LotDraft { quantity: quantity?, entry_price: entry_price?, ..draft })
}

/// Lots of these drafts. The same command always makes the same ids.
pub(super) fn new_lots(command_id: CommandId, drafts: Vec<LotDraft>) -> Vec<NewLot> {
    (0_u64..)
        .zip(drafts)
        .map(|(row, draft)| {
            let (command, row) = (command_id.uuid(), row.to_be_bytes());
            NewLot { position_id: PositionId::derived(&[b"create", command.as_bytes(), &row]), draft }
        })
        .collect()
}
