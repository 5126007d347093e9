//! Who we are to AWS, and the client with which we speak.
//!
//! Credentials are looked for where that is answered at once: environment, configuration files, single
//! sign-on. A computer's own role in AWS, which takes seconds where there is none, is asked for only when
//! somebody says so.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// S3 closes a connection that was idle for about 20 s.
const IDLE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(5);
const ATTEMPT: Duration = Duration::from_secs(30);
const OPERATION: Duration = Duration::from_secs(90);
/// Before who knocks twice does so again.
const SOON: Duration = Duration::from_millis(200);
/// Where none is told and none is needed, as on a server of one's own.
const ANY_REGION: &str = "us-east-1";

/// How a bucket is reached. Nothing in it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// A server that is not Amazon's.
    pub endpoint_url: Option<String>,
    /// The profile of the AWS configuration.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// A file of keys instead of the user's own, as `composer serve` writes it.
    pub keys_file: Option<PathBuf>,
    /// Whether this computer's role in AWS may be asked for.
    pub instance_metadata: bool,
    /// What is done where nobody listens.
    pub knocks: Knocks,
}

/// How often a server is called that refuses the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Knocks {
    /// It may be starting: for a while.
    #[default]
    Patiently,
    /// Twice.
    Twice,
}

impl Access {
    /// Whether the bucket is on this computer, where it may be asked as often as one likes.
    #[must_use]
    pub fn stays_here(&self) -> bool {
        self.endpoint_url.as_deref().is_some_and(|url| {
            ["http://127.", "http://localhost", "http://[::1]"].iter().any(|here| url.starts_with(here))
        })
    }

    /// How one signs in to the profile that is meant, where that has single sign-on.
    pub(crate) fn sign_in(&self) -> String {
        let named = || std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
        match self.profile.clone().or_else(named) {
            Some(profile) => format!("aws sso login --profile {profile}"),
            None => "aws sso login".to_owned(),
        }
    }

    /// Where credentials are looked for, in words.
    pub(crate) fn searched(&self) -> String {
        match (&self.profile, &self.keys_file) {
            (Some(profile), None) => format!("the profile {profile} of the AWS configuration"),
            (_, Some(file)) => file.display().to_string(),
            (None, None) => "the environment and the AWS configuration".to_owned(),
        }
    }
}

/// The one client, whose connections are kept and used again.
pub(super) async fn connect(access: &Access) -> Client {
    let shared = shared(access).await;
    let mut config = Builder::from(&shared);
    if shared.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some() {
        config = config
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    }
    Client::from_conf(config.build())
}

/// What the clients of all services have in common.
pub(crate) async fn shared(access: &Access) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .pool_idle_timeout(IDLE)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let provider = ProviderConfig::default().with_http_client(http.clone());
    let mut profile = ProfileFileCredentialsProvider::builder().configure(&provider);
    let mut region = ProfileFileRegionProvider::builder().configure(&provider);
    if let Some(name) = &access.profile {
        profile = profile.profile_name(name);
        region = region.profile_name(name);
    }
    if let Some(file) = &access.keys_file {
        profile =
            profile.profile_files(EnvConfigFiles::builder().with_file(EnvConfigFileKind::Credentials, file).build());
    }
    let profile = profile.build();
    let environment = EnvironmentVariableCredentialsProvider::new();
    // Who names a profile or a file means it.
    let mut chain = match (&access.profile, &access.keys_file) {
        (Some(_), _) | (_, Some(_)) => CredentialsProviderChain::first_try("profile", profile),
        (None, None) => CredentialsProviderChain::first_try("environment", environment)
            .or_else("profile", profile)
            .or_else("web identity", WebIdentityTokenCredentialsProvider::builder().configure(&provider).build()),
    };
    if std::env::var_os("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").is_some()
        || std::env::var_os("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some()
    {
        chain = chain.or_else("container", EcsCredentialsProvider::builder().configure(&provider).build());
    }
    if access.instance_metadata {
        chain = chain.or_else("instance metadata", ImdsCredentialsProvider::builder().configure(&provider).build());
    }
    let told = access.region.clone().or_else(|| std::env::var("AWS_REGION").ok().filter(|r| !r.is_empty()));
    let told = told.or_else(|| std::env::var("AWS_DEFAULT_REGION").ok().filter(|r| !r.is_empty()));
    let region = RegionProviderChain::first_try(told.map(Region::new)).or_else(region.build()).or_else(ANY_REGION);
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(name) = &access.profile {
        loader = loader.profile_name(name);
    }
    loader = loader
        .http_client(http)
        .region(region)
        .credentials_provider(chain)
        .retry_config(match access.knocks {
            Knocks::Patiently => RetryConfig::standard().with_max_attempts(3),
            // Other faults are tried again by whoever calls.
            Knocks::Twice => RetryConfig::standard().with_max_attempts(2).with_initial_backoff(SOON),
        })
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(OPERATION)
                .build(),
        );
    if let Some(url) = &access.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}
