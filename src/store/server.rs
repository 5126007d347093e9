//! A folder served in the manner of S3, for a household or a class room.
//!
//! The protocol is `s3s`'s; the objects are [`Folder`]'s, so that whoever is first with an object is decided in
//! one place, by the file system, for programs that use the folder itself as well. Every request must be signed
//! with the one pair of keys; names are checked by [`super::Key`]; bodies are bounded, and so are all together that
//! nobody has looked at yet. Answers are read as they are sent.

use std::fmt;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::CONTENT_LENGTH;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::{S3ServiceBuilder, SharedS3Service};
use s3s::{S3Result, s3_error};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroizing;

use super::Error;
use super::folder::Folder;

mod objects;
mod patient;

use patient::Patient;

/// The longest body that is taken.
pub const LARGEST_BODY: usize = 64 << 20;
/// Connections at a time; more wait.
const CONNECTIONS: usize = 256;
/// A connection on which nothing is asked for so long is closed, and one that takes nothing of an answer.
const SILENCE: Duration = Duration::from_secs(30);
/// A body that comes in more slowly than so many bytes a second is not waited for; at no time may it lag further behind.
const SLOWEST: f64 = 32.0 * 1024.0;
const HEAD_START: Duration = Duration::from_secs(10);
/// Bytes of all bodies together whose signatures were not checked yet; whoever brings more is asked to come again.
const HELD: usize = 4 * LARGEST_BODY;
/// A signature holds for so long before and after it was made, as with S3.
const SIGNATURE_HOLDS: SignedDuration = SignedDuration::from_mins(15);
/// So much of an answer is written ahead of who reads it.
const AHEAD: usize = 128 << 10;
/// How long requests under way may take when the server is stopped.
const LAST: Duration = Duration::from_secs(5);

/// The keys that requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// Names them.
    pub access: String,
    /// Must not become known; overwritten where it was when nobody needs it any more.
    pub secret: Zeroizing<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// New ones that nobody can guess.
    #[must_use]
    pub fn generate() -> Keys {
        let random = || uuid::Uuid::new_v4().simple().to_string();
        Keys {
            access: format!("C{}", random()[..19].to_uppercase()),
            secret: Zeroizing::new(random() + &random()[..8]),
        }
    }
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    stopped: Option<oneshot::Receiver<()>>,
    runtime: Option<Runtime>,
    /// Held while it runs, so that nobody serves the folder a second time.
    _lock: File,
}

/// A folder and an address that nobody else can have, before anybody is let in.
#[derive(Debug)]
pub struct Reserved {
    folder: Folder,
    listener: TcpListener,
    address: SocketAddr,
    runtime: Runtime,
    lock: File,
}

impl Reserved {
    /// Reserves them.
    ///
    /// # Errors
    /// When another process serves the folder, or the address cannot be had.
    pub fn new(folder: Folder, listen: SocketAddr) -> Result<Reserved, Error> {
        let store = folder.root().display().to_string();
        let failed =
            |what: &str, why: &dyn fmt::Display| Error::Failed { store: store.clone(), why: format!("{what}: {why}") };
        let lock = File::create(folder.root().join(".composer/served")).map_err(|e| failed("cannot lock it", &e))?;
        lock.try_lock()
            .map_err(|_| Error::Busy { store: store.clone(), why: "another program serves it".to_owned() })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| failed("cannot start", &e))?;
        let listener = runtime.block_on(TcpListener::bind(listen)).map_err(|e| match e.kind() {
            std::io::ErrorKind::AddrInUse => Error::Taken { address: listen.to_string() },
            _ => failed(&format!("cannot listen on {listen}"), &e),
        })?;
        let address = listener.local_addr().map_err(|e| failed("no address", &e))?;
        Ok(Reserved { folder, listener, address, runtime, lock })
    }

    /// Lets in who has these keys; the folder is a bucket of this name.
    #[must_use]
    pub fn serve(self, bucket: &str, keys: &Keys) -> Server {
        let Reserved { folder, listener, address, runtime, lock } = self;
        let mut service = S3ServiceBuilder::new(objects::Served { folder, bucket: bucket.to_owned() });
        service.set_access(SignedNow);
        service.set_auth(SimpleAuth::from_single(keys.access.clone(), keys.secret.as_str()));
        let service = service.build().into_shared();
        let (stop, mut stopping) = oneshot::channel();
        let (say_stopped, stopped) = oneshot::channel();
        runtime.spawn(async move {
            let places = Arc::new(Semaphore::new(CONNECTIONS));
            let held = Arc::new(Semaphore::new(HELD));
            let graceful = GracefulShutdown::new();
            let mut http = Builder::new(TokioExecutor::new()).http1_only();
            http.http1().timer(TokioTimer::new()).header_read_timeout(SILENCE).max_buf_size(AHEAD);
            loop {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
                let stream = tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => stream,
                        // Out of files, say: another may be closed meanwhile.
                        Err(_) => { tokio::time::sleep(Duration::from_millis(50)).await; continue }
                    },
                    _ = &mut stopping => break,
                };
                let _ = stream.set_nodelay(true);
                let (service, held) = (service.clone(), Arc::clone(&held));
                let bounded = service_fn(move |request| answer(service.clone(), Arc::clone(&held), request));
                let connection =
                    http.serve_connection(TokioIo::new(Patient::new(stream, SILENCE)), bounded).into_owned();
                let connection = graceful.watch(connection);
                tokio::spawn(async move {
                    // Whatever goes wrong with a connection is its client's to see.
                    let _ = connection.await;
                    drop(place);
                });
            }
            let _ = tokio::time::timeout(LAST, graceful.shutdown()).await;
            let _ = say_stopped.send(());
        });
        Server { address, stop: Some(stop), stopped: Some(stopped), runtime: Some(runtime), _lock: lock }
    }
}

