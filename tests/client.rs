//! A client: requests as API Gateway hands them over, and PUTs to S3.

use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request};
use serde_json::{Value, json};
use shared::ports::{Clock, SignedPart};
use shared::testing::Content;

use crate::answer::Answer;
use crate::world::World;

/// One owner's client.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    world: &'a World,
    owner: &'a str,
}

impl<'a> Client<'a> {
    pub(crate) fn new(world: &'a World, owner: &'a str) -> Self {
        Self { world, owner }
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }

    /// `POST` of a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], Some(&body.to_string())).await
    }

    /// `POST /uploads` of a file with this name and size.
    pub async fn create(&self, filename: &str, size_bytes: u64) -> Answer {
        let body =
            json!({ "filename": filename, "size": size_bytes, "contentType": "application/octet-stream" });
        self.post("/uploads", &body).await
    }

    /// `POST /uploads` with an `Idempotency-Key`.
    pub async fn create_with_key(&self, key: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send("POST", "/uploads", &headers, Some(&body.to_string())).await
    }

    /// `POST /uploads/{id}/parts/sign` for parts without checksums.
    pub async fn sign(&self, id: &str, numbers: impl IntoIterator<Item = i64>) -> Answer {
        let parts: Vec<Value> = numbers.into_iter().map(|number| json!({ "partNumber": number })).collect();
        self.post(&format!("/uploads/{id}/parts/sign"), &json!({ "parts": parts })).await
    }

    /// `POST /uploads/{id}/complete`.
    pub async fn complete(&self, id: &str) -> Answer {
        self.send("POST", &format!("/uploads/{id}/complete"), &[], None).await
    }

    /// Any request: the event as API Gateway sends it, through the function that the route belongs to.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        let event = self.event(method, path, headers, body);
        self.send_event(event).await
    }

    /// An event, through the function that its route belongs to.
    pub async fn send_event(&self, event: Value) -> Answer {
        let path = event["rawPath"].as_str().unwrap_or_default().to_owned();
        let event: LambdaRequest = serde_json::from_value(event).expect("an event of API Gateway");
        let request = Request::from(shared::http_api::with_safe_path(event));
        let response = match path.as_str() {
            path if path.ends_with("/parts") || path.ends_with("/complete") => {
                chunk_complete::handler::handle(&self.world.chunk_complete, request).await
            }
            path if path == "/health/deep" || path.starts_with("/performance/") => {
                insights::handler::handle(&self.world.insights, request).await
            }
            _ => presign::handler::handle(&self.world.presign, request).await,
        };
        let response = response.expect("a handler answers every request");
        let status = response.status().as_u16();
        let Body::Text(text) = response.into_body() else { panic!("answers are text") };
        Answer { status, body: serde_json::from_str(&text).expect("answers are JSON") }
    }

    /// The event of a request with this owner's token.
    pub fn event(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Value {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let headers: serde_json::Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let expires_at_seconds = self.world.clock.now().as_seconds() + 600;
        json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "api",
                "authorizer": { "jwt": {
                    "claims": { "sub": self.owner, "exp": expires_at_seconds.to_string() },
                    "scopes": null,
                } },
                "domainName": "api.example.com",
                "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test" },
                "requestId": "request-1",
                "routeKey": "$default",
                "stage": "$default",
                "timeEpoch": 0,
            },
            "body": body,
            "isBase64Encoded": false,
        })
    }

    /// PUTs content with a signed request; gives the tag that S3 answers.
    pub fn put(&self, part: &SignedPart, content: Content) -> String {
        let etag = self
            .world
            .store
            .put_signed(part, content)
            .unwrap_or_else(|err| panic!("part {}: {err:?}", part.number));
        format!("\"{}\"", etag.as_str())
    }

    /// Creates an upload and PUTs all its parts, each filled with its own byte; gives the id and the report of all
    /// parts, which is not sent yet.
    pub async fn upload_parts(&self, size_bytes: u64) -> (String, Value) {
        let created = self.create("movie.bin", size_bytes).await;
        assert_eq!(created.status, 201, "{created:?}");
        let parts: Vec<Value> = created.signed_parts().iter().map(|part| self.put_filled(part)).collect();
        (created.text("/id").to_owned(), json!({ "parts": parts }))
    }

    /// PUTs a part filled with its own byte; gives its entry in a report.
    pub fn put_filled(&self, part: &SignedPart) -> Value {
        let fill = u8::try_from(part.number.get() % 251).unwrap();
        let etag = self.put(part, Content::repeated(fill, part.size_bytes));
        json!({ "partNumber": part.number.get(), "etag": etag })
    }

    /// `POST /uploads/{id}/parts`.
    pub async fn report(&self, id: &str, body: &Value) -> Answer {
        self.post(&format!("/uploads/{id}/parts"), body).await
    }
}
