//! What every table does.

use futures_util::future::join_all;

use super::super::builders::{a_file, a_received_part, an_owner, part_number};
use super::super::content::Content;
use super::Fixtures;
use crate::checksum::{ChecksumAlgorithm, ChecksumType};
use crate::ids::UploadId;
use crate::part_page::PartPage;
use crate::ports::{Clock, IdempotencyKey, IdempotencyRecord, UploadTable, due_shard};
use crate::record::{
    DeclaredChecksum, ImageRecord, ImageState, Multipart, Placeholder, Priority, Reason, VariantRecord,
};
use crate::redacted::Redacted;
use crate::scan::ScanState;
use crate::timestamp::Timestamp;
use crate::upload::Upload;

/// Runs every check of a table.
pub async fn upload_table_suite(table: &dyn UploadTable, clock: &dyn Clock) {
    a_record_reads_back_as_it_was_stored(table, clock).await;
    an_id_is_taken_once(table, clock).await;
    a_record_is_replaced_by_whoever_read_its_last_version(table, clock).await;
    of_many_writers_exactly_one_wins(table, clock).await;
    a_key_is_tied_to_one_upload_until_it_expires(table, clock).await;
    of_many_ties_one_holds_for_all(table, clock).await;
    pages_are_stored_over_what_was_read(table, clock).await;
    a_range_of_pages_comes_in_order(table, clock).await;
    what_is_due_is_listed_in_order_and_no_more(table, clock).await;
    the_place_of_the_walk_is_kept(table).await;
}

/// A record in which every field is set.
fn full_record(clock: &dyn Clock) -> Upload {
    let mut upload = Fixtures(clock).multipart(20 << 20, 8 << 20);
    let now = Timestamp::from_seconds(clock.now().as_seconds());
    let content = Content::repeated(1, 20 << 20);
    upload.owner = an_owner("alice \u{e9} <alice@example.org>");
    upload.priority = Priority::High;
    upload.filename = "\u{1f3d6} holiday.jpg".to_owned();
    upload.metadata.insert("album".to_owned(), String::new());
    upload.metadata.insert("\u{fc}ber".to_owned(), "x".repeat(50));
    let algorithm = ChecksumAlgorithm::Crc64nvme;
    upload.checksum = Some(DeclaredChecksum { algorithm, whole: Some(content.checksum(algorithm)) });
    upload.file_lifetime_seconds = Some(86_400);
    upload.multipart =
        Some(Multipart { s3_upload_id: "s3.Id_-~".to_owned(), checksum_type: Some(ChecksumType::Composite) });
    upload.leased_until = Some(clock.now().plus_seconds(60));
    upload.assembly_attempts = 3;
    upload.reason = Some(Reason::new("parts_missing", "parts 2 to 3 are missing"));
    upload.ended_at = Some(clock.now());
    let mut file = a_file(&content, clock.now());
    file.version_id = Some("v.1".to_owned());
    file.expires_at = Some(clock.now().plus_seconds(86_400));
    file.removed_at = Some(clock.now().plus_seconds(9));
    file.scan = Some(ScanState::Unscannable);
    upload.file = Some(file);
    let variant = |name: &str, format: &str| VariantRecord {
        name: name.to_owned(),
        format: format.to_owned(),
        width: 640,
        height: 480,
        bytes: 12_345,
    };
    upload.image = Some(ImageRecord {
        state: ImageState::Partial,
        attempts: 2,
        claimed_until: Some(clock.now().plus_seconds(30)),
        width: Some(4000),
        height: Some(3000),
        placeholder: Some(Placeholder {
            thumb_hash: "3OcRJYB4d3h/iIeHeEh3eIhw+j2w".to_owned(),
            dominant_color: "#a0b1c2".to_owned(),
        }),
        variants: vec![
            variant("640x480.webp", "webp"),
            variant("640x480.jpg", "jpeg"),
            variant("odd\nname", "avif"),
        ],
        reason: Some(Reason::new("avif_left_out", "the image is too large for AVIF")),
    });
    upload.due_at = Some(now.plus_seconds(7));
    upload.ttl_at = Some(now.plus_seconds(700_000));
    upload
}

async fn a_record_reads_back_as_it_was_stored(table: &dyn UploadTable, clock: &dyn Clock) {
    for upload in [full_record(clock), Fixtures(clock).single(10), Fixtures(clock).multipart(10, 5)] {
        let upload = with_whole_seconds(upload);
        assert_eq!(table.get(&upload.id).await.unwrap(), None);
        assert!(table.create(&upload).await.unwrap());
        assert_eq!(table.get(&upload.id).await.unwrap(), Some(upload));
    }
}

/// Due and TTL are kept in whole seconds, rounded up.
fn with_whole_seconds(mut upload: Upload) -> Upload {
    let rounded = |at: Timestamp| Timestamp::from_seconds(at.as_millis().div_ceil(1_000));
    upload.due_at = upload.due_at.map(rounded);
    upload.ttl_at = upload.ttl_at.map(rounded);
    upload
}

