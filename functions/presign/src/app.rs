//! What the function holds from cold start on.

use std::sync::Arc;

use shared::aws::{Aws, Buckets};
use shared::config::{AuthMode, Settings, StackKind};
use shared::error::Error;
use shared::media_type::AllowedTypes;
use shared::plan::{OBJECT_SIZE_BYTES_MAX, PART_SIZE_BYTES_MAX, PlanLimits};
use shared::ports::{Clock, ObjectStore, SystemClock, UploadTable, UrlSigner};
use shared::scan::MalwareScan;
use shared::timestamp::Timestamp;
use shared::upload::Upload;
use shared::wire::RequestLimits;

const DAY_SECONDS: u64 = 24 * 3600;

/// Settings and ports.
#[derive(Clone, Debug)]
pub struct App {
    /// Who vouches for callers.
    pub auth_mode: AuthMode,
    /// Sizes and lifetimes.
    pub limits: Limits,
    /// The types of files that are taken.
    pub allowed_types: AllowedTypes,
    /// Who scans files before they are handed out.
    pub malware_scan: MalwareScan,
    /// The buckets.
    pub store: Arc<dyn ObjectStore>,
    /// The table.
    pub table: Arc<dyn UploadTable>,
    /// Signs URLs.
    pub signer: Arc<dyn UrlSigner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Sizes and lifetimes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What a new upload may ask for.
    pub request: RequestLimits,
    /// How long an upload URL lives at the longest, in seconds.
    pub url_lifetime_seconds: u64,
    /// How long a download URL lives at the longest, in seconds.
    pub download_url_lifetime_seconds: u64,
}

/// What the environment says, checked, before anything is connected.
#[derive(Clone, Debug)]
pub struct AppSettings {
    table_name: String,
    buckets: Buckets,
    auth_mode: AuthMode,
    limits: Limits,
    allowed_types: AllowedTypes,
    malware_scan: MalwareScan,
}

impl AppSettings {
    /// Reads them all; fails with every fault at once, contradictions among them.
    pub fn read(mut settings: Settings<'_>) -> Result<Self, Error> {
        let kind: StackKind = settings.required("STACK_KIND");
        let table_name: String = settings.required("TABLE_NAME");
        let buckets = Buckets::read(&mut settings);
        let auth_mode: AuthMode = settings.required("AUTH_MODE");
        auth_mode.check(&mut settings, kind);
        let limits = Limits::from_settings(&mut settings);
        let allowed_types = settings.required("ALLOWED_CONTENT_TYPES");
        let malware_scan = settings.required("MALWARE_SCAN");
        settings.check_surroundings(kind, &buckets.owner_account_id);
        settings.finish()?;
        Ok(Self { table_name, buckets, auth_mode, limits, allowed_types, malware_scan })
    }
}

impl App {
    /// How long a URL for a part of `upload` may live, in seconds. It must not outlive the upload: its bytes would
    /// come when nobody waits for them.
    pub(crate) fn url_lifetime_seconds(&self, upload: &Upload, now: Timestamp) -> u64 {
        let left_seconds = upload.expires_at.since(now).as_secs().max(1);
        self.limits.url_lifetime_seconds.min(left_seconds)
    }

    /// Reads the environment and connects; fails with every fault at once.
    pub async fn from_env() -> Result<Self, Error> {
        let settings = AppSettings::read(Settings::from_env())?;
        let aws = Aws::connect().await;
        Ok(Self {
            auth_mode: settings.auth_mode,
            limits: settings.limits,
            allowed_types: settings.allowed_types,
            malware_scan: settings.malware_scan,
            store: Arc::new(aws.object_store(settings.buckets.clone())),
            table: Arc::new(aws.upload_table(settings.table_name)),
            signer: Arc::new(aws.url_signer(&settings.buckets)?),
            clock: Arc::new(SystemClock),
        })
    }
}

impl Limits {
    fn from_settings(settings: &mut Settings<'_>) -> Self {
        let limits = Self {
            request: RequestLimits {
                plan: PlanLimits {
                    single_put_bytes_max: settings.within("SINGLE_PUT_BYTES_MAX", 1, PART_SIZE_BYTES_MAX),
                    file_size_bytes_max: settings.within("FILE_SIZE_BYTES_MAX", 1, OBJECT_SIZE_BYTES_MAX),
                },
                upload_lifetime_seconds: settings.within("UPLOAD_LIFETIME_SECONDS", 60, 30 * DAY_SECONDS),
            },
            // SigV4 allows seven days; a URL is a bearer token, so an hour is enough when it can be signed again.
            url_lifetime_seconds: settings.within("URL_LIFETIME_SECONDS", 1, 3600),
            download_url_lifetime_seconds: settings.within("DOWNLOAD_URL_LIFETIME_SECONDS", 1, 3600),
        };
        let plan = &limits.request.plan;
        settings.expect(
            &["SINGLE_PUT_BYTES_MAX", "FILE_SIZE_BYTES_MAX"],
            plan.single_put_bytes_max <= plan.file_size_bytes_max,
            "SINGLE_PUT_BYTES_MAX is more than FILE_SIZE_BYTES_MAX",
        );
        settings.expect(
            &["URL_LIFETIME_SECONDS", "UPLOAD_LIFETIME_SECONDS"],
            limits.url_lifetime_seconds <= limits.request.upload_lifetime_seconds,
            "URL_LIFETIME_SECONDS is more than UPLOAD_LIFETIME_SECONDS",
        );
        limits
    }
}
