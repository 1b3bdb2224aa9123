//! From a request of API Gateway to a use case, and from its result to an answer.

use lambda_http::http::Method;
use lambda_http::{Body, Error, Request, Response};
use shared::error::{Error as Failure, ErrorKind};
use shared::http_api::{owner, path_segments, read_json, request_id, respond, respond_error};
use shared::ids::{OwnerId, UploadId};
use shared::redacted::Redacted;
use shared::wire::{CreateBody, HealthAnswer, SignBody, check_idempotency_key};

use crate::app::App;
use crate::{cancel_upload, show_file, show_upload, sign_parts, start_upload};

/// Answers one request. Every failure becomes an answer; none becomes an error of the function.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Error> {
    let request_id = request_id(&request);
    let (what, answer) = route(app, &request, &request_id).await;
    Ok(match answer {
        Ok(response) => response,
        Err(err) => respond_error(&request_id, what, &err),
    })
}

async fn route(
    app: &App,
    request: &Request,
    request_id: &str,
) -> (&'static str, Result<Response<Body>, Failure>) {
    match (request.method(), path_segments(request).as_slice()) {
        (&Method::GET, ["health"]) => {
            ("report health", Ok(respond(request_id, 200, &HealthAnswer { status: "healthy" })))
        }
        (&Method::POST, ["uploads"]) => ("start an upload", create(app, request, request_id).await),
        (&Method::POST, ["uploads", id, "parts", "sign"]) => {
            ("sign parts", sign(app, request, request_id, id).await)
        }
        (&Method::GET, ["uploads", id]) => {
            let answer = async {
                let (owner, id) = (caller(app, request)?, UploadId::parse(id)?);
                show_upload::run(app, &owner, &id).await.map(|answer| respond(request_id, 200, &answer))
            };
            ("show an upload", answer.await)
        }
        (&Method::DELETE, ["uploads", id]) => {
            let answer = async {
                let (owner, id) = (caller(app, request)?, UploadId::parse(id)?);
                cancel_upload::run(app, &owner, &id).await.map(|answer| respond(request_id, 200, &answer))
            };
            ("cancel an upload", answer.await)
        }
        (&Method::GET, ["files", id]) => {
            let answer = async {
                let owner = caller(app, request)?;
                let id = UploadId::parse(id).map_err(|_| Failure::file_not_found())?;
                show_file::run(app, &owner, &id).await.map(|answer| respond(request_id, 200, &answer))
            };
            ("show a file", answer.await)
        }
        (_, ["health" | "uploads"] | ["uploads" | "files", _] | ["uploads", _, "parts", "sign"]) => (
            "find the route",
            Err(Failure::new(ErrorKind::MethodNotAllowed, "this route does not take this method")),
        ),
        _ => ("find the route", Err(Failure::new(ErrorKind::NotFound, "there is no such route"))),
    }
}

fn caller(app: &App, request: &Request) -> Result<OwnerId, Failure> {
    owner(request, app.auth_mode, app.clock.now())
}

async fn create(app: &App, request: &Request, request_id: &str) -> Result<Response<Body>, Failure> {
    let owner = caller(app, request)?;
    let key = match request.headers().get("idempotency-key") {
        Some(value) => {
            let key = value
                .to_str()
                .map_err(|_| Failure::invalid("Idempotency-Key must be visible ASCII characters"))?;
            check_idempotency_key(key)?;
            Some(Redacted::new(key.to_owned()))
        }
        None => None,
    };
    let body: CreateBody = read_json(request)?;
    let answer = start_upload::run(app, &owner, key, body).await?;
    Ok(respond(request_id, 201, &answer))
}

async fn sign(app: &App, request: &Request, request_id: &str, id: &str) -> Result<Response<Body>, Failure> {
    let owner = caller(app, request)?;
    let id = UploadId::parse(id)?;
    let body: SignBody = read_json(request)?;
    let answer = sign_parts::run(app, &owner, &id, &body).await?;
    Ok(respond(request_id, 200, &answer))
}
