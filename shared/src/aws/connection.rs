//! The way to AWS, opened once at cold start.

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::{AppName, BehaviorVersion, ConfigLoader, SdkConfig};
use aws_sdk_s3::config::RuntimeComponents;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_http_client::{Builder, ConnectorBuilder};

use super::buckets::Buckets;
#[cfg(feature = "cloudwatch")]
use super::cloudwatch::CloudWatch;
use super::dynamodb::DynamoUploadTable;
use super::measured::Measured;
use super::s3::S3ObjectStore;
use super::sqs::SqsQueue;
use super::timeouts;
use super::trusted_roots::trusted_roots;
use super::url_signer::SigV4UrlSigner;
use crate::error::Error;

/// Makes adapters that share one configuration and one HTTP client.
#[derive(Clone, Debug)]
pub struct Aws {
    sdk: SdkConfig,
}

impl Aws {
    /// Reads the environment by the SDK's rules, without any call.
    pub async fn connect() -> Self {
        Self::with_config(Self::settings().load().await)
    }

    /// Our settings, before the environment is read: a test that talks to an address of its own adds it here.
    ///
    /// Lambda gives region and credentials as environment variables. The SDK's default chain looks there first too, but
    /// builds every other source beforehand, a client of STS among them, and so makes a cold start a fifth longer.
    pub fn settings() -> ConfigLoader {
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(one_http_client())
            .region(EnvironmentVariableRegionProvider::new())
            .credentials_provider(EnvironmentVariableCredentialsProvider::new())
            .timeout_config(timeouts::usual())
            .retry_config(timeouts::retries());
        match AppName::new("longshore") {
            Ok(name) => loader.app_name(name),
            Err(_) => loader,
        }
    }

    /// With a configuration that was loaded elsewhere.
    pub fn with_config(sdk: SdkConfig) -> Self {
        Self { sdk }
    }

    /// The store on these buckets.
    pub fn object_store(&self, buckets: Buckets) -> S3ObjectStore {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk).interceptor(Measured).build();
        S3ObjectStore::new(aws_sdk_s3::Client::from_conf(config), buckets)
    }

    /// The table of this name.
    pub fn upload_table(&self, name: impl Into<String>) -> DynamoUploadTable {
        let config = aws_sdk_dynamodb::config::Builder::from(&self.sdk).interceptor(Measured).build();
        DynamoUploadTable::new(aws_sdk_dynamodb::Client::from_conf(config), name)
    }

    /// The queue at this URL.
    pub fn queue(&self, url: impl Into<String>) -> SqsQueue {
        let config = aws_sdk_sqs::config::Builder::from(&self.sdk).interceptor(Measured).build();
        SqsQueue::new(aws_sdk_sqs::Client::from_conf(config), url)
    }

    /// The metrics and alarms of the stack with this name.
    #[cfg(feature = "cloudwatch")]
    pub fn cloudwatch(&self, stack: impl Into<String>) -> CloudWatch {
        let config = aws_sdk_cloudwatch::config::Builder::from(&self.sdk).interceptor(Measured).build();
        CloudWatch::new(aws_sdk_cloudwatch::Client::from_conf(config), stack)
    }

    /// The signer of URLs for these buckets. `Internal` when there is no region or no source of credentials.
    pub fn url_signer(&self, buckets: &Buckets) -> Result<SigV4UrlSigner, Error> {
        SigV4UrlSigner::new(&self.sdk, buckets.clone())
    }
}

/// The client that the SDK would make by default, but one for all services, and with [`trusted_roots`]: reading the
/// system's was nearly all that connecting cost.
pub(super) fn one_http_client() -> aws_sdk_s3::config::SharedHttpClient {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let tls = TlsContext::builder().with_trust_store(trusted_roots(environment)).build().unwrap_or_default();
    Builder::new().build_with_connector_fn(move |settings, components| {
        let provider = Provider::Rustls(CryptoMode::Ring);
        let mut connector = ConnectorBuilder::default().tls_provider(provider);
        connector.set_tls_context(tls.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}
