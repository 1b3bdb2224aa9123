//! Logs: one JSON object a line on stdout, from where Lambda takes them to CloudWatch.

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{FilterExt as _, Targets, dynamic_filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::ids::UploadId;

/// Whose lines are shown at the chosen level; everybody else's from `warn` on.
const OURS: [&str; 8] =
    ["assembly", "chunk_complete", "cleanup", "imaging", "insights", "presign", "shared", "thumbnail"];

/// What is written at this level of ours.
fn shown_at(level: LevelFilter) -> Targets {
    let others = level.min(LevelFilter::WARN);
    Targets::new().with_default(others).with_targets(OURS.map(|name| (name, level)))
}

/// Whether the invocation at hand writes its debug lines. One process has one invocation at a time.
static SHOWS_DEBUG: AtomicBool = AtomicBool::new(false);

/// Has the lines from here on written down to debug, or not.
pub(super) fn show_debug(shows: bool) {
    SHOWS_DEBUG.store(shows, Ordering::Relaxed);
}

/// Names the upload that the invocation is about in each of its log lines from here on.
pub fn about(id: &UploadId) {
    tracing::Span::current().record("upload.id", id.as_str());
}

/// Sets the log format up, once, at the start of `main`. `LOG_LEVEL` chooses what is shown (default `info`).
///
/// The SDK's own modules stay at `warn` whatever the level: at `trace` some have written credentials
/// (RUSTSEC-2023-0125). The filter knows module names only: the one that takes regular expressions made a function
/// half a megabyte larger.
#[expect(clippy::disallowed_methods, reason = "logging starts before any configuration is read")]
pub(super) fn init() {
    let level = match std::env::var("LOG_LEVEL").unwrap_or_default().to_ascii_lowercase().as_str() {
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "debug" => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    };
    let chosen = shown_at(level);
    let shown = shown_at(level.max(LevelFilter::DEBUG)).and(dynamic_filter_fn(move |metadata, _| {
        chosen.would_enable(metadata.target(), metadata.level()) || SHOWS_DEBUG.load(Ordering::Relaxed)
    }));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_span_list(false)
        .with_filter(shown);
    // A second call, as tests make it, changes nothing.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_sdk_writes_no_details_whatever_the_level_is() {
        for level in [LevelFilter::ERROR, LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::TRACE] {
            let shown = shown_at(level);
            for target in [
                "aws_sigv4::http_request::sign",
                "aws_runtime::auth::sigv4",
                "aws_smithy_runtime::client::orchestrator",
                "aws_sdk_s3::operation::put_object",
                "hyper::client",
                "rustls::client",
            ] {
                for below in [Level::INFO, Level::DEBUG, Level::TRACE] {
                    assert!(!shown.would_enable(target, &below), "{target} writes {below} at {level}");
                }
            }
        }
        assert!(shown_at(LevelFilter::DEBUG).would_enable("presign::handler", &Level::DEBUG));
        assert!(shown_at(LevelFilter::ERROR).would_enable("hyper::client", &Level::ERROR));
    }
}
