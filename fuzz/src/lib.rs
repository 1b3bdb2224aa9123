//! The parsers of everything that strangers send, as plain functions of bytes. A target of `fuzz_targets/` hands one of
//! them to libFuzzer; the test below gives each a bounded number of changed seeds, the same on every machine.
//!
//! A function panics when its parser does, or when what the parser let through breaks a promise.
#![allow(clippy::panic, reason = "a panic is how a fuzzer learns that it has found something")]

mod seeds;

use std::path::Path;

use imaging::Limits;
use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request};
use shared::config::AuthMode;
use shared::error::Error;
use shared::http_api::{owner, path_segments, read_json, request_id, with_safe_path};
use shared::ids::UploadId;
use shared::plan::{OBJECT_SIZE_BYTES_MAX, PART_SIZE_BYTES_MAX};
use shared::testing::{an_upload, limits};
use shared::timestamp::Timestamp;
use shared::wire::{
    AssemblyMessage, CreateBody, ImageMessage, ReportBody, RequestLimits, S3Event, SignBody,
    check_message_version, parse_parts_to_sign, parse_reported_parts,
};

/// A parser of outside bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name in `fuzz_targets/`.
    pub name: &'static str,
    /// What is given bytes.
    pub function: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
}

impl Target {
    /// Where fuzzing starts.
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        (self.seeds)()
    }
}

/// All of them.
pub const TARGETS: [Target; 6] = [
    Target { name: "http_body", function: http_body, seeds: seeds::http_bodies },
    Target { name: "http_event", function: http_event, seeds: seeds::http_events },
    Target { name: "image_header", function: image_header, seeds: seeds::pictures },
    Target { name: "image_pixels", function: image_pixels, seeds: seeds::pictures },
    Target { name: "queue_message", function: queue_message, seeds: seeds::messages },
    Target { name: "s3_event", function: s3_event, seeds: seeds::messages },
];

/// The bodies of the three routes that take one.
pub fn http_body(bytes: &[u8]) {
    let mut request = Request::new(Body::Binary(bytes.to_vec()));
    request
        .headers_mut()
        .insert(CONTENT_TYPE, lambda_http::http::HeaderValue::from_static("application/json"));
    let limits = RequestLimits { plan: limits(), upload_lifetime_seconds: 86_400 };
    let created = read_json(&request).and_then(|body: CreateBody| body.into_new_upload(&limits));
    if let Some(new) = accepted(created) {
        let lengths = new.plan.part_numbers().map(|number| new.plan.part_length_bytes(number));
        assert_eq!(lengths.sum::<u64>(), new.plan.size_bytes(), "the parts are the file");
        assert!((1..=OBJECT_SIZE_BYTES_MAX).contains(&new.plan.size_bytes()), "a size that no file has");
        assert!(new.plan.part_size_bytes() <= PART_SIZE_BYTES_MAX, "a part that S3 does not take");
        assert!(!new.filename.chars().any(char::is_control), "a name with a control character");
    }
    let upload = an_upload().build();
    let (plan, declared) = (&upload.plan, upload.checksum.as_ref());
    let signed = read_json(&request).and_then(|body: SignBody| parse_parts_to_sign(&body, plan, declared));
    if let Some(parts) = accepted(signed) {
        assert!(parts.iter().all(|part| plan.contains(part.number)), "a part that the plan does not have");
    }
    let reported =
        read_json(&request).and_then(|body: ReportBody| parse_reported_parts(body, plan, declared));
    if let Some(parts) = accepted(reported) {
        assert!(parts.is_sorted_by(|a, b| a.number < b.number), "parts that come twice");
        assert!(parts.iter().all(|part| plan.contains(part.number)), "a part that the plan does not have");
    }
}

/// What was parsed. A refusal must be one that the client is told about, and short.
fn accepted<T>(outcome: Result<T, Error>) -> Option<T> {
    match outcome {
        Ok(parsed) => Some(parsed),
        Err(err) => {
            assert!((400..500).contains(&err.kind().status()), "{}", err.chain());
            assert!(err.to_string().len() < 2_000, "an answer that repeats what was sent");
            None
        }
    }
}

/// The events of API Gateway: path, token and body as Lambda hands them over.
pub fn http_event(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<LambdaRequest>(bytes) else { return };
    if !matches!(event, LambdaRequest::ApiGatewayV2(_)) {
        return;
    }
    let request = Request::from(with_safe_path(event));
    assert!(!path_segments(&request).is_empty(), "a path has a segment");
    let _ = request_id(&request);
    let now = Timestamp::from_seconds(1_800_000_000);
    for mode in [AuthMode::Jwt, AuthMode::Iam] {
        let _ = accepted(owner(&request, mode, now));
    }
}

