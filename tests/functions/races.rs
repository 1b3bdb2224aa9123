//! Two processes at once, stopped at chosen calls.

use longshore_tests::World;
use serde_json::json;
use shared::record::{ImageState, VARIANT_NAMES};
use shared::timestamp::Timestamp;
use shared::upload::UploadState;

use crate::interrupt::{Interrupt, interrupted};
use crate::steps::{
    completing_movie, create_movie, filled, finished_photo, image_state, key_of, number, photo, replace_part,
    send_movie, send_single, upload_id, variant_key, verified_photo,
};

#[tokio::test]
async fn the_last_two_parts_at_once_start_assembly_once_and_never_not_at_all() {
    let world = World::new();
    let alice = world.client("alice");
    for (fake, operation, after) in [
        ("table", "get", false),
        ("store", "list_parts", true),
        ("table", "pages", true),
        ("table", "replace_page", false),
        ("table", "replace_page", true),
        ("table", "replace", false),
        ("table", "replace", true),
        ("assembly-queue", "send", false),
    ] {
        let gate = if after { Interrupt::after(fake, operation) } else { Interrupt::before(fake, operation) };
        let (id, parts) = send_movie(&alice, 2).await;
        // For the later points the held call must be the one that sees everything, so it comes second in time.
        let (one, other) = (json!({ "parts": [parts[0]] }), json!({ "parts": parts }));
        let (first, second) =
            interrupted(&world, &gate, alice.report(&id, &other), alice.report(&id, &one)).await;
        assert_eq!((first.status, second.status), (200, 200), "{fake} {operation}");
        let upload = world.upload(&id);
        assert_eq!(upload.state, UploadState::Completing, "{fake} {operation}");
        assert!(!world.assembly_queue.take_all().is_empty(), "{fake} {operation}");
    }
    for (operation, after) in
        [("replace_page", false), ("replace_page", true), ("pages", true), ("get", true)]
    {
        let gate =
            if after { Interrupt::after("table", operation) } else { Interrupt::before("table", operation) };
        let (id, parts) = send_movie(&alice, 2).await;
        let (one, other) = (json!({ "parts": [parts[0]] }), json!({ "parts": [parts[1]] }));
        let (first, second) =
            interrupted(&world, &gate, alice.report(&id, &one), alice.report(&id, &other)).await;
        assert_eq!((first.status, second.status), (200, 200), "{operation}");
        let started = [&first, &second].iter().filter(|answer| answer.text("/state") == "completing").count();
        assert!(started >= 1, "{operation}");
        assert_eq!(world.upload(&id).state, UploadState::Completing, "{operation}");
        assert!(!world.assembly_queue.take_all().is_empty(), "{operation}");
    }
}

#[tokio::test]
async fn of_two_etags_for_one_part_the_first_to_be_acknowledged_stands() {
    let world = World::new();
    let alice = world.client("alice");
    let created = create_movie(&alice, 2).await;
    let id = created.text("/id");
    let old = alice.put_filled(&created.signed_parts()[0]);
    let gate = Interrupt::before("table", "replace_page");
    let (first, second) = interrupted(&world, &gate, alice.report(id, &old), async {
        // The part is sent again with other bytes, and reported, while the first report is on its way.
        let etag = alice.put(&created.signed_parts()[0], filled(99));
        alice.report(id, &json!({ "partNumber": 1, "etag": etag })).await
    })
    .await;
    assert_eq!((first.refusal().as_str(), second.status), ("409 part_conflict", 200));
    let recorded = world.table.received_parts(&upload_id(id));
    assert_eq!(recorded[&number(1)].etag, filled(99).etag());
}

#[tokio::test]
async fn the_report_of_a_part_never_succeeds_once_the_upload_began_to_expire() {
    for (operation, count) in [("pages", 1), ("pages", 3), ("replace_page", 1), ("replace_page", 3)] {
        let world = World::new();
        let alice = world.client("alice");
        let (id, parts) = send_movie(&alice, 3).await;
        world.clock.set(just_before(world.upload(&id).expires_at));
        let gate = Interrupt::before("table", operation);
        let (answer, _) =
            interrupted(&world, &gate, alice.report(&id, &json!({ "parts": parts[..count] })), async {
                world.clock.advance_seconds(2);
                world.clean_up().await
            })
            .await;
        assert_eq!(answer.refusal(), "410 upload_expired", "{operation}");
        assert_eq!(world.upload(&id).state, UploadState::Expiring);
        assert!(world.assembly_queue.messages().is_empty());
        world.come_to_rest().await;
        assert_eq!(world.upload(&id).state, UploadState::Expired);
    }
}

