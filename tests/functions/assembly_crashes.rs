//! Assembly breaks at every call of every port, in every way.

use longshore_tests::{Break, Breaker, World};
use serde_json::json;
use shared::record::{FileRecord, ImageState};
use shared::upload::{Upload, UploadState};

use crate::steps::{completing_movie, key_of, photo, send_single};

/// The uploads that are assembled.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Multipart,
    Photo,
}

/// An upload whose message waits.
async fn waiting(world: &World, kind: Kind) -> String {
    let id = match kind {
        Kind::Multipart => completing_movie(world, 40).await,
        Kind::Photo => send_single(world, photo(), json!({})).await,
    };
    world.queue_s3_events();
    id
}

/// What must be the same whatever broke. The time of completion and the number of attempts may differ.
fn end_state(upload: Upload) -> (UploadState, Option<FileRecord>, Option<ImageState>) {
    let file = upload.file.map(|file| FileRecord { completed_at: upload.created_at, ..file });
    (upload.state, file, upload.image.map(|image| image.state))
}

#[tokio::test]
async fn assembly_that_breaks_at_any_call_ends_in_the_same_record() {
    for kind in [Kind::Multipart, Kind::Photo] {
        for repeat_succeeds in [true, false] {
            let undisturbed = World::new();
            let id = waiting(&undisturbed, kind).await;
            undisturbed.settle().await;
            let expected = end_state(undisturbed.upload(&id));
            assert_eq!(expected.0, UploadState::Completed);
            for how in Break::ALL {
                for call in 1.. {
                    let context = format!("{kind:?}, call {call}, {how:?}, {repeat_succeeds}");
                    let world = World::new();
                    world.store.set_repeated_complete_succeeds(repeat_succeeds);
                    let id = waiting(&world, kind).await;
                    world.log.clear();
                    let breaker = Breaker::at(call, how);
                    world.log.set_gate(breaker.clone());
                    let message = world.assembly_queue.take_all().remove(0);
                    let answer = breaker.run(world.deliver_to_assembly(&message.body)).await;
                    world.log.remove_gate();
                    if breaker.strikes() == 0 {
                        assert!(call > 6, "{context}");
                        break;
                    }
                    let comes_again = answer.is_none_or(|answer| !answer.batch_item_failures.is_empty());
                    assert!(comes_again, "{context}: a broken delivery is not acknowledged");
                    // The message is lost for good, and cleanup has to find out.
                    if call % 2 == 0 {
                        world.assembly_queue.put_in(message);
                    }
                    world.come_to_rest().await;
                    assert_eq!(end_state(world.upload(&id)), expected, "{context}");
                    assert_eq!(world.store.version_count(&key_of(&id)), 1, "{context}");
                    assert_eq!(world.store.open_multipart_count(), 0, "{context}");
                    assert_eq!(world.upload(&id).due_at, None, "{context}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_upload_that_lacks_a_part_is_opened_again_whatever_breaks() {
    for how in Break::ALL {
        for call in 1.. {
            let context = format!("call {call}, {how:?}");
            let world = World::new();
            let alice = world.client("alice");
            let id = completing_movie(&world, 70).await;
            let changed = [3, 34, 70];
            for part in changed {
                crate::steps::replace_part(&world, &id, part, crate::steps::filled(200));
            }
            world.log.clear();
            let breaker = Breaker::at(call, how);
            world.log.set_gate(breaker.clone());
            world.deliver_breaking(&breaker).await;
            world.log.remove_gate();
            if breaker.strikes() == 0 {
                assert!(call > 6, "{context}");
                break;
            }
            world.come_to_rest().await;
            assert_eq!(world.upload(&id).state, UploadState::Active, "{context}");
            assert_eq!(world.table.received_parts(&crate::steps::upload_id(&id)).len(), 67, "{context}");
            assert_eq!(alice.complete(&id).await.refusal(), "409 parts_missing", "{context}");
            for part in changed {
                crate::steps::replace_part(
                    &world,
                    &id,
                    part,
                    crate::steps::filled(u8::try_from(part).unwrap()),
                );
            }
            let answer = alice.complete(&id).await;
            assert_eq!(answer.status, 202, "{context}: {answer:?}");
            world.come_to_rest().await;
            assert_eq!(world.upload(&id).state, UploadState::Completed, "{context}");
        }
    }
}
