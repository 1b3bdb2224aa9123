//! What the function holds from cold start on.

use std::sync::Arc;

use shared::aws::{Aws, Buckets};
use shared::config::{AuthMode, Settings, StackKind};
use shared::error::Error;
use shared::ports::{Clock, ObjectStore, Queue, SystemClock, UploadTable};

/// Settings and ports.
#[derive(Clone, Debug)]
pub struct App {
    /// Who vouches for callers.
    pub auth_mode: AuthMode,
    /// The originals bucket.
    pub store: Arc<dyn ObjectStore>,
    /// The table.
    pub table: Arc<dyn UploadTable>,
    /// Where assembly's messages go.
    pub assembly_queue: Arc<dyn Queue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What the environment says, checked, before anything is connected.
#[derive(Clone, Debug)]
pub struct AppSettings {
    table_name: String,
    buckets: Buckets,
    assembly_queue_url: String,
    auth_mode: AuthMode,
}

impl AppSettings {
    /// Reads them all; fails with every fault at once, contradictions among them.
    pub fn read(mut settings: Settings<'_>) -> Result<Self, Error> {
        let kind: StackKind = settings.required("STACK_KIND");
        let table_name: String = settings.required("TABLE_NAME");
        let buckets = Buckets::only_originals(
            settings.required::<String>("ORIGINALS_BUCKET"),
            settings.required::<String>("BUCKET_OWNER"),
        );
        let assembly_queue_url: String = settings.required("ASSEMBLY_QUEUE_URL");
        let auth_mode: AuthMode = settings.required("AUTH_MODE");
        auth_mode.check(&mut settings, kind);
        settings.check_surroundings(kind, &buckets.owner_account_id);
        settings.finish()?;
        Ok(Self { table_name, buckets, assembly_queue_url, auth_mode })
    }
}

impl App {
    /// Reads the environment and connects; fails with every fault at once.
    pub async fn from_env() -> Result<Self, Error> {
        let settings = AppSettings::read(Settings::from_env())?;
        let aws = Aws::connect().await;
        Ok(Self {
            auth_mode: settings.auth_mode,
            store: Arc::new(aws.object_store(settings.buckets)),
            table: Arc::new(aws.upload_table(settings.table_name)),
            assembly_queue: Arc::new(aws.queue(settings.assembly_queue_url)),
            clock: Arc::new(SystemClock),
        })
    }
}
