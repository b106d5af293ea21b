// What a device computes, against the CPU: node bench/gpu/checks.mjs DEVICE. With DEVICE "cpu" it rehearses itself.
//
// Prints one JSON object: { passed, failed, skipped, checks: { name: { ok, seconds, …figures | error | skipped } } }.
// Bounds are relative differences in the norm of the whole: float32 products 1e-5 (TF32 would give 3e-4), bfloat16
// 1e-2; where both devices do the same roundings, equality of bytes.
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { attentionChecks } from "./attentionChecks.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const load = (name) => import(pathToFileURL(path.join(root, "dist", name, "index.js")).href);
const [t, nn, lora] = await Promise.all(["tensor", "nn", "lora"].map(load));

const device = process.argv[2] ?? "cpu";
const onCuda = device.startsWith("cuda");
const NEEDS_CUDA = "it needs CUDA";

t.manualSeed(7);

/** Normal numbers on the CPU, the same in every run. */
const random = (shape, dtype = "float32") => t.randn(shape).to({ dtype });
const there = (x) => x.to({ device });
const back = (x) => x.to({ device: "cpu" });

/** ‖a − b‖ / ‖b‖ in float64. */
function difference(a, b) {
  return t.tidy(() => {
    const [x, y] = [a, b].map((tensor) => back(tensor.detach()).to({ dtype: "float64" }));
    const norm = (value) => t.linalgVectorNorm(value.reshape([-1])).item();
    const size = norm(y);
    return norm(x.sub(y)) / (size === 0 ? 1 : size);
  });
}

function expectNear(a, b, bound, what = "the difference") {
  const found = difference(a, b);
  if (!(found <= bound)) throw new Error(`${what} is ${found}, more than ${bound}`);
  return found;
}

function expectSame(a, b, what) {
  const [x, y] = [a, b].map((tensor) => Buffer.from(back(tensor.detach()).contiguous().bytes()));
  if (x.equals(y)) return;
  let different = 0;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) different++;
  throw new Error(`${different} of ${y.length} bytes of ${what} differ`);
}

const ids = (values) => t.tensor(BigInt64Array.from(values, BigInt));

/** Functions of tensors, the inputs they get, and how near both devices must come. */
const operators = {
  matmul: [(a, b) => a.matmul(b), () => [random([300, 500]), random([500, 200])], 1e-5],
  matmulBfloat16: [
    (a, b) => a.matmul(b),
    () => [random([300, 500], "bfloat16"), random([500, 200], "bfloat16")],
    1e-2,
  ],
  matmulFloat16: [
    (a, b) => a.matmul(b),
    () => [random([300, 500], "float16"), random([500, 200], "float16")],
    2e-3,
  ],
  linear: [
    (x, w, b) => t.linear(x, w, b),
    () => [random([65, 128]), random([77, 128]), random([77])],
    1e-5,
  ],
  bmm: [(a, b) => a.bmm(b), () => [random([3, 40, 50]), random([3, 50, 60])], 1e-5],
  softmax: [(x) => x.softmax(-1), () => [random([64, 1000])], 1e-5],
  logSoftmax: [(x) => x.logSoftmax(-1), () => [random([64, 1000])], 1e-5],
  elementwise: [
    (x) => x.sigmoid().mul(x).exp().add(1).rsqrt().clamp(0, 0.9),
    () => [random([1000])],
    1e-5,
  ],
  norms: [
    (x) => t.linalgVectorNorm(x, 2, -1, true, { dtype: "float32" }),
    () => [random([64, 999], "bfloat16")],
    1e-5,
  ],
  reductions: [
    (x) => t.cat([x.sum([0]), x.mean([0]), x.amax([0]), x.cumsum(1).sum([0])], 0),
    () => [random([128, 64])],
    1e-5,
  ],
  indexing: [
    (x, i) => t.cat([x.indexSelect(0, i), t.embedding(x, i), x.gather(0, i.unsqueeze(1))], 1),
    () => [random([50, 8]), ids([3, 1, 3, 49, 0])],
    0,
  ],
  scattering: [
    (x, i, added) => x.indexAdd_(0, i, added).scatterAdd_(0, i.unsqueeze(1), added),
    () => [random([50, 8]), ids([3, 1, 7, 49, 0]), random([5, 8])],
    1e-6,
  ],
  sorting: [(x) => x.sort(-1)[0], () => [random([64, 333])], 0],
  buckets: [
    (x, edges) => t.bucketize(x, edges).to({ dtype: "float32" }),
    () => [random([1000]), t.tensor([-1, -0.5, 0, 0.5, 1])],
    0,
  ],
  casts: [
    (x) => x.to({ dtype: "bfloat16" }).to({ dtype: "float16" }).to({ dtype: "float32" }),
    () => [random([1000])],
    0,
  ],
};

const quantizedParts = ["packed", "absmax", "nestedAbsmax", "nestedCode", "offset"];
const nf4There = (quantized) => ({
  ...quantized,
  ...Object.fromEntries(quantizedParts.map((part) => [part, there(quantized[part])])),
});

