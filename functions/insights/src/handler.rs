//! From a request of API Gateway to a use case, and from its result to an answer.

use lambda_http::http::Method;
use lambda_http::{Body, Error, Request, Response};
use serde::Serialize;
use shared::error::{Error as Failure, ErrorKind};
use shared::http_api::{
    check_operator, path_segments, query_parameter, request_id, respond, respond_error, respond_text,
};

use crate::app::App;
use crate::check_health::{self, Status};
use crate::prometheus::CONTENT_TYPE;
use crate::views::{self, Question};

/// The views there are.
const VIEWS: [&str; 6] = ["metrics", "trends", "recommendations", "compare", "cost", "prometheus"];

type Answer = Result<Response<Body>, Failure>;

/// Answers one request. Every failure becomes an answer; none becomes an error of the function.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Error> {
    let request_id = request_id(&request);
    let (what, answer) = route(app, &request, &request_id).await;
    Ok(match answer {
        Ok(response) => response,
        Err(err) => respond_error(&request_id, what, &err),
    })
}

async fn route(app: &App, request: &Request, request_id: &str) -> (&'static str, Answer) {
    match (request.method(), path_segments(request).as_slice()) {
        (&Method::GET, ["health", "deep"]) => ("check the health", health(app, request, request_id).await),
        (&Method::GET, ["performance", view]) if VIEWS.contains(view) => {
            ("say how the stack is doing", performance(app, request, request_id, view).await)
        }
        (_, ["health", "deep"]) => ("find the route", Err(wrong_method())),
        (_, ["performance", view]) if VIEWS.contains(view) => ("find the route", Err(wrong_method())),
        _ => ("find the route", Err(Failure::new(ErrorKind::NotFound, "there is no such route"))),
    }
}

fn wrong_method() -> Failure {
    Failure::new(ErrorKind::MethodNotAllowed, "this route does not take this method")
}

async fn health(app: &App, request: &Request, request_id: &str) -> Answer {
    check_operator(request, app.auth_mode, app.clock.now())?;
    let health = check_health::run(app).await?;
    let status = match health.status {
        Status::Healthy | Status::Degraded => 200,
        Status::Critical => 503,
    };
    Ok(respond(request_id, status, &health))
}

async fn performance(app: &App, request: &Request, request_id: &str, view: &str) -> Answer {
    check_operator(request, app.auth_mode, app.clock.now())?;
    let question = Question {
        window: query_parameter(request, "window"),
        group_by: query_parameter(request, "groupBy"),
        before: query_parameter(request, "before"),
        after: query_parameter(request, "after"),
    };
    match view {
        "metrics" => shown(request_id, views::show_metrics(app, &question).await),
        "trends" => shown(request_id, views::show_trends(app, &question).await),
        "recommendations" => shown(request_id, views::show_recommendations(app, &question).await),
        "compare" => shown(request_id, views::show_comparison(app, &question).await),
        "cost" => shown(request_id, views::show_cost(app, &question).await),
        _ => views::show_prometheus(app, &question)
            .await
            .map(|text| respond_text(request_id, CONTENT_TYPE, text)),
    }
}

fn shown(request_id: &str, answer: Result<impl Serialize, Failure>) -> Answer {
    answer.map(|answer| respond(request_id, 200, &answer))
}
