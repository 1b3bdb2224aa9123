//! Lambda entry point. All behavior lives in the library.

use cleanup::{App, handler};
use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use shared::telemetry::Telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::start("cleanup");
    let app = App::from_env().await?;
    telemetry.serve(|event: LambdaEvent<Value>| handler::handle(&app, event)).await
}
