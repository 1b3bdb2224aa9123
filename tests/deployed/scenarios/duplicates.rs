//! Messages that are delivered again, as SQS and S3 may at any time, and messages that nobody of ours sent.

use serde_json::json;

use crate::stack::Stack;
use crate::waiting::eventually;

const QUEUES: [&str; 2] = ["assemblyQueueUrl", "imageQueueUrl"];

pub(crate) fn messages_that_come_again_change_nothing(stack: &Stack) {
    let alice = stack.owner();
    let photo = imaging_sample::sample_photo_jpeg(160, 120).unwrap();
    let created =
        alice.create(&json!({ "filename": "again.jpg", "size": photo.len(), "contentType": "image/jpeg" }));
    let id = created.text("/id");
    assert_eq!(alice.put(&created.signed_parts()[0], &photo).status, 200);
    alice.completed_file(id);
    eventually("the image work is done", || match alice.get(&format!("/files/{id}")) {
        file if file.text("/imageState") == "done" => Ok(()),
        file => Err(format!("{file:?}")),
    });
    wait_for_rest(stack);
    let before = (stack.record(id), stack.versions_of_original(id), stack.stored_variants(id));

    let assemble = json!({ "version": 1, "uploadId": id }).to_string();
    let image = |stage: &str| json!({ "version": 1, "uploadId": id, "stage": stage }).to_string();
    let event = |name: &str, key: &str| {
        json!({ "Records": [{ "eventName": name, "s3": {
            "bucket": { "name": stack.text("originalsBucket") }, "object": { "key": key } } }] })
        .to_string()
    };
    let key = stack.key_of(id);
    let nowhere = format!("u/{}/00000000000000000000000001", "0".repeat(32));
    for body in
        [assemble.clone(), assemble, event("ObjectCreated:Put", &key), event("ObjectCreated:Put", &nowhere)]
    {
        stack.send_message("assemblyQueueUrl", &body);
    }
    for body in [image("first"), image("avif"), event("ObjectCreated:CompleteMultipartUpload", &key)] {
        stack.send_message("imageQueueUrl", &body);
    }
    // A message that cannot be read must not come back for ever, and must not hold up those behind it.
    for queue in QUEUES {
        stack.send_message(queue, "not ours");
    }
    wait_for_rest(stack);
    let after = (stack.record(id), stack.versions_of_original(id), stack.stored_variants(id));
    assert_eq!(before, after);
}

/// Waits until no message waits or is in work.
fn wait_for_rest(stack: &Stack) {
    eventually("the queues are empty", || match QUEUES.map(|queue| stack.message_count(queue)) {
        [0, 0] => Ok(()),
        counts => Err(format!("{counts:?} messages")),
    });
}
