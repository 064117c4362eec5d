//! Rules of accounts.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::testing::given;
use crate::{ApiKeyId, CredentialId, Principal, SessionId};

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn session(number: u8) -> SessionId {
    SessionId::derived(&[&[number]])
}

fn credential(number: u8) -> CredentialId {
    CredentialId::derived(&[&[number]])
}

fn key(number: u8) -> ApiKeyId {
    ApiKeyId::derived(&[&[number]])
}

fn token(number: u8) -> TokenHash {
    TokenHash::of(&[number])
}

fn act() -> Act {
    Act::of(Principal("admin".to_owned()), "because", Origin::default())
}

fn registration() -> Registration {
    let email = Email::parse("Ann@example.org").unwrap();
    Registration {
        principal: Principal(email.account_id().to_string()),
        email,
        full_name: " Ann Bee ".to_owned(),
        role: Role::User,
        entry: Entry::Open,
        credential_id: credential(1),
        from: Origin::default(),
    }
}

fn registered() -> [AccountEvent; 2] {
    let new = registration();
    [
        AccountEvent::AccountRegistered(AccountRegistered {
            email: new.email,
            full_name: "Ann Bee".to_owned(),
            role: Role::User,
            principal: new.principal,
            entry: Entry::Open,
            from: Origin::default(),
        }),
        password(1, PasswordReason::SignUp),
    ]
}

fn password(number: u8, why: PasswordReason) -> AccountEvent {
    AccountEvent::PasswordSet(PasswordSet { credential_id: credential(number), why })
}

fn sign_in(number: u8, now: i64) -> AccountCommand {
    AccountCommand::OpenSession(Box::new(NewSession {
        session_id: session(number),
        credential_id: credential(1),
        refresh_hash: token(number),
        expires_at: at(now + 60),
        from: Origin::default(),
        at: at(now),
    }))
}

fn opened(number: u8, now: i64) -> AccountEvent {
    AccountEvent::SessionOpened(SessionOpened {
        session_id: session(number),
        refresh_hash: token(number),
        expires_at: at(now + 60),
        from: Origin::default(),
        at: at(now),
    })
}

fn refresh(number: u8, presented: u8, next: u8, now: i64) -> AccountCommand {
    AccountCommand::RefreshSession {
        session_id: session(number),
        presented: token(presented),
        next: token(next),
        expires_at: at(now + 60),
        at: at(now),
    }
}

fn refreshed(number: u8, next: u8, now: i64) -> AccountEvent {
    AccountEvent::SessionRefreshed(SessionRefreshed {
        session_id: session(number),
        refresh_hash: token(next),
        expires_at: at(now + 60),
        at: at(now),
    })
}

fn ended(number: u8, why: SessionEnd) -> AccountEvent {
    AccountEvent::SessionEnded(SessionEnded { session_id: session(number), why, act: None })
}

fn new_key(number: u8, scopes: &[Scope], expires_at: Option<Timestamp>) -> AccountCommand {
    AccountCommand::CreateApiKey(Box::new(NewApiKey {
        key_id: key(number),
        name: "laptop".to_owned(),
        key_hash: token(number),
        prefix: "tdk_abc".to_owned(),
        scopes: scopes.iter().copied().collect(),
        expires_at,
        at: at(0),
    }))
}

fn created_key(number: u8, expires_at: Option<Timestamp>) -> AccountEvent {
    AccountEvent::ApiKeyCreated(ApiKeyCreated {
        key_id: key(number),
        name: "laptop".to_owned(),
        key_hash: token(number),
        prefix: "tdk_abc".to_owned(),
        scopes: [Scope::Read].into(),
        expires_at,
        at: at(0),
    })
}

fn impersonate(reason: &str) -> AccountCommand {
    AccountCommand::StartImpersonation(Box::new(NewImpersonation {
        session_id: session(200),
        admin_session_id: session(201),
        act: Act::of(Principal("admin".to_owned()), reason, Origin::default()),
        access: Access::ReadOnly,
        expires_at: at(30),
        at: at(0),
    }))
}

