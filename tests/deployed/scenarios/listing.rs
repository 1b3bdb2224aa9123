//! More parts than one page of S3's listing.
//!
//! S3 lists 1,000 parts a page, and our plan makes no part smaller than 5 MiB, so a real upload that needs a second
//! page carries five gibibytes: too much for a local AWS that keeps everything in memory. So only the last of the
//! 1,001 parts is real, one byte long as planned. The other 1,000 are single bytes that the test puts into the
//! multipart upload behind the API's back. The functions have to list both pages to find the one part that fits the
//! plan, and to see that none of the others does. The store's own suite lists real pages on S3 in `adapters`.

use serde_json::json;
use shared::plan::PART_SIZE_BYTES_MIN;
use tokio::task::JoinSet;

use crate::bytes::MIB;
use crate::stack::Stack;

const FILLED_PARTS: i32 = 1_000;
const LAST_PART: u16 = 1_001;
const AT_ONCE: usize = 8;

pub(crate) fn a_part_on_the_second_page_of_the_listing_is_seen(stack: &Stack) {
    let alice = stack.owner();
    let size_bytes = 1_000 * 5 * MIB + 1;
    let created = alice.create(&json!({ "filename": "archive.bin", "size": size_bytes,
        "contentType": "application/octet-stream", "partSize": PART_SIZE_BYTES_MIN }));
    let id = created.text("/id");
    assert_eq!(created.body["partCount"], json!(LAST_PART));
    assert_eq!(created.signed_parts().len(), 1_000, "a call signs no more than 1,000 parts");
    fill(stack, id);

    let signed = alice
        .post(&format!("/uploads/{id}/parts/sign"), &json!({ "parts": [{ "partNumber": LAST_PART }] }))
        .signed_parts();
    let last = alice.put_part(&signed[0], b"!");

    let missing = json!([{ "from": 1, "to": 1_000 }]);
    let upload = alice.get(&format!("/uploads/{id}"));
    assert_eq!((&upload.body["receivedParts"], &upload.body["receivedBytes"]), (&json!(1), &json!(1)));
    assert_eq!(upload.body["missing"], missing, "{upload:?}");

    // Without a report: complete looks for itself, through all pages.
    let completing = alice.post_nothing(&format!("/uploads/{id}/complete"));
    assert_eq!(completing.refusal(), "409 parts_missing");
    assert_eq!(completing.body["missing"], missing);
    let reported = alice.report(id, &[last]);
    assert_eq!((reported.status, &reported.body["received"]), (200, &json!(1)), "{reported:?}");

    assert_eq!(alice.delete(&format!("/uploads/{id}")).status, 200);
}

/// Puts one byte into each part but the last.
fn fill(stack: &Stack, id: &str) {
    let record = stack.record(id);
    let (bucket, key) = (stack.text("originalsBucket").to_owned(), stack.key_of(id));
    let s3_upload_id = record.multipart.unwrap().s3_upload_id;
    let s3 = stack.s3();
    stack.wait_for(async {
        let mut sending = JoinSet::new();
        for number in 1..=FILLED_PARTS {
            if AT_ONCE <= sending.len() {
                sending.join_next().await.unwrap().unwrap();
            }
            let part = s3.upload_part().bucket(&bucket).key(&key).upload_id(&s3_upload_id);
            let part = part.part_number(number).body(b".".to_vec().into()).send();
            sending.spawn(async move {
                part.await.unwrap();
            });
        }
        while let Some(sent) = sending.join_next().await {
            sent.unwrap();
        }
    });
}
