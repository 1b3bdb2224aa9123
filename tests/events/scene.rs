//! What a payload meets: the upload that all of them name, in the state that the case needs.

use longshore_tests::World;
use serde_json::json;
use shared::checksum::ChecksumAlgorithm;
use shared::config::AuthMode;
use shared::ids::UploadId;
use shared::plan::MIB;
use shared::ports::{NewMultipart, ObjectStore};
use shared::testing::{Content, an_upload, part_number};
use shared::upload::Upload;
use shared::wire::{AssemblyMessage, ImageMessage, ImageStage};

/// The upload that the payloads name; its owner is `alice`.
pub(crate) const UPLOAD_ID: &str = "01JD9M3X8Q5V7K2R4T6W0Y1Z2B";
/// The bucket that the payloads name.
const BUCKET: &str = "longshore-originals-123456789012-us-east-1";

/// How things stand when the payload comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scene {
    /// Nothing has happened.
    Empty,
    /// Nothing has happened, and callers are known by IAM.
    EmptyWithIam,
    /// 20 MiB in three parts; S3 holds all of them and none is reported.
    PartsInS3,
    /// The same, completing.
    Completing,
    /// The same, past its time.
    Overdue,
    /// One PUT, and S3 holds the object.
    Single,
    /// The same where files are scanned.
    SingleToScan,
    /// A file whose verdict is awaited.
    ToScan,
    /// A file that is an image, whose variants are still to be made.
    Image,
    /// The same with the first variants made.
    ImageHalfDone,
}

impl Scene {
    /// A world that stands so.
    pub(crate) async fn world(self) -> World {
        let mut world = match self {
            Self::SingleToScan | Self::ToScan => World::with_scans(),
            _ => World::new(),
        };
        BUCKET.clone_into(&mut world.assembly.originals_bucket);
        BUCKET.clone_into(&mut world.thumbnail.originals_bucket);
        match self {
            Self::Empty => {}
            Self::EmptyWithIam => world.presign.auth_mode = AuthMode::Iam,
            Self::PartsInS3 => open_multipart(&world).await,
            Self::Completing => {
                open_multipart(&world).await;
                let path = format!("/uploads/{UPLOAD_ID}/complete");
                let answer = world.client("alice").post(&path, &json!({})).await;
                assert_eq!(answer.text("/state"), "completing");
            }
            Self::Overdue => {
                open_multipart(&world).await;
                world.clock.advance_seconds(25 * 3600);
            }
            Self::Single | Self::SingleToScan => put_single(&world, Content::repeated(7, 482_133)),
            Self::ToScan => {
                put_single(&world, Content::repeated(7, 482_133));
                let id = UploadId::parse(UPLOAD_ID).unwrap();
                world.deliver_to_assembly(&AssemblyMessage::body_for(&id)).await;
            }
            Self::Image => put_image(&world).await,
            Self::ImageHalfDone => {
                put_image(&world).await;
                let id = UploadId::parse(UPLOAD_ID).unwrap();
                world.deliver_to_thumbnail(&ImageMessage::body_for(&id, ImageStage::First)).await;
            }
        }
        world.assembly_queue.take_all();
        world.image_queue.take_all();
        world
    }
}

fn named(mut upload: Upload) -> Upload {
    upload.id = UploadId::parse(UPLOAD_ID).unwrap();
    upload
}

/// The parts are filled with their own numbers; the reports in `events/` carry the tags of that.
async fn open_multipart(world: &World) {
    let algorithm = ChecksumAlgorithm::Crc64nvme;
    let mut upload = named(an_upload().sized(20 * MIB).with_checksum(algorithm, None).build());
    let key = upload.object_key();
    let new = NewMultipart {
        key: &key,
        content_type: &upload.content_type,
        upload_id: &upload.id,
        checksum_algorithm: Some(algorithm),
    };
    let multipart = world.store.open_multipart(new).await.unwrap();
    for number in upload.plan.part_numbers() {
        let fill = u8::try_from(number.get()).unwrap();
        let content = Content::repeated(fill, upload.plan.part_length_bytes(number));
        world.store.put_part(&key, &multipart, part_number(u32::from(number.get())), content).unwrap();
    }
    upload.multipart = Some(multipart);
    world.table.put(&upload);
}

fn put_single(world: &World, content: Content) {
    let upload = named(an_upload().sized(content.size_bytes()).build());
    world.table.put(&upload);
    world.store.put_object(&upload.object_key(), content, Some(UPLOAD_ID));
}

async fn put_image(world: &World) {
    put_single(world, Content::bytes(imaging_sample::sample_photo_jpeg(320, 240).unwrap()));
    let id = UploadId::parse(UPLOAD_ID).unwrap();
    world.deliver_to_assembly(&AssemblyMessage::body_for(&id)).await;
}
