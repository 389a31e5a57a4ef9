"""moto's DynamoDB on a port of the loopback.

moto's own server answers in threads, and its DynamoDB has no lock: two conditional writes can both
succeed, and a refused transaction takes back what others wrote meanwhile. Here one request is
worked on at a time.
"""

import sys
from io import BytesIO
from threading import Lock

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

moto = DomainDispatcherApplication(create_backend_app)
one_at_a_time = Lock()


def application(environ, start_response):
    # Whoever sends slowly must not hold the lock.
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))
    with one_at_a_time:
        return list(moto(environ, start_response))


class RequestHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # So that connections are kept, as DynamoDB does.

    def log_request(self, *_):
        pass


# Threads all the same: a connection that is open and silent would keep the others waiting.
run_simple("127.0.0.1", int(sys.argv[1]), application, threaded=True, request_handler=RequestHandler)
