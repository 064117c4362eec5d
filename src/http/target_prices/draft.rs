//! Target prices as they are sent.

use std::collections::BTreeSet;

use events::portfolio::valuation::Prices;
use events::portfolio::{Portfolio, TargetDraft, TargetEdit, TargetName, TargetPrices, target_market_symbol};
use events::position::{InvestmentClass, PositionSymbol};
use events::time::TradingDay;
use events::{CommandId, PortfolioId, Price, TargetId};
use projections::closes::Known;
use projections::portfolios::BookPrices;
use utoipa::ToSchema;

use crate::http::body::Members;
use crate::http::books::today;
use crate::http::error::ApiError;
use crate::http::state::Api;

/// Target prices to be created.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what read_draft reads")]
pub struct NewTargetPrice {
    /// What they are of; of options the underlying, or their OCC symbol.
    #[schema(example = "AAPL")]
    symbol: String,
    /// `LONG`, `SHORT`, `LC`, `LP`, `SC` or `SP`; by default `LONG`.
    position_type: Option<String>,
    /// At the end of the year; zero is a legal target.
    #[schema(example = "230")]
    target_price_eoy: Option<String>,
    /// At the end of the next year.
    #[schema(example = "250")]
    target_price_next_year: Option<String>,
    /// If it goes badly.
    #[schema(example = "170")]
    downside_target_price: Option<String>,
    /// The price now, above zero; by default the last close of the symbol or of the underlying.
    #[schema(example = "200")]
    current_price: Option<String>,
    /// The position at which they were entered.
    #[schema(format = Uuid)]
    position_id: Option<String>,
}

/// Reads the members of new target prices.
pub(super) fn read_draft(members: &mut Members) -> Option<TargetDraft> {
    let symbol = members.required("symbol");
    let draft = TargetDraft {
        symbol: String::new(),
        position_type: members.optional("position_type"),
        position_id: members.optional("position_id"),
        prices: TargetPrices {
            eoy: members.optional("target_price_eoy"),
            next_year: members.optional("target_price_next_year"),
            downside: members.optional("downside_target_price"),
            current_price: members.optional("current_price"),
        },
    };
    Some(TargetDraft { symbol: symbol?, ..draft })
}

/// Reads the prices of a change of `target`: what is left out stays, null clears.
pub(super) fn read_edit(members: &mut Members, target: TargetName) -> TargetEdit {
    TargetEdit {
        target,
        eoy: members.clearable("target_price_eoy"),
        next_year: members.clearable("target_price_next_year"),
        downside: members.clearable("downside_target_price"),
        current_price: members.clearable("current_price"),
    }
}

/// Targets of these drafts. The same command always makes the same ids.
pub(super) fn new_targets(command_id: CommandId, drafts: Vec<TargetDraft>) -> Vec<(TargetId, TargetDraft)> {
    (0_u64..)
        .zip(drafts)
        .map(|(row, draft)| {
            let (command, row) = (command_id.uuid(), row.to_be_bytes());
            (TargetId::derived(&[b"target", command.as_bytes(), &row]), draft)
        })
        .collect()
}

/// The drafts with the last price of their symbol where they say none: that of the market, or the value of a PRIVATE
/// position. What has no price stays without.
pub(super) async fn with_current_prices(
    api: &Api,
    portfolio_id: PortfolioId,
    drafts: Vec<TargetDraft>,
) -> Result<Vec<TargetDraft>, ApiError> {
    if drafts.iter().all(|draft| draft.prices.current_price.is_some()) {
        return Ok(drafts);
    }
    let (portfolio, today) = (api.portfolio_in_log(portfolio_id).await?, today());
    let symbols: BTreeSet<_> =
        drafts.iter().filter_map(|draft| target_market_symbol(&symbol_of(draft)?)).collect();
    let closes = &api.app().closes;
    let prices = BookPrices::of_symbols(closes, symbols, closes.vintage(Known::Newest).await?).await?;
    let priced = drafts.into_iter().map(|mut draft| {
        let symbol = symbol_of(&draft);
        let found = symbol.and_then(|symbol| current_price(&portfolio, &symbol, today, &prices));
        draft.prices.current_price = draft.prices.current_price.or(found.map(|(price, _)| price));
        draft
    });
    Ok(priced.collect())
}

/// What targets of a symbol are compared with on a date, and of which date it is; none where nobody knows.
pub(super) fn current_price(
    portfolio: &Portfolio,
    symbol: &PositionSymbol,
    date: TradingDay,
    prices: &impl Prices,
) -> Option<(Price, TradingDay)> {
    let market = target_market_symbol(symbol).and_then(|symbol| prices.close_on_or_before(&symbol, date));
    if let Some(close) = market.filter(|close| close.is_recent_on(date) && close.price.is_positive()) {
        return Some((close.price, close.date));
    }
    let mut own = portfolio.existing_lots().filter(|(_, lot)| {
        lot.terms.investment_class == InvestmentClass::Private && lot.terms.symbol == *symbol
    });
    let valued = own.find_map(|(id, lot)| portfolio.price_of(id, lot, date, prices).ok())?;
    valued.price.is_positive().then_some((valued.price, valued.price_date))
}

fn symbol_of(draft: &TargetDraft) -> Option<PositionSymbol> {
    draft.symbol.trim().parse().ok()
}
