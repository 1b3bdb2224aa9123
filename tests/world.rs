//! The six functions and the fakes they share.

use std::sync::Arc;

use shared::config::AuthMode;
use shared::ids::UploadId;
use shared::media_type::AllowedTypes;
use shared::plan::{MIB, OBJECT_SIZE_BYTES_MAX, PlanLimits};
use shared::scan::MalwareScan;
use shared::telemetry::Metric;
use shared::testing::{
    CallLog, FakeClock, FakeCloudWatch, FakeObjectStore, FakeQueue, FakeUploadTable, FakeUrlSigner,
};
use shared::upload::Upload;
use shared::wire::RequestLimits;

use crate::client::Client;

/// The bucket that events name.
pub(crate) const ORIGINALS_BUCKET: &str = "originals";

/// All functions on one set of fakes.
#[derive(Debug)]
pub struct World {
    /// Every call of every port, in order.
    pub log: CallLog,
    /// The time.
    pub clock: FakeClock,
    /// Both buckets.
    pub store: Arc<FakeObjectStore>,
    /// The table.
    pub table: Arc<FakeUploadTable>,
    /// Signs URLs.
    pub signer: Arc<FakeUrlSigner>,
    /// Assembly's queue.
    pub assembly_queue: Arc<FakeQueue>,
    /// The image queue.
    pub image_queue: Arc<FakeQueue>,
    /// What was measured, and the alarms.
    pub cloudwatch: Arc<FakeCloudWatch>,
    /// The functions.
    pub presign: presign::App,
    /// See [`World::presign`].
    pub chunk_complete: chunk_complete::App,
    /// See [`World::presign`].
    pub assembly: assembly::App,
    /// See [`World::presign`].
    pub thumbnail: thumbnail::App,
    /// See [`World::presign`].
    pub cleanup: cleanup::App,
    /// See [`World::presign`].
    pub insights: insights::App,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A world in which nothing has happened yet.
    pub fn new() -> Self {
        let log = CallLog::default();
        let clock = FakeClock::default();
        let store = Arc::new(FakeObjectStore::with_log(clock.clone(), log.clone()));
        let table = Arc::new(FakeUploadTable::with_log(log.clone()));
        let signer = Arc::new(FakeUrlSigner::with_log(log.clone()));
        let assembly_queue = Arc::new(FakeQueue::with_log("assembly-queue", log.clone()));
        let image_queue = Arc::new(FakeQueue::with_log("image-queue", log.clone()));
        let cloudwatch = Arc::new(FakeCloudWatch::with_log(log.clone()));
        let time: Arc<FakeClock> = Arc::new(clock.clone());
        Self {
            presign: presign_on(&store, &table, &signer, &time),
            chunk_complete: chunk_complete::App {
                auth_mode: AuthMode::Jwt,
                store: store.clone(),
                table: table.clone(),
                assembly_queue: assembly_queue.clone(),
                clock: time.clone(),
            },
            assembly: assembly::App {
                originals_bucket: ORIGINALS_BUCKET.to_owned(),
                lease_seconds: 330,
                allowed_types: AllowedTypes::Everything,
                malware_scan: MalwareScan::Off,
                store: store.clone(),
                table: table.clone(),
                image_queue: image_queue.clone(),
                clock: time.clone(),
            },
            thumbnail: thumbnail::App {
                originals_bucket: ORIGINALS_BUCKET.to_owned(),
                lease_seconds: 150,
                limits: imaging::Limits::default(),
                look: imaging::Look::default(),
                renderer: Arc::new(thumbnail::render::InProcess::new(time.clone())),
                store: store.clone(),
                table: table.clone(),
                image_queue: image_queue.clone(),
                clock: time.clone(),
            },
            cleanup: cleanup::App {
                sweep_items_max: 800,
                orphan_age_seconds: 2 * 24 * 3600,
                url_lifetime_seconds: 900,
                store: store.clone(),
                table: table.clone(),
                assembly_queue: assembly_queue.clone(),
                watched_queues: vec![
                    (Metric::AssemblyQueueDepth, assembly_queue.clone()),
                    (Metric::ImageQueueDepth, image_queue.clone()),
                ],
                image_queue: image_queue.clone(),
                clock: time.clone(),
            },
            insights: insights_on(&cloudwatch, (&store, &table), [&assembly_queue, &image_queue], time),
            cloudwatch,
            log,
            clock,
            store,
            table,
            signer,
            assembly_queue,
            image_queue,
        }
    }

    /// A world in which GuardDuty scans what is uploaded, and says nothing by itself.
    pub fn with_scans() -> Self {
        let mut world = Self::new();
        world.presign.malware_scan = MalwareScan::GuardDuty;
        world.assembly.malware_scan = MalwareScan::GuardDuty;
        world
    }

    /// A client with a token of this owner.
    pub fn client<'a>(&'a self, owner: &'a str) -> Client<'a> {
        Client::new(self, owner)
    }

    /// The record of an upload as the table holds it.
    pub fn upload(&self, id: &str) -> Upload {
        self.table.upload(&UploadId::parse(id).unwrap()).expect("there is a record")
    }
}

const MEMORY: insights::cost::Memory = insights::cost::Memory {
    api_megabytes: 512.0,
    assembly_megabytes: 512.0,
    thumbnail_megabytes: 1769.0,
    cleanup_megabytes: 256.0,
};

fn insights_on(
    cloudwatch: &Arc<FakeCloudWatch>,
    (store, table): (&Arc<FakeObjectStore>, &Arc<FakeUploadTable>),
    [assembly, image]: [&Arc<FakeQueue>; 2],
    clock: Arc<FakeClock>,
) -> insights::App {
    insights::App {
        auth_mode: AuthMode::Jwt,
        stack: "longshore".to_owned(),
        memory: MEMORY,
        history: cloudwatch.clone(),
        kept: Arc::default(),
        alarms: cloudwatch.clone(),
        store: store.clone(),
        table: table.clone(),
        queues: vec![
            insights::WatchedQueue { name: "assembly-queue", is_vital: true, queue: assembly.clone() },
            insights::WatchedQueue { name: "image-queue", is_vital: false, queue: image.clone() },
        ],
        clock,
    }
}

fn presign_on(
    store: &Arc<FakeObjectStore>,
    table: &Arc<FakeUploadTable>,
    signer: &Arc<FakeUrlSigner>,
    clock: &Arc<FakeClock>,
) -> presign::App {
    presign::App {
        auth_mode: AuthMode::Jwt,
        limits: presign_limits(),
        allowed_types: AllowedTypes::Everything,
        malware_scan: MalwareScan::Off,
        store: store.clone(),
        table: table.clone(),
        signer: signer.clone(),
        clock: clock.clone(),
    }
}

fn presign_limits() -> presign::Limits {
    presign::Limits {
        request: RequestLimits {
            plan: PlanLimits { single_put_bytes_max: 8 * MIB, file_size_bytes_max: OBJECT_SIZE_BYTES_MAX },
            upload_lifetime_seconds: 24 * 3600,
        },
        url_lifetime_seconds: 900,
        download_url_lifetime_seconds: 300,
    }
}
