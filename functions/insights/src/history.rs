//! What CloudWatch says, asked as seldom as is fitting, and no longer waited for than an answer may take.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shared::error::{Error, ErrorKind};
use shared::ports::Span;

use crate::app::App;
use crate::series::{Snapshot, queries};
use crate::window::Window;

/// CloudWatch usually answers within a second. The function has 15, and API Gateway's client is waiting.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The last good answer for each window, of which there are six.
#[derive(Debug, Default)]
pub struct Kept {
    snapshots: Mutex<HashMap<Window, Arc<Snapshot>>>,
}

impl Kept {
    fn of(&self, window: Window) -> Option<Arc<Snapshot>> {
        self.snapshots.lock().ok().and_then(|snapshots| snapshots.get(&window).cloned())
    }

    fn keep(&self, window: Window, snapshot: &Arc<Snapshot>) {
        if let Ok(mut snapshots) = self.snapshots.lock() {
            snapshots.insert(window, snapshot.clone());
        }
    }
}

/// The numbers of a window, and how old they are.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) age_seconds: u64,
    /// Newer ones could not be had.
    pub(crate) is_stale: bool,
}

/// The numbers of the window: those of before while they are new enough, or when CloudWatch does not answer.
pub(crate) async fn of_window(app: &App, window: Window) -> Result<Reading, Error> {
    let now = app.clock.now();
    let kept = app.kept.of(window);
    let reading = |snapshot: Arc<Snapshot>, is_stale| Reading {
        age_seconds: now.since(snapshot.read_at).as_secs(),
        snapshot,
        is_stale,
    };
    if let Some(snapshot) = &kept
        && now.since(snapshot.read_at).as_secs() < window.fresh_seconds()
    {
        return Ok(reading(snapshot.clone(), false));
    }
    match (of_span(app, window.span(now)).await, kept) {
        (Ok(snapshot), _) => {
            let snapshot = Arc::new(snapshot);
            app.kept.keep(window, &snapshot);
            Ok(reading(snapshot, false))
        }
        (Err(err), Some(snapshot)) => {
            tracing::warn!(window = window.name(), "answers with what it read before: {}", err.chain());
            Ok(reading(snapshot, true))
        }
        (Err(err), None) => Err(err),
    }
}

/// The numbers of a span, asked for now and in one call.
pub(crate) async fn of_span(app: &App, span: Span) -> Result<Snapshot, Error> {
    let unavailable = || Error::new(ErrorKind::Unavailable, "CloudWatch does not say what was measured");
    let queries = queries();
    match tokio::time::timeout(ANSWER_WITHIN, app.history.read(&queries, span)).await {
        Ok(Ok(series)) => Ok(Snapshot::new(span, app.clock.now(), queries, series)),
        Ok(Err(err)) => Err(unavailable().caused_by(err)),
        Err(_) => Err(unavailable().caused_by("it took too long")),
    }
}
