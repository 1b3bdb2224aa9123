//! Messages that are delivered again, as SQS and S3 may at any time, and messages that nobody of ours sent.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::stack::Stack;
use crate::waiting::eventually;

const QUEUES: [&str; 2] = ["assemblyQueueUrl", "imageQueueUrl"];
/// No message of these tests is in work for so long.
const REST: Duration = Duration::from_secs(3);

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
    let put_off = put_off_messages(stack);
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
    wait_until_worked_off(stack, put_off);
    let after = (stack.record(id), stack.versions_of_original(id), stack.stored_variants(id));
    assert_eq!(before, after);
}

/// Waits until no message waits and none is in work; gives how many will come again later, for each queue. Assembly
/// puts a message off when another worker has the upload, as after a race, and that lasts the queue's half hour.
fn put_off_messages(stack: &Stack) -> [u64; 2] {
    let mut seen: Option<([u64; 2], Instant)> = None;
    eventually("the queues come to rest", || {
        let counts = QUEUES.map(|queue| stack.message_counts(queue));
        let put_off = counts.map(|[_, hidden]| hidden);
        let since = match seen {
            Some((same, since)) if same == put_off && counts.iter().all(|[waiting, _]| *waiting == 0) => {
                since
            }
            _ => Instant::now(),
        };
        seen = Some((put_off, since));
        match REST <= since.elapsed() {
            true => Ok(put_off),
            false => Err(format!("{counts:?} messages, waiting and hidden")),
        }
    })
}

/// Waits until all messages but the ones that were put off before have been worked on.
fn wait_until_worked_off(stack: &Stack, put_off: [u64; 2]) {
    eventually("the messages are worked off", || {
        let counts = QUEUES.map(|queue| stack.message_counts(queue));
        match counts.iter().zip(put_off).all(|([waiting, hidden], before)| *waiting == 0 && *hidden <= before)
        {
            true => Ok(()),
            false => Err(format!("{counts:?} messages, waiting and hidden; {put_off:?} hidden before")),
        }
    });
}