#[tokio::test]
async fn of_the_last_report_and_expiry_the_first_to_be_stored_wins() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 2).await;
    world.clock.set(just_before(world.upload(&id).expires_at));
    let report = json!({ "parts": parts });
    // Expiry is stored first.
    let gate = Interrupt::before("table", "replace");
    let (answer, _) = interrupted(&world, &gate, alice.report(&id, &report), async {
        world.clock.advance_seconds(1);
        world.clean_up().await
    })
    .await;
    assert_eq!(answer.refusal(), "410 upload_expired");
    assert_eq!(world.upload(&id).state, UploadState::Expiring);
    assert!(world.assembly_queue.messages().is_empty());
    // The report is stored first, by a machine whose clock is a little behind.
    let (id, parts) = send_movie(&alice, 2).await;
    let report = json!({ "parts": parts });
    world.clock.set(world.upload(&id).expires_at);
    let gate = Interrupt::before("table", "replace");
    let (_, answer) = interrupted(&world, &gate, world.clean_up(), async {
        world.clock.set(just_before(world.upload(&id).expires_at));
        alice.report(&id, &report).await
    })
    .await;
    assert_eq!((answer.status, answer.text("/state")), (200, "completing"));
    world.come_to_rest().await;
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

fn just_before(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis() - 500)
}

#[tokio::test]
async fn a_cancelled_upload_takes_no_report_that_was_on_its_way() {
    for (operation, count) in [("pages", 1), ("pages", 2), ("replace_page", 1), ("replace_page", 2)] {
        let world = World::new();
        let alice = world.client("alice");
        let (id, parts) = send_movie(&alice, 2).await;
        let gate = Interrupt::before("table", operation);
        let path = format!("/uploads/{id}");
        let report = json!({ "parts": parts[..count] });
        let (answer, cancelled) =
            interrupted(&world, &gate, alice.report(&id, &report), alice.delete(&path)).await;
        assert_eq!((answer.refusal().as_str(), cancelled.status), ("409 wrong_state", 200), "{operation}");
        assert!(world.assembly_queue.messages().is_empty());
        assert_eq!(world.upload(&id).state, UploadState::Aborted);
    }
}

#[tokio::test]
async fn of_cancelling_and_completing_exactly_one_wins() {
    let world = World::new();
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, 2).await;
    let path = format!("/uploads/{id}");
    let report = json!({ "parts": parts });
    let gate = Interrupt::before("table", "replace");
    let (cancelled, reported) =
        interrupted(&world, &gate, alice.delete(&path), alice.report(&id, &report)).await;
    assert_eq!((cancelled.refusal().as_str(), reported.status), ("409 wrong_state", 200));
    world.settle().await;
    assert_eq!(world.upload(&id).state, UploadState::Completed);
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_cannot_store_its_verdict() {
    for operation in ["complete_multipart", "look", "read_start"] {
        let world = World::new();
        let id = completing_movie(&world, 2).await;
        let message = world.assembly_queue.take_all().remove(0);
        let gate = Interrupt::before("store", operation);
        let (stale, file) = interrupted(&world, &gate, world.deliver_to_assembly(&message.body), async {
            world.clock.advance_seconds(331);
            let answer = world.deliver_to_assembly(&message.body).await;
            assert!(answer.batch_item_failures.is_empty(), "{operation}");
            world.upload(&id).file
        })
        .await;
        assert_eq!(stale.batch_item_failures.len(), 1, "{operation}");
        let upload = world.upload(&id);
        assert_eq!((upload.state, upload.file), (UploadState::Completed, file), "{operation}");
        assert_eq!(upload.assembly_attempts, 2);
    }
}

