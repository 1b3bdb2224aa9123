//! What browsers may send to the buckets is what the signed URLs ask for, no more and no less.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::checksum::ChecksumAlgorithm;
use shared::plan::MIB;
use shared::ports::{Clock as _, PartToSign, UrlSigner as _};
use shared::testing::{Content, FakeClock, FakeUrlSigner, an_upload, part_number};

use crate::sources::{expect_none, read};
use crate::template::Template;

const ALGORITHMS: [ChecksumAlgorithm; 4] = [
    ChecksumAlgorithm::Crc64nvme,
    ChecksumAlgorithm::Crc32,
    ChecksumAlgorithm::Crc32c,
    ChecksumAlgorithm::Sha256,
];

/// The names of all headers that any signed PUT asks for. A browser sets `content-length` by itself and asks nobody.
async fn signed_headers() -> BTreeSet<String> {
    let (signer, now) = (FakeUrlSigner::default(), FakeClock::default().now());
    let content = Content::bytes(*b"content");
    let mut found = BTreeSet::new();
    for size_bytes in [MIB, 20 * MIB] {
        for algorithm in [None].into_iter().chain(ALGORITHMS.map(Some)) {
            let upload = an_upload().sized(size_bytes);
            let upload = match algorithm {
                Some(algorithm) => upload.with_checksum(algorithm, None).build(),
                None => upload.build(),
            };
            let checksum = algorithm.map(|algorithm| content.checksum(algorithm));
            let part = PartToSign { number: part_number(1), checksum };
            let answer = signer.sign_parts(&upload, &[part], now, 60).await.expect("a signed part");
            found.extend(answer.urls.into_iter().flat_map(|part| part.headers).map(|(name, _)| name));
        }
    }
    assert!(found.remove("content-length"), "the length is always signed");
    found
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn cors_faults(template: &Template, signed: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for (bucket, signed) in [("OriginalsBucket", signed.clone()), ("VariantsBucket", BTreeSet::new())] {
        let rules = template.resource(bucket)["CorsConfiguration"]["CorsRules"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let [rule] = rules.as_slice() else {
            faults.push(format!("{bucket}: {} rules", rules.len()));
            continue;
        };
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{bucket}: {what}"));
            }
        };
        let puts = !signed.is_empty();
        let mut headers = signed;
        headers.insert("range".to_owned());
        expect(texts(&rule["AllowedHeaders"]) == headers, "other headers than what is signed and `range`");
        let methods: &[&str] = if puts { &["GET", "HEAD", "PUT"] } else { &["GET", "HEAD"] };
        expect(texts(&rule["AllowedMethods"]).iter().eq(methods), "other methods");
        expect(rule["AllowedOrigins"] == json!({ "Ref": "AllowedOrigins" }), "other origins");
        expect(
            texts(&rule["ExposedHeaders"]).contains("ETag"),
            "a page cannot read the tag that it must report",
        );
    }
    let origins = template.parameter("AllowedOrigins")["Default"].as_str().unwrap_or("*");
    if origins.contains('*') {
        faults.push("every page may upload unless told otherwise".to_owned());
    }
    faults
}

#[tokio::test]
async fn browsers_may_send_what_is_signed_and_nothing_else() {
    expect_none("CORS of the buckets", &cors_faults(&Template::read(), &signed_headers().await));
}

#[tokio::test]
async fn every_fault_of_the_cors_rules_is_seen() {
    let (text, signed) = (read("template.yaml"), signed_headers().await);
    for (good, bad) in [
        ("              - x-amz-checksum-crc64nvme\n", ""),
        ("              - if-none-match\n", ""),
        (
            "              - x-amz-meta-upload-id\n",
            "              - x-amz-meta-upload-id\n              - x-amz-acl\n",
        ),
        ("AllowedHeaders: [range]", "AllowedHeaders: [\"*\"]"),
        ("AllowedMethods: [PUT, GET, HEAD]", "AllowedMethods: [PUT, GET, HEAD, DELETE]"),
        ("            AllowedOrigins: !Ref AllowedOrigins", "            AllowedOrigins: [\"*\"]"),
        ("ExposedHeaders: [ETag, Location]", "ExposedHeaders: [Location]"),
        ("Default: http://localhost:8080", "Default: \"*\""),
    ] {
        assert!(text.contains(good), "the template no longer says {good}");
        assert!(!cors_faults(&Template::parse(&text.replace(good, bad)), &signed).is_empty(), "{bad}");
    }
}
