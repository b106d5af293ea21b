/** The files for containers and clusters say what is true of the program: keys, flags, exit codes, names. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

import { loadTrainingConfig } from "../../src/train/config/index.js";
import { openWorld } from "../../src/train/world.js";
import { ConfigError, DataError } from "../../src/util/errors.js";
import { stoppedExitCode } from "../../src/util/signals.js";
import { root, temporaryFolder, writeFiles } from "./support.js";

const folder = path.join(root, "examples/platforms");
const read = (name: string) => readFileSync(path.join(folder, name), "utf8");

interface Container {
  name: string;
  args: string[];
  volumeMounts: { name: string; mountPath: string }[];
  securityContext: object;
}
interface Pod {
  restartPolicy?: string;
  terminationGracePeriodSeconds: number;
  securityContext: { runAsNonRoot: boolean; runAsGroup: number };
  containers: Container[];
  volumes: {
    name: string;
    persistentVolumeClaim?: { claimName: string };
    configMap?: { name: string };
  }[];
}
interface Rule {
  action: string;
  onExitCodes?: { containerName: string; values: number[] };
}
interface Resource {
  kind: string;
  metadata: { name: string };
  data: Record<string, string>;
  spec: {
    podFailurePolicy: { rules: Rule[] };
    template: { spec: Pod };
    pytorchReplicaSpecs: {
      Master: { replicas: number; restartPolicy: string; template: { spec: Pod } };
    };
  };
}

function resources(name: string): Map<string, Resource> {
  const documents = parseAllDocuments(read(name));
  for (const { errors } of documents) expect(errors).toEqual([]);
  const found = documents.map((document) => document.toJS() as Resource);
  return new Map(found.map((resource) => [resource.kind, resource]));
}

const cluster = resources("kubernetes-volume.yaml");
const job = resources("kubernetes-job.yaml").get("Job")!;
const kubeflow = resources("pytorchjob.yaml").get("PyTorchJob")!;

describe.each([
  ["Job", job.spec.template.spec],
  ["PyTorchJob", kubeflow.spec.pytorchReplicaSpecs.Master.template.spec],
])("the pod of the %s", (_, pod) => {
  const container = pod.containers[0]!;

  test("trains with the configuration that lies in the ConfigMap, and resumes", () => {
    const [command, config, ...flags] = container.args;
    expect(command).toBe("train");
    const { name, mountPath } = container.volumeMounts.find((mount) => mount.name === "config")!;
    const map = cluster.get("ConfigMap")!;
    expect(pod.volumes.find((volume) => volume.name === name)?.configMap?.name).toBe(
      map.metadata.name,
    );
    const text = map.data[path.relative(mountPath, config!)];
    expect(text).toBeDefined();
    const file = path.join(temporaryFolder(), "train.yaml");
    writeFiles(path.dirname(file), { "train.yaml": text! });
    const loaded = loadTrainingConfig(file, flags);
    expect(loaded.config.resume_from_checkpoint).toBe(true);
    // What is written must outlive the pod.
    expect(loaded.config.output_dir.startsWith("/work/")).toBe(true);
    const work = pod.volumes.find((volume) => volume.name === "work");
    const claim = cluster.get("PersistentVolumeClaim")!.metadata.name;
    expect(work?.persistentVolumeClaim?.claimName).toBe(claim);
  });

  test("runs as the user of the image, read-only, with time to save", () => {
    const [, user, group] = /^USER (\d+):(\d+)$/m.exec(read("Containerfile"))!;
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: Number(user),
      runAsGroup: Number(group),
    });
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
    });
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60);
    const places = container.volumeMounts.map((mount) => mount.mountPath);
    expect(places).toEqual(expect.arrayContaining(["/work", "/tmp"]));
  });
});

test("the Job tries again after a signal, and not where another try would end the same way", () => {
  const { rules } = job.spec.podFailurePolicy;
  const [container] = job.spec.template.spec.containers;
  const actionOf = (code: number) =>
    rules.find(({ onExitCodes }) => onExitCodes?.values.includes(code))?.action ?? "count";
  expect(actionOf(stoppedExitCode)).toBe("Ignore");
  expect(actionOf(new ConfigError("x").exitCode)).toBe("FailJob");
  expect(actionOf(new DataError("x").exitCode)).toBe("FailJob");
  expect(actionOf(1)).toBe("count");
  for (const { onExitCodes } of rules)
    if (onExitCodes) expect(onExitCodes.containerName).toBe(container?.name);
  expect(job.spec.template.spec.restartPolicy).toBe("Never");
});

test("the PyTorchJob has one process, and what its operator sets is understood", () => {
  const { Master } = kubeflow.spec.pytorchReplicaSpecs;
  expect(Object.keys(kubeflow.spec.pytorchReplicaSpecs)).toEqual(["Master"]);
  expect(Master.template.spec.containers.map(({ name }) => name)).toContain("pytorch");
  // ExitCode tries codes from 128 on again.
  expect(Master.restartPolicy).toBe("ExitCode");
  expect(stoppedExitCode).toBeGreaterThanOrEqual(128);
  const environment = {
    PYTHONUNBUFFERED: "1",
    MASTER_ADDR: "tunewright-master-0",
    MASTER_PORT: "23456",
    WORLD_SIZE: "1",
    RANK: "0",
    PET_NPROC_PER_NODE: "1",
    PET_NNODES: "1",
    PET_NODE_RANK: "0",
    PET_MASTER_ADDR: "tunewright-master-0",
    PET_MASTER_PORT: "23456",
  };
  expect(openWorld(environment)).toMatchObject({ size: Master.replicas, rank: 0, isFirst: true });
});

describe("the script for Slurm", () => {
  const script = read("slurm.sh");

  test("is correct shell, and its directives stand before the first command", () => {
    expect(spawnSync("bash", ["-n", path.join(folder, "slurm.sh")]).status).toBe(0);
    const lines = script.split("\n");
    const first = lines.findIndex((line) => line !== "" && !line.startsWith("#"));
    const directives = lines.filter((line) => line.startsWith("#SBATCH"));
    expect(directives).toEqual(lines.slice(0, first).filter((line) => line.startsWith("#SBATCH")));
    expect(directives).toContain("#SBATCH --requeue");
    expect(directives).toContain("#SBATCH --signal=TERM@120");
  });

  /** Runs the script with an `srun` that ends with `code`, and a job that is in this state. */
  function run(code: number, { state = "RUNNING", restarts = "0" } = {}) {
    const bin = temporaryFolder();
    const program = (text: string) => `#!/bin/sh\n${text}\n`;
    writeFiles(
      bin,
      {
        srun: program(`echo "srun $*"; exit ${code}`),
        squeue: program(`echo ${state}`),
        scontrol: program('echo "scontrol $*"'),
        sleep: program("exit 0"),
        hostname: program("echo here"),
      },
      0o755,
    );
    const env = {
      PATH: `${bin}:${process.env.PATH}`,
      SLURM_JOB_ID: "7",
      SLURM_RESTART_COUNT: restarts,
      TUNEWRIGHT: "/there/tunewright",
    };
    const args = [path.join(folder, "slurm.sh"), "a b.yaml", "--max_steps", "3"];
    const { status, stdout } = spawnSync("bash", args, { env, encoding: "utf8" });
    return { status, stdout, requeued: stdout.includes("scontrol requeue 7") };
  }

  test("trains with the words it was given, and resumes", () => {
    const { stdout } = run(0);
    expect(stdout).toContain("/there/tunewright train a b.yaml --max_steps 3 --resume");
  });

  test("is requeued after a signal only, and only while the job runs", () => {
    expect(run(stoppedExitCode)).toMatchObject({ status: stoppedExitCode, requeued: true });
    for (const code of [0, 1, 2, 3, 137])
      expect(run(code)).toMatchObject({ status: code, requeued: false });
    expect(run(stoppedExitCode, { state: "COMPLETING" }).requeued).toBe(false);
    expect(run(stoppedExitCode, { restarts: "100" }).requeued).toBe(false);
  });
});

test("the container starts the program by its launcher, without a shell between", () => {
  const text = read("Containerfile");
  expect(text).toContain('ENTRYPOINT ["/opt/tunewright/tunewright"]');
  expect(text).toMatch(/^CMD \["doctor"\]$/m);
});

test("docs/platforms.md names every file", () => {
  const page = readFileSync(path.join(root, "docs/platforms.md"), "utf8");
  for (const name of readdirSync(folder)) expect(page).toContain(`examples/platforms/${name}`);
});
