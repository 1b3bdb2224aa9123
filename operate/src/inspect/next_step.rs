//! What happens next to an upload, and what a person may do about it. Pure.

use shared::record::ImageState;
use shared::scan::ScanState;
use shared::upload::{Upload, UploadState};

use super::facts::Facts;
use super::parts::ranges_text;

/// One sentence, or two.
pub(crate) fn next_step(facts: &Facts) -> String {
    let Some(upload) = &facts.record else { return without_record(facts) };
    let id = &facts.id;
    match upload.state {
        UploadState::Initiating if upload.expires_at <= facts.now => past_its_time(upload),
        UploadState::Initiating => format!(
            "It was never opened in S3 and expires at {}; the client creates a new upload, or repeats the same request \
            with its idempotency key.",
            upload.expires_at
        ),
        UploadState::Active => of_active(facts, upload),
        UploadState::Completing => of_completing(facts, upload),
        UploadState::Completed => of_completed(facts, upload),
        UploadState::Failed if upload.due_at.is_some() => format!(
            "It cannot become a file; what it left in S3 is kept until {} for whoever wants to find out why, and the \
            client creates a new upload.",
            due_text(upload)
        ),
        UploadState::Aborted | UploadState::Expiring if upload.due_at.is_some() => {
            format!(
                "Cleanup deletes what is left of it, next at {}; nothing is to be done.",
                due_text(upload)
            )
        }
        UploadState::Failed | UploadState::Aborted | UploadState::Expiring | UploadState::Expired => {
            match facts.held.is_empty() {
                true => {
                    "It has ended, nothing of it is left in S3, and its record goes by itself.".to_owned()
                }
                false => format!(
                    "It has ended, but S3 still holds something of {id}; `cargo xtask reconcile --repair` hands it to \
                    cleanup where that is safe."
                ),
            }
        }
    }
}

fn without_record(facts: &Facts) -> String {
    match facts.held.is_empty() {
        true => "There is no such upload, or it ended more than a week ago; nothing is to be done.".to_owned(),
        false => "S3 holds something that no record names; `cargo xtask reconcile` shows it, and a person decides about \
            the object."
            .to_owned(),
    }
}

fn due_text(upload: &Upload) -> String {
    upload.due_at.map_or_else(|| "no time".to_owned(), |due_at| due_at.to_string())
}

fn past_its_time(upload: &Upload) -> String {
    format!("Its time was over at {}; the next run of cleanup expires it.", upload.expires_at)
}

fn of_active(facts: &Facts, upload: &Upload) -> String {
    let id = &facts.id;
    if upload.is_single() {
        return match &facts.original {
            Some(_) if facts.is_dead_lettered("assembly") => redrive("assembly", facts),
            Some(_) => format!(
                "The bytes are there and wait for S3's event; if it was lost, cleanup looks at {}, or sooner after \
                `cargo xtask reconcile --repair`.",
                due_text(upload)
            ),
            None if upload.expires_at <= facts.now => past_its_time(upload),
            None => format!("The client is to send the file until {}; then it expires.", upload.expires_at),
        };
    }
    if upload.expires_at <= facts.now {
        return past_its_time(upload);
    }
    let Some(parts) = &facts.parts else { return format!("It expires at {}.", upload.expires_at) };
    if parts.listed.is_none() {
        return format!(
            "S3 no longer knows the multipart upload, so it cannot be finished; it expires at {}, and the client \
            creates a new one.",
            upload.expires_at
        );
    }
    match parts.all_in_s3() {
        true => format!(
            "S3 holds every part; the client is to report them or to call POST /uploads/{id}/complete until {}.",
            upload.expires_at
        ),
        false => {
            let lists = [&parts.missing, &parts.different, &parts.replaced];
            let texts = lists.map(|ranges| ranges_text(ranges));
            let wanted = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
            format!(
                "The client is to send the parts {wanted} until {} (our own does with `cargo xtask upload --resume {id} \
                FILE`); then it expires.",
                upload.expires_at
            )
        }
    }
}

