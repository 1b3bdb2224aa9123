//! From a request of API Gateway to a use case, and from its result to an answer.

use lambda_http::http::Method;
use lambda_http::{Body, Error, Request, Response};
use shared::error::{Error as Failure, ErrorKind};
use shared::http_api::{owner, path_segments, read_json, request_id, respond, respond_error};
use shared::ids::UploadId;
use shared::upload::UploadState;
use shared::wire::{PartsAnswer, ReportBody};

use crate::app::App;
use crate::{finish_upload, report_parts};

/// Answers one request. Every failure becomes an answer; none becomes an error of the function.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Error> {
    let request_id = request_id(&request);
    let (what, answer) = match (request.method(), path_segments(&request).as_slice()) {
        (&Method::POST, ["uploads", id, "parts"]) => ("record parts", report(app, &request, id).await),
        (&Method::POST, ["uploads", id, "complete"]) => {
            ("complete an upload", complete(app, &request, id).await)
        }
        (_, ["uploads", _, "parts" | "complete"]) => (
            "find the route",
            Err(Failure::new(ErrorKind::MethodNotAllowed, "this route does not take this method")),
        ),
        _ => ("find the route", Err(Failure::new(ErrorKind::NotFound, "there is no such route"))),
    };
    Ok(match answer {
        Ok((status, body)) => respond(&request_id, status, &body),
        Err(err) => respond_error(&request_id, what, &err),
    })
}

async fn report(app: &App, request: &Request, id: &str) -> Result<(u16, PartsAnswer), Failure> {
    let owner = owner(request, app.auth_mode, app.clock.now())?;
    let id = UploadId::parse(id)?;
    let body: ReportBody = read_json(request)?;
    Ok((200, report_parts::run(app, &owner, &id, body).await?))
}

async fn complete(app: &App, request: &Request, id: &str) -> Result<(u16, PartsAnswer), Failure> {
    let owner = owner(request, app.auth_mode, app.clock.now())?;
    let id = UploadId::parse(id)?;
    let answer = finish_upload::run(app, &owner, &id).await?;
    let status = match answer.state {
        UploadState::Completed => 200,
        _ => 202,
    };
    Ok((status, answer))
}
