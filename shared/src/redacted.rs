//! A value that nobody but its addressee may see: presigned URLs, keys of clients. It travels in a type that no log can
//! show.

use std::fmt;

use serde::{Serialize, Serializer};

/// Keeps a value out of every text. `Debug` shows nothing of it and there is no `Display`; it is written into an answer
/// only where a field says so, with [`Redacted::write_out`]. A test in `tests/tidy` knows who may call
/// [`Redacted::expose`].
///
/// ```
/// use shared::redacted::Redacted;
/// let url = Redacted::new("https://bucket/key?X-Amz-Signature=abc".to_owned());
/// assert_eq!(format!("{url:?}"), "[redacted]");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for whoever it is meant for.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// Serialises the value itself: `#[serde(serialize_with = "Redacted::write_out")]`. The type has no `Serialize`, so
    /// that no answer shows one by accident.
    ///
    /// # Errors
    /// Those of the serialiser.
    pub fn write_out<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize,
    {
        self.0.serialize(serializer)
    }

    /// As [`Redacted::write_out`], for a field that may be absent.
    ///
    /// # Errors
    /// Those of the serialiser.
    pub fn write_out_if_there<S: Serializer>(value: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize,
    {
        value.as_ref().map(Self::expose).serialize(serializer)
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize)]
    struct Answer {
        #[serde(serialize_with = "Redacted::write_out")]
        url: Redacted<String>,
    }

    #[test]
    fn a_secret_is_in_the_answer_and_in_no_debug_output() {
        let answer = Answer { url: Redacted::new("https://secret".to_owned()) };
        assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"url":"https://secret"}"#);
        assert_eq!(format!("{answer:?}"), "Answer { url: [redacted] }");
        assert_eq!(format!("{:?}", Some(answer.url)), "Some([redacted])");
    }
}