fn of_completing(facts: &Facts, upload: &Upload) -> String {
    match upload.leased_until.filter(|until| facts.now < *until) {
        Some(until) => format!("A worker assembles it and has it until {until}; nothing is to be done."),
        None if facts.is_dead_lettered("assembly") => redrive("assembly", facts),
        None => format!(
            "Its job is waiting, and cleanup sends it again at {}; if that has passed long ago, look at the logs of \
            assembly and cleanup.",
            due_text(upload)
        ),
    }
}

fn redrive(queue: &str, facts: &Facts) -> String {
    let id = &facts.id;
    format!(
        "Its {queue} job was given up and lies in the dead letters; mend the cause that the log of {queue} shows, then \
        `cargo xtask redrive --queue {queue} --contains {id}`."
    )
}

fn of_completed(facts: &Facts, upload: &Upload) -> String {
    let Some(file) = &upload.file else {
        return "The record says completed and has no file, which no version of the service stores; look at who wrote it."
            .to_owned();
    };
    if file.removed_at.is_some() {
        return match upload.due_at {
            Some(due_at) => {
                format!("The file's time is over; cleanup deletes what is left of it, next at {due_at}.")
            }
            None => "The file's time is over and it was removed; its record goes by itself.".to_owned(),
        };
    }
    let Some(original) = &facts.original else {
        return "The object of a finished file is gone; a deleted version can be restored by hand in the bucket of \
            originals for 7 days."
            .to_owned();
    };
    if original.etag != file.etag || original.size_bytes != upload.plan.size_bytes() {
        return "The object is not the one that was verified; restore the recorded version by hand in the bucket of \
            originals, and find out who may write there."
            .to_owned();
    }
    if let Some(scan) = file.scan.filter(|_| upload.is_held_back()) {
        return of_scan(facts, scan);
    }
    let being_made = upload.image.as_ref().is_some_and(|image| image.state == ImageState::Pending);
    if !being_made && !facts.missing_variants().is_empty() {
        return "The file is there and variants of it are gone; `cargo xtask reconcile --repair` has them made again."
            .to_owned();
    }
    of_image(facts, upload)
}

fn of_scan(facts: &Facts, scan: ScanState) -> String {
    match scan {
        ScanState::Pending if facts.is_dead_lettered("assembly") => redrive("assembly", facts),
        ScanState::Pending => {
            "The file is there and nobody is handed it before its malware scan is over; if that does not \
            come, look at GuardDuty's protection plan of the bucket."
                .to_owned()
        }
        ScanState::Infected => {
            "A malware scan found a threat; nobody is handed the file any more.".to_owned()
        }
        ScanState::Unscannable | ScanState::Clean => {
            "The malware scan could not tell, so nobody is handed the file; \
            GuardDuty says why, and a clean scan of it later opens it."
                .to_owned()
        }
    }
}

fn of_image(facts: &Facts, upload: &Upload) -> String {
    match upload.image.as_ref().map(|image| image.state) {
        Some(ImageState::Pending | ImageState::Partial) if facts.is_dead_lettered("image") => {
            redrive("image", facts)
        }
        Some(ImageState::Pending | ImageState::Partial) => format!(
            "The file is there and its variants are on their way; cleanup sends the job again at {}.",
            due_text(upload)
        ),
        Some(ImageState::Failed) => {
            "The file is there and no image could be made of it, for the reason above; nothing is to be done."
                .to_owned()
        }
        Some(ImageState::Done) | None => match upload.due_after_image_work() {
            Some(end) => format!("The file is there and verified; it is removed at {end}."),
            None => "The file is there and verified; nothing happens to it any more.".to_owned(),
        },
    }
}

#[cfg(test)]
#[path = "next_step_tests.rs"]
mod tests;
