//! Tests of the comparison.

use shared::ports::OpenMultipart;
use shared::record::{ImageRecord, VariantRecord};
use shared::testing::{Content, a_file, an_upload};

use super::*;

const SIZE_BYTES: u64 = 1_000;
const HOUR: u64 = 3600;

fn begin() -> Timestamp {
    an_upload().build().created_at
}

fn content() -> Content {
    Content::repeated(7, SIZE_BYTES)
}

fn completed() -> Upload {
    an_upload().sized(SIZE_BYTES).with_file(a_file(&content(), begin())).build()
}

fn resting(state: UploadState) -> Upload {
    an_upload().in_state(state).with(|upload| upload.due_at = None).build()
}

fn original_of(upload: &Upload) -> ListedObject {
    ListedObject {
        key: upload.object_key().as_str().to_owned(),
        size_bytes: SIZE_BYTES,
        etag: content().etag().as_str().to_owned(),
        written_at: begin(),
    }
}

fn holding_original(upload: &Upload) -> Holdings {
    Holdings { original: Some(original_of(upload)), ..Holdings::default() }
}

fn holding_multipart(upload: &Upload, s3_upload_id: &str) -> Holdings {
    let open = OpenMultipart {
        key: upload.object_key().as_str().to_owned(),
        s3_upload_id: s3_upload_id.to_owned(),
        initiated_at: begin(),
    };
    Holdings { multiparts: vec![open], ..Holdings::default() }
}

fn with_variant(upload: &mut Upload, name: &str) {
    let variant =
        VariantRecord { name: name.to_owned(), format: "webp".to_owned(), width: 1, height: 1, bytes: 1 };
    upload.image =
        Some(ImageRecord { state: ImageState::Done, variants: vec![variant], ..ImageRecord::pending() });
}

fn listed_variant(upload: &Upload, name: &str) -> ListedObject {
    let key = ObjectKey::variant(&upload.owner, &upload.id, name).as_str().to_owned();
    ListedObject { key, size_bytes: 1, etag: "t".to_owned(), written_at: begin() }
}

fn found(upload: &Upload, held: &Holdings, hours: u64) -> Vec<(Kind, Remedy)> {
    let all = differences(&upload.id, Some(upload), held, begin().plus_seconds(hours * HOUR));
    all.into_iter().map(|difference| (difference.kind, difference.remedy)).collect()
}

fn found_without_record(upload: &Upload, held: &Holdings, hours: u64) -> Vec<(Kind, Remedy)> {
    let all = differences(&upload.id, None, held, begin().plus_seconds(hours * HOUR));
    all.into_iter().map(|difference| (difference.kind, difference.remedy)).collect()
}

#[test]
fn a_file_with_its_object_and_variants_is_no_difference() {
    let mut upload = completed();
    with_variant(&mut upload, "640x480.webp");
    let mut held = holding_original(&upload);
    held.variants = vec![listed_variant(&upload, "640x480.webp")];
    assert_eq!(found(&upload, &held, 1_000), []);
}

#[test]
fn a_file_whose_object_is_gone_is_for_a_person() {
    assert_eq!(found(&completed(), &Holdings::default(), 0), [(Kind::FileWithoutObject, Remedy::ByHand)]);
}

#[test]
fn an_object_of_another_size_or_tag_is_for_a_person() {
    let upload = completed();
    for change in [
        |original: &mut ListedObject| original.size_bytes += 1,
        |original: &mut ListedObject| original.etag = "another".to_owned(),
    ] {
        let mut held = holding_original(&upload);
        held.original.iter_mut().for_each(change);
        assert_eq!(found(&upload, &held, 0), [(Kind::ObjectDiffers, Remedy::ByHand)]);
    }
}

#[test]
fn an_object_without_any_record_is_never_deleted_by_a_repair() {
    let upload = completed();
    let held = holding_original(&upload);
    assert_eq!(found_without_record(&upload, &held, 0), [], "its record may be on its way");
    let expected = [(Kind::ObjectWithoutFile, Remedy::ByHand)];
    assert_eq!(found_without_record(&upload, &held, 1_000), expected);
}

#[test]
fn a_single_put_whose_event_was_lost_is_made_due() {
    let upload = an_upload().sized(SIZE_BYTES).build();
    let held = holding_original(&upload);
    assert_eq!(found(&upload, &held, 0), [], "its event may be on its way");
    assert_eq!(found(&upload, &held, 2), [(Kind::ObjectWithoutFile, Remedy::MakeDue)]);
    let repaired = an_upload().sized(SIZE_BYTES).with(|upload| upload.due_at = Some(begin())).build();
    assert_eq!(found(&repaired, &held, 0), [], "cleanup is about to look");
    assert_eq!(found(&repaired, &held, 2), [(Kind::Overdue, Remedy::ByHand)], "cleanup did not look");
}

