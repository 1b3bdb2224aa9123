//! Logs: one JSON object a line on stdout, from where Lambda takes them to CloudWatch.

use tracing_subscriber::EnvFilter;

/// Sets the log format up, once, at the start of `main`. `LOG_LEVEL` chooses what is shown (default `info`).
///
/// The SDK's own modules stay at `warn` whatever the level: at `trace` some have written credentials
/// (RUSTSEC-2023-0125).
#[expect(clippy::disallowed_methods, reason = "logging starts before any configuration is read")]
pub fn init() {
    let level = match std::env::var("LOG_LEVEL").unwrap_or_default().to_ascii_lowercase().as_str() {
        "error" => "error",
        "warn" => "warn",
        "debug" => "debug",
        _ => "info",
    };
    let filter = EnvFilter::new(format!(
        "{level},aws_config=warn,aws_sdk_s3=warn,aws_sdk_dynamodb=warn,aws_sdk_sqs=warn,aws_runtime=warn,\
         aws_smithy_runtime=warn,aws_sigv4=warn,hyper=warn,hyper_util=warn,rustls=warn,h2=warn"
    ));
    let subscriber =
        tracing_subscriber::fmt().json().flatten_event(true).with_target(false).with_env_filter(filter);
    // A second call, as tests make it, changes nothing.
    let _ = subscriber.try_init();
}
