//! Every file in `events/`, delivered twice to its function. A file that no case names fails the test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Context, LambdaEvent};
use longshore_tests::{Answer, World};
use serde_json::Value;
use shared::ports::Clock;

use crate::scene::{Scene, UPLOAD_ID};

/// Payload, how things stand, and what comes of it: for a route the status and what the answer says first of state
/// or error; for messages the answer and then the states of upload and image, and of a scan; for the schedule what was done.
const CASES: [(&str, Scene, &str); 48] = [
    ("presign/health.json", Scene::Empty, "200 healthy"),
    ("presign/create_upload.json", Scene::Empty, "201 active"),
    ("presign/create_upload_base64.json", Scene::Empty, "201 active"),
    ("presign/create_upload_iam.json", Scene::EmptyWithIam, "201 active"),
    ("presign/sign_parts.json", Scene::PartsInS3, "200 -"),
    ("presign/get_upload.json", Scene::PartsInS3, "200 active"),
    ("presign/get_upload_with_a_space.json", Scene::PartsInS3, "404 not_found"),
    ("presign/get_upload_without_token.json", Scene::PartsInS3, "401 unauthorized"),
    ("presign/delete_upload.json", Scene::PartsInS3, "200 aborted"),
    ("presign/get_file.json", Scene::ImageHalfDone, "200 partial"),
    ("chunk-complete/report_parts.json", Scene::PartsInS3, "200 active"),
    ("chunk-complete/report_one_part.json", Scene::PartsInS3, "200 active"),
    ("chunk-complete/complete.json", Scene::PartsInS3, "202 completing"),
    ("assembly/upload_message.json", Scene::Completing, "[] completed -"),
    ("assembly/s3_put_event.json", Scene::Single, "[] completed -"),
    ("assembly/s3_put_event_newer_schema.json", Scene::Single, "[] completed -"),
    ("assembly/s3_put_event_escaped_key.json", Scene::Single, "[] completed -"),
    ("assembly/s3_put_event_escaped_twice.json", Scene::Single, "[] active -"),
    ("assembly/s3_put_event_cut_escape.json", Scene::Single, "[] active -"),
    ("assembly/s3_put_event_foreign_key.json", Scene::Single, "[] active -"),
    ("assembly/s3_put_event_foreign_bucket.json", Scene::Single, "[] active -"),
    ("assembly/s3_removed_event.json", Scene::Single, "[] active -"),
    ("assembly/s3_several_records.json", Scene::Single, "[] completed -"),
    ("assembly/s3_test_event.json", Scene::Single, "[] active -"),
    ("assembly/scan_result_clean.json", Scene::ToScan, "[] completed - clean"),
    ("assembly/scan_result_threat.json", Scene::ToScan, "[] completed - infected"),
    ("assembly/scan_result_unsupported.json", Scene::ToScan, "[] completed - unscannable"),
    ("assembly/scan_result_other_tag.json", Scene::ToScan, "[] completed - pending"),
    ("assembly/scan_result_foreign_bucket.json", Scene::ToScan, "[] completed - pending"),
    ("assembly/scan_result_of_nothing.json", Scene::ToScan, "[] completed - pending"),
    ("assembly/unknown_message.json", Scene::Single, "[] active -"),
    ("assembly/bad_upload_id.json", Scene::Single, "[] active -"),
    ("assembly/no_json.json", Scene::Single, "[] active -"),
    ("assembly/newer_message_version.json", Scene::Completing, "[1] completing -"),
    ("assembly/batch.json", Scene::Single, "[4] completed -"),
    ("thumbnail/image_job.json", Scene::Image, "[] completed partial"),
    ("thumbnail/avif_job.json", Scene::ImageHalfDone, "[] completed done"),
    ("thumbnail/s3_multipart_event.json", Scene::Image, "[] completed partial"),
    ("thumbnail/s3_multipart_event_foreign_key.json", Scene::Image, "[] completed pending"),
    ("thumbnail/s3_test_event.json", Scene::Image, "[] completed pending"),
    ("thumbnail/unknown_stage.json", Scene::Image, "[] completed pending"),
    ("thumbnail/newer_message_version.json", Scene::Image, "[1] completed pending"),
    ("thumbnail/no_json.json", Scene::Image, "[] completed pending"),
    ("insights/deep_health.json", Scene::Empty, "200 healthy"),
    ("insights/metrics.json", Scene::Empty, "200 -"),
    ("insights/unknown_window.json", Scene::Empty, "400 invalid_request"),
    ("insights/trends_without_scope.json", Scene::Empty, "403 forbidden"),
    ("cleanup/schedule.json", Scene::Overdue, "1 expired, 1 aborted"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

fn payload(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(name)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|err| panic!("{name}: {err}"))
}

fn files_in(folder: &Path, into: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files_in(&path, into),
            false => {
                into.insert(path);
            }
        }
    }
}

