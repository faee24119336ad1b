"""The records by page number, by offset, and by cursor over `grp`, which has ties."""

import typing

import fastapi
import fastapi_pagination
import sqlalchemy
from fastapi_pagination import cursor, limit_offset
from fastapi_pagination.ext import sqlalchemy as by_cursor
from sqlalchemy import orm

from records import after, records


class Base(orm.DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "rows"
    n = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    grp = sqlalchemy.Column(sqlalchemy.Integer)
    record = sqlalchemy.Column(sqlalchemy.JSON)


def only_records(rows):
    return [row.record for row in rows]


engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool,
                                  connect_args={"check_same_thread": False})
Base.metadata.create_all(engine)
ALL = records()


def write():
    with orm.Session(engine) as session:
        session.execute(sqlalchemy.delete(Row))
        session.add_all(Row(n=r["n"], grp=r["grp"], record=r) for r in ALL)
        session.commit()


write()

app = fastapi.FastAPI()
Record = dict[str, typing.Any]


@app.get("/page")
def page() -> fastapi_pagination.Page[Record]:
    return fastapi_pagination.paginate(ALL)


@app.get("/offset")
def offset() -> limit_offset.LimitOffsetPage[Record]:
    return fastapi_pagination.paginate(ALL)


@app.get("/cursor")
def by_position() -> cursor.CursorPage[Record]:
    with orm.Session(engine) as session:
        return by_cursor.paginate(session, sqlalchemy.select(Row).order_by(Row.grp, Row.n),
                                  transformer=only_records)


@app.post("/change")
def change() -> None:
    ALL[:] = after()
    write()


fastapi_pagination.add_pagination(app)
