//! What the window cost, from what was counted in it.

use serde::Serialize;
use shared::telemetry::Metric;

use crate::number::{Number, share};
use crate::series::{FUNCTIONS, Snapshot};
use shared::ports::Statistic;
use shared::prices;

const MILLION: f64 = 1e6;
const THOUSAND: f64 = 1e3;
const GIB_BYTES: f64 = 1_073_741_824.0;
const MEGABYTES_PER_GIB: f64 = 1024.0;
/// A record is written together with an entry of at least one index.
const UNITS_PER_WRITE: f64 = 2.0;
/// A message is sent, received and deleted.
const REQUESTS_PER_MESSAGE: f64 = 3.0;

/// The memory that the functions are paid for, in MiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// Of presign, chunk-complete and insights.
    pub api_megabytes: f64,
    /// Of assembly.
    pub assembly_megabytes: f64,
    /// Of thumbnail.
    pub thumbnail_megabytes: f64,
    /// Of cleanup.
    pub cleanup_megabytes: f64,
}

/// Dollars, by service and in all.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Always US dollars.
    pub currency: &'static str,
    /// When the prices were looked up.
    pub prices_as_of: &'static str,
    /// Where they hold.
    pub region: &'static str,
    /// What each service was used for.
    pub services: Vec<Service>,
    /// All of them together.
    pub total_dollars: Number,
    /// Uploads that became files.
    pub uploads_completed: Number,
    /// The total for a thousand of them; nothing without any.
    pub per_thousand_uploads_dollars: Option<Number>,
    /// What the files that came in the window cost in each month that they are kept.
    pub added_storage_per_month_dollars: Number,
    /// What unfinished uploads cost in each month, as cleanup saw it last.
    pub unfinished_per_month_dollars: Option<Number>,
    /// What is billed and not counted here.
    pub not_included: [&'static str; 4],
}

/// One service of AWS.
#[derive(Clone, Debug, Serialize)]
pub struct Service {
    /// Its name.
    pub service: &'static str,
    /// What it cost.
    pub dollars: Number,
    /// For what.
    pub items: Vec<Item>,
}

/// One thing that is billed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// What.
    pub what: &'static str,
    /// How much of it.
    pub count: Number,
    /// What one costs.
    pub unit_dollars: f64,
    /// What all cost.
    pub dollars: Number,
}

fn item(what: &'static str, count: f64, unit_dollars: f64) -> Item {
    Item { what, count: Number(count), unit_dollars, dollars: Number(count * unit_dollars) }
}

fn service(service: &'static str, items: Vec<Item>) -> Service {
    let dollars = Number(items.iter().map(|item| item.dollars.0).sum());
    Service { service, dollars, items }
}

/// Puts the bill together.
pub fn cost(snapshot: &Snapshot, memory: Memory) -> Cost {
    let count = |metric| snapshot.samples(metric, None);
    let sum = |metric| snapshot.sum(metric, None);
    let reads = count(Metric::DynamoDbGetItemDuration) + count(Metric::DynamoDbQueryDuration);
    let writes = count(Metric::DynamoDbPutItemDuration) * UNITS_PER_WRITE;
    let messages = count(Metric::SqsSendMessageDuration) * REQUESTS_PER_MESSAGE;
    let services = vec![
        service("Lambda", lambda(snapshot, memory)),
        service(
            "API Gateway",
            vec![item("requests", count(Metric::RequestDuration), prices::API_MILLION_REQUESTS / MILLION)],
        ),
        service("S3", bucket_items(snapshot)),
        service(
            "DynamoDB",
            vec![
                item("write units", writes, prices::TABLE_MILLION_WRITES / MILLION),
                item("read units", reads, prices::TABLE_MILLION_READS / MILLION),
            ],
        ),
        service("SQS", vec![item("requests", messages, prices::QUEUE_MILLION_REQUESTS / MILLION)]),
        service(
            "CloudWatch",
            vec![item(
                "hours of custom metrics",
                metrics_in_use(snapshot) * hours(snapshot),
                prices::METRIC_MONTH / prices::MONTH_HOURS,
            )],
        ),
    ];
    let total_dollars: f64 = services.iter().map(|service| service.dollars.0).sum();
    let uploads = sum(Metric::UploadsCompleted);
    Cost {
        currency: "USD",
        prices_as_of: prices::AS_OF,
        region: prices::REGION,
        services,
        total_dollars: Number(total_dollars),
        uploads_completed: Number(uploads),
        per_thousand_uploads_dollars: share(total_dollars * THOUSAND, uploads).map(Number),
        added_storage_per_month_dollars: Number(
            (sum(Metric::BytesUploaded) + sum(Metric::VariantBytes)) / GIB_BYTES * prices::S3_GIB_MONTH,
        ),
        unfinished_per_month_dollars: snapshot.latest(Metric::UnfinishedCost).map(Number),
        not_included: [
            "storage of finished files",
            "bytes that leave AWS",
            "log lines, traces, alarms and dashboards",
            "empty receives of the queues, malware scans and the free tier",
        ],
    }
}

