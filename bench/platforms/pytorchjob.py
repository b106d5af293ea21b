"""Holds a PyTorchJob to the models of Kubeflow's own client, and its pod to Kubernetes' schema.

usage: pytorchjob.py FILE
"""

import re
import sys

import kubernetes.client
import kubernetes_validate
import yaml
from kubeflow.training import models


def fail(what):
    sys.exit(f"error: {what}")


def model(name):
    return getattr(models, name, None) or getattr(kubernetes.client, name, None)


def check(value, type_name, place):
    """A value against a type of the client's: `str`, `list[T]`, `dict(str, T)` or the name of a model."""
    if nested := re.fullmatch(r"list\[(.+)\]", type_name):
        if not isinstance(value, list):
            fail(f"{place} is not a list")
        for number, item in enumerate(value):
            check(item, nested[1], f"{place}[{number}]")
    elif nested := re.fullmatch(r"dict\(str, (.+)\)", type_name):
        if not isinstance(value, dict):
            fail(f"{place} is not an object")
        for key, item in value.items():
            check(item, nested[1], f"{place}.{key}")
    elif type_name == "V1PodTemplateSpec":
        template = {"apiVersion": "v1", "kind": "PodTemplate", "template": value}
        for version in ("1.31", "1.37"):
            kubernetes_validate.validate(template, version, strict=True)
    elif found := model(type_name):
        names = {key: attribute for attribute, key in found.attribute_map.items()}
        for key, item in value.items():
            if key not in names:
                fail(f"{place}.{key}: {type_name} has no such key")
            check(item, found.openapi_types[names[key]], f"{place}.{key}")
    elif not isinstance(value, {"str": str, "int": int, "bool": bool, "object": object}[type_name]):
        fail(f"{place} is not of type {type_name}")


with open(sys.argv[1], encoding="utf8") as file:
    job = yaml.safe_load(file)
if (job["apiVersion"], job["kind"]) != ("kubeflow.org/v1", "PyTorchJob"):
    fail("not a PyTorchJob of kubeflow.org/v1")
check(job, "KubeflowOrgV1PyTorchJob", "job")
for name, replica in job["spec"]["pytorchReplicaSpecs"].items():
    if name not in ("Master", "Worker"):
        fail(f"there is no replica type {name}")
    if replica["restartPolicy"] not in ("Always", "OnFailure", "Never", "ExitCode"):
        fail(f"there is no restart policy {replica['restartPolicy']}")
    # The operator refuses a job without a container of this name.
    if all(c["name"] != "pytorch" for c in replica["template"]["spec"]["containers"]):
        fail(f"{name} has no container named pytorch")
print("pytorchjob.yaml: valid for kubeflow-training", __import__("importlib.metadata").metadata.version("kubeflow-training"))
