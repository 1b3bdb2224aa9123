//! What the function holds from cold start on.

use std::sync::Arc;

use shared::aws::{Aws, Buckets};
use shared::config::Settings;
use shared::error::Error;
use shared::media_type::AllowedTypes;
use shared::ports::{Clock, ObjectStore, Queue, SystemClock, UploadTable};
use shared::scan::MalwareScan;

/// Settings and ports.
#[derive(Clone, Debug)]
pub struct App {
    /// The name of the originals bucket: events of any other are not ours.
    pub originals_bucket: String,
    /// How long one worker has an upload for itself, in seconds: longer than the function may run.
    pub lease_seconds: u64,
    /// The types of files that are taken; what the bytes show is held against it.
    pub allowed_types: AllowedTypes,
    /// Who scans files before they are handed out.
    pub malware_scan: MalwareScan,
    /// The originals bucket.
    pub store: Arc<dyn ObjectStore>,
    /// The table.
    pub table: Arc<dyn UploadTable>,
    /// Where image jobs go.
    pub image_queue: Arc<dyn Queue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl App {
    /// Reads the environment and connects; fails with every fault at once.
    pub async fn from_env() -> Result<Self, Error> {
        let mut settings = Settings::from_env();
        let table_name: String = settings.required("TABLE_NAME");
        let originals_bucket: String = settings.required("ORIGINALS_BUCKET");
        let buckets =
            Buckets::only_originals(originals_bucket.clone(), settings.required::<String>("BUCKET_OWNER"));
        let image_queue_url: String = settings.required("IMAGE_QUEUE_URL");
        let lease_seconds = settings.within("LEASE_SECONDS", 1, 3600);
        let allowed_types = settings.required("ALLOWED_CONTENT_TYPES");
        let malware_scan = settings.required("MALWARE_SCAN");
        settings.finish()?;
        let aws = Aws::connect().await;
        Ok(Self {
            originals_bucket,
            lease_seconds,
            allowed_types,
            malware_scan,
            store: Arc::new(aws.object_store(buckets)),
            table: Arc::new(aws.upload_table(table_name)),
            image_queue: Arc::new(aws.queue(image_queue_url)),
            clock: Arc::new(SystemClock),
        })
    }
}
