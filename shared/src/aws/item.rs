//! Reading and writing the attributes of DynamoDB items, with errors that name the attribute.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::{Error, ErrorKind};
use crate::timestamp::Timestamp;

/// One item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// An item being built. Empty values are left out, as absent and empty mean the same in every row of the table.
#[derive(Debug, Default)]
pub(crate) struct ItemWriter(Item);

impl ItemWriter {
    /// An item with these keys.
    pub(crate) fn new(keys: (String, String)) -> Self {
        let mut writer = Self::default();
        writer.text("pk", keys.0);
        writer.text("sk", keys.1);
        writer
    }

    /// A string.
    pub(crate) fn text(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), AttributeValue::S(value.into()));
    }

    /// A string, if there is one.
    pub(crate) fn text_if(&mut self, name: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str, value: impl Into<u64>) {
        self.0.insert(name.to_owned(), AttributeValue::N(value.into().to_string()));
    }

    /// A number, if there is one.
    pub(crate) fn number_if(&mut self, name: &str, value: Option<impl Into<u64>>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    /// A time in milliseconds, if there is one.
    pub(crate) fn time_if(&mut self, name: &str, value: Option<Timestamp>) {
        self.number_if(name, value.map(Timestamp::as_millis));
    }

    /// Bytes.
    pub(crate) fn binary(&mut self, name: &str, value: Vec<u8>) {
        self.0.insert(name.to_owned(), AttributeValue::B(Blob::new(value)));
    }

    /// A map of strings, unless it is empty.
    pub(crate) fn text_map(&mut self, name: &str, value: &BTreeMap<String, String>) {
        if !value.is_empty() {
            let map =
                value.iter().map(|(key, text)| (key.clone(), AttributeValue::S(text.clone()))).collect();
            self.0.insert(name.to_owned(), AttributeValue::M(map));
        }
    }

    /// The finished item.
    pub(crate) fn into_item(self) -> Item {
        self.0
    }
}

/// Reads an item. Every error is `Internal` and says which attribute of which item is wrong: a damaged record is
/// reported, never skipped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ItemReader<'a>(pub(crate) &'a Item);

impl<'a> ItemReader<'a> {
    /// A string that must be there.
    pub(crate) fn text(self, name: &str) -> Result<&'a str, Error> {
        self.text_if(name)?.ok_or_else(|| self.damaged(name))
    }

    /// A string that may be there.
    pub(crate) fn text_if(self, name: &str) -> Result<Option<&'a str>, Error> {
        match self.0.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(self.damaged(name)),
        }
    }

    /// A number that must be there.
    pub(crate) fn number<T: std::str::FromStr>(self, name: &str) -> Result<T, Error> {
        self.number_if(name)?.ok_or_else(|| self.damaged(name))
    }

    /// A number that may be there.
    pub(crate) fn number_if<T: std::str::FromStr>(self, name: &str) -> Result<Option<T>, Error> {
        match self.0.get(name) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) => digits.parse().map(Some).map_err(|_| self.damaged(name)),
            Some(_) => Err(self.damaged(name)),
        }
    }

    /// A time in milliseconds that must be there.
    pub(crate) fn time(self, name: &str) -> Result<Timestamp, Error> {
        self.number(name).map(Timestamp::from_millis)
    }

    /// A time in milliseconds that may be there.
    pub(crate) fn time_if(self, name: &str) -> Result<Option<Timestamp>, Error> {
        Ok(self.number_if(name)?.map(Timestamp::from_millis))
    }

    /// A time in whole seconds that may be there.
    pub(crate) fn seconds_if(self, name: &str) -> Result<Option<Timestamp>, Error> {
        Ok(self.number_if(name)?.map(Timestamp::from_seconds))
    }

    /// Bytes that must be there.
    pub(crate) fn binary(self, name: &str) -> Result<&'a [u8], Error> {
        match self.0.get(name) {
            Some(AttributeValue::B(bytes)) => Ok(bytes.as_ref()),
            _ => Err(self.damaged(name)),
        }
    }

    /// A map of strings; empty when it is not there.
    pub(crate) fn text_map(self, name: &str) -> Result<BTreeMap<String, String>, Error> {
        let map = match self.0.get(name) {
            None => return Ok(BTreeMap::new()),
            Some(AttributeValue::M(map)) => map,
            Some(_) => return Err(self.damaged(name)),
        };
        let text_of = |(key, value): (&String, &AttributeValue)| match value {
            AttributeValue::S(text) => Ok((key.clone(), text.clone())),
            _ => Err(self.damaged(name)),
        };
        map.iter().map(text_of).collect()
    }

    /// What is read from an attribute, or the error that it is damaged.
    pub(crate) fn expect<T>(self, name: &str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.damaged(name))
    }

    /// The error for an attribute that is missing or is not what we write.
    pub(crate) fn damaged(self, name: &str) -> Error {
        let key_of = |name: &str| match self.0.get(name) {
            Some(AttributeValue::S(text)) => text.as_str(),
            _ => "?",
        };
        let cause =
            format!("attribute {name} of the item {} {} is missing or damaged", key_of("pk"), key_of("sk"));
        Error::new(ErrorKind::Internal, "a stored record cannot be read").caused_by(cause)
    }
}
