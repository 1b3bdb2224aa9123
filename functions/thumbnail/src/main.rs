//! Lambda entry point. All behavior lives in the library.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use thumbnail::{App, handler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let app = App::from_env().await?;
    run(service_fn(|event: LambdaEvent<SqsEvent>| handler::handle(&app, event))).await
}
