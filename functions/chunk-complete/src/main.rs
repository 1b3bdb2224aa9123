//! Lambda entry point. All behavior lives in the library.

use chunk_complete::{App, handler};
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use lambda_http::{Adapter, Error, Request, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let app = App::from_env().await?;
    let mut http = Adapter::from(service_fn(|request: Request| handler::handle(&app, request)));
    let serve = |event: LambdaEvent<_>| http.call(event.map(shared::http_api::with_safe_path));
    lambda_runtime::run(service_fn(serve)).await
}
