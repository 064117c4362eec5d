//! The contract of options: by an OCC symbol, by its parts, or by both where they agree.

use super::LotDraft;
use crate::option_contract::{ContractError, OptionContract};
use crate::policy::FieldError;

impl LotDraft {
    pub(super) fn contract(&self, errors: &mut Vec<FieldError>) -> Option<OptionContract> {
        if OptionContract::looks_like(self.symbol.trim()) {
            return self.contract_of_symbol(errors);
        }
        let mut missing = |field: &str| {
            errors.push(FieldError::new(field, "required", "options need it, or an OCC symbol"));
        };
        let underlying = self.underlying_symbol.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if underlying.is_none() {
            missing("underlying_symbol");
        }
        if self.strike_price.is_none() {
            missing("strike_price");
        }
        if self.expiration_date.is_none() {
            missing("expiration_date");
        }
        if self.right().is_none() {
            missing("option_type");
        }
        let (expiry, right, strike) = (self.expiration_date?, self.right()?, self.strike_price?);
        let Ok(underlying) = underlying?.parse() else {
            errors.push(FieldError::new(
                "underlying_symbol",
                "invalid",
                crate::instrument::InvalidSymbol.to_string(),
            ));
            return None;
        };
        match OptionContract::new(underlying, expiry, right, strike) {
            Ok(contract) => Some(contract),
            Err(error) => {
                let field = match error {
                    ContractError::Root | ContractError::Malformed => "underlying_symbol",
                    ContractError::Date => "expiration_date",
                    ContractError::Strike => "strike_price",
                };
                errors.push(FieldError::new(field, "invalid", error.to_string()));
                None
            }
        }
    }

    /// The contract that an OCC symbol names; parts that are given as well must agree with it.
    fn contract_of_symbol(&self, errors: &mut Vec<FieldError>) -> Option<OptionContract> {
        let mut contract: OptionContract = match self.symbol.trim().parse() {
            Ok(contract) => contract,
            Err(error) => {
                errors.push(FieldError::new("symbol", "invalid", error.to_string()));
                return None;
            }
        };
        let root = contract.root();
        let mut conflict = |field: &str, named: &dyn std::fmt::Display| {
            errors.push(FieldError::new(field, "conflict", format!("the symbol says {named}")));
        };
        if self.strike_price.is_some_and(|strike| strike != contract.strike) {
            conflict("strike_price", &contract.strike);
        }
        if self.expiration_date.is_some_and(|expiry| expiry != contract.expiry) {
            conflict("expiration_date", &contract.expiry);
        }
        if self.option_type.is_some_and(|right| right != contract.right) {
            conflict("option_type", &contract.right);
        }
        if let Some(given) = self.underlying_symbol.as_deref().map(str::trim).filter(|text| !text.is_empty())
        {
            let given = given.parse().ok().and_then(|underlying| {
                OptionContract::new(underlying, contract.expiry, contract.right, contract.strike).ok()
            });
            match given {
                // The root has no point: only the given name knows the class of the share.
                Some(same) if same.root() == root => contract = same,
                Some(_) | None => conflict("underlying_symbol", &root),
            }
        }
        Some(contract)
    }

    pub(super) fn refuse_contract_parts(&self, errors: &mut Vec<FieldError>) {
        let given = [
            (
                "underlying_symbol",
                self.underlying_symbol.as_deref().is_some_and(|text| !text.trim().is_empty()),
            ),
            ("strike_price", self.strike_price.is_some()),
            ("expiration_date", self.expiration_date.is_some()),
            ("option_type", self.option_type.is_some()),
        ];
        for (field, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
            errors.push(FieldError::new(field, "not_allowed", "only options have it"));
        }
    }
}
