//! What the function holds from cold start on.

use std::sync::Arc;

use shared::aws::{Aws, Buckets};
use shared::config::{Settings, StackKind};
use shared::error::Error;
use shared::ports::{Clock, ObjectStore, Queue, QueueDepth, SystemClock, UploadTable};
use shared::telemetry::Metric;
use shared::timestamp::Timestamp;
use shared::upload::REOPENED_SECONDS;

/// Settings and ports.
#[derive(Clone, Debug)]
pub struct App {
    /// The most records attended to in one run.
    pub sweep_items_max: u64,
    /// A multipart upload that no record names is aborted when it is older than this, in seconds.
    pub orphan_age_seconds: u64,
    /// How long an upload URL lives at the longest, in seconds: until then bytes can come back after a deletion.
    pub url_lifetime_seconds: u64,
    /// Both buckets.
    pub store: Arc<dyn ObjectStore>,
    /// The table.
    pub table: Arc<dyn UploadTable>,
    /// Where assembly's messages go.
    pub assembly_queue: Arc<dyn Queue>,
    /// Where image jobs go.
    pub image_queue: Arc<dyn Queue>,
    /// The queues whose depth is reported, each with the metric that it counts towards.
    pub watched_queues: Vec<(Metric, Arc<dyn QueueDepth>)>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What clocks may differ by, in seconds.
const CLOCK_MARGIN_SECONDS: u64 = 300;

/// What the environment says, checked, before anything is connected.
#[derive(Clone, Debug)]
pub struct AppSettings {
    table_name: String,
    buckets: Buckets,
    assembly_queue_url: String,
    image_queue_url: String,
    dead_letter_queue_urls: String,
    sweep_items_max: u64,
    orphan_age_seconds: u64,
    url_lifetime_seconds: u64,
}

impl AppSettings {
    /// Reads them all; fails with every fault at once, contradictions among them.
    pub fn read(mut settings: Settings<'_>) -> Result<Self, Error> {
        let kind: StackKind = settings.required("STACK_KIND");
        let table_name: String = settings.required("TABLE_NAME");
        let buckets = Buckets::read(&mut settings);
        let assembly_queue_url: String = settings.required("ASSEMBLY_QUEUE_URL");
        let image_queue_url: String = settings.required("IMAGE_QUEUE_URL");
        let dead_letter_queue_urls: String = settings.required("DEAD_LETTER_QUEUE_URLS");
        let names = ["ASSEMBLY_QUEUE_URL", "IMAGE_QUEUE_URL"];
        settings.expect(
            &names,
            assembly_queue_url != image_queue_url,
            "ASSEMBLY_QUEUE_URL and IMAGE_QUEUE_URL are one queue",
        );
        let sweep_items_max = settings.within("SWEEP_ITEMS_MAX", 8, 100_000);
        // An hour at least: an upload that is being opened has no record yet that names it.
        let orphan_age_seconds = settings.within("ORPHAN_AGE_SECONDS", 3600, 31_536_000);
        let upload_lifetime_seconds = settings.within("UPLOAD_LIFETIME_SECONDS", 60, 2_592_000);
        // An upload that went back to its client lives that much longer.
        settings.expect(
            &["ORPHAN_AGE_SECONDS", "UPLOAD_LIFETIME_SECONDS"],
            upload_lifetime_seconds + REOPENED_SECONDS <= orphan_age_seconds,
            "ORPHAN_AGE_SECONDS is not an hour more than UPLOAD_LIFETIME_SECONDS",
        );
        let url_lifetime_seconds = settings.within("URL_LIFETIME_SECONDS", 1, 3600);
        settings.check_surroundings(kind, &buckets.owner_account_id);
        settings.finish()?;
        Ok(Self {
            table_name,
            buckets,
            assembly_queue_url,
            image_queue_url,
            dead_letter_queue_urls,
            sweep_items_max,
            orphan_age_seconds,
            url_lifetime_seconds,
        })
    }
}

impl App {
    /// When no upload URL can be alive any more of an upload that took its last part at `closed_at`.
    pub(crate) fn last_url_dies_at(&self, closed_at: Timestamp) -> Timestamp {
        closed_at.plus_seconds(self.url_lifetime_seconds).plus_seconds(CLOCK_MARGIN_SECONDS)
    }

    /// Reads the environment and connects; fails with every fault at once.
    pub async fn from_env() -> Result<Self, Error> {
        let settings = AppSettings::read(Settings::from_env())?;
        let aws = Aws::connect().await;
        let dead_letters = settings.dead_letter_queue_urls.split(',').map(|url| (Metric::DeadLetters, url));
        let watched = [
            (Metric::AssemblyQueueDepth, settings.assembly_queue_url.as_str()),
            (Metric::ImageQueueDepth, settings.image_queue_url.as_str()),
        ];
        let watched_queues = watched
            .into_iter()
            .chain(dead_letters)
            .map(|(metric, url)| {
                let queue: Arc<dyn QueueDepth> = Arc::new(aws.queue(url.trim()));
                (metric, queue)
            })
            .collect();
        Ok(Self {
            sweep_items_max: settings.sweep_items_max,
            orphan_age_seconds: settings.orphan_age_seconds,
            url_lifetime_seconds: settings.url_lifetime_seconds,
            store: Arc::new(aws.object_store(settings.buckets)),
            table: Arc::new(aws.upload_table(settings.table_name)),
            assembly_queue: Arc::new(aws.queue(settings.assembly_queue_url)),
            image_queue: Arc::new(aws.queue(settings.image_queue_url)),
            watched_queues,
            clock: Arc::new(SystemClock),
        })
    }
}
