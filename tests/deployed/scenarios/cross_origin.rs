//! Pages of one's own and of others.

use serde_json::json;
use ureq::http::{HeaderMap, Request};

use crate::api::agent;
use crate::bytes::MIB;
use crate::stack::Stack;

/// Asks as a browser does before it sends; gives the status and the headers of the answer.
fn preflight(url: &str, origin: &str, method: &str, headers: &str) -> (u16, HeaderMap) {
    let request = Request::builder()
        .method("OPTIONS")
        .uri(url)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers);
    let response = agent().run(request.body(()).unwrap()).unwrap();
    (response.status().as_u16(), response.headers().clone())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The preflights that a browser sends for this service: to the API, and to the store with both kinds of URL.
fn preflights(stack: &Stack, origin: &str) -> Vec<(&'static str, u16, HeaderMap)> {
    let alice = stack.owner();
    let single = json!({ "filename": "a.txt", "size": 1, "contentType": "text/plain",
        "checksum": { "algorithm": "sha256", "value": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" } });
    let put = alice.create(&single).signed_parts().remove(0);
    let part = alice.create_multipart("a.bin", 9 * MIB).signed_parts().remove(0);
    let signed = |part: &shared::ports::SignedPart| {
        let names =
            part.headers.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "content-length");
        names.collect::<Vec<_>>().join(",")
    };
    let api = format!("{}/uploads", stack.api_url());
    let asked = [
        ("api", api, "POST", "authorization,content-type,idempotency-key".to_owned()),
        ("single", put.url.expose().clone(), "PUT", signed(&put)),
        ("part", part.url.expose().clone(), "PUT", "x-amz-checksum-crc64nvme".to_owned()),
    ];
    let ask = |(name, url, method, headers): (&'static str, String, &str, String)| {
        let (status, headers) = preflight(&url, origin, method, &headers);
        (name, status, headers)
    };
    asked.map(ask).to_vec()
}

pub(crate) fn a_page_of_another_origin_reaches_neither_the_api_nor_the_store(stack: &Stack) {
    let ours = stack.parameter("AllowedOrigins").to_owned();
    for origin in
        ["https://evil.example.com", "null", &format!("{ours}.evil.example.com"), "http://app.example.com"]
    {
        for (name, status, headers) in preflights(stack, origin) {
            assert_eq!(text(&headers, "access-control-allow-origin"), "", "{name} {origin}: {status}");
            assert_eq!(text(&headers, "access-control-allow-credentials"), "", "{name} {origin}: {status}");
        }
    }
}

pub(crate) fn a_page_of_ours_may_send_what_is_signed_and_read_the_tag(stack: &Stack) {
    let ours = stack.parameter("AllowedOrigins").to_owned();
    for (name, status, headers) in preflights(stack, &ours) {
        assert!(matches!(status, 200 | 204), "{name}: {status} {headers:?}");
        assert_eq!(text(&headers, "access-control-allow-origin"), ours, "{name}: {headers:?}");
    }
    let alice = stack.owner();
    let part = alice.create_multipart("a.bin", 9 * MIB).signed_parts().remove(0);
    let sent = agent().put(part.url.expose()).header("origin", &ours).send(&vec![0_u8; 5 * MIB][..]).unwrap();
    assert_eq!(sent.status().as_u16(), 200);
    // A client that cannot read the tag cannot report the part.
    let exposed = text(sent.headers(), "access-control-expose-headers").to_ascii_lowercase();
    assert!(exposed.split(',').any(|name| name.trim() == "etag"), "{exposed}");
}
