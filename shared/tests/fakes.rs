//! The fakes keep the suites, and step aside where a test tells them to.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of a test; a failed unwrap is a failed test"
)]

use async_trait::async_trait;
use shared::ErrorKind;
use shared::checksum::{ChecksumAlgorithm, ChecksumType};
use shared::part_page::PartPage;
use shared::plan::{MIB, OBJECT_SIZE_BYTES_MAX, PART_SIZE_BYTES_MAX};
use shared::ports::{
    Clock, CompleteOutcome, CompletedObject, NewMultipart, ObjectStore, Queue, UploadTable, WholeChecksum,
    due_shard,
};
use shared::record::{ImageRecord, ImageState, Multipart, Placeholder, VARIANT_NAMES, VariantRecord};
use shared::testing::suites::{
    QueueDrain, StoreRules, StoreUnderTest, object_store_suite, queue_suite, upload_table_suite,
    url_signer_suite,
};
use shared::testing::{
    CallLog, Content, FakeClock, FakeObjectStore, FakeQueue, FakeUploadTable, FakeUrlSigner, Fault, Gate,
    a_file, a_received_part, an_owner, an_upload, part_number,
};
use shared::upload::Upload;

#[tokio::test]
async fn the_fake_store_and_signer_keep_their_suites() {
    let clock = FakeClock::default();
    let (store, signer) = (FakeObjectStore::new(clock.clone()), FakeUrlSigner::default());
    let test = StoreUnderTest {
        store: &store,
        signer: &signer,
        client: &store,
        clock: &clock,
        rules: StoreRules::S3,
    };
    object_store_suite(&test).await;
    url_signer_suite(&test).await;
}

#[tokio::test]
async fn the_fake_table_keeps_its_suite() {
    upload_table_suite(&FakeUploadTable::default(), &FakeClock::default()).await;
}

#[derive(Debug)]
struct Drain<'a>(&'a FakeQueue);

#[async_trait]
impl QueueDrain for Drain<'_> {
    async fn take(&self, count: usize) -> Vec<(String, String)> {
        let messages = self.0.take_all();
        assert_eq!(messages.len(), count);
        messages.into_iter().map(|message| (message.body, message.owner.key_prefix())).collect()
    }
}

#[tokio::test]
async fn the_fake_queue_keeps_its_suite() {
    let queue = FakeQueue::new("assembly");
    queue_suite(&queue, &Drain(&queue)).await;
}

/// Opens `upload` in the store, with checksums.
async fn opened(store: &FakeObjectStore, upload: &Upload) -> Multipart {
    let key = upload.object_key();
    let new = NewMultipart {
        key: &key,
        content_type: "video/mp4",
        upload_id: &upload.id,
        checksum_algorithm: Some(ChecksumAlgorithm::Crc64nvme),
    };
    store.open_multipart(new).await.unwrap()
}

#[tokio::test]
async fn the_largest_file_that_s3_takes_costs_nothing() {
    let store = FakeObjectStore::new(FakeClock::default());
    let upload = an_upload().sized(OBJECT_SIZE_BYTES_MAX).build();
    let (key, multipart) = (upload.object_key(), opened(&store, &upload).await);
    let content = Content::repeated(3, PART_SIZE_BYTES_MAX);
    let mut listed = Vec::new();
    for number in upload.plan.part_numbers() {
        let etag = store.put_part(&key, &multipart, number, content.clone()).unwrap();
        listed.push((number, etag));
    }
    let checksum = content.checksum(ChecksumAlgorithm::Crc64nvme);
    let order = CompletedObject {
        key: &key,
        multipart: &multipart,
        parts: listed.iter().map(|(number, etag)| (*number, etag, Some(&checksum))).collect(),
        size_bytes: OBJECT_SIZE_BYTES_MAX,
        checksum: Some(WholeChecksum::FullObject(
            Content::repeated(3, OBJECT_SIZE_BYTES_MAX).checksum(ChecksumAlgorithm::Crc64nvme),
        )),
    };
    assert_eq!(store.complete_multipart(order).await.unwrap(), CompleteOutcome::Completed);
    assert_eq!(store.object(&key).unwrap().content.size_bytes(), OBJECT_SIZE_BYTES_MAX);
}

#[tokio::test]
async fn a_store_without_full_object_checksums_says_so_when_the_upload_is_opened() {
    let store = FakeObjectStore::new(FakeClock::default());
    store.set_checksum_type(ChecksumType::Composite);
    let upload = an_upload().build();
    assert_eq!(opened(&store, &upload).await.checksum_type, Some(ChecksumType::Composite));
}

