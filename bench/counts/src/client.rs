//! Our client on the fakes: create, PUT, report, complete, and a look at the outcome. Queues deliver once.

use anyhow::{bail, ensure};
use longshore_tests::{Answer, World};
use serde::Serialize;
use serde_json::{Value, json};
use shared::checksum::ChecksumAlgorithm;
use shared::plan::MIB;
use shared::ports::SignedPart;
use shared::testing::Content;

use crate::url_size::real_url_bytes;
use crate::usage::{Function, Meter, Usage};

/// The most parts that one call plans, signs or records, as in the client.
const PARTS_PER_CALL_MAX: usize = 1_000;
const PART_SIZE_BYTES: u64 = 8 * MIB;
/// One part is a file small enough for a single PUT.
const SINGLE_SIZE_BYTES: u64 = MIB;
/// Not a divisor of any page or batch, so that neighbours differ.
const FILL_BYTES: usize = 251;

/// An upload to count.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Shape {
    /// How many parts the file has; 1 is sent with a single PUT.
    pub(crate) parts: usize,
    /// How many parts one report names.
    pub(crate) parts_per_report: usize,
}

/// Uploads one file that is no image, waits for it, and gives what was used.
pub(crate) async fn upload(shape: Shape) -> anyhow::Result<Usage> {
    let world = World::new();
    let mut session =
        Session { meter: Meter::new(&world), contents: contents(shape.parts)?, id: String::new() };
    let created = session.create().await?;
    created.text("/id").clone_into(&mut session.id);
    let mut signed = created.signed_parts();
    for batch in part_numbers(shape.parts).chunks(shape.parts_per_report) {
        if signed.is_empty() {
            signed = session.sign(batch).await?;
        }
        let rest = signed.split_off(batch.len().min(signed.len()));
        session.put_and_report(&signed).await?;
        signed = rest;
    }
    let path = format!("/uploads/{}/complete", session.id);
    session.call(Function::ChunkComplete, "POST", &path, None).await?;
    session.meter.deliver_everything().await?;
    session.look_at_the_outcome().await?;
    Ok(session.meter.usage())
}

fn contents(parts: usize) -> anyhow::Result<Vec<Content>> {
    let size_bytes = if parts == 1 { SINGLE_SIZE_BYTES } else { PART_SIZE_BYTES };
    let content = |index| Ok(Content::repeated(u8::try_from(index % FILL_BYTES)?, size_bytes));
    (0..parts).map(content).collect()
}

fn part_numbers(parts: usize) -> Vec<usize> {
    (1..=parts).collect()
}

fn checksum(content: &Content) -> String {
    content.checksum(ChecksumAlgorithm::Crc64nvme).to_base64()
}

/// One upload under way.
struct Session<'a> {
    meter: Meter<'a>,
    contents: Vec<Content>,
    id: String,
}

impl Session<'_> {
    async fn create(&mut self) -> anyhow::Result<Answer> {
        let whole = Content::concat(self.contents.iter().cloned());
        let value = checksum(&whole);
        let checksums = match self.contents.len() {
            2..=PARTS_PER_CALL_MAX => {
                let parts: Vec<String> = self.contents.iter().map(checksum).collect();
                json!({ "algorithm": "crc64nvme", "value": value, "parts": parts })
            }
            _ => json!({ "algorithm": "crc64nvme", "value": value }),
        };
        let body = json!({
            "filename": "movie.bin",
            "size": whole.size_bytes(),
            "contentType": "application/octet-stream",
            "partSize": PART_SIZE_BYTES,
            "checksum": checksums,
        });
        self.call(Function::Presign, "POST", "/uploads", Some(&body)).await
    }

    async fn sign(&mut self, numbers: &[usize]) -> anyhow::Result<Vec<SignedPart>> {
        let contents = numbers.iter().filter_map(|number| Some((number, self.contents.get(number - 1)?)));
        let parts: Vec<Value> = contents
            .map(|(number, content)| json!({ "partNumber": number, "checksum": checksum(content) }))
            .collect();
        let path = format!("/uploads/{}/parts/sign", self.id);
        let answer = self.call(Function::Presign, "POST", &path, Some(&json!({ "parts": parts }))).await?;
        Ok(answer.signed_parts())
    }

    async fn put_and_report(&mut self, signed: &[SignedPart]) -> anyhow::Result<()> {
        let client = self.meter.client();
        let mut reported = Vec::with_capacity(signed.len());
        for part in signed {
            let Some(content) = self.contents.get(usize::from(part.number.get()) - 1) else {
                bail!("part {} was signed, but the file does not have it", part.number);
            };
            let etag = client.put(part, content.clone());
            self.meter.count_client_put();
            reported.push(json!({ "partNumber": part.number.get(), "etag": etag }));
        }
        let path = format!("/uploads/{}/parts", self.id);
        self.call(Function::ChunkComplete, "POST", &path, Some(&json!({ "parts": reported }))).await?;
        Ok(())
    }

    /// The client looks until the file is there; once it is, one look at each suffices.
    async fn look_at_the_outcome(&mut self) -> anyhow::Result<()> {
        let upload = self.meter.look(&format!("/uploads/{}", self.id)).await?;
        ensure!(upload.text("/state") == "completed", "the upload is not completed: {upload:?}");
        let file = self.meter.look(&format!("/files/{}", self.id)).await?;
        ensure!(file.text("/imageState") == "none", "the file is taken for an image: {file:?}");
        Ok(())
    }

    async fn call(
        &mut self,
        function: Function,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        // On the fakes a URL is short; the gateway meters what the real one would be.
        self.meter.call(function, (method, path), body, real_url_bytes()?).await
    }
}