const checks = {
  device() {
    const block = t.zeros([1 << 24], { device });
    const { deviceBytes, peakDeviceBytes } = t.memoryStatistics();
    if (onCuda && deviceBytes < block.nbytes) throw new Error(`${deviceBytes} bytes are counted`);
    block.dispose();
    t.resetPeakMemory();
    t.emptyCache();
    const after = t.memoryStatistics();
    if (onCuda && after.peakDeviceBytes >= peakDeviceBytes) throw new Error("the peak stays");
    return { properties: t.deviceProperties(device), current: t.defaultDevice() };
  },

  ...Object.fromEntries(
    Object.entries(operators).map(([name, [compute, inputs, bound]]) => [
      `operators.${name}`,
      () => {
        const given = inputs();
        const expected = compute(...given.map((x) => x.clone()));
        return { difference: expectNear(compute(...given.map(there)), expected, bound) };
      },
    ]),
  ),

  ...attentionChecks({ t, nn, device, random, there, expectNear }),

  gradients() {
    const [a, b] = [random([40, 30]), random([30, 20])];
    const gradientsOn = (place) => {
      const [x, w] = [a, b].map((value) => value.to({ device: place, copy: true }).requiresGrad_());
      const [doubled] = t.customGradient(
        [x],
        () => ({ outputs: [x.mul(2)], saved: undefined }),
        ([gradient]) => [gradient.mul(2)],
      );
      return t.grad([doubled.matmul(w).softmax(-1).pow(2).sum(null)], [x, w]);
    };
    const [mine, expected] = [gradientsOn(device), gradientsOn("cpu")];
    return { difference: Math.max(...mine.map((x, i) => expectNear(x, expected[i], 1e-5))) };
  },

  nf4Bytes() {
    const values = random([96, 512], "bfloat16");
    const [mine, expected] = [lora.quantizeNf4(there(values)), lora.quantizeNf4(values)];
    for (const part of quantizedParts) {
      // The mean of the maxima is summed in another order, so that its last bit may differ.
      if (part === "offset") expectNear(mine[part], expected[part], 1e-6, part);
      else if (part === "nestedAbsmax") expectNear(mine[part], expected[part], 1e-5, part);
      else expectSame(mine[part], expected[part], part);
    }
  },

  nf4Values() {
    const figures = {};
    for (const shape of [
      [96, 512],
      [7, 130],
    ]) {
      const quantized = lora.quantizeNf4(random(shape));
      for (const dtype of ["float32", "bfloat16", "float16"]) {
        const [mine, expected] = [nf4There(quantized), quantized].map((x) =>
          lora.dequantizeNf4Tensor(x, dtype),
        );
        figures[`${shape} ${dtype}`] = expectNear(
          mine,
          expected,
          dtype === "float32" ? 1e-6 : 2e-3,
        );
      }
    }
    return figures;
  },

  nf4Product() {
    if (!onCuda) return { skipped: NEEDS_CUDA };
    const figures = {};
    const quantized = nf4There(lora.quantizeNf4(random([200, 512])));
    for (const [dtype, bound] of [
      ["float32", 1e-4],
      ["bfloat16", 1e-2],
      ["float16", 2e-3],
    ]) {
      for (const rows of [1, 3, 64]) {
        const x = there(random([rows, 512], dtype));
        const bias = there(random([200], dtype));
        const out = t.empty([rows, 200], { dtype, device });
        t.linearNf4Into(x, quantized, out, bias, 64);
        const whole = lora.dequantizeNf4Tensor(quantized, dtype);
        figures[`${rows} ${dtype}`] = expectNear(out, t.linear(x, whole, bias), bound);
      }
    }
    return figures;
  },

  eightBitBytes() {
    const code = t.tensor(lora.dynamicMap(true));
    const values = random([256 * 37 + 11]);
    const on = (place) => {
      const absmax = t.empty([38], { dtype: "float32", device: place });
      const codes = t.empty([values.numel], { dtype: "uint8", device: place });
      const out = t.empty([values.numel], { dtype: "float32", device: place });
      const table = code.to({ device: place });
      t.quantizeBlockwise(table, values.to({ device: place }), absmax, codes, 256);
      t.dequantizeBlockwise(table, codes, absmax, out, 256);
      return { absmax, codes, out };
    };
    const [mine, expected] = [on(device), on("cpu")];
    expectSame(mine.absmax, expected.absmax, "the maxima");
    // A value in the middle of two codes may take either.
    return { difference: expectNear(mine.out, expected.out, 1e-4) };
  },

  pagedMemory() {
    if (!onCuda) return { skipped: NEEDS_CUDA };
    const paged = t.pagedBytes(1 << 22, device);
    paged.fill_(3);
    t.prefetchPaged(paged);
    const sum = paged.sum(null).item();
    if (sum !== 3 * 2 ** 22) throw new Error(`the sum is ${sum}`);
    const moments = paged.viewDtype("float32").zero_().add_(1.5);
    if (moments.sum(null).item() !== 1.5 * 2 ** 20)
      throw new Error("written numbers are not there");
  },

  dropout() {
    const x = t.ones([1000, 1000], { device });
    const masks = [11, 11, 12].map((key) => nn.keyedDropout(x, 0.1, key));
    expectSame(masks[0], masks[1], "masks of the same key");
    const rate = masks[0].eq(0).to({ dtype: "float32" }).mean(null).item();
    // Five standard deviations of the mean of a million.
    if (Math.abs(rate - 0.1) > 5 * Math.sqrt(0.09 / 1e6)) throw new Error(`the rate is ${rate}`);
    const same = masks[0].eq(masks[2]).to({ dtype: "float32" }).mean(null).item();
    if (same > 0.9) throw new Error(`${same} of two masks are the same`);
    const halves = ["float32", "bfloat16"].map((dtype) =>
      nn.keyedDropout(x.to({ dtype }), 0.1, 11).ne(0).to({ dtype: "uint8" }),
    );
    if (onCuda) expectSame(halves[0], halves[1], "masks in float32 and bfloat16");
    return { rate };
  },

  optimizer() {
    const [start, gradient] = [random([100, 30]), random([100, 30])];
    const on = (place) => {
      const [weight, sum] = [start, gradient].map((x) => x.to({ device: place, copy: true }));
      const moments = [t.zerosLike(weight), t.zerosLike(weight)];
      for (let step = 1; step <= 3; step++) {
        const number = t.full([], step, { dtype: "float32", device: place });
        t._fusedAdamw_([weight], [sum], [moments[0]], [moments[1]], [], [number], {
          lr: 1e-2,
          beta1: 0.9,
          beta2: 0.999,
          weightDecay: 0.01,
          eps: 1e-8,
          amsgrad: false,
          maximize: false,
        });
      }
      return weight;
    };
    return { difference: expectNear(on(device), on("cpu"), 1e-6) };
  },

  streams() {
    const x = there(random([512, 512]));
    const expected = x.matmul(x).sum([0]);
    const stream = t.newStream(device);
    // Each turn reads on one stream what the other has just been asked for.
    let sums;
    for (let turn = 0; turn < 20; turn++) {
      const product = t.onStream(stream, () => x.matmul(x));
      sums = product.sum([0]);
    }
    expectNear(sums, expected, 1e-6);
    const code = there(t.tensor(lora.dynamicMap(true)));
    const quantized = () => {
      const absmax = t.empty([1024], { dtype: "float32", device });
      const codes = t.empty([x.numel], { dtype: "uint8", device });
      // bitsandbytes quantizes on the default stream.
      t.quantizeBlockwise(code, x.matmul(x).reshape([-1]), absmax, codes, 256);
      return codes;
    };
    expectSame(t.onStream(stream, quantized), quantized(), "codes made on two streams");
    return { stream: stream.id };
  },

  copies() {
    const data = Float32Array.from({ length: 1 << 20 }, (_, i) => i % 1000);
    const before = t.cudaCounters();
    const x = t.upload(data, device);
    const copy = t.copyToHost(x.mul(2));
    const after = t.cudaCounters();
    const host = copy.take();
    expectSame(host, t.tensor(data).mul(2), "what came back");
    if (!copy.ready()) throw new Error("a copy that was taken is not ready");
    copy.dispose();
    if (!onCuda || !before) return { waits: null };
    const waits = ["cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaMemcpy"]
      .map((name) => after[name] - before[name])
      .reduce((sum, calls) => sum + calls, 0);
    if (waits > 0) throw new Error(`the host waited ${waits} times`);
    return { waits };
  },

  randomNumbers() {
    const draw = () => {
      t.manualSeed(5);
      return t.rand([1000], { device });
    };
    expectSame(draw(), draw(), "numbers of the same seed");
    const generator = new t.Generator(3, device);
    const state = generator.state();
    const first = t.empty([100], { device }).normal_(0, 1, { generator });
    generator.setState(state);
    expectSame(t.empty([100], { device }).normal_(0, 1, { generator }), first, "a stream set back");
    generator.dispose();
  },
};

const result = { device, passed: 0, failed: 0, skipped: 0, checks: {} };
for (const [name, check] of Object.entries(checks)) {
  const started = performance.now();
  const entry = { ok: false };
  try {
    Object.assign(
      entry,
      t.tidy(() => t.noGrad(() => (name === "gradients" ? t.enableGrad(check) : check()))),
    );
    t.synchronize();
    entry.ok = entry.skipped === undefined;
  } catch (error) {
    entry.error = `${error.message}${error.why ? `: ${error.why}` : ""}`.slice(0, 1000);
  }
  entry.seconds = (performance.now() - started) / 1000;
  result[entry.ok ? "passed" : entry.error === undefined ? "skipped" : "failed"]++;
  result.checks[name] = entry;
}
process.stdout.write(`${JSON.stringify(result)}\n`);
