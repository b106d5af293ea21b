"""Writes fixtures/tracking/swanlab.json: the requests that SwanLab's own client sends.

Run it in an environment with `pip install swanlab==0.10.3`. It starts a server on this machine that
answers as the client expects, lets the client log a short run and resume it, and stores each request.
"""

import json
import os
import re
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FIXTURE = Path(__file__).parent / "fixtures" / "tracking" / "swanlab.json"
requests = []


def project(name):
    return {
        "cuid": "project1",
        "name": name,
        "version": 1,
        "path": f"/someone/{name}",
        "visibility": "PRIVATE",
        "group": {"username": "someone"},
        "_count": {"experiments": len(Recorder.runs), "contributors": 1, "collaborators": 1, "clones": 0},
    }


class Recorder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    projects = set()
    runs = set()

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def handle_any(self):
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = raw.decode("utf-8", "replace")
        names = ("authorization", "cookie", "content-type", "x-swanlab-sdk-version")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        requests.append({"method": self.command, "path": self.path, "headers": headers, "body": body})
        path = self.path.split("?")[0]
        experiment = {"cuid": "experiment1", "slug": None, "name": "a run", "createdAt": "2026-01-01T00:00:00.000Z"}
        if path == "/api/login/api_key":
            user = {"username": "someone"}
            self.answer(200, {"sid": "session1", "expiredAt": "2036-01-01T00:00:00.000Z", "userInfo": user})
        elif re.fullmatch(r"/api/projects/[^/]+", path):
            self.projects.add(body["name"])
            self.answer(201, {})
        elif re.fullmatch(r"/api/project/[^/]+/[^/]+", path):
            name = path.split("/")[-1]
            if name in self.projects:
                self.answer(200, project(name))
            else:
                self.answer(404, {"code": "404", "message": "no such project"})
        elif path.endswith("/experiment"):
            known = body.get("cuid") in self.runs
            self.runs.add(body.get("cuid"))
            self.answer(200 if known else 201, experiment)
        elif "/metrics/summaries/" in path:
            self.answer(200, {"scalar": [{"key": "train/loss", "step": 2}], "media": [], "log": []})
        elif path == "/api/resources/presigned/put":
            host = f"http://127.0.0.1:{self.server.server_port}"
            self.answer(200, {"urls": [f"{host}/storage/{path}" for path in body["paths"]]})
        else:
            self.answer(200, {})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


def is_ours(body):
    """Not the machine, the packages and the output of the terminal, which stay where they are."""
    if not isinstance(body, dict):
        return True
    return body.get("type") != "log" and "metadata" not in body and "requirements" not in body


def run(swanlab, resume, steps):
    run_id = "run1id"
    swanlab.init(
        project="a-project",
        experiment_name="a run",
        id=run_id,
        resume="allow",
        tags=["one", "two"],
        group="a group",
        job_type="a job",
        description="a description",
        config={"learning_rate": 0.0002, "bits": 4, "nested": {"a": [1, 2]}, "none": None},
    )
    for step in steps:
        swanlab.log({"train/loss": 1 / step, "train/learning_rate": 2e-4, "train/global_step": step}, step=step)
    swanlab.log({"eval/loss": float("nan")}, step=steps[-1])
    swanlab.log({"sample": swanlab.Text("an answer", caption="a prompt")}, step=steps[-1])
    swanlab.finish() if not resume else swanlab.finish(state="crashed", error="why")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    os.environ.update(
        HOME=folder,
        SWANLAB_API_KEY="key1",
        SWANLAB_API_HOST=f"http://127.0.0.1:{server.server_port}",
        SWANLAB_PROBE_MONITOR="false",
        SWANLAB_INTERACTIVE="false",
    )
    import swanlab

    run(swanlab, False, [1, 2])
    run(swanlab, True, [2, 3])
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    kept = [one for one in requests if is_ours(one["body"])]
    kept = [one for one in requests if is_ours(one["body"])]
    text = json.dumps({"swanlab": swanlab.__version__, "requests": kept}, indent=1, ensure_ascii=False)
    FIXTURE.write_text(text + "\n")
