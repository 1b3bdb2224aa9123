//! Presigned URLs that were tampered with, or came too late. What S3 refuses here is what keeps one owner's bytes
//! from another, and the plan from being stretched.

use std::thread;
use std::time::Duration;

use serde_json::json;
use shared::ports::SignedPart;
use shared::redacted::Redacted;
use shared::timestamp::Timestamp;

use crate::api::PutAnswer;
use crate::bytes::{MIB, crc64nvme, noise};
use crate::stack::Stack;

/// A part that S3 must refuse.
struct Forgery<'a> {
    what: &'static str,
    url: String,
    headers: Vec<(&'a str, &'a str)>,
    bytes: &'a [u8],
}

pub(crate) fn a_forged_url_stores_no_part(stack: &Stack) {
    let alice = stack.owner();
    // The second part is one byte, so that every attempt is cheap.
    let bytes = noise(7, 8 * MIB + 1);
    let checksums = [crc64nvme(&bytes[..8 * MIB]).to_base64(), crc64nvme(&bytes[8 * MIB..]).to_base64()];
    let created = alice
        .create(&json!({ "filename": "a.bin", "size": bytes.len(), "contentType": "text/plain",
        "partSize": 8 * MIB, "checksum": { "algorithm": "crc64nvme", "parts": checksums } }));
    let id = created.text("/id");
    let part = created.signed_parts().remove(1);
    let good = &bytes[8 * MIB..];
    let other = [good[0] ^ 1];
    let other_checksum = crc64nvme(&other).to_base64();
    let neighbour = alice.create_multipart("b.bin", 9 * MIB);
    let neighbour_id = neighbour.text("/id");

    let header = [("x-amz-checksum-crc64nvme", checksums[1].as_str())];
    let case = |what: &'static str, url: String| Forgery { what, url, headers: header.to_vec(), bytes: good };
    let url = part.url.expose().as_str();
    // A copy, asked for with an `x-amz-copy-source` that nobody signed, is not among them: the local AWS lets it pass.
    // On AWS S3 takes no such header unsigned, and the role that signs refuses copies besides (see template.yaml).
    let forgeries = [
        case("the key of another upload", changed(url, id, neighbour_id)),
        case("another part number", changed(url, "partNumber=2", "partNumber=1")),
        case("no part number", changed(url, "partNumber=2&", "")),
        case("another signature", with_other_signature(url)),
        case("a longer life", changed(url, "X-Amz-Expires=", "X-Amz-Expires=1")),
        case("fewer signed headers", changed(url, "content-length%3B", "")),
        Forgery { bytes: &bytes[..2], ..case("a longer body", url.to_owned()) },
        Forgery { bytes: &[], ..case("no body", url.to_owned()) },
        Forgery { bytes: &other, ..case("another body under the signed checksum", url.to_owned()) },
        Forgery { headers: Vec::new(), ..case("no checksum", url.to_owned()) },
        Forgery {
            headers: vec![("x-amz-checksum-crc64nvme", other_checksum.as_str())],
            bytes: &other,
            ..case("another body with its own checksum", url.to_owned())
        },
    ];
    for forgery in &forgeries {
        let answer = alice.put_with(&forgery.url, &forgery.headers, forgery.bytes);
        assert!((400..500).contains(&answer.status), "{}: {answer:?}", forgery.what);
        assert!(stack.stored_part_numbers(id).is_empty(), "{} stored a part", forgery.what);
        assert!(stack.stored_part_numbers(neighbour_id).is_empty(), "{} stored a part", forgery.what);
    }
    // Nor does a URL for a PUT let anybody read.
    assert_eq!(alice.download(url).status, 403);
    // The untouched URL still works, so it was the forgery that was refused each time.
    alice.put_part(&part, good);
    assert_eq!(stack.stored_part_numbers(id), [2]);
    for id in [id, neighbour_id] {
        assert_eq!(alice.delete(&format!("/uploads/{id}")).status, 200);
    }
}