/// The messages of our own queues.
pub fn queue_message(bytes: &[u8]) {
    let ours =
        serde_json::from_slice::<AssemblyMessage>(bytes).map(|message| (message.version, message.upload_id));
    let image =
        serde_json::from_slice::<ImageMessage>(bytes).map(|message| (message.version, message.upload_id));
    for (version, id) in [ours, image].into_iter().flatten() {
        let _ = check_message_version(version);
        if let Ok(parsed) = UploadId::parse(&id) {
            assert_eq!(parsed.as_str(), id, "an id is one text");
        }
    }
}

/// The events of S3, with the keys in them.
pub fn s3_event(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(event) = S3Event::parse(text) else { return };
    for record in &event.records {
        if let Some(key) = record.created_original("longshore-originals-000000000000-us-east-1") {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/';
            assert!(
                key.as_str().starts_with("u/") && key.as_str().bytes().all(is_plain),
                "a key that is not ours"
            );
        }
    }
}

/// The header of a picture, which is read before any memory is given to it.
pub fn image_header(bytes: &[u8]) {
    let limits = Limits::default();
    if let Ok(header) = imaging::probe(bytes, &limits) {
        assert!(u64::from(header.width) * u64::from(header.height) <= limits.pixels_max, "too many pixels");
        assert!(header.decode_bytes <= limits.decode_bytes_max, "too much memory");
        assert!((1..=8).contains(&header.orientation), "an orientation that there is not");
    }
}

/// The pixels of a small picture, and what is made of them.
pub fn image_pixels(bytes: &[u8]) {
    let limits = Limits { pixels_max: 64 * 64, ..Limits::default() };
    if let Ok(picture) = imaging::decode(bytes, &imaging::VARIANTS, &limits, imaging::Look::default()) {
        let _ = imaging::placeholder(&picture);
    }
}

/// Runs a target without a fuzzer: on the files that the command names, or else writes its seeds into
/// `fuzz/corpus/<target>`, where cargo-fuzz looks for them.
///
/// # Errors
/// When a file cannot be read or written, or when there is no such target.
pub fn without_fuzzer(name: &str) -> std::io::Result<()> {
    let unknown = || std::io::Error::new(std::io::ErrorKind::NotFound, "no target of this name");
    let target = TARGETS.into_iter().find(|target| target.name == name).ok_or_else(unknown)?;
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    for path in &paths {
        (target.function)(&std::fs::read(path)?);
    }
    if paths.is_empty() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in target.seeds().into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use mutatis::Session;

    use super::*;

    /// How many changes a seed gets before the next seed has its turn: few enough to stay near what is valid.
    const CHANGES_MAX: u32 = 8;

    fn expect_survival(target: &Target, bytes: &[u8]) {
        let outcome = catch_unwind(|| (target.function)(bytes));
        assert!(outcome.is_ok(), "{} does not survive \"{}\"", target.name, bytes.escape_ascii());
    }

    /// Tries so many changed seeds: without a fuzzer, which would choose by coverage, and the same on every machine.
    fn run(name: &str, runs: u32) {
        let target = TARGETS.into_iter().find(|target| target.name == name).unwrap();
        let seeds = target.seeds();
        assert!(3 < seeds.len(), "{} has seeds", target.name);
        let mut session = Session::new().seed(0x4c6f_6e67_7368_6f72);
        let mut run = 0;
        for seed in seeds.iter().cycle() {
            expect_survival(&target, seed);
            let mut bytes = seed.clone();
            for _ in 0..CHANGES_MAX {
                session.mutate(&mut bytes).expect("bytes can always be changed");
                expect_survival(&target, &bytes);
                run += 1;
            }
            if runs <= run {
                return;
            }
        }
    }

    #[test]
    fn bodies_of_requests_are_survived_however_they_are_changed() {
        run("http_body", 20_000);
    }

    #[test]
    fn events_of_the_gateway_are_survived_however_they_are_changed() {
        run("http_event", 10_000);
    }

    #[test]
    fn headers_of_pictures_are_survived_however_they_are_changed() {
        run("image_header", 20_000);
    }

    #[test]
    fn pixels_of_pictures_are_survived_however_they_are_changed() {
        run("image_pixels", 1_000);
    }

    #[test]
    fn messages_are_survived_however_they_are_changed() {
        run("queue_message", 20_000);
    }

    #[test]
    fn events_of_s3_are_survived_however_they_are_changed() {
        run("s3_event", 20_000);
    }

    #[test]
    fn what_breaks_a_promise_is_seen() {
        let target = Target { name: "broken", function: |bytes| assert!(bytes.is_empty()), seeds: Vec::new };
        assert!(catch_unwind(|| expect_survival(&target, b"x")).is_err());
    }

    #[test]
    fn every_target_has_its_file() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        assert_eq!(files, TARGETS.map(|target| target.name));
    }
}
