//! The proxy between a client and a stand-in for the local AWS that takes everything.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this only tests; a step that fails should stop its test"
)]

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use fidelity::{Fault, GatewayLimits, Operation, Proxy, Rule, Settings};
use shared::checksum::{ChecksumAlgorithm, checksum_of};
use ureq::http::{HeaderMap, Request};

const PART_BYTES: usize = 5 * 1024 * 1024;
const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=ASIAKNOWN/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

/// Everything that the stand-in was asked: the method with the target, the body's length, the headers.
type Asked = Arc<Mutex<Vec<(String, usize, Vec<(String, String)>)>>>;

struct Scene {
    proxy: Proxy,
    asked: Asked,
}

struct Got {
    status: u16,
    headers: HeaderMap,
    body: String,
}

/// Answers as the local AWS does to calls that it takes.
fn answer_to(method: &str, target: &str) -> tiny_http::Response<std::io::Cursor<Vec<u8>>> {
    let text = match method {
        "POST" if target.contains("uploads") => "<R><UploadId>up-1</UploadId></R>",
        "POST" if target.contains("uploadId") => "<R><ETag>\"whole-2\"</ETag></R>",
        _ => "a body of more than a few bytes",
    };
    let etag = if method == "PUT" { "\"part\"" } else { "\"whole-2\"" };
    let response = tiny_http::Response::from_string(text);
    [("etag", etag), ("x-amz-checksum-crc64nvme", "AAAA-2"), ("x-amz-checksum-type", "COMPOSITE")]
        .into_iter()
        .filter(|(name, _)| *name == "etag" || method == "HEAD")
        .fold(response, |response, (name, value)| {
            response.with_header(tiny_http::Header::from_bytes(name, value).unwrap())
        })
}

fn scene() -> Scene {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let upstream = format!("http://{}", server.server_addr());
    let asked: Asked = Arc::default();
    let book = Arc::clone(&asked);
    thread::spawn(move || {
        for mut request in server.incoming_requests() {
            let mut body = Vec::new();
            if request.as_reader().read_to_end(&mut body).is_err() {
                continue;
            }
            let (method, target) = (request.method().to_string(), request.url().to_owned());
            let headers = request.headers().iter();
            let headers =
                headers.map(|header| (header.field.to_string().to_lowercase(), header.value.to_string()));
            book.lock().unwrap().push((format!("{method} {target}"), body.len(), headers.collect()));
            let _ = request.respond(answer_to(&method, &target));
        }
    });
    let limits = GatewayLimits { rate_per_second: 0.001, burst: 3.0 };
    let credentials_of = Arc::new(|id: &str| {
        (id == "ASIAKNOWN")
            .then(|| Credentials::new("ASIAKNOWN", "secret", Some("token".to_owned()), None, "test"))
    });
    Scene { proxy: Proxy::start(Settings { port: 0, upstream, limits, credentials_of }).unwrap(), asked }
}