impl Server {
    /// Serves a folder as a bucket of this name.
    ///
    /// # Errors
    /// As [`Reserved::new`].
    pub fn start(folder: Folder, bucket: &str, listen: SocketAddr, keys: &Keys) -> Result<Server, Error> {
        Ok(Reserved::new(folder, listen)?.serve(bucket, keys))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let (Some(runtime), Some(stopped)) = (self.runtime.take(), self.stopped.take()) {
            let _ = runtime.block_on(stopped);
            runtime.shutdown_timeout(LAST);
        }
    }
}

/// Bodies are bounded before anybody looks at who sends them: to check a signature the whole body is read.
async fn answer(
    service: SharedS3Service,
    held: Arc<Semaphore>,
    request: Request<Incoming>,
) -> S3Result<Response<s3s::Body>> {
    let told = request.headers().get(CONTENT_LENGTH).and_then(|l| l.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|length| length > LARGEST_BODY) {
        return Ok(Refusal::TooLarge.answer());
    }
    let (head, body) = request.into_parts();
    match collect(body, &held).await {
        Ok((body, _held)) => service.as_ref().call(Request::from_parts(head, s3s::Body::from(body))).await,
        Err(refusal) => Ok(refusal.answer()),
    }
}

/// Reads a body that nobody has believed yet, with its part of what is held of all.
async fn collect(
    mut body: Incoming,
    held: &Arc<Semaphore>,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Refusal> {
    let mut due = Instant::now() + HEAD_START;
    let (mut bytes, mut part): (Vec<u8>, Option<OwnedSemaphorePermit>) = (Vec::new(), None);
    loop {
        let frame = tokio::time::timeout_at(due.into(), body.frame()).await.map_err(|_| Refusal::TooSlow)?;
        let Some(frame) = frame else { return Ok((bytes, part)) };
        let Ok(data) = frame.map_err(|_| Refusal::CutOff)?.into_data() else { continue };
        if bytes.len() + data.len() > LARGEST_BODY {
            return Err(Refusal::TooLarge);
        }
        let more = u32::try_from(data.len()).ok().and_then(|n| Arc::clone(held).try_acquire_many_owned(n).ok());
        let more = more.ok_or(Refusal::TooMany)?;
        match &mut part {
            Some(part) => part.merge(more),
            None => part = Some(more),
        }
        bytes.extend_from_slice(&data);
        // What came fast is no credit for a long silence after it.
        due = (due + Duration::from_secs_f64(data.len() as f64 / SLOWEST)).min(Instant::now() + HEAD_START);
    }
}

/// Why a body is not taken, as S3 says it.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    TooLarge,
    TooSlow,
    TooMany,
    CutOff,
}

impl Refusal {
    fn answer(self) -> Response<s3s::Body> {
        let (status, code, message) = match self {
            Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "EntityTooLarge", "an object has 64 MiB at most here"),
            Refusal::TooSlow => (StatusCode::BAD_REQUEST, "RequestTimeout", "the body came too slowly"),
            Refusal::TooMany => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "too much comes at the same time"),
            Refusal::CutOff => (StatusCode::BAD_REQUEST, "IncompleteBody", "the body broke off"),
        };
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        let mut answer = Response::new(s3s::Body::from(text));
        *answer.status_mut() = status;
        answer
    }
}

/// Lets in who has signed, and not long ago: what was overheard cannot be sent again for ever.
#[derive(Debug)]
struct SignedNow;

#[async_trait::async_trait]
impl S3Access for SignedNow {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        if request.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "this server answers signed requests only"));
        }
        // A link carries its date and its end in its address, where they have been looked at.
        if request.uri().query().is_some_and(|query| query.contains("X-Amz-Signature=")) {
            return Ok(());
        }
        let header = |name: &str| request.headers().get(name).and_then(|h| h.to_str().ok()).unwrap_or_default();
        if !header("authorization").starts_with("AWS4-") {
            return Err(s3_error!(AccessDenied, "this server knows signatures of version 4 only"));
        }
        let date = header("x-amz-date");
        let signed = DateTime::strptime("%Y%m%dT%H%M%SZ", date).and_then(|d| TimeZone::UTC.to_timestamp(d));
        match signed.is_ok_and(|at| Timestamp::now().duration_since(at).abs() <= SIGNATURE_HOLDS) {
            true => Ok(()),
            false => Err(s3_error!(RequestTimeTooSkewed, "the two computers' clocks are more than 15 minutes apart")),
        }
    }
}

/// Reads a body to its end.
async fn whole(mut body: s3s::dto::StreamingBlob) -> S3Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let chunk = tokio::time::timeout(SILENCE, body.next()).await.map_err(|_| s3_error!(RequestTimeout))?;
        let Some(chunk) = chunk else { return Ok(bytes) };
        let chunk = chunk.map_err(|e| s3_error!(IncompleteBody, "{e}"))?;
        if bytes.len() + chunk.len() > LARGEST_BODY {
            return Err(s3_error!(EntityTooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
}
