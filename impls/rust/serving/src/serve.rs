//! Connections in, requests to a service, until a signal; then every request of which a byte has come is answered.
use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::line::{Line, Stage};

/// Bytes of a head, and of a body.
pub const HEAD: usize = 16 << 10;
pub const BODY: usize = 1 << 20;
const DRAIN: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(10);
const NO_FILES: Duration = Duration::from_millis(50);

/// How many connections are held; one beyond them is closed at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connections: usize,
}

/// Serves until `stop` ends, and says how many answers were sent.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> io::Result<u64>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (drain, draining) = watch::channel(false);
    let (served, room) =
        (Arc::new(AtomicU64::new(0)), Arc::new(Semaphore::new(limits.connections)));
    let (mut lines, mut stop) = (JoinSet::new(), pin!(stop));
    let take = |stream: TcpStream, lines: &mut JoinSet<()>| {
        if let Ok(place) = Arc::clone(&room).try_acquire_owned() {
            let (service, served, draining) =
                (service.clone(), Arc::clone(&served), draining.clone());
            lines.spawn(async move {
                attend(stream, service, &served, draining).await;
                drop(place);
            });
        }
    };
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => take(stream, &mut lines),
                Err(_) => sleep(NO_FILES).await,
            },
            Some(_) = lines.join_next() => {}
        }
    }
    // What the kernel has taken in already counts as accepted.
    while let Ok(Ok((stream, _))) = timeout(Duration::ZERO, listener.accept()).await {
        take(stream, &mut lines);
    }
    drop(listener);
    drain.send_replace(true);
    let _ = timeout(DRAIN, async { while lines.join_next().await.is_some() {} }).await;
    lines.shutdown().await;
    Ok(served.load(Ordering::Relaxed))
}

async fn attend<S, B>(
    stream: TcpStream,
    service: S,
    served: &AtomicU64,
    mut draining: watch::Receiver<bool>,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    B: Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let (stage, last) = (Stage::default(), draining.clone());
    let counted = service_fn(|request| {
        stage.answering();
        let (answer, stage) = (service.call(request), stage.clone());
        let last = &last;
        async move {
            let mut response = answer.await?;
            if *last.borrow() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            served.fetch_add(1, Ordering::Relaxed);
            stage.answered();
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(Line::new(stream, stage.clone()));
    let mut line = pin!(http1::Builder::new().max_buf_size(HEAD).serve_connection(io, counted));
    tokio::select! {
        biased;
        _ = line.as_mut() => return,
        _ = draining.wait_for(|begun| *begun) => {}
    }
    loop {
        if stage.idle() {
            line.as_mut().graceful_shutdown();
        }
        if timeout(LOOK, line.as_mut()).await.is_ok() {
            return;
        }
    }
}
