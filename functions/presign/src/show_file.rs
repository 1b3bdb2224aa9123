//! `GET /files/{id}`: a verified file, its variants, and where to get them.

use shared::access::load_owned;
use shared::error::{Error, ErrorKind};
use shared::ids::{OwnerId, UploadId};
use shared::object_key::ObjectKey;
use shared::ports::DownloadToSign;
use shared::record::{FileRecord, VariantRecord};
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
    let variants = upload.image.as_ref().map(|image| image.variants.clone()).unwrap_or_default();
    let downloads = downloads_of(&upload, &variants);
    // A link must not outlive the file.
    let left_seconds = file.expires_at.map_or(u64::MAX, |end| end.since(now).as_secs().max(1));
    let lifetime_seconds = app.limits.download_url_lifetime_seconds.min(left_seconds);
    let signed = app.signer.sign_downloads(&downloads, now, lifetime_seconds).await?;
    let mut urls = signed.urls.into_iter().map(|download| download.0);
    let url =
        urls.next().ok_or_else(|| Error::new(ErrorKind::Internal, "the file's download was not signed"))?;
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
        url,
        url_expires_at: signed.expires_at,
        image_state: FileAnswer::image_state_name(image.map(|image| image.state)),
        image_reason: image.and_then(|image| image.reason.clone()),
        width: image.and_then(|image| image.width),
        height: image.and_then(|image| image.height),
        placeholder: image.and_then(|image| image.placeholder.clone()),
        metadata: upload.metadata,
        variants: variants
            .into_iter()
            .zip(urls)
            .map(|(variant, url)| VariantAnswer { content_type: variant_type(&variant), variant, url })
            .collect(),
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
