"""A FastAPI service: orders arrive over HTTP, and leave as events of ``shop.orders.v1``.

KAFKA_BROKERS=... SCHEMA_REGISTRY_URL=... uvicorn examples.two_services.shop:app
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel

from avrogen import DeliveryError, ProducerHealth
from generated_example.com.acme.shop import OrderCancelled, OrderPlaced
from generated_example.topics import AsyncOrdersProducer


class State(TypedDict):
    """What requests share: one producer, and so one queue and one set of connections."""

    orders: AsyncOrdersProducer


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[State]:
    """Open the producer before the first request, and flush it after the last."""
    config = {
        "bootstrap.servers": os.environ["KAFKA_BROKERS"],
        "schema.registry.url": os.environ["SCHEMA_REGISTRY_URL"],
        "delivery.timeout.ms": 10_000,  # nobody waits two minutes for a response
    }
    async with AsyncOrdersProducer(config) as orders:
        yield {"orders": orders}


def producer(request: Request) -> AsyncOrdersProducer:
    """Return the producer that the lifespan has opened."""
    opened: AsyncOrdersProducer = request.state.orders
    return opened


Orders = Annotated[AsyncOrdersProducer, Depends(producer)]

app = FastAPI(title="Shop", lifespan=lifespan)


class Accepted(BaseModel):
    """The place of the event in its topic."""

    partition: int
    offset: int


@app.post("/orders", status_code=202)
async def place(order: OrderPlaced, orders: Orders) -> Accepted:
    """Accept an order. It is the event itself: FastAPI checks it, OpenAPI has its docs."""
    delivered = await (await orders.send(order))
    return Accepted(partition=delivered.partition, offset=delivered.offset)


@app.post("/cancellations", status_code=202)
async def cancel(cancellation: OrderCancelled, orders: Orders) -> Accepted:
    """Cancel an order. It has the order's key, so it is handled after the order."""
    delivered = await (await orders.send(cancellation))
    return Accepted(partition=delivered.partition, offset=delivered.offset)


@app.exception_handler(DeliveryError)
async def not_delivered(_: Request, error: Exception) -> Response:
    """Answer 503: the client may send the request again."""
    return Response(str(error), status_code=503)


@app.get("/livez")
async def livez(orders: Orders, response: Response) -> ProducerHealth:
    """Tell if a restart would help."""
    health = orders.health()
    response.status_code = 200 if health.alive else 503
    return health


@app.get("/readyz")
async def readyz(orders: Orders, response: Response) -> ProducerHealth:
    """Tell if requests are welcome."""
    health = orders.health()
    response.status_code = 200 if health.ready else 503
    return health
