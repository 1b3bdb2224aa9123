//! What DynamoDB's answers mean, above all those that were lost.

use super::scripted_server::{Reply, ScriptedServer};
use crate::aws::DynamoUploadTable;
use crate::error::ErrorKind;
use crate::ids::{OwnerId, UploadId};
use crate::plan::{MIB, Plan, Strategy};
use crate::ports::UploadTable;
use crate::record::Priority;
use crate::timestamp::Timestamp;
use crate::upload::{Upload, UploadState};

fn upload() -> Upload {
    let now = Timestamp::from_seconds(1_795_000_000);
    Upload {
        id: UploadId::generate(now, [7; 10]),
        owner: OwnerId::parse("alice").unwrap(),
        state: UploadState::Active,
        plan: Plan::from_record(Strategy::Multipart, 20 * MIB, 8 * MIB).unwrap(),
        filename: "a".to_owned(),
        content_type: "video/mp4".to_owned(),
        priority: Priority::Normal,
        metadata: std::collections::BTreeMap::new(),
        checksum: None,
        file_lifetime_seconds: None,
        multipart: None,
        created_at: now,
        expires_at: now,
        leased_until: None,
        assembly_attempts: 0,
        reason: None,
        ended_at: None,
        file: None,
        image: None,
        due_at: None,
        ttl_at: None,
        version: 4,
    }
}

fn table(server: &ScriptedServer) -> DynamoUploadTable {
    server.aws().upload_table("uploads")
}

fn refusal(item: &str) -> Reply {
    Reply::new(400, &format!(r#"{{"__type":"a#ConditionalCheckFailedException","message":"m"{item}}}"#))
}

#[tokio::test]
async fn a_put_whose_reply_was_lost_is_known_by_its_tag_when_the_repeat_is_refused() {
    for lost in [Reply::HangUp, Reply::dynamodb_error(500, "InternalServerError")] {
        let server = ScriptedServer::start([lost, Reply::RefuseWithFirstItem]).await;
        assert!(table(&server).replace(&upload()).await.unwrap());
        assert_eq!(server.requests().len(), 2);
    }
    let server = ScriptedServer::start([Reply::HangUp, Reply::RefuseWithFirstItem]).await;
    assert!(table(&server).create(&upload()).await.unwrap());
}

#[tokio::test]
async fn a_rival_that_wrote_the_same_record_is_still_a_rival() {
    let rival = ScriptedServer::start([Reply::new(200, "{}")]).await;
    assert!(table(&rival).replace(&upload()).await.unwrap());
    let body: serde_json::Value = serde_json::from_str(&rival.requests()[0].body).unwrap();
    let server = ScriptedServer::start([refusal(&format!(r#","Item":{}"#, body["Item"]))]).await;
    assert!(!table(&server).replace(&upload()).await.unwrap());
}

#[tokio::test]
async fn a_refusal_without_the_item_is_followed_by_a_read() {
    let server = ScriptedServer::start([refusal(""), Reply::new(200, "{}")]).await;
    assert!(!table(&server).replace(&upload()).await.unwrap());
    let targets: Vec<_> = server
        .requests()
        .iter()
        .filter_map(|request| request.header("x-amz-target").map(str::to_owned))
        .collect();
    assert_eq!(targets, ["DynamoDB_20120810.PutItem", "DynamoDB_20120810.GetItem"]);
}

#[tokio::test]
async fn what_may_pass_and_what_will_not_are_told_apart() {
    for (status, code, expected) in [
        (400, "ProvisionedThroughputExceededException", ErrorKind::Unavailable),
        (400, "ThrottlingException", ErrorKind::Unavailable),
        (400, "RequestLimitExceeded", ErrorKind::Unavailable),
        (400, "ReplicatedWriteConflictException", ErrorKind::Unavailable),
        (400, "SomethingNew", ErrorKind::Unavailable),
        (500, "InternalServerError", ErrorKind::Unavailable),
        (400, "ValidationException", ErrorKind::Internal),
        (400, "ResourceNotFoundException", ErrorKind::Internal),
        (400, "AccessDeniedException", ErrorKind::Internal),
    ] {
        let server = ScriptedServer::start([Reply::dynamodb_error(status, code)]).await;
        let err = table(&server).get(&upload().id).await.unwrap_err();
        assert_eq!(err.kind(), expected, "{code}");
        assert!(err.chain().contains(code), "{}", err.chain());
        assert!(!err.to_string().contains(code), "the client learns nothing of the dependency");
    }
}

#[tokio::test]
async fn every_read_that_decides_is_consistent() {
    let server = ScriptedServer::start([Reply::new(200, r#"{"Items":[]}"#)]).await;
    let table = table(&server);
    assert_eq!(table.get(&upload().id).await.unwrap(), None);
    assert_eq!(table.pages(&upload().id, 0..=3).await.unwrap(), []);
    assert_eq!(table.walk_position().await.unwrap(), None);
    for request in server.requests() {
        assert!(request.body.contains(r#""ConsistentRead":true"#), "{}", request.body);
    }
}

#[tokio::test]
async fn pages_are_read_to_the_end() {
    let item = |sk: &str| format!(r#"{{"pk":{{"S":"U#x"}},"sk":{{"S":"{sk}"}},"b":{{"B":"AQ=="}}}}"#);
    let first = format!(
        r#"{{"Items":[{}],"LastEvaluatedKey":{{"pk":{{"S":"U#x"}},"sk":{{"S":"P#0000"}}}}}}"#,
        item("P#0000")
    );
    let second = format!(r#"{{"Items":[{}]}}"#, item("P#0001"));
    let server = ScriptedServer::start([Reply::new(200, &first), Reply::new(200, &second)]).await;
    let pages = table(&server).pages(&upload().id, 0..=3).await.unwrap();
    assert_eq!(pages.iter().map(|page| page.number).collect::<Vec<_>>(), [0, 1]);
    assert!(server.requests()[1].body.contains("ExclusiveStartKey"));
}
