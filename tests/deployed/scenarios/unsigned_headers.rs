//! Headers that S3 would obey, beside a URL that did not sign them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;
use shared::ports::SignedPart;

use crate::api::{Api, headers_of, slice_of};
use crate::bytes::{MIB, noise};
use crate::stack::Stack;

/// Each would change what the PUT does: who may read, what it costs, where a browser is sent, with whose key it is
/// encrypted, how it can be deleted.
const ORDERS: [(&str, &str); 8] = [
    ("x-amz-acl", "public-read"),
    ("x-amz-tagging", "GuardDutyMalwareScanStatus=NO_THREATS_FOUND"),
    ("x-amz-storage-class", "GLACIER"),
    ("x-amz-website-redirect-location", "https://evil.example.com/"),
    ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
    ("x-amz-object-lock-legal-hold", "ON"),
    ("x-amz-meta-note", "mine"),
    ("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
];

/// Both kinds of URL for a PUT, with the ids of their uploads.
fn both_kinds(alice: &Api) -> [(String, SignedPart, Vec<u8>); 2] {
    let text = json!({ "filename": "a.txt", "size": 1000, "contentType": "text/plain" });
    let single = alice.create(&text);
    let multipart = alice.create_multipart("a.bin", 9 * MIB);
    let bytes = noise(31, 9 * MIB);
    let part = slice_of(&bytes, &multipart, 1).to_vec();
    [
        (single.text("/id").to_owned(), single.signed_parts().remove(0), noise(30, 1000)),
        (multipart.text("/id").to_owned(), multipart.signed_parts().remove(0), part),
    ]
}

fn is_empty(stack: &Stack, id: &str) -> bool {
    match stack.record(id).multipart {
        Some(_) => stack.stored_part_numbers(id).is_empty(),
        None => !stack.original_is_there(id),
    }
}

pub(crate) fn a_url_takes_no_header_of_s3_that_nobody_signed(stack: &Stack) {
    let alice = stack.owner();
    for (id, part, bytes) in both_kinds(&alice) {
        for order in ORDERS {
            let mut headers = headers_of(&part);
            headers.push(order);
            let answer = alice.put_with(part.url.expose(), &headers, &bytes);
            assert_eq!((answer.status, answer.code.as_str()), (403, "AccessDenied"), "{order:?}");
        }
        assert!(is_empty(stack, &id), "{id}");
        // The URL itself is good.
        assert_eq!(alice.put(&part, &bytes).status, 200);
    }
}

pub(crate) fn a_url_copies_no_object(stack: &Stack) {
    let (alice, bob) = (stack.owner(), stack.other_owner());
    let secret = bob.create(&json!({ "filename": "b.txt", "size": 6, "contentType": "text/plain" }));
    assert_eq!(bob.put(&secret.signed_parts()[0], b"secret").status, 200);
    let source = format!("/{}/{}", stack.text("originalsBucket"), stack.key_of(secret.text("/id")));
    for (id, part, _) in both_kinds(&alice) {
        let mut headers = headers_of(&part);
        headers.push(("x-amz-copy-source", &source));
        let answer = alice.put_with(part.url.expose(), &headers, b"");
        assert_eq!((answer.status, answer.code.as_str()), (403, "AccessDenied"));
        assert!(is_empty(stack, &id), "{id}");
    }
}

pub(crate) fn a_body_of_no_stated_length_is_refused(stack: &Stack) {
    let alice = stack.owner();
    for (id, part, bytes) in both_kinds(&alice) {
        let (origin, path) = part.url.expose().split_at(stack.proxy().origin().len());
        let address = origin.trim_start_matches("http://");
        let headers = headers_of(&part)
            .iter()
            .fold(String::new(), |text, (name, value)| format!("{text}{name}: {value}\r\n"));
        let mut line = TcpStream::connect(address).unwrap();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nhost: {address}\r\n{headers}transfer-encoding: chunked\r\nconnection: close\r\n\r\n{:x}\r\n",
            bytes.len()
        );
        line.write_all(head.as_bytes()).unwrap();
        line.write_all(&bytes).unwrap();
        line.write_all(b"\r\n0\r\n\r\n").unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 411 "), "{answer}");
        assert!(is_empty(stack, &id), "{id}");
    }
}
