//! The buckets of the template are closed, encrypted, reached by TLS alone, and never faster to forget than the service.

use serde_json::{Value, json};

use shared::upload::REOPENED_SECONDS_MAX;

use crate::sources::{expect_none, read};
use crate::template::Template;

const SECONDS_A_DAY: i64 = 24 * 3600;

fn bucket_faults(template: &Template) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, bucket) in template.of_type("AWS::S3::Bucket") {
        let properties = &bucket["Properties"];
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{name}: {what}"));
            }
        };
        let closed = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"]
            .iter()
            .all(|way| properties["PublicAccessBlockConfiguration"][way] == json!(true));
        expect(closed, "it can be made public");
        let owner = &properties["OwnershipControls"]["Rules"][0]["ObjectOwnership"];
        expect(owner == "BucketOwnerEnforced", "objects may belong to others");
        let encryption = &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
        expect(encryption["ServerSideEncryptionByDefault"].is_object(), "it is not encrypted");
        expect(bucket["DeletionPolicy"] == "Retain", "it goes with the stack");
        let denials = denials_of(template, name);
        let plain = json!({ "Bool": { "aws:SecureTransport": "false" } });
        expect(denials.iter().any(|denial| denial["Condition"] == plain), "it is reached without TLS");
    }
    let originals = template.resource("OriginalsBucket");
    let versions = &originals["VersioningConfiguration"]["Status"];
    let rules = originals["LifecycleConfiguration"]["Rules"].as_array().cloned().unwrap_or_default();
    let days =
        rules.iter().find_map(|rule| rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"].as_i64());
    let longest_seconds = template.parameter("UploadLifetimeSeconds")["MaxValue"].as_i64();
    let reopened_seconds = i64::try_from(REOPENED_SECONDS_MAX).ok();
    let longest_seconds = longest_seconds.max(reopened_seconds);
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            faults.push(format!("OriginalsBucket: {what}"));
        }
    };
    expect(versions == "Enabled", "a deleted original is gone at once");
    let outlives = days.zip(longest_seconds).is_some_and(|(days, longest)| longest < days * SECONDS_A_DAY);
    expect(outlives, "its rule aborts uploads that may still be sent");
    faults
}

/// The statements that deny something on a bucket.
fn denials_of(template: &Template, bucket: &str) -> Vec<Value> {
    template
        .of_type("AWS::S3::BucketPolicy")
        .filter(|(_, policy)| policy["Properties"]["Bucket"]["Ref"] == bucket)
        .flat_map(|(_, policy)| {
            policy["Properties"]["PolicyDocument"]["Statement"].as_array().cloned().unwrap_or_default()
        })
        .filter(|statement| statement["Effect"] == "Deny" && statement["Principal"] == "*")
        .collect()
}

#[test]
fn the_buckets_are_closed_encrypted_and_forget_nothing_too_early() {
    let template = Template::read();
    assert_eq!(template.of_type("AWS::S3::Bucket").count(), 2, "originals and variants");
    expect_none("buckets", &bucket_faults(&template));
}

#[test]
fn every_fault_of_a_bucket_is_seen() {
    let text = read("template.yaml");
    for (good, bad) in [
        ("BlockPublicPolicy: true", "BlockPublicPolicy: false"),
        ("ObjectOwnership: BucketOwnerEnforced", "ObjectOwnership: ObjectWriter"),
        ("ServerSideEncryptionByDefault: { SSEAlgorithm: AES256 }", "BucketKeyEnabled: true"),
        ("DeletionPolicy: Retain", "DeletionPolicy: Delete"),
        ("aws:SecureTransport: \"false\"", "aws:SecureTransport: \"true\""),
        ("VersioningConfiguration: { Status: Enabled }", "VersioningConfiguration: { Status: Suspended }"),
        ("DaysAfterInitiation: 8", "DaysAfterInitiation: 7"),
    ] {
        assert!(text.contains(good), "the template no longer says {good}");
        let broken = Template::parse(&text.replace(good, bad));
        assert!(!bucket_faults(&broken).is_empty(), "{bad}");
    }
}

#[test]
fn a_panic_costs_one_message_no_number_wraps_and_no_symbols_ship() {
    let manifest = read("Cargo.toml");
    let release = manifest.split("[profile.release]").nth(1).and_then(|rest| rest.split("\n[").next());
    let release = release.expect("a release profile");
    assert!(
        ["panic = \"unwind\"", "overflow-checks = true", "strip = true"]
            .iter()
            .all(|line| release.contains(line)),
        "{release}"
    );
}