fn impersonated() -> AccountEvent {
    AccountEvent::ImpersonationStarted(ImpersonationStarted {
        session_id: session(200),
        admin_session_id: session(201),
        act: act(),
        access: Access::ReadOnly,
        expires_at: at(30),
        at: at(0),
    })
}

fn history(more: impl IntoIterator<Item = AccountEvent>) -> Vec<AccountEvent> {
    registered().into_iter().chain(more).collect()
}

#[test]
fn an_account_is_registered_once() {
    let register = || AccountCommand::Register(Box::new(registration()));
    given::<Account>([]).when(register()).then(registered());
    given::<Account>(registered()).when(register()).refused(AccountError::AlreadyRegistered);
    given::<Account>([]).when(sign_in(1, 0)).refused(AccountError::NotRegistered);
}

#[test]
fn a_name_is_needed_and_holds_no_control_characters() {
    for (name, code) in [(" ", "required"), ("a\0b", "invalid"), (&*"x".repeat(101), "too_long")] {
        let registration = Registration { full_name: name.to_owned(), ..registration() };
        let outcome = Account::default().decide(AccountCommand::Register(Box::new(registration)));
        let Err(AccountError::Invalid(errors)) = outcome else { panic!("{name:?} was accepted") };
        assert_eq!((errors[0].field.as_str(), errors[0].code.as_str()), ("full_name", code));
    }
}

#[test]
fn a_refresh_token_counts_once() {
    given::<Account>(history([opened(1, 0)])).when(refresh(1, 1, 2, 10)).then([refreshed(1, 2, 10)]);
    let refreshed_once = || history([opened(1, 0), refreshed(1, 2, 10)]);
    given::<Account>(refreshed_once()).when(refresh(1, 1, 3, 11)).refused(AccountError::RefreshSpent);
    given::<Account>(refreshed_once()).when(refresh(1, 9, 3, 11)).refused(AccountError::RefreshUnknown);
    given::<Account>(refreshed_once()).when(refresh(2, 2, 3, 11)).refused(AccountError::NoSession);
    given::<Account>(refreshed_once()).when(refresh(1, 2, 3, 70)).refused(AccountError::NoSession);
}

#[test]
fn a_spent_refresh_token_ends_its_family() {
    let report = |presented| AccountCommand::ReportReuse {
        session_id: session(1),
        presented: token(presented),
        from: Origin::default(),
    };
    let family = || history([opened(1, 0), opened(2, 0), refreshed(1, 3, 1), refreshed(1, 4, 2)]);
    let reused = RefreshReused { session_id: session(1), from: Origin::default() };
    let outcome = given::<Account>(family())
        .when(report(1))
        .then([AccountEvent::RefreshReused(reused), ended(1, SessionEnd::RefreshReused)]);
    assert_eq!(outcome.state().registered().unwrap().own_sessions(), [session(2)]);
    // The token that counts proves no theft, and one that never was is nobody's.
    given::<Account>(family()).when(report(4)).then([]);
    given::<Account>(family()).when(report(99)).then([]);
}

#[test]
fn a_session_remembers_so_many_spent_tokens() {
    let turns = (1..=100).map(|turn| refreshed(1, 100 + turn, 1));
    let state = given::<Account>(history([opened(1, 0)].into_iter().chain(turns))).state();
    let SessionKind::Own { spent, .. } = &state.registered().unwrap().sessions[&session(1)].kind else {
        panic!("its own session")
    };
    assert_eq!((spent.len(), spent.back()), (SPENT_MAX, Some(&token(199))));
}

#[test]
fn signing_in_needs_the_password_in_force_and_an_active_account() {
    given::<Account>(registered()).when(sign_in(1, 0)).then([opened(1, 0)]);
    let changed = history([password(2, PasswordReason::Changed)]);
    given::<Account>(changed).when(sign_in(1, 0)).refused(AccountError::OtherCredential);
    let gone = AccountEvent::AccountDeactivated(AccountDeactivated { act: act() });
    given::<Account>(history([gone.clone()])).when(sign_in(1, 0)).refused(AccountError::Inactive);
    given::<Account>(history([opened(1, 0), gone])).when(refresh(1, 1, 2, 1)).refused(AccountError::Inactive);
}

