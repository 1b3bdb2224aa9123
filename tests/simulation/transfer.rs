//! The steps of a transfer, and what a client learns from their answers.

use serde_json::{Value, json};
use shared::ids::{PartNumber, UploadId};
use shared::part_page::ETag;
use shared::ports::SignedPart;
use shared::testing::Content;
use shared::upload::UploadState;

use super::conductor::Yield;
use super::coverage::Program;
use super::model::{Fact, Known};
use super::net::Line;
use crate::answer::Answer;
use crate::client::Client;

/// How often a client looks where its upload stands before it leaves the rest to another day.
const LOOKS_MAX: usize = 4;

impl Line {
    pub(super) fn note(&self, violation: String) {
        self.net.note(violation);
    }

    /// Changes what is known of an upload.
    pub(super) fn change(&self, id: &UploadId, change: impl FnOnce(&mut Known)) {
        if let Some(known) = self.net.model.borrow_mut().uploads.get_mut(id) {
            change(known);
        }
    }

    pub(super) fn is_acknowledged(&self, id: &UploadId, number: PartNumber) -> bool {
        let model = self.net.model.borrow();
        model.uploads.get(id).is_some_and(|known| known.acknowledged.contains_key(&number.get()))
    }

    fn meant(&self, id: &UploadId, number: PartNumber) -> Option<Content> {
        self.net.model.borrow().uploads.get(id)?.meant.get(&number.get()).cloned()
    }
}

/// PUTs one part, with a new URL where the old one has died; `None` when S3 does not take it.
pub(super) async fn send(line: &Line, id: &UploadId, part: &SignedPart) -> Option<ETag> {
    let content = line.meant(id, part.number)?;
    Yield::default().await;
    match line.net.world.store.put_signed(part, content.clone()) {
        Ok(etag) => return Some(etag),
        // The object of a single PUT is there already.
        Err(refused) if refused.status == 412 => return Some(content.etag()),
        Err(refused) if refused.status != 403 => return None,
        Err(_) => {}
    }
    let signed = sign(line, id, &[part.number], &content).await?;
    line.net.world.store.put_signed(signed.first()?, content).ok()
}

async fn sign(
    line: &Line,
    id: &UploadId,
    numbers: &[PartNumber],
    content: &Content,
) -> Option<Vec<SignedPart>> {
    let with_checksums = line.net.model.borrow().uploads.get(id)?.with_checksums;
    let entry = |number: &PartNumber| match with_checksums {
        true => {
            let sum = content.checksum(shared::checksum::ChecksumAlgorithm::Crc64nvme);
            json!({ "partNumber": number.get(), "checksum": sum.to_base64() })
        }
        false => json!({ "partNumber": number.get() }),
    };
    let body = json!({ "parts": numbers.iter().map(entry).collect::<Vec<Value>>() });
    let path = format!("/uploads/{id}/parts/sign");
    let ask = async move |client: Client<'_>| client.post(&path, &body).await;
    let answer = line.insist(Program::Presign, ask).await?;
    (answer.status == 200).then(|| answer.signed_parts())
}

/// Reports parts; what is answered with success counts as acknowledged.
pub(super) async fn report(line: &Line, id: &UploadId, parts: &[(PartNumber, ETag)]) {
    if parts.is_empty() {
        return;
    }
    let began_at = line.net.step();
    let entry =
        |(number, etag): &(PartNumber, ETag)| json!({ "partNumber": number.get(), "etag": etag.as_str() });
    let body = json!({ "parts": parts.iter().map(entry).collect::<Vec<Value>>() });
    let id_text = id.to_string();
    let ask = async move |client: Client<'_>| client.report(&id_text, &body).await;
    let Some(answer) = line.insist(Program::ChunkComplete, ask).await else { return };
    if answer.status != 200 {
        return;
    }
    if line.net.ended_at_step(id).is_some_and(|ended_at| ended_at < began_at) {
        line.note(format!("I-05 {id}: parts were acknowledged after it had ended"));
    }
    for (number, etag) in parts {
        acknowledge(line, id, *number, etag);
    }
    learn(line, id, &answer);
}

fn acknowledge(line: &Line, id: &UploadId, number: PartNumber, etag: &ETag) {
    let Some(meant) = line.meant(id, number).filter(|meant| meant.etag() == *etag) else {
        return line.note(format!("I-03 {id}: part {number} was acknowledged with a tag that nobody sent"));
    };
    let table = &line.net.world.table;
    let takes_parts = table.upload(id).is_some_and(|upload| upload.state == UploadState::Active);
    let is_overwritten =
        line.net.model.borrow().uploads.get(id).is_some_and(|known| known.is(Fact::Overwritten));
    if takes_parts && !is_overwritten && !table.received_parts(id).contains_key(&number) {
        line.note(format!("I-03 {id}: part {number} was acknowledged and is not on record"));
    }
    line.change(id, |known| {
        known.acknowledged.insert(number.get(), meant);
    });
}

/// Asks for completion.
pub(super) async fn complete(line: &Line, id: &UploadId) {
    let id_text = id.to_string();
    let ask = async move |client: Client<'_>| client.complete(&id_text).await;
    if let Some(answer) = line.insist(Program::ChunkComplete, ask).await
        && answer.status < 300
    {
        learn(line, id, &answer);
    }
}

fn learn(line: &Line, id: &UploadId, answer: &Answer) {
    if matches!(answer.text("/state"), "completing" | "completed") {
        line.change(id, |known| known.learn(Fact::ToldComplete));
    }
}

/// Comes back with nothing but the id: looks what is missing, sends it, and asks for completion.
pub(super) async fn resume(line: &Line, id: &UploadId) {
    for _ in 0..LOOKS_MAX {
        let path = format!("/uploads/{id}");
        let ask = async move |client: Client<'_>| client.get(&path).await;
        let Some(shown) = line.insist(Program::Presign, ask).await else { return };
        if shown.status != 200 || shown.text("/state") != UploadState::Active.name() {
            return;
        }
        let mut sent = Vec::new();
        for number in missing(&shown) {
            let Some(content) = line.meant(id, number) else { return };
            let Some(signed) = sign(line, id, &[number], &content).await else { continue };
            let Some(part) = signed.first() else { continue };
            if let Some(etag) = send(line, id, part).await {
                sent.push((number, etag));
            }
        }
        report(line, id, &sent).await;
        complete(line, id).await;
        for _ in 0..line.net.random(20) {
            Yield::default().await;
        }
    }
}

fn missing(shown: &Answer) -> Vec<PartNumber> {
    let ranges = shown.body["missing"].as_array().cloned().unwrap_or_default();
    let bound = |range: &Value, name: &str| u32::try_from(range[name].as_u64().unwrap_or(0)).unwrap_or(0);
    ranges
        .iter()
        .flat_map(|range| bound(range, "from")..=bound(range, "to"))
        .filter_map(|number| PartNumber::new(number).ok())
        .collect()
}
