//! The rules of the domain as the API tells them.

mod portfolio;

use axum::http::StatusCode;
use events::account::AccountError;
use events::invitations::InvitationError;
use events::model::ModelError;
use events::operations::OperationError;
use events::portfolio::PortfolioError;
use events::run::RunError;
use events::tags::TagError;
use events::valuation::ValuationError;

use super::{ApiError, CommandFailure, Description};
use crate::http::problem::FieldProblem;
use crate::start_run::StartRunError;

/// A broken rule of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A model refused.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An account refused.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The list of invitations refused.
    #[error(transparent)]
    Invitations(#[from] InvitationError),
    /// A portfolio refused.
    #[error(transparent)]
    Portfolio(#[from] PortfolioError),
    /// An owner's tags refused.
    #[error(transparent)]
    Tags(#[from] TagError),
    /// The valuation of a portfolio refused.
    #[error(transparent)]
    Valuation(#[from] ValuationError),
    /// The journal of operators refused.
    #[error(transparent)]
    Operations(#[from] OperationError),
    /// A run refused.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Refusal {
    /// What the broken rule is to the caller.
    pub(super) fn description(&self) -> Description {
        let (status, code, title) = match self {
            Self::Portfolio(error) => return portfolio::description(error),
            Self::Tags(error) => return portfolio::tags_description(error),
            Self::Valuation(error) => return portfolio::valuation_description(error),
            Self::Model(ModelError::NotCreated | ModelError::Deleted)
            | Self::Run(RunError::NotRequested | RunError::Deleted) => {
                (StatusCode::NOT_FOUND, "not_found", "There is no such thing")
            }
            Self::Model(ModelError::AlreadyCreated) | Self::Run(RunError::AlreadyRequested) => {
                (StatusCode::CONFLICT, "exists", "It exists already")
            }
            Self::Operations(OperationError::NoReason)
            | Self::Model(ModelError::Invalid(_))
            | Self::Run(RunError::InvalidSnapshot(_)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "The request is not valid")
            }
            Self::Account(AccountError::NotRegistered | AccountError::NoApiKey | AccountError::NoSession) => {
                (StatusCode::NOT_FOUND, "not_found", "There is no such thing")
            }
            Self::Account(AccountError::AlreadyRegistered) => {
                (StatusCode::CONFLICT, "email_taken", "The e-mail address is taken")
            }
            Self::Account(AccountError::Invalid(_)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "The request is not valid")
            }
            Self::Account(AccountError::ScopeAboveRole(_)) => {
                (StatusCode::FORBIDDEN, "scope_above_role", "Your role does not allow this scope")
            }
            Self::Account(AccountError::ImpersonationOfAdmin) => {
                (StatusCode::FORBIDDEN, "impersonation_of_admin", "Administrators cannot be impersonated")
            }
            Self::Account(AccountError::TooManyApiKeys) | Self::Invitations(InvitationError::Full) => {
                (StatusCode::CONFLICT, "limit_reached", "There are as many as there may be")
            }
            Self::Account(
                AccountError::Inactive
                | AccountError::OtherCredential
                | AccountError::RefreshSpent
                | AccountError::RefreshUnknown,
            ) => (StatusCode::CONFLICT, "conflict", "It changed at the same time"),
            Self::Run(RunError::Over(_)) => (StatusCode::CONFLICT, "run_over", "The run is over"),
            Self::Run(RunError::StillTrading) => {
                (StatusCode::CONFLICT, "run_active", "The run is still trading")
            }
            Self::Run(RunError::StaleAdvance { .. }) => {
                (StatusCode::CONFLICT, "conflict", "It changed at the same time")
            }
            Self::Run(RunError::OtherBars { .. } | RunError::SnapshotMismatch(_)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed on our side")
            }
        };
        Description { status, code, title }
    }

    /// Every field that breaks a rule.
    pub(super) fn fields(&self) -> Vec<FieldProblem> {
        match self {
            Self::Model(ModelError::Invalid(fields)) | Self::Run(RunError::InvalidSnapshot(fields)) => {
                fields.iter().cloned().map(FieldProblem::from).collect()
            }
            Self::Account(AccountError::Invalid(fields)) => {
                fields.iter().cloned().map(FieldProblem::from).collect()
            }
            Self::Portfolio(PortfolioError::Invalid(fields)) | Self::Tags(TagError::Invalid(fields)) => {
                fields.iter().cloned().map(FieldProblem::from).collect()
            }
            Self::Operations(rule @ OperationError::NoReason) => {
                vec![FieldProblem::new("reason", "required", rule)]
            }
            Self::Model(_)
            | Self::Run(_)
            | Self::Account(_)
            | Self::Invitations(_)
            | Self::Portfolio(_)
            | Self::Valuation(_)
            | Self::Tags(_) => Vec::new(),
        }
    }
}

impl From<StartRunError> for ApiError {
    fn from(error: StartRunError) -> Self {
        match error {
            StartRunError::NoModel(model) => Self::not_found("model", model),
            StartRunError::Invalid(fields) => Self::Invalid(fields.into_iter().map(Into::into).collect()),
            StartRunError::IdempotencyMismatch => Self::Command(CommandFailure::IdempotencyMismatch),
            StartRunError::Market(error) => Self::Market(error),
            StartRunError::Pool(error) => Self::Pool(error),
            StartRunError::Read(error) => Self::Log(error),
            StartRunError::Load(error) => Self::Load(error),
            StartRunError::Model(error) => error.into(),
            StartRunError::Run(error) => error.into(),
        }
    }
}