#[test]
fn every_file_has_a_case_and_every_case_a_file() {
    let mut files = BTreeSet::new();
    files_in(&folder(), &mut files);
    let cases: BTreeSet<PathBuf> = CASES.iter().map(|(name, ..)| folder().join(name)).collect();
    assert_eq!(files, cases);
}

/// What comes too early comes again, however often, and what comes later decides: every verdict, in every order.
#[tokio::test]
async fn scan_results_in_any_order_end_in_the_strongest() {
    let names = ["clean", "threat", "unsupported", "other_tag"]
        .map(|name| format!("assembly/scan_result_{name}.json"));
    for first in 0..names.len() {
        for step in [1, 3] {
            let world = Scene::SingleToScan.world().await;
            let order = (0..names.len()).map(|place| &names[(first + place * step) % names.len()]);
            for name in order.clone() {
                let payload = payload(name);
                for _ in 0..2 {
                    assert_eq!(deliver(&world, name, &payload).await, "[1] active -", "{name}");
                }
            }
            deliver(&world, "assembly/s3_put_event.json", &payload("assembly/s3_put_event.json")).await;
            for name in order.clone().chain(order) {
                deliver(&world, name, &payload(name)).await;
            }
            assert_eq!(states(&world), "completed - infected");
        }
    }
}

#[tokio::test]
async fn every_payload_is_handled_by_its_function_however_often_it_comes() {
    for (name, scene, expected) in CASES {
        let world = scene.world().await;
        let payload = payload(name);
        assert_eq!(deliver(&world, name, &payload).await, expected, "{name}");
        // The schedule finds less to do the second time; everything else answers the same.
        match name.starts_with("cleanup/") {
            true => assert_eq!(deliver(&world, name, &payload).await, "0 expired, 0 aborted", "{name}"),
            false => assert_eq!(deliver(&world, name, &payload).await, expected, "{name}, again"),
        }
    }
}

async fn deliver(world: &World, name: &str, payload: &Value) -> String {
    let (function, _) = name.split_once('/').unwrap();
    let mut context = Context::default();
    context.deadline = world.clock.now().plus_seconds(120).as_millis();
    match function {
        "presign" | "chunk-complete" | "insights" => {
            said_first(&world.client("nobody").send_event(payload.clone()).await)
        }
        "assembly" => {
            let event: SqsEvent = serde_json::from_value(payload.clone()).unwrap();
            let answer = assembly::handler::handle(&world.assembly, event).await.unwrap();
            format!("{} {}", redelivered(payload, &answer), states(world))
        }
        "thumbnail" => {
            let event = LambdaEvent::new(serde_json::from_value(payload.clone()).unwrap(), context);
            let answer = thumbnail::handler::handle(&world.thumbnail, event).await.unwrap();
            format!("{} {}", redelivered(payload, &answer), states(world))
        }
        "cleanup" => {
            let event = LambdaEvent::new(payload.clone(), context);
            let report = cleanup::handler::handle(&world.cleanup, event).await.unwrap();
            format!("{} expired, {} aborted", report.uploads_expired, report.multiparts_aborted)
        }
        other => panic!("{other} is no function"),
    }
}

fn said_first(answer: &Answer) -> String {
    let said = ["/error", "/state", "/imageState", "/status"]
        .iter()
        .find_map(|pointer| answer.body.pointer(pointer).and_then(Value::as_str));
    format!("{} {}", answer.status, said.unwrap_or("-"))
}

/// The places in the batch, counted from 1, of the messages that are to come again.
fn redelivered(payload: &Value, answer: &aws_lambda_events::sqs::SqsBatchResponse) -> String {
    let messages = payload["Records"].as_array().unwrap();
    let place = |id: &str| {
        1 + messages.iter().position(|message| message["messageId"] == id).expect("a message of the batch")
    };
    let places: Vec<usize> =
        answer.batch_item_failures.iter().map(|failure| place(&failure.item_identifier)).collect();
    format!("{places:?}")
}

fn states(world: &World) -> String {
    let upload = world.upload(UPLOAD_ID);
    let image = upload.image.as_ref().map(|image| format!("{:?}", image.state).to_lowercase());
    let scan = upload.file.as_ref().and_then(|file| file.scan).map(|scan| format!(" {}", scan.name()));
    format!("{} {}{}", upload.state.name(), image.as_deref().unwrap_or("-"), scan.unwrap_or_default())
}
