//! Lambda entry point. All behavior lives in the library.

use chunk_complete::{App, handler};
use lambda_http::{Error, Request};
use shared::telemetry::Telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::start("chunk-complete");
    let app = App::from_env().await?;
    shared::http_api::run(&telemetry, |request: Request| handler::handle(&app, request)).await
}
