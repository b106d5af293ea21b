#!/usr/bin/env bash
# validate.sh: holds the files in examples/platforms to the published schemas of those who read them.
#
# Kubernetes: the JSON schemas of its API, strict (no unknown keys), out of the package kubernetes-validate. Kubeflow: the
# models of its PyTorchJob out of the package kubeflow-training, and the pod in it by Kubernetes' schema. Slurm: shellcheck,
# and sbatch's own reading where sbatch is installed (bench/platforms/slurm.sh runs the script). Makes an environment in
# .tunewright/platforms-venv.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$root/.tunewright/platforms-venv
examples=$root/examples/platforms
if ! "$venv/bin/python" -c 'import kubernetes_validate, kubeflow.training, yaml' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet kubernetes-validate==1.37.0 kubeflow-training==1.9.4
fi
# The oldest and the newest API that the files are for.
for version in 1.31 1.37; do
  "$venv/bin/kubernetes-validate" --strict -k "$version" "$examples"/kubernetes-{volume,job}.yaml
done
"$venv/bin/python" "$root/bench/platforms/pytorchjob.py" "$examples/pytorchjob.yaml"
bash -n "$examples/slurm.sh"
if command -v shellcheck >/dev/null; then
  shellcheck "$examples/slurm.sh"
  echo "slurm.sh: shellcheck has nothing to say"
else
  echo "slurm.sh: shellcheck is not installed, only bash -n ran"
fi
echo "all files are valid"
