//! Where fuzzing starts: every payload of `events/`, and pictures of a few pixels.

use std::path::{Path, PathBuf};

use imaging::{Conditions, Crew, Limits, Look, OutputFormat, VARIANTS};
use serde_json::Value;

/// Two by two pixels, eight bits a colour.
const PNG: &[u8] = b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x02\x00\x00\x00\x02\x08\x02\x00\x00\
    \x00\xfd\xd4\x9a\x73\x00\x00\x00\x12\x49\x44\x41\x54\x78\xda\x63\x38\x21\x22\x22\x72\x42\x84\x01\x42\x01\x00\x1b\
    \xb6\x03\xc1\xe7\x9c\x55\x4b\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

/// One pixel.
const GIF: &[u8] = b"\x47\x49\x46\x38\x39\x61\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x2c\x00\x00\x00\x00\x01\x00\x01\x00\
    \x00\x02\x02\x44\x01\x00\x3b";

/// The events that API Gateway sends, whole.
pub(crate) fn http_events() -> Vec<Vec<u8>> {
    events(&["presign", "chunk-complete"]).iter().map(|event| event.to_string().into_bytes()).collect()
}

/// The bodies of those events.
pub(crate) fn http_bodies() -> Vec<Vec<u8>> {
    let bodies = events(&["presign", "chunk-complete"]);
    bodies.iter().filter_map(|event| event["body"].as_str()).map(|body| body.as_bytes().to_vec()).collect()
}

/// The bodies of the queues' messages, those of S3 among them.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    let batches = events(&["assembly", "thumbnail"]);
    let records = batches.iter().filter_map(|batch| batch["Records"].as_array()).flatten();
    records.filter_map(|record| record["body"].as_str()).map(|body| body.as_bytes().to_vec()).collect()
}

/// A picture of each format.
pub(crate) fn pictures() -> Vec<Vec<u8>> {
    let jpeg = imaging_sample::sample_photo_jpeg(24, 16).unwrap_or_default();
    let mut pictures = vec![PNG.to_vec(), GIF.to_vec()];
    pictures.extend(webp_of(&jpeg));
    pictures.push(jpeg);
    pictures
}

fn webp_of(jpeg: &[u8]) -> Option<Vec<u8>> {
    let spec = VARIANTS.into_iter().find(|spec| spec.format == OutputFormat::WebP)?;
    let (limits, look) = (Limits::default(), Look::default());
    let picture = imaging::decode(jpeg, &[spec], &limits, look).ok()?;
    let conditions = Conditions { limits: &limits, look, time_left: &|| true };
    let mut webp = None;
    imaging::render_all(picture, &[spec], &conditions, &Crew::alone(), &mut |variant| {
        webp = Some(variant.bytes);
    });
    webp
}

/// The payloads of these functions in `events/`.
fn events(functions: &[&str]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let mut paths: Vec<PathBuf> = functions
        .iter()
        .filter_map(|function| std::fs::read_dir(root.join(function)).ok())
        .flat_map(|folder| folder.flatten().map(|entry| entry.path()))
        .collect();
    // In one order everywhere, so that a run can be repeated.
    paths.sort();
    paths.iter().filter_map(|path| serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()).collect()
}
