//! One harmless call for every action of IAM that matters, made with the credentials of some role.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;

use crate::roles::Role;
use crate::stack::Stack;

/// What every probe of S3 reads, writes or deletes.
pub(crate) const ORIGINAL: &str = "u/probe";
pub(crate) const VARIANT: &str = "v/probe";
/// Outside of what any function works on.
const ELSEWHERE: &str = "elsewhere/probe";
const NO_SUCH_UPLOAD: &str = "no-such-upload";

/// All probes: a name that says what is touched, and the action that allows it.
pub(crate) const PROBES: [(&str, &str); 25] = [
    ("read original", "s3:GetObject"),
    ("read variant", "s3:GetObject"),
    ("read elsewhere", "s3:GetObject"),
    ("write original", "s3:PutObject"),
    ("write variant", "s3:PutObject"),
    ("write elsewhere", "s3:PutObject"),
    ("delete original", "s3:DeleteObject"),
    ("delete variant", "s3:DeleteObject"),
    ("tag original", "s3:PutObjectTagging"),
    ("list originals", "s3:ListBucket"),
    ("list variants", "s3:ListBucket"),
    ("list parts", "s3:ListMultipartUploadParts"),
    ("list multiparts", "s3:ListBucketMultipartUploads"),
    ("abort multipart", "s3:AbortMultipartUpload"),
    ("get item", "dynamodb:GetItem"),
    ("put item", "dynamodb:PutItem"),
    ("update item", "dynamodb:UpdateItem"),
    ("delete item", "dynamodb:DeleteItem"),
    ("query table", "dynamodb:Query"),
    ("query due", "dynamodb:Query"),
    ("scan table", "dynamodb:Scan"),
    ("send to assembly", "sqs:SendMessage"),
    ("send to images", "sqs:SendMessage"),
    ("receive from assembly", "sqs:ReceiveMessage"),
    ("receive from images", "sqs:ReceiveMessage"),
];

/// The code of a refusal, if there was one.
fn code<T, E: ProvideErrorMetadata, R>(
    answer: Result<T, aws_sdk_s3::error::SdkError<E, R>>,
) -> Result<(), String> {
    match answer {
        Ok(_) => Ok(()),
        Err(err) => Err(err.as_service_error().and_then(|err| err.code()).unwrap_or("no code").to_owned()),
    }
}

/// Makes a probe in the name of a role; whether it was let through. What comes of it otherwise does not matter.
pub(crate) fn is_let_through(stack: &Stack, role: &Role, probe: &str) -> bool {
    let sdk = stack.sdk_of(role);
    let asked = stack.wait_for(async {
        match probe.split_once(' ') {
            Some((_, "item" | "table" | "due")) => on_table(stack, &sdk, probe).await,
            Some(("send" | "receive", _)) => on_queue(stack, &sdk, probe).await,
            _ => on_store(stack, &sdk, probe).await,
        }
    });
    match asked {
        Err(code) => !matches!(code.as_str(), "AccessDenied" | "AccessDeniedException"),
        Ok(()) => true,
    }
}

async fn on_store(stack: &Stack, sdk: &SdkConfig, probe: &str) -> Result<(), String> {
    let s3 = aws_sdk_s3::Client::new(sdk);
    let (originals, variants) = (stack.text("originalsBucket"), stack.text("variantsBucket"));
    let body = || ByteStream::from_static(b"probe");
    match probe {
        "read original" => code(s3.get_object().bucket(originals).key(ORIGINAL).send().await),
        "read variant" => code(s3.get_object().bucket(variants).key(VARIANT).send().await),
        "read elsewhere" => code(s3.get_object().bucket(originals).key(ELSEWHERE).send().await),
        "write original" => code(s3.put_object().bucket(originals).key(ORIGINAL).body(body()).send().await),
        "write variant" => code(s3.put_object().bucket(variants).key(VARIANT).body(body()).send().await),
        "write elsewhere" => code(s3.put_object().bucket(originals).key(ELSEWHERE).body(body()).send().await),
        "delete original" => code(s3.delete_object().bucket(originals).key("u/nothing").send().await),
        "delete variant" => code(s3.delete_object().bucket(variants).key("v/nothing").send().await),
        "tag original" => {
            let tag = aws_sdk_s3::types::Tag::builder().key("k").value("v").build().unwrap();
            let tags = aws_sdk_s3::types::Tagging::builder().tag_set(tag).build().unwrap();
            code(s3.put_object_tagging().bucket(originals).key(ORIGINAL).tagging(tags).send().await)
        }
        "list originals" => code(s3.list_objects_v2().bucket(originals).prefix("u/").send().await),
        "list variants" => code(s3.list_objects_v2().bucket(variants).prefix("v/").send().await),
        "list parts" => {
            let list = s3.list_parts().bucket(originals).key(ORIGINAL).upload_id(NO_SUCH_UPLOAD);
            code(list.send().await)
        }
        "list multiparts" => code(s3.list_multipart_uploads().bucket(originals).send().await),
        "abort multipart" => {
            let abort = s3.abort_multipart_upload().bucket(originals).key(ORIGINAL).upload_id(NO_SUCH_UPLOAD);
            code(abort.send().await)
        }
        other => panic!("no such probe: {other}"),
    }
}

/// Writes carry a condition that no row meets.
async fn on_table(stack: &Stack, sdk: &SdkConfig, probe: &str) -> Result<(), String> {
    let db = aws_sdk_dynamodb::Client::new(sdk);
    let table = stack.text("table");
    let text = || AttributeValue::S("probe".to_owned());
    let never = "attribute_exists(pk)";
    match probe {
        "get item" => code(db.get_item().table_name(table).key("pk", text()).key("sk", text()).send().await),
        "put item" => {
            let put = db.put_item().table_name(table).item("pk", text()).item("sk", text());
            code(put.condition_expression(never).send().await)
        }
        "update item" => {
            let update = db.update_item().table_name(table).key("pk", text()).key("sk", text());
            code(update.condition_expression(never).send().await)
        }
        "delete item" => {
            let delete = db.delete_item().table_name(table).key("pk", text()).key("sk", text());
            code(delete.condition_expression(never).send().await)
        }
        "query table" => {
            let query = db.query().table_name(table).key_condition_expression("pk = :pk");
            code(query.expression_attribute_values(":pk", text()).send().await)
        }
        "query due" => {
            let query = db.query().table_name(table).index_name("byDue");
            let query = query.key_condition_expression("dueShard = :shard");
            code(query.expression_attribute_values(":shard", text()).send().await)
        }
        "scan table" => code(db.scan().table_name(table).limit(1).send().await),
        other => panic!("no such probe: {other}"),
    }
}

async fn on_queue(stack: &Stack, sdk: &SdkConfig, probe: &str) -> Result<(), String> {
    let sqs = aws_sdk_sqs::Client::new(sdk);
    let queue = match probe.rsplit(' ').next() {
        Some("assembly") => stack.text("assemblyQueueUrl"),
        _ => stack.text("imageQueueUrl"),
    };
    match probe.split(' ').next() {
        Some("send") => code(sqs.send_message().queue_url(queue).message_body("probe").send().await),
        _ => code(sqs.receive_message().queue_url(queue).visibility_timeout(0).send().await),
    }
}
