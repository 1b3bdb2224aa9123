//! Lambda entry point. All behavior lives in the library.

use insights::{App, handler};
use lambda_http::{Error, Request};
use shared::telemetry::Telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::start("insights");
    let app = App::from_env().await?;
    shared::http_api::run(&telemetry, |request: Request| handler::handle(&app, request)).await
}
