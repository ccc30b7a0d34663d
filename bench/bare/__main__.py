"""``python -m bench.bare``: reads a document, or reads and replaces it by compare-and-set, for each request."""

from __future__ import annotations

import json
import os
from typing import Any, Final

import uvicorn
from fastapi import FastAPI, Response
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

COLLECTION: Final = "bare"


def application(store_url: str, database: str) -> FastAPI:
    """The two routes; documents have an `_id` and a `version`."""
    app = FastAPI(openapi_url=None)
    client: Any = AsyncIOMotorClient(store_url, retryWrites=False)
    documents = client.get_database(
        database, read_concern=ReadConcern("majority"), write_concern=WriteConcern("majority", j=True)
    )[COLLECTION]

    @app.get("/readyz")
    async def readyz() -> dict[str, bool]:
        return {"ready": True}

    @app.get("/read/{name}")
    async def read(name: str) -> Response:
        found = await documents.find_one({"_id": name})
        return Response(json.dumps(found, default=str), media_type="application/json")

    @app.get("/write/{name}")
    async def write(name: str) -> Response:
        found = await documents.find_one({"_id": name})
        version = found.pop("version")
        written = await documents.update_one(
            {"_id": name, "version": version}, {"$set": {**found, "version": version + 1}}
        )
        return Response(status_code=200 if written.modified_count else 409)

    return app


if __name__ == "__main__":
    host, port = os.environ["BARE_HOST"], int(os.environ["BARE_PORT"])
    uvicorn.run(
        application(os.environ["STORE_URL"], os.environ["BARE_DATABASE"]), host=host, port=port, access_log=False
    )
