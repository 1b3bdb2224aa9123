//! Breaks at every call of chunk-complete.

use longshore_tests::{Answer, Break, Breaker, World};
use serde_json::{Value, json};
use shared::upload::UploadState;

use crate::steps::{send_movie, upload_id};

/// What a client asks.
#[derive(Clone, Copy, Debug)]
enum Ask {
    FirstParts,
    LastParts,
    Complete,
}

async fn ask(world: &World, id: &str, parts: &[Value], what: Ask) -> Answer {
    let alice = world.client("alice");
    match what {
        Ask::FirstParts => alice.report(id, &json!({ "parts": &parts[..36] })).await,
        Ask::LastParts => alice.report(id, &json!({ "parts": &parts[36..] })).await,
        Ask::Complete => alice.complete(id).await,
    }
}

/// Breaks call number `call` of one request; gives whether there was such a call.
async fn break_one(what: Ask, call: u64, how: Break, retries: bool) -> bool {
    let world = World::new();
    let (id, parts) = send_movie(&world.client("alice"), 40).await;
    if matches!(what, Ask::LastParts) {
        ask(&world, &id, &parts, Ask::FirstParts).await;
    }
    world.log.clear();
    let breaker = Breaker::at(call, how);
    world.log.set_gate(breaker.clone());
    let broken = breaker.run(ask(&world, &id, &parts, what)).await;
    world.log.remove_gate();
    let context = format!("{what:?}, call {call}, {how:?}");
    if breaker.strikes() == 0 {
        return false;
    }
    if let Some(answer) = broken {
        assert_eq!(answer.refusal(), "503 unavailable", "{context}");
    }
    if retries {
        let repeated = ask(&world, &id, &parts, what).await;
        assert!([200, 202].contains(&repeated.status), "{context}: {repeated:?}");
        if matches!(what, Ask::FirstParts) {
            assert_eq!(repeated.body["received"], 36, "{context}");
            assert_eq!(world.table.received_parts(&upload_id(&id)).len(), 36, "{context}");
            assert_eq!(ask(&world, &id, &parts, Ask::LastParts).await.status, 200, "{context}");
        }
        assert!(!world.assembly_queue.messages().is_empty(), "{context}");
        world.settle().await;
    } else if world.upload(&id).state == UploadState::Completing {
        // Nobody asks again: cleanup sees to it.
        world.come_to_rest().await;
    } else {
        return true;
    }
    assert_eq!(world.upload(&id).state, UploadState::Completed, "{context}");
    assert_eq!(world.store.open_multipart_count(), 0, "{context}");
    true
}

#[tokio::test]
async fn a_request_that_breaks_at_any_call_may_be_repeated() {
    for what in [Ask::FirstParts, Ask::LastParts, Ask::Complete] {
        for how in Break::ALL {
            let mut call = 1;
            while break_one(what, call, how, true).await {
                call += 1;
            }
            assert!(call > 4, "{what:?} makes calls");
        }
    }
}

#[tokio::test]
async fn a_request_that_breaks_after_the_last_part_was_in_is_mended_without_the_client() {
    for what in [Ask::LastParts, Ask::Complete] {
        for how in Break::ALL {
            let mut call = 1;
            while break_one(what, call, how, false).await {
                call += 1;
            }
        }
    }
}

#[tokio::test]
async fn a_crash_between_the_state_and_the_message_is_mended_by_a_repeat_and_by_cleanup() {
    for repeats in [true, false] {
        let world = World::new();
        let alice = world.client("alice");
        let (id, parts) = send_movie(&alice, 2).await;
        let crash = shared::testing::Fault::Before(shared::error::ErrorKind::Unavailable);
        world.assembly_queue.fail_next("send", crash);
        let report = json!({ "parts": parts });
        assert_eq!(alice.report(&id, &report).await.refusal(), "503 unavailable");
        assert_eq!(world.upload(&id).state, UploadState::Completing);
        assert!(world.assembly_queue.messages().is_empty());
        match repeats {
            true => assert_eq!(alice.report(&id, &report).await.status, 200),
            false => {
                assert_eq!(world.clean_up().await.assembly_jobs_resent, 0, "not before it is due");
                assert_eq!(world.clean_up_when_due(&id).await.assembly_jobs_resent, 1);
            }
        }
        assert_eq!(world.assembly_queue.messages().len(), 1);
        world.settle().await;
        assert_eq!(world.upload(&id).state, UploadState::Completed);
    }
}