pub(crate) fn a_forged_put_of_a_whole_file_stores_nothing(stack: &Stack) {
    let alice = stack.owner();
    let bytes = noise(8, 1000);
    let create = || {
        let body = json!({ "filename": "a.txt", "size": bytes.len(), "contentType": "text/plain" });
        alice.create(&body)
    };
    let (created, neighbour) = (create(), create());
    let (id, neighbour_id) = (created.text("/id"), neighbour.text("/id"));
    let put = created.signed_parts().remove(0);
    let replaced = |name: &str, value: &str| {
        let headers = put.headers.iter().map(|(known, was)| match known == name {
            true => (known.clone(), value.to_owned()),
            false => (known.clone(), was.clone()),
        });
        SignedPart { headers: headers.collect(), ..put.clone() }
    };
    let without = |name: &str| {
        let headers = put.headers.iter().filter(|(known, _)| known != name).cloned();
        SignedPart { headers: headers.collect(), ..put.clone() }
    };
    let other_key =
        SignedPart { url: Redacted::new(changed(put.url.expose(), id, neighbour_id)), ..put.clone() };
    let attempts: [(&str, PutAnswer); 6] = [
        ("another key", alice.put(&other_key, &bytes)),
        ("another type", alice.put(&replaced("content-type", "text/html"), &bytes)),
        ("the word of another upload", alice.put(&replaced("x-amz-meta-upload-id", neighbour_id), &bytes)),
        ("no word of its upload", alice.put(&without("x-amz-meta-upload-id"), &bytes)),
        ("leave to overwrite", alice.put(&without("if-none-match"), &bytes)),
        ("a longer body", alice.put(&put, &noise(8, 1001))),
    ];
    for (what, answer) in &attempts {
        assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
    }
    for id in [id, neighbour_id] {
        assert!(!stack.original_is_there(id));
        assert_eq!(alice.get(&format!("/uploads/{id}")).text("/state"), "active");
    }
    assert_eq!(alice.put(&put, &bytes).status, 200);
    alice.completed_file(id);
    assert_eq!(alice.delete(&format!("/uploads/{neighbour_id}")).status, 200);
}

pub(crate) fn an_expired_url_stores_nothing(stack: &Stack) {
    let alice = stack.owner();
    let body = json!({ "filename": "a.bin", "size": 8 * MIB + 1, "contentType": "text/plain",
        "partSize": 8 * MIB, "expiresInSeconds": 2 });
    let created = alice.create(&body);
    let id = created.text("/id");
    let wanted = json!({ "parts": [{ "partNumber": 2 }] });
    let signed = alice.post(&format!("/uploads/{id}/parts/sign"), &wanted);
    let urls = [created.signed_parts().remove(1), signed.signed_parts().remove(0)];
    // A URL dies with its upload, long before the 15 minutes that a URL lives at the longest.
    for answer in [&created, &signed] {
        let time = |name: &str| serde_json::from_value::<Timestamp>(answer.body[name].clone()).unwrap();
        assert!(time("urlsExpireAt") <= time("expiresAt"));
    }
    thread::sleep(Duration::from_secs(3));
    for part in &urls {
        let answer = alice.put(part, b"!");
        assert_eq!((answer.status, answer.code.as_str()), (403, "AccessDenied"));
    }
    assert!(stack.stored_part_numbers(id).is_empty());
}

/// The URL with one thing changed, which must be in it.
fn changed(url: &str, from: &str, to: &str) -> String {
    assert!(url.contains(from), "the URL has no {from}");
    url.replacen(from, to, 1)
}

fn with_other_signature(url: &str) -> String {
    let (start, signature) = url.split_once("X-Amz-Signature=").unwrap();
    let first = match signature.starts_with('0') {
        true => '1',
        false => '0',
    };
    format!("{start}X-Amz-Signature={first}{}", &signature[1..])
}
