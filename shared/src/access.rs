//! The ways in which every use case meets a record: read it as its owner, with its parts, and change it without losing
//! what another has changed meanwhile.

use crate::error::Error;
use crate::guard::Guard;
use crate::ids::{OwnerId, PartNumber, UploadId};
use crate::part_page::{PartPage, page_of};
use crate::ports::UploadTable;
use crate::telemetry::about;
use crate::upload::Upload;

/// How often a change is decided anew when others keep changing the record first.
const CHANGE_ATTEMPTS_MAX: usize = 8;

/// Reads an upload for its owner. Somebody else's is answered exactly like one that does not exist.
pub async fn load_owned(table: &dyn UploadTable, id: &UploadId, owner: &OwnerId) -> Result<Upload, Error> {
    about(id);
    match table.get(id).await? {
        Some(upload) if !Guard::Owner.catches(upload.owner != *owner) => Ok(upload),
        _ => Err(Error::upload_not_found()),
    }
}

/// All that is on record of an upload's parts.
pub async fn load_pages(table: &dyn UploadTable, upload: &Upload) -> Result<Vec<PartPage>, Error> {
    let last = PartNumber::new(u32::from(upload.plan.part_count()))?;
    table.pages(&upload.id, 0..=page_of(last)).await
}

/// What a decision about a record came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// Store the changed record, then answer this.
    Store(T),
    /// Nothing changed; answer this.
    Keep(T),
}

/// Decides on the record as it is and stores the result, deciding anew on what is there whenever another change came
/// first. `decide` may run several times and must not act on the outside. Gives the record as it stands afterwards.
pub async fn change<T>(
    table: &dyn UploadTable,
    id: &UploadId,
    mut decide: impl FnMut(&mut Upload) -> Result<Change<T>, Error>,
) -> Result<(Upload, T), Error> {
    about(id);
    for _ in 0..CHANGE_ATTEMPTS_MAX {
        let mut upload = table.get(id).await?.ok_or_else(Error::upload_not_found)?;
        match decide(&mut upload)? {
            Change::Keep(answer) => return Ok((upload, answer)),
            Change::Store(answer) => {
                if table.replace(&upload).await? {
                    upload.version += 1;
                    return Ok((upload, answer));
                }
            }
        }
    }
    Err(Error::busy())
}
