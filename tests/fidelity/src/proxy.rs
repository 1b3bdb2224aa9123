//! The server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use crate::answer::{Answer, Body};
use crate::call::{Call, Operation};
use crate::completion::{OpenUploads, Verdict};
use crate::fault::{Fault, Planted, Rule, Rules};
use crate::gateway::{Gateway, GatewayLimits};
use crate::journal::{Journal, Seen};
use crate::objects::Objects;
use crate::presigned;
use crate::sender::{CredentialsOf, Failure, Sender};

/// What a proxy needs to know.
pub struct Settings {
    /// Where to listen on 127.0.0.1; 0 for any free port.
    pub port: u16,
    /// The local AWS, as `http://127.0.0.1:4566`.
    pub upstream: String,
    /// What the HTTP API lets through.
    pub limits: GatewayLimits,
    /// The credentials behind an access key id. A completion whose full-object checksum is right has to be signed anew
    /// without it, because the local AWS would refuse it.
    pub credentials_of: CredentialsOf,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("port", &self.port).finish_non_exhaustive()
    }
}

/// A running proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    rules: Rules,
    journal: Arc<Journal>,
    runtime: Option<Runtime>,
}

impl Proxy {
    /// Listens, and answers on threads of its own.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", settings.port)))?;
        let address = listener.local_addr()?;
        let rules = Rules::default();
        let journal = Arc::new(Journal::default());
        let way = Arc::new(Way {
            gateway: Gateway::new(settings.limits),
            uploads: OpenUploads::default(),
            objects: Objects::default(),
            sender: Sender::new(&settings.upstream, settings.credentials_of),
            rules: rules.clone(),
            journal: Arc::clone(&journal),
        });
        runtime.spawn(serve(listener, way));
        Ok(Self { address, rules, journal, runtime: Some(runtime) })
    }

    /// Where it listens, as `http://127.0.0.1:1234`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts a rule to work.
    pub fn plant(&self, rule: Rule) -> Planted {
        self.rules.plant(rule)
    }

    /// Every kind of call that has gone through.
    pub fn seen(&self) -> Vec<Seen> {
        self.journal.seen()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// All that a call meets on its way.
struct Way {
    gateway: Gateway,
    uploads: OpenUploads,
    objects: Objects,
    sender: Sender,
    rules: Rules,
    journal: Arc<Journal>,
}

async fn serve(listener: TcpListener, way: Arc<Way>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let way = Arc::clone(&way);
        tokio::spawn(async move {
            let service = service_fn(|request| answer_to_the_end(Arc::clone(&way), request));
            // A line that breaks is what tests ask for, and a caller that hangs up is no news.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// On a task of its own: a caller that goes away does not take back what it has sent.
async fn answer_to_the_end(way: Arc<Way>, request: Request<Incoming>) -> Result<Response<Body>, Failure> {
    match tokio::spawn(async move { answer(&way, request).await }).await {
        Ok(answered) => answered,
        Err(ended) => Err(Failure::from(ended)),
    }
}

/// `Err` hangs up without an answer.
async fn answer(way: &Way, request: Request<Incoming>) -> Result<Response<Body>, Failure> {
    let (parts, body) = request.into_parts();
    let call = Call::new(parts, body.collect().await?.to_bytes());
    let fault = way.rules.fault_for(&call);
    let answer = way.answer(call, fault.as_ref()).await?;
    match fault {
        Some(Fault::DropAnswer) => Err(broken()),
        Some(Fault::CutAnswer) => Ok(answer.cut()),
        _ => Ok(answer.whole()),
    }
}

fn broken() -> Failure {
    "broken by rule".into()
}

impl Way {
    async fn answer(&self, mut call: Call, fault: Option<&Fault>) -> Result<Answer, Failure> {
        match fault {
            Some(Fault::Refuse { status, code }) => return Ok(Answer::error(&call, *status, code)),
            Some(Fault::ErrorInOk { code }) => {
                return Ok(Answer { status: hyper::StatusCode::OK, ..Answer::error(&call, 200, code) });
            }
            Some(Fault::HangUp) => return Err(broken()),
            Some(Fault::CutRequest) => {
                self.sender.send_half(&call).await;
                return Err(broken());
            }
            Some(Fault::FlipBit) => flip_bit(&mut call),
            Some(Fault::Delay(time)) => sleep(*time).await,
            _ => {}
        }
        let mut answer = self.honest_answer(&call).await?;
        match fault {
            Some(Fault::AnswerLate(time)) => sleep(*time).await,
            Some(Fault::DoneButRefused { status, code }) => return Ok(Answer::error(&call, *status, code)),
            Some(Fault::AlterHeader { name, value }) => {
                answer.headers.insert(*name, HeaderValue::from_str(value)?);
            }
            _ => {}
        }
        Ok(answer)
    }

    /// What AWS would answer.
    async fn honest_answer(&self, call: &Call) -> Result<Answer, Failure> {
        let refusal = self.gateway.refusal(call, Instant::now()).or_else(|| presigned::refusal(call));
        if let Some(refusal) = refusal {
            return Ok(refusal);
        }
        let mut answer = match self.uploads.judge(call) {
            Verdict::Refused(refusal) => return Ok(refusal),
            Verdict::Pass => self.sender.send(call).await?,
            Verdict::PassWithoutChecksum => self.sender.send(&self.sender.without_checksums(call)?).await?,
        };
        let completed = self.uploads.learn(call, &mut answer);
        self.objects.learn(call, &answer, completed);
        self.objects.show(call, &mut answer);
        if call.operation != Operation::API {
            self.journal.note(call, answer.status.as_u16());
        }
        Ok(answer)
    }
}

/// Turns one bit around in the middle of the body.
fn flip_bit(call: &mut Call) {
    let mut body = BytesMut::from(call.body.as_ref());
    let middle = body.len() / 2;
    if let Some(byte) = body.get_mut(middle) {
        *byte ^= 1;
    }
    call.body = body.freeze();
}
