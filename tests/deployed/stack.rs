//! The stack under test and the ways to it.

use std::fmt;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use serde_json::Value;
use shared::aws::{Aws, DynamoUploadTable};
use shared::ids::UploadId;
use shared::ports::UploadTable;
use shared::upload::Upload;
use tokio::runtime::Runtime;

use crate::api::Api;

/// A deployed stack.
pub(crate) struct Stack {
    description: Value,
    runtime: Runtime,
    pub(crate) credentials: Credentials,
    pub(crate) sdk: SdkConfig,
    table: DynamoUploadTable,
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").finish_non_exhaustive()
    }
}

impl Stack {
    /// The stack that the environment names, if it names one. A file that cannot be read stops the tests.
    #[expect(clippy::disallowed_methods, reason = "a test asks for its surroundings itself")]
    pub(crate) fn from_environment() -> Option<Self> {
        let path = std::env::var("LONGSHORE_STACK_FILE").ok()?;
        let text = std::fs::read_to_string(&path).unwrap_or_else(|err| panic!("{path}: {err}"));
        let description: Value = serde_json::from_str(&text).unwrap_or_else(|err| panic!("{path}: {err}"));
        let (key, secret) = (text_of(&description, "accessKeyId"), text_of(&description, "secretAccessKey"));
        let session = description["sessionToken"].as_str().map(str::to_owned);
        let credentials = Credentials::new(key, secret, session, None, "stack file");
        let settings = Aws::settings()
            .region(Region::new(text_of(&description, "region").to_owned()))
            .credentials_provider(credentials.clone())
            .endpoint_url(text_of(&description, "endpointUrl"));
        let runtime = Runtime::new().unwrap();
        let sdk = runtime.block_on(settings.load());
        let table = Aws::with_config(sdk.clone()).upload_table(text_of(&description, "table"));
        Some(Self { description, runtime, credentials, sdk, table })
    }

    /// A text of the description, such as `originalsBucket`.
    pub(crate) fn text(&self, name: &str) -> &str {
        text_of(&self.description, name)
    }

    /// A client of the owner to whom the uploads of these tests belong.
    pub(crate) fn owner(&self) -> Api {
        Api::new(self.text("apiUrl"), Some(self.text("token")))
    }

    /// A client of somebody else.
    pub(crate) fn other_owner(&self) -> Api {
        Api::new(self.text("apiUrl"), Some(self.text("otherToken")))
    }

    /// A client that sends this as its token, or nothing.
    pub(crate) fn caller_with(&self, token: Option<&str>) -> Api {
        Api::new(self.text("apiUrl"), token)
    }

    /// Waits for a call of the AWS SDK.
    pub(crate) fn wait_for<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// The record of an upload as the table holds it.
    pub(crate) fn record(&self, id: &str) -> Upload {
        let id = UploadId::parse(id).unwrap();
        self.wait_for(self.table.get(&id)).unwrap().unwrap_or_else(|| panic!("no record of {id}"))
    }
}

fn text_of<'a>(description: &'a Value, name: &str) -> &'a str {
    description[name].as_str().unwrap_or_else(|| panic!("the stack file does not say {name}"))
}
