//! `GET /performance/{view}`: one reading, looked at in different ways.

use serde::Serialize;
use shared::error::Error;
use shared::timestamp::Timestamp;

use crate::app::App;
use crate::compare::{Comparison, compare};
use crate::cost::{Cost, cost};
use crate::history::{Reading, of_span, of_window};
use crate::prometheus::exposition;
use crate::recommend::{Recommendation, recommend};
use crate::summary::{Summary, summarize};
use crate::trends::{Trend, trends};
use crate::window::{Interval, Window, common_period_seconds};

/// What is asked, as it was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    pub(crate) window: Option<String>,
    pub(crate) group_by: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// What stands at the head of every answer about a window.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct About<T> {
    window: &'static str,
    from: Timestamp,
    to: Timestamp,
    period_seconds: u64,
    age_seconds: u64,
    stale: bool,
    #[serde(flatten)]
    content: T,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Trends {
    trends: Vec<Trend>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Recommendations {
    recommendations: Vec<Recommendation>,
}

/// Two intervals and what lies between them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Compared {
    before: Bounds,
    after: Bounds,
    period_seconds: u64,
    confidence: f64,
    metrics: Vec<Comparison>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Bounds {
    from: Timestamp,
    to: Timestamp,
}

/// `metrics`.
pub(crate) async fn show_metrics(app: &App, question: &Question) -> Result<About<Summary>, Error> {
    let by_route = match question.group_by.as_deref() {
        None => false,
        Some("route") => true,
        Some(_) => return Err(Error::invalid("groupBy must be route, or left out")),
    };
    about(app, question, |reading| summarize(&reading.snapshot, by_route)).await
}

/// `trends`.
pub(crate) async fn show_trends(app: &App, question: &Question) -> Result<About<Trends>, Error> {
    about(app, question, |reading| Trends { trends: trends(&reading.snapshot) }).await
}

/// `recommendations`.
pub(crate) async fn show_recommendations(
    app: &App,
    question: &Question,
) -> Result<About<Recommendations>, Error> {
    about(app, question, |reading| Recommendations { recommendations: recommend(&reading.snapshot) }).await
}

/// `cost`.
pub(crate) async fn show_cost(app: &App, question: &Question) -> Result<About<Cost>, Error> {
    about(app, question, |reading| cost(&reading.snapshot, app.memory)).await
}

/// `prometheus`, of the last five minutes unless another window is asked for.
pub(crate) async fn show_prometheus(app: &App, question: &Question) -> Result<String, Error> {
    let window = match &question.window {
        Some(text) => Window::parse(Some(text))?,
        None => Window::FiveMinutes,
    };
    let reading = of_window(app, window).await?;
    Ok(exposition(&reading.snapshot, reading.age_seconds, reading.is_stale))
}

async fn about<T>(
    app: &App,
    question: &Question,
    look: impl FnOnce(&Reading) -> T,
) -> Result<About<T>, Error> {
    let window = Window::parse(question.window.as_deref())?;
    let reading = of_window(app, window).await?;
    Ok(About {
        window: window.name(),
        from: reading.snapshot.span.from,
        to: reading.snapshot.until(),
        period_seconds: reading.snapshot.span.period_seconds,
        age_seconds: reading.age_seconds,
        stale: reading.is_stale,
        content: look(&reading),
    })
}

/// `compare`. Of either interval only whole periods count.
pub(crate) async fn show_comparison(app: &App, question: &Question) -> Result<Compared, Error> {
    let now = app.clock.now();
    let before = Interval::parse("before", question.before.as_deref(), now)?;
    let after = Interval::parse("after", question.after.as_deref(), now)?;
    if before.overlaps(after) {
        return Err(Error::invalid("before and after have time in common, so nothing can be told apart"));
    }
    let period_seconds = common_period_seconds([before, after], now);
    let span = |name: &str, interval: Interval| {
        interval.span(period_seconds).ok_or_else(|| {
            let message = format!(
                "{name} holds no whole period of {period_seconds} s, which is what CloudWatch still has or the longer \
                 interval needs; make it longer"
            );
            Error::invalid(message)
        })
    };
    let (before, after) = (span("before", before)?, span("after", after)?);
    let (measured_before, measured_after) = tokio::join!(of_span(app, before), of_span(app, after));
    Ok(Compared {
        before: Bounds { from: before.from, to: before.to },
        after: Bounds { from: after.from, to: after.to },
        period_seconds,
        confidence: 0.95,
        metrics: compare(&measured_before?, &measured_after?),
    })
}