#[tokio::test]
async fn a_stale_worker_does_not_take_off_the_record_what_was_recorded_since() {
    // It has seen that part 2 is another, and freezes at some point before it does anything about it.
    for gate in [Interrupt::after("store", "list_parts"), Interrupt::before("table", "replace_page")] {
        let world = World::new();
        let alice = world.client("alice");
        let id = completing_movie(&world, 2).await;
        let message = world.assembly_queue.take_all().remove(0);
        replace_part(&world, &id, 2, filled(7));
        let (stale, ()) = interrupted(&world, &gate, world.deliver_to_assembly(&message.body), async {
            world.clock.advance_seconds(331);
            world.deliver_to_assembly(&message.body).await;
            assert_eq!(world.upload(&id).state, UploadState::Active);
            let etag = filled(7).etag();
            let answer = alice.report(&id, &json!({ "partNumber": 2, "etag": etag.as_str() })).await;
            assert_eq!(answer.text("/state"), "completing");
        })
        .await;
        assert_eq!(stale.batch_item_failures.len(), 1);
        assert_eq!(world.table.received_parts(&upload_id(&id)).len(), 2);
        world.settle().await;
        assert_eq!(world.upload(&id).state, UploadState::Completed);
    }
}

#[tokio::test]
async fn a_stale_image_worker_does_not_undo_what_another_finished() {
    for after in [false, true] {
        let world = World::new();
        let id = verified_photo(&world).await;
        let message = world.image_queue.take_all().remove(0);
        let gate =
            if after { Interrupt::after("store", "write") } else { Interrupt::before("store", "write") };
        interrupted(&world, &gate, world.deliver_to_thumbnail(&message.body), async {
            world.clock.advance_seconds(151);
            world.deliver_to_thumbnail(&message.body).await;
            world.settle().await;
            assert_eq!(image_state(&world, &id), Some(ImageState::Done));
        })
        .await;
        let upload = world.upload(&id);
        assert_eq!(image_state(&world, &id), Some(ImageState::Done));
        assert_eq!((upload.due_at, upload.image.unwrap().variants.len()), (None, 10));
    }
}

#[tokio::test]
async fn two_sweeps_at_once_do_no_harm() {
    for operation in ["look", "delete"] {
        let world = World::new();
        let id = finished_photo(&world, json!({ "fileExpiresInSeconds": 3600 })).await;
        world.clock.set(world.upload(&id).due_at.unwrap());
        let gate = Interrupt::before("store", operation);
        interrupted(&world, &gate, world.clean_up(), world.clean_up()).await;
        world.come_to_rest().await;
        let upload = world.upload(&id);
        assert!(upload.file.unwrap().removed_at.is_some());
        assert_eq!((upload.due_at, world.store.object(&key_of(&id))), (None, None));
    }
    for operation in ["list_parts", "abort_multipart"] {
        let world = World::new();
        let (id, _) = send_movie(&world.client("alice"), 2).await;
        world.clock.set(world.upload(&id).expires_at);
        let gate = Interrupt::before("store", operation);
        interrupted(&world, &gate, world.clean_up(), world.clean_up()).await;
        world.come_to_rest().await;
        assert_eq!(world.upload(&id).state, UploadState::Expired);
        assert_eq!(world.store.open_multipart_count(), 0);
    }
}

#[tokio::test]
async fn a_file_that_is_removed_while_its_variants_are_written_leaves_none() {
    for operation in ["write", "read_start"] {
        for after in [false, true] {
            let world = World::new();
            let id = send_single(&world, photo(), json!({ "fileExpiresInSeconds": 60 })).await;
            world.queue_s3_events();
            for message in world.assembly_queue.take_all() {
                world.deliver_to_assembly(&message.body).await;
            }
            let message = world.image_queue.take_all().remove(0);
            let gate = if after {
                Interrupt::after("store", operation)
            } else {
                Interrupt::before("store", operation)
            };
            interrupted(&world, &gate, world.deliver_to_thumbnail(&message.body), async {
                world.clock.advance_seconds(61);
                world.clean_up().await
            })
            .await;
            world.come_to_rest().await;
            for name in VARIANT_NAMES {
                assert_eq!(world.store.object(&variant_key(&id, name)), None, "{operation} {name}");
            }
            assert_eq!(world.upload(&id).due_at, None);
        }
    }
}
