//! What the function holds from cold start on.

use std::sync::Arc;

use shared::aws::{Aws, Buckets};
use shared::config::{Settings, StackKind};
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

/// What the environment says, checked, before anything is connected.
#[derive(Clone, Debug)]
pub struct AppSettings {
    table_name: String,
    originals_bucket: String,
    bucket_owner: String,
    image_queue_url: String,
    lease_seconds: u64,
    allowed_types: AllowedTypes,
    malware_scan: MalwareScan,
}

impl AppSettings {
    /// Reads them all; fails with every fault at once, contradictions among them.
    pub fn read(mut settings: Settings<'_>) -> Result<Self, Error> {
        let kind: StackKind = settings.required("STACK_KIND");
        let table_name: String = settings.required("TABLE_NAME");
        let originals_bucket: String = settings.required("ORIGINALS_BUCKET");
        let bucket_owner: String = settings.required("BUCKET_OWNER");
        let image_queue_url: String = settings.required("IMAGE_QUEUE_URL");
        let lease_seconds = settings.within("LEASE_SECONDS", 1, 3600);
        let allowed_types = settings.required("ALLOWED_CONTENT_TYPES");
        let malware_scan = settings.required("MALWARE_SCAN");
        settings.check_surroundings(kind, &bucket_owner);
        settings.finish()?;
        Ok(Self {
            table_name,
            originals_bucket,
            bucket_owner,
            image_queue_url,
            lease_seconds,
            allowed_types,
            malware_scan,
        })
    }
}

impl App {
    /// Reads the environment and connects; fails with every fault at once.
    pub async fn from_env() -> Result<Self, Error> {
        let settings = AppSettings::read(Settings::from_env())?;
        let aws = Aws::connect().await;
        let buckets = Buckets::only_originals(settings.originals_bucket.clone(), settings.bucket_owner);
        Ok(Self {
            originals_bucket: settings.originals_bucket,
            lease_seconds: settings.lease_seconds,
            allowed_types: settings.allowed_types,
            malware_scan: settings.malware_scan,
            store: Arc::new(aws.object_store(buckets)),
            table: Arc::new(aws.upload_table(settings.table_name)),
            image_queue: Arc::new(aws.queue(settings.image_queue_url)),
            clock: Arc::new(SystemClock),
        })
    }
}