#[tokio::test]
async fn a_part_in_flight_revives_an_aborted_upload_until_it_is_aborted_again() {
    let store = FakeObjectStore::new(FakeClock::default());
    let upload = an_upload().build();
    let (key, multipart) = (upload.object_key(), opened(&store, &upload).await);
    let abort = || store.abort_multipart(key.as_str(), &multipart.s3_upload_id);
    assert!(abort().await.unwrap());
    store.land_part_after_abort(&multipart, part_number(1), Content::repeated(0, 5 * MIB));
    assert_eq!(store.open_multipart_count(), 1);
    assert!(abort().await.unwrap());
    assert!(!abort().await.unwrap());
}

#[tokio::test]
async fn a_fault_before_changes_nothing_and_a_fault_after_loses_the_reply_alone() {
    let table = FakeUploadTable::default();
    let upload = an_upload().build();
    table.fail_next("create", Fault::Before(ErrorKind::Unavailable));
    table.fail_next("create", Fault::AfterEffect(ErrorKind::Unavailable));
    assert_eq!(table.create(&upload).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(table.upload(&upload.id), None);
    assert_eq!(table.create(&upload).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(table.upload(&upload.id), Some(upload.clone()));
    assert!(!table.create(&upload).await.unwrap());
    assert_eq!(table.points().count("create"), 3);
}

#[tokio::test]
async fn a_hook_acts_between_a_read_and_the_write_that_follows() {
    let table = std::sync::Arc::new(FakeUploadTable::default());
    let upload = an_upload().build();
    table.put(&upload);
    let read = table.get(&upload.id).await.unwrap().unwrap();
    let (rival, id) = (table.clone(), upload.id.clone());
    table
        .points()
        .before_next("replace", move || rival.change(&id, |upload| upload.filename = "theirs".to_owned()));
    assert!(!table.replace(&read).await.unwrap());
    assert_eq!(table.upload(&upload.id).unwrap().filename, "theirs");
}

/// Fails the call of one number.
#[derive(Debug)]
struct FailAt(u64);

#[async_trait]
impl Gate for FailAt {
    async fn before(&self, call: &shared::testing::Call) -> Option<Fault> {
        (call.number == self.0).then_some(Fault::Before(ErrorKind::Unavailable))
    }
}

#[tokio::test]
async fn all_fakes_of_a_system_share_one_order_of_numbered_calls() {
    let log = CallLog::default();
    let table = FakeUploadTable::with_log(log.clone());
    let queue = FakeQueue::with_log("assembly", log.clone());
    log.set_gate(std::sync::Arc::new(FailAt(2)));
    let upload = an_upload().build();
    assert!(table.create(&upload).await.unwrap());
    assert!(queue.send("job", &upload.owner).await.is_err());
    assert!(queue.send("job", &upload.owner).await.is_ok());
    let order: Vec<_> =
        log.calls().iter().map(|call| (call.number, call.fake.clone(), call.operation)).collect();
    let expected = [(1, "table", "create"), (2, "assembly", "send"), (3, "assembly", "send")];
    assert_eq!(order, expected.map(|(number, fake, operation)| (number, fake.to_owned(), operation)));
}

#[tokio::test]
async fn a_lagging_index_shows_what_was_due_before() {
    let (table, clock) = (FakeUploadTable::default(), FakeClock::default());
    let upload = an_upload().with(|upload| upload.due_at = Some(FakeClock::default().now())).build();
    let due = || table.due(due_shard(&upload.id), clock.now(), 10);
    table.put(&upload);
    table.let_due_index_lag();
    table.change(&upload.id, |upload| upload.due_at = None);
    assert_eq!(due().await.unwrap(), vec![upload.id.clone()]);
    table.let_due_index_catch_up();
    assert_eq!(due().await.unwrap(), []);
}

#[tokio::test]
async fn a_damaged_record_is_reported_with_the_attribute_that_is_wrong() {
    let table = FakeUploadTable::default();
    let upload = an_upload().build();
    table.put(&upload);
    table.damage(&upload.id, "cr");
    let err = table.get(&upload.id).await.unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Internal);
    assert!(err.chain().contains("attribute cr"), "{}", err.chain());
    assert!(!err.to_string().contains("cr "), "the client learns nothing of the table");
}

/// Every variant there is, of an image that fills none of the boxes.
fn variants() -> Vec<VariantRecord> {
    let variant = |name: &&str| VariantRecord {
        name: (*name).to_owned(),
        format: name.rsplit_once('.').unwrap().1.to_owned(),
        width: 1620,
        height: 1080,
        bytes: 234_567,
    };
    VARIANT_NAMES.iter().map(variant).collect()
}

#[tokio::test]
async fn the_record_of_a_typical_image_fits_one_write_unit() {
    let (store, table) = (FakeObjectStore::new(FakeClock::default()), FakeUploadTable::default());
    let content = Content::repeated(0, 20 * MIB);
    let upload = an_upload()
        .owned_by(&"o".repeat(40))
        .with_checksum(ChecksumAlgorithm::Crc64nvme, Some(&content))
        .with(|upload| upload.filename = format!("{}.jpg", "f".repeat(36)))
        .with(|upload| upload.content_type = "image/jpeg".to_owned())
        .build();
    let multipart = opened(&store, &upload).await;
    assert!(multipart.s3_upload_id.len() >= 128);
    let file = a_file(&content, upload.created_at.plus_seconds(60));
    let image = ImageRecord {
        state: ImageState::Done,
        width: Some(4032),
        height: Some(3024),
        placeholder: Some(Placeholder {
            thumb_hash: "3OcRJYB4d3h/iIeHeEh3eIhw+j2w".to_owned(),
            dominant_color: "#a0b1c2".to_owned(),
        }),
        variants: variants(),
        ..ImageRecord::pending()
    };
    let active = Upload { multipart: Some(multipart), ..upload.clone() };
    table.put(&active);
    let active_bytes = table.record_size_bytes(&upload.id);
    table.put(&Upload { file: Some(file), image: Some(image), ..active });
    let done_bytes = table.record_size_bytes(&upload.id);
    assert_eq!(table.upload(&upload.id).unwrap().image.unwrap().variants, variants());
    assert!(active_bytes <= 600, "{active_bytes} bytes while active");
    assert!(done_bytes <= 1_024, "{done_bytes} bytes with file and variants");
}

#[tokio::test]
async fn a_write_costs_a_unit_for_the_item_and_one_for_each_index_entry_that_appears() {
    let table = FakeUploadTable::default();
    let mut upload = an_upload().build();
    table.create(&upload).await.unwrap();
    assert_eq!((table.units().table_writes, table.units().index_writes), (1, 2));

    table.reset_units();
    upload.assembly_attempts = 1;
    table.replace(&upload).await.unwrap();
    assert_eq!(
        (table.units().table_writes, table.units().index_writes),
        (1, 0),
        "no key of an index changed"
    );

    table.reset_units();
    upload.version += 1;
    upload.due_at = upload.due_at.map(|at| at.plus_seconds(1));
    table.replace(&upload).await.unwrap();
    assert_eq!(table.units().index_writes, 2, "an entry moves by a delete and a put");

    table.reset_units();
    upload.version += 1;
    upload.due_at = None;
    table.replace(&upload).await.unwrap();
    assert_eq!(table.units().index_writes, 1);

    table.reset_units();
    assert!(!table.replace(&upload).await.unwrap());
    assert_eq!(table.units().writes(), 1, "a refused write is charged too");
}

#[tokio::test]
async fn ten_thousand_parts_are_recorded_with_one_unit_a_page() {
    let table = FakeUploadTable::default();
    let upload = an_upload().sized(OBJECT_SIZE_BYTES_MAX).build();
    let part = a_received_part(&Content::repeated(1, 100), Some(ChecksumAlgorithm::Crc64nvme));
    for number in 0..313_u16 {
        let first = u32::from(number) * 32 + 1;
        let parts = (first..(first + 32).min(10_001)).map(|n| (part_number(n), part.clone())).collect();
        let page = PartPage { number, parts, ..PartPage::default() };
        assert!(table.replace_page(&upload.id, None, &page, upload.expires_at).await.unwrap());
    }
    assert_eq!(table.units().writes(), 313);
    table.reset_units();
    let pages = table.pages(&upload.id, 0..=312).await.unwrap();
    assert_eq!(pages.iter().map(|page| page.parts.len()).sum::<usize>(), 10_000);
    assert!(table.units().read_halves <= 2 * 75, "{:?}", table.units());
}

#[tokio::test]
async fn an_owner_never_shows_in_a_queue_message_group() {
    let queue = FakeQueue::new("image");
    queue.send("job", &an_owner("alice")).await.unwrap();
    assert_eq!(queue.messages()[0].owner, an_owner("alice"));
    assert!(!format!("{:?}", queue.messages()).contains("alice"));
}