async fn an_id_is_taken_once(table: &dyn UploadTable, clock: &dyn Clock) {
    let first = with_whole_seconds(Fixtures(clock).single(10));
    let mut second = first.clone();
    second.filename = "another".to_owned();
    assert!(table.create(&first).await.unwrap());
    assert!(!table.create(&second).await.unwrap());
    assert_eq!(table.get(&first.id).await.unwrap(), Some(first));
}

async fn a_record_is_replaced_by_whoever_read_its_last_version(table: &dyn UploadTable, clock: &dyn Clock) {
    let upload = with_whole_seconds(Fixtures(clock).single(10));
    assert!(!table.replace(&upload).await.unwrap(), "what was never created cannot be replaced");
    assert!(table.create(&upload).await.unwrap());

    let mut ours = table.get(&upload.id).await.unwrap().unwrap();
    let mut theirs = ours.clone();
    ours.filename = "ours".to_owned();
    theirs.filename = "theirs".to_owned();
    assert!(table.replace(&ours).await.unwrap());
    assert!(!table.replace(&theirs).await.unwrap());

    let mut stored = table.get(&upload.id).await.unwrap().unwrap();
    assert_eq!((stored.filename.as_str(), stored.version), ("ours", upload.version + 1));
    stored.filename = "again".to_owned();
    stored.due_at = None;
    assert!(table.replace(&stored).await.unwrap());
    let last = table.get(&upload.id).await.unwrap().unwrap();
    assert_eq!((last.version, last.due_at), (upload.version + 2, None));
}

async fn of_many_writers_exactly_one_wins(table: &dyn UploadTable, clock: &dyn Clock) {
    let upload = Fixtures(clock).single(10);
    assert!(table.create(&upload).await.unwrap());
    // Equal to the byte, as two workers that take a lease in the same millisecond are.
    let answers = join_all((0..8).map(|_| table.replace(&upload))).await;
    let won = answers.into_iter().filter(|answer| *answer.as_ref().unwrap()).count();
    assert_eq!(won, 1);
}

fn tie(upload: &Upload, expires_at: Timestamp) -> IdempotencyRecord {
    IdempotencyRecord { upload_id: upload.id.clone(), request_digest: "ab".repeat(32), expires_at }
}

fn key_of(upload: &Upload) -> IdempotencyKey {
    IdempotencyKey { owner: upload.owner.clone(), key: Redacted::new(format!("key of {}", upload.id)) }
}

async fn a_key_is_tied_to_one_upload_until_it_expires(table: &dyn UploadTable, clock: &dyn Clock) {
    let (first, second) = (Fixtures(clock).single(10), Fixtures(clock).single(10));
    let now = clock.now();
    let (key, end) = (key_of(&first), now.plus_seconds(100));
    let (one, two) = (tie(&first, end), tie(&second, end.plus_seconds(100)));
    assert_eq!(table.tie_key(&key, &one, now).await.unwrap(), one);
    assert_eq!(table.tie_key(&key, &one, now).await.unwrap(), one);
    assert_eq!(table.tie_key(&key, &two, now).await.unwrap(), one);
    let just_before = Timestamp::from_millis(end.as_millis() - 1);
    assert_eq!(table.tie_key(&key, &two, just_before).await.unwrap(), one);
    assert_eq!(table.tie_key(&key, &two, end).await.unwrap(), two);

    let of_another_owner = IdempotencyKey { owner: an_owner("bob"), key: key.key.clone() };
    assert_eq!(table.tie_key(&of_another_owner, &one, now).await.unwrap(), one);
}

