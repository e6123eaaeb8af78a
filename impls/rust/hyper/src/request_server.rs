//! request-server: a match over path and method, text that lies in the body, one vector an answer.
use std::convert::Infallible;
use std::net::TcpListener;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Instant;

use bench_protocol::{Failure, Phases, Request, Served, Server};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use serde::Serialize;
use serving::{App, BODY, Batch, Course, Flight, Metrics, Path, Refused, Text, read};

type Asked = hyper::Request<Incoming>;
type Answer = Response<Full<Bytes>>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub struct Hyper {
    app: App,
    course: Course,
}

impl Server for Hyper {
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
        let known = Arc::clone(&app);
        let service = service_fn(move |request| answer(Arc::clone(&known), request));
        self.course.run(listening, |terminated| {
            let stop = async move {
                terminated.wait().await;
                app.drain();
            };
            serving::serve(listener, service, limits, stop)
        })
    }
}

async fn answer(app: Arc<App>, request: Asked) -> Result<Answer, Infallible> {
    let begun = Instant::now();
    let (path, allowed) = route(request.uri().path());
    let response = match allowed {
        None => refuse(StatusCode::NOT_FOUND, "no such path".into()),
        Some(method) if *request.method() != method => other_method(&method),
        Some(_) => handle(&app, path, request).await,
    };
    app.metrics.answered(path, response.status().as_u16(), begun.elapsed());
    Ok(response)
}

const ENTITIES: &str = "/entities/";

fn route(path: &str) -> (Path, Option<Method>) {
    match path {
        "/predict" => (Path::Predict, Some(Method::POST)),
        "/predict/batch" => (Path::Batch, Some(Method::POST)),
        "/healthz" => (Path::Health, Some(Method::GET)),
        "/metrics" => (Path::Metrics, Some(Method::GET)),
        path if entity(path).is_some() => (Path::Entity, Some(Method::GET)),
        _ => (Path::Other, None),
    }
}

fn entity(path: &str) -> Option<&str> {
    path.strip_prefix(ENTITIES).filter(|id| !id.is_empty() && !id.contains('/'))
}

async fn handle(app: &App, path: Path, request: Asked) -> Answer {
    let asked = request.uri().path().to_owned();
    let body = match path {
        Path::Predict | Path::Batch => match body(request).await {
            Ok(body) => body,
            Err(refusal) => return refusal,
        },
        _ => Bytes::new(),
    };
    let found = panic::catch_unwind(AssertUnwindSafe(|| match path {
        Path::Predict => predict(app, &body),
        Path::Batch => predict_all(app, &body),
        Path::Entity => one_entity(app, &asked),
        Path::Health => health(app),
        _ => with(
            StatusCode::OK,
            HeaderValue::from_static(Metrics::CONTENT_TYPE),
            app.metrics.text(),
        ),
    }));
    found.unwrap_or_else(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "the handler failed".into()))
}

fn predict(app: &App, body: &[u8]) -> Answer {
    match read::<Flight<Text<'_>>>(body).and_then(|flight| app.predict(&flight)) {
        Ok(found) => json(StatusCode::OK, &found),
        Err(why) => refuse(StatusCode::BAD_REQUEST, why),
    }
}

fn predict_all(app: &App, body: &[u8]) -> Answer {
    match read::<Batch<Text<'_>>>(body).and_then(|batch| app.predict_all(&batch)) {
        Ok(found) => json(StatusCode::OK, &found),
        Err(why) => refuse(StatusCode::BAD_REQUEST, why),
    }
}

fn one_entity(app: &App, path: &str) -> Answer {
    let id = entity(path).unwrap_or_default();
    match app.entity(id) {
        Some(found) => json(StatusCode::OK, &found),
        None => refuse(StatusCode::NOT_FOUND, format!("no entity {id:?}")),
    }
}

fn health(app: &App) -> Answer {
    let (status, body) = match app.draining() {
        false => (StatusCode::OK, r#"{"status":"ok"}"#),
        true => (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"draining"}"#),
    };
    with(status, JSON, body)
}

/// Refused by its length before it is read, and else while it comes; then the connection ends, for its rest is not read.
async fn body(request: Asked) -> Result<Bytes, Answer> {
    let body = request.into_body();
    if body.size_hint().lower() > BODY as u64 {
        return Err(too_large());
    }
    match Limited::new(body, BODY).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) => Err(refuse(StatusCode::BAD_REQUEST, error.to_string())),
    }
}

fn too_large() -> Answer {
    let mut response =
        refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {BODY} bytes"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn other_method(method: &Method) -> Answer {
    let mut response =
        refuse(StatusCode::METHOD_NOT_ALLOWED, format!("{method} alone is known here"));
    let allowed = if method == Method::GET { "GET" } else { "POST" };
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn refuse(status: StatusCode, error: String) -> Answer {
    json(status, &Refused { error })
}

fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    with(status, JSON, serde_json::to_vec(body).expect("numbers and text can be written"))
}

fn with(status: StatusCode, kind: HeaderValue, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
