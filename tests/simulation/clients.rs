//! What clients do: well-behaved ones, ones that give up, and ones that mean no good.

use serde_json::{Value, json};
use shared::checksum::ChecksumAlgorithm;
use shared::ids::{PartNumber, UploadId};
use shared::plan::MIB;
use shared::ports::SignedPart;
use shared::testing::Content;

use super::conductor::Yield;
use super::coverage::Program;
use super::model::{Fact, Known};
use super::net::{Line, part_content};
use super::transfer::{complete, report, resume, send};
use crate::answer::Answer;
use crate::client::Client;

const PART_BYTES: u64 = 5 * MIB;
/// Long enough for every schedule.
const LIFETIME_SECONDS: u64 = 24 * 3600;
/// So short that it runs out on the way.
const SHORT_LIFETIME_SECONDS: u64 = 900;

/// What a client is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// Sends, reports, and comes back until the file is there.
    Steady,
    /// Sends, and asks for completion without reporting.
    Silent,
    /// Cancels on the way.
    Cancels,
    /// Never comes back.
    Leaves,
    /// Overwrites a part that was acknowledged.
    Overwrites,
    /// Reports parts that it never sent.
    Lies,
}

/// What a client wants to send.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) key: String,
    pub(super) habit: Habit,
    pub(super) photo: Option<Vec<u8>>,
    pub(super) part_count: u16,
    pub(super) with_checksums: bool,
    pub(super) is_short_lived: bool,
    pub(super) file_lifetime_seconds: Option<u64>,
}

impl Order {
    fn size_bytes(&self) -> u64 {
        match &self.photo {
            Some(bytes) => u64::try_from(bytes.len()).unwrap_or(0),
            // The last part is shorter than the others.
            None => u64::from(self.part_count) * PART_BYTES - 7,
        }
    }

    fn content(&self, number: u16) -> Content {
        match &self.photo {
            Some(bytes) => Content::bytes(bytes.clone()),
            None => {
                let shorter = if number == self.part_count { 7 } else { 0 };
                part_content(u64::from(number), PART_BYTES - shorter)
            }
        }
    }

    fn body(&self) -> Value {
        let lifetime_seconds = if self.is_short_lived { SHORT_LIFETIME_SECONDS } else { LIFETIME_SECONDS };
        let mut body = json!({
            "filename": format!("{}.bin", self.key), "size": self.size_bytes(),
            "contentType": "application/octet-stream", "expiresInSeconds": lifetime_seconds,
        });
        if self.photo.is_none() {
            body["partSize"] = json!(PART_BYTES);
            if self.with_checksums {
                let sum = |number| self.content(number).checksum(ChecksumAlgorithm::Crc64nvme).to_base64();
                let sums: Vec<String> = (1..=self.part_count).map(sum).collect();
                body["checksum"] = json!({ "algorithm": "crc64nvme", "parts": sums });
            }
        }
        if let Some(seconds) = self.file_lifetime_seconds {
            body["fileExpiresInSeconds"] = json!(seconds);
        }
        body
    }

    fn known(&self, owner: &'static str) -> Known {
        Known {
            owner,
            size_bytes: self.size_bytes(),
            part_count: self.part_count,
            is_photo: self.photo.is_some(),
            with_checksums: self.with_checksums,
            meant: (1..=self.part_count).map(|number| (number, self.content(number))).collect(),
            acknowledged: std::collections::BTreeMap::new(),
            facts: (self.habit == Habit::Leaves).then_some(Fact::Abandoned).into_iter().collect(),
            file_lifetime_seconds: self.file_lifetime_seconds,
        }
    }
}

/// A client from the beginning to its end.
pub(super) async fn run(line: Line, order: Order) {
    line.net.model.borrow_mut().keys += 1;
    let (key, body) = (order.key.clone(), order.body());
    let create = async move |client: Client<'_>| client.create_with_key(&key, &body).await;
    let Some(created) = line.insist(Program::Presign, create).await else { return };
    if created.status != 201 {
        line.note(format!("I-08 {}: a create was refused: {created:?}", order.key));
        return;
    }
    let Ok(id) = UploadId::parse(created.text("/id")) else { return };
    line.net.model.borrow_mut().uploads.entry(id.clone()).or_insert_with(|| order.known(line.owner));
    match order.habit {
        Habit::Steady => {
            send_all(&line, &id, &created, 3).await;
            resume(&line, &id).await;
        }
        Habit::Silent => {
            for part in created.signed_parts() {
                send(&line, &id, &part).await;
            }
            complete(&line, &id).await;
        }
        Habit::Cancels => {
            let parts = created.signed_parts();
            let sent = line.net.pick(usize::from(order.part_count) + 1);
            send_parts(&line, &id, &parts[..sent.min(parts.len())], 2, Reports::AtOnce).await;
            cancel(&line, &id).await;
            // A PUT that was under way all the time.
            if let Some(part) = parts.first() {
                let _ = line.net.world.store.put_signed(part, order.content(part.number.get()));
            }
        }
        Habit::Leaves => {
            let parts = created.signed_parts();
            match order.photo.is_some() {
                // One PUT, and not another word.
                true => {
                    let Some(part) = parts.first() else { return };
                    let sent = send(&line, &id, part).await;
                    if sent.is_some() {
                        line.change(&id, |known| known.learn(Fact::SentWhole));
                    }
                }
                false => send_parts(&line, &id, &parts[..parts.len() / 2], 2, Reports::AtOnce).await,
            }
        }
        Habit::Overwrites => overwrite(&line, &id, &created).await,
        Habit::Lies => lie(&line, &id, &created).await,
    }
}

