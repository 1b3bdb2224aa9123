//! Counts every call that the functions make, call by call.
//!
//! The time of an invocation is the one thing that is assumed, from its counted calls, one after another: see
//! [`assumed_millis`]. On AWS many of them overlap, so the truth is less.

use anyhow::{bail, ensure};
use longshore_tests::{Answer, Client, World};
use serde::Serialize;
use serde_json::Value;
use shared::ports::SignedPart;
use shared::testing::Call;

const OWNER: &str = "alice";
/// API Gateway meters an HTTP API in steps of this many bytes (<https://aws.amazon.com/api-gateway/pricing/>).
const METERED_BYTES: usize = 512 * 1024;
/// How often the queues are emptied before this program gives up on them.
const ROUNDS_MAX: usize = 20;

const INVOCATION_MILLIS: u32 = 5;
const STORE_CALL_MILLIS: u32 = 40;
const TABLE_CALL_MILLIS: u32 = 8;
const QUEUE_CALL_MILLIS: u32 = 15;

/// A function, for the memory that it is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// Plans, signs, shows.
    Presign,
    /// Records parts.
    ChunkComplete,
    /// Makes the file.
    Assembly,
    /// Looks whether the file is an image.
    Thumbnail,
}

impl Function {
    /// The template's default, in MiB.
    const fn memory_mebibytes(self) -> u32 {
        match self {
            Self::Presign | Self::ChunkComplete | Self::Assembly => 512,
            Self::Thumbnail => 2_048,
        }
    }
}

/// What one upload used.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Usage {
    /// Write units of the table and its indexes.
    pub(crate) write_units: u32,
    /// Those of the indexes alone.
    pub(crate) index_write_units: u32,
    /// Read units in halves.
    pub(crate) read_half_units: u32,
    /// Requests of the functions to S3.
    pub(crate) s3_calls: u32,
    /// Those of them that are priced like a PUT: open, list, complete.
    pub(crate) s3_put_class_calls: u32,
    /// Those of them that are priced like a GET: head, get.
    pub(crate) s3_get_class_calls: u32,
    /// The client's own PUTs of parts.
    pub(crate) client_puts: u32,
    /// Calls that it takes to upload: create, sign, report, complete.
    pub(crate) api_calls: u32,
    /// Calls that look at the outcome, at the least.
    pub(crate) look_calls: u32,
    /// All calls as API Gateway meters them.
    pub(crate) api_metered_requests: u32,
    /// Messages through the queues, those of S3's events included.
    pub(crate) queue_messages: u32,
    /// Invocations of all functions.
    pub(crate) invocations: u32,
    /// Assumed milliseconds of all invocations, each times its function's memory.
    pub(crate) mebibyte_millis: u32,
}

