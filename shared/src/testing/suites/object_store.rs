//! What every store does.

use super::fixtures::{Fixtures, complete, complete_as, open, opened, put_parts, sign, whole_content};
use super::{StoreUnderTest, store_rules};
use crate::ids::PartNumber;
use crate::object_key::ObjectKey;
use crate::part_page::ETag;
use crate::plan::MIB;
use crate::ports::{CompleteOutcome, PartToSign};
use crate::record::Multipart;

/// Runs every check of a store.
pub async fn object_store_suite(test: &StoreUnderTest<'_>) {
    parts_become_one_object_that_can_be_looked_at_and_read(test).await;
    what_was_completed_can_be_completed_again_or_is_unknown(test).await;
    a_wrong_list_or_size_is_refused_and_can_be_put_right(test).await;
    an_object_is_never_overwritten_by_completing(test).await;
    an_aborted_upload_is_unknown(test).await;
    a_long_list_of_parts_comes_in_pages(test).await;
    an_open_upload_is_listed_until_it_is_aborted(test).await;
    a_variant_is_written_over_and_deleted(test).await;
    what_is_not_there_is_not_there(test).await;
    store_rules::whole_checksums_are_kept_as_the_store_said(test).await;
    store_rules::size_and_order_of_parts_are_checked_as_the_store_does(test).await;
}

async fn parts_become_one_object_that_can_be_looked_at_and_read(test: &StoreUnderTest<'_>) {
    let mut upload = Fixtures(test.clock).multipart(5 * MIB + 1000, 5 * MIB);
    let key = upload.object_key();
    open(test, &mut upload, None).await;
    assert_eq!(test.store.look(&key).await.unwrap(), None);

    let parts = put_parts(test, &upload).await;
    let listing = test.store.list_parts(&key, opened(&upload), None).await.unwrap().unwrap();
    let listed: Vec<_> = listing.parts.iter().map(|part| (part.number.get(), part.size_bytes)).collect();
    assert_eq!(listed, [(1, 5 * MIB), (2, 1000)]);
    assert_eq!(listing.next_after, None);
    assert!(listing.parts.iter().zip(&parts).all(|(listed, put)| listed.etag == put.1));

    assert_eq!(complete(test, &upload, &parts, None).await, CompleteOutcome::Completed);
    let facts = test.store.look(&key).await.unwrap().unwrap();
    assert_eq!(facts.size_bytes, 5 * MIB + 1000);
    assert_eq!(facts.upload_id.as_deref(), Some(upload.id.as_str()));
    assert!(!facts.etag.contains('"'), "{}", facts.etag);

    let start = test.store.read_start(&key, &facts.etag, 5).await.unwrap();
    assert_eq!(start.as_deref(), Some([1; 5].as_slice()));
    let all = test.store.read_start(&key, &facts.etag, 6 * MIB).await.unwrap().unwrap();
    assert_eq!(all, whole_content(&upload).start(6 * MIB));
    assert_eq!(test.store.read_start(&key, "another-tag", 5).await.unwrap(), None);

    test.store.delete(&key).await.unwrap();
    assert_eq!(test.store.look(&key).await.unwrap(), None);
    assert_eq!(test.store.read_start(&key, &facts.etag, 5).await.unwrap(), None);
}

async fn what_was_completed_can_be_completed_again_or_is_unknown(test: &StoreUnderTest<'_>) {
    let mut upload = Fixtures(test.clock).multipart(10, 10);
    open(test, &mut upload, None).await;
    let parts = put_parts(test, &upload).await;
    assert_eq!(complete(test, &upload, &parts, None).await, CompleteOutcome::Completed);
    let before = test.store.look(&upload.object_key()).await.unwrap();
    let again = complete(test, &upload, &parts, None).await;
    let expected = [CompleteOutcome::Completed, CompleteOutcome::NoSuchUpload, CompleteOutcome::ObjectExists];
    assert!(expected.contains(&again), "{again:?}");
    assert_eq!(test.store.look(&upload.object_key()).await.unwrap(), before);
    let listing = test.store.list_parts(&upload.object_key(), opened(&upload), None).await.unwrap();
    assert_eq!(listing, None, "a completed upload is gone");
    assert!(
        !test
            .store
            .abort_multipart(upload.object_key().as_str(), &opened(&upload).s3_upload_id)
            .await
            .unwrap()
    );
}

async fn a_wrong_list_or_size_is_refused_and_can_be_put_right(test: &StoreUnderTest<'_>) {
    let mut upload = Fixtures(test.clock).multipart(5 * MIB + 7, 5 * MIB);
    open(test, &mut upload, None).await;
    let parts = put_parts(test, &upload).await;

    let mut other_tag = parts.clone();
    other_tag[1].1 = ETag::parse("00000000000000000000000000000000").unwrap();
    let refused = complete(test, &upload, &other_tag, None).await;
    assert_eq!(refused, CompleteOutcome::PartsRefused("InvalidPart".to_owned()));

    let mut unknown_part = parts.clone();
    unknown_part[1].0 = PartNumber::new(3).unwrap();
    let refused = complete(test, &upload, &unknown_part, None).await;
    assert_eq!(refused, CompleteOutcome::PartsRefused("InvalidPart".to_owned()));

    let refused = complete_as(test, &upload, &parts, None, 5 * MIB + 8).await;
    assert!(matches!(refused, CompleteOutcome::IntegrityRefused(_)), "{refused:?}");
    assert_eq!(test.store.look(&upload.object_key()).await.unwrap(), None);

    assert_eq!(complete(test, &upload, &parts, None).await, CompleteOutcome::Completed);
}

