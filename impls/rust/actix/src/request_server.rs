//! request-server: Actix Web's resources, extractors and middleware; workers that each have a runtime of their own.
use std::net::TcpListener;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::rt::{self, System, time::timeout};
use actix_web::web::{self, Data, Payload};
use actix_web::{App as Web, Error, HttpRequest, HttpResponse, HttpServer};
use bench_protocol::{Failure, MeterSettings, Phases, Request, Served, Server, Stalls};
use serde::de::DeserializeOwned;
use serving::{App, BODY, Batch, Flight, HEAD, Limits, Metrics, Path, Refused, Terminated, read};
use tokio::sync::oneshot;

const HEAD_TIME: Duration = Duration::from_secs(10);
const BODY_TIME: Duration = Duration::from_secs(30);
const REST_TIME: Duration = Duration::from_secs(75);
const DRAIN_S: u64 = 10;

pub struct Actix {
    app: App,
    limits: Limits,
    threads: usize,
    meter: Option<MeterSettings>,
}

/// What the workers share besides the application.
#[derive(Default)]
struct Count(AtomicU64);

impl Server for Actix {
    fn start(request: &Request) -> Result<usize, Failure> {
        App::check(request).map(|()| request.threads)
    }

    fn load(request: &Request, phases: &mut Phases) -> Result<Self, Failure> {
        let limits = Limits::of(request)?;
        Ok(Self {
            app: App::load(request, phases)?,
            limits,
            threads: request.threads,
            meter: request.meter,
        })
    }

    fn serve(
        self,
        listener: TcpListener,
        _: &Request,
        listening: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Served, Failure> {
        System::new().block_on(self.run(listener, listening))
    }
}

impl Actix {
    async fn run(
        self,
        listener: TcpListener,
        listening: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Served, Failure> {
        let (app, count) = (Data::new(self.app), Data::new(Count::default()));
        let meter = Meter::new(self.meter);
        let (known, counted, started) = (app.clone(), count.clone(), Data::clone(&meter.ready));
        let server = HttpServer::new(move || {
            start(&started);
            Web::new()
                .app_data(known.clone())
                .app_data(counted.clone())
                .wrap(from_fn(measured))
                .configure(routes)
        })
        .workers(self.threads)
        .max_connections(self.limits.connections)
        .client_request_timeout(HEAD_TIME)
        .keep_alive(REST_TIME)
        .shutdown_timeout(DRAIN_S)
        .disable_signals()
        .on_connect(|line, _| {
            if let Some(stream) = line.downcast_ref::<rt::net::TcpStream>() {
                // A connection that is gone by now is found out when it is read.
                let _ = stream.set_nodelay(true);
            }
        })
        .listen(listener)?
        .run();
        let (terminated, handle) = (Terminated::new()?, server.handle());
        let task = rt::spawn(server);
        listening()?;
        terminated.wait().await;
        app.drain();
        // The workers' runtimes end with the server, and the meter with them.
        let stalls = meter.finish().await;
        handle.stop(true).await;
        task.await.map_err(|error| Failure::internal(error.to_string()))??;
        Ok(Served { answers: count.0.load(Ordering::Relaxed), stalls })
    }
}

type Ready = Data<Mutex<Option<(MeterSettings, oneshot::Receiver<()>, oneshot::Sender<Stalls>)>>>;

/// The stall meter runs where requests are answered: on the first worker that starts, not on the thread that accepts.
struct Meter {
    ready: Ready,
    stop: oneshot::Sender<()>,
    stalls: oneshot::Receiver<Stalls>,
}

impl Meter {
    fn new(settings: Option<MeterSettings>) -> Self {
        let ((stop, stopped), (told, stalls)) = (oneshot::channel(), oneshot::channel());
        Self {
            ready: Data::new(Mutex::new(settings.map(|settings| (settings, stopped, told)))),
            stop,
            stalls,
        }
    }

