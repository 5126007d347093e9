//! What the server does with a request that is signed: `s3s`'s calls upon [`Folder`]'s.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::time::{Duration, Instant, SystemTime};

use futures_util::stream::{self, Stream};
use hyper::HeaderMap;
use hyper::body::Bytes;
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::whole;
use crate::store::folder::Folder;
use crate::store::patience;
use crate::store::{Attributes, Error, Key, Listing, Objects, Written};

/// No listing is held back for longer, so that who stops the server need not wait.
const HELD_BACK: Duration = Duration::from_secs(3);
/// Bytes of an object that are read at a time.
const PIECE: u64 = 64 << 10;
/// How often a folder is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(5);

/// A folder as the one bucket of a server.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) folder: Folder,
    pub(super) bucket: String,
}

impl Served {
    fn mine(&self, bucket: &str) -> S3Result<()> {
        if bucket == self.bucket { Ok(()) } else { Err(s3_error!(NoSuchBucket, "there is only one bucket here")) }
    }

    fn key(&self, bucket: &str, key: &str) -> S3Result<Key> {
        self.mine(bucket)?;
        Key::new(key).map_err(|e| s3_error!(InvalidArgument, "{e}"))
    }

    /// Holds a listing back until there may be something new in it.
    async fn await_change(&self, prefix: &str, since: jiff::Timestamp, patience: Duration) {
        let end = Instant::now() + patience.min(HELD_BACK);
        while Instant::now() < end && !self.folder.changed(prefix, since) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Files are read and written where that holds nobody up.
    async fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Folder) -> Result<T, Error> + Send + 'static,
    ) -> S3Result<T> {
        let folder = self.folder.clone();
        let answer = tokio::task::spawn_blocking(move || call(&folder)).await;
        answer.map_err(|_| s3_error!(InternalError))?.map_err(|e| match e {
            Error::Busy { .. } => s3_error!(SlowDown),
            Error::Denied { .. } => s3_error!(AccessDenied),
            Error::TooLarge { .. } => s3_error!(EntityTooLarge),
            Error::Missing { .. } | Error::Irregular { .. } => s3_error!(NoSuchKey),
            Error::Full { .. } => full(),
            // The path of the folder is nobody's business.
            _ => s3_error!(InternalError),
        })
    }
}

/// S3 is never full; this is the status that HTTP has for it.
fn full() -> S3Error {
    let code = S3ErrorCode::Custom(patience::FULL.into());
    let mut error = S3Error::with_message(code, "there is no room left where the objects are kept");
    error.set_status_code(hyper::StatusCode::INSUFFICIENT_STORAGE);
    error
}

fn dated(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from(SystemTime::from(at))
}

fn e_tag(size: u64, at: jiff::Timestamp) -> ETag {
    format!("\"{size:x}-{:x}\"", at.as_nanosecond())
}

/// A part of a file, read as it is sent.
fn pieces(file: File, part: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    stream::try_unfold((file, part), |(mut file, mut part)| async move {
        let size = part.end.saturating_sub(part.start).min(PIECE);
        if size == 0 {
            return Ok(None);
        }
        let read = move || {
            let mut piece = vec![0; usize::try_from(size).unwrap_or_default()];
            file.seek(SeekFrom::Start(part.start))?;
            // One that has become shorter breaks the answer off.
            file.read_exact(&mut piece)?;
            part.start += size;
            Ok(Some((Bytes::from(piece), (file, part))))
        };
        tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
    })
}

