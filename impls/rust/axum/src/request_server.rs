//! request-server: axum's router and extractors, tower's layers, and the loop over connections that all on hyper share.
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, MatchedPath, Path as Part, Request as Asked, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use bench_protocol::{Failure, Phases, Request, Served, Server};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serving::{App, BODY, Batch, Course, Flight, Metrics, Path, Refused, read};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

use crate::forward;

pub struct Axum {
    app: App,
    course: Course,
}

impl Server for Axum {
    fn start(request: &Request) -> Result<usize, Failure> {
        App::check(request).map(|()| request.threads)
    }

    fn load(request: &Request, phases: &mut Phases) -> Result<Self, Failure> {
        Ok(Self { course: Course::new(request)?, app: App::load(request, phases)? })
    }

    fn serve(
        self,
        listener: TcpListener,
        _: &Request,
        listening: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Served, Failure> {
        let (app, limits) = (Arc::new(self.app), self.course.limits);
        let service = TowerToHyperService::new(router(Arc::clone(&app)));
        self.course.run(listening, |terminated| {
            let stop = async move {
                terminated.wait().await;
                app.drain();
            };
            serving::serve(listener, service, limits, stop)
        })
    }
}

type Known = State<Arc<App>>;

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/predict", post(predict))
        .route("/predict/batch", post(predict_all))
        .route("/entities/{id}", get(entity))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .merge(app.downstream.map(forward::routes).unwrap_or_default())
        .fallback(async || Refusal(StatusCode::NOT_FOUND, "no such path".into()))
        .method_not_allowed_fallback(async || {
            Refusal(StatusCode::METHOD_NOT_ALLOWED, "no such method here".into())
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&app), measured))
        .layer(RequestBodyLimitLayer::new(BODY))
        .layer(middleware::map_response(told))
        .layer(CatchPanicLayer::custom(|_| {
            Refusal(StatusCode::INTERNAL_SERVER_ERROR, "the handler failed".into()).into_response()
        }))
        .with_state(app)
}

async fn predict(
    State(app): Known,
    Read(flight): Read<Flight<String>>,
) -> Result<Response, Refusal> {
    // What is answered borrows the model's name, so it is written within.
    app.predict(&flight).map(|found| Json(found).into_response()).map_err(Refusal::wrong)
}

async fn predict_all(
    State(app): Known,
    Read(batch): Read<Batch<String>>,
) -> Result<Response, Refusal> {
    app.predict_all(&batch).map(|found| Json(found).into_response()).map_err(Refusal::wrong)
}

async fn entity(
    State(app): Known,
    part: Result<Part<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let Part(id) = part.map_err(|rejection| Refusal(rejection.status(), rejection.body_text()))?;
    let found = app.entity(&id).map(|found| Json(found).into_response());
    found.ok_or_else(|| Refusal(StatusCode::NOT_FOUND, format!("no entity {id:?}")))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

async fn health(State(app): Known) -> (StatusCode, Json<Health>) {
    match app.draining() {
        false => (StatusCode::OK, Json(Health { status: "ok" })),
        true => (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "draining" })),
    }
}

async fn metrics(State(app): Known) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], app.metrics.text())
}

async fn measured(
    State(app): Known,
    route: Option<MatchedPath>,
    request: Asked,
    next: Next,
) -> Response {
    let (path, begun) = (Path::of(route.as_ref().map(MatchedPath::as_str)), Instant::now());
    let response = next.run(request).await;
    app.metrics.answered(path, response.status().as_u16(), begun.elapsed());
    response
}

/// A JSON body. axum's own extractor takes an array for an object, and has another status for each thing that may be wrong.
struct Read<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Read<T> {
    type Rejection = Refusal;

    async fn from_request(request: Asked, state: &S) -> Result<Self, Refusal> {
        let body = Bytes::from_request(request, state).await.map_err(Refusal::unread)?;
        read(&body).map(Self).map_err(Refusal::wrong)
    }
}

pub struct Refusal(pub StatusCode, pub String);

impl Refusal {
    fn wrong(why: String) -> Self {
        Self(StatusCode::BAD_REQUEST, why)
    }

    pub fn unread(rejection: BytesRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(Refused { error: self.1 })).into_response()
    }
}

/// The layer refuses a body by its length in plain text.
async fn told(response: Response) -> Response {
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE if plain => {
            Refusal(StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {BODY} bytes"))
                .into_response()
        }
        _ => response,
    }
}