/// Invocations, and the time of each kind of work times the memory of its function. What a function does around its work is
/// not in it; it is little.
fn lambda(snapshot: &Snapshot, memory: Memory) -> Vec<Item> {
    let invocations =
        FUNCTIONS.into_iter().map(|name| snapshot.samples(Metric::InvocationFailed, Some(name))).sum();
    let gib_seconds = |metric, megabytes: f64| {
        let average_millis = snapshot.overall(metric, None, Statistic::Average).unwrap_or_default();
        average_millis / THOUSAND * snapshot.samples(metric, None) * megabytes / MEGABYTES_PER_GIB
    };
    let of_work =
        |what, metric, megabytes| item(what, gib_seconds(metric, megabytes), prices::LAMBDA_GIB_SECOND);
    vec![
        item("invocations", invocations, prices::LAMBDA_MILLION_REQUESTS / MILLION),
        of_work("GiB seconds of requests", Metric::RequestDuration, memory.api_megabytes),
        of_work("GiB seconds of assembly", Metric::AssembleDuration, memory.assembly_megabytes),
        of_work("GiB seconds of images", Metric::ImageDuration, memory.thumbnail_megabytes),
        of_work("GiB seconds of cleanup", Metric::SweepDuration, memory.cleanup_megabytes),
    ]
}

/// The PUTs of the clients, the calls of the functions, and what lies there unfinished.
fn bucket_items(snapshot: &Snapshot) -> Vec<Item> {
    let count = |metric| snapshot.samples(metric, None);
    let puts = [
        Metric::S3CreateMultipartUploadDuration,
        Metric::S3CompleteMultipartUploadDuration,
        Metric::S3ListMultipartUploadsDuration,
        Metric::S3ListPartsDuration,
        Metric::S3PutObjectDuration,
    ];
    let gets = [Metric::S3HeadObjectDuration, Metric::S3GetObjectDuration];
    vec![
        item("parts put by clients", parts(snapshot), prices::S3_THOUSAND_PUTS / THOUSAND),
        item(
            "calls priced like a PUT",
            puts.into_iter().map(count).sum(),
            prices::S3_THOUSAND_PUTS / THOUSAND,
        ),
        item(
            "calls priced like a GET",
            gets.into_iter().map(count).sum(),
            prices::S3_THOUSAND_GETS / THOUSAND,
        ),
        item("GiB hours of unfinished uploads", unfinished_gib_hours(snapshot), per_gib_hour()),
    ]
}

/// Parts that were acknowledged, and one PUT for each file: a file that took one PUT has no part on record, and of the
/// others one PUT too many does not count.
fn parts(snapshot: &Snapshot) -> f64 {
    snapshot.sum(Metric::PartsRecorded, None).max(snapshot.sum(Metric::UploadsCompleted, None))
}

fn hours(snapshot: &Snapshot) -> f64 {
    snapshot.until().since(snapshot.span.from).as_secs_f64() / 3600.0
}

fn per_gib_hour() -> f64 {
    prices::S3_GIB_MONTH / prices::MONTH_HOURS
}

