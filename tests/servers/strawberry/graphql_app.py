"""The records as a connection, with their numbers as text where GraphQL's are too small."""

import collections.abc

import strawberry
from strawberry import relay
from strawberry.asgi import GraphQL
from strawberry.scalars import JSON

from records import after, records

ALL = records()


@strawberry.type
class Odd(relay.Node):
    key: relay.NodeID[str]
    name: str
    note: str | None
    big: str
    amount: float
    nested: JSON


def make(record):
    return Odd(key=record["id"], name=record["name"], note=record["note"], big=str(record["big"]),
               amount=record["amount"], nested=record["nested"])


@strawberry.type
class Query:
    @relay.connection(relay.ListConnection[Odd])
    def odd(self) -> collections.abc.Iterable[Odd]:
        return [make(record) for record in ALL]


graphql = GraphQL(strawberry.Schema(query=Query))


async def app(scope, receive, send):
    """A POST to /change changes the records; all else is GraphQL's."""
    if scope["type"] != "http" or scope["path"] != "/change":
        await graphql(scope, receive, send)
        return
    ALL[:] = after()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
