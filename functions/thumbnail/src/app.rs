//! What the function holds from cold start on.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use imaging::{Limits, Look};
use shared::aws::{Aws, Buckets};
use shared::config::{Settings, StackKind};
use shared::error::Error;
use shared::plan::{MIB, PART_SIZE_BYTES_MAX};
use shared::ports::{Clock, ObjectStore, Queue, SystemClock, UploadTable};

use crate::Shares;
use crate::render::{HardLimits, Isolated, Program, Renderer};

/// Settings and ports.
#[derive(Clone, Debug)]
pub struct App {
    /// The name of the originals bucket: events of any other are not ours.
    pub originals_bucket: String,
    /// How long one worker has an image for itself, in seconds: longer than the function may run.
    pub lease_seconds: u64,
    /// What an image may cost.
    pub limits: Limits,
    /// What the stack has chosen about its variants.
    pub look: Look,
    /// What decodes and encodes.
    pub renderer: Arc<dyn Renderer>,
    /// Both buckets.
    pub store: Arc<dyn ObjectStore>,
    /// The table.
    pub table: Arc<dyn UploadTable>,
    /// Where the second stage is sent.
    pub image_queue: Arc<dyn Queue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What the environment says, checked, before anything is connected.
#[derive(Clone, Debug)]
pub struct AppSettings {
    table_name: String,
    buckets: Buckets,
    image_queue_url: String,
    lease_seconds: u64,
    memory_bytes: u64,
    limits: Limits,
    look: Look,
}

impl AppSettings {
    /// Reads them all; fails with every fault at once, contradictions among them.
    pub fn read(mut settings: Settings<'_>) -> Result<Self, Error> {
        let kind: StackKind = settings.required("STACK_KIND");
        let table_name: String = settings.required("TABLE_NAME");
        let buckets = Buckets::read(&mut settings);
        let image_queue_url: String = settings.required("IMAGE_QUEUE_URL");
        let lease_seconds = settings.within("LEASE_SECONDS", 1, 3600);
        let memory_bytes = settings.within("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 128, 10_240) * MIB;
        let limits = Limits {
            file_bytes_max: settings.within("IMAGE_BYTES_MAX", 1, PART_SIZE_BYTES_MAX),
            pixels_max: settings.within("IMAGE_PIXELS_MAX", 1, 1_000_000_000),
            avif_pixels_max: settings.within("AVIF_PIXELS_MAX", 1, 1_000_000_000),
            decode_bytes_max: Shares::of(memory_bytes).decode_bytes_max,
            ..Limits::default()
        };
        let look = Look {
            normalize: settings.required("IMAGE_NORMALIZE"),
            background: settings.required::<Background>("IMAGE_BACKGROUND").0,
            animation_frames_max: animation_frames(settings.within("ANIMATION_FRAMES_MAX", 1, 500)),
        };
        settings.expect(
            &["AVIF_PIXELS_MAX", "IMAGE_PIXELS_MAX"],
            limits.avif_pixels_max <= limits.pixels_max,
            "AVIF_PIXELS_MAX is more than IMAGE_PIXELS_MAX",
        );
        settings.check_surroundings(kind, &buckets.owner_account_id);
        settings.finish()?;
        Ok(Self { table_name, buckets, image_queue_url, lease_seconds, memory_bytes, limits, look })
    }
}

impl App {
    /// Reads the environment and connects; fails with every fault at once.
    pub async fn from_env() -> Result<Self, Error> {
        let settings = AppSettings::read(Settings::from_env())?;
        let aws = Aws::connect().await;
        Ok(Self {
            originals_bucket: settings.buckets.originals.clone(),
            lease_seconds: settings.lease_seconds,
            limits: settings.limits,
            look: settings.look,
            renderer: Arc::new(renderer(settings.memory_bytes)),
            store: Arc::new(aws.object_store(settings.buckets)),
            table: Arc::new(aws.upload_table(settings.table_name)),
            image_queue: Arc::new(aws.queue(settings.image_queue_url)),
            clock: Arc::new(SystemClock),
        })
    }
}

/// The most processor time that the work on one image may take: several times what the slowest picture within the
/// limits takes.
const WORKER_CPU_SECONDS_MAX: u64 = 60;

/// How long a worker may go on with what it is at when the time to begin anything has passed. The rest of the
/// function's time is for storing what was made.
const PATIENCE: Duration = Duration::from_secs(7);

fn renderer(memory_bytes: u64) -> Isolated {
    let shares = Shares::of(memory_bytes);
    Isolated {
        program: Program::own(),
        hard_limits: HardLimits {
            memory_bytes: shares.worker_bytes_max,
            cpu_seconds: WORKER_CPU_SECONDS_MAX,
        },
        threads: shares.threads,
        patience: PATIENCE,
        clock: Arc::new(SystemClock),
    }
}

fn animation_frames(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Red, green and blue as six hexadecimal digits, `ffffff` for white.
#[derive(Clone, Copy, Debug, Default)]
struct Background([u8; 3]);

impl FromStr for Background {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.len() != 6 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(());
        }
        let number = u32::from_str_radix(text, 16).map_err(drop)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}
