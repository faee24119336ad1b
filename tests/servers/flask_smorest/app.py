"""The records, 10 a page where nothing is asked, 100 at most; beside them X-Pagination."""

import flask
import flask_smorest
import marshmallow

from records import after, records

ALL = records()

app = flask.Flask(__name__)
app.config.update(API_TITLE="odd", API_VERSION="1", OPENAPI_VERSION="3.0.2")
odd = flask_smorest.Blueprint("odd", __name__, url_prefix="/records")
Record = marshmallow.Schema.from_dict({field: marshmallow.fields.Raw() for field in ALL[0]})


class ListPage(flask_smorest.Page):
    @property
    def item_count(self):
        return len(self.collection)


@odd.route("/")
@odd.response(200, Record(many=True))
@odd.paginate(ListPage)
def get():
    return ALL


@odd.route("/change", methods=["POST"])
def change():
    ALL[:] = after()
    return {}


flask_smorest.Api(app).register_blueprint(odd)
