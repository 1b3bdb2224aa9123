//! The verdict on stacks that differ from a good one in one thing each.

use super::super::survey::OpenMultipart;
use super::*;

fn record(id: &str, state: &str) -> Record {
    Record {
        id: id.to_owned(),
        state: state.to_owned(),
        filename: format!("{id}.bin"),
        key: format!("u/owner/{id}"),
        ..Record::default()
    }
}

fn sent(id: &str) -> Sent {
    Sent {
        filename: format!("{id}.bin"),
        id: Some(id.to_owned()),
        owner: 0,
        creations: 1,
        cancelled: false,
        trouble: None,
    }
}

/// A file, an image and a cancelled upload, all as they should be.
fn good() -> (Vec<Sent>, Survey) {
    let image = Record {
        filename: "image.jpg".to_owned(),
        image_state: Some("done".to_owned()),
        variants: BTreeMap::from([("640x480.webp".to_owned(), 900)]),
        ..record("image", "completed")
    };
    let survey = Survey {
        records: vec![record("file", "completed"), image, record("gone", "aborted")],
        versions: vec!["u/owner/file".to_owned(), "u/owner/image".to_owned()],
        objects: vec!["u/owner/file".to_owned(), "u/owner/image".to_owned()],
        variants: BTreeMap::from([("v/owner/image/640x480.webp".to_owned(), 900)]),
        multiparts: Vec::new(),
    };
    let cancelled = Sent { cancelled: true, trouble: Some("cancelled".to_owned()), ..sent("gone") };
    let photo = Sent { filename: "image.jpg".to_owned(), ..sent("image") };
    (vec![sent("file"), photo, cancelled], survey)
}

/// Lost, double, orphans.
fn counts(sent: &[Sent], survey: &Survey) -> [usize; 3] {
    let Verdict { lost, double, orphans } = judge(sent, survey, &[]);
    [lost.len(), double.len(), orphans.len()]
}

#[test]
fn a_stack_as_it_should_be_is_judged_clean() {
    let (sent, survey) = good();
    assert_eq!(judge(&sent, &survey, &[]), Verdict::default());
}

#[test]
fn other_bytes_or_no_file_are_a_loss() {
    let (mut sent, mut survey) = good();
    sent[0].trouble = Some("came back with other bytes".to_owned());
    assert_eq!(counts(&sent, &survey), [1, 0, 0]);
    sent[0].trouble = None;
    survey.records.remove(0);
    survey.objects.remove(0);
    survey.versions.remove(0);
    assert_eq!(counts(&sent, &survey), [1, 0, 0]);
}

#[test]
fn a_second_version_is_double() {
    let (sent, mut survey) = good();
    survey.versions.push("u/owner/file".to_owned());
    assert_eq!(counts(&sent, &survey), [0, 1, 0]);
    let found = judge(&sent, &survey, &[]);
    let expected = Finding { id: Some("file".to_owned()), what: "u/owner/file has 2 versions".to_owned() };
    assert_eq!(found.double.first(), Some(&expected));
}

#[test]
fn a_second_record_is_double_unless_the_client_asked_twice() {
    let (mut sent, mut survey) = good();
    survey.records.push(Record { filename: "file.bin".to_owned(), ..record("again", "active") });
    assert_eq!(counts(&sent, &survey), [0, 1, 0]);
    sent[0].creations = 2;
    assert_eq!(counts(&sent, &survey), [0, 0, 0]);
    survey.records[3].state = "completed".to_owned();
    assert_eq!(counts(&sent, &survey), [0, 1, 0], "two files of one are never right");
}

#[test]
fn a_record_of_a_file_that_nobody_sent_is_double() {
    let (sent, mut survey) = good();
    survey.records.push(record("stranger", "active"));
    assert_eq!(counts(&sent, &survey), [0, 1, 0]);
}

#[test]
fn a_cancelled_upload_must_leave_nothing() {
    let (sent, mut survey) = good();
    survey.objects.push("u/owner/gone".to_owned());
    assert_eq!(counts(&sent, &survey), [0, 0, 1]);
    survey.records[2].state = "completed".to_owned();
    assert_eq!(counts(&sent, &survey), [0, 0, 1], "and it must become no file");
}

#[test]
fn an_object_without_a_record_is_an_orphan() {
    let (sent, mut survey) = good();
    survey.objects.push("u/owner/unknown".to_owned());
    assert_eq!(counts(&sent, &survey), [0, 0, 1]);
}

#[test]
fn a_multipart_upload_is_an_orphan_unless_a_living_record_names_it() {
    let (sent, mut survey) = good();
    survey.records[2].s3_upload_id = Some("s3-1".to_owned());
    let open = |name: &str| OpenMultipart { key: "u/owner/gone".to_owned(), s3_upload_id: name.to_owned() };
    survey.multiparts = vec![open("s3-1")];
    assert_eq!(counts(&sent, &survey), [0, 0, 1], "its record has ended");
    survey.records[2].state = "active".to_owned();
    assert_eq!(counts(&sent, &survey), [0, 0, 0]);
    survey.multiparts.push(open("s3-2"));
    assert_eq!(counts(&sent, &survey), [0, 0, 1], "its record names another");
}

#[test]
fn variants_are_exactly_those_on_record() {
    let (sent, mut survey) = good();
    survey.variants.insert("v/owner/image/strange.webp".to_owned(), 5);
    assert_eq!(counts(&sent, &survey), [0, 1, 0]);
    survey.variants.clear();
    assert_eq!(counts(&sent, &survey), [1, 0, 0]);
    survey.variants.insert("v/owner/image/640x480.webp".to_owned(), 901);
    assert_eq!(counts(&sent, &survey), [1, 0, 0], "another size is another variant");
    let (sent, mut survey) = good();
    survey.variants.insert("v/owner/gone/640x480.webp".to_owned(), 5);
    assert_eq!(counts(&sent, &survey), [0, 0, 1]);
}

#[test]
fn a_photo_without_variants_is_a_loss_unless_it_was_given_up() {
    let (sent, mut survey) = good();
    survey.variants.clear();
    survey.records[1].variants.clear();
    assert_eq!(counts(&sent, &survey), [1, 0, 0]);
    survey.records[1].image_reason = Some("image_gave_up".to_owned());
    assert_eq!(counts(&sent, &survey), [0, 0, 0]);
}

#[test]
fn image_work_that_does_not_end_is_a_loss() {
    let (sent, mut survey) = good();
    survey.records[1].image_state = Some("partial".to_owned());
    assert_eq!(counts(&sent, &survey), [1, 0, 0]);
}

#[test]
fn what_reconcile_finds_counts_as_what_it_means() {
    let (sent, survey) = good();
    let difference = |kind: &str| Difference { kind: kind.to_owned(), ..Difference::default() };
    let kinds =
        ["file_without_object", "overdue", "a_kind_to_come", "foreign_key", "multipart_without_record"];
    let verdict = judge(&sent, &survey, &kinds.map(difference));
    assert_eq!([verdict.lost.len(), verdict.double.len(), verdict.orphans.len()], [3, 0, 2]);
    assert_eq!(
        verdict.findings().map(|(kind, _)| kind).collect::<Vec<_>>(),
        ["lost", "lost", "lost", "orphan", "orphan"]
    );
}
