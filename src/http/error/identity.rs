//! What identity refuses, as the API tells it.

use super::{ApiError, Description};
use crate::http::problem::FieldProblem;
use crate::identity::{Forbidden, IdentityError, TokenError};
use axum::http::StatusCode;

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Invalid(fields) => {
                Self::Invalid(fields.into_iter().map(FieldProblem::from).collect())
            }
            IdentityError::Account(error) => error.into(),
            IdentityError::Invitations(error) => error.into(),
            IdentityError::Log(error) => Self::Log(error),
            IdentityError::Behind(error) => Self::Behind(error),
            IdentityError::Query(error) => Self::Query(error),
            IdentityError::Pool(error) => Self::Pool(error),
            error => Self::Identity(error),
        }
    }
}

/// What a failure of identity is to the caller.
pub(super) fn description(error: &IdentityError) -> Description {
    let (status, code, title) = match error {
        IdentityError::InvalidCredentials => {
            (StatusCode::UNAUTHORIZED, "invalid_credentials", "E-mail address or password are wrong")
        }
        IdentityError::Token(TokenError::Forged) => {
            (StatusCode::UNAUTHORIZED, "token_invalid", "The token is not valid")
        }
        IdentityError::Token(TokenError::Expired) => {
            (StatusCode::UNAUTHORIZED, "token_expired", "The token has expired")
        }
        IdentityError::Token(TokenError::Revoked) => {
            (StatusCode::UNAUTHORIZED, "token_revoked", "The token was revoked")
        }
        IdentityError::Token(TokenError::Reused) => {
            (StatusCode::UNAUTHORIZED, "token_reused", "The refresh token was used before")
        }
        IdentityError::NotInvited => (StatusCode::FORBIDDEN, "not_invited", "You are not invited"),
        IdentityError::Closed => (StatusCode::FORBIDDEN, "sign_up_closed", "Sign-up is closed"),
        IdentityError::EmailTaken => (StatusCode::CONFLICT, "email_taken", "The e-mail address is taken"),
        IdentityError::Throttled { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "sign_in_throttled", "Too many failed sign-ins")
        }
        IdentityError::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too much is waiting"),
        IdentityError::Forbidden(Forbidden::NotAdmin | Forbidden::NotOperator) => {
            (StatusCode::FORBIDDEN, "role_needed", "Your role is not enough")
        }
        IdentityError::Forbidden(Forbidden::NotOwner) => {
            (StatusCode::FORBIDDEN, "owner_needed", "The account's owner must do this")
        }
        IdentityError::Forbidden(Forbidden::NotImpersonating) => {
            (StatusCode::CONFLICT, "not_impersonating", "You act as nobody else")
        }
        IdentityError::NotFound(_) => (StatusCode::NOT_FOUND, "not_found", "There is no such thing"),
        IdentityError::LastAdmin => {
            (StatusCode::CONFLICT, "last_admin", "There must be an active administrator")
        }
        IdentityError::ClaimInvalid => {
            (StatusCode::FORBIDDEN, "claim_invalid", "The link is not valid any more")
        }
        IdentityError::AlreadyClaimed => {
            (StatusCode::CONFLICT, "already_claimed", "There is an administrator already")
        }
        IdentityError::SecretShownBefore => {
            (StatusCode::CONFLICT, "secret_shown_before", "The secret was shown before")
        }
        // Those that have a failure of the API of their own are not kept as failures of identity.
        IdentityError::Account(_)
        | IdentityError::Invitations(_)
        | IdentityError::Log(_)
        | IdentityError::Behind(_)
        | IdentityError::Query(_)
        | IdentityError::Pool(_)
        | IdentityError::Connect(_)
        | IdentityError::Invalid(_)
        | IdentityError::Database { .. }
        | IdentityError::Keys(_)
        | IdentityError::Signing(_)
        | IdentityError::Hash(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed on our side")
        }
    };
    Description { status, code, title }
}

/// After how many seconds trying again makes sense, where it does.
pub(super) fn retry_after_s(error: &IdentityError) -> Option<u64> {
    match error {
        IdentityError::Throttled { retry_after_s } | IdentityError::Busy { retry_after_s } => {
            Some(*retry_after_s)
        }
        _ => None,
    }
}
