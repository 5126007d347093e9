//! Amazon S3 and servers like it, through the AWS SDK.
//!
//! - `access`: who we are to AWS, and the one client that all calls use.
//! - `inspect`: what a bucket is besides its objects.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{EncodingType, MetadataDirective};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::runtime::Runtime;

mod access;
mod inspect;

use access::connect;
#[cfg(feature = "lambda")]
pub(crate) use access::shared;
pub use access::{Access, Knocks};
pub use inspect::Told;

use super::{Address, Attributes, Entry, Error, Head, Key, Limit, Listing, Objects, Page, Written, patience, rest};

/// Who waits looks up this often.
const LOOK_UP: Duration = Duration::from_millis(50);
/// A store that was not heard of for so long while it was asked is told of.
const SILENT: Duration = Duration::from_secs(5);
/// A listing that is held back may come so much later than it was asked to.
const LATE: Duration = Duration::from_secs(3);

/// A bucket, or the part of it below a prefix.
pub struct Bucket {
    client: Client,
    bucket: String,
    prefix: String,
    /// Where credentials are looked for, in words.
    searched: String,
    /// How one signs in, where that is what is missing.
    sign_in: String,
    /// Whether the last listing said that the server can wait for changes.
    can_wait: Arc<AtomicBool>,
    silence: Arc<Silence>,
    limit: Limit,
    knocks: Knocks,
    runtime: Arc<Runtime>,
}

/// Since when a server was asked and not heard of.
#[derive(Debug, Default)]
struct Silence {
    tell: OnceLock<fn(&str)>,
    now: Mutex<Heard>,
}

#[derive(Debug, Default)]
enum Heard {
    /// It answered the last time.
    #[default]
    Yes,
    /// It was asked then.
    Since(Instant),
    /// That was told.
    Told,
}

impl Silence {
    fn begins(&self) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*now, Heard::Yes) {
            *now = Heard::Since(Instant::now());
        }
    }

    fn ends(&self) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Heard::Yes;
    }

    fn goes_on(&self, store: &dyn Fn() -> String) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Heard::Since(at), Some(tell)) = (&*now, self.tell.get())
            && at.elapsed() > SILENT
        {
            tell(&format!("{} has not answered for {} s; still trying", store(), SILENT.as_secs()));
            *now = Heard::Told;
        }
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client holds credentials.
        f.debug_struct("Bucket").field("bucket", &self.bucket).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Bucket {
    /// Prepares to use a bucket; whether it is there shows with the first call.
    ///
    /// # Errors
    /// When this computer cannot run the client.
    pub fn open(bucket: &str, prefix: &str, access: &Access) -> Result<Bucket, Error> {
        let failed = |why: String| Error::Failed { store: format!("s3://{bucket}"), why };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| failed(e.to_string()))?;
        let client = runtime.block_on(connect(access));
        Ok(Bucket {
            client,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            searched: access.searched(),
            sign_in: access.sign_in(),
            can_wait: Arc::default(),
            silence: Arc::default(),
            limit: Limit::default(),
            knocks: access.knocks,
            runtime: Arc::new(runtime),
        })
    }

    fn address(&self) -> String {
        Address::Bucket { bucket: self.bucket.clone(), prefix: self.prefix.clone() }.to_string()
    }

    fn full(&self, key: &Key) -> String {
        format!("{}{key}", self.prefix)
    }

    fn cut_off(&self, error: &(dyn std::error::Error + 'static)) -> Error {
        Error::Unreachable { store: self.address(), why: format!("an answer broke off: {}", innermost(error)) }
    }

    /// Waits for a call, for as long as the limit allows.
    fn wait<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let begun = Instant::now();
        self.silence.begins();
        self.runtime.block_on(async {
            let mut call = std::pin::pin!(call);
            loop {
                if self.limit.is_over(begun) {
                    return Err(Error::GivenUp { store: self.address() });
                }
                if let Ok(answer) = tokio::time::timeout(LOOK_UP, &mut call).await {
                    if !matches!(answer, Err(Error::Unreachable { .. })) {
                        self.silence.ends();
                    }
                    return answer;
                }
                self.silence.goes_on(&|| self.address());
            }
        })
    }

    /// What a failed call means. What was not found is left to the caller.
    fn error<E: ProvideErrorMetadata + std::error::Error + 'static>(&self, error: &SdkError<E>) -> Error {
        match (meaning(self.address(), &self.searched, error), self.knocks) {
            (Error::Unreachable { store, why }, Knocks::Twice) if is_refused(error) => Error::Refused { store, why },
            (Error::NoCredentials { store, why }, _) if why.contains("SSO") || why.contains("sso") => {
                let why = format!("not signed in, or no longer ({why}); `{}` signs in", self.sign_in);
                Error::NoCredentials { store, why }
            }
            (meant, _) => meant,
        }
    }
}

