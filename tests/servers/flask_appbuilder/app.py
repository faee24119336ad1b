"""The records as a model of Flask-AppBuilder, in SQLite, by its REST API with JWT."""

import os
import sys

import flask
from flask_appbuilder import AppBuilder, Model, ModelRestApi
from flask_appbuilder.models.sqla.base import SQLA
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String

from records import after, records

FIELDS = ["id", "n", "name", "note", "big", "amount", "grp", "flag"]

app = flask.Flask(__name__)
app.config.update(SECRET_KEY="x" * 40, SQLALCHEMY_DATABASE_URI=f"sqlite:///{sys.argv[2]}",
                  FAB_API_MAX_PAGE_SIZE=100, FAB_API_SHOW_STACKTRACE=False)
db = SQLA(app)


class Item(Model):
    __tablename__ = "item"
    id = Column(String(20), primary_key=True)
    n = Column(Integer)
    name = Column(String(50))
    note = Column(String(50))
    big = Column(BigInteger)
    amount = Column(Float)
    grp = Column(Integer)
    flag = Column(Boolean)


class ItemApi(ModelRestApi):
    resource_name = "item"
    datamodel = SQLAInterface(Item)
    list_columns = FIELDS


def write(ones):
    db.session.query(Item).delete()
    db.session.add_all(Item(**{field: one[field] for field in FIELDS}) for one in ones)
    db.session.commit()


@app.post("/change")
def change():
    write(after())
    return ""


with app.app_context():
    builder = AppBuilder(app, db.session)
    builder.add_api(ItemApi)
    write(records())
    manager = builder.sm
    manager.add_user("odd", "Odd", "Odd", "odd@example.org", manager.find_role("Admin"),
                     os.environ["APPBUILDER_PASSWORD"])
app.run("127.0.0.1", int(sys.argv[1]))