#[test]
fn what_cleanup_will_attend_to_by_itself_is_no_difference() {
    for state in [UploadState::Failed, UploadState::Aborted, UploadState::Expiring, UploadState::Completing] {
        let upload = an_upload()
            .in_state(state)
            .with(|upload| upload.due_at = Some(begin().plus_seconds(100 * HOUR)))
            .build();
        let mut held = holding_multipart(&upload, "s3-upload-of-a-builder");
        held.original = Some(original_of(&upload));
        assert_eq!(found(&upload, &held, 50), [], "{state:?}");
    }
}

#[test]
fn what_a_resting_record_left_behind_is_handed_to_cleanup_after_a_day() {
    for state in [UploadState::Failed, UploadState::Aborted] {
        let upload = resting(state);
        let held = holding_original(&upload);
        assert_eq!(found(&upload, &held, 23), [(Kind::ObjectWithoutFile, Remedy::ByHand)], "{state:?}");
        assert_eq!(found(&upload, &held, 24), [(Kind::ObjectWithoutFile, Remedy::MakeDue)], "{state:?}");
        let held = holding_multipart(&upload, "s3-upload-of-a-builder");
        assert_eq!(found(&upload, &held, 23), [(Kind::MultipartOfEndedUpload, Remedy::ByHand)], "{state:?}");
        assert_eq!(found(&upload, &held, 24), [(Kind::MultipartOfEndedUpload, Remedy::MakeDue)], "{state:?}");
    }
}

#[test]
fn a_multipart_upload_that_no_record_names_is_aborted_after_a_day() {
    let upload = completed();
    let held = holding_multipart(&upload, "other");
    assert_eq!(found_without_record(&upload, &held, 0), [], "its record may be on its way");
    let by_hand = [(Kind::MultipartWithoutRecord, Remedy::ByHand)];
    assert_eq!(found_without_record(&upload, &held, 23), by_hand);
    let abort = [(Kind::MultipartWithoutRecord, Remedy::Abort("other".to_owned()))];
    assert_eq!(found_without_record(&upload, &held, 24), abort);
    let active = an_upload().with(|upload| upload.due_at = None).build();
    assert_eq!(found(&active, &held, 24), abort, "a record that names another one");
}

#[test]
fn the_multipart_upload_of_an_open_record_is_no_difference() {
    let upload = an_upload().build();
    assert_eq!(found(&upload, &holding_multipart(&upload, "s3-upload-of-a-builder"), 20), []);
}

#[test]
fn a_lost_variant_is_made_again_while_its_original_is_there() {
    let mut upload = completed();
    with_variant(&mut upload, "640x480.webp");
    let expected = [(Kind::VariantMissing, Remedy::RemakeImage)];
    assert_eq!(found(&upload, &holding_original(&upload), 0), expected);
    let expected = [(Kind::FileWithoutObject, Remedy::ByHand), (Kind::VariantMissing, Remedy::ByHand)];
    assert_eq!(found(&upload, &Holdings::default(), 0), expected);
    upload.remake_image(&["640x480.webp".to_owned()].into(), begin());
    assert_eq!(found(&upload, &holding_original(&upload), 0), [], "they are being made again");
}

#[test]
fn a_variant_that_no_record_names_is_reported_once_nobody_is_at_work() {
    let mut upload = completed();
    let mut held = holding_original(&upload);
    held.variants = vec![listed_variant(&upload, "640x480.webp")];
    upload.image = Some(ImageRecord::pending());
    upload.due_at = Some(begin().plus_seconds(2 * HOUR));
    assert_eq!(found(&upload, &held, 2), [], "a worker may be about to record it");
    upload.image = None;
    assert_eq!(found(&upload, &held, 2), [(Kind::VariantWithoutRecord, Remedy::ByHand)]);
    assert_eq!(found(&upload, &held, 0), []);
}

#[test]
fn a_record_is_overdue_an_hour_after_it_was_due() {
    let upload = an_upload().build();
    assert_eq!(found(&upload, &Holdings::default(), 24), []);
    assert_eq!(found(&upload, &Holdings::default(), 25), [(Kind::Overdue, Remedy::ByHand)]);
}

#[test]
fn an_open_upload_whose_parts_s3_has_lost_is_named() {
    let upload = an_upload().in_state(UploadState::Active).with(|upload| {
        upload.multipart =
            Some(shared::record::Multipart { s3_upload_id: "s3".to_owned(), checksum_type: None });
    });
    let upload = upload.build();
    assert_eq!(found(&upload, &holding_multipart(&upload, "s3"), 0), []);
    assert_eq!(found(&upload, &Holdings::default(), 0), [(Kind::MultipartMissing, Remedy::ByHand)]);
}

#[test]
fn a_variant_of_another_size_is_made_anew() {
    let mut upload = completed();
    with_variant(&mut upload, "640x480.webp");
    let mut held = holding_original(&upload);
    held.variants = vec![ListedObject { size_bytes: 9, ..listed_variant(&upload, "640x480.webp") }];
    assert_eq!(found(&upload, &held, 1_000), [(Kind::VariantDiffers, Remedy::RemakeImage)]);
}
