//! Lambda entry point. All behavior lives in the library.

use cleanup::{App, handler};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let app = App::from_env().await?;
    run(service_fn(|event: LambdaEvent<Value>| handler::handle(&app, event))).await
}
