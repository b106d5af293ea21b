// What a device reaches: node bench/gpu/peak.mjs DEVICE. Products of random numbers in operations a second, a copy
// in bytes read and written a second.
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const t = await import(pathToFileURL(path.join(root, "dist/tensor/index.js")).href);

const device = process.argv[2] ?? "cpu";
const size = device === "cpu" ? 256 : 8192;

/** Seconds of one of ten runs after three that are not counted. */
function timed(body) {
  for (let i = 0; i < 3; i++) t.tidy(body);
  t.synchronize();
  const started = performance.now();
  for (let i = 0; i < 10; i++) t.tidy(body);
  t.synchronize();
  return (performance.now() - started) / 10_000;
}

const result = { device, size };
t.noGrad(() => {
  for (const dtype of ["bfloat16", "float32"]) {
    const a = t.randn([size, size], { device }).to({ dtype });
    result[dtype] = (2 * size ** 3) / timed(() => void a.matmul(a));
    a.dispose();
  }
  const from = t.empty([size, size, 4], { dtype: "float32", device });
  const to = from.emptyLike();
  result.copied_bytes_per_second = (2 * from.nbytes) / timed(() => void to.copy_(from));
});
process.stdout.write(`${JSON.stringify(result)}\n`);
