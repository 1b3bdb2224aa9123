//! What the function holds from cold start on.

use std::sync::Arc;

use shared::aws::{Aws, Buckets};
use shared::config::{AuthMode, Settings};
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

impl App {
    /// Reads the environment and connects; fails with every fault at once.
    pub async fn from_env() -> Result<Self, Error> {
        let mut settings = Settings::from_env();
        let table_name: String = settings.required("TABLE_NAME");
        let buckets = Buckets::only_originals(
            settings.required::<String>("ORIGINALS_BUCKET"),
            settings.required::<String>("BUCKET_OWNER"),
        );
        let assembly_queue_url: String = settings.required("ASSEMBLY_QUEUE_URL");
        let auth_mode = settings.required("AUTH_MODE");
        settings.finish()?;
        let aws = Aws::connect().await;
        Ok(Self {
            auth_mode,
            store: Arc::new(aws.object_store(buckets)),
            table: Arc::new(aws.upload_table(table_name)),
            assembly_queue: Arc::new(aws.queue(assembly_queue_url)),
            clock: Arc::new(SystemClock),
        })
    }
}