/// Runs the functions and counts.
#[derive(Debug)]
pub(crate) struct Meter<'a> {
    world: &'a World,
    usage: Usage,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self { world, usage: Usage::default() }
    }

    /// The client, for its PUTs.
    pub(crate) fn client(&self) -> Client<'a> {
        self.world.client(OWNER)
    }

    /// One PUT of the client.
    pub(crate) fn count_client_put(&mut self) {
        self.usage.client_puts += 1;
    }

    /// One call that the upload needs; fails unless it is answered with success.
    pub(crate) async fn call(
        &mut self,
        function: Function,
        (method, path): (&str, &str),
        body: Option<&Value>,
        url_bytes: usize,
    ) -> anyhow::Result<Answer> {
        self.usage.api_calls += 1;
        self.request(function, (method, path), body, url_bytes).await
    }

    /// One look at how things are.
    pub(crate) async fn look(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.usage.look_calls += 1;
        self.request(Function::Presign, ("GET", path), None, 0).await
    }

    async fn request(
        &mut self,
        function: Function,
        (method, path): (&str, &str),
        body: Option<&Value>,
        url_bytes: usize,
    ) -> anyhow::Result<Answer> {
        let body = body.map(Value::to_string);
        let mut headers = vec![("content-type", "application/json")];
        if path == "/uploads" {
            headers.push(("idempotency-key", "0123456789abcdef0123456789abcdef"));
        }
        self.world.log.clear();
        let answer = self.client().send(method, path, &headers, body.as_deref()).await;
        self.count_invocation(function)?;
        ensure!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
        let sent_bytes = body.map_or(0, |body| body.len());
        let metered = (sent_bytes + real_size_bytes(&answer, url_bytes)).div_ceil(METERED_BYTES).max(1);
        self.usage.api_metered_requests += u32::try_from(metered)?;
        Ok(answer)
    }

    /// Delivers S3's events and all messages, each once and by itself, until nothing is left.
    pub(crate) async fn deliver_everything(&mut self) -> anyhow::Result<()> {
        for _ in 0..ROUNDS_MAX {
            self.world.queue_s3_events();
            let (assembly, images) =
                (self.world.assembly_queue.take_all(), self.world.image_queue.take_all());
            if assembly.is_empty() && images.is_empty() {
                return Ok(());
            }
            for message in assembly {
                self.world.log.clear();
                let answer = self.world.deliver_to_assembly(&message.body).await;
                ensure!(answer.batch_item_failures.is_empty(), "assembly failed on {}", message.body);
                self.count_delivery(Function::Assembly)?;
            }
            for message in images {
                self.world.log.clear();
                let answer = self.world.deliver_to_thumbnail(&message.body).await;
                ensure!(answer.batch_item_failures.is_empty(), "thumbnail failed on {}", message.body);
                self.count_delivery(Function::Thumbnail)?;
            }
        }
        bail!("the queues do not come to rest")
    }

    /// Everything so far, the table's bill included.
    pub(crate) fn usage(&self) -> Usage {
        let units = self.world.table.units();
        let narrow = |units: u64| u32::try_from(units).unwrap_or(u32::MAX);
        Usage {
            write_units: narrow(units.writes()),
            index_write_units: narrow(units.index_writes),
            read_half_units: narrow(units.read_halves),
            ..self.usage
        }
    }

    fn count_delivery(&mut self, function: Function) -> anyhow::Result<()> {
        self.usage.queue_messages += 1;
        self.count_invocation(function)
    }

    /// Counts the calls since the log was cleared as those of one invocation.
    fn count_invocation(&mut self, function: Function) -> anyhow::Result<()> {
        let calls = self.world.log.calls();
        self.usage.invocations += 1;
        self.usage.mebibyte_millis += assumed_millis(&calls) * function.memory_mebibytes();
        for call in calls.iter().filter(|call| call.fake == "store") {
            self.usage.s3_calls += 1;
            match call.operation {
                "open_multipart" | "list_parts" | "complete_multipart" | "write" => {
                    self.usage.s3_put_class_calls += 1;
                }
                "look" | "read_start" => self.usage.s3_get_class_calls += 1,
                other => bail!("{other} has no price here"),
            }
        }
        Ok(())
    }
}

/// How long an invocation takes if each of its calls waits for the one before.
fn assumed_millis(calls: &[Call]) -> u32 {
    let of_call = |call: &Call| match call.fake.as_str() {
        "store" => STORE_CALL_MILLIS,
        "table" => TABLE_CALL_MILLIS,
        "signer" => 0,
        _ => QUEUE_CALL_MILLIS,
    };
    INVOCATION_MILLIS + calls.iter().map(of_call).sum::<u32>()
}

/// The size of an answer's body if its URLs had their real length.
fn real_size_bytes(answer: &Answer, url_bytes: usize) -> usize {
    let size_bytes = answer.body.to_string().len();
    let parts: Vec<SignedPart> = match answer.body.pointer("/parts") {
        Some(_) => answer.signed_parts(),
        None => Vec::new(),
    };
    let fake_bytes: usize = parts.iter().map(|part| part.url.expose().len()).sum();
    (size_bytes + parts.len() * url_bytes).saturating_sub(fake_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_as_large_as_its_urls_really_are() {
        let part = json!({ "partNumber": 1, "size": 1, "method": "PUT", "url": "https://x", "headers": {} });
        let plain = Answer { status: 200, body: json!({ "state": "active" }) };
        assert_eq!(real_size_bytes(&plain, 1_000), plain.body.to_string().len());
        let signed = Answer { status: 201, body: json!({ "parts": [part] }) };
        assert_eq!(
            real_size_bytes(&signed, 1_000),
            signed.body.to_string().len() + 1_000 - "https://x".len()
        );
    }

    #[test]
    fn an_invocation_takes_the_sum_of_its_calls() {
        let call =
            |fake: &str| Call { number: 1, fake: fake.to_owned(), operation: "any", detail: String::new() };
        assert_eq!(assumed_millis(&[]), 5);
        assert_eq!(assumed_millis(&[call("store"), call("table"), call("signer"), call("image-queue")]), 68);
    }
}
