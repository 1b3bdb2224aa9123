//! The facts as JSON and as lines.

use serde_json::{Value, json};
use shared::plan::Strategy;
use shared::record::{FileRecord, ImageRecord, Reason};
use shared::scan::ScanState;
use shared::upload::Upload;

use super::facts::{Facts, QueueFacts};
use super::parts::{Parts, ranges_text};

/// One object. The owner is not in it: a name is personal, and the key holds its hash.
pub(crate) fn json_of(facts: &Facts, next: &str) -> Value {
    json!({
        "id": facts.id.as_str(),
        "lookedAt": facts.now,
        "record": facts.record.as_ref().map(json_of_record),
        "parts": facts.parts,
        "object": json_of_object(facts),
        "openMultiparts": facts.held.multiparts.iter().map(|open| json!({"initiatedAt": open.initiated_at})).collect::<Vec<_>>(),
        "variants": {
            "present": facts.held.variants.iter().map(|listed| name_of(&listed.key)).collect::<Vec<_>>(),
            "missing": facts.missing_variants(),
        },
        "queues": facts.queues,
        "next": next,
    })
}

fn strategy_name(upload: &Upload) -> &'static str {
    match upload.plan.strategy() {
        Strategy::Single => "single",
        Strategy::Multipart => "multipart",
    }
}

fn json_of_record(upload: &Upload) -> Value {
    json!({
        "state": upload.state,
        "strategy": strategy_name(upload),
        "filename": upload.filename,
        "contentType": upload.content_type,
        "priority": upload.priority,
        "size": upload.plan.size_bytes(),
        "partSize": upload.plan.part_size_bytes(),
        "partCount": upload.plan.part_count(),
        "createdAt": upload.created_at,
        "expiresAt": upload.expires_at,
        "endedAt": upload.ended_at,
        "assemblyAttempts": upload.assembly_attempts,
        "leasedUntil": upload.leased_until,
        "reason": upload.reason,
        "dueAt": upload.due_at,
        "ttlAt": upload.ttl_at,
        "version": upload.version,
        "file": upload.file.as_ref().map(json_of_file),
        "image": upload.image.as_ref().map(json_of_image),
    })
}

fn json_of_file(file: &FileRecord) -> Value {
    json!({
        "etag": file.etag,
        "versionId": file.version_id,
        "checksum": file.checksum,
        "detectedType": file.detected_type,
        "completedAt": file.completed_at,
        "expiresAt": file.expires_at,
        "removedAt": file.removed_at,
        "scan": file.scan.map(ScanState::name),
    })
}

fn json_of_image(image: &ImageRecord) -> Value {
    json!({
        "state": image.state,
        "attempts": image.attempts,
        "claimedUntil": image.claimed_until,
        "width": image.width,
        "height": image.height,
        "variants": image.variants,
        "reason": image.reason,
    })
}

fn json_of_object(facts: &Facts) -> Value {
    let Some(original) = &facts.original else { return Value::Null };
    let listed = facts.held.original.as_ref();
    json!({
        "key": listed.map(|listed| listed.key.as_str()),
        "writtenAt": listed.map(|listed| listed.written_at),
        "size": original.size_bytes,
        "etag": original.etag,
        "versionId": original.version_id,
        "uploadId": original.upload_id,
        "checksum": original.checksum,
    })
}

fn name_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// Lines with a name in front; what is not there has no line.
#[derive(Debug, Default)]
struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push(format!("{name:14}{value}"));
    }

    fn add_if(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn add_reason(&mut self, name: &str, reason: Option<&Reason>) {
        self.add_if(name, reason.map(|reason| format!("{}: {}", reason.code, reason.message)));
    }
}

/// For people.
pub(crate) fn text_of(facts: &Facts, next: &str) -> String {
    let mut lines = Lines::default();
    lines.add("upload", &facts.id);
    lines.add("looked at", facts.now);
    match &facts.record {
        Some(upload) => add_record(&mut lines, upload),
        None => lines.add("record", "none"),
    }
    if let Some(parts) = &facts.parts {
        add_parts(&mut lines, parts);
    }
    add_object(&mut lines, facts);
    for open in &facts.held.multiparts {
        lines.add("multipart", format!("open in S3 since {}", open.initiated_at));
    }
    if let Some(file) = facts.record.as_ref().and_then(|upload| upload.file.as_ref()) {
        add_file(&mut lines, file);
    }
    add_image(&mut lines, facts);
    for queue in &facts.queues {
        lines.add(queue.name, text_of_queue(queue));
    }
    lines.0.push(String::new());
    lines.0.push(next.to_owned());
    lines.0.join("\n")
}

fn add_record(lines: &mut Lines, upload: &Upload) {
    lines.add("state", format!("{}, version {}", upload.state.name(), upload.version));
    lines.add_reason("reason", upload.reason.as_ref());
    lines.add("filename", format!("{:?}, declared as {}", upload.filename, upload.content_type));
    lines.add(
        "plan",
        format!(
            "{}, {} bytes, parts of {}: {}",
            strategy_name(upload),
            upload.plan.size_bytes(),
            upload.plan.part_size_bytes(),
            upload.plan.part_count()
        ),
    );
    lines.add("created", upload.created_at);
    lines.add("expires", upload.expires_at);
    lines.add_if("ended", upload.ended_at);
    lines.add("attempts", upload.assembly_attempts);
    lines.add_if("leased until", upload.leased_until);
    lines.add_if("due", upload.due_at);
    lines.add_if("forgotten", upload.ttl_at);
}