    async fn finish(self) -> Option<Stalls> {
        drop(self.stop);
        self.stalls.await.ok()
    }
}

fn start(ready: &Ready) {
    let taken = ready.lock().ok().and_then(|mut slot| slot.take());
    if let Some((settings, stopped, told)) = taken {
        rt::spawn(async move { told.send(serving::meter(settings, stopped).await) });
    }
}

fn routes(config: &mut web::ServiceConfig) {
    let only_post = || web::to(async || other_method(&Method::POST));
    let only_get = || web::to(async || other_method(&Method::GET));
    config
        .service(
            web::resource("/predict").route(web::post().to(predict)).default_service(only_post()),
        )
        .service(
            web::resource("/predict/batch")
                .route(web::post().to(predict_all))
                .default_service(only_post()),
        )
        .service(
            web::resource("/entities/{id}")
                .route(web::get().to(entity))
                .default_service(only_get()),
        )
        .service(web::resource("/healthz").route(web::get().to(health)).default_service(only_get()))
        .service(
            web::resource("/metrics").route(web::get().to(metrics)).default_service(only_get()),
        )
        .default_service(web::to(async || refuse(StatusCode::NOT_FOUND, "no such path".into())));
}

async fn predict(app: Data<App>, request: HttpRequest, payload: Payload) -> HttpResponse {
    match body::<Flight<String>>(&request, payload).await {
        Ok(flight) => guarded(|| told(app.predict(&flight))),
        Err(refusal) => refusal,
    }
}

async fn predict_all(app: Data<App>, request: HttpRequest, payload: Payload) -> HttpResponse {
    match body::<Batch<String>>(&request, payload).await {
        Ok(batch) => guarded(|| told(app.predict_all(&batch))),
        Err(refusal) => refusal,
    }
}

/// A panic is a failed request. Caught here, since to a middleware the request is gone by then.
fn guarded(handle: impl FnOnce() -> HttpResponse) -> HttpResponse {
    panic::catch_unwind(AssertUnwindSafe(handle))
        .unwrap_or_else(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "the handler failed".into()))
}

fn told<T: serde::Serialize>(found: Result<T, String>) -> HttpResponse {
    match found {
        Ok(answer) => HttpResponse::Ok().json(answer),
        Err(why) => refuse(StatusCode::BAD_REQUEST, why),
    }
}

async fn entity(app: Data<App>, id: web::Path<String>) -> HttpResponse {
    match app.entity(&id) {
        Some(found) => HttpResponse::Ok().json(found),
        None => refuse(StatusCode::NOT_FOUND, format!("no entity {id:?}")),
    }
}

async fn health(app: Data<App>) -> HttpResponse {
    let (status, said) = match app.draining() {
        false => (StatusCode::OK, "ok"),
        true => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
    };
    HttpResponse::build(status).json(serde_json::json!({ "status": said }))
}

async fn metrics(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok().content_type(Metrics::CONTENT_TYPE).body(app.metrics.text())
}

/// A JSON body. Actix's own extractor takes an array for an object.
async fn body<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, HttpResponse> {
    let too_large =
        || refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {BODY} bytes"));
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > BODY as u64) {
        return Err(too_large());
    }
    match timeout(BODY_TIME, payload.to_bytes_limited(BODY)).await {
        Ok(Ok(Ok(whole))) => read(&whole).map_err(|why| refuse(StatusCode::BAD_REQUEST, why)),
        Ok(Ok(Err(error))) => Err(refuse(StatusCode::BAD_REQUEST, error.to_string())),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(refuse(StatusCode::REQUEST_TIMEOUT, "the body took too long".into())),
    }
}

/// Around every request: the bound of its head, and what Prometheus is told.
async fn measured(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let begun = Instant::now();
    let (app, count) =
        (request.app_data::<Data<App>>().cloned(), request.app_data::<Data<Count>>().cloned());
    let path = Path::of(request.match_pattern().as_deref());
    let head: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let response = if head > HEAD {
        request.into_response(refuse(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("a head has at most {HEAD} bytes"),
        ))
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    if let (Some(app), Some(count)) = (app, count) {
        app.metrics.answered(path, response.status().as_u16(), begun.elapsed());
        count.0.fetch_add(1, Ordering::Relaxed);
    }
    Ok(response)
}

fn other_method(method: &Method) -> HttpResponse {
    let mut response =
        refuse(StatusCode::METHOD_NOT_ALLOWED, format!("{method} alone is known here"));
    let allowed = if method == Method::GET { "GET" } else { "POST" };
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(allowed));
    response
}

fn refuse(status: StatusCode, error: String) -> HttpResponse {
    HttpResponse::build(status).json(Refused { error })
}
