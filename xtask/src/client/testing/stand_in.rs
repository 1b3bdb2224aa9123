//! A stand-in for the API and for S3 in one small HTTP server, so that the client is tested over real connections. It
//! is strict where S3 is: a PUT must carry exactly the signed headers, and its bytes must have the signed checksum.
use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tiny_http::{Header, Request, Response, Server};

use super::world::{Fault, Upload, World};

const THREADS: usize = 8;
/// A test that would hang fails instead.
const HOLD_MAX: Duration = Duration::from_secs(20);
const TOKEN: &str = "Bearer token-of-the-test";

type Answer = Response<Cursor<Vec<u8>>>;

#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    changed: Condvar,
    root_url: String,
}

/// A running server; it ends when dropped.
pub(crate) struct StandIn {
    server: Arc<Server>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl StandIn {
    pub(crate) fn start() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let root_url = format!("http://{}", server.server_addr());
        let shared = Arc::new(Shared { world: Mutex::new(World::new()), changed: Condvar::new(), root_url });
        let threads = (0..THREADS)
            .map(|_| {
                let (server, shared) = (Arc::clone(&server), Arc::clone(&shared));
                std::thread::spawn(move || {
                    while let Ok(mut request) = server.recv() {
                        let answer = shared.answer(&mut request);
                        drop(request.respond(answer));
                    }
                })
            })
            .collect();
        Self { server, shared, threads }
    }