fn add_parts(lines: &mut Lines, parts: &Parts) {
    let listed = match parts.listed {
        Some(listed) => format!("{listed} listed by S3"),
        None => "S3 does not know the multipart upload".to_owned(),
    };
    lines.add("parts", format!("{} planned, {} on record, {listed}", parts.planned, parts.recorded));
    for (name, ranges) in [
        ("  missing", &parts.missing),
        ("  unreported", &parts.unreported),
        ("  different", &parts.different),
        ("  replaced", &parts.replaced),
    ] {
        lines.add_if(name, Some(ranges_text(ranges)).filter(|text| !text.is_empty()));
    }
}

fn add_object(lines: &mut Lines, facts: &Facts) {
    let Some(original) = &facts.original else {
        lines.add("object", "none");
        return;
    };
    if let Some(listed) = &facts.held.original {
        lines.add("object", format!("{}, written at {}", listed.key, listed.written_at));
    }
    lines.add("", format!("{} bytes, tag {}", original.size_bytes, original.etag));
    lines.add_if("  version", original.version_id.as_ref());
    let proof = match original.upload_id.as_deref() {
        Some(id) if id == facts.id.as_str() => "this upload".to_owned(),
        Some(id) => format!("the upload {id}"),
        None => "nobody that it names".to_owned(),
    };
    lines.add("  written by", proof);
    if let Some(checksum) = &original.checksum {
        lines.add("  checksum", format!("{} {}", checksum.algorithm.name(), checksum.value));
    }
}

fn add_file(lines: &mut Lines, file: &FileRecord) {
    lines.add("file", format!("completed at {}, tag {}", file.completed_at, file.etag));
    lines.add("  type", &file.detected_type);
    if let Some(checksum) = &file.checksum {
        lines.add("  checksum", format!("{} {}", checksum.algorithm.name(), checksum.value));
    }
    lines.add_if("  until", file.expires_at);
    lines.add_if("  removed", file.removed_at);
    lines.add_if("  scan", file.scan.map(ScanState::name));
}

fn add_image(lines: &mut Lines, facts: &Facts) {
    let image = facts.record.as_ref().and_then(|upload| upload.image.as_ref());
    if let Some(image) = image {
        let state = serde_json::to_value(image.state).ok();
        let state = state.as_ref().and_then(Value::as_str).unwrap_or_default();
        lines.add("image", format!("{state}, attempts {}", image.attempts));
        lines.add_if("  claimed", image.claimed_until);
        lines.add_reason("  reason", image.reason.as_ref());
    }
    if image.is_some() || !facts.held.variants.is_empty() {
        let recorded = image.map_or(0, |image| image.variants.len());
        lines.add("variants", format!("{recorded} on record, {} in S3", facts.held.variants.len()));
        lines
            .add_if("  missing", Some(facts.missing_variants().join(", ")).filter(|names| !names.is_empty()));
    }
}

fn text_of_queue(facts: &QueueFacts) -> String {
    let queue =
        facts.queue.map(|queue| format!("{} waiting, {} in flight, ", queue.waiting, queue.in_flight));
    let dead = facts.dead_letters.waiting + facts.dead_letters.in_flight;
    let named = match facts.naming_this_upload {
        0 => "none of them about this upload".to_owned(),
        count => format!("{count} OF THEM ABOUT THIS UPLOAD"),
    };
    let named = if dead == 0 && facts.naming_this_upload == 0 { String::new() } else { format!(", {named}") };
    format!("{}{dead} dead-lettered{named}", queue.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letters::Depth;
    use crate::holdings::Holdings;
    use shared::testing::{an_upload, part_number};

    fn facts() -> Facts {
        let upload = an_upload()
            .with(|upload| upload.reason = Some(Reason::new("parts_missing", "part 2 is gone")))
            .build();
        Facts {
            id: upload.id.clone(),
            now: upload.created_at,
            parts: Some(super::super::parts::compare(&upload.plan, &[], Some(&[]))),
            record: Some(upload),
            held: Holdings::default(),
            original: None,
            queues: vec![QueueFacts {
                name: "image",
                queue: Some(Depth { waiting: 1, in_flight: 2 }),
                dead_letters: Depth { waiting: 3, in_flight: 0 },
                naming_this_upload: 1,
            }],
        }
    }

    #[test]
    fn people_see_the_record_the_parts_the_queues_and_then_the_sentence() {
        let text = text_of(&facts(), "All is well.");
        for line in [
            "state         active, version 1",
            "reason        parts_missing: part 2 is gone",
            "parts         3 planned, 0 on record, 0 listed by S3",
            "  missing     1-3",
            "object        none",
            "image         1 waiting, 2 in flight, 3 dead-lettered, 1 OF THEM ABOUT THIS UPLOAD",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
        }
        assert!(text.ends_with("\n\nAll is well."));
    }

    #[test]
    fn programs_get_the_same_and_no_owner() {
        let facts = facts();
        let json = json_of(&facts, "All is well.");
        assert_eq!(json["record"]["state"], "active");
        assert_eq!(json["parts"]["missing"], json!([{"from": 1, "to": part_number(3).get()}]));
        assert_eq!(json["queues"][0]["namingThisUpload"], 1);
        assert_eq!(json["next"], "All is well.");
        assert!(!json.to_string().contains("alice"));
    }
}