async fn send_all(line: &Line, id: &UploadId, created: &Answer, batch: usize) {
    let mut parts = created.signed_parts();
    for index in (1..parts.len()).rev() {
        parts.swap(index, line.net.pick(index + 1));
    }
    send_parts(line, id, &parts, batch, Reports::AtOnce).await;
}

/// When a client goes on after it has begun to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reports {
    OneByOne,
    AtOnce,
}

async fn send_parts(line: &Line, id: &UploadId, parts: &[SignedPart], batch: usize, reports: Reports) {
    for batch in parts.chunks(batch) {
        let mut sent = Vec::new();
        for part in batch {
            if let Some(etag) = send(line, id, part).await {
                sent.push((part.number, etag));
            }
        }
        if line.net.once_in(4)
            && let Some(again) = sent.first().cloned()
        {
            sent.push(again);
        }
        match line.net.once_in(3) && reports == Reports::AtOnce {
            // Another tab reports these, while this one goes on.
            true => {
                let (line, id) = (line.clone(), id.clone());
                let net = line.net.clone();
                net.begin(Program::Client, async move { report(&line, &id, &sent).await });
            }
            false => report(line, id, &sent).await,
        }
    }
}

async fn cancel(line: &Line, id: &UploadId) {
    let path = format!("/uploads/{id}");
    let cancel = async move |client: Client<'_>| client.delete(&path).await;
    if let Some(answer) = line.insist(Program::Presign, cancel).await
        && answer.status == 200
    {
        line.change(id, |known| known.learn(Fact::ToldCancelled));
    }
}

/// Reports everything, and puts other bytes in the place of what was acknowledged, before the last report or after.
async fn overwrite(line: &Line, id: &UploadId, created: &Answer) {
    let parts = created.signed_parts();
    let Some((last, others)) = parts.split_last() else { return };
    send_parts(line, id, others, 2, Reports::OneByOne).await;
    let before_the_last = line.net.once_in(2);
    if !before_the_last {
        send_parts(line, id, std::slice::from_ref(last), 1, Reports::OneByOne).await;
    }
    let target = &parts[line.net.pick(parts.len())];
    let other = part_content(200, target.size_bytes);
    // Bytes that were never acknowledged are the client's to replace.
    let is_acknowledged = line.is_acknowledged(id, target.number);
    if is_acknowledged && line.net.world.store.put_signed(target, other).is_ok() {
        line.change(id, |known| known.learn(Fact::Overwritten));
    }
    if before_the_last {
        send_parts(line, id, std::slice::from_ref(last), 1, Reports::OneByOne).await;
    }
    for _ in 0..line.net.random(30) {
        Yield::default().await;
    }
    complete(line, id).await;
    resume(line, id).await;
}

/// Reports a part that was never sent, which must be refused, and then does it properly.
async fn lie(line: &Line, id: &UploadId, created: &Answer) {
    let tag = shared::part_page::ETag::parse("00000000000000000000000000000000");
    if let (Ok(number), Some(tag)) = (PartNumber::new(1), tag) {
        report(line, id, &[(number, tag)]).await;
    }
    send_all(line, id, created, 4).await;
    resume(line, id).await;
}

/// Asks for somebody else's upload on every route: the answers are those for an id that does not exist.
pub(super) async fn snoop(line: Line, id: UploadId) {
    let mut unknown: String = id.as_str().chars().take(25).collect();
    unknown.push(if id.as_str().ends_with('0') { '1' } else { '0' });
    let report = json!({ "partNumber": 1, "etag": "\"x\"" });
    for (program, method, path) in [
        (Program::Presign, "GET", "/uploads/ID"),
        (Program::Presign, "GET", "/files/ID"),
        (Program::Presign, "DELETE", "/uploads/ID"),
        (Program::ChunkComplete, "POST", "/uploads/ID/complete"),
        (Program::ChunkComplete, "POST", "/uploads/ID/parts"),
    ] {
        let body = path.ends_with("/parts").then(|| report.to_string());
        let ask = |id: &str| {
            let (path, body) = (path.replace("ID", id), body.clone());
            async move |client: Client<'_>| {
                let headers = [("content-type", "application/json")];
                client.send(method, &path, &headers, body.as_deref()).await
            }
        };
        let theirs = line.insist(program, ask(id.as_str())).await;
        let nobodys = line.insist(program, ask(&unknown)).await;
        if let (Some(theirs), Some(nobodys)) = (theirs, nobodys) {
            let shown = |answer: &Answer, id: &str| format!("{answer:?}").replace(id, "ID");
            if shown(&theirs, id.as_str()) != shown(&nobodys, &unknown) {
                line.note(format!("I-10 {method} {path} of somebody else's {id}: {theirs:?}"));
            }
        }
    }
}
