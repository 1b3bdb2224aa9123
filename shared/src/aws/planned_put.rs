//! What a client must send to PUT one part: its exact length and headers. Shared by the signer and its fake.

use crate::checksum::{Checksum, ChecksumAlgorithm};
use crate::error::{Error, ErrorKind};
use crate::ports::PartToSign;
use crate::sigv4::PutObject;
use crate::upload::Upload;

/// One PUT of an upload, as planned.
#[derive(Debug)]
pub(crate) struct PlannedPut {
    /// The exact length in bytes.
    pub(crate) size_bytes: u64,
    /// The checksum that S3 shall verify: its algorithm and its base64.
    pub(crate) checksum: Option<(ChecksumAlgorithm, String)>,
}

impl PlannedPut {
    /// Plans a part of `upload`. `InvalidRequest` when the upload has no such part, or when its checksum is missing,
    /// of another algorithm than the upload's, or not the declared one of a file that travels as one PUT.
    pub(crate) fn new(upload: &Upload, part: &PartToSign) -> Result<Self, Error> {
        upload.plan.check_part(part.number)?;
        let declared = upload.checksum.as_ref();
        // The checksum of a file that travels as one PUT is the checksum of its only part.
        let whole = declared.filter(|_| upload.is_single()).and_then(|declared| declared.whole.as_ref());
        let checksum = part.checksum.as_ref().or(whole);
        if whole.is_some() && checksum != whole {
            return Err(Error::invalid("the checksum is not the one that was declared for the file"));
        }
        let algorithm = declared.map(|declared| declared.algorithm);
        let fits = match checksum {
            Some(checksum) => Some(checksum.algorithm()) == algorithm,
            None => algorithm.is_none() || upload.is_single(),
        };
        match fits {
            true => Ok(Self {
                size_bytes: upload.plan.part_length_bytes(part.number),
                checksum: checksum.map(|checksum| (checksum.algorithm(), Checksum::to_base64(checksum))),
            }),
            false => Err(Error::invalid(match algorithm {
                Some(algorithm) => format!("part {} needs its {} checksum", part.number, algorithm.name()),
                None => format!("part {} has a checksum, but the upload was created without", part.number),
            })),
        }
    }

    /// The headers of a part of a multipart upload.
    pub(crate) fn part_headers(&self) -> Vec<(String, String)> {
        let mut headers = vec![("content-length".to_owned(), self.size_bytes.to_string())];
        if let Some((algorithm, value)) = &self.checksum {
            headers.push((algorithm.header().to_owned(), value.clone()));
        }
        headers
    }

    /// The PUT of a whole file. It is refused when the key has an object already, and it writes the upload's id
    /// (see [`identity_of`]) into the object, by which the object is recognised.
    pub(crate) fn put_object<'a>(
        &'a self,
        upload: &'a Upload,
        key: &'a str,
        identity: &'a [(&'a str, &'a str)],
    ) -> PutObject<'a> {
        PutObject {
            key,
            content_length_bytes: self.size_bytes,
            content_type: &upload.content_type,
            only_if_absent: true,
            checksum: self.checksum.as_ref().map(|(algorithm, value)| (*algorithm, value.as_str())),
            metadata: identity,
        }
    }
}

/// The metadata by which an object is recognised as this upload's.
pub(crate) fn identity_of(upload: &Upload) -> [(&str, &str); 1] {
    [("upload-id", upload.id.as_str())]
}

/// S3's `UploadId` of an upload that is open; `WrongState` while it is not.
pub(crate) fn s3_upload_id(upload: &Upload) -> Result<&str, Error> {
    match &upload.multipart {
        Some(multipart) => Ok(&multipart.s3_upload_id),
        None => Err(Error::new(ErrorKind::WrongState, "the upload is not open yet")),
    }
}