#[test]
fn the_oldest_session_goes_when_there_are_too_many() {
    let most = u8::try_from(SESSIONS_MAX).unwrap();
    let full = (1..=most).map(|number| opened(number, i64::from(number)));
    given::<Account>(history(full.clone()))
        .when(sign_in(most + 1, 55))
        .then([ended(1, SessionEnd::Superseded), opened(most + 1, 55)]);
    // Expired ones are forgotten and do not count.
    given::<Account>(history(full)).when(sign_in(most + 1, 200)).then([opened(most + 1, 200)]);
}

#[test]
fn what_expired_is_forgotten() {
    let past = history([opened(1, 0), created_key(1, Some(at(5))), impersonated(), opened(2, 70)]);
    let state = given::<Account>(past).state();
    let account = state.registered().unwrap();
    assert_eq!(account.sessions.keys().collect::<Vec<_>>(), [&session(2)]);
    assert!(account.api_keys.is_empty());
}

#[test]
fn a_changed_password_ends_all_other_sessions_and_a_rehash_none() {
    let set = |why| AccountCommand::SetPassword {
        credential_id: credential(2),
        instead_of: credential(1),
        why,
        keep: Some(session(2)),
    };
    let sessions = || history([opened(1, 0), opened(2, 0)]);
    given::<Account>(sessions())
        .when(set(PasswordReason::Changed))
        .then([password(2, PasswordReason::Changed), ended(1, SessionEnd::PasswordChanged)]);
    given::<Account>(sessions())
        .when(set(PasswordReason::Rehashed))
        .then([password(2, PasswordReason::Rehashed)]);
    let meanwhile = history([password(3, PasswordReason::Changed)]);
    given::<Account>(meanwhile).when(set(PasswordReason::Rehashed)).refused(AccountError::OtherCredential);
}

#[test]
fn a_session_ends_once() {
    let end = || AccountCommand::EndSession { session_id: session(1), why: SessionEnd::SignedOut, act: None };
    given::<Account>(history([opened(1, 0)])).when(end()).then([ended(1, SessionEnd::SignedOut)]);
    let over = history([opened(1, 0), ended(1, SessionEnd::SignedOut)]);
    given::<Account>(over).when(end()).then([]);
}

#[test]
fn an_api_key_may_no_more_than_its_owner() {
    given::<Account>(registered()).when(new_key(1, &[Scope::Read], None)).then([created_key(1, None)]);
    given::<Account>(registered())
        .when(new_key(1, &[Scope::Read, Scope::Admin], None))
        .refused(AccountError::ScopeAboveRole(Scope::Admin));
    let outcome = given::<Account>(registered()).state().decide(new_key(1, &[], Some(at(0))));
    let Err(AccountError::Invalid(errors)) = outcome else { panic!("it was accepted") };
    assert_eq!(errors.iter().map(|error| &*error.field).collect::<Vec<_>>(), ["scopes", "expires_at"]);
    let full = (0..100).take(API_KEYS_MAX).map(|number| created_key(number, None));
    given::<Account>(history(full))
        .when(new_key(200, &[Scope::Read], None))
        .refused(AccountError::TooManyApiKeys);
}

#[test]
fn an_api_key_is_revoked_once() {
    let revoke = || AccountCommand::RevokeApiKey { key_id: key(1), act: None };
    let revoked = || AccountEvent::ApiKeyRevoked(ApiKeyRevoked { key_id: key(1), act: None });
    given::<Account>(history([created_key(1, None)])).when(revoke()).then([revoked()]);
    given::<Account>(history([created_key(1, None), revoked()])).when(revoke()).then([]);
}