async fn of_many_ties_one_holds_for_all(table: &dyn UploadTable, clock: &dyn Clock) {
    let uploads: Vec<Upload> = (0..8).map(|_| Fixtures(clock).single(10)).collect();
    let now = clock.now();
    let key = key_of(&uploads[0]);
    let records: Vec<_> = uploads.iter().map(|upload| tie(upload, now.plus_seconds(100))).collect();
    let answers = join_all(records.iter().map(|record| table.tie_key(&key, record, now))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

/// Parts of one page, by number and by the byte that fills them.
fn page(number: u16, parts: &[(u32, u8)]) -> PartPage {
    let received = |(part, byte): &(u32, u8)| {
        let content = Content::repeated(*byte, 10);
        (part_number(*part), a_received_part(&content, Some(ChecksumAlgorithm::Crc64nvme)))
    };
    PartPage { number, parts: parts.iter().map(received).collect(), ..PartPage::default() }
}

async fn pages_are_stored_over_what_was_read(table: &dyn UploadTable, clock: &dyn Clock) {
    let id = Fixtures(clock).single(10).id;
    let ttl_at = clock.now().plus_seconds(1_000_000);
    let (one, two, other) = (page(1, &[(33, 1)]), page(1, &[(33, 1), (34, 2)]), page(1, &[(33, 9)]));
    let mut three = page(1, &[(33, 1)]);
    three.replaced.insert(part_number(34), two.parts[&part_number(34)].etag.clone());
    assert!(!table.replace_page(&id, Some(&one), &two, ttl_at).await.unwrap());
    assert!(table.replace_page(&id, None, &one, ttl_at).await.unwrap());
    assert!(!table.replace_page(&id, None, &other, ttl_at).await.unwrap());
    assert!(
        table.replace_page(&id, None, &one, ttl_at).await.unwrap(),
        "the same parts are as good as stored"
    );
    assert!(table.replace_page(&id, Some(&one), &two, ttl_at).await.unwrap());
    assert!(!table.replace_page(&id, Some(&one), &other, ttl_at).await.unwrap());
    assert!(table.replace_page(&id, Some(&two), &three, ttl_at).await.unwrap());
    assert!(!table.replace_page(&id, Some(&one), &other, ttl_at).await.unwrap(), "a replaced part counts");
    assert_eq!(table.pages(&id, 0..=311).await.unwrap(), [three]);
}

async fn a_range_of_pages_comes_in_order(table: &dyn UploadTable, clock: &dyn Clock) {
    let (id, other_id) = (Fixtures(clock).single(10).id, Fixtures(clock).single(10).id);
    let ttl_at = clock.now().plus_seconds(1_000_000);
    let first_part = |number: u16| u32::from(number) * 32 + 1;
    let numbers = [311, 0, 9, 10, 100, 2];
    for number in numbers {
        assert!(
            table.replace_page(&id, None, &page(number, &[(first_part(number), 1)]), ttl_at).await.unwrap()
        );
    }
    table.replace_page(&other_id, None, &page(3, &[(97, 1)]), ttl_at).await.unwrap();
    let numbers_in = |pages: Vec<PartPage>| pages.iter().map(|page| page.number).collect::<Vec<_>>();
    assert_eq!(numbers_in(table.pages(&id, 0..=311).await.unwrap()), [0, 2, 9, 10, 100, 311]);
    assert_eq!(numbers_in(table.pages(&id, 2..=10).await.unwrap()), [2, 9, 10]);
    assert_eq!(numbers_in(table.pages(&id, 3..=8).await.unwrap()), Vec::<u16>::new());
    #[expect(clippy::reversed_empty_ranges, reason = "an empty range must be answered, not refused")]
    let none = table.pages(&id, 5..=4).await.unwrap();
    assert_eq!(none, []);
}

async fn what_is_due_is_listed_in_order_and_no_more(table: &dyn UploadTable, clock: &dyn Clock) {
    // Times that no other check and no other run uses, long ago.
    let [.., random_a, random_b] = clock.random().unwrap();
    let base = Timestamp::from_seconds(1_000_000 + (u64::from(random_a) << 16) + (u64::from(random_b) << 8));
    let shard = due_shard(&Fixtures(clock).single(10).id);
    let mut uploads = Vec::new();
    for seconds in [3_u64, 1, 2, 9] {
        let mut upload = Fixtures(clock).single(10);
        while due_shard(&upload.id) != shard {
            upload = Fixtures(clock).single(10);
        }
        upload.due_at = Some(base.plus_seconds(seconds));
        assert!(table.create(&upload).await.unwrap());
        uploads.push(upload);
    }
    let ids =
        |wanted: &[usize]| wanted.iter().map(|index| uploads[*index].id.clone()).collect::<Vec<UploadId>>();
    let ours = |found: Vec<UploadId>| {
        found.into_iter().filter(|id| uploads.iter().any(|upload| upload.id == *id)).collect::<Vec<_>>()
    };
    let at = |seconds| base.plus_seconds(seconds);
    assert_eq!(ours(table.due(shard, at(3), 100).await.unwrap()), ids(&[1, 2, 0]));
    assert_eq!(table.due(shard, at(3), 2).await.unwrap().len(), 2);
    assert_eq!(ours(table.due((shard + 1) % 8, at(100), 100).await.unwrap()), []);

    let mut finished = table.get(&uploads[1].id).await.unwrap().unwrap();
    finished.due_at = None;
    assert!(table.replace(&finished).await.unwrap());
    let mut later = table.get(&uploads[2].id).await.unwrap().unwrap();
    later.due_at = Some(at(20));
    assert!(table.replace(&later).await.unwrap());
    assert_eq!(ours(table.due(shard, at(30), 100).await.unwrap()), ids(&[0, 3, 2]));
    for upload in &uploads {
        let mut upload = table.get(&upload.id).await.unwrap().unwrap();
        upload.due_at = None;
        assert!(table.replace(&upload).await.unwrap());
    }
}

async fn the_place_of_the_walk_is_kept(table: &dyn UploadTable) {
    let place = Some(("u/00/key".to_owned(), "s3-upload-id".to_owned()));
    table.set_walk_position(place.clone()).await.unwrap();
    assert_eq!(table.walk_position().await.unwrap(), place);
    table.set_walk_position(None).await.unwrap();
    assert_eq!(table.walk_position().await.unwrap(), None);
}
