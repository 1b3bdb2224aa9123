//! What the function holds from cold start on.

use std::sync::Arc;

use shared::aws::{Aws, Buckets};
use shared::config::{AuthMode, Settings, StackKind};
use shared::error::Error;
use shared::ports::{Alarms, Clock, MetricHistory, ObjectStore, QueueDepth, SystemClock, UploadTable};

use crate::cost::Memory;
use crate::history::Kept;

/// Settings and ports.
#[derive(Clone, Debug)]
pub struct App {
    /// Who vouches for callers.
    pub auth_mode: AuthMode,
    /// The stack's name, with which the names of its alarms begin.
    pub stack: String,
    /// What the functions are paid for.
    pub memory: Memory,
    /// What was measured.
    pub history: Arc<dyn MetricHistory>,
    /// The last answers of it.
    pub kept: Arc<Kept>,
    /// The stack's alarms.
    pub alarms: Arc<dyn Alarms>,
    /// The originals bucket.
    pub store: Arc<dyn ObjectStore>,
    /// The table.
    pub table: Arc<dyn UploadTable>,
    /// The queues.
    pub queues: Vec<WatchedQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// In the order of `DEAD_LETTER_QUEUE_URLS` in template.yaml.
const DEAD_LETTER_QUEUES: [&str; 3] = ["assembly-dead-letters", "image-dead-letters", "cleanup-dead-letters"];

/// A queue that the health check asks.
#[derive(Clone, Debug)]
pub struct WatchedQueue {
    /// What the answer calls it.
    pub name: &'static str,
    /// Whether no upload is finished without it.
    pub is_vital: bool,
    /// The queue.
    pub queue: Arc<dyn QueueDepth>,
}

/// What the environment says, checked, before anything is connected.
#[derive(Clone, Debug)]
pub struct AppSettings {
    stack: String,
    table_name: String,
    buckets: Buckets,
    assembly_queue_url: String,
    image_queue_url: String,
    dead_letter_queue_urls: String,
    auth_mode: AuthMode,
    memory: Memory,
}

impl AppSettings {
    /// Reads them all; fails with every fault at once, contradictions among them.
    pub fn read(mut settings: Settings<'_>) -> Result<Self, Error> {
        let kind: StackKind = settings.required("STACK_KIND");
        let stack: String = settings.required("STACK_NAME");
        let table_name: String = settings.required("TABLE_NAME");
        let buckets = Buckets::only_originals(
            settings.required::<String>("ORIGINALS_BUCKET"),
            settings.required::<String>("BUCKET_OWNER"),
        );
        let assembly_queue_url: String = settings.required("ASSEMBLY_QUEUE_URL");
        let image_queue_url: String = settings.required("IMAGE_QUEUE_URL");
        let dead_letter_queue_urls: String = settings.required("DEAD_LETTER_QUEUE_URLS");
        let auth_mode: AuthMode = settings.required("AUTH_MODE");
        auth_mode.check(&mut settings, kind);
        let megabytes = |value: u64| f64::from(u32::try_from(value).unwrap_or(u32::MAX));
        let memory = Memory {
            api_megabytes: megabytes(settings.within("API_MEMORY_MEGABYTES", 128, 10_240)),
            assembly_megabytes: megabytes(settings.within("ASSEMBLY_MEMORY_MEGABYTES", 128, 10_240)),
            thumbnail_megabytes: megabytes(settings.within("THUMBNAIL_MEMORY_MEGABYTES", 128, 10_240)),
            cleanup_megabytes: megabytes(settings.within("CLEANUP_MEMORY_MEGABYTES", 128, 10_240)),
        };
        settings.check_surroundings(kind, &buckets.owner_account_id);
        settings.finish()?;
        Ok(Self {
            stack,
            table_name,
            buckets,
            assembly_queue_url,
            image_queue_url,
            dead_letter_queue_urls,
            auth_mode,
            memory,
        })
    }
}

impl App {
    /// Reads the environment and connects; fails with every fault at once.
    pub async fn from_env() -> Result<Self, Error> {
        let settings = AppSettings::read(Settings::from_env())?;
        let aws = Aws::connect().await;
        let cloudwatch = Arc::new(aws.cloudwatch(settings.stack.clone()));
        let queue = |name, is_vital, url: &str| WatchedQueue {
            name,
            is_vital,
            queue: Arc::new(aws.queue(url.trim())),
        };
        let mut queues = vec![
            queue("assembly-queue", true, &settings.assembly_queue_url),
            queue("image-queue", false, &settings.image_queue_url),
        ];
        let names = DEAD_LETTER_QUEUES.into_iter().chain(std::iter::repeat("other-dead-letters"));
        let dead_letters = names.zip(settings.dead_letter_queue_urls.split(','));
        queues.extend(dead_letters.map(|(name, url)| queue(name, false, url)));
        Ok(Self {
            auth_mode: settings.auth_mode,
            stack: settings.stack,
            memory: settings.memory,
            history: cloudwatch.clone(),
            kept: Arc::default(),
            alarms: cloudwatch,
            store: Arc::new(aws.object_store(settings.buckets)),
            table: Arc::new(aws.upload_table(settings.table_name)),
            queues,
            clock: Arc::new(SystemClock),
        })
    }
}
