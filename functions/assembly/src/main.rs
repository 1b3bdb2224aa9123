//! Lambda entry point. All behavior lives in the library.

use assembly::{App, handler};
use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent};
use shared::telemetry::Telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::start("assembly");
    let app = App::from_env().await?;
    telemetry.serve(|event: LambdaEvent<SqsEvent>| handler::handle(&app, event.payload)).await
}
