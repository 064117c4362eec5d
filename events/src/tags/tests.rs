//! Rules of tags.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::testing::given;

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn id(number: u8) -> TagId {
    TagId::derived(&[&[number]])
}

fn command(minutes: i64, act: TagAct) -> TagCommand {
    TagCommand { at: at(minutes), act }
}

fn draft(name: &str) -> TagDraft {
    TagDraft { name: name.to_owned(), ..TagDraft::default() }
}

fn create(number: u8, name: &str) -> TagCommand {
    command(0, TagAct::Create(id(number), draft(name)))
}

fn tag(name: &str, display_order: i32) -> Tag {
    Tag {
        name: name.to_owned(),
        color: TAG_COLOR_DEFAULT.to_owned(),
        description: None,
        display_order,
        created_at: at(0),
        updated_at: at(0),
        archived_at: None,
    }
}

fn created(number: u8, name: &str) -> TagEvent {
    TagEvent::TagCreated(TagCreated { tag_id: id(number), tag: tag(name, i32::from(number) - 1) })
}

fn archived(number: u8) -> TagEvent {
    TagEvent::TagArchived(TagArchived { tag_id: id(number), at: at(1) })
}

fn taken(name: &str) -> TagError {
    TagError::NameTaken(name.to_owned())
}

fn ids() -> [TagId; 10] {
    [20, 21, 22, 23, 24, 25, 26, 27, 28, 29].map(id)
}

#[test]
fn a_tag_needs_only_a_name_that_nobody_has() {
    given::<TagBook>([]).when(create(1, " core ")).then([created(1, "core")]);
    given::<TagBook>([created(1, "core")]).when(create(1, "core")).then([]);
    given::<TagBook>([created(1, "core")]).when(create(2, "CORE")).refused(taken("CORE"));
    given::<TagBook>([created(1, "core"), archived(1)]).when(create(2, "Core")).then([created(2, "Core")]);
}

#[test]
fn every_broken_rule_of_a_tag_is_reported() {
    let wrong = TagDraft {
        name: " ".to_owned(),
        color: Some("#12345G".to_owned()),
        description: Some("x".repeat(501)),
        display_order: None,
    };
    let error = TagBook::default().decide(command(0, TagAct::Create(id(1), wrong))).unwrap_err();
    let TagError::Invalid(errors) = error else { panic!("{error}") };
    let fields: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.code.as_str())).collect();
    assert_eq!(fields, [("name", "required"), ("description", "too_long"), ("color", "invalid")]);
    let long = TagBook::default().decide(create(1, &"x".repeat(51)));
    assert!(matches!(long, Err(TagError::Invalid(errors)) if errors.len() == 1));
}

#[test]
fn a_hundred_tags_are_enough() {
    let hundred = (1..=100).map(|number| created(number, &format!("tag {number}")));
    given::<TagBook>(hundred.clone()).when(create(101, "one more")).refused(TagError::TooMany);
    given::<TagBook>(hundred.skip(1)).when(create(101, "one more")).then([created(101, "one more")]);
}

#[test]
fn a_change_changes_what_is_given() {
    let history = || [created(1, "core"), created(2, "satellite")];
    let change = |edit| command(5, TagAct::Change(id(1), edit));
    let recoloured = TagEdit { color: Some("#abcdef".to_owned()), ..TagEdit::default() };
    let expected = Tag { color: "#ABCDEF".to_owned(), updated_at: at(5), ..tag("core", 0) };
    let expected = TagEvent::TagChanged(TagChanged { tag_id: id(1), tag: expected });
    given::<TagBook>(history()).when(change(recoloured)).then([expected]);
    given::<TagBook>(history()).when(change(TagEdit::default())).then([]);
    let renamed = |name: &str| TagEdit { name: Some(name.to_owned()), ..TagEdit::default() };
    given::<TagBook>(history()).when(change(renamed("Satellite"))).refused(taken("Satellite"));
    assert_eq!(given::<TagBook>(history()).when(change(renamed("Core"))).events().len(), 1);
    given::<TagBook>([]).when(change(TagEdit::default())).refused(TagError::NoTag(id(1)));
}

#[test]
fn an_archived_tag_comes_back_unless_its_name_is_taken() {
    let archive = || command(1, TagAct::Archive(id(1)));
    let restore = || command(2, TagAct::Restore(id(1)));
    let restored = TagEvent::TagRestored(TagRestored { tag_id: id(1), at: at(2) });
    given::<TagBook>([created(1, "core")]).when(archive()).then([archived(1)]);
    given::<TagBook>([created(1, "core"), archived(1)]).when(archive()).then([]);
    given::<TagBook>([created(1, "core"), archived(1)]).when(restore()).then([restored]);
    given::<TagBook>([created(1, "core")]).when(restore()).then([]);
    let replaced = [created(1, "core"), archived(1), created(2, "Core")];
    given::<TagBook>(replaced).when(restore()).refused(taken("core"));
}

#[test]
fn only_an_archived_tag_is_deleted() {
    let delete = || command(2, TagAct::Delete(id(1)));
    given::<TagBook>([created(1, "core")]).when(delete()).refused(TagError::NotArchived);
    let state = given::<TagBook>([created(1, "core"), archived(1)]).when(delete()).state();
    assert!(state.tags().is_empty());
    given::<TagBook>([]).when(delete()).refused(TagError::NoTag(id(1)));
}

#[test]
fn the_ten_default_tags_are_created_where_they_are_missing() {
    let defaults = || command(0, TagAct::CreateDefaults(ids()));
    let state = given::<TagBook>([created(1, "Growth")]).when(defaults()).state();
    assert_eq!(state.tags().len(), 10);
    assert_eq!(state.decide(defaults()), Ok(vec![]));
    let orders: std::collections::BTreeSet<_> = state.tags().values().map(|tag| tag.display_order).collect();
    assert_eq!(orders.len(), 10, "each has its own place");
    assert_eq!(TagBook::from_tags(state.tags().clone()), state);
}