/// What a failed call to a service of AWS means; `searched` is where credentials were looked for.
pub(crate) fn meaning<E>(store: String, searched: &str, error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let Some(about) = cause::<CredentialsError>(error) {
        let why = match about {
            CredentialsError::CredentialsNotLoaded(_) => format!("there are none in {searched}"),
            other => innermost(other),
        };
        return Error::NoCredentials { store, why };
    }
    let Some(answer) = error.raw_response() else {
        let why = match error {
            SdkError::TimeoutError(_) => "no answer in time".to_owned(),
            _ => innermost(error),
        };
        return match error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Error::Unreachable { store, why },
            _ => Error::Failed { store, why },
        };
    };
    let (status, code) = (answer.status().as_u16(), error.code().unwrap_or_default());
    let why = match (error.message(), code) {
        (_, "") => format!("status {status}"),
        (None, code) => code.to_owned(),
        (Some(message), code) => format!("{code}: {message}"),
    };
    // Asked in the wrong region, the answer may name the right one.
    let region = answer.headers().get("x-amz-bucket-region").filter(|_| matches!(status, 301 | 307 | 400));
    if let Some(region) = region {
        return Error::Elsewhere { store, region: region.to_owned() };
    }
    match status {
        400 | 401 | 403 if ["ExpiredToken", "InvalidToken", "TokenRefreshRequired"].contains(&code) => {
            Error::NoCredentials { store, why }
        }
        401 | 403 if ["InvalidAccessKeyId", "NotSignedUp", "SignatureDoesNotMatch"].contains(&code) => {
            Error::WrongKeys { store, why }
        }
        413 => Error::TooLong { store, why },
        400 if code == "EntityTooLarge" => Error::TooLong { store, why },
        507 if code == patience::FULL => Error::Full { store },
        401 | 403 => Error::Denied { store, why },
        404 => Error::Missing { store, why },
        409 | 425 | 429 | 500..=599 => Error::Busy { store, why },
        // An answer that was cut off, or is none of S3's.
        200..=299 => Error::Unreachable { store, why: innermost(error) },
        _ => Error::Failed { store, why },
    }
}

/// What is behind an error, if it is one of this kind.
fn cause<'a, E: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |e| e.source()).find_map(|e| e.downcast_ref())
}

/// Whether nobody listens there.
fn is_refused(error: &(dyn std::error::Error + 'static)) -> bool {
    cause::<std::io::Error>(error).is_some_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused)
}

/// The innermost cause, which is what happened; the outer ones say which call it happened in.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |e| e.source()).last().map(ToString::to_string).unwrap_or_default()
}

/// Keeps the date of an answer, and whether it came from a server that can wait.
#[derive(Clone, Debug)]
struct Clock {
    told: Arc<Mutex<Option<Timestamp>>>,
    can_wait: Arc<AtomicBool>,
}

