//! What a client gets back.

use serde_json::Value;
use shared::ids::PartNumber;
use shared::ports::SignedPart;
use shared::redacted::Redacted;

/// Status and body of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: Value,
}

impl Answer {
    /// A text of the body, by JSON pointer (`/id`).
    pub fn text(&self, pointer: &str) -> &str {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer} in {self:?}"))
    }

    /// Status and stable error code in one line, as tests compare them.
    pub fn refusal(&self) -> String {
        format!("{} {}", self.status, self.text("/error"))
    }

    /// The signed parts of the answer.
    pub fn signed_parts(&self) -> Vec<SignedPart> {
        let parts = self.body["parts"].as_array().unwrap_or_else(|| panic!("no parts in {self:?}"));
        parts.iter().map(signed_part).collect()
    }
}

fn signed_part(part: &Value) -> SignedPart {
    let number = u32::try_from(part["partNumber"].as_u64().unwrap()).unwrap();
    let headers = part["headers"].as_object().unwrap();
    SignedPart {
        number: PartNumber::new(number).unwrap(),
        size_bytes: part["size"].as_u64().unwrap(),
        url: Redacted::new(part["url"].as_str().unwrap().to_owned()),
        headers: headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect(),
    }
}
