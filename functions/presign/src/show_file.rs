//! `GET /files/{id}`: a verified file, its variants, and where to get them.

use shared::access::load_owned;
use shared::error::{Error, ErrorKind};
use shared::ids::{OwnerId, UploadId};
use shared::object_key::ObjectKey;
use shared::ports::DownloadToSign;
use shared::record::{FileRecord, Placeholder, VariantRecord};
use shared::redacted::Redacted;
use shared::scan::ScanState;
use shared::timestamp::Timestamp;
use shared::upload::Upload;
use shared::wire::{FileAnswer, VariantAnswer};

use crate::app::App;

/// Shows a file to its owner. An upload that is not complete, or whose file was removed, is no file.
pub(crate) async fn run(app: &App, owner: &OwnerId, id: &UploadId) -> Result<FileAnswer, Error> {
    let now = app.clock.now();
    let upload = load_owned(app.table.as_ref(), id, owner).await.map_err(|err| match err.kind() {
        ErrorKind::NotFound => Error::file_not_found(),
        _ => err,
    })?;
    let file = match upload.file.clone() {
        Some(file) if !is_over(&file, now) => file,
        _ => return Err(Error::file_not_found()),
    };
    // A file of before there were scans waits for its verdict like any other.
    let scan = file.scan.or_else(|| app.malware_scan.is_on().then_some(ScanState::Pending));
    let links = match scan.is_none_or(|scan| scan == ScanState::Clean) {
        true => links_to(app, &upload, &file, now).await?,
        false => Links::default(),
    };
    let image = upload.image.as_ref();
    Ok(FileAnswer {
        id: upload.id.to_string(),
        filename: upload.filename.clone(),
        size: upload.plan.size_bytes(),
        content_type: upload.content_type.clone(),
        detected_type: file.detected_type,
        checksum: file.checksum,
        etag: file.etag,
        created_at: upload.created_at,
        completed_at: file.completed_at,
        expires_at: file.expires_at,
        scan_state: scan.map(ScanState::name),
        url: links.original,
        url_expires_at: links.expire_at,
        image_state: FileAnswer::image_state_name(image.map(|image| image.state)),
        image_reason: image.and_then(|image| image.reason.clone()),
        width: image.and_then(|image| image.width),
        height: image.and_then(|image| image.height),
        placeholder: links.placeholder,
        metadata: upload.metadata,
        variants: links.variants,
    })
}

/// What an answer shows of the bytes themselves: nothing, while a scan holds them back.
#[derive(Default)]
struct Links {
    original: Option<Redacted<String>>,
    expire_at: Option<Timestamp>,
    variants: Vec<VariantAnswer>,
    placeholder: Option<Placeholder>,
}

async fn links_to(app: &App, upload: &Upload, file: &FileRecord, now: Timestamp) -> Result<Links, Error> {
    let variants = upload.image.as_ref().map(|image| image.variants.clone()).unwrap_or_default();
    let downloads = downloads_of(upload, &variants);
    // A link must not outlive the file.
    let left_seconds = file.expires_at.map_or(u64::MAX, |end| end.since(now).as_secs().max(1));
    let lifetime_seconds = app.limits.download_url_lifetime_seconds.min(left_seconds);
    let signed = app.signer.sign_downloads(&downloads, now, lifetime_seconds).await?;
    let mut urls = signed.urls.into_iter().map(|download| download.0);
    let original =
        urls.next().ok_or_else(|| Error::new(ErrorKind::Internal, "the file's download was not signed"))?;
    let show = |(variant, url)| VariantAnswer { content_type: variant_type(&variant), variant, url };
    Ok(Links {
        original: Some(original),
        expire_at: Some(signed.expires_at),
        variants: variants.into_iter().zip(urls).map(show).collect(),
        placeholder: upload.image.as_ref().and_then(|image| image.placeholder.clone()),
    })
}

fn is_over(file: &FileRecord, now: Timestamp) -> bool {
    file.removed_at.is_some() || file.expires_at.is_some_and(|end| end <= now)
}

/// The original first, then the variants in their order. The original is always an attachment of no particular
/// type: a browser must not run what somebody uploaded. The variants are ours, so a browser may show them.
fn downloads_of(upload: &Upload, variants: &[VariantRecord]) -> Vec<DownloadToSign> {
    let original = DownloadToSign {
        key: upload.object_key(),
        attachment: Some(upload.filename.clone()),
        content_type: "application/octet-stream".to_owned(),
    };
    let of_variant = |variant: &VariantRecord| DownloadToSign {
        key: ObjectKey::variant(&upload.owner, &upload.id, &variant.name),
        attachment: None,
        content_type: variant_type(variant),
    };
    std::iter::once(original).chain(variants.iter().map(of_variant)).collect()
}

fn variant_type(variant: &VariantRecord) -> String {
    format!("image/{}", variant.format)
}
