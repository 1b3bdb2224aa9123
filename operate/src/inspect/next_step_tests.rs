//! Tests of the sentence at the end.

use shared::ports::ObjectFacts;
use shared::record::ImageRecord;
use shared::scan::ScanState;
use shared::testing::{Content, a_file, an_upload};
use shared::timestamp::Timestamp;

use super::super::facts::QueueFacts;
use super::super::parts::compare;
use super::*;
use crate::dead_letters::Depth;
use crate::holdings::Holdings;

const SIZE_BYTES: u64 = 1_000;

fn facts_of(upload: Upload) -> Facts {
    Facts {
        id: upload.id.clone(),
        now: upload.created_at,
        parts: (!upload.is_single()).then(|| compare(&upload.plan, &[], Some(&[]))),
        record: Some(upload),
        held: Holdings::default(),
        original: None,
        queues: Vec::new(),
    }
}

fn content() -> Content {
    Content::repeated(7, SIZE_BYTES)
}

fn completed() -> Facts {
    let upload = an_upload().sized(SIZE_BYTES).with_file(a_file(&content(), Timestamp::default())).build();
    let mut facts = facts_of(upload);
    facts.original = Some(ObjectFacts {
        size_bytes: SIZE_BYTES,
        etag: content().etag().as_str().to_owned(),
        version_id: None,
        upload_id: None,
        checksum: None,
    });
    facts
}

fn dead_lettered(mut facts: Facts, name: &'static str) -> Facts {
    let dead_letters = Depth { waiting: 1, in_flight: 0 };
    facts.queues.push(QueueFacts { name, queue: None, dead_letters, naming_this_upload: 1 });
    facts
}

#[track_caller]
fn expect(facts: &Facts, words: &str) {
    let text = next_step(facts);
    assert!(text.contains(words), "{text}");
}

#[test]
fn an_open_upload_waits_for_the_parts_that_are_missing() {
    let facts = facts_of(an_upload().build());
    expect(&facts, "send the parts 1-3 until");
    expect(&facts, &format!("upload --resume {}", facts.id));
}

#[test]
fn an_open_upload_past_its_time_is_left_to_cleanup() {
    let mut facts = facts_of(an_upload().build());
    facts.now = facts.now.plus_seconds(24 * 3600);
    expect(&facts, "the next run of cleanup expires it");
}

#[test]
fn an_upload_that_s3_forgot_is_to_be_created_anew() {
    let mut facts = facts_of(an_upload().build());
    facts.parts.as_mut().unwrap().listed = None;
    expect(&facts, "creates a new one");
}

#[test]
fn a_job_that_was_given_up_is_to_be_redriven() {
    let facts = dead_lettered(facts_of(an_upload().in_state(UploadState::Completing).build()), "assembly");
    expect(&facts, &format!("redrive --queue assembly --contains {}", facts.id));
    let mut facts = dead_lettered(completed(), "image");
    facts.record.as_mut().unwrap().image = Some(ImageRecord::pending());
    expect(&facts, &format!("redrive --queue image --contains {}", facts.id));
}

#[test]
fn a_worker_at_work_is_left_alone_whatever_the_dead_letters_say() {
    let upload = an_upload()
        .in_state(UploadState::Completing)
        .with(|upload| upload.leased_until = Some(upload.created_at.plus_seconds(60)))
        .build();
    expect(&dead_lettered(facts_of(upload), "assembly"), "A worker assembles it");
}

#[test]
fn a_finished_file_needs_nobody() {
    expect(&completed(), "nothing happens to it any more");
}

#[test]
fn a_file_that_a_scan_holds_back_says_what_it_waits_for() {
    for (scan, words) in [
        (ScanState::Pending, "before its malware scan is over"),
        (ScanState::Infected, "found a threat"),
        (ScanState::Unscannable, "could not tell"),
        (ScanState::Clean, "nothing happens to it any more"),
    ] {
        let mut facts = completed();
        facts.record.as_mut().unwrap().file.as_mut().unwrap().scan = Some(scan);
        expect(&facts, words);
    }
    let mut facts = dead_lettered(completed(), "assembly");
    facts.record.as_mut().unwrap().file.as_mut().unwrap().scan = Some(ScanState::Pending);
    expect(&facts, &format!("redrive --queue assembly --contains {}", facts.id));
}

#[test]
fn a_finished_file_without_its_object_can_be_restored() {
    let mut facts = completed();
    facts.original = None;
    expect(&facts, "restored by hand");
}

#[test]
fn another_object_in_the_place_of_a_file_is_named() {
    let mut facts = completed();
    facts.original.as_mut().unwrap().etag = "another".to_owned();
    expect(&facts, "not the one that was verified");
}

#[test]
fn what_ended_and_left_something_points_to_reconcile() {
    let ended =
        || facts_of(an_upload().in_state(UploadState::Aborted).with(|upload| upload.due_at = None).build());
    expect(&ended(), "nothing of it is left");
    let mut facts = ended();
    facts.held.multiparts.push(shared::ports::OpenMultipart {
        key: String::new(),
        s3_upload_id: String::new(),
        initiated_at: Timestamp::default(),
    });
    expect(&facts, "reconcile --repair");
    facts.record = None;
    expect(&facts, "no record names");
}

#[test]
fn an_unknown_id_is_said_to_be_unknown() {
    let mut facts = completed();
    facts.record = None;
    expect(&facts, "There is no such upload");
}
