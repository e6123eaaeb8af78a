//! One connection with its deadlines: how long a head, a body, the next request and a reader may take.
//!
//! Kept here since no HTTP library tells a slow head from a connection that rests between two requests: hyper's own timeout for
//! heads ends both alike. A timer is only set anew when it would ring too late, so a request costs none.
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bench_protocol::now_ns;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

pub const HEAD: Duration = Duration::from_secs(10);
pub const BODY: Duration = Duration::from_secs(30);
pub const REST: Duration = Duration::from_secs(75);
pub const WRITE: Duration = Duration::from_secs(30);

const FRESH: u8 = 0;
const HEADING: u8 = 1;
const ANSWERING: u8 = 2;
const RESTING: u8 = 3;

/// Where a connection stands; shared between its socket and its service.
#[derive(Clone, Default)]
pub struct Stage(Arc<(AtomicU8, AtomicU64)>);

impl Stage {
    fn enter(&self, stage: u8) {
        self.0.1.store(now_ns(), Ordering::Relaxed);
        self.0.0.store(stage, Ordering::Relaxed);
    }

    /// A whole head has come.
    pub fn answering(&self) {
        self.enter(ANSWERING);
    }

    pub fn answered(&self) {
        self.enter(RESTING);
    }

    /// No byte of a request has come that is not answered.
    pub fn idle(&self) -> bool {
        matches!(self.0.0.load(Ordering::Relaxed), FRESH | RESTING)
    }

    fn heard(&self) {
        if self.idle() {
            self.enter(HEADING);
        }
    }

    /// How much longer the other side may be silent.
    fn patience(&self) -> Duration {
        let limit = match self.0.0.load(Ordering::Relaxed) {
            RESTING => REST,
            ANSWERING => BODY,
            _ => HEAD,
        };
        limit.saturating_sub(Duration::from_nanos(
            now_ns().saturating_sub(self.0.1.load(Ordering::Relaxed)),
        ))
    }
}

pub struct Line {
    stream: TcpStream,
    stage: Stage,
    timer: Pin<Box<Sleep>>,
    blocked: Option<Instant>,
}

impl Line {
    pub fn new(stream: TcpStream, stage: Stage) -> Self {
        stage.enter(FRESH);
        Self { stream, stage, timer: Box::pin(sleep(HEAD)), blocked: None }
    }

    /// Ready with an error once `deadline` has passed.
    fn wait(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.timer.deadline() > deadline || self.timer.is_elapsed() {
            self.timer.as_mut().reset(deadline);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            if buf.filled().len() > before {
                self.stage.heard();
            }
            return Poll::Ready(result);
        }
        let patience = self.stage.patience();
        // Not left to the timer, which rings a tick after the instant it is set to: by then the deadline, now, would have moved on.
        if patience.is_zero() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let deadline = Instant::now() + patience;
        Poll::Ready(Err(ready!(self.wait(deadline, cx))))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.held_up(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.held_up(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Line {
    fn held_up(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.blocked = None;
            return written;
        }
        let since = *self.blocked.get_or_insert_with(Instant::now);
        Poll::Ready(Err(ready!(self.wait(since + WRITE, cx))))
    }
}
