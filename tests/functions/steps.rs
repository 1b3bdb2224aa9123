//! Steps that many tests begin with.

use longshore_tests::{Answer, Client, World};
use serde_json::{Value, json};
use shared::checksum::ChecksumAlgorithm;
use shared::ids::{PartNumber, UploadId};
use shared::object_key::ObjectKey;
use shared::plan::MIB;
use shared::record::ImageState;
use shared::testing::{Content, an_owner};

/// Parts of five mebibytes: the smallest, so that many fit a small file.
pub(crate) const PART_BYTES: u64 = 5 * MIB;

/// The body of a create with parts of [`PART_BYTES`].
pub(crate) fn movie_body(part_count: u64) -> Value {
    json!({
        "filename": "movie.bin", "size": part_count * PART_BYTES, "partSize": PART_BYTES,
        "contentType": "video/mp4",
    })
}

/// Creates an upload of this many parts and sends none of them.
pub(crate) async fn create_movie(client: &Client<'_>, part_count: u64) -> Answer {
    let created = client.post("/uploads", &movie_body(part_count)).await;
    assert_eq!(created.status, 201, "{created:?}");
    created
}

/// Creates an upload of this many parts and sends all; gives the id and the entries of a report.
pub(crate) async fn send_movie(client: &Client<'_>, part_count: u64) -> (String, Vec<Value>) {
    let created = create_movie(client, part_count).await;
    let parts = created.signed_parts().iter().map(|part| client.put_filled(part)).collect();
    (created.text("/id").to_owned(), parts)
}

/// Sends all parts and reports them: the upload is `completing`, its message waits.
pub(crate) async fn completing_movie(world: &World, part_count: u64) -> String {
    let alice = world.client("alice");
    let (id, parts) = send_movie(&alice, part_count).await;
    let answer = alice.report(&id, &json!({ "parts": parts })).await;
    assert_eq!((answer.status, answer.text("/state")), (200, "completing"));
    id
}

/// A finished file of several parts that is no image.
pub(crate) async fn finished_movie(world: &World) -> String {
    let id = completing_movie(world, 3).await;
    world.settle().await;
    id
}

/// The bytes of a small photo.
pub(crate) fn photo() -> Vec<u8> {
    imaging_sample::sample_photo_jpeg(40, 30).unwrap()
}

/// Creates an upload of these bytes in one PUT, with more fields in the body; gives the answer.
pub(crate) async fn create_single(client: &Client<'_>, bytes: &[u8], more: Value) -> Answer {
    let mut body = json!({ "filename": "photo.jpg", "size": bytes.len(), "contentType": "image/jpeg" });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let created = client.post("/uploads", &body).await;
    assert_eq!((created.status, created.text("/strategy")), (201, "single"), "{created:?}");
    created
}

/// Creates an upload of one PUT and sends it; S3's event waits.
pub(crate) async fn send_single(world: &World, bytes: Vec<u8>, more: Value) -> String {
    let alice = world.client("alice");
    let created = create_single(&alice, &bytes, more).await;
    alice.put(&created.signed_parts()[0], Content::bytes(bytes));
    created.text("/id").to_owned()
}

/// A photo that is a file, whose image job waits.
pub(crate) async fn verified_photo(world: &World) -> String {
    let id = send_single(world, photo(), json!({})).await;
    world.queue_s3_events();
    for message in world.assembly_queue.take_all() {
        world.deliver_to_assembly(&message.body).await;
    }
    assert_eq!(image_state(world, &id), Some(ImageState::Pending));
    id
}

/// A photo with all its variants.
pub(crate) async fn finished_photo(world: &World, more: Value) -> String {
    let id = send_single(world, photo(), more).await;
    world.settle().await;
    assert_eq!(image_state(world, &id), Some(ImageState::Done));
    id
}

/// A photo of two parts, all sent and completing: its bytes are followed by zeros.
pub(crate) async fn completing_photo(world: &World, more: Value) -> String {
    let alice = world.client("alice");
    let mut body = movie_body(2);
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let created = alice.post("/uploads", &body).await;
    let parts = created.signed_parts();
    alice.put(&parts[0], Content::beginning_with(photo(), PART_BYTES));
    alice.put(&parts[1], Content::repeated(0, PART_BYTES));
    let id = created.text("/id");
    assert_eq!(alice.complete(id).await.status, 202);
    id.to_owned()
}

/// How far the image work is.
pub(crate) fn image_state(world: &World, id: &str) -> Option<ImageState> {
    world.upload(id).image.map(|image| image.state)
}

/// The id as the fakes take it.
pub(crate) fn upload_id(id: &str) -> UploadId {
    UploadId::parse(id).unwrap()
}

/// The key of alice's upload.
pub(crate) fn key_of(id: &str) -> ObjectKey {
    ObjectKey::original(&an_owner("alice"), &upload_id(id))
}

/// The key of a variant of alice's upload.
pub(crate) fn variant_key(id: &str, name: &str) -> ObjectKey {
    ObjectKey::variant(&an_owner("alice"), &upload_id(id), name)
}

/// A part number.
pub(crate) fn number(number: u32) -> PartNumber {
    PartNumber::new(number).unwrap()
}

/// What [`Client::put_filled`] puts for a part of [`PART_BYTES`].
pub(crate) fn filled(number: u8) -> Content {
    Content::repeated(number, PART_BYTES)
}

/// The base64 CRC-64/NVME of some content.
pub(crate) fn crc64(content: &Content) -> String {
    content.checksum(ChecksumAlgorithm::Crc64nvme).to_base64()
}

/// Replaces a part in S3 after it was sent, as a client with a live URL can.
pub(crate) fn replace_part(world: &World, id: &str, part: u32, content: Content) -> String {
    let multipart = world.upload(id).multipart.unwrap();
    let etag = world.store.put_part(&key_of(id), &multipart, number(part), content).unwrap();
    etag.as_str().to_owned()
}

/// The ranges of an answer as pairs.
pub(crate) fn ranges(answer: &Answer) -> Vec<(u64, u64)> {
    let list = answer.body["missing"].as_array().unwrap_or_else(|| panic!("no ranges in {answer:?}"));
    list.iter().map(|range| (range["from"].as_u64().unwrap(), range["to"].as_u64().unwrap())).collect()
}
