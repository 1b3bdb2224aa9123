//! Every call is measured under its own name, once, however many attempts it takes.

use super::scripted_server::{Reply, ScriptedServer};
use crate::aws::Buckets;
use crate::ids::{OwnerId, UploadId};
use crate::object_key::ObjectKey;
use crate::ports::{ObjectStore as _, UploadTable as _};
use crate::telemetry::{Metric, gather};

fn id() -> UploadId {
    UploadId::parse("01K9ZZZZZZZZZZZZZZZZZZZZZZ").unwrap()
}

#[tokio::test]
async fn a_call_that_was_repeated_is_one_call_and_its_repeats_are_counted() {
    let server =
        ScriptedServer::start([Reply::s3_error(503, "SlowDown"), Reply::s3_error(404, "NoSuchKey")]).await;
    let store = server.aws().object_store(Buckets::only_originals("originals", "111122223333"));
    let key = ObjectKey::original(&OwnerId::parse("alice").unwrap(), &id());
    let (looked, samples) = gather(store.look(&key)).await;
    assert_eq!(looked.unwrap(), None);
    assert_eq!(samples.of(Metric::S3HeadObjectDuration).count(), 1);
    assert_eq!(samples.of(Metric::AwsRetries).sum::<f64>().to_bits(), 1.0_f64.to_bits());
    assert_eq!(samples.of(Metric::AwsThrottled).count(), 0, "the repeat made it good");
}

#[tokio::test]
async fn a_refusal_for_good_and_a_throttle_are_counted_as_what_they_are() {
    let denied = Reply::dynamodb_error(400, "AccessDeniedException");
    let server = ScriptedServer::start([denied]).await;
    let table = server.aws().upload_table("uploads");
    let (got, samples) = gather(table.get(&id())).await;
    got.unwrap_err();
    assert_eq!(samples.of(Metric::AwsDenied).count(), 1);
    assert_eq!(samples.of(Metric::DynamoDbGetItemDuration).count(), 1);

    let throttled = || Reply::dynamodb_error(400, "ThrottlingException");
    let server = ScriptedServer::start([throttled(), throttled(), throttled()]).await;
    let table = server.aws().upload_table("uploads");
    let (got, samples) = gather(table.get(&id())).await;
    got.unwrap_err();
    assert_eq!(samples.of(Metric::AwsThrottled).count(), 1);
    assert_eq!(samples.of(Metric::AwsRetries).count(), 2);
}