impl Clock {
    fn now(&self) -> Timestamp {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(Timestamp::now)
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        let exact: Option<Timestamp> = headers.get(patience::CLOCK).and_then(|clock| clock.parse().ok());
        self.can_wait.store(exact.is_some(), Ordering::Relaxed);
        let date = || Some(jiff::fmt::rfc2822::parse(headers.get("date")?).ok()?.timestamp());
        if let Some(now) = exact.or_else(date) {
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        Ok(())
    }
}

fn timestamp(at: Option<&DateTime>) -> Timestamp {
    let at = at.and_then(|d| Timestamp::new(d.secs(), i32::try_from(d.subsec_nanos()).ok()?).ok());
    at.unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What may stand as it is in the extended form of a header's parameter (RFC 8187).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A file's name for browsers: plain for all, and in any script for those that can.
fn disposition(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ' { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, PLAIN))
}

impl Objects for Bucket {
    fn get(&self, key: &Key, most: u64) -> Result<Option<Vec<u8>>, Error> {
        let call = async {
            let got = match self.client.get_object().bucket(&self.bucket).key(self.full(key)).send().await {
                Ok(got) => got,
                Err(e) if e.as_service_error().is_some_and(|s| s.is_no_such_key()) => return Ok(None),
                Err(e) => return Err(self.error(&e)),
            };
            let too_large = || Error::TooLarge { key: key.clone(), most };
            let told = got.content_length().and_then(|l| u64::try_from(l).ok());
            if told.is_some_and(|length| length > most) {
                return Err(too_large());
            }
            let (mut whole, mut body) = (Vec::new(), got.body);
            while let Some(part) = body.try_next().await.map_err(|e| self.cut_off(&e))? {
                if (whole.len() + part.len()) as u64 > most {
                    return Err(too_large());
                }
                whole.extend_from_slice(&part);
            }
            Ok(Some(whole))
        };
        self.wait(call)
    }

    fn put(&self, key: &Key, body: &[u8], attributes: &Attributes) -> Result<(), Error> {
        self.write(key, body, attributes, false).map(drop)
    }

    fn put_if_absent(&self, key: &Key, body: &[u8], attributes: &Attributes) -> Result<Written, Error> {
        self.write(key, body, attributes, true)
    }

    fn list(&self, listing: &Listing<'_>) -> Result<Page, Error> {
        let clock = Clock { told: Arc::default(), can_wait: Arc::clone(&self.can_wait) };
        let most = i32::try_from(listing.most.clamp(1, 1000)).unwrap_or(1000);
        let mut after = listing.after.map(|after| format!("{}{after}", self.prefix));
        loop {
            let call = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(format!("{}{}", self.prefix, listing.prefix))
                .set_start_after(after)
                .max_keys(most)
                // Others may have put in names that XML cannot hold.
                .encoding_type(EncodingType::Url)
                .customize()
                .interceptor(clock.clone())
                .send();
            let listed = self.wait(async { call.await.map_err(|e| self.error(&e)) })?;
            let decoded = listed.encoding_type() == Some(&EncodingType::Url);
            let name = |key: &str| match decoded {
                true => percent_decode_str(key).decode_utf8_lossy().into_owned(),
                false => key.to_owned(),
            };
            let entries = listed.contents().iter().filter_map(|object| {
                let key = Key::new(name(object.key()?).strip_prefix(&self.prefix)?).ok()?;
                let size = object.size().and_then(|s| u64::try_from(s).ok()).unwrap_or_default();
                Some(Entry { key, size, modified: timestamp(object.last_modified()) })
            });
            let entries: Vec<Entry> = entries.collect();
            let more = listed.is_truncated().unwrap_or_default();
            let last = listed.contents().last().and_then(|o| o.key()).map(name);
            // A page that holds nothing of ours says nothing of what comes after it.
            if more && entries.is_empty() && last.is_some() {
                after = last;
                continue;
            }
            return Ok(Page { more: more && !entries.is_empty(), entries, now: clock.now() });
        }
    }

    fn delete(&self, key: &Key) -> Result<(), Error> {
        let call = self.client.delete_object().bucket(&self.bucket).key(self.full(key)).send();
        self.wait(async { call.await.map(drop).map_err(|e| self.error(&e)) })
    }

    fn head(&self, key: &Key) -> Result<Option<Head>, Error> {
        let call = self.client.head_object().bucket(&self.bucket).key(self.full(key)).send();
        let answer = async {
            match call.await {
                Ok(head) => Ok(Some(head)),
                Err(e) if e.as_service_error().is_some_and(|s| s.is_not_found()) => Ok(None),
                Err(e) => Err(self.error(&e)),
            }
        };
        Ok(self.wait(answer)?.map(|head| Head {
            size: head.content_length().and_then(|l| u64::try_from(l).ok()).unwrap_or_default(),
            modified: timestamp(head.last_modified()),
            content_type: head.content_type().unwrap_or_default().to_owned(),
            content_encoding: head.content_encoding().map(ToOwned::to_owned),
            content_disposition: head.content_disposition().map(ToOwned::to_owned),
        }))
    }

    fn copy(&self, from: &Key, to: &Key, attributes: &Attributes) -> Result<(), Error> {
        let mut call = self
            .client
            .copy_object()
            .bucket(&self.bucket)
            .key(self.full(to))
            .copy_source(format!("{}/{}", self.bucket, self.full(from)))
            .metadata_directive(MetadataDirective::Replace)
            .content_type(to.content_type())
            .set_content_disposition(attributes.file_name.as_deref().map(disposition));
        for (name, value) in &attributes.metadata {
            call = call.metadata(*name, value);
        }
        self.wait(async { call.send().await.map(drop).map_err(|e| self.error(&e)) })
    }

    fn presign(&self, key: &Key, expires: Duration) -> Result<String, Error> {
        let config = PresigningConfig::expires_in(expires)
            .map_err(|e| Error::Unsupported { store: self.address(), what: e.to_string() })?;
        let call = self.client.get_object().bucket(&self.bucket).key(self.full(key)).presigned(config);
        let presigned = self.wait(async { call.await.map_err(|e| self.error(&e)) })?;
        Ok(presigned.uri().to_owned())
    }

    fn bounded(&self, limit: &Limit) -> Option<Arc<dyn Objects>> {
        Some(Arc::new(Bucket {
            client: self.client.clone(),
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
            searched: self.searched.clone(),
            sign_in: self.sign_in.clone(),
            can_wait: Arc::clone(&self.can_wait),
            silence: Arc::clone(&self.silence),
            limit: limit.clone(),
            knocks: self.knocks,
            runtime: Arc::clone(&self.runtime),
        }))
    }

    fn tell_of_silence(&self, tell: fn(&str)) {
        // Who said it first is told.
        let _ = self.silence.tell.set(tell);
    }

    fn await_change(&self, prefix: &str, since: Timestamp, most: Duration, enough: &dyn Fn() -> bool) {
        if !self.can_wait.load(Ordering::Relaxed) {
            return rest(most, enough);
        }
        let (ends, asked) = (Instant::now() + most, patience::ask(since, most));
        let call = self.client.list_objects_v2().bucket(&self.bucket).prefix(format!("{}{prefix}", self.prefix));
        let call = call.max_keys(1).customize().mutate_request(move |request| {
            request.headers_mut().insert(patience::HEADER, asked.clone());
        });
        let answered = self.runtime.block_on(async {
            let mut answer = std::pin::pin!(call.send());
            loop {
                match tokio::time::timeout(LOOK_UP, &mut answer).await {
                    Ok(answer) => return answer.is_ok(),
                    // Whether it is silent shows the next listing.
                    Err(_) if enough() || Instant::now() > ends + LATE => return true,
                    Err(_) => {}
                }
            }
        });
        if !answered {
            // Whoever waits comes to know with the next listing what is wrong.
            rest(ends.saturating_duration_since(Instant::now()), enough);
        }
    }
}

impl Bucket {
    fn write(&self, key: &Key, body: &[u8], attributes: &Attributes, if_absent: bool) -> Result<Written, Error> {
        let mut call = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.full(key))
            .content_type(key.content_type())
            .set_content_disposition(attributes.file_name.as_deref().map(disposition))
            .set_if_none_match(if_absent.then(|| "*".to_owned()))
            // Whole and in memory: streams are sent in signed chunks, which some servers store as they come.
            .body(ByteStream::from(body.to_vec()));
        for (name, value) in &attributes.metadata {
            call = call.metadata(*name, value);
        }
        self.wait(async {
            match call.send().await {
                Ok(_) => Ok(Written::Now),
                Err(e) if if_absent && e.raw_response().is_some_and(|r| r.status().as_u16() == 412) => {
                    Ok(Written::Before)
                }
                Err(e) => Err(self.error(&e)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_in_any_script_go_into_a_header() {
        assert_eq!(disposition("a b.mid"), "attachment; filename=\"a b.mid\"; filename*=UTF-8''a%20b.mid");
        let odd = disposition("夢\"\r\n.mid");
        assert!(odd.is_ascii() && !odd.contains(['\r', '\n']), "{odd}");
        assert!(odd.starts_with("attachment; filename=\"____.mid\"; filename*=UTF-8''%E5%A4%A2%22%0D%0A.mid"), "{odd}");
    }
}