impl Scene {
    /// `None` when the line breaks.
    fn try_send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Got> {
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true);
        let agent: ureq::Agent = config.timeout_global(Some(Duration::from_secs(20))).build().into();
        let mut request = Request::builder().method(method).uri(format!("{}{target}", self.proxy.origin()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match method {
            "PUT" | "POST" => agent.run(request.body(body).unwrap()).ok()?,
            _ => agent.run(request.body(()).unwrap()).ok()?,
        };
        let headers = response.headers().clone();
        let body = response.body_mut().read_to_string().ok()?;
        Some(Got { status: response.status().as_u16(), headers, body })
    }

    fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Got {
        self.try_send(method, target, headers, body).unwrap_or_else(|| panic!("{method} {target}: no answer"))
    }

    fn asked_count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// Opens an upload and puts its parts.
    fn open(&self, headers: &[(&str, &str)], sizes_bytes: &[usize]) {
        assert_eq!(self.send("POST", "/b/u/k?uploads", headers, b"").status, 200);
        for (number, size_bytes) in (1_u8..).zip(sizes_bytes) {
            let target = format!("/b/u/k?partNumber={number}&uploadId=up-1");
            assert_eq!(self.send("PUT", &target, &[], &vec![number; *size_bytes]).status, 200);
        }
    }

    fn complete(&self, numbers: &[u32], headers: &[(&str, &str)]) -> Got {
        let part =
            |number: &u32| format!("<Part><PartNumber>{number}</PartNumber><ETag>\"part\"</ETag></Part>");
        let list: String = numbers.iter().map(part).collect::<Vec<_>>().concat();
        let body = format!(
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{list}</CompleteMultipartUpload>"
        );
        self.send("POST", "/b/u/k?uploadId=up-1", headers, body.as_bytes())
    }
}

fn assert_refused(got: &Got, status: u16, code: &str) {
    assert_eq!(got.status, status, "{}", got.body);
    assert!(got.body.contains(&format!("<Code>{code}</Code>")), "{}", got.body);
}

#[test]
fn a_presigned_request_with_an_unsigned_header_of_amazon_is_refused() {
    let scene = scene();
    let url = "/b/u/k?X-Amz-SignedHeaders=host%3Bx-amz-meta-upload-id&X-Amz-Signature=0";
    let signed = ("x-amz-meta-upload-id", "1");
    assert_eq!(scene.send("PUT", url, &[signed, ("content-type", "a/b")], b"x").status, 200);
    let got = scene.send("PUT", url, &[signed, ("x-amz-copy-source", "/b/u/other")], b"x");
    assert_refused(&got, 403, "AccessDenied");
    assert!(got.body.contains("<HeadersNotSigned>x-amz-copy-source</HeadersNotSigned>"), "{}", got.body);
    assert_eq!(scene.asked_count(), 1);
}

#[test]
fn lists_of_parts_that_s3_refuses_are_refused() {
    let scene = scene();
    scene.open(&[], &[PART_BYTES, PART_BYTES - 1, 1]);
    assert_refused(&scene.complete(&[], &[]), 400, "MalformedXML");
    assert_refused(&scene.complete(&[2, 1], &[]), 400, "InvalidPartOrder");
    assert_refused(&scene.complete(&[1, 1], &[]), 400, "InvalidPartOrder");
    assert_refused(&scene.complete(&[1, 2, 3], &[]), 400, "EntityTooSmall");
    assert_refused(&scene.send("POST", "/b/u/k?uploadId=up-1", &[], b"<not"), 400, "MalformedXML");
    assert_eq!(scene.complete(&[1, 3], &[]).status, 200);
    assert_eq!(scene.asked_count(), 5);
}

#[test]
fn an_upload_with_checksums_may_have_no_gap() {
    let scene = scene();
    scene.open(&[("x-amz-checksum-algorithm", "CRC32")], &[PART_BYTES, PART_BYTES, 1]);
    assert_refused(&scene.complete(&[1, 3], &[]), 400, "InvalidPartOrder");
    assert_eq!(scene.complete(&[1, 2, 3], &[]).status, 200);
}

#[test]
fn the_checksum_of_the_whole_is_compared_and_kept() {
    let scene = scene();
    let full = [("x-amz-checksum-algorithm", "CRC64NVME"), ("x-amz-checksum-type", "FULL_OBJECT")];
    let opened = scene.send("POST", "/b/u/k?uploads", &full, b"");
    assert_eq!(opened.headers["x-amz-checksum-type"], "FULL_OBJECT");
    scene.open(&full, &[PART_BYTES, 3]);
    let whole: Vec<u8> = [vec![1; PART_BYTES], vec![2; 3]].concat();
    let right = checksum_of(ChecksumAlgorithm::Crc64nvme, &whole).unwrap().to_base64();
    let header = "x-amz-checksum-crc64nvme";
    assert_refused(&scene.complete(&[1, 2], &[(header, "AAAAAAAAAAA=")]), 400, "BadDigest");
    let done =
        scene.complete(&[1, 2], &[(header, &right), ("authorization", SCOPE), ("x-amz-mp-object-size", "9")]);
    assert_eq!(done.status, 200, "{}", done.body);
    // The local AWS does not see what it would refuse, and sees a new signature of the same signer.
    let (_, _, headers) = scene.asked.lock().unwrap().last().cloned().unwrap();
    let sent = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    assert_eq!((sent(header), sent("x-amz-mp-object-size")), (None, Some("9".to_owned())));
    assert!(sent("authorization").unwrap().contains("Credential=ASIAKNOWN/"));
    let shown = scene.send("HEAD", "/b/u/k", &[("x-amz-checksum-mode", "ENABLED")], b"");
    assert_eq!(
        (&shown.headers[header], &shown.headers["x-amz-checksum-type"]),
        (&right.parse().unwrap(), &"FULL_OBJECT".parse().unwrap())
    );
}

#[test]
fn an_api_takes_so_much_and_so_often() {
    let scene = scene();
    let path = "/_aws/execute-api/1/uploads";
    assert_eq!(scene.send("POST", path, &[], &vec![0; 10 * 1024 * 1024]).status, 200);
    assert_eq!(scene.send("POST", path, &[], &vec![0; 10 * 1024 * 1024 + 1]).status, 413);
    assert_eq!(scene.send("POST", path, &[], b"").status, 200);
    assert_eq!(scene.send("POST", path, &[], b"").status, 429);
    assert_eq!(scene.send("PUT", "/b/u/k", &[], b"").status, 200, "S3 is not the API");
}

#[test]
fn a_rule_breaks_the_calls_that_it_is_about_and_no_others() {
    let scene = scene();
    let refuse = Fault::Refuse { status: 503, code: "SlowDown" };
    let planted = scene.proxy.plant(Rule::new(Operation::PUT_OBJECT, refuse).about("/u/k").after(1).times(2));
    let statuses: Vec<u16> = (0..4).map(|_| scene.send("PUT", "/b/u/k", &[], b"x").status).collect();
    assert_eq!((statuses, planted.fired()), (vec![200, 503, 503, 200], 2));
    let again = scene.proxy.plant(Rule::new(Operation::PUT_OBJECT, Fault::HangUp).about("/u/k"));
    assert_eq!(scene.send("PUT", "/b/u/other", &[], b"x").status, 200);
    assert_eq!(again.fired(), 0);
    drop(again);
    assert_eq!(scene.send("PUT", "/b/u/k", &[], b"x").status, 200, "a rule that was dropped breaks nothing");
}

#[test]
fn each_fault_breaks_its_own_side_of_the_effect() {
    let scene = scene();
    let slow = Duration::from_millis(300);
    // What is broken, whether there is an answer, and whether the service has done it.
    let cases = [
        (Fault::HangUp, None, false),
        (Fault::CutRequest, None, false),
        (Fault::DropAnswer, None, true),
        (Fault::CutAnswer, None, true),
        (Fault::ErrorInOk { code: "InternalError" }, Some(200), false),
        (Fault::DoneButRefused { status: 500, code: "InternalError" }, Some(500), true),
        (Fault::Delay(slow), Some(200), true),
        (Fault::AnswerLate(slow), Some(200), true),
        (Fault::FlipBit, Some(200), true),
        (Fault::AlterHeader { name: "etag", value: "other".to_owned() }, Some(200), true),
    ];
    for (fault, status, done) in cases {
        let before = scene.asked_count();
        let planted = scene.proxy.plant(Rule::new(Operation::PUT_OBJECT, fault.clone()));
        let start = Instant::now();
        let got = scene.try_send("PUT", "/b/u/k", &[], b"bytes");
        assert_eq!(got.as_ref().map(|got| got.status), status, "{fault:?}");
        assert_eq!((scene.asked_count() - before, planted.fired()), (usize::from(done), 1), "{fault:?}");
        match (&fault, got) {
            (Fault::ErrorInOk { .. }, Some(got)) => assert!(got.body.contains("<Code>InternalError</Code>")),
            (Fault::AlterHeader { .. }, Some(got)) => assert_eq!(got.headers["etag"], "other"),
            (Fault::Delay(_) | Fault::AnswerLate(_), _) => assert!(slow <= start.elapsed()),
            _ => {}
        }
    }
}

#[test]
fn who_asked_for_what_is_on_record() {
    let scene = scene();
    scene.send("HEAD", "/b/u/k", &[("authorization", SCOPE)], b"");
    let seen = scene.proxy.seen();
    let kinds: Vec<_> =
        seen.iter().map(|seen| (seen.access_key_id.as_str(), seen.operation.action(), seen.status)).collect();
    assert_eq!(kinds, [("ASIAKNOWN", "s3:GetObject", 200)]);
}
