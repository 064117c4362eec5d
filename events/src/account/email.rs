//! E-mail addresses in the one form in which they are compared: two spellings of one address are one account.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_security::{RestrictionLevel, RestrictionLevelDetection, skeleton};

use crate::AccountId;
use crate::policy::FieldError;

/// Longest address, in bytes of its normalised form (RFC 5321: a path of 256 with its brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Longest part before the `@`, in bytes.
const LOCAL_BYTES_MAX: usize = 64;
/// What may stand before the `@` besides letters, digits and their marks.
const LOCAL_PUNCTUATION: &str = ".!#$%&'*+-/=?^_`{|}~";

/// An e-mail address as a person typed it and as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Email {
    typed: String,
    normalised: String,
}

/// The text is not an address that an account can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// It is not of the form `name@domain`.
    #[error("must be an e-mail address such as ann@example.org")]
    Malformed,
    /// It is longer than addresses can be.
    #[error("must be at most {EMAIL_BYTES_MAX} bytes")]
    TooLong,
    /// It mixes letters of scripts that nobody mixes, as look-alikes do.
    #[error("must not mix letters of different scripts")]
    MixedScripts,
}

impl InvalidEmail {
    /// The same as a broken rule of `field`.
    pub fn in_field(self, field: &str) -> FieldError {
        let code = match self {
            Self::Malformed => "invalid",
            Self::TooLong => "too_long",
            Self::MixedScripts => "mixed_scripts",
        };
        FieldError::new(field, code, self.to_string())
    }
}

impl Email {
    /// Reads an address: trimmed, compatibility-composed (NFKC) and without case; the domain in its IDNA form.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let typed = text.trim();
        // Four bytes a character at most, and normalising may shorten: far longer texts are not looked at.
        if typed.len() > EMAIL_BYTES_MAX * 4 {
            return Err(InvalidEmail::TooLong);
        }
        if typed.chars().any(char::is_control) {
            return Err(InvalidEmail::Malformed);
        }
        let composed: String = typed.nfkc().collect();
        let (local, domain) = composed.rsplit_once('@').ok_or(InvalidEmail::Malformed)?;
        let local = normalised_local(local)?;
        let domain = normalised_domain(domain)?;
        let normalised = format!("{local}@{domain}");
        if normalised.len() > EMAIL_BYTES_MAX {
            return Err(InvalidEmail::TooLong);
        }
        Ok(Self { typed: typed.to_owned(), normalised })
    }

    /// As it was typed, without spaces around it: for showing and sending.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// As it is compared: equal for all spellings of one address.
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    /// The account of this address. The same for all of its spellings, so that two sign-ups meet in one stream.
    pub fn account_id(&self) -> AccountId {
        AccountId::derived(&[self.normalised.as_bytes()])
    }

    /// Whether it has letters beyond ASCII, which may look like others.
    pub fn is_ascii(&self) -> bool {
        self.normalised.is_ascii() && !self.normalised.contains("xn--")
    }

    /// What it looks like (Unicode TS 39): equal for addresses that a reader takes for each other.
    pub fn skeleton(&self) -> String {
        let (local, domain) = self.normalised.rsplit_once('@').unwrap_or((&self.normalised, ""));
        let (shown, _) = idna::domain_to_unicode(domain);
        skeleton(&format!("{local}@{shown}")).collect()
    }
}

/// Without case: as letters are equal in capitals and in small, whatever their place in a word.
fn without_case(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

fn normalised_local(local: &str) -> Result<String, InvalidEmail> {
    let mut folded = without_case(local);
    // Composing may bring forth a letter with a case of its own; it settles after a step or two.
    for _ in 0..4 {
        folded = without_case(&folded);
    }
    let is_allowed = |character: char| {
        character.is_alphanumeric() || LOCAL_PUNCTUATION.contains(character) || is_mark(character)
    };
    let dots_in_place = !folded.starts_with('.') && !folded.ends_with('.') && !folded.contains("..");
    if folded.is_empty() || !dots_in_place || !folded.chars().all(is_allowed) {
        return Err(InvalidEmail::Malformed);
    }
    if folded.len() > LOCAL_BYTES_MAX {
        return Err(InvalidEmail::TooLong);
    }
    check_scripts(&folded)?;
    Ok(folded)
}

fn normalised_domain(domain: &str) -> Result<String, InvalidEmail> {
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| InvalidEmail::Malformed)?;
    let is_named = !ascii.is_empty() && !ascii.ends_with('.') && ascii.len() <= EMAIL_BYTES_MAX;
    // An address of numbers alone is an IP address, which has no accounts.
    if !is_named || ascii.chars().all(|character| character.is_ascii_digit() || character == '.') {
        return Err(InvalidEmail::Malformed);
    }
    let (shown, _) = idna::domain_to_unicode(&ascii);
    shown.split('.').try_for_each(check_scripts)?;
    Ok(ascii)
}

