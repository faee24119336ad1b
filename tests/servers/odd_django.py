"""What the servers made with Django share: settings for one file, a database in memory."""

import django
from django.conf import settings


def configure(root, *apps, **more):
    """Before models are imported. `root` is the module with urlpatterns."""
    settings.configure(
        SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=root, USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3",
                               "NAME": "file:odd?mode=memory&cache=shared",
                               "OPTIONS": {"uri": True}}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", *apps],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField", **more)
    django.setup()
