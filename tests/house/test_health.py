import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder


def test_alive_is_answered_without_the_database(client):
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_tells_the_broker_but_does_not_need_it(client, valkey, settings):
    settings.CELERY_BROKER_URL = valkey.url
    assert client.get("/readyz").json() == {"status": "ok", "database": "ok", "migrations": "ok", "broker": "ok"}
    valkey.freeze()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["broker"]) == (200, "down")
    valkey.thaw()


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(client):
    MigrationRecorder(connection).record_unapplied("core", "0001_clock")
    response = client.get("/readyz")
    assert (response.status_code, response.json()["migrations"]) == (503, "1 missing")