async fn an_object_is_never_overwritten_by_completing(test: &StoreUnderTest<'_>) {
    let mut first = Fixtures(test.clock).multipart(3, 3);
    open(test, &mut first, None).await;
    let mut second = first.clone();
    open(test, &mut second, None).await;
    let first_parts = put_parts(test, &first).await;
    let second_parts = put_parts(test, &second).await;
    assert_eq!(complete(test, &first, &first_parts, None).await, CompleteOutcome::Completed);
    assert_eq!(complete(test, &second, &second_parts, None).await, CompleteOutcome::ObjectExists);
    test.store.abort_multipart(second.object_key().as_str(), &opened(&second).s3_upload_id).await.unwrap();
}

async fn an_aborted_upload_is_unknown(test: &StoreUnderTest<'_>) {
    let mut upload = Fixtures(test.clock).multipart(3, 3);
    open(test, &mut upload, None).await;
    let parts = put_parts(test, &upload).await;
    let part = PartToSign { number: PartNumber::FIRST, checksum: None };
    let signed = sign(test, &upload, part).await;
    let (key, s3_upload_id) = (upload.object_key(), &opened(&upload).s3_upload_id);

    assert!(test.store.abort_multipart(key.as_str(), s3_upload_id).await.unwrap());
    assert!(!test.store.abort_multipart(key.as_str(), s3_upload_id).await.unwrap());
    assert_eq!(test.store.list_parts(&key, opened(&upload), None).await.unwrap(), None);
    assert_eq!(complete(test, &upload, &parts, None).await, CompleteOutcome::NoSuchUpload);
    assert_eq!(test.client.put(&signed, whole_content(&upload)).await.unwrap_err().status, 404);
    let never = Multipart { s3_upload_id: "nothing-like-this".to_owned(), checksum_type: None };
    assert_eq!(test.store.list_parts(&key, &never, None).await.unwrap(), None);
}

async fn a_long_list_of_parts_comes_in_pages(test: &StoreUnderTest<'_>) {
    let mut upload = Fixtures(test.clock).multipart(1_001, 1);
    open(test, &mut upload, None).await;
    put_parts(test, &upload).await;
    let key = upload.object_key();
    let first = test.store.list_parts(&key, opened(&upload), None).await.unwrap().unwrap();
    assert_eq!(first.parts.len(), 1_000);
    assert_eq!(first.next_after.map(PartNumber::get), Some(1_000));
    let second = test.store.list_parts(&key, opened(&upload), first.next_after).await.unwrap().unwrap();
    assert_eq!(second.parts.iter().map(|part| part.number.get()).collect::<Vec<_>>(), [1_001]);
    assert_eq!(second.next_after, None);
    test.store.abort_multipart(key.as_str(), &opened(&upload).s3_upload_id).await.unwrap();
}

async fn an_open_upload_is_listed_until_it_is_aborted(test: &StoreUnderTest<'_>) {
    let mut upload = Fixtures(test.clock).multipart(3, 3);
    open(test, &mut upload, None).await;
    let key = upload.object_key();
    assert!(is_listed(test, &key, &opened(&upload).s3_upload_id).await);
    test.store.abort_multipart(key.as_str(), &opened(&upload).s3_upload_id).await.unwrap();
    assert!(!is_listed(test, &key, &opened(&upload).s3_upload_id).await);
}

async fn is_listed(test: &StoreUnderTest<'_>, key: &ObjectKey, s3_upload_id: &str) -> bool {
    let mut after = None;
    loop {
        let page = test.store.list_open_multiparts(after).await.unwrap();
        let mut matching =
            page.uploads.iter().filter(|open| open.key == key.as_str() && open.s3_upload_id == s3_upload_id);
        if let Some(open) = matching.next() {
            let age = test.clock.now().since(open.initiated_at);
            assert!(age.as_secs() < 3600, "opened {age:?} ago");
            return true;
        }
        after = page.next_after;
        if after.is_none() {
            return false;
        }
    }
}

async fn a_variant_is_written_over_and_deleted(test: &StoreUnderTest<'_>) {
    let upload = Fixtures(test.clock).multipart(3, 3);
    let key = ObjectKey::variant(&upload.owner, &upload.id, "640x480.webp");
    test.store.write(&key, b"first".to_vec(), "image/webp").await.unwrap();
    test.store.write(&key, b"the second".to_vec(), "image/webp").await.unwrap();
    let facts = test.store.look(&key).await.unwrap().unwrap();
    assert_eq!(facts.size_bytes, 10);
    assert_eq!(test.store.read_start(&key, &facts.etag, 3).await.unwrap(), Some(b"the".to_vec()));
    test.store.delete(&key).await.unwrap();
    assert_eq!(test.store.look(&key).await.unwrap(), None);
    test.store.delete(&key).await.unwrap();
}

async fn what_is_not_there_is_not_there(test: &StoreUnderTest<'_>) {
    let upload = Fixtures(test.clock).multipart(3, 3);
    let key = upload.object_key();
    assert_eq!(test.store.look(&key).await.unwrap(), None);
    assert_eq!(test.store.read_start(&key, "tag", 10).await.unwrap(), None);
    assert!(!test.store.abort_multipart(key.as_str(), "nothing-like-this").await.unwrap());
}
