//! Each rule at its limit and beyond.

use shared::ports::{Point, SeriesQuery, Span};
use shared::timestamp::Timestamp;

use super::*;
use Statistic::{Average, Maximum, Minimum, P95, P99, SampleCount, Sum};

type Known = (Metric, Option<&'static str>, Statistic, f64);

/// A quarter of an hour with these values in its first minute.
fn with(known: &[Known]) -> Snapshot {
    let at = Timestamp::from_seconds(900);
    let span = Span { from: at, to: at.plus_seconds(900), period_seconds: 60 };
    let queries = known.iter().map(|(metric, of, statistic, _)| SeriesQuery {
        metric: *metric,
        of: *of,
        statistic: *statistic,
    });
    let series = known.iter().map(|(.., value)| vec![Point { at, value: *value }]).collect();
    Snapshot::new(span, at.plus_seconds(900), queries, series)
}

fn titles(known: &[Known]) -> Vec<String> {
    recommend(&with(known)).into_iter().map(|one| one.title).collect()
}

#[test]
fn nothing_measured_is_nothing_to_do() {
    assert_eq!(titles(&[]), Vec::<String>::new());
}

/// A rule's title, values at its limit and values beyond it.
type Case = (&'static str, &'static [Known], &'static [Known]);

const OF_THE_STACK: [Case; 10] = [
    (
        "requests of the API fail",
        &[(Metric::RequestFailed, None, Sum, 1.0), (Metric::RequestFailed, None, SampleCount, 100.0)],
        &[(Metric::RequestFailed, None, Sum, 2.0), (Metric::RequestFailed, None, SampleCount, 100.0)],
    ),
    (
        "many requests are slow",
        &[(Metric::RequestSlow, None, Sum, 5.0), (Metric::RequestSlow, None, SampleCount, 100.0)],
        &[(Metric::RequestSlow, None, Sum, 6.0), (Metric::RequestSlow, None, SampleCount, 100.0)],
    ),
    (
        "uploads fail",
        &[(Metric::UploadFailed, None, Sum, 9.0), (Metric::UploadFailed, None, SampleCount, 19.0)],
        &[(Metric::UploadFailed, None, Sum, 9.0), (Metric::UploadFailed, None, SampleCount, 20.0)],
    ),
    (
        "files were not what was declared",
        &[(Metric::IntegrityFailures, None, Sum, 0.0)],
        &[(Metric::IntegrityFailures, None, Sum, 1.0)],
    ),
    (
        "messages were given up",
        &[(Metric::DeadLetters, None, Average, 0.0)],
        &[(Metric::DeadLetters, None, Average, 1.0)],
    ),
    ("AWS denies calls", &[(Metric::AwsDenied, None, Sum, 0.0)], &[(Metric::AwsDenied, None, Sum, 1.0)]),
    (
        "AWS throttles calls",
        &[(Metric::AwsThrottled, None, Sum, 0.0)],
        &[(Metric::AwsThrottled, None, Sum, 1.0)],
    ),
    (
        "S3HeadObject is slow",
        &[
            (Metric::S3HeadObjectDuration, None, P99, 1_000.0),
            (Metric::S3HeadObjectDuration, None, SampleCount, 100.0),
        ],
        &[
            (Metric::S3HeadObjectDuration, None, P99, 1_001.0),
            (Metric::S3HeadObjectDuration, None, SampleCount, 100.0),
        ],
    ),
    (
        "decoding is slow",
        &[(Metric::DecodeDuration, None, P95, 2_001.0), (Metric::DecodeDuration, None, SampleCount, 19.0)],
        &[(Metric::DecodeDuration, None, P95, 2_001.0), (Metric::DecodeDuration, None, SampleCount, 20.0)],
    ),
    (
        "unfinished uploads cost money",
        &[(Metric::UnfinishedCost, None, Average, 1.0)],
        &[(Metric::UnfinishedCost, None, Average, 1.01)],
    ),
];

const PRESIGN: Option<&str> = Some("presign");

const OF_A_FUNCTION: [Case; 5] = [
    (
        "presign is short of memory",
        &[(Metric::MemoryUsedPercent, PRESIGN, Maximum, 85.0)],
        &[(Metric::MemoryUsedPercent, PRESIGN, Maximum, 86.0)],
    ),
    (
        "presign waits for its processor",
        &[
            (Metric::CpuPercent, PRESIGN, Average, 80.0),
            (Metric::InvocationFailed, PRESIGN, SampleCount, 20.0),
        ],
        &[
            (Metric::CpuPercent, PRESIGN, Average, 81.0),
            (Metric::InvocationFailed, PRESIGN, SampleCount, 20.0),
        ],
    ),
    (
        "presign fills /tmp",
        &[(Metric::TmpUsed, PRESIGN, Maximum, 400e6)],
        &[(Metric::TmpUsed, PRESIGN, Maximum, 430e6)],
    ),
    (
        "presign comes close to its time limit",
        &[(Metric::TimeLeft, PRESIGN, Minimum, 2_000.0)],
        &[(Metric::TimeLeft, PRESIGN, Minimum, 1_999.0)],
    ),
    (
        "presign often starts cold",
        &[(Metric::ColdStart, PRESIGN, Sum, 199.0), (Metric::InvocationFailed, PRESIGN, SampleCount, 199.0)],
        &[(Metric::ColdStart, PRESIGN, Sum, 41.0), (Metric::InvocationFailed, PRESIGN, SampleCount, 200.0)],
    ),
];

#[test]
fn each_rule_speaks_beyond_its_limit_and_is_silent_at_it() {
    for (title, at_the_limit, beyond) in OF_THE_STACK.into_iter().chain(OF_A_FUNCTION) {
        assert_eq!(titles(at_the_limit), Vec::<String>::new(), "{title}");
        assert_eq!(titles(beyond), [title]);
    }
}

#[test]
fn a_queue_that_is_long_and_grows_is_named_and_one_that_shrinks_is_not() {
    let queue = |waiting: fn(u32) -> f64| {
        let from = Timestamp::from_seconds(900);
        let at = |minute: u32| from.plus_seconds(60 * u64::from(minute));
        let points = (0..15).map(|minute| Point { at: at(minute), value: waiting(minute) }).collect();
        let query = SeriesQuery { metric: Metric::ImageQueueDepth, of: None, statistic: Average };
        let span = Span { from, to: from.plus_seconds(900), period_seconds: 60 };
        recommend(&Snapshot::new(span, from.plus_seconds(900), [query], vec![points]))
    };
    let grows = queue(|minute| 100.0 + f64::from(minute));
    assert_eq!(grows[0].title, "the queue of thumbnail grows");
    assert_eq!(queue(|minute| 200.0 - f64::from(minute)), []);
    assert_eq!(queue(f64::from), [], "it grows, and is short");
}

#[test]
fn what_hurts_most_comes_first() {
    let found = recommend(&with(&[
        (Metric::UnfinishedCost, None, Average, 5.0),
        (Metric::AwsThrottled, None, Sum, 1.0),
        (Metric::AwsDenied, None, Sum, 1.0),
    ]));
    let severities: Vec<Severity> = found.iter().map(|one| one.severity).collect();
    assert_eq!(severities, [Severity::Critical, Severity::Warning, Severity::Info]);
}

#[test]
fn an_hour_in_use_without_a_run_of_cleanup_is_critical() {
    let at = Timestamp::from_seconds(7200);
    let query = |metric, statistic| SeriesQuery { metric, of: None, statistic };
    let hour = |sweeps: f64| {
        let span = Span { from: at, to: at.plus_seconds(3600), period_seconds: 60 };
        let queries = [query(Metric::InvocationFailed, SampleCount), query(Metric::SweepsDone, Sum)];
        let series = [40.0, sweeps].map(|value| vec![Point { at, value }]).to_vec();
        recommend(&Snapshot::new(span, at.plus_seconds(3600), queries, series))
    };
    assert_eq!(hour(0.0)[0].title, "cleanup does not run");
    assert_eq!(hour(1.0), []);
}