    pub(crate) fn url(&self) -> &str {
        &self.shared.root_url
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world.lock().unwrap()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        for _ in &self.threads {
            self.server.unblock();
        }
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

impl Shared {
    fn answer(&self, request: &mut Request) -> Answer {
        let (method, path) = (request.method().to_string(), request.url().to_owned());
        let mut body = Vec::new();
        request.as_reader().read_to_end(&mut body).unwrap();
        let path = path.trim_start_matches('/').to_owned();
        let path = path.split('?').next().unwrap();
        let steps: Vec<&str> = path.split('/').collect();
        let is_put = method == "PUT";
        let line = if is_put { format!("PUT {}", steps[2]) } else { format!("{method} /{path}") };
        let fault = {
            let mut world = self.world.lock().unwrap();
            world.log.push(line.clone());
            let found = world.faults.iter_mut().find(|fault| fault.line == line && 0 < fault.times);
            found.map(|fault| {
                fault.times -= 1;
                fault.clone()
            })
        };
        let lost = fault.as_ref().map(|fault| error_answer(fault.status, fault.code, is_put));
        if let (Some(Fault { after_effect: false, .. }), Some(lost)) = (&fault, lost) {
            return lost;
        }
        let done = match (method.as_str(), steps.as_slice()) {
            ("PUT", ["s3", id, number]) => self.put(id, number.parse().unwrap(), request, body),
            ("GET", ["s3", "variant"]) => {
                let kind = Header::from_bytes(&b"Content-Type"[..], &b"image/webp"[..]).unwrap();
                Response::from_data(vec![0; self.world.lock().unwrap().variant_bytes]).with_header(kind)
            }
            ("GET", ["s3", id]) => Response::from_data(self.world.lock().unwrap().uploads[*id].bytes()),
            _ if header(request, "authorization") != TOKEN => error_answer(401, "unauthorized", false),
            ("POST", ["uploads"]) => self.create(&header(request, "idempotency-key"), &body),
            ("POST", ["uploads", id, rest @ ..]) => self.post(id, rest, &body),
            ("GET", ["uploads", id]) => self.status(id),
            ("GET", ["files", id]) => self.file(id),
            _ => error_answer(404, "not_found", false),
        };
        fault.map_or(done, |fault| error_answer(fault.status, fault.code, is_put))
    }

    fn put(&self, id: &str, number: usize, request: &Request, body: Vec<u8>) -> Answer {
        let mut world = self.world.lock().unwrap();
        if let Some((held, until)) = world.hold {
            while held == number && !world.stored_order.contains(&until) {
                let (next, timeout) = self.changed.wait_timeout(world, HOLD_MAX).unwrap();
                assert!(!timeout.timed_out(), "part {until} never came while part {held} was held");
                world = next;
            }
        }
        let upload = world.uploads.get_mut(id).unwrap();
        let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &body);
        let crc = base64::engine::general_purpose::STANDARD.encode(crc.to_be_bytes());
        let length = upload.part_len(number).to_string();
        let expected = [("content-length", &length), ("x-amz-checksum-crc64nvme", &crc)];
        for (name, value) in expected {
            if header(request, name) != *value {
                return error_answer(400, "BadDigest", true);
            }
        }
        if !request.url().ends_with(&url_of(id, number, &upload.checksums[&number]))
            || !header(request, "transfer-encoding").is_empty()
        {
            return error_answer(403, "SignatureDoesNotMatch", true);
        }
        let etag = format!("\"{number}-{crc}\"");
        upload.stored.insert(number, body);
        world.stored_order.push(number);
        self.changed.notify_all();
        Response::from_data(Vec::new())
            .with_header(Header::from_bytes(&b"ETag"[..], etag.as_bytes()).unwrap())
    }

    fn create(&self, key: &str, body: &[u8]) -> Answer {
        let mut world = self.world.lock().unwrap();
        let create: Value = serde_json::from_slice(body).unwrap();
        let known = world.keys.get(key).cloned();
        let id = known.unwrap_or_else(|| format!("upload-{}", world.uploads.len() + 1));
        let size = usize::try_from(create["size"].as_u64().unwrap()).unwrap();
        let wanted = usize::try_from(create["partSize"].as_u64().unwrap()).unwrap();
        let part_size = world.own_part_size.unwrap_or(wanted);
        let mut upload =
            Upload { size, part_size, state: "active".into(), create: create.clone(), ..Upload::default() };
        let sums = match (&create["checksum"], upload.part_count()) {
            (sums, count) if sums["parts"].as_array().is_some_and(|parts| parts.len() != count) => {
                return error_answer(400, "invalid_request", false);
            }
            (sums, 1) => vec![&sums["value"]],
            (sums, _) => sums["parts"].as_array().into_iter().flatten().collect(),
        };
        let parts: Vec<Value> = (1..=sums.len())
            .map(|number| self.signed(&mut upload, &id, number, sums[number - 1].as_str().unwrap()))
            .collect();
        let (part_size, part_count) = (upload.part_size, upload.part_count());
        world.keys.insert(key.to_owned(), id.clone());
        world.uploads.entry(id.clone()).or_insert(upload);
        let plan = json!({"id": id, "state": "active", "partSize": part_size, "partCount": part_count, "parts": parts});
        json_answer(201, &plan)
    }

    fn signed(&self, upload: &mut Upload, id: &str, number: usize, checksum: &str) -> Value {
        upload.checksums.insert(number, checksum.to_owned());
        let size = upload.part_len(number);
        let headers = json!({"content-length": size.to_string(), "x-amz-checksum-crc64nvme": checksum});
        let url = format!("{}{}", self.root_url, url_of(id, number, checksum));
        json!({"partNumber": number, "size": size, "method": "PUT", "url": url, "headers": headers})
    }

    fn post(&self, id: &str, rest: &[&str], body: &[u8]) -> Answer {
        let mut world = self.world.lock().unwrap();
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let asked = asked["parts"].as_array().cloned().unwrap_or_default();
        let numbers: Vec<usize> =
            asked.iter().map(|part| usize::try_from(part["partNumber"].as_u64().unwrap()).unwrap()).collect();
        let mut line = if rest == ["parts", "sign"] { "sign".to_owned() } else { "report".to_owned() };
        for number in &numbers {
            write!(line, " {number}").unwrap();
        }
        if rest != ["complete"] {
            world.log.push(line);
        }
        let (lost, failure) = (std::mem::take(&mut world.lose_at_assembly), world.fail_at_assembly);
        let Some(upload) = world.uploads.get_mut(id) else { return error_answer(404, "not_found", false) };
        match rest {
            ["parts", "sign"] => {
                let sums = asked.iter().map(|part| part["checksum"].as_str().unwrap());
                let parts: Vec<Value> =
                    numbers.iter().zip(sums).map(|(n, sum)| self.signed(upload, id, *n, sum)).collect();
                world.lose_at_assembly = lost;
                return json_answer(200, &json!({"id": id, "parts": parts}));
            }
            ["parts"] => {
                assert!(
                    numbers.iter().all(|number| upload.stored.contains_key(number)),
                    "reported, not stored"
                );
                upload.recorded.extend(&numbers);
                let answer = json!({"id": id, "state": upload.state});
                world.lose_at_assembly = lost;
                return json_answer(200, &answer);
            }
            _ => upload.recorded = upload.stored.keys().copied().collect(),
        }
        if upload.missing() != json!([]) {
            let missing = upload.missing();
            world.lose_at_assembly = lost;
            let text = "not every part has arrived";
            return json_answer(409, &json!({"error": "parts_missing", "message": text, "missing": missing}));
        }
        for number in &lost {
            upload.stored.remove(number);
            upload.recorded.remove(number);
        }
        upload.reason = failure;
        upload.state = "completing".into();
        json_answer(202, &json!({"id": id, "state": "completing"}))
    }

    fn status(&self, id: &str) -> Answer {
        let mut world = self.world.lock().unwrap();
        let Some(upload) = world.uploads.get_mut(id) else { return error_answer(404, "not_found", false) };
        if upload.state == "completing" {
            upload.state = match (upload.reason, upload.missing() == json!([])) {
                (Some(_), _) => "failed".into(),
                (None, true) => "completed".into(),
                (None, false) => "active".into(),
            };
        }
        let mut answer = json!({"id": id, "state": upload.state, "size": upload.size, "filename": "file.bin",
            "partSize": upload.part_size, "partCount": upload.part_count(), "missing": upload.missing()});
        if let Some((code, message)) = upload.reason {
            answer["reason"] = json!({"code": code, "message": message});
        }
        json_answer(200, &answer)
    }

    fn file(&self, id: &str) -> Answer {
        let mut world = self.world.lock().unwrap();
        let image_state = world.image_state;
        let upload = world.uploads.get_mut(id).unwrap();
        upload.looks += 1;
        let state = if upload.looks == 1 && image_state == "done" { "pending" } else { image_state };
        let variants = match state {
            "done" => {
                json!([{"name": "64x48.webp", "format": "webp", "width": 64, "height": 48, "bytes": 900,
                "contentType": "image/webp", "url": format!("{}/s3/variant", self.root_url)}])
            }
            _ => json!([]),
        };
        let url = format!("{}/s3/{id}", self.root_url);
        json_answer(
            200,
            &json!({"id": id, "size": upload.size, "url": url, "imageState": state, "variants": variants}),
        )
    }
}

/// Stands for the signature: a URL is good for one part and one checksum.
fn url_of(id: &str, number: usize, checksum: &str) -> String {
    format!("/s3/{id}/{number}?sum={}", checksum.replace(['+', '/', '='], "_"))
}

fn header(request: &Request, name: &str) -> String {
    let found =
        request.headers().iter().find(|header| header.field.as_str().as_str().eq_ignore_ascii_case(name));
    found.map(|header| header.value.to_string()).unwrap_or_default()
}

fn json_answer(status: u16, body: &Value) -> Answer {
    let kind = Header::from_bytes(&b"Content-Type"[..], &b"application/json"[..]).unwrap();
    Response::from_data(body.to_string()).with_status_code(status).with_header(kind)
}

fn error_answer(status: u16, code: &str, is_s3: bool) -> Answer {
    if is_s3 {
        let text = format!("<Error><Code>{code}</Code><Message>S3 says {code}.</Message></Error>");
        return Response::from_data(text).with_status_code(status);
    }
    json_answer(
        status,
        &json!({"error": code, "message": format!("the server says {code}"), "requestId": "r"}),
    )
}