fn unfinished_gib_hours(snapshot: &Snapshot) -> f64 {
    let bytes = snapshot.overall(Metric::UnfinishedBytes, None, Statistic::Average).unwrap_or_default();
    bytes / GIB_BYTES * hours(snapshot)
}

/// How many metrics are billed: each with its dimensions, if it had a sample.
fn metrics_in_use(snapshot: &Snapshot) -> f64 {
    crate::number::float(snapshot.metrics_in_use())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ports::{Point, SeriesQuery, Span};
    use shared::timestamp::Timestamp;

    const MEMORY: Memory = Memory {
        api_megabytes: 512.0,
        assembly_megabytes: 512.0,
        thumbnail_megabytes: 2048.0,
        cleanup_megabytes: 256.0,
    };

    /// An hour in which each of these had this value.
    fn an_hour(known: &[(Metric, Option<&'static str>, Statistic, f64)]) -> Snapshot {
        let at = Timestamp::from_seconds(3600);
        let span = Span { from: at, to: at.plus_seconds(3600), period_seconds: 3600 };
        let queries = known.iter().map(|(metric, of, statistic, _)| SeriesQuery {
            metric: *metric,
            of: *of,
            statistic: *statistic,
        });
        let series = known.iter().map(|(.., value)| vec![Point { at, value: *value }]).collect();
        Snapshot::new(span, at.plus_seconds(3600), queries, series)
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn a_thousand_uploads_cost_what_their_counts_cost_by_hand() {
        let bill = cost(
            &an_hour(&[
                (Metric::RequestDuration, None, Statistic::SampleCount, 3_000.0),
                (Metric::RequestDuration, None, Statistic::Average, 100.0),
                (Metric::InvocationFailed, Some("presign"), Statistic::SampleCount, 3_000.0),
                (Metric::ImageDuration, None, Statistic::SampleCount, 1_000.0),
                (Metric::ImageDuration, None, Statistic::Average, 2_000.0),
                (Metric::PartsRecorded, None, Statistic::Sum, 8_000.0),
                (Metric::UploadsCompleted, None, Statistic::Sum, 1_000.0),
                (Metric::S3HeadObjectDuration, None, Statistic::SampleCount, 1_000.0),
                (Metric::DynamoDbPutItemDuration, None, Statistic::SampleCount, 5_000.0),
                (Metric::SqsSendMessageDuration, None, Statistic::SampleCount, 1_000.0),
            ]),
            MEMORY,
        );
        let of = |name: &str| {
            bill.services.iter().find(|one| one.service == name).map(|one| one.dollars.0).unwrap()
        };
        // 3,000 requests of 100 ms at half a GiB are 150 GiB s, 1,000 images of 2 s at 2 GiB are 4,000.
        near(of("Lambda"), 3_000.0 * 0.2e-6 + 4_150.0 * 0.000_016_666_7);
        near(of("API Gateway"), 0.003);
        near(of("S3"), 8.0 * 0.005 + 0.000_4);
        near(of("DynamoDB"), 10_000.0 * 0.625e-6);
        near(of("SQS"), 3_000.0 * 0.4e-6);
        near(of("CloudWatch"), 8.0 * 0.30 / 730.0);
        let total: f64 = bill.services.iter().map(|one| one.dollars.0).sum();
        near(bill.per_thousand_uploads_dollars.unwrap().0, total);
    }

    #[test]
    fn a_quiet_hour_has_no_price_for_a_thousand_uploads() {
        let bill = cost(&an_hour(&[]), MEMORY);
        assert_eq!((bill.total_dollars, bill.per_thousand_uploads_dollars), (Number(0.0), None));
    }

    #[test]
    fn a_gibibyte_that_lies_unfinished_for_an_hour_costs_its_share_of_the_month() {
        let bill =
            cost(&an_hour(&[(Metric::UnfinishedBytes, None, Statistic::Average, 1_073_741_824.0)]), MEMORY);
        let dollars = bill.services.iter().find(|one| one.service == "S3").map(|one| one.dollars.0);
        near(dollars.unwrap(), 0.023 / 730.0);
    }
}
