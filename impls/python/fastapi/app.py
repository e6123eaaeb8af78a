"""The API as FastAPI has it: declared models, handlers on the loop, dependencies, a lifespan."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any

import errors
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.routing import APIRoute
from middleware import BodyLimit, Figures
from prometheus_client import CollectorRegistry, Counter, generate_latest
from schemas import Batch, Entity, Flight, Health, Prediction, Predictions
from serving import metrics
from serving.connection import State
from serving.service import Service
from starlette.middleware import Middleware


class Utf8Request(Request):
    """json.loads guesses the encoding of bytes; the contract knows UTF-8 alone."""

    async def json(self) -> Any:
        """The body."""
        return json.loads((await self.body()).decode())


class Utf8Route(APIRoute):
    """Hands its handler such a request, as FastAPI's guide has it ('Custom Request and APIRoute class')."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's, with another request."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(Utf8Request(request.scope, request.receive))

        return handle


router = APIRouter(route_class=Utf8Route, redirect_slashes=False, strict_content_type=False)


async def _service(request: Request) -> Service:
    service: Service = request.state.service
    return service


async def _updates(request: Request) -> Counter:
    updates: Counter = request.state.updates
    return updates


Served = Annotated[Service, Depends(_service)]
Updates = Annotated[Counter, Depends(_updates)]


@router.post("/predict")
async def predict(flight: Flight, service: Served, updates: Updates) -> Prediction:
    """The probability that one flight arrives late."""
    probability = service.predict(flight)
    if flight.entity is not None:
        updates.inc()
    return Prediction(probability=probability, model=service.version)


@router.post("/predict/batch")
async def predict_batch(batch: Batch, service: Served, updates: Updates) -> Predictions:
    """The same of many, all or nothing."""
    probabilities = service.predict_many(batch.rows)
    updates.inc(sum(flight.entity is not None for flight in batch.rows))
    return Predictions(probabilities=probabilities, model=service.version)


@router.get("/entities/{id}")
async def entity(id: str, service: Served) -> Entity:
    """What the store has of one entity."""
    record = service.store.get(id)
    if record is None:
        raise HTTPException(404, "there is no such entity")
    return Entity(id=id, seen=record.seen, last=record.last, recent=record.recent)


@router.get("/healthz")
async def health(request: Request, response: Response) -> Health:
    """Whether it takes requests."""
    if request.state.server.draining:
        response.status_code = 503
        return Health(status="draining")
    return Health(status="ok")


@router.get("/metrics")
async def figures(request: Request) -> Response:
    """Prometheus' text format."""
    return Response(generate_latest(request.state.registry), media_type=metrics.CONTENT_TYPE)


def application(service: Service, state: State) -> FastAPI:
    """One server's."""
    registry: CollectorRegistry = metrics.registry()
    updates = Counter(*metrics.UPDATES, registry=registry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"service": service, "server": state, "registry": registry, "updates": updates}

    around = [Middleware(Figures, registry=registry), Middleware(BodyLimit)]
    app = FastAPI(
        title="Will this flight be late?", lifespan=lifespan, middleware=around,
        docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False,
    )  # fmt: skip
    errors.install(app)
    app.include_router(router)
    if service.downstream is not None:
        import forward  # its client is loaded where it is used: other cases start without it

        app.include_router(forward.routes(service.downstream))
    return app
