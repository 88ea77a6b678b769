"""`python -m checkout`: run the service as its environment says."""

import asyncio
import sys

from pydantic import ValidationError

from checkout.logs import configure, log
from checkout.serve import serve
from checkout.settings import Settings

EX_CONFIG = 78


def main() -> int:
    try:
        settings = Settings()
    except ValidationError as error:
        configure("error")
        for fault in error.errors(include_url=False, include_context=False):
            name = "_".join(map(str, fault["loc"])).upper()
            log.error("bad configuration", variable=name, problem=fault["msg"])
        return EX_CONFIG
    configure(settings.log_level)
    asyncio.run(serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