/// Letters of one script, or Latin with the scripts of one East Asian language.
fn check_scripts(part: &str) -> Result<(), InvalidEmail> {
    // Punctuation belongs to every script but is no part of identifiers, which the rule is about.
    let letters: String = part.chars().filter(|character| !character.is_ascii_punctuation()).collect();
    match letters.as_str().check_restriction_level(RestrictionLevel::HighlyRestrictive) {
        true => Ok(()),
        false => Err(InvalidEmail::MixedScripts),
    }
}

fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normalised(text: &str) -> String {
        Email::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).normalised().to_owned()
    }

    #[test]
    fn spellings_of_one_address_are_one_account() {
        for (one, other) in [
            ("ann@example.org", "  Ann@Example.ORG "),
            ("ann@example.org", "ann@example.org"),
            ("büro@example.org", "BU\u{308}RO@example.org"),
            ("ann@bücher.example", "ann@xn--bcher-kva.example"),
            ("ann@bücher.example", "ann@BÜCHER.example"),
            ("σοφός@example.org", "ΣΟΦΌΣ@example.org"),
        ] {
            assert_eq!(normalised(one), normalised(other), "{one} and {other}");
            assert_eq!(Email::parse(one).unwrap().account_id(), Email::parse(other).unwrap().account_id());
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "a b@example.org",
            ".ann@example.org",
            "ann.@example.org",
            "a..b@example.org",
            "ann@exa mple.org",
            "ann@example..org",
            "ann@-example.org",
            "ann@127.0.0.1",
            "ann@example.org\0",
            "a\nb@example.org",
            "\"ann\"@example.org",
            "ann@example.org.",
            "a@b@c.org",
            "ann@exam_ple.org",
            "ann@example.org>",
        ] {
            assert_eq!(Email::parse(text), Err(InvalidEmail::Malformed), "{text:?}");
        }
        let long = format!("{}@example.org", "a".repeat(65));
        assert_eq!(Email::parse(&long), Err(InvalidEmail::TooLong));
        assert_eq!(Email::parse(&"a@b".repeat(10_000)), Err(InvalidEmail::TooLong));
    }

    #[test]
    fn mixed_scripts_are_refused() {
        // The first letter is Cyrillic in each.
        for text in ["\u{430}nn@example.org", "ann@\u{435}xample.org"] {
            assert_eq!(Email::parse(text), Err(InvalidEmail::MixedScripts), "{text}");
        }
        assert!(Email::parse("東京tower@example.org").is_ok());
    }

    #[test]
    fn look_alikes_have_one_skeleton() {
        let real = Email::parse("ace@example.org").unwrap();
        // Cyrillic throughout, each letter like a Latin one.
        let fake = Email::parse("\u{430}\u{441}\u{435}@example.org").unwrap();
        assert_ne!(real.normalised(), fake.normalised());
        assert_eq!(real.skeleton(), fake.skeleton());
        assert!(real.is_ascii() && !fake.is_ascii());
        assert!(!Email::parse("ann@bücher.example").unwrap().is_ascii());
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(
            local in "[a-zA-Z0-9äöüßÄÖÜéÉñçşŞ][a-zA-Z0-9äöüÄÖÜéÉñç.+_-]{0,20}[a-zA-Z0-9]|[α-ωΑ-Ρ]{1,12}|[а-яА-Я]{1,12}",
            domain in "[a-zA-ZüÜ0-9]{1,10}\\.(org|COM|example)",
        ) {
            if let Ok(email) = Email::parse(&format!("{local}@{domain}")) {
                let again = Email::parse(email.normalised()).unwrap();
                prop_assert_eq!(again.normalised(), email.normalised());
                let typed = Email::parse(email.typed()).unwrap();
                prop_assert_eq!(typed, email);
            }
        }

        #[test]
        fn case_never_matters(
            local in "[a-zA-ZäöüßÄÖÜéÉñç][a-zA-Z0-9äöüÄÖÜéÉñç+_-]{0,20}|[α-ωΑ-Ρ]{1,12}|[а-яА-Я]{1,12}",
            domain in "[a-zA-Z0-9]{1,10}[a-z]\\.(org|COM|example)",
        ) {
            let address = format!("{local}@{domain}");
            if let Ok(email) = Email::parse(&address) {
                let capitals = Email::parse(&address.to_uppercase()).unwrap();
                let small = Email::parse(&address.to_lowercase()).unwrap();
                prop_assert_eq!(capitals.normalised(), email.normalised());
                prop_assert_eq!(small.normalised(), email.normalised());
            }
        }

        #[test]
        fn no_text_makes_it_fail(text in "\\PC{0,40}@\\PC{0,40}|.{0,60}") {
            if let Ok(email) = Email::parse(&text) {
                let again = Email::parse(email.normalised()).unwrap();
                prop_assert_eq!(again.normalised(), email.normalised());
            }
        }
    }
}