fn length(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

#[async_trait::async_trait]
impl S3 for Served {
    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        let key = self.key(&input.bucket, &input.key)?;
        let content_type = key.content_type();
        let Some((file, head)) = self.blocking(move |folder| folder.file(&key)).await? else {
            return Err(s3_error!(NoSuchKey));
        };
        let (mut part, mut content_range) = (0..head.size, None);
        if let Some(range) = input.range {
            part = range.check(head.size).map_err(|e| s3_error!(e, InvalidRange))?;
            content_range = Some(format!("bytes {}-{}/{}", part.start, part.end.saturating_sub(1), head.size));
        }
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(length(part.end.saturating_sub(part.start))),
            content_disposition: input.response_content_disposition,
            content_range,
            content_type: content_type.parse().ok(),
            e_tag: Some(e_tag(head.size, head.modified)),
            last_modified: Some(dated(head.modified)),
            body: Some(StreamingBlob::wrap(pieces(file, part))),
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let key = self.key(&req.input.bucket, &req.input.key)?;
        let head = self.blocking(move |folder| folder.head(&key)).await?;
        let Some(head) = head else { return Err(s3_error!(NoSuchKey)) };
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(length(head.size)),
            content_type: head.content_type.parse().ok(),
            e_tag: Some(e_tag(head.size, head.modified)),
            last_modified: Some(dated(head.modified)),
            ..HeadObjectOutput::default()
        }))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = req.input;
        let key = self.key(&input.bucket, &input.key)?;
        if input.if_match.is_some() || input.if_none_match.as_deref().is_some_and(|tag| tag != "*") {
            return Err(s3_error!(NotImplemented, "only If-None-Match: *"));
        }
        let body = match input.body {
            Some(body) => whole(body).await?,
            None => Vec::new(),
        };
        if input.content_length.is_some_and(|l| length(body.len() as u64) != l) {
            return Err(s3_error!(IncompleteBody));
        }
        let once = input.if_none_match.is_some();
        let written = self
            .blocking(move |folder| {
                let none = Attributes::default();
                let written = match once {
                    true => folder.put_if_absent(&key, &body, &none)?,
                    false => folder.put(&key, &body, &none).map(|()| Written::Now)?,
                };
                Ok((written, folder.head(&key)?))
            })
            .await?;
        match written {
            (Written::Before, _) => Err(s3_error!(PreconditionFailed)),
            (Written::Now, head) => {
                let e_tag = head.map(|h| e_tag(h.size, h.modified));
                Ok(S3Response::new(PutObjectOutput { e_tag, ..PutObjectOutput::default() }))
            }
        }
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let key = self.key(&req.input.bucket, &req.input.key)?;
        self.blocking(move |folder| folder.delete(&key)).await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        let to = self.key(&input.bucket, &input.key)?;
        let CopySource::Bucket { bucket, key, .. } = input.copy_source else {
            return Err(s3_error!(NotImplemented, "only from this bucket"));
        };
        let from = self.key(&bucket, &key)?;
        let head = self
            .blocking(move |folder| {
                folder.copy(&from, &to, &Attributes::default())?;
                folder.head(&to)
            })
            .await?;
        let result = head.map(|h| CopyObjectResult {
            e_tag: Some(e_tag(h.size, h.modified)),
            last_modified: Some(dated(h.modified)),
            ..CopyObjectResult::default()
        });
        Ok(S3Response::new(CopyObjectOutput { copy_object_result: result, ..CopyObjectOutput::default() }))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        self.mine(&input.bucket)?;
        if input.delimiter.as_deref().is_some_and(|d| !d.is_empty()) {
            return Err(s3_error!(NotImplemented, "listing by folders"));
        }
        let prefix = input.prefix.clone().unwrap_or_default();
        // A token is the last key of the page before.
        let after = input.continuation_token.clone().or_else(|| input.start_after.clone());
        let most = usize::try_from(input.max_keys.unwrap_or(1000)).unwrap_or_default().min(1000);
        if let Some((since, patience)) = req.headers.get(patience::HEADER).and_then(patience::read) {
            self.await_change(&prefix, since, patience).await;
        }
        let page = self
            .blocking(move |folder| folder.list(&Listing { prefix: &prefix, after: after.as_deref(), most }))
            .await?;
        let last = page.entries.last().map(|e| e.key.to_string());
        let contents: Vec<Object> = page
            .entries
            .iter()
            .map(|e| Object {
                key: Some(e.key.to_string()),
                size: Some(length(e.size)),
                e_tag: Some(e_tag(e.size, e.modified)),
                last_modified: Some(dated(e.modified)),
                ..Object::default()
            })
            .collect();
        let output = ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            start_after: input.start_after,
            continuation_token: input.continuation_token,
            key_count: i32::try_from(contents.len()).ok(),
            max_keys: i32::try_from(most).ok(),
            is_truncated: Some(page.more),
            next_continuation_token: last.filter(|_| page.more),
            contents: Some(contents),
            ..ListObjectsV2Output::default()
        };
        Ok(S3Response::with_headers(output, HeaderMap::from_iter([patience::clock(page.now)])))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.mine(&req.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_encryption(
        &self,
        req: S3Request<GetBucketEncryptionInput>,
    ) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
        self.mine(&req.input.bucket)?;
        // Files lie in the folder as they are.
        Err(s3_error!(ServerSideEncryptionConfigurationNotFoundError, "objects are kept as they are"))
    }

    async fn get_public_access_block(
        &self,
        req: S3Request<GetPublicAccessBlockInput>,
    ) -> S3Result<S3Response<GetPublicAccessBlockOutput>> {
        self.mine(&req.input.bucket)?;
        // Nobody who has not signed is answered, and nothing can be said that would change it.
        let kept_out = PublicAccessBlockConfiguration {
            block_public_acls: Some(true),
            block_public_policy: Some(true),
            ignore_public_acls: Some(true),
            restrict_public_buckets: Some(true),
        };
        Ok(S3Response::new(GetPublicAccessBlockOutput { public_access_block_configuration: Some(kept_out) }))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.mine(&req.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let bucket = Bucket { name: Some(self.bucket.clone()), ..Bucket::default() };
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(vec![bucket]), ..ListBucketsOutput::default() }))
    }
}
