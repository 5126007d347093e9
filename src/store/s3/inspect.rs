//! What a bucket is besides its objects: whether it is there, who may look, how it is encrypted, and what it says
//! of its objects.

use aws_sdk_s3::types::MetadataDirective;

use super::Bucket;
use crate::store::{Error, Key};

/// An answer that not every server has, and not everybody is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told<T> {
    /// It said so.
    Yes(T),
    /// It said that there is none.
    None,
    /// It did not say: in its words.
    NotTold(String),
}

impl Bucket {
    /// Whether the bucket is there and lets itself be listed.
    ///
    /// # Errors
    /// When it is not, or does not.
    pub fn reach(&self) -> Result<(), Error> {
        // Unlike HeadBucket, this one tells why not.
        let call = self.client.list_objects_v2().bucket(&self.bucket).prefix(&self.prefix).max_keys(1).send();
        self.wait(async { call.await.map(drop).map_err(|e| self.error(&e)) })
    }

    /// How new objects are encrypted, in the bucket's words.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn encryption(&self) -> Result<Told<String>, Error> {
        let call = self.client.get_bucket_encryption().bucket(&self.bucket).send();
        let told = async {
            let answer = match call.await {
                Ok(answer) => answer,
                Err(e) => return not_told(self.error(&e), &e, "ServerSideEncryptionConfigurationNotFoundError"),
            };
            let rules = answer.server_side_encryption_configuration().map(|c| c.rules().to_vec()).unwrap_or_default();
            let by_default = rules.iter().find_map(|r| r.apply_server_side_encryption_by_default().cloned());
            Ok(by_default.map_or(Told::None, |d| Told::Yes(d.sse_algorithm().as_str().to_owned())))
        };
        self.wait(told)
    }

    /// Whether the bucket keeps the public out, whatever is said of single objects.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn blocks_the_public(&self) -> Result<Told<bool>, Error> {
        let call = self.client.get_public_access_block().bucket(&self.bucket).send();
        let told = async {
            let answer = match call.await {
                Ok(answer) => answer,
                Err(e) => return not_told(self.error(&e), &e, "NoSuchPublicAccessBlockConfiguration"),
            };
            let all = answer.public_access_block_configuration().is_some_and(|c| {
                [c.block_public_acls(), c.ignore_public_acls(), c.block_public_policy(), c.restrict_public_buckets()]
                    .iter()
                    .all(|is| *is == Some(true))
            });
            Ok(Told::Yes(all))
        };
        self.wait(told)
    }

    /// Says of an object what its name says, and that it is not encoded; everything else of it stays. One that was
    /// written over meanwhile is left alone.
    ///
    /// # Errors
    /// When the bucket does not do it.
    pub fn correct(&self, key: &Key) -> Result<(), Error> {
        let name = self.full(key);
        let call = self.client.head_object().bucket(&self.bucket).key(&name).send();
        let head = self.wait(async { call.await.map_err(|e| self.error(&e)) })?;
        let copied = self
            .client
            .copy_object()
            .bucket(&self.bucket)
            .key(&name)
            .copy_source(format!("{}/{name}", self.bucket))
            .set_copy_source_if_match(head.e_tag().map(ToOwned::to_owned))
            .metadata_directive(MetadataDirective::Replace)
            .content_type(key.content_type())
            .set_content_disposition(head.content_disposition().map(ToOwned::to_owned))
            .set_cache_control(head.cache_control().map(ToOwned::to_owned))
            .set_metadata(head.metadata().cloned())
            .send();
        self.wait(async {
            match copied.await {
                Ok(_) => Ok(()),
                Err(e) if e.raw_response().is_some_and(|r| r.status().as_u16() == 412) => Ok(()),
                Err(e) => Err(self.error(&e)),
            }
        })
    }
}

/// What is not there, not permitted or not known to a server is no failure.
fn not_told<T, E>(error: Error, said: &aws_sdk_s3::error::SdkError<E>, none: &str) -> Result<Told<T>, Error>
where
    E: aws_sdk_s3::error::ProvideErrorMetadata,
{
    use aws_sdk_s3::error::ProvideErrorMetadata;
    match said.raw_response().map(|r| r.status().as_u16()) {
        Some(_) if said.code() == Some(none) => Ok(Told::None),
        Some(400..=405 | 501) => Ok(Told::NotTold(said.code().unwrap_or("no answer").to_owned())),
        _ => Err(error),
    }
}
