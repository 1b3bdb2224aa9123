//! Lambda entry point, and that of its workers. All behavior lives in the library.

use std::process::ExitCode;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent};
use shared::telemetry::Telemetry;
use thumbnail::{App, handler, render};

/// A worker needs neither runtime nor settings, so it is told apart before either is made.
fn main() -> Result<ExitCode, Error> {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == render::WORKER_ARGUMENT) {
        return Ok(render::run_worker());
    }
    serve()?;
    Ok(ExitCode::SUCCESS)
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), Error> {
    let telemetry = Telemetry::start("thumbnail");
    render::hide_from_workers();
    let app = App::from_env().await?;
    telemetry.serve(|event: LambdaEvent<SqsEvent>| handler::handle(&app, event)).await
}
