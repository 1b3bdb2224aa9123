//! Bodies that are JSON, with fields that no upload can have.

use longshore_tests::World;
use serde_json::{Value, json};

use crate::exchange::{an_open_upload, event, footprint, invalid, refusal, refuse_json, send};

fn create_with(field: &str, value: &Value) -> String {
    let mut body = json!({ "filename": "a.bin", "size": 5, "contentType": "text/plain" });
    body[field] = value.clone();
    body.to_string()
}

/// A refusal whose wording is serde's: the code and the start of the sentence are ours.
async fn refuse_shape(world: &World, route: &str, body: &str, why: &str) {
    let before = footprint(world);
    let reply = send(world, event(world, route, body)).await;
    let start =
        format!("400 {{\"error\":\"invalid_request\",\"message\":\"the body is not as expected: {why}");
    assert!(reply.line().starts_with(&start), "{body}\n{}", reply.line());
    assert_eq!(footprint(world), before, "{body}");
}

#[tokio::test]
async fn sizes_that_no_file_has_are_refused() {
    let world = World::new();
    let too_large = |size: &str| {
        let message = format!("size is {size} bytes; this service takes files up to 53687091200000 bytes");
        refusal(413, "file_too_large", &message)
    };
    let size = |text: &str| format!(r#"{{"filename":"a","size":{text},"contentType":"a/b"}}"#);
    refuse_json(&world, "POST /uploads", &size("0"), &invalid("size must be at least 1 byte")).await;
    for text in ["53687091200001", "9223372036854775808", "18446744073709551615"] {
        refuse_json(&world, "POST /uploads", &size(text), &too_large(text)).await;
    }
    for (text, why) in [
        ("-1", "invalid value: integer `-1`, expected a whole number from 0"),
        ("1.5", "invalid type: floating point `1.5`, expected a whole number from 0"),
        ("5.0", "invalid type: floating point `5.0`, expected a whole number from 0"),
        ("1e3", "invalid type: floating point `1000.0`, expected a whole number from 0"),
        ("18446744073709551616", "invalid type: floating point"),
        ("1e999", "number out of range"),
        ("-0", "invalid type: floating point `-0.0`, expected a whole number from 0"),
        ("\\\"5\\\"", "expected value"),
        ("null", "invalid type: null, expected a whole number from 0"),
        ("[5]", "invalid type: sequence, expected a whole number from 0"),
        ("NaN", "expected value"),
    ] {
        refuse_shape(&world, "POST /uploads", &size(text), why).await;
    }
}

#[tokio::test]
async fn part_sizes_that_s3_does_not_take_are_refused() {
    let world = World::new();
    for part_size in [0_u64, 1, 5 * 1024 * 1024 - 1, 5 * 1024 * 1024 * 1024 + 1, u64::MAX] {
        let body =
            json!({ "filename": "a", "size": 1_u64 << 34, "contentType": "a/b", "partSize": part_size });
        let before = footprint(&world);
        let reply = send(&world, event(&world, "POST /uploads", &body.to_string())).await;
        assert!(
            reply.line().starts_with("400 {\"error\":\"invalid_request\",\"message\":\"partSize"),
            "{reply:?}"
        );
        assert_eq!(footprint(&world), before);
    }
}

#[tokio::test]
async fn file_names_that_could_hurt_somebody_are_refused() {
    let world = World::new();
    let long = "x".repeat(4096);
    for (name, why) in [
        ("", "must not be empty"),
        (" \t ", "must not be empty"),
        ("../../etc/passwd", "must be a name without a path"),
        ("C:\\\\autoexec.bat", "must be a name without a path"),
        ("/", "must be a name without a path"),
        ("..", "must be a name without a path"),
        ("a\\u0000b", "must not hold control characters or ones that turn the direction of text around"),
        (
            "a\\r\\nSet-Cookie: x",
            "must not hold control characters or ones that turn the direction of text around",
        ),
        (
            "invoice\\u202Egpj.exe",
            "must not hold control characters or ones that turn the direction of text around",
        ),
        ("a\\u200Bb", "must not hold control characters or ones that turn the direction of text around"),
        ("\\u007F", "must not hold control characters or ones that turn the direction of text around"),
        (long.as_str(), "must have at most 255 characters"),
    ] {
        let name = name.replace('\t', "\\t");
        let body = format!(r#"{{"filename":"{name}","size":5,"contentType":"a/b"}}"#);
        refuse_json(&world, "POST /uploads", &body, &invalid(&format!("filename {why}"))).await;
    }
    for lone in ["\\uD800", "\\uDC00x", "\\uD83Dx"] {
        let body = format!(r#"{{"filename":"{lone}","size":5,"contentType":"a/b"}}"#);
        let before = footprint(&world);
        let reply = send(&world, event(&world, "POST /uploads", &body)).await;
        assert!(reply.line().starts_with("400 {\"error\":\"invalid_request\""), "{lone}: {reply:?}");
        assert_eq!(footprint(&world), before);
    }
}

#[tokio::test]
async fn content_types_that_are_none_are_refused() {
    let world = World::new();
    let expected = invalid("contentType must be a media type such as image/jpeg, at most 255 characters");
    let long = format!("a/{}", "b".repeat(10_240));
    for text in ["", "image", "/", "image/", "/jpeg", "a b/c", " a/b", "a/b ", "ä/b", "a/b\r\nx: y", &long] {
        let body = create_with("contentType", &json!(text));
        refuse_json(&world, "POST /uploads", &body, &expected).await;
    }
}

#[tokio::test]
async fn fields_that_nobody_knows_or_that_come_twice_are_refused() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    let sign = format!("POST /uploads/{id}/parts/sign");
    let report = format!("POST /uploads/{id}/parts");
    refuse_shape(&world, "POST /uploads", &create_with("fileName", &json!("a")), "unknown field `fileName`")
        .await;
    refuse_shape(&world, "POST /uploads", &create_with("owner", &json!("bob")), "unknown field `owner`")
        .await;
    refuse_shape(&world, "POST /uploads", &create_with("__proto__", &json!({})), "unknown field `__proto__`")
        .await;
    let twice = r#"{"filename":"a","size":5,"size":6,"contentType":"a/b"}"#;
    refuse_shape(&world, "POST /uploads", twice, "duplicate field `size`").await;
    let inside = create_with("checksum", &json!({ "algorithm": "crc32", "type": "COMPOSITE" }));
    refuse_shape(&world, "POST /uploads", &inside, "unknown field `type`").await;
    refuse_shape(&world, &sign, r#"{"parts":[{"partNumber":1,"size":5}]}"#, "unknown field `size`").await;
    refuse_shape(&world, &sign, r#"{"parts":[],"parts":[]}"#, "duplicate field `parts`").await;
    refuse_shape(
        &world,
        &report,
        r#"{"parts":[{"partNumber":1,"etag":"a","eTag":"b"}]}"#,
        "unknown field `eTag`",
    )
    .await;
    refuse_shape(
        &world,
        &report,
        r#"{"partNumber":1,"partNumber":2,"etag":"a"}"#,
        "duplicate field `partNumber`",
    )
    .await;
}

#[tokio::test]
async fn fields_of_the_wrong_type_or_that_are_missing_are_refused() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    for (field, value) in [
        ("filename", json!(5)),
        ("filename", json!(null)),
        ("contentType", json!(["a/b"])),
        ("checksum", json!("crc32")),
        ("checksum", json!({ "algorithm": "md5" })),
        ("checksum", json!({ "algorithm": "crc32", "parts": "AAAA" })),
        ("partSize", json!("8388608")),
        ("partSize", json!(-1)),
        ("priority", json!("urgent")),
        ("priority", json!(1)),
        ("metadata", json!({ "a": 1 })),
        ("metadata", json!({ "a": { "b": "c" } })),
        ("metadata", json!([["a", "b"]])),
        ("expiresInSeconds", json!(1.5)),
        ("fileExpiresInSeconds", json!("1")),
    ] {
        refuse_shape(&world, "POST /uploads", &create_with(field, &value), "").await;
    }
    for (body, name) in [
        (r#"{"size":5,"contentType":"a/b"}"#, "filename"),
        (r#"{"filename":"a","contentType":"a/b"}"#, "size"),
        (r#"{"filename":"a","size":5}"#, "contentType"),
    ] {
        refuse_shape(&world, "POST /uploads", body, &format!("missing field `{name}`")).await;
    }
    refuse_shape(&world, &format!("POST /uploads/{id}/parts/sign"), "{}", "missing field `parts`").await;
    for route in [format!("POST /uploads/{id}/parts/sign"), format!("POST /uploads/{id}/parts")] {
        for number in ["1.5", "\"1\"", "null", "9223372036854775808", "[1]"] {
            let body = format!(r#"{{"parts":[{{"partNumber":{number},"etag":"a"}}]}}"#);
            refuse_shape(&world, &route, &body, "").await;
        }
    }
}

#[tokio::test]
async fn part_numbers_that_the_plan_does_not_have_are_refused() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    let range = |number: i64| invalid(&format!("part number {number} is not between 1 and 10000"));
    for number in [0_i64, -1, 10_001, 65_537, i64::from(u32::MAX) + 2, i64::MAX, i64::MIN] {
        let sign = format!(r#"{{"parts":[{{"partNumber":{number}}}]}}"#);
        refuse_json(&world, &format!("POST /uploads/{id}/parts/sign"), &sign, &range(number)).await;
        let report = format!(r#"{{"partNumber":{number},"etag":"a"}}"#);
        refuse_json(&world, &format!("POST /uploads/{id}/parts"), &report, &range(number)).await;
    }
    let beyond = invalid("part 4 is not in this upload, which has 3 parts");
    refuse_json(
        &world,
        &format!("POST /uploads/{id}/parts/sign"),
        r#"{"parts":[{"partNumber":4}]}"#,
        &beyond,
    )
    .await;
    refuse_json(&world, &format!("POST /uploads/{id}/parts"), r#"{"partNumber":4,"etag":"a"}"#, &beyond)
        .await;
}

#[tokio::test]
async fn lists_of_parts_are_bounded_and_reports_have_one_form() {
    let world = World::new();
    let id = an_open_upload(&world).await;
    let report = format!("POST /uploads/{id}/parts");
    let sign = format!("POST /uploads/{id}/parts/sign");
    let many = json!({ "parts": vec![json!({ "partNumber": 1, "etag": "a" }); 1001] }).to_string();
    let none = invalid("parts has 0 entries; it must have 1 to 1000");
    refuse_json(&world, &report, r#"{"parts":[]}"#, &none).await;
    refuse_json(&world, &sign, r#"{"parts":[]}"#, &none).await;
    refuse_json(&world, &report, &many, &invalid("parts has 1001 entries; it must have 1 to 1000")).await;
    let form = invalid("the body is either {\"parts\": [...]} or one part with partNumber and etag");
    for body in ["{}", r#"{"partNumber":1}"#, r#"{"etag":"a"}"#, r#"{"parts":[],"partNumber":1}"#] {
        refuse_json(&world, &report, body, &form).await;
    }
    for etag in ["", "\\\"", "a b", "\\n", "ä", &"a".repeat(4096)] {
        let body = format!(r#"{{"partNumber":1,"etag":"{etag}"}}"#);
        let expected = invalid("the etag of part 1 is not one that S3 answers");
        refuse_json(&world, &report, &body, &expected).await;
    }
    let differs = r#"{"parts":[{"partNumber":1,"etag":"a"},{"partNumber":1,"etag":"b"}]}"#;
    let expected = invalid("part 1 is named twice, with different etags");
    refuse_json(&world, &report, differs, &expected).await;
    let checksum = r#"{"partNumber":1,"etag":"a","checksum":"AAAAAA=="}"#;
    let expected = invalid("part 1 has a checksum, but the upload was created without an algorithm");
    refuse_json(&world, &report, checksum, &expected).await;
}

#[tokio::test]
async fn limits_on_times_metadata_and_idempotency_keys_are_kept() {
    let world = World::new();
    let day = 24 * 3600;
    for (name, value, most) in [
        ("expiresInSeconds", 0_u64, day),
        ("expiresInSeconds", day + 1, day),
        ("fileExpiresInSeconds", u64::MAX, 316_224_000),
    ] {
        let expected = invalid(&format!("{name} is {value}; it must be between 1 and {most}"));
        refuse_json(&world, "POST /uploads", &create_with(name, &json!(value)), &expected).await;
    }
    let expected = invalid("metadata has 2049 bytes; at most 2048 are taken");
    let metadata = json!({ "k": "v".repeat(2048) });
    refuse_json(&world, "POST /uploads", &create_with("metadata", &metadata), &expected).await;
    for key in ["", "with space", "tab\t", &"k".repeat(256)] {
        let mut event = event(&world, "POST /uploads", &create_with("size", &json!(5)));
        event["headers"]["idempotency-key"] = json!(key);
        let expected = invalid("Idempotency-Key must be 1 to 255 visible ASCII characters");
        crate::exchange::refuse(&world, event, &expected).await;
    }
}
