//! The stack under test and the ways to it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use fidelity::{GatewayLimits, Planted, Proxy, Rule, Settings};
use serde_json::Value;
use shared::aws::{Aws, DynamoUploadTable};
use shared::ids::UploadId;
use shared::ports::{Clock, SystemClock, UploadTable};
use shared::timestamp::Timestamp;
use shared::upload::Upload;
use tokio::runtime::Runtime;

use crate::api::Api;
use crate::aws_calls::Caller;
use crate::roles::{Role, roles_of};

/// A deployed stack.
pub(crate) struct Stack {
    file: PathBuf,
    description: Value,
    runtime: Runtime,
    pub(crate) credentials: Credentials,
    pub(crate) sdk: SdkConfig,
    table: DynamoUploadTable,
    roles: Vec<Role>,
    proxy: Option<Proxy>,
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
        let caller = Caller {
            endpoint_url: text_of(&description, "endpointUrl"),
            region: text_of(&description, "region"),
            credentials: &credentials,
        };
        let roles = roles_of(caller, |name| text_of(&description, name).to_owned());
        let proxy = description["proxyPort"].as_u64().map(|port| start_proxy(&description, port, &roles));
        Some(Self { file: path.into(), description, runtime, credentials, sdk, table, roles, proxy })
    }

    /// The file that describes the stack.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The SDK's configuration in the name of a role, past the proxy.
    pub(crate) fn sdk_of(&self, role: &Role) -> SdkConfig {
        let credentials = SharedCredentialsProvider::new(role.credentials.clone());
        self.sdk.to_builder().credentials_provider(credentials).build()
    }

    /// Whether the functions reach S3, DynamoDB and SQS through these tests.
    pub(crate) fn has_proxy(&self) -> bool {
        self.proxy.is_some()
    }

    /// The proxy; only scenarios that need it may ask.
    pub(crate) fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("a stack whose functions go through a proxy")
    }

    /// Breaks calls until the answer is dropped.
    pub(crate) fn plant(&self, rule: Rule) -> Planted {
        self.proxy().plant(rule)
    }

    /// The role of a function.
    pub(crate) fn role(&self, function: &str) -> &Role {
        self.roles.iter().find(|role| role.function == function).expect("one of the five functions")
    }

    /// All roles.
    pub(crate) fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// What the stack was deployed with, such as `ApiBurstLimit`.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        text_of(&self.description["parameters"], name)
    }

    /// The API, through the proxy where there is one.
    pub(crate) fn api_url(&self) -> String {
        let url = self.text("apiUrl");
        match &self.proxy {
            Some(proxy) => url.replacen(self.text("endpointUrl"), &proxy.origin(), 1),
            None => url.to_owned(),
        }
    }

    /// A text of the description, such as `originalsBucket`.
    pub(crate) fn text(&self, name: &str) -> &str {
        text_of(&self.description, name)
    }

    /// A client of the owner to whom the uploads of these tests belong.
    pub(crate) fn owner(&self) -> Api {
        Api::new(&self.api_url(), Some(self.text("token")))
    }

    /// A client of somebody else.
    pub(crate) fn other_owner(&self) -> Api {
        Api::new(&self.api_url(), Some(self.text("otherToken")))
    }

    /// Tokens that are well signed and all the same not for this stack and moment.
    pub(crate) fn bad_tokens(&self) -> Vec<String> {
        let tokens = self.description["badTokens"].as_object().expect("the stack file has bad tokens");
        tokens.values().map(|token| token.as_str().unwrap().to_owned()).collect()
    }

    /// A client that sends this as its token, or nothing.
    pub(crate) fn caller_with(&self, token: Option<&str>) -> Api {
        Api::new(&self.api_url(), token)
    }

    /// Waits for a call of the AWS SDK.
    pub(crate) fn wait_for<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// Makes a record due now, as time does by itself.
    pub(crate) fn make_due(&self, id: &str) {
        let mut upload = self.record(id);
        // The index counts in whole seconds, rounded up.
        upload.due_at = Some(Timestamp::from_millis(SystemClock.now().as_millis() - 1_000));
        assert!(self.wait_for(self.table.replace(&upload)).unwrap(), "somebody changed it meanwhile");
    }

    /// The record of an upload as the table holds it.
    pub(crate) fn record(&self, id: &str) -> Upload {
        let id = UploadId::parse(id).unwrap();
        self.wait_for(self.table.get(&id)).unwrap().unwrap_or_else(|| panic!("no record of {id}"))
    }
}

fn start_proxy(description: &Value, port: u64, roles: &[Role]) -> Proxy {
    let number = |name: &str| text_of(&description["parameters"], name).parse().unwrap();
    let known: Vec<Credentials> = roles.iter().map(|role| role.credentials.clone()).collect();
    let settings = Settings {
        port: u16::try_from(port).unwrap(),
        upstream: text_of(description, "endpointUrl").to_owned(),
        limits: GatewayLimits { rate_per_second: number("ApiRateLimit"), burst: number("ApiBurstLimit") },
        credentials_of: Arc::new(move |id| known.iter().find(|known| known.access_key_id() == id).cloned()),
    };
    Proxy::start(settings).unwrap_or_else(|err| panic!("port {port}: {err}"))
}

fn text_of<'a>(description: &'a Value, name: &str) -> &'a str {
    description[name].as_str().unwrap_or_else(|| panic!("the stack file does not say {name}"))
}