#[test]
fn deactivating_ends_all_sessions_and_happens_once() {
    let deactivated = || AccountEvent::AccountDeactivated(AccountDeactivated { act: act() });
    let deactivate = || AccountCommand::Deactivate { act: act() };
    let outcome = given::<Account>(history([opened(1, 0), impersonated()])).when(deactivate());
    let ends: BTreeSet<_> = [session(1), session(200)].into();
    let events = outcome.events();
    let found = events.iter().filter_map(|event| match event {
        AccountEvent::SessionEnded(over) if over.why == SessionEnd::Deactivated => Some(over.session_id),
        _ => None,
    });
    assert_eq!(found.collect::<BTreeSet<_>>(), ends);
    assert_eq!(events.last(), Some(&deactivated()));
    given::<Account>(history([deactivated()])).when(deactivate()).then([]);
    let reactivated = AccountEvent::AccountReactivated(AccountReactivated { act: act() });
    given::<Account>(history([deactivated()]))
        .when(AccountCommand::Reactivate { act: act() })
        .then([reactivated]);
    given::<Account>(registered()).when(AccountCommand::Reactivate { act: act() }).then([]);
}

#[test]
fn an_impersonation_needs_a_reason_and_never_reaches_an_administrator() {
    given::<Account>(registered()).when(impersonate("because")).then([impersonated()]);
    let outcome = given::<Account>(registered()).state().decide(impersonate(" \n "));
    assert!(matches!(outcome, Err(AccountError::Invalid(_))), "{outcome:?}");
    let promoted =
        || AccountEvent::RoleChanged(RoleChanged { role: Role::Admin, before: Role::User, act: act() });
    given::<Account>(history([promoted()]))
        .when(impersonate("because"))
        .refused(AccountError::ImpersonationOfAdmin);
    let over = AccountEvent::ImpersonationEnded(ImpersonationEnded { session_id: session(200), act: act() });
    given::<Account>(history([impersonated()]))
        .when(AccountCommand::ChangeRole { role: Role::Admin, act: act() })
        .then([over.clone(), promoted()]);
    let stop = || AccountCommand::EndImpersonation { session_id: session(200), act: act() };
    given::<Account>(history([impersonated()])).when(stop()).then([over.clone()]);
    given::<Account>(history([impersonated(), over])).when(stop()).then([]);
    // It has no refresh token.
    given::<Account>(history([impersonated()])).when(refresh(200, 1, 2, 1)).refused(AccountError::NoSession);
}

#[test]
fn the_oldest_impersonation_goes_when_there_are_too_many() {
    let started = |number: u8| {
        let AccountEvent::ImpersonationStarted(started) = impersonated() else { panic!("just made") };
        let began = at(i64::from(number) - 20);
        AccountEvent::ImpersonationStarted(ImpersonationStarted {
            session_id: session(number),
            at: began,
            ..started
        })
    };
    let full = (0..20).take(IMPERSONATIONS_MAX).map(started);
    let events = given::<Account>(history(full)).when(impersonate("because")).events();
    assert_eq!(events, [ended(0, SessionEnd::Superseded), impersonated()]);
}

#[test]
fn the_same_role_again_changes_nothing() {
    let change = |role| AccountCommand::ChangeRole { role, act: act() };
    given::<Account>(registered()).when(change(Role::User)).then([]);
    let changed = RoleChanged { role: Role::Auditor, before: Role::User, act: act() };
    given::<Account>(registered()).when(change(Role::Auditor)).then([AccountEvent::RoleChanged(changed)]);
}

#[test]
fn what_is_kept_of_a_request_is_short_and_printable() {
    let origin = Origin::of(None, Some(&format!(" cu\0rl\r\n{}", "x".repeat(500))));
    let kept = origin.user_agent.unwrap();
    assert!(kept.starts_with("cu rl") && kept.chars().count() == USER_AGENT_CHARS_MAX, "{kept}");
    assert!(!kept.contains(char::is_control));
    assert_eq!(Origin::of(None, Some(" \n")).user_agent, None);
}

#[test]
fn a_fingerprint_reads_back_from_its_text() {
    assert_eq!(token(1).to_string().parse(), Ok(token(1)));
    assert_eq!("+".repeat(64).parse::<TokenHash>(), Err(InvalidTokenHash));
    assert_eq!("ab".parse::<TokenHash>(), Err(InvalidTokenHash));
}
