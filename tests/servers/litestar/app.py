"""The records by Litestar's three paginators, each with the parameters that its manual gives it."""

import typing

import litestar
from litestar import pagination

from records import after, records

Record = dict[str, typing.Any]
ALL = records()


class Classic(pagination.AbstractSyncClassicPaginator[Record]):
    def get_total(self, page_size):
        return -(-len(ALL) // page_size)

    def get_items(self, page_size, current_page):
        return ALL[(current_page - 1) * page_size:current_page * page_size]


class Offset(pagination.AbstractSyncOffsetPaginator[Record]):
    def get_total(self):
        return len(ALL)

    def get_items(self, limit, offset):
        return ALL[offset:offset + limit]


class Cursor(pagination.AbstractSyncCursorPaginator[str, Record]):
    def get_items(self, cursor, results_per_page):
        first = int(cursor[1:]) if cursor else 0
        last = first + results_per_page
        return ALL[first:last], f"c{last}" if last < len(ALL) else None


@litestar.get("/classic", sync_to_thread=False)
def classic(page_size: int = 20, current_page: int = 1) -> pagination.ClassicPagination[Record]:
    return Classic()(page_size=page_size, current_page=current_page)


@litestar.get("/offset", sync_to_thread=False)
def offset(limit: int = 20, offset: int = 0) -> pagination.OffsetPagination[Record]:
    return Offset()(limit=limit, offset=offset)


@litestar.get("/cursor", sync_to_thread=False)
def by_cursor(cursor: str | None = None,
              results_per_page: int = 20) -> pagination.CursorPagination[str, Record]:
    return Cursor()(cursor=cursor, results_per_page=results_per_page)


@litestar.post("/change", sync_to_thread=False)
def change() -> None:
    ALL[:] = after()


app = litestar.Litestar([classic, offset, by_cursor, change])
