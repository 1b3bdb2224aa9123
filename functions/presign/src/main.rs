//! Lambda entry point. All behavior lives in the library.

use lambda_http::{Error, Request};
use presign::{App, handler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let app = App::from_env().await?;
    shared::http_api::run(|request: Request| handler::handle(&app, request)).await
}
