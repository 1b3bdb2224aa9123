//! `GET /health/deep`: each dependency tried now, and the alarms that ring.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;
use shared::error::{Error, ErrorKind};
use shared::ids::{OwnerId, UploadId};
use shared::object_key::ObjectKey;
use shared::ports::RingingAlarm;
use shared::timestamp::Timestamp;

use crate::app::App;

/// What takes longer is as good as down for whoever waits for it. All are tried at once.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// An owner of nothing: the role may look below this owner's prefix alone. See `InsightsRole` in template.yaml.
pub const HEALTH_CHECK_OWNER: &str = "longshore health check";

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Healthy,
    Degraded,
    Critical,
}

/// The whole answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Health {
    pub(crate) status: Status,
    issues: Vec<String>,
    dependencies: Vec<Dependency>,
    alarms: Vec<Alarm>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    name: &'static str,
    ok: bool,
    latency_millis: u64,
    #[serde(skip)]
    is_vital: bool,
    #[serde(skip)]
    is_late: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Alarm {
    name: String,
    severity: &'static str,
    since: Timestamp,
}

/// Asks everybody at once.
pub(crate) async fn run(app: &App) -> Result<Health, Error> {
    let nothing = UploadId::generate(Timestamp::default(), [0; 10]);
    let key = ObjectKey::original(&OwnerId::parse(HEALTH_CHECK_OWNER)?, &nothing);
    let table: BoxFuture<'_, Result<(), Error>> = Box::pin(async { app.table.get(&nothing).await.map(drop) });
    let bucket: BoxFuture<'_, Result<(), Error>> = Box::pin(async { app.store.look(&key).await.map(drop) });
    let queues = app.queues.iter().map(|watched| {
        let asked: BoxFuture<'_, Result<(), Error>> =
            Box::pin(async { watched.queue.waiting().await.map(drop) });
        attempt(watched.name, watched.is_vital, asked)
    });
    let all = [attempt("table", true, table), attempt("originals-bucket", true, bucket)];
    let alarms = attempt("cloudwatch", false, Box::pin(app.alarms.ringing()));
    let (tried, (cloudwatch, ringing)) = tokio::join!(join_all(all.into_iter().chain(queues)), alarms);
    let mut dependencies: Vec<Dependency> = tried.into_iter().map(|(dependency, _)| dependency).collect();
    dependencies.push(cloudwatch);
    let alarms = ringing.unwrap_or_default().into_iter().map(|alarm| judged(&app.stack, alarm)).collect();
    Ok(judge(dependencies, alarms))
}

/// Tries one dependency, and gives up in time.
fn attempt<'a, T: 'a + Send>(
    name: &'static str,
    is_vital: bool,
    asked: BoxFuture<'a, Result<T, Error>>,
) -> BoxFuture<'a, (Dependency, Option<T>)> {
    Box::pin(async move {
        let begun_at = tokio::time::Instant::now();
        let answer = tokio::time::timeout(ANSWER_WITHIN, asked).await;
        let latency_millis = u64::try_from(begun_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        let is_late = answer.is_err();
        let answer = answer.unwrap_or_else(|_| Err(Error::new(ErrorKind::Unavailable, "it took too long")));
        if let Err(err) = &answer {
            tracing::warn!(
                dependency = name,
                latency_millis,
                "a dependency does not answer: {}",
                err.chain()
            );
        }
        (Dependency { name, ok: answer.is_ok(), latency_millis, is_vital, is_late }, answer.ok())
    })
}

/// An alarm by its name, `<stack>-<severity>-<what>`.
fn judged(stack: &str, alarm: RingingAlarm) -> Alarm {
    let rest = alarm.name.strip_prefix(stack).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
    let severity = match rest.split('-').next() {
        Some("critical") => "critical",
        Some("warning") => "warning",
        _ => "unknown",
    };
    Alarm { name: alarm.name, severity, since: alarm.since }
}

fn judge(dependencies: Vec<Dependency>, alarms: Vec<Alarm>) -> Health {
    let mut status = Status::Healthy;
    let mut issues = Vec::new();
    for dependency in dependencies.iter().filter(|dependency| !dependency.ok) {
        let (worst, consequence) = match dependency.is_vital {
            true => (Status::Critical, "uploads cannot be finished without it"),
            false => (Status::Degraded, "uploads go on without it"),
        };
        status = status.max(worst);
        issues.push(match dependency.is_late {
            true => format!(
                "{} did not answer within {} s; {consequence}",
                dependency.name,
                ANSWER_WITHIN.as_secs()
            ),
            false => format!("{} answered with an error; {consequence}", dependency.name),
        });
    }
    for alarm in &alarms {
        status = status.max(match alarm.severity {
            "critical" => Status::Critical,
            _ => Status::Degraded,
        });
        issues.push(format!("the alarm {} rings since {}", alarm.name, alarm.since));
    }
    Health { status, issues, dependencies, alarms }
}
