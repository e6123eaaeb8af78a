//! POST /forward: a body goes on to the downstream service, and its answer comes back as it is, by hyper-util's pooled client.
//!
//! axum's own example of a proxy has this client; reqwest is a layer over it, for cookies, redirects and encodings that nobody asks for.
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use crate::request_server::Refusal;

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Downstream {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

/// The path, for whatever state the rest of the router has.
pub fn routes<S: Clone + Send + Sync + 'static>(port: u16) -> Router<S> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    // As many connections as there are requests, and none is closed while it may be needed: the client's own defaults.
    let client =
        Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
    let url = format!("http://127.0.0.1:{port}/predict");
    Router::new().route("/forward", post(forward)).with_state(Downstream { client, url })
}

async fn forward(
    State(downstream): State<Downstream>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let body = body.map_err(Refusal::unread)?;
    match timeout(PATIENCE, downstream.ask(&headers, body)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Refusal(StatusCode::BAD_GATEWAY, why(&*error))),
        Err(_) => Err(Refusal(StatusCode::GATEWAY_TIMEOUT, "no answer from downstream".into())),
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Downstream {
    async fn ask(&self, headers: &HeaderMap, body: Bytes) -> Result<Response, Failed> {
        let mut asked = Request::post(&self.url);
        if let Some(kind) = headers.get(header::CONTENT_TYPE) {
            asked = asked.header(header::CONTENT_TYPE, kind);
        }
        let (head, body) = self.client.request(asked.body(Full::new(body))?).await?.into_parts();
        // Whole, so that an answer that is cut off becomes a 502.
        let mut answer = Body::from(body.collect().await?.to_bytes()).into_response();
        *answer.status_mut() = head.status;
        if let Some(kind) = head.headers.get(header::CONTENT_TYPE) {
            answer.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
        }
        Ok(answer)
    }
}

/// The error with its causes, in one line.
fn why(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<String> = causes.map(|cause| cause.to_string().replace('\n', " ")).collect();
    format!("downstream: {}", causes.join(": "))
}
